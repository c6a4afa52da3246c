//! The scanner in its plainest form: digit by digit, every shape at every
//! digit. Slow, easy to read, and what the fast one is held against.

use std::ops::Range;

use proptest::prelude::*;

use super::tests::heard;
use crate::detect::{
    candidate::{Candidate, Layout, Role, Shape, Values},
    cluster::GAP,
    digits::{self, Separator, Sign},
    validators::TABLE,
};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn the_fast_scanner_hears_what_the_plain_one_does(text in digits_and_such()) {
        agree(&text);
    }
}

#[test]
fn long_clusters_are_worked_off_without_loss() {
    for (part, count) in [("1 ", 3000), ("13827830652 ", 900), ("138278-30652;", 900), ("1.", 2000)]
    {
        agree(&part.repeat(count));
        agree(&(part.repeat(count) + "138278 30652\n1 3 8 2 7 8 3 0 6 5 2"));
        agree(&(part.repeat(count) + "1 3 8 2 7 8\n3 0 6 5 2 x 1-3-8-2-7-8 3-0-6-5-2 y 1 3-8 2"));
    }
    agree(&"7".repeat(5000));
    agree(&("7".repeat(90) + ".13827830652").repeat(20));
}

/// Digits in groups of likely lengths, with what may stand between them.
fn digits_and_such() -> impl Strategy<Value = String> {
    let digits = prop_oneof![
        4 => "[0-9]{1,6}",
        1 => "[0-9]{7,24}",
        1 => Just("13827830652".to_owned()),
        1 => "[٠-٩７１]{1,3}",
    ];
    let between = prop_oneof![
        4 => "[ .-]{1,2}",
        2 => "[ \t\n\r:;,/_|>~]{1,3}",
        2 => "[a-zæø]{1,3} ?",
        2 => "[\u{ad}\u{200b}\u{a0}\u{2212}–“·=%]{1,2}",
        1 => Just("%20".to_owned()),
        1 => Just("=\r\n".to_owned()),
        1 => Just(String::new()),
        1 => "[a-z ]{40,90}",
        1 => "[ .\n-]{4,9}",
    ];
    prop::collection::vec((digits, between), 0..40)
        .prop_map(|parts| parts.into_iter().flat_map(|(a, b)| [a, b]).collect())
}

/// Holds both scanners against each other, with shapes of every sort.
fn agree(text: &str) {
    let shape = |(digits, groups, role)| Shape { digits, groups, role };
    let whole = Role::Whole(&TABLE[0]);
    let shapes: [(usize, &[usize], Role); 10] = [
        (11, &[4, 6], whole),
        (16, &[4, 8, 12], whole),
        (9, &[3, 6], whole),
        (11, &[2, 4, 6, 9], whole),
        (19, &[4, 8, 12, 16], whole),
        (6, &[2, 4], Role::Date),
        (8, &[2, 4], Role::Date),
        (8, &[4, 6], Role::DateByYear),
        (5, &[], Role::Rest),
        (10, &[], Role::LostZero),
    ];
    let shapes = shapes.map(shape);
    let mut plain = Vec::new();
    plainly(text, &shapes, |shape, candidate| {
        if shape.role.takes(candidate.layout) {
            plain.push((shape.digits, candidate));
        }
    });
    // Of one start the fast one tells the shortest first.
    let key = |(digits, candidate): &(usize, Candidate)| (candidate.place.start, *digits);
    plain.sort_by_key(key);
    let mut heard = heard(text, &shapes);
    heard.candidates.sort_by_key(key);
    assert_eq!(heard.candidates, plain, "{text:?}");
    let runs: Vec<_> = text
        .split_inclusive(|c: char| !c.is_ascii_digit())
        .scan(0, |at, part| {
            let start = *at;
            *at += part.len();
            Some(start..start + part.bytes().take_while(u8::is_ascii_digit).count())
        })
        .filter(|run| !run.is_empty())
        .collect();
    assert_eq!(heard.runs, runs, "{text:?}");
}

/// Calls `found` for every candidate of one of `shapes` in `text`, in the
/// order of their ends.
fn plainly(text: &str, shapes: &[Shape], mut found: impl FnMut(&Shape, Candidate)) {
    let mut cluster = Vec::new();
    let mut at = 0;
    let starts = |byte: &u8| byte.is_ascii_digit() || *byte >= 0xD9;
    while let Some(offset) = text.as_bytes()[at..].iter().position(starts) {
        let start = at + offset;
        let mut done = |cluster: &[Digit], range: Range<usize>| {
            windows(cluster, range, shapes, &mut found);
        };
        let coded = text.get(..start).is_some_and(|before| before.ends_with('%'));
        if coded && text.get(start..).is_some_and(|rest| rest.starts_with("20")) {
            read_cluster(text, start + 2, &mut cluster, &mut done);
        }
        at = read_cluster(text, start, &mut cluster, done);
    }
}

/// One digit of a cluster.
#[derive(Clone, Copy)]
struct Digit {
    value: u8,
    start: usize,
    end: usize,
    gap: Gap,
}

/// What lies before a digit.
#[derive(Clone, Copy, Default)]
struct Gap {
    /// The sorts of separators in it.
    separators: u16,
    /// How many characters of it can be seen.
    width: u16,
    /// How many lines end in it.
    lines: u8,
}

impl Gap {
    fn is_empty(self) -> bool {
        self.separators == 0
    }

    fn has(self, separator: Separator) -> bool {
        self.separators & separator.bit() != 0
    }

    fn is_only(self, separator: Separator) -> bool {
        self.separators == separator.bit()
    }
}

/// Reads digits from `start` until something ends them, hands them to `done`
/// together with the range of starts to try, and tells where to go on.
fn read_cluster(
    text: &str,
    start: usize,
    cluster: &mut Vec<Digit>,
    mut done: impl FnMut(&[Digit], Range<usize>),
) -> usize {
    cluster.clear();
    let mut gap = Gap::default();
    let mut chars = text.get(start..).unwrap_or("").char_indices().peekable();
    let mut end = text.len();
    while let Some((offset, c)) = chars.next() {
        let at = start + offset;
        match digits::sign(c) {
            Sign::Digit(value) => {
                cluster.push(Digit { value, start: at, end: at + c.len_utf8(), gap });
                gap = Gap::default();
            }
            Sign::Invisible => {}
            Sign::Separator(separator) if gap.add(separator, c) => {}
            Sign::Break if gap.is_quoted(c) => {}
            // A soft line break of quoted-printable.
            Sign::Break if c == '=' && matches!(chars.peek(), Some((_, '\r' | '\n'))) => {}
            Sign::Break if c == '%' && is_blank(chars.clone()) && gap.add(Separator::Space, c) => {
                chars.nth(1);
            }
            Sign::Break | Sign::Separator(_) => {
                end = at + c.len_utf8();
                break;
            }
        }
    }
    done(cluster, 0..cluster.len());
    end
}

/// Whether a percent sign starts the blank of a web address.
fn is_blank(mut after: impl Iterator<Item = (usize, char)>) -> bool {
    let mut next = || after.next().map(|(_, c)| c);
    (next(), next()) == (Some('2'), Some('0'))
}

impl Gap {
    /// Takes a separator in; tells whether the gap may go on.
    fn add(&mut self, separator: Separator, c: char) -> bool {
        self.separators |= separator.bit();
        self.width += 1;
        let blank = matches!(separator, Separator::Space | Separator::Tab | Separator::Line);
        if separator == Separator::Line && c != '\r' {
            self.lines = self.lines.saturating_add(1);
        }
        // Signs weigh more than blanks: "--", but not a whole rule of dashes.
        self.width += if blank { 0 } else { 2 };
        self.width <= GAP && self.lines <= 2
    }

    /// Whether `c` marks a quotation at the start of a line.
    fn is_quoted(&mut self, c: char) -> bool {
        self.width += 1;
        c == '>' && self.lines > 0 && self.width <= GAP
    }
}

/// Tries every group in `range` of a cluster as a start.
fn windows(
    cluster: &[Digit],
    range: Range<usize>,
    shapes: &[Shape],
    found: &mut impl FnMut(&Shape, Candidate),
) {
    for start in range {
        let (before, rest) = cluster.split_at(start.min(cluster.len()));
        let starts_group = rest.first().is_some_and(|first| start == 0 || !first.gap.is_empty());
        if !starts_group {
            continue;
        }
        for shape in shapes.iter().filter(|shape| rest.len() >= shape.digits) {
            let (digits, after) = rest.split_at(shape.digits);
            let ends_group = after.first().is_none_or(|next| !next.gap.is_empty());
            let candidate = || candidate(before, digits, after, shape);
            if let Some(candidate) = ends_group.then(candidate).flatten() {
                found(shape, candidate);
            }
        }
    }
}

/// The digits as a candidate; none when they cannot be one number.
fn candidate(
    before: &[Digit],
    digits: &[Digit],
    after: &[Digit],
    shape: &Shape,
) -> Option<Candidate> {
    let layout = layout(before, digits, after, shape)?;
    let (first, last) = (digits.first()?, digits.last()?);
    let decimal = layout == Layout::Plain && is_decimal(before, first, after);
    let place = first.start..last.end;
    let digits = Values::of(digits.iter().map(|digit| digit.value));
    Some(Candidate { digits, place, layout, decimal })
}

/// How the digits are grouped; none when they cannot be one number.
fn layout(before: &[Digit], digits: &[Digit], after: &[Digit], shape: &Shape) -> Option<Layout> {
    let inner = digits.get(1..)?;
    if inner.iter().all(|digit| digit.gap.is_empty()) {
        return Some(Layout::Plain);
    }
    let gaps = inner.iter().map(|digit| digit.gap).filter(|gap| !gap.is_empty());
    let count = gaps.clone().count();
    let first = gaps.clone().next()?;
    if count == inner.len() {
        let mut splits = inner.iter().zip(1..);
        let even = splits.all(|(digit, split)| {
            digit.gap.separators == first.separators || split == shape.main_split()
        });
        let longer = |gap: Gap| gap.separators == first.separators;
        let alone = !(digits.first().is_some_and(|digit| !before.is_empty() && longer(digit.gap))
            || after.first().is_some_and(|digit| longer(digit.gap)));
        let layout = if first.has(Separator::Cell) { Layout::Odd } else { Layout::Spaced };
        return (even && alone).then_some(layout);
    }
    if gaps.clone().filter(|gap| gap.lines > 0).count() > 1 {
        return None;
    }
    let splits = inner.iter().zip(1..).filter(|(digit, _)| !digit.gap.is_empty());
    let usual = splits.clone().all(|(digit, split)| {
        // Mail is wrapped anywhere.
        (digit.gap.lines == 1 || shape.groups.contains(&split)) && !digit.gap.has(Separator::Cell)
    });
    let cells = splits.clone().filter(|(digit, _)| digit.gap.has(Separator::Cell));
    if cells.clone().next().is_some() {
        // Two cells: a date and what follows it, never more.
        let apart = count == 1 && cells.clone().all(|(_, split)| split == shape.main_split());
        return apart.then_some(Layout::Odd);
    }
    Some(if usual { Layout::Grouped } else { Layout::Odd })
}

/// Whether a full stop makes the digits a part of a decimal number. Commas do
/// not count: they stand between the fields of every second table.
fn is_decimal(before: &[Digit], first: &Digit, after: &[Digit]) -> bool {
    let dot = |gap: Gap| gap.is_only(Separator::Dot) && gap.lines == 0;
    // A second stop further left makes it a chain: 2.16.578 and dates.
    let group_start = before.iter().rev().find(|digit| !digit.gap.is_empty());
    let chain = group_start.is_some_and(|digit| digit.gap.has(Separator::Dot));
    let left = !before.is_empty() && dot(first.gap) && !chain;
    let decimals = after.iter().skip(1).take_while(|digit| digit.gap.is_empty()).count() + 1;
    let right = after.first().is_some_and(|next| dot(next.gap)) && decimals <= 2;
    left || right
}
