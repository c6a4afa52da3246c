//! Reads `winmail.dat`, the envelope that Outlook puts around its messages
//! (MS-OXTNEF): texts, bodies, properties, attached files and messages.
//!
//! Lengths that reach past the end are a gap; what stands there is still read.

use super::{
    content,
    mapi::{self, Beside, Tag},
    strings,
    text::{self, Label, charset},
    walk::{Place, Walk},
};
use crate::model::{GapKind, Surface};

/// Reads the file `bytes` at `place`.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let mut cut = Cut(bytes);
    cut.take(HEADER);
    let mut attached = Attached::default();
    let mut beside = Beside::default();
    while !cut.0.is_empty() {
        if !walk.entry(&place.path) {
            return;
        }
        let Some((id, length)) = cut.attribute() else {
            rest(walk, place, cut.0);
            break;
        };
        let whole = cut.0.len() >= length;
        let value = cut.0.get(..length).unwrap_or(cut.0);
        cut.take(value.len());
        if !whole {
            walk.gap(GapKind::Broken, &place.path);
        }
        // The sum of the bytes; nobody checks it.
        cut.take(2);
        attribute(walk, place, (id, value), (&mut attached, &mut beside));
    }
    attached.read(walk, place);
    beside.hand_over(walk, place);
}

/// What follows the last attribute.
fn rest(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    if bytes.iter().any(|b| *b != 0) {
        walk.gap(GapKind::Broken, &place.path);
        strings::read(walk, place, bytes);
    }
}

/// The file that is being put together.
#[derive(Default)]
struct Attached {
    number: usize,
    names: Vec<(usize, String)>,
    files: Vec<Vec<u8>>,
}

impl Attached {
    /// Reads the file, and starts the next one.
    fn read(&mut self, walk: &mut Walk, place: &Place) {
        let done = std::mem::take(self);
        self.number = done.number + 1;
        if done.names.is_empty() && done.files.is_empty() {
            self.number = done.number;
            return;
        }
        let best = done.names.iter().min_by_key(|(rank, _)| *rank);
        let name = best.map_or_else(|| format!("attachment {}", self.number), |(_, n)| n.clone());
        let inner = Place::new(place.path.child(&name), Surface::FileText);
        for (_, name) in &done.names {
            walk.fragment(Surface::FileName, &inner.path, name.as_str());
        }
        for file in &done.files {
            walk.inside(&inner.path, |walk| content::read(walk, &inner, file));
        }
    }

    fn add(&mut self, walk: &mut Walk, place: &Place, file: &[u8]) {
        match walk.budget.expand(file.len()) {
            Ok(()) => self.files.push(file.to_vec()),
            Err(overrun) => walk.overrun(overrun, &place.path),
        }
    }
}

fn attribute(
    walk: &mut Walk,
    place: &Place,
    (id, value): (u32, &[u8]),
    (attached, beside): (&mut Attached, &mut Beside),
) {
    match id {
        SUBJECT => {
            let subject = charset::decode(value, None);
            walk.fragment(place.surface, &place.path.child("subject"), subject.trim_matches('\0'));
        }
        BODY => {
            let value = value.strip_suffix(b"\0").unwrap_or(value);
            text::read(walk, &place.child("body"), value, Some(Label::default()));
        }
        ATTACH_START => attached.read(walk, place),
        ATTACH_NAME => {
            let name = charset::decode(value, None).trim_matches('\0').to_owned();
            attached.names.push((2, name));
        }
        ATTACH_DATA => attached.add(walk, place, value),
        MESSAGE_PROPERTIES | RECIPIENTS | ATTACH_PROPERTIES => {
            let mut list = List { cut: Cut(value), attached: None, beside };
            match id {
                RECIPIENTS => list.read_rows(walk, place),
                ATTACH_PROPERTIES => {
                    list.attached = Some(attached);
                    list.read(walk, place);
                }
                _ => {
                    list.read(walk, place);
                }
            }
            rest(walk, place, list.cut.0);
        }
        _ => beside.keep(value),
    }
}

/// A list of properties.
struct List<'a> {
    cut: Cut<'a>,
    /// The file that they belong to.
    attached: Option<&'a mut Attached>,
    beside: &'a mut Beside,
}

impl List<'_> {
    /// A count, and as many lists: the recipients.
    fn read_rows(&mut self, walk: &mut Walk, place: &Place) {
        let rows = self.cut.long().unwrap_or(0);
        for _ in 0..rows {
            if self.cut.0.is_empty() || !self.read(walk, place) {
                break;
            }
        }
    }

    /// Reads one list; `false` when it cannot be followed.
    fn read(&mut self, walk: &mut Walk, place: &Place) -> bool {
        let count = self.cut.long().unwrap_or(0);
        for _ in 0..count {
            let before = self.cut.0;
            let Some((tag, name)) = self.cut.tag() else {
                self.cut.0 = before;
                return false;
            };
            if let Some(name) = name {
                self.beside.tell(&name);
            }
            for _ in 0..tag.values(&mut self.cut) {
                let Some(value) = self.cut.value(&tag) else {
                    self.cut.0 = before;
                    return false;
                };
                self.property(walk, place, (tag.0, value));
            }
        }
        true
    }

    fn property(&mut self, walk: &mut Walk, place: &Place, (tag, value): (Tag, &[u8])) {
        let tag = Tag { kind: tag.kind & !MANY, ..tag };
        if let Some(attached) = &mut self.attached {
            if tag.is_attached_file() {
                return attached.add(walk, place, value);
            }
            if tag.is_attached_object() {
                // The interface it was written through, then the object.
                return attached.add(walk, place, value.get(16..).unwrap_or_default());
            }
            if let (Some(rank), Some(name)) = (tag.file_name_rank(), tag.text(value)) {
                attached.names.push((rank, name));
                return;
            }
        }
        mapi::read(walk, place, (tag, value), self.beside);
    }
}

/// A property tag as this format writes its values.
struct Written(Tag);

impl Written {
    /// Values that carry their own length.
    fn is_long(&self) -> bool {
        matches!(self.0.kind & 0xFFF, mapi::OBJECT | mapi::TEXT_8 | mapi::TEXT_16 | mapi::BINARY)
    }

    /// The number of values.
    fn values(&self, cut: &mut Cut<'_>) -> u32 {
        if self.is_long() || self.0.kind & MANY != 0 { cut.long().unwrap_or(0) } else { 1 }
    }
}

/// What has not been read yet.
struct Cut<'a>(&'a [u8]);

impl<'a> Cut<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let Some((piece, rest)) = self.0.split_at_checked(length) else {
            self.0 = b"";
            return None;
        };
        self.0 = rest;
        Some(piece)
    }

    fn long(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    /// The id and the length of an attribute, if one starts here.
    fn attribute(&mut self) -> Option<(u32, usize)> {
        let head = self.0.get(..9).filter(|head| matches!(head[0], 1 | 2))?;
        let id = u32::from_le_bytes(head[1..5].try_into().ok()?);
        let length = u32::from_le_bytes(head[5..9].try_into().ok()?);
        self.take(9);
        Some((id, usize::try_from(length).ok()?))
    }

    fn tag(&mut self) -> Option<(Written, Option<String>)> {
        let raw = self.long()?;
        let kind = u16::try_from(raw & 0xFFFF).ok()?;
        let id = u16::try_from(raw >> 16).ok()?;
        let mut name = None;
        if id >= NAMED {
            self.take(16)?;
            if self.long()? == 0 {
                self.long()?;
            } else {
                let length = usize::try_from(self.long()?).ok()?;
                let text = self.padded(length)?;
                name = Some(charset::decode(text, Some("utf-16le")).into_owned());
            }
        }
        Some((Written(Tag { id, kind }), name))
    }

    fn value(&mut self, written: &Written) -> Option<&'a [u8]> {
        if written.is_long() {
            let length = usize::try_from(self.long()?).ok()?;
            return self.padded(length);
        }
        self.take(match written.0.kind & 0xFFF {
            5 | 6 | 7 | 20 | 64 => 8,
            72 => 16,
            _ => 4,
        })
    }

    /// Values are filled up to four bytes.
    fn padded(&mut self, length: usize) -> Option<&'a [u8]> {
        let value = self.take(length)?;
        let fill = self.0.len().min(length.wrapping_neg() % 4);
        self.take(fill);
        Some(value)
    }
}

/// Signature and key.
const HEADER: usize = 6;
const SUBJECT: u32 = 0x0001_8004;
const ATTACH_NAME: u32 = 0x0001_8010;
const BODY: u32 = 0x0002_800C;
const ATTACH_DATA: u32 = 0x0006_800F;
const ATTACH_START: u32 = 0x0006_9002;
const MESSAGE_PROPERTIES: u32 = 0x0006_9003;
const RECIPIENTS: u32 = 0x0006_9004;
const ATTACH_PROPERTIES: u32 = 0x0006_9005;
/// Ids from here on have a name before their value.
const NAMED: u16 = 0x8000;
/// Several values.
const MANY: u16 = 0x1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::limits::Limits,
        extract::walk::Containers,
        model::{Extraction, PartPath},
    };

    fn attribute(level: u8, id: u32, value: &[u8]) -> Vec<u8> {
        let length = u32::try_from(value.len()).unwrap().to_le_bytes();
        [&[level][..], &id.to_le_bytes(), &length, value, &[0, 0]].concat()
    }

    fn long(tag: u32, value: &[u8]) -> Vec<u8> {
        let length = u32::try_from(value.len()).unwrap().to_le_bytes();
        let fill = vec![0; value.len().wrapping_neg() % 4];
        [&tag.to_le_bytes()[..], &[1, 0, 0, 0], &length, value, &fill].concat()
    }

    fn walked(attributes: &[Vec<u8>]) -> Extraction {
        let bytes = [&[0x78, 0x9F, 0x3E, 0x22, 1, 0][..], &attributes.concat()].concat();
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        read(&mut walk, &Place::new(PartPath::root("x"), Surface::FileText), &bytes);
        walk.finish()
    }

    fn text(read: &Extraction, path: &str) -> String {
        let found = read.fragments.iter().find(|fragment| fragment.path.to_string() == path);
        found.map(|fragment| fragment.text.clone()).unwrap_or_default()
    }

    #[test]
    fn reads_body_and_properties() {
        let wide: Vec<u8> = "Født 1".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let list = [
            &3_u32.to_le_bytes()[..],
            &[0x0B, 0, 1, 0, 1, 0, 0, 0],
            &long(0x0037_001F, &wide),
            &long(0x1013_0102, b"<p>fnr 228360<b>14271</b></p>"),
        ]
        .concat();
        let read = walked(&[attribute(1, BODY, b"Hei\0"), attribute(1, MESSAGE_PROPERTIES, &list)]);
        assert_eq!(text(&read, "x > body"), "Hei");
        assert_eq!(text(&read, "x > subject"), "Født 1");
        assert!(text(&read, "x > html body").contains("22836014271"));
        assert!(read.gaps.is_empty());
    }

    #[test]
    fn reads_attached_files_under_their_long_names() {
        let list =
            [&1_u32.to_le_bytes()[..], &long(0x3707_001E, b"liste over alle.txt\0")].concat();
        let read = walked(&[
            attribute(2, ATTACH_START, &[0; 14]),
            attribute(2, ATTACH_NAME, b"LISTE.TXT\0"),
            attribute(2, ATTACH_DATA, b"fnr 22836014271"),
            attribute(2, ATTACH_PROPERTIES, &list),
        ]);
        let all: Vec<_> = read.fragments.iter().map(|f| f.text.as_str()).collect();
        assert_eq!(all, ["LISTE.TXT", "liste over alle.txt", "fnr 22836014271"]);
        assert_eq!(read.fragments[2].path.to_string(), "x > liste over alle.txt");
    }

    #[test]
    fn says_so_where_lengths_lie() {
        let mut lie = attribute(1, BODY, b"fnr 22836014271");
        lie[5..9].copy_from_slice(&u32::MAX.to_le_bytes());
        let read = walked(&[lie]);
        assert_eq!(read.gaps[0].kind, GapKind::Broken);
        assert!(text(&read, "x > body").starts_with("fnr 22836014271"));
    }
}
