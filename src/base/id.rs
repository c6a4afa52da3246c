//! Event identifiers: what a sender reads in a refusal and an operator types.
//!
//! Written with sixteen consonants, so that no identifier holds a digit (it
//! can never look like an identity number) or a word.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// Names one message with its envelope: 80 bits of a keyed hash over both, so
/// that a retry of the same message gets the same name and nobody outside can
/// test a guess about its content.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EventId([u8; EventId::BYTES]);

impl EventId {
    const BYTES: usize = 10;

    /// Takes the first 80 bits of a keyed 256-bit hash.
    pub fn from_keyed_hash(hash: &[u8; 32]) -> Self {
        let mut bytes = [0; Self::BYTES];
        bytes.copy_from_slice(&hash[..Self::BYTES]);
        Self(bytes)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&letters(&self.0))
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EventId {
    type Err = ParseEventIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        from_letters(text).map(Self).ok_or(ParseEventIdError)
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The text is not an event identifier.
#[derive(Debug, Error, Eq, PartialEq)]
#[error("an event identifier is 20 letters out of {}", str::from_utf8(ALPHABET).unwrap_or(""))]
pub struct ParseEventIdError;

/// Bytes in letters that make no word and no number, two for each.
pub fn letters(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.map(|nibble| char::from(ALPHABET[usize::from(nibble)])).collect()
}

/// The bytes that [`letters`] wrote, in any case of letters; none when the text
/// is something else.
pub fn from_letters<const BYTES: usize>(text: &str) -> Option<[u8; BYTES]> {
    let mut nibbles = text.bytes().map(|letter| {
        let place = ALPHABET.iter().position(|known| *known == letter.to_ascii_lowercase());
        place.and_then(|place| u8::try_from(place).ok())
    });
    let mut bytes = [0; BYTES];
    for byte in &mut bytes {
        let (high, low) = (nibbles.next()??, nibbles.next()??);
        *byte = high << 4 | low;
    }
    nibbles.next().is_none().then_some(bytes)
}

const ALPHABET: &[u8; 16] = b"bcdfghjkmnpqrstv";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_writes() {
        let id = EventId::from_keyed_hash(&[0xA5; 32]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().len(), 20);
    }

    #[test]
    fn holds_no_digit() {
        let id = EventId::from_keyed_hash(&[0x01; 32]).to_string();
        assert!(id.chars().all(|c| c.is_ascii_lowercase()), "{id}");
    }

    #[test]
    fn refuses_other_text() {
        for text in ["", "abc", "bcdfghjkmnpqrstvbcdf1", "aaaaaaaaaaaaaaaaaaaa"] {
            assert_eq!(text.parse::<EventId>(), Err(ParseEventIdError), "{text}");
        }
    }
}
