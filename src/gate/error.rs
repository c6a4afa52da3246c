//! Why the gate could not finish a message.

use thiserror::Error;
use tokio::task::JoinError;

use crate::{
    model::Ruling, notify::NoticeError, protect::ProtectError, store::StoreError,
    worker::WorkerError,
};

/// An inner error. On the message path each of these means: try again later.
#[derive(Debug, Error)]
pub enum GateError {
    /// There is nowhere to send what the gateway itself must send.
    #[error("no next hop is set: [reinject] to")]
    NoNextHop,
    /// Policy forbids what it allowed a moment ago, by these routes.
    #[error("not cleared by {0}")]
    NotCleared(String),
    /// A held message cannot be found.
    #[error("no held message {0}")]
    NotHeld(String),
    /// The reader ran out of time on what we protected.
    #[error("the protected message could not be read again")]
    NotReread,
    /// The sender was asked already, or cannot be asked.
    #[error("the sender cannot be asked by mail: {0}")]
    NotAsked(String),
    /// A second person must decide, and this one asked for it, or sent or got
    /// the message.
    #[error("somebody else must agree: you asked for it, or sent or received the message")]
    OwnRequest,
    /// What was asked for is done, declined or gone.
    #[error("this request is not open any more")]
    RequestOver,
    /// What somebody typed cannot be kept.
    #[error(transparent)]
    Text(#[from] super::FreeTextError),
    /// A recipient's protected copy was not made.
    #[error("a protected copy is missing")]
    NotSealed,
    /// A message could not be protected just now.
    #[error("protection failed")]
    Protect(#[source] ProtectError),
    /// A refusal that only a notice could tell, and there can be none.
    #[error("the sender cannot be told of a refusal")]
    Untold,
    /// A held message cannot be released encrypted.
    #[error("cannot encrypt for {0}")]
    Unprotectable(String),
    /// A notice could not be written.
    #[error("notice failed")]
    Notice(#[from] NoticeError),
    /// Our own mail did not pass our own policy, by these routes.
    #[error("own mail was not cleared by {0}")]
    OwnMail(String),
    /// The store failed.
    #[error("store failed")]
    Store(#[from] StoreError),
    /// A long piece of work was cut off.
    #[error("work was cut off")]
    CutOff,
    /// A long piece of work panicked.
    #[error("work broke down")]
    Panicked,
    /// The message cannot be read now.
    #[error("reading failed")]
    Worker(#[from] WorkerError),
    /// Cleared bytes and bytes to send differ.
    #[error("bytes changed after they were cleared")]
    WrongBytes(#[from] crate::policy::WrongBytes),
}

impl From<JoinError> for GateError {
    /// Leaves the cause out: the text of a panic quotes what it stumbled over.
    fn from(error: JoinError) -> Self {
        if error.is_panic() { Self::Panicked } else { Self::CutOff }
    }
}

/// The routes of rulings that stand against clearing.
pub(super) fn routes(against: &[Ruling]) -> String {
    let routes: Vec<&str> = against.iter().map(|ruling| &*ruling.route).collect();
    routes.join(", ")
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
