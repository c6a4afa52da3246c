//! From drafts to findings: levels, which depend on how many persons a whole
//! message names, and combinations of findings near each other.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use super::{
    Rules, Search,
    combine::Neighbours,
    draft::{Draft, Places},
    pattern::Outlook,
    rule::Method,
    sieve::Sieve,
    survey::Survey,
    topic::Topics,
};
use crate::model::{Finding, Fragment, Level, Person};

pub(super) fn find(rules: &Rules, fragments: &[Fragment], search: &Search<'_>) -> Vec<Finding> {
    let mut drafts = Vec::new();
    for (index, fragment) in fragments.iter().enumerate() {
        let (numbers, survey) = Sieve::new(rules, search, fragment, index).digits();
        drafts.extend(numbers);
        drafts.extend(read(rules, search, (index, fragment), survey));
    }
    drafts.sort_by_key(|draft| (draft.fragment, draft.place.start));
    let distinct = distinct(rules, &drafts);
    let mut findings = Vec::with_capacity(drafts.len());
    let mut combined = Vec::new();
    let mut drafts = drafts.into_iter().peekable();
    for (index, fragment) in fragments.iter().enumerate() {
        let mut places = Places::new(fragment);
        let mut here = Vec::new();
        let mut extents = Vec::new();
        while let Some(draft) = drafts.next_if(|draft| draft.fragment == index) {
            let Some(rule) = rules.rules.get(draft.rule) else { continue };
            let persons = distinct.get(&draft.rule).copied().unwrap_or(0);
            let Some(level) = rule.level_among(draft.score, persons) else { continue };
            let level = level.min(draft.ceiling);
            extents.push(draft.extent.clone());
            here.push(places.finding(draft, rule.id.clone(), level));
        }
        let (findings_here, extents) = (&here, &extents);
        let near = Neighbours { fragment, findings: findings_here, extents, gaps: search.gaps };
        combined.extend(rules.combines.iter().flat_map(|combine| near.combined(combine)));
        findings.extend(once_for_each_topic(rules, here));
    }
    findings.extend(combined);
    findings
}

/// Expressions, and terms that add up.
fn read(
    rules: &Rules,
    search: &Search<'_>,
    (index, fragment): (usize, &Fragment),
    survey: Survey<'_>,
) -> Vec<Draft> {
    let text = &fragment.text;
    let mut outlook = Outlook::new(rules);
    let mut topics = Topics::new(rules, fragment, index, &survey);
    let headings = fragment.headings.iter().map(|heading| {
        let mut words = Vec::new();
        rules.words.spot(heading, |word, _| words.push(word));
        words
    });
    let headings: Vec<_> = headings.collect();
    for (cell, heading) in headed_cells(fragment) {
        for word in headings.get(heading).into_iter().flatten() {
            outlook.heading(*word, &cell);
            topics.heading(*word, &cell);
        }
    }
    rules.words.spot(text, |word, place| {
        outlook.word(word, &place, text);
        topics.word(word, &place);
    });
    let mut drafts = outlook.finish(rules, search, (index, fragment), survey);
    drafts.extend(topics.finish());
    drafts
}

/// Every cell that is not empty, with the index of the heading over it.
fn headed_cells(fragment: &Fragment) -> impl Iterator<Item = (Range<usize>, usize)> {
    let start = |mark: &crate::model::Mark| usize::try_from(mark.start).unwrap_or(usize::MAX);
    let ends = fragment.marks.iter().skip(1).map(start).chain([fragment.text.len()]);
    fragment.marks.iter().zip(ends).filter_map(move |(mark, end)| {
        let heading = usize::try_from(mark.heading?).ok()?;
        let cell = start(mark)..end;
        let content = fragment.text.get(cell.clone())?.trim_ascii_end();
        let cell = cell.start..cell.start + content.len();
        (!content.is_empty()).then_some((cell, heading))
    })
}

/// Of the passages about one topic only the first of the highest level: they
/// say what a text is about, and once is enough.
fn once_for_each_topic(rules: &Rules, findings: Vec<Finding>) -> Vec<Finding> {
    if findings.is_empty() {
        return findings;
    }
    let topics = rules.rules.iter().filter(|rule| matches!(rule.method, Method::Terms { .. }));
    let topics: HashSet<_> = topics.map(|rule| rule.id.clone()).collect();
    let mut best = HashMap::new();
    for finding in findings.iter().filter(|finding| topics.contains(&finding.rule)) {
        let known = best.entry(finding.rule.clone()).or_insert((finding.level, finding.span));
        if finding.level > known.0 {
            *known = (finding.level, finding.span);
        }
    }
    let told = |finding: &Finding| match best.get(&finding.rule) {
        Some(best) => *best == (finding.level, finding.span),
        None => true,
    };
    findings.into_iter().filter(told).collect()
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
