//! What reviewers ask for in the pages: release, refuse, delete, ask.
//!
//! Above a threshold, and for mail of his own, a reviewer alone does not let a
//! message leave: the wish becomes a request that somebody else must agree to.
//! Nobody agrees to his own request, nor about mail that he sent or got. The
//! command line is for whoever runs the machine, and does not come by here.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::time::Instant;

use super::super::{
    Discard, Gate, GateError, ReleaseAs,
    quarantine::{Released, person_event},
};
use crate::{
    model::{Act, Address, Reading, Reviewer},
    store::{
        Change, Held, HeldId, HeldState, Proposal, ProposalChange, ProposalId, Proposed, Settled,
    },
};

/// Somebody who acts in the pages.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Name and purpose.
    pub by: Reviewer,
    /// The addresses at which this person gets mail.
    pub addresses: Vec<Address>,
}

/// What somebody wants to be done with a held message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Wish {
    /// Ask the internal sender this.
    Ask(String),
    /// Destroy it and tell nobody.
    Delete,
    /// Destroy it and tell the internal sender, with words of one's own, which
    /// may be none.
    Refuse(String),
    /// Let it leave.
    Release(ReleaseAs),
}

/// What came of a wish.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Granted {
    /// It had this state already; nothing was done.
    Already(HeldState),
    /// It was done.
    Done,
    /// Somebody else must agree first.
    Proposed,
}

impl Gate {
    /// Does what a reviewer asks for, or leaves it for a second person.
    ///
    /// # Errors
    ///
    /// There is no such message, the text cannot be kept, nobody can be asked
    /// or told, or the store failed. Then nothing was done.
    pub async fn grant(
        &self,
        id: HeldId,
        wish: &Wish,
        actor: &Actor,
    ) -> Result<Granted, GateError> {
        self.checked_text(actor.by.purpose())?;
        let settled = match wish {
            Wish::Ask(question) => return self.ask(id, question, &actor.by).await,
            Wish::Delete => self.discard(id, &actor.by, Discard::Delete).await?,
            Wish::Refuse(words) => self.refuse(id, words, &actor.by).await?,
            Wish::Release(how) => return self.ask_release(id, *how, actor).await,
        };
        Ok(match settled {
            Settled::Already(state) => Granted::Already(state),
            Settled::Now => Granted::Done,
        })
    }

    /// Does the same with many messages, each with a row of its own in the
    /// audit log and an outcome of its own. The store writes what comes
    /// together in one transaction, with the mail of that moment. What is not
    /// reached in time is left as it is: nothing of it was done.
    pub async fn grant_all(
        &self,
        ids: &[HeldId],
        wish: &Wish,
        actor: &Actor,
    ) -> Vec<(HeldId, Result<Granted, GateError>)> {
        let until = Instant::now() + BULK_TIME;
        let each = |id: HeldId| async move {
            if Instant::now() >= until {
                return (id, Err(GateError::CutOff));
            }
            (id, self.grant(id, wish, actor).await)
        };
        let together = match wish {
            Wish::Delete => UNREAD_TOGETHER,
            Wish::Ask(_) | Wish::Refuse(_) | Wish::Release(_) => READ_TOGETHER,
        };
        stream::iter(ids.iter().copied().take(MOST_AT_ONCE))
            .map(each)
            .buffered(together)
            .collect()
            .await
    }

    /// Agrees to what somebody else asked for, and carries it out.
    ///
    /// # Errors
    ///
    /// The request is over, is the actor's own or about own mail, or cannot be
    /// carried out. Then it is still open.
    pub async fn approve(&self, id: ProposalId, actor: &Actor) -> Result<Granted, GateError> {
        self.checked_text(actor.by.purpose())?;
        let proposal = self.open_proposal(id).await?;
        let held = self.held(proposal.held).await?;
        if is_same(&proposal.asked_by, &actor.by) || is_own(&held, actor) {
            return Err(GateError::OwnRequest);
        }
        let (how, act) = match proposal.what {
            Proposed::Override => (ReleaseAs::Sent, Act::Overridden),
            Proposed::Release => (ReleaseAs::Sent, Act::Released),
            Proposed::ReleaseEncrypted => (ReleaseAs::Encrypted, Act::Released),
        };
        let ready = self.ready_release(&held, &actor.by, how).await?;
        let agreed = json!({
            "held": held.id, "proposal": proposal.id, "what": proposal.what,
            "asked_by": proposal.asked_by, "purpose": actor.by.purpose(),
        });
        let mut facts = ready.facts;
        facts["approved_by"] = json!(actor.by.name());
        facts["asked_by"] = json!(proposal.asked_by);
        let change = Change {
            queue: ready.queue,
            events: vec![
                person_event(&held, &actor.by, Act::Approved, agreed),
                person_event(&held, &actor.by, act, facts),
            ],
            proposal: Some(ProposalChange::Approve(proposal.id, actor.by.clone())),
            ..Change::default()
        };
        let settled = self.store.settle_with(held.id, HeldState::Released, change).await?;
        self.mail_waits.notify_one();
        Ok(granted(settled))
    }

    /// Turns a request down. Who asked may do so too, and thereby takes it
    /// back.
    ///
    /// # Errors
    ///
    /// The request is over, or is about own mail that somebody else asked for.
    pub async fn decline(&self, id: ProposalId, actor: &Actor) -> Result<(), GateError> {
        self.checked_text(actor.by.purpose())?;
        let proposal = self.open_proposal(id).await?;
        match self.store.decline(&proposal, &actor.by).await? {
            Settled::Now => Ok(()),
            Settled::Already(()) => Err(GateError::RequestOver),
        }
    }

    async fn open_proposal(&self, id: ProposalId) -> Result<Proposal, GateError> {
        self.store.proposal(id).await?.ok_or(GateError::RequestOver)
    }

    async fn ask_release(
        &self,
        id: HeldId,
        how: ReleaseAs,
        actor: &Actor,
    ) -> Result<Granted, GateError> {
        let held = self.held(id).await?;
        if held.state != HeldState::Held {
            return Ok(Granted::Already(held.state));
        }
        let ready = self.ready_release(&held, &actor.by, how).await?;
        if !is_own(&held, actor) && !self.needs_two(&held, &ready.reading) {
            let released = self.let_go(&held, &actor.by, ready).await?;
            return Ok(match released {
                Released::Already(state) => Granted::Already(state),
                Released::Queued => Granted::Done,
            });
        }
        let what = match how {
            ReleaseAs::Encrypted => Proposed::ReleaseEncrypted,
            ReleaseAs::Sent => Proposed::Release,
        };
        let facts = json!({
            "held": held.id, "what": what, "purpose": actor.by.purpose(),
            "persons_now": ready.reading.persons(),
        });
        let change = Change {
            events: vec![person_event(&held, &actor.by, Act::Proposed, facts)],
            proposal: Some(ProposalChange::Ask(held.id, what, actor.by.clone())),
            ..Change::default()
        };
        self.store.commit(change).await?;
        Ok(Granted::Proposed)
    }

    /// Whether one person alone must not let a message leave: so many persons
    /// were named when it was held, or so many persons or findings are there by
    /// today's rules.
    pub(in crate::gate) fn needs_two(&self, held: &Held, reading: &Reading) -> bool {
        let Some(least) = self.book().settings.review.four_eyes() else { return false };
        let named = usize::try_from(held.persons).unwrap_or(usize::MAX);
        named.max(reading.persons()).max(reading.sensitive()) >= least
    }
}

fn granted(settled: Settled<HeldState>) -> Granted {
    match settled {
        Settled::Already(state) => Granted::Already(state),
        Settled::Now => Granted::Done,
    }
}

fn is_same(name: &str, by: &Reviewer) -> bool {
    name.to_lowercase() == by.name().to_lowercase()
}

/// Whether the actor sent or got the message.
fn is_own(held: &Held, actor: &Actor) -> bool {
    let keys: Vec<String> = actor.addresses.iter().map(Address::key).collect();
    held.sender.iter().chain(&held.recipients).any(|address| keys.contains(&address.key()))
}

/// Messages in one request.
const MOST_AT_ONCE: usize = 500;
/// As many changes wait together as the store writes in one transaction, so
/// that each of those, and each emptying of its log, serves as many.
const UNREAD_TOGETHER: usize = 64;
/// Fewer where each message is in memory meanwhile.
const READ_TOGETHER: usize = 16;
/// Proxies commonly give a request a minute; what is left must be told before.
const BULK_TIME: Duration = Duration::from_secs(45);
