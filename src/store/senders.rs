//! Tells the claims of the living from those of the dead.
//!
//! Whoever claims outbox items holds a shared lock on a file from then until
//! its process ends, however it ends. Who can lock that file alone knows that
//! nobody is sending, so that every claim was left behind by a crash and need
//! not run out. Processes on other machines are not seen: where several share
//! a database, a claim has to run out.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Mutex,
};

use super::StoreError;

/// Those who may be sending now.
pub(super) struct Senders {
    file: PathBuf,
    joined: Mutex<Option<File>>,
}

impl Senders {
    /// Those who send from the store in `folder`.
    pub(super) fn of(folder: &Path) -> Self {
        Self { file: folder.join(NAME), joined: Mutex::new(None) }
    }

    /// Counts this process among them until it ends. Waits while another is
    /// giving claims free, which is a matter of milliseconds.
    pub(super) fn join(&self) -> Result<(), StoreError> {
        let mut joined = self.joined.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if joined.is_none() {
            let file = self.open()?;
            file.lock_shared().map_err(|error| StoreError::file(&self.file, error))?;
            *joined = Some(file);
        }
        Ok(())
    }

    /// Keeps others out until the result is dropped; none when somebody may be
    /// sending, this process included.
    pub(super) fn keep_out(&self) -> Result<Option<File>, StoreError> {
        let file = self.open()?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(StoreError::file(&self.file, error)),
        }
    }

    fn open(&self) -> Result<File, StoreError> {
        let mut options = OpenOptions::new();
        let opened = options.write(true).create(true).truncate(false).mode(0o600).open(&self.file);
        opened.map_err(|error| StoreError::file(&self.file, error))
    }
}

const NAME: &str = "sending.lock";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_kept_out_while_one_sends() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, starter) = (Senders::of(folder.path()), Senders::of(folder.path()));
        drop(starter.keep_out().unwrap().unwrap());
        sender.join().unwrap();
        sender.join().unwrap();
        assert!(starter.keep_out().unwrap().is_none());
        drop(sender);
        assert!(starter.keep_out().unwrap().is_some());
    }
}
