//! What goes into the audit log. Never content, never a value.

use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    /// The end of the audit log was signed.
    Checkpointed,
    /// Data held about a person was put right.
    Corrected,
    /// A message was judged.
    Decided,
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
    /// A notice was queued.
    Notified,
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
}

impl Act {
    /// The word in the log and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Checkpointed => "checkpointed",
            Self::Corrected => "corrected",
            Self::Decided => "decided",
            Self::Deleted => "deleted",
            Self::Dropped => "dropped",
            Self::Erased => "erased",
            Self::Exported => "exported",
            Self::HoldLifted => "hold-lifted",
            Self::HoldPlaced => "hold-placed",
            Self::KeyImported => "key-imported",
            Self::KeyRemoved => "key-removed",
            Self::Notified => "notified",
            Self::Rejected => "rejected",
            Self::Released => "released",
            Self::Revealed => "revealed",
            Self::Searched => "searched",
            Self::Sent => "sent",
            Self::SettingsLoaded => "settings-loaded",
        }
    }
}
