//! The edits that turn the message the mail server holds into another one.
//!
//! Fields that stay where they are in order are kept; all others of the old
//! header are deleted and the missing ones of the new header inserted at their
//! place, so that the result is the new header, field for field. Everything is
//! worked out before the first edit is sent: an edit that cannot be expressed
//! is an error here and never half a message there.

use std::{collections::HashMap, ffi::CString};

use memchr::{memchr, memmem};
use thiserror::Error;

/// What to tell the mail server, in this order.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Edits {
    /// Fields to delete: name and which one of that name, from 1. A field is
    /// named before those of the same name above it, so that no number shifts.
    pub(super) deletions: Vec<(CString, i32)>,
    /// Fields to insert, from the top.
    pub(super) insertions: Vec<Insertion>,
    /// The new body, when it differs.
    pub(super) body: Option<Vec<u8>>,
}

/// A field to insert.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Insertion {
    /// Its place, counted from 0 with the mail server's own first field.
    pub(super) index: i32,
    pub(super) name: CString,
    /// What stands after the colon, leading space included, folded with bare
    /// line feeds.
    pub(super) value: CString,
}

impl Edits {
    /// The edits that make `new` of `old`; none when they are equal.
    pub(super) fn between(old: &[u8], new: &[u8]) -> Result<Self, EditError> {
        if old == new {
            return Ok(Self::default());
        }
        let (old, new) = (Split::of(old)?, Split::of(new)?);
        let kept = kept_fields(&old.fields, &new.fields);
        let body = (old.body != new.body).then(|| new.body.to_vec());
        if body.is_some() && has_bare_line_feed(new.body) {
            return Err(EditError::LineFeed);
        }
        Ok(Self {
            deletions: deletions(&old.fields, &kept)?,
            insertions: insertions(&new.fields, &kept)?,
            body,
        })
    }
}

/// Why a message cannot be reached by edits.
#[derive(Debug, Error, Eq, PartialEq)]
pub(super) enum EditError {
    /// A header line is no field (RFC 5322 section 2.2).
    #[error("a header line is not a field")]
    Field,
    /// A field is larger than a milter packet.
    #[error("a header field is too long")]
    Length,
    /// A line ends without a carriage return, which mail servers change.
    #[error("a line ends with a bare line feed")]
    LineFeed,
}

struct Split<'a> {
    fields: Vec<Field<'a>>,
    body: &'a [u8],
}

#[derive(Eq, PartialEq)]
struct Field<'a> {
    name: &'a [u8],
    /// Everything after the colon up to the last CR LF.
    value: &'a [u8],
}

impl<'a> Split<'a> {
    fn of(message: &'a [u8]) -> Result<Self, EditError> {
        let (mut fields, mut rest) = (Vec::new(), message);
        loop {
            if let Some(body) = rest.strip_prefix(b"\r\n") {
                return Ok(Self { fields, body });
            }
            if rest.is_empty() {
                return Ok(Self { fields, body: rest });
            }
            let (field, after) = rest.split_at(field_length(rest)?);
            fields.push(Field::of(field)?);
            rest = after.strip_prefix(b"\r\n").ok_or(EditError::Field)?;
        }
    }
}

impl<'a> Field<'a> {
    fn of(text: &'a [u8]) -> Result<Self, EditError> {
        let colon = memchr(b':', text).ok_or(EditError::Field)?;
        let (name, value) = text.split_at(colon);
        let value = value.strip_prefix(b":").ok_or(EditError::Field)?;
        if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
            return Err(EditError::Field);
        }
        if has_bare_line_feed(value) {
            return Err(EditError::LineFeed);
        }
        if text.len() > MAX_FIELD {
            return Err(EditError::Length);
        }
        Ok(Self { name, value })
    }
}

/// The length of the first field, folded lines included, without its end.
fn field_length(text: &[u8]) -> Result<usize, EditError> {
    memmem::find_iter(text, b"\r\n")
        .find(|end| !matches!(text.get(end.saturating_add(2)), Some(b' ' | b'\t')))
        .ok_or(EditError::Field)
}

fn has_bare_line_feed(text: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', text)
        .any(|at| at.checked_sub(1).and_then(|before| text.get(before)) != Some(&b'\r'))
}

/// For each new field the old one that stays in its place, in rising order.
/// Looks only a little ahead: what is missed is deleted and inserted again.
fn kept_fields(old: &[Field<'_>], new: &[Field<'_>]) -> Vec<Option<usize>> {
    let mut next = 0;
    let keep = |field: &Field<'_>| {
        let ahead = old.iter().enumerate().skip(next).take(AHEAD);
        let found = ahead.filter(|(_, candidate)| *candidate == field).map(|(at, _)| at).next();
        next = found.map_or(next, |at| at.saturating_add(1));
        found
    };
    new.iter().map(keep).collect()
}

fn deletions(old: &[Field<'_>], kept: &[Option<usize>]) -> Result<Vec<(CString, i32)>, EditError> {
    let mut stays = vec![false; old.len()];
    for at in kept.iter().flatten() {
        if let Some(stay) = stays.get_mut(*at) {
            *stay = true;
        }
    }
    let mut seen: HashMap<Vec<u8>, i32> = HashMap::new();
    let mut deletions = Vec::new();
    for (field, stays) in old.iter().zip(stays) {
        let count = seen.entry(field.name.to_ascii_lowercase()).or_default();
        *count = count.saturating_add(1);
        if !stays {
            deletions.push((c_string(field.name.to_vec())?, *count));
        }
    }
    deletions.reverse();
    Ok(deletions)
}

fn insertions(new: &[Field<'_>], kept: &[Option<usize>]) -> Result<Vec<Insertion>, EditError> {
    let missing = new.iter().zip(kept).enumerate().filter(|(_, (_, kept))| kept.is_none());
    missing
        .map(|(place, (field, _))| {
            // The mail server's own first field, which it hides, is number 0.
            let index = i32::try_from(place.saturating_add(1)).map_err(|_| EditError::Length)?;
            let value = without_carriage_returns(field.value);
            Ok(Insertion { index, name: c_string(field.name.to_vec())?, value: c_string(value)? })
        })
        .collect()
}

/// The milter protocol folds with bare line feeds.
fn without_carriage_returns(value: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(end) = memmem::find(rest, b"\r\n") {
        let (line, after) = rest.split_at(end);
        plain.extend_from_slice(line);
        plain.push(b'\n');
        rest = after.get(2..).unwrap_or_default();
    }
    plain.extend_from_slice(rest);
    plain
}

fn c_string(bytes: Vec<u8>) -> Result<CString, EditError> {
    CString::new(bytes).map_err(|_| EditError::Field)
}

/// How far a kept field may be ahead.
const AHEAD: usize = 64;
/// Postfix takes packets of 131,070 bytes and header fields of 102,400.
const MAX_FIELD: usize = 100_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Does to `old` what Postfix does: its own first field is hidden from
    /// deletions, which go by name in any case, and counted in insertions.
    fn apply(old: &[u8], edits: &Edits) -> Vec<u8> {
        let split = Split::of(old).unwrap();
        let mut fields: Vec<(Vec<u8>, Vec<u8>)> = vec![(b"Received".to_vec(), b" own".to_vec())];
        fields.extend(split.fields.iter().map(|f| (f.name.to_vec(), f.value.to_vec())));
        for (name, index) in &edits.deletions {
            let same = |f: &(Vec<u8>, Vec<u8>)| f.0.eq_ignore_ascii_case(name.as_bytes());
            let matching = fields.iter().enumerate().skip(1).filter(|(_, field)| same(field));
            let place = matching.map(|(at, _)| at).nth(usize::try_from(*index).unwrap() - 1);
            fields.remove(place.unwrap());
        }
        for Insertion { index, name, value } in &edits.insertions {
            let value = String::from_utf8(value.to_bytes().to_vec()).unwrap().replace('\n', "\r\n");
            let place = usize::try_from(*index).unwrap().min(fields.len());
            fields.insert(place, (name.to_bytes().to_vec(), value.into_bytes()));
        }
        let line =
            |(name, value): (Vec<u8>, Vec<u8>)| [&name[..], b":", &value[..], b"\r\n"].concat();
        let header: Vec<u8> = fields.into_iter().skip(1).flat_map(line).collect();
        let body = edits.body.as_deref().unwrap_or(split.body);
        [&header[..], b"\r\n", body].concat()
    }

    fn check(old: &str, new: &str) -> Edits {
        let edits = Edits::between(old.as_bytes(), new.as_bytes()).unwrap();
        assert_eq!(apply(old.as_bytes(), &edits), new.as_bytes(), "{edits:?}");
        edits
    }

    #[test]
    fn an_equal_message_needs_no_edit() {
        let message = "no header at all, not even a field\n";
        assert_eq!(Edits::between(message.as_bytes(), message.as_bytes()), Ok(Edits::default()));
    }

    #[test]
    fn an_encrypted_message_takes_the_place_of_the_plain_one() {
        let old = "Received: from a\r\n\tby b\r\nDate: now\r\nSubject: plain\r\n\
            Content-Type: text/plain\r\nX-Last:\r\n\r\nsecret\r\n";
        let new = "Received: from a\r\n\tby b\r\nDate: now\r\nSubject: [...]\r\nMIME-Version: 1.0\r\n\
            Content-Type: multipart/encrypted;\r\n boundary=\"x\"\r\nX-Last:\r\n\r\n--x--\r\n";
        let edits = check(old, new);
        assert_eq!((edits.deletions.len(), edits.insertions.len()), (2, 3));
        assert_eq!(edits.body.as_deref(), Some(&b"--x--\r\n"[..]));
    }

    #[test]
    fn fields_of_one_name_are_told_apart() {
        let edits = check("A: 1\r\na: 2\r\nA: 3\r\nB: 4\r\n\r\n", "B: 4\r\nA: 3\r\nA: 1\r\n\r\n");
        assert_eq!(edits.body, None);
        check("A: 1\r\nA: 1\r\nA: 1\r\n\r\n", "A: 1\r\n\r\n");
        check("A: 1\r\n\r\nbody\r\n", "\r\n");
    }

    #[test]
    fn what_cannot_be_expressed_is_an_error() {
        let between = |new: &[u8]| Edits::between(b"A: 1\r\n\r\nbody\r\n", new).unwrap_err();
        assert_eq!(between(b"no field\r\n\r\n"), EditError::Field);
        assert_eq!(between(b" folded first\r\n\r\n"), EditError::Field);
        assert_eq!(between(b"A: cut off"), EditError::Field);
        assert_eq!(between(b"A: nul\0\r\n\r\n"), EditError::Field);
        assert_eq!(between(b"A: 1\nB: 2\r\n\r\n"), EditError::LineFeed);
        assert_eq!(between(b"A: 1\r\n\r\nbo\ndy\r\n"), EditError::LineFeed);
        let long = format!("A: {}\r\n\r\n", "x".repeat(MAX_FIELD));
        assert_eq!(between(long.as_bytes()), EditError::Length);
    }

    #[test]
    fn thousands_of_fields_are_no_burden() {
        let many = |step: usize| -> String {
            let fields = (0..20_000).step_by(step).map(|n| format!("X-{n}: {n}\r\n"));
            fields.chain(["\r\n".to_owned()]).collect()
        };
        let edits = Edits::between(many(1).as_bytes(), many(3).as_bytes()).unwrap();
        assert_eq!((edits.deletions.len(), edits.insertions.len()), (13_333, 0));
    }

    proptest! {
        #[test]
        fn edits_lead_from_any_header_to_any_other(
            old in prop::collection::vec("[ABab]: [12]\r\n( 3\r\n)?", 0..12),
            new in prop::collection::vec("[ABab]: [12]\r\n( 3\r\n)?", 0..12),
            bodies in prop::array::uniform2("([xy]{0,3}\r\n){0,3}"),
        ) {
            let [before, after] = bodies;
            check(
                &format!("{}\r\n{before}", old.concat()),
                &format!("{}\r\n{after}", new.concat()),
            );
        }
    }
}
