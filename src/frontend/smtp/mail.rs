//! One mail transaction: MAIL, then RCPT by RCPT to the next hop.
//!
//! The next hop is asked at the first recipient, so that MAIL alone costs
//! nothing, and says itself whom it knows. When it cannot be reached, nothing
//! was taken and the client tries again.

use super::{answer, message::Incoming};
use crate::{
    model::{Address, Wish, Wishes},
    relay::{Answer, MailFrom, NextHop, Origin, RcptTo, Transaction},
};

/// A transaction from MAIL on.
pub(super) struct Mail {
    /// What MAIL said.
    pub(super) from: MailFrom,
    /// Recipients that the next hop takes, once for each RCPT.
    pub(super) accepted: Vec<Address>,
    /// What the sender wishes to be told about them.
    wishes: Vec<(Address, Wish)>,
    /// The chunks of a message so far.
    pub(super) chunks: Option<Incoming>,
    upstream: Upstream,
}

enum Upstream {
    /// The next hop did not take the sender, or is not there.
    Closed(Answer),
    Open(Box<Transaction>),
    /// Nobody has asked for it yet.
    Unopened,
}

impl Mail {
    /// Begins a transaction.
    pub(super) fn new(from: MailFrom) -> Self {
        let (accepted, wishes) = (Vec::new(), Vec::new());
        Self { from, accepted, wishes, chunks: None, upstream: Upstream::Unopened }
    }

    /// Asks the next hop for one more recipient.
    pub(super) async fn recipient(&mut self, hop: &NextHop, origin: &Origin, to: RcptTo) -> Answer {
        if matches!(self.upstream, Upstream::Unopened) {
            self.upstream = match hop.begin(origin, self.from.clone()).await {
                Ok(transaction) => Upstream::Open(Box::new(transaction)),
                Err(answer) => Upstream::Closed(answer),
            };
        }
        let wish = Wish {
            notify: to.notify.clone(),
            orcpt: to.orcpt.clone(),
            ret: self.from.ret,
            envid: self.from.envid.clone(),
        };
        self.wishes.push((to.recipient.clone(), wish));
        match &mut self.upstream {
            Upstream::Closed(answer) => answer.clone(),
            Upstream::Open(transaction) => transaction.recipient(to).await,
            Upstream::Unopened => answer::merged(&[]),
        }
    }

    /// The recipients, each once, in the order given.
    pub(super) fn recipients(&self) -> Vec<Address> {
        let mut seen = std::collections::HashSet::new();
        self.accepted.iter().filter(|to| seen.insert(*to)).cloned().collect()
    }

    /// What the sender wishes to be told.
    pub(super) fn wishes(&self) -> Wishes {
        self.wishes.iter().cloned().collect()
    }

    /// The transaction at the next hop, which is there once a recipient was
    /// accepted.
    pub(super) fn upstream(&mut self) -> Option<&mut Transaction> {
        match &mut self.upstream {
            Upstream::Open(transaction) => Some(transaction),
            Upstream::Closed(_) | Upstream::Unopened => None,
        }
    }

    /// Ends it; nothing more is delivered.
    pub(super) async fn end(self) {
        if let Upstream::Open(transaction) = self.upstream {
            transaction.abandon().await;
        }
    }
}
