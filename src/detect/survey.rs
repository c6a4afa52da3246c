//! What the digit scanner sees on its way, for rules with expressions: nearly
//! all of them need digits of a certain sort, and most of all text has none.

use std::ops::Range;

use super::expression::Leader;

/// What the digits of a text are watched for, on behalf of all rules.
pub(super) struct Watches {
    watches: Vec<Watch>,
    /// The watches, as bits, that a run may concern: by the byte before it, and
    /// by its length.
    by_before: Box<[u64; 256]>,
    by_length: [u64; LENGTHS],
}

/// What the digits of a text are watched for, on behalf of one rule.
pub(super) struct Watch {
    /// What all matches have.
    pub(super) girth: Girth,
    /// All its expressions, if digits lead them all.
    pub(super) leaders: Vec<Leader>,
}

impl Watches {
    /// All watches together, in the order of the rules; no more than 64 rules
    /// need digits for their expressions to be quick.
    pub(super) fn of(watches: Vec<Watch>) -> Self {
        let bits = |wanted: &dyn Fn(&Girth) -> bool| {
            let all = watches.iter().enumerate();
            all.filter(|(number, watch)| *number >= 63 || wanted(&watch.girth))
                .fold(0, |bits, (number, _)| bits | 1 << number.min(63))
        };
        let mut by_before = Box::new([0; 256]);
        for (byte, slot) in (0..=u8::MAX).zip(by_before.iter_mut()) {
            *slot = bits(&|girth| girth.before.has(byte));
        }
        let by_length = std::array::from_fn(|length| {
            bits(&|girth| girth.run <= length || length + 1 == LENGTHS)
        });
        Self { watches, by_before, by_length }
    }

    /// Whether any watch may be concerned.
    #[inline]
    fn wants(&self, before: u8, length: usize) -> bool {
        self.by_before[usize::from(before)] & self.by_length[length.min(LENGTHS - 1)] != 0
    }
}

/// What is known of the digits of a text.
pub(super) struct Survey<'a> {
    watches: &'a Watches,
    /// What each watch saw.
    pub(super) sights: Vec<Sighting>,
    /// Words in which a digit follows a letter: `F33.1`.
    pub(super) codes: Vec<Range<usize>>,
}

/// What one watch saw.
pub(super) enum Sighting {
    /// Every match of each expression.
    Matches(Vec<Vec<Range<usize>>>),
    /// The parts of the text outside which nothing can match.
    Parts(Vec<Range<usize>>),
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

impl<'a> Survey<'a> {
    /// A survey on behalf of all rules.
    pub(super) fn new(watches: &'a Watches) -> Self {
        let sights = watches.watches.iter().map(|watch| match watch.leaders.len() {
            0 => Sighting::Parts(Vec::new()),
            leaders => Sighting::Matches(vec![Vec::new(); leaders]),
        });
        Self { watches, sights: sights.collect(), codes: Vec::new() }
    }

    /// Whether it must hear of a run of this length behind a byte that is no
    /// letter.
    pub(super) fn wants(&self, before: u8, length: usize) -> bool {
        self.watches.wants(before, length)
    }

    /// Takes a run of digits in; runs come by rising start.
    #[inline]
    pub(super) fn run(&mut self, text: &str, run: &Range<usize>) {
        let bytes = text.as_bytes();
        let before = run.start.checked_sub(1).and_then(|at| bytes.get(at)).copied();
        if before.is_none_or(|byte| self.watches.wants(byte, run.len())) {
            self.watch(bytes, run, before);
        }
        if before.is_some_and(|byte| byte.is_ascii_alphabetic()) {
            self.code(bytes, run.start);
        }
    }

    fn watch(&mut self, bytes: &[u8], run: &Range<usize>, before: Option<u8>) {
        for (watch, sight) in self.watches.watches.iter().zip(&mut self.sights) {
            let girth = watch.girth;
            if girth.run > run.len() || before.is_some_and(|byte| !girth.before.has(byte)) {
                continue;
            }
            match sight {
                Sighting::Matches(all) => {
                    for (leader, found) in watch.leaders.iter().zip(all) {
                        // Of two that overlap the first counts.
                        let free = found.last().is_none_or(|last| last.end <= run.start);
                        found.extend(free.then(|| leader.at(bytes, run)).flatten());
                    }
                }
                Sighting::Parts(parts) => {
                    let start = run.start.saturating_sub(girth.length);
                    let end = run.end.saturating_add(girth.length).min(bytes.len());
                    match parts.last_mut() {
                        Some(last) if last.end >= start => last.end = end,
                        Some(_) | None => parts.push(start..end),
                    }
                }
            }
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

    /// Whether a digit is one of them.
    pub(super) fn has_digits(&self) -> bool {
        (b'0'..=b'9').any(|digit| self.has(digit))
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
/// Lengths of runs that are told apart.
const LENGTHS: usize = 32;
/// The most codes of one text.
const MOST: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn survey<'a>(text: &str, watches: &'a Watches) -> Survey<'a> {
        let mut survey = Survey::new(watches);
        let digit = |at: &usize| text.as_bytes()[*at].is_ascii_digit();
        let starts = (0..text.len()).filter(|at| digit(at) && (*at == 0 || !digit(&(at - 1))));
        for start in starts {
            let end = (start..text.len()).find(|at| !digit(at)).unwrap_or(text.len());
            survey.run(text, &(start..end));
        }
        survey
    }

    #[test]
    fn knows_codes_from_hashes_and_numbers() {
        let codes = |text: &'static str| {
            let watches = Watches::of(Vec::new());
            let survey = survey(text, &watches);
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
            let watches = Watches::of(vec![Watch { girth, leaders: Vec::new() }]);
            match survey(&text, &watches).sights.pop().unwrap() {
                Sighting::Parts(parts) => parts,
                Sighting::Matches(_) => panic!("nothing leads"),
            }
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

    #[test]
    fn led_expressions_are_matched_on_the_way() {
        let leader = Leader::of(r"\b\d{2} \d{2}\b").unwrap();
        let girth = Girth { run: 2, before: Bytes::ALL, length: 5 };
        let watches = Watches::of(vec![Watch { girth, leaders: vec![leader] }]);
        match survey("12 34 56 78 9 x12 34", &watches).sights.pop().unwrap() {
            Sighting::Matches(all) => assert_eq!(all, [[0..5, 6..11]]),
            Sighting::Parts(_) => panic!("one leads"),
        }
    }
}
