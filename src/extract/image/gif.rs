//! GIF: comments, plain text and XMP (GIF89a).

use super::{Canvas, little16, note, xmp};
use crate::{
    extract::walk::{Place, Walk},
    model::GapKind,
};

/// Reads the blocks of `bytes`.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) -> Canvas {
    let mut canvas = Canvas::default();
    if let (Some(width), Some(height)) = (little16(bytes, 6), little16(bytes, 8)) {
        canvas.frame(width, height);
    }
    let mut frames = 0_usize;
    let mut at = 13 + colours(bytes.get(10));
    while let Some(kind) = bytes.get(at) {
        if !walk.entry(&place.path) {
            return Canvas::default();
        }
        match (kind, bytes.get(at + 1)) {
            (0x21, Some(0xFE)) => {
                let (text, end) = joined(bytes, at + 2);
                note(walk, &place.child("comment"), &text);
                at = end;
            }
            (0x21, Some(0x01)) => {
                let (text, end) = joined(bytes, at + 15);
                note(walk, &place.child("text"), &text);
                at = end;
            }
            (0x21, Some(0xFF)) if is_xmp(bytes, at) => {
                // Stands there as it is; its tail reads as blocks to their end.
                let rest = bytes.get(at + 14..).unwrap_or_default();
                xmp(walk, place, rest.split(|b| *b == 1).next().unwrap_or_default());
                at = joined(bytes, at + 2).1;
            }
            // Graphic control, with the flag of transparency (section 23).
            (0x21, Some(0xF9)) => {
                canvas.is_layered |= bytes.get(at + 3).is_some_and(|flags| flags & 1 != 0);
                at = joined(bytes, at + 2).1;
            }
            (0x21, Some(_)) => at = joined(bytes, at + 2).1,
            (0x2C, _) => {
                frames += 1;
                canvas.is_layered |= frames > 1;
                if let (Some(width), Some(height)) =
                    (little16(bytes, at + 5), little16(bytes, at + 7))
                {
                    canvas.frame(width, height);
                }
                at = joined(bytes, at + 11 + colours(bytes.get(at + 9))).1;
            }
            (0x3B, _) => {
                canvas.end = Some(at + 1);
                return canvas;
            }
            _ => break,
        }
    }
    walk.gap(GapKind::Broken, &place.path);
    canvas
}

/// The bytes of the colour table that `flags` announce.
fn colours(flags: Option<&u8>) -> usize {
    flags.filter(|flags| **flags & 0x80 != 0).map_or(0, |flags| 3 << ((flags & 7) + 1))
}

/// The blocks from `at` on, joined, and where they end.
fn joined(bytes: &[u8], mut at: usize) -> (Vec<u8>, usize) {
    let mut all = Vec::new();
    while let Some(length) = bytes.get(at).copied().filter(|length| *length > 0) {
        let end = at + 1 + usize::from(length);
        all.extend_from_slice(bytes.get(at + 1..end).unwrap_or_default());
        at = end;
    }
    (all, at + 1)
}

fn is_xmp(bytes: &[u8], at: usize) -> bool {
    bytes.get(at + 3..at + 14) == Some(b"XMP DataXMP")
}

#[cfg(test)]
mod tests {
    use crate::extract::image::tests::{extraction, shows};

    #[test]
    fn a_comment_over_two_blocks_is_read() {
        let bytes = b"GIF89a\x09\0\x09\0\0\0\0\x21\xFE\x0Afnr 228360\x0514271\0\x3B";
        assert!(shows(bytes, "fnr 22836014271"));
        assert_eq!(extraction(bytes).gaps, []);
    }

    #[test]
    fn a_cut_one_is_broken() {
        assert!(!extraction(b"GIF89a\x09\0\x09\0\0\0\0\x21\xFE\x0Afnr").gaps.is_empty());
    }
}
