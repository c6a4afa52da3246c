//! A policy as it is shown to people: which text it is, and what each of its
//! routes asks for.

use std::sync::Arc;

use serde::Serialize;

use super::{Policy, route::Route};
use crate::model::{Direction, Level, MethodId};

/// One route, as plain values.
#[derive(Clone, Debug, Serialize)]
pub struct RouteTold {
    /// Its name.
    pub name: Arc<str>,
    /// The directions that it is about; all when empty.
    pub direction: Vec<Direction>,
    /// A finding of at least this level is wanted.
    pub level: Option<Level>,
    /// A finding by one of these rules is wanted.
    pub rules: Vec<String>,
    /// A gap of one of these kinds is wanted.
    pub gaps: Vec<String>,
    /// At least so many persons are wanted.
    pub persons: Option<usize>,
    /// Recipients that it is about; all when empty.
    pub recipients: Vec<String>,
    /// Senders that it is about; all when empty.
    pub senders: Vec<String>,
    /// What is to happen.
    pub verdict: &'static str,
    /// The methods that protect, in the order in which they are tried.
    pub methods: Vec<MethodId>,
    /// What is to happen when no method can; none for other verdicts.
    pub otherwise: Option<&'static str>,
    /// For how many days it keeps what it holds, where it says so.
    pub keep_days: Option<u32>,
    /// For how many days it keeps what was released, where it says so.
    pub keep_released_days: Option<u32>,
}

impl Policy {
    /// The routes, in their order.
    pub fn told(&self) -> Vec<RouteTold> {
        self.routes.iter().map(Route::told).collect()
    }
}
