//! Why a rule pack cannot be used.

use thiserror::Error;

use crate::base::toml_text::TomlError;

/// A pack cannot be used.
#[derive(Debug, Error)]
pub enum RuleError {
    /// It is not TOML of the right form, or has a key that is not known.
    #[error(transparent)]
    Form(#[from] TomlError),
    /// One of its rules is wrong.
    #[error("{file}:{line}: rule {rule}: {fault}; hint: {}", fault.hint())]
    Rule {
        /// The file.
        file: String,
        /// The line of the rule's name, from one.
        line: usize,
        /// The rule.
        rule: String,
        /// What is wrong with it.
        fault: RuleFault,
    },
    /// A word that is looked for everywhere starts with a letter.
    #[error(
        "word {0:?} must start with a letter from a to z, and no star, to be a term or keyword"
    )]
    Unfit(String),
    /// The words of all packs together make no automaton.
    #[error("word lists of all packs: {0}")]
    Words(#[from] aho_corasick::BuildError),
}

/// What is wrong with a rule.
#[derive(Debug, Error)]
pub enum RuleFault {
    /// A regular expression does not compile, or is too large.
    #[error("bad pattern {pattern}: {reason}")]
    BadPattern {
        /// The expression.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Another rule has this name.
    #[error("defined twice")]
    Duplicate,
    /// One of the tests inside the pack fails.
    #[error("test {number} fails: wanted {wanted}, found {found}")]
    FailedTest {
        /// Which test of the rule, from one.
        number: usize,
        /// What the test wants.
        wanted: String,
        /// What was found, masked.
        found: String,
    },
    /// It has nothing to find anything with.
    #[error("needs an engine, patterns or terms")]
    NoMethod,
    /// It has none, or more than one, of what it needs.
    #[error("needs {0}")]
    Needs(&'static str),
    /// It has no test in which it finds something.
    #[error("needs a test that hits")]
    NoHit,
    /// It has no test in which it finds nothing.
    #[error("needs a test that misses")]
    NoMiss,
    /// A name that means nothing here.
    #[error("unknown {what} {name}")]
    Unknown {
        /// The sort of thing.
        what: &'static str,
        /// The name.
        name: String,
    },
}

impl RuleFault {
    /// What to do about it.
    fn hint(&self) -> &'static str {
        match self {
            Self::BadPattern { .. } => "patterns take no look-around and no back-references",
            Self::Duplicate => "give one of the two another id",
            Self::FailedTest { .. } => "`sluse rules test` shows every test; correct rule or test",
            Self::Needs(_) | Self::NoMethod => "rules/no/identifiers.toml shows complete rules",
            Self::NoHit | Self::NoMiss => "every rule needs a [[rule.test]] of both sorts",
            Self::Unknown { .. } => "rules/no/identifiers.toml shows the names in use",
        }
    }
}
