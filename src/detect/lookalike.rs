//! Numbers typed with letters that look like digits: `O8835lll35l`, from old
//! typewriter habits, bad recognition of scans, or to slip through.
//!
//! Only words of eleven such signs, whole or as six and five, with more digits
//! than nothing in them. Whoever asks must want a strong word as well.

use std::ops::Range;

use super::candidate::{Candidate, Layout, Values};

/// Looks for words that read as eleven digits and have a letter, around runs of
/// digits.
#[derive(Default)]
pub(super) struct Lookalikes {
    /// Where to go on.
    at: usize,
}

impl Lookalikes {
    /// Whether it must hear of a run of this length that no letter touches.
    pub(super) fn wants(length: usize) -> bool {
        length == HALVES.0
    }

    /// Hears of a run of digits; tells the word around it. Runs come by rising
    /// start.
    #[inline]
    pub(super) fn run(&mut self, text: &str, digits: &Range<usize>) -> Option<Candidate> {
        let bytes = text.as_bytes();
        let letter = |at: Option<usize>| {
            at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphabetic)
        };
        let likely = Self::wants(digits.len())
            || letter(Some(digits.end))
            || letter(digits.start.checked_sub(1));
        if !likely || digits.end <= self.at {
            return None;
        }
        self.word(bytes, digits.start.max(self.at))
    }

    #[cold]
    fn word(&mut self, bytes: &[u8], digit: usize) -> Option<Candidate> {
        let start = digit - run(bytes.get(self.at..digit).unwrap_or_default().iter().rev());
        let first = run(bytes.get(start..).unwrap_or_default().iter());
        let mut end = start + first;
        if first == HALVES.0 && bytes.get(end).is_some_and(|byte| b" -.".contains(byte)) {
            let second = run(bytes.get(end + 1..).unwrap_or_default().iter());
            end += if second == HALVES.1 { second + 1 } else { 0 };
        }
        self.at = end.max(digit + 1);
        // The word may start right after one that was looked at.
        let before = start.checked_sub(1).and_then(|i| bytes.get(i));
        let digits = bytes.get(start..end).and_then(read)?;
        (!before.is_some_and(u8::is_ascii_alphanumeric)).then_some(Candidate {
            digits,
            place: start..end,
            layout: Layout::Odd,
            decimal: false,
        })
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
        let mut lookalikes = Lookalikes::default();
        let digit = |at: &usize| text.as_bytes()[*at].is_ascii_digit();
        let starts = (0..text.len()).filter(|at| digit(at) && (*at == 0 || !digit(&(at - 1))));
        let runs =
            starts.map(|at| at..(at..text.len()).find(|at| !digit(at)).unwrap_or(text.len()));
        let candidates = runs.filter_map(|run| lookalikes.run(text, &run));
        let written = |candidate: Candidate| {
            assert!(text.get(candidate.place.clone()).is_some());
            candidate.digits.iter().map(|digit| char::from(b'0' + digit)).collect()
        };
        candidates.map(written).collect()
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
