//! What one reading may still cost.
//!
//! Every reader spends from the same budget: bytes made out of other bytes,
//! entries opened, containers inside containers, time. The clock here is the
//! monotonic one and only ever ends a reading; it never changes what is read.

use std::time::Instant;

use crate::{
    base::limits::{Limits, Pictures},
    model::GapKind,
};

/// The rest of the limits of one message or file.
pub(super) struct Budget {
    expanded: u64,
    entries: u32,
    depth: u32,
    ratio: u64,
    pictures: Pictures,
    end: Option<Instant>,
}

impl Budget {
    /// Starts the clock and takes everything that `limits` grant.
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            expanded: limits.expanded_bytes,
            entries: limits.entries,
            depth: limits.depth,
            ratio: u64::from(limits.ratio),
            pictures: limits.pictures,
            end: Instant::now().checked_add(limits.time()),
        }
    }

    /// Spends `bytes` of decoded or unpacked data.
    pub(super) fn expand(&mut self, bytes: usize) -> Result<(), Overrun> {
        match self.expanded.checked_sub(bytes as u64) {
            Some(rest) => {
                self.expanded = rest;
                Ok(())
            }
            None => {
                self.expanded = 0;
                Err(Overrun::Bytes)
            }
        }
    }

    /// How many bytes `packed` bytes may unpack to.
    pub(super) fn unpackable(&self, packed: usize) -> u64 {
        let by_ratio = (packed as u64).saturating_mul(self.ratio).max(RATIO_FREE);
        by_ratio.min(self.expanded)
    }

    /// Spends one entry, and looks at the clock.
    pub(super) fn entry(&mut self) -> Result<(), Overrun> {
        self.in_time()?;
        self.entries = self.entries.checked_sub(1).ok_or(Overrun::Entries)?;
        Ok(())
    }

    /// Looks at the clock.
    pub(super) fn in_time(&self) -> Result<(), Overrun> {
        match self.end {
            Some(end) if Instant::now() >= end => Err(Overrun::Time),
            Some(_) | None => Ok(()),
        }
    }

    /// Spends one picture.
    pub(super) fn picture(&mut self, pixels: u64, bytes: usize) -> Result<(), Overrun> {
        let fits = pixels <= self.pictures.pixels;
        let count = self.pictures.count.checked_sub(1).filter(|_| fits).ok_or(Overrun::Bytes)?;
        let bytes = self.pictures.bytes.checked_sub(bytes as u64).ok_or(Overrun::Bytes)?;
        self.pictures = Pictures { count, bytes, ..self.pictures };
        Ok(())
    }

    /// Goes one container down. Each success needs a [`Budget::leave`].
    pub(super) fn enter(&mut self) -> Result<(), Overrun> {
        self.in_time()?;
        self.depth = self.depth.checked_sub(1).ok_or(Overrun::Depth)?;
        Ok(())
    }

    /// Comes back up.
    pub(super) fn leave(&mut self) {
        self.depth += 1;
    }
}

/// Which limit was reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Overrun {
    /// Too many bytes.
    Bytes,
    /// Too many containers inside each other.
    Depth,
    /// Too many parts or members.
    Entries,
    /// Too much time.
    Time,
}

impl From<Overrun> for GapKind {
    fn from(overrun: Overrun) -> Self {
        match overrun {
            Overrun::Bytes | Overrun::Entries => Self::TooBig,
            Overrun::Depth => Self::TooDeep,
            Overrun::Time => Self::TimedOut,
        }
    }
}

/// Small members compress as well as they like: a ratio says nothing there.
const RATIO_FREE: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_when_the_bytes_are_spent() {
        let mut budget = Budget::new(&Limits { expanded_bytes: 10, ..Limits::default() });
        assert_eq!(budget.expand(8), Ok(()));
        assert_eq!(budget.expand(8), Err(Overrun::Bytes));
        assert_eq!(budget.expand(1), Err(Overrun::Bytes));
    }

    #[test]
    fn ends_when_time_is_up() {
        let mut budget = Budget::new(&Limits { seconds: 0, ..Limits::default() });
        assert_eq!(budget.entry(), Err(Overrun::Time));
    }

    #[test]
    fn goes_no_deeper_than_allowed() {
        let mut budget = Budget::new(&Limits { depth: 1, ..Limits::default() });
        assert_eq!(budget.enter(), Ok(()));
        assert_eq!(budget.enter(), Err(Overrun::Depth));
        budget.leave();
        assert_eq!(budget.enter(), Ok(()));
    }
}
