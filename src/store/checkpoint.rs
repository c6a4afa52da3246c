//! Signed checkpoints: what the audit log said up to a row, and when.
//!
//! Each is signed with Ed25519, by a key derived from the master key. Whoever
//! has the public half can check an exported log with nothing else: a
//! checkpoint seals the rows since the one before it, by a SHA-256 over both.
//! One that is kept elsewhere, as the service log does, shows that rows were cut
//! off, or that an older database was put back. It does not stop someone who
//! has the master key. A log that does not hold is never signed.

use jiff::{SignedDuration, Timestamp};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{
    Store,
    audit::{self, AuditRow, BadRow, Entry, StoredRow},
    database::{Connection, Durability, Row, millis, time},
    error::StoreError,
    keys::Keys,
};
use crate::model::{Act, Event, event::GATE};

/// A signed statement of what the audit log said up to a row.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Checkpoint {
    /// The last row that it is about.
    pub row: i64,
    /// When it was signed.
    #[serde(deserialize_with = "super::from_text", serialize_with = "super::as_text")]
    pub at: Timestamp,
    /// What ties that row to all before it.
    pub mac: String,
    /// SHA-256 over the digest of the checkpoint before and the rows since.
    pub digest: String,
    /// The public key, Ed25519 in base64.
    pub key: String,
    /// The signature, in base64.
    pub signature: String,
}

impl Checkpoint {
    /// Whether the holder of `key` signed it.
    pub fn is_signed_by(&self, key: &str) -> bool {
        let decode = |text: &str| data_encoding::BASE64.decode(text.as_bytes());
        let (Ok(key), Ok(signature)) = (decode(key), decode(&self.signature)) else {
            return false;
        };
        let signed = signed_text(self.row, self.at, &self.mac, &self.digest);
        UnparsedPublicKey::new(&ED25519, key).verify(signed.as_bytes(), &signature).is_ok()
    }
}

impl Store {
    /// The public key of the checkpoints, Ed25519 in base64.
    pub fn audit_key(&self) -> String {
        public_key(&self.0.keys)
    }

    /// Signs the audit log as it stands at `now`, and writes that down in it.
    /// Nothing is done when there is nothing new since the last checkpoint.
    ///
    /// # Errors
    ///
    /// The log does not hold, or the database fails; then nothing was signed.
    pub async fn sign_audit(&self, now: Timestamp) -> Result<Option<Checkpoint>, StoreError> {
        let keys = &self.0.keys;
        let mut reading = self.0.database.readers.begin().await?;
        let mut tail = Tail::since_last(&mut reading, keys).await?;
        tail.follow(&mut reading, keys).await?;
        drop(reading);
        if !tail.has_news {
            return Ok(None);
        }
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        // What was written meanwhile: so the row of the checkpoint comes next.
        tail.follow(connection, keys).await?;
        let head = audit::head(connection).await?.filter(|head| head.holds(keys));
        if head.is_none_or(|head| head.seq != tail.seq || head.mac != tail.mac) {
            return Err(StoreError::AuditBroken);
        }
        let point = sign(keys, tail, now)?;
        let insert = "INSERT INTO checkpoint (seq, at, mac, digest, signature) \
                      VALUES ($1, $2, $3, $4, $5)";
        sqlx::query(insert)
            .bind(point.row)
            .bind(millis(point.at))
            .bind(&point.mac)
            .bind(&point.digest)
            .bind(&point.signature)
            .execute(&mut *connection)
            .await?;
        let told = Entry::from(&Event {
            event: None,
            actor: GATE.to_owned(),
            act: Act::Checkpointed,
            facts: serde_json::to_value(&point).unwrap_or_default(),
        });
        audit::append(connection, keys, millis(now), &[&told]).await?;
        writing.commit().await?;
        Ok(Some(point))
    }

    /// Signs the audit log when the last checkpoint is a day old.
    ///
    /// # Errors
    ///
    /// As [`Store::sign_audit`].
    pub async fn sign_audit_daily(&self, now: Timestamp) -> Result<Option<Checkpoint>, StoreError> {
        let last = self.last_checkpoint().await?;
        let age = last.map(|point| now.duration_since(point.at).abs());
        if age.is_some_and(|age| age < EVERY) {
            return Ok(None);
        }
        self.sign_audit(now).await
    }

    /// The latest checkpoint.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn last_checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        let mut reading = self.0.database.readers.acquire().await?;
        Ok(all(&mut reading).await?.pop().map(|point| self.with_key(point)))
    }

    /// The first checkpoint that covers row `seq`.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn checkpoint_over(&self, seq: i64) -> Result<Option<Checkpoint>, StoreError> {
        let mut reading = self.0.database.readers.acquire().await?;
        let found = all(&mut reading).await?.into_iter().find(|point| point.row >= seq);
        Ok(found.map(|point| self.with_key(point)))
    }

    /// Checks exported rows from `first` on by this store's own keys, row by
    /// row.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn inspector(&self, first: i64) -> Result<Inspector, StoreError> {
        let mac: Option<String> = sqlx::query_scalar("SELECT mac FROM audit WHERE seq = $1")
            .bind(first - 1)
            .fetch_optional(&self.0.database.readers)
            .await?;
        let before = if first == 1 { Some(String::new()) } else { mac };
        let chain = Chain { keys: self.0.keys.clone(), before };
        Ok(Inspector::new(self.audit_key(), Some(chain)))
    }

    fn with_key(&self, point: Checkpoint) -> Checkpoint {
        Checkpoint { key: self.audit_key(), ..point }
    }
}

/// Checks an exported log, row after row.
pub struct Inspector {
    key: String,
    chain: Option<Chain>,
    last: Option<(i64, String)>,
    /// None until it is known what the rows are to be sealed on.
    digest: Option<RunningDigest>,
    report: ExportReport,
}

/// What the store knows about the rows, besides what is signed.
struct Chain {
    keys: std::sync::Arc<Keys>,
    before: Option<String>,
}

/// What a check of exported rows found.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct ExportReport {
    /// How many rows were read.
    pub rows: i64,
    /// Checkpoints among them that hold.
    pub checkpoints: usize,
    /// The first row that a checkpoint seals, and the last one.
    pub proven: Option<(i64, i64)>,
    /// The first row that does not hold.
    pub first_bad: Option<BadRow>,
}

impl Inspector {
    /// Checks by the public key alone.
    ///
    /// # Errors
    ///
    /// The text is not 32 bytes of base64.
    pub fn with_public_key(key: &str) -> Result<Self, WrongKey> {
        let bytes = data_encoding::BASE64.decode(key.trim().as_bytes()).map_err(|_| WrongKey)?;
        if bytes.len() != 32 {
            return Err(WrongKey);
        }
        Ok(Self::new(key.trim().to_owned(), None))
    }

    fn new(key: String, chain: Option<Chain>) -> Self {
        Self { key, chain, last: None, digest: None, report: ExportReport::default() }
    }

    /// Takes the next row. After one that does not hold, the rest is ignored.
    pub fn take(&mut self, row: &AuditRow) {
        if self.report.first_bad.is_some() {
            return;
        }
        if let Err(why) = self.step(row) {
            let expected = self.last.as_ref().map_or(row.seq, |(seq, _)| seq + 1);
            self.report.first_bad = Some(BadRow { seq: expected, why });
        }
    }

    /// What was found.
    pub fn end(self) -> ExportReport {
        self.report
    }

    fn step(&mut self, row: &AuditRow) -> Result<(), &'static str> {
        let stored = StoredRow::exported(row);
        let canonical = stored.canonical();
        match &self.last {
            Some((seq, _)) if row.seq != seq + 1 => return Err("the row is missing"),
            None if row.seq == 1 => self.digest = Some(RunningDigest::after("")),
            Some(_) | None => {}
        }
        if let Some(Chain { keys, before }) = &mut self.chain {
            let expected = before.as_ref().map(|before| keys.audit_row(before, &canonical));
            if expected.is_some_and(|expected| expected != row.mac) {
                return Err("the row was altered or moved");
            }
            *before = Some(row.mac.clone());
        }
        if row.act == Act::Checkpointed.as_str() {
            self.checkpoint(row)?;
        }
        if let Some(digest) = &mut self.digest {
            digest.add(&canonical, &row.mac);
        }
        self.last = Some((row.seq, row.mac.clone()));
        self.report.rows += 1;
        Ok(())
    }

    /// Compares what a checkpoint says with the rows before it.
    fn checkpoint(&mut self, row: &AuditRow) -> Result<(), &'static str> {
        let point: Checkpoint = serde_json::from_value(row.facts.clone())
            .map_err(|_| "the checkpoint cannot be read")?;
        if !point.is_signed_by(&self.key) {
            return Err("the signature of the checkpoint does not hold");
        }
        let Some((seq, mac)) = &self.last else {
            self.digest = Some(RunningDigest::after(&point.digest));
            return Ok(());
        };
        if (point.row, &point.mac) != (*seq, mac) {
            return Err("the checkpoint tells of another row before it");
        }
        if let Some(digest) = &self.digest {
            if digest.tell() != point.digest {
                return Err("a row since the checkpoint before this one was altered");
            }
            let first = self.report.proven.map_or(seq + 1 - self.report.rows, |(first, _)| first);
            self.report.proven = Some((first, *seq));
            self.report.checkpoints += 1;
        }
        self.digest = Some(RunningDigest::after(&point.digest));
        Ok(())
    }
}

/// The text is not a public key.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("a public key is 32 bytes of base64, as \"sluse audit key\" prints it")]
pub struct WrongKey;

/// The digest of rows as they come.
pub(super) struct RunningDigest(Sha256);

impl RunningDigest {
    /// The rows after a checkpoint with this digest; none for the first.
    pub(super) fn after(digest: &str) -> Self {
        Self(Sha256::new_with_prefix(digest))
    }

    pub(super) fn add(&mut self, canonical: &str, mac: &str) {
        for part in [canonical, "\n", mac, "\n"] {
            self.0.update(part);
        }
    }

    pub(super) fn tell(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.0.clone().finalize())
    }
}

/// The rows since the last checkpoint.
struct Tail {
    seq: i64,
    mac: String,
    digest: RunningDigest,
    /// Whether there is more than the row of that checkpoint itself.
    has_news: bool,
}

impl Tail {
    async fn since_last(connection: &mut Connection, keys: &Keys) -> Result<Self, StoreError> {
        let start = audit::start(connection, keys).await?.ok_or(StoreError::AuditBroken)?;
        let last = all(connection).await?.pop().filter(|point| point.row >= start.seq);
        let (seq, mac, digest) = match last {
            Some(point) if point.is_signed_by(&public_key(keys)) => {
                (point.row, point.mac, point.digest)
            }
            Some(_) => return Err(StoreError::AuditBroken),
            None => (start.seq, start.mac, start.digest),
        };
        Ok(Self { seq, mac, digest: RunningDigest::after(&digest), has_news: false })
    }

    /// Takes the rows up to the end of the log.
    async fn follow(&mut self, connection: &mut Connection, keys: &Keys) -> Result<(), StoreError> {
        loop {
            let page: Vec<Row> = sqlx::query(audit::PAGE)
                .bind(self.seq + 1)
                .bind(audit::ROWS_A_PAGE)
                .fetch_all(&mut *connection)
                .await?;
            if page.is_empty() {
                return Ok(());
            }
            for row in &page {
                let row = StoredRow::of(row)?;
                let canonical = row.canonical();
                self.mac = keys.audit_row(&self.mac, &canonical);
                if row.seq != self.seq + 1 || self.mac != row.mac {
                    return Err(StoreError::AuditBroken);
                }
                self.digest.add(&canonical, &row.mac);
                self.seq = row.seq;
                self.has_news |= row.entry.act != Act::Checkpointed.as_str();
            }
        }
    }
}

/// All checkpoints, in order, without their key.
pub(super) async fn all(connection: &mut Connection) -> Result<Vec<Checkpoint>, StoreError> {
    let select = "SELECT seq, at, mac, digest, signature FROM checkpoint ORDER BY seq";
    let rows: Vec<(i64, i64, String, String, String)> =
        sqlx::query_as(select).fetch_all(connection).await?;
    let point = |(row, at, mac, digest, signature)| {
        let (at, key) = (time(at), String::new());
        Checkpoint { row, at, mac, digest, key, signature }
    };
    Ok(rows.into_iter().map(point).collect())
}

/// The public half of the key that signs, in base64.
pub(super) fn public_key(keys: &Keys) -> String {
    pair(keys)
        .map(|pair| data_encoding::BASE64.encode(pair.public_key().as_ref()))
        .unwrap_or_default()
}

fn sign(keys: &Keys, tail: Tail, now: Timestamp) -> Result<Checkpoint, StoreError> {
    // As the database keeps it, so that it is read back as it was signed.
    let (row, at, mac, digest) = (tail.seq, time(millis(now)), tail.mac, tail.digest.tell());
    let pair = pair(keys).ok_or(StoreError::AuditBroken)?;
    let signature = pair.sign(signed_text(row, at, &mac, &digest).as_bytes());
    let signature = data_encoding::BASE64.encode(signature.as_ref());
    Ok(Checkpoint { row, at, mac, digest, key: public_key(keys), signature })
}

/// None only for a seed of a wrong length, which ours is not.
fn pair(keys: &Keys) -> Option<Ed25519KeyPair> {
    Ed25519KeyPair::from_seed_unchecked(keys.checkpoint.expose()).ok()
}

/// What is signed; the first line keeps it apart from anything else.
fn signed_text(row: i64, at: Timestamp, mac: &str, digest: &str) -> String {
    format!("sluse audit checkpoint 1\n{row}\n{}\n{mac}\n{digest}\n", millis(at))
}

/// A little less than a day, so that the hour does not wander.
const EVERY: SignedDuration = SignedDuration::from_hours(23);
