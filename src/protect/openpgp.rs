//! OpenPGP/MIME (RFC 3156): one message for one certificate.
//!
//! Encrypts and never signs or compresses. A version 4 certificate always gets
//! the packets of RFC 4880, whatever it advertises: GnuPG, Thunderbird and RNP
//! cannot open SEIPDv2. When the library fails the message is not protected,
//! and the caller gets no bytes at all.

use std::io::Write;

use sequoia_openpgp::{
    Cert, KeyHandle,
    armor::Kind,
    serialize::stream::{Armorer, Encryptor, LiteralWriter, Message, Recipient},
    types::{Features, SymmetricAlgorithm},
};

use super::{
    boundary::Boundary, certificate::UsableKey, error::ProtectError, header_protection::Layers,
};

/// The file name of the encrypted part.
pub(super) const FILE_NAME: &str = "encrypted.asc";

/// Encrypts `raw` to `keys`, which all belong to `cert`.
pub(super) fn seal(
    raw: &[u8],
    cert: &Cert,
    keys: &[UsableKey<'_>],
) -> Result<Vec<u8>, ProtectError> {
    let Layers { outer, inner } = Layers::of(raw)?;
    let armored = encrypt(&inner, cert, keys)
        .map_err(|error| ProtectError::Encrypt(error.into_boxed_dyn_error()))?;
    drop(inner);
    let boundary = Boundary::random()?;
    let mut sealed = Vec::with_capacity(outer.len() + armored.len() + armored.len() / 32 + 1024);
    sealed.extend_from_slice(&outer);
    sealed.extend_from_slice(opening(&boundary).as_bytes());
    push_with_crlf(&mut sealed, &armored);
    sealed.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Ok(sealed)
}

fn encrypt(inner: &[u8], cert: &Cert, keys: &[UsableKey<'_>]) -> sequoia_openpgp::Result<Vec<u8>> {
    let old = cert.primary_key().key().version() <= 4;
    let recipients = keys.iter().map(|key| {
        let named = Some(KeyHandle::from(key.key().keyid()));
        if old {
            Recipient::new(Features::empty().set_seipdv1(), named, key.key())
        } else {
            Recipient::from(key.clone())
        }
    });
    let mut armored = Vec::with_capacity(inner.len() + inner.len() / 2 + 1024);
    let message = Message::new(&mut armored);
    let message = Armorer::new(message).kind(Kind::Message).build()?;
    let message = Encryptor::for_recipients(message, recipients)
        .symmetric_algo(SymmetricAlgorithm::AES256)
        .build()?;
    let mut message = LiteralWriter::new(message).build()?;
    message.write_all(inner)?;
    message.finalize()?;
    Ok(armored)
}

/// Everything from the MIME fields to the first line of the armour. No text
/// for old readers: it would be one more place to look through.
fn opening(boundary: &Boundary) -> String {
    format!(
        "MIME-Version: 1.0\r\n\
         Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n \
         boundary=\"{boundary}\"\r\n\
         \r\n\
         --{boundary}\r\n\
         Content-Type: application/pgp-encrypted\r\n\
         Content-Description: PGP/MIME version identification\r\n\
         \r\n\
         Version: 1\r\n\
         \r\n\
         --{boundary}\r\n\
         Content-Type: application/octet-stream; name=\"{FILE_NAME}\"\r\n\
         Content-Description: OpenPGP encrypted message\r\n\
         Content-Disposition: inline; filename=\"{FILE_NAME}\"\r\n\
         \r\n"
    )
}

/// Adds armour, which the library ends with LF, as mail lines.
fn push_with_crlf(out: &mut Vec<u8>, armored: &[u8]) {
    for line in armored.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) => {
                out.extend_from_slice(text.strip_suffix(b"\r").unwrap_or(text));
                out.extend_from_slice(b"\r\n");
            }
            None => out.extend_from_slice(line),
        }
    }
}
