//! IPTC records in Photoshop resources (IPTC-NAA IIM 4.2).

use super::{big16, big32, exif, note, xmp};
use crate::extract::walk::{Place, Walk};

/// Reads the resources `8BIM…`.
pub(super) fn read_resources(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let mut rest = bytes;
    while let Some(start) = memchr::memmem::find(rest, b"8BIM") {
        rest = &rest[start..];
        let Some((kind, content)) = resource(rest) else { return };
        if !walk.entry(&place.path) {
            return;
        }
        match kind {
            0x0404 => read(walk, place, content),
            0x0422 => {
                exif::read(walk, place, content);
            }
            0x0424 => xmp(walk, place, content),
            _ => {}
        }
        rest = rest.get(4..).unwrap_or_default();
    }
}

/// Reads records: a mark, two numbers, a length, a text.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let mut all = Vec::new();
    let mut at = 0;
    while bytes.get(at) == Some(&0x1C) {
        let Some(length) = big16(bytes, at + 3).and_then(|length| usize::try_from(length).ok())
        else {
            break;
        };
        let start = at + 5;
        all.extend_from_slice(bytes.get(start..start + length).unwrap_or_default());
        all.push(b'\n');
        at = start + length;
    }
    note(walk, &place.child("IPTC"), &all);
}

/// A number, a name of even length, a length, the content.
fn resource(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let kind = big16(bytes, 4)?;
    let name = usize::from(*bytes.get(6)?) + 1;
    let at = 6 + name.next_multiple_of(2);
    let length = usize::try_from(big32(bytes, at)?).ok()?;
    let start = at + 4;
    Some((kind, bytes.get(start..start.checked_add(length)?.min(bytes.len()))?))
}
