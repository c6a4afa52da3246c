//! The keys derived from the master key, one for each use, so that a value
//! made for one use proves nothing in another.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    base::{id::EventId, secret::Secret},
    model::{Address, Envelope, Raw},
};

/// Every key the store works with. They live as long as the store.
pub(super) struct Keys {
    audit: Secret<[u8; 32]>,
    audit_head: Secret<[u8; 32]>,
    audit_start: Secret<[u8; 32]>,
    check: Secret<[u8; 32]>,
    /// The seed of the key that signs checkpoints of the audit log.
    pub(super) checkpoint: Secret<[u8; 32]>,
    event: Secret<[u8; 32]>,
    other: Secret<[u8; 32]>,
    pub(super) person: Secret<[u8; 32]>,
    pub(super) wrap: Secret<[u8; 32]>,
}

impl Keys {
    /// Derives all keys from the master key.
    pub(super) fn derive(master: &Secret<[u8; 32]>) -> Self {
        let key = |label: &str| Secret::new(mac(master, &[b"sluse/1/", label.as_bytes()]));
        Self {
            audit: key("audit"),
            audit_head: key("audit-head"),
            audit_start: key("audit-start"),
            check: key("check"),
            checkpoint: key("checkpoint"),
            event: key("event"),
            other: key("other"),
            person: key("person"),
            wrap: key("wrap"),
        }
    }

    /// A value that only this master key gives: tells a wrong key at start.
    pub(super) fn check(&self) -> String {
        hex(&mac(&self.check, &[b"sluse"]))
    }

    /// The name of a message with its envelope. The order of recipients and
    /// repetitions do not matter; everything else does.
    pub(super) fn event_id(&self, envelope: &Envelope, raw: &Raw) -> EventId {
        let mut recipients: Vec<&str> = envelope.recipients.iter().map(Address::as_str).collect();
        recipients.sort_unstable();
        recipients.dedup();
        let sender = envelope.sender.as_ref().map_or("", Address::as_str);
        let mut state = start(&self.event);
        for part in std::iter::once(&sender).chain(&recipients) {
            state.update(&length(part.len()));
            state.update(part.as_bytes());
        }
        // No address is this long: the mark keeps recipients and raw apart.
        state.update(&[0xff; 8]);
        state.update(&raw.digest());
        EventId::from_keyed_hash(&state.finalize().into_bytes().into())
    }

    /// A keyed hash for any other purpose.
    pub(super) fn other(&self, purpose: &str, bytes: &[u8]) -> [u8; 32] {
        mac(&self.other, &[&length(purpose.len()), purpose.as_bytes(), bytes])
    }

    /// The authenticator of one audit row.
    pub(super) fn audit_row(&self, previous: &str, row: &str) -> String {
        hex(&mac(&self.audit, &[previous.as_bytes(), b"\n", row.as_bytes()]))
    }

    /// The authenticator of the head of the audit log.
    pub(super) fn audit_head(&self, seq: i64, last: &str) -> String {
        hex(&mac(&self.audit_head, &[&seq.to_be_bytes(), last.as_bytes()]))
    }

    /// The authenticator of the row before the first one that is kept.
    pub(super) fn audit_start(&self, seq: i64, last: &str, digest: &str) -> String {
        let parts: [&[u8]; 4] = [&seq.to_be_bytes(), last.as_bytes(), b"\n", digest.as_bytes()];
        hex(&mac(&self.audit_start, &parts))
    }
}

fn mac(key: &Secret<[u8; 32]>, parts: &[&[u8]]) -> [u8; 32] {
    let mut state = start(key);
    for part in parts {
        state.update(part);
    }
    state.finalize().into_bytes().into()
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length (RFC 2104)")]
fn start(key: &Secret<[u8; 32]>) -> Hmac<Sha256> {
    Hmac::new_from_slice(key.expose()).expect("HMAC takes keys of every length (RFC 2104)")
}

fn length(length: usize) -> [u8; 8] {
    (length as u64).to_be_bytes()
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(byte: u8) -> Keys {
        Keys::derive(&Secret::new([byte; 32]))
    }

    fn envelope(sender: Option<&str>, recipients: &[&str]) -> Envelope {
        Envelope {
            sender: sender.map(|text| text.parse().unwrap()),
            recipients: recipients.iter().map(|text| text.parse().unwrap()).collect(),
        }
    }

    #[test]
    fn names_a_message_by_content_and_envelope() {
        let id = |envelope: &Envelope, raw: &[u8]| keys(1).event_id(envelope, &Raw::from(raw));
        let first = id(&envelope(Some("a@x.example"), &["b@y.example", "c@y.example"]), b"hei");
        let turned = envelope(Some("a@x.example"), &["c@y.example", "b@y.example"]);
        assert_eq!(first, id(&turned, b"hei"));
        assert_ne!(first, id(&turned, b"hei "));
        assert_ne!(first, id(&envelope(Some("a@x.example"), &["b@y.example"]), b"hei"));
        assert_ne!(first, id(&envelope(None, &["b@y.example", "c@y.example"]), b"hei"));
        assert_ne!(first, keys(2).event_id(&turned, &Raw::from(&b"hei"[..])));
    }

    #[test]
    fn keeps_purposes_apart() {
        assert_ne!(keys(1).other("a", b"bc"), keys(1).other("ab", b"c"));
        assert_ne!(keys(1).check(), keys(2).check());
    }
}
