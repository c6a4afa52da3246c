//! Decides what happens to a message, from facts alone: no I/O, no clock.
//!
//! A policy is a list of routes; the first that matches a recipient decides.
//! Only a policy can make a [`Cleared`], and it does so by judging what is
//! about to leave. In doubt it holds: a message that no route matches passes
//! only when nothing was found in it and all of it could be read.

mod cleared;
mod decide;
mod file;
mod passed;
mod route;
mod tests_in_file;
mod told;

pub use self::{
    cleared::{Cleared, Grounds, MARK, Parcel, StoredParcelError, Way, WrongBytes},
    decide::Facts,
    file::{Policy, PolicyError},
    passed::Passed,
    tests_in_file::PolicyTest,
    told::RouteTold,
};

use serde::Deserialize;

/// Whether decisions are carried out.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// They are.
    #[default]
    Enforce,
    /// They are logged and audited, and every message passes untouched.
    Monitor,
}
