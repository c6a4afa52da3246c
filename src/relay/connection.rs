//! A line to the next hop: replies in, commands and content out.
//!
//! Replies are read with a limit on their length, and every one must have been
//! asked for: what was received before a command is sent, or before TLS starts,
//! is no answer to it (a reply injected in the clear would otherwise count as
//! one under TLS). It has no limits of time; the session sets those. After an
//! error nothing more can be said here.

use std::io;

use futures_util::FutureExt;
use thiserror::Error;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::TlsConnector;

use super::{
    content,
    reply::{Line, Reply},
    settings::At,
};

/// An open connection.
pub(super) struct Connection {
    stream: BufReader<Box<dyn Duplex>>,
}

impl Connection {
    /// Connects.
    pub(super) async fn open(to: &At) -> Result<Self, WireError> {
        let failed = |source| WireError::Connect { to: to.clone(), source };
        let stream: Box<dyn Duplex> = match to {
            At::Tcp(at) => {
                let stream = TcpStream::connect((at.host.as_str(), at.port)).await;
                let stream = stream.map_err(failed)?;
                // A small last packet would wait 40 ms for an acknowledgement.
                let _ = stream.set_nodelay(true);
                Box::new(stream)
            }
            At::Unix(path) => Box::new(UnixStream::connect(path).await.map_err(failed)?),
        };
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Goes over to TLS.
    pub(super) async fn secure(self, connector: &TlsConnector, to: &At) -> Result<Self, WireError> {
        self.must_be_quiet()?;
        let no_name = || WireError::Name(to.clone());
        let name = match to {
            At::Tcp(at) => at.host.clone().try_into().map_err(|_| no_name())?,
            At::Unix(_) => return Err(no_name()),
        };
        let stream = connector.connect(name, self.stream.into_inner()).await;
        let stream = stream.map_err(WireError::Tls)?;
        Ok(Self { stream: BufReader::new(Box::new(stream)) })
    }

    /// Sends one command, without its line end, and reads the reply.
    pub(super) async fn command(&mut self, line: &str) -> Result<Reply, WireError> {
        self.say(&[line]).await?;
        self.reply().await
    }

    /// Sends commands in one piece (RFC 2920); a reply follows for each.
    pub(super) async fn say(&mut self, lines: &[&str]) -> Result<(), WireError> {
        self.must_be_quiet()?;
        let lines: String = lines.iter().flat_map(|line| [line, "\r\n"]).collect();
        let stream = self.stream.get_mut();
        stream.write_all(lines.as_bytes()).await.map_err(WireError::Send)?;
        stream.flush().await.map_err(WireError::Send)
    }

    /// Whether the server has neither closed nor said anything, as far as is
    /// known now.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.must_be_quiet().is_ok() && self.stream.fill_buf().now_or_never().is_none()
    }

    /// Sends the content and the line that ends it.
    pub(super) async fn content(&mut self, content: &[u8]) -> Result<(), WireError> {
        self.must_be_quiet()?;
        content::write(self.stream.get_mut(), content).await.map_err(WireError::Send)
    }

    /// Reads one reply of any number of lines.
    pub(super) async fn reply(&mut self) -> Result<Reply, WireError> {
        let mut reply: Option<Reply> = None;
        for _ in 0..MAX_LINES {
            let line = Line::parse(&self.line().await?).ok_or(WireError::Reply)?;
            let last = line.last;
            match &mut reply {
                None => reply = Some(Reply { code: line.code, lines: vec![line.text] }),
                Some(reply) if reply.code == line.code => reply.lines.push(line.text),
                Some(_) => return Err(WireError::Reply),
            }
            if let Some(reply) = reply.take_if(|_| last) {
                return Ok(reply);
            }
        }
        Err(WireError::TooLong)
    }

    /// One line without its end.
    async fn line(&mut self) -> Result<Vec<u8>, WireError> {
        let mut line = Vec::new();
        let mut limited = (&mut self.stream).take(MAX_LINE);
        limited.read_until(b'\n', &mut line).await.map_err(WireError::Receive)?;
        if line.pop_if(|byte| *byte == b'\n').is_some() {
            line.pop_if(|byte| *byte == b'\r');
            return Ok(line);
        }
        let full = u64::try_from(line.len()).is_ok_and(|length| length == MAX_LINE);
        Err(if full { WireError::TooLong } else { WireError::Closed })
    }

    fn must_be_quiet(&self) -> Result<(), WireError> {
        if self.stream.buffer().is_empty() { Ok(()) } else { Err(WireError::NotAsked) }
    }
}

/// Why the line is of no more use.
#[derive(Debug, Error)]
pub(super) enum WireError {
    #[error("next hop closed the connection")]
    Closed,
    #[error("connect to {to}")]
    Connect { to: At, source: io::Error },
    #[error("{0} is no name for a certificate")]
    Name(At),
    #[error("next hop sent what nobody asked for")]
    NotAsked,
    #[error("receive")]
    Receive(#[source] io::Error),
    #[error("unreadable answer from the next hop")]
    Reply,
    #[error("send")]
    Send(#[source] io::Error),
    #[error("tls")]
    Tls(#[source] io::Error),
    #[error("answer of the next hop is too long")]
    TooLong,
}

/// What TCP, TLS and unix sockets have in common.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Duplex for T {}

/// Octets of a reply line. RFC 5321 section 4.5.3.1.5 allows 512; some servers
/// do not keep to it.
const MAX_LINE: u64 = 4096;
/// Lines of a reply.
const MAX_LINES: usize = 200;

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// A connection whose other end has sent `bytes` and closed.
    async fn with(bytes: &[u8]) -> Connection {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to: At = listener.local_addr().unwrap().to_string().parse().unwrap();
        let connection = Connection::open(&to).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        peer.write_all(bytes).await.unwrap();
        peer.shutdown().await.unwrap();
        connection
    }

    #[tokio::test]
    async fn reads_replies_one_by_one() {
        let mut connection = with(b"220-a\r\n220-\r\n220 b\r\n250\n4").await;
        let first = connection.reply().await.unwrap();
        assert_eq!((first.code, first.lines), (220, vec!["a".into(), String::new(), "b".into()]));
        assert_eq!(connection.reply().await.unwrap().code, 250);
        assert!(matches!(connection.reply().await, Err(WireError::Closed)));
    }

    #[tokio::test]
    async fn a_reply_has_one_code_and_an_end() {
        let long = format!("250 {}", "x".repeat(5000));
        let many = "250-x\r\n".repeat(300);
        for bytes in ["250-a\r\n550 b\r\n", "hello\r\n", "\r\n", "250-a\r\n", &long, &many] {
            assert!(with(bytes.as_bytes()).await.reply().await.is_err(), "{bytes}");
        }
    }

    #[tokio::test]
    async fn an_answer_that_came_too_early_answers_nothing() {
        let mut connection = with(b"220 ready\r\n250 taken\r\n").await;
        connection.reply().await.unwrap();
        assert!(matches!(connection.command("NOOP").await, Err(WireError::NotAsked)));
    }
}
