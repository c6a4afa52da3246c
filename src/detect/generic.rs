//! Rules without code of their own: regular expressions with a checksum and
//! words, and terms that add up over a text.

use std::{ops::Range, sync::Arc};

use regex::bytes::Regex;

use super::{
    Rules, Search,
    context::{Reach, Surroundings},
    digits::{self, Sign},
    draft::{self, Draft, Footing},
    fold::Folded,
    rule::{Method, Rule, Term},
    table::{Column, TextTable},
    validators::Validator,
    words::Hit,
};
use crate::model::{Fragment, Level, Masked};

/// Drafts of all rules with patterns or terms in one fragment.
pub(super) fn read(
    rules: &Rules,
    search: &Search<'_>,
    fragments: &[Fragment],
    index: usize,
) -> Vec<Draft> {
    let Some(fragment) = fragments.get(index) else { return Vec::new() };
    let mut drafts = Vec::new();
    for (number, rule) in rules.rules.iter().enumerate() {
        let found = match &rule.method {
            Method::Digits(_) => continue,
            Method::Patterns { patterns, validator, kind } => {
                let matched = patterns.iter().flat_map(|(regex, score)| {
                    matches(regex, &fragment.text).map(|place| (place, *score))
                });
                let reader = Reader { rules, rule, search, fragment };
                let drafted = matched.filter_map(|(place, score)| {
                    reader.pattern(place, score, *validator).map(|found| (found, kind))
                });
                drafted.collect::<Vec<_>>()
            }
            Method::Terms { terms, kind } => terms_in(rules, terms, &fragment.text)
                .into_iter()
                .map(|found| (found, kind))
                .collect(),
        };
        drafts.extend(
            found.into_iter().filter(|(found, _)| rule.level(found.score).is_some()).map(
                |(found, kind)| Draft {
                    rule: number,
                    fragment: index,
                    place: found.place,
                    kind: kind.clone(),
                    masked: found.masked,
                    person: None,
                    score: found.score,
                    words: found.words,
                    column: Column::Whole,
                    footing: Footing::Firm,
                    exclusive: false,
                    ceiling: Level::Critical,
                },
            ),
        );
    }
    drafts
}

/// Something a rule found, before its level.
struct Found {
    place: Range<usize>,
    masked: Masked,
    score: i32,
    words: Vec<Arc<str>>,
}

/// One pattern rule on one fragment.
struct Reader<'a> {
    rules: &'a Rules,
    rule: &'a Rule,
    search: &'a Search<'a>,
    fragment: &'a Fragment,
}

impl Reader<'_> {
    fn pattern(
        &self,
        place: Range<usize>,
        score: i32,
        validator: Option<&'static Validator>,
    ) -> Option<Found> {
        let text = &self.fragment.text;
        let value = text.get(place.clone())?;
        let digits: Vec<u8> = value
            .chars()
            .filter_map(|c| match digits::sign(c) {
                Sign::Digit(value) => Some(value),
                Sign::Break | Sign::Invisible | Sign::Separator(_) => None,
            })
            .collect();
        if let Some(validator) = validator {
            (validator.check)(&digits, self.search.today)?;
        }
        if self.rule.exclude.iter().any(|regex| regex.is_match(value.as_bytes())) {
            return None;
        }
        let marks = super::table::marks(self.fragment, &place);
        let over = marks.iter().filter_map(|mark| {
            self.fragment.headings.get(usize::try_from(mark.heading?).ok()?).map(String::as_str)
        });
        let mut over: Vec<_> = over.collect();
        over.extend(TextTable::new(text).heading(place.start));
        let reach = Reach::of(&self.rule.contexts);
        let around = Surroundings::read(&self.rules.words, text, &place, &over, reach);
        let weight = around.weigh(&self.rule.contexts, &self.rules.words);
        let masked = match validator {
            Some(_) => draft::masked(&digits),
            None => Masked::of(value, 4),
        };
        Some(Found {
            place,
            masked,
            score: score.saturating_add(weight.score),
            words: weight.words,
        })
    }
}

/// The places of an expression that do not cut a number in two.
fn matches<'a>(regex: &'a Regex, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    regex.find_iter(bytes).map(|found| found.range()).filter_map(move |found| {
        let cut_left = digit(Some(found.start)) && digit(found.start.checked_sub(1));
        let cut_right = digit(Some(found.end)) && digit(found.end.checked_sub(1));
        // Expressions over bytes may end inside a character.
        let start = text.floor_char_boundary(found.start);
        let end = text.ceil_char_boundary(found.end);
        (!cut_left && !cut_right && start < end).then_some(start..end)
    })
}

/// What the terms of a rule come to in a text: one finding, at the first term.
fn terms_in(rules: &Rules, terms: &[Term], text: &str) -> Option<Found> {
    let mut sums = vec![0_i32; terms.len()];
    let mut words = Vec::new();
    let mut first: Option<Range<usize>> = None;
    let mut note = |sum: &mut i32, term: &Term, place: Range<usize>| {
        *sum = sum.saturating_add(term.score).min(term.max);
        if first.as_ref().is_none_or(|known| place.start < known.start) {
            first = Some(place);
        }
    };
    for piece in pieces(text) {
        let folded = Folded::of(text.get(piece.clone()).unwrap_or(""));
        for hit in rules.words.hits(&folded) {
            for (sum, term) in
                sums.iter_mut().zip(terms).filter(|(_, term)| term.words.has(hit.word))
            {
                note(sum, term, original(text, &piece, &folded, hit));
                words.extend(rules.words.written(hit.word).cloned());
            }
        }
    }
    for (sum, term) in sums.iter_mut().zip(terms) {
        for place in term.regex.iter().flat_map(|regex| matches(regex, text)) {
            note(sum, term, place);
        }
    }
    words.sort_unstable();
    words.dedup();
    let place = first?;
    let masked = Masked::of(text.get(place.clone())?, 4);
    let score = sums.into_iter().fold(0, i32::saturating_add);
    Some(Found { place, masked, score, words })
}

/// Where in the text a word of a folded piece stands.
fn original(text: &str, piece: &Range<usize>, folded: &Folded, hit: Hit) -> Range<usize> {
    let part = text.get(piece.clone()).unwrap_or("");
    let number = |at: usize| folded.chars.get(at).map_or(0, |number| *number as usize);
    let byte = |number: usize| part.char_indices().nth(number).map_or(part.len(), |(at, _)| at);
    let last = number(hit.end.saturating_sub(1));
    piece.start + byte(number(hit.start))..piece.start + byte(last + 1)
}

/// The text in pieces that end between words, so that folding a large text
/// needs little memory.
fn pieces(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = 0;
    std::iter::from_fn(move || {
        if start >= text.len() {
            return None;
        }
        let most = text.floor_char_boundary(text.len().min(start + PIECE));
        let part = text.get(start..most)?;
        let end = match part.rfind(char::is_whitespace) {
            Some(at) if most < text.len() && at > 0 => start + at,
            Some(_) | None => most,
        };
        let piece = start..end;
        start = end;
        Some(piece)
    })
}

const PIECE: usize = 64 << 10;
