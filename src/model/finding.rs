//! Hop 3: sensitive data that was found, without the data.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Masked, PartPath, Surface};

/// Something a rule found. Never holds the value itself.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Finding {
    /// The rule, such as `no.fnr`.
    pub rule: Arc<str>,
    /// The sort of value, such as `fnr+80`, `dnr` or `fh`.
    pub kind: Arc<str>,
    /// How much it matters.
    pub level: Level,
    /// What sort of place it stands in.
    pub surface: Surface,
    /// Which place it stands in.
    pub path: PartPath,
    /// Where in the text of that place.
    pub span: Span,
    /// The value with most of it hidden.
    pub masked: Masked,
    /// Whom it names, as a keyed hash.
    pub person: Option<Person>,
    /// The score the rule reached.
    pub score: i32,
    /// The words of the rule that counted, for and against.
    pub words: Vec<Arc<str>>,
}

/// How much a finding matters, rising.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth telling, never worth acting on.
    Info,
    /// Weak evidence.
    Low,
    /// Good evidence; the lowest level that makes a message sensitive.
    Medium,
    /// Sure enough to act without asking.
    High,
    /// Many persons at once, or health data of a named person.
    Critical,
}

impl Level {
    /// The word used in rules, policy files and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Level {
    type Err = ParseLevelError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical]
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or(ParseLevelError)
    }
}

/// The text is not a level.
#[derive(Debug, Error, Eq, PartialEq)]
#[error("a level is info, low, medium, high or critical")]
pub struct ParseLevelError;

/// A place in a text, in code points, end exclusive.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Span {
    /// The first code point.
    pub start: u32,
    /// One past the last.
    pub end: u32,
}

/// A keyed hash of a person's number, for counting distinct persons. Cannot be
/// turned back without the key.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Person(pub u64);
