//! `[extract]`: whether pictures are read, with what, and what it may cost.

use std::{fmt, path::PathBuf, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::base::limits::Pictures;

/// `[extract]`
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What reads pictures.
    pub ocr: Engine,
    /// The languages that it expects.
    pub ocr_languages: Languages,
    /// Seconds for all pictures of one message.
    pub ocr_message_seconds: u32,
    /// Pictures of one message; the rest are gaps.
    pub ocr_pictures: u32,
    /// Pixels of the largest picture; a larger one is a gap.
    pub ocr_pixels: u64,
    /// The program.
    pub ocr_program: PathBuf,
    /// Seconds for one picture.
    pub ocr_seconds: u32,
}

impl Settings {
    /// Settings that read pictures and are the usual ones otherwise.
    pub fn switched_on() -> Self {
        Self { ocr: Engine::Tesseract, ..Self::default() }
    }

    /// How many pictures a child may hand on.
    pub(in crate::worker) fn pictures(&self) -> Pictures {
        match self.ocr {
            Engine::Off => Pictures::default(),
            Engine::Tesseract => {
                Pictures { count: self.ocr_pictures, pixels: self.ocr_pixels, bytes: BYTES }
            }
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ocr: Engine::Off,
            ocr_languages: Languages("nor+eng".to_owned()),
            ocr_message_seconds: 20,
            ocr_pictures: 20,
            ocr_pixels: 25_000_000,
            ocr_program: PathBuf::from("/usr/bin/tesseract"),
            ocr_seconds: 10,
        }
    }
}

/// What reads pictures.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Nothing: they are gaps.
    #[default]
    Off,
    /// Tesseract.
    Tesseract,
}

/// Names of languages as tesseract has them, joined by `+`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String")]
pub struct Languages(String);

impl Languages {
    /// The names one by one.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split('+')
    }
}

impl FromStr for Languages {
    type Err = LanguagesError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_name = |name: &str| {
            let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            letters && (3..=24).contains(&name.len())
        };
        let known = text.split('+').count() <= MOST_LANGUAGES && text.split('+').all(is_name);
        if known { Ok(Self(text.to_owned())) } else { Err(LanguagesError(text.to_owned())) }
    }
}

impl TryFrom<String> for Languages {
    type Error = LanguagesError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for Languages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text names no languages.
#[derive(Debug, Error)]
#[error("{0:?} names no languages: write them as in \"nor+eng\"")]
pub struct LanguagesError(String);

const MOST_LANGUAGES: usize = 8;
/// Bytes of all pictures of one message.
const BYTES: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_languages_and_nothing_else() {
        let names: Languages = "nor+eng".parse().unwrap();
        assert_eq!(names.names().collect::<Vec<_>>(), ["nor", "eng"]);
        for text in ["", "nor+", "--psm", "../nor", "nor eng", "no"] {
            assert!(text.parse::<Languages>().is_err(), "{text}");
        }
    }

    #[test]
    fn off_hands_on_nothing() {
        assert_eq!(Settings::default().pictures(), Pictures::default());
        assert_eq!(Settings::switched_on().pictures().count, 20);
    }
}
