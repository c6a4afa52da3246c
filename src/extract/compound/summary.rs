//! Document properties: title, author, comments and the like (MS-OLEPS).

use encoding_rs::UTF_16LE;

use crate::extract::{
    rtf::codepage,
    strings,
    walk::{Place, Walk},
};

/// Reads the property set in `bytes`; what cannot be followed is searched for
/// plain runs.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let mut lines = String::new();
    if sets(bytes, &mut lines).is_none() {
        strings::read(walk, place, bytes);
    }
    walk.fragment(place.surface, &place.path, lines);
}

fn sets(bytes: &[u8], lines: &mut String) -> Option<()> {
    let count = long(bytes, 24)?.min(SETS);
    for set in 0..count {
        let start = usize::try_from(long(bytes, 44 + usize::try_from(set).ok()? * 20)?).ok()?;
        self::set(bytes.get(start..)?, lines)?;
    }
    Some(())
}

/// Size, count, pairs of id and offset, values.
fn set(bytes: &[u8], lines: &mut String) -> Option<()> {
    let count = usize::try_from(long(bytes, 4)?).ok()?.min(PROPERTIES);
    let offset = |at: usize| {
        let pair = 8 + at * 8;
        Some((long(bytes, pair)?, usize::try_from(long(bytes, pair + 4)?).ok()?))
    };
    let page = (0..count).filter_map(offset).find(|(id, _)| *id == CODE_PAGE);
    let page = page.and_then(|(_, at)| long(bytes, at.checked_add(4)?)).unwrap_or(1252) & 0xFFFF;
    let mut room = bytes.len().saturating_mul(2);
    for at in 0..count {
        let (id, start) = offset(at)?;
        let value = bytes.get(start..)?;
        let before = lines.len();
        if id == DICTIONARY {
            dictionary(value, page, lines);
        } else {
            typed(value.get(4..)?, long(value, 0)?, page, lines);
        }
        // Values may overlap: what is written is bounded all the same.
        room = room.checked_sub(lines.len() - before)?;
    }
    Some(())
}

/// The names of properties that the user made.
fn dictionary(value: &[u8], page: u32, lines: &mut String) {
    let mut rest = value.get(4..).unwrap_or_default();
    for _ in 0..long(value, 0).unwrap_or(0) {
        let Some(name) = rest.get(4..) else { return };
        let Some(used) = text(name, page, lines) else { return };
        rest = name.get(used..).unwrap_or_default();
    }
}

fn typed(value: &[u8], kind: u32, page: u32, lines: &mut String) {
    match kind {
        TEXT_8 => {
            text(value, page, lines);
        }
        TEXT_16 => {
            text(value, WIDE, lines);
        }
        VECTOR..=0x10FF => {
            let count = long(value, 0).unwrap_or(0);
            let mut rest = value.get(4..).unwrap_or_default();
            for _ in 0..count {
                let inner = match kind & 0xFF {
                    TEXT_8 => text(rest, page, lines),
                    TEXT_16 => text(rest, WIDE, lines),
                    // A type before each value: pairs of heading and count.
                    0x0C if long(rest, 0) == Some(TEXT_8) => {
                        text(rest.get(4..).unwrap_or_default(), page, lines).map(|used| used + 4)
                    }
                    0x0C => Some(8),
                    _ => None,
                };
                let Some(used) = inner.filter(|used| *used <= rest.len()) else { return };
                rest = rest.get(used..).unwrap_or_default();
            }
        }
        _ => {}
    }
}

/// Adds a counted text as a line; answers with the bytes it takes.
fn text(bytes: &[u8], page: u32, lines: &mut String) -> Option<usize> {
    let count = usize::try_from(long(bytes, 0)?).ok()?;
    let length = if page == WIDE { count.checked_mul(2)? } else { count };
    let raw = bytes.get(4..length.checked_add(4)?)?;
    let encoding = if page == WIDE { UTF_16LE } else { codepage::of_number(page) };
    let shown = encoding.decode_without_bom_handling(raw).0;
    lines.push_str(shown.trim_end_matches('\0'));
    lines.push('\n');
    let fill = if page == WIDE { length.wrapping_neg() % 4 } else { 0 };
    Some(4 + length + fill)
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(word.try_into().ok()?))
}

const SETS: u32 = 4;
const PROPERTIES: usize = 4096;
const DICTIONARY: u32 = 0;
const CODE_PAGE: u32 = 1;
const WIDE: u32 = 1200;
const TEXT_8: u32 = 30;
const TEXT_16: u32 = 31;
const VECTOR: u32 = 0x1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_title_and_named_properties() {
        let title = [&30_u32.to_le_bytes()[..], &8_u32.to_le_bytes(), b"F\xF8dt 1\0\0"].concat();
        let page = [&2_u32.to_le_bytes()[..], &1252_u32.to_le_bytes()].concat();
        let mut set = Vec::new();
        for word in [0_u32, 2, 1, 24, 2, 32] {
            set.extend(word.to_le_bytes());
        }
        set.extend(page);
        set.extend(title);
        let head = [&[0; 24][..], &1_u32.to_le_bytes(), &[0; 16], &48_u32.to_le_bytes()].concat();
        let mut lines = String::new();
        assert_eq!(sets(&[head, set].concat(), &mut lines), Some(()));
        assert_eq!(lines, "Født 1\n");
        assert_eq!(sets(&[0xFF; 64], &mut lines), None);
    }
}
