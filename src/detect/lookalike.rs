//! Numbers typed with letters that look like digits: `O8835lll35l`, from old
//! typewriter habits, bad recognition of scans, or to slip through.
//!
//! Only words of eleven such signs, whole or as six and five, with more digits
//! than nothing in them. Whoever asks must want a strong word as well.

use super::{
    digits,
    scan::{Candidate, Layout, Values},
};

/// Calls `found` for every word that reads as eleven digits and has a letter.
pub(super) fn scan(text: &str, mut found: impl FnMut(Candidate)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(digit) = digits::next_digit(bytes, at) {
        let start = digit - run(bytes.get(at..digit).unwrap_or_default().iter().rev());
        let first = run(bytes.get(start..).unwrap_or_default().iter());
        let mut end = start + first;
        if first == HALVES.0 && bytes.get(end).is_some_and(|byte| b" -.".contains(byte)) {
            let second = run(bytes.get(end + 1..).unwrap_or_default().iter());
            end += if second == HALVES.1 { second + 1 } else { 0 };
        }
        // The word may start right after one that was looked at.
        let cut =
            start.checked_sub(1).and_then(|i| bytes.get(i)).is_some_and(u8::is_ascii_alphanumeric);
        if let (false, Some(digits)) = (cut, bytes.get(start..end).and_then(read)) {
            found(Candidate { digits, place: start..end, layout: Layout::Odd, decimal: false });
        }
        at = end.max(digit + 1);
    }
}

/// How many letters and digits come first, up to a bound.
fn run<'a>(bytes: impl Iterator<Item = &'a u8>) -> usize {
    bytes.take(HALVES.0 + HALVES.1 + 1).take_while(|byte| byte.is_ascii_alphanumeric()).count()
}

/// The digits that a word reads as; none without letters, or with others.
fn read(word: &[u8]) -> Option<Values> {
    let signs = word.iter().filter(|byte| byte.is_ascii_alphanumeric());
    let letters = signs.clone().filter(|byte| byte.is_ascii_alphabetic()).count();
    let whole = signs.clone().count() == HALVES.0 + HALVES.1;
    let likely = whole && (1..=MOST_LETTERS).contains(&letters);
    let readable = likely && signs.clone().all(|byte| value(*byte).is_some());
    readable.then(|| Values::of(signs.filter_map(|byte| value(*byte))))
}

fn value(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'O' | b'o' => Some(0),
        b'I' | b'i' | b'L' | b'l' => Some(1),
        b'Z' | b'z' => Some(2),
        b'S' | b's' => Some(5),
        b'B' => Some(8),
        _ => None,
    }
}

/// The date and the rest.
const HALVES: (usize, usize) = (6, 5);
/// Letters beyond which a word is a word.
const MOST_LETTERS: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        scan(text, |candidate| {
            assert!(text.get(candidate.place.clone()).is_some());
            all.push(candidate.digits.iter().map(|digit| char::from(b'0' + digit)).collect());
        });
        all
    }

    #[test]
    fn reads_letters_as_the_digits_they_look_like() {
        assert_eq!(found("nr O8835lll35l."), ["08835111351"]);
        assert_eq!(found("nr I3827B 3O652"), ["13827830652"]);
    }

    #[test]
    fn leaves_other_words_alone() {
        for text in
            ["13827830652", "a13827830652", "O8835lll35lx", "æ1", "oooooooooo1", "1", "B2 B3"]
        {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
