//! Spots words of topics anywhere in a text, at a speed that whole texts can be
//! read at: the first six symbols of each word decide whether one may stand
//! here, and only then is it compared.
//!
//! Most text is read where it stands. A piece with anything rare in it (other
//! alphabets, characters that take no room) is folded first, so that nothing
//! hides a word. Words must start with a letter from a to z, folded, and have
//! no star before them: compounds are written out.

use std::ops::Range;

use super::{
    borders::{Borders, Edge, STEP, Sort},
    fold::Folded,
    mask::{Block, known},
    words::{Hit, Word, WordId},
};

/// Words to spot.
pub(super) struct Spotter {
    /// One bit for each hash of six symbols that some word starts with.
    sixes: Box<Grams>,
    /// One bit for each hash of the first four symbols of a word of fewer than
    /// six that may go on.
    fours: Box<Grams>,
    /// Where the needles of each bucket of hashes start.
    buckets: Box<[u32; BUCKETS + 1]>,
    /// All words by the hash of their first four symbols, rising.
    needles: Vec<Needle>,
    /// Folded forms of U+0080 to U+00FF.
    latin: Vec<([u8; 2], usize)>,
    /// The symbols of the same.
    symbols: [[u8; 2]; 128],
}

type Grams = [u64; GRAMS / 64];

#[derive(Clone)]
struct Needle {
    /// The four symbols that it starts with.
    code: u64,
    word: WordId,
    folded: Box<[u8]>,
    any_ending: bool,
    /// Its first letters, up to eight, and which bits of them count.
    head: (u64, u64),
}

impl Spotter {
    /// A spotter of some words.
    pub(super) fn of<'a>(words: impl Iterator<Item = (WordId, &'a Word)>) -> Self {
        let latin = |code: u8| {
            let folded = Folded::of(&String::from(char::from(code))).bytes;
            let mut letters = [0; 2];
            letters.iter_mut().zip(&folded).for_each(|(to, from)| *to = *from);
            if folded.is_ascii() { (letters, folded.len().min(2)) } else { ([OTHER; 2], 1) }
        };
        let mut needles = Vec::new();
        for (id, word) in words {
            needles.extend(starts(word).into_iter().map(|code| {
                let folded = word.folded.as_slice().into();
                let head = head(&word.folded);
                Needle { code, word: id, folded, any_ending: word.any_ending, head }
            }));
        }
        needles.sort_by_key(|needle| hash(needle.code));
        let (mut sixes, mut fours) = (Box::new([0; GRAMS / 64]), Box::new([0; GRAMS / 64]));
        let mut buckets = Box::new([0; BUCKETS + 1]);
        let set = |grams: &mut Grams, bit: usize| grams[bit / 64] |= 1 << (bit % 64);
        for needle in &needles {
            match six(&needle.folded, needle.any_ending) {
                Some(code) => set(&mut sixes, hash(code)),
                None => set(&mut fours, hash(needle.code)),
            }
            buckets[bucket(hash(needle.code)) + 1] += 1;
        }
        let mut sum = 0_u32;
        for start in buckets.iter_mut() {
            sum += *start;
            *start = sum;
        }
        let latin: Vec<_> = (0x80..=0xFF).map(latin).collect();
        let mut symbols = [[0; 2]; 128];
        for (symbols, (letters, count)) in symbols.iter_mut().zip(&latin) {
            let folded = letters.iter().take(*count).map(symbol);
            symbols.iter_mut().zip(folded).for_each(|(to, from)| *to = from);
        }
        Self { sixes, fours, buckets, needles, latin, symbols }
    }

    /// Whether a word can be spotted at all.
    pub(super) fn can_spot(word: &Word) -> bool {
        !word.any_beginning && word.folded.first().is_some_and(u8::is_ascii_lowercase)
    }

    /// Calls `found` for every word in `text`, with its place in bytes, more or
    /// less in the order of their starts.
    pub(super) fn read(&self, text: &str, mut found: impl FnMut(WordId, Range<usize>)) {
        if self.needles.is_empty() {
            return;
        }
        let mut start = 0;
        while start < text.len() {
            let end = piece_end(text, start);
            let piece = text.as_bytes().get(start..end).unwrap_or_default();
            match Sort::of(piece) {
                Sort::Latin => {
                    self.run(text.as_bytes(), start..end, |hit| {
                        found(hit.word, hit.start..hit.end);
                    });
                }
                Sort::Plain => {
                    self.run_plain(text.as_bytes(), start..end, |hit| {
                        found(hit.word, hit.start..hit.end);
                    });
                }
                Sort::Rare => self.read_folded(text, start..end, &mut found),
            }
            start = end;
        }
    }

    /// Reads a piece, and a little more for words that start in it, folded.
    fn read_folded(
        &self,
        text: &str,
        piece: Range<usize>,
        found: &mut impl FnMut(WordId, Range<usize>),
    ) {
        let more = text.floor_char_boundary(text.len().min(piece.end.saturating_add(MORE)));
        let part = text.get(piece.start..more).unwrap_or("");
        let folded = Folded::of(part);
        let mut tell = |hit: Hit| {
            let start = piece.start + folded.start(hit.start);
            if start < piece.end {
                found(hit.word, start..piece.start + folded.end(hit.end.saturating_sub(1)));
            }
        };
        self.run(&folded.bytes, 0..folded.bytes.len(), &mut tell);
    }

    /// Goes through the words that start in a range of bytes.
    fn run(&self, bytes: &[u8], range: Range<usize>, mut tell: impl FnMut(Hit)) {
        let before = range.start.checked_sub(1).and_then(|at| bytes.get(at));
        let inside = before.is_some_and(u8::is_ascii_alphabetic);
        let mut at = if inside { self.word_end(bytes, range.start) } else { range.start };
        loop {
            at = self.word_start(bytes, at);
            if at >= range.end {
                return;
            }
            let (code, after) = self.six(bytes, at);
            self.try_code(bytes, (at, code), &mut tell);
            at = self.word_end(bytes, after);
        }
    }

    /// Goes through the words that start in a range of plain bytes, block by
    /// block: masks tell where words start and end.
    fn run_plain(&self, bytes: &[u8], range: Range<usize>, mut tell: impl FnMut(Hit)) {
        let before = range.start.checked_sub(1).and_then(|at| bytes.get(at)).copied();
        let mut edge = Edge::after(before);
        let mut base = range.start;
        while base < range.end {
            let words = Borders::of(Block::at(bytes, base), &mut edge);
            let mut starts = words.starts & known(range.end - base);
            while starts != 0 {
                let bit = starts.trailing_zeros();
                starts &= starts - 1;
                let at = base + bit as usize;
                let here = bytes.get(at..).and_then(|rest| rest.first_chunk().copied());
                let length = (words.ends >> bit >> 1 | 0x20).trailing_zeros() + 1;
                let plain = words.high >> bit & !(u64::MAX << length) == 0;
                let code = match here.filter(|_| plain) {
                    // Letters of ASCII only, as far as the word goes.
                    Some(here) => u64::from_le_bytes(here) & LETTERS >> (64 - 8 * length),
                    None => self.six(bytes, at).0,
                };
                self.try_code(bytes, (at, code), &mut tell);
            }
            base += STEP;
        }
    }

    #[inline]
    fn try_code(&self, bytes: &[u8], (at, code): (usize, u64), tell: &mut impl FnMut(Hit)) {
        let bit = |grams: &Grams, code| {
            let bit = hash(code);
            grams[bit / 64] >> (bit % 64) & 1
        };
        let four = code & FOUR;
        // Asked together: most words have neither, and it is one question less.
        if bit(&self.sixes, code) | bit(&self.fours, four) == 1 {
            self.compare(bytes, (at, four), tell);
        }
    }

    /// The first six symbols of the word at `at`, none after its end, and where
    /// they end; nothing where no word is.
    #[inline]
    fn six(&self, bytes: &[u8], at: usize) -> (u64, usize) {
        let mut code = 0_u64;
        let mut count = 0;
        let mut next = at;
        while count < 6 {
            let byte = bytes.get(next).copied().unwrap_or(b' ');
            if byte < 0x80 {
                let symbol = SYMBOLS[usize::from(byte)];
                let hump = byte.is_ascii_uppercase()
                    && next > at
                    && bytes.get(next - 1).is_some_and(u8::is_ascii_lowercase);
                if symbol == 0 || hump {
                    break;
                }
                code |= u64::from(symbol) << (8 * count);
                count += 1;
                next += 1;
                continue;
            }
            let (letters, length) = self.symbols_of(bytes, next);
            if letters[0] == 0 {
                break;
            }
            for symbol in letters {
                if symbol != 0 && count < 6 {
                    code |= u64::from(symbol) << (8 * count);
                    count += 1;
                }
            }
            next += length;
        }
        (code, next.max(at + 1))
    }

    /// Where the next letter is.
    #[inline]
    fn word_start(&self, bytes: &[u8], mut at: usize) -> usize {
        while let Some(byte) = bytes.get(at).copied() {
            let (symbol, length) = self.symbol(bytes, at, byte);
            if symbol != 0 {
                break;
            }
            at += length;
        }
        at
    }

    /// Where the word that goes on at `at` ends.
    #[inline]
    fn word_end(&self, bytes: &[u8], mut at: usize) -> usize {
        while let Some(byte) = bytes.get(at).copied() {
            let (symbol, length) = self.symbol(bytes, at, byte);
            let hump = byte.is_ascii_uppercase()
                && at.checked_sub(1).and_then(|i| bytes.get(i)).is_some_and(u8::is_ascii_lowercase);
            if symbol == 0 || hump {
                break;
            }
            at += length;
        }
        at
    }

    /// The first symbol of a character, and how many bytes it takes.
    #[inline]
    fn symbol(&self, bytes: &[u8], at: usize, byte: u8) -> (u8, usize) {
        if byte < 0x80 {
            return (SYMBOLS[usize::from(byte)], 1);
        }
        let (symbols, length) = self.symbols_of(bytes, at);
        (symbols[0], length)
    }

    /// The symbols of a character outside ASCII, and how many bytes it takes.
    #[inline]
    fn symbols_of(&self, bytes: &[u8], at: usize) -> ([u8; 2], usize) {
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(lead @ (0xC2 | 0xC3)), Some(second)) => {
                (self.symbols[usize::from(lead & 1) * 64 + usize::from(second & 63)], 2)
            }
            (Some(0xE2), Some(0x80)) => ([0; 2], 3),
            (Some(_), _) => ([OTHER_SYMBOL, 0], 1),
            (None, _) => ([0; 2], 1),
        }
    }

    #[inline(never)]
    fn compare(&self, bytes: &[u8], (start, code): (usize, u64), tell: &mut impl FnMut(Hit)) {
        let bucket = bucket(hash(code));
        let place = |at: usize| self.buckets.get(at).map_or(0, |at| *at as usize);
        let alike = self.needles.get(place(bucket)..place(bucket + 1)).unwrap_or_default();
        let here = bytes.get(start..).and_then(|rest| rest.first_chunk().copied());
        let here = here.map(u64::from_le_bytes).filter(|here| here & HIGH == 0);
        for needle in alike.iter().filter(|needle| needle.code == code) {
            let (head, counts) = needle.head;
            // Eight letters of ASCII tell nearly all words apart at once.
            if here.is_some_and(|here| ((here | LOWER) ^ head) & counts != 0) {
                continue;
            }
            // Those letters need not be compared again.
            let known = here.map_or(0, |_| counts.count_ones() as usize / 8);
            if let Some(end) = self.end(bytes, start + known, needle, known) {
                tell(Hit { word: needle.word, start, end });
            }
        }
    }

    /// Where the needle ends when all but its first letters go on at `at`.
    fn end(&self, bytes: &[u8], mut at: usize, needle: &Needle, known: usize) -> Option<usize> {
        let mut wanted = needle.folded.get(known..)?.iter().copied();
        while let Some(byte) = wanted.next() {
            // Nearly all characters are these.
            if byte != b' ' && bytes.get(at).is_some_and(|here| here.to_ascii_lowercase() == byte) {
                at += 1;
                continue;
            }
            if byte == b' ' {
                let first = at;
                while let Some(length) = self.blank(bytes, at) {
                    at += length;
                }
                if at == first {
                    return None;
                }
                continue;
            }
            let (letters, count, length) = self.folded(bytes, at)?;
            let all = letters.get(..count)?;
            let (head, tail) = all.split_first()?;
            let fits = *head == byte && tail.iter().all(|letter| wanted.next() == Some(*letter));
            if !fits {
                return None;
            }
            at += length;
        }
        let tail = needle.folded.last().is_some_and(|byte| is_letter(*byte) || *byte == b'.');
        let joined = !needle.any_ending && tail && self.goes_on(bytes, at);
        (!joined).then_some(at)
    }

    /// Whether the same word goes on at `at`.
    fn goes_on(&self, bytes: &[u8], at: usize) -> bool {
        let Some((letters, ..)) = self.folded(bytes, at) else { return false };
        let raw = |at: usize| bytes.get(at).copied().unwrap_or(b' ');
        let hump = raw(at).is_ascii_uppercase() && raw(at.saturating_sub(1)).is_ascii_lowercase();
        (is_letter(letters[0]) || letters[0] == OTHER) && !hump
    }

    /// The bytes that the character at `at` takes, if it is a blank.
    fn blank(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let (letters, count, length) = self.folded(bytes, at)?;
        (count == 1 && letters[0] == b' ').then_some(length)
    }

    /// The folded form of the character at `at`: its letters, how many they
    /// are, and how many bytes it takes.
    fn folded(&self, bytes: &[u8], at: usize) -> Option<([u8; 2], usize, usize)> {
        let byte = *bytes.get(at)?;
        let plain = match byte {
            b'\t'..=b'\r' | b' ' | b'-' | b'_' | b'~' => b' ',
            0..=0x7F => byte.to_ascii_lowercase(),
            _ => return Some(self.fold_rare(bytes, at)),
        };
        Some(([plain, 0], 1, 1))
    }

    fn fold_rare(&self, bytes: &[u8], at: usize) -> ([u8; 2], usize, usize) {
        let next = |by: usize| bytes.get(at + by).copied().unwrap_or(0);
        match (bytes.get(at).copied().unwrap_or(0), next(1)) {
            (lead @ (0xC2 | 0xC3), second) => {
                let index = usize::from(lead & 1) * 64 + usize::from(second & 63);
                let (letters, count) = self.latin.get(index).copied().unwrap_or_default();
                (letters, count, 2)
            }
            (0xE2, 0x80) if matches!(next(2), 0x90..=0x95) => ([b' ', 0], 1, 3),
            (0xE2, 0x80) => ([b'"', 0], 1, 3),
            _ => ([OTHER, 0], 1, 1),
        }
    }
}

/// The fours of symbols that a word can start with: fewer where it ends, and
/// all that may follow where it can go on.
fn starts(word: &Word) -> Vec<u64> {
    let letters = word.folded.iter().map(symbol).take_while(|symbol| *symbol != 0);
    let letters: Vec<_> = letters.take(4).collect();
    let code = joined(&letters);
    // What follows the first letters is known when the word ends there.
    let open = word.any_ending && letters.len() == word.folded.len();
    let mut codes = vec![code];
    for at in letters.len()..if open { 4 } else { 0 } {
        let longer = |code: &u64| {
            (0..=OTHER_SYMBOL)
                .map(|symbol| code | u64::from(symbol) << (8 * at))
                .collect::<Vec<_>>()
        };
        codes = codes.iter().flat_map(longer).collect();
    }
    codes
}

/// The first six symbols of a word; none when others may follow fewer of them.
fn six(folded: &[u8], any_ending: bool) -> Option<u64> {
    let letters = folded.iter().map(symbol).take_while(|symbol| *symbol != 0).take(6);
    let letters: Vec<_> = letters.collect();
    let open = any_ending && letters.len() == folded.len() && letters.len() < 6;
    (!open).then(|| joined(&letters))
}

/// Symbols as one number, the first lowest.
fn joined(letters: &[u8]) -> u64 {
    letters.iter().zip(0..).fold(0, |code, (symbol, at)| code | u64::from(*symbol) << (8 * at))
}

/// The symbol of a folded byte.
fn symbol(byte: &u8) -> u8 {
    SYMBOLS.get(usize::from(*byte)).copied().unwrap_or(OTHER_SYMBOL)
}

/// The first letters of a word as one number, and the bits of them that count.
fn head(folded: &[u8]) -> (u64, u64) {
    let letters = folded.iter().take(8).take_while(|byte| byte.is_ascii_lowercase());
    letters.zip(0..).fold((0, 0), |(head, counts), (byte, at)| {
        (head | u64::from(*byte) << (8 * at), counts | 0xFF << (8 * at))
    })
}

/// Where a piece ends: behind a blank, if there is one.
fn piece_end(text: &str, start: usize) -> usize {
    let most = text.floor_char_boundary(text.len().min(start.saturating_add(PIECE)));
    let part = text.as_bytes().get(start..most).unwrap_or_default();
    match part.iter().rposition(u8::is_ascii_whitespace) {
        Some(at) if most < text.len() => start + at + 1,
        Some(_) | None => most.max(start + 1),
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_lowercase()
}

/// The bit that stands for some symbols.
#[inline]
fn hash(code: u64) -> usize {
    (code.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - GRAMS.ilog2())) as usize
}

/// The bucket of needles with this hash.
fn bucket(hash: usize) -> usize {
    hash / (GRAMS / BUCKETS)
}

/// Letters from 1 to 26; everything between words 0.
const SYMBOLS: [u8; 128] = {
    let mut symbols = [0; 128];
    let mut letter = 0;
    while letter < 26 {
        symbols[b'a' as usize + letter] = letter as u8 + 1;
        symbols[b'A' as usize + letter] = letter as u8 + 1;
        letter += 1;
    }
    symbols
};
/// The bit that eight bytes of ASCII have not.
const HIGH: u64 = 0x8080_8080_8080_8080;
/// The bit that makes letters lower case.
const LOWER: u64 = 0x2020_2020_2020_2020;
/// Stands for letters of other alphabets.
const OTHER: u8 = 0xFF;
const OTHER_SYMBOL: u8 = 31;
/// Bits for all sixes of symbols, few enough to stay in the nearest cache.
const GRAMS: usize = 1 << 16;
/// Few words of a language share one.
const BUCKETS: usize = 1 << 12;
/// What is left of letters of ASCII as symbols.
const LETTERS: u64 = 0x1F1F_1F1F_1F1F_1F1F;
/// The first four symbols.
const FOUR: u64 = 0xFFFF_FFFF;
/// Bytes judged together.
const PIECE: usize = 2048;
/// Bytes read beyond a piece that is folded.
const MORE: usize = 64;

#[cfg(test)]
mod tests {
    use super::{super::words::Vocabulary, *};

    fn spotted(words: &[&str], text: &str) -> Vec<String> {
        let mut vocabulary = Vocabulary::default();
        let ids: Vec<_> = words.iter().map(|word| vocabulary.add(word).unwrap()).collect();
        let set = super::super::words::WordSet::of(ids);
        let words = vocabulary.build(&set, &set).unwrap();
        let mut found = Vec::new();
        words.spot(text, |_, place| found.push(text[place].to_owned()));
        // The automaton is another way to the same words.
        let folded = Folded::of(text);
        assert_eq!(words.hits(&folded).count(), found.len(), "{text}: {found:?}");
        found
    }

    #[test]
    fn finds_words_whole_unless_starred() {
        assert_eq!(spotted(&["nav"], "NAV, nav. navet snav navSak"), ["NAV", "nav", "nav"]);
        assert_eq!(spotted(&["diagnos*"], "hoveddiagnosen ny Diagnose"), ["Diagnos"]);
        assert_eq!(spotted(&["diagnos*"], "pasientDiagnose, DIAGNOSE"), ["Diagnos", "DIAGNOS"]);
        assert_eq!(spotted(&["lo"], "LO lov (lo) hallo lo"), ["LO", "lo", "lo"]);
        assert_eq!(spotted(&["ab*"], "abc ab x ABBA"), ["ab", "ab", "AB"]);
        assert_eq!(spotted(&["født", "f."], "Født f.eks. f. 1"), ["Født", "f."]);
    }

    #[test]
    fn sees_through_spelling_and_disguise() {
        assert_eq!(spotted(&["sjukehus*"], "SJUKE\u{ad}HUSET").len(), 1);
        assert_eq!(
            spotted(&["sjukehus*"], "ｓｊｕｋｅｈｕｓ og \u{200b}sjuke\u{200b}hus").len(),
            2
        );
        assert_eq!(
            spotted(&["økonomisk sosialhjelp"], "økonomisk\r\n  sosialhjelp –"),
            ["økonomisk\r\n  sosialhjelp"]
        );
        assert_eq!(spotted(&["bæ", "læge*"], "bæ, lægen og laege").len(), 3);
        assert_eq!(spotted(&["fagforening*"], "«fagforeningen»").len(), 1);
    }

    #[test]
    fn finds_words_at_the_borders_of_pieces() {
        for length in 2000..2100 {
            let text = format!("{} epikrise", "å".repeat(length / 2) + &"x ".repeat(length % 7));
            assert_eq!(spotted(&["epikrise*"], &text).len(), 1, "{length}");
        }
        let text = "økonomisk sosialhjelp – ".repeat(500);
        assert_eq!(spotted(&["økonomisk sosialhjelp"], &text).len(), 500);
    }

    #[test]
    fn survives_anything() {
        for text in ["", "ж", "\0", "\u{10ffff}", "n", "na", "\u{301}nav", "å", "år"] {
            let _ = spotted(&["nav", "heim", "å"], text);
        }
    }
}
