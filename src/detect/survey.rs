//! One pass over where ASCII digits stand, for rules with expressions: nearly
//! all of them need digits, and most of all text has none.

use std::ops::Range;

use super::digits;

/// Where digits stand in a text.
#[derive(Default)]
pub(super) struct Survey {
    /// Parts with digits close together, with how many there are.
    pub(super) stretches: Vec<(Range<usize>, usize)>,
    /// Words in which a digit follows a letter: `F33.1`.
    pub(super) codes: Vec<Range<usize>>,
}

impl Survey {
    /// Surveys a text. Stretches of fewer than `least` digits are left out.
    pub(super) fn of(text: &str, least: usize) -> Self {
        let bytes = text.as_bytes();
        let mut survey = Self::default();
        let mut open: Option<(Range<usize>, usize)> = None;
        let mut at = 0;
        while let Some(start) = digits::next_digit(bytes, at) {
            let run = bytes.get(start..).unwrap_or_default();
            let length = run.iter().take_while(|byte| byte.is_ascii_digit()).count();
            // Other first bytes of digits are no business of expressions.
            at = start + length.max(1);
            if length == 0 {
                continue;
            }
            survey.code(bytes, start);
            open = match open.take() {
                Some((stretch, count)) if stretch.end + APART >= start => {
                    Some((stretch.start..at, count + length))
                }
                before => {
                    survey.close(before, least);
                    Some((start..at, length))
                }
            };
        }
        survey.close(open, least);
        survey
    }

    /// The parts of a text of `length` bytes in which an expression with so many
    /// digits can match.
    pub(super) fn parts(&self, least: usize, length: usize) -> Vec<Range<usize>> {
        let dense = self.stretches.iter().filter(|(_, count)| *count >= least);
        let wide = dense.map(|(stretch, _)| {
            stretch.start.saturating_sub(AROUND)..length.min(stretch.end.saturating_add(AROUND))
        });
        join(wide.collect())
    }

    fn close(&mut self, stretch: Option<(Range<usize>, usize)>, least: usize) {
        self.stretches.extend(stretch.filter(|(_, count)| *count >= least));
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

/// The most bytes between digits of one match.
const APART: usize = 40;
/// Bytes before the first and after the last digit of a match.
const AROUND: usize = 64;
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
            let survey = Survey::of(text, 1);
            survey.codes.into_iter().map(|code| &text[code]).collect::<Vec<_>>()
        };
        assert_eq!(codes("Diagnose F33.1, N06AB10."), ["F33.1", "N06AB10"]);
        assert_eq!(codes("12345 1.2 3a8f0c1d22e9b7f00a ٣"), [""; 0]);
    }

    #[test]
    fn finds_what_is_dense_with_digits() {
        let text = format!("1 {} 1234 5678 x", "å ".repeat(60));
        let survey = Survey::of(&text, 1);
        assert_eq!(survey.stretches.len(), 2);
        assert_eq!(survey.parts(8, text.len()).len(), 1);
        assert_eq!(Survey::of(&text, 9).stretches, []);
    }
}
