//! What one of our own senders does with a message by his personal link.
//!
//! Each act is one change together with the use of the link and its row in the
//! audit log, under the address of the sender: done once, or not at all. A link
//! acts once, whatever for. What fails leaves the link as it was, and whatever
//! is held stays held. Nothing leaves that policy does not let leave: encrypted
//! where mail encrypted by the sender would pass, and as it is where a route
//! says that its sender may override it.

use serde_json::json;

use super::{
    FreeTextError, Gate, GateError, Rulebook,
    personal_link::LinkHolder,
    quarantine::released,
    sender::{Choice, EACH, SenderCase, envelope_of},
};
use crate::{
    base::id::EventId,
    model::{Act, Event, Kind, Raw, Reading, Reviewer, Verdict},
    notify::{self, LinkToken},
    policy::{Facts, Parcel},
    store::{Change, Held, HeldState, NewQueued, ProposalChange, Proposed, Settled, StoreError},
};

/// What came of a wish.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answered {
    /// It was done.
    Done,
    /// It was not done.
    Not(Obstacle),
    /// A second person has to agree, and can see that it was asked for.
    Proposed,
    /// The link is none, or does not work any more.
    Unknown,
}

/// Why a wish was not fulfilled. The link still works, unless it was used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Obstacle {
    /// A legal hold keeps it.
    KeptByLaw,
    /// The message does not wait any more.
    NotHeld,
    /// The policy does not let the sender do that.
    NotLet,
    /// It cannot be encrypted for every recipient, or not everywhere in it.
    NotSealed,
    /// The reason is too short.
    Short,
    /// The text cannot be kept.
    Text(FreeTextError),
    /// The link was used before.
    Used,
}

impl Gate {
    /// Characters that a reason for letting a message through must have.
    pub const LEAST_REASON: usize = 20;

    /// Does what a sender chose, with the words given for it.
    ///
    /// # Errors
    ///
    /// The store failed or the message cannot be read now; nothing was done.
    pub async fn act_by_link(
        &self,
        event: EventId,
        token: &LinkToken,
        choice: Choice,
        words: &str,
    ) -> Result<Answered, GateError> {
        let Some(holder) = self.link_holder(event, token).await? else {
            return Ok(Answered::Unknown);
        };
        let Some(case) = self.case(&holder).await? else { return Ok(Answered::Unknown) };
        if self.store.used_link(holder.mark()).await?.is_some() {
            return Ok(Answered::Not(Obstacle::Used));
        }
        let done = match choice {
            Choice::Encrypt => self.send_encrypted(&holder, &case).await,
            Choice::Override => self.send_in_spite(&holder, &case, words).await,
            Choice::Report => self.report_wrong(&holder, &case, words).await,
            Choice::Withdraw => self.withdraw(&holder, &case).await,
        };
        match done {
            Ok(answered) => Ok(answered),
            Err(Stopped::By(obstacle)) => Ok(Answered::Not(obstacle)),
            Err(Stopped::Gate(GateError::Store(StoreError::KeptByLaw(_)))) => {
                Ok(Answered::Not(Obstacle::KeptByLaw))
            }
            Err(Stopped::Gate(GateError::Store(StoreError::LinkUsed))) => {
                Ok(Answered::Not(Obstacle::Used))
            }
            Err(Stopped::Gate(GateError::Unprotectable(_))) => {
                Ok(Answered::Not(Obstacle::NotSealed))
            }
            Err(Stopped::Gate(error)) => Err(error),
        }
    }

    async fn send_encrypted(
        &self,
        holder: &LinkHolder,
        case: &SenderCase,
    ) -> Result<Answered, Stopped> {
        let by = reviewer(holder, "sent encrypted by the sender's link")?;
        let book = self.book();
        let mut steps = Vec::new();
        for held in case.waiting() {
            if !self.can_encrypt(&book, held) {
                return Err(Stopped::By(Obstacle::NotSealed));
            }
            let raw: Raw = self.store.reread_held(held.id, &by).await?.into();
            let queue = self.encrypted_copies(&book, held, &raw).await?;
            let facts = json!({
                "held": held.id, "purpose": by.purpose(), "encrypted": true, "by": "sender",
            });
            steps.push(Step { held, to: HeldState::Released, queue, facts });
        }
        self.settle_all(holder, &by, Act::Released, steps).await
    }

    async fn send_in_spite(
        &self,
        holder: &LinkHolder,
        case: &SenderCase,
        words: &str,
    ) -> Result<Answered, Stopped> {
        let reason =
            self.checked_text(words).map_err(|error| Stopped::By(Obstacle::Text(error)))?;
        if reason.chars().count() < Self::LEAST_REASON {
            return Err(Stopped::By(Obstacle::Short));
        }
        let by = reviewer(holder, &reason)?;
        let book = self.book();
        if !self.can_send() || !case.lets_override(&book) {
            return Err(Stopped::By(Obstacle::NotLet));
        }
        let mut steps = Vec::new();
        for held in case.waiting() {
            let raw: Raw = self.store.reread_held(held.id, &by).await?.into();
            let reading = self.reader(&book).read(Kind::Message, "", &raw, self.now()).await?;
            // By what is found today, and by the policy of today.
            if !lets_today(&book, held, &reading) {
                return Err(Stopped::By(Obstacle::NotLet));
            }
            if self.needs_two(held, &reading) {
                return self.propose_override(holder, held, &by).await;
            }
            let facts = json!({
                "held": held.id, "purpose": by.purpose(), "encrypted": false, "by": "sender",
                "level_now": reading.level(), "persons_now": reading.persons(),
            });
            let envelope = envelope_of(held);
            let cleared = book.policy.clear_released(&reading, &envelope, &by);
            let parcel = Parcel::new(cleared, envelope.sender, raw).map_err(GateError::from)?;
            let queue = vec![released(held, parcel)];
            steps.push(Step { held, to: HeldState::Released, queue, facts });
        }
        self.settle_all(holder, &by, Act::Overridden, steps).await
    }

    /// Leaves word for those who review that the sender asks for it.
    async fn propose_override(
        &self,
        holder: &LinkHolder,
        held: &Held,
        by: &Reviewer,
    ) -> Result<Answered, Stopped> {
        let facts = json!({
            "held": held.id, "purpose": by.purpose(), "action": "override", "by": "sender",
        });
        let actor = by.name().to_owned();
        let event = Event { event: Some(holder.event), actor, act: Act::Proposed, facts };
        let change = Change {
            events: vec![event],
            link: Some(holder.spends(Act::Proposed)),
            proposal: Some(ProposalChange::Ask(held.id, Proposed::Override, by.clone())),
            ..Change::default()
        };
        match self.store.commit(change).await {
            // Somebody asked for it before.
            Err(StoreError::Conflict) | Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(Answered::Proposed)
    }

    async fn report_wrong(
        &self,
        holder: &LinkHolder,
        case: &SenderCase,
        words: &str,
    ) -> Result<Answered, Stopped> {
        let comment =
            self.checked_text(words).map_err(|error| Stopped::By(Obstacle::Text(error)))?;
        let facts = json!({ "comment": comment, "rules": case.rules(), "by": "sender" });
        self.note_use(holder, Act::WrongAlarm, &actor(holder), facts).await?;
        Ok(Answered::Done)
    }

    async fn withdraw(&self, holder: &LinkHolder, case: &SenderCase) -> Result<Answered, Stopped> {
        let by = reviewer(holder, "withdrawn by the sender's link")?;
        let step = |held| Step {
            held,
            to: HeldState::Deleted,
            queue: Vec::new(),
            facts: json!({ "held": held.id, "purpose": by.purpose(), "by": "sender" }),
        };
        let steps = case.waiting().map(step).collect();
        self.settle_all(holder, &by, Act::Deleted, steps).await
    }

    /// Settles what is held of one message. Nearly always that is one item; of
    /// several, the first takes the link.
    async fn settle_all(
        &self,
        holder: &LinkHolder,
        by: &Reviewer,
        act: Act,
        steps: Vec<Step<'_>>,
    ) -> Result<Answered, Stopped> {
        let mut link = Some(holder.spends(act));
        let mut done = Answered::Not(Obstacle::NotHeld);
        for Step { held, to, queue, facts } in steps {
            let actor = by.name().to_owned();
            let event = Event { event: Some(held.event), actor, act, facts };
            let (events, link) = (vec![event], link.take());
            let change = Change { queue, events, link, ..Change::default() };
            let settled = self.store.settle_with(held.id, to, change).await?;
            if settled == Settled::Now {
                done = Answered::Done;
            }
        }
        self.mail_waits.notify_one();
        Ok(done)
    }

    /// Writes a row of the audit log, and with it that the link was used.
    async fn note_use(
        &self,
        holder: &LinkHolder,
        act: Act,
        actor: &str,
        facts: serde_json::Value,
    ) -> Result<(), Stopped> {
        let event = Event { event: Some(holder.event), actor: actor.to_owned(), act, facts };
        let link = Some(holder.spends(act));
        self.store.commit(Change { events: vec![event], link, ..Change::default() }).await?;
        Ok(())
    }
}

/// Whether the sender may let a message through, going by what is found in it
/// now.
fn lets_today(book: &Rulebook, held: &Held, reading: &Reading) -> bool {
    let rulings = book.policy.decide(&Facts {
        channel: EACH,
        domains: &book.settings.gateway.domains,
        envelope: &envelope_of(held),
        offers: &[],
        reading,
    });
    rulings.iter().all(|ruling| match ruling.verdict {
        Verdict::Deliver => true,
        Verdict::Hold => book.policy.lets_override(&ruling.route),
        Verdict::Defer | Verdict::Protect(_) | Verdict::Refuse => false,
    })
}

/// Under which name the audit log knows the sender.
fn actor(holder: &LinkHolder) -> String {
    let name = notify::without_numbers(holder.sender.as_str());
    name.chars().take(MOST_NAME).collect()
}

/// The sender as the one who acts. The only thing that can be wrong about it is
/// the length.
fn reviewer(holder: &LinkHolder, purpose: &str) -> Result<Reviewer, Stopped> {
    let too_long = |_| Stopped::By(Obstacle::Text(FreeTextError::Long));
    Reviewer::new(&actor(holder), purpose).map_err(too_long)
}

/// One held item on its way out.
struct Step<'a> {
    held: &'a Held,
    to: HeldState,
    queue: Vec<NewQueued>,
    facts: serde_json::Value,
}

/// Why an act did not come to its end.
enum Stopped {
    By(Obstacle),
    Gate(GateError),
}

impl<E: Into<GateError>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Gate(error.into())
    }
}

/// Bytes of a name are at most 200.
const MOST_NAME: usize = 50;
