//! What people do with held messages.

use std::sync::Arc;

use serde_json::json;

use super::{Gate, GateError, Rulebook, decide::Leg, sender::envelope_of};
use crate::{
    model::{Act, Event, Kind, MethodId, Raw, Reading, Reviewer, Wishes},
    policy::Parcel,
    store::{Held, HeldId, HeldState, NewQueued, Purpose, Settled},
};

/// In which form a held message is set free.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReleaseAs {
    /// Encrypted for each recipient by OpenPGP.
    Encrypted,
    /// As it was sent.
    Sent,
}

/// What became of a wish to release.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Released {
    /// It had this state already; nothing was done.
    Already(HeldState),
    /// It is in the outbox now.
    Queued,
}

impl Gate {
    /// Sets a held message free: reads it again by today's rules, writes who
    /// did it and why, and queues it, all at once. A second release does
    /// nothing.
    ///
    /// # Errors
    ///
    /// There is no such message, nowhere to send it, no key for a recipient,
    /// or the store failed.
    pub async fn release(
        &self,
        id: HeldId,
        by: &Reviewer,
        how: ReleaseAs,
    ) -> Result<Released, GateError> {
        let held = self.held(id).await?;
        if held.state != HeldState::Held {
            return Ok(Released::Already(held.state));
        }
        let ready = self.ready_release(&held, by, how).await?;
        self.let_go(&held, by, ready).await
    }

    /// Makes what is to leave of a held message, by today's rules.
    pub(super) async fn ready_release(
        &self,
        held: &Held,
        by: &Reviewer,
        how: ReleaseAs,
    ) -> Result<ReadyRelease, GateError> {
        if !self.can_send() {
            return Err(GateError::NoNextHop);
        }
        let book = self.book();
        let raw: Raw = self.store.reread_held(held.id, by).await?.into();
        let reading = self.reader(&book).read(Kind::Message, "", &raw, self.now()).await?;
        let queue = match how {
            ReleaseAs::Encrypted => self.encrypted_copies(&book, held, &raw).await?,
            ReleaseAs::Sent => {
                let envelope = envelope_of(held);
                let cleared = book.policy.clear_released(&reading, &envelope, by);
                vec![released(held, Parcel::new(cleared, envelope.sender, raw)?)]
            }
        };
        let facts = json!({
            "held": held.id,
            "purpose": by.purpose(),
            "encrypted": how == ReleaseAs::Encrypted,
            "level_now": reading.level(),
            "persons_now": reading.persons(),
        });
        Ok(ReadyRelease { queue, facts, reading })
    }

    /// Queues what was made ready, and settles the message.
    pub(super) async fn let_go(
        &self,
        held: &Held,
        by: &Reviewer,
        ready: ReadyRelease,
    ) -> Result<Released, GateError> {
        let ReadyRelease { queue, facts, .. } = ready;
        let event = person_event(held, by, Act::Released, facts);
        let settled =
            self.store.settle_held(held.id, HeldState::Released, queue, vec![event]).await?;
        self.mail_waits.notify_one();
        Ok(match settled {
            Settled::Already(state) => Released::Already(state),
            Settled::Now => Released::Queued,
        })
    }

    /// Refuses or deletes a held message. Its content is destroyed. The
    /// internal sender of a refused message is told.
    ///
    /// # Errors
    ///
    /// There is no such message, the sender must be told and cannot be, or the
    /// store failed. Then it is still held.
    pub async fn discard(
        &self,
        id: HeldId,
        by: &Reviewer,
        to: Discard,
    ) -> Result<Settled<HeldState>, GateError> {
        match to {
            Discard::Delete => self.end(id, by, None).await,
            Discard::Reject => self.end(id, by, Some("")).await,
        }
    }

    /// Refuses a held message, and tells its internal sender in words of the
    /// reviewer's own why.
    ///
    /// # Errors
    ///
    /// As [`Gate::discard`], or the words cannot be kept.
    pub async fn refuse(
        &self,
        id: HeldId,
        words: &str,
        by: &Reviewer,
    ) -> Result<Settled<HeldState>, GateError> {
        let words = self.checked_text(words)?;
        self.end(id, by, Some(&words)).await
    }

    /// Ends a held message: refused with words, which may be none, or deleted.
    async fn end(
        &self,
        id: HeldId,
        by: &Reviewer,
        refused: Option<&str>,
    ) -> Result<Settled<HeldState>, GateError> {
        let held = self.held(id).await?;
        if held.state != HeldState::Held {
            return Ok(Settled::Already(held.state));
        }
        let mut facts = json!({ "held": id.to_string(), "purpose": by.purpose() });
        let (state, act, queue) = match refused {
            None => (HeldState::Deleted, Act::Deleted, None),
            Some(words) => {
                if !words.is_empty() {
                    facts["words"] = json!(words);
                }
                let notice = self.rejection_notice(&held, by, words).await?;
                (HeldState::Rejected, Act::Rejected, notice)
            }
        };
        let event = person_event(&held, by, act, facts);
        let queue = queue.into_iter().collect();
        let settled = self.store.settle_held(id, state, queue, vec![event]).await?;
        self.mail_waits.notify_one();
        Ok(settled)
    }

    pub(super) async fn held(&self, id: HeldId) -> Result<Held, GateError> {
        let held = self.store.held_by_id(id).await?;
        held.ok_or_else(|| GateError::NotHeld(id.to_string()))
    }

    pub(super) async fn encrypted_copies(
        &self,
        book: &Arc<Rulebook>,
        held: &Held,
        raw: &Raw,
    ) -> Result<Vec<NewQueued>, GateError> {
        let mut copies = Vec::new();
        for recipient in &held.recipients {
            let leg = Leg { sender: held.sender.as_ref(), recipient };
            let made = self.protected(book, MethodId::Openpgp, raw, leg).await?;
            let parcel = made
                .map_err(|trouble| GateError::Unprotectable(format!("{recipient}: {trouble}")))?;
            copies.push(released(held, parcel));
        }
        Ok(copies)
    }
}

/// What is to leave of a held message.
pub(super) struct ReadyRelease {
    pub(super) queue: Vec<NewQueued>,
    /// For the audit log.
    pub(super) facts: serde_json::Value,
    pub(super) reading: Reading,
}

/// How a held message ends without being delivered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Discard {
    /// Nobody is told.
    Delete,
    /// The internal sender is told.
    Reject,
}

pub(super) fn released(held: &Held, parcel: Parcel) -> NewQueued {
    // The store has the wishes of its sender.
    let (event, wishes) = (held.event, Wishes::default());
    NewQueued { event, purpose: Purpose::Release, parcel, limit_key: None, wishes }
}

pub(super) fn person_event(
    held: &Held,
    by: &Reviewer,
    act: Act,
    facts: serde_json::Value,
) -> Event {
    Event { event: Some(held.event), actor: by.name().to_owned(), act, facts }
}
