//! JPEG: Exif, XMP, IPTC and comments (ITU-T T.81 annex B).

use super::{Canvas, big16, exif, iptc, note, xmp};
use crate::extract::walk::{Place, Walk};

/// Reads the segments of `bytes`.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) -> Canvas {
    let mut canvas = Canvas::default();
    let mut extended = Vec::new();
    let mut resources = Vec::new();
    let mut at = 0;
    while let Some((marker, next)) = marker(bytes, at) {
        at = next;
        if marker == 0xD9 {
            canvas.end = Some(at);
            break;
        }
        if matches!(marker, 0x01 | 0xD0..=0xD8) {
            continue;
        }
        let Some(length) = big16(bytes, at).and_then(|length| usize::try_from(length).ok()) else {
            break;
        };
        let end = at.saturating_add(length.max(2)).min(bytes.len());
        let content = bytes.get(at + 2..end).unwrap_or_default();
        at = end;
        if !walk.entry(&place.path) {
            break;
        }
        match marker {
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                if let (Some(height), Some(width)) = (big16(content, 1), big16(content, 3)) {
                    canvas.frame(width, height);
                }
            }
            0xE1 => app1(walk, place, content, &mut extended),
            0xED => resources.extend_from_slice(content.strip_prefix(PHOTOSHOP).unwrap_or(content)),
            0xFE => note(walk, &place.child("comment"), content),
            _ => {}
        }
    }
    if !extended.is_empty() {
        xmp(walk, place, &extended);
    }
    iptc::read_resources(walk, place, &resources);
    canvas
}

/// The next marker from `at` on, and what follows it. Coded pixels and filling
/// are passed over.
fn marker(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        at += memchr::memchr(0xFF, bytes.get(at..)?)? + 1;
        match bytes.get(at)? {
            0 | 0xFF => {}
            marker => return Some((*marker, at + 1)),
        }
    }
}

fn app1(walk: &mut Walk, place: &Place, content: &[u8], extended: &mut Vec<u8>) {
    if let Some(tiff) = content.strip_prefix(b"Exif\0\0") {
        exif::read(walk, place, tiff);
    } else if let Some(rdf) = content.strip_prefix(XMP) {
        xmp(walk, place, rdf);
    } else if let Some(rest) = content.strip_prefix(EXTENSION) {
        // A checksum in 32 digits, the whole length, the offset.
        extended.extend_from_slice(rest.get(40..).unwrap_or_default());
    }
}

const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const EXTENSION: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::image::tests::{extraction, shows};

    fn jpeg(segments: &[(u8, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0xFF, 0xD8];
        let size: &[u8] = &[8, 0, 9, 0, 9, 1];
        for (marker, content) in segments.iter().copied().chain([(0xC0, size), (0xDA, &[])]) {
            bytes.extend_from_slice(&[0xFF, marker]);
            bytes.extend_from_slice(&u16::try_from(content.len() + 2).unwrap().to_be_bytes());
            bytes.extend_from_slice(content);
        }
        bytes.extend_from_slice(&[1, 2, 0xFF, 0, 3, 0xFF, 0xD9]);
        bytes
    }

    #[test]
    fn comments_and_properties_are_read() {
        let rdf = [XMP, b"<x:xmpmeta><a b='x'>fnr 2283601&#52;271</a></x:xmpmeta>"].concat();
        let iptc = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x14\x1C\x02\x78\0\x0Ffnr 22836014271";
        for (marker, content) in [(0xFE, &b"fnr 22836014271"[..]), (0xE1, &rdf), (0xED, iptc)] {
            let bytes = jpeg(&[(marker, content)]);
            assert!(shows(&bytes, "fnr 22836014271"), "{marker:x}");
            assert_eq!(extraction(&bytes).gaps, []);
        }
    }

    #[test]
    fn ends_where_it_ends() {
        let bytes = [jpeg(&[]), b"navn;fnr\nKari;22836014271\nOla;22836014271\n".to_vec()].concat();
        let read = extraction(&bytes);
        assert!(read.fragments.iter().any(|f| f.path.to_string() == "b > behind the end"));
    }
}
