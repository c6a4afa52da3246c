//! The sockets that clients connect to, TCP and unix, and their connections.
//!
//! A client at a unix socket is one on this machine that the permissions of the
//! file let in: it counts as if it came from 127.0.0.1.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
};

use rustix::net::{RecvFlags, recv, sockopt::set_tcp_quickack};
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
};

use super::listen::{At, Place};
use crate::frontend::unix::{self, SocketFile, SocketMode};

/// A bound socket. The file of a unix socket is removed when it is dropped.
pub(super) enum Socket {
    Tcp(TcpListener),
    /// The file goes first: while we still answer, nobody else takes the place.
    Unix {
        _file: SocketFile,
        listener: UnixListener,
    },
}

impl Socket {
    pub(super) async fn bind(place: &Place, mode: SocketMode) -> Result<Self, unix::Fault> {
        match &place.at {
            At::Tcp(address) => Ok(Self::Tcp(TcpListener::bind(address).await?)),
            At::Unix(path) => {
                let (listener, file) = unix::bind(path, mode).await?;
                Ok(Self::Unix { _file: file, listener })
            }
        }
    }

    /// The address of a TCP socket.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix { .. } => None,
        }
    }

    /// The next connection, and where it counts as coming from.
    pub(super) async fn accept(&self) -> io::Result<(Link, SocketAddr)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok((Link::Tcp(stream), peer))
            }
            Self::Unix { listener, .. } => {
                let (stream, _) = listener.accept().await?;
                Ok((Link::Unix(stream), (Ipv4Addr::LOCALHOST, 0).into()))
            }
        }
    }
}

/// A connection.
pub(super) enum Link {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Link {
    /// Sends small pieces at once: the line end of a reply must not wait for an
    /// acknowledgement.
    pub(super) fn hasten(&self) {
        if let Self::Tcp(stream) = self {
            let _ = stream.set_nodelay(true);
        }
    }

    /// Acknowledges at once what was read. A matter of speed only, and the
    /// kernel forgets it.
    pub(super) fn acknowledge(&self) {
        if let Self::Tcp(stream) = self {
            let _ = set_tcp_quickack(stream, true);
        }
    }

    /// Waits until the client says something, without reading it.
    pub(super) async fn speaks(&self) -> bool {
        match self {
            Self::Tcp(stream) => matches!(stream.peek(&mut [0]).await, Ok(1..)),
            Self::Unix(stream) => {
                let peek = || Ok(recv(stream, &mut [0; 1], RecvFlags::PEEK)?);
                matches!(stream.async_io(Interest::READABLE, peek).await, Ok((_, 1..)))
            }
        }
    }

    /// Writes what fits without waiting.
    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write(bytes),
            Self::Unix(stream) => stream.try_write(bytes),
        }
    }
}

impl AsyncRead for Link {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Link {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
