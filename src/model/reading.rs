//! What one reading of certain bytes brought to light.

use std::collections::BTreeSet;

use super::{Finding, Gap, Level};

/// Findings and gaps of exactly one sequence of bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// SHA-256 of the bytes that were read.
    pub digest: [u8; 32],
    /// What was found.
    pub findings: Vec<Finding>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

impl Reading {
    /// The highest level found.
    pub fn level(&self) -> Option<Level> {
        self.findings.iter().map(|finding| finding.level).max()
    }

    /// The rules that found something, by name.
    pub fn rules(&self) -> Vec<String> {
        let rules: BTreeSet<&str> = self.findings.iter().map(|finding| &*finding.rule).collect();
        rules.into_iter().map(str::to_owned).collect()
    }

    /// How many findings make the message sensitive.
    pub fn sensitive(&self) -> usize {
        self.findings.iter().filter(|finding| finding.level >= Level::Medium).count()
    }

    /// How many distinct persons the findings name.
    pub fn persons(&self) -> usize {
        let mut persons: Vec<_> = self.findings.iter().filter_map(|f| f.person).collect();
        persons.sort_unstable();
        persons.dedup();
        persons.len()
    }
}
