//! What was learnt of clusters that are written alike: `13.08.1978` holds its
//! candidates where `24.12.2026` does. Most numbers of a text have one of a few
//! moulds, so that few clusters need to be taken apart.

use std::ops::Range;

use super::{
    candidate::{Candidate, Layout, MOST_DIGITS, Shape, Values},
    mask::Half,
    scan::Reader,
};

/// How a short cluster is written: its bytes, with all digits alike.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub(super) struct Mould([u64; 4]);

/// The moulds of one text.
pub(super) struct Moulds {
    slots: Vec<Slot>,
    /// How many there are to be, a power of two.
    most: usize,
}

#[derive(Default)]
struct Slot {
    mould: Mould,
    lesson: Lesson,
}

/// What clusters of one mould have in common.
#[derive(Default)]
pub(super) struct Lesson {
    /// The runs of digits that somebody wants to hear of, but for the first,
    /// from the start of the cluster.
    pub(super) runs: Vec<Range<usize>>,
    pub(super) windows: Vec<Window>,
}

/// Where a candidate lies in every cluster of one mould.
pub(super) struct Window {
    shape: Shape,
    /// Where it is, and where each of its digits, in bytes from the start of the
    /// cluster.
    place: Range<usize>,
    digits: [u8; MOST_DIGITS],
    /// Whether nothing lies between its digits.
    joined: bool,
    layout: Layout,
    decimal: bool,
}

/// Learns a mould from the first cluster of it.
pub(super) struct Learner<'a> {
    bytes: &'a [u8],
    start: usize,
    windows: Vec<Window>,
}

impl Mould {
    /// That of the first `end` bytes.
    #[inline]
    pub(super) fn of(bytes: Half, end: usize) -> Self {
        Self(bytes.first(end).words(|lane| lane.within(b'0', b'9').choose(b'0', lane)))
    }

    #[inline]
    fn mixed(self) -> usize {
        let mixed = self.0.iter().zip(FACTORS).map(|(word, factor)| word.wrapping_mul(factor));
        // The highest bits of a product are those that all bits have a part in.
        usize::try_from(mixed.fold(0, |all, one| all ^ one) >> (64 - MOST.ilog2())).unwrap_or(0)
    }
}

impl Moulds {
    /// For a text of this many bytes, without any mould.
    pub(super) fn new(length: usize) -> Self {
        Self { slots: Vec::new(), most: (length / 64).next_power_of_two().clamp(8, MOST) }
    }

    /// What is known of a mould; `learn` tells where none or another was known.
    #[inline]
    pub(super) fn lesson(&mut self, mould: Mould, learn: impl FnOnce() -> Lesson) -> &Lesson {
        if self.slots.is_empty() {
            self.slots.resize_with(self.most, Slot::default);
        }
        let place = mould.mixed() & (self.slots.len() - 1);
        let slot = &mut self.slots[place];
        if slot.mould != mould {
            *slot = Slot { mould, lesson: learn() };
        }
        &slot.lesson
    }
}

impl Window {
    /// Tells `reader` the candidate in the cluster of `text` that starts at
    /// `start` with `bytes`, if it heeds it.
    #[inline]
    pub(super) fn tell(
        &self,
        text: &[u8],
        (start, bytes): (usize, &[u8; Half::LENGTH]),
        reader: &mut impl Reader,
    ) {
        let at = start + self.place.start;
        let joined = text.get(at..).and_then(|rest| rest.first_chunk::<MOST_DIGITS>());
        if let Some(digits) = joined.filter(|_| self.joined) {
            let values = digits.map(|digit| digit.wrapping_sub(b'0'));
            if reader.heeds(self.shape.role, &values, at) {
                let digits = Values::whole(values, self.shape.digits);
                reader.candidate(&self.shape, &self.candidate(digits, start));
            }
            return;
        }
        let value = |place: &u8| bytes[usize::from(*place) % Half::LENGTH].wrapping_sub(b'0');
        let [a, b, c, d, ..] = &self.digits;
        if reader.heeds(self.shape.role, &[a, b, c, d].map(value), at) {
            let digits = Values::picked(&self.digits, self.shape.digits, value);
            reader.candidate(&self.shape, &self.candidate(digits, start));
        }
    }

    #[inline]
    fn candidate(&self, digits: Values, start: usize) -> Candidate {
        let place = start + self.place.start..start + self.place.end;
        Candidate { digits, place, layout: self.layout, decimal: self.decimal }
    }
}

impl<'a> Learner<'a> {
    /// Of `bytes`, where the cluster starts at `start`.
    pub(super) fn new(bytes: &'a [u8], start: usize) -> Self {
        Self { bytes, start, windows: Vec::new() }
    }

    /// What was learnt, where `wanted` is told the byte before each run but the
    /// first, and its length.
    pub(super) fn finish(self, end: usize, wanted: impl Fn(u8, usize) -> bool) -> Lesson {
        let cluster = self.bytes.get(self.start..end).unwrap_or_default();
        let digit = |at: usize| cluster.get(at).is_some_and(u8::is_ascii_digit);
        let starts = (1..cluster.len()).filter(|at| digit(*at) && !digit(at - 1));
        let runs = starts.map(|at| at..(at..).find(|at| !digit(*at)).unwrap_or(cluster.len()));
        let wanted = |run: &Range<usize>| wanted(cluster[run.start - 1], run.len());
        Lesson { runs: runs.filter(wanted).collect(), windows: self.windows }
    }
}

impl Reader for Learner<'_> {
    fn candidate(&mut self, shape: &Shape, candidate: &Candidate) {
        let place = candidate.place.start - self.start..candidate.place.end - self.start;
        let cluster = self.bytes.get(self.start..).unwrap_or_default();
        let is_digit = |at: &usize| cluster.get(*at).is_some_and(u8::is_ascii_digit);
        let found = place.clone().filter(is_digit).filter_map(|at| u8::try_from(at).ok());
        let mut digits = [0; MOST_DIGITS];
        digits.iter_mut().zip(found).for_each(|(to, from)| *to = from);
        let joined = place.len() == shape.digits;
        let Candidate { layout, decimal, .. } = *candidate;
        self.windows.push(Window { shape: *shape, place, digits, joined, layout, decimal });
    }
}

/// The most moulds remembered, a power of two: texts have fewer that come back.
const MOST: usize = 4096;
/// Odd numbers without a pattern (fractions of square roots).
const FACTORS: [u64; 4] =
    [0x9E37_79B9_7F4A_7C15, 0x6A09_E667_F3BC_C909, 0xBB67_AE85_84CA_A73B, 0x3C6E_F372_FE94_F82B];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn moulds_of_many_texts_do_not_share_a_slot() {
        let grouped = ["00.00.0000", "0000-00-00", "000 00 000", "000 00 00 00", "000000 00000"];
        let others = ["00:00", "0.0", "00.00", "0000.00.00000", "000 000 000", "00,00"];
        let plain = (1..=12).map(|digits| "0".repeat(digits));
        let all = plain.chain(grouped.into_iter().chain(others).map(str::to_owned));
        let slots: Vec<_> =
            all.map(|text| Mould::of(Half::at(text.as_bytes(), 0), text.len()).mixed()).collect();
        let different: HashSet<_> = slots.iter().collect();
        assert_eq!(different.len(), slots.len(), "{slots:?}");
        assert!(slots.iter().all(|slot| *slot < MOST));
    }
}
