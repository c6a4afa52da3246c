//! Sending what is in the outbox: claiming, settling, giving up.
//!
//! An item is claimed for half an hour: whoever sends must be done by then, or
//! another process takes it up. What a crash left claimed is free when the
//! service starts again. Each recipient is settled alone, so that a
//! retry goes only to those who do not have it yet. A settled attempt survives
//! a power loss before the caller hears of it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sqlx::Row as _;

use super::{
    OutboxState, Place, Purpose, QueuedId, Settled, Store, StoreError,
    audit::{self, Entry},
    counts,
    database::{Connection, Durability, Row, millis},
    ledger::{self, Entries},
    outbox::PENDING,
    wishes,
};
use crate::{
    base::id::EventId,
    model::{Act, Address, Event, Reviewer, Wishes},
    policy::Parcel,
};

/// An item to send now.
#[derive(Clone, Debug)]
pub struct Queued {
    /// Its name.
    pub id: QueuedId,
    /// The message it comes from.
    pub event: EventId,
    /// What it is.
    pub purpose: Purpose,
    /// What to send, with its proof.
    pub parcel: Parcel,
    /// Those recipients of the parcel who do not have it yet. Send to nobody
    /// else.
    pub pending: Vec<Address>,
    /// Which attempt this is, from 1.
    pub attempts: u32,
    /// What the sender wishes to be told about them.
    pub wishes: Wishes,
}

/// How an attempt ended for one recipient. The texts are for operators: codes
/// and reasons, never content.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fate {
    /// Refused for good.
    Failed(String),
    /// Refused for now, or not reached.
    Retry(String),
    /// Accepted by the next hop.
    Sent,
}

/// What an attempt led to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attempt {
    /// The state of the item now.
    pub state: OutboxState,
    /// Who will not get it, as became clear with this attempt, and why.
    pub failed: Vec<(Address, String)>,
    /// Whether it has taken long by now; said once.
    pub is_late: bool,
}

impl Store {
    /// Claims what is due at `now`, at most `limit` items, for half an hour. No
    /// two callers get the same item, in this process or another. An item
    /// whose content does not open is left out and logged; it stays.
    ///
    /// # Errors
    ///
    /// The database fails; nothing was claimed.
    pub async fn claim_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Queued>, StoreError> {
        self.0.senders.join()?;
        let mut writing = self.0.database.write(Durability::Process).await?;
        let claims = claim(writing.connection(), now, limit).await?;
        writing.commit().await?;
        let mut items = Vec::with_capacity(claims.len());
        for claim in claims {
            let Claim { id, event, purpose, attempts, sealed_key, pending, wishes } = claim;
            match self.open_parcel(id, sealed_key).await {
                Ok(parcel) => {
                    let item = Queued { id, event, purpose, parcel, pending, attempts, wishes };
                    items.push(item);
                }
                Err(error) => {
                    tracing::error!(%id, %error, "outbox item cannot be opened and is not sent");
                }
            }
        }
        Ok(items)
    }

    /// Gives free what a process that died had claimed, so that it is tried at
    /// once and not when the claim runs out. Does nothing while somebody may
    /// be sending, this process included: it is for the start of a service.
    ///
    /// # Errors
    ///
    /// The database or the lock file fails; the claims run out by themselves.
    pub async fn free_claims(&self) -> Result<u64, StoreError> {
        let Some(_alone) = self.0.senders.keep_out()? else { return Ok(0) };
        let mut writing = self.0.database.write(Durability::Process).await?;
        let update = "UPDATE outbox SET leased_until = 0 \
                      WHERE state = 'queued' AND leased_until > 0";
        let freed = sqlx::query(update).execute(writing.connection()).await?.rows_affected();
        writing.commit().await?;
        Ok(freed)
    }

    /// Writes down how an attempt ended for each recipient it was for. Those
    /// without a result wait on. When nobody waits any more, the content is
    /// destroyed; else the next attempt is set. After five days an item fails.
    ///
    /// # Errors
    ///
    /// Nothing was written; when the claim runs out the item is tried again.
    pub async fn settle_queued(
        &self,
        id: QueuedId,
        results: &[(Address, Fate)],
    ) -> Result<Attempt, StoreError> {
        let now = self.0.clock.now();
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        let (attempt, entries, moved) = settle(connection, id, results, now).await?;
        let counters: Vec<_> = entries.iter().map(|(_, counter)| counter.clone()).collect();
        let entries: Vec<&Entry> = entries.iter().map(|(entry, _)| entry).collect();
        audit::append(connection, &self.0.keys, millis(now), &entries).await?;
        counts::raise(connection, now, &counters.into_iter().collect()).await?;
        ledger::raise(connection, &moved, now).await?;
        writing.commit().await?;
        if attempt.state != OutboxState::Queued {
            self.0.blobs.discard(Place::Outbox, &id.to_string()).await;
        }
        Ok(attempt)
    }

    /// Makes a queued item due now. While it is being sent, that attempt goes
    /// first.
    ///
    /// # Errors
    ///
    /// There is no such item, or the database fails.
    pub async fn retry(&self, id: QueuedId) -> Result<Settled<OutboxState>, StoreError> {
        let mut writing = self.0.database.write(Durability::Process).await?;
        let before = retry(writing.connection(), id, self.0.clock.now()).await?;
        writing.commit().await?;
        Ok(before.map_or(Settled::Now, Settled::Already))
    }

    /// Gives a queued item up and destroys its content, on a person's word.
    ///
    /// # Errors
    ///
    /// There is no such item, or the database fails; then it is still queued.
    pub async fn drop_queued(
        &self,
        id: QueuedId,
        reviewer: &Reviewer,
    ) -> Result<Settled<OutboxState>, StoreError> {
        let now = self.0.clock.now();
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        let (event, recipients) = match drop_item(connection, id, now).await? {
            Ok(dropped) => dropped,
            Err(state) => {
                writing.commit().await?;
                return Ok(Settled::Already(state));
            }
        };
        let dropped = Entry::from(&Event {
            event: Some(event),
            actor: reviewer.name().to_owned(),
            act: Act::Dropped,
            facts: json!({
                "item": id, "recipients": recipients, "purpose": reviewer.purpose(), "why": "dropped"
            }),
        });
        audit::append(connection, &self.0.keys, millis(now), &[&dropped]).await?;
        let moved = Entries::from([(ledger::OUTBOX_DROPPED, recipients as i64)]);
        ledger::raise(connection, &moved, now).await?;
        writing.commit().await?;
        self.0.blobs.discard(Place::Outbox, &id.to_string()).await;
        self.0.database.flush_log().await;
        Ok(Settled::Now)
    }

    async fn open_parcel(&self, id: QueuedId, key: String) -> Result<Parcel, StoreError> {
        let stored = self.open_content(Place::Outbox, id.to_string(), key).await?;
        Parcel::from_stored(&stored).map_err(|_| StoreError::Tampered(id.to_string()))
    }
}

/// A claimed row, its content still sealed.
struct Claim {
    id: QueuedId,
    event: EventId,
    purpose: Purpose,
    attempts: u32,
    sealed_key: String,
    pending: Vec<Address>,
    wishes: Wishes,
}

/// A counter and how much to raise it by.
type Counter = (String, u64);

/// Claims what is due, inside the caller's transaction. A time that lies
/// further ahead than any this module sets counts as due: the clock was set
/// back.
async fn claim(
    connection: &mut Connection,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Claim>, StoreError> {
    let now = millis(now);
    let update = "UPDATE outbox SET attempts = attempts + 1, leased_until = $2 WHERE id IN ( \
                      SELECT id FROM outbox WHERE state = 'queued' \
                      AND (next_at <= $1 OR next_at > $3) \
                      AND (leased_until <= $1 OR leased_until > $2) \
                      ORDER BY next_at LIMIT $4) \
                  RETURNING id, event, purpose, attempts, sealed_key";
    let rows = sqlx::query(update)
        .bind(now)
        .bind(now.saturating_add(LEASE.as_millis() as i64))
        .bind(now.saturating_add(LONGEST_WAIT.as_millis() as i64))
        .bind(super::limit(limit))
        .fetch_all(&mut *connection)
        .await?;
    let mut claims = Vec::with_capacity(rows.len());
    for row in &rows {
        claims.push(claimed(connection, row).await?);
    }
    Ok(claims)
}

async fn claimed(connection: &mut Connection, row: &Row) -> Result<Claim, StoreError> {
    let id: String = row.try_get("id")?;
    let unreadable = |what| StoreError::Unreadable { what, id: id.clone() };
    let select = "SELECT recipient, wish FROM outbox_recipient \
                  WHERE item = $1 AND state = $2 ORDER BY recipient";
    let rows: Vec<(String, Option<String>)> =
        sqlx::query_as(select).bind(&id).bind(PENDING).fetch_all(connection).await?;
    let read = |(address, wish): (String, Option<String>)| {
        let address: Address = address.parse().map_err(|_| unreadable("recipient"))?;
        Ok((address, wishes::wish(wish.as_deref())))
    };
    let wished: Vec<_> = rows.into_iter().map(read).collect::<Result<_, StoreError>>()?;
    let text = |column: &'static str| row.try_get::<String, _>(column);
    Ok(Claim {
        id: id.parse().map_err(|_| unreadable("id"))?,
        event: text("event")?.parse().map_err(|_| unreadable("event"))?,
        purpose: text("purpose")?.parse().map_err(|()| unreadable("purpose"))?,
        attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
        sealed_key: text("sealed_key")?,
        pending: wished.iter().map(|(address, _)| address.clone()).collect(),
        wishes: wished.into_iter().collect(),
    })
}

/// Writes down how an attempt ended, inside the caller's transaction. Returns
/// what it led to, and the audit rows that tell of it.
async fn settle(
    connection: &mut Connection,
    id: QueuedId,
    results: &[(Address, Fate)],
    now: Timestamp,
) -> Result<(Attempt, Vec<(Entry, Counter)>, Entries), StoreError> {
    let item = open_item(connection, id).await?;
    if item.state != OutboxState::Queued {
        let attempt = Attempt { state: item.state, failed: Vec::new(), is_late: false };
        return Ok((attempt, Vec::new(), Entries::new()));
    }
    let mut sent = 0;
    let mut failed = Vec::new();
    for (recipient, fate) in results {
        let (state, reply) = match fate {
            Fate::Failed(reply) => (FAILED, Some(reply.as_str())),
            Fate::Retry(reply) => (PENDING, Some(reply.as_str())),
            Fate::Sent => (SENT, None),
        };
        let changed = set_recipient(connection, id, recipient, (state, reply)).await?;
        match fate {
            Fate::Failed(reply) if changed => failed.push((recipient.clone(), reply.clone())),
            Fate::Sent if changed => sent += 1,
            Fate::Failed(_) | Fate::Retry(_) | Fate::Sent => {}
        }
    }
    // Counting attempts too: a clock that jumps ahead must not end anything.
    if item.expires_at <= millis(now) && item.attempts >= FEWEST_ATTEMPTS {
        failed.extend(give_up(connection, id, FAILED).await?);
    }
    let state = finish(connection, id, &item, now).await?;
    let is_late = state == OutboxState::Queued && turns_late(connection, id, now).await?;
    let facts = |recipients: usize| json!({ "item": id.to_string(), "purpose": item.purpose, "recipients": recipients });
    let mut entries = Vec::new();
    if sent > 0 {
        let entry = Entry::from(&Event::of_gate(item.event, Act::Sent, facts(sent)));
        entries.push((entry, (format!("sent/{}", item.purpose.as_str()), sent as u64)));
    }
    if !failed.is_empty() {
        let mut facts = facts(failed.len());
        facts["why"] = Value::from("failed");
        let entry = Entry::from(&Event::of_gate(item.event, Act::Dropped, facts));
        let counter = format!("failed/{}", item.purpose.as_str());
        entries.push((entry, (counter, failed.len() as u64)));
    }
    let mut moved = Entries::new();
    ledger::add(&mut moved, ledger::OUTBOX_SENT, sent);
    ledger::add(&mut moved, ledger::OUTBOX_FAILED, failed.len());
    Ok((Attempt { state, failed, is_late }, entries, moved))
}

/// Gives an item up on a person's word, inside the caller's transaction.
/// Returns the state it had when that was final already.
async fn drop_item(
    connection: &mut Connection,
    id: QueuedId,
    now: Timestamp,
) -> Result<Result<(EventId, usize), OutboxState>, StoreError> {
    let item = open_item(connection, id).await?;
    if item.state != OutboxState::Queued {
        return Ok(Err(item.state));
    }
    let dropped = give_up(connection, id, DROPPED).await?;
    end(connection, id, OutboxState::Dropped, now).await?;
    Ok(Ok((item.event, dropped.len())))
}

/// Makes an item due now, unless it is being sent at this moment; then the
/// attempt under way counts. Returns its state when that is final already.
async fn retry(
    connection: &mut Connection,
    id: QueuedId,
    now: Timestamp,
) -> Result<Option<OutboxState>, StoreError> {
    let item = open_item(connection, id).await?;
    if item.state != OutboxState::Queued {
        return Ok(Some(item.state));
    }
    sqlx::query("UPDATE outbox SET next_at = $1 WHERE id = $2")
        .bind(millis(now))
        .bind(id.to_string())
        .execute(connection)
        .await?;
    Ok(None)
}

/// What settling needs to know of an item.
struct OpenItem {
    event: EventId,
    purpose: Purpose,
    state: OutboxState,
    attempts: i64,
    expires_at: i64,
}

async fn open_item(connection: &mut Connection, id: QueuedId) -> Result<OpenItem, StoreError> {
    let select = "SELECT event, purpose, state, attempts, expires_at FROM outbox WHERE id = $1";
    let row: Option<(String, String, String, i64, i64)> =
        sqlx::query_as(select).bind(id.to_string()).fetch_optional(connection).await?;
    let (event, purpose, state, attempts, expires_at) =
        row.ok_or_else(|| StoreError::UnknownItem(id.to_string()))?;
    let unreadable = |what| StoreError::Unreadable { what, id: id.to_string() };
    Ok(OpenItem {
        event: event.parse().map_err(|_| unreadable("event"))?,
        purpose: purpose.parse().map_err(|()| unreadable("purpose"))?,
        state: state.parse().map_err(|_| unreadable("state"))?,
        attempts,
        expires_at,
    })
}

/// Notes that an item takes long, when it does and that was not noted before.
async fn turns_late(
    connection: &mut Connection,
    id: QueuedId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let update = "UPDATE outbox SET late_at = $1 \
                  WHERE id = $2 AND late_at IS NULL AND queued_at <= $3";
    let long_ago = millis(now).saturating_sub(LATE_AFTER.as_millis() as i64);
    let done = sqlx::query(update)
        .bind(millis(now))
        .bind(id.to_string())
        .bind(long_ago)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

async fn set_recipient(
    connection: &mut Connection,
    id: QueuedId,
    recipient: &Address,
    (state, reply): (&str, Option<&str>),
) -> Result<bool, StoreError> {
    let update = "UPDATE outbox_recipient SET state = $1, reply = $2 \
                  WHERE item = $3 AND recipient = $4 AND state = $5";
    let done = sqlx::query(update)
        .bind(state)
        .bind(reply)
        .bind(id.to_string())
        .bind(recipient.as_str())
        .bind(PENDING)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends the waiting of everyone who still waits; returns who that was.
async fn give_up(
    connection: &mut Connection,
    id: QueuedId,
    state: &str,
) -> Result<Vec<(Address, String)>, StoreError> {
    let update = "UPDATE outbox_recipient SET state = $1 WHERE item = $2 AND state = $3 \
                  RETURNING recipient, reply";
    let rows: Vec<(String, Option<String>)> = sqlx::query_as(update)
        .bind(state)
        .bind(id.to_string())
        .bind(PENDING)
        .fetch_all(connection)
        .await?;
    let unreadable = |_| StoreError::Unreadable { what: "recipient", id: id.to_string() };
    rows.into_iter()
        .map(|(recipient, reply)| {
            let reply = reply.unwrap_or_else(|| "not reached".to_owned());
            Ok((recipient.parse().map_err(unreadable)?, reply))
        })
        .collect()
}

/// Ends an item when nobody waits any more, else sets its next attempt.
async fn finish(
    connection: &mut Connection,
    id: QueuedId,
    item: &OpenItem,
    now: Timestamp,
) -> Result<OutboxState, StoreError> {
    let states: Vec<String> =
        sqlx::query_scalar("SELECT DISTINCT state FROM outbox_recipient WHERE item = $1")
            .bind(id.to_string())
            .fetch_all(&mut *connection)
            .await?;
    if states.iter().any(|state| state == PENDING) {
        let next = millis(now).saturating_add(back_off(item.attempts).as_millis() as i64);
        sqlx::query("UPDATE outbox SET next_at = $1, leased_until = 0 WHERE id = $2")
            .bind(next)
            .bind(id.to_string())
            .execute(connection)
            .await?;
        return Ok(OutboxState::Queued);
    }
    let all_sent = states.iter().all(|state| state == SENT);
    let state = if all_sent { OutboxState::Sent } else { OutboxState::Failed };
    end(connection, id, state, now).await?;
    Ok(state)
}

async fn end(
    connection: &mut Connection,
    id: QueuedId,
    state: OutboxState,
    now: Timestamp,
) -> Result<(), StoreError> {
    let update = "UPDATE outbox SET state = $1, settled_at = $2, sealed_key = NULL WHERE id = $3";
    sqlx::query(update)
        .bind(state.as_str())
        .bind(millis(now))
        .bind(id.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// One minute after the first attempt, then twice as long each time, at most
/// an hour.
fn back_off(attempts: i64) -> SignedDuration {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 6)).unwrap_or(0);
    SignedDuration::from_mins(1 << doublings).min(LONGEST_WAIT)
}

const SENT: &str = "sent";
const FAILED: &str = "failed";
const DROPPED: &str = "dropped";

const LEASE: SignedDuration = SignedDuration::from_mins(30);
const LATE_AFTER: SignedDuration = SignedDuration::from_hours(4);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);
/// About six hours of trying.
const FEWEST_ATTEMPTS: i64 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_longer_each_time_and_never_more_than_an_hour() {
        let minutes: Vec<i64> = (0..10).map(|n| back_off(n).as_mins()).collect();
        assert_eq!(minutes, [1, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(back_off(i64::MAX).as_mins(), 60);
    }
}
