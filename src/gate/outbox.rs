//! Sends what the gateway itself must send: copies, released mail, notices.

use tracing::{info, warn};

use super::{Gate, GateError};
use crate::{
    model::Address,
    relay::Delivery,
    store::{self, Queued},
};

impl Gate {
    /// Sends what is due and returns how many items were tried.
    ///
    /// # Errors
    ///
    /// The store failed. What the next hop says is written to the outbox.
    pub async fn deliver_due(&self) -> Result<usize, GateError> {
        let Some(hop) = &self.hop else { return Ok(0) };
        let due = self.store.claim_due(self.now(), AT_ONCE).await?;
        let tried = due.len();
        for item in due {
            let results = hop.send(&item.parcel, &item.pending).await;
            let results: Vec<_> = results.into_iter().map(|(to, said)| (to, fate(said))).collect();
            note(&item, &results);
            self.store.settle_queued(item.id, &results).await?;
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
}

fn fate(delivery: Delivery) -> store::Fate {
    match delivery {
        Delivery::Accepted => store::Fate::Sent,
        Delivery::Deferred(why) => store::Fate::Retry(why),
        Delivery::Refused(why) => store::Fate::Failed(why),
    }
}

fn note(item: &Queued, results: &[(Address, store::Fate)]) {
    let count = |wanted: fn(&store::Fate) -> bool| {
        results.iter().filter(|(_, result)| wanted(result)).count()
    };
    let sent = count(|result| matches!(result, store::Fate::Sent));
    let retry = count(|result| matches!(result, store::Fate::Retry(_)));
    let failed = count(|result| matches!(result, store::Fate::Failed(_)));
    let purpose = item.purpose.as_str();
    if failed > 0 {
        warn!(event = %item.event, purpose, sent, retry, failed, "next hop refused queued mail");
    } else {
        info!(event = %item.event, purpose, sent, retry, "queued mail tried");
    }
}

/// Items sent before the store is asked again.
const AT_ONCE: u32 = 4;
