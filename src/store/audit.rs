//! The audit log: a chain in which each row authenticates the one before it.
//!
//! `mac = HMAC(key, previous mac, row)`, and a sealed head record says which
//! row is the last, so that altering, moving, removing or cutting off rows
//! shows without the key being at hand for the one who did it. It does not
//! stop someone who puts back an older copy of the whole database. Rows are
//! added only inside a transaction that excludes other writers; when the head
//! does not hold, nothing is added, and so nothing is decided.

use std::{borrow::Cow, collections::HashSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sqlx::{QueryBuilder, Row as _, SqlitePool};

use super::{
    database::{Backend, Connection, Row, time},
    error::StoreError,
    keys::Keys,
};
use crate::{
    base::id::EventId,
    model::{Act, Event},
};

/// One row of the audit log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditRow {
    /// Its place in the chain, from 1.
    pub seq: i64,
    /// When it was written.
    #[serde(serialize_with = "super::as_text")]
    pub at: Timestamp,
    /// The message it is about.
    pub event: Option<EventId>,
    /// Who acted.
    pub actor: String,
    /// What was done, in the words of [`crate::model::Act`].
    pub act: String,
    /// Further facts.
    pub facts: Value,
    /// What ties it to the row before, in hexadecimal.
    pub mac: String,
}

/// What a check of the whole log found.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct AuditReport {
    /// Rows that hold, from the first on.
    pub rows: i64,
    /// The first one that does not.
    pub first_bad: Option<BadRow>,
}

/// A place where the chain does not hold.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct BadRow {
    /// The place in the chain.
    pub seq: i64,
    /// What is wrong there.
    pub why: &'static str,
}

/// A row before it joins the chain.
pub(super) struct Entry {
    pub(super) event: Option<String>,
    pub(super) actor: String,
    pub(super) act: Cow<'static, str>,
    pub(super) facts: String,
}

impl From<&Event> for Entry {
    fn from(event: &Event) -> Self {
        Self {
            event: event.event.map(|id| id.to_string()),
            actor: event.actor.clone(),
            act: event.act.as_str().into(),
            facts: event.facts.to_string(),
        }
    }
}

/// Adds rows to the chain, inside the caller's transaction.
pub(super) async fn append(
    connection: &mut Connection,
    keys: &Keys,
    at: i64,
    entries: &[&Entry],
) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let head = head(connection).await?.filter(|head| head.holds(keys));
    let Head { mut seq, mut mac, .. } = head.ok_or(StoreError::AuditBroken)?;
    for chunk in entries.chunks(ROWS_A_STATEMENT) {
        let mut macs = Vec::with_capacity(chunk.len());
        for entry in chunk {
            seq += 1;
            mac = keys.audit_row(&mac, &canonical(seq, at, entry));
            macs.push((seq, mac.clone()));
        }
        let insert = "INSERT INTO audit (seq, at, event, actor, act, facts, mac) ";
        QueryBuilder::<Backend>::new(insert)
            .push_values(chunk.iter().zip(macs), |mut row, (entry, (seq, mac))| {
                row.push_bind(seq).push_bind(at).push_bind(entry.event.as_deref());
                row.push_bind(entry.actor.as_str()).push_bind(&*entry.act);
                row.push_bind(entry.facts.as_str()).push_bind(mac);
            })
            .build()
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query("UPDATE audit_head SET seq = $1, mac = $2, seal = $3 WHERE id = 1")
        .bind(seq)
        .bind(&mac)
        .bind(keys.audit_head(seq, &mac))
        .execute(connection)
        .await?;
    Ok(())
}

/// Those decisions about the messages `ids` that are in the log: message and
/// facts.
pub(super) async fn decisions_about(
    connection: &mut Connection,
    ids: &[&str],
) -> Result<HashSet<(String, String)>, StoreError> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let mut select = QueryBuilder::<Backend>::new("SELECT event, facts FROM audit WHERE act = ");
    select.push_bind(Act::Decided.as_str()).push(" AND event IN (");
    let mut list = select.separated(", ");
    for id in ids {
        list.push_bind(*id);
    }
    select.push(")");
    let rows: Vec<(String, String)> = select.build_query_as().fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

/// Checks the whole log, against one state of the database.
pub(super) async fn verify(readers: &SqlitePool, keys: &Keys) -> Result<AuditReport, StoreError> {
    let mut reading = readers.begin().await?;
    let head = head(&mut reading).await?;
    let (mut rows, mut mac) = (0, String::new());
    let broken = |rows, seq, why| Ok(AuditReport { rows, first_bad: Some(BadRow { seq, why }) });
    loop {
        let page: Vec<Row> =
            sqlx::query(PAGE).bind(rows + 1).bind(ROWS_A_PAGE).fetch_all(&mut *reading).await?;
        if page.is_empty() {
            break;
        }
        for row in &page {
            let (seq, entry, at, stored) = stored_entry(row)?;
            if seq != rows + 1 {
                return broken(rows, rows + 1, "the row is missing");
            }
            mac = keys.audit_row(&mac, &canonical(seq, at, &entry));
            if mac != stored {
                return broken(rows, seq, "the row was altered or moved");
            }
            rows = seq;
        }
    }
    match head.filter(|head| head.holds(keys)) {
        None => broken(rows, rows, "the head record is missing or was altered"),
        Some(head) if head.seq > rows => broken(rows, rows + 1, "the end of the log was cut off"),
        Some(head) if head.seq < rows => broken(rows, head.seq + 1, "the row is not in the log"),
        Some(_) => Ok(AuditReport { rows, first_bad: None }),
    }
}

/// Rows from place `from` on, at most `limit`.
pub(super) async fn page(
    readers: &SqlitePool,
    from: i64,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let rows = sqlx::query(PAGE).bind(from).bind(super::limit(limit)).fetch_all(readers).await?;
    rows.iter().map(audit_row).collect()
}

/// All rows about one message, in order.
pub(super) async fn of_event(
    readers: &SqlitePool,
    event: EventId,
) -> Result<Vec<AuditRow>, StoreError> {
    let select = "SELECT seq, at, event, actor, act, facts, mac FROM audit \
                  WHERE event = $1 ORDER BY seq";
    let rows = sqlx::query(select).bind(event.to_string()).fetch_all(readers).await?;
    rows.iter().map(audit_row).collect()
}

/// The last row, as the head record knows it.
struct Head {
    seq: i64,
    mac: String,
    seal: String,
}

impl Head {
    fn holds(&self, keys: &Keys) -> bool {
        self.seal == keys.audit_head(self.seq, &self.mac)
    }
}

async fn head(connection: &mut Connection) -> Result<Option<Head>, StoreError> {
    let select = "SELECT seq, mac, seal FROM audit_head WHERE id = 1";
    let row: Option<(i64, String, String)> =
        sqlx::query_as(select).fetch_optional(connection).await?;
    Ok(row.map(|(seq, mac, seal)| Head { seq, mac, seal }))
}

/// The text that is authenticated. JSON, so that no two rows share one.
fn canonical(seq: i64, at: i64, entry: &Entry) -> String {
    let Entry { event, actor, act, facts } = entry;
    Value::from(vec![
        Value::from(seq),
        Value::from(at),
        Value::from(event.as_deref()),
        Value::from(actor.as_str()),
        Value::from(&**act),
        Value::from(facts.as_str()),
    ])
    .to_string()
}

fn stored_entry(row: &Row) -> Result<(i64, Entry, i64, String), StoreError> {
    let entry = Entry {
        event: row.try_get("event")?,
        actor: row.try_get("actor")?,
        act: row.try_get::<String, _>("act")?.into(),
        facts: row.try_get("facts")?,
    };
    Ok((row.try_get("seq")?, entry, row.try_get("at")?, row.try_get("mac")?))
}

fn audit_row(row: &Row) -> Result<AuditRow, StoreError> {
    let event: Option<String> = row.try_get("event")?;
    let facts: String = row.try_get("facts")?;
    Ok(AuditRow {
        seq: row.try_get("seq")?,
        at: time(row.try_get("at")?),
        event: event.and_then(|event| event.parse().ok()),
        actor: row.try_get("actor")?,
        act: row.try_get("act")?,
        // A row that was tampered with must still be printable.
        facts: serde_json::from_str(&facts).unwrap_or(Value::String(facts)),
        mac: row.try_get("mac")?,
    })
}

const PAGE: &str = "SELECT seq, at, event, actor, act, facts, mac FROM audit \
                    WHERE seq >= $1 ORDER BY seq LIMIT $2";
const ROWS_A_PAGE: i64 = 1000;
/// Seven values each; PostgreSQL and SQLite both take over 30,000.
const ROWS_A_STATEMENT: usize = 500;
