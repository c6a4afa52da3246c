//! Sealed content in an object store: a local folder, or a bucket by another
//! constructor.
//!
//! On a folder, `put` writes a staged file (`name#1`), syncs it, renames it
//! and syncs the folder before it returns. What a crash leaves behind (staged
//! files, and files whose row was never written) is swept when the store
//! opens.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt, local::LocalFileSystem, path::Path as Key};

use super::{error::StoreError, master};

/// Where sealed content lies.
pub(super) struct Blobs {
    objects: Arc<dyn ObjectStore>,
    /// The folder behind it, where there is one.
    folder: Option<PathBuf>,
}

/// What the content belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    Held,
    Outbox,
}

impl Place {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Outbox => "outbox",
        }
    }
}

impl Blobs {
    /// Content in a folder, which is made unless it is there.
    pub(super) fn in_folder(folder: &Path) -> Result<Self, StoreError> {
        for place in [Place::Held, Place::Outbox] {
            master::make_folder(&folder.join(place.as_str()))?;
        }
        let objects = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
        Ok(Self { objects: Arc::new(objects), folder: Some(folder.to_owned()) })
    }

    /// Writes content; durable when this returns.
    pub(super) async fn put(
        &self,
        place: Place,
        id: &str,
        blob: Vec<u8>,
    ) -> Result<(), StoreError> {
        self.objects.put(&key(place, id), blob.into()).await?;
        Ok(())
    }

    /// Reads content.
    pub(super) async fn read(&self, place: Place, id: &str) -> Result<Vec<u8>, StoreError> {
        match self.objects.get(&key(place, id)).await {
            Ok(found) => Ok(found.bytes().await?.into()),
            Err(object_store::Error::NotFound { .. }) => {
                Err(StoreError::ContentMissing(id.to_owned()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether content is there.
    pub(super) async fn holds(&self, place: Place, id: &str) -> Result<bool, StoreError> {
        match self.objects.head(&key(place, id)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes content whose row has no use for it. A failure is only logged:
    /// the next start sweeps, and the key is gone already.
    pub(super) async fn discard(&self, place: Place, id: &str) {
        match self.objects.delete(&key(place, id)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => {
                tracing::warn!(id, %error, "sealed content cannot be removed, will be swept later");
            }
        }
    }

    /// Whether the folder takes writes.
    pub(super) async fn probe(&self) -> Result<(), StoreError> {
        let key = Key::from(format!("probe-{}", std::process::id()));
        self.objects.put(&key, vec![0].into()).await?;
        self.objects.delete(&key).await?;
        Ok(())
    }

    /// Removes what crashes left behind: content of no row in `known` that is
    /// older than a day, and staged files older than ten minutes. Returns
    /// their names.
    pub(super) async fn sweep(&self, known: &HashSet<String>) -> Result<Vec<String>, StoreError> {
        let mut swept = self.folder.as_deref().map_or_else(|| Ok(Vec::new()), sweep_staged)?;
        let found: Vec<_> = self.objects.list(None).try_collect().await?;
        for object in found {
            let id = object.location.filename().unwrap_or_default();
            let born = Duration::from_millis(
                object.last_modified.timestamp_millis().try_into().unwrap_or(0),
            );
            let old = is_older(SystemTime::UNIX_EPOCH + born, ORPHAN_AGE);
            if old && !known.contains(id) {
                self.objects.delete(&object.location).await?;
                swept.push(object.location.to_string());
            }
        }
        Ok(swept)
    }
}

/// Staged files are invisible to the object store's own listing.
fn sweep_staged(folder: &Path) -> Result<Vec<String>, StoreError> {
    let mut swept = Vec::new();
    for place in [Place::Held, Place::Outbox] {
        let folder = folder.join(place.as_str());
        let failed = |error| StoreError::file(&folder, error);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let staged = name.contains('#') || name.ends_with(".tmp");
            let born = entry.metadata().and_then(|metadata| metadata.modified());
            if staged && born.is_ok_and(|born| is_older(born, STAGED_AGE)) {
                fs::remove_file(entry.path()).map_err(failed)?;
                swept.push(format!("{}/{name}", place.as_str()));
            }
        }
    }
    Ok(swept)
}

/// The age of a file by the clock that dated it, which is the system's.
fn is_older(born: SystemTime, age: Duration) -> bool {
    born.elapsed().is_ok_and(|elapsed| elapsed > age)
}

fn key(place: Place, id: &str) -> Key {
    Key::from(format!("{}/{id}", place.as_str()))
}

/// Longer than any transaction that may still be about to write the row.
const ORPHAN_AGE: Duration = Duration::from_secs(24 * 3600);
const STAGED_AGE: Duration = Duration::from_secs(600);
