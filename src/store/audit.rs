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
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{QueryBuilder, Row as _, SqlitePool};

use super::{
    checkpoint::{self, Checkpoint, RunningDigest},
    database::{Backend, Connection, Row, millis, time},
    error::StoreError,
    keys::Keys,
};
use crate::{
    base::id::EventId,
    model::{Act, Event},
};

/// One row of the audit log.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct AuditRow {
    /// Its place in the chain, from 1.
    pub seq: i64,
    /// When it was written.
    #[serde(deserialize_with = "super::from_text", serialize_with = "super::as_text")]
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
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct AuditReport {
    /// The last row that holds; all before it do.
    pub rows: i64,
    /// The first row that is kept; older ones may be gone when their time is
    /// over.
    pub first: i64,
    /// Signed checkpoints that hold.
    pub checkpoints: usize,
    /// The row of the last of them.
    pub signed_to: Option<i64>,
    /// The first row that does not hold.
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

/// Checks the whole log, against one state of the database, and against
/// checkpoints that were kept elsewhere.
pub(super) async fn verify(
    readers: &SqlitePool,
    keys: &Keys,
    kept: &[Checkpoint],
) -> Result<AuditReport, StoreError> {
    let mut reading = readers.begin().await?;
    let head = head(&mut reading).await?;
    let Some(start) = start(&mut reading, keys).await? else {
        let bad = BadRow { seq: 1, why: "the start record was altered" };
        return Ok(AuditReport { first_bad: Some(bad), ..AuditReport::default() });
    };
    let signed = checkpoint::all(&mut reading).await?;
    let mut walk = Walk::new(keys, &start, &signed, kept);
    loop {
        let page: Vec<Row> = sqlx::query(PAGE)
            .bind(walk.report.rows + 1)
            .bind(ROWS_A_PAGE)
            .fetch_all(&mut *reading)
            .await?;
        if page.is_empty() {
            break;
        }
        for row in &page {
            if let Err(bad) = walk.step(&StoredRow::of(row)?) {
                return Ok(walk.broken(bad));
            }
        }
    }
    let rows = walk.report.rows;
    let bad = |seq, why| Some(BadRow { seq, why });
    let bad = match head.filter(|head| head.holds(keys)) {
        None => bad(rows, "the head record is missing or was altered"),
        Some(head) if head.seq > rows => bad(rows + 1, CUT_OFF),
        Some(head) if head.seq < rows => bad(head.seq + 1, "the row is not in the log"),
        Some(_) if walk.promises_more() => bad(rows + 1, CUT_OFF),
        Some(_) => None,
    };
    Ok(match bad {
        Some(bad) => walk.broken(bad),
        None => walk.report,
    })
}

/// A walk along the chain, with what was signed about it at hand.
struct Walk<'a> {
    keys: &'a Keys,
    mac: String,
    seal: RunningDigest,
    signed: &'a [Checkpoint],
    kept: &'a [Checkpoint],
    report: AuditReport,
}

impl<'a> Walk<'a> {
    fn new(
        keys: &'a Keys,
        start: &Start,
        signed: &'a [Checkpoint],
        kept: &'a [Checkpoint],
    ) -> Self {
        let report =
            AuditReport { rows: start.seq, first: start.seq + 1, ..AuditReport::default() };
        let seal = RunningDigest::after(&start.digest);
        // What was signed about rows that are gone cannot be compared.
        let signed = &signed[signed.partition_point(|point| point.row <= start.seq)..];
        Self { keys, mac: start.mac.clone(), seal, signed, kept, report }
    }

    fn step(&mut self, row: &StoredRow) -> Result<(), BadRow> {
        let expected = self.report.rows + 1;
        let bad = |seq, why| Err(BadRow { seq, why });
        if row.seq != expected {
            return bad(expected, "the row is missing");
        }
        let canonical = row.canonical();
        self.mac = self.keys.audit_row(&self.mac, &canonical);
        if self.mac != row.mac {
            return bad(row.seq, "the row was altered or moved");
        }
        self.seal.add(&canonical, &row.mac);
        if self.kept.iter().any(|point| point.row == row.seq && point.mac != row.mac) {
            return bad(row.seq, "the checkpoint that was kept elsewhere tells of another row");
        }
        if let Some((point, rest)) = self.signed.split_first().filter(|(p, _)| p.row == row.seq) {
            let holds = point.mac == row.mac
                && point.digest == self.seal.tell()
                && point.is_signed_by(&checkpoint::public_key(self.keys));
            if !holds {
                return bad(row.seq, "the checkpoint of this row does not hold");
            }
            self.seal = RunningDigest::after(&point.digest);
            self.signed = rest;
            self.report.checkpoints += 1;
            self.report.signed_to = Some(row.seq);
        }
        self.report.rows = row.seq;
        Ok(())
    }

    /// Whether something signed tells of rows that did not come.
    fn promises_more(&self) -> bool {
        let rows = self.report.rows;
        !self.signed.is_empty() || self.kept.iter().any(|point| point.row > rows)
    }

    fn broken(self, bad: BadRow) -> AuditReport {
        AuditReport { first_bad: Some(bad), ..self.report }
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
pub(super) struct Head {
    pub(super) seq: i64,
    pub(super) mac: String,
    seal: String,
}

impl Head {
    pub(super) fn holds(&self, keys: &Keys) -> bool {
        self.seal == keys.audit_head(self.seq, &self.mac)
    }
}

pub(super) async fn head(connection: &mut Connection) -> Result<Option<Head>, StoreError> {
    let select = "SELECT seq, mac, seal FROM audit_head WHERE id = 1";
    let row: Option<(i64, String, String)> =
        sqlx::query_as(select).fetch_optional(connection).await?;
    Ok(row.map(|(seq, mac, seal)| Head { seq, mac, seal }))
}

/// The row before the first one that is kept, with what was signed about it.
#[derive(Default)]
pub(super) struct Start {
    pub(super) seq: i64,
    pub(super) mac: String,
    pub(super) digest: String,
}

/// Where the log begins; none when the record of it does not hold.
pub(super) async fn start(
    connection: &mut Connection,
    keys: &Keys,
) -> Result<Option<Start>, StoreError> {
    let select = "SELECT seq, mac, digest, seal FROM audit_start WHERE id = 1";
    let row: Option<(i64, String, String, String)> =
        sqlx::query_as(select).fetch_optional(connection).await?;
    let Some((seq, mac, digest, seal)) = row else { return Ok(Some(Start::default())) };
    let holds = seal == keys.audit_start(seq, &mac, &digest);
    Ok(holds.then_some(Start { seq, mac, digest }))
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

/// A row as it stands in the database, or in an exported file.
pub(super) struct StoredRow {
    pub(super) seq: i64,
    at: i64,
    pub(super) entry: Entry,
    pub(super) mac: String,
}

impl StoredRow {
    pub(super) fn of(row: &Row) -> Result<Self, StoreError> {
        let entry = Entry {
            event: row.try_get("event")?,
            actor: row.try_get("actor")?,
            act: row.try_get::<String, _>("act")?.into(),
            facts: row.try_get("facts")?,
        };
        let (seq, at) = (row.try_get("seq")?, row.try_get("at")?);
        Ok(Self { seq, at, entry, mac: row.try_get("mac")? })
    }

    pub(super) fn exported(row: &AuditRow) -> Self {
        let entry = Entry {
            event: row.event.map(|event| event.to_string()),
            actor: row.actor.clone(),
            act: row.act.clone().into(),
            facts: row.facts.to_string(),
        };
        Self { seq: row.seq, at: millis(row.at), entry, mac: row.mac.clone() }
    }

    pub(super) fn canonical(&self) -> String {
        canonical(self.seq, self.at, &self.entry)
    }
}

pub(super) fn audit_row(row: &Row) -> Result<AuditRow, StoreError> {
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

pub(super) const PAGE: &str = "SELECT seq, at, event, actor, act, facts, mac FROM audit \
                    WHERE seq >= $1 ORDER BY seq LIMIT $2";
pub(super) const ROWS_A_PAGE: i64 = 1000;
const CUT_OFF: &str = "the end of the log was cut off";
/// Seven values each; PostgreSQL and SQLite both take over 30,000.
const ROWS_A_STATEMENT: usize = 500;
