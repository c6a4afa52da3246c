//! Tells our own sender that mail we had taken over cannot be delivered.
//!
//! The sender was told "accepted", so this must not end in silence: the log
//! has an error, the outbox keeps the item as failed, and one of our own is
//! written to. Outsiders are never written to, and no notice tells of another.

use std::sync::Arc;

use tracing::error;

use super::{Gate, GateError, Rulebook, error::chain, notices::Story};
use crate::{
    model::{Address, Direction, Reading, Ruling, Verdict},
    notify::{self, Action, Diagnostic, Line, Report},
    policy::Grounds,
    relay::NextHop,
    store::{Change, NewQueued, OutboxFilter, OutboxItem, OutboxRecipient, Purpose, Queued},
};

impl Gate {
    /// Queues a report about `item`, which `failed` will not get. When that is
    /// not possible, the log says so.
    pub(super) async fn tell_undelivered(&self, item: &Queued, failed: &[Failed]) {
        if matches!(item.purpose, Purpose::Digest | Purpose::Notice | Purpose::Rejection) {
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
        failed: &[Failed],
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
        let same = items.iter().find(|other| other.id == item.id);
        let mut report = Report {
            arrived: same.map_or_else(|| self.now(), |item| item.queued_at),
            lines: self.lines(&book, item, failed, &items),
            header: self.harmless_header(&book, (raw, sender), &nothing),
        };
        let parcel = loop {
            let story = Story {
                event: item.event,
                sender,
                rulings: &rulings(item, failed, &items),
                reading: &nothing,
                expires_at: None,
                raw: &[],
                may_act: false,
                note: None,
                report: Some(report.clone()),
            };
            match self.write(&book, &story).await {
                // What others wrote may be what the policy stops: then without.
                Err(GateError::OwnMail(_)) if !report.is_bare() => report.bare(),
                written => break written?,
            }
        };
        // Named by the item: the sender may have been told of this message
        // before, and is told of each failed item once.
        let event = self.store.event_id(&parcel.envelope(), item.id.to_string().as_bytes());
        Ok(Some(NewQueued { event, purpose: Purpose::Notice, parcel, limit_key: None }))
    }

    /// What programs are told about each recipient of all items like this.
    fn lines(
        &self,
        book: &Arc<Rulebook>,
        item: &Queued,
        failed: &[Failed],
        items: &[OutboxItem],
    ) -> Vec<Line> {
        let reader = self.reader(book);
        let name = self.hop.as_ref().map(NextHop::name).unwrap_or_default();
        let said = |text: &str| {
            let first = text.split(' ').next().unwrap_or_default();
            let diagnostic = match first.parse::<u16>() {
                Ok(_) => Diagnostic::NextHop { name: name.clone(), reply: text.to_owned() },
                Err(_) if is_status(first) => Diagnostic::Own(text.to_owned()),
                // What went wrong on the way is for our log.
                Err(_) => return None,
            };
            (!reader.finds_in(text, self.now())).then_some(diagnostic)
        };
        let failed = failed.iter().map(|failed| Line {
            recipient: failed.recipient.clone(),
            action: Action::Failed,
            status: failed.status(),
            diagnostic: said(&failed.why),
        });
        let others = alike(item, items).filter_map(|other| {
            let (action, status) = match other.state.as_str() {
                "sent" => (Action::Relayed, "2.0.0"),
                "pending" => (Action::Delayed, "4.0.0"),
                _ => return None,
            };
            let (recipient, status) = (other.recipient.clone(), status.to_owned());
            Some(Line { recipient, action, status, diagnostic: None })
        });
        failed.chain(others).collect()
    }
}

/// A recipient who will not get what is in the outbox.
pub(super) struct Failed {
    pub(super) recipient: Address,
    /// What was said last.
    pub(super) why: String,
    /// Whether nobody refused it, and only the time was over.
    pub(super) expired: bool,
}

impl Failed {
    /// The enhanced status code: that of the next hop, if it gave one that
    /// fits (RFC 3463).
    fn status(&self) -> String {
        if self.expired {
            return "4.4.7".to_owned();
        }
        let mut words = self.why.split([' ', '-']).take(2);
        let status = words.find(|word| word.starts_with("5.") && is_status(word));
        status.unwrap_or("5.0.0").to_owned()
    }
}

/// Whether a word has the form of an enhanced status code.
fn is_status(word: &str) -> bool {
    let mut numbers = word.split('.');
    numbers.clone().count() == 3
        && numbers.all(|number| number.len() <= 3 && number.parse::<u16>().is_ok())
}

/// The recipients of all items of the same message and purpose.
fn alike<'a>(
    item: &Queued,
    items: &'a [OutboxItem],
) -> impl Iterator<Item = &'a OutboxRecipient> + use<'a> {
    let purpose = item.purpose;
    let alike = items.iter().filter(move |other| other.purpose == purpose);
    alike.flat_map(|other| &other.recipients)
}

/// What became of the message for the recipients of all its items like this.
fn rulings(item: &Queued, failed: &[Failed], items: &[OutboxItem]) -> Vec<Ruling> {
    let passed_on = match item.parcel.cleared().grounds() {
        Grounds::Protect(method) => Verdict::Protect(*method),
        Grounds::Deliver | Grounds::Monitor | Grounds::Passed | Grounds::Release(_) => {
            Verdict::Deliver
        }
    };
    let in_state = |state: &str| {
        let state = alike(item, items).filter(|other| other.state == state);
        state.map(|other| other.recipient.clone()).collect::<Vec<_>>()
    };
    let failed = failed.iter().map(|failed| failed.recipient.clone()).collect();
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
