//! Hop 6: what a front-end has to answer.

use crate::{
    base::id::EventId,
    model::{Address, Envelope, Raw, Reply, Wishes},
    policy::Parcel,
};

/// What became of a message, for each of its recipients.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The name of the message; none when it could not even be named.
    pub event: Option<EventId>,
    /// One answer for each group of recipients; together they cover all.
    pub answers: Vec<Answer>,
}

impl Outcome {
    /// The outcome of an inner error: nobody gets it, the sender tries again.
    pub fn deferred(event: Option<EventId>, recipients: Vec<Address>) -> Self {
        let fate = Fate::Deferred(Reply::try_again());
        Self { event, answers: vec![Answer { recipients, fate }] }
    }
}

/// What became of a message for some recipients.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Whom it is about.
    pub recipients: Vec<Address>,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a message. What a front-end may do with it is in each text.
#[derive(Clone, Debug)]
pub enum Fate {
    /// Not taken: answer with this temporary failure.
    Deferred(Reply),
    /// Pass on exactly these bytes. They may differ from those received only
    /// where the channel can replace the message.
    Delivered(Parcel),
    /// Taken care of: durable in the quarantine or in the outbox. Answer with
    /// success and pass nothing on.
    Kept,
    /// Not taken: answer with this permanent failure.
    Refused(Reply),
}

/// A message that the next hop took, and of which it will tell nobody.
#[derive(Clone)]
pub struct Relayed {
    /// The message.
    pub event: EventId,
    /// Its sender, and whom the next hop took it for.
    pub envelope: Envelope,
    /// The message as it was received.
    pub raw: Raw,
    /// What the sender wishes to be told.
    pub wishes: Wishes,
}
