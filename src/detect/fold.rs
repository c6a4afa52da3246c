//! Text as words are compared: lower case, without accents, æ ø å by their
//! usual stand-ins, every blank, hyphen and underscore one space, and nothing
//! that cannot be seen. Keeps where each byte came from.

use std::sync::LazyLock;

use unicode_normalization::char::decompose_compatible;

use super::digits::{self, Separator, Sign};

/// Folded text with the way back.
pub(super) struct Folded<'a> {
    text: &'a str,
    /// The folded text, UTF-8.
    pub(super) bytes: Vec<u8>,
    /// For each byte, where its character starts in the original.
    pub(super) starts: Vec<u32>,
}

impl<'a> Folded<'a> {
    /// Folds `text`, which is shorter than 4 GiB.
    pub(super) fn of(text: &'a str) -> Self {
        let mut folded = Self {
            text,
            bytes: Vec::with_capacity(text.len()),
            starts: Vec::with_capacity(text.len()),
        };
        let ascii = &*ASCII;
        for (start, c) in (0..).zip(text.bytes()).filter(|(_, byte)| !is_inside(*byte)) {
            match ascii.get(usize::from(c)).copied() {
                Some(UNSEEN) => {}
                Some(b' ') => folded.put_space(start),
                Some(byte) => folded.put(byte, start),
                None => folded.push(start),
            }
        }
        folded
    }

    /// Whether a letter stands right before this byte, of the same word.
    pub(super) fn letter_before(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|i| self.bytes.get(i));
        before.is_some_and(|byte| is_letter(*byte)) && !self.is_hump(at)
    }

    /// Whether a letter stands at this byte, of the same word.
    pub(super) fn letter_at(&self, at: usize) -> bool {
        self.bytes.get(at).is_some_and(|byte| is_letter(*byte)) && !self.is_hump(at)
    }

    /// Where the character of a byte ends in the original.
    pub(super) fn end(&self, at: usize) -> usize {
        let start = self.start(at);
        start + self.char_at(start).map_or(0, char::len_utf8)
    }

    /// Where the character of a byte starts in the original.
    pub(super) fn start(&self, at: usize) -> usize {
        let start = self.starts.get(at).and_then(|start| usize::try_from(*start).ok());
        start.unwrap_or(self.text.len())
    }

    /// Whether a word may start at a byte although a letter stands before it:
    /// `patientFnr`.
    fn is_hump(&self, at: usize) -> bool {
        let start = self.start(at);
        let first = at.checked_sub(1).is_none_or(|before| self.start(before) != start);
        let before = self.text.get(..start).and_then(|text| text.chars().next_back());
        let upper = self.char_at(start).is_some_and(char::is_uppercase);
        first && upper && before.is_some_and(char::is_lowercase)
    }

    fn char_at(&self, start: usize) -> Option<char> {
        self.text.get(start..)?.chars().next()
    }

    /// Adds the character outside ASCII that starts at `start`.
    fn push(&mut self, start: u32) {
        let place = usize::try_from(start).unwrap_or(usize::MAX);
        let Some(c) = self.char_at(place) else { return };
        each_byte(c, |byte| match byte {
            b' ' => self.put_space(start),
            byte => self.put(byte, start),
        });
    }

    #[inline]
    fn put_space(&mut self, start: u32) {
        if self.bytes.last() != Some(&b' ') {
            self.put(b' ', start);
        }
    }

    #[inline]
    fn put(&mut self, byte: u8, start: u32) {
        self.bytes.push(byte);
        self.starts.push(start);
    }
}

/// Tells what a character folds to, byte by byte; a space for every blank.
fn each_byte(c: char, mut tell: impl FnMut(u8)) {
    match digits::sign(c) {
        Sign::Invisible => {}
        Sign::Separator(
            Separator::Space
            | Separator::Tab
            | Separator::Line
            | Separator::Dash
            | Separator::Underscore,
        ) => tell(b' '),
        Sign::Digit(value) => tell(b'0' + value),
        Sign::Separator(other) => tell(other.plain_of(c)),
        Sign::Break => each_letter(c, tell),
    }
}

fn each_letter(c: char, mut tell: impl FnMut(u8)) {
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
    letters.bytes().for_each(&mut tell);
    if !letters.is_empty() {
        return;
    }
    decompose_compatible(c, |part| {
        if digits::sign(part) == Sign::Invisible {
            return;
        }
        // Quotation marks and the like are no letters: «fnr».
        if !part.is_ascii() && !part.is_alphanumeric() {
            return tell(b'"');
        }
        let mut buffer = [0; 4];
        for lower in part.to_lowercase() {
            lower.encode_utf8(&mut buffer).bytes().for_each(&mut tell);
        }
    });
}

/// What the characters of ASCII fold to.
static ASCII: LazyLock<[u8; 128]> = LazyLock::new(|| {
    let mut table = [UNSEEN; 128];
    for (byte, slot) in (0..).zip(&mut table) {
        each_byte(char::from(byte), |folded| *slot = folded);
    }
    table
});

/// Stands for what cannot be seen.
const UNSEEN: u8 = 0;

/// Whether a byte goes on with a character of UTF-8.
#[inline]
fn is_inside(byte: u8) -> bool {
    byte & 0xC0 == 0x80
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
        assert_eq!(text.starts, [0, 0, 4]);
        assert_eq!([text.end(1), text.end(2), text.end(3)], [2, 5, 5]);
    }
}
