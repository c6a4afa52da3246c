//! What the digit scanner sees on its way, for rules with expressions: nearly
//! all of them need digits of a certain sort, and most of all text has none.

use std::ops::Range;

/// Where digits stand in a text.
#[derive(Default)]
pub(super) struct Survey {
    /// The parts of the text outside which nothing of each girth can match.
    pub(super) parts: Vec<Vec<Range<usize>>>,
    /// Words in which a digit follows a letter: `F33.1`.
    pub(super) codes: Vec<Range<usize>>,
}

/// What every match of an expression is like: it holds a run of digits, whole
/// or in part.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Girth {
    /// The fewest digits that the run has.
    pub(super) run: usize,
    /// What may stand right before it; the start of the text always may.
    pub(super) before: Bytes,
    /// The most bytes that a match takes.
    pub(super) length: usize,
}

/// Some of all bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Bytes([u64; 4]);

impl Survey {
    /// A survey for these girths.
    pub(super) fn new(girths: &[Girth]) -> Self {
        Self { parts: vec![Vec::new(); girths.len()], codes: Vec::new() }
    }

    /// Takes a run of digits in; runs come by rising start.
    #[inline]
    pub(super) fn run(&mut self, text: &str, girths: &[Girth], run: &Range<usize>) {
        let bytes = text.as_bytes();
        let before = run.start.checked_sub(1).and_then(|at| bytes.get(at)).copied();
        for (girth, parts) in girths.iter().zip(&mut self.parts) {
            if girth.run <= run.len() && before.is_none_or(|byte| girth.before.has(byte)) {
                let start = run.start.saturating_sub(girth.length);
                let end = run.end.saturating_add(girth.length).min(bytes.len());
                match parts.last_mut() {
                    Some(last) if last.end >= start => last.end = end,
                    Some(_) | None => parts.push(start..end),
                }
            }
        }
        if before.is_some_and(|byte| byte.is_ascii_alphabetic()) {
            self.code(bytes, run.start);
        }
    }

    /// Takes in the word around a digit that follows a letter.
    fn code(&mut self, bytes: &[u8], digit: usize) {
        let before = bytes.get(..digit).unwrap_or_default();
        let known = self.codes.last().is_some_and(|code| code.end > digit);
        if known {
            return;
        }
        let part = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'.';
        let start = digit - before.iter().rev().take(CODE).take_while(part).count();
        let after = bytes.get(digit..).unwrap_or_default();
        let end = digit + after.iter().take(CODE).take_while(part).count();
        let dots = |word: &[u8]| word.iter().rev().take_while(|byte| **byte == b'.').count();
        let end = end - dots(bytes.get(start..end).unwrap_or_default());
        if end - start < CODE && self.codes.len() < MOST {
            self.codes.push(start..end);
        }
    }
}

impl Girth {
    /// What the matches of two expressions have in common.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            run: self.run.min(other.run),
            before: self.before.or(other.before),
            length: self.length.max(other.length),
        }
    }
}

impl Bytes {
    /// All bytes.
    pub(super) const ALL: Self = Self([u64::MAX; 4]);

    /// Those that pass a test.
    pub(super) fn that(test: impl Fn(u8) -> bool) -> Self {
        let mut bytes = [0; 4];
        for byte in (0..=u8::MAX).filter(|byte| test(*byte)) {
            bytes[usize::from(byte / 64)] |= 1 << (byte % 64);
        }
        Self(bytes)
    }

    /// Those of them that are digits.
    pub(super) fn digits(&self) -> Self {
        Self::that(|byte| self.has(byte) && byte.is_ascii_digit())
    }

    /// Whether `byte` is one of them.
    #[inline]
    pub(super) fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte / 64)] >> (byte % 64) & 1 == 1
    }

    /// Those of either.
    pub(super) fn or(self, other: Self) -> Self {
        let mut bytes = self.0;
        bytes.iter_mut().zip(other.0).for_each(|(mine, other)| *mine |= other);
        Self(bytes)
    }
}

/// Joins ranges that touch; they come by rising start.
pub(super) fn join(ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            Some(_) | None => joined.push(range),
        }
    }
    joined
}

/// Codes are shorter than this; longer words are hashes.
const CODE: usize = 12;
/// The most codes of one text.
const MOST: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn survey(text: &str, girths: &[Girth]) -> Survey {
        let mut survey = Survey::new(girths);
        let digit = |at: &usize| text.as_bytes()[*at].is_ascii_digit();
        let starts = (0..text.len()).filter(|at| digit(at) && (*at == 0 || !digit(&(at - 1))));
        for start in starts {
            let end = (start..text.len()).find(|at| !digit(at)).unwrap_or(text.len());
            survey.run(text, girths, &(start..end));
        }
        survey
    }

    #[test]
    fn knows_codes_from_hashes_and_numbers() {
        let codes = |text: &'static str| {
            let survey = survey(text, &[]);
            survey.codes.into_iter().map(|code| &text[code]).collect::<Vec<_>>()
        };
        assert_eq!(codes("Diagnose F33.1, N06AB10."), ["F33.1", "N06AB10"]);
        assert_eq!(codes("12345 1.2 3a8f0c1d22e9b7f00a ٣"), [""; 0]);
    }

    #[test]
    fn nothing_that_can_match_is_left_out() {
        let text = format!("1 {} 1234 NO5678 x", "å ".repeat(60));
        let parts = |run, before, length| {
            let girth = Girth { run, before, length };
            survey(&text, &[girth]).parts.pop().unwrap()
        };
        assert_eq!(parts(1, Bytes::ALL, 20).len(), 2);
        assert_eq!(
            parts(4, Bytes::ALL, 20),
            std::iter::once(text.len() - 33..text.len()).collect::<Vec<_>>()
        );
        let letters = Bytes::that(|byte| byte.is_ascii_uppercase());
        assert_eq!(parts(2, letters, 5).len(), 1);
        assert_eq!(parts(1, letters, 300).len(), 1);
        assert!(parts(5, Bytes::ALL, 20).is_empty());
    }
}
