//! Reads what an administrator hands in: certificates and revocations, armoured
//! or binary, one or many.
//!
//! All or nothing: one unreadable certificate fails the whole import. Secret
//! key material is dropped before anything else sees it.

use sequoia_openpgp::{
    Cert, Packet, PacketPile, cert::CertParser, packet::Signature, parse::Parse,
    types::SignatureType,
};

use super::error::ProtectError;

/// What was handed in.
pub(super) struct Handed {
    /// Certificates, without secret keys.
    pub(super) certificates: Vec<Cert>,
    /// Revocations that came without their certificate.
    pub(super) revocations: Vec<Signature>,
}

impl Handed {
    /// Reads `bytes`.
    ///
    /// # Errors
    ///
    /// Too many bytes, or something in them is neither a certificate nor a
    /// revocation.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, ProtectError> {
        if bytes.len() > MAX_BYTES {
            return Err(ProtectError::TooBig(MAX_BYTES));
        }
        let mut handed = Self { certificates: Vec::new(), revocations: Vec::new() };
        for block in blocks(bytes) {
            if let Some(revocations) = bare_revocations(block) {
                handed.revocations.extend(revocations);
                continue;
            }
            for cert in CertParser::from_bytes(block).map_err(not_certificate)? {
                let cert = cert.map_err(not_certificate)?;
                handed.certificates.push(cert.strip_secret_key_material());
            }
        }
        if handed.certificates.is_empty() && handed.revocations.is_empty() {
            return Err(ProtectError::NotCertificate("nothing in it".into()));
        }
        Ok(handed)
    }
}

/// The armoured blocks, or everything when there are none.
fn blocks(bytes: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<usize> = memchr::memmem::find_iter(bytes, ARMOUR).collect();
    if starts.is_empty() {
        return vec![bytes];
    }
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    starts.iter().zip(ends).map(|(start, end)| &bytes[*start..end]).collect()
}

/// The signatures in a block that holds nothing but key revocations, which is
/// what `gpg --gen-revoke` writes.
fn bare_revocations(block: &[u8]) -> Option<Vec<Signature>> {
    let pile = PacketPile::from_bytes(block).ok()?;
    let mut revocations = Vec::new();
    for packet in pile.into_children() {
        match packet {
            Packet::Signature(signature) if signature.typ() == SignatureType::KeyRevocation => {
                revocations.push(signature);
            }
            _ => return None,
        }
    }
    (!revocations.is_empty()).then_some(revocations)
}

fn not_certificate(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ProtectError {
    ProtectError::NotCertificate(error.into())
}

const ARMOUR: &[u8] = b"-----BEGIN PGP";

/// Enough for some thousand certificates.
const MAX_BYTES: usize = 16 << 20;
