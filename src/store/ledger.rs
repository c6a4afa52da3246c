//! The conservation ledger: every recipient that a client was told "accepted"
//! about is somewhere, and in one place only.
//!
//! Two accounts, in recipients and by the hour (UTC). What came in: `accepted`
//! counts the answers that front-ends gave; against it stand those passed on
//! in the session (`delivered`), and those found in the rows of quarantine,
//! outbox and refusals when the answer is entered. An answer for which no row
//! is found is a lost message, and the two sides differ. What moved: each row
//! that comes or goes in quarantine and outbox, counted in its transaction, so
//! that their sum is the number of rows that are there.
//!
//! Answers are kept in memory and entered with the next transaction, or after
//! a second; a process that is killed forgets both sides of them. It costs no
//! sync of its own. Nothing here stops mail: `check` tells, people act.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use sqlx::{QueryBuilder, SqlitePool};
use tokio::{sync::Notify, time::sleep};
use tracing::error;

use super::{
    change::NewRefusal,
    database::{Backend, Connection, millis, time},
    error::StoreError,
};
use crate::{
    base::{id::EventId, measure::LEDGER},
    model::{Address, Answered},
};

/// One hour of the ledger, in recipients.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct LedgerHour {
    /// When it began.
    #[serde(serialize_with = "super::as_text")]
    pub hour: Timestamp,
    /// Clients were told that it is accepted.
    pub accepted: i64,
    /// Passed on to the next hop while the client waited.
    pub delivered: i64,
    /// Taken into the quarantine.
    pub held: i64,
    /// Taken into the outbox.
    pub outbox: i64,
    /// Refused after it was accepted; the sender is told by mail.
    pub refused: i64,
    /// Accepted once more after the client had lost the first answer.
    pub repeated: i64,
}

impl LedgerHour {
    /// How many were accepted that are nowhere; below zero when more are
    /// somewhere than were accepted.
    pub fn difference(&self) -> i64 {
        self.accepted - self.delivered - self.held - self.outbox - self.refused
    }
}

/// How much to raise which entry by.
pub(super) type Entries = BTreeMap<&'static str, i64>;

/// Raises one entry.
pub(super) fn add(entries: &mut Entries, name: &'static str, by: usize) {
    *entries.entry(name).or_default() += i64::try_from(by).unwrap_or(i64::MAX);
}

/// Answers that are not entered yet.
#[derive(Default)]
pub(super) struct Desk {
    pending: Mutex<Pending>,
    waiting: Notify,
}

/// What was answered: numbers for what was passed on in the session, names for
/// what must be found.
#[derive(Default)]
pub(super) struct Pending {
    delivered: usize,
    kept: Vec<(EventId, Vec<Address>)>,
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.delivered == 0 && self.kept.is_empty()
    }
}

impl Desk {
    /// Takes an answer in, to be entered soon.
    pub(super) fn note(&self, answered: Answered) {
        let Answered { event, accepted, delivered } = answered;
        let passed_on: HashSet<Address> = delivered.into_iter().collect();
        let (delivered, kept): (Vec<_>, Vec<_>) =
            accepted.into_iter().partition(|recipient| passed_on.contains(recipient));
        let mut pending = self.lock();
        pending.delivered += delivered.len();
        if !kept.is_empty() {
            pending.kept.push((event, kept));
        }
        drop(pending);
        self.waiting.notify_one();
    }

    /// Hands out what is to be entered.
    pub(super) fn take(&self) -> Pending {
        std::mem::take(&mut *self.lock())
    }

    /// Takes back what could not be entered.
    pub(super) fn put_back(&self, pending: Pending) {
        if pending.is_empty() {
            return;
        }
        let mut now = self.lock();
        now.delivered += pending.delivered;
        now.kept.extend(pending.kept);
        drop(now);
        self.waiting.notify_one();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Ends when answers have waited for a second.
    pub(super) async fn is_due(&self) {
        self.waiting.notified().await;
        sleep(FLUSH).await;
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Enters answers, inside the caller's transaction: looks for each accepted
/// recipient in the rows, and marks what it finds, so that the same answer
/// given again does not count again.
pub(super) async fn settle(
    connection: &mut Connection,
    pending: &Pending,
    now: Timestamp,
) -> Result<Entries, StoreError> {
    let mut entries = Entries::new();
    add(&mut entries, DELIVERED, pending.delivered);
    add(&mut entries, ACCEPTED, pending.delivered);
    for (event, recipients) in &pending.kept {
        for recipient in recipients {
            let found = find(connection, (*event, recipient), now).await?;
            if found != Found::Again {
                add(&mut entries, ACCEPTED, 1);
            }
            match found {
                Found::Again => add(&mut entries, REPEATED, 1),
                Found::In(place) => add(&mut entries, place, 1),
                Found::Nowhere => {
                    error!(%event, "a recipient was accepted and is nowhere");
                }
            }
        }
    }
    Ok(entries)
}

#[derive(Eq, PartialEq)]
enum Found {
    Again,
    In(&'static str),
    Nowhere,
}

async fn find(
    connection: &mut Connection,
    (event, recipient): (EventId, &Address),
    now: Timestamp,
) -> Result<Found, StoreError> {
    let mut found = None;
    for (place, mark) in MARKS {
        let marked = sqlx::query(*mark)
            .bind(millis(now))
            .bind(event.to_string())
            .bind(recipient.as_str())
            .execute(&mut *connection)
            .await?;
        if marked.rows_affected() > 0 {
            found = found.or(Some(Found::In(place)));
        }
    }
    if let Some(found) = found {
        return Ok(found);
    }
    let rows: i64 = sqlx::query_scalar(ROWS)
        .bind(event.to_string())
        .bind(recipient.as_str())
        .fetch_one(connection)
        .await?;
    Ok(if rows > 0 { Found::Again } else { Found::Nowhere })
}

/// Writes entries under the hour of `now`, inside the caller's transaction.
pub(super) async fn raise(
    connection: &mut Connection,
    entries: &Entries,
    now: Timestamp,
) -> Result<(), StoreError> {
    let entries: Vec<_> = entries.iter().filter(|(_, value)| **value != 0).collect();
    if entries.is_empty() {
        return Ok(());
    }
    let hour = hour(now);
    QueryBuilder::<Backend>::new("INSERT INTO ledger (hour, name, value) ")
        .push_values(entries, |mut row, (name, value)| {
            row.push_bind(hour).push_bind(*name).push_bind(*value);
        })
        .push(" ON CONFLICT (hour, name) DO UPDATE SET value = ledger.value + excluded.value")
        .build()
        .execute(connection)
        .await?;
    Ok(())
}

/// Shows in the figures of this process what was entered.
pub(super) fn measure(entries: &Entries) {
    for name in [ACCEPTED, DELIVERED, HELD, OUTBOX, REFUSED] {
        let value = entries.get(name).copied().and_then(|value| u64::try_from(value).ok());
        metrics::counter!(LEDGER, "state" => name).increment(value.unwrap_or(0));
    }
}

/// Writes down who is refused by mail, inside the caller's transaction.
pub(super) async fn place(
    connection: &mut Connection,
    refusal: &NewRefusal,
    now: Timestamp,
) -> Result<(), StoreError> {
    for recipient in &refusal.recipients {
        let insert = "INSERT INTO refused_recipient (event, recipient, refused_at) \
                      VALUES ($1, $2, $3) ON CONFLICT (event, recipient) DO NOTHING";
        sqlx::query(insert)
            .bind(refusal.event.to_string())
            .bind(recipient.as_str())
            .bind(millis(now))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// The hours from `from` to `to` in which something was entered, in order.
pub(super) async fn read(
    readers: &SqlitePool,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<LedgerHour>, StoreError> {
    let select = "SELECT hour, name, value FROM ledger \
                  WHERE hour > 0 AND hour >= $1 AND hour <= $2 ORDER BY hour";
    let rows: Vec<(i64, String, i64)> =
        sqlx::query_as(select).bind(hour(from)).bind(millis(to)).fetch_all(readers).await?;
    let mut hours: Vec<LedgerHour> = Vec::new();
    for (hour, name, value) in rows {
        let hour = time(hour);
        if hours.last().is_none_or(|last| last.hour != hour) {
            hours.push(LedgerHour { hour, ..LedgerHour::default() });
        }
        let Some(last) = hours.last_mut() else { continue };
        match &*name {
            ACCEPTED => last.accepted = value,
            DELIVERED => last.delivered = value,
            HELD => last.held = value,
            OUTBOX => last.outbox = value,
            REFUSED => last.refused = value,
            REPEATED => last.repeated = value,
            // What moved; `check` sums it up.
            _ => {}
        }
    }
    Ok(hours)
}

/// Forgets hours of 90 days ago, but for the sum of what moved, and refusals of
/// 30 days ago; inside the caller's transaction.
pub(super) async fn forget(connection: &mut Connection, now: Timestamp) -> Result<(), StoreError> {
    let before = millis(now).saturating_sub(REMEMBER.as_millis() as i64);
    for statement in [
        "INSERT INTO ledger (hour, name, value) \
         SELECT 0, name, SUM(value) FROM ledger \
         WHERE hour > 0 AND hour <= $1 AND name LIKE '%/%' GROUP BY name \
         ON CONFLICT (hour, name) DO UPDATE SET value = ledger.value + excluded.value",
        "DELETE FROM ledger WHERE hour > 0 AND hour <= $1",
    ] {
        sqlx::query(statement).bind(before).execute(&mut *connection).await?;
    }
    sqlx::query("DELETE FROM refused_recipient WHERE refused_at <= $1")
        .bind(millis(now).saturating_sub(REMEMBER_REFUSALS.as_millis() as i64))
        .execute(connection)
        .await?;
    Ok(())
}

/// When the hour of `now` began. Zero is the entry of all that is forgotten.
fn hour(now: Timestamp) -> i64 {
    let hour = SignedDuration::from_hours(1).as_millis() as i64;
    millis(now).div_euclid(hour).saturating_mul(hour)
}

const ACCEPTED: &str = "accepted";
const DELIVERED: &str = "delivered";
const HELD: &str = "held";
const OUTBOX: &str = "outbox";
const REFUSED: &str = "refused";
const REPEATED: &str = "repeated";

/// What moved in the quarantine and in the outbox.
pub(super) const HELD_PLACED: &str = "held/placed";
pub(super) const HELD_DELETED: &str = "held/deleted";
pub(super) const HELD_REJECTED: &str = "held/rejected";
pub(super) const HELD_RELEASED: &str = "held/released";
pub(super) const OUTBOX_PLACED: &str = "outbox/placed";
pub(super) const OUTBOX_DROPPED: &str = "outbox/dropped";
pub(super) const OUTBOX_FAILED: &str = "outbox/failed";
pub(super) const OUTBOX_SENT: &str = "outbox/sent";

/// Where an accepted recipient can be, in the order in which it counts when
/// another policy put it in two places before the client heard an answer.
const MARKS: &[(&str, &str)] = &[
    (
        HELD,
        "UPDATE held_recipient SET answered = $1 \
         WHERE event = $2 AND recipient = $3 AND answered IS NULL",
    ),
    (
        OUTBOX,
        "UPDATE outbox_recipient SET answered = $1 \
         WHERE event = $2 AND purpose = 'copy' AND recipient = $3 AND answered IS NULL",
    ),
    (
        REFUSED,
        "UPDATE refused_recipient SET answered = $1 \
         WHERE event = $2 AND recipient = $3 AND answered IS NULL",
    ),
];
const ROWS: &str = "SELECT \
    (SELECT COUNT(*) FROM held_recipient WHERE event = $1 AND recipient = $2) + \
    (SELECT COUNT(*) FROM outbox_recipient \
     WHERE event = $1 AND purpose = 'copy' AND recipient = $2) + \
    (SELECT COUNT(*) FROM refused_recipient WHERE event = $1 AND recipient = $2)";

/// How long an answer may wait for a transaction to go along with.
const FLUSH: Duration = Duration::from_secs(1);
const REMEMBER: SignedDuration = SignedDuration::from_hours(90 * 24);
const REMEMBER_REFUSALS: SignedDuration = SignedDuration::from_hours(30 * 24);
