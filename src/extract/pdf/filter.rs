//! Unpacks streams (ISO 32000-2, 7.4), filter after filter.
//!
//! Pictures stay packed. What a filter yields before the damage is used.

use std::io::{self, Read};

use weezl::{BitOrder, LzwStatus, decode};

use super::{
    crypt::Opened,
    document::{Document, Held},
    lexer,
    object::{Dict, Object, Stream},
};
use crate::extract::{
    budget::Overrun,
    capped::{self, Trouble, Unpacked},
    rows::Rows,
    walk::Walk,
};

/// An unpacked stream.
#[derive(Default)]
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    pub(super) stop: Option<Stop>,
}

/// Why a stream was not unpacked to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stop {
    Broken,
    Over(Overrun),
    /// What remains is a packed picture.
    Picture,
    /// Another filter, or still encrypted.
    Unknown,
}

impl Decoded {
    pub(super) fn is_broken(&self) -> bool {
        matches!(self.stop, Some(Stop::Broken | Stop::Unknown))
    }

    pub(super) fn overrun(&self) -> Option<Overrun> {
        match self.stop {
            Some(Stop::Over(overrun)) => Some(overrun),
            _ => None,
        }
    }
}

/// Unpacks `stream`.
pub(super) fn decode(walk: &mut Walk, document: &Document<'_>, stream: &Stream) -> Decoded {
    let raw = document.raw(stream);
    match document.crypt.open_stream(document, stream, raw) {
        Opened::As(bytes) => through(walk, document, &stream.dict, bytes),
        Opened::Plain => through(walk, document, &stream.dict, raw.to_vec()),
    }
}

/// Takes `bytes` through the filters that `dict` names.
pub(super) fn through(
    walk: &mut Walk,
    document: &Document<'_>,
    dict: &Dict,
    bytes: Vec<u8>,
) -> Decoded {
    let mut decoded = Decoded { bytes, stop: None };
    if let Err(overrun) = walk.budget.expand(decoded.bytes.len()) {
        return Decoded { bytes: Vec::new(), stop: Some(Stop::Over(overrun)) };
    }
    for (filter, parameters) in filters(document, dict) {
        let (unpacked, stop) = one(walk, &filter, &parameters, &decoded.bytes);
        if let Some(stop @ (Stop::Picture | Stop::Unknown)) = stop {
            decoded.stop = Some(stop);
            return decoded;
        }
        decoded.bytes = unpacked;
        decoded.stop = decoded.stop.or(stop);
        if matches!(decoded.stop, Some(Stop::Over(_))) {
            return decoded;
        }
    }
    decoded
}

/// The filters of a stream with their parameters.
pub(super) fn filters(document: &Document<'_>, dict: &Dict) -> Vec<(Box<[u8]>, Dict)> {
    let null = Object::Null;
    let find = |long: &[u8], short: &[u8]| {
        let value = dict.find(long).or_else(|| dict.find(short));
        document.last(value.unwrap_or(&null))
    };
    let (names, parameters) = (find(b"Filter", b"F"), find(b"DecodeParms", b"DP"));
    let name_list: &[Object] = match &*names {
        Object::Array(list) => list,
        single => std::slice::from_ref(single),
    };
    let of = |index: usize| -> Held<'_> {
        match &*parameters {
            Object::Array(list) => document.last(list.get(index).unwrap_or(&Object::Null)),
            single if index == 0 => Held::Direct(single),
            _ => Held::Direct(&Object::Null),
        }
    };
    let mut filters = Vec::new();
    for (index, name) in name_list.iter().take(FILTERS).enumerate() {
        if let Some(name) = document.last(name).name() {
            filters.push((name.into(), of(index).dict().cloned().unwrap_or_default()));
        }
    }
    filters
}

fn one(walk: &mut Walk, filter: &[u8], parameters: &Dict, bytes: &[u8]) -> (Vec<u8>, Option<Stop>) {
    let budget = &mut walk.budget;
    let number = |key: &[u8]| parameters.find(key).and_then(Object::count);
    let unpacked = match filter {
        b"FlateDecode" | b"Fl" => {
            let unpacked = capped::inflate_zlib(bytes, budget);
            // Viewers do not mind a damaged head.
            if unpacked.bytes.is_empty() && unpacked.trouble == Some(Trouble::Broken) {
                capped::inflate(bytes.get(2..).unwrap_or_default(), budget)
            } else {
                unpacked
            }
        }
        b"LZWDecode" | b"LZW" => {
            let early = number(b"EarlyChange") != Some(0);
            capped::all(&mut Lzw::new(bytes, early), bytes.len(), budget)
        }
        b"RunLengthDecode" | b"RL" => capped::all(&mut Runs::new(bytes), bytes.len(), budget),
        b"ASCII85Decode" | b"A85" => Unpacked { bytes: ascii85(bytes), ..Unpacked::default() },
        b"ASCIIHexDecode" | b"AHx" => {
            let end = memchr::memchr(b'>', bytes).unwrap_or(bytes.len());
            Unpacked { bytes: lexer::unhex(&bytes[..end]), ..Unpacked::default() }
        }
        b"Crypt" => return (bytes.to_vec(), None),
        b"DCTDecode" | b"DCT" | b"JPXDecode" | b"CCITTFaxDecode" | b"CCF" | b"JBIG2Decode" => {
            return (Vec::new(), Some(Stop::Picture));
        }
        _ => return (Vec::new(), Some(Stop::Unknown)),
    };
    let stop = unpacked.trouble.map(|trouble| match trouble {
        Trouble::Broken => Stop::Broken,
        Trouble::Over(overrun) => Stop::Over(overrun),
    });
    let predictor = number(b"Predictor").unwrap_or(1);
    if predictor < 2 {
        return (unpacked.bytes, stop);
    }
    let size = |key: &[u8], usual: usize| number(key).unwrap_or(usual).clamp(1, 1 << 31);
    let sample = size(b"Colors", 1).saturating_mul(size(b"BitsPerComponent", 8));
    let row = sample.saturating_mul(size(b"Columns", 1)).div_ceil(8);
    let rows = Rows { row, pixel: sample.div_ceil(8) };
    let bytes = match predictor {
        2 => rows.tiff(unpacked.bytes),
        _ => rows.png(unpacked.bytes),
    };
    // A row longer than everything there is cannot be meant.
    let stop = stop.or((row > bytes.len().max(ROW)).then_some(Stop::Broken));
    (bytes, stop)
}

/// Base 85 as PostScript has it. Four bytes become five characters.
fn ascii85(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let text = text.trim_ascii_start();
    let text = text.strip_prefix(b"<~").unwrap_or(text);
    let (mut value, mut count) = (0_u32, 0_usize);
    for byte in text {
        match byte {
            b'~' => break,
            b'z' if count == 0 => bytes.extend([0; 4]),
            b'!'..=b'u' => {
                value = value.wrapping_mul(85).wrapping_add(u32::from(byte - b'!'));
                count += 1;
                if count == 5 {
                    bytes.extend(value.to_be_bytes());
                    (value, count) = (0, 0);
                }
            }
            _ => {}
        }
    }
    if count > 1 {
        for _ in count..5 {
            value = value.wrapping_mul(85).wrapping_add(84);
        }
        bytes.extend_from_slice(&value.to_be_bytes()[..count - 1]);
    }
    bytes
}

/// LZW as `capped::all` reads it, never more at a time than it asks for.
#[expect(clippy::disallowed_types, reason = "read through the door only")]
struct Lzw<'a> {
    decoder: decode::Decoder,
    packed: &'a [u8],
}

#[expect(clippy::disallowed_types, reason = "read through the door only")]
impl<'a> Lzw<'a> {
    fn new(packed: &'a [u8], early: bool) -> Self {
        let decoder = if early {
            decode::Decoder::with_tiff_size_switch(BitOrder::Msb, 8)
        } else {
            decode::Decoder::new(BitOrder::Msb, 8)
        };
        Self { decoder, packed }
    }
}

impl Read for Lzw<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let step = self.decoder.decode_bytes(self.packed, out);
            self.packed = self.packed.get(step.consumed_in..).unwrap_or_default();
            match step.status {
                _ if step.consumed_out > 0 => return Ok(step.consumed_out),
                Ok(LzwStatus::Ok) if step.consumed_in > 0 => {}
                // Many writers leave out the end code.
                Ok(_) => return Ok(0),
                Err(error) => return Err(io::Error::other(error.to_string())),
            }
        }
    }
}

/// A byte that tells how many follow or how often one does (7.4.5).
struct Runs<'a> {
    packed: &'a [u8],
}

impl<'a> Runs<'a> {
    fn new(packed: &'a [u8]) -> Self {
        Self { packed }
    }
}

impl Read for Runs<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut written = 0;
        while let Some(room) = out.get_mut(written..).filter(|room| room.len() >= 128) {
            let [length, rest @ ..] = self.packed else { break };
            let length = usize::from(*length);
            match (length, rest) {
                (0..=127, _) => {
                    let piece = rest.get(..=length).unwrap_or(rest);
                    room[..piece.len()].copy_from_slice(piece);
                    written += piece.len();
                    self.packed = &rest[piece.len()..];
                }
                (129..=255, [byte, more @ ..]) => {
                    room[..257 - length].fill(*byte);
                    written += 257 - length;
                    self.packed = more;
                }
                _ => break,
            }
        }
        Ok(written)
    }
}

const FILTERS: usize = 16;
const ROW: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits::Limits;

    fn walk() -> Walk {
        Walk::new(&Limits::default(), crate::extract::walk::Containers::Opened)
    }

    fn run(filter: &[u8], bytes: &[u8]) -> Vec<u8> {
        one(&mut walk(), filter, &Dict::default(), bytes).0
    }

    #[test]
    fn undoes_each_filter() {
        assert_eq!(run(b"ASCIIHexDecode", b"31 32 3>99"), b"120");
        assert_eq!(run(b"A85", b"<~87cURD]i,\"Ebo80~>"), b"Hello World!");
        assert_eq!(run(b"RL", &[2, b'a', b'b', b'c', 254, b'd', 128, 9]), b"abcddd");
        assert_eq!(
            run(b"LZW", &[0x80, 0x0B, 0x60, 0x50, 0x22, 0x0C, 0x0C, 0x85, 0x01]),
            [45, 45, 45, 45, 45, 65, 45, 45, 45, 66]
        );
    }

    #[test]
    fn undoes_predictors() {
        let rows = Rows { row: 3, pixel: 1 };
        assert_eq!(rows.png(vec![2, 1, 2, 3, 2, 1, 1, 1, 1, 5, 1]), [1, 2, 3, 2, 3, 4, 5, 6]);
        assert_eq!(rows.tiff(vec![1, 1, 1, 5, 1]), [1, 2, 3, 5, 6]);
    }

    #[test]
    fn a_huge_row_is_no_reason_to_take_memory() {
        let key = |name: &[u8], value: f64| (name.into(), Object::Number(value));
        let parameters = Dict(vec![key(b"Predictor", 12.0), key(b"Columns", 2_147_483_647.0)]);
        let (bytes, stop) = one(&mut walk(), b"AHx", &parameters, b"003132");
        assert_eq!((&bytes[..], stop), (&b"12"[..], Some(Stop::Broken)));
    }
}
