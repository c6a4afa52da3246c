//! What was learnt of clusters that are written alike: `13.08.1978` holds its
//! candidates where `24.12.2026` does. Most numbers of a text have one of a few
//! moulds, so that few clusters need to be taken apart.

use std::ops::Range;

use super::{
    candidate::{Candidate, Layout, Shape, Values},
    mask::Half,
    scan::Reader,
};

/// How a short cluster is written: its bytes, with all digits alike.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub(super) struct Mould([u64; 4]);

/// The moulds of one text.
#[derive(Default)]
pub(super) struct Moulds(Vec<Slot>);

#[derive(Default)]
struct Slot {
    mould: Mould,
    windows: Vec<Window>,
}

/// Where a candidate lies in every cluster of one mould.
pub(super) struct Window {
    pub(super) shape: Shape,
    /// From the start of the cluster, in bytes.
    place: Range<usize>,
    layout: Layout,
    decimal: bool,
}

/// Learns a mould from the first cluster of it.
pub(super) struct Learner {
    /// Where that starts.
    pub(super) start: usize,
    pub(super) windows: Vec<Window>,
}

impl Mould {
    /// That of the first `end` bytes.
    #[inline]
    pub(super) fn of(bytes: Half, end: usize) -> Self {
        Self(bytes.first(end).words(|lane| lane.within(b'0', b'9').choose(b'0', lane)))
    }

    #[inline]
    fn slot(self) -> usize {
        let mixed = self.0.iter().fold(0_u64, |hash, word| (hash ^ word).wrapping_mul(FACTOR));
        usize::try_from(mixed >> 32).unwrap_or(0) % SLOTS
    }
}

impl Moulds {
    /// The windows of a mould; `learn` finds them where none or another was
    /// known.
    #[inline]
    pub(super) fn windows(
        &mut self,
        mould: Mould,
        learn: impl FnOnce() -> Vec<Window>,
    ) -> &[Window] {
        if self.0.is_empty() {
            self.0.resize_with(SLOTS, Slot::default);
        }
        let slot = &mut self.0[mould.slot()];
        if slot.mould != mould {
            *slot = Slot { mould, windows: learn() };
        }
        &slot.windows
    }
}

impl Window {
    /// The candidate in the cluster that starts at `start`.
    #[inline]
    pub(super) fn candidate(&self, bytes: &[u8], start: usize) -> Candidate {
        let place = start + self.place.start..start + self.place.end;
        let digits = Values::in_plain(bytes.get(place.clone()).unwrap_or_default());
        Candidate { digits, place, layout: self.layout, decimal: self.decimal }
    }
}

impl Reader for Learner {
    fn candidate(&mut self, shape: &Shape, candidate: Candidate) {
        let place = candidate.place.start - self.start..candidate.place.end - self.start;
        let Candidate { layout, decimal, .. } = candidate;
        self.windows.push(Window { shape: *shape, place, layout, decimal });
    }
}

/// Moulds remembered, a power of two: texts have fewer that come back.
const SLOTS: usize = 128;
/// An odd number without a pattern (the golden ratio, as a fraction of 2^64).
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
