//! Reads Internet messages (RFC 5322, RFC 2045): every header field, every
//! part by its content, and every byte that stands in no part.
//!
//! The structure comes from one parser, and one parser is not enough: where
//! readers may disagree a gap says so, and the bytes get a second look that
//! forgets the structure.

mod ambiguity;
mod encoded_word;
mod fields;
mod leaf;
pub(super) mod mailbox;
mod parameters;
mod parser;
mod remains;
mod second_look;
mod transfer;
mod yenc;

use self::{
    ambiguity::Mime,
    fields::Head,
    parser::{Entity, Shape},
};
pub(super) use self::{parameters::percent_decode, parser::decode_charset, transfer::UuSign};
use super::{
    text,
    walk::{Place, Walk},
};
use crate::model::{GapKind, PartPath, Surface};

/// Reads the message `raw` at `path`. The caller has gone one container down
/// where it is a part itself.
pub(super) fn read(walk: &mut Walk, path: &PartPath, raw: &[u8]) {
    let raw = raw.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(raw);
    let raw = without_blank_start(walk, path, raw);
    let entities = parser::entities(raw);
    if entities.is_empty() {
        unstructured(walk, path, raw);
        return;
    }
    let mut covered = remains::Covered::default();
    let mut number = 0;
    for (at, entity) in entities.iter().enumerate() {
        if !walk.entry(path) {
            return;
        }
        let bytes = &raw[entity.head.start..entity.body.end];
        let body_start = fields::body_start(bytes);
        let head = Head::parse(&bytes[..body_start]);
        let mut mime = Mime::of(&head);
        mime.ambiguous |= body_start != entity.body.start - entity.head.start;
        mime.ambiguous |=
            entity.shape == Shape::Leaf && mime.hides_parts(&raw[entity.body.clone()]);
        if entity.shape != Shape::Multipart {
            number += 1;
        }
        let name = part_name(walk, path, &mime, (at, entity.shape, number));
        let part = if at == 0 { path.clone() } else { path.child(&name) };
        headers(walk, &part, &head);
        covered.add(entity, &mime);
        let place = Place::new(
            if at == 0 && entity.shape == Shape::Leaf { path.child(&name) } else { part },
            leaf::surface(&mime),
        );
        body(walk, &place, raw, (entity, &mime), &covered);
    }
    remains::read(walk, path, raw, covered);
}

/// Blank lines before the head end it for some and are passed over by others:
/// all of it is read as text here, and what is given back as a message.
fn without_blank_start<'a>(walk: &mut Walk, path: &PartPath, raw: &'a [u8]) -> &'a [u8] {
    let separator = raw.starts_with(b"From ") || raw.starts_with(b">From ");
    let line = if separator { memchr::memchr(b'\n', raw).map_or(0, |at| at + 1) } else { 0 };
    let blanks = raw[line..].iter().take_while(|b| b.is_ascii_whitespace() || **b == 0).count();
    match raw.get(line + blanks..) {
        Some(rest) if blanks > 0 && looks_like_message(rest) => {
            let place = Place::new(path.clone(), Surface::Body);
            text::read(walk, &place, raw, Some(text::Label::default()));
            rest
        }
        Some(_) | None => raw,
    }
}

/// Reads the body of one entity, and all of it again where it is ambiguous.
fn body(
    walk: &mut Walk,
    place: &Place,
    raw: &[u8],
    (entity, mime): (&Entity, &Mime),
    covered: &remains::Covered,
) {
    let (bytes, swallowed) = match entity.shape {
        Shape::Leaf | Shape::Message => covered.split(&raw[entity.body.clone()]),
        Shape::Multipart => Default::default(),
    };
    match entity.shape {
        Shape::Leaf => {
            leaf::read(walk, place, bytes, (entity, mime));
            // A blank line in the middle of the head: some read on behind it.
            let says_how = !mime.content_type.main.is_empty();
            if fields::goes_on(bytes) || (!says_how && fields::goes_on_later(bytes)) {
                walk.gap(GapKind::Ambiguous, &place.path);
                walk.inside(&place.path, |walk| read(walk, &place.path, bytes));
            }
        }
        Shape::Message => walk.inside(&place.path, |walk| read(walk, &place.path, bytes)),
        Shape::Multipart => {}
    }
    for part in swallowed {
        let place = place.child("behind");
        if part.closing && remains::has_fields(part.bytes) {
            // A part for those who compare the delimiter only up to its end.
            walk.gap(GapKind::Ambiguous, &place.path);
            second_look::read(walk, &place, part.bytes);
        } else if part.closing {
            text::read(walk, &place, part.bytes, Some(text::Label::default()));
        } else {
            walk.inside(&place.path, |walk| read(walk, &place.path, part.bytes));
        }
    }
    if mime.ambiguous {
        walk.gap(GapKind::Ambiguous, &place.path);
        second_look::read(walk, place, &raw[entity.head.start..entity.body.end]);
    }
}

/// The name of a part in paths. Notes all names that a reader may show.
fn part_name(
    walk: &mut Walk,
    path: &PartPath,
    mime: &Mime,
    (at, shape, number): (usize, Shape, usize),
) -> String {
    let names = mime.file_names();
    let name = match (names.first(), at) {
        (Some(name), _) => name.clone(),
        (None, 0) => "body".to_owned(),
        (None, _) if shape == Shape::Multipart => format!("multipart {at}"),
        (None, _) => format!("part {number}"),
    };
    for shown in &names {
        walk.fragment(Surface::FileName, &path.child(&name), shown.as_str());
    }
    name
}

/// Adds every header field, decoded, and as written where that differs.
fn headers(walk: &mut Walk, path: &PartPath, head: &Head<'_>) {
    for field in &head.fields {
        let value = field.unfolded();
        let name = String::from_utf8_lossy(field.name);
        let place = path.child(&name);
        let decoded = encoded_word::decode(&value);
        if let Some(joined) = without_folds(field.value) {
            walk.fragment(Surface::Header, &place, encoded_word::decode(&joined));
        }
        if field.is_structural() {
            let values = parameters::Parameters::parse(&value).everything();
            walk.fragment(Surface::Header, &place, values);
        }
        if let Some(joined) = encoded_word::decode_joined(&value) {
            walk.fragment(Surface::Header, &place, joined);
        }
        if let Some(plain) = without_marks(&decoded) {
            walk.fragment(Surface::Header, &place, plain);
        }
        if decoded.as_bytes() != value {
            walk.fragment(Surface::Header, &place, super::text::charset::decode(&value, None));
        }
        walk.fragment(Surface::Header, &place, decoded);
        if field.name.iter().filter(|b| b.is_ascii_digit()).count() >= 6 {
            walk.fragment(Surface::Header, &place, name);
        }
    }
    for line in &head.stray {
        let line = super::text::charset::decode(line, None);
        walk.fragment(Surface::Header, &path.child("stray line"), line);
    }
}

/// The value without the backslashes, quotes and comments (RFC 5322 section
/// 3.2) that readers of addresses take away, if they could split a number.
fn without_marks(value: &str) -> Option<String> {
    let mut marked = value.contains('\\');
    let mut plain = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find(['\\', '"', '(']) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let length = mark_length(from);
        let (mark, after) = from.split_at(length);
        let digit = |c: char| c.is_ascii_digit();
        let around = plain.trim_end().ends_with(digit)
            && after.trim_start_matches([' ', '"']).starts_with(digit);
        marked |= around;
        if mark.starts_with('(') && !around {
            plain.push_str(mark);
        }
        rest = after;
    }
    plain.push_str(rest);
    marked.then_some(plain)
}

/// The length of the mark that `text` starts with: a comment, two quotes with
/// nothing but blanks between them, or one character.
fn mark_length(text: &str) -> usize {
    if text.starts_with('(') {
        return text.find(')').map_or(1, |end| end + 1);
    }
    let blanks = text.bytes().skip(1).take_while(|b| matches!(b, b' ' | b'\t')).count();
    let pair = text.starts_with('"') && text.as_bytes().get(blanks + 1) == Some(&b'"');
    if pair { blanks + 2 } else { 1 }
}

/// The value with folds taken out altogether, if a fold stands between digits.
fn without_folds(value: &[u8]) -> Option<Vec<u8>> {
    let value = value.trim_ascii();
    let folds = value.split(|b| *b == b'\n').collect::<Vec<_>>();
    let between = folds.windows(2).any(|pair| {
        let before = pair[0].trim_ascii_end().last().is_some_and(u8::is_ascii_digit);
        before && pair[1].trim_ascii_start().first().is_some_and(u8::is_ascii_digit)
    });
    between.then(|| folds.iter().flat_map(|line| line.trim_ascii()).copied().collect())
}

/// Reads what no parser takes for a message.
fn unstructured(walk: &mut Walk, path: &PartPath, raw: &[u8]) {
    if raw.trim_ascii().is_empty() {
        return;
    }
    walk.gap(GapKind::Broken, path);
    second_look::read(walk, &Place::new(path.clone(), Surface::Body), raw);
}

/// Whether `bytes` start with header fields that a mail program writes.
pub(super) fn looks_like_message(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let blanks = bytes.iter().take_while(|b| b.is_ascii_whitespace() || **b == 0).count();
    let bytes = &bytes[blanks..];
    let bytes = match emlx(bytes) {
        Some(rest) => rest,
        None => bytes,
    };
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let colon = memchr::memchr(b':', head).unwrap_or(0);
    let name = head.get(..colon).unwrap_or_default();
    let plausible = head.starts_with(b"From ")
        || (!name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-'));
    plausible && {
        let fields = Head::parse(&head[..fields::body_start(head)]).fields;
        fields.iter().filter(|field| FIRST.iter().any(|name| field.is(name))).count() >= 2
    }
}

/// What follows the length line of Apple Mail's files.
fn emlx(bytes: &[u8]) -> Option<&[u8]> {
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let blanks = bytes.get(digits..)?.iter().take_while(|b| matches!(b, b' ' | b'\r')).count();
    let newline = digits + blanks;
    (digits > 0 && bytes.get(newline) == Some(&b'\n')).then(|| bytes.get(newline + 1..)).flatten()
}

/// Decodes base64 generously, in either alphabet.
pub(super) fn base64(text: &[u8]) -> Vec<u8> {
    if memchr::memchr2(b'-', b'_', text).is_some() {
        return transfer::base64_url(text);
    }
    transfer::base64(text).bytes
}

/// Decodes base64 generously, with word of what was odd.
pub(super) fn decode_base64(text: &[u8]) -> transfer::Decoded {
    transfer::base64(text)
}

/// Decodes quoted-printable generously.
pub(super) fn quoted_printable(text: &[u8]) -> Vec<u8> {
    transfer::quoted_printable(text).bytes
}

/// Reads the uuencoded files in `text`.
pub(super) fn read_uuencoded(walk: &mut Walk, place: &Place, text: &[u8], sign: UuSign) {
    let files = transfer::uuencoded(text, sign);
    if files.len() >= transfer::UU_FILES {
        walk.gap(GapKind::TooBig, &place.path);
    }
    for file in files {
        let name = super::text::charset::decode(&file.name, None);
        let place = Place::new(place.path.child(&name), Surface::FileText);
        if !walk.entry(&place.path) {
            return;
        }
        walk.fragment(Surface::FileName, &place.path, &*name);
        if let Err(overrun) = walk.budget.expand(file.bytes.len()) {
            walk.overrun(overrun, &place.path);
            return;
        }
        walk.inside(&place.path, |walk| super::content::read(walk, &place, &file.bytes));
    }
}

/// Reads the yEnc files in `text`.
pub(super) fn read_yenc(walk: &mut Walk, place: &Place, text: &[u8]) {
    let files = yenc::decode(text);
    if files.len() >= yenc::FILES {
        walk.gap(GapKind::TooBig, &place.path);
    }
    for file in files {
        let name = super::text::charset::decode(&file.name, None);
        let place = Place::new(place.path.child(&name), Surface::FileText);
        if !walk.entry(&place.path) {
            return;
        }
        walk.fragment(Surface::FileName, &place.path, &*name);
        if file.cut {
            walk.gap(GapKind::Broken, &place.path);
        }
        if let Err(overrun) = walk.budget.expand(file.bytes.len()) {
            walk.overrun(overrun, &place.path);
            return;
        }
        walk.inside(&place.path, |walk| super::content::read(walk, &place, &file.bytes));
    }
}

const HEAD: usize = 16 << 10;
const FIRST: &[&str] = &[
    "Content-Transfer-Encoding",
    "Content-Type",
    "Date",
    "Delivered-To",
    "From",
    "MIME-Version",
    "Message-ID",
    "Received",
    "Reply-To",
    "Return-Path",
    "Subject",
    "To",
];
