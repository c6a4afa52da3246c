//! What can go wrong in this module.

use std::{
    error::Error,
    io,
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::model::KeyTrouble;

/// A message could not be protected, or a certificate could not be kept.
///
/// No variant names a recipient, and none is ever answered with plain text.
#[derive(Debug, Error)]
pub enum ProtectError {
    /// The OpenPGP library failed on a key that had passed all checks.
    #[error("the message could not be encrypted")]
    Encrypt(#[source] Box<dyn Error + Send + Sync>),
    /// The certificate folder cannot be read or written.
    #[error("certificate folder: {} cannot be used", path.display())]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The certificate names no mail address, and none was given for it.
    #[error("certificate {0} names no mail address; pin it to one")]
    NoAddress(String),
    /// The bytes are not OpenPGP certificates.
    #[error("not an openpgp certificate")]
    NotCertificate(#[source] Box<dyn Error + Send + Sync>),
    /// One address can be pinned to one certificate only.
    #[error("{0} certificates cannot all be pinned to one address")]
    PinAmbiguous(usize),
    /// The system has no randomness to give.
    #[error("no randomness from the system")]
    Randomness(#[source] getrandom::Error),
    /// More bytes than a keyring may have.
    #[error("more than {0} bytes of certificates")]
    TooBig(usize),
    /// No such certificate is kept.
    #[error("no certificate {0}")]
    UnknownCertificate(String),
    /// No key of the recipient can be used with the method.
    #[error("no usable key: {0}")]
    Unusable(KeyTrouble),
}

impl ProtectError {
    /// Whether another try, with nothing changed by a person, can succeed.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Encrypt(_) | Self::Folder { .. } | Self::Randomness(_) => true,
            Self::NoAddress(_)
            | Self::NotCertificate(_)
            | Self::PinAmbiguous(_)
            | Self::TooBig(_)
            | Self::UnknownCertificate(_)
            | Self::Unusable(_) => false,
        }
    }

    /// Names the file or folder that a system call failed on.
    pub(super) fn folder(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Folder { path, source }
    }
}
