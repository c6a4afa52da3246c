//! The one door through which anything is decompressed.
//!
//! Unpacks into memory, at most what the budget and the ratio allow, and looks
//! at the clock on the way. What was unpacked before the damage or the limit
//! is handed out together with the trouble, so that it is read too.

use std::io::Read;

use super::budget::{Budget, Overrun};

/// What came out, and what went wrong on the way.
#[derive(Debug, Default)]
pub(super) struct Unpacked {
    pub(super) bytes: Vec<u8>,
    /// How many packed bytes were used.
    pub(super) used: usize,
    pub(super) trouble: Option<Trouble>,
}

/// Why unpacking ended early.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Trouble {
    /// The packed bytes are damaged or cut.
    Broken,
    /// A limit was reached.
    Over(Overrun),
}

/// Unpacks one raw deflate stream (RFC 1951).
#[expect(clippy::disallowed_types, reason = "this is the door: the loop below spends the budget")]
pub(super) fn inflate(packed: &[u8], budget: &mut Budget) -> Unpacked {
    let mut decoder = flate2::read::DeflateDecoder::new(packed);
    let mut unpacked = drain(&mut decoder, packed.len(), budget);
    unpacked.used = usize::try_from(decoder.total_in()).unwrap_or(packed.len());
    unpacked
}

/// Unpacks one zlib stream (RFC 1950).
#[expect(clippy::disallowed_types, reason = "this is the door: the loop below spends the budget")]
pub(super) fn inflate_zlib(packed: &[u8], budget: &mut Budget) -> Unpacked {
    let mut decoder = flate2::read::ZlibDecoder::new(packed);
    let mut unpacked = drain(&mut decoder, packed.len(), budget);
    unpacked.used = usize::try_from(decoder.total_in()).unwrap_or(packed.len());
    unpacked
}

/// Reads what `source` unpacks from `packed` bytes.
pub(super) fn all(source: &mut impl Read, packed: usize, budget: &mut Budget) -> Unpacked {
    drain(source, packed, budget)
}

/// Reads `source` to its end, a chunk at a time.
fn drain(source: &mut impl Read, packed: usize, budget: &mut Budget) -> Unpacked {
    let most = usize::try_from(budget.unpackable(packed)).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    let mut chunk = vec![0; CHUNK];
    let trouble = loop {
        if let Err(overrun) = budget.in_time() {
            break Some(Trouble::Over(overrun));
        }
        match source.read(&mut chunk) {
            Ok(0) => break None,
            Ok(length) => bytes.extend_from_slice(&chunk[..length]),
            Err(_) => break Some(Trouble::Broken),
        }
        if bytes.len() > most {
            break Some(Trouble::Over(Overrun::Bytes));
        }
    };
    // Also what is thrown away has cost its share.
    let spent = budget.expand(bytes.len()).err().map(Trouble::Over);
    Unpacked { bytes, used: 0, trouble: trouble.or(spent) }
}

const CHUNK: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::base::limits::Limits;

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Default::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn stops_at_the_limit() {
        let packed = deflated(&vec![0; 4 << 20]);
        let limits = Limits { ratio: 10, ..Limits::default() };
        let mut budget = Budget::new(&limits);
        let unpacked = inflate(&packed, &mut budget);
        assert_eq!(unpacked.trouble, Some(Trouble::Over(Overrun::Bytes)));
        assert!(unpacked.bytes.len() < 2 << 20);
    }

    #[test]
    fn hands_out_what_came_before_the_damage() {
        let mut packed = deflated(&(0..9999_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>());
        packed.truncate(packed.len() / 2);
        let unpacked = inflate(&packed, &mut Budget::new(&Limits::default()));
        assert_eq!(unpacked.trouble, Some(Trouble::Broken));
        assert!(!unpacked.bytes.is_empty());
    }
}
