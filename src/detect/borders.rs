//! Where words start and end, told for 58 bytes at a time by masks.
//!
//! Only for plain text: ASCII, Norwegian and other letters of western Europe,
//! and the punctuation of typesetters. A new word also starts at a capital
//! behind a small letter: `patientFnr`.

use super::mask::{self, BLOCK, Block, Lane};

/// The bytes of a block in which words may start; those behind are looked at
/// only to see how the words go on.
pub(super) const STEP: usize = BLOCK - 6;

/// Where words start and end in a block.
pub(super) struct Borders {
    /// The first letters of words.
    pub(super) starts: u64,
    /// What is no letter, or the first letter of another word.
    pub(super) ends: u64,
    /// What is not of ASCII.
    pub(super) high: u64,
}

impl Borders {
    /// Reads a block of plain text behind `edge`, which is then that of the one
    /// `STEP` bytes on.
    #[inline]
    pub(super) fn of(block: Block, edge: &mut Edge) -> Self {
        let ascii = block.mask(|lane| lane.with(0x20).within(b'a', b'z'));
        let lower = block.mask(|lane| lane.within(b'a', b'z'));
        let high = block.mask(|lane| lane.at_least(0x80));
        // The first byte of all letters of plain text outside ASCII.
        let lead = block.mask(|lane| lane.is(0xC3));
        let letters = ascii | lead | lead << 1 | edge.lead;
        let humps = ascii & !lower & (lower << 1 | edge.lower);
        let starts = letters & !(letters << 1 | edge.letter) | humps;
        let last = |mask: u64| mask >> (STEP - 1) & 1;
        *edge = Edge { lead: last(lead), letter: last(letters), lower: last(lower) };
        Self { starts: starts & mask::known(STEP), ends: !letters | humps, high }
    }
}

/// What stands right before a block, each one bit.
#[derive(Clone, Copy)]
pub(super) struct Edge {
    /// The first byte of a letter outside ASCII.
    lead: u64,
    letter: u64,
    lower: u64,
}

impl Edge {
    /// The edge behind a whole character, if there is one.
    pub(super) fn after(byte: Option<u8>) -> Self {
        Self {
            lead: 0,
            letter: byte.is_some_and(|byte| byte.is_ascii_alphabetic()).into(),
            lower: byte.is_some_and(|byte| byte.is_ascii_lowercase()).into(),
        }
    }
}

/// How a piece of text can be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sort {
    /// As plain text, but with some of the few signs of Latin-1 that are not
    /// what their neighbours are: × and ÷ among letters, ª, µ and º among signs.
    Latin,
    /// ASCII, the letters of western Europe and the usual punctuation of
    /// typesetters.
    Plain,
    /// More than that.
    Rare,
}

impl Sort {
    /// Tells how `piece` can be read.
    pub(super) fn of(piece: &[u8]) -> Self {
        // All that is not plain, and a little more.
        let strange = |lane: Lane| {
            let control = lane.within(0, 8).or(lane.within(14, 0x1F)).or(lane.is(0x7F));
            let signs = lane.with(0x22).is(0xB7).or(lane.with(0x10).is(0xBA)).or(lane.is(0xAD));
            lane.at_least(0xC4).or(control).or(signs)
        };
        if !mask::any(piece, strange) {
            return Self::Plain;
        }
        let mixed = |byte: &u8| matches!(byte, 0x97 | 0xAA | 0xB5 | 0xB7 | 0xBA);
        match is_rare(piece) {
            true => Self::Rare,
            false if piece.iter().any(mixed) => Self::Latin,
            false => Self::Plain,
        }
    }
}

/// Whether there is more than typographic punctuation among what is odd.
fn is_rare(piece: &[u8]) -> bool {
    let odd = |byte: u8| {
        byte >= 0xC4 || byte == 0xAD || byte == 0x7F || (byte < 0x20 && !(9..=13).contains(&byte))
    };
    let mut at = 0;
    while let Some(byte) = piece.get(at).copied() {
        let next = |by: usize| piece.get(at + by).copied().unwrap_or(0);
        let quote = matches!((byte, next(1), next(2)), (0xE2, 0x80, 0x90..=0xA7 | 0xB0..=0xBF));
        let soft_hyphen = byte == 0xC2 && next(1) == 0xAD;
        if soft_hyphen || (!quote && byte != 0xAD && odd(byte)) {
            return true;
        }
        at += if quote { 3 } else { 1 };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_pieces_by_what_is_in_them() {
        for (text, expected) in [
            ("Blåbær, «fløte» og $", Sort::Plain),
            ("– “ja” … •\r\n", Sort::Plain),
            ("", Sort::Plain),
            ("3 × 4", Sort::Latin),
            ("nº 5, 3 µg", Sort::Latin),
            ("sjuke\u{ad}hus", Sort::Rare),
            ("\u{200b}", Sort::Rare),
            ("ж", Sort::Rare),
            ("\0", Sort::Rare),
        ] {
            assert_eq!(Sort::of(text.as_bytes()), expected, "{text:?}");
            let long = "å".repeat(70) + text + &" ".repeat(70);
            assert_eq!(Sort::of(long.as_bytes()), expected, "{text:?}");
        }
    }
}
