//! Unix sockets that mail servers of this machine connect to.
//!
//! Who may connect is told by the permissions of the file. A file is taken over
//! only when nothing answers on it, and goes with its listener.

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use serde::Deserialize;
use thiserror::Error;
use tokio::net::{UnixListener, UnixStream};

/// Listens at `path`.
pub(super) async fn bind(
    path: &Path,
    mode: SocketMode,
) -> Result<(UnixListener, SocketFile), Fault> {
    if !path.parent().is_some_and(Path::is_dir) {
        return Err(Fault::NoFolder);
    }
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => return Err(Fault::NotASocket),
        Ok(_) if UnixStream::connect(path).await.is_ok() => return Err(Fault::InUse),
        Ok(_) => fs::remove_file(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let listener = UnixListener::bind(path)?;
    let file = SocketFile::at(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode.bits()))?;
    Ok((listener, file))
}

/// The path of a socket, when it can be one.
pub(super) fn path(text: &str) -> Option<PathBuf> {
    let fits = text.starts_with('/') && !text.ends_with('/') && text.len() <= MAX_PATH;
    fits.then(|| text.into())
}

/// Why there is no socket.
#[derive(Debug, Error)]
pub(super) enum Fault {
    #[error("another program already listens there")]
    InUse,
    #[error("the system says no")]
    Io(#[from] io::Error),
    #[error("its folder does not exist")]
    NoFolder,
    #[error("what stands there is not a socket")]
    NotASocket,
}

/// The file of our own socket; removed with it, unless another took its place.
pub(super) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SocketFile {
    fn at(path: &Path) -> io::Result<Self> {
        let found = fs::symlink_metadata(path)?;
        Ok(Self { path: path.to_owned(), device: found.dev(), inode: found.ino() })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|found| (found.dev(), found.ino()) == (self.device, self.inode));
        if ours {
            // A file left behind is taken over at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Permissions of a unix socket, such as `0o660`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "u32")]
pub struct SocketMode(u32);

impl SocketMode {
    fn bits(self) -> u32 {
        self.0
    }
}

impl Default for SocketMode {
    fn default() -> Self {
        Self(0o660)
    }
}

impl TryFrom<u32> for SocketMode {
    type Error = SocketModeError;

    fn try_from(bits: u32) -> Result<Self, Self::Error> {
        // Without owner access we could not look for a stale socket.
        if bits <= 0o777 && bits & 0o600 == 0o600 { Ok(Self(bits)) } else { Err(SocketModeError) }
    }
}

/// The number is not a socket's permissions.
#[derive(Debug, Error, Eq, PartialEq)]
#[error("socket_mode is an octal number from 0o600 to 0o777, such as 0o660")]
pub struct SocketModeError;

/// The kernel takes 108 bytes with the final NUL.
const MAX_PATH: usize = 100;
