//! Files that the caller names.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::Exit;

/// A file that the caller named cannot be read.
#[derive(Debug, Error)]
#[error("cannot read {}", path.display())]
pub struct InputError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl From<&InputError> for Exit {
    fn from(error: &InputError) -> Self {
        match error.source.kind() {
            io::ErrorKind::PermissionDenied => Self::Denied,
            _ => Self::Usage,
        }
    }
}

/// The bytes of a file, of standard input for `-`; nothing when there are more
/// than `limit`.
pub(super) fn load(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, InputError> {
    let mut bytes = Vec::new();
    let most = limit.saturating_add(1);
    let read = if is_standard(path) {
        io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    read.map_err(|source| InputError { path: path.to_owned(), source })?;
    let fits = u64::try_from(bytes.len()).is_ok_and(|length| length <= limit);
    Ok(fits.then_some(bytes))
}

/// Whether the path means standard input.
pub(super) fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}
