//! Tells our own sender that mail we had taken over cannot be delivered.
//!
//! The sender was told "accepted", so this must not end in silence: the log
//! has an error, the outbox keeps the item as failed, and one of our own is
//! written to. Outsiders are never written to, and no notice tells of another.

use tracing::error;

use super::{Gate, GateError, error::chain, notices::Story};
use crate::{
    model::{Address, Direction, Reading, Ruling, Verdict},
    notify,
    policy::Grounds,
    store::{Change, NewQueued, OutboxFilter, OutboxItem, Purpose, Queued},
};

impl Gate {
    /// Queues a notice about `item`, which `failed` will not get. When that is
    /// not possible, the log says so.
    pub(super) async fn tell_undelivered(&self, item: &Queued, failed: &[(Address, String)]) {
        if matches!(item.purpose, Purpose::Notice | Purpose::Rejection) {
            return;
        }
        let queued = match self.undelivered_notice(item, failed).await {
            Ok(None) => return,
            Ok(Some(notice)) => {
                let change = Change { queue: vec![notice], ..Change::default() };
                self.store.commit(change).await.map(drop).map_err(GateError::from)
            }
            Err(error) => Err(error),
        };
        if let Err(error) = queued {
            error!(event = %item.event, error = chain(&error), "sender not told of failed mail");
        }
    }

    async fn undelivered_notice(
        &self,
        item: &Queued,
        failed: &[(Address, String)],
    ) -> Result<Option<NewQueued>, GateError> {
        let book = self.book();
        let envelope = item.parcel.envelope();
        let raw = item.parcel.bytes();
        let direction = Direction::of_envelope(&envelope, &book.settings.gateway.domains);
        let sender = envelope.sender.as_ref();
        let (Some(sender), Ok(())) = (sender, notify::may_notify(raw, sender, direction)) else {
            return Ok(None);
        };
        let filter = OutboxFilter { event: Some(item.event), ..OutboxFilter::default() };
        let items = self.store.outbox(&filter).await?;
        let nothing = Reading { digest: [0; 32], findings: Vec::new(), gaps: Vec::new() };
        let story = Story {
            event: item.event,
            sender,
            rulings: &rulings(item, failed, &items),
            reading: &nothing,
            expires_at: None,
            raw: &[],
        };
        let parcel = self.write(&book, &story).await?;
        // Named by the item: the sender may have been told of this message
        // before, and is told of each failed item once.
        let event = self.store.event_id(&parcel.envelope(), item.id.to_string().as_bytes());
        Ok(Some(NewQueued { event, purpose: Purpose::Notice, parcel, limit_key: None }))
    }
}

/// What became of the message for the recipients of all its items like this.
fn rulings(item: &Queued, failed: &[(Address, String)], items: &[OutboxItem]) -> Vec<Ruling> {
    let passed_on = match item.parcel.cleared().grounds() {
        Grounds::Protect(method) => Verdict::Protect(*method),
        Grounds::Deliver | Grounds::Monitor | Grounds::Passed | Grounds::Release(_) => {
            Verdict::Deliver
        }
    };
    let alike = items.iter().filter(|other| other.purpose == item.purpose);
    let others: Vec<_> = alike.flat_map(|other| &other.recipients).collect();
    let in_state = |state: &str| {
        let state = others.iter().filter(|other| other.state == state);
        state.map(|other| other.recipient.clone()).collect::<Vec<_>>()
    };
    let failed = failed.iter().map(|(to, _)| to.clone()).collect();
    let all = [
        (failed, Verdict::Refuse),
        (in_state("sent"), passed_on),
        (in_state("pending"), Verdict::Defer),
    ];
    let ruling = |(recipients, verdict)| Ruling {
        recipients,
        verdict,
        route: "next hop".into(),
        reasons: Vec::new(),
    };
    all.into_iter().map(ruling).filter(|ruling| !ruling.recipients.is_empty()).collect()
}
