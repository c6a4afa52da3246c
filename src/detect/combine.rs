//! Combinations: findings near each other that together say more than each.
//!
//! Near is within a distance in one text, in the same row of a table, or, for
//! tables of plain text, in the line over the column. A gap may be anywhere.

use std::ops::Range;

use super::{
    rule::{Combine, Wanted},
    table::{self, TextTable},
};
use crate::model::{Finding, Fragment, Gap};

/// The findings of one fragment, by rising start, each with all that it speaks
/// of.
pub(super) struct Neighbours<'a> {
    pub(super) fragment: &'a Fragment,
    pub(super) findings: &'a [Finding],
    pub(super) extents: &'a [Range<usize>],
    pub(super) gaps: &'a [Gap],
}

impl Neighbours<'_> {
    /// One finding for each that has all the others near it.
    pub(super) fn combined(&self, combine: &Combine) -> Vec<Finding> {
        let Some((anchor, others)) = combine.all.split_first() else { return Vec::new() };
        if others.iter().any(|clause| clause.iter().all(|wanted| !self.is_possible(wanted))) {
            return Vec::new();
        }
        let mut table = TextTable::new(&self.fragment.text);
        let anchors = self.findings.iter().zip(self.extents);
        let anchors = anchors.filter(|(finding, _)| anchor.iter().any(|w| w.is(finding)));
        let met = anchors.filter(|(_, extent)| {
            let around = self.around(extent, combine.within);
            let over = table.heading_line(extent.start);
            others.iter().all(|clause| {
                let near = |wanted: &Wanted| match wanted {
                    Wanted::Gap(_) => self.is_possible(wanted),
                    Wanted::Finding { .. } => {
                        self.any(wanted, &around)
                            || over.as_ref().is_some_and(|over| self.any(wanted, over))
                    }
                };
                clause.iter().any(near)
            })
        });
        let combined = met.map(|(finding, _)| Finding {
            rule: combine.id.clone(),
            level: combine.level,
            ..finding.clone()
        });
        combined.collect()
    }

    /// Whether it is anywhere at all.
    fn is_possible(&self, wanted: &Wanted) -> bool {
        match wanted {
            Wanted::Finding { .. } => self.findings.iter().any(|finding| wanted.is(finding)),
            Wanted::Gap(kind) => self.gaps.iter().any(|gap| gap.kind.as_str() == kind),
        }
    }

    /// Whether it touches a part of the text.
    fn any(&self, wanted: &Wanted, part: &Range<usize>) -> bool {
        let low = part.start.saturating_sub(PASSAGE);
        let low = self.extents.partition_point(|extent| extent.start < low);
        let near = self.findings.iter().zip(self.extents).skip(low);
        let mut near = near.take_while(|(_, extent)| extent.start <= part.end);
        near.any(|(finding, extent)| extent.end >= part.start && wanted.is(finding))
    }

    /// What counts as near a place: so many characters to both sides, and its
    /// row of cells. Bytes, not characters: a little narrower for Norwegian.
    fn around(&self, extent: &Range<usize>, within: u32) -> Range<usize> {
        let within = usize::try_from(within).unwrap_or(usize::MAX);
        let row = table::row(self.fragment, extent);
        let start = extent.start.saturating_sub(within).min(row.start);
        start..extent.end.saturating_add(within).max(row.end)
    }
}

impl Wanted {
    fn is(&self, finding: &Finding) -> bool {
        match self {
            Self::Finding { rule, level } => *rule == *finding.rule && finding.level >= *level,
            Self::Gap(_) => false,
        }
    }
}

/// The most bytes that one finding speaks of.
pub(super) const PASSAGE: usize = 700;
