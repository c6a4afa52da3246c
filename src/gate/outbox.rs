//! Sends what the gateway itself must send: copies, released mail, notices.
//!
//! Between the next hop's yes and our note of it lies a second delivery, so an
//! attempt must end before its claim does, and the note is tried again and
//! again. Whoever calls must not cut this off.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use tracing::{error, info, warn};

use super::{Gate, GateError, error::chain};
use crate::{
    model::{Address, Ret},
    policy::Way,
    relay::{Delivery, NextHop, Reporter, Sent},
    store::{Attempt, Fate, Purpose, Queued},
};

impl Gate {
    /// Sends what is due, a few items at most, and returns how many were tried.
    ///
    /// # Errors
    ///
    /// The store failed. What the next hop says is written to the outbox.
    pub async fn deliver_due(&self) -> Result<usize, GateError> {
        let Some(hop) = self.hop.load_full() else { return Ok(0) };
        let mut tried = 0;
        while tried < AT_ONCE {
            // One claim at a time: nothing waits behind a slow one until its
            // own claim has run out.
            let Some(item) = self.store.claim_due(self.now(), 1).await?.pop() else { break };
            tried += 1;
            let sent = self.attempt(&hop, &item).await;
            let results: Vec<_> = sent.results.iter().map(fate).collect();
            let attempt = self.note(&item, &results).await?;
            report(&item, &results, &attempt);
            self.tell_of(&item, &sent, &attempt).await;
        }
        Ok(tried)
    }

    /// Takes up what a process that died was sending.
    ///
    /// # Errors
    ///
    /// The store failed; the mail is sent some minutes later.
    pub async fn take_up(&self) -> Result<(), GateError> {
        let freed = self.store.free_claims().await?;
        if freed > 0 {
            info!(number = freed, "queued mail taken up after a crash");
        }
        Ok(())
    }

    /// Waits until mail was queued, for the loop that sends it.
    pub async fn mail_waits(&self) {
        self.mail_waits.notified().await;
    }

    async fn attempt(&self, hop: &NextHop, item: &Queued) -> Sent {
        let later = |why: &str| {
            let retry = |to: &Address| (to.clone(), Delivery::Deferred(why.to_owned()));
            let results = item.pending.iter().map(retry).collect();
            Sent { results, reporter: Reporter::Us }
        };
        let (Ok(parcel), Ok(way)) =
            (self.marked(&item.parcel, &item.pending).await, self.way_of(item).await)
        else {
            return later("stopped before it was sent");
        };
        let parcel = parcel.by(way);
        let mut wishes = item.wishes.clone();
        if item.purpose == Purpose::Release {
            // What was held must not come back whole in a report of the next
            // hop, whatever the sender wished.
            wishes.values_mut().for_each(|wish| wish.ret = Some(Ret::Headers));
        }
        let sending = hop.send(&parcel, &item.pending, &wishes);
        timeout(LONGEST, sending).await.unwrap_or_else(|_| later("took too long"))
    }

    /// How what was held must be sent: as the routes say now that held it.
    async fn way_of(&self, item: &Queued) -> Result<Way, GateError> {
        let mut way = Way::Any;
        if item.purpose != Purpose::Release {
            return Ok(way);
        }
        let book = self.book();
        for id in self.store.held_of_event(item.event).await? {
            let held = self.store.held_by_id(id).await?;
            let routes = held.iter().flat_map(|held| &held.routes);
            way = routes.map(|route| book.policy.way(route)).max().unwrap_or_default().max(way);
        }
        Ok(way)
    }

    /// Writes down how an attempt ended, with patience.
    async fn note(&self, item: &Queued, results: &[(Address, Fate)]) -> Result<Attempt, GateError> {
        let mut left = NOTES;
        loop {
            match self.store.settle_queued(item.id, results).await {
                Err(error) if left > 0 => {
                    warn!(item = %item.id, error = chain(&error), "attempt not noted yet");
                    left -= 1;
                    sleep(BETWEEN_NOTES).await;
                }
                noted => return Ok(noted?),
            }
        }
    }
}

fn fate((to, said): &(Address, Delivery)) -> (Address, Fate) {
    let fate = match said {
        Delivery::Accepted => Fate::Sent,
        Delivery::Deferred(why) => Fate::Retry(why.clone()),
        Delivery::Refused(why) => Fate::Failed(why.clone()),
    };
    (to.clone(), fate)
}

/// One log line for each attempt. What the next hop said stands in the outbox.
fn report(item: &Queued, results: &[(Address, Fate)], attempt: &Attempt) {
    let count = |wanted: fn(&Fate) -> bool| results.iter().filter(|(_, fate)| wanted(fate)).count();
    let sent = count(|fate| matches!(fate, Fate::Sent));
    let retry = count(|fate| matches!(fate, Fate::Retry(_)));
    let failed = attempt.failed.len();
    let purpose = item.purpose.as_str();
    if failed > 0 {
        error!(
            event = %item.event, item = %item.id, purpose, sent, failed,
            "queued mail is not delivered; see: sluse outbox list"
        );
    } else {
        info!(event = %item.event, item = %item.id, purpose, sent, retry, "queued mail tried");
    }
}

/// Items sent before the caller is asked whether to go on.
const AT_ONCE: usize = 4;
/// Shorter than a claim.
const LONGEST: Duration = Duration::from_secs(8 * 60);
/// How often to try to write down the end of an attempt, after the first time.
const NOTES: u32 = 20;
const BETWEEN_NOTES: Duration = Duration::from_secs(1);
