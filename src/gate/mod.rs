//! The only place that knows every step: read, decide, carry out.
//!
//! A front-end hands over a message and gets an [`Outcome`]. Whatever goes
//! wrong inside becomes an outcome in which everybody is asked to try again;
//! nothing is accepted in doubt, and nothing is answered before it is durable.

mod accounts;
mod api_token;
mod carry_out;
mod decide;
mod delivery_reports;
mod digest;
mod error;
mod fields;
mod figures;
mod flows;
mod free_text;
mod headers;
mod hops;
mod mark;
mod notices;
mod one_time_code;
mod outbox;
mod outcome;
mod package;
mod password;
mod personal_link;
mod provided;
mod quarantine;
mod reader;
mod record;
pub mod report;
mod retention;
mod review;
mod rulebook;
mod second_factor;
mod sender;
mod sender_acts;
mod settings;
mod strikes;
mod subject;

use std::{
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    time::Instant,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use jiff::Timestamp;
use tokio::sync::Notify;
use tracing::{Instrument, error, info_span};

pub use self::{
    accounts::{AccessToken, AccountError, invite},
    api_token::{ApiToken, TokenError, WantedToken},
    decide::{Decision, Questions},
    digest::DigestSettings,
    error::GateError,
    figures::{Figures, WAITED_HOURS},
    free_text::FreeTextError,
    one_time_code::CodeSecret,
    outcome::{Answer, Fate, Outcome, Relayed},
    package::MANIFEST,
    password::WeakPassword,
    provided::{Arrival, Arrived, Departure, ProvidedError},
    quarantine::{Discard, ReleaseAs, Released},
    reader::Reader,
    review::{Actor, Branch, Content, Granted, Look, Passage, Piece, Place, Seen, Wish, hidden},
    rulebook::{Rulebook, RulebookError},
    second_factor::{AccountSettings, Finished, LoggedIn, SecondFactorRule},
    sender::{Became, Choice, FateOf, Standing},
    sender_acts::{Answered as SenderAnswered, Obstacle},
    settings::{GatewaySettings, ReviewSettings, Settings},
    subject::{Disclosure, Dossier, Ended, Erasure, HeldTrace, Subject, Trace, Traces},
};
use self::{flows::Spent, strikes::Strikes};
use crate::{
    base::{clock::Clock, measure::ERRORS},
    model::{Answered, Channel, Envelope, Event, Raw, Submission, Wishes},
    oidc::Provider,
    protect::Protector,
    relay::NextHop,
    store::{Change, Store},
    worker::Workers,
};

/// Everything that is needed to judge a message and to act on it.
pub struct Gate {
    book: ArcSwap<Rulebook>,
    clock: Arc<dyn Clock>,
    hop: ArcSwapOption<NextHop>,
    mail_waits: Notify,
    protector: Arc<Protector>,
    providers: ArcSwap<Vec<Arc<Provider>>>,
    spent: Spent,
    store: Store,
    strikes: Strikes,
    workers: Arc<Workers>,
}

/// The parts of a gate.
pub struct Parts {
    /// Rules, policy and settings.
    pub book: Rulebook,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where copies, released mail and notices go, if anywhere.
    pub hop: Option<NextHop>,
    /// The methods and their keys.
    pub protector: Protector,
    /// The quarantine, the outbox and the audit log.
    pub store: Store,
    /// The readers.
    pub workers: Arc<Workers>,
}

impl Gate {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self {
            book: ArcSwap::from_pointee(parts.book),
            clock: parts.clock,
            hop: ArcSwapOption::new(parts.hop.map(Arc::new)),
            mail_waits: Notify::new(),
            protector: Arc::new(parts.protector),
            providers: ArcSwap::default(),
            spent: Spent::default(),
            store: parts.store,
            strikes: Strikes::default(),
            workers: parts.workers,
        }
    }

    /// Takes new rules, policy and settings into use. A message that is being
    /// judged keeps those it began with.
    pub fn reload(&self, book: Rulebook) {
        self.book.store(Arc::new(book));
    }

    /// Sends to this next hop from now on, if to any.
    pub fn send_to(&self, hop: Option<NextHop>) {
        self.hop.store(hop.map(Arc::new));
    }

    /// Rules, policy and settings in use now.
    pub fn book(&self) -> Arc<Rulebook> {
        self.book.load_full()
    }

    /// The quarantine, the outbox and the audit log.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The methods and their keys.
    pub fn protector(&self) -> &Protector {
        &self.protector
    }

    /// Writes one row of the audit log.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn record(&self, event: Event) -> Result<(), GateError> {
        self.store.commit(Change { events: vec![event], ..Change::default() }).await?;
        Ok(())
    }

    /// The time, as the gate sees it.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether mail that the gateway itself must send has somewhere to go.
    pub fn can_send(&self) -> bool {
        self.hop.load().is_some()
    }

    /// Reads bytes by the rules in use.
    pub fn reader(&self, book: &Arc<Rulebook>) -> Reader {
        Reader::new(Arc::clone(&self.workers), Arc::clone(book), self.store.person_key().clone())
    }

    /// Closes the ledger and ends the readers.
    pub async fn stop(&self) {
        if let Err(error) = self.store.enter_answers().await {
            error!(error = error::chain(&error), "last answers not entered in the ledger");
        }
        self.workers.stop().await;
    }

    async fn handle(&self, taken: Taken) -> Outcome {
        let started = Instant::now();
        let event = self.store.event_id(&taken.envelope, &taken.raw);
        let recipients = taken.envelope.recipients.clone();
        let submission = Submission {
            id: event,
            channel: Channel { reinjects: self.can_send(), ..taken.channel },
            envelope: taken.envelope,
            raw: taken.raw,
            wishes: taken.wishes,
        };
        let span = info_span!("message", event = %event);
        let _watch = self.strikes.watch(event);
        let handled = async {
            let book = self.book();
            if self.strikes.is_out(event) {
                error!("message broke down three times, judged as unreadable");
                let decision = self.decide_unreadable(&book, &submission).await?;
                return self.carry_out(&book, &submission, &decision, started).await;
            }
            if let Some(ended) = self.end_loop(&book, &submission, started).await? {
                return Ok(ended);
            }
            if let Some(passed) = self.let_pass(&book, &submission, started).await? {
                return Ok(passed);
            }
            let decision = self.decide(&book, &submission).await?;
            let outcome = self.carry_out(&book, &submission, &decision, started).await?;
            self.strikes.forgive(event);
            Ok(outcome)
        };
        match handled.instrument(span).await {
            Ok(outcome) => outcome,
            Err(error) => {
                if matches!(error, GateError::Panicked) {
                    self.strikes.strike(event);
                }
                error!(event = %event, error = %error::chain(&error), "deferred: inner error");
                metrics::counter!(ERRORS).increment(1);
                Outcome::deferred(Some(event), recipients)
            }
        }
    }
}

/// A message as a front-end took it, before it has a name.
pub struct Taken {
    /// What the front-end can still do; whether copies can go another way is
    /// for the gate to know.
    pub channel: Channel,
    /// Sender and recipients, each once.
    pub envelope: Envelope,
    /// Headers and body with CR LF line ends, as received.
    pub raw: Raw,
    /// What the sender wishes to be told.
    pub wishes: Wishes,
}

/// Whoever judges messages. Front-ends know no more of the gate than this.
pub trait Judge: Send + Sync {
    /// Judges one message. Never fails: an inner error is an outcome in which
    /// every recipient is deferred.
    fn judge(&self, taken: Taken) -> Pin<Box<dyn Future<Output = Outcome> + Send + '_>>;

    /// Hears what was answered about a message that was judged, once for each
    /// answer that accepts anyone. Returns at once. A judge that keeps no
    /// ledger has no use for it.
    fn answered(&self, answered: Answered) {
        drop(answered);
    }

    /// Hears that the next hop took a message and will not tell its sender,
    /// who may wish to know. Never fails: it is told as far as possible. A
    /// judge that writes no reports has no use for it.
    fn relayed(&self, mail: Relayed) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        drop(mail);
        Box::pin(std::future::ready(()))
    }
}

impl Judge for Gate {
    fn judge(&self, taken: Taken) -> Pin<Box<dyn Future<Output = Outcome> + Send + '_>> {
        Box::pin(self.handle(taken))
    }

    fn answered(&self, answered: Answered) {
        self.store.note_answered(answered);
    }

    fn relayed(&self, mail: Relayed) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move { self.tell_relayed(&mail).await })
    }
}

/// A path from a settings file, taken from the folder of that file when it is
/// relative.
pub(crate) fn beside(file: &Path, path: &Path) -> PathBuf {
    file.parent().map_or_else(|| path.to_owned(), |folder| folder.join(path))
}
