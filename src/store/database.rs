//! The database connection: one writer, a few readers.
//!
//! Everything that names SQLite is here and in `schema`; the rest is SQL that
//! PostgreSQL also takes. A write that fails or is abandoned throws its
//! connection away, and with it the open transaction, so that no state of a
//! failure reaches the next one.

use std::{
    fs,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use sqlx::{
    ConnectOptions, Connection as _, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::error::StoreError;

/// The database behind the store. A second one is another set of these names.
pub(super) type Backend = sqlx::Sqlite;
/// One connection to it.
pub(super) type Connection = sqlx::SqliteConnection;
/// One row of an answer.
pub(super) type Row = sqlx::sqlite::SqliteRow;

/// How much a commit must survive.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Durability {
    /// The death of the process. A power loss may take the last rows, in
    /// order; the message they tell of was given to the next hop, or refused,
    /// whether or not the row survives, and a retry writes it again.
    Process,
    /// A power loss: for everything a sender is told "accepted" about.
    Power,
}

/// Connections to one database file.
pub(super) struct Database {
    options: SqliteConnectOptions,
    file: PathBuf,
    /// Device and number of the file that was opened. Without this, a deleted
    /// database would go on taking writes that nobody can ever read.
    inode: (u64, u64),
    writer: Arc<Mutex<Option<Kept>>>,
    /// How many asked for an empty log, and up to which of them it was done.
    flushes: (AtomicU64, Mutex<u64>),
    pub(super) readers: SqlitePool,
}

/// A connection between two writes.
struct Kept {
    connection: Connection,
    durability: Durability,
}

impl Database {
    /// Opens the file, and makes it first when it is not there. Waits at most
    /// `patience` for other processes, then and in each later request.
    pub(super) async fn open(file: &Path, patience: Duration) -> Result<Self, StoreError> {
        let failed = |error| StoreError::file(file, error);
        // Made here for the mode: the WAL and its index inherit it.
        let mut create = fs::OpenOptions::new();
        create.read(true).write(true).create(true).truncate(false).mode(0o600);
        create.open(file).map_err(failed)?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            // A destroyed key must not survive in a free page.
            .pragma("secure_delete", "ON")
            // In KiB, for each connection. The file is in the memory of the
            // system already: more would only make the service larger for
            // hours after its start.
            .pragma("cache_size", "-512")
            .busy_timeout(patience)
            .statement_cache_capacity(256)
            .disable_statement_logging();
        let first = options.connect().await.map_err(|error| located(file, error))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(patience.max(Duration::from_secs(1)))
            .test_before_acquire(false)
            .connect_lazy_with(options.clone().pragma("query_only", "ON"));
        let kept = Kept { connection: first, durability: Durability::Power };
        let writer = Arc::new(Mutex::new(Some(kept)));
        let inode = inode(file).ok_or_else(|| StoreError::DatabaseMissing(file.to_owned()))?;
        let flushes = (AtomicU64::new(0), Mutex::new(0));
        Ok(Self { options, file: file.to_owned(), inode, writer, flushes, readers })
    }

    /// Starts a transaction that excludes every other writer, of this and of
    /// other processes. Claims and the audit chain rely on that: PostgreSQL
    /// would take an advisory lock here.
    pub(super) async fn write(&self, durability: Durability) -> Result<Writing, StoreError> {
        self.check_file()?;
        let mut home = self.writer.clone().lock_owned().await;
        let mut kept = match home.take() {
            Some(kept) => kept,
            None => Kept { connection: self.connect().await?, durability: Durability::Power },
        };
        if kept.durability != durability {
            let pragma = match durability {
                Durability::Process => "PRAGMA synchronous = NORMAL",
                Durability::Power => "PRAGMA synchronous = FULL",
            };
            sqlx::query(pragma).execute(&mut kept.connection).await?;
            kept.durability = durability;
        }
        sqlx::query("BEGIN IMMEDIATE").execute(&mut kept.connection).await?;
        Ok(Writing { kept, home })
    }

    /// Empties the write-ahead log as far as readers let it, so that destroyed
    /// keys do not linger there. A failure only delays it.
    /// Of many who want it at once, one does it for all that came before.
    pub(super) async fn flush_log(&self) {
        let ticket = self.flushes.0.fetch_add(1, Ordering::SeqCst) + 1;
        let mut done = self.flushes.1.lock().await;
        if *done < ticket {
            let reached = self.flushes.0.load(Ordering::SeqCst);
            self.try_flush().await;
            *done = reached;
        }
    }

    /// Empties the write-ahead log, and is patient with readers. Tells whether
    /// it is empty.
    pub(super) async fn empty_log(&self) -> bool {
        for _try in 0..FLUSHES {
            if self.try_flush().await {
                return true;
            }
        }
        false
    }

    async fn try_flush(&self) -> bool {
        let options = self.options.clone().busy_timeout(Duration::from_millis(100));
        let Ok(mut connection) = options.connect().await else { return false };
        let flush = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)");
        let flushed: Result<(i64, i64, i64), _> = flush.fetch_one(&mut connection).await;
        if let Err(error) = &flushed {
            tracing::debug!(%error, "write-ahead log not emptied yet");
        }
        let _closed = connection.close().await;
        flushed.is_ok_and(|(busy, _, _)| busy == 0)
    }

    /// The file.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Checks that the file is still the one that was opened.
    pub(super) fn check_file(&self) -> Result<(), StoreError> {
        if inode(&self.file) == Some(self.inode) {
            return Ok(());
        }
        Err(StoreError::DatabaseMissing(self.file.clone()))
    }

    async fn connect(&self) -> Result<Connection, StoreError> {
        self.options.connect().await.map_err(|error| located(&self.file, error))
    }
}

/// An open transaction. Dropped without `commit`, nothing of it remains.
pub(super) struct Writing {
    kept: Kept,
    home: OwnedMutexGuard<Option<Kept>>,
}

impl Writing {
    /// The connection to send requests to.
    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.kept.connection
    }

    /// Ends the transaction. After an error it is not known whether it took
    /// place; every change of the store can be repeated.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        sqlx::query("COMMIT").execute(&mut self.kept.connection).await?;
        *self.home = Some(self.kept);
        Ok(())
    }
}

/// A time as the database keeps it: milliseconds since 1970, UTC.
pub(super) fn millis(time: Timestamp) -> i64 {
    time.as_millisecond()
}

/// A time as the database kept it.
pub(super) fn time(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn located(file: &Path, error: sqlx::Error) -> StoreError {
    match StoreError::from(error) {
        StoreError::Corrupt(_) => StoreError::Corrupt(file.to_owned()),
        other => other,
    }
}

fn inode(file: &Path) -> Option<(u64, u64)> {
    fs::metadata(file).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

const FLUSHES: usize = 20;
const READERS: u32 = 3;
