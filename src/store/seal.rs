//! Seals content at rest: XChaCha20-Poly1305 under a random key for each item,
//! which is wrapped by a key derived from the master key. Destroying the
//! wrapped key destroys the content, wherever a copy of the file may be.
//!
//! Item and place are authenticated with both, so that neither a file nor a
//! key can be moved to another item. What was altered does not open.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, AeadInOut},
};
use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::{blobs::Place, error::StoreError};
use crate::base::secret::Secret;

/// Content ready for the disk, with the key that belongs into its row.
pub(super) struct Sealed {
    pub(super) blob: Vec<u8>,
    pub(super) key: String,
}

/// Seals `plain` for one item.
pub(super) fn seal(
    wrap: &Secret<[u8; 32]>,
    place: Place,
    id: &str,
    plain: &[u8],
) -> Result<Sealed, StoreError> {
    let label = label(place, id);
    let tampered = |_| StoreError::Tampered(id.to_owned());
    let key: Zeroizing<[u8; 32]> = Zeroizing::new(random()?);
    let nonce: [u8; NONCE] = random()?;
    let mut blob = Vec::with_capacity(HEAD + plain.len() + TAG);
    blob.push(VERSION);
    blob.extend_from_slice(&nonce);
    blob.extend_from_slice(plain);
    let tag = XChaCha20Poly1305::new((&*key).into())
        .encrypt_inout_detached(&XNonce::from(nonce), &label, (&mut blob[HEAD..]).into())
        .map_err(tampered)?;
    blob.extend_from_slice(&tag);

    let nonce: [u8; NONCE] = random()?;
    let payload = chacha20poly1305::aead::Payload { msg: &*key, aad: &label };
    let wrapped = XChaCha20Poly1305::new(wrap.expose().into())
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(tampered)?;
    Ok(Sealed { blob, key: BASE64.encode(&[&nonce[..], &wrapped].concat()) })
}

/// Opens what `seal` made for the same item.
pub(super) fn open(
    wrap: &Secret<[u8; 32]>,
    place: Place,
    id: &str,
    sealed: &Sealed,
) -> Result<Vec<u8>, StoreError> {
    let label = label(place, id);
    let tampered = || StoreError::Tampered(id.to_owned());
    let wrapped = BASE64.decode(sealed.key.as_bytes()).map_err(|_| tampered())?;
    let (nonce, wrapped) = wrapped.split_first_chunk::<NONCE>().ok_or_else(tampered)?;
    let payload = chacha20poly1305::aead::Payload { msg: wrapped, aad: &label };
    let key = XChaCha20Poly1305::new(wrap.expose().into())
        .decrypt(&XNonce::from(*nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| tampered())?;
    let key: &[u8; 32] = key.as_slice().try_into().map_err(|_| tampered())?;

    let (version, rest) = sealed.blob.split_first().ok_or_else(tampered)?;
    let (nonce, content) = rest.split_first_chunk::<NONCE>().ok_or_else(tampered)?;
    if *version != VERSION {
        return Err(tampered());
    }
    let payload = chacha20poly1305::aead::Payload { msg: content, aad: &label };
    XChaCha20Poly1305::new(key.into())
        .decrypt(&XNonce::from(*nonce), payload)
        .map_err(|_| tampered())
}

/// Seals a few bytes that stand in a row, bound to `label`.
pub(super) fn seal_short(
    wrap: &Secret<[u8; 32]>,
    label: &[u8],
    plain: &[u8],
) -> Result<String, StoreError> {
    let nonce: [u8; NONCE] = random()?;
    let payload = chacha20poly1305::aead::Payload { msg: plain, aad: label };
    let sealed = XChaCha20Poly1305::new(wrap.expose().into())
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| unopened(label))?;
    Ok(BASE64.encode(&[&nonce[..], &sealed].concat()))
}

/// Opens what `seal_short` made for the same label.
pub(super) fn open_short(
    wrap: &Secret<[u8; 32]>,
    label: &[u8],
    sealed: &str,
) -> Result<Secret<Vec<u8>>, StoreError> {
    let sealed = BASE64.decode(sealed.as_bytes()).map_err(|_| unopened(label))?;
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or_else(|| unopened(label))?;
    let payload = chacha20poly1305::aead::Payload { msg: sealed, aad: label };
    XChaCha20Poly1305::new(wrap.expose().into())
        .decrypt(&XNonce::from(*nonce), payload)
        .map(Secret::new)
        .map_err(|_| unopened(label))
}

/// Random bytes from the system.
pub(super) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| StoreError::Random)?;
    Ok(bytes)
}

fn unopened(label: &[u8]) -> StoreError {
    StoreError::Tampered(String::from_utf8_lossy(label).into_owned())
}

fn label(place: Place, id: &str) -> Vec<u8> {
    [&[VERSION], place.as_str().as_bytes(), b"/", id.as_bytes()].concat()
}

const VERSION: u8 = 1;
const NONCE: usize = 24;
const TAG: usize = 16;
const HEAD: usize = 1 + NONCE;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_unaltered_and_in_its_place() {
        let wrap = Secret::new([7; 32]);
        let sealed = seal(&wrap, Place::Held, "bcd", b"innhold").unwrap();
        assert_eq!(open(&wrap, Place::Held, "bcd", &sealed).unwrap(), b"innhold");
        assert!(open(&wrap, Place::Held, "bcf", &sealed).is_err());
        assert!(open(&wrap, Place::Outbox, "bcd", &sealed).is_err());
        assert!(open(&Secret::new([8; 32]), Place::Held, "bcd", &sealed).is_err());
        for at in 0..sealed.blob.len() {
            let mut blob = sealed.blob.clone();
            blob[at] ^= 1;
            let altered = Sealed { blob, key: sealed.key.clone() };
            assert!(open(&wrap, Place::Held, "bcd", &altered).is_err(), "byte {at}");
        }
    }

    #[test]
    fn opens_a_short_text_for_its_label_alone() {
        let wrap = Secret::new([7; 32]);
        let sealed = seal_short(&wrap, b"factor/bcd", b"hemmelig").unwrap();
        assert_eq!(open_short(&wrap, b"factor/bcd", &sealed).unwrap().expose(), b"hemmelig");
        assert!(open_short(&wrap, b"factor/bcf", &sealed).is_err());
        assert!(open_short(&Secret::new([8; 32]), b"factor/bcd", &sealed).is_err());
        assert!(open_short(&wrap, b"factor/bcd", "").is_err());
    }

    #[test]
    fn survives_any_short_file() {
        let wrap = Secret::new([7; 32]);
        let sealed = seal(&wrap, Place::Held, "bcd", b"innhold").unwrap();
        for length in 0..sealed.blob.len() {
            let cut = Sealed { blob: sealed.blob[..length].to_vec(), key: sealed.key.clone() };
            assert!(matches!(open(&wrap, Place::Held, "bcd", &cut), Err(StoreError::Tampered(_))));
        }
    }
}
