//! Finds identity numbers and other sensitive data in text. Pure: no I/O, no
//! clock.
//!
//! Rules are data: TOML packs with their own tests, which must pass before a
//! pack is used. Numbers are found by one pass over the bytes, proven by their
//! checksums and weighed by the words around them. Nothing here can fail on
//! text; only packs can be wrong. A finding never holds what was found.

mod borders;
mod candidate;
mod cluster;
mod combine;
mod compile;
mod context;
mod digits;
mod draft;
mod error;
mod expression;
mod find;
mod fold;
mod lookalike;
mod mask;
mod mould;
mod pack;
mod pattern;
mod proof;
mod rule;
mod scan;
mod sieve;
mod spot;
mod survey;
mod table;
mod topic;
pub mod validators;
mod words;

use std::{fmt, sync::Arc};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use self::{
    candidate::Shapes,
    compile::Compiled,
    context::Reach,
    rule::{Method, Sight},
    survey::Watches,
    validators::Validator,
    words::{Hearers, WordSet, Words},
};
pub use self::{
    error::{RuleError, RuleFault},
    proof::TestReport,
};
use crate::{
    base::secret::Secret,
    model::{Finding, Fragment, Gap, Level, Person},
};

/// Whom a number names, as a finding of it says under the same key. Anything
/// but digits is passed over.
pub fn person_named(number: &str, key: &Secret<[u8; 32]>) -> Person {
    let digits: Vec<u8> =
        number.chars().filter_map(|c| c.to_digit(10)).filter_map(|d| d.try_into().ok()).collect();
    draft::person(&digits, key)
}

/// `[detect]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What synthetic test numbers count as.
    pub synthetic: Synthetic,
}

/// What the synthetic number series (month + 80, month + 65) count as.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Synthetic {
    /// Not found at all.
    Ignore,
    /// Real persons.
    #[default]
    Real,
    /// Told, at level info.
    Report,
}

/// What a search needs to know besides the text.
pub struct Search<'a> {
    /// Today, for numbers of people not yet born.
    pub today: Date,
    /// What synthetic numbers count as.
    pub synthetic: Synthetic,
    /// The key under which persons are hashed.
    pub key: &'a Secret<[u8; 32]>,
    /// What could not be read of the same message.
    pub gaps: &'a [Gap],
}

/// The text of one rule pack, with the name to use in errors.
#[derive(Clone, Debug)]
pub struct PackSource {
    /// The file name.
    pub name: String,
    /// Its TOML.
    pub text: String,
}

/// The rules of all packs, ready to search.
pub struct Rules {
    packs: Vec<PackId>,
    files: Vec<String>,
    rules: Vec<rule::Rule>,
    combines: Vec<rule::Combine>,
    words: Words,
    /// The checksums that the rules use.
    validators: Vec<&'static Validator>,
    /// What the digit scanner looks for.
    shapes: Shapes,
    /// How far around numbers words count.
    reach: Reach,
    /// What expressions that need digits watch them for.
    watches: Watches,
    /// The topics that speak of each word, and in which term.
    topics: Hearers<(usize, usize)>,
    /// The rules of expressions that each word makes look.
    outlooks: Hearers<usize>,
}

impl Rules {
    /// Compiles packs and runs the tests inside them.
    ///
    /// # Errors
    ///
    /// A pack has a form that is not known, a rule in it means nothing, or one
    /// of its tests fails. The error names file, line and rule.
    pub fn load(packs: &[PackSource]) -> Result<Self, RuleError> {
        let rules = Self::compile(packs)?;
        match rules.tests().into_iter().find(|report| !report.passed) {
            Some(report) => Err(rules.failed(report)),
            None => Ok(rules),
        }
    }

    /// The packs that ship with the program.
    pub fn builtin() -> Vec<PackSource> {
        BUILTIN
            .iter()
            .map(|(name, text)| PackSource { name: (*name).into(), text: (*text).into() })
            .collect()
    }

    /// Compiles packs and tells how every test inside them went, also when
    /// some fail.
    ///
    /// # Errors
    ///
    /// As [`Rules::load`], but for failing tests.
    pub fn check(packs: &[PackSource]) -> Result<Vec<TestReport>, RuleError> {
        Self::compile(packs).map(|rules| rules.tests())
    }

    /// Finds everything in `fragments`, in their order; combinations last.
    pub fn find(&self, fragments: &[Fragment], search: &Search<'_>) -> Vec<Finding> {
        find::find(self, fragments, search)
    }

    /// Name, version and hash of each pack, for the audit log.
    pub fn packs(&self) -> &[PackId] {
        &self.packs
    }

    /// Runs the tests inside the packs again.
    pub fn tests(&self) -> Vec<TestReport> {
        proof::run(self)
    }

    /// What each rule is about, in the order of the packs.
    pub fn table(&self) -> Vec<RuleRow> {
        let rules = self.rules.iter().map(|rule| RuleRow {
            rule: rule.id.clone(),
            title: rule.title.clone(),
            category: rule.category.clone(),
            pack: rule.pack.clone(),
            kinds: rule.kinds().into_iter().map(str::to_owned).collect(),
            levels: levels(rule.levels.iter().map(|level| level.level)),
        });
        let combines = self.combines.iter().map(|combine| RuleRow {
            rule: combine.id.clone(),
            title: combine.title.clone(),
            category: None,
            pack: combine.pack.clone(),
            kinds: Vec::new(),
            levels: vec![combine.level],
        });
        rules.chain(combines).collect()
    }

    fn compile(packs: &[PackSource]) -> Result<Self, RuleError> {
        let mut compiled = Compiled::default();
        for pack in packs {
            compiled.add(pack)?;
        }
        compiled.finish()?;
        let Compiled { packs, files, rules, combines, vocabulary, .. } = compiled;
        let used = |validator: &&Validator| {
            rules.iter().any(|rule| match &rule.method {
                Method::Digits(digits) => digits.validator.name == validator.name,
                Method::Patterns(_) | Method::Terms { .. } => false,
            })
        };
        let validators: Vec<_> = validators::TABLE.iter().filter(used).collect();
        let whole = validators.iter().flat_map(|validator| validator.shapes());
        let shapes = Shapes::of(whole.chain(sieve::PARTS));
        let watches = Watches::of(rules.iter().filter_map(rule::Rule::watch).collect());
        let numbers = rules.iter().filter(|rule| matches!(rule.method, Method::Digits(_)));
        let reach = Reach::of(numbers.flat_map(|rule| &rule.contexts));
        let (topics, outlooks) = (topic::hearers(&rules), pattern::hearers(&rules));
        let words = build(vocabulary, &rules)?;
        Ok(Self {
            packs,
            files,
            rules,
            combines,
            words,
            validators,
            shapes,
            reach,
            watches,
            topics,
            outlooks,
        })
    }

    fn failed(&self, report: TestReport) -> RuleError {
        let rule = self.rules.iter().find(|rule| rule.id == report.rule).map(|rule| rule.line);
        let combine = || self.combines.iter().find(|combine| combine.id == report.rule);
        let line = rule.or_else(|| combine().map(|combine| combine.line));
        let pack = self.packs.iter().position(|pack| *pack.id == *report.pack);
        RuleError::Rule {
            file: pack.and_then(|pack| self.files.get(pack)).cloned().unwrap_or_default(),
            line: line.unwrap_or(1),
            rule: report.rule.to_string(),
            fault: RuleFault::FailedTest {
                number: report.number,
                wanted: report.wanted,
                found: report.found,
            },
        }
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rules({} rules of {:?})", self.rules.len(), self.packs)
    }
}

/// Which rules judged.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PackId {
    /// Such as `no-identifiers`.
    pub id: String,
    /// Such as `1.0.0`.
    pub version: String,
    /// First 16 hex digits of the SHA-256 of the pack's text.
    pub hash: String,
}

/// One rule, for a list of rules.
#[derive(Clone, Debug, Serialize)]
pub struct RuleRow {
    /// Such as `no.fnr`.
    pub rule: Arc<str>,
    /// What it finds, in words.
    pub title: String,
    /// What sort of data that is, such as `identifier`.
    pub category: Option<String>,
    /// The pack it is from.
    pub pack: Arc<str>,
    /// The kinds it can report.
    pub kinds: Vec<String>,
    /// The levels it can reach, rising.
    pub levels: Vec<Level>,
}

/// Builds what looks for the words of the rules.
fn build(vocabulary: words::Vocabulary, rules: &[rule::Rule]) -> Result<Words, RuleError> {
    let mut around = WordSet::default();
    let mut everywhere = WordSet::default();
    for rule in rules {
        rule.contexts.iter().for_each(|context| around.extend(&context.words));
        match &rule.method {
            Method::Digits(_) => {}
            Method::Patterns(patterns) => {
                if let Sight::Words(words) = &patterns.sight {
                    everywhere.extend(words);
                }
            }
            Method::Terms { terms, .. } => {
                terms.iter().for_each(|term| everywhere.extend(&term.words));
            }
        }
    }
    match vocabulary.unfit(&everywhere) {
        Some(word) => Err(RuleError::Unfit(word.to_owned())),
        None => Ok(vocabulary.build(&around, &everywhere)?),
    }
}

fn levels(levels: impl Iterator<Item = Level>) -> Vec<Level> {
    let mut levels: Vec<_> = levels.collect();
    levels.sort_unstable();
    levels.dedup();
    levels
}

/// Name and text of each pack that ships with the program.
const BUILTIN: [(&str, &str); 8] = [
    ("rules/no/identifiers.toml", include_str!("../../rules/no/identifiers.toml")),
    ("rules/no/persons.toml", include_str!("../../rules/no/persons.toml")),
    ("rules/no/financial.toml", include_str!("../../rules/no/financial.toml")),
    ("rules/no/health.toml", include_str!("../../rules/no/health.toml")),
    ("rules/no/special.toml", include_str!("../../rules/no/special.toml")),
    ("rules/no/social.toml", include_str!("../../rules/no/social.toml")),
    ("rules/no/password.toml", include_str!("../../rules/no/password.toml")),
    ("rules/nordic.toml", include_str!("../../rules/nordic.toml")),
];

#[cfg(test)]
mod tests;
