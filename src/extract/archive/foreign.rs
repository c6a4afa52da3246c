//! Archives that this build does not open: cab and rar. Always a gap; the
//! names of the members and what lies open in the bytes are read.

use crate::{
    extract::{
        content,
        text::charset,
        walk::{Place, Walk},
    },
    model::Surface,
};

/// Notes the names in the cabinet `bytes` ([MS-CAB] section 2.3).
pub(in crate::extract) fn read_cab(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    content::unknown(walk, place, bytes);
    names(walk, place, cab_names(bytes));
}

/// Notes the names in the rar archive `bytes`, of version 4 or 5.
pub(in crate::extract) fn read_rar(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    content::unknown(walk, place, bytes);
    names(walk, place, if bytes.starts_with(RAR5) { rar5_names(bytes) } else { rar4_names(bytes) });
}

fn names(walk: &mut Walk, place: &Place, names: Vec<&[u8]>) {
    for name in names {
        if !walk.entry(&place.path) {
            return;
        }
        let name = charset::decode(name, None);
        walk.fragment(Surface::FileName, &place.path.child(&name), &*name);
    }
}

fn cab_names(bytes: &[u8]) -> Vec<&[u8]> {
    let mut names = Vec::new();
    let count = little(bytes, 28, 2).unwrap_or(0);
    let mut at = little(bytes, 16, 4).unwrap_or(usize::MAX);
    for _ in 0..count {
        let start = at.saturating_add(16);
        let Some(name) = bytes.get(start..).and_then(|rest| rest.split(|b| *b == 0).next()) else {
            break;
        };
        at = start + name.len() + 1;
        names.push(name);
    }
    names
}

fn rar4_names(bytes: &[u8]) -> Vec<&[u8]> {
    let mut names = Vec::new();
    let mut at = 7;
    while let (Some(flags), Some(size), Some(kind)) =
        (little(bytes, at + 3, 2), little(bytes, at + 5, 2), bytes.get(at + 2))
        && size >= 7
        && names.len() < NAMES
    {
        let follows =
            if flags & 0x8000 != 0 || *kind == 0x74 { little(bytes, at + 7, 4) } else { None };
        if *kind == 0x74 {
            let start = at + if flags & 0x100 == 0 { 32 } else { 40 };
            let length = little(bytes, at + 26, 2).unwrap_or(0);
            names.extend(bytes.get(start..start + length));
        }
        at = at.saturating_add(size).saturating_add(follows.unwrap_or(0));
    }
    names
}

fn rar5_names(bytes: &[u8]) -> Vec<&[u8]> {
    let mut names = Vec::new();
    let mut at = RAR5.len();
    while let Some((header, next, name)) = rar5_block(bytes, at)
        && names.len() < NAMES
    {
        if header == 2 || header == 3 {
            names.extend(name);
        }
        at = next;
    }
    names
}

/// The type of the block at `at`, where the next one starts, and its name.
fn rar5_block(bytes: &[u8], at: usize) -> Option<(usize, usize, Option<&[u8]>)> {
    let (size, start) = number(bytes, at.checked_add(4)?)?;
    let (kind, next) = number(bytes, start)?;
    let (flags, mut next) = number(bytes, next)?;
    let mut follows = 0;
    if flags & 1 != 0 {
        next = number(bytes, next)?.1;
    }
    if flags & 2 != 0 {
        (follows, next) = number(bytes, next)?;
    }
    let end = start.checked_add(size)?;
    Some((kind, end.checked_add(follows)?, rar5_name(bytes, next)))
}

fn rar5_name(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let (flags, next) = number(bytes, at)?;
    let (_size, next) = number(bytes, next)?;
    let (_attributes, next) = number(bytes, next)?;
    let next = next + if flags & 2 == 0 { 0 } else { 4 } + if flags & 4 == 0 { 0 } else { 4 };
    let (_method, next) = number(bytes, next)?;
    let (_system, next) = number(bytes, next)?;
    let (length, next) = number(bytes, next)?;
    bytes.get(next..next.checked_add(length)?)
}

/// A number of seven bits a byte, the lowest first, and where it ends.
fn number(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut value = 0_usize;
    for step in 0..8 {
        let byte = *bytes.get(at.checked_add(step)?)?;
        value |= usize::from(byte & 0x7F) << (7 * step);
        if byte & 0x80 == 0 {
            return Some((value, at + step + 1));
        }
    }
    None
}

fn little(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let field = bytes.get(at..at.checked_add(length)?)?;
    Some(field.iter().rev().fold(0, |value, byte| value << 8 | usize::from(*byte)))
}

const RAR5: &[u8] = b"Rar!\x1A\x07\x01\0";
const NAMES: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_a_cabinet() {
        let mut bytes = vec![0; 44];
        bytes[..4].copy_from_slice(b"MSCF");
        bytes[16] = 44;
        bytes[28] = 2;
        for name in [&b"a.txt\0"[..], b"b.txt\0"] {
            bytes.extend_from_slice(&[0; 16]);
            bytes.extend_from_slice(name);
        }
        assert_eq!(cab_names(&bytes), [&b"a.txt"[..], b"b.txt"]);
        assert_eq!(cab_names(&bytes[..30]), Vec::<&[u8]>::new());
    }

    #[test]
    fn names_in_rar_archives() {
        let mut four = b"Rar!\x1A\x07\0".to_vec();
        let mut header = vec![0; 32];
        header[2] = 0x74;
        header[5] = 37;
        header[26] = 5;
        four.extend_from_slice(&header);
        four.extend_from_slice(b"a.txt");
        assert_eq!(rar4_names(&four), [b"a.txt"]);
        let five = [RAR5, b"sum!", &[13, 2, 0, 0, 0, 0, 0, 0, 5], b"b.txt"].concat();
        assert_eq!(rar5_names(&five), [b"b.txt"]);
    }
}
