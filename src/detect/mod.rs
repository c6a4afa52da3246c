//! Finds identity numbers and other sensitive data in text. Pure: no I/O, no
//! clock.

use jiff::civil::Date;
use serde::Deserialize;

use crate::{
    base::secret::Secret,
    model::{Finding, Fragment},
};

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
}

/// The text of one rule pack, with the name to use in errors.
pub struct PackSource {
    /// The file name.
    pub name: String,
    /// Its TOML.
    pub text: String,
}

/// The rules of all packs, ready to search.
pub struct Rules;

impl Rules {
    /// Compiles packs and runs the tests inside them.
    pub fn load(packs: &[PackSource]) -> Result<Self, RuleError> {
        todo!("{}", packs.len())
    }

    /// The packs that ship with the program.
    pub fn builtin() -> Vec<PackSource> {
        todo!()
    }

    /// Finds everything in `fragments`.
    pub fn find(&self, fragments: &[Fragment], search: &Search<'_>) -> Vec<Finding> {
        todo!("{} {}", fragments.len(), search.today)
    }

    /// Name, version and hash of each pack, for the audit log.
    pub fn packs(&self) -> &[PackId] {
        todo!()
    }
}

/// Which rules judged.
#[derive(Clone, Debug, serde::Serialize)]
pub struct PackId {
    /// Such as `no-identifiers`.
    pub id: String,
    /// Such as `1.0.0`.
    pub version: String,
    /// First 16 hex digits of the SHA-256 of the pack's text.
    pub hash: String,
}

/// A pack cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RuleError(pub String);
