//! Groups of digits with only separators between them, and what numbers they
//! may be: every group is tried as a start.

use std::ops::Range;

use super::{
    candidate::{Candidate, Form, Layout, MOST_DIGITS, Shapes, Values},
    digits::{self, Separator, Sign},
    scan::Reader,
};

/// Groups of digits with only separators between them.
pub(super) struct Cluster<'a> {
    pub(super) text: &'a str,
    shapes: &'a Shapes,
    groups: Vec<Group>,
    /// The digits of all groups.
    digits: usize,
    /// Groups that were tried as a start.
    tried: usize,
}

/// Digits with nothing between them that can be seen.
struct Group {
    digits: usize,
    place: Range<usize>,
    /// What lies before it.
    gap: Gap,
}

/// What lies before a digit.
#[derive(Clone, Copy, Default)]
pub(super) struct Gap {
    /// The sorts of separators in it.
    separators: u16,
    /// How many characters of it can be seen.
    width: u16,
    /// How many lines end in it.
    lines: u8,
}

impl<'a> Cluster<'a> {
    /// One of `text`, without any group.
    pub(super) fn new(text: &'a str, shapes: &'a Shapes) -> Self {
        Self { text, shapes, groups: Vec::new(), digits: 0, tried: 0 }
    }

    /// Forgets all groups.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.groups.clear();
        (self.digits, self.tried) = (0, 0);
    }

    /// Adds digits that lie behind `gap` to the last group, or as a group of
    /// their own.
    #[inline]
    pub(super) fn add(&mut self, place: Range<usize>, digits: usize, gap: Gap) {
        self.digits += digits;
        match self.groups.last_mut().filter(|_| gap.is_empty()) {
            Some(group) => {
                group.digits += digits;
                group.place.end = place.end;
            }
            None => self.groups.push(Group { digits, place, gap }),
        }
    }

    /// Tries the groups of a long cluster that nothing to come can change, and
    /// forgets all but the last of them.
    pub(super) fn work_off(&mut self, reader: &mut impl Reader) {
        if self.groups.len() < GROUPS {
            return;
        }
        let keep = GROUPS - OVERLAP;
        self.windows(keep, reader);
        let gone = self.groups.drain(..keep - 1);
        self.digits -= gone.map(|group| group.digits).sum::<usize>();
        self.tried = 1;
    }

    /// Tries all groups that were not tried.
    #[inline]
    pub(super) fn finish(&mut self, reader: &mut impl Reader) {
        self.windows(self.groups.len(), reader);
    }

    /// Tries every group that was not tried, before the group `until`, as a
    /// start.
    #[inline]
    fn windows(&mut self, until: usize, reader: &mut impl Reader) {
        if self.digits < self.shapes.least() {
            return;
        }
        for start in self.tried..until {
            self.windows_from(start, reader);
        }
        self.tried = until;
    }

    #[inline]
    fn windows_from(&self, start: usize, reader: &mut impl Reader) {
        let mut joint = Joint::default();
        let mut digits = 0_usize;
        let groups = self.groups.get(start..).unwrap_or_default();
        for (count, group) in groups.iter().enumerate() {
            if count > 0 && !joint.add(group.gap, digits) {
                return;
            }
            digits = digits.saturating_add(group.digits);
            if digits > MOST_DIGITS {
                return;
            }
            for form in self.shapes.of_length(digits) {
                let layout = self.layout(&joint, start..start + count, form);
                let Some(layout) = layout.filter(|layout| form.shape.role.takes(*layout)) else {
                    continue;
                };
                let candidate = self.candidate(start..start + count, layout);
                if reader.heeds(form.shape.role, &candidate.digits, candidate.place.start) {
                    reader.candidate(&form.shape, &candidate);
                }
            }
        }
    }

    /// How the digits of the groups from `ends.start` through `ends.end` are
    /// grouped; none when they cannot be one number.
    #[inline]
    fn layout(&self, joint: &Joint, ends: Range<usize>, form: &Form) -> Option<Layout> {
        if joint.count == 0 {
            return Some(Layout::Plain);
        }
        if joint.count + 1 == form.shape.digits {
            let first = joint.first;
            let longer = |gap: Gap| gap.separators == first;
            let before = ends.start > 0 && self.gap(ends.start).is_some_and(longer);
            let alone = !before && !self.gap(ends.end + 1).is_some_and(longer);
            // Boxes of a form, or a row of a table that happens to look like it.
            let cells = first & Separator::Cell.bit() != 0;
            let layout = if cells { Layout::Odd } else { Layout::Spaced };
            let even = joint.uneven & !form.halves == 0;
            return (even && alone).then_some(layout);
        }
        if joint.broken > 1 {
            return None;
        }
        if joint.cells {
            // Two cells: a date and what follows it, never more.
            let apart = joint.count == 1 && joint.splits == form.halves;
            return apart.then_some(Layout::Odd);
        }
        let usual = joint.splits & !joint.wrapped & !form.usual == 0;
        Some(if usual { Layout::Grouped } else { Layout::Odd })
    }

    fn candidate(&self, ends: Range<usize>, layout: Layout) -> Candidate {
        let decimal = layout == Layout::Plain && self.is_decimal(ends.start);
        let groups = self.groups.get(ends.start..=ends.end).unwrap_or_default();
        let first = groups.first().map_or(0, |group| group.place.start);
        let place = first..groups.last().map_or(first, |group| group.place.end);
        let mut digits = Values::default();
        for group in groups {
            match group.plain(self.text) {
                Some(plain) => digits.extend(plain.iter().map(|byte| byte - b'0')),
                None => digits.extend(group.values(self.text)),
            }
        }
        Candidate { digits, place, layout, decimal }
    }

    /// Whether a full stop makes a group a part of a decimal number. Commas do
    /// not count: they stand between the fields of every second table.
    fn is_decimal(&self, group: usize) -> bool {
        let dot = |gap: Gap| gap.is_only(Separator::Dot) && gap.lines == 0;
        let before = group.checked_sub(1).and_then(|before| self.gap(before));
        // A second stop further left makes it a chain: 2.16.578 and dates.
        let chain = before.is_some_and(|gap| gap.has(Separator::Dot));
        let left = before.is_some() && self.gap(group).is_some_and(dot) && !chain;
        let next = self.groups.get(group + 1);
        left || next.is_some_and(|next| dot(next.gap) && next.digits <= 2)
    }

    fn gap(&self, group: usize) -> Option<Gap> {
        self.groups.get(group).map(|group| group.gap)
    }
}

impl Group {
    /// Its digits, when they are of ASCII and nothing else is in it.
    #[inline]
    fn plain<'a>(&self, text: &'a str) -> Option<&'a [u8]> {
        let bytes = text.as_bytes().get(self.place.clone())?;
        (bytes.len() == self.digits).then_some(bytes)
    }

    /// The values of its digits.
    fn values<'a>(&self, text: &'a str) -> impl Iterator<Item = u8> + 'a {
        let digits = text.get(self.place.clone()).unwrap_or("").chars();
        digits.filter_map(|c| match digits::sign(c) {
            Sign::Digit(value) => Some(value),
            Sign::Break | Sign::Invisible | Sign::Separator(_) => None,
        })
    }
}

/// What lies between the groups of one window.
#[derive(Default)]
struct Joint {
    /// How many gaps.
    count: usize,
    /// After how many digits each is, as bits.
    splits: u32,
    /// Those with one end of a line, where mail may have been wrapped.
    wrapped: u32,
    /// The gaps with an end of a line.
    broken: usize,
    /// Whether a border of cells is in one.
    cells: bool,
    /// The separators of the first.
    first: u16,
    /// After how many digits one has others than the first, as bits.
    uneven: u32,
}

impl Joint {
    /// Takes the gap after so many digits in; tells whether any number can go
    /// on over it.
    #[inline]
    fn add(&mut self, gap: Gap, digits: usize) -> bool {
        let bit = 1 << (digits & 31);
        if self.count == 0 {
            self.first = gap.separators;
        }
        self.count += 1;
        self.uneven |= if gap.separators == self.first { 0 } else { bit };
        self.cells |= gap.has(Separator::Cell);
        self.broken += usize::from(gap.lines > 0);
        self.splits |= bit;
        self.wrapped |= if gap.lines == 1 { bit } else { 0 };
        // Digits one by one may be on any number of lines, their halves further
        // apart.
        let spaced = self.count == digits && self.uneven.count_ones() <= 1;
        spaced || (self.broken <= 1 && !(self.cells && self.count > 1))
    }
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

    /// Takes a separator in; tells whether the gap may go on.
    #[inline]
    pub(super) fn add(&mut self, separator: Separator, c: char) -> bool {
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
    pub(super) fn is_quoted(&mut self, c: char) -> bool {
        self.width += 1;
        c == '>' && self.lines > 0 && self.width <= GAP
    }
}

/// The most characters between two digits of one number.
pub(super) const GAP: u16 = 12;
/// Groups in a cluster before it is worked off, so that a file of nothing but
/// digits needs little memory.
const GROUPS: usize = 512;
/// Groups kept then: more than any shape has digits.
const OVERLAP: usize = 32;
