//! The master key file: 32 random bytes as base64, readable by its owner only.
//!
//! A key is made once, before there is a database, and never again: a new key
//! beside an old database could open nothing of what is held. The file is
//! published by a hard link, so that two first starts agree on one key.

use std::{
    env, fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use data_encoding::{BASE64, HEXLOWER};
use zeroize::Zeroizing;

use super::{error::StoreError, seal};
use crate::base::secret::Secret;

/// Where the master key is, and whether systemd guards it.
pub(super) struct MasterKeyFile {
    pub(super) path: PathBuf,
    is_credential: bool,
}

impl MasterKeyFile {
    /// The named file; else `$CREDENTIALS_DIRECTORY/master.key` when it
    /// exists; else `master.key` in the state folder.
    pub(super) fn find(folder: &Path, named: Option<&Path>) -> Self {
        let credentials = env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        Self::find_among(folder, named, credentials)
    }

    fn find_among(folder: &Path, named: Option<&Path>, credentials: Option<PathBuf>) -> Self {
        let credential = credentials.as_ref().map(|folder| folder.join(NAME));
        let path = match (named, credential) {
            (Some(named), _) => named.to_owned(),
            (None, Some(credential)) if credential.exists() => credential,
            (None, _) => folder.join(NAME),
        };
        let is_credential = credentials.is_some_and(|folder| path.starts_with(folder));
        Self { path, is_credential }
    }

    /// Reads the key.
    pub(super) fn read(&self) -> Result<Secret<[u8; 32]>, StoreError> {
        let metadata = fs::metadata(&self.path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::KeyMissing(self.path.clone()),
            _ => StoreError::file(&self.path, error),
        })?;
        let mode = metadata.permissions().mode() & 0o777;
        // systemd.exec(5): a credential is given to the service's user by an
        // ACL, whose mask shows as group bits; nobody else enters its folder.
        let allowed = if self.is_credential { 0o640 } else { 0o600 };
        if mode & !allowed != 0 {
            return Err(StoreError::KeyMode { path: self.path.clone(), mode });
        }
        let text = fs::read(&self.path).map_err(|error| StoreError::file(&self.path, error))?;
        let text = Zeroizing::new(text);
        let decoded = BASE64.decode(text.trim_ascii()).map(Zeroizing::new);
        let key = decoded.ok().and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
        key.map(Secret::new).ok_or_else(|| StoreError::KeyForm(self.path.clone()))
    }

    /// Makes a key unless there is one.
    pub(super) fn make(&self) -> Result<(), StoreError> {
        if self.path.exists() {
            return Ok(());
        }
        let failed = |error| StoreError::file(&self.path, error);
        let key: Zeroizing<[u8; 32]> = Zeroizing::new(seal::random()?);
        let text = Zeroizing::new(BASE64.encode(&*key) + "\n");
        // Drawn, not numbered by process: in a container those repeat, and a
        // crash would leave a name in the way for ever.
        let mark = HEXLOWER.encode(&seal::random::<8>()?);
        let staged = self.path.with_added_extension(format!("{mark}.tmp"));
        let mut options = fs::OpenOptions::new();
        let mut file =
            options.write(true).create_new(true).mode(0o600).open(&staged).map_err(failed)?;
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::hard_link(&staged, &self.path));
        fs::remove_file(&staged).map_err(failed)?;
        match written {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
            Ok(()) | Err(_) => sync_folder_of(&self.path),
        }
    }
}

/// Makes the state folder, for its owner only, unless it is there.
pub(super) fn make_folder(folder: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(folder).map_err(|error| StoreError::file(folder, error))
}

fn sync_folder_of(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let sync = || fs::File::open(folder)?.sync_all();
    sync().map_err(|error| StoreError::file(folder, error))
}

const NAME: &str = "master.key";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_one_key_and_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = MasterKeyFile::find(folder.path(), None);
        assert!(matches!(file.read(), Err(StoreError::KeyMissing(_))));
        file.make().unwrap();
        let first = *file.read().unwrap().expose();
        file.make().unwrap();
        assert_eq!(*file.read().unwrap().expose(), first);
        assert_eq!(fs::metadata(&file.path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn takes_a_credential_of_systemd_when_there_is_one() {
        let (state, credentials) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let given = || Some(credentials.path().to_owned());
        let own = MasterKeyFile::find_among(state.path(), None, given());
        assert_eq!(own.path, state.path().join(NAME));
        let credential = credentials.path().join(NAME);
        fs::write(&credential, BASE64.encode(&[7; 32])).unwrap();
        fs::set_permissions(&credential, fs::Permissions::from_mode(0o440)).unwrap();
        let found = MasterKeyFile::find_among(state.path(), None, given());
        assert_eq!(*found.read().unwrap().expose(), [7; 32]);
        fs::set_permissions(&credential, fs::Permissions::from_mode(0o444)).unwrap();
        assert!(matches!(found.read(), Err(StoreError::KeyMode { mode: 0o444, .. })));
    }

    #[test]
    fn refuses_a_key_of_another_form() {
        let folder = tempfile::tempdir().unwrap();
        let file = MasterKeyFile::find(folder.path(), None);
        file.make().unwrap();
        fs::write(&file.path, "c2hvcnQ=\n").unwrap();
        assert!(matches!(file.read(), Err(StoreError::KeyForm(_))));
    }
}
