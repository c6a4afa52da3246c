//! A rule as compiled: ready to judge, with no names left to look up.

use std::sync::Arc;

use regex::bytes::Regex;

use super::{
    context::Context,
    expression::Leader,
    pack::RawTest,
    survey::{Girth, Watch},
    validators::{Tier, Validator},
    words::WordSet,
};
use crate::model::Level;

/// One rule.
pub(super) struct Rule {
    pub(super) id: Arc<str>,
    pub(super) title: String,
    /// What sort of data it is about: `identifier`, `health`.
    pub(super) category: Option<String>,
    pub(super) pack: Arc<str>,
    pub(super) method: Method,
    pub(super) contexts: Vec<Context>,
    /// Layouts that are something else, such as an account number's.
    pub(super) exclude: Vec<Regex>,
    pub(super) levels: Vec<LevelRule>,
    pub(super) tests: Vec<RawTest>,
    /// The line of its name, for errors.
    pub(super) line: usize,
}

impl Rule {
    /// The level of one finding by itself.
    pub(super) fn level(&self, score: i32) -> Option<Level> {
        let alone = self.levels.iter().filter(|rule| rule.min_distinct.is_none());
        alone.filter(|rule| score >= rule.min_score).map(|rule| rule.level).max()
    }

    /// The level of one finding among those of `distinct` persons.
    pub(super) fn level_among(&self, score: i32, distinct: usize) -> Option<Level> {
        let met = |rule: &&LevelRule| {
            score >= rule.min_score && rule.min_distinct.is_none_or(|min| distinct >= min)
        };
        self.levels.iter().filter(met).map(|rule| rule.level).max()
    }

    /// What its expressions watch digits for, if they do.
    pub(super) fn watch(&self) -> Option<Watch> {
        let Method::Patterns(Patterns { patterns, sight: Sight::Digits(girth), .. }) = &self.method
        else {
            return None;
        };
        let leaders: Option<Vec<_>> = patterns.iter().map(|one| one.leader.clone()).collect();
        let leaders = leaders.unwrap_or_default();
        let led = leaders.iter().map(Leader::girth).reduce(Girth::or);
        Some(Watch { girth: led.unwrap_or(*girth), leaders })
    }

    /// The kinds it can report.
    pub(super) fn kinds(&self) -> Vec<&str> {
        match &self.method {
            Method::Digits(digits) => digits.kinds.clone(),
            Method::Patterns(Patterns { kind, .. }) | Method::Terms { kind, .. } => vec![kind],
        }
    }
}

/// How a rule finds its candidates.
pub(super) enum Method {
    /// By the digit scanner and a checksum.
    Digits(Digits),
    /// By regular expressions, and a checksum if there is one.
    Patterns(Patterns),
    /// By words and expressions that add up where they stand close together.
    Terms { terms: Vec<Term>, kind: Arc<str> },
}

/// Regular expressions, each with its score.
pub(super) struct Patterns {
    pub(super) patterns: Vec<Pattern>,
    pub(super) sight: Sight,
    pub(super) validator: Option<&'static Validator>,
    pub(super) kind: Arc<str>,
}

/// One expression.
pub(super) struct Pattern {
    pub(super) regex: Regex,
    /// A faster way to the same matches.
    pub(super) leader: Option<Leader>,
    pub(super) score: i32,
}

/// Where expressions are tried.
pub(super) enum Sight {
    /// Where digits of a certain sort stand.
    Digits(Girth),
    /// Everywhere.
    Everywhere,
    /// Near one of these words, and under headings with one.
    Words(WordSet),
}

/// Numbers with a checksum.
pub(super) struct Digits {
    pub(super) validator: &'static Validator,
    pub(super) kinds: Vec<&'static str>,
    pub(super) base: Base,
    /// What the usual grouping adds.
    pub(super) grouped: i32,
}

/// The score of each tier; none where it is not reported.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Base {
    pub(super) a: Option<i32>,
    pub(super) b: Option<i32>,
    pub(super) c: Option<i32>,
}

impl Base {
    pub(super) fn of(self, tier: Tier) -> Option<i32> {
        match tier {
            Tier::A => self.a,
            Tier::B => self.b,
            Tier::C => self.c,
        }
    }
}

/// Words or an expression that add to the score of a passage.
pub(super) struct Term {
    pub(super) words: WordSet,
    pub(super) regex: Option<Regex>,
    /// For whole words with a digit after a letter.
    pub(super) code: Option<Regex>,
    pub(super) score: i32,
    pub(super) max: i32,
}

/// What a score, and a number of persons, make.
pub(super) struct LevelRule {
    pub(super) level: Level,
    pub(super) min_score: i32,
    pub(super) min_distinct: Option<usize>,
}

/// A rule over findings: all of several near each other.
pub(super) struct Combine {
    pub(super) id: Arc<str>,
    pub(super) title: String,
    pub(super) pack: Arc<str>,
    pub(super) all: Vec<Vec<Wanted>>,
    pub(super) within: u32,
    pub(super) level: Level,
    pub(super) tests: Vec<RawTest>,
    /// The line of its name, for errors.
    pub(super) line: usize,
}

/// Something that a combination wants.
pub(super) enum Wanted {
    /// A finding of this rule and level or above.
    Finding { rule: String, level: Level },
    /// A gap of this kind anywhere in the message.
    Gap(String),
}
