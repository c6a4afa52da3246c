//! Rules of terms: words, codes and expressions that add up where they stand
//! close together. One finding for each passage of a few hundred bytes, at its
//! first term; what is near it is a matter for combinations.

use std::{ops::Range, sync::Arc};

use super::{
    Rules,
    draft::{Draft, Footing},
    pattern,
    rule::{Method, Rule, Term},
    survey::Survey,
    table::Column,
    words::{Hearers, WordId, Words},
};
use crate::model::{Fragment, Level, Masked};

/// What all rules of terms hear of one fragment.
pub(super) struct Topics<'a> {
    rules: &'a Rules,
    fragment: &'a Fragment,
    index: usize,
    topics: Vec<Topic<'a>>,
    /// What is not a word: codes and expressions, the last first.
    others: Vec<Heard>,
    sorted: bool,
}

/// A term at a place.
struct Heard {
    topic: usize,
    term: usize,
    place: Range<usize>,
}

/// One rule, and the passage it is in.
struct Topic<'a> {
    rule: usize,
    about: &'a Rule,
    terms: &'a [Term],
    kind: &'a Arc<str>,
    /// What each term came to in the passage; empty before the first.
    sums: Vec<i32>,
    /// All of them together.
    score: i32,
    /// The words of the passage.
    words: Vec<WordId>,
    vocabulary: &'a Words,
    first: Range<usize>,
    /// The end of the last term; zero before the first.
    end: usize,
    drafts: Vec<Draft>,
}

impl<'a> Topics<'a> {
    pub(super) fn new(
        rules: &'a Rules,
        fragment: &'a Fragment,
        index: usize,
        survey: &Survey<'_>,
    ) -> Self {
        let topics = topics(&rules.rules);
        let topics: Vec<_> = topics.map(|known| Topic::new(known, &rules.words)).collect();
        let mut others = Vec::new();
        for (topic, term, of) in topics.iter().enumerate().flat_map(|(topic, known)| {
            known.terms.iter().enumerate().map(move |(term, of)| (topic, term, of))
        }) {
            let coded = survey.codes.iter().filter(|code| of.is_code(&fragment.text, code));
            let matched = of
                .regex
                .iter()
                .flat_map(|regex| pattern::matches(regex, &fragment.text, 0..fragment.text.len()));
            let places = coded.cloned().chain(matched.take(MOST));
            others.extend(places.map(|place| Heard { topic, term, place }));
        }
        Self { rules, fragment, index, topics, others, sorted: false }
    }

    /// Hears a word of the text; words come by rising place.
    pub(super) fn word(&mut self, word: WordId, place: &Range<usize>) {
        self.others_until(place.start);
        for (topic, term) in self.rules.topics.hear(word) {
            let Some(topic) = self.topics.get_mut(*topic) else { continue };
            topic.hear(self.fragment, self.index, *term, place.clone());
            if !topic.words.contains(&word) {
                topic.words.push(word);
            }
        }
    }

    /// Hears a word of the heading over a cell.
    pub(super) fn heading(&mut self, word: WordId, cell: &Range<usize>) {
        for (topic, term) in self.rules.topics.hear(word).iter().copied() {
            self.others.push(Heard { topic, term, place: cell.clone() });
        }
        self.sorted = false;
    }

    /// The drafts of all passages.
    pub(super) fn finish(mut self) -> Vec<Draft> {
        self.others_until(usize::MAX);
        for topic in &mut self.topics {
            topic.close(self.fragment, self.index);
        }
        self.topics.into_iter().flat_map(|topic| topic.drafts).collect()
    }

    fn others_until(&mut self, at: usize) {
        if !self.sorted {
            self.others.sort_by_key(|heard| std::cmp::Reverse(heard.place.start));
            self.sorted = true;
        }
        while let Some(heard) = self.others.pop_if(|heard| heard.place.start <= at) {
            if let Some(topic) = self.topics.get_mut(heard.topic) {
                topic.hear(self.fragment, self.index, heard.term, heard.place);
            }
        }
    }
}

/// The topic and term of each word, in the order of the rules.
pub(super) fn hearers(rules: &[Rule]) -> Hearers<(usize, usize)> {
    Hearers::of(topics(rules).enumerate().flat_map(|(topic, (_, _, terms, _))| {
        terms.iter().enumerate().map(move |(term, of)| ((topic, term), &of.words))
    }))
}

/// Number, rule, terms and kind.
type Known<'a> = (usize, &'a Rule, &'a [Term], &'a Arc<str>);

/// The rules of terms.
fn topics(rules: &[Rule]) -> impl Iterator<Item = Known<'_>> {
    rules.iter().enumerate().filter_map(|(index, rule)| match &rule.method {
        Method::Terms { terms, kind } => Some((index, rule, terms.as_slice(), kind)),
        Method::Digits(_) | Method::Patterns(_) => None,
    })
}

impl Term {
    fn is_code(&self, text: &str, code: &Range<usize>) -> bool {
        let word = text.as_bytes().get(code.clone()).unwrap_or_default();
        self.code.as_ref().is_some_and(|regex| regex.is_match(word))
    }
}

impl<'a> Topic<'a> {
    fn new(known: Known<'a>, vocabulary: &'a Words) -> Self {
        let (rule, about, terms, kind) = known;
        let (sums, words, drafts) = (Vec::new(), Vec::new(), Vec::new());
        let (first, end, score) = (0..0, 0, 0);
        Self { rule, about, terms, kind, sums, score, words, vocabulary, first, end, drafts }
    }

    fn hear(&mut self, fragment: &Fragment, index: usize, term: usize, place: Range<usize>) {
        if self.end > 0 && place.start > self.first.start.saturating_add(TOGETHER) {
            self.close(fragment, index);
        }
        if self.end == 0 {
            self.first = place.clone();
        }
        self.end = self.end.max(place.end);
        self.sums.resize(self.terms.len(), 0);
        if let (Some(sum), Some(term)) = (self.sums.get_mut(term), self.terms.get(term)) {
            let before = *sum;
            *sum = sum.saturating_add(term.score).min(term.max);
            self.score = self.score.saturating_add(sum.saturating_sub(before));
        }
    }

    /// Ends the passage.
    fn close(&mut self, fragment: &Fragment, index: usize) {
        if self.end == 0 {
            return;
        }
        let score = std::mem::take(&mut self.score);
        if self.about.level(score).is_some() && self.drafts.len() < MOST {
            let value = fragment.text.get(self.first.clone()).unwrap_or("");
            let words = self.words.iter().filter_map(|word| self.vocabulary.written(*word));
            let mut words: Vec<_> = words.cloned().collect();
            words.sort_unstable();
            words.dedup();
            self.drafts.push(Draft {
                rule: self.rule,
                fragment: index,
                place: self.first.clone(),
                kind: self.kind.clone(),
                masked: Masked::of(value, 4),
                person: None,
                score,
                words,
                column: Column::Whole,
                extent: self.first.start..self.end,
                footing: Footing::Firm,
                exclusive: false,
                ceiling: Level::Critical,
            });
        }
        self.words.clear();
        self.sums.fill(0);
        self.end = 0;
    }
}

/// How far from the first term of a passage the last may start, in bytes.
const TOGETHER: usize = 600;
/// Passages of one rule and fragment beyond which no more are told.
const MOST: usize = 10_000;
