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
    let mut at = 0;
    while let Some(start) = next_run(bytes, at) {
        let rest = bytes.get(start..).unwrap_or_default();
        let length = rest.iter().position(|b| !is_printable(*b)).unwrap_or(rest.len());
        keep(&rest[..length], text);
        at = start + length;
    }
}

/// Where the next run of at least [`DIGITS`] printable bytes starts. `from` is
/// in no run, or at the start of one.
fn next_run(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk::<BLOCK>) {
        // Noise has few runs: most blocks are passed without looking closer.
        // Whole blocks at a time, because that takes few instructions.
        let printable = block.map(|b| u8::from(is_printable(b)));
        let mut runs = [1_u8; STARTS];
        for shift in 0..DIGITS {
            runs.iter_mut().zip(&printable[shift..]).for_each(|(run, one)| *run &= one);
        }
        if runs.iter().fold(0, |any, run| any | run) != 0 {
            return runs.iter().position(|run| *run != 0).map(|start| at + start);
        }
        at += STARTS;
    }
    let rest = bytes.get(at..)?;
    rest.windows(DIGITS).position(|w| w.iter().all(|b| is_printable(*b))).map(|start| at + start)
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
/// Bytes looked at in one go, and the places in them where a run may start.
const BLOCK: usize = STARTS + DIGITS - 1;
const STARTS: usize = 64;
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

    #[test]
    fn finds_runs_wherever_they_stand() {
        for before in 0..200 {
            for after in [0, 1, 70] {
                let mut bytes = vec![0x80; before];
                bytes.extend_from_slice(b"a 228360142");
                bytes.resize(bytes.len() + after, 0x81);
                assert_eq!(runs(&bytes), "a 228360142\n", "{before} before, {after} after");
            }
        }
        assert_eq!(runs(&b"1234567\n".repeat(40)).lines().count(), 40);
    }
}
