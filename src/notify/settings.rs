//! `[notify]`: who writes, where to ask, and in which language. Most texts may
//! differ from language to language.

use serde::Deserialize;
use thiserror::Error;

use super::{
    Each, Language,
    link::{GuidanceUrl, MAX_DIGITS, PublicUrl, longest_digit_run},
};
use crate::model::{Address, address::ParseAddressError};

/// `[notify]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The address that notices come from; `postmaster` at the first of our
    /// domains when absent.
    pub from: Option<Address>,
    /// The name of the organisation.
    pub organisation: Each<Contact>,
    /// Whom to ask: an address, a telephone number or a few words; the `from`
    /// address when absent.
    pub contact: Each<Contact>,
    /// The language for those of whom nothing better is known.
    pub language: Language,
    /// The organisation's own page about sending safely.
    pub guidance_url: Each<GuidanceUrl>,
    /// The organisation's own words on what to do.
    pub guidance: Each<Wording>,
    /// What our policy rests on: rules, agreements, or the text of a law.
    pub legal_url: Each<GuidanceUrl>,
    /// What stands below every mail of ours.
    pub signature: Each<Wording>,
}

impl Settings {
    /// Fills in what is not set. `domains` are our own.
    ///
    /// # Errors
    ///
    /// The first of our domains makes no address.
    pub fn letterhead(
        &self,
        domains: &[String],
        public_url: Option<PublicUrl>,
    ) -> Result<Letterhead, ParseAddressError> {
        let from = match (&self.from, domains.first()) {
            (Some(from), _) => from.clone(),
            (None, Some(domain)) => format!("postmaster@{domain}").parse()?,
            (None, None) => "postmaster".parse()?,
        };
        Ok(Letterhead { from, language: self.language, public_url, house: self.clone() })
    }
}

/// What stands on everything we write.
#[derive(Clone, Debug)]
pub struct Letterhead {
    /// The address that notices come from.
    pub from: Address,
    /// The language for those of whom nothing better is known.
    pub language: Language,
    /// Where people reach our own pages.
    pub public_url: Option<PublicUrl>,
    house: Settings,
}

impl Letterhead {
    /// Whom to ask.
    pub fn contact(&self, language: Language) -> &str {
        self.house.contact.of(language).map_or(self.from.as_str(), Contact::as_str)
    }

    /// The organisation's own words on what to do; empty when there are none.
    pub fn guidance(&self, language: Language) -> &str {
        self.house.guidance.only(language).map_or("", Wording::as_str)
    }

    /// The organisation's own page about sending safely; empty when there is
    /// none.
    pub fn guidance_url(&self, language: Language) -> &str {
        self.house.guidance_url.of(language).map_or("", GuidanceUrl::as_str)
    }

    /// What our policy rests on; empty when that is not told.
    pub fn legal_url(&self, language: Language) -> &str {
        self.house.legal_url.of(language).map_or("", GuidanceUrl::as_str)
    }

    /// The name of the organisation; empty when it is not told.
    pub fn organisation(&self, language: Language) -> &str {
        self.house.organisation.of(language).map_or("", Contact::as_str)
    }

    /// What stands below every mail of ours; empty when there is nothing.
    pub fn signature(&self, language: Language) -> &str {
        self.house.signature.only(language).map_or("", Wording::as_str)
    }
}

/// A name, or whom to ask, in at most 120 characters.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct Contact(String);

impl Contact {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Contact {
    type Error = WordingError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        checked(text, MAX_CONTACT).map(Self)
    }
}

/// A paragraph of at most 1000 characters.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct Wording(String);

impl Wording {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Wording {
    type Error = WordingError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        checked(text, MAX_WORDING).map(Self)
    }
}

/// A text of the settings cannot be used in what we write.
#[derive(Debug, Error, Eq, PartialEq)]
pub enum WordingError {
    /// A line end or another control character.
    #[error("the text holds a line end or another control character")]
    Control,
    /// A run of digits that a scanner may take for an identity number.
    #[error("the text holds more than {MAX_DIGITS} digits in a row, write them in groups")]
    Digits,
    /// Nothing, or too much.
    #[error("the text has {length} characters, 1 to {most} are allowed")]
    Length {
        /// Its length.
        length: usize,
        /// The most there may be.
        most: usize,
    },
}

fn checked(text: String, most: usize) -> Result<String, WordingError> {
    let length = text.trim().chars().count();
    if !(1..=most).contains(&length) {
        return Err(WordingError::Length { length, most });
    }
    if text.chars().any(char::is_control) {
        return Err(WordingError::Control);
    }
    if longest_digit_run(&text) > MAX_DIGITS {
        return Err(WordingError::Digits);
    }
    Ok(text.trim().to_owned())
}

const MAX_CONTACT: usize = 120;
const MAX_WORDING: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_table_is_enough() {
        let settings: Settings = toml::from_str("").unwrap();
        let letterhead = settings.letterhead(&["cpm.example".to_owned()], None).unwrap();
        assert_eq!(letterhead.from.as_str(), "postmaster@cpm.example");
        assert_eq!(letterhead.contact(Language::En), "postmaster@cpm.example");
        for text in [Letterhead::organisation, Letterhead::legal_url, Letterhead::signature] {
            assert_eq!(text(&letterhead, Language::Nb), "");
        }
        assert_eq!(letterhead.language, Language::Nb);
    }

    #[test]
    fn takes_everything_at_once() {
        let settings: Settings = toml::from_str(
            r#"
            from = "vakt@cpm.example"
            contact = "brukerstøtte, telefon 22 00 00 00"
            organisation = { nb = "Kreftregisteret", en = "Cancer Registry" }
            legal_url = "https://cpm.example/personvern"
            signature = { nb = "Hilsen sikkerhetsgruppen" }
            language = "nn"
            guidance_url = "https://intranett.cpm.example/kryptering"
            guidance = { nn = "Bruk sikker filoverføring." }
            "#,
        )
        .unwrap();
        let letterhead = settings.letterhead(&[], None).unwrap();
        assert_eq!(letterhead.guidance(Language::Nn), "Bruk sikker filoverføring.");
        assert_eq!(letterhead.guidance(Language::Nb), "");
        assert_eq!(letterhead.organisation(Language::Nn), "Kreftregisteret");
        assert_eq!(letterhead.organisation(Language::En), "Cancer Registry");
        assert_eq!(letterhead.signature(Language::En), "");
    }

    #[test]
    fn refuses_what_would_break_a_reply() {
        let cases = [
            ("contact = \"\"", "1 to 120"),
            ("contact = \"a\\r\\n250 ok\"", "line end"),
            ("contact = \"ring 22000000\"", "in groups"),
            ("language = \"de\"", "unknown variant"),
            ("form = \"a@b\"", "unknown field"),
        ];
        for (text, hint) in cases {
            let error = toml::from_str::<Settings>(text).unwrap_err().to_string();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }
}
