//! The tables, as a list of steps. A step is never edited once released; a
//! database that has more steps than this program knows is refused.
//!
//! Times are milliseconds since 1970; keys and hashes are text.

mod accounts;
mod links;
mod queue;
mod review;
mod rights;
mod second_factor;
mod tokens;
mod wishes;

use super::{
    database::{Connection, Database, Durability},
    error::StoreError,
    keys::Keys,
};

/// Brings the database up to date. Returns whether the master key is the one
/// it was made with.
pub(super) async fn prepare(database: &Database, keys: &Keys) -> Result<bool, StoreError> {
    if version(database).await? != STEPS.len() as i64 {
        upgrade(database, keys).await?;
    }
    let check: Option<String> =
        sqlx::query_scalar("SELECT mac FROM key_check").fetch_optional(&database.readers).await?;
    Ok(check.is_some_and(|check| check == keys.check()))
}

/// The number of steps taken; 0 for an empty database.
async fn version(database: &Database) -> Result<i64, StoreError> {
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table'")
            .fetch_all(&database.readers)
            .await
            .map_err(|error| match StoreError::from(error) {
                StoreError::Corrupt(_) => StoreError::Corrupt(database.file().to_owned()),
                other => other,
            })?;
    if tables.is_empty() {
        return Ok(0);
    }
    if !tables.iter().any(|table| table == "schema_version") {
        return Err(StoreError::Foreign(database.file().to_owned()));
    }
    let found: Option<i64> = sqlx::query_scalar("SELECT version FROM schema_version")
        .fetch_optional(&database.readers)
        .await?;
    let found = found.ok_or_else(|| StoreError::Foreign(database.file().to_owned()))?;
    let known = STEPS.len() as i64;
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    Ok(found)
}

/// Takes the missing steps, all or none. Two processes may come here at once:
/// the second finds the work done.
async fn upgrade(database: &Database, keys: &Keys) -> Result<(), StoreError> {
    let mut writing = database.write(Durability::Power).await?;
    let connection = writing.connection();
    run(connection, "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)").await?;
    let found: Option<i64> = sqlx::query_scalar("SELECT version FROM schema_version")
        .fetch_optional(&mut *connection)
        .await?;
    for step in STEPS.iter().skip(usize::try_from(found.unwrap_or(0)).unwrap_or(0)) {
        for statement in *step {
            run(connection, statement).await?;
        }
    }
    if found.is_none() {
        sqlx::query("INSERT INTO key_check (mac) VALUES ($1)")
            .bind(keys.check())
            .execute(&mut *connection)
            .await?;
        sqlx::query("INSERT INTO audit_head (id, seq, mac, seal) VALUES (1, 0, '', $1)")
            .bind(keys.audit_head(0, ""))
            .execute(&mut *connection)
            .await?;
    }
    run(connection, "DELETE FROM schema_version").await?;
    sqlx::query("INSERT INTO schema_version (version) VALUES ($1)")
        .bind(STEPS.len() as i64)
        .execute(connection)
        .await?;
    writing.commit().await
}

async fn run(connection: &mut Connection, statement: &'static str) -> Result<(), StoreError> {
    sqlx::query(statement).execute(connection).await?;
    Ok(())
}

const STEPS: &[&[&str]] = &[
    FIRST,
    LEDGER,
    rights::STEP,
    links::STEP,
    queue::STEP,
    wishes::STEP,
    accounts::STEP,
    second_factor::STEP,
    review::STEP,
    tokens::STEP,
    accounts::PROVIDED,
    accounts::BROWSER,
];

const FIRST: &[&str] = &[
    "CREATE TABLE key_check (mac TEXT NOT NULL)",
    // One row for each group of recipients a message is held for. The content
    // is gone when sealed_key is null.
    "CREATE TABLE held (
        id TEXT PRIMARY KEY,
        event TEXT NOT NULL,
        state TEXT NOT NULL,
        message_id TEXT,
        sender TEXT,
        sender_key TEXT,
        recipients TEXT NOT NULL,
        direction TEXT NOT NULL,
        reasons TEXT NOT NULL,
        held_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        settled_at BIGINT,
        size BIGINT NOT NULL,
        sealed_key TEXT)",
    "CREATE INDEX held_by_time ON held (held_at, id)",
    "CREATE INDEX held_by_sender ON held (sender_key)",
    "CREATE INDEX held_by_expiry ON held (expires_at) WHERE sealed_key IS NOT NULL",
    // Says that nobody is held for twice.
    "CREATE TABLE held_recipient (
        event TEXT NOT NULL,
        recipient TEXT NOT NULL,
        recipient_key TEXT NOT NULL,
        held TEXT NOT NULL,
        PRIMARY KEY (event, recipient))",
    "CREATE INDEX held_recipient_by_key ON held_recipient (recipient_key)",
    "CREATE TABLE outbox (
        id TEXT PRIMARY KEY,
        event TEXT NOT NULL,
        purpose TEXT NOT NULL,
        state TEXT NOT NULL,
        limit_key TEXT,
        attempts BIGINT NOT NULL,
        queued_at BIGINT NOT NULL,
        next_at BIGINT NOT NULL,
        leased_until BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        settled_at BIGINT,
        size BIGINT NOT NULL,
        sealed_key TEXT)",
    "CREATE INDEX outbox_by_due ON outbox (state, next_at)",
    "CREATE INDEX outbox_by_time ON outbox (queued_at, id)",
    "CREATE INDEX outbox_by_limit ON outbox (limit_key, queued_at) WHERE limit_key IS NOT NULL",
    // Says that nobody is sent the same thing twice.
    "CREATE TABLE outbox_recipient (
        event TEXT NOT NULL,
        purpose TEXT NOT NULL,
        recipient TEXT NOT NULL,
        item TEXT NOT NULL,
        state TEXT NOT NULL,
        reply TEXT,
        PRIMARY KEY (event, purpose, recipient))",
    "CREATE INDEX outbox_recipient_by_item ON outbox_recipient (item)",
    "CREATE TABLE audit (
        seq INTEGER PRIMARY KEY,
        at BIGINT NOT NULL,
        event TEXT,
        actor TEXT NOT NULL,
        act TEXT NOT NULL,
        facts TEXT NOT NULL,
        mac TEXT NOT NULL)",
    "CREATE INDEX audit_by_event ON audit (event) WHERE event IS NOT NULL",
    "CREATE TABLE audit_head (
        id INTEGER PRIMARY KEY,
        seq BIGINT NOT NULL,
        mac TEXT NOT NULL,
        seal TEXT NOT NULL)",
    "CREATE TABLE counter (
        day TEXT NOT NULL,
        name TEXT NOT NULL,
        value BIGINT NOT NULL,
        PRIMARY KEY (day, name))",
    // Times that must survive a restart, such as that of the last purge.
    "CREATE TABLE mark (name TEXT PRIMARY KEY, at BIGINT NOT NULL)",
];

const LEDGER: &[&str] = &[
    // In recipients, by the hour; hour 0 has the sum of what is forgotten.
    "CREATE TABLE ledger (
        hour BIGINT NOT NULL,
        name TEXT NOT NULL,
        value BIGINT NOT NULL,
        PRIMARY KEY (hour, name))",
    // When the client was told that the recipient is accepted.
    "ALTER TABLE held_recipient ADD COLUMN answered BIGINT",
    "ALTER TABLE outbox_recipient ADD COLUMN answered BIGINT",
    // Who is refused after that, which the sender is told by mail.
    "CREATE TABLE refused_recipient (
        event TEXT NOT NULL,
        recipient TEXT NOT NULL,
        refused_at BIGINT NOT NULL,
        answered BIGINT,
        PRIMARY KEY (event, recipient))",
    "INSERT INTO ledger (hour, name, value)
        SELECT 0, 'held/placed', COUNT(*) FROM held_recipient r
        JOIN held h ON h.id = r.held WHERE h.state = 'held'",
    "INSERT INTO ledger (hour, name, value)
        SELECT 0, 'outbox/placed', COUNT(*) FROM outbox_recipient WHERE state = 'pending'",
];
