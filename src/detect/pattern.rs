//! Rules of regular expressions, with a checksum and words around if they want
//! them. An expression is tried only where its digits or its keywords are.

use std::{ops::Range, sync::Arc};

use regex::bytes::Regex;

use super::{
    Rules, Search,
    context::{Reach, Surroundings},
    draft::{self, Draft, Footing},
    expression::Leader,
    rule::{Method, Patterns, Rule, Sight},
    scan::Starts,
    survey::{self, Sighting, Survey},
    table::{self, Column, TextTable},
    validators::{Alphabet, Class},
    words::{Hearers, WordId},
};
use crate::model::{Fragment, Level, Masked, Person};

/// Where the rules of expressions look in one fragment.
pub(super) struct Outlook<'a> {
    expressions: Vec<(usize, &'a Rule, &'a Patterns)>,
    hearers: &'a Hearers<usize>,
    /// For each, the parts near its keywords.
    parts: Vec<Vec<Range<usize>>>,
}

impl<'a> Outlook<'a> {
    pub(super) fn new(rules: &'a Rules) -> Self {
        let expressions: Vec<_> = expressions(&rules.rules).collect();
        Self { parts: vec![Vec::new(); expressions.len()], hearers: &rules.outlooks, expressions }
    }

    /// Hears a word of the text. One in the first line of a table speaks of all
    /// lines below.
    pub(super) fn word(&mut self, word: WordId, place: &Range<usize>, text: &str) {
        for hearer in self.hearers.hear(word) {
            let Some(parts) = self.parts.get_mut(*hearer) else { continue };
            let known = parts.last().map_or(0, |part| part.end);
            let end = place.end.saturating_add(NEAR).min(text.len());
            if known < end {
                let end = end.max(table::block_end(text, place.start));
                parts.push(place.start.saturating_sub(NEAR)..end);
            }
        }
    }

    /// Hears a word of the heading over a cell.
    pub(super) fn heading(&mut self, word: WordId, cell: &Range<usize>) {
        for hearer in self.hearers.hear(word) {
            self.parts.get_mut(*hearer).into_iter().for_each(|parts| parts.push(cell.clone()));
        }
    }

    /// Tries the expressions.
    pub(super) fn finish(
        self,
        all: &Rules,
        search: &Search<'_>,
        fragment: (usize, &Fragment),
        survey: Survey<'_>,
    ) -> Vec<Draft> {
        let (index, fragment) = fragment;
        let mut drafts = Vec::new();
        let length = fragment.text.len();
        let mut sights = survey.sights.into_iter();
        for ((number, rule, patterns), mut near) in self.expressions.into_iter().zip(self.parts) {
            let sighting = match &patterns.sight {
                Sight::Digits(_) => sights.next().unwrap_or(Sighting::Parts(Vec::new())),
                Sight::Everywhere => Sighting::Parts(std::iter::once(0..length).collect()),
                Sight::Words(_) => {
                    near.sort_by_key(|part| part.start);
                    Sighting::Parts(survey::join(near))
                }
            };
            let table = TextTable::new(&fragment.text);
            let mut reader = Reader { rules: all, rule, patterns, search, fragment, table };
            let places = places(patterns, &fragment.text, &sighting);
            let found = places.into_iter().filter_map(|(place, score)| {
                let draft = reader.draft(place, score)?;
                Some(Draft { rule: number, fragment: index, ..draft })
            });
            drafts.extend(found.take(MOST));
        }
        drafts
    }
}

/// The rules of expressions that each word makes look.
pub(super) fn hearers(rules: &[Rule]) -> Hearers<usize> {
    Hearers::of(expressions(rules).enumerate().filter_map(|(number, (_, _, patterns))| {
        match &patterns.sight {
            Sight::Words(words) => Some((number, words)),
            Sight::Digits(_) | Sight::Everywhere => None,
        }
    }))
}

/// The rules of expressions.
fn expressions(rules: &[Rule]) -> impl Iterator<Item = (usize, &Rule, &Patterns)> {
    rules.iter().enumerate().filter_map(|(index, rule)| match &rule.method {
        Method::Patterns(patterns) => Some((index, rule, patterns)),
        Method::Digits(_) | Method::Terms { .. } => None,
    })
}

/// Every place that one of the expressions matches, by rising start, none
/// inside another.
fn places(patterns: &Patterns, text: &str, sighting: &Sighting) -> Vec<(Range<usize>, i32)> {
    let mut all: Vec<_> = Vec::new();
    match sighting {
        Sighting::Matches(found) => {
            for (pattern, found) in patterns.patterns.iter().zip(found) {
                let found = found.iter().filter_map(|found| whole(text, found));
                all.extend(found.map(|place| (place, pattern.score)));
            }
        }
        Sighting::Parts(parts) => {
            let each = |pattern| parts.iter().map(move |part| (pattern, part));
            for (pattern, part) in patterns.patterns.iter().flat_map(each) {
                let tell = |place| all.push((place, pattern.score));
                match &pattern.leader {
                    Some(leader) => led(leader, text, part).take(MOST).for_each(tell),
                    None => matches(&pattern.regex, text, part.clone()).take(MOST).for_each(tell),
                }
            }
        }
    }
    all.sort_by_key(|(place, score)| {
        (place.start, std::cmp::Reverse(place.end), std::cmp::Reverse(*score))
    });
    let mut end = 0;
    all.retain(|(place, _)| {
        let apart = place.end > end;
        end = end.max(place.end);
        apart
    });
    all
}

/// One pattern rule on one fragment.
struct Reader<'a> {
    rules: &'a Rules,
    rule: &'a Rule,
    patterns: &'a Patterns,
    search: &'a Search<'a>,
    fragment: &'a Fragment,
    table: TextTable<'a>,
}

impl Reader<'_> {
    fn draft(&mut self, place: Range<usize>, score: i32) -> Option<Draft> {
        let text = &self.fragment.text;
        let value = text.get(place.clone())?;
        let (kind, person, masked) = self.told(value)?;
        if self.rule.exclude.iter().any(|regex| regex.is_match(value.as_bytes())) {
            return None;
        }
        let marks = table::marks(self.fragment, &place);
        let over = marks.iter().filter_map(|mark| {
            self.fragment.headings.get(usize::try_from(mark.heading?).ok()?).map(String::as_str)
        });
        let mut over: Vec<_> = over.collect();
        over.extend(self.table.heading(place.start));
        let reach = Reach::of(&self.rule.contexts);
        let around = Surroundings::read(&self.rules.words, text, &place, &over, reach);
        let weight = around.weigh(&self.rule.contexts, &self.rules.words);
        let score = score.saturating_add(weight.score);
        self.rule.level(score)?;
        Some(Draft {
            rule: 0,
            fragment: 0,
            extent: place.clone(),
            place,
            kind,
            masked,
            person,
            score,
            words: weight.words,
            column: Column::Whole,
            footing: Footing::Firm,
            exclusive: false,
            ceiling: Level::Critical,
        })
    }

    /// Kind, person and masked form of a value; none when a checksum fails.
    fn told(&self, value: &str) -> Option<(Arc<str>, Option<Person>, Masked)> {
        let Some(validator) = self.patterns.validator else {
            return Some((self.patterns.kind.clone(), None, Masked::of(value, 4)));
        };
        let values = validator.alphabet.values(value);
        let verdict = (validator.check)(&values, self.search.today)?;
        let person = verdict.class != Class::Thing;
        let masked = match validator.alphabet {
            Alphabet::Digits | Alphabet::DigitsAndTen => draft::masked(&values),
            Alphabet::Letters => Masked::of(value, 6),
        };
        let person = person.then(|| draft::person(&values, self.search.key));
        Some((verdict.kind.into(), person, masked))
    }
}

/// The places of an expression in a part of a text that do not cut a number in
/// two. Borders of words are those of the text, not of the part.
pub(super) fn matches<'a>(
    regex: &'a Regex,
    text: &'a str,
    part: Range<usize>,
) -> impl Iterator<Item = Range<usize>> + 'a {
    let bytes = text.as_bytes();
    let mut at = part.start;
    let found = std::iter::from_fn(move || {
        let upto = bytes.get(..part.end).filter(|upto| at <= upto.len())?;
        let found = regex.find_at(upto, at)?.range();
        at = found.end.max(found.start + 1);
        Some(found)
    });
    found.filter_map(move |found| whole(text, &found))
}

/// The same for an expression that starts with digits: they are quicker to find
/// than it.
fn led<'a>(
    leader: &'a Leader,
    text: &'a str,
    part: &Range<usize>,
) -> impl Iterator<Item = Range<usize>> + 'a {
    let upto = text.as_bytes().get(..part.end).unwrap_or_default();
    let mut starts = Starts::new(text.as_bytes(), part.start);
    let (mut at, stop) = (part.start, part.end);
    let mut end = 0;
    let found = std::iter::from_fn(move || {
        loop {
            let start = starts.next(at).filter(|start| *start < stop)?;
            let rest = upto.get(start..).unwrap_or_default();
            let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            at = start + length.max(1);
            // Of two that overlap the first counts.
            let found = leader.at(upto, &(start..start + length)).filter(|_| start >= end);
            if let Some(found) = found {
                end = found.end;
                return Some(found);
            }
        }
    });
    found.filter_map(|found| whole(text, &found))
}

/// The characters of a match that does not cut a number in two.
fn whole(text: &str, found: &Range<usize>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let cut_left = digit(Some(found.start)) && digit(found.start.checked_sub(1));
    let cut_right = digit(found.end.checked_sub(1)) && digit(Some(found.end));
    // Expressions over bytes may end inside a character.
    let start = text.floor_char_boundary(found.start);
    let end = text.ceil_char_boundary(found.end);
    (!cut_left && !cut_right && start < end).then_some(start..end)
}

/// Bytes to both sides of a keyword.
const NEAR: usize = 160;
/// Matches of one expression in one part beyond which no more are read.
const MOST: usize = 10_000;
