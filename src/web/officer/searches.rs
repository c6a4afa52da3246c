//! Searches for persons, while somebody works with what was found.
//!
//! A search may take longer than a request, so it runs by itself and its page
//! looks again. What was found is kept in memory alone, for the person who
//! searched, and for a quarter of an hour; whom it was about is not kept at
//! all, so no page and no address can tell a number.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    gate::{Ended, Traces},
    model::Reviewer,
    store::AccountId,
};

/// The searches of everybody.
#[derive(Clone, Default)]
pub(in crate::web) struct Searches(Arc<Mutex<HashMap<String, Search>>>);

/// One search.
#[derive(Clone)]
pub(super) struct Search {
    pub(super) owner: AccountId,
    pub(super) by: Reviewer,
    pub(super) kind: SubjectKind,
    pub(super) state: SearchState,
    begun: Instant,
}

/// By what somebody is looked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SubjectKind {
    Address,
    Name,
    Number,
}

/// How far a search is.
#[derive(Clone)]
pub(super) enum SearchState {
    /// What was found is erased, message by message. Who had got it stands
    /// here alone, to be told.
    Erased(Arc<Vec<Ended>>),
    Failed,
    Found(Arc<Traces>),
    Running,
}

impl Searches {
    /// Takes up a search, under a name that nobody can guess. None when there
    /// is no randomness.
    pub(super) fn begin(
        &self,
        owner: AccountId,
        by: Reviewer,
        kind: SubjectKind,
    ) -> Option<String> {
        let mut drawn = [0; 16];
        getrandom::fill(&mut drawn).ok()?;
        let name = data_encoding::HEXLOWER.encode(&drawn);
        let mut searches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        searches.retain(|_, search| search.begun.elapsed() < KEPT);
        if searches.len() >= MOST
            && let Some(oldest) = oldest(&searches)
        {
            searches.remove(&oldest);
        }
        let search = Search { owner, by, kind, state: SearchState::Running, begun: Instant::now() };
        searches.insert(name.clone(), search);
        Some(name)
    }

    /// Notes how far a search is.
    pub(super) fn set(&self, name: &str, state: SearchState) {
        let mut searches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(search) = searches.get_mut(name) {
            search.state = state;
        }
    }

    /// A search of this person that is not too old.
    pub(super) fn of(&self, owner: AccountId, name: &str) -> Option<Search> {
        let searches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let search = searches.get(name)?;
        let valid = search.owner == owner && search.begun.elapsed() < KEPT;
        valid.then(|| search.clone())
    }
}

fn oldest(searches: &HashMap<String, Search>) -> Option<String> {
    let oldest = searches.iter().min_by_key(|(_, search)| search.begun);
    oldest.map(|(name, _)| name.clone())
}

const KEPT: Duration = Duration::from_secs(15 * 60);
const MOST: usize = 50;
