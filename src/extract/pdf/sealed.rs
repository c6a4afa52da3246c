//! Whether a file that asks for a password really hides its content.
//!
//! The claim stands in the open; the streams prove it: none of them may be
//! readable as it is.

use super::{
    crypt::{self, Method},
    document::Document,
    filter,
    object::Stream,
};
use crate::extract::{budget::Budget, capped, sniff, walk::Walk};

/// What the streams of a file look like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Look {
    /// All are sealed.
    All,
    /// There is none to tell by.
    Nothing,
    /// Some can be read as they stand.
    Partly,
}

/// Looks at all streams that the encryption should cover.
pub(super) fn look(
    walk: &mut Walk,
    document: &Document<'_>,
    method: Method,
    metadata: bool,
) -> Look {
    let mut sealed = 0_usize;
    for index in 0..document.len() {
        if walk.budget.in_time().is_err() {
            break;
        }
        let object = document.load(index);
        let stream = object.as_ref().and_then(|object| object.stream());
        let Some(stream) =
            stream.filter(|stream| crypt::is_covered(document, &stream.dict, metadata))
        else {
            // One taken out on purpose is open.
            if stream.is_some_and(|stream| is_exempt(document, stream)) {
                return Look::Partly;
            }
            continue;
        };
        if stream.range.is_empty() {
            continue;
        }
        if !is_sealed(&mut walk.budget, document, stream, method) {
            return Look::Partly;
        }
        sealed += 1;
    }
    if sealed == 0 { Look::Nothing } else { Look::All }
}

fn is_exempt(document: &Document<'_>, stream: &Stream) -> bool {
    let filters = filter::filters(document, &stream.dict);
    filters.iter().any(|(name, _)| **name == *b"Crypt")
        && !stream.dict.says(b"Type", b"XRef")
        && !stream.dict.says(b"Type", b"Metadata")
}

fn is_sealed(
    budget: &mut Budget,
    document: &Document<'_>,
    stream: &Stream,
    method: Method,
) -> bool {
    let raw = document.raw(stream);
    let blocks = match method {
        // A vector and at least one block.
        Method::Aes128 | Method::Aes256 => raw.len() >= 32 && raw.len().is_multiple_of(16),
        Method::Rc4 => true,
        Method::None => false,
    };
    if !blocks || (raw.len() >= SAMPLE && sniff::looks_like_text(raw)) {
        return false;
    }
    let first = filter::filters(document, &stream.dict).into_iter().next();
    match first.as_ref().map(|(name, _)| &**name) {
        Some(b"FlateDecode" | b"Fl") => {
            let unpacked = capped::inflate_zlib(raw, budget);
            unpacked.trouble.is_some() && unpacked.bytes.len() < PLAIN
        }
        Some(b"DCTDecode" | b"DCT") => !raw.starts_with(&[0xFF, 0xD8]),
        _ => true,
    }
}

/// Shorter ones look like anything.
const SAMPLE: usize = 24;
/// Random bytes hardly unpack to more before they break.
const PLAIN: usize = 256;
