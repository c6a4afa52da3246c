//! Tells our own sender what becomes of mail that we had taken over: that it
//! cannot be delivered, that it takes long, or that it went on to a server that
//! will not tell (RFC 3461).
//!
//! The sender was told "accepted", so a failure must not end in silence: the
//! log has an error, the outbox keeps the item as failed, and one of our own is
//! written to, unless he wished to hear nothing. Outsiders are never written
//! to, and no notice tells of another.

use std::sync::Arc;

use jiff::Timestamp;
use tracing::error;

use super::{Gate, GateError, Relayed, Rulebook, error::chain, notices::Story};
use crate::{
    base::id::EventId,
    model::{Address, Direction, Envelope, Raw, Reading, Ruling, Tidings, Verdict, Wish, Wishes},
    notify::{self, Action, Diagnostic, Line, Report},
    policy::Grounds,
    relay::{Delivery, NextHop, Reporter, Sent},
    store::{
        Attempt, Change, NewQueued, OutboxFilter, OutboxItem, OutboxRecipient, Purpose, Queued,
    },
};

impl Gate {
    /// Tells the sender what an attempt led to, as far as he wishes. When that
    /// is not possible, the log says so.
    pub(super) async fn tell_of(&self, item: &Queued, sent: &Sent, attempt: &Attempt) {
        if matches!(item.purpose, Purpose::Digest | Purpose::Notice | Purpose::Rejection) {
            return;
        }
        for news in news(item, sent, attempt) {
            if let Err(error) = self.tell(item, &news).await {
                error!(event = %item.event, error = chain(&error), "sender not told of his mail");
            }
        }
    }

    /// Tells the sender that the next hop has his message and will not tell.
    pub(super) async fn tell_relayed(&self, mail: &Relayed) {
        let wishing = |to: &&Address| mail.wishes.want(to, Tidings::Success);
        let recipients: Vec<_> = mail.envelope.recipients.iter().filter(wishing).cloned().collect();
        if recipients.is_empty() {
            return;
        }
        let subject = Subject {
            event: mail.event,
            envelope: &mail.envelope,
            raw: &mail.raw,
            wishes: &mail.wishes,
            arrived: self.now(),
        };
        let book = self.book();
        let lines = recipients.iter().map(|to| self.relayed(&book, to, &mail.wishes.about(to)));
        let rulings = vec![ruling(recipients.clone(), Verdict::Deliver)];
        let name = format!("relayed {}", mail.event);
        let told = self.queue_report(&book, &subject, (lines.collect(), rulings), &name).await;
        if let Err(error) = told {
            error!(event = %mail.event, error = chain(&error), "sender not told of his mail");
        }
    }

    async fn tell(&self, item: &Queued, news: &News) -> Result<(), GateError> {
        let filter = OutboxFilter { event: Some(item.event), ..OutboxFilter::default() };
        let items = self.store.outbox(&filter).await?;
        let envelope = item.parcel.envelope();
        let same = items.iter().find(|other| other.id == item.id);
        let subject = Subject {
            event: item.event,
            envelope: &envelope,
            raw: item.parcel.bytes(),
            wishes: &item.wishes,
            arrived: same.map_or_else(|| self.now(), |item| item.queued_at),
        };
        let others: Vec<&OutboxRecipient> = match news.tidings {
            Tidings::Delay | Tidings::Success => Vec::new(),
            Tidings::Failure => alike(item, &items).filter(|other| wishes_any(other)).collect(),
        };
        let book = self.book();
        let lines = self.lines(&book, item, news, &others);
        // The sender hears of each end of an item, and once of a delay, however
        // many items there are of a message.
        let name = match news.tidings {
            Tidings::Delay => format!("late {}", item.event),
            Tidings::Failure => item.id.to_string(),
            Tidings::Success => format!("relayed {} {}", item.id, item.attempts),
        };
        let story = (lines, rulings(item, news, &others));
        self.queue_report(&book, &subject, story, &name).await
    }

    /// Writes a report and queues it, once under this name, if the sender may
    /// be told at all.
    async fn queue_report(
        &self,
        book: &Arc<Rulebook>,
        subject: &Subject<'_>,
        (lines, rulings): (Vec<Line>, Vec<Ruling>),
        name: &str,
    ) -> Result<(), GateError> {
        let domains = &book.settings.gateway.domains;
        let direction = Direction::of_envelope(subject.envelope, domains);
        let sender = subject.envelope.sender.as_ref();
        let silence = notify::may_notify(subject.raw, sender, direction);
        let (Some(sender), Ok(()), true) = (sender, silence, self.can_send()) else {
            return Ok(());
        };
        let nothing = Reading { digest: [0; 32], findings: Vec::new(), gaps: Vec::new() };
        let mut report = Report {
            arrived: subject.arrived,
            envelope_id: self.envelope_id(book, subject.wishes),
            lines,
            header: self.harmless_header(book, (subject.raw, sender), &nothing),
        };
        let parcel = loop {
            let story = Story {
                event: subject.event,
                sender,
                rulings: &rulings,
                reading: &nothing,
                expires_at: None,
                raw: &[],
                may_act: false,
                note: None,
                report: Some(report.clone()),
            };
            match self.write(book, &story).await {
                // What others wrote may be what the policy stops: then without.
                Err(GateError::OwnMail(_)) if !report.is_bare() => report.bare(),
                written => break written?,
            }
        };
        let event = self.store.event_id(&parcel.envelope(), &Raw::from(name.as_bytes()));
        let notice = NewQueued {
            event,
            purpose: Purpose::Notice,
            parcel,
            limit_key: None,
            wishes: Wishes::default(),
        };
        self.store.commit(Change { queue: vec![notice], ..Change::default() }).await?;
        self.mail_waits.notify_one();
        Ok(())
    }

    /// What programs are told about each recipient of the news, and about the
    /// others.
    fn lines(
        &self,
        book: &Arc<Rulebook>,
        item: &Queued,
        news: &News,
        others: &[&OutboxRecipient],
    ) -> Vec<Line> {
        let about = news.about.iter().map(|about| {
            let wish = item.wishes.about(&about.recipient);
            match news.tidings {
                Tidings::Success => self.relayed(book, &about.recipient, &wish),
                Tidings::Delay | Tidings::Failure => Line {
                    recipient: about.recipient.clone(),
                    original: self.original(book, &wish),
                    action: news.action(),
                    status: about.status(news.tidings),
                    diagnostic: self.diagnostic(book, &about.why),
                },
            }
        });
        let others = others.iter().filter_map(|other| {
            let (action, status) = match other.state.as_str() {
                "sent" => (Action::Relayed, "2.0.0"),
                "pending" => (Action::Delayed, "4.0.0"),
                _ => return None,
            };
            Some(Line {
                recipient: other.recipient.clone(),
                original: self.original(book, &other.wish),
                action,
                status: status.to_owned(),
                diagnostic: None,
            })
        });
        about.chain(others).collect()
    }

    fn relayed(&self, book: &Arc<Rulebook>, recipient: &Address, wish: &Wish) -> Line {
        Line {
            recipient: recipient.clone(),
            original: self.original(book, wish),
            action: Action::Relayed,
            status: "2.0.0".to_owned(),
            diagnostic: None,
        }
    }

    fn diagnostic(&self, book: &Arc<Rulebook>, said: &str) -> Option<Diagnostic> {
        let first = said.split(' ').next().unwrap_or_default();
        let diagnostic = match first.parse::<u16>() {
            Ok(_) => {
                let name = self.hop.load().as_deref().map(NextHop::name).unwrap_or_default();
                Diagnostic::NextHop { name, reply: said.to_owned() }
            }
            Err(_) if is_status(first) => Diagnostic::Own(said.to_owned()),
            // What went wrong on the way is for our log.
            Err(_) => return None,
        };
        (!self.reader(book).finds_in(said, self.now())).then_some(diagnostic)
    }

    /// The recipient before anybody changed it, unless it holds a number.
    pub(super) fn original(&self, book: &Arc<Rulebook>, wish: &Wish) -> Option<String> {
        let original = wish.original_recipient()?;
        (!self.reader(book).finds_in(&original, self.now())).then_some(original)
    }

    /// The name that the sender gave the message, unless it holds a number.
    pub(super) fn envelope_id(&self, book: &Arc<Rulebook>, wishes: &Wishes) -> Option<String> {
        let id = wishes.envelope_id()?;
        (!self.reader(book).finds_in(&id, self.now())).then_some(id)
    }
}

/// The message that a report is about.
struct Subject<'a> {
    event: EventId,
    envelope: &'a Envelope,
    /// For its header alone: no report brings content back. The whole message,
    /// which `RET=FULL` asks for, would go out again without the encryption
    /// that it may have needed, so everybody gets what `RET=HDRS` asks for.
    raw: &'a [u8],
    wishes: &'a Wishes,
    arrived: Timestamp,
}

/// What there is to tell about some recipients of an item.
struct News {
    tidings: Tidings,
    about: Vec<About>,
}

impl News {
    fn action(&self) -> Action {
        match self.tidings {
            Tidings::Delay => Action::Delayed,
            Tidings::Failure => Action::Failed,
            Tidings::Success => Action::Relayed,
        }
    }
}

/// A recipient of whom there is something to tell.
struct About {
    recipient: Address,
    /// What was said last.
    why: String,
    /// Whether nobody refused it, and only the time was over.
    expired: bool,
}

impl About {
    /// The enhanced status code: that of the next hop, if it gave one that
    /// fits (RFC 3463).
    fn status(&self, tidings: Tidings) -> String {
        let (class, otherwise) = match tidings {
            Tidings::Failure if self.expired => return "4.4.7".to_owned(),
            Tidings::Delay => ("4.", "4.4.1"),
            Tidings::Failure => ("5.", "5.0.0"),
            Tidings::Success => ("2.", "2.0.0"),
        };
        let mut words = self.why.split([' ', '-']).take(2);
        let status = words.find(|word| word.starts_with(class) && is_status(word));
        status.unwrap_or(otherwise).to_owned()
    }
}

/// What the sender wishes to hear of an attempt.
fn news(item: &Queued, sent: &Sent, attempt: &Attempt) -> Vec<News> {
    let about = |to: &Address, why: &str| About {
        recipient: to.clone(),
        why: why.to_owned(),
        expired: false,
    };
    let is_refused = |to: &Address| {
        let said = sent.results.iter().find(|(other, _)| other == to);
        said.is_some_and(|(_, said)| matches!(said, Delivery::Refused(_)))
    };
    let failed = attempt.failed.iter();
    let failed = failed.map(|(to, why)| About { expired: !is_refused(to), ..about(to, why) });
    let late = sent.results.iter().filter_map(|(to, said)| match said {
        Delivery::Deferred(why) if attempt.is_late => Some(about(to, why)),
        Delivery::Accepted | Delivery::Deferred(_) | Delivery::Refused(_) => None,
    });
    let taken = sent.results.iter().filter_map(|(to, said)| match said {
        Delivery::Accepted if sent.reporter == Reporter::Us => Some(about(to, "")),
        Delivery::Accepted | Delivery::Deferred(_) | Delivery::Refused(_) => None,
    });
    let all: [(Tidings, Vec<About>); 3] = [
        (Tidings::Failure, failed.collect()),
        (Tidings::Delay, late.collect()),
        (Tidings::Success, taken.collect()),
    ];
    let wished = all.into_iter().map(|(tidings, mut about)| {
        about.retain(|about| item.wishes.want(&about.recipient, tidings));
        News { tidings, about }
    });
    wished.filter(|news| !news.about.is_empty()).collect()
}

/// Whether a word has the form of an enhanced status code.
fn is_status(word: &str) -> bool {
    let mut numbers = word.split('.');
    numbers.clone().count() == 3
        && numbers.all(|number| number.len() <= 3 && number.parse::<u16>().is_ok())
}

fn wishes_any(other: &OutboxRecipient) -> bool {
    let all = [Tidings::Delay, Tidings::Failure, Tidings::Success];
    all.into_iter().any(|tidings| other.wish.wants(tidings))
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

/// What became of the message for those whom the news is about, and for the
/// others.
fn rulings(item: &Queued, news: &News, others: &[&OutboxRecipient]) -> Vec<Ruling> {
    let passed_on = match item.parcel.cleared().grounds() {
        Grounds::Protect(method) => Verdict::Protect(*method),
        Grounds::Deliver | Grounds::Monitor | Grounds::Passed | Grounds::Release(_) => {
            Verdict::Deliver
        }
    };
    let in_state = |state: &str| {
        let state = others.iter().filter(|other| other.state == state);
        state.map(|other| other.recipient.clone()).collect::<Vec<_>>()
    };
    let told = match news.tidings {
        Tidings::Delay => Verdict::Defer,
        Tidings::Failure => Verdict::Refuse,
        Tidings::Success => passed_on,
    };
    let about = news.about.iter().map(|about| about.recipient.clone()).collect();
    let all = [(about, told), (in_state("sent"), passed_on), (in_state("pending"), Verdict::Defer)];
    let all = all.into_iter().map(|(recipients, verdict)| ruling(recipients, verdict));
    all.filter(|ruling| !ruling.recipients.is_empty()).collect()
}

fn ruling(recipients: Vec<Address>, verdict: Verdict) -> Ruling {
    Ruling { recipients, verdict, route: "next hop".into(), reasons: Vec::new() }
}
