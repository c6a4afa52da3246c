//! Text of a message as it may be shown: findings marked, every value masked.
//!
//! A value that a rule found keeps what its masked form shows. Beyond that, of
//! digits that stand together all but the first few are hidden, whether or not
//! a rule knows what they are: the text around a finding may hold the next
//! number, written so that no rule knew it.

use std::ops::Range;

/// A stretch of text, and which finding it is of, if any.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Piece {
    /// The text, masked.
    pub text: String,
    /// The finding, by its place in the list.
    pub finding: Option<usize>,
}

/// A value in a text.
pub(super) struct Value {
    /// Which finding.
    pub(super) finding: usize,
    /// Where, in bytes.
    pub(super) place: Range<usize>,
    /// How many of its letters and digits may be seen.
    pub(super) shown: usize,
}

/// A text with its values masked, character by character.
pub(super) struct Hidden(Vec<Letter>);

struct Letter {
    /// Its first byte in the text.
    at: usize,
    is: char,
    shown: char,
    finding: Option<usize>,
}

/// How much may be seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sight {
    /// No value.
    Masked,
    /// Everything.
    Revealed,
}

impl Hidden {
    /// Marks `values` in `text`, and masks them and all long numbers.
    pub(super) fn of<'a>(
        text: &str,
        values: impl IntoIterator<Item = &'a Value>,
        sight: Sight,
    ) -> Self {
        let letter = |(at, c)| Letter { at, is: c, shown: c, finding: None };
        let mut hidden = Self(text.char_indices().map(letter).collect());
        if sight == Sight::Masked {
            hide_numbers(&mut hidden.0);
        }
        for value in values {
            let place = hidden.letters(&value.place);
            let mut seen = 0;
            for letter in hidden.0.get_mut(place).unwrap_or_default() {
                seen += usize::from(letter.is.is_alphanumeric());
                let beyond = letter.is.is_alphanumeric() && seen > value.shown;
                let hides = beyond && sight == Sight::Masked;
                // One of two rules hides what the other shows.
                match letter.finding {
                    _ if hides => letter.shown = '*',
                    None => letter.shown = letter.is,
                    Some(_) => {}
                }
                letter.finding.get_or_insert(value.finding);
            }
        }
        hidden
    }

    /// The part of the text in `range`, in bytes, as pieces.
    pub(super) fn pieces(&self, range: Range<usize>) -> Vec<Piece> {
        self.pieces_of(self.letters(&range))
    }

    /// The surroundings of a value, on one line.
    pub(super) fn around(&self, place: &Range<usize>) -> Vec<Piece> {
        let inside = self.letters(place);
        let from = inside.start.saturating_sub(CONTEXT);
        let to = inside.end.saturating_add(CONTEXT).min(self.0.len());
        let mut pieces = self.pieces_of(from..to);
        for piece in &mut pieces {
            piece.text = piece.text.replace(|c: char| c.is_control(), " ");
        }
        pieces
    }

    fn pieces_of(&self, letters: Range<usize>) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        for letter in self.0.get(letters).unwrap_or_default() {
            match pieces.last_mut() {
                Some(last) if last.finding == letter.finding => last.text.push(letter.shown),
                Some(_) | None => {
                    let text = letter.shown.to_string();
                    pieces.push(Piece { text, finding: letter.finding });
                }
            }
        }
        pieces
    }

    fn letters(&self, bytes: &Range<usize>) -> Range<usize> {
        let from = self.0.partition_point(|letter| letter.at < bytes.start);
        let to = self.0.partition_point(|letter| letter.at < bytes.end);
        from..to.max(from)
    }
}

/// A text of which nothing was found, with all long numbers masked.
pub fn hidden(text: &str) -> String {
    Hidden::of(text, [], Sight::Masked).0.into_iter().map(|letter| letter.shown).collect()
}

fn hide_numbers(letters: &mut [Letter]) {
    let mut at = 0;
    while at < letters.len() {
        let rest = letters.get_mut(at..).unwrap_or_default();
        let length = number_length(rest);
        let run = rest.get_mut(..length).unwrap_or_default();
        let digits = run.iter().filter(|letter| letter.is.is_numeric()).count();
        if digits >= LONG {
            let long = run.iter_mut().filter(|letter| letter.is.is_numeric()).skip(SHOWN);
            long.for_each(|letter| letter.shown = '*');
        }
        at += length.max(1);
    }
}

/// How far digits go from here that may belong together: with at most a few
/// separators between them. 0 when no digit stands here.
fn number_length(letters: &[Letter]) -> usize {
    let mut end = 0;
    let mut between = 0;
    for (at, letter) in letters.iter().enumerate() {
        let c = letter.is;
        if c.is_numeric() {
            end = at + 1;
            between = 0;
        } else if end == 0
            || c.is_alphabetic()
            || between == APART
            || starts_time(letters, at)
            || starts_zone(letters, at)
        {
            break;
        } else {
            between += 1;
        }
    }
    end
}

/// Whether a blank stands before a time of day, as in `2026-11-23 10:15`.
fn starts_time(letters: &[Letter], at: usize) -> bool {
    let next = |offset: usize| letters.get(at + offset).map(|letter| letter.is);
    let digit = |offset| next(offset).is_some_and(|c: char| c.is_ascii_digit());
    next(0) == Some(' ') && digit(1) && digit(2) && next(3) == Some(':')
}

/// Whether a blank stands between a time of day and its zone, as in
/// `09:00:00 +0100`.
fn starts_zone(letters: &[Letter], at: usize) -> bool {
    let Some(before) = at.checked_sub(3).and_then(|from| letters.get(from..at)) else {
        return false;
    };
    let next = |offset: usize| letters.get(at + offset).map(|letter| letter.is);
    let is_digit = |offset| next(offset).is_some_and(|c: char| c.is_ascii_digit());
    before[0].is == ':'
        && next(0) == Some(' ')
        && matches!(next(1), Some('+' | '-'))
        && (2..6).all(is_digit)
        && !is_digit(6)
}

/// Characters shown on each side of a finding.
const CONTEXT: usize = 90;
/// No identity number has fewer digits.
const LONG: usize = 9;
const SHOWN: usize = 4;
/// Separators within a number.
const APART: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, word: &str, shown: usize) -> Value {
        let at = text.find(word).unwrap();
        Value { finding: 0, place: at..at + word.len(), shown }
    }

    #[test]
    fn masks_a_value_and_every_other_number_around_it() {
        let text = "født 138278 30652, ikke 158305-60277 eller tlf 22 22 22 22";
        let hidden = Hidden::of(text, &[value(text, "138278 30652", 6)], Sight::Masked);
        let shown: String =
            hidden.pieces(0..text.len()).into_iter().map(|piece| piece.text).collect();
        assert_eq!(shown, "født 138278 *****, ikke 1583**-***** eller tlf 22 22 22 22");
    }

    #[test]
    fn keeps_dates_and_times() {
        for text in ["2026-11-23 10:15:00", "23.11.2026", "Mon, 23 Nov 2026 09:00:00 +0100"] {
            assert_eq!(hidden(text), text);
        }
    }

    #[test]
    fn hides_what_people_do_to_numbers() {
        for text in [
            "1 3 8 2 7 8 3 0 6 5 2",
            "138278\u{200b}30652",
            "138278\r\n30652",
            "138278 - 30652",
            "１３８２７８３０６５２",
            "138278\t30652",
        ] {
            let shown: Vec<_> = hidden(text).chars().filter(|c| c.is_numeric()).collect();
            assert_eq!(shown.len(), 4, "{text:?}");
        }
    }

    #[test]
    fn marks_pieces_and_their_surroundings() {
        let text = format!("{}\nnr 13827830652 her", "x".repeat(300));
        let hidden = Hidden::of(&text, &[value(&text, "13827830652", 6)], Sight::Masked);
        let pieces = hidden.around(&(304..315));
        assert_eq!(pieces[1], Piece { text: "138278*****".to_owned(), finding: Some(0) });
        assert!(pieces[0].text.ends_with(" nr ") && pieces[0].text.len() == CONTEXT);
        assert_eq!(pieces[2].text, " her");
    }
}
