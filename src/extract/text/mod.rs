//! Reads text of every sort: plain, HTML, XML, JSON, calendars, cards.
//!
//! Text is also searched for what hides in it: OpenPGP armour, uuencoded files
//! and runs of base64. A second reading of the same text is given only where
//! it differs from the first.

pub(super) mod blobs;
pub(super) mod charset;
mod columns;
mod ebcdic;
mod entities;
pub(super) mod html;
mod lines;
mod page;
pub(super) mod script;
mod style;
mod tags;
mod veil;

use memchr::memmem;

use super::{
    message, office,
    proof::armour,
    sniff::{self, Format},
    walk::{Place, Walk},
};
use crate::model::GapKind;

/// What the label of a text part says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Label<'a> {
    /// The charset, if any.
    pub(super) charset: Option<&'a str>,
    /// Shown as HTML.
    pub(super) html: bool,
    /// Lines that end in a blank go on (RFC 3676), with the blank or without.
    pub(super) flow: Option<Flow>,
}

/// What becomes of the blank at the end of a flowed line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Flow {
    /// `DelSp=yes`.
    Drop,
    /// The default.
    Keep,
}

/// Reads `bytes` as text at `place`.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8], label: Option<Label<'_>>) {
    if label.is_none() && message::mailbox::is_mailbox(bytes) {
        walk.inside(&place.path, |walk| message::mailbox::read(walk, place, bytes));
        return;
    }
    if label.is_none() && message::looks_like_message(bytes) {
        walk.inside(&place.path, |walk| message::read(walk, &place.path, bytes));
        return;
    }
    let label = label.unwrap_or_default();
    let own;
    let label = match label.charset {
        None if label.html => {
            own = html::meta_charset(bytes);
            Label { charset: own.as_deref(), ..label }
        }
        _ => label,
    };
    for text in charset::all(bytes, label.charset) {
        one(walk, place, &text, label);
    }
    if let Some(text) = charset::without_stray_bytes(bytes) {
        one(walk, place, &text, label);
    }
    if let Some(text) = charset::utf7_by_look(bytes) {
        one(walk, place, &text, label);
    }
    if memmem::find(bytes, b"begin ").is_some() {
        message::read_uuencoded(walk, place, bytes, message::UuSign::Look);
    }
    if memmem::find(bytes, b"=ybegin ").is_some() {
        message::read_yenc(walk, place, bytes);
    }
}

fn one(walk: &mut Walk, place: &Place, text: &str, label: Label<'_>) {
    let stripped;
    let mut text = text;
    if memchr::memchr(0, text.as_bytes()).is_some() {
        stripped = text.replace('\0', "");
        text = &stripped;
    }
    let rest;
    if memmem::find(text.as_bytes(), b"-----BEGIN ").is_some() {
        rest = armour::read(walk, place, text);
        text = &rest;
    }
    match sniff::text_format(text.as_bytes()) {
        Format::Xml => {
            let expanded = entities::put_in(walk, place, text);
            let text = expanded.as_deref().unwrap_or(text);
            office::read_flat(walk, place, text);
            html::read(walk, place, text, html::Dialect::Xml);
        }
        Format::Html => html::read(walk, place, text, html::Dialect::Html),
        _ if label.html => html::read(walk, place, text, html::Dialect::Html),
        _ => plain(walk, place, text, label.flow),
    }
    blobs::read(walk, place, text.as_bytes(), blobs::Trust::Ordinary);
}

fn plain(walk: &mut Walk, place: &Place, text: &str, flow: Option<Flow>) {
    let bytes = text.as_bytes();
    let card = bytes.trim_ascii_start().get(..12).unwrap_or_default();
    if card.eq_ignore_ascii_case(b"begin:vcalen")
        || card.eq_ignore_ascii_case(b"begin:vcard\r")
        || card.eq_ignore_ascii_case(b"begin:vcard\n")
    {
        calendar_or_card(walk, place, text);
        return;
    }
    let coded = |sign: &[u8]| memmem::find(bytes, sign).is_some();
    // Links, and the figures of forms that were sent.
    if memchr::memchr(b'%', bytes).is_some() && (coded(b"://") || coded(b"%3")) {
        walk.fragment(place.surface, &place.path.child("links"), lines::unpercent_lines(text));
    }
    if let Some(shown) = lines::on_a_terminal(text) {
        walk.fragment(place.surface, &place.path.child("on a terminal"), shown);
    }
    if let Some(lines) = lines::unboxed(text) {
        walk.fragment(place.surface, &place.path.child("boxes"), lines);
    }
    if let Some(turned) = lines::overridden(text) {
        walk.fragment(place.surface, &place.path.child("turned round"), turned);
    }
    if let Some(columns) = columns::cut(text) {
        walk.fragment(place.surface, &place.path.child("columns"), columns);
    }
    if let Some(escaped) = lines::unescape_json(text) {
        walk.fragment(place.surface, &place.path, escaped);
    } else if flow.is_some() || memmem::find(bytes, b"\n>").is_some() || bytes.starts_with(b">") {
        walk.fragment(place.surface, &place.path, lines::unquote(text, flow));
    } else {
        walk.fragment(place.surface, &place.path, text);
    }
    if memchr::memchr(b'<', bytes).is_some() && html::looks_like_html(text) {
        html::read(walk, place, text, html::Dialect::Html);
    }
}

/// iCalendar and vCard fold lines inside numbers (RFC 5545 section 3.1) and
/// hold HTML and quoted-printable.
fn calendar_or_card(walk: &mut Walk, place: &Place, text: &str) {
    let unfolded = lines::unfold(text);
    let unescaped = unfolded.replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";");
    if memmem::find(text.as_bytes(), b"QUOTED-PRINTABLE").is_some() {
        let decoded = message::quoted_printable(text.as_bytes());
        walk.fragment(place.surface, &place.path, charset::decode(&decoded, None));
    }
    if html::looks_like_html(&unescaped) {
        html::read(walk, place, &unescaped, html::Dialect::Html);
    }
    blobs::read(walk, place, unfolded.as_bytes(), blobs::Trust::Ordinary);
    walk.fragment(place.surface, &place.path, unescaped);
}

/// Reads XML whose elements stand by themselves.
pub(super) fn read_xml(walk: &mut Walk, place: &Place, text: &str) {
    html::read(walk, place, text, html::Dialect::Xml);
}

/// Notes text whose charset nobody knows and which does not look like text.
pub(super) fn note_unreadable(walk: &mut Walk, place: &Place, bytes: &[u8], charset: Option<&str>) {
    let known = charset.is_none_or(charset::is_known);
    if !sniff::looks_like_text(bytes) && (!known || charset.is_none()) {
        walk.gap(GapKind::Unknown, &place.path);
    }
}
