//! The formats that this program knows, for people: how each is told, what of
//! it is read, and what stays a gap. `sluse formats` prints the table.
//!
//! First bytes come from the table that telling formats goes by; the rest is
//! prose, held against the fixtures in `tests/fixtures/formats`.

mod table;
#[cfg(test)]
mod tests;

use serde::Serialize;

use self::table::KNOWN;
use super::sniff::{self, Format};
use crate::model::Surface;

/// A row of the table.
#[derive(Clone, Debug, Serialize)]
pub struct FormatRow {
    /// A short name; fixtures are called so.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// How it is told.
    pub told_by: String,
    /// What is read.
    pub read: &'static str,
    /// Where findings in it may stand.
    pub surfaces: &'static [Surface],
    /// What stays a gap.
    pub gaps: &'static str,
    /// Names of proven encryption.
    pub proofs: &'static [&'static str],
    /// Names of encryption that does not protect, or cannot be proven to.
    pub weak: &'static [&'static str],
}

/// The whole table.
pub fn formats() -> Vec<FormatRow> {
    KNOWN.iter().map(Known::row).collect()
}

/// A row as it is written here.
struct Known {
    id: &'static str,
    name: &'static str,
    format: Format,
    /// What tells it besides the first bytes.
    sign: &'static str,
    read: &'static str,
    surfaces: &'static [Surface],
    gaps: &'static str,
    proofs: &'static [&'static str],
    weak: &'static [&'static str],
}

impl Known {
    fn row(&self) -> FormatRow {
        // What opens nothing in particular is told by exclusion.
        let marks: Vec<String> = match self.format {
            Format::Unknown => Vec::new(),
            format => {
                sniff::marks(format).map(|mark| format!("`{}`", mark.escape_ascii())).collect()
            }
        };
        let signs = [marks.join(" "), self.sign.to_owned()];
        let signs: Vec<String> = signs.into_iter().filter(|sign| !sign.is_empty()).collect();
        FormatRow {
            id: self.id,
            name: self.name,
            told_by: signs.join("; "),
            read: self.read,
            surfaces: self.surfaces,
            gaps: self.gaps,
            proofs: self.proofs,
            weak: self.weak,
        }
    }
}
