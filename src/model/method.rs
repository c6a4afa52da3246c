//! Ways to protect a message, and whether one can serve a recipient.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Address, Surface};

/// A way to protect a message. A build knows these names; only a policy file
/// puts one to use.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum MethodId {
    /// OpenPGP/MIME (RFC 3156).
    Openpgp,
    /// A PDF under a password.
    Pdf,
    /// A pickup page.
    Pickup,
    /// S/MIME (RFC 8551).
    Smime,
}

impl MethodId {
    /// Every method a policy file may name.
    pub const ALL: [Self; 4] = [Self::Openpgp, Self::Pdf, Self::Pickup, Self::Smime];

    /// The name in policy files and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Openpgp => "openpgp",
            Self::Pdf => "pdf",
            Self::Pickup => "pickup",
            Self::Smime => "smime",
        }
    }
}

impl fmt::Display for MethodId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MethodId {
    type Err = ParseMethodError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|id| id.as_str() == text).ok_or(ParseMethodError)
    }
}

impl TryFrom<String> for MethodId {
    type Error = ParseMethodError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<MethodId> for String {
    fn from(id: MethodId) -> Self {
        id.as_str().to_owned()
    }
}

/// The text names no method.
#[derive(Debug, Error, Eq, PartialEq)]
#[error("a method is openpgp, smime, pdf or pickup")]
pub struct ParseMethodError;

/// Whether one method can serve one recipient.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The method.
    pub method: MethodId,
    /// The recipient.
    pub recipient: Address,
    /// The surfaces that the method takes out of sight. A finding elsewhere
    /// means that it cannot clear the message.
    pub covers: &'static [Surface],
    /// The name of the key that would be used, or why there is none.
    pub key: Result<String, KeyTrouble>,
}

/// Why a recipient's key cannot be used.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyTrouble {
    /// No key is known.
    KeyAbsent,
    /// The key is past its time, or not yet valid.
    KeyExpired,
    /// The key cannot be read.
    KeyMalformed,
    /// The key is for signing only.
    KeyNoEnc,
    /// The key was revoked.
    KeyRevoked,
    /// The key or its signatures use what is no longer safe.
    KeyWeak,
    /// This build or these settings do not have the method.
    MethodUnavailable,
    /// A finding stands where the method does not reach.
    SurfaceUncovered,
}

impl KeyTrouble {
    /// The reason code in explanations, notices and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KeyAbsent => "key_absent",
            Self::KeyExpired => "key_expired",
            Self::KeyMalformed => "key_malformed",
            Self::KeyNoEnc => "key_no_enc",
            Self::KeyRevoked => "key_revoked",
            Self::KeyWeak => "key_weak",
            Self::MethodUnavailable => "method_unavailable",
            Self::SurfaceUncovered => "surface_uncovered",
        }
    }
}

impl fmt::Display for KeyTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
