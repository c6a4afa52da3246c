//! The socket that the mail server connects to.
//!
//! On TCP the kernel holds acknowledgements back for 40 ms, and Postfix waits
//! for them: quick acknowledgements must be asked for again after every read.
//! A unix socket has no such trouble. When no connection can be taken, for want
//! of file descriptors, the listener waits and tries again; it never gives up.

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
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
use crate::frontend::unix::{self, SocketFile};

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
                let bound = unix::bind(path, settings.socket_mode).await;
                let (listener, file) = bound.map_err(|fault| match fault {
                    unix::Fault::InUse => BindError::InUse(path.clone()),
                    unix::Fault::Io(source) => {
                        BindError::Bind { place: settings.listen.clone(), source }
                    }
                    unix::Fault::NoFolder => BindError::NoFolder(path.clone()),
                    unix::Fault::NotASocket => BindError::NotASocket(path.clone()),
                })?;
                Socket::Unix { _file: file, listener }
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

const REST: Duration = Duration::from_millis(100);
