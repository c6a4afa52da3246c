//! The bytes of a file that belong to no object: comments, and what was put
//! before or behind. Tables of positions are left out: they are all digits.

use super::{document::Document, object::Object};
use crate::{
    extract::{
        content, sniff, strings,
        walk::{Place, Walk},
    },
    model::{GapKind, Surface},
};

/// Reads what stands between the objects.
pub(super) fn read(walk: &mut Walk, place: &Place, document: &Document<'_>) {
    let bytes = document.bytes;
    let last = document.scan.ends.last().copied().unwrap_or(bytes.len());
    let mut text = String::new();
    for range in &document.scan.outside {
        let end = range.end.min(last.max(range.start));
        let piece = bytes.get(range.start..end).unwrap_or_default();
        for line in piece.split(|byte| matches!(byte, b'\n' | b'\r')) {
            if !is_worth(line) {
                continue;
            }
            if text.len() + line.len() > TEXT {
                walk.gap(GapKind::TooBig, &place.path.child("comments"));
            } else {
                text.push_str(&String::from_utf8_lossy(line));
                text.push('\n');
            }
        }
    }
    walk.fragment(Surface::Metadata, &place.path.child("comments"), text);
    behind(walk, place, document, last);
}

/// What stands after the last end, if no object does.
fn behind(walk: &mut Walk, place: &Place, document: &Document<'_>, last: usize) {
    let is_outside = document.scan.outside.last().is_some_and(|range| range.contains(&last));
    let tail = document.bytes.get(last..).unwrap_or_default();
    let tail = tail.trim_ascii();
    let tail = tail.strip_suffix(&b"\x1A"[..]).unwrap_or(tail);
    if !is_outside || tail.iter().all(|byte| *byte == 0) {
        return;
    }
    let inner = Place::new(place.path.child("behind the end"), Surface::FileText);
    match sniff::format(tail) {
        // Told by its end, by whoever reads archives.
        sniff::Format::Zip => strings::read(walk, &inner, tail),
        sniff::Format::Unknown => {
            if tail.len() > TAIL {
                walk.gap(GapKind::Unknown, &inner.path);
            }
            strings::read(walk, &inner, tail);
        }
        _ => content::read(walk, &inner, tail),
    }
}

/// Whether a line may hold a number and is no row of a table.
fn is_worth(line: &[u8]) -> bool {
    let digits = line.iter().filter(|byte| byte.is_ascii_digit()).count();
    let readable = line.iter().filter(|byte| byte.is_ascii_graphic() || **byte == b' ').count();
    // Positions, and the identifiers of the file.
    let line = line.trim_ascii();
    let is_row = match line.split_at_checked(10) {
        Some((position, rest)) => {
            let ends = rest.ends_with(b"n") || rest.ends_with(b"f");
            position.iter().all(u8::is_ascii_digit)
                && (rest.is_empty() || (rest.len() == 8 && ends))
        }
        None => line.iter().all(u8::is_ascii_digit),
    };
    let is_id = memchr::memmem::find(line, b"/ID").is_some() || line.starts_with(b"[<");
    digits >= DIGITS && readable * 10 >= line.len() * 9 && !is_row && !is_id
}

/// Adds the strings of trailers.
pub(super) fn trailers(document: &Document<'_>, beside: &mut super::beside::Beside) {
    for (_, dict) in &document.scan.trailers {
        beside.take(document, &Object::Dict(dict.clone()));
    }
}

const DIGITS: usize = 6;
const TEXT: usize = 1 << 20;
/// Mail programs leave a few bytes behind.
const TAIL: usize = 256;
