//! TIFF, and Exif, which is a TIFF without pixels: texts in tags (TIFF 6.0,
//! CIPA DC-008).

use std::collections::HashSet;

use super::{Canvas, iptc, note, xmp};
use crate::{
    extract::walk::{Place, Walk},
    model::GapKind,
};

/// Reads the directories of `bytes`.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) -> Canvas {
    let mut canvas = Canvas::default();
    let Some(tiff) = Tiff::of(bytes) else {
        walk.gap(GapKind::Broken, &place.path);
        return canvas;
    };
    let mut open: Vec<(usize, Chain)> =
        tiff.long(4).map(|first| (first, Chain::Pages)).into_iter().collect();
    let mut seen = HashSet::new();
    while let Some((at, chain)) = open.pop() {
        if !seen.insert(at) || seen.len() > DIRECTORIES || !walk.entry(&place.path) {
            continue;
        }
        let count = tiff.short(at).unwrap_or(0);
        let (mut width, mut height) = (None, None);
        for field in (0..count).map_while(|index| tiff.field(at + 2 + index * FIELD)) {
            match field.tag {
                256 => width = tiff.number(&field),
                257 => height = tiff.number(&field),
                // Directories inside: the rest of Exif, positions, pictures.
                0x014A | 0x8769 | 0x8825 | 0xA005 => {
                    canvas.is_layered |= field.tag == 0x014A;
                    let inner = |index| Some((tiff.long(field.start + 4 * index)?, Chain::Inner));
                    open.extend((0..field.count.min(DIRECTORIES)).filter_map(inner));
                }
                // Samples that are no colour: how transparent a pixel is.
                338 => canvas.is_layered = true,
                _ => tiff.text(walk, place, &field),
            }
        }
        if let (Some(width), Some(height)) = (width, height) {
            canvas.frame(width, height);
        }
        canvas.pages += u32::from(chain == Chain::Pages);
        let next = tiff.long(at + 2 + count * FIELD).filter(|next| *next != 0);
        open.extend(next.map(|next| (next, chain)));
    }
    canvas
}

/// Whether directories are pages or belong to one.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Chain {
    Inner,
    Pages,
}

struct Tiff<'a> {
    bytes: &'a [u8],
    big: bool,
}

/// A field whose value starts at `start`.
struct Field {
    tag: usize,
    kind: usize,
    count: usize,
    start: usize,
}

impl<'a> Tiff<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        match bytes.get(..4)? {
            b"II*\0" => Some(Self { bytes, big: false }),
            b"MM\0*" => Some(Self { bytes, big: true }),
            _ => None,
        }
    }

    fn short(&self, at: usize) -> Option<usize> {
        let field: [u8; 2] = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(usize::from(if self.big {
            u16::from_be_bytes(field)
        } else {
            u16::from_le_bytes(field)
        }))
    }

    fn long(&self, at: usize) -> Option<usize> {
        let field: [u8; 4] = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        let value = if self.big { u32::from_be_bytes(field) } else { u32::from_le_bytes(field) };
        usize::try_from(value).ok()
    }

    fn field(&self, at: usize) -> Option<Field> {
        let (tag, kind, count) = (self.short(at)?, self.short(at + 2)?, self.long(at + 4)?);
        let width = match kind {
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 => 8,
            _ => 1,
        };
        let inline = count.saturating_mul(width) <= 4;
        let start = if inline { at + 8 } else { self.long(at + 8)? };
        Some(Field { tag, kind, count, start })
    }

    fn number(&self, field: &Field) -> Option<u32> {
        let value = if field.kind == 3 { self.short(field.start) } else { self.long(field.start) };
        value.and_then(|value| u32::try_from(value).ok())
    }

    /// Reads a field that holds text.
    fn text(&self, walk: &mut Walk, place: &Place, field: &Field) {
        if !matches!(field.kind, 1 | 2 | 7 | 129) || field.count < SHORTEST {
            return;
        }
        let end = field.start.saturating_add(field.count).min(self.bytes.len());
        let Some(value) = self.bytes.get(field.start..end) else { return };
        if !walk.entry(&place.path) {
            return;
        }
        let inner = place.child(&format!("tag {:04X}", field.tag));
        match field.tag {
            0x02BC => xmp(walk, place, value),
            0x83BB => iptc::read(walk, place, value),
            0x8649 => iptc::read_resources(walk, place, value),
            // Titles and comments of Windows, in UTF-16.
            0x9C9B..=0x9C9F => wide(walk, &inner, value, false),
            // User comment and its like: the charset comes first.
            0x9286 | 0x001B | 0x001C => match value.split_at_checked(8) {
                Some((b"UNICODE\0", text)) => {
                    wide(walk, &inner, text, self.big);
                    wide(walk, &inner, text, !self.big);
                }
                Some((_, text)) => note(walk, &inner, text),
                None => note(walk, &inner, value),
            },
            _ if field.kind == 2 || field.kind == 129 => note(walk, &inner, value),
            _ => {}
        }
    }
}

fn wide(walk: &mut Walk, place: &Place, bytes: &[u8], big: bool) {
    let text = if big {
        encoding_rs::UTF_16BE.decode_without_bom_handling(bytes).0
    } else {
        encoding_rs::UTF_16LE.decode_without_bom_handling(bytes).0
    };
    let text = text.trim_matches(['\0', '\u{feff}', '\u{fffe}']);
    if text.bytes().any(|b| b.is_ascii_digit()) {
        walk.fragment(place.surface, &place.path, text);
    }
}

const FIELD: usize = 12;
const DIRECTORIES: usize = 100;
/// No identity number has fewer.
const SHORTEST: usize = 6;

#[cfg(test)]
mod tests {
    use crate::extract::image::tests::{extraction, shows};

    /// One directory of one text, then the text.
    fn tiff(tag: u16, kind: u16, text: &[u8]) -> Vec<u8> {
        let mut bytes = b"II*\0\x08\0\0\0\x03\0".to_vec();
        let count = u32::try_from(text.len()).unwrap();
        for (tag, kind, count, value) in
            [(256, 3, 1, 9_u32), (257, 3, 1, 9), (tag, kind, count, 50)]
        {
            let (tag, kind): (u16, u16) = (tag, kind);
            bytes.extend_from_slice(&tag.to_le_bytes());
            bytes.extend_from_slice(&kind.to_le_bytes());
            bytes.extend_from_slice(&u32::to_le_bytes(count));
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        bytes.resize(50, 0);
        bytes.extend_from_slice(text);
        bytes
    }

    #[test]
    fn tags_are_read() {
        let text = b"fnr 22836014271\0";
        let wide: Vec<u8> = text.iter().flat_map(|b| [*b, 0]).collect();
        let coded = [b"UNICODE\0", &wide[..]].concat();
        let samples = [
            tiff(270, 2, text),
            tiff(0x9C9C, 1, &wide),
            tiff(0x9286, 7, &coded),
            tiff(700, 1, text),
        ];
        for bytes in samples {
            assert!(shows(&bytes, "fnr 22836014271"));
            assert_eq!(extraction(&bytes).gaps, []);
        }
    }

    #[test]
    fn a_directory_that_names_itself_ends() {
        let mut bytes = tiff(0x8769, 4, b"");
        (bytes[38], bytes[42]) = (1, 8);
        assert_eq!(extraction(&bytes).gaps, []);
    }
}
