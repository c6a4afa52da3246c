//! The command line: arguments, and what each command prints.
//!
//! Names, JSON and exit codes are a contract (DESIGN section 4). A command
//! gets the parts that it needs already open; opening them is up to `app`.

pub mod account;
pub mod args;
pub mod audit;
mod examples;
pub mod explain;
pub mod formats;
mod input;
pub mod keys;
pub mod man;
pub mod outbox;
pub mod output;
pub mod quarantine;
pub mod report;
pub mod rules;
pub mod scan;
pub mod stats;
pub mod subject;

use std::process::ExitCode;

pub use self::input::InputError;
use crate::{
    gate::{FreeTextError, Gate},
    model::Reviewer,
    notify,
};

/// How a command ended.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Exit {
    /// Done, clean, or yes.
    Ok = 0,
    /// Something was found, or the answer is no.
    Negative = 1,
    /// The command was called wrongly.
    Usage = 2,
    /// The settings are wrong.
    Config = 3,
    /// It may work later.
    Temporary = 4,
    /// It is not allowed.
    Denied = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The person who acts, for the audit log. A reason must hold nothing that our
/// rules find sensitive: the log is kept for years.
fn reviewer(gate: &Gate, person: &args::Person, purpose: &str) -> anyhow::Result<Reviewer> {
    let name = person_name(person.by.as_deref());
    Ok(gate.reviewer(&name, person.reason.as_deref().unwrap_or(purpose))?)
}

/// The same for commands that load no rules: the reason must hold no number
/// that is longer than a date.
fn reader_of_log(person: &args::Person, purpose: &str) -> anyhow::Result<Reviewer> {
    let name = person_name(person.by.as_deref());
    let purpose = person.reason.as_deref().unwrap_or(purpose);
    if notify::hides_in(purpose) {
        return Err(FreeTextError::Sensitive.into());
    }
    Ok(Reviewer::new(&name, purpose)?)
}

/// The name given, or the login name.
fn person_name(given: Option<&str>) -> String {
    let login = || ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|key| std::env::var(key).ok());
    let login = || login().filter(|name| !name.trim().is_empty());
    given.map(str::to_owned).or_else(login).unwrap_or_else(|| "command line".to_owned())
}
