//! The runs of printable characters in binary files, 8 bits or 16 bits wide.
//!
//! Not a way to read a format: it only keeps a number that lies open in an
//! unreadable file from going unseen. Runs without digits are left out.

use super::walk::{Place, Walk};
use crate::model::GapKind;

/// Adds one fragment with all runs of `bytes` that hold digits.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let mut text = String::new();
    let mut at = 0;
    while let Some(piece) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        if let Err(overrun) = walk.budget.in_time() {
            walk.overrun(overrun, &place.path);
            break;
        }
        // Pieces overlap so that no run is cut where it matters.
        let piece = piece.get(..PIECE + OVERLAP).unwrap_or(piece);
        narrow(piece, &mut text);
        wide(piece, &mut text);
        at += PIECE;
    }
    if text.len() >= TEXT_BYTES {
        walk.gap(GapKind::TooBig, &place.path);
    }
    walk.fragment(place.surface, &place.path.child("strings"), text);
}

fn narrow(bytes: &[u8], text: &mut String) {
    let runs = bytes.split(|b| !is_printable(*b));
    for run in runs.filter(|run| run.len() >= DIGITS) {
        keep(run, text);
    }
}

fn wide(bytes: &[u8], text: &mut String) {
    let mut run = Vec::new();
    let mut at = 0;
    // The high byte of a digit is zero: step from zero to zero.
    while let Some(zero) = bytes.get(at..).and_then(|rest| memchr::memchr(0, rest)) {
        let Some(start) = (at + zero).checked_sub(1) else {
            at += 1;
            continue;
        };
        let mut end = start;
        run.clear();
        while let Some([low, 0]) = bytes.get(end..end + 2)
            && is_printable(*low)
        {
            run.push(*low);
            end += 2;
        }
        keep(&run, text);
        at = end.max(at + zero + 1);
        if run.is_empty() {
            // Long stretches of zeros hold nothing.
            let rest = bytes.get(at..).unwrap_or_default();
            let zeros = rest.iter().position(|b| *b != 0).unwrap_or(rest.len());
            at += zeros;
        }
    }
}

fn keep(run: &[u8], text: &mut String) {
    let digits = run.iter().filter(|b| b.is_ascii_digit()).take(DIGITS).count();
    if digits == DIGITS && text.len() < TEXT_BYTES {
        text.push_str(&String::from_utf8_lossy(run));
        text.push('\n');
    }
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t')
}

/// No identity number has fewer.
const DIGITS: usize = 6;
const PIECE: usize = 1 << 20;
const OVERLAP: usize = 256;
const TEXT_BYTES: usize = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(bytes: &[u8]) -> String {
        let mut text = String::new();
        narrow(bytes, &mut text);
        wide(bytes, &mut text);
        text
    }

    #[test]
    fn finds_both_widths() {
        assert_eq!(runs(b"\x01\x02fnr 22836014271\x00\xFF"), "fnr 22836014271\n");
        let wide: Vec<u8> = "22836014271".bytes().flat_map(|b| [b, 0]).collect();
        assert_eq!(runs(&[b"\x01\x07", &wide[..]].concat()), "22836014271\n");
        assert_eq!(runs(b"JFIF abc"), "");
    }
}
