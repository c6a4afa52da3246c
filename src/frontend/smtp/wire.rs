//! One connection: lines and bytes in, replies out.
//!
//! Replies wait until there is nothing more to read, so that a group of
//! commands gets its answers in one piece (RFC 2920). Every wait ends: at its
//! deadline, or when the service stops. What was received before TLS began is
//! forgotten when it begins, so that nobody on the way can put commands there.

use std::{fmt::Write as _, io, time::Duration};

use memchr::memchr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::watch,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::socket::Link;
use crate::relay::Answer;

/// A connection with what was read ahead and what is still to be said.
pub(super) struct Wire {
    stream: Stream,
    input: Vec<u8>,
    /// How much of `input` was used.
    used: usize,
    output: String,
    stop: watch::Receiver<bool>,
}

enum Stream {
    /// TLS broke; nothing can be read or written.
    Broken,
    Plain(Link),
    Tls(Box<TlsStream<Link>>),
}

/// One line as received.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Line {
    /// It was longer than [`MAX_LINE`], and was thrown away.
    Long,
    /// With its line feed.
    Whole(Vec<u8>),
}

/// Why a connection ends from outside.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cut {
    /// The client is gone.
    Gone,
    /// The client was too slow.
    Late,
    /// The service stops.
    Stopped,
}

impl Wire {
    /// Takes over a connection; `stop` turns true when the service stops.
    pub(super) fn new(stream: Link, stop: watch::Receiver<bool>) -> Self {
        stream.hasten();
        let stream = Stream::Plain(stream);
        Self { stream, input: Vec::new(), used: 0, output: String::new(), stop }
    }

    /// Whether the client says something within `time`, without reading it.
    pub(super) async fn hears_something(&self, time: Duration) -> bool {
        match &self.stream {
            Stream::Plain(stream) => timeout(time, stream.speaks()).await.unwrap_or(false),
            Stream::Broken | Stream::Tls(_) => false,
        }
    }

    /// The next line.
    pub(super) async fn line(&mut self, time: Duration) -> Result<Line, Cut> {
        let until = Instant::now() + time;
        let (mut seen, mut is_long) = (0, false);
        loop {
            let unseen = self.received().get(seen..).unwrap_or_default();
            if let Some(lf) = memchr(b'\n', unseen) {
                let length = seen + lf + 1;
                let line = self.received().get(..length).unwrap_or_default().to_vec();
                self.consume(length);
                return Ok(if is_long || length > MAX_LINE {
                    Line::Long
                } else {
                    Line::Whole(line)
                });
            }
            seen = self.received().len();
            if seen > MAX_LINE {
                is_long = true;
                self.consume(seen);
                seen = 0;
            }
            self.fill(until, FOR_COMMANDS).await?;
        }
    }

    /// What was received and not used yet.
    pub(super) fn received(&self) -> &[u8] {
        self.input.get(self.used..).unwrap_or_default()
    }

    /// Marks the first bytes of what was received as used.
    pub(super) fn consume(&mut self, bytes: usize) {
        self.used = self.used.saturating_add(bytes).min(self.input.len());
        if self.used == self.input.len() {
            self.used = 0;
            self.input.clear();
        }
    }

    /// Says what there is to say, and waits until `until` for more to read,
    /// at most some `most` bytes.
    pub(super) async fn fill(&mut self, until: Instant, most: usize) -> Result<(), Cut> {
        self.flush().await?;
        self.input.drain(..self.used);
        self.used = 0;
        if self.input.is_empty() && self.input.capacity() > FOR_COMMANDS && most <= FOR_COMMANDS {
            // A thousand idle connections must not keep what a message needed.
            self.input = Vec::new();
        }
        self.input.reserve(most);
        let (stream, input) = (&mut self.stream, &mut self.input);
        // A matter of speed only: a client may hold back the end of its message
        // until we have acknowledged the rest. To a command the reply does that.
        let is_content = most > FOR_COMMANDS;
        let reading = async {
            match stream {
                Stream::Broken => Ok(0),
                Stream::Plain(stream) => {
                    let read = stream.read_buf(input).await;
                    if is_content {
                        stream.acknowledge();
                    }
                    read
                }
                Stream::Tls(stream) => {
                    let read = stream.read_buf(input).await;
                    if is_content {
                        stream.get_ref().0.acknowledge();
                    }
                    read
                }
            }
        };
        tokio::select! {
            biased;
            () = stopped(&mut self.stop) => Err(Cut::Stopped),
            read = timeout_at(until, reading) => match read {
                Ok(Ok(1..)) => Ok(()),
                Ok(Ok(0) | Err(_)) => Err(Cut::Gone),
                Err(_) => Err(Cut::Late),
            },
        }
    }

    /// Adds a reply to what is to be said.
    pub(super) fn say(&mut self, answer: &Answer) {
        self.say_lines(answer.code, &format!("{} ", answer.enhanced), &answer.lines);
    }

    /// Adds a reply of these lines, each with `prefix` before it.
    pub(super) fn say_lines<T: AsRef<str>>(&mut self, code: u16, prefix: &str, lines: &[T]) {
        let last = lines.len().saturating_sub(1);
        for (number, line) in lines.iter().enumerate() {
            let mark = if number == last { ' ' } else { '-' };
            // Writing to a string does not fail.
            let _ = write!(self.output, "{code}{mark}{prefix}{}\r\n", line.as_ref());
        }
    }

    /// Says what there is to say.
    pub(super) async fn flush(&mut self) -> Result<(), Cut> {
        if self.output.is_empty() {
            return Ok(());
        }
        let output = std::mem::take(&mut self.output);
        let writing = async {
            match &mut self.stream {
                Stream::Broken => Err(io::ErrorKind::NotConnected.into()),
                Stream::Plain(stream) => stream.write_all(output.as_bytes()).await,
                Stream::Tls(stream) => {
                    stream.write_all(output.as_bytes()).await?;
                    stream.flush().await
                }
            }
        };
        match timeout(WRITE_TIME, writing).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Cut::Gone),
        }
    }

    /// Says what there is to say and closes the connection.
    pub(super) async fn close(mut self) {
        // The client learns no more from a failure of this.
        let _ = self.flush().await;
        let closing = async {
            match &mut self.stream {
                Stream::Broken => Ok(()),
                Stream::Plain(stream) => stream.shutdown().await,
                Stream::Tls(stream) => stream.shutdown().await,
            }
        };
        let _ = timeout(WRITE_TIME, closing).await;
        self.linger().await;
    }

    /// Reads away what the client still says: closing with unread bytes would
    /// reset the connection, and take our last reply from it.
    async fn linger(&mut self) {
        let reading = async {
            let (mut sink, mut left) = (vec![0; FOR_COMMANDS], LINGER_BYTES);
            loop {
                let read = match &mut self.stream {
                    Stream::Broken => return,
                    Stream::Plain(stream) => stream.read(&mut sink).await,
                    Stream::Tls(stream) => stream.read(&mut sink).await,
                };
                match read {
                    Ok(read) if read > 0 && read <= left => left -= read,
                    _ => return,
                }
            }
        };
        tokio::select! {
            biased;
            () = stopped(&mut self.stop) => {}
            _ = timeout(LINGER_TIME, reading) => {}
        }
    }

    /// Starts TLS; what was received in the clear is forgotten.
    pub(super) async fn secure(&mut self, tls: &TlsAcceptor, time: Duration) -> Result<(), Cut> {
        self.flush().await?;
        (self.input, self.used) = (Vec::new(), 0);
        let Stream::Plain(stream) = std::mem::replace(&mut self.stream, Stream::Broken) else {
            return Err(Cut::Gone);
        };
        let shaking = timeout(time, tls.accept(stream));
        let secured = tokio::select! {
            biased;
            () = stopped(&mut self.stop) => return Err(Cut::Gone),
            secured = shaking => secured,
        };
        match secured {
            Ok(Ok(stream)) => {
                self.stream = Stream::Tls(Box::new(stream));
                Ok(())
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "tls did not begin");
                Err(Cut::Gone)
            }
            Err(_) => Err(Cut::Gone),
        }
    }

    /// The connection under TLS.
    pub(super) fn tls(&self) -> Option<&TlsStream<Link>> {
        match &self.stream {
            Stream::Tls(stream) => Some(stream),
            Stream::Broken | Stream::Plain(_) => None,
        }
    }

    /// Waits, for no longer than the service runs.
    pub(super) async fn pause(&mut self, time: Duration) -> Result<(), Cut> {
        tokio::select! {
            biased;
            () = stopped(&mut self.stop) => Err(Cut::Stopped),
            () = tokio::time::sleep(time) => Ok(()),
        }
    }
}

/// Ends when the service stops.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Whoever could say it is gone: the service has stopped.
    drop(stop.wait_for(|is_stopped| *is_stopped).await);
}

/// Octets of a command with its line end; RFC 5321 section 4.5.3.1.4 asks for
/// 512, RFC 3461 and 6531 for some more.
pub(super) const MAX_LINE: usize = 4096;
/// Bytes to read at a time while a message comes in.
pub(super) const FOR_CONTENT: usize = 64 << 10;
const FOR_COMMANDS: usize = 4096;
/// How long a client may take to read our replies.
const WRITE_TIME: Duration = Duration::from_secs(60);
const LINGER_TIME: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 1 << 20;
