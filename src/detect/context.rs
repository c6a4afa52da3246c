//! Reads the words around a candidate and turns them into a score.
//!
//! Words before count up to a distance, words after up to another; what stands
//! over the text (a column heading) counts as nearest of all. A word
//! against counts only when it is nearer than every word for, and when no
//! other number stands between: then those words speak of that number.

use std::{ops::Range, sync::Arc};

use super::{
    fold::Folded,
    words::{WordId, WordSet, Words},
};

/// Words that add to a score when near.
#[derive(Clone, Debug)]
pub(super) struct Context {
    /// Which words.
    pub(super) words: WordSet,
    /// How many characters before.
    pub(super) before: u32,
    /// How many characters after.
    pub(super) after: u32,
    /// What they add, or take.
    pub(super) add: i32,
    /// Whether they count only when nearer than every word that adds.
    pub(super) nearest: bool,
}

/// What the words around a place came to.
#[derive(Debug, Default)]
pub(super) struct Weight {
    /// The sum.
    pub(super) score: i32,
    /// The largest single part of it.
    pub(super) strongest: i32,
    /// The words that counted.
    pub(super) words: Vec<Arc<str>>,
}

/// The words around one place.
pub(super) struct Surroundings {
    near: Vec<Near>,
}

/// A word near a place.
struct Near {
    word: WordId,
    side: Side,
    /// Characters between word and place.
    distance: u32,
    /// Another number stands between.
    cut_off: bool,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Side {
    After,
    Before,
}

impl Surroundings {
    /// Reads around `place` (bytes) of `text`; `over` stands over it.
    pub(super) fn read(
        words: &Words,
        text: &str,
        place: &Range<usize>,
        over: &[&str],
        reach: Reach,
    ) -> Self {
        let mut near = Vec::new();
        for heading in over {
            let hits = words.hits(&Folded::of(heading)).collect::<Vec<_>>();
            near.extend(hits.into_iter().map(|hit| Near {
                word: hit.word,
                side: Side::Before,
                distance: 0,
                cut_off: false,
            }));
        }
        let window = window(text, place, reach);
        let folded = Folded::of(text.get(window.clone()).unwrap_or(""));
        let chars = |part: Range<usize>| text.get(part).map_or(0, |part| part.chars().count());
        let alike = chars(place.clone());
        for hit in words.hits(&folded) {
            let first = window.start + folded.start(hit.start);
            let after = window.start + folded.end(hit.end.saturating_sub(1));
            let (side, between) = if after <= place.start {
                (Side::Before, after..place.start)
            } else if first >= place.end {
                (Side::After, place.end..first)
            } else {
                (Side::Before, 0..0)
            };
            let distance = u32::try_from(chars(between)).unwrap_or(u32::MAX);
            let bytes = folded.bytes.get(hit.end..).unwrap_or_default().iter();
            let between = bytes.zip(folded.starts.get(hit.end..).unwrap_or_default());
            let start = u32::try_from(place.start - window.start).unwrap_or(u32::MAX);
            let between = between.take_while(|(_, at)| **at < start).map(|(byte, _)| *byte);
            let cut_off = match side {
                Side::Before => holds_other_number(between, alike),
                Side::After => speaks_on(&folded, hit.end, text, place.end, distance),
            };
            near.push(Near { word: hit.word, side, distance, cut_off });
        }
        Self { near }
    }

    /// Weighs the words by one rule's contexts.
    pub(super) fn weigh(&self, contexts: &[Context], words: &Words) -> Weight {
        let nearest = |context: &Context| {
            let within = self.near.iter().filter(|near| context.reaches(near));
            within.map(|near| (near.rank(), near)).min_by_key(|(rank, _)| *rank)
        };
        let met = contexts.iter().map(|context| (context, nearest(context)));
        let met: Vec<_> = met.filter_map(|(context, near)| Some((context, near?))).collect();
        let ranks = |of: fn(&Context) -> bool| {
            met.iter().filter(move |(context, _)| of(context)).map(|(_, (rank, _))| *rank)
        };
        let positive = ranks(|context| context.add > 0).min().unwrap_or(u32::MAX);
        let against = |context: &Context| context.nearest && context.add < 0;
        let refuted = ranks(against).any(|rank| rank < positive);
        let mut weight = Weight::default();
        for (context, (rank, near)) in met {
            let counts = match (context.add > 0, context.nearest) {
                // A word for, further off than the word against, speaks of
                // something else.
                (true, _) => !refuted,
                (false, true) => refuted && rank < positive,
                (false, false) => true,
            };
            if counts {
                weight.score = weight.score.saturating_add(context.add);
                weight.strongest = weight.strongest.max(context.add);
                let written = words.written(near.word).filter(|word| !weight.words.contains(word));
                weight.words.extend(written.cloned());
            }
        }
        weight
    }
}

impl Context {
    fn reaches(&self, near: &Near) -> bool {
        let reach = match near.side {
            Side::After => self.after,
            Side::Before => self.before,
        };
        let open = self.add > 0 || !near.cut_off;
        near.distance <= reach && open && self.words.has(near.word)
    }
}

impl Near {
    /// How near it is when words are compared. Labels stand before what they
    /// name; a word after belongs to the next thing as often as not.
    fn rank(&self) -> u32 {
        match self.side {
            Side::After => self.distance.saturating_add(AFTER_RANK),
            Side::Before => self.distance,
        }
    }
}

/// How far around a place words count, in characters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reach {
    /// Before it.
    pub(super) before: u32,
    /// After it.
    pub(super) after: u32,
}

impl Reach {
    /// The furthest of all contexts.
    pub(super) fn of<'a>(contexts: impl IntoIterator<Item = &'a Context>) -> Self {
        contexts.into_iter().fold(Self::default(), |reach, context| Self {
            before: reach.before.max(context.before),
            after: reach.after.max(context.after),
        })
    }
}

/// The part of the text that holds every word in reach, whole.
fn window(text: &str, place: &Range<usize>, reach: Reach) -> Range<usize> {
    let chars = |count: u32| usize::try_from(count).unwrap_or(usize::MAX).saturating_add(WORD);
    let bytes = text.as_bytes();
    // Where characters start, as UTF-8 shows it.
    let starts = |at: &usize| bytes.get(*at).is_some_and(|byte| byte & 0xC0 != 0x80);
    let start = (0..place.start).rev().filter(starts).nth(chars(reach.before) - 1).unwrap_or(0);
    let end = (place.end..text.len()).filter(starts).nth(chars(reach.after));
    let end = end.unwrap_or(text.len());
    start..end
}

/// Whether the bytes hold a number of its own. One just as long as the
/// candidate and as plain is the one before in a list: the words that stand
/// over the list speak of both.
fn holds_other_number(bytes: impl Iterator<Item = u8>, alike: usize) -> bool {
    let mut run = 0;
    let mut glued = false;
    for byte in bytes.chain([b' ']) {
        if byte.is_ascii_digit() {
            run += 1;
            continue;
        }
        // NO59 before the digits of an IBAN is none.
        if run >= NUMBER && run != alike && !glued {
            return true;
        }
        run = 0;
        glued = byte.is_ascii_alphabetic();
    }
    false
}

/// Whether a word after a place speaks of what comes next: it stands in another
/// clause, or a number follows it.
fn speaks_on(
    folded: &Folded,
    word_end: usize,
    text: &str,
    place_end: usize,
    distance: u32,
) -> bool {
    let distance = usize::try_from(distance).unwrap_or(usize::MAX);
    let between = text.get(place_end..).unwrap_or("").chars().take(distance);
    let mut next = folded.bytes.iter().skip(word_end).take(NEXT);
    between.into_iter().any(|c| ",;.\n\t|".contains(c)) || next.any(u8::is_ascii_digit)
}

/// What a word after a place is held to be further off than one before.
const AFTER_RANK: u32 = 15;
/// Characters read beyond the reach, so that a long word is seen whole.
const WORD: usize = 40;
/// Digits from which on a number is one of its own.
const NUMBER: usize = 2;
/// How near after a word the number stands that it names, in folded bytes.
const NEXT: usize = 25;

#[cfg(test)]
mod tests {
    use super::{super::words::Vocabulary, *};

    fn weight(text: &str, over: &[&str]) -> i32 {
        let mut vocabulary = Vocabulary::default();
        let mut set =
            |words: &[&str]| WordSet::of(words.iter().map(|word| vocabulary.add(word).unwrap()));
        let contexts = [
            Context {
                words: set(&["fnr", "født"]),
                before: 80,
                after: 60,
                add: 35,
                nearest: false,
            },
            Context {
                words: set(&["konto*", "kid"]),
                before: 40,
                after: 25,
                add: -60,
                nearest: true,
            },
        ];
        let mut around = contexts[0].words.clone();
        around.extend(&contexts[1].words);
        let words = vocabulary.build(&around, &WordSet::default()).unwrap();
        let start = text.find("#").unwrap();
        let text = text.replace('#', "13827830652");
        let place = start..start + 11;
        let around = Surroundings::read(&words, &text, &place, over, Reach::of(&contexts));
        around.weigh(&contexts, &words).score
    }

    #[test]
    fn words_count_before_after_and_above() {
        assert_eq!(weight("fnr #", &[]), 35);
        assert_eq!(weight("# er hans fnr", &[]), 35);
        assert_eq!(weight("#", &["Pasientens fnr"]), 35);
        assert_eq!(weight(&format!("fnr {} #", "x ".repeat(60)), &[]), 0);
    }

    #[test]
    fn the_nearest_word_decides() {
        assert_eq!(weight("konto #", &[]), -60);
        assert_eq!(weight("fnr til kontoen #", &[]), -60);
        assert_eq!(weight("konto for fnr #", &[]), 35);
        assert_eq!(weight("kontonr #, født i går", &[]), -60);
    }

    #[test]
    fn a_word_against_speaks_of_the_number_after_it() {
        assert_eq!(weight("konto 1234.56.78903 #", &[]), 0);
        assert_eq!(weight("konto 63850191796, #", &[]), -60);
        assert_eq!(weight("konto NO59 #", &[]), -60);
        assert_eq!(weight("# er kontonummeret vårt", &[]), -60);
        assert_eq!(weight("#, konto ukjent", &[]), 0);
        assert_eq!(weight("# har konto 1234.56.78903", &[]), 0);
    }
}
