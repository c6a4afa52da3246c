//! Hop 1: a message as a front-end took it.

use super::{Channel, Envelope, Raw, Wishes};
use crate::base::id::EventId;

/// One message with its envelope, not yet read.
#[derive(Clone)]
pub struct Submission {
    /// The name of this message with this envelope.
    pub id: EventId,
    /// What the front-end can still do.
    pub channel: Channel,
    /// Sender and recipients.
    pub envelope: Envelope,
    /// The message, headers and body, with CR LF line ends as received.
    pub raw: Raw,
    /// What the sender wishes to be told. No part of the name.
    pub wishes: Wishes,
}
