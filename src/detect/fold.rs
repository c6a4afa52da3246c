//! Text as words are compared: lower case, without accents, æ ø å by their
//! usual stand-ins, every blank, hyphen and underscore one space, and nothing
//! that cannot be seen. Keeps where each byte came from.

use unicode_normalization::char::decompose_compatible;

use super::digits::{self, Separator, Sign};

/// Folded text with the way back.
#[derive(Default)]
pub(super) struct Folded {
    /// The folded text, UTF-8.
    pub(super) bytes: Vec<u8>,
    /// For each byte, its character's number in the original.
    pub(super) chars: Vec<u32>,
    /// For each byte, whether a word may start there although a letter stands
    /// before it: `patientFnr`.
    humps: Vec<bool>,
}

impl Folded {
    /// Folds `text`.
    pub(super) fn of(text: &str) -> Self {
        let mut folded = Self {
            bytes: Vec::with_capacity(text.len()),
            chars: Vec::with_capacity(text.len()),
            humps: Vec::with_capacity(text.len()),
        };
        let mut was_lower = false;
        for (number, c) in (0..).zip(text.chars()) {
            let hump = was_lower && c.is_uppercase();
            was_lower = c.is_lowercase();
            folded.push(c, number, hump);
        }
        folded
    }

    /// Whether a letter stands right before this byte, of the same word.
    pub(super) fn letter_before(&self, at: usize) -> bool {
        let letter =
            at.checked_sub(1).and_then(|i| self.bytes.get(i)).is_some_and(|b| is_letter(*b));
        letter && !self.humps.get(at).copied().unwrap_or(false)
    }

    /// Whether a letter stands at this byte, of the same word.
    pub(super) fn letter_at(&self, at: usize) -> bool {
        let letter = self.bytes.get(at).is_some_and(|byte| is_letter(*byte));
        letter && !self.humps.get(at).copied().unwrap_or(false)
    }

    fn push(&mut self, c: char, number: u32, hump: bool) {
        if c.is_ascii_alphanumeric() {
            return self.put(c.to_ascii_lowercase() as u8, number, hump);
        }
        match digits::sign(c) {
            Sign::Invisible => {}
            Sign::Separator(
                Separator::Space
                | Separator::Tab
                | Separator::Line
                | Separator::Dash
                | Separator::Underscore,
            ) => self.put_space(number),
            Sign::Digit(value) => self.put(b'0' + value, number, false),
            Sign::Separator(other) => self.put(other.plain_of(c), number, false),
            Sign::Break => self.push_other(c, number, hump),
        }
    }

    fn push_other(&mut self, c: char, number: u32, hump: bool) {
        let letters = match c {
            'æ' | 'Æ' => "ae",
            'ø' | 'Ø' | 'œ' | 'Œ' => "o",
            'đ' | 'Đ' | 'ð' | 'Ð' => "d",
            'ŋ' | 'Ŋ' => "n",
            'ŧ' | 'Ŧ' => "t",
            'ł' | 'Ł' => "l",
            'ß' => "ss",
            _ => "",
        };
        for (i, byte) in letters.bytes().enumerate() {
            self.put(byte, number, hump && i == 0);
        }
        if !letters.is_empty() {
            return;
        }
        let mut first = hump;
        decompose_compatible(c, |part| {
            if digits::sign(part) == Sign::Invisible {
                return;
            }
            // Quotation marks and the like are no letters: «fnr».
            if !part.is_ascii() && !part.is_alphanumeric() {
                return self.put(b'"', number, false);
            }
            let mut buffer = [0; 4];
            for lower in part.to_lowercase() {
                for byte in lower.encode_utf8(&mut buffer).bytes() {
                    self.put(byte, number, first);
                    first = false;
                }
            }
        });
    }

    fn put_space(&mut self, number: u32) {
        if self.bytes.last() != Some(&b' ') {
            self.put(b' ', number, false);
        }
    }

    fn put(&mut self, byte: u8, number: u32, hump: bool) {
        self.bytes.push(byte);
        self.chars.push(number);
        self.humps.push(hump);
    }
}

/// Bytes of letters; those of other alphabets are above ASCII.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80
}

impl Separator {
    /// The ASCII character a separator is compared as.
    fn plain_of(self, c: char) -> u8 {
        if c.is_ascii() { c as u8 } else { self.plain() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        String::from_utf8(Folded::of(text).bytes).unwrap()
    }

    #[test]
    fn spellings_of_one_word_become_one() {
        for text in [
            "FØDSELSNUMMER",
            "fødselsnummer",
            "Fødsels\u{ad}nummer",
            "fodselsnummer",
            "ｆødselsnummer",
        ] {
            assert_eq!(folded(text), "fodselsnummer", "{text}");
        }
        assert_eq!(folded("Riegádannummir"), "riegadannummir");
        assert_eq!(folded("D-nummer"), folded("d_nummer"));
        assert_eq!(folded("national\r\n  identity"), "national identity");
        assert_eq!(folded("Tårn/Ære"), "tarn/aere");
    }

    #[test]
    fn knows_where_words_start() {
        let text = Folded::of("patientFnr");
        assert!(!text.letter_before(7));
        assert!(text.letter_before(8));
        assert!(!text.letter_before(0));
        let quoted = Folded::of("«fnr»");
        assert!(!quoted.letter_before(1) && !quoted.letter_at(4));
    }

    #[test]
    fn keeps_the_way_back() {
        let text = Folded::of("æ\u{ad}b");
        assert_eq!(text.bytes, b"aeb");
        assert_eq!(text.chars, [0, 0, 2]);
    }
}
