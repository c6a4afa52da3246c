//! Finds runs of digits that may be one number, however they are written.
//!
//! One pass over the bytes collects digits into clusters of groups, with what
//! stands between them; every group in a cluster is tried as a start. What
//! lies between other groups than people make, or looks like a decimal or a
//! hash, is still a candidate, but a doubtful one: scores decide. Offsets are
//! bytes of the original text, always between characters. The work is bounded
//! for each group, so that a text of nothing but digits takes no longer. Short
//! clusters that are written alike are taken apart only once.

use std::ops::Range;

use super::{
    candidate::{Candidate, Role, Shape, Shapes},
    cluster::{Cluster, Gap},
    digits::{self, Separator, Sign},
    mask::{BLOCK, Block, Half},
    mould::{Learner, Lesson, Mould, Moulds},
};

/// What is told of the digits of a text.
pub(super) trait Reader {
    /// Hears of digits of ASCII that follow each other directly.
    fn run(&mut self, _run: Range<usize>) {}

    /// Whether it must hear of a run of this length behind a separator, `before`,
    /// and before another.
    fn wants_run(&self, _before: u8, _length: usize) -> bool {
        false
    }

    /// Whether it wants a candidate that begins with these digits at `start`.
    fn heeds(&self, _role: Role, _first: &[u8], _start: usize) -> bool {
        true
    }

    /// Hears of a candidate, by rising start.
    fn candidate(&mut self, shape: &Shape, candidate: &Candidate);
}

/// Tells `reader` every run of digits in `text` and every candidate of one of
/// `shapes`.
pub(super) fn scan(text: &str, shapes: &Shapes, reader: &mut impl Reader) {
    let bytes = text.as_bytes();
    let mut starts = Starts::new(bytes, 0);
    let mut cluster = Cluster::new(text, shapes);
    let mut moulds = Moulds::new(bytes.len());
    let mut at = 0;
    while let Some(start) = starts.next(at) {
        let coded = start > 0 && bytes.get(start - 1..start + 2) == Some(b"%20");
        if coded {
            read(start + 2, &mut cluster, &mut Again(reader));
        }
        at = match read_alike(start, &mut moulds, &mut cluster, reader) {
            Some(end) => end,
            None => read(start, &mut cluster, reader),
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
    fn candidate(&mut self, shape: &Shape, candidate: &Candidate) {
        self.0.candidate(shape, candidate);
    }

    fn heeds(&self, role: Role, first: &[u8], start: usize) -> bool {
        self.0.heeds(role, first, start)
    }
}

/// Reads a cluster that is short, and has nothing but plain separators and a
/// letter at its end, by its mould, and tells where to go on. That is how nearly
/// all are; of others it tells none.
#[inline]
fn read_alike(
    start: usize,
    moulds: &mut Moulds,
    cluster: &mut Cluster<'_>,
    reader: &mut impl Reader,
) -> Option<usize> {
    let half = Half::at(cluster.text.as_bytes(), start);
    let length = (!digits::plain(half)).trailing_zeros() as usize;
    let letter = cluster.text.as_bytes().get(start + length).is_some_and(u8::is_ascii_alphabetic);
    let digits = half.mask(|lane| lane.within(b'0', b'9'));
    if !letter || length >= Half::LENGTH || digits & 1 == 0 {
        return None;
    }
    let digits = digits & !(u32::MAX << length);
    let end = Half::LENGTH - digits.leading_zeros() as usize;
    let lesson = moulds.lesson(Mould::of(half, end), || learn(start..start + end, cluster, reader));
    let text = cluster.text.as_bytes();
    tell_runs(start, (digits, length), text, &lesson.runs, reader);
    let bytes = half.bytes();
    for window in &lesson.windows {
        window.tell(text, (start, &bytes), reader);
    }
    Some(start + length + 1)
}

/// Tells of the runs of the cluster at `start` that are `wanted`, and of its
/// first and last where they matter. The bits of `digits` are its digits, and a
/// letter stands `length` bytes on.
#[inline]
fn tell_runs(
    start: usize,
    (digits, length): (u32, usize),
    bytes: &[u8],
    wanted: &[Range<usize>],
    reader: &mut impl Reader,
) {
    let end = Half::LENGTH - digits.leading_zeros() as usize;
    let first = (!digits).trailing_zeros() as usize;
    let before = start.checked_sub(1).and_then(|at| bytes.get(at)).copied();
    // A letter before a run or behind it makes it one of its own sort.
    let alone = |byte: u8| !byte.is_ascii_alphabetic() && !reader.wants_run(byte, first);
    if first == length || !before.is_some_and(alone) {
        reader.run(start..start + first);
    }
    for run in wanted {
        reader.run(start + run.start..start + run.end);
    }
    if end == length {
        let run = end - (digits << (Half::LENGTH - end)).leading_ones() as usize..end;
        if run.start > 0 && wanted.last() != Some(&run) {
            reader.run(start + run.start..start + run.end);
        }
    }
}

/// Takes what lies between two places apart.
#[cold]
fn learn(place: Range<usize>, cluster: &mut Cluster<'_>, reader: &impl Reader) -> Lesson {
    let bytes = cluster.text.as_bytes();
    let mut learner = Learner::new(bytes, place.start);
    let mut starts = Starts::new(bytes, place.start);
    let mut at = place.start;
    while let Some(start) = starts.next(at).filter(|start| *start < place.end) {
        at = read(start, cluster, &mut learner);
    }
    learner.finish(place.end, |before, length| reader.wants_run(before, length))
}

/// Reads groups from `start` until something ends them, tells `reader` what
/// they may be, and where to go on.
fn read(start: usize, cluster: &mut Cluster<'_>, reader: &mut impl Reader) -> usize {
    cluster.clear();
    let text = cluster.text;
    let bytes = text.as_bytes();
    let mut gap = Gap::default();
    let (mut at, mut coded) = (start, false);
    let end = loop {
        let Some(byte) = bytes.get(at).copied() else { break at };
        if byte.is_ascii_digit() {
            let length = run(bytes.get(at..).unwrap_or_default());
            // Behind a coded blank it was told with the blank.
            if !coded {
                reader.run(at..at + length);
            }
            cluster.work_off(reader);
            cluster.add(at..at + length, length, gap);
            (gap, at, coded) = (Gap::default(), at + length, false);
            continue;
        }
        // What ends nearly all clusters.
        if byte.is_ascii_alphabetic() {
            break at + 1;
        }
        let rest = text.get(at..).unwrap_or("");
        let Some(c) = rest.chars().next() else { break at };
        let next = at + c.len_utf8();
        match digits::sign(c) {
            Sign::Digit(_) => {
                cluster.work_off(reader);
                cluster.add(at..next, 1, gap);
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
    cluster.finish(reader);
    end
}

/// How many digits come first.
#[inline]
fn run(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

#[cfg(test)]
mod reference;

#[cfg(test)]
mod tests {
    use super::{
        super::{candidate::Layout, validators::TABLE},
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

        fn wants_run(&self, _before: u8, _length: usize) -> bool {
            true
        }

        fn candidate(&mut self, shape: &Shape, candidate: &Candidate) {
            self.candidates.push((shape.digits, candidate.clone()));
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
        for text in ["1 3 8 2 7 8\n3 0 6 5 2", "1_3_8_2_7_8_ _3_0_6_5_2", "1 3 8 2 7 8   3 0 6 5 2"]
        {
            assert_eq!(layout_of(text), Some(Layout::Spaced), "{text}");
        }
        assert_eq!(layout_of("1 3 8-2 7 8 3 0 6 5 2"), None);
        assert_eq!(layout_of("1,3,8,2,7,8,3,0,6,5,2"), Some(Layout::Odd));
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
