//! What goes into the audit log. Never content, never a value.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::base::id::EventId;

/// One line of the audit log, before it joins the chain.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// The message it is about, if it is about one.
    pub event: Option<EventId>,
    /// Who acted: `gate` for the machine itself, else a person's name.
    pub actor: String,
    /// What was done.
    pub act: Act,
    /// Further facts, as a JSON object: verdict, route, reasons, masked
    /// findings, rule pack hashes, purpose.
    pub facts: Value,
}

impl Event {
    /// Something the gateway did by itself.
    pub fn of_gate(event: EventId, act: Act, facts: Value) -> Self {
        Self { event: Some(event), actor: GATE.to_owned(), act, facts }
    }
}

/// The actor name of the machine itself.
pub const GATE: &str = "gate";

/// What was done.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// An account was made, changed or closed.
    AccountChanged,
    /// A second person agreed to what another had asked for.
    Approved,
    /// The sender of a held message was asked about it.
    Asked,
    /// A held message was given to somebody to look at.
    Assigned,
    /// The end of the audit log was signed.
    Checkpointed,
    /// Somebody wrote a comment on a held message.
    Commented,
    /// Data held about a person was put right.
    Corrected,
    /// A message was judged.
    Decided,
    /// What somebody asked for was turned down, or taken back.
    Declined,
    /// Held content was destroyed.
    Deleted,
    /// An outbox entry was given up.
    Dropped,
    /// Data held about a person was destroyed at a request.
    Erased,
    /// Data was handed out in bulk: of a person, or of the audit log.
    Exported,
    /// A legal hold was lifted.
    HoldLifted,
    /// A held message must be kept, whatever its time.
    HoldPlaced,
    /// A certificate was taken into use.
    KeyImported,
    /// A certificate was taken out of use.
    KeyRemoved,
    /// Somebody logged in.
    LoggedIn,
    /// Somebody logged out, or was logged out.
    LoggedOut,
    /// Somebody tried to log in and could not.
    LoginFailed,
    /// A notice was queued.
    Notified,
    /// A sender let a message through, giving a reason.
    Overridden,
    /// A change was asked for that a second person must agree to.
    Proposed,
    /// A held message was refused by a person.
    Rejected,
    /// A held message was set free by a person.
    Released,
    /// Held content was looked at.
    Revealed,
    /// Somebody searched for what is held about a person.
    Searched,
    /// A queued message was accepted by the next hop.
    Sent,
    /// Settings, rules or policy were loaded.
    SettingsLoaded,
    /// Somebody looked at a held message, with its values masked.
    Viewed,
    /// A finding was reported as wrong.
    WrongAlarm,
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 30] = [
        Self::AccountChanged,
        Self::Approved,
        Self::Asked,
        Self::Assigned,
        Self::Checkpointed,
        Self::Commented,
        Self::Corrected,
        Self::Decided,
        Self::Deleted,
        Self::Dropped,
        Self::Erased,
        Self::Exported,
        Self::HoldLifted,
        Self::HoldPlaced,
        Self::KeyImported,
        Self::KeyRemoved,
        Self::LoggedIn,
        Self::LoggedOut,
        Self::LoginFailed,
        Self::Notified,
        Self::Overridden,
        Self::Proposed,
        Self::Rejected,
        Self::Released,
        Self::Revealed,
        Self::Searched,
        Self::Sent,
        Self::SettingsLoaded,
        Self::Viewed,
        Self::WrongAlarm,
    ];

    /// The word in the log and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccountChanged => "account-changed",
            Self::Approved => "approved",
            Self::Asked => "asked",
            Self::Assigned => "assigned",
            Self::Checkpointed => "checkpointed",
            Self::Commented => "commented",
            Self::Corrected => "corrected",
            Self::Decided => "decided",
            Self::Declined => "declined",
            Self::Deleted => "deleted",
            Self::Dropped => "dropped",
            Self::Erased => "erased",
            Self::Exported => "exported",
            Self::HoldLifted => "hold-lifted",
            Self::HoldPlaced => "hold-placed",
            Self::KeyImported => "key-imported",
            Self::KeyRemoved => "key-removed",
            Self::LoggedIn => "logged-in",
            Self::LoggedOut => "logged-out",
            Self::LoginFailed => "login-failed",
            Self::Notified => "notified",
            Self::Overridden => "overridden",
            Self::Proposed => "proposed",
            Self::Rejected => "rejected",
            Self::Released => "released",
            Self::Revealed => "revealed",
            Self::Searched => "searched",
            Self::Sent => "sent",
            Self::SettingsLoaded => "settings-loaded",
            Self::Viewed => "viewed",
            Self::WrongAlarm => "wrong-alarm",
        }
    }
}

impl FromStr for Act {
    type Err = UnknownAct;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|act| act.as_str() == text).ok_or(UnknownAct)
    }
}

/// The text is not an act.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("unknown act")]
pub struct UnknownAct;
