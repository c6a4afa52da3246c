//! Cryptographic Message Syntax (RFC 5652) by its real content type.
//!
//! Enveloped data with recipients and a strong cipher is proven encryption.
//! Signed, compressed and plain data are opened and read, whatever the label
//! said. Nothing is verified and nothing decrypted.

use std::borrow::Cow;

use super::der::{self, Value};
use crate::{
    extract::{
        capped::{self, Trouble},
        content, message, sniff, strings,
        walk::{Place, Walk},
    },
    model::{GapKind, Proof},
};

/// Reads the `ContentInfo` in `bytes` at `place`.
pub(in crate::extract) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let Some((info, rest)) = der::read(bytes) else {
        walk.gap(GapKind::Broken, &place.path);
        strings::read(walk, place, bytes);
        return;
    };
    let mut fields = info.children();
    let kind = fields.next().filter(|oid| oid.tag == OID).map(|oid| oid.body);
    let content = fields.next().and_then(|explicit| explicit.children().next());
    match (kind, content) {
        (Some(kind), Some(content)) => by_kind(walk, place, kind, content),
        (Some(_), None) => walk.gap(GapKind::WeakEncryption(Proof::new("cms-empty")), &place.path),
        (None, _) => content::unknown(walk, place, bytes),
    }
    if rest.iter().any(|b| !b.is_ascii_whitespace() && *b != 0) {
        walk.gap(GapKind::Ambiguous, &place.path);
        content::read(walk, place, rest);
    }
}

fn by_kind(walk: &mut Walk, place: &Place, kind: &[u8], content: Value<'_>) {
    let parts: Vec<Value<'_>> = content.children().take(PARTS).collect();
    match kind {
        DATA => entity(walk, place, &content.octets()),
        SIGNED => {
            encapsulated(walk, place, parts.get(2));
            for rest in parts.iter().skip(3) {
                strings::read(walk, place, rest.body);
            }
        }
        DIGESTED => encapsulated(walk, place, parts.get(2)),
        AUTHENTICATED => {
            let inner = parts.iter().rev().find(|part| has_kind(part));
            encapsulated(walk, place, inner);
        }
        COMPRESSED => compressed(walk, place, parts.get(2)),
        ENVELOPED => enveloped(walk, place, &parts, "cms-enveloped"),
        AUTH_ENVELOPED => enveloped(walk, place, &parts, "cms-auth-enveloped"),
        ENCRYPTED => weak(walk, place, "cms-encrypted-data"),
        _ => content::unknown(walk, place, content.body),
    }
}

/// Reads an `EncapsulatedContentInfo`.
fn encapsulated(walk: &mut Walk, place: &Place, info: Option<&Value<'_>>) {
    let Some(info) = info else {
        walk.gap(GapKind::Broken, &place.path);
        return;
    };
    let Some((kind, octets)) = kind_and_octets(info) else { return };
    inner(walk, place, kind, &octets);
}

fn inner(walk: &mut Walk, place: &Place, kind: &[u8], octets: &[u8]) {
    if kind == DATA {
        entity(walk, place, octets);
        return;
    }
    walk.inside(&place.path, |walk| {
        let whole = sniff::format(octets) == sniff::Format::Cms;
        match der::read(octets) {
            Some((content, _)) if !whole => by_kind(walk, place, kind, content),
            Some(_) | None => content::read(walk, place, octets),
        }
    });
}

/// Kind and octets; `None` when the content is detached.
fn kind_and_octets<'a>(info: &Value<'a>) -> Option<(&'a [u8], Cow<'a, [u8]>)> {
    let mut fields = info.children();
    let kind = fields.next()?.body;
    let explicit = fields.next()?;
    let octets = explicit.children().next().map_or(Cow::Borrowed(explicit.body), Value::octets);
    Some((kind, octets))
}

fn has_kind(part: &Value<'_>) -> bool {
    part.tag == SEQUENCE
        && part.children().next().is_some_and(|first| first.tag == OID)
        && part.children().nth(1).is_some_and(|second| second.tag == EXPLICIT)
}

/// What was signed or compressed is a MIME entity as a rule.
fn entity(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let mime = bytes.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"));
    if mime {
        walk.inside(&place.path, |walk| message::read(walk, &place.path, bytes));
    } else {
        content::read(walk, place, bytes);
    }
}

fn compressed(walk: &mut Walk, place: &Place, info: Option<&Value<'_>>) {
    let Some((kind, octets)) = info.and_then(kind_and_octets) else {
        walk.gap(GapKind::Broken, &place.path);
        return;
    };
    let unpacked = capped::inflate_zlib(&octets, &mut walk.budget);
    match unpacked.trouble {
        Some(Trouble::Broken) => walk.gap(GapKind::Broken, &place.path),
        Some(Trouble::Over(overrun)) => walk.overrun(overrun, &place.path),
        None => {}
    }
    inner(walk, place, kind, &unpacked.bytes);
}

/// Judges `EnvelopedData` and `AuthEnvelopedData` (RFC 5083).
fn enveloped(walk: &mut Walk, place: &Place, parts: &[Value<'_>], proof: &str) {
    let recipients = parts.iter().find(|part| part.tag == SET);
    let sealed = parts.iter().find(|part| part.tag == SEQUENCE);
    let (Some(recipients), Some(sealed)) = (recipients, sealed) else {
        return weak(walk, place, "cms-damaged");
    };
    let mut fields = sealed.children().skip(1);
    let cipher = fields.next().and_then(|algorithm| algorithm.children().next());
    let octets = fields.next().map(Value::octets).unwrap_or_default();
    if octets.len() > SAMPLE && sniff::looks_like_text(&octets) {
        walk.gap(GapKind::Ambiguous, &place.path);
        return content::read(walk, place, &octets);
    }
    let keyed = recipients.children().filter(|recipient| recipient.tag != PASSWORD).count();
    let cipher = cipher.map_or(&b""[..], |oid| oid.body);
    let weakness = match WEAK.iter().find(|(oid, _)| *oid == cipher) {
        Some((_, name)) => Some(*name),
        None if !STRONG.iter().any(|(start, ends)| is_strong(cipher, start, ends)) => {
            Some("cms-unknown-cipher")
        }
        None if recipients.body.is_empty() => Some("cms-no-recipient"),
        None if keyed == 0 => Some("cms-password"),
        None if octets.is_empty() => Some("cms-empty"),
        None => None,
    };
    // Attributes beside the sealed content lie open.
    for part in parts.iter().filter(|part| part.tag & 0xC0 == 0x80) {
        strings::read(walk, place, part.body);
    }
    match weakness {
        Some(name) => weak(walk, place, name),
        None => walk.gap(GapKind::Encrypted(Proof::new(proof)), &place.path),
    }
}

fn is_strong(cipher: &[u8], start: &[u8], ends: &[u8]) -> bool {
    cipher.strip_prefix(start).is_some_and(|end| matches!(end, [last] if ends.contains(last)))
}

fn weak(walk: &mut Walk, place: &Place, name: &str) {
    walk.gap(GapKind::WeakEncryption(Proof::new(name)), &place.path);
}

const OID: u8 = 6;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const EXPLICIT: u8 = 0xA0;
/// `PasswordRecipientInfo` (RFC 5652 section 6.2.4).
const PASSWORD: u8 = 0xA3;
const PARTS: usize = 64;
const SAMPLE: usize = 64;

/// 1.2.840.113549.1.7.x and 1.2.840.113549.1.9.16.1.x
const DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 1];
const SIGNED: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2];
const ENVELOPED: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 3];
const DIGESTED: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 5];
const ENCRYPTED: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 6];
const AUTHENTICATED: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 16, 1, 2];
const COMPRESSED: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 16, 1, 9];
const AUTH_ENVELOPED: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 16, 1, 23];

/// AES in CBC, GCM and CCM, Camellia in CBC, ChaCha20-Poly1305.
const STRONG: &[(&[u8], &[u8])] = &[
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1], &[2, 6, 7, 22, 26, 27, 42, 46, 47]),
    (&[0x2A, 0x83, 8, 0x8C, 0x9A, 0x4B, 0x3D, 1, 1, 1], &[2, 3, 4]),
    (&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 16, 3], &[18]),
];
const WEAK: &[(&[u8], &str)] = &[
    (&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 3, 2], "cms-rc2"),
    (&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 3, 4], "cms-rc4"),
    (&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 3, 7], "cms-3des"),
    (&[0x2B, 0x0E, 3, 2, 7], "cms-des"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::limits::Limits,
        extract::walk::Containers,
        model::{Extraction, PartPath, Surface},
    };

    fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let body = parts.concat();
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[tag, 0x82][..], &length, &body].concat()
    }

    fn info(kind: &[u8], content: &[u8]) -> Vec<u8> {
        value(SEQUENCE, &[&value(OID, &[kind]), &value(EXPLICIT, &[content])])
    }

    fn sealed(cipher: &[u8], recipients: &[u8]) -> Vec<u8> {
        let noise: Vec<u8> =
            (0..90_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 9) as u8).collect();
        let algorithm = value(SEQUENCE, &[&value(OID, &[cipher])]);
        let content = value(SEQUENCE, &[&value(OID, &[DATA]), &algorithm, &value(0x80, &[&noise])]);
        let version = [2, 1, 0];
        info(ENVELOPED, &value(SEQUENCE, &[&version, &value(SET, &[recipients]), &content]))
    }

    fn read_all(bytes: &[u8]) -> Extraction {
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        read(&mut walk, &Place::new(PartPath::root("x"), Surface::FileText), bytes);
        walk.finish()
    }

    #[test]
    fn enveloped_data_is_judged_by_recipients_and_cipher() {
        let aes = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42];
        let des: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 3, 7];
        let recipient = value(SEQUENCE, &[&[2, 1, 0]]);
        let kind = |bytes: &[u8]| read_all(bytes).gaps.remove(0).kind;
        let weak = |name| GapKind::WeakEncryption(Proof::new(name));
        assert_eq!(
            kind(&sealed(&aes, &recipient)),
            GapKind::Encrypted(Proof::new("cms-enveloped"))
        );
        assert_eq!(kind(&sealed(&aes, b"")), weak("cms-no-recipient"));
        assert_eq!(kind(&sealed(des, &recipient)), weak("cms-3des"));
    }

    #[test]
    fn signed_data_is_opened() {
        let text = value(4, &[b"Content-Type: text/plain\r\n\r\nfnr 22836014271\r\n"]);
        let inner = value(SEQUENCE, &[&value(OID, &[DATA]), &value(EXPLICIT, &[&text])]);
        let signed = info(
            SIGNED,
            &value(SEQUENCE, &[&[2, 1, 1], &value(SET, &[]), &inner, &value(SET, &[])]),
        );
        let read = read_all(&signed);
        assert!(read.fragments.iter().any(|fragment| fragment.text.contains("22836014271")));
        assert!(read.gaps.is_empty());
    }
}
