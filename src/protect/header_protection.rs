//! Moves the header of a message inside the encryption (RFC 9788).
//!
//! The inner entity is the original one with its own fields in front: the body
//! keeps every byte, and a signed or doubtful entity is wrapped rather than
//! touched. Outside stay only the fields that deliver and thread a message;
//! every other field, known or not, goes inside. A field that no reader may
//! trust in the new message (signatures over the old bytes, Bcc) is dropped.

use super::{
    boundary::Boundary,
    error::ProtectError,
    fields::{Field, Pieces, trim_line_end},
};

/// The two layers of a message before encryption.
pub(super) struct Layers {
    /// The header fields that stay in the clear, without the MIME ones.
    pub(super) outer: Vec<u8>,
    /// The entity to encrypt.
    pub(super) inner: Vec<u8>,
}

impl Layers {
    /// Parts the header of `raw`.
    ///
    /// # Errors
    ///
    /// The system has no randomness for a boundary.
    pub(super) fn of(raw: &[u8]) -> Result<Self, ProtectError> {
        let pieces = Pieces::of(raw);
        let mut outer = Vec::new();
        let mut inner = Vec::with_capacity(raw.len() + raw.len() / 16 + 1024);
        let mut copies = Vec::new();
        let mut subject_shown = false;
        for field in &pieces.fields {
            match place_of(field) {
                Place::Both => {
                    push_field(&mut inner, field);
                    push_field(&mut outer, field);
                    push_copy(&mut copies, field);
                }
                Place::Inside => push_field(&mut inner, field),
                Place::Masked => {
                    push_field(&mut inner, field);
                    if !subject_shown {
                        outer.extend_from_slice(MASKED_SUBJECT);
                        copies.extend_from_slice(b"HP-Outer: ");
                        copies.extend_from_slice(MASKED_SUBJECT);
                        subject_shown = true;
                    }
                }
                Place::Outside => push_field(&mut outer, field),
                Place::Dropped | Place::Entity => {}
            }
        }
        inner.extend_from_slice(&copies);
        push_entity(&mut inner, &pieces)?;
        Ok(Self { outer, inner })
    }
}

/// Where a field of the original goes.
enum Place {
    /// Inside, and outside as it is.
    Both,
    /// Nowhere.
    Dropped,
    /// With the body that it describes.
    Entity,
    /// Inside only.
    Inside,
    /// Inside, and outside with another text.
    Masked,
    /// Outside only: traces of the transport, which stop mail loops.
    Outside,
}

fn place_of(field: &Field<'_>) -> Place {
    let is_any = |names: &[&str]| names.iter().any(|name| field.is(name));
    let starts_any = |prefixes: &[&str]| prefixes.iter().any(|prefix| field.starts(prefix));
    if field.is("Subject") {
        Place::Masked
    } else if is_any(DROPPED) || starts_any(DROPPED_PREFIXES) {
        Place::Dropped
    } else if field.starts("Content-") {
        Place::Entity
    } else if is_any(OUTSIDE) {
        Place::Outside
    } else if is_any(BOTH) || starts_any(BOTH_PREFIXES) {
        Place::Both
    } else {
        Place::Inside
    }
}

/// Ends the inner header with the fields of the entity, then adds the body.
fn push_entity(inner: &mut Vec<u8>, pieces: &Pieces<'_>) -> Result<(), ProtectError> {
    let entity: Vec<_> = pieces.fields.iter().filter(|field| field.starts("Content-")).collect();
    let types: Vec<_> = entity.iter().filter(|field| field.is("Content-Type")).collect();
    let wrapped = match types.as_slice() {
        [] => false,
        [only] => !takes_parameters(only.value()),
        [_, ..] => true,
    };
    if wrapped {
        let boundary = Boundary::random()?;
        let head = format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"");
        inner.extend_from_slice(head.as_bytes());
        inner.extend_from_slice(MARKERS);
        inner.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
        push_untouched(inner, &entity, pieces.body);
        inner.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        return Ok(());
    }
    if types.is_empty() {
        inner.extend_from_slice(b"Content-Type: text/plain");
        inner.extend_from_slice(MARKERS);
    }
    for field in entity {
        if field.is("Content-Type") {
            let text = trim_line_end(field.raw).trim_ascii_end();
            inner.extend_from_slice(text.strip_suffix(b";").unwrap_or(text));
            inner.extend_from_slice(MARKERS);
        } else {
            push_field(inner, field);
        }
    }
    inner.extend_from_slice(b"\r\n");
    inner.extend_from_slice(pieces.body);
    Ok(())
}

/// The entity byte for byte, so that a signature over it stays good.
fn push_untouched(inner: &mut Vec<u8>, entity: &[&Field<'_>], body: &[u8]) {
    for field in entity {
        inner.extend_from_slice(field.raw);
        if !field.raw.ends_with(b"\n") {
            inner.extend_from_slice(b"\r\n");
        }
    }
    inner.extend_from_slice(b"\r\n");
    inner.extend_from_slice(body);
}

/// Whether parameters can be put behind this Content-Type without doubt how it
/// reads afterwards, and without spoiling a cryptographic layer.
fn takes_parameters(value: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(value) else { return false };
    let text = text.trim().to_ascii_lowercase();
    let kind = text.split(';').next().unwrap_or("").trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/.+-_".contains(c);
    kind.split('/').filter(|half| !half.is_empty()).count() == 2
        && kind.chars().all(plain)
        && !CRYPTOGRAPHIC.contains(&kind)
        && !text.contains(['(', '\\'])
        && text.matches('"').count().is_multiple_of(2)
        && !text.contains("protected-headers")
        && !text.contains("hp=")
}

/// Adds a field with CR LF line ends and no other control character in it.
fn push_field(out: &mut Vec<u8>, field: &Field<'_>) {
    push_lines(out, field.raw);
}

/// Notes for the reader what stands outside, so that it can tell which fields
/// were confidential (RFC 9788 section 2.2).
fn push_copy(out: &mut Vec<u8>, field: &Field<'_>) {
    out.extend_from_slice(b"HP-Outer: ");
    push_lines(out, field.raw);
}

fn push_lines(out: &mut Vec<u8>, raw: &[u8]) {
    for line in trim_line_end(raw).split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        out.extend(line.iter().map(|byte| if matches!(byte, b'\r' | 0) { b' ' } else { *byte }));
        out.extend_from_slice(b"\r\n");
    }
}

/// Thunderbird and notmuch look for the first, RFC 9788 defines the second.
const MARKERS: &[u8] = b";\r\n protected-headers=\"v1\"; hp=\"cipher\"\r\n";

/// What RFC 9788 section 3.2.2 puts in place of a Subject.
const MASKED_SUBJECT: &[u8] = b"Subject: [...]\r\n";

/// Types whose bytes are signed or encrypted as they stand.
const CRYPTOGRAPHIC: &[&str] = &[
    "application/pkcs7-mime",
    "application/x-pkcs7-mime",
    "multipart/encrypted",
    "multipart/signed",
];

const BOTH: &[&str] = &[
    "Auto-Submitted",
    "Cc",
    "Date",
    "From",
    "In-Reply-To",
    "Message-ID",
    "References",
    "Reply-To",
    "Sender",
    "To",
];
const BOTH_PREFIXES: &[&str] = &["List-", "Resent-"];
const DROPPED: &[&str] = &[
    "Authentication-Results",
    "Bcc",
    "DKIM-Signature",
    "DomainKey-Signature",
    "HP-Outer",
    "MIME-Version",
    "Resent-Bcc",
    "Return-Path",
];
const DROPPED_PREFIXES: &[&str] = &["ARC-"];
const OUTSIDE: &[&str] = &["Delivered-To", "Received"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn layers(raw: &str) -> (String, String) {
        let layers = Layers::of(raw.as_bytes()).unwrap();
        (String::from_utf8(layers.outer).unwrap(), String::from_utf8(layers.inner).unwrap())
    }

    #[test]
    fn only_what_delivers_and_threads_stays_outside() {
        let (outer, inner) = layers(
            "Received: from a by b\r\nDKIM-Signature: v=1\r\nARC-Seal: i=1\r\nBcc: hidden@x.example\r\n\
             From: kari@cpm.example\r\nTo: ola@partner.example\r\nSubject: Epikrise\r\n 13827830652\r\n\
             X-Pasient: 13827830652\r\nKeywords: 13827830652\r\nMessage-ID: <a@b>\r\nList-Id: <c.d>\r\n\r\nHei\r\n",
        );
        assert_eq!(
            outer,
            "Received: from a by b\r\nFrom: kari@cpm.example\r\nTo: ola@partner.example\r\n\
             Subject: [...]\r\nMessage-ID: <a@b>\r\nList-Id: <c.d>\r\n"
        );
        for field in ["Subject: Epikrise\r\n 13827830652\r\n", "X-Pasient: 1", "Keywords: 1"] {
            assert!(inner.contains(field), "{inner}");
        }
        for gone in ["DKIM", "ARC", "hidden", "Received"] {
            assert!(!inner.contains(gone), "{inner}");
        }
    }

    #[test]
    fn tells_the_reader_what_stood_outside() {
        let (_, inner) =
            layers("From: a@b.example\r\nHP-Outer: Subject: fake\r\nSubject: x\r\n\r\n");
        assert_eq!(
            inner,
            "From: a@b.example\r\nSubject: x\r\nHP-Outer: From: a@b.example\r\n\
             HP-Outer: Subject: [...]\r\nContent-Type: text/plain;\r\n \
             protected-headers=\"v1\"; hp=\"cipher\"\r\n\r\n"
        );
    }

    #[test]
    fn markers_join_the_type_that_was_there() {
        let (_, inner) = layers("Content-Type: text/html; charset=\"utf-8\";\r\n\r\n<p>\n");
        assert_eq!(
            inner,
            "Content-Type: text/html; charset=\"utf-8\";\r\n \
             protected-headers=\"v1\"; hp=\"cipher\"\r\n\r\n<p>\n"
        );
    }

    #[test]
    fn a_signed_or_doubtful_entity_is_wrapped_untouched() {
        for kind in [
            "Content-Type: multipart/signed; boundary=x; protocol=\"a/b\"\r\n",
            "Content-Type: text/plain\r\nContent-Type: text/html\r\n",
            "Content-Type: text/plain; charset=\"utf-8\r\n",
            "Content-Type: text/plain (a comment\r\n",
            "Content-Type: text\r\n",
            "Content-type:text/plain; HP=clear\r\n",
        ] {
            let (_, inner) = layers(&format!("Subject: x\r\n{kind}\r\n--x\r\n\r\nHei \r\n--x--"));
            assert!(
                inner.contains(&format!("\r\n{kind}\r\n--x\r\n\r\nHei \r\n--x--\r\n--")),
                "{inner}"
            );
            assert!(inner.contains("multipart/mixed"), "{inner}");
        }
    }

    #[test]
    fn a_field_cannot_smuggle_another_one_outside() {
        let (outer, _) = layers("From: a@b.example\rSubject: 13827830652\r\n\r\n");
        assert_eq!(outer, "From: a@b.example Subject: 13827830652\r\n");
    }

    proptest! {
        #[test]
        fn whatever_comes_the_body_goes_inside_and_little_stays_outside(
            raw in "(From|Subject|X-A|Content-Type|Bcc|a b|)(:| :)?[ -~\r\n\t:;\"(=./]{0,200}"
        ) {
            let layers = Layers::of(raw.as_bytes()).unwrap();
            let body = Pieces::of(raw.as_bytes()).body;
            prop_assert!(layers.inner.windows(body.len().max(1)).any(|part| part.starts_with(body)));
            let outside = [layers.outer.as_slice(), b"\r\n"].concat();
            for field in Pieces::of(&outside).fields {
                let known = matches!(place_of(&field), Place::Both | Place::Masked | Place::Outside);
                prop_assert!(known, "{field:?}");
            }
            let clean = layers.outer.iter().filter(|byte| **byte == b'\r').count();
            prop_assert_eq!(memchr::memmem::find_iter(&layers.outer, b"\r\n").count(), clean);
        }
    }
}
