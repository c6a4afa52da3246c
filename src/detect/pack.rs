//! The TOML of a rule pack, as written. Unknown keys are refused; what the
//! names in it mean is `compile`'s business.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::model::Level;

/// One pack.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPack {
    /// The version of the format; 1.
    pub(super) schema: u32,
    pub(super) pack: RawHead,
    /// Word lists by name.
    #[serde(default)]
    pub(super) words: BTreeMap<String, Vec<String>>,
    #[serde(default, rename = "rule")]
    pub(super) rules: Vec<RawRule>,
    #[serde(default, rename = "combine")]
    pub(super) combines: Vec<RawCombine>,
}

/// `[pack]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHead {
    pub(super) id: String,
    pub(super) version: String,
    #[expect(dead_code, reason = "for the reader of the pack")]
    pub(super) title: String,
    #[serde(default)]
    #[expect(dead_code, reason = "for the reader of the pack")]
    pub(super) languages: Vec<String>,
}

/// `[[rule]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub(super) id: Spanned<String>,
    pub(super) title: String,
    #[expect(dead_code, reason = "for the reader of the pack")]
    pub(super) severity: Option<RawLevel>,
    pub(super) category: Option<String>,
    /// A candidate finder that is built in.
    pub(super) engine: Option<String>,
    /// Which of the kinds that the engine tells.
    #[serde(default)]
    pub(super) kinds: Vec<String>,
    /// Tier to score.
    #[serde(default)]
    pub(super) base: BTreeMap<RawTier, i32>,
    /// Added when the digits are grouped as people group such numbers.
    #[serde(default)]
    pub(super) grouped: i32,
    /// Layouts that are something else.
    #[serde(default)]
    pub(super) exclude: Vec<String>,
    #[serde(default)]
    pub(super) patterns: Vec<RawPattern>,
    pub(super) validator: Option<String>,
    /// Word lists: expressions are tried only near one of their words.
    #[serde(default)]
    pub(super) keywords: Vec<String>,
    #[serde(default, rename = "context")]
    pub(super) contexts: Vec<RawContext>,
    #[serde(default, rename = "term")]
    pub(super) terms: Vec<RawTerm>,
    #[serde(default, rename = "level")]
    pub(super) levels: Vec<RawLevelRule>,
    #[serde(default, rename = "test")]
    pub(super) tests: Vec<RawTest>,
}

/// A tier as a key.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum RawTier {
    A,
    B,
    C,
}

/// One of `patterns`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPattern {
    pub(super) regex: String,
    pub(super) score: i32,
}

/// `[[rule.context]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawContext {
    pub(super) words: Vec<String>,
    #[serde(default)]
    pub(super) before: u32,
    #[serde(default)]
    pub(super) after: u32,
    #[serde(default)]
    pub(super) nearest: bool,
    pub(super) add: i32,
}

/// `[[rule.term]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTerm {
    #[serde(default)]
    pub(super) words: Vec<String>,
    pub(super) regex: Option<String>,
    /// An expression for whole words with a digit after a letter: `F33.1`.
    pub(super) code: Option<String>,
    pub(super) score: i32,
    /// The most that repeated hits can come to.
    pub(super) max: Option<i32>,
}

/// `[[rule.level]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLevelRule {
    pub(super) level: RawLevel,
    pub(super) min_score: i32,
    /// Distinct persons in the whole message.
    pub(super) min_distinct: Option<usize>,
}

/// A level, or `bulk`, which is the level high for many persons.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawLevel {
    Bulk,
    Critical,
    High,
    Info,
    Low,
    Medium,
    None,
}

impl RawLevel {
    /// The level it means, if any.
    pub(super) fn level(self) -> Option<Level> {
        match self {
            Self::Critical => Some(Level::Critical),
            Self::Bulk | Self::High => Some(Level::High),
            Self::Medium => Some(Level::Medium),
            Self::Low => Some(Level::Low),
            Self::Info => Some(Level::Info),
            Self::None => None,
        }
    }
}

/// `[[rule.test]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTest {
    pub(super) text: String,
    /// Column heading over the text.
    pub(super) heading: Option<String>,
    /// The kind of a gap in the message.
    pub(super) gap: Option<String>,
    /// The values that must be found, without separators, and no others.
    #[serde(rename = "match")]
    pub(super) matches: Option<Vec<String>>,
    /// The highest level that must be reached.
    pub(super) level: Option<RawLevel>,
}

/// `[[combine]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCombine {
    pub(super) id: Spanned<String>,
    pub(super) title: String,
    /// Each `rule|rule:level|gap:kind`; all must be found, the first near the
    /// others. A gap may be anywhere in the message.
    pub(super) all: Vec<String>,
    /// How near to each other, in characters of one place.
    pub(super) within: u32,
    pub(super) level: RawLevel,
    #[serde(default, rename = "test")]
    pub(super) tests: Vec<RawTest>,
}

/// The line of a byte offset, from one.
pub(super) fn line(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
