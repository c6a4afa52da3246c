//! Why the gate could not finish a message.

use thiserror::Error;

use crate::{notify::NoticeError, protect::ProtectError, store::StoreError, worker::WorkerError};

/// An inner error. On the message path each of these means: try again later.
#[derive(Debug, Error)]
pub enum GateError {
    /// There is nowhere to send what the gateway itself must send.
    #[error("no next hop is set: [reinject] to")]
    NoNextHop,
    /// Policy forbids what it allowed a moment ago.
    #[error("not cleared by {0}")]
    NotCleared(String),
    /// A held message cannot be found.
    #[error("no held message {0}")]
    NotHeld(String),
    /// A message could not be protected just now.
    #[error("protection failed")]
    Protect(#[source] ProtectError),
    /// A held message cannot be released encrypted.
    #[error("cannot encrypt for {0}")]
    Unprotectable(String),
    /// A notice could not be written.
    #[error("notice failed")]
    Notice(#[from] NoticeError),
    /// Our own mail did not pass our own policy.
    #[error("own mail was not cleared: {0}")]
    OwnMail(String),
    /// The store failed.
    #[error("store failed")]
    Store(#[from] StoreError),
    /// A long piece of work was cut off.
    #[error("work was cut off")]
    CutOff(#[from] tokio::task::JoinError),
    /// The message cannot be read now.
    #[error("reading failed")]
    Worker(#[from] WorkerError),
    /// Cleared bytes and bytes to send differ.
    #[error("bytes changed after they were cleared")]
    WrongBytes(#[from] crate::policy::WrongBytes),
}

/// An error with its causes, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
