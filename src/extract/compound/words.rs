//! Word documents before 2007 (MS-DOC): text by the piece table, part by part;
//! Word 6 and 95 by the range their header names.
//!
//! Hidden and deleted text stands in the same pieces and is read with the
//! rest.

use std::ops::Range;

use encoding_rs::WINDOWS_1252;

use super::biff::{long, short};
use crate::{
    extract::{
        strings,
        walk::{Place, Walk},
    },
    model::{Fragment, GapKind, Mark, Proof, Surface},
};

/// Which stream holds the piece table; `None` for files that need none.
pub(super) fn table(bytes: &[u8]) -> Option<&'static str> {
    let flags = short(bytes, FLAGS)?;
    let modern = short(bytes, VERSION)? >= WORD_97;
    modern.then_some(if flags & SECOND_TABLE != 0 { "1Table" } else { "0Table" })
}

/// Reads the stream `bytes` with its `table`.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8], table: Option<&[u8]>) {
    let flags = short(bytes, FLAGS).unwrap_or(0);
    if flags & ENCRYPTED != 0 {
        let weak = if flags & OBFUSCATED != 0 { "office-xor" } else { "office-rc4" };
        walk.gap(GapKind::WeakEncryption(Proof::new(weak)), &place.path);
        strings::read(walk, place, bytes);
        return;
    }
    let old = self::table(bytes).is_none();
    let text = if old { range(bytes) } else { pieces(walk, bytes, table.unwrap_or_default()) };
    let Some(units) = text.filter(|units| !units.is_empty()) else {
        walk.gap(GapKind::Broken, &place.path);
        strings::read(walk, place, bytes);
        strings::read(walk, place, table.unwrap_or_default());
        return;
    };
    if old && flags & COMPLEX != 0 {
        // Saved in pieces, whose order only its own table knows.
        walk.gap(GapKind::Unknown, &place.path);
        strings::read(walk, place, bytes);
    }
    let mut from = 0_usize;
    let lengths = PARTS.iter().map(|(at, _)| {
        let length = if old { None } else { long(bytes, *at) };
        usize::try_from(length.unwrap_or(0)).unwrap_or(usize::MAX)
    });
    for ((_, name), length) in PARTS.iter().zip(lengths.collect::<Vec<_>>()) {
        let last = *name == "text boxes in headers";
        let to = if last { units.len() } else { from.saturating_add(length).min(units.len()) };
        // What no part claims belongs to the last one.
        let inner = if name.is_empty() || old { place.clone() } else { place.child(name) };
        part(walk, &inner, units.get(from..to).unwrap_or_default());
        from = to;
    }
}

/// Adds one part of the text, its field codes apart.
fn part(walk: &mut Walk, place: &Place, units: &[u16]) {
    let mut shown = String::new();
    let mut codes = String::new();
    let mut marks: Vec<Mark> = Vec::new();
    let mut start = 0;
    // For each open field: whether its code is still going on.
    let mut fields: Vec<bool> = Vec::new();
    for unit in char::decode_utf16(units.iter().copied()) {
        let c = unit.unwrap_or(char::REPLACEMENT_CHARACTER);
        let c = match c {
            '\u{13}' => {
                fields.truncate(DEEPEST);
                fields.push(true);
                continue;
            }
            '\u{14}' => {
                if let Some(field) = fields.last_mut() {
                    *field = false;
                }
                codes.push('\n');
                continue;
            }
            '\u{15}' => {
                fields.pop();
                codes.push('\n');
                continue;
            }
            '\r' | '\u{b}' | '\u{c}' | '\u{e}' => '\n',
            '\u{7}' => '\t',
            '\u{1e}' => '-',
            '\0'..='\u{8}' | '\u{f}'..='\u{1f}' => continue,
            other => other,
        };
        if fields.contains(&true) {
            codes.push(c);
            continue;
        }
        shown.push(c);
        if c == '\n' {
            if !shown.get(start..).unwrap_or_default().trim().is_empty() {
                let name = format!("paragraph {}", marks.len() + 1).into();
                let start = u32::try_from(start).unwrap_or(u32::MAX);
                marks.push(Mark { start, name, heading: None });
            }
            start = shown.len();
        }
    }
    let mut fragment = Fragment::new(place.surface, place.path.clone(), shown);
    fragment.marks = marks;
    walk.push(fragment);
    walk.fragment(Surface::Metadata, &place.path.child("field codes"), codes);
}

/// The characters of all pieces in their order (MS-DOC 2.4.1).
fn pieces(walk: &mut Walk, bytes: &[u8], table: &[u8]) -> Option<Vec<u16>> {
    let start = usize::try_from(long(bytes, CLX)?).ok()?;
    let length = usize::try_from(long(bytes, CLX + 4)?).ok()?;
    let mut clx = table.get(start..start.checked_add(length)?)?;
    // Formatting comes first.
    while let [1, rest @ ..] = clx {
        clx = rest.get(2 + usize::from(short(rest, 0)?)..)?;
    }
    let [2, rest @ ..] = clx else { return None };
    let size = usize::try_from(long(rest, 0)?).ok()?;
    let plan = rest.get(4..4_usize.checked_add(size)?)?;
    let count = size.checked_sub(4)? / 12;
    let mut units = Vec::new();
    for piece in 0..count {
        let from = long(plan, piece * 4)?;
        let length = usize::try_from(long(plan, piece * 4 + 4)?.checked_sub(from)?).ok()?;
        let place = long(plan, (count + 1) * 4 + piece * 8 + 2)?;
        let narrow = place & NARROW != 0;
        let start = usize::try_from(place & !NARROW & 0x3FFF_FFFF).ok()?;
        let range = if narrow {
            start / 2..(start / 2).checked_add(length)?
        } else {
            start..start.checked_add(length.checked_mul(2)?)?
        };
        // Pieces may lie over each other.
        walk.budget.expand(length.saturating_mul(2)).ok()?;
        add(&mut units, bytes.get(range)?, narrow);
    }
    Some(units)
}

fn add(units: &mut Vec<u16>, bytes: &[u8], narrow: bool) {
    if narrow {
        let text = WINDOWS_1252.decode_without_bom_handling(bytes).0;
        units.extend(text.encode_utf16());
    } else {
        let pairs = bytes.chunks_exact(2);
        units.extend(pairs.map(|pair| u16::from_le_bytes([pair[0], pair[1]])));
    }
}

/// The text of Word 6 and 95.
fn range(bytes: &[u8]) -> Option<Vec<u16>> {
    let at = |at| usize::try_from(long(bytes, at)?).ok();
    let range: Range<usize> = at(FIRST)?..at(LAST)?;
    let mut units = Vec::new();
    add(&mut units, bytes.get(range)?, true);
    Some(units)
}

const VERSION: usize = 0x02;
const WORD_97: u16 = 0x00C0;
const FLAGS: usize = 0x0A;
const COMPLEX: u16 = 0x0004;
const ENCRYPTED: u16 = 0x0100;
const SECOND_TABLE: u16 = 0x0200;
const OBFUSCATED: u16 = 0x8000;
const FIRST: usize = 0x18;
const LAST: usize = 0x1C;
const CLX: usize = 0x1A2;
const NARROW: u32 = 0x4000_0000;
const DEEPEST: usize = 64;
/// Where the length of each part stands, in the order of the text.
const PARTS: &[(usize, &str)] = &[
    (0x4C, ""),
    (0x50, "footnotes"),
    (0x54, "headers"),
    (0x58, "macros"),
    (0x5C, "comments"),
    (0x60, "endnotes"),
    (0x64, "text boxes"),
    (0x68, "text boxes in headers"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::limits::Limits,
        extract::walk::Containers,
        model::{Extraction, PartPath},
    };

    /// A header, then `narrow` and `wide` as two pieces, the second a footnote.
    fn document(narrow: &[u8], wide: &str) -> (Vec<u8>, Vec<u8>) {
        let mut bytes = vec![0; 0x200];
        bytes[VERSION] = 0xC1;
        let wide: Vec<u8> = wide.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let word = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
        bytes[0x4C..0x50].copy_from_slice(&word(narrow.len()));
        bytes[0x50..0x54].copy_from_slice(&word(wide.len() / 2));
        let mut plan = Vec::new();
        for at in [0, narrow.len(), narrow.len() + wide.len() / 2] {
            plan.extend(word(at));
        }
        for place in [0x4000_0000 | (0x200 * 2), 0x200 + narrow.len()] {
            plan.extend([0, 0]);
            plan.extend(word(place));
            plan.extend([0, 0]);
        }
        let table = [&[1, 2, 0, 7, 7, 2][..], &word(plan.len()), &plan].concat();
        bytes[CLX + 4..CLX + 8].copy_from_slice(&word(table.len()));
        bytes.extend_from_slice(narrow);
        bytes.extend(wide);
        (bytes, table)
    }

    fn walked(bytes: &[u8], table: &[u8]) -> Extraction {
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        read(&mut walk, &Place::new(PartPath::root("x"), Surface::FileText), bytes, Some(table));
        walk.finish()
    }

    #[test]
    fn joins_pieces_and_parts_them_by_part() {
        let (bytes, table) = document(b"F\xF8dt\x07\x13 REF 1 \x1422836014271\x15\r", "Note æ\r");
        let read = walked(&bytes, &table);
        let all: Vec<_> =
            read.fragments.iter().map(|f| (f.path.to_string(), f.text.as_str())).collect();
        assert_eq!(all[0], ("x".to_owned(), "Født\t22836014271\n"));
        assert_eq!(all[1], ("x > field codes".to_owned(), " REF 1 \n\n"));
        assert_eq!(all[2], ("x > footnotes".to_owned(), "Note æ\n"));
        assert!(read.gaps.is_empty());
    }

    #[test]
    fn says_so_where_it_cannot_follow() {
        let (mut bytes, table) = document(b"fnr 22836014271", "");
        assert_eq!(walked(&bytes, &[]).gaps[0].kind, GapKind::Broken);
        assert!(walked(&bytes, &[]).fragments[0].text.contains("22836014271"));
        bytes[FLAGS + 1] = 1;
        let weak = GapKind::WeakEncryption(Proof::new("office-rc4"));
        assert_eq!(walked(&bytes, &table).gaps[0].kind, weak);
    }
}
