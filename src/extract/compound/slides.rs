//! PowerPoint presentations before 2007 (MS-PPT): all texts of slides, notes,
//! masters and comments, link targets, and embedded objects.
//!
//! Records are walked in the order of the file, also those that a later save
//! has replaced.

use super::biff::{long, short};
use crate::{
    extract::{
        capped::{self, Trouble},
        content,
        walk::{Place, Walk},
    },
    model::{Fragment, GapKind, Mark, Surface},
};

/// Whether the stream `Current User` says that the rest is encrypted.
pub(super) fn is_encrypted(current_user: &[u8]) -> bool {
    long(current_user, 12) == Some(0xF3D1_C4DF)
}

/// Reads the stream `bytes`.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let mut slides = Slides::default();
    let mut at = 0;
    let mut steps = 0_usize;
    while at + 8 <= bytes.len() {
        steps += 1;
        if steps.is_multiple_of(4096)
            && let Err(overrun) = walk.budget.in_time()
        {
            walk.overrun(overrun, &place.path);
            break;
        }
        let (Some(version), Some(kind), Some(length)) =
            (short(bytes, at), short(bytes, at + 2), long(bytes, at + 4))
        else {
            break;
        };
        at += 8;
        slides.begin(kind);
        // Containers hold records: the next one starts right here.
        if version & 0xF == 0xF {
            continue;
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let rest = bytes.get(at..).unwrap_or_default();
        if length > rest.len() {
            walk.gap(GapKind::Broken, &place.path);
        }
        let data = rest.get(..length).unwrap_or(rest);
        match kind {
            TEXT_CHARS | STRING => slides.wide(data),
            TEXT_BYTES => slides.narrow(data),
            OBJECT => object(walk, place, (version >> 4, data)),
            _ => {}
        }
        at += data.len();
    }
    let mut fragment = Fragment::new(place.surface, place.path.clone(), slides.text);
    fragment.marks = slides.marks;
    walk.push(fragment);
}

#[derive(Default)]
struct Slides {
    text: String,
    marks: Vec<Mark>,
    slides: usize,
    notes: usize,
    outlines: usize,
}

impl Slides {
    /// Starts a smaller place, if `kind` does.
    fn begin(&mut self, kind: u16) {
        let name = match kind {
            SLIDE => counted("slide", &mut self.slides),
            NOTES => counted("notes", &mut self.notes),
            OUTLINE => counted("outline of slide", &mut self.outlines),
            MASTER => "master".to_owned(),
            _ => return,
        };
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.marks.push(Mark { start, name: name.into(), heading: None });
    }

    fn wide(&mut self, data: &[u8]) {
        let pairs = data.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        for unit in char::decode_utf16(pairs) {
            self.push(unit.unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        self.text.push('\n');
    }

    /// The low halves of UTF-16.
    fn narrow(&mut self, data: &[u8]) {
        for byte in data {
            self.push(char::from(*byte));
        }
        self.text.push('\n');
    }

    fn push(&mut self, c: char) {
        self.text.push(match c {
            '\r' | '\u{b}' => '\n',
            '\0' => return,
            other => other,
        });
    }
}

fn counted(name: &str, count: &mut usize) -> String {
    *count += 1;
    format!("{name} {count}")
}

/// An embedded file, packed when `instance` is 1.
fn object(walk: &mut Walk, place: &Place, (instance, data): (u16, &[u8])) {
    let inner = Place::new(place.path.child("object"), Surface::FileText);
    if !walk.entry(&inner.path) {
        return;
    }
    if instance != 1 {
        walk.inside(&inner.path, |walk| content::read(walk, &inner, data));
        return;
    }
    let unpacked = capped::inflate_zlib(data.get(4..).unwrap_or_default(), &mut walk.budget);
    match unpacked.trouble {
        Some(Trouble::Broken) => walk.gap(GapKind::Broken, &inner.path),
        Some(Trouble::Over(overrun)) => walk.overrun(overrun, &inner.path),
        None => {}
    }
    walk.inside(&inner.path, |walk| content::read(walk, &inner, &unpacked.bytes));
}

const SLIDE: u16 = 0x03EE;
const NOTES: u16 = 0x03F0;
const OUTLINE: u16 = 0x03F3;
const MASTER: u16 = 0x03F8;
const TEXT_CHARS: u16 = 0x0FA0;
const TEXT_BYTES: u16 = 0x0FA8;
const STRING: u16 = 0x0FBA;
const OBJECT: u16 = 0x1011;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base::limits::Limits, extract::walk::Containers, model::PartPath};

    fn record(version: u16, kind: u16, data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap().to_le_bytes();
        [&version.to_le_bytes()[..], &kind.to_le_bytes(), &length, data].concat()
    }

    #[test]
    fn reads_texts_of_both_widths_by_slide() {
        let wide: Vec<u8> = "Født\r1".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let slide = |text: Vec<u8>| record(0xF, SLIDE, &record(0xF, 0xF00D, &text));
        let bytes =
            [slide(record(0, TEXT_CHARS, &wide)), slide(record(0, TEXT_BYTES, b"fnr 22836014271"))]
                .concat();
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        read(&mut walk, &Place::new(PartPath::root("x"), Surface::FileText), &bytes);
        let read = walk.finish();
        assert_eq!(read.fragments[0].text, "Født\n1\nfnr 22836014271\n");
        assert_eq!(&*read.fragments[0].marks[1].name, "slide 2");
        assert!(read.gaps.is_empty());
    }
}
