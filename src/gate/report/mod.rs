//! Reports for authorities: what an incident was, and how the gate is set.
//!
//! Made of the audit log and of rows without content; they show no value and
//! open nothing. Each one that is made is an audit row with its purpose. The
//! pages are whole documents, fit to be printed and kept.

mod evidence;
mod page;
mod slip;
mod texts;

pub use self::{
    evidence::{Evidence, PackEvidence},
    page::{STYLE, evidence_page, slip_page},
    slip::{Fate, Measure, Scope, Slip},
    texts::act_text,
};

use std::fmt::Display;

use serde::Serializer;

/// Serialises a time as RFC 3339 text.
fn as_text<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
