//! Turns a message into one that only its recipient can read.

use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;

use crate::model::{Address, MethodId, Offer, PartPath};

/// The methods of this build, with their keys.
pub struct Protector;

impl Protector {
    /// Opens the certificate folder, which is made when absent.
    pub fn open(folder: PathBuf) -> Result<Self, ProtectError> {
        todo!("{folder:?}")
    }

    /// What each of `methods` can do for each of `recipients`.
    pub fn offers(
        &self,
        recipients: &[Address],
        methods: &[MethodId],
        now: Timestamp,
    ) -> Vec<Offer> {
        todo!("{recipients:?} {methods:?} {now}")
    }

    /// Protects `raw` for one recipient.
    pub fn protect(
        &self,
        method: MethodId,
        raw: &Arc<[u8]>,
        recipient: &Address,
        now: Timestamp,
    ) -> Result<Sealed, ProtectError> {
        todo!("{method} {} {recipient:?} {now}", raw.len())
    }
}

/// A protected message.
pub struct Sealed {
    /// The whole new message.
    pub bytes: Arc<[u8]>,
    /// The parts of it that were sealed: gaps there are expected.
    pub parts: Vec<PartPath>,
}

/// A message could not be protected.
#[derive(Debug, thiserror::Error)]
pub enum ProtectError {
    /// To be replaced.
    #[error("not built")]
    Todo,
}
