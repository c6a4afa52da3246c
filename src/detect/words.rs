//! The words of all rules. Those that are looked for around numbers are in one
//! automaton, so that the text around is read once for all of them; those that
//! are looked for everywhere are spotted. Words match whole; `*` stands for any
//! ending or any beginning.

use std::{collections::HashMap, ops::Range, sync::Arc};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::{fold::Folded, spot::Spotter};

/// A word among all words.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct WordId(usize);

/// Collects words until the automaton is built.
#[derive(Default)]
pub(super) struct Vocabulary {
    known: HashMap<Arc<str>, WordId>,
    words: Vec<Word>,
}

/// A word as it is compared.
pub(super) struct Word {
    written: Arc<str>,
    /// Without its stars.
    pub(super) folded: Vec<u8>,
    /// Whether letters may stand before it.
    pub(super) any_beginning: bool,
    /// Whether letters may stand after it.
    pub(super) any_ending: bool,
}

impl Vocabulary {
    /// Takes a word in; none when nothing of it is left to compare.
    pub(super) fn add(&mut self, written: &str) -> Option<WordId> {
        if let Some(known) = self.known.get(written) {
            return Some(*known);
        }
        let folded = Folded::of(written.trim_matches('*')).bytes;
        if folded.iter().all(|byte| *byte == b' ') {
            return None;
        }
        let id = WordId(self.words.len());
        let shared: Arc<str> = written.into();
        self.words.push(Word {
            written: shared.clone(),
            folded,
            any_beginning: written.starts_with('*'),
            any_ending: written.ends_with('*'),
        });
        self.known.insert(shared, id);
        Some(id)
    }

    /// The first of some words that cannot be looked for everywhere.
    pub(super) fn unfit(&self, words: &WordSet) -> Option<&str> {
        let some = (0..).map(WordId).zip(&self.words).filter(|(id, _)| words.has(*id));
        some.map(|(_, word)| word).find(|word| !Spotter::can_spot(word)).map(|word| &*word.written)
    }

    /// Builds what looks for them: for those `around` numbers, and for those
    /// looked for `everywhere`.
    pub(super) fn build(
        self,
        around: &WordSet,
        everywhere: &WordSet,
    ) -> Result<Words, aho_corasick::BuildError> {
        let words = || (0..).map(WordId).zip(&self.words);
        let patterns: Vec<_> = words().filter(|(id, _)| around.has(*id)).collect();
        // Built as a DFA: it is small, and four times as fast.
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .build(patterns.iter().map(|(_, word)| &word.folded))?;
        let around = patterns.into_iter().map(|(id, _)| id).collect();
        let spotter = Spotter::of(words().filter(|(id, _)| everywhere.has(*id)));
        Ok(Words { automaton, around, spotter, words: self.words })
    }
}

/// All words, ready to search.
pub(super) struct Words {
    automaton: AhoCorasick,
    /// The words of the automaton.
    around: Vec<WordId>,
    spotter: Spotter,
    words: Vec<Word>,
}

impl Words {
    /// The word as the pack has it.
    pub(super) fn written(&self, id: WordId) -> Option<&Arc<str>> {
        self.words.get(id.0).map(|word| &word.written)
    }

    /// Calls `found` for every word in `text` that is looked for everywhere, with
    /// its place in bytes.
    pub(super) fn spot(&self, text: &str, found: impl FnMut(WordId, Range<usize>)) {
        self.spotter.read(text, found);
    }

    /// Every word in `text` that is looked for around numbers, with where it
    /// starts and ends in folded bytes.
    pub(super) fn hits<'a>(&'a self, text: &'a Folded<'_>) -> impl Iterator<Item = Hit> + 'a {
        self.automaton.find_overlapping_iter(&text.bytes).filter_map(|found| {
            let id = *self.around.get(found.pattern().as_usize())?;
            let word = self.words.get(id.0)?;
            let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
            // "f." is not in "f.eks.".
            let tail = |byte: Option<&u8>| letter(byte) || byte == Some(&b'.');
            let joined_left = !word.any_beginning
                && letter(word.folded.first())
                && text.letter_before(found.start());
            let joined_right =
                !word.any_ending && tail(word.folded.last()) && text.letter_at(found.end());
            let whole = !joined_left && !joined_right;
            whole.then_some(Hit { word: id, start: found.start(), end: found.end() })
        })
    }
}

/// A word at a place of a folded text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Hit {
    /// Which word.
    pub(super) word: WordId,
    /// Its first folded byte.
    pub(super) start: usize,
    /// One past the last.
    pub(super) end: usize,
}

/// Some of the words.
#[derive(Clone, Debug, Default)]
pub(super) struct WordSet(Vec<bool>);

impl WordSet {
    /// The set of these words.
    pub(super) fn of(words: impl IntoIterator<Item = WordId>) -> Self {
        let mut set = Vec::new();
        for WordId(word) in words {
            if set.len() <= word {
                set.resize(word + 1, false);
            }
            set[word] = true;
        }
        Self(set)
    }

    /// Takes the words of another set in.
    pub(super) fn extend(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()), false);
        for (mine, other) in self.0.iter_mut().zip(&other.0) {
            *mine |= other;
        }
    }

    /// Whether `word` is in it.
    pub(super) fn has(&self, WordId(word): WordId) -> bool {
        self.0.get(word).copied().unwrap_or(false)
    }
}

/// For each word, those that want to hear of it.
#[derive(Debug)]
pub(super) struct Hearers<T>(Vec<Vec<T>>);

impl<T: Copy> Hearers<T> {
    /// Those who want some words, with the words.
    pub(super) fn of<'a>(all: impl IntoIterator<Item = (T, &'a WordSet)>) -> Self {
        let mut hearers = Vec::new();
        for (hearer, WordSet(words)) in all {
            hearers.resize_with(hearers.len().max(words.len()), Vec::new);
            for (word, _) in hearers.iter_mut().zip(words).filter(|(_, wanted)| **wanted) {
                word.push(hearer);
            }
        }
        Self(hearers)
    }

    /// Who wants to hear of a word, in their order.
    #[inline]
    pub(super) fn hear(&self, WordId(word): WordId) -> &[T] {
        self.0.get(word).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(word: &str, text: &str) -> bool {
        let mut vocabulary = Vocabulary::default();
        let set = WordSet::of([vocabulary.add(word).unwrap()]);
        let words = vocabulary.build(&set, &set).unwrap();
        words.hits(&Folded::of(text)).next().is_some()
    }

    #[test]
    fn words_are_whole_unless_starred() {
        assert!(matches("fnr", "fnr: 1"));
        assert!(matches("fnr", "fnr1"));
        assert!(matches("fnr", "bruker_fnr"));
        assert!(matches("fnr", "patientFnr"));
        assert!(!matches("fnr", "barnefnr"));
        assert!(matches("*fnr", "barnefnr"));
        assert!(!matches("fnr", "fnrs"));
        assert!(matches("konto*", "kontoen"));
        assert!(!matches("konto*", "lånekonto"));
        assert!(matches("f.nr", "F.nr. 1"));
        assert!(!matches("f.", "f.eks. 1"));
    }

    #[test]
    fn accents_and_hyphens_do_not_matter() {
        assert!(matches("fødselsnummer*", "FODSELSNUMMERET"));
        assert!(matches("fødsels- og personnummer", "fødsels og  personnummer"));
        assert!(matches("d-nummer", "D nummer"));
    }

    #[test]
    fn a_word_without_letters_is_refused() {
        assert!(Vocabulary::default().add("*").is_none());
        assert!(Vocabulary::default().add(" - ").is_none());
    }
}
