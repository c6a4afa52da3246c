//! The certificate folder: `<FINGERPRINT>.pgp` files and their index.
//!
//! Every write is a new file that takes the place of the old one, with the file
//! and the folder synced, under a lock that other processes honour too. A
//! missing, damaged or outdated index is made anew from the certificates. A
//! reader sees the state before or after a change, never between.

use std::{
    collections::HashMap,
    fs::{self, DirBuilder, File},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use sequoia_openpgp::{Cert, parse::Parse};

use super::{certificate::claimed_addresses, error::ProtectError, index::Index};

/// The folder, open for reading and writing.
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Opens the folder, which is made when absent.
    pub(super) fn open(path: PathBuf) -> Result<Self, ProtectError> {
        // Who writes to whom is nobody else's business.
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map_err(ProtectError::folder(&path))?;
        let folder = Self { path };
        // Early, because the new file would change the mark of the folder. A
        // folder that cannot be written to can still be read.
        let _ = folder.lock_file();
        Ok(folder)
    }

    /// The mark of the present state; it differs after every change.
    pub(super) fn stamp(&self) -> Result<Stamp, ProtectError> {
        let folder = fs::metadata(&self.path).map_err(ProtectError::folder(&self.path))?;
        let path = self.index_path();
        let index = match fs::metadata(&path) {
            Ok(metadata) => Some(mark(&metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(ProtectError::folder(&path)(error)),
        };
        Ok(Stamp { folder: mark(&folder), index })
    }

    /// Reads everything. An index that does not fit is put right, in memory at
    /// least: a folder that cannot be written to can still be read.
    pub(super) fn load(&self) -> Result<Snapshot, ProtectError> {
        let mut stamp = self.stamp()?;
        let certificates = self.read_certificates()?;
        let path = self.index_path();
        let stored = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(ProtectError::folder(&path)(error)),
        };
        let index = match stored {
            Some(index) if fits(&index, &certificates) => index,
            outdated => {
                let index = rebuilt(outdated.unwrap_or_default(), &certificates);
                match self.repair(&index, stamp) {
                    Ok(after) => stamp = after.unwrap_or(stamp),
                    Err(error) => {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "certificate index cannot be rewritten"
                        );
                    }
                }
                index
            }
        };
        Ok(Snapshot { certificates, index, stamp })
    }

    /// Keeps other writers out for as long as the result lives.
    pub(super) fn lock(&self) -> Result<Locked<'_>, ProtectError> {
        let (path, file) = self.lock_file()?;
        file.lock().map_err(ProtectError::folder(&path))?;
        Ok(Locked { folder: self, _file: file })
    }

    /// Writes an index rebuilt from the state `seen`. Leaves it to the next look
    /// when another process is writing, or has written since: its pins would be
    /// lost.
    fn repair(&self, index: &Index, seen: Stamp) -> Result<Option<Stamp>, ProtectError> {
        let (_, file) = self.lock_file()?;
        if file.try_lock().is_err() || self.stamp()? != seen {
            return Ok(None);
        }
        let locked = Locked { folder: self, _file: file };
        locked.write_index(index)?;
        self.stamp().map(Some)
    }

    fn lock_file(&self) -> Result<(PathBuf, File), ProtectError> {
        let path = self.path.join(LOCK);
        let mut options = File::options();
        let file = options.create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(ProtectError::folder(&path))?;
        Ok((path, file))
    }

    fn read_certificates(&self) -> Result<HashMap<String, Arc<[u8]>>, ProtectError> {
        let mut certificates = HashMap::new();
        let entries = fs::read_dir(&self.path).map_err(ProtectError::folder(&self.path))?;
        for entry in entries {
            let entry = entry.map_err(ProtectError::folder(&self.path))?;
            let name = entry.file_name();
            let stem = name.to_str().and_then(|name| name.strip_suffix(SUFFIX));
            let Some(fingerprint) = stem.filter(|stem| is_fingerprint(stem)) else { continue };
            match fs::read(entry.path()) {
                Ok(bytes) => {
                    certificates.insert(fingerprint.to_owned(), Arc::from(bytes));
                }
                // Removed by another process since the folder was read.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(ProtectError::folder(&entry.path())(error)),
            }
        }
        Ok(certificates)
    }

    fn index_path(&self) -> PathBuf {
        self.path.join(INDEX)
    }
}

/// The folder while no other process writes to it.
pub(super) struct Locked<'a> {
    folder: &'a Folder,
    _file: File,
}

impl Locked<'_> {
    /// Writes one certificate.
    pub(super) fn write(&self, fingerprint: &str, bytes: &[u8]) -> Result<(), ProtectError> {
        self.replace(&self.certificate_path(fingerprint), bytes)
    }

    /// Deletes one certificate. One that is gone already is no error.
    pub(super) fn delete(&self, fingerprint: &str) -> Result<(), ProtectError> {
        let path = self.certificate_path(fingerprint);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(ProtectError::folder(&path)(error))
            }
            _ => sync_folder(&self.folder.path),
        }
    }

    /// Writes the index. Comes last in every change: a change cut short shows
    /// in an index that does not fit.
    pub(super) fn write_index(&self, index: &Index) -> Result<(), ProtectError> {
        let path = self.folder.index_path();
        let bytes = serde_json::to_vec_pretty(index)
            .map_err(|error| ProtectError::folder(&path)(io::Error::other(error)))?;
        self.replace(&path, &bytes)
    }

    fn certificate_path(&self, fingerprint: &str) -> PathBuf {
        self.folder.path.join(format!("{fingerprint}{SUFFIX}"))
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), ProtectError> {
        let fresh = self.folder.path.join(FRESH);
        let write = || {
            let mut file = File::create(&fresh)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&fresh, path)
        };
        write().map_err(ProtectError::folder(path))?;
        sync_folder(&self.folder.path)
    }
}

/// Everything in the folder at one time.
pub(super) struct Snapshot {
    /// Certificates as stored, by fingerprint.
    pub(super) certificates: HashMap<String, Arc<[u8]>>,
    /// Who may be written to with which.
    pub(super) index: Index,
    /// The state this is a copy of.
    pub(super) stamp: Stamp,
}

impl Snapshot {
    /// Parses one certificate; nothing when it is absent, damaged or another
    /// than its file name says.
    pub(super) fn certificate(&self, fingerprint: &str) -> Option<Cert> {
        parse(fingerprint, self.certificates.get(fingerprint)?)
    }
}

/// Tells one state of the folder from another. The inode is part of it because
/// two writes can fall into one tick of the file system's clock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Stamp {
    folder: Mark,
    index: Option<Mark>,
}

/// Modification time in seconds and nanoseconds, inode, bytes.
type Mark = (i64, i64, u64, u64);

fn mark(metadata: &fs::Metadata) -> Mark {
    (metadata.mtime(), metadata.mtime_nsec(), metadata.ino(), metadata.size())
}

/// The name of a certificate in the folder: hexadecimal in upper case.
pub(super) fn is_fingerprint(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'))
}

fn parse(fingerprint: &str, bytes: &[u8]) -> Option<Cert> {
    let cert = Cert::from_bytes(bytes).ok()?;
    (cert.fingerprint().to_hex() == fingerprint).then_some(cert)
}

fn fits(index: &Index, certificates: &HashMap<String, Arc<[u8]>>) -> bool {
    index.certificates.len() == certificates.len()
        && index.certificates.iter().all(|fingerprint| certificates.contains_key(fingerprint))
}

/// An index of what is there. A certificate that cannot be read keeps the
/// claims it had, so that a look-up says it is damaged and not that it is
/// unknown.
fn rebuilt(mut index: Index, certificates: &HashMap<String, Arc<[u8]>>) -> Index {
    let gone = |fingerprint: &&String| !certificates.contains_key(*fingerprint);
    for fingerprint in index.certificates.clone().iter().filter(gone) {
        index.remove(fingerprint);
    }
    for (fingerprint, bytes) in certificates {
        match parse(fingerprint, bytes) {
            Some(cert) => index.put(fingerprint, &claimed_addresses(&cert)),
            None => {
                index.certificates.insert(fingerprint.clone());
            }
        }
    }
    index
}

fn sync_folder(path: &Path) -> Result<(), ProtectError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(ProtectError::folder(path))
}

const FRESH: &str = ".fresh";
const INDEX: &str = "index.json";
const LOCK: &str = ".lock";
const SUFFIX: &str = ".pgp";
