//! Pictures in old Office files (MS-ODRAW 2.2.23): each is a record with the
//! file inside, and is read as one.

use crate::{
    extract::{
        content,
        walk::{Place, Walk},
    },
    model::Surface,
};

/// Reads the pictures in `bytes`, wherever they stand.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let mut at = 0;
    let mut number = 0_usize;
    // Types end in F0 and F1 01: look for the second byte of the type.
    while let Some(step) = bytes.get(at + 3..).and_then(|rest| memchr::memchr(0xF0, rest)) {
        at += step;
        let Some(picture) = picture(bytes.get(at..).unwrap_or_default()) else {
            at += 1;
            continue;
        };
        number += 1;
        let inner = Place::new(place.path.child(&format!("picture {number}")), Surface::FileText);
        if !walk.entry(&inner.path) {
            return;
        }
        walk.inside(&inner.path, |walk| content::read(walk, &inner, picture));
        at += 8 + picture.len();
    }
}

/// The file in the record that starts `bytes`, if one does.
fn picture(bytes: &[u8]) -> Option<&[u8]> {
    let head = bytes.get(..8)?;
    let kind = u16::from_le_bytes([head[2], head[3]]);
    let length = u32::from_le_bytes(head[4..8].try_into().ok()?);
    let body = bytes.get(8..)?;
    let body = body.get(..usize::try_from(length).ok()?).filter(|body| body.len() > SHORTEST)?;
    let magics: &[&[u8]] = match kind {
        0xF01D | 0xF02A => &[b"\xFF\xD8\xFF"],
        0xF01E => &[b"\x89PNG"],
        0xF029 => &[b"II*\0", b"MM\0*"],
        _ => return None,
    };
    // One or two identifiers of 16 bytes and a tag stand before the file.
    let start = body.get(..HEAD).unwrap_or(body);
    let found = magics.iter().find_map(|magic| memchr::memmem::find(start, magic))?;
    body.get(found..)
}

const SHORTEST: usize = 20;
const HEAD: usize = 48;
