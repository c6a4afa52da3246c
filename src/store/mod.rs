//! Keeps what must not be lost: held messages, the outbox, the audit log and
//! counters, in one database and one folder of sealed content.
//!
//! Content is durable before its row, and all rows of a change are one
//! transaction: after `commit` everything of it is there, before it nothing.
//! Everything can be repeated after a failure without holding, sending or
//! telling twice. It makes no decisions and sends nothing. Each failure is a
//! [`StoreError`]; the message path answers 451 to it.

mod accounts;
mod alarms;
mod audit;
mod audit_export;
mod audit_search;
mod balance;
mod blobs;
mod change;
mod checkpoint;
mod comments;
mod counts;
mod database;
mod error;
mod figures;
mod held;
mod ids;
mod keys;
mod ledger;
mod legal_hold;
mod links;
mod master;
mod outbox;
mod persons;
mod proposals;
mod provided;
mod purge;
mod queue;
mod retention;
mod rights;
mod schema;
mod seal;
mod second_factor;
mod senders;
mod sending;
mod sessions;
mod tokens;
mod wishes;
mod writer;

use std::{
    collections::HashSet, fmt::Display, fs, path::Path, str::FromStr, sync::Arc, time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serializer};
use serde_json::json;

pub use self::{
    accounts::{Account, AccountChange, Invitation},
    alarms::{Changed, RuleProposal, Trial, WrongAlarm},
    audit::{AuditReport, AuditRow, BadRow},
    audit_export::{CSV_HEAD, EVIDENCE},
    audit_search::{AuditFilter, KeptRecipient},
    balance::Imbalance,
    change::{
        Change, Committed, HeldState, NewHold, NewQueued, NewRefusal, OutboxState, Placed, Purpose,
        UnknownState,
    },
    checkpoint::{Checkpoint, ExportReport, Inspector, WrongKey},
    comments::{Comment, SenderHistory},
    counts::Counts,
    error::StoreError,
    figures::DailyCounts,
    held::{Held, HeldFilter},
    ids::{AccountId, HeldId, ProposalId, QueuedId, TokenId},
    ledger::LedgerHour,
    legal_hold::{Kept, LegalHold},
    links::{LinkUse, UsedLink},
    outbox::{OutboxFilter, OutboxItem, OutboxRecipient},
    proposals::{Proposal, ProposalChange, Proposed},
    provided::Vouched,
    queue::{Assigned, QueueFilter, QueueSort, QueueTotal},
    retention::Retention,
    rights::{Correction, Erased},
    second_factor::SecondFactor,
    sending::{Attempt, Fate, Queued},
    sessions::OpenSession,
    tokens::{NewToken, Token},
};
use self::{
    audit::Entry,
    blobs::{Blobs, Place},
    change::{Content, Ready, seal_content},
    database::{Database, Durability, millis},
    keys::Keys,
    master::MasterKeyFile,
    seal::Sealed,
    senders::Senders,
    writer::{Writer, Written},
};
use crate::{
    base::{clock::Clock, id::EventId, secret::Secret},
    model::{Act, Answered, Envelope, Event, Raw, Reviewer, Wishes},
};

/// The store. Clones share everything; several processes may open the same
/// folder.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    database: Arc<Database>,
    blobs: Blobs,
    keys: Arc<Keys>,
    answers: Arc<ledger::Desk>,
    senders: Senders,
    writer: Writer,
    clock: Arc<dyn Clock>,
    swept: Vec<String>,
    key_is_apart: bool,
}

/// Whether something was settled now or had been before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Settled<State> {
    /// Nothing was done: it was in this final state.
    Already(State),
    /// It was done.
    Now,
}

impl Store {
    /// Opens the store in `folder`, and makes it at the first start. Without
    /// `master_key`, the key file is `$CREDENTIALS_DIRECTORY/master.key` when
    /// that exists, else `master.key` in the folder; it is made only where
    /// there is no database yet.
    ///
    /// # Errors
    ///
    /// See [`StoreError`]; after one, nothing was changed except that folders
    /// and a first key may have been made.
    pub async fn open(
        folder: &Path,
        master_key: Option<&Path>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        Self::open_patiently(folder, master_key, clock, PATIENCE).await
    }

    /// Like [`Store::open`], but waits at most `patience` when another process
    /// has locked the database.
    ///
    /// # Errors
    ///
    /// As [`Store::open`].
    pub async fn open_patiently(
        folder: &Path,
        master_key: Option<&Path>,
        clock: Arc<dyn Clock>,
        patience: Duration,
    ) -> Result<Self, StoreError> {
        master::make_folder(folder)?;
        let content = folder.join(CONTENT);
        let file = folder.join(DATABASE);
        let key_file = MasterKeyFile::find(folder, master_key);
        if fs::metadata(&file).is_ok_and(|metadata| metadata.len() > 0) {
            // Read before the database is touched.
        } else if is_used(&content) || folder.join(WRITE_AHEAD_LOG).exists() {
            return Err(StoreError::DatabaseMissing(file));
        } else {
            key_file.make()?;
        }
        let key_is_apart = !key_file.path.starts_with(folder);
        let keys = Arc::new(Keys::derive(&key_file.read()?));
        let database = Arc::new(Database::open(&file, patience).await?);
        if !schema::prepare(&database, &keys).await? {
            return Err(StoreError::KeyWrong(key_file.path));
        }
        let blobs = Blobs::in_folder(&content)?;
        let swept = sweep(&database, &blobs).await?;
        let senders = Senders::of(folder);
        let answers = Arc::new(ledger::Desk::default());
        let writer = Writer::start(database.clone(), keys.clone(), clock.clone(), answers.clone());
        Ok(Self(Arc::new(Inner {
            database,
            blobs,
            keys,
            answers,
            senders,
            writer,
            clock,
            swept,
            key_is_apart,
        })))
    }

    /// What crashes had left behind and was removed when the store opened.
    pub fn swept(&self) -> &[String] {
        &self.0.swept
    }

    /// Whether the master key is kept apart from the folder.
    pub fn master_key_is_apart(&self) -> bool {
        self.0.key_is_apart
    }

    /// Checks that the database and the folder take writes.
    ///
    /// # Errors
    ///
    /// They do not, or not in time.
    pub async fn ready(&self) -> Result<(), StoreError> {
        if self.0.writer.is_closed() {
            return Err(StoreError::Closed);
        }
        self.0.database.write(Durability::Process).await?.commit().await?;
        self.0.blobs.probe().await
    }

    /// The name of a message with its envelope: a keyed hash of both, so that
    /// a retry gets the same name. The order of recipients does not matter.
    pub fn event_id(&self, envelope: &Envelope, raw: &Raw) -> EventId {
        self.0.keys.event_id(envelope, raw)
    }

    /// The key under which persons are told apart without being named.
    pub fn person_key(&self) -> &Secret<[u8; 32]> {
        &self.0.keys.person
    }

    /// A keyed hash for another purpose, such as signing a link.
    pub fn mac(&self, purpose: &str, bytes: &[u8]) -> [u8; 32] {
        self.0.keys.other(purpose, bytes)
    }

    /// Keeps a change, all or nothing. When this returns, everything of it is
    /// durable; a change of events alone may lose its last rows at a power
    /// loss, not at the death of the process.
    ///
    /// # Errors
    ///
    /// Nothing was kept, and the change can be repeated.
    pub async fn commit(&self, change: Change) -> Result<Committed, StoreError> {
        Ok(self.write(Ready::new(change)?).await?.committed)
    }

    /// Takes note of what a front-end answered, for the ledger. It is entered
    /// with the next change, or within a second or two.
    pub fn note_answered(&self, answered: Answered) {
        self.0.answers.note(answered);
    }

    /// Enters what was answered and not entered yet.
    ///
    /// # Errors
    ///
    /// The database fails; it is tried again by itself.
    pub async fn enter_answers(&self) -> Result<(), StoreError> {
        if !self.0.answers.is_empty() {
            self.commit(Change::default()).await?;
        }
        Ok(())
    }

    /// Lists held messages, the latest first.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn held(&self, filter: &HeldFilter) -> Result<Vec<Held>, StoreError> {
        held::list(&self.0.database.readers, filter).await
    }

    /// Finds one held message.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn held_by_id(&self, id: HeldId) -> Result<Option<Held>, StoreError> {
        held::find(&self.0.database.readers, id).await
    }

    /// Opens a held message for a person to see. The audit log says who and
    /// why before the content is read.
    ///
    /// # Errors
    ///
    /// There is no such item, its content is destroyed, missing or altered, or
    /// the audit row cannot be written.
    pub async fn reveal_held(
        &self,
        id: HeldId,
        reviewer: &Reviewer,
    ) -> Result<Vec<u8>, StoreError> {
        let mut writing = self.0.database.write(Durability::Power).await?;
        let (event, key) = held::key(writing.connection(), id).await?;
        let revealed = Entry::from(&Event {
            event: Some(event),
            actor: reviewer.name().to_owned(),
            act: Act::Revealed,
            facts: json!({ "held": id, "purpose": reviewer.purpose() }),
        });
        let now = millis(self.0.clock.now());
        audit::append(writing.connection(), &self.0.keys, now, &[&revealed]).await?;
        writing.commit().await?;
        self.open_content(Place::Held, id.to_string(), key).await
    }

    /// Opens a held message for the machine to read again, as release does.
    /// Nobody is shown it; the release itself is what the audit log tells.
    ///
    /// # Errors
    ///
    /// There is no such item, or its content is destroyed, missing or altered.
    pub async fn reread_held(
        &self,
        id: HeldId,
        _reviewer: &Reviewer,
    ) -> Result<Vec<u8>, StoreError> {
        let mut connection = self.0.database.readers.acquire().await?;
        let (_, key) = held::key(&mut connection, id).await?;
        drop(connection);
        self.open_content(Place::Held, id.to_string(), key).await
    }

    /// What the sender of a held message wishes to be told.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn held_wishes(&self, id: HeldId) -> Result<Wishes, StoreError> {
        let mut connection = self.0.database.readers.acquire().await?;
        wishes::of_held(&mut connection, id).await
    }

    /// Settles a held message, once: later calls do nothing. What is to be
    /// queued and audited with it is one transaction. Deleting and rejecting
    /// destroy its content.
    ///
    /// # Errors
    ///
    /// Nothing was done: there is no such item, or the database or the folder
    /// fails.
    pub async fn settle_held(
        &self,
        id: HeldId,
        to: HeldState,
        queue: Vec<NewQueued>,
        events: Vec<Event>,
    ) -> Result<Settled<HeldState>, StoreError> {
        let mut ready = Ready::new(Change { queue, events, ..Change::default() })?;
        ready.settle = Some((id, to));
        self.settle(ready, id, to).await
    }

    async fn settle(
        &self,
        ready: Ready,
        id: HeldId,
        to: HeldState,
    ) -> Result<Settled<HeldState>, StoreError> {
        let written = self.write(ready).await?;
        if let Some(state) = written.settled_before {
            return Ok(Settled::Already(state));
        }
        if matches!(to, HeldState::Deleted | HeldState::Rejected) {
            self.0.blobs.discard(Place::Held, &id.to_string()).await;
            self.0.database.flush_log().await;
        }
        Ok(Settled::Now)
    }

    /// Lists the outbox, the latest first.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn outbox(&self, filter: &OutboxFilter) -> Result<Vec<OutboxItem>, StoreError> {
        outbox::list(&self.0.database.readers, filter).await
    }

    /// Checks the whole audit log.
    ///
    /// # Errors
    ///
    /// The database does not answer. A broken chain is no error.
    pub async fn audit_verify(&self) -> Result<AuditReport, StoreError> {
        self.audit_verify_with(&[]).await
    }

    /// Checks the whole audit log, and that it says what checkpoints that were
    /// kept elsewhere say. Those that this store did not sign are left out.
    ///
    /// # Errors
    ///
    /// The database does not answer. A broken chain is no error.
    pub async fn audit_verify_with(&self, kept: &[Checkpoint]) -> Result<AuditReport, StoreError> {
        let key = self.audit_key();
        let own: Vec<_> = kept.iter().filter(|point| point.is_signed_by(&key)).cloned().collect();
        audit::verify(&self.0.database.readers, &self.0.keys, &own).await
    }

    /// Audit rows from place `from` on, at most `limit` and at most 1000. Ask
    /// again from one past the last row until there are none.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn audit_page(&self, from: i64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        audit::page(&self.0.database.readers, from, limit).await
    }

    /// The last row of the audit log; 0 when there is none.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn audit_rows(&self) -> Result<i64, StoreError> {
        let select = "SELECT COALESCE(MAX(seq), 0) FROM audit";
        Ok(sqlx::query_scalar(select).fetch_one(&self.0.database.readers).await?)
    }

    /// All audit rows about one message, in order.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn event_audit(&self, event: EventId) -> Result<Vec<AuditRow>, StoreError> {
        audit::of_event(&self.0.database.readers, event).await
    }

    /// Counters of all days from that of `from` to that of `to`, and what is
    /// held and queued now.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn counts(&self, from: Timestamp, to: Timestamp) -> Result<Counts, StoreError> {
        counts::read(&self.0.database.readers, from, to).await
    }

    async fn write(&self, mut ready: Ready) -> Result<Written, StoreError> {
        if let Err(error) = self.seal(&mut ready).await {
            self.discard(ready.contents().map(|(place, id, _)| (place, id))).await;
            return Err(error);
        }
        let (ready, written) = self.0.writer.write(ready).await;
        match &written {
            Ok(written) => self.discard(ready.unused(written)).await,
            // A commit that broke off may have taken place all the same; then
            // its rows need the content. The next start knows.
            Err(StoreError::Database(_) | StoreError::Closed) => {}
            Err(_) => self.discard(ready.contents().map(|(place, id, _)| (place, id))).await,
        }
        written
    }

    /// Puts the content of a change on disk, except what is there already.
    async fn seal(&self, ready: &mut Ready) -> Result<(), StoreError> {
        let Inner { database, blobs, keys, .. } = &*self.0;
        for item in &mut ready.holds {
            let mut connection = database.readers.acquire().await?;
            let holders = held::holders(&mut connection, item.new.event, &item.recipients).await?;
            drop(connection);
            for (id, state) in holders.found {
                let id = id.to_string();
                // "Already held" is an accept: not without the content.
                if state == HeldState::Held && !blobs.holds(Place::Held, &id).await? {
                    return Err(StoreError::ContentMissing(id));
                }
            }
            if !holders.missing.is_empty() {
                let content = Content::Message(item.new.raw.clone());
                let id = item.id.to_string();
                item.sealed_key = Some(seal_content(keys, blobs, Place::Held, id, content).await?);
            }
        }
        let now = self.0.clock.now();
        for item in &mut ready.queue {
            let mut connection = database.readers.acquire().await?;
            let (missing, _) =
                outbox::missing(&mut connection, &item.new, &item.recipients).await?;
            let limited = outbox::is_limited(&mut connection, &item.new, now).await?;
            drop(connection);
            if !missing.is_empty() && !limited {
                let content = Content::Parcel(item.new.parcel.clone());
                let id = item.id.to_string();
                item.sealed_key =
                    Some(seal_content(keys, blobs, Place::Outbox, id, content).await?);
            }
        }
        Ok(())
    }

    async fn discard(&self, contents: impl Iterator<Item = (Place, String)>) {
        for (place, id) in contents {
            self.0.blobs.discard(place, &id).await;
        }
    }

    async fn open_content(
        &self,
        place: Place,
        id: String,
        key: String,
    ) -> Result<Vec<u8>, StoreError> {
        let blob = self.0.blobs.read(place, &id).await?;
        let keys = self.0.keys.clone();
        let opening = tokio::task::spawn_blocking(move || {
            seal::open(&keys.wrap, place, &id, &Sealed { blob, key })
        });
        opening.await.map_err(|_| StoreError::Closed)?
    }
}

/// Removes what crashes left behind.
async fn sweep(database: &Database, blobs: &Blobs) -> Result<Vec<String>, StoreError> {
    let select = "SELECT id FROM held WHERE sealed_key IS NOT NULL \
                  UNION ALL SELECT id FROM outbox WHERE sealed_key IS NOT NULL";
    let known: Vec<String> = sqlx::query_scalar(select).fetch_all(&database.readers).await?;
    let known: HashSet<String> = known.into_iter().collect();
    let swept = blobs.sweep(&known).await?;
    for name in &swept {
        tracing::warn!(name, "removed sealed content that a crash left behind");
    }
    Ok(swept)
}

/// Whether there is any content in the folder.
fn is_used(content: &Path) -> bool {
    [Place::Held, Place::Outbox].iter().any(|place| {
        fs::read_dir(content.join(place.as_str())).is_ok_and(|mut all| all.next().is_some())
    })
}

/// Serialises a time as RFC 3339 text.
fn as_text<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Reads a time from RFC 3339 text.
fn from_text<'de, T: FromStr, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| serde::de::Error::custom("not a time"))
}

/// A limit on rows as asked for, within bounds.
fn limit(asked: u32) -> i64 {
    if asked == 0 { MOST_ROWS } else { i64::from(asked).min(MOST_ROWS) }
}

const DATABASE: &str = "sluse.db";
const WRITE_AHEAD_LOG: &str = "sluse.db-wal";
const CONTENT: &str = "sealed";
const MOST_ROWS: i64 = 1000;
/// A sender waits for an answer for minutes, but so do all others behind it.
const PATIENCE: Duration = Duration::from_secs(4);
