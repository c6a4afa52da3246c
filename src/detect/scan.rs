//! Finds runs of digits that may be one number, however they are written.
//!
//! One pass over the bytes collects digits into clusters of groups, with what
//! stands between them; every group in a cluster is tried as a start. What
//! lies between other groups than people make, or looks like a decimal or a
//! hash, is still a candidate, but a doubtful one: scores decide. Offsets are
//! bytes of the original text, always between characters. The work is bounded
//! for each group, so that a text of nothing but digits takes no longer.

use std::ops::Range;

use super::{
    candidate::{Candidate, Form, Layout, MOST_DIGITS, Shape, Shapes, Values},
    digits::{self, Separator, Sign},
    mask::{BLOCK, Block},
};

/// What is told of the digits of a text.
pub(super) trait Reader {
    /// Hears of digits of ASCII that follow each other directly.
    fn run(&mut self, _run: Range<usize>) {}

    /// Hears of a candidate, by rising start.
    fn candidate(&mut self, shape: &Shape, candidate: Candidate);
}

/// Tells `reader` every run of digits in `text` and every candidate of one of
/// `shapes`.
pub(super) fn scan(text: &str, shapes: &Shapes, reader: &mut impl Reader) {
    let bytes = text.as_bytes();
    let mut starts = Starts::new(bytes, 0);
    let mut cluster = Cluster { text, shapes, groups: Vec::new(), values: Vec::new(), tried: 0 };
    let mut at = 0;
    while let Some(start) = starts.next(at) {
        let coded = start > 0 && bytes.get(start - 1..start + 2) == Some(b"%20");
        if coded {
            cluster.read(start + 2, &mut Again(reader));
        }
        at = match cluster.read_single(start, reader) {
            Some(end) => end,
            None => cluster.read(start, reader),
        };
    }
}

/// Where digits may start, block by block.
pub(super) struct Starts<'a> {
    bytes: &'a [u8],
    base: usize,
    mask: u64,
}

impl<'a> Starts<'a> {
    /// Those from `from` on.
    pub(super) fn new(bytes: &'a [u8], from: usize) -> Self {
        Self { bytes, base: from, mask: digits::starts(Block::at(bytes, from)) }
    }

    /// The first place from `from` on, which never falls.
    #[inline]
    pub(super) fn next(&mut self, from: usize) -> Option<usize> {
        if from >= self.base + BLOCK {
            self.load(from);
        }
        let mut mask = self.mask & u64::MAX << ((from - self.base) % BLOCK);
        while mask == 0 {
            if self.base + BLOCK >= self.bytes.len() {
                return None;
            }
            self.load(self.base + BLOCK);
            mask = self.mask;
        }
        Some(self.base + mask.trailing_zeros() as usize)
    }

    #[inline]
    fn load(&mut self, base: usize) {
        self.base = base;
        self.mask = digits::starts(Block::at(self.bytes, base));
    }
}

/// A reader of digits that were read before.
struct Again<'a, R>(&'a mut R);

impl<R: Reader> Reader for Again<'_, R> {
    fn candidate(&mut self, shape: &Shape, candidate: Candidate) {
        self.0.candidate(shape, candidate);
    }
}

/// Groups of digits with only separators between them.
struct Cluster<'a> {
    text: &'a str,
    shapes: &'a Shapes,
    groups: Vec<Group>,
    /// The values of all groups, of each no more than a number can have.
    values: Vec<u8>,
    /// Groups that were tried as a start.
    tried: usize,
}

/// Digits with nothing between them that can be seen.
struct Group {
    /// Where its values are.
    first: usize,
    digits: usize,
    place: Range<usize>,
    /// What lies before it.
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

impl Cluster<'_> {
    /// Reads digits between words, which are most of all, and tells where to go
    /// on; none when there may be more to them.
    #[inline]
    fn read_single(&self, start: usize, reader: &mut impl Reader) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let rest = bytes.get(start..).unwrap_or_default();
        let length = run(rest);
        let end = match *rest.get(length..length + 2)? {
            [first, _] if first.is_ascii_alphabetic() => start + length + 1,
            [b' ', second] if second.is_ascii_alphabetic() => start + length + 2,
            _ => return None,
        };
        if length == 0 {
            return None;
        }
        let place = start..start + length;
        reader.run(place.clone());
        for form in self.shapes.of_length(length) {
            let digits = Values::of(rest.iter().take(length).map(|byte| byte - b'0'));
            let (place, layout) = (place.clone(), Layout::Plain);
            reader.candidate(&form.shape, Candidate { digits, place, layout, decimal: false });
        }
        Some(end)
    }

    /// Reads groups from `start` until something ends them, tells `reader` what
    /// they may be, and where to go on.
    fn read(&mut self, start: usize, reader: &mut impl Reader) -> usize {
        self.groups.clear();
        self.values.clear();
        self.tried = 0;
        let bytes = self.text.as_bytes();
        let mut gap = Gap::default();
        let (mut at, mut coded) = (start, false);
        let end = loop {
            let Some(byte) = bytes.get(at).copied() else { break at };
            if byte.is_ascii_digit() {
                let rest = bytes.get(at..).unwrap_or_default();
                let length = run(rest);
                // Behind a coded blank it was told with the blank.
                if !coded {
                    reader.run(at..at + length);
                }
                self.work_off(reader);
                let values = rest.iter().take(length.min(MOST_DIGITS)).map(|byte| byte - b'0');
                self.add(at..at + length, length, values, gap);
                (gap, at, coded) = (Gap::default(), at + length, false);
                continue;
            }
            // What ends nearly all clusters.
            if byte.is_ascii_alphabetic() {
                break at + 1;
            }
            let rest = self.text.get(at..).unwrap_or("");
            let Some(c) = rest.chars().next() else { break at };
            let next = at + c.len_utf8();
            match digits::sign(c) {
                Sign::Digit(value) => {
                    self.work_off(reader);
                    self.add(at..next, 1, std::iter::once(value), gap);
                    gap = Gap::default();
                }
                Sign::Invisible => {}
                Sign::Separator(separator) if gap.add(separator, c) => {}
                Sign::Break if gap.is_quoted(c) => {}
                // A soft line break of quoted-printable.
                Sign::Break if rest.starts_with("=\r") || rest.starts_with("=\n") => {}
                Sign::Break if rest.starts_with("%20") && gap.add(Separator::Space, c) => {
                    reader.run(at + 1..at + 1 + run(bytes.get(at + 1..).unwrap_or_default()));
                    (at, coded) = (at + 3, true);
                    continue;
                }
                Sign::Break | Sign::Separator(_) => break next,
            }
            (at, coded) = (next, false);
        };
        self.windows(self.groups.len(), reader);
        end
    }

    /// Adds digits to the last group, or as a group of its own.
    fn add(
        &mut self,
        place: Range<usize>,
        digits: usize,
        values: impl Iterator<Item = u8>,
        gap: Gap,
    ) {
        match self.groups.last_mut().filter(|_| gap.is_empty()) {
            Some(group) => {
                group.digits += digits;
                group.place.end = place.end;
                let room = MOST_DIGITS.saturating_sub(self.values.len() - group.first);
                self.values.extend(values.take(room));
            }
            None => {
                self.groups.push(Group { first: self.values.len(), digits, place, gap });
                self.values.extend(values);
            }
        }
    }

    /// Tries the groups of a long cluster that nothing to come can change, and
    /// forgets all but the last of them.
    fn work_off(&mut self, reader: &mut impl Reader) {
        if self.groups.len() < GROUPS {
            return;
        }
        let keep = GROUPS - OVERLAP;
        self.windows(keep, reader);
        let gone = self.groups.get(keep - 1).map_or(0, |group| group.first);
        self.groups.drain(..keep - 1);
        self.values.drain(..gone.min(self.values.len()));
        self.groups.iter_mut().for_each(|group| group.first -= gone);
        self.tried = 1;
    }

    /// Tries every group that was not tried, before the group `until`, as a
    /// start.
    #[inline]
    fn windows(&mut self, until: usize, reader: &mut impl Reader) {
        if self.values.len() < self.shapes.least() {
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
                if let Some(layout) = layout.filter(|layout| form.shape.role.takes(*layout)) {
                    let candidate = self.candidate(start..start + count, digits, layout);
                    reader.candidate(&form.shape, candidate);
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
            let cells = first & Separator::Cell.bit() != 0;
            return (joint.even && alone && !cells).then_some(Layout::Spaced);
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

    fn candidate(&self, ends: Range<usize>, digits: usize, layout: Layout) -> Candidate {
        let first = self.groups.get(ends.start);
        let place = first.map_or(0, |group| group.place.start)
            ..self.groups.get(ends.end).map_or(0, |group| group.place.end);
        let from = first.map_or(0, |group| group.first);
        let values = self.values.get(from..from + digits).unwrap_or_default();
        let decimal = layout == Layout::Plain && self.is_decimal(ends.start);
        Candidate { digits: Values::of(values.iter().copied()), place, layout, decimal }
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

/// How many digits come first.
#[inline]
fn run(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_digit()).count()
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
    /// Whether all have the same separators.
    even: bool,
}

impl Joint {
    /// Takes the gap after so many digits in; tells whether any number can go
    /// on over it.
    #[inline]
    fn add(&mut self, gap: Gap, digits: usize) -> bool {
        if self.count == 0 {
            (self.first, self.even) = (gap.separators, true);
        }
        self.count += 1;
        self.even &= gap.separators == self.first;
        self.cells |= gap.has(Separator::Cell);
        self.broken += usize::from(gap.lines > 0);
        let bit = 1 << (digits & 31);
        self.splits |= bit;
        self.wrapped |= if gap.lines == 1 { bit } else { 0 };
        // Digits one by one may be on any number of lines.
        let spaced = self.count == digits && self.even;
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

/// The most characters between two digits of one number.
const GAP: u16 = 12;
/// Groups in a cluster before it is worked off, so that a file of nothing but
/// digits needs little memory.
const GROUPS: usize = 512;
/// Groups kept then: more than any shape has digits.
const OVERLAP: usize = 32;

#[cfg(test)]
mod reference;

#[cfg(test)]
mod tests {
    use super::{
        super::{candidate::Role, validators::TABLE},
        *,
    };

    fn person() -> Shape {
        let role = Role::Whole(&TABLE[0]);
        Shape { digits: 11, groups: &[2, 4, 6, 9], role }
    }

    /// Keeps all that it hears.
    #[derive(Default)]
    pub(super) struct Listener {
        pub(super) runs: Vec<Range<usize>>,
        pub(super) candidates: Vec<(usize, Candidate)>,
    }

    impl Reader for Listener {
        fn run(&mut self, run: Range<usize>) {
            self.runs.push(run);
        }

        fn candidate(&mut self, shape: &Shape, candidate: Candidate) {
            self.candidates.push((shape.digits, candidate));
        }
    }

    pub(super) fn heard(text: &str, shapes: &[Shape]) -> Listener {
        let mut listener = Listener::default();
        scan(text, &Shapes::of(shapes.iter().copied()), &mut listener);
        listener
    }

    fn found(text: &str) -> Vec<(String, Layout)> {
        let written = |(_, candidate): (usize, Candidate)| {
            assert!(text.get(candidate.place.clone()).is_some(), "{:?}", candidate.place);
            let digits = candidate.digits.iter().map(|digit| char::from(b'0' + digit));
            (digits.collect(), candidate.layout)
        };
        heard(text, &[person()]).candidates.into_iter().map(written).collect()
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
            heard(text, &[person()]).candidates.iter().any(|(_, candidate)| candidate.decimal)
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
