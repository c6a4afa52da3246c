//! Reads the body of one part: transfer encoding off, then by content.

use std::borrow::Cow;

use super::{
    ambiguity::Mime,
    parser::Entity,
    second_look,
    transfer::{self, Encoding, UuSign},
};
use crate::{
    extract::{
        archive::zip,
        content, sniff,
        text::{self, Flow, Label, charset},
        walk::{Place, Walk},
    },
    model::{GapKind, Surface},
};

/// Reads `bytes`, the body of a part as it stands in the message.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8], (entity, mime): (&Entity, &Mime)) {
    if mime.content_type.main.starts_with("multipart/") {
        // No delimiter was found: what looks like one part may be many.
        if !bytes.trim_ascii().is_empty() {
            walk.gap(GapKind::Broken, &place.path);
            second_look::read(walk, place, bytes);
        }
        return;
    }
    let decoded = decode(walk, place, bytes, mime);
    if let Err(overrun) = decoded.spend(walk) {
        walk.overrun(overrun, &place.path);
        return;
    }
    let cut =
        entity.doubtful && mime.encoding == Encoding::Base64 && !bytes.len().is_multiple_of(4);
    if cut && !sniff::looks_like_text(&decoded.0) {
        walk.gap(GapKind::Broken, &place.path);
    }
    by_type(walk, place, &decoded.0, mime);
}

/// What sort of text a part holds.
pub(super) fn surface(mime: &Mime) -> Surface {
    let main = &mime.content_type.main;
    let text = main.is_empty()
        || main.starts_with("text/")
        || main.starts_with("multipart/")
        || main.starts_with("message/");
    if text && !mime.is_attachment() && mime.file_names().is_empty() {
        Surface::Body
    } else {
        Surface::FileText
    }
}

struct Plain<'a>(Cow<'a, [u8]>);

impl Plain<'_> {
    fn spend(&self, walk: &mut Walk) -> Result<(), crate::extract::budget::Overrun> {
        match &self.0 {
            Cow::Borrowed(_) => Ok(()),
            Cow::Owned(bytes) => walk.budget.expand(bytes.len()),
        }
    }
}

/// Takes the transfer encoding off, and reads other readings beside it where
/// the encoding was not kept to.
fn decode<'a>(walk: &mut Walk, place: &Place, bytes: &'a [u8], mime: &Mime) -> Plain<'a> {
    let is_text = mime.content_type.main.is_empty() || mime.content_type.main.starts_with("text/");
    match mime.encoding {
        Encoding::Identity | Encoding::Unknown => {
            if is_text {
                quoted_unlabelled(walk, place, bytes, mime);
            }
            Plain(Cow::Borrowed(bytes))
        }
        Encoding::Base64 => {
            let decoded = transfer::base64(bytes);
            let spaced = memchr::memchr(b' ', bytes.trim_ascii()).is_some();
            if decoded.odd || spaced || (is_text && !sniff::looks_like_text(&decoded.bytes)) {
                if decoded.odd {
                    walk.gap(GapKind::Ambiguous, &place.path);
                }
                second_look::read(walk, place, bytes);
            }
            if is_text {
                quoted_unlabelled(walk, place, &decoded.bytes, mime);
            }
            Plain(Cow::Owned(decoded.bytes))
        }
        Encoding::QuotedPrintable => {
            let decoded = transfer::quoted_printable(bytes);
            if decoded.odd {
                text::read(walk, place, bytes, Some(label(mime)));
                for other in second_look::quoted(bytes) {
                    text::read(walk, place, &other, Some(label(mime)));
                }
            }
            Plain(Cow::Owned(decoded.bytes))
        }
        Encoding::Uuencode => {
            super::read_uuencoded(walk, place, bytes, UuSign::Label);
            Plain(Cow::Borrowed(bytes))
        }
    }
}

/// Reads text that is quoted-printable though nothing says so, or under another
/// encoding.
fn quoted_unlabelled(walk: &mut Walk, place: &Place, bytes: &[u8], mime: &Mime) {
    if transfer::looks_quoted(bytes) {
        for other in second_look::quoted(bytes) {
            text::read(walk, place, &other, Some(label(mime)));
        }
    }
}

fn by_type(walk: &mut Walk, place: &Place, bytes: &[u8], mime: &Mime) {
    match mime.content_type.main.as_str() {
        "message/rfc822"
        | "message/global"
        | "message/news"
        | "text/rfc822-headers"
        | "message/rfc822-headers"
        | "message/global-headers"
        | "text/rfc822" => {
            walk.inside(&place.path, |walk| super::read(walk, &place.path, bytes));
        }
        "message/external-body" | "message/partial" => {
            // The content lies elsewhere.
            walk.gap(GapKind::Unknown, &place.path);
            text::read(walk, place, bytes, Some(Label::default()));
        }
        main if main.ends_with("pkcs7-mime") => {
            let armoured = memchr::memmem::find(bytes, b"-----BEGIN ").is_some();
            if sniff::format(bytes) != sniff::Format::Cms && !armoured && !bytes.is_empty() {
                walk.gap(GapKind::Broken, &place.path);
            }
            content::read(walk, place, bytes);
        }
        main if main.is_empty() || main.starts_with("text/") => as_text(walk, place, bytes, mime),
        _ => {
            if sniff::looks_like_text(bytes) {
                heads_inside(walk, place, bytes);
            }
            content::read(walk, place, bytes);
            in_its_charset(walk, place, bytes, label(mime));
        }
    }
}

/// Reads a file that is called no text in the charset that it names, where that
/// gives other digits.
fn in_its_charset(walk: &mut Walk, place: &Place, bytes: &[u8], label: Label<'_>) {
    let readable = || matches!(sniff::format(bytes), sniff::Format::Text | sniff::Format::Unknown);
    if label.charset.is_some_and(charset::is_foreign) && readable() {
        text::read(walk, place, bytes, Some(label));
    }
}

/// Looks again at text with a field that names a transfer encoding: old reports
/// of failed delivery hold a message as it was sent, and some readers open it.
fn heads_inside(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    if second_look::encodings(bytes).next().is_some() {
        second_look::read(walk, place, bytes);
    }
}

fn as_text(walk: &mut Walk, place: &Place, bytes: &[u8], mime: &Mime) {
    let label = label(mime);
    heads_inside(walk, place, bytes);
    // With its tags and, for those who show it raw, without.
    if ENRICHED.contains(&mime.content_type.main.as_str()) {
        text::read(walk, place, bytes, Some(Label { html: true, ..label }));
    }
    match sniff::format(bytes) {
        sniff::Format::Cms
        | sniff::Format::Compound
        | sniff::Format::Pdf
        | sniff::Format::Rtf
        | sniff::Format::Tnef => {
            content::read(walk, place, bytes);
        }
        format if format.is_archive() || format.is_picture() => content::read(walk, place, bytes),
        _ if zip::ends_as_zip(bytes) => {
            // Text in front, an archive behind.
            text::read(walk, place, bytes, Some(label));
            content::read(walk, place, bytes);
        }
        sniff::Format::Unknown if !bytes.is_empty() => {
            text::note_unreadable(walk, place, bytes, label.charset);
            text::read(walk, place, bytes, Some(label));
        }
        _ if mime.is_attachment() && super::looks_like_message(bytes) => {
            text::read(walk, place, bytes, None);
        }
        _ => text::read(walk, place, bytes, Some(label)),
    }
}

fn label(mime: &Mime) -> Label<'_> {
    let parameter = |name| mime.content_type.value(name).and_then(|v| std::str::from_utf8(v).ok());
    let flowed = parameter("format").is_some_and(|f| f.eq_ignore_ascii_case("flowed"));
    let drop = parameter("delsp").is_some_and(|d| d.eq_ignore_ascii_case("yes"));
    Label {
        charset: parameter("charset"),
        html: MARKUP.contains(&mime.content_type.main.as_str()),
        flow: flowed.then_some(if drop { Flow::Drop } else { Flow::Keep }),
    }
}

/// HTML by other names.
const MARKUP: &[&str] = &["text/html", "text/watch-html", "text/x-amp-html"];
/// What came before HTML (RFC 1341, RFC 1896).
const ENRICHED: &[&str] = &["text/enriched", "text/richtext"];
