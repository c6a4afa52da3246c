//! A second look at bytes whose structure readers may disagree about.
//!
//! Forgets all structure: the bytes are read as text, as quoted-printable, and
//! everything in them that could be base64 is decoded, as is each stretch of
//! lines between delimiters. Finds too much rather than too little.

use std::borrow::Cow;

use memchr::memmem;

use super::{
    ambiguity::Mime,
    fields::{self, Head},
    transfer,
};
use crate::{
    extract::{
        content, sniff,
        text::{self, Label, blobs},
        walk::{Place, Walk},
    },
    model::Surface,
};

/// Reads `bytes` in every way at `place`.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let place = &place.child("raw");
    if !walk.entry(&place.path) || bytes.trim_ascii().is_empty() {
        return;
    }
    walk.inside(&place.path, |walk| {
        // A label keeps the text from being taken for a message again.
        text::read(walk, place, bytes, Some(Label::default()));
        blobs::read(walk, place, bytes, blobs::Trust::Suspicious);
        for decoded in quoted(bytes) {
            text::read(walk, place, &decoded, Some(Label::default()));
        }
        stretches(walk, place, bytes);
    });
}

/// The readings that drop every `=` that decodes to nothing. Where a CR alone
/// follows one, some pass over all up to the LF; of two in a row some make one;
/// some drop every NUL before they look for any.
pub(super) fn quoted(bytes: &[u8]) -> Vec<Vec<u8>> {
    let pairs = memmem::find(bytes, b"==").map(|_| without_pairs(bytes));
    let others = [without_tails(bytes), pairs, transfer::without_nul(bytes)];
    let others = others.map(|other| other.map(Cow::Owned));
    let readings = [Some(Cow::Borrowed(bytes))].into_iter().chain(others);
    let decode = |text: Cow<'_, [u8]>| {
        let mut decoded = transfer::quoted_printable(&text).bytes;
        decoded.retain(|b| *b != b'=' && (*b >= b' ' || matches!(b, b'\t' | b'\r' | b'\n')));
        (decoded != bytes).then_some(decoded)
    };
    readings.flatten().filter_map(decode).collect()
}

/// The text with two `=` in a row written as the escape of one.
fn without_pairs(bytes: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut rest = bytes;
    while let Some(at) = memmem::find(rest, b"==") {
        kept.extend_from_slice(&rest[..at]);
        kept.extend_from_slice(b"=3D");
        rest = &rest[at + 2..];
    }
    kept.extend_from_slice(rest);
    kept
}

/// The text without what stands between a CR behind `=` and the next LF, if
/// anything does.
fn without_tails(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut kept = Vec::new();
    let (mut rest, mut any) = (bytes, false);
    while let Some(at) = memmem::find(rest, b"=\r") {
        let (before, from) = rest.split_at(at);
        kept.extend_from_slice(before);
        let end = memchr::memchr(b'\n', from).map_or(from.len(), |newline| newline + 1);
        any |= from.get(2..end).is_some_and(|tail| tail != b"\n");
        rest = &from[end..];
    }
    kept.extend_from_slice(rest);
    any.then_some(kept)
}

/// Decodes each stretch between delimiter lines as one base64 body, junk
/// skipped, if that gives something readable.
fn stretches(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let mut start = 0;
    let mut ends: Vec<usize> = memmem::find_iter(bytes, b"\n--").map(|at| at + 1).collect();
    ends.truncate(STRETCHES);
    ends.push(bytes.len());
    for end in ends {
        let stretch = bytes.get(start..end).unwrap_or_default();
        start = end;
        names(walk, place, stretch);
        let outer = [fields::body_start(stretch), first_bare_return(stretch)];
        let outer = outer.into_iter().filter_map(|at| stretch.get(at..));
        for body in outer.chain(encoded_bodies(stretch)) {
            let decoded = transfer::base64(body).bytes;
            let readable = decoded.len() >= SHORTEST
                && !matches!(
                    sniff::format(&decoded),
                    sniff::Format::Unknown | sniff::Format::OpenPgp
                );
            if readable && walk.budget.expand(decoded.len()).is_ok() {
                content::read(walk, place, &decoded);
            }
        }
    }
}

/// What stands behind each field that names a transfer encoding: its head may
/// have been taken for text.
fn encoded_bodies(stretch: &[u8]) -> impl Iterator<Item = &[u8]> {
    let starts: Vec<usize> = encodings(stretch).collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([stretch.len()]).collect();
    starts.into_iter().zip(ends).filter_map(move |(start, end)| {
        let part = stretch.get(start..end)?;
        part.get(fields::body_start(part)..)
    })
}

/// Where in a text fields name a transfer encoding.
pub(super) fn encodings(text: &[u8]) -> impl Iterator<Item = usize> {
    memchr::memchr_iter(b':', text).filter_map(|colon| {
        let before = text.get(..colon)?.trim_ascii_end();
        let at = before.len().checked_sub(ENCODING.len())?;
        before.get(at..)?.eq_ignore_ascii_case(ENCODING).then_some(at)
    })
}

/// Adds the file names in the fields that a stretch may begin with, behind its
/// delimiter and blank lines.
fn names(walk: &mut Walk, place: &Place, stretch: &[u8]) {
    let line = match stretch.strip_prefix(b"--") {
        Some(_) => memchr::memchr(b'\n', stretch).map_or(stretch.len(), |at| at + 1),
        None => 0,
    };
    let fields = stretch.get(line..).unwrap_or_default().trim_ascii_start();
    let head = fields.get(..fields::body_start(fields)).unwrap_or_default();
    for name in Mime::of(&Head::parse(head)).file_names() {
        walk.fragment(Surface::FileName, &place.path, name);
    }
}

/// Where a body starts for readers who take CR alone for a line end.
fn first_bare_return(bytes: &[u8]) -> usize {
    memmem::find(bytes, b"\r\r").map_or(bytes.len(), |at| at + 2)
}

const ENCODING: &[u8] = b"content-transfer-encoding";
const STRETCHES: usize = 200;
const SHORTEST: usize = 8;
