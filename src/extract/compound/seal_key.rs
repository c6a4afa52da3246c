//! How a package is encrypted, and whether Office opens it without asking.
//!
//! Agile encryption (MS-OFFCRYPTO 2.3.4.10) and standard encryption (2.3.4.5)
//! with AES. The only password tried is the one that Excel tries by itself.

mod aes_block;
mod agile;
mod standard;

use self::{agile::Agile, standard::Standard};
use crate::extract::walk::Walk;

/// A description of the encryption that makes sense.
pub(super) enum Scheme {
    /// XML.
    Agile(Agile),
    /// Binary.
    Standard(Standard),
}

/// What came of the default password.
pub(super) enum Attempt {
    /// The package, decrypted.
    Opened(Vec<u8>),
    /// It is another password.
    Refused,
    /// The key takes too long to make.
    TooCostly,
}

impl Scheme {
    /// Reads the stream `EncryptionInfo`.
    pub(super) fn parse(description: &[u8]) -> Option<Self> {
        let (version, rest) = description.split_first_chunk::<8>()?;
        match (version[0], version[2]) {
            (4, 4) => Agile::parse(rest).map(Self::Agile),
            (2..=4, 2) => Standard::parse(rest).map(Self::Standard),
            _ => None,
        }
    }

    /// Bits of the key.
    pub(super) fn bits(&self) -> usize {
        match self {
            Self::Agile(agile) => agile.bits(),
            Self::Standard(standard) => standard.bits(),
        }
    }

    /// Why it does not protect as it should.
    pub(super) fn weakness(&self) -> Option<&'static str> {
        match self {
            Self::Agile(agile) if agile.is_quick() => Some("office-quick-key"),
            Self::Agile(_) | Self::Standard(_) => None,
        }
    }
}

/// Tries the default password on `sealed`.
pub(super) fn try_default(walk: &Walk, scheme: &Scheme, sealed: &[u8]) -> Attempt {
    match scheme {
        Scheme::Agile(agile) => agile.open(walk, &password(), sealed),
        Scheme::Standard(standard) => standard.open(walk, &password(), sealed),
    }
}

fn password() -> Vec<u8> {
    DEFAULT.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// What Excel uses where only the structure is protected (MS-OFFCRYPTO 2.4.2.3).
const DEFAULT: &str = "VelvetSweatshop";
