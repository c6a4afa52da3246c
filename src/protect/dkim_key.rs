//! Private keys for DKIM signatures (RFC 6376, RFC 8463).
//!
//! A key is read once, from a PEM file; one that is too short to be trusted or
//! of another kind is refused by name. ring does the arithmetic, in constant
//! time. Nothing here prints or stores a key.

use std::{fmt, fs, io, os::unix::fs::MetadataExt, path::Path};

use ring::{
    error::Unspecified,
    rand::SystemRandom,
    signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use sha2::{Digest, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

/// A key that can sign.
pub(super) enum Key {
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl Key {
    /// Reads PKCS#8 or PKCS#1.
    pub(super) fn read(path: &Path) -> Result<Self, KeyError> {
        let pem = Zeroizing::new(fs::read(path).map_err(KeyError::Unreadable)?);
        let der = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| KeyError::NotPem)?;
        let rsa = match &der {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
                    return Ok(Self::Ed25519(pair));
                }
                RsaKeyPair::from_pkcs8(der)
            }
            _ => return Err(KeyError::Kind),
        };
        match rsa {
            Ok(pair) => Ok(Self::Rsa(Box::new(pair))),
            // The library names the reason, and gives no other way to tell.
            Err(rejected) => Err(match rejected.to_string().as_str() {
                "TooSmall" => KeyError::Weak,
                "TooLarge" => KeyError::Long,
                _ => KeyError::Kind,
            }),
        }
    }

    /// The name in the `a` tag.
    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "ed25519-sha256",
            Self::Rsa(_) => "rsa-sha256",
        }
    }

    /// Signs; an error means that the system has no randomness.
    pub(super) fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, Unspecified> {
        match self {
            // The hash is what is signed (RFC 8463 section 3).
            Self::Ed25519(pair) => Ok(pair.sign(&Sha256::digest(bytes)).as_ref().to_vec()),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519(_) => "Ed25519",
            Self::Rsa(_) => "Rsa",
        })
    }
}

/// Whether others than the owner and the group can read the file.
pub(super) fn is_open(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.mode() & 0o007 != 0)
}

/// Why a file is of no use as a key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// Neither RSA nor Ed25519.
    #[error("not an RSA or Ed25519 private key")]
    Kind,
    /// More bits than the library takes.
    #[error("an RSA key of more than 4096 bits")]
    Long,
    /// No private key in PEM.
    #[error("no private key in PEM, PKCS#8 or PKCS#1")]
    NotPem,
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(io::Error),
    /// Fewer bits than receivers trust (RFC 8301 section 3.2).
    #[error("an RSA key of fewer than 2048 bits")]
    Weak,
}
