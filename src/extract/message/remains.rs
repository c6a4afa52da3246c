//! The bytes of a message that stand in no part: preamble, epilogue, and what
//! lies between parts.

use std::{collections::HashSet, ops::Range};

use memchr::memmem;

use super::{
    ambiguity::Mime,
    parser::{Entity, Shape},
    second_look,
};
use crate::{
    extract::{
        text::{self, Label},
        walk::{Place, Walk},
    },
    model::{GapKind, PartPath, Surface},
};

/// What was read as part of an entity.
#[derive(Default)]
pub(super) struct Covered {
    ranges: Vec<Range<usize>>,
    boundaries: HashSet<Vec<u8>>,
    repeated: bool,
}

impl Covered {
    /// Notes the bytes of `entity`.
    pub(super) fn add(&mut self, entity: &Entity, mime: &Mime) {
        let end = match entity.shape {
            Shape::Leaf | Shape::Message => entity.body.end,
            Shape::Multipart => entity.head.end,
        };
        self.ranges.push(entity.head.start..end);
        let multipart = mime.content_type.main.starts_with("multipart/");
        if let Some(boundary) = mime.content_type.value("boundary").filter(|_| multipart) {
            // An inner part that reuses the delimiter of an outer one.
            self.repeated |= !self.boundaries.insert(boundary.to_vec());
        }
    }
}

impl Covered {
    /// Splits `body` at its delimiter lines. There are some where a part did
    /// not end by itself and ran on over the parts behind it.
    pub(super) fn split<'a>(&self, body: &'a [u8]) -> (&'a [u8], Vec<Swallowed<'a>>) {
        let mut own = body;
        let mut swallowed: Vec<Swallowed<'a>> = Vec::new();
        let mut start = 0;
        let starts = std::iter::once(0).chain(memmem::find_iter(body, b"\n--").map(|at| at + 1));
        for at in starts {
            let line = body.get(at..).unwrap_or_default();
            let length = memchr::memchr(b'\n', line).map_or(line.len(), |newline| newline + 1);
            let Some(closing) = self.delimiter(&line[..length]) else { continue };
            let before = &body[start..at];
            match swallowed.last_mut() {
                Some(last) => last.bytes = before,
                None => own = before,
            }
            start = at + length;
            swallowed.push(Swallowed { bytes: &body[start..], closing });
        }
        (own, swallowed)
    }

    /// Whether `line` is a delimiter, and then whether it closes.
    fn delimiter(&self, line: &[u8]) -> Option<bool> {
        let name = line.trim_ascii_end().strip_prefix(b"--").filter(|name| !name.is_empty())?;
        if self.boundaries.contains(name) {
            return Some(false);
        }
        let name = name.strip_suffix(b"--").filter(|name| !name.is_empty())?;
        self.boundaries.contains(name).then_some(true)
    }
}

/// What stood behind a delimiter line inside a part.
pub(super) struct Swallowed<'a> {
    pub(super) bytes: &'a [u8],
    /// The line was a closing one: no part follows.
    pub(super) closing: bool,
}

/// Reads what `covered` leaves of `raw`.
pub(super) fn read(walk: &mut Walk, path: &PartPath, raw: &[u8], mut covered: Covered) {
    covered.ranges.sort_by_key(|range| range.start);
    let mut left = Vec::new();
    let mut structured = covered.repeated;
    let mut at = 0;
    for range in covered.ranges.iter().cloned().chain(std::iter::once(raw.len()..raw.len())) {
        if range.start > at {
            structured |= keep(&raw[at..range.start], &covered.boundaries, &mut left);
        }
        at = at.max(range.end);
    }
    let place = Place::new(path.child("outside parts"), Surface::Body);
    if structured {
        walk.gap(GapKind::Ambiguous, path);
        second_look::read(walk, &place, raw);
    } else if !left.trim_ascii().is_empty() {
        text::read(walk, &place, &left, Some(Label::default()));
    }
}

/// Keeps the lines of `bytes` that are no delimiters; answers whether they
/// look like parts that were missed.
fn keep(bytes: &[u8], boundaries: &HashSet<Vec<u8>>, left: &mut Vec<u8>) -> bool {
    let mut structured = false;
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let trimmed = line.trim_ascii();
        if trimmed.is_empty() {
            left.extend_from_slice(line);
            continue;
        }
        if let Some(delimiter) = trimmed.strip_prefix(b"--") {
            let name = delimiter.strip_suffix(b"--").unwrap_or(delimiter);
            if boundaries.contains(delimiter) || boundaries.contains(name) {
                continue;
            }
        }
        structured |= is_field(trimmed);
        left.extend_from_slice(line);
    }
    structured
}

/// Whether a line of `bytes` is a field of a part.
pub(super) fn has_fields(bytes: &[u8]) -> bool {
    bytes.split(|b| *b == b'\n').any(is_field)
}

fn is_field(line: &[u8]) -> bool {
    line.get(..8).is_some_and(|word| word.eq_ignore_ascii_case(b"content-"))
}
