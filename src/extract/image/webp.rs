//! WebP: Exif and XMP chunks (RFC 9649).

use super::{Canvas, exif, little16, xmp};
use crate::extract::walk::{Place, Walk};

/// Reads the chunks of `bytes`.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) -> Canvas {
    let mut canvas = Canvas::default();
    let mut at = 12;
    while let Some((name, content)) = chunk(bytes, at) {
        if !walk.entry(&place.path) {
            return Canvas::default();
        }
        at += 8 + content.len().next_multiple_of(2);
        match name {
            b"VP8 " => {
                if let (Some(width), Some(height)) = (little16(content, 6), little16(content, 8)) {
                    canvas.frame(width & 0x3FFF, height & 0x3FFF);
                }
            }
            b"VP8L" => {
                if let (Some(low), Some(high)) = (little16(content, 1), little16(content, 3)) {
                    let bits = high << 16 | low;
                    canvas.is_layered |= bits >> 28 & 1 != 0;
                    canvas.frame((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1);
                }
            }
            b"VP8X" => {
                // Transparency and animation.
                canvas.is_layered |= content.first().is_some_and(|flags| flags & 0x12 != 0);
                let three =
                    |at| Some(little16(content, at)? | u32::from(*content.get(at + 2)?) << 16);
                if let (Some(width), Some(height)) = (three(4), three(7)) {
                    canvas.frame(width + 1, height + 1);
                }
            }
            b"EXIF" => {
                exif::read(walk, place, content.strip_prefix(b"Exif\0\0").unwrap_or(content));
            }
            b"XMP " => xmp(walk, place, content),
            _ => {}
        }
    }
    canvas.end = Some(at.min(bytes.len()));
    canvas
}

fn chunk(bytes: &[u8], at: usize) -> Option<(&[u8], &[u8])> {
    let length = bytes.get(at + 4..at + 8)?;
    let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]);
    let start = at + 8;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    Some((bytes.get(at..at + 4)?, bytes.get(start..end)?))
}

#[cfg(test)]
mod tests {
    use crate::extract::image::tests::{extraction, shows};

    #[test]
    fn properties_are_read() {
        let bytes = b"RIFF\x40\0\0\0WEBPVP8X\x0A\0\0\0\x04\0\0\0\x08\0\0\x08\0\0\
                      XMP \x1E\0\0\0<r><a>fnr 22836014271</a></r> ";
        assert!(shows(bytes, "fnr 22836014271"));
        assert_eq!(extraction(bytes).gaps, []);
    }
}
