//! Destroys what is held longer than its time.
//!
//! A clock that jumps ahead would make everything look overdue. When it moved
//! by more than three days since the last purge, nothing is destroyed until it
//! has shown the new time for 24 hours; meanwhile each call is an error, so
//! that somebody hears of it.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    HeldId, Place, Store, StoreError,
    audit::{self, Entry},
    database::{Connection, Durability, millis, time},
    held::{self, Expired},
    ledger::{self, Entries},
    retention::{self, Retention},
};
use crate::model::{Act, Event};

impl Store {
    /// Like [`Store::purge`], with the usual times for records.
    ///
    /// # Errors
    ///
    /// As [`Store::purge`].
    pub async fn purge_expired(&self, now: Timestamp) -> Result<Vec<HeldId>, StoreError> {
        self.purge(now, Retention::default()).await
    }

    /// Destroys the content of held messages whose time is over at `now`, at
    /// most 1000 at once, and forgets records without content when their time
    /// is over as well. What is under a legal hold stays. Returns what was
    /// destroyed.
    ///
    /// # Errors
    ///
    /// [`StoreError::ClockJumped`], or the database fails; then nothing was
    /// destroyed.
    pub async fn purge(
        &self,
        now: Timestamp,
        retention: Retention,
    ) -> Result<Vec<HeldId>, StoreError> {
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        if let Believed::Not { from } = believe(connection, now).await? {
            writing.commit().await?;
            return Err(StoreError::ClockJumped { from, to: now });
        }
        let expired = held::expire(connection, now).await?;
        let waited: usize = expired.iter().map(|item| item.held_for).sum();
        let entries = Entries::from([(ledger::HELD_DELETED, waited as i64)]);
        ledger::raise(connection, &entries, now).await?;
        let forgotten = retention::forget(connection, now, retention).await?;
        ledger::forget(connection, now).await?;
        let deleted = |item: &Expired| {
            let facts = json!({ "held": item.id, "why": "expired" });
            Entry::from(&Event::of_gate(item.event, Act::Deleted, facts))
        };
        let entries: Vec<Entry> = expired.iter().map(deleted).collect();
        let entries: Vec<&Entry> = entries.iter().collect();
        audit::append(connection, &self.0.keys, millis(now), &entries).await?;
        writing.commit().await?;

        let expired: Vec<HeldId> = expired.into_iter().map(|item| item.id).collect();
        self.discard(expired.iter().map(|id| (Place::Held, id.to_string()))).await;
        if !expired.is_empty() || forgotten > 0 {
            self.0.database.flush_log().await;
        }
        Ok(expired)
    }

    /// The time that a change left under `name`; see [`super::Change::marks`].
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn mark(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        let mut connection = self.0.database.readers.acquire().await?;
        Ok(mark(&mut connection, name).await?.map(time))
    }
}

enum Believed {
    Not { from: Timestamp },
    Now,
}

/// Whether the clock can be right, going by the last purge. Remembers `now`.
async fn believe(connection: &mut Connection, now: Timestamp) -> Result<Believed, StoreError> {
    let now = millis(now);
    let last = mark(connection, PURGED).await?;
    let jumped = last.is_some_and(|last| now.saturating_sub(last) > JUMP.as_millis() as i64);
    if let (true, Some(last)) = (jumped, last) {
        let since = mark(connection, JUMPED).await?;
        let shown = since.map(|since| now.saturating_sub(since));
        let in_doubt = 0..QUARANTINE.as_millis() as i64;
        let in_order = QUARANTINE.as_millis() as i64..=JUMP.as_millis() as i64;
        match shown {
            Some(shown) if in_order.contains(&shown) => {}
            Some(shown) if in_doubt.contains(&shown) => {
                return Ok(Believed::Not { from: time(last) });
            }
            // It jumped now, or again.
            Some(_) | None => {
                set_mark(connection, JUMPED, now).await?;
                return Ok(Believed::Not { from: time(last) });
            }
        }
    }
    set_mark(connection, PURGED, now).await?;
    sqlx::query("DELETE FROM mark WHERE name = $1").bind(JUMPED).execute(connection).await?;
    Ok(Believed::Now)
}

async fn mark(connection: &mut Connection, name: &str) -> Result<Option<i64>, StoreError> {
    let select = sqlx::query_scalar("SELECT at FROM mark WHERE name = $1").bind(name);
    Ok(select.fetch_optional(connection).await?)
}

pub(super) async fn set_mark(
    connection: &mut Connection,
    name: &str,
    at: i64,
) -> Result<(), StoreError> {
    let upsert = "INSERT INTO mark (name, at) VALUES ($1, $2) \
                  ON CONFLICT (name) DO UPDATE SET at = excluded.at";
    sqlx::query(upsert).bind(name).bind(at).execute(connection).await?;
    Ok(())
}

const PURGED: &str = "purged";
const JUMPED: &str = "jumped";
const JUMP: SignedDuration = SignedDuration::from_hours(3 * 24);
const QUARANTINE: SignedDuration = SignedDuration::from_hours(24);
