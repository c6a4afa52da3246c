//! Reads messages and files into text. Pure: bytes in, text and gaps out.

use crate::{
    base::limits::Limits,
    model::{Extraction, Kind},
};

/// Reads `bytes` as `kind`. `name` is the file name, used for the path of a
/// file; a message is `message`, a text is `text`.
pub fn read(kind: Kind, name: &str, bytes: &[u8], limits: &Limits) -> Extraction {
    todo!("{kind:?} {name} {} {limits:?}", bytes.len())
}

/// Whether a message is so small and plain that it may be read in the
/// daemon's own process: text parts only, no container formats.
pub fn is_plain_message(raw: &[u8]) -> bool {
    todo!("{}", raw.len())
}
