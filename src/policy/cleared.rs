//! The proof that certain bytes may go to certain recipients, and the parcel
//! that carries it.
//!
//! `Cleared` has no public constructor: only [`super::Policy`] makes one, after
//! reading what is about to leave. A front-end or the relay can send nothing
//! but a [`Parcel`].

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::model::{Address, Envelope, MethodId, Raw};

/// Policy read these very bytes and lets them go to these recipients.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cleared {
    digest: [u8; 32],
    recipients: Vec<Address>,
    grounds: Grounds,
}

impl Cleared {
    /// For `Policy` alone; see the module text.
    pub(super) fn new(digest: [u8; 32], recipients: Vec<Address>, grounds: Grounds) -> Self {
        Self { digest, recipients, grounds }
    }

    /// Whom it may go to.
    pub fn recipients(&self) -> &[Address] {
        &self.recipients
    }

    /// On what grounds it may go.
    pub fn grounds(&self) -> &Grounds {
        &self.grounds
    }
}

/// On what grounds something may leave.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Grounds {
    /// The policy lets it pass as it is.
    Deliver,
    /// Monitor mode: it was judged and let go all the same.
    Monitor,
    /// It was encrypted, and what is left in the clear passes.
    Protect(MethodId),
    /// A person released it, by name.
    Release(String),
    /// It bears our own mark: it was cleared before. Last, because the outbox
    /// keeps grounds by their number.
    Passed,
}

/// How a parcel must be sent.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Way {
    /// As the next hop takes it.
    #[default]
    Any,
    /// To a server whose certificate proves who it is, or not now.
    VerifiedTls,
}

/// Bytes with the proof that they may go to these recipients.
#[derive(Clone)]
pub struct Parcel {
    cleared: Cleared,
    way: Way,
    sender: Option<Address>,
    bytes: Raw,
}

impl Parcel {
    /// Packs `bytes` for sending.
    ///
    /// # Errors
    ///
    /// The proof is about other bytes.
    pub fn new(cleared: Cleared, sender: Option<Address>, bytes: Raw) -> Result<Self, WrongBytes> {
        let parcel = Self { cleared, way: Way::Any, sender, bytes };
        parcel.check()?;
        Ok(parcel)
    }

    /// The same, to be sent this way, or a stricter one that was asked for
    /// before.
    pub fn by(self, way: Way) -> Self {
        Self { way: self.way.max(way), ..self }
    }

    /// How it must be sent.
    pub fn way(&self) -> Way {
        self.way
    }

    /// Who sends it to whom.
    pub fn envelope(&self) -> Envelope {
        Envelope { sender: self.sender.clone(), recipients: self.cleared.recipients.clone() }
    }

    /// The message.
    pub fn bytes(&self) -> &Raw {
        &self.bytes
    }

    /// The proof.
    pub fn cleared(&self) -> &Cleared {
        &self.cleared
    }

    /// The same parcel with the mark of the gateway on top, which is the only
    /// thing that may be added to what was cleared. None when `mark` is not
    /// just that one field.
    pub fn marked(&self, mark: &str) -> Option<Self> {
        let value = mark.strip_prefix(MARK)?.strip_prefix(':')?.strip_suffix("\r\n")?;
        let safe = |c: char| c.is_ascii_alphanumeric() || " ;,=-_".contains(c);
        if !value.split("\r\n ").all(|line| line.chars().all(safe)) {
            return None;
        }
        let bytes: Raw = [mark.as_bytes(), &self.bytes].concat().into();
        let digest = bytes.digest();
        let cleared = Cleared { digest, ..self.cleared.clone() };
        Some(Self { cleared, way: self.way, sender: self.sender.clone(), bytes })
    }

    /// The form in which the outbox seals a parcel. For `store` alone, which
    /// authenticates it with the key of the outbox.
    pub(crate) fn to_stored(&self) -> Result<Vec<u8>, postcard::Error> {
        let mut stored = postcard::to_stdvec(&Stored {
            digest: self.cleared.digest,
            recipients: self.cleared.recipients.clone(),
            grounds: self.cleared.grounds.clone(),
            sender: self.sender.clone(),
            bytes: self.bytes.clone(),
        })?;
        // Behind it, because earlier versions wrote nothing more.
        if self.way == Way::VerifiedTls {
            stored.push(VERIFIED_TLS);
        }
        Ok(stored)
    }

    /// Reads back what `to_stored` wrote, and checks the bytes again. For
    /// `store` alone.
    pub(crate) fn from_stored(stored: &[u8]) -> Result<Self, StoredParcelError> {
        let (parcel, rest) = postcard::take_from_bytes(stored)?;
        let Stored { digest, recipients, grounds, sender, bytes } = parcel;
        let way = if rest.contains(&VERIFIED_TLS) { Way::VerifiedTls } else { Way::Any };
        Ok(Self::new(Cleared::new(digest, recipients, grounds), sender, bytes)?.by(way))
    }

    fn check(&self) -> Result<(), WrongBytes> {
        if self.bytes.digest() == self.cleared.digest { Ok(()) } else { Err(WrongBytes) }
    }
}

impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parcel({:?}, {} bytes)", self.cleared.grounds, self.bytes.len())
    }
}

/// What the outbox keeps of a parcel. Private, so that nobody else can read a
/// proof out of bytes.
#[derive(Deserialize, Serialize)]
struct Stored {
    digest: [u8; 32],
    recipients: Vec<Address>,
    grounds: Grounds,
    sender: Option<Address>,
    bytes: Raw,
}

const VERIFIED_TLS: u8 = 1;
/// The field that marks what the gateway sent itself.
pub const MARK: &str = "X-Sluse-Passed";

/// The proof was made for other bytes.
#[derive(Debug, Error, Eq, PartialEq)]
#[error("the bytes are not those that were cleared")]
pub struct WrongBytes;

/// A stored parcel cannot be used.
#[derive(Debug, Error)]
pub enum StoredParcelError {
    /// It is not a parcel of this version.
    #[error("stored parcel cannot be read")]
    Form(#[from] postcard::Error),
    /// Its bytes are not those that were cleared.
    #[error("stored parcel was altered")]
    Bytes(#[from] WrongBytes),
}
