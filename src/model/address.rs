//! A mail address as it stands in an envelope.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An envelope address (RFC 5321 section 4.1.2): local part kept as written,
/// domain in lower case. `Debug` shows the domain only, so that a log line
/// made in haste names no person.
#[derive(Clone, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    text: String,
    at: Option<usize>,
}

impl Address {
    /// The whole address, without angle brackets.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands before the last `@`.
    pub fn local(&self) -> &str {
        &self.text[..self.at.unwrap_or(self.text.len())]
    }

    /// What stands after the last `@`, in lower case; empty for a bare
    /// `postmaster`.
    pub fn domain(&self) -> &str {
        self.at.map_or("", |at| &self.text[at + 1..])
    }

    /// The form used for look-ups: everything in lower case.
    pub fn key(&self) -> String {
        self.text.to_lowercase()
    }
}

impl FromStr for Address {
    type Err = ParseAddressError;

    /// Reads an address with or without angle brackets.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let text = text.strip_prefix('<').and_then(|t| t.strip_suffix('>')).unwrap_or(text);
        if text.is_empty() || text.len() > MAX_BYTES || text.chars().any(|c| c.is_control()) {
            return Err(ParseAddressError);
        }
        match text.rfind('@') {
            Some(at) if at > 0 && at + 1 < text.len() && !text[at..].contains([' ', '<', '>']) => {
                let text = format!("{}@{}", &text[..at], text[at + 1..].to_lowercase());
                Ok(Self { text, at: Some(at) })
            }
            None if !text.contains([' ', '<', '>']) => Ok(Self { text: text.to_owned(), at: None }),
            _ => Err(ParseAddressError),
        }
    }
}

impl TryFrom<String> for Address {
    type Error = ParseAddressError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.text
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "…@{}", self.domain())
    }
}

/// The text is not an envelope address.
#[derive(Debug, Error, Eq, PartialEq)]
#[error("not a mail address, such as kari@cpm.example")]
pub struct ParseAddressError;

/// 64 + 1 + 255 octets (RFC 5321 section 4.5.3.1), with room for the long
/// local parts that list software writes.
const MAX_BYTES: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_local_part_and_lowers_the_domain() {
        let address: Address = "<Kari.Nordmann@CPM.Example>".parse().unwrap();
        assert_eq!(address.as_str(), "Kari.Nordmann@cpm.example");
        assert_eq!((address.local(), address.domain()), ("Kari.Nordmann", "cpm.example"));
    }

    #[test]
    fn takes_odd_but_legal_ones() {
        for text in ["postmaster", "\"a b\"@x.example", "a@b@x.example", "åse@x.example"] {
            assert!(text.parse::<Address>().is_ok(), "{text}");
        }
    }

    #[test]
    fn refuses_what_could_break_a_dialogue() {
        for text in ["", "<>", "a@", "@b", "a@b\r\nDATA", "a@b> SIZE=1"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
