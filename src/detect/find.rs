//! From drafts to findings: levels, which depend on how many persons a whole
//! message names, and combinations of findings near each other.

use std::collections::{HashMap, HashSet};

use super::{
    Rules, Search,
    draft::{Draft, Places},
    generic,
    rule::{Combine, Wanted},
    sieve::Sieve,
};
use crate::model::{Finding, Fragment, Level, Person};

pub(super) fn find(rules: &Rules, fragments: &[Fragment], search: &Search<'_>) -> Vec<Finding> {
    let mut drafts = Vec::new();
    for index in 0..fragments.len() {
        drafts.extend(
            Sieve::new(rules, search, fragments, index).map(Sieve::digits).unwrap_or_default(),
        );
        drafts.extend(generic::read(rules, search, fragments, index));
    }
    drafts.sort_by_key(|draft| (draft.fragment, draft.place.start));
    let distinct = distinct(rules, &drafts);
    let mut findings = Vec::with_capacity(drafts.len());
    let mut combined = Vec::new();
    let mut drafts = drafts.into_iter().peekable();
    for (index, fragment) in fragments.iter().enumerate() {
        let mut places = Places::new(fragment);
        let first = findings.len();
        let mut starts = Vec::new();
        while let Some(draft) = drafts.next_if(|draft| draft.fragment == index) {
            let Some(rule) = rules.rules.get(draft.rule) else { continue };
            let persons = distinct.get(&draft.rule).copied().unwrap_or(0);
            let Some(level) = rule.level_among(draft.score, persons) else { continue };
            let level = level.min(draft.ceiling);
            starts.push(draft.place.start);
            findings.push(places.finding(draft, rule.id.clone(), level));
        }
        let here = findings.get(first..).unwrap_or_default();
        combined.extend(rules.combines.iter().flat_map(|combine| combine.find(here, &starts)));
    }
    findings.extend(combined);
    findings
}

/// How many persons each rule found that count as persons.
fn distinct(rules: &Rules, drafts: &[Draft]) -> HashMap<usize, usize> {
    let mut persons: HashMap<usize, HashSet<Person>> = HashMap::new();
    for draft in drafts.iter().filter(|draft| draft.ceiling > Level::Info) {
        let found = rules.rules.get(draft.rule).and_then(|rule| rule.level(draft.score));
        if let (Some(person), Some(_)) = (draft.person, found) {
            persons.entry(draft.rule).or_default().insert(person);
        }
    }
    persons.into_iter().map(|(rule, persons)| (rule, persons.len())).collect()
}

impl Combine {
    /// One finding for each that has all the others near it in one fragment.
    /// `starts` are the byte offsets of `findings`, rising.
    fn find(&self, findings: &[Finding], starts: &[usize]) -> Vec<Finding> {
        let Some((anchor, others)) = self.all.split_first() else { return Vec::new() };
        let within = usize::try_from(self.within).unwrap_or(usize::MAX);
        // Bytes, not characters: a little wider for Norwegian text.
        let near = |at: usize| {
            let low = starts.partition_point(|start| *start < at.saturating_sub(within));
            let high = starts.partition_point(|start| *start <= at.saturating_add(within));
            findings.get(low..high).unwrap_or_default()
        };
        let anchors = findings.iter().zip(starts).filter(|(finding, _)| is_wanted(anchor, finding));
        let met = anchors.filter(|(_, at)| {
            others.iter().all(|clause| near(**at).iter().any(|finding| is_wanted(clause, finding)))
        });
        let combined = met.map(|(finding, _)| Finding {
            rule: self.id.clone(),
            level: self.level,
            ..finding.clone()
        });
        combined.collect()
    }
}

fn is_wanted(clause: &[Wanted], finding: &Finding) -> bool {
    clause.iter().any(|wanted| *wanted.rule == *finding.rule && finding.level >= wanted.level)
}
