//! What is to be kept of a message, all or nothing, and what came of it.

use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    audit::Entry,
    blobs::{Blobs, Place},
    counts,
    error::StoreError,
    ids::{HeldId, QueuedId},
    keys::Keys,
    links::LinkUse,
    proposals::ProposalChange,
    seal,
    writer::Written,
};
use crate::{
    base::id::EventId,
    model::{Act, Address, Direction, Envelope, Event, Level, Person, Raw, Wishes},
    policy::Parcel,
};

/// Everything one message leaves behind. It is kept as a whole or not at all,
/// and can be repeated: what is there already is not kept, told or counted
/// again.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// What to hold for a person to look at.
    pub holds: Vec<NewHold>,
    /// What the gateway has to send by itself.
    pub queue: Vec<NewQueued>,
    /// Whom the message is refused for though the client is told that it is
    /// accepted; the queue has the notice.
    pub refused: Vec<NewRefusal>,
    /// What to write into the audit log. [`Act::Decided`] is written once for
    /// each message and facts; [`Act::Notified`] only when a notice of this
    /// change is new; anything else when a hold or queue item is new, or when
    /// the change has none.
    pub events: Vec<Event>,
    /// Counters to raise when anything of the change is new, each by how much.
    pub counts: Vec<(String, u64)>,
    /// Times to remember under a name, in the place of those before.
    pub marks: Vec<(&'static str, Timestamp)>,
    /// The personal link that asks for the change. When it was used before,
    /// nothing is kept.
    pub link: Option<LinkUse>,
    /// What it does to the requests that a second person must agree to. When
    /// that cannot be, nothing is kept.
    pub proposal: Option<ProposalChange>,
}

/// A message to hold.
#[derive(Clone)]
pub struct NewHold {
    /// The name of the message.
    pub event: EventId,
    /// Sender and only those recipients it is held for. A recipient it is held
    /// for already is left out.
    pub envelope: Envelope,
    /// Which way it goes.
    pub direction: Direction,
    /// Why, as written for logs.
    pub reasons: Vec<String>,
    /// The routes that decided.
    pub routes: Vec<String>,
    /// The rules that found something.
    pub rules: Vec<String>,
    /// The highest level found.
    pub level: Option<Level>,
    /// Its Message-ID field.
    pub message_id: Option<String>,
    /// The message as received.
    pub raw: Raw,
    /// Days until it is destroyed.
    pub keep_days: u32,
    /// Days until it is destroyed once it is released.
    pub released_days: u32,
    /// Whom it names.
    pub persons: Vec<Person>,
    /// What its sender wishes to be told.
    pub wishes: Wishes,
}

impl fmt::Debug for NewHold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewHold({}, {} bytes)", self.event, self.raw.len())
    }
}

/// A refusal that is told by mail.
#[derive(Clone, Debug)]
pub struct NewRefusal {
    /// The message.
    pub event: EventId,
    /// Whom it is refused for.
    pub recipients: Vec<Address>,
}

/// A message to send.
#[derive(Clone, Debug)]
pub struct NewQueued {
    /// The message it comes from.
    pub event: EventId,
    /// What it is.
    pub purpose: Purpose,
    /// What to send to whom, with the proof that it may go. A recipient who
    /// has it coming for the same event and purpose does not get it again.
    pub parcel: Parcel,
    /// With the same key, at most one item an hour is queued.
    pub limit_key: Option<String>,
    /// What its sender wishes to be told. A release has the wishes of what was
    /// held, whatever stands here.
    pub wishes: Wishes,
}

/// What an item of the outbox is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// A copy of a message for some of its recipients.
    Copy,
    /// How much waits, for those who review.
    Digest,
    /// A notice to the sender.
    Notice,
    /// A question to the sender about a held message.
    Question,
    /// A notice to the sender that a person refused the message.
    Rejection,
    /// A held message that a person released.
    Release,
}

impl Purpose {
    /// The word in JSON and in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Digest => "digest",
            Self::Notice => "notice",
            Self::Question => "question",
            Self::Rejection => "rejection",
            Self::Release => "release",
        }
    }
}

impl FromStr for Purpose {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Copy, Self::Digest, Self::Notice, Self::Question, Self::Rejection, Self::Release]
            .into_iter()
            .find(|purpose| purpose.as_str() == text)
            .ok_or(())
    }
}

/// What came of a change.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Committed {
    /// For each hold of the change, in order.
    pub holds: Vec<Placed<HeldId, HeldState>>,
    /// For each queue item of the change, in order.
    pub queue: Vec<Placed<QueuedId, OutboxState>>,
    /// How many audit rows were written.
    pub events: usize,
}

/// What came of one item.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Placed<Id, State> {
    /// It was there for all of its recipients. The state is that of the first
    /// item found.
    Already(Id, State),
    /// Another item with the same limit key was queued within the hour.
    Limited,
    /// It is kept now.
    New(Id),
}

impl<Id, State> Placed<Id, State> {
    /// Whether it was kept by this change.
    pub fn is_new(&self) -> bool {
        matches!(self, Self::New(_))
    }
}

macro_rules! states {
    ($(#[$text:meta])* $name:ident { $($(#[$variant_text:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$text])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $name { $($(#[$variant_text])* $variant),+ }

        impl $name {
            /// The word in JSON and on the command line.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownState;

            fn from_str(text: &str) -> Result<Self, UnknownState> {
                match text { $($word => Ok(Self::$variant),)+ _ => Err(UnknownState) }
            }
        }
    };
}

states! {
    /// What became of a held message.
    HeldState {
        /// Destroyed, by a person or because its time was over.
        Deleted = "deleted",
        /// It waits for a person.
        Held = "held",
        /// Refused by a person.
        Rejected = "rejected",
        /// Set free by a person.
        Released = "released",
    }
}

states! {
    /// What became of an item of the outbox.
    OutboxState {
        /// Given up by a person.
        Dropped = "dropped",
        /// Not accepted for at least one recipient, for good.
        Failed = "failed",
        /// It waits for its next attempt.
        Queued = "queued",
        /// Accepted by the next hop for every recipient.
        Sent = "sent",
    }
}

/// The word names no state.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("unknown state")]
pub struct UnknownState;

/// A change with its content sealed on disk, ready for the transaction.
pub(super) struct Ready {
    pub(super) settle: Option<(HeldId, HeldState)>,
    pub(super) holds: Vec<ReadyItem<HeldId, NewHold>>,
    pub(super) queue: Vec<ReadyItem<QueuedId, NewQueued>>,
    pub(super) refused: Vec<NewRefusal>,
    pub(super) events: Vec<ReadyEvent>,
    pub(super) counts: Vec<(String, u64)>,
    pub(super) marks: Vec<(&'static str, Timestamp)>,
    pub(super) link: Option<LinkUse>,
    pub(super) proposal: Option<ProposalChange>,
}

/// An item with its content sealed; none when it seemed to be there already.
pub(super) struct ReadyItem<Id, New> {
    pub(super) id: Id,
    pub(super) new: New,
    pub(super) recipients: Vec<Address>,
    pub(super) sealed_key: Option<String>,
    pub(super) size: usize,
}

/// An audit row to write, with the counters it raises.
pub(super) struct ReadyEvent {
    pub(super) act: Act,
    pub(super) entry: Entry,
    pub(super) counts: BTreeMap<String, u64>,
}

impl Ready {
    /// Makes items without content; `seal_item` adds it.
    pub(super) fn new(change: Change) -> Result<Self, StoreError> {
        let holds = change.holds.into_iter().map(|new| {
            let recipients = distinct(&new.envelope.recipients)?;
            let size = new.raw.len();
            Ok(ReadyItem { id: HeldId::draw()?, new, recipients, sealed_key: None, size })
        });
        let queue = change.queue.into_iter().map(|new| {
            let recipients = distinct(new.parcel.cleared().recipients())?;
            let size = new.parcel.bytes().len();
            Ok(ReadyItem { id: QueuedId::draw()?, new, recipients, sealed_key: None, size })
        });
        let events = change.events.iter().map(|event| ReadyEvent {
            act: event.act,
            entry: Entry::from(event),
            counts: counts::of_event(event),
        });
        Ok(Self {
            settle: None,
            holds: holds.collect::<Result<_, StoreError>>()?,
            queue: queue.collect::<Result<_, StoreError>>()?,
            refused: change.refused,
            events: events.collect(),
            counts: change.counts,
            marks: change.marks,
            link: change.link,
            proposal: change.proposal,
        })
    }

    /// Whether a sender may be told "accepted" on the strength of this.
    pub(super) fn must_survive_power_loss(&self) -> bool {
        let places = !self.holds.is_empty() || !self.queue.is_empty();
        let acts = self.settle.is_some() || self.link.is_some() || self.proposal.is_some();
        acts || places || !self.refused.is_empty()
    }

    /// Every content this change may have put on disk, and whether it is of a
    /// hold or queue item at which place of the change.
    pub(super) fn contents(&self) -> impl Iterator<Item = (Place, String, usize)> {
        let held = self.holds.iter().enumerate();
        let queued = self.queue.iter().enumerate();
        held.map(|(at, item)| (Place::Held, item.id.to_string(), at))
            .chain(queued.map(|(at, item)| (Place::Outbox, item.id.to_string(), at)))
    }

    /// Every content this change may have put on disk for no row.
    pub(super) fn unused(&self, written: &Written) -> impl Iterator<Item = (Place, String)> {
        let Committed { holds, queue, .. } = &written.committed;
        self.contents().filter_map(move |(place, id, at)| {
            let is_new = match place {
                Place::Held => holds.get(at).is_some_and(Placed::is_new),
                Place::Outbox => queue.get(at).is_some_and(Placed::is_new),
            };
            (!is_new).then_some((place, id))
        })
    }
}

/// Seals content and puts it on disk. Returns the key for its row.
pub(super) async fn seal_content(
    keys: &Arc<Keys>,
    blobs: &Blobs,
    place: Place,
    id: String,
    content: Content,
) -> Result<String, StoreError> {
    let (keys, name) = (keys.clone(), id.clone());
    // Up to 64 MiB: not on a thread that serves connections.
    let sealing = tokio::task::spawn_blocking(move || match content {
        Content::Message(raw) => seal::seal(&keys.wrap, place, &name, &raw),
        Content::Parcel(parcel) => {
            let unreadable = |_| StoreError::Unreadable { what: "parcel", id: name.clone() };
            let stored = zeroize::Zeroizing::new(parcel.to_stored().map_err(unreadable)?);
            seal::seal(&keys.wrap, place, &name, &stored)
        }
    });
    let sealed = sealing.await.map_err(|_| StoreError::Closed)??;
    blobs.put(place, &id, sealed.blob).await?;
    Ok(sealed.key)
}

/// Content in the clear.
pub(super) enum Content {
    Message(Raw),
    Parcel(Parcel),
}

fn distinct(recipients: &[Address]) -> Result<Vec<Address>, StoreError> {
    let mut recipients = recipients.to_vec();
    recipients.sort_unstable();
    recipients.dedup();
    if recipients.is_empty() { Err(StoreError::NoRecipients) } else { Ok(recipients) }
}
