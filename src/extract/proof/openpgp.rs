//! OpenPGP messages by their packets (RFC 9580, and RFC 4880 for old ones).
//!
//! Encryption is proven by recipients followed by an integrity-protected
//! container whose lengths hold. Everything else is read through: signatures,
//! compression, literal data, keys. Keys are never needed and never used.

use super::packets::{self, Packet};
use crate::{
    extract::{
        capped::{self, Trouble, Unpacked},
        content, sniff, strings,
        text::charset,
        walk::{Place, Walk},
    },
    model::{GapKind, Proof, Surface},
};

/// Whether `bytes` start with a packet that begins a message or a key.
pub(in crate::extract) fn starts_message(bytes: &[u8]) -> bool {
    let Some(packet) = packets::Packets::new(bytes).next() else { return false };
    let first = packet.body.first().copied().unwrap_or_default();
    match packet.tag {
        PKESK => matches!(first, 2 | 3 | 6) && packet.body.len() > 10,
        SKESK => matches!(first, 4..=6),
        ONE_PASS => matches!(first, 3 | 6),
        COMPRESSED => first <= 3 && packet.body.len() > 2,
        SED => packet.whole && packet.body.len() > 18,
        MARKER => &*packet.body == b"PGP",
        LITERAL => matches!(first, b'b' | b't' | b'u' | b'l' | b'm' | b'1'),
        SEIPD => matches!(first, 1 | 2),
        AEAD => first == 1,
        PUBLIC_KEY | SECRET_KEY => matches!(first, 3..=6),
        SIGNATURE => matches!(first, 3..=6),
        _ => false,
    }
}

/// Reads the packets of `bytes` at `place`.
pub(in crate::extract) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let mut recipients = Recipients::default();
    let mut packets = packets::Packets::new(bytes);
    for packet in packets.by_ref() {
        if !walk.entry(&place.path) {
            return;
        }
        match packet.tag {
            PKESK | SKESK => recipients.add(&packet),
            SED | SEIPD | AEAD => {
                container(walk, place, &packet, &recipients);
                recipients = Recipients::default();
            }
            _ => open(walk, place, &packet),
        }
    }
    if recipients.public + recipients.passphrases > 0 {
        // Recipients of nothing.
        walk.gap(GapKind::Broken, &place.path);
    }
    let rest = packets.rest();
    if !rest.trim_ascii().is_empty() {
        walk.gap(GapKind::Ambiguous, &place.path);
        if sniff::looks_like_text(rest) {
            content::read(walk, place, rest);
        } else {
            strings::read(walk, place, rest);
        }
    }
}

/// Those who can open a container.
#[derive(Default)]
struct Recipients {
    public: usize,
    passphrases: usize,
    hidden: bool,
    odd: bool,
}

impl Recipients {
    fn add(&mut self, packet: &Packet<'_>) {
        self.odd |= !packet.whole;
        if packet.tag == SKESK {
            self.passphrases += 1;
            return;
        }
        self.public += 1;
        match &*packet.body {
            [2 | 3, rest @ ..] => {
                self.hidden |= rest.iter().take(8).all(|b| *b == 0);
                self.odd |= rest.len() < SHORTEST_KEY || !is_public_key(rest.get(8));
            }
            [6, length, rest @ ..] => {
                self.hidden |= *length == 0;
                self.odd |=
                    rest.len() < SHORTEST_KEY || !is_public_key(rest.get(usize::from(*length)));
            }
            _ => self.odd = true,
        }
    }
}

/// Algorithms that encrypt: RSA, ElGamal, ECDH, X25519, X448 and the hybrid
/// ones of the post-quantum draft.
fn is_public_key(algorithm: Option<&u8>) -> bool {
    algorithm.is_some_and(|algorithm| matches!(algorithm, 1 | 2 | 16 | 18 | 25 | 26 | 29..=36))
}

/// Judges an encrypted container.
fn container(walk: &mut Walk, place: &Place, packet: &Packet<'_>, recipients: &Recipients) {
    let version = packet.body.first().copied().unwrap_or_default();
    let sound = match packet.tag {
        SEIPD => matches!((version, packet.body.len()), (1, 38..) | (2, 52..)),
        AEAD => version == 1 && packet.body.len() > 36,
        _ => packet.body.len() > 18,
    };
    if packet.body.len() > SAMPLE && sniff::looks_like_text(&packet.body) {
        walk.gap(GapKind::Ambiguous, &place.path);
        content::read(walk, place, &packet.body);
        return;
    }
    // A protected container in pieces, of which only the last is cut, as some
    // programs write it: what is there proves no less than if its length were
    // right, and whoever wants to hide something could write a right one. It
    // must be noise from end to end all the same, which is not asked of whole
    // ones, and any other cut is damage.
    let cut_late = packet.tag == SEIPD && packet.cut_late && is_noise(&packet.body);
    let weakness = if !sound || !(packet.whole || cut_late) || recipients.odd {
        Some("openpgp-damaged")
    } else if packet.tag == SED {
        Some("openpgp-no-integrity")
    } else if recipients.public == 0 && recipients.passphrases > 0 {
        Some("openpgp-passphrase")
    } else if recipients.public == 0 {
        Some("openpgp-no-recipient")
    } else if recipients.hidden {
        Some("openpgp-hidden-recipient")
    } else if recipients.public > MOST_RECIPIENTS {
        Some("openpgp-too-many-recipients")
    } else {
        None
    };
    let kind = match weakness {
        Some(name) => GapKind::WeakEncryption(Proof::new(name)),
        None => GapKind::Encrypted(Proof::new("openpgp")),
    };
    walk.gap(kind, &place.path);
}

/// Whether about half of the bytes are high in every part of `body`. No text
/// and no armour is like that.
fn is_noise(body: &[u8]) -> bool {
    let even = |piece: &[u8]| {
        let high = piece.iter().filter(|b| **b >= 0x80).count();
        (NOISE / 4..=NOISE / 4 * 3).contains(&high)
    };
    let end = body.last_chunk::<NOISE>();
    end.is_some_and(|end| even(end)) && body.chunks_exact(NOISE).all(even)
}

/// Reads a packet that is not encrypted.
fn open(walk: &mut Walk, place: &Place, packet: &Packet<'_>) {
    if !packet.whole {
        walk.gap(GapKind::Broken, &place.path);
    }
    match packet.tag {
        COMPRESSED => walk.inside(&place.path, |walk| compressed(walk, place, &packet.body)),
        LITERAL => literal(walk, place, &packet.body),
        USER_ID => {
            walk.fragment(Surface::Metadata, &place.path, charset::decode(&packet.body, None));
        }
        SIGNATURE | ONE_PASS | SECRET_KEY | PUBLIC_KEY | SECRET_SUBKEY | MARKER | TRUST
        | PUBLIC_SUBKEY | USER_ATTRIBUTE | MDC | PADDING => {
            strings::read(walk, place, &packet.body);
        }
        _ => {
            walk.gap(GapKind::Unknown, &place.path);
            strings::read(walk, place, &packet.body);
        }
    }
}

fn compressed(walk: &mut Walk, place: &Place, body: &[u8]) {
    let Some((algorithm, packed)) = body.split_first() else { return };
    let unpacked = match algorithm {
        0 => Unpacked { bytes: packed.to_vec(), ..Unpacked::default() },
        1 => capped::inflate(packed, &mut walk.budget),
        2 => capped::inflate_zlib(packed, &mut walk.budget),
        _ => return content::unknown(walk, place, packed),
    };
    match unpacked.trouble {
        Some(Trouble::Broken) => walk.gap(GapKind::Broken, &place.path),
        Some(Trouble::Over(overrun)) => walk.overrun(overrun, &place.path),
        None => {}
    }
    if starts_message(&unpacked.bytes) {
        read(walk, place, &unpacked.bytes);
    } else {
        content::read(walk, place, &unpacked.bytes);
    }
}

/// Format, length of the name, name, date, data.
fn literal(walk: &mut Walk, place: &Place, body: &[u8]) {
    let length = body.get(1).copied().map_or(0, usize::from);
    let name = body.get(2..2 + length).unwrap_or_default();
    walk.fragment(Surface::FileName, &place.path, charset::decode(name, None));
    content::read(walk, place, body.get(6 + length..).unwrap_or_default());
}

const PKESK: u8 = 1;
const SIGNATURE: u8 = 2;
const SKESK: u8 = 3;
const ONE_PASS: u8 = 4;
const SECRET_KEY: u8 = 5;
const PUBLIC_KEY: u8 = 6;
const SECRET_SUBKEY: u8 = 7;
const COMPRESSED: u8 = 8;
const SED: u8 = 9;
const MARKER: u8 = 10;
const LITERAL: u8 = 11;
const TRUST: u8 = 12;
const USER_ID: u8 = 13;
const PUBLIC_SUBKEY: u8 = 14;
const USER_ATTRIBUTE: u8 = 17;
const SEIPD: u8 = 18;
const MDC: u8 = 19;
const AEAD: u8 = 20;
const PADDING: u8 = 21;

/// Key id or fingerprint, algorithm, and the shortest encrypted session key.
const SHORTEST_KEY: usize = 32;
const MOST_RECIPIENTS: usize = 500;
const SAMPLE: usize = 64;
/// Bytes among which chance makes less than a quarter high, or low, once in a
/// hundred million times.
const NOISE: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::limits::Limits,
        extract::walk::Containers,
        model::{Extraction, PartPath},
    };

    fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[0xC0 | tag, 255][..], &length, body].concat()
    }

    fn recipient(id: u8) -> Vec<u8> {
        packet(PKESK, &[&[3][..], &[id; 8], &[1], &[0x5A; 64]].concat())
    }

    fn noise() -> Vec<u8> {
        (0..200_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 11) as u8).collect()
    }

    fn read_all(bytes: &[u8]) -> Extraction {
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        read(&mut walk, &Place::new(PartPath::root("x"), Surface::FileText), bytes);
        walk.finish()
    }

    fn kinds(bytes: &[u8]) -> Vec<GapKind> {
        read_all(bytes).gaps.into_iter().map(|gap| gap.kind).collect()
    }

    fn weak(name: &str) -> Vec<GapKind> {
        vec![GapKind::WeakEncryption(Proof::new(name))]
    }

    #[test]
    fn recipients_and_a_protected_container_prove_encryption() {
        let sealed = packet(SEIPD, &[&[1][..], &noise()].concat());
        let message = [recipient(7), sealed.clone()].concat();
        assert_eq!(kinds(&message), [GapKind::Encrypted(Proof::new("openpgp"))]);
        assert_eq!(
            kinds(&[recipient(0), sealed.clone()].concat()),
            weak("openpgp-hidden-recipient")
        );
        assert_eq!(kinds(&sealed), weak("openpgp-no-recipient"));
        let shared = packet(SKESK, &[4, 9, 3, 8, 1, 2, 3, 4, 5, 6, 7, 8, 96]);
        assert_eq!(kinds(&[shared, sealed].concat()), weak("openpgp-passphrase"));
        let old = packet(SED, &noise());
        assert_eq!(kinds(&[recipient(7), old].concat()), weak("openpgp-no-integrity"));
        assert_eq!(kinds(&message[..message.len() - 9]), weak("openpgp-damaged"));
    }

    #[test]
    fn a_last_piece_that_is_cut_hides_nothing() {
        let noise: Vec<u8> = (0..8_u32).flat_map(|_| noise()).collect();
        let pieces = |first: &[u8], last: &[u8], told: u8| {
            let pieces = [&[0xC0 | SEIPD, 0xE0 | 9, 1][..], first, &[told], last].concat();
            kinds(&[recipient(7), pieces].concat())
        };
        let proven = [GapKind::Encrypted(Proof::new("openpgp"))];
        assert_eq!(pieces(&noise[..511], &noise[..100], 100), proven);
        assert_eq!(pieces(&noise[..511], &noise[..100], 150), proven);
        assert_eq!(pieces(&noise[..300], b"", 100), weak("openpgp-damaged"), "cut in the first");
        let text = b"fnr 22836014271, og noe mer tekst som ikke er kryptert i det hele tatt";
        assert_eq!(pieces(&noise[..511], text, 150), weak("openpgp-damaged"));
        let mixed = [&text[..], &noise[..511 - text.len()]].concat();
        assert_eq!(pieces(&mixed, text, 150), weak("openpgp-damaged"));
    }

    #[test]
    fn what_lies_open_is_read() {
        let literal = packet(LITERAL, b"b\x03a.t\0\0\0\0fnr 22836014271");
        for message in [
            literal.clone(),
            packet(COMPRESSED, &[&[0][..], &literal].concat()),
            [recipient(7), packet(SEIPD, &[&[1][..], &noise()].concat()), literal].concat(),
        ] {
            assert!(starts_message(&message));
            let texts = read_all(&message).fragments;
            assert!(texts.iter().any(|fragment| fragment.text.contains("22836014271")));
        }
    }
}
