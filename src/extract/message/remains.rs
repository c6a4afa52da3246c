//! The bytes of a message that stand in no part: preamble, epilogue, and what
//! lies between parts.

use std::{collections::HashSet, ops::Range};

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

    /// What `line` is to the multiparts noted so far, if anything.
    pub(super) fn delimiter(&self, line: &[u8]) -> Option<Delimiter> {
        let written = line.strip_prefix(b"--")?.trim_ascii_end();
        let known = |name: &[u8]| !name.is_empty() && self.boundaries.contains(name);
        if known(written) {
            return Some(Delimiter::Opening);
        }
        written.strip_suffix(b"--").is_some_and(known).then_some(Delimiter::Closing)
    }
}

/// A line between the parts of a multipart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Delimiter {
    /// The multipart ends here.
    Closing,
    /// A part starts on the next line.
    Opening,
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
        structured |= trimmed.get(..8).is_some_and(|w| w.eq_ignore_ascii_case(b"content-"));
        left.extend_from_slice(line);
    }
    structured
}
