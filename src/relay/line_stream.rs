//! A TCP stream that hands out what it received one line at a time.
//!
//! The SMTP library keeps what it has read ahead when it starts TLS, so that
//! replies sent in the clear before the handshake would count as replies under
//! TLS, "delivered" among them. A reader that never gets more than a line has
//! nothing read ahead: such replies reach the TLS handshake instead, which
//! fails on them.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncBufRead, AsyncRead, AsyncWrite, BufReader, ReadBuf},
    net::TcpStream,
};

/// The stream.
#[derive(Debug)]
pub(super) struct LineStream(BufReader<TcpStream>);

impl LineStream {
    /// Takes over a connected stream.
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(BufReader::new(stream))
    }
}

impl AsyncTokioStream for LineStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().peer_addr()
    }
}

impl AsyncRead for LineStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let received = ready!(Pin::new(&mut self.0).poll_fill_buf(cx))?;
        let line = memchr::memchr(b'\n', received).map_or(received.len(), |lf| lf + 1);
        let taken = line.min(out.remaining());
        out.put_slice(&received[..taken]);
        Pin::new(&mut self.0).consume(taken);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for LineStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.0.get_mut()).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.0.get_mut()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.0.get_mut()).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    #[tokio::test]
    async fn never_hands_out_more_than_a_line() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        peer.write_all(b"220 go\r\n250 taken\r\nend").await.unwrap();
        drop(peer);

        let mut lines = LineStream::new(stream);
        let mut buffer = [0; 100];
        for expected in [&b"220 go\r\n"[..], b"250 taken\r\n", b"end", b""] {
            let read = lines.read(&mut buffer).await.unwrap();
            assert_eq!(&buffer[..read], expected);
        }
    }
}
