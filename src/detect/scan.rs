//! Finds runs of digits that may be one number, however they are written.
//!
//! One pass over the bytes collects digits into clusters, with what stands
//! between them; every group in a cluster is tried as a start. What lies
//! between other groups than people make, or looks like a decimal or a hash,
//! is still a candidate, but a doubtful one: scores decide. Offsets are bytes
//! of the original text, always between characters.

use std::ops::Range;

use super::{
    digits::{self, Separator, Sign},
    validators::Validator,
};

/// Digits that may be one number.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Candidate {
    /// The values, 0 to 9.
    pub(super) digits: Values,
    /// Where it stands, in bytes.
    pub(super) place: Range<usize>,
    /// How it is written.
    pub(super) layout: Layout,
    /// Whether it reads as a part of a decimal number.
    pub(super) decimal: bool,
}

/// A few digits, in place: candidates are many.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Values {
    values: [u8; MOST_DIGITS],
    length: usize,
}

impl Values {
    /// The first values, as many as a number can have.
    pub(super) fn of(digits: impl Iterator<Item = u8>) -> Self {
        let mut values = [0; MOST_DIGITS];
        let slots = values.iter_mut().zip(digits);
        let length = slots.map(|(slot, digit)| *slot = digit).count();
        Self { values, length }
    }
}

impl std::ops::Deref for Values {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.values.get(..self.length).unwrap_or_default()
    }
}

/// How the digits of a candidate are grouped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Layout {
    /// In groups that people make for this sort of number.
    Grouped,
    /// In other groups, or with a border of table cells inside.
    Odd,
    /// Without any separator.
    Plain,
    /// Every digit apart from the next.
    Spaced,
}

/// A sort of candidate: how many digits, and where people group them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Shape {
    /// How many digits.
    pub(super) digits: usize,
    /// After how many digits a separator is usual, rising.
    pub(super) groups: &'static [usize],
}

/// Calls `found` for every candidate of one of `shapes` in `text`, in the
/// order of their ends.
pub(super) fn scan(text: &str, shapes: &[Shape], mut found: impl FnMut(&Shape, Candidate)) {
    let mut cluster = Vec::new();
    let mut at = 0;
    while let Some(start) = digits::next_digit(text.as_bytes(), at) {
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
    let mut tried = 0;
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
        if cluster.len() >= CLUSTER {
            let keep = cluster.len() - OVERLAP;
            done(cluster, tried..keep);
            let drained = keep.saturating_sub(OVERLAP);
            cluster.drain(..drained);
            tried = keep - drained;
        }
    }
    done(cluster, tried..cluster.len());
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
    let mut gaps = inner.iter().map(|digit| digit.gap).filter(|gap| !gap.is_empty());
    let count = gaps.clone().count();
    let first = gaps.clone().next()?;
    if count == inner.len() {
        let even = gaps.all(|gap| gap.separators == first.separators);
        let longer = |gap: Gap| gap.separators == first.separators;
        let alone = !(digits.first().is_some_and(|digit| !before.is_empty() && longer(digit.gap))
            || after.first().is_some_and(|digit| longer(digit.gap)));
        return (even && alone && !first.has(Separator::Cell)).then_some(Layout::Spaced);
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

impl Validator {
    /// What the digit scanner looks for on its behalf.
    pub(super) fn shapes(&self) -> impl Iterator<Item = Shape> {
        let groups = self.groups;
        self.lengths.iter().map(move |digits| Shape { digits: *digits, groups })
    }
}

impl Shape {
    /// Where the halves of the number meet.
    fn main_split(&self) -> usize {
        self.groups.iter().copied().find(|group| group * 2 >= self.digits).unwrap_or(0)
    }
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

/// The most characters between two digits of one number.
const GAP: u16 = 12;
/// Digits in a cluster before it is worked off, so that a file of nothing but
/// digits needs little memory.
const CLUSTER: usize = 4096;
/// The most digits that a shape may have.
const MOST_DIGITS: usize = 20;
/// Digits kept then: more than any shape has.
const OVERLAP: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    const PERSON: Shape = Shape { digits: 11, groups: &[2, 4, 6, 9] };

    fn found(text: &str) -> Vec<(String, Layout)> {
        let mut all = Vec::new();
        scan(text, &[PERSON], |_, candidate| {
            let digits = candidate.digits.iter().map(|digit| char::from(b'0' + digit)).collect();
            assert!(text.get(candidate.place.clone()).is_some(), "{:?}", candidate.place);
            all.push((digits, candidate.layout));
        });
        all
    }

    fn layout_of(text: &str) -> Option<Layout> {
        found(text)
            .into_iter()
            .find(|(digits, _)| digits == "13827830652")
            .map(|(_, layout)| layout)
    }

    #[test]
    fn reads_a_number_however_it_is_grouped() {
        for text in [
            "138278 30652",
            "13.82.78-30652",
            "138278 306 52",
            "13 82 78 306 52",
            "138278 - 30652",
            "138278  30652",
            "138278\u{2212}30652",
            "138278\n> 30652",
            "138\n27830652",
            "138278=\r\n30652",
            "138278/30652",
            "138278%2030652",
        ] {
            assert_eq!(layout_of(text), Some(Layout::Grouped), "{text}");
        }
    }

    #[test]
    fn sees_through_what_is_not_seen() {
        for text in
            ["13827830652", "138278\u{ad}30652", "1382\u{2060}7830652", "１３８２７８３０６５２"]
        {
            assert_eq!(layout_of(text), Some(Layout::Plain), "{text}");
        }
    }

    #[test]
    fn digits_one_by_one_must_stand_alone() {
        assert_eq!(layout_of("1 3 8 2 7 8 3 0 6 5 2"), Some(Layout::Spaced));
        assert_eq!(layout_of("1.3.8.2.7.8.3.0.6.5.2."), Some(Layout::Spaced));
        assert_eq!(layout_of("1 3 8 2 7 8 3 0 6 5 2 4 4 5"), None);
    }

    #[test]
    fn other_digits_end_a_number() {
        for text in ["138278306521", "913827830652", "13827830652１"] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn every_group_is_tried_as_a_start() {
        assert_eq!(layout_of("F33.1\n13827830652"), Some(Layout::Plain));
        assert_eq!(layout_of("P000,13827830652,5"), Some(Layout::Plain));
        assert_eq!(layout_of("?fnr=%2013827830652"), Some(Layout::Plain));
        assert_eq!(layout_of("kl. 09.30 138278 30652 kl. 10"), Some(Layout::Grouped));
    }

    #[test]
    fn two_cells_may_hold_one_number() {
        assert_eq!(layout_of("138278;30652"), Some(Layout::Odd));
        assert_eq!(layout_of("138278\t30652"), Some(Layout::Grouped));
        assert_eq!(layout_of("13827;830652"), None);
    }

    #[test]
    fn a_full_stop_makes_a_decimal() {
        let decimal = |text: &str| {
            let mut any = false;
            scan(text, &[PERSON], |_, candidate| any |= candidate.decimal);
            any
        };
        assert!(decimal("verdi 0.13827830652 brukt"));
        assert!(decimal("sum 13827830652.50"));
        assert!(!decimal("oid 2.16.578.13827830652"));
        assert!(!decimal("P000,13827830652,5"));
    }

    #[test]
    fn a_long_run_of_groups_is_read_whole() {
        let text = "4711 ".repeat(5000) + "13827830652";
        assert_eq!(layout_of(&text), Some(Layout::Plain));
        assert_eq!(found(&"7".repeat(100_000)), []);
    }
}
