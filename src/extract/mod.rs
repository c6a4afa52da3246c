//! Reads messages and files into text. Pure: bytes in, text and gaps out.
//!
//! Formats are told by content, never by name or label. Each reader spends
//! from one `Budget`; what it cannot read, or may not, becomes a gap. Nothing
//! here fails: damage is a gap too, and what could be read stays.

mod archive;
mod budget;
mod capped;
mod compound;
mod content;
mod formats;
mod grid;
mod image;
mod mapi;
mod message;
mod office;
mod pdf;
mod plain;
mod proof;
mod rows;
mod rtf;
mod shown;
mod sniff;
mod strings;
mod tables;
#[cfg(test)]
mod tests;
mod text;
mod tnef;
mod walk;

use self::walk::{Containers, Place, Walk};
use crate::{
    base::limits::Limits,
    model::{Extraction, FirstReading, GapKind, Kind, PartPath, Surface},
};

/// Reads `bytes` as `kind`. `name` is the file name, used for the path of a
/// file; a message is `message`, a text is `text`.
///
/// A message for which [`is_plain_message`] holds is read without opening any
/// container: what looks like one in it becomes a gap.
pub fn read(kind: Kind, name: &str, bytes: &[u8], limits: &Limits) -> Extraction {
    read_first(kind, name, bytes, limits).settle()
}

/// As [`read`], but hands on the pictures that `limits` grant: their pixels are
/// for another program.
pub fn read_first(kind: Kind, name: &str, bytes: &[u8], limits: &Limits) -> FirstReading {
    let plain = kind == Kind::Message && is_plain_message(bytes);
    let containers = if plain { Containers::Closed } else { Containers::Opened };
    let mut walk = Walk::new(limits, containers);
    let path = match kind {
        Kind::File if name.is_empty() => PartPath::root("file"),
        Kind::File => PartPath::root(name),
        Kind::Message => PartPath::root("message"),
        Kind::Text => PartPath::root("text"),
    };
    if bytes.len() as u64 > limits.message_bytes {
        walk.gap(GapKind::TooBig, &path);
        return walk.hand_over();
    }
    match kind {
        Kind::File => {
            walk.fragment(Surface::FileName, &path, name);
            content::read(&mut walk, &Place::new(path, Surface::FileText), bytes);
        }
        Kind::Message => message::read(&mut walk, &path, bytes),
        Kind::Text => text::read(&mut walk, &Place::new(path, Surface::Body), bytes, None),
    }
    walk.hand_over()
}

pub use self::{
    formats::{FormatRow, formats},
    plain::is_plain_message,
};
