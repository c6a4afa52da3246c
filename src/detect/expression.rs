//! Expressions of rules: linear, small, over bytes, and which run of digits each
//! match has for sure, so that most text need not be searched.

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::{
    ParserBuilder,
    hir::{Class, Hir, HirKind, Look},
};

use super::{
    error::RuleFault,
    survey::{Bytes, Girth},
};

/// Compiles an expression over bytes: `\b`, `\d` and `\w` are ASCII, since
/// their Unicode forms are a hundred times slower on Norwegian text.
pub(super) fn compile(pattern: &str) -> Result<Regex, RuleFault> {
    let bad = |reason: String| RuleFault::BadPattern { pattern: pattern.to_owned(), reason };
    if turns_unicode_on(pattern) {
        return Err(bad("the flag u is not allowed".to_owned()));
    }
    let built = RegexBuilder::new(pattern)
        .unicode(false)
        .size_limit(REGEX_BYTES)
        .dfa_size_limit(2 * REGEX_BYTES)
        .build();
    // The last line says it; those before draw the pattern.
    built.map_err(|error| bad(error.to_string().lines().last().unwrap_or("invalid").to_owned()))
}

/// What matches of `pattern` are like; none when they have no digits for sure,
/// or may be of any length.
pub(super) fn girth(pattern: &str) -> Option<Girth> {
    let mut parser = ParserBuilder::new().unicode(false).utf8(false).build();
    let hir = parser.parse(pattern).ok()?;
    let length = hir.properties().maximum_len().filter(|length| *length <= LONGEST)?;
    Some(Girth { length, ..run(&hir)? })
}

/// An expression whose matches all start with digits at the border of a word.
#[derive(Clone)]
pub(super) struct Leader {
    /// The expression, for text that starts where the digits do.
    regex: Regex,
    opening: Opening,
    /// The most bytes that a match takes.
    length: usize,
}

/// The digits that every match starts with.
#[derive(Clone, Copy)]
struct Opening {
    least: usize,
    most: usize,
    /// What may stand behind them; the end of the text always may.
    after: Bytes,
}

impl Leader {
    /// The same expression as a leader, if it is one.
    pub(super) fn of(pattern: &str) -> Option<Self> {
        let mut parser = ParserBuilder::new().unicode(false).utf8(false).build();
        let hir = parser.parse(pattern).ok()?;
        let length = hir.properties().maximum_len().filter(|length| *length <= LONGEST)?;
        let opening = border(&hir).filter(|opening| opening.least > 0)?;
        let regex = compile(&format!(r"\A(?:{pattern})")).ok()?;
        Some(Self { regex, opening, length })
    }

    /// What its matches are like where they start.
    pub(super) fn girth(&self) -> Girth {
        let before = Bytes::that(is_no_word);
        Girth { run: self.opening.least, before, length: self.length }
    }

    /// The match that starts with a run of digits in `upto`.
    #[inline]
    pub(super) fn at(&self, upto: &[u8], run: &Range<usize>) -> Option<Range<usize>> {
        let before = run.start.checked_sub(1).and_then(|at| upto.get(at)).copied();
        let after = upto.get(run.end).copied();
        let fits = (self.opening.least..=self.opening.most).contains(&run.len())
            && before.is_none_or(is_no_word)
            && after.is_none_or(|byte| self.opening.after.has(byte));
        if !fits {
            return None;
        }
        // One byte more than a match can take tells what is behind it.
        let end = upto.len().min(run.start.saturating_add(self.length + 1));
        let found = self.regex.find(upto.get(run.start..end)?)?;
        Some(run.start..run.start + found.end())
    }
}

/// The digits behind the border of a word that every match starts with.
fn border(hir: &Hir) -> Option<Opening> {
    match hir.kind() {
        HirKind::Alternation(parts) => {
            let all: Option<Vec<_>> = parts.iter().map(border).collect();
            all?.into_iter().reduce(|one, other| Opening {
                least: one.least.min(other.least),
                most: one.most.max(other.most),
                after: one.after.or(other.after),
            })
        }
        HirKind::Capture(capture) => border(&capture.sub),
        HirKind::Concat(parts) => {
            let (first, rest) = parts.split_first()?;
            let at_border = matches!(first.kind(), HirKind::Look(Look::WordAscii));
            at_border.then(|| opening(rest))
        }
        HirKind::Class(_)
        | HirKind::Empty
        | HirKind::Literal(_)
        | HirKind::Look(_)
        | HirKind::Repetition(_) => None,
    }
}

/// The digits that every match of a sequence starts with.
fn opening(parts: &[Hir]) -> Opening {
    let open = |least| Opening { least, most: usize::MAX, after: Bytes::ALL };
    let (mut least, mut most) = (0, 0_usize);
    for (at, part) in parts.iter().enumerate() {
        if let Some(digits) = digits(part) {
            least += digits;
            most = most.saturating_add(part.properties().maximum_len().unwrap_or(usize::MAX));
            continue;
        }
        let after = first_of(parts.get(at..).unwrap_or_default());
        return match after.filter(|after| !after.has_digits()) {
            Some(after) => Opening { least, most, after },
            None => open(least + leading(part)),
        };
    }
    open(least)
}

/// What every match of a sequence starts with; none if it may be nothing.
fn first_of(parts: &[Hir]) -> Option<Bytes> {
    let mut all = Bytes::that(|_| false);
    for part in parts {
        let (first, empty) = first(part);
        all = all.or(first);
        if !empty {
            return Some(all);
        }
    }
    None
}

/// What a match starts with or stands before, and whether it may be nothing.
fn first(hir: &Hir) -> (Bytes, bool) {
    match hir.kind() {
        HirKind::Alternation(parts) => parts
            .iter()
            .map(first)
            .reduce(|one, other| (one.0.or(other.0), one.1 || other.1))
            .unwrap_or((Bytes::ALL, true)),
        HirKind::Capture(capture) => first(&capture.sub),
        HirKind::Concat(parts) => first_of(parts).map_or((Bytes::ALL, true), |all| (all, false)),
        HirKind::Literal(literal) => match literal.0.first() {
            Some(first) => (Bytes::that(|byte| byte == *first), false),
            None => (Bytes::ALL, true),
        },
        // Behind digits, which are of words.
        HirKind::Look(Look::WordAscii) => (Bytes::that(is_no_word), false),
        HirKind::Repetition(repetition) => {
            let (first, empty) = first(&repetition.sub);
            (first, empty || repetition.min == 0)
        }
        HirKind::Class(_) => last(hir).map_or((Bytes::ALL, true), |set| (set, false)),
        HirKind::Empty | HirKind::Look(_) => (Bytes::ALL, true),
    }
}

fn is_no_word(byte: u8) -> bool {
    !byte.is_ascii_alphanumeric() && byte != b'_'
}

/// The rarest run of digits that every match holds.
fn run(hir: &Hir) -> Option<Girth> {
    match hir.kind() {
        HirKind::Alternation(parts) => {
            let runs: Option<Vec<_>> = parts.iter().map(run).collect();
            runs?.into_iter().reduce(Girth::or)
        }
        HirKind::Capture(capture) => run(&capture.sub),
        HirKind::Concat(parts) => runs(parts).into_iter().max_by_key(rarity),
        HirKind::Literal(literal) if literal.0.len() > 1 => {
            let bytes: Vec<_> = literal.0.iter().map(|byte| Hir::literal([*byte])).collect();
            runs(&bytes).into_iter().max_by_key(rarity)
        }
        HirKind::Repetition(repetition) if digits(hir).is_none() => {
            run(&repetition.sub).filter(|_| repetition.min > 0)
        }
        HirKind::Class(_)
        | HirKind::Empty
        | HirKind::Literal(_)
        | HirKind::Look(_)
        | HirKind::Repetition(_) => {
            let digits = digits(hir).filter(|digits| *digits > 0);
            digits.map(|run| Girth { run, before: Bytes::ALL, length: 0 })
        }
    }
}

/// How rare a run is: longer ones are rarer, and rarer still are digits right
/// behind anything but a blank.
fn rarity(girth: &Girth) -> (usize, bool) {
    let glued = if girth.before.has(b' ') { 0 } else { LETTER };
    (girth.run + glued, girth.before != Bytes::ALL)
}

/// The runs of digits that every match of a sequence holds.
fn runs(parts: &[Hir]) -> Vec<Girth> {
    let mut runs = Vec::new();
    let mut open = Girth { run: 0, before: Bytes::ALL, length: 0 };
    for part in parts {
        if let Some(digits) = digits(part) {
            open.run += digits;
            continue;
        }
        runs.push(Girth { run: open.run + leading(part), ..open });
        runs.extend(run(part));
        // Where digits may come before, the run may start before them.
        let before = last(part).filter(|last| !last.has_digits());
        open = Girth { run: 0, before: before.unwrap_or(Bytes::ALL), length: 0 };
    }
    runs.push(open);
    runs.retain(|girth| girth.run > 0);
    runs
}

/// The fewest digits that an expression matches, if it matches nothing else.
fn digits(hir: &Hir) -> Option<usize> {
    match hir.kind() {
        HirKind::Alternation(parts) => {
            let all: Option<Vec<_>> = parts.iter().map(digits).collect();
            all?.into_iter().min()
        }
        HirKind::Capture(capture) => digits(&capture.sub),
        HirKind::Class(_) => last(hir).filter(|set| *set == set.digits()).map(|_| 1),
        HirKind::Concat(parts) => parts.iter().map(digits).sum(),
        HirKind::Empty | HirKind::Look(_) => None,
        HirKind::Literal(literal) => {
            literal.0.iter().all(u8::is_ascii_digit).then_some(literal.0.len())
        }
        HirKind::Repetition(repetition) => {
            let times = usize::try_from(repetition.min).unwrap_or(usize::MAX);
            digits(&repetition.sub).map(|digits| digits.saturating_mul(times))
        }
    }
}

/// How many digits every match starts with.
fn leading(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Alternation(parts) => parts.iter().map(leading).min().unwrap_or(0),
        HirKind::Capture(capture) => leading(&capture.sub),
        HirKind::Concat(parts) => leading_of(parts),
        HirKind::Literal(literal) => {
            literal.0.iter().take_while(|byte| byte.is_ascii_digit()).count()
        }
        HirKind::Repetition(repetition) if repetition.min > 0 => leading(&repetition.sub),
        HirKind::Class(_) | HirKind::Empty | HirKind::Look(_) | HirKind::Repetition(_) => {
            digits(hir).unwrap_or(0)
        }
    }
}

fn leading_of(parts: &[Hir]) -> usize {
    let pure: Vec<_> = parts.iter().map_while(digits).collect();
    let next = parts.get(pure.len()).map_or(0, leading);
    pure.into_iter().fold(next, usize::saturating_add)
}

/// What every match ends with, or stands behind; none if that is not known.
fn last(hir: &Hir) -> Option<Bytes> {
    match hir.kind() {
        HirKind::Capture(capture) => last(&capture.sub),
        HirKind::Class(Class::Bytes(class)) => Some(Bytes::that(|byte| {
            class.iter().any(|range| (range.start()..=range.end()).contains(&byte))
        })),
        HirKind::Concat(parts) => parts.last().and_then(last),
        HirKind::Literal(literal) => literal.0.last().map(|last| Bytes::that(|byte| byte == *last)),
        // Before digits, which are of words.
        HirKind::Look(Look::WordAscii) => Some(Bytes::that(is_no_word)),
        HirKind::Repetition(repetition) if repetition.min > 0 => last(&repetition.sub),
        HirKind::Alternation(_)
        | HirKind::Class(Class::Unicode(_))
        | HirKind::Empty
        | HirKind::Look(_)
        | HirKind::Repetition(_) => None,
    }
}

/// Whether a flag group such as `(?iu)` switches Unicode classes back on.
fn turns_unicode_on(pattern: &str) -> bool {
    pattern.split("(?").skip(1).any(|rest| {
        let flags = rest.split([')', ':', '-']).next().unwrap_or("");
        flags.bytes().all(|flag| flag.is_ascii_alphabetic()) && flags.contains('u')
    })
}

/// The size of one compiled expression.
const REGEX_BYTES: usize = 1 << 20;
/// Matches longer than this are looked for everywhere.
const LONGEST: usize = 256;
/// As many digits as a letter before them is worth.
const LETTER: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_run_of_digits_that_every_match_holds() {
        let word = Bytes::that(is_no_word);
        let capital = Bytes::that(|byte| byte.is_ascii_uppercase());
        for (pattern, run, before, length) in [
            (r"\d{6}[-+]?\d{4}", 6, Bytes::ALL, 11),
            (r"\b(?:19|20)?\d{2}[01]\d ?\d{4}\b", 4, word, 11),
            (r"[A-Z]\d\d(\.\d)?", 2, capital, 5),
            (r"[A-Z0-9]\d\d", 2, Bytes::ALL, 3),
            (r"4711|\d{2,5}", 2, Bytes::ALL, 5),
            (r"(?:ab1){3}", 1, Bytes::that(|byte| byte == b'b'), 9),
            (r"\b[A-Z]{2}\d\d ?\d{4}", 2, capital, 9),
        ] {
            assert_eq!(girth(pattern), Some(Girth { run, before, length }), "{pattern}");
        }
        for pattern in [r"AKIA[0-9A-Z]{16}", r"\d+", r"\b", r"1.{300}", r"(?:a1)?", r"\d*"] {
            assert_eq!(girth(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn a_leader_matches_where_its_digits_start() {
        let leader = Leader::of(r"\b\d\d(?: \d\d){3}\b|\b[489]\d{7}\b").unwrap();
        let text = b"x 22 33 44 55 999999999 a48484848";
        assert_eq!(leader.at(text, &(2..4)), Some(2..13));
        for run in [5..7, 14..23, 25..33] {
            assert_eq!(leader.at(text, &run), None);
        }
        let swedish = Leader::of(r"\b(?:19|20)?\d{6} ?[-+] ?\d{4}\b").unwrap();
        for (text, length) in [("370217-9205", 6), ("19370217 + 9205x", 8), ("370217-92051", 6)] {
            let whole = text.len() < 12;
            assert_eq!(swedish.at(text.as_bytes(), &(0..length)).is_some(), whole, "{text}");
        }
        let Opening { least, most, after } = swedish.opening;
        assert_eq!((least, most, after), (6, 8, Bytes::that(|byte| b" -+".contains(&byte))));
        for pattern in [r"\d\d", r"\b\d?x", r"\b[A-Z]\d", r"\b\d+", r"\b\d|x"] {
            assert!(Leader::of(pattern).is_none(), "{pattern}");
        }
    }
}
