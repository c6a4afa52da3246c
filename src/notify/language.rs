//! The languages people are written to in, and a guess at the one they write.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A language that every text exists in.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
    /// Norwegian Bokmål.
    #[default]
    Nb,
    /// Norwegian Nynorsk.
    Nn,
}

impl Language {
    /// Every language, in the order of a menu.
    pub const ALL: [Self; 3] = [Self::Nb, Self::Nn, Self::En];

    /// The tag of BCP 47.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Nb => "nb",
            Self::Nn => "nn",
        }
    }

    /// The language in its own words.
    pub fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Nb => "Bokmål",
            Self::Nn => "Nynorsk",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Language {
    type Err = ParseLanguageError;

    /// Reads a tag, with or without a region; plain `no` is Bokmål.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let primary = text.split(['-', '_']).next().unwrap_or(text);
        match primary.to_ascii_lowercase().as_str() {
            "en" => Ok(Self::En),
            "nb" | "no" => Ok(Self::Nb),
            "nn" => Ok(Self::Nn),
            _ => Err(ParseLanguageError),
        }
    }
}

/// The text names no language that texts exist in.
#[derive(Debug, Error, Eq, PartialEq)]
#[error("a language is nb, nn or en")]
pub struct ParseLanguageError;

/// Guesses the language of `text` by its commonest words. `None` when there
/// are too few of them, or when two languages fit alike.
pub fn guess(text: &str) -> Option<Language> {
    let mut hits = [(Language::En, 0), (Language::Nb, 0), (Language::Nn, 0)];
    for word in text.split(|c: char| !c.is_alphabetic()).take(MAX_WORDS) {
        let word = word.to_lowercase();
        for (language, count) in &mut hits {
            if common_words(*language).contains(&word.as_str()) {
                *count += 1;
            }
        }
    }
    hits.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let [(first, most), (_, next), _] = hits;
    (most >= MIN_HITS && most > next).then_some(first)
}

/// The words shared by Bokmål and Nynorsk stand in both lists, so that they
/// count against English and not between the two.
fn common_words(language: Language) -> &'static [&'static str] {
    match language {
        Language::En => &[
            "about", "and", "are", "attached", "best", "have", "hello", "i", "is", "it", "kind",
            "of", "please", "regards", "thank", "thanks", "that", "the", "this", "to", "was", "we",
            "with", "you", "your",
        ],
        Language::Nb => &[
            "av", "bare", "de", "den", "dere", "det", "du", "en", "er", "et", "for", "fordi",
            "fra", "gjøre", "går", "har", "hei", "hilsen", "hun", "hva", "hvor", "hvordan", "i",
            "ikke", "jeg", "kan", "med", "mye", "noe", "noen", "og", "også", "på", "se", "skal",
            "som", "til", "uke", "vedlagt", "vennlig", "vi", "være",
        ],
        Language::Nn => &[
            "av", "berre", "dei", "den", "det", "du", "dykk", "eg", "ein", "eit", "er", "for",
            "fordi", "frå", "gjere", "går", "har", "hei", "helsing", "ho", "i", "ikkje", "kan",
            "korleis", "kor", "kva", "med", "mykje", "nokon", "noko", "og", "også", "på", "sjå",
            "skal", "som", "til", "vedlagd", "venleg", "veke", "vere", "vi",
        ],
    }
}

const MAX_WORDS: usize = 2000;
const MIN_HITS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_three_languages_apart() {
        let cases = [
            ("Hei, vedlagt er listen jeg ikke fikk sendt i går. Vennlig hilsen Kari", Language::Nb),
            ("Hei, her er lista eg ikkje fekk sendt i går. Venleg helsing Kari", Language::Nn),
            ("Hello, please find the list attached. Kind regards, Kari", Language::En),
        ];
        for (text, language) in cases {
            assert_eq!(guess(text), Some(language), "{text}");
        }
    }

    #[test]
    fn does_not_guess_from_little() {
        for text in ["", "ok", "Rapport 2026", "Det er på plass, og vi har det med"] {
            assert_eq!(guess(text), None, "{text}");
        }
    }

    #[test]
    fn reads_tags_with_regions() {
        assert_eq!("nb-NO".parse(), Ok(Language::Nb));
        assert_eq!("no".parse(), Ok(Language::Nb));
        assert_eq!("EN_gb".parse(), Ok(Language::En));
        assert_eq!("de".parse::<Language>(), Err(ParseLanguageError));
    }
}
