//! What was said in the end, after hop 6.

use super::Address;
use crate::base::id::EventId;

/// What a front-end told its client about a message, and what the next hop
/// took meanwhile. Told to the ledger after the answer was given; a recipient
/// in neither list was deferred or refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answered {
    /// The message.
    pub event: EventId,
    /// For whom the client was told that it is accepted, each once.
    pub accepted: Vec<Address>,
    /// Whom it was passed on to, by the word of the next hop; by a milter, whom
    /// the mail server was told to pass it on to.
    pub delivered: Vec<Address>,
}
