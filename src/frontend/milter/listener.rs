//! The socket that the mail server connects to.
//!
//! On TCP the kernel holds acknowledgements back for 40 ms, and Postfix waits
//! for them: quick acknowledgements must be asked for again after every read.
//! A unix socket has no such trouble. When no connection can be taken, for want
//! of file descriptors, the listener waits and tries again; it never gives up.

use std::{
    fs, io,
    net::SocketAddr,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use indymilter::EitherStream;
use rustix::net::sockopt::set_tcp_quickack;
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    time::{Sleep, sleep},
};
use tracing::error;

use super::{Listen, Settings};

/// A bound socket. A unix socket's file is removed when this is dropped.
pub struct Listener {
    socket: Socket,
    /// Runs while the listener rests after a failure.
    rest: Option<Pin<Box<Sleep>>>,
}

enum Socket {
    Tcp(TcpListener),
    /// The file goes first: while we still answer, nobody else takes the place.
    Unix {
        _file: SocketFile,
        listener: UnixListener,
    },
}

impl Listener {
    /// Binds the socket that `[milter]` names. A socket file is taken over
    /// only when nothing answers on it.
    ///
    /// # Errors
    ///
    /// The place is taken, is no socket, or cannot be bound.
    pub async fn bind(settings: &Settings) -> Result<Self, BindError> {
        let socket = match &settings.listen {
            Listen::Inet(host, port) => {
                let bound = TcpListener::bind((host.as_str(), *port)).await;
                let failed = |source| BindError::Bind { place: settings.listen.clone(), source };
                Socket::Tcp(bound.map_err(failed)?)
            }
            Listen::Unix(path) => {
                bind_unix(path, settings.socket_mode.bits()).await.map_err(|fault| match fault {
                    UnixFault::InUse => BindError::InUse(path.clone()),
                    UnixFault::Io(source) => {
                        BindError::Bind { place: settings.listen.clone(), source }
                    }
                    UnixFault::NoFolder => BindError::NoFolder(path.clone()),
                    UnixFault::NotASocket => BindError::NotASocket(path.clone()),
                })?
            }
        };
        Ok(Self { socket, rest: None })
    }

    /// The address of a TCP socket.
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        match &self.socket {
            Socket::Tcp(listener) => listener.local_addr().ok(),
            Socket::Unix { .. } => None,
        }
    }

    fn poll_stream(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        match &mut self.socket {
            Socket::Tcp(listener) => {
                let (stream, _) = ready!(listener.poll_accept(cx))?;
                Poll::Ready(QuickStream::new(stream).map(EitherStream::Tcp))
            }
            Socket::Unix { listener, .. } => {
                let (stream, _) = ready!(listener.poll_accept(cx))?;
                Poll::Ready(Ok(EitherStream::Unix(stream)))
            }
        }
    }
}

impl indymilter::Listener for Listener {
    type Io = Stream;

    /// Never reports a failure: the library would end the service for it.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Self::Io>> {
        loop {
            if let Some(rest) = &mut self.rest {
                ready!(rest.as_mut().poll(cx));
                self.rest = None;
            }
            match ready!(self.poll_stream(cx)) {
                Ok(stream) => return Poll::Ready(Ok(stream)),
                Err(source) => {
                    error!(%source, "cannot take a milter connection, trying again");
                    self.rest = Some(Box::pin(sleep(REST)));
                }
            }
        }
    }
}

/// One connection of a mail server.
pub type Stream = EitherStream<QuickStream, UnixStream>;

/// A TCP stream that acknowledges at once what it reads.
#[derive(Debug)]
pub struct QuickStream(TcpStream);

impl QuickStream {
    fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }
}

impl AsyncRead for QuickStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.0).poll_read(cx, buf))?;
        // A matter of speed only, and the kernel forgets it: RFC 1122 4.2.3.2.
        let _ = set_tcp_quickack(&self.0, true);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for QuickStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Why the socket could not be bound.
#[derive(Debug, Error)]
pub enum BindError {
    /// The operating system refused.
    #[error("cannot listen on {place}")]
    Bind {
        /// Where.
        place: Listen,
        /// Why.
        source: io::Error,
    },
    /// Another program answers on the socket.
    #[error("another program already listens on {0}")]
    InUse(PathBuf),
    /// The folder of the socket does not exist.
    #[error("the folder of the socket {0} does not exist")]
    NoFolder(PathBuf),
    /// Something else than a socket stands there.
    #[error("{0} exists and is not a socket")]
    NotASocket(PathBuf),
}

enum UnixFault {
    InUse,
    Io(io::Error),
    NoFolder,
    NotASocket,
}

impl From<io::Error> for UnixFault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

async fn bind_unix(path: &Path, mode: u32) -> Result<Socket, UnixFault> {
    if !path.parent().is_some_and(Path::is_dir) {
        return Err(UnixFault::NoFolder);
    }
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => return Err(UnixFault::NotASocket),
        Ok(_) if UnixStream::connect(path).await.is_ok() => return Err(UnixFault::InUse),
        Ok(_) => fs::remove_file(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let listener = UnixListener::bind(path)?;
    let file = SocketFile::at(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    Ok(Socket::Unix { _file: file, listener })
}

/// The file of our own socket; removed with it, unless another took its place.
struct SocketFile {
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

const REST: Duration = Duration::from_millis(100);
