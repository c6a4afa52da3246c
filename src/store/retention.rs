//! Forgets what is left of messages when its time is over: rows of held and
//! of sent mail, counters, and the oldest part of the audit log.
//!
//! Content goes first, and long before (`purge`); here the records without
//! content go. Nothing about a message under a legal hold goes. The audit log
//! is cut at a signed checkpoint, and only where it holds: its chain then begins
//! behind the cut, at a record that is sealed as the head is.

use jiff::{SignedDuration, Timestamp, tz::Offset};
use serde_json::json;

use super::{
    Store, StoreError,
    audit::{self, Entry, StoredRow},
    checkpoint,
    database::{Connection, Durability, Row, millis},
    links, outbox,
};
use crate::model::{Act, Event, event::GATE};

/// How long records are kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Retention {
    /// Days that a record without content outlives the content, and that the
    /// outbox remembers who got what. At least 30 in the outbox, which must not
    /// send a thing twice.
    pub record_days: u32,
    /// Days that rows of the audit log and counters are kept.
    pub audit_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { record_days: 365, audit_days: 1826 }
    }
}

impl Retention {
    fn records_before(self, now: Timestamp) -> i64 {
        before(now, self.record_days)
    }
}

impl Store {
    /// Cuts the oldest part off the audit log when its time is over, at most up
    /// to the next checkpoint. Returns the last row that went.
    ///
    /// # Errors
    ///
    /// That part does not hold, or the database fails; then it stays.
    pub async fn trim_audit(
        &self,
        now: Timestamp,
        retention: Retention,
    ) -> Result<Option<i64>, StoreError> {
        let keys = &self.0.keys;
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        let start = audit::start(connection, keys).await?.ok_or(StoreError::AuditBroken)?;
        let limit = before(now, retention.audit_days);
        let points = checkpoint::all(connection).await?;
        let next = points.into_iter().find(|point| point.row > start.seq);
        let Some(point) = next.filter(|point| millis(point.at) <= limit) else { return Ok(None) };
        if is_kept_by_law(connection, point.row).await? {
            return Ok(None);
        }
        let rows: Vec<Row> = sqlx::query(audit::PAGE)
            .bind(start.seq + 1)
            .bind(point.row - start.seq)
            .fetch_all(&mut *connection)
            .await?;
        let mut mac = start.mac;
        for row in &rows {
            let row = StoredRow::of(row)?;
            mac = keys.audit_row(&mac, &row.canonical());
            if mac != row.mac {
                return Err(StoreError::AuditBroken);
            }
        }
        if mac != point.mac || !point.is_signed_by(&checkpoint::public_key(keys)) {
            return Err(StoreError::AuditBroken);
        }
        sqlx::query("DELETE FROM audit WHERE seq <= $1")
            .bind(point.row)
            .execute(&mut *connection)
            .await?;
        let upsert = "INSERT INTO audit_start (id, seq, mac, digest, seal) \
                      VALUES (1, $1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET \
                      seq = excluded.seq, mac = excluded.mac, digest = excluded.digest, \
                      seal = excluded.seal";
        sqlx::query(upsert)
            .bind(point.row)
            .bind(&point.mac)
            .bind(&point.digest)
            .bind(keys.audit_start(point.row, &point.mac, &point.digest))
            .execute(&mut *connection)
            .await?;
        let facts = json!({ "audit_rows_to": point.row, "why": "expired" });
        let told = Event { event: None, actor: GATE.to_owned(), act: Act::Deleted, facts };
        audit::append(connection, keys, millis(now), &[&Entry::from(&told)]).await?;
        writing.commit().await?;
        Ok(Some(point.row))
    }
}

/// Forgets records whose time is over, inside the caller's transaction. Tells
/// how many rows went.
pub(super) async fn forget(
    connection: &mut Connection,
    now: Timestamp,
    retention: Retention,
) -> Result<u64, StoreError> {
    let mut gone = outbox::forget(connection, now, retention.record_days).await?;
    // What must leave with the row of a held message goes before it.
    for delete in [
        "DELETE FROM held_person WHERE held IN (SELECT id FROM held WHERE ",
        "DELETE FROM correction WHERE held IN (SELECT id FROM held WHERE ",
        "DELETE FROM held_comment WHERE held IN (SELECT id FROM held WHERE ",
        "DELETE FROM proposal WHERE held IN (SELECT id FROM held WHERE ",
        "DELETE FROM rule_proposal WHERE held IN (SELECT id FROM held WHERE ",
        "DELETE FROM held_recipient WHERE held IN (SELECT id FROM held WHERE ",
        "DELETE FROM held WHERE id IN (SELECT id FROM held WHERE ",
    ] {
        let mut statement = sqlx::QueryBuilder::<super::database::Backend>::new(delete);
        gone += statement
            .push("sealed_key IS NULL AND settled_at <= ")
            .push_bind(retention.records_before(now))
            .push(" AND event NOT IN (SELECT event FROM legal_hold))")
            .build()
            .execute(&mut *connection)
            .await?
            .rows_affected();
    }
    links::forget(connection, now).await?;
    let oldest = SignedDuration::from_hours(24 * i64::from(retention.audit_days));
    let oldest = now.saturating_sub(oldest).unwrap_or(Timestamp::UNIX_EPOCH);
    sqlx::query("DELETE FROM counter WHERE day < $1")
        .bind(Offset::UTC.to_datetime(oldest).date().to_string())
        .execute(connection)
        .await?;
    Ok(gone)
}

/// Whether a row up to `seq` tells of a message under a legal hold.
async fn is_kept_by_law(connection: &mut Connection, seq: i64) -> Result<bool, StoreError> {
    let select = "SELECT COUNT(*) FROM audit a JOIN legal_hold l ON l.event = a.event \
                  WHERE a.seq <= $1";
    let rows: i64 = sqlx::query_scalar(select).bind(seq).fetch_one(connection).await?;
    Ok(rows > 0)
}

fn before(now: Timestamp, days: u32) -> i64 {
    millis(now).saturating_sub(i64::from(days).saturating_mul(DAY))
}

const DAY: i64 = 24 * 3600 * 1000;
