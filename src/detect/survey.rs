//! One pass over where ASCII digits stand, for rules with expressions: nearly
//! all of them need digits, and most of all text has none.

use std::ops::Range;

use super::digits;

/// Where digits stand in a text.
#[derive(Default)]
pub(super) struct Survey {
    /// Start and length of every run of digits.
    runs: Vec<(u32, u32)>,
    /// Words in which a digit follows a letter: `F33.1`.
    pub(super) codes: Vec<Range<usize>>,
}

/// What a match of an expression is like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Girth {
    /// The fewest digits in it.
    pub(super) digits: usize,
    /// The most bytes that it takes.
    pub(super) length: usize,
}

impl Survey {
    /// Surveys a text.
    pub(super) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut survey = Self::default();
        let mut at = 0;
        while let Some(start) = digits::next_digit(bytes, at) {
            let run = bytes.get(start..).unwrap_or_default();
            let length = run.iter().take_while(|byte| byte.is_ascii_digit()).count();
            // Other first bytes of digits are no business of expressions.
            at = start + length.max(1);
            if length > 0 {
                let short = |number| u32::try_from(number).unwrap_or(u32::MAX);
                survey.runs.push((short(start), short(length)));
                survey.code(bytes, start);
            }
        }
        survey
    }

    /// The parts of a text of `length` bytes outside which nothing of this girth
    /// can match.
    pub(super) fn parts(&self, girth: Girth, length: usize) -> Vec<Range<usize>> {
        let mut parts: Vec<Range<usize>> = Vec::new();
        let mut open: Option<(Range<usize>, usize)> = None;
        let long = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let ends = [(u32::MAX, 0)];
        for (start, count) in self.runs.iter().chain(&ends).map(|(s, n)| (long(*s), long(*n))) {
            match &mut open {
                Some((part, digits)) if part.end.saturating_add(girth.length) > start => {
                    part.end = start.saturating_add(count);
                    *digits += count;
                }
                _ => {
                    let done = open.replace((start..start.saturating_add(count), count));
                    parts.extend(done.filter(|(_, digits)| *digits >= girth.digits).map(
                        |(part, _)| {
                            let start = part.start.saturating_sub(girth.length);
                            start..length.min(part.end.saturating_add(girth.length))
                        },
                    ));
                }
            }
        }
        join(parts)
    }

    /// Takes in the word around a digit that follows a letter.
    fn code(&mut self, bytes: &[u8], digit: usize) {
        let before = bytes.get(..digit).unwrap_or_default();
        let known = self.codes.last().is_some_and(|code| code.end > digit);
        if known || !before.last().is_some_and(u8::is_ascii_alphabetic) {
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

    #[test]
    fn knows_codes_from_hashes_and_numbers() {
        let codes = |text: &'static str| {
            let survey = Survey::of(text);
            survey.codes.into_iter().map(|code| &text[code]).collect::<Vec<_>>()
        };
        assert_eq!(codes("Diagnose F33.1, N06AB10."), ["F33.1", "N06AB10"]);
        assert_eq!(codes("12345 1.2 3a8f0c1d22e9b7f00a ٣"), [""; 0]);
    }

    #[test]
    fn nothing_that_can_match_is_left_out() {
        let text = format!("1 {} 1234 5678 x", "å ".repeat(60));
        let parts = |digits, length| Survey::of(&text).parts(Girth { digits, length }, text.len());
        assert_eq!(parts(1, 20).len(), 2);
        assert_eq!(parts(8, 20).first(), Some(&(text.len() - 31..text.len())));
        assert!(parts(9, 20).is_empty());
        assert_eq!(parts(9, 300).len(), 1);
        assert!(Survey::of("ingen tall").parts(Girth { digits: 1, length: 9 }, 10).is_empty());
    }
}
