//! The bytes of a message, shared and never changed.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// The bytes of a message or file. Copies share them, and their digest is
/// computed once, however many ask for it: large messages spend much of their
/// time there.
#[derive(Clone)]
pub struct Raw(Arc<Shared>);

struct Shared {
    bytes: Vec<u8>,
    digest: OnceLock<[u8; 32]>,
}

impl Raw {
    /// The SHA-256 of the bytes (FIPS 180-4).
    pub fn digest(&self) -> [u8; 32] {
        *self.0.digest.get_or_init(|| Sha256::digest(&self.0.bytes).into())
    }
}

impl Deref for Raw {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0.bytes
    }
}

impl PartialEq for Raw {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || **self == **other
    }
}

impl Eq for Raw {}

impl AsRef<[u8]> for Raw {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<Vec<u8>> for Raw {
    /// Takes the bytes as they lie, without a copy.
    fn from(mut bytes: Vec<u8>) -> Self {
        bytes.shrink_to_fit();
        Self(Arc::new(Shared { bytes, digest: OnceLock::new() }))
    }
}

impl From<&[u8]> for Raw {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_vec().into()
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&[u8]>::deserialize(deserializer).map(Self::from)
    }
}

impl fmt::Debug for Raw {
    /// Says how many bytes, never which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Raw({} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_share_the_bytes_and_their_digest() {
        let raw = Raw::from(&b"abc"[..]);
        let copy = raw.clone();
        assert_eq!(raw.as_ptr(), copy.as_ptr());
        assert_eq!(copy.digest(), <[u8; 32]>::from(Sha256::digest(b"abc")));
        assert!(raw.0.digest.get().is_some());
        assert_eq!(format!("{raw:?}"), "Raw(3 bytes)");
    }

    #[test]
    fn what_the_outbox_kept_as_a_list_of_bytes_is_read() {
        let list = postcard::to_stdvec(&vec![0_u8, 200, 255]).unwrap();
        assert_eq!(postcard::to_stdvec(&Raw::from(&[0, 200, 255][..])).unwrap(), list);
        assert_eq!(postcard::from_bytes::<Raw>(&list).unwrap(), Raw::from(&[0, 200, 255][..]));
    }
}
