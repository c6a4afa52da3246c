//! What can go wrong with the store. Every one of these means: nothing was
//! counted, the sender tries again.

use std::{io, path::PathBuf, sync::Arc};

use thiserror::Error;

/// The store could not do what was asked. Nothing of the request was kept,
/// except after a power loss in the middle of a commit.
#[derive(Clone, Debug, Error)]
pub enum StoreError {
    /// The head record of the audit log is missing or was altered.
    #[error("audit log is broken at its head; run: sluse audit verify")]
    AuditBroken,
    /// Another process holds the database for longer than we wait.
    #[error("database is locked by another process")]
    Busy,
    /// The clock moved by more than can be true; nothing is destroyed until it
    /// has shown the new time for a day.
    #[error("clock jumped from {from} to {to}; nothing is deleted for 24 hours")]
    ClockJumped {
        /// The last time that was believed.
        from: jiff::Timestamp,
        /// What the clock says.
        to: jiff::Timestamp,
    },
    /// The store is shutting down.
    #[error("store is closed")]
    Closed,
    /// Another change got there first, or an identifier was drawn twice.
    #[error("another change got there first")]
    Conflict,
    /// The content of this item was destroyed.
    #[error("content of {0} was destroyed")]
    ContentGone(String),
    /// The content of this item should be there and is not.
    #[error("content of {0} is missing from the state folder")]
    ContentMissing(String),
    /// The database file is damaged.
    #[error("database {0} is damaged; restore it from a backup")]
    Corrupt(PathBuf),
    /// Any other error of the database.
    #[error("database request failed")]
    Database(#[source] Arc<sqlx::Error>),
    /// The database is gone although the gateway has worked here before.
    #[error("database {0} is missing although sealed content is there; restore it")]
    DatabaseMissing(PathBuf),
    /// A file or folder cannot be used.
    #[error("cannot use {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: Arc<io::Error>,
    },
    /// The database belongs to another program.
    #[error("database {0} was not made by sluse")]
    Foreign(PathBuf),
    /// No space is left.
    #[error("no space is left in the state folder")]
    Full,
    /// A legal hold keeps this item.
    #[error("{0} must be kept: it is under a legal hold")]
    KeptByLaw(String),
    /// The personal link was used before.
    #[error("the link was used before")]
    LinkUsed,
    /// The master key file is not 32 bytes of base64.
    #[error("master key file {0} does not hold 32 bytes of base64")]
    KeyForm(PathBuf),
    /// The master key file is missing although a database exists.
    #[error("master key file {0} is missing; a new key could not open what is held")]
    KeyMissing(PathBuf),
    /// Others may read the master key file.
    #[error("master key file {path} has mode {mode:04o}; it must be 0600 or 0400")]
    KeyMode {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The master key is not the one this database was made with.
    #[error("master key file {0} is not the key of this database")]
    KeyWrong(PathBuf),
    /// The database was written by a later version.
    #[error("database has schema {found}, this version knows {known}; use a newer sluse")]
    NewerSchema {
        /// In the database.
        found: i64,
        /// In this program.
        known: i64,
    },
    /// An item without recipients.
    #[error("an item without recipients cannot be kept")]
    NoRecipients,
    /// A held item can only be settled as deleted, rejected or released.
    #[error("a held item cannot be settled as held")]
    NotASettlement,
    /// The object store failed.
    #[error("sealed content cannot be written or read")]
    Objects(#[source] Arc<object_store::Error>),
    /// The system gives no random numbers.
    #[error("no random numbers from the system")]
    Random,
    /// The state folder or the database takes no writes.
    #[error("state folder is read-only")]
    ReadOnly,
    /// Stored content does not open with its key: damaged or altered.
    #[error("content of {0} was altered or damaged")]
    Tampered(String),
    /// No item has this identifier.
    #[error("no item {0}")]
    UnknownItem(String),
    /// A row holds something this version cannot read.
    #[error("stored {what} of {id} cannot be read")]
    Unreadable {
        /// Which column.
        what: &'static str,
        /// Of which row.
        id: String,
    },
}

impl StoreError {
    /// An error about a file or folder.
    pub(super) fn file(path: impl Into<PathBuf>, source: io::Error) -> Self {
        match kind(&source) {
            Some(known) => known,
            None => Self::File { path: path.into(), source: Arc::new(source) },
        }
    }

    /// Whether the change itself is to blame, so that others that were merged
    /// with it may succeed without it.
    pub(super) fn is_of_one_change(&self) -> bool {
        matches!(
            self,
            Self::Conflict
                | Self::KeptByLaw(_)
                | Self::LinkUsed
                | Self::NotASettlement
                | Self::UnknownItem(_)
                | Self::Unreadable { .. }
        )
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) if database.is_unique_violation() => Self::Conflict,
            sqlx::Error::Database(database) => {
                let code = database.code().and_then(|code| code.parse::<u32>().ok());
                // https://www.sqlite.org/rescode.html: the low byte is the
                // primary code.
                match code.map(|code| code & 0xff) {
                    Some(5 | 6) => Self::Busy,
                    Some(8) => Self::ReadOnly,
                    Some(11 | 26) => Self::Corrupt(PathBuf::from("sluse.db")),
                    Some(13) => Self::Full,
                    _ => Self::Database(Arc::new(error)),
                }
            }
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Self::Closed,
            _ => Self::Database(Arc::new(error)),
        }
    }
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(this) = cause {
            if let Some(known) = this.downcast_ref::<io::Error>().and_then(kind) {
                return known;
            }
            cause = this.source();
        }
        Self::Objects(Arc::new(error))
    }
}

fn kind(error: &io::Error) -> Option<StoreError> {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some(StoreError::Full),
        io::ErrorKind::ReadOnlyFilesystem => Some(StoreError::ReadOnly),
        _ => None,
    }
}
