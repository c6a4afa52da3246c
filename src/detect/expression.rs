//! Expressions of rules: linear, small, over bytes, and how many digits each
//! match has at the least, so that most text need not be searched.

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::{
    ParserBuilder,
    hir::{Class, Hir, HirKind},
};

use super::{error::RuleFault, survey::Girth};

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
    let digits = least(&hir);
    (digits > 0).then_some(Girth { digits, length })
}

fn least(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => literal.0.iter().filter(|byte| byte.is_ascii_digit()).count(),
        HirKind::Class(class) => usize::from(is_digits(class)),
        HirKind::Repetition(repetition) => {
            let times = usize::try_from(repetition.min).unwrap_or(usize::MAX);
            least(&repetition.sub).saturating_mul(times)
        }
        HirKind::Capture(capture) => least(&capture.sub),
        HirKind::Concat(parts) => parts.iter().map(least).fold(0, usize::saturating_add),
        HirKind::Alternation(parts) => parts.iter().map(least).min().unwrap_or(0),
    }
}

fn is_digits(class: &Class) -> bool {
    match class {
        Class::Bytes(class) => {
            class.iter().all(|range| range.start().is_ascii_digit() && range.end().is_ascii_digit())
        }
        Class::Unicode(class) => {
            class.iter().all(|range| range.start().is_ascii_digit() && range.end().is_ascii_digit())
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_digits_of_the_shortest_match() {
        for (pattern, digits, length) in [
            (r"\d{6}[-+]?\d{4}", 10, 11),
            (r"[A-Z]\d\d(\.\d)?", 2, 5),
            (r"4711|\d{2,5}", 2, 5),
            (r"(?:ab1){3}", 3, 9),
        ] {
            assert_eq!(girth(pattern), Some(Girth { digits, length }), "{pattern}");
        }
        for pattern in [r"AKIA[0-9A-Z]{16}", r"\d+", r"\b", r"1.{300}"] {
            assert_eq!(girth(pattern), None, "{pattern}");
        }
    }
}
