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
    let mut decoder = flate2::bufread::DeflateDecoder::new(packed);
    let mut unpacked = drain(&mut decoder, packed.len(), budget);
    unpacked.used = usize::try_from(decoder.total_in()).unwrap_or(packed.len());
    unpacked
}

/// Unpacks one zlib stream (RFC 1950).
#[expect(clippy::disallowed_types, reason = "this is the door: the loop below spends the budget")]
pub(super) fn inflate_zlib(packed: &[u8], budget: &mut Budget) -> Unpacked {
    let mut decoder = flate2::bufread::ZlibDecoder::new(packed);
    let mut unpacked = drain(&mut decoder, packed.len(), budget);
    unpacked.used = usize::try_from(decoder.total_in()).unwrap_or(packed.len());
    unpacked
}

/// Unpacks one bzip2 stream.
#[expect(clippy::disallowed_types, reason = "this is the door: the loop below spends the budget")]
pub(super) fn bunzip2(packed: &[u8], budget: &mut Budget) -> Unpacked {
    let mut decoder = bzip2::bufread::BzDecoder::new(packed);
    let mut unpacked = drain(&mut decoder, packed.len(), budget);
    unpacked.used = usize::try_from(decoder.total_in()).unwrap_or(packed.len());
    unpacked
}

/// Unpacks xz streams up to the end.
#[expect(clippy::disallowed_types, reason = "this is the door: the loop below spends the budget")]
pub(super) fn unxz(packed: &[u8], budget: &mut Budget) -> Unpacked {
    let mut decoder = lzma_rust2::XzReader::new_mem_limit(packed, true, DICTIONARY_KIB);
    drain(&mut decoder, packed.len(), budget).all_of(packed)
}

/// Unpacks one stream of the old `.lzma` format.
#[expect(clippy::disallowed_types, reason = "this is the door: the loop below spends the budget")]
pub(super) fn unlzma(packed: &[u8], budget: &mut Budget) -> Unpacked {
    match lzma_rust2::LzmaReader::new_mem_limit(packed, DICTIONARY_KIB, None) {
        Ok(mut decoder) => drain(&mut decoder, packed.len(), budget).all_of(packed),
        Err(_) => Unpacked::broken(),
    }
}

/// Unpacks LZMA with its five bytes of properties first, as in ZIP files.
#[expect(clippy::disallowed_types, reason = "this is the door: the loop below spends the budget")]
pub(super) fn unlzma_bare(packed: &[u8], size: u64, budget: &mut Budget) -> Unpacked {
    let [properties, a, b, c, d, rest @ ..] = packed else { return Unpacked::broken() };
    let dictionary = u32::from_le_bytes([*a, *b, *c, *d]);
    if dictionary / 1024 > DICTIONARY_KIB {
        return Unpacked { trouble: Some(Trouble::Over(Overrun::Bytes)), ..Unpacked::default() };
    }
    match lzma_rust2::LzmaReader::new_with_props(rest, size, *properties, dictionary, None) {
        Ok(mut decoder) => drain(&mut decoder, packed.len(), budget).all_of(packed),
        Err(_) => Unpacked::broken(),
    }
}

/// Unpacks lzip members up to the end.
#[expect(clippy::disallowed_types, reason = "this is the door: the loop below spends the budget")]
pub(super) fn unlzip(packed: &[u8], budget: &mut Budget) -> Unpacked {
    // The header says how much memory is needed: 2 to the low five bits.
    let dictionary = packed.get(5).map_or(0, |coded| coded & 0x1F);
    if dictionary > 26 {
        return Unpacked { trouble: Some(Trouble::Over(Overrun::Bytes)), ..Unpacked::default() };
    }
    let mut decoder = lzma_rust2::LzipReader::new(packed);
    drain(&mut decoder, packed.len(), budget).all_of(packed)
}

/// Unpacks one Zstandard frame (RFC 8878).
#[expect(clippy::disallowed_types, reason = "this is the door: the loop below spends the budget")]
pub(super) fn unzstd(packed: &[u8], budget: &mut Budget) -> Unpacked {
    let window = u64::from(DICTIONARY_KIB) << 10;
    match ruzstd::decoding::StreamingDecoder::new_with_max_window_size(packed, window) {
        Ok(mut decoder) => {
            let mut unpacked = drain(&mut decoder, packed.len(), budget);
            unpacked.used = packed.len() - decoder.get_ref().len();
            unpacked
        }
        Err(_) => Unpacked::broken(),
    }
}

/// Reads what `source` unpacks from `packed` bytes.
pub(super) fn all(source: &mut impl Read, packed: usize, budget: &mut Budget) -> Unpacked {
    drain(source, packed, budget)
}

impl Unpacked {
    fn broken() -> Self {
        Self { trouble: Some(Trouble::Broken), ..Self::default() }
    }

    fn all_of(self, packed: &[u8]) -> Self {
        Self { used: packed.len(), ..self }
    }
}

/// Reads `source` to its end, a chunk at a time.
fn drain(source: &mut impl Read, packed: usize, budget: &mut Budget) -> Unpacked {
    let most = usize::try_from(budget.unpackable(packed)).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    // A PDF is made of many small streams.
    let mut chunk = vec![0; packed.saturating_mul(USUAL).clamp(SMALLEST, CHUNK)];
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
const SMALLEST: usize = 1 << 10;
/// What text unpacks to, in bytes for each packed one.
const USUAL: usize = 6;
/// What a stream may ask for to remember what it said: `xz -9` asks for 65 MiB.
pub(super) const DICTIONARY_KIB: u32 = 96 << 10;

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
