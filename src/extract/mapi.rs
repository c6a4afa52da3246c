//! Properties of Outlook items (MS-OXPROPS), as both `.msg` files and
//! `winmail.dat` hold them.

use super::{
    capped::Trouble,
    rtf::{self, compressed},
    strings,
    text::{self, Label, charset},
    walk::{Place, Walk},
};
use crate::model::{GapKind, Surface};

/// Which property, and how its value is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Tag {
    pub(super) id: u16,
    pub(super) kind: u16,
}

impl Tag {
    /// Whether the value is the bytes of an attached file.
    pub(super) fn is_attached_file(self) -> bool {
        self.id == ATTACHED && self.kind == BINARY
    }

    /// Whether the value is an attached item or object.
    pub(super) fn is_attached_object(self) -> bool {
        self.id == ATTACHED && self.kind == OBJECT
    }

    /// Whether the value names an attached file; lower is better.
    pub(super) fn file_name_rank(self) -> Option<usize> {
        let named = matches!(self.kind & 0xFFF, TEXT_8 | TEXT_16);
        named.then(|| FILE_NAMES.iter().position(|id| *id == self.id)).flatten()
    }

    /// The value as text, if it is text.
    pub(super) fn text(self, value: &[u8]) -> Option<String> {
        let text = match self.kind & 0xFFF {
            TEXT_8 => charset::decode(value, None),
            TEXT_16 => encoding_rs::UTF_16LE.decode_without_bom_handling(value).0,
            _ => return None,
        };
        Some(text.trim_end_matches('\0').to_owned())
    }
}

/// What an item says beside its bodies, gathered so that thousands of small
/// properties make one text.
#[derive(Default)]
pub(super) struct Beside {
    told: String,
    bytes: Vec<u8>,
}

impl Beside {
    /// Adds what was gathered for the item at `place`.
    pub(super) fn hand_over(self, walk: &mut Walk, place: &Place) {
        let place = Place::new(place.path.child("properties"), Surface::Metadata);
        walk.fragment(place.surface, &place.path, self.told);
        strings::read(walk, &place, &self.bytes);
    }

    /// Adds a line of text.
    pub(super) fn tell(&mut self, line: &str) {
        self.told.push_str(line);
        self.told.push('\n');
    }

    /// Adds bytes that may hold text.
    pub(super) fn keep(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.bytes.extend_from_slice(&[0, 1, 0]);
    }
}

/// Adds the value of one property of the item at `place`.
pub(super) fn read(
    walk: &mut Walk,
    place: &Place,
    (tag, value): (Tag, &[u8]),
    beside: &mut Beside,
) {
    let Some(name) = name(tag.id) else {
        match tag.text(value) {
            Some(text) => beside.tell(&text),
            None => beside.keep(value),
        }
        return;
    };
    let inner = place.child(name);
    if !walk.entry(&inner.path) {
        return;
    }
    let html = Label { html: tag.id == HTML, ..Label::default() };
    match (tag.id, tag.text(value)) {
        (BODY | HTML, Some(body)) => text::read(walk, &inner, body.as_bytes(), Some(html)),
        (HTML, None) => text::read(walk, &inner, value, Some(html)),
        (RTF, None) => compressed_rtf(walk, &inner, value),
        (_, Some(subject)) => walk.fragment(place.surface, &inner.path, subject),
        (_, None) => beside.keep(value),
    }
}

fn compressed_rtf(walk: &mut Walk, place: &Place, value: &[u8]) {
    let unpacked = compressed::unpack(value, &mut walk.budget);
    match unpacked.trouble {
        Some(Trouble::Broken) => {
            walk.gap(GapKind::Broken, &place.path);
            strings::read(walk, place, value);
        }
        Some(Trouble::Over(overrun)) => walk.overrun(overrun, &place.path),
        None => {}
    }
    rtf::read(walk, place, &unpacked.bytes);
}

/// The name of a property that is read by itself.
fn name(id: u16) -> Option<&'static str> {
    Some(match id {
        BODY => "body",
        HTML => "html body",
        RTF => "rtf body",
        SUBJECT | NORMALIZED_SUBJECT | TOPIC => "subject",
        HEADERS => "headers",
        _ => return None,
    })
}

/// Values of objects.
pub(super) const OBJECT: u16 = 0x000D;
/// Values in an 8-bit charset.
pub(super) const TEXT_8: u16 = 0x001E;
/// Values in UTF-16.
pub(super) const TEXT_16: u16 = 0x001F;
/// Values that are bytes.
pub(super) const BINARY: u16 = 0x0102;

const SUBJECT: u16 = 0x0037;
const TOPIC: u16 = 0x0070;
const HEADERS: u16 = 0x007D;
const NORMALIZED_SUBJECT: u16 = 0x0E1D;
const BODY: u16 = 0x1000;
const RTF: u16 = 0x1009;
const HTML: u16 = 0x1013;
const ATTACHED: u16 = 0x3701;
/// Long name, short name, shown name, long path, path.
const FILE_NAMES: &[u16] = &[0x3707, 0x3704, 0x3001, 0x370D, 0x3708];
