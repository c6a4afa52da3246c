//! The words of all rules in one automaton, so that a piece of text is read
//! once for all of them. Words match whole; `*` stands for any ending or any
//! beginning.

use std::{collections::HashMap, sync::Arc};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::fold::Folded;

/// A word among all words.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct WordId(usize);

/// Collects words until the automaton is built.
#[derive(Default)]
pub(super) struct Vocabulary {
    known: HashMap<Arc<str>, WordId>,
    words: Vec<Word>,
}

struct Word {
    written: Arc<str>,
    folded: Vec<u8>,
    any_beginning: bool,
    any_ending: bool,
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

    /// Builds the automaton.
    pub(super) fn build(self) -> Result<Words, aho_corasick::BuildError> {
        // Built as a DFA: it is small, and four times as fast.
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .build(self.words.iter().map(|word| &word.folded))?;
        Ok(Words { automaton, words: self.words })
    }
}

/// All words, ready to search.
pub(super) struct Words {
    automaton: AhoCorasick,
    words: Vec<Word>,
}

impl Words {
    /// The word as the pack has it.
    pub(super) fn written(&self, id: WordId) -> Option<&Arc<str>> {
        self.words.get(id.0).map(|word| &word.written)
    }

    /// Every word in `text`, with where it starts and ends in folded bytes.
    pub(super) fn hits<'a>(&'a self, text: &'a Folded) -> impl Iterator<Item = Hit> + 'a {
        self.automaton.find_overlapping_iter(&text.bytes).filter_map(|found| {
            let id = WordId(found.pattern().as_usize());
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

    /// Whether `word` is in it.
    pub(super) fn has(&self, WordId(word): WordId) -> bool {
        self.0.get(word).copied().unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(word: &str, text: &str) -> bool {
        let mut vocabulary = Vocabulary::default();
        vocabulary.add(word).unwrap();
        let words = vocabulary.build().unwrap();
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
