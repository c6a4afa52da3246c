//! A client that says exactly what a test tells it to.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpSocket, TcpStream},
};

pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection, and the greeting that came.
pub(crate) struct Client {
    pub(crate) greeting: Reply,
    stream: BufReader<Box<dyn Duplex>>,
}

/// One reply: its code, and its lines without codes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    pub(crate) lines: Vec<String>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// The code with the enhanced one.
    pub(crate) fn codes(&self) -> String {
        format!("{} {}", self.code, self.lines[0].split(' ').next().unwrap())
    }
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap()).await
    }

    /// Connects from another address of this machine.
    pub(crate) async fn from(local: &str, address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{local}:0").parse().unwrap()).unwrap();
        Self::over(socket.connect(address).await.unwrap()).await
    }

    /// Takes over a connection before its greeting.
    pub(crate) async fn over(stream: impl Duplex + 'static) -> Self {
        let mut client = Self::silent(stream);
        client.greeting = client.reply().await;
        client
    }

    /// Takes over a connection that does not greet.
    pub(crate) fn silent(stream: impl Duplex + 'static) -> Self {
        let greeting = Reply { code: 0, lines: Vec::new() };
        let stream: Box<dyn Duplex> = Box::new(stream);
        Self { greeting, stream: BufReader::new(stream) }
    }

    /// Connects and says EHLO.
    pub(crate) async fn hello(address: SocketAddr) -> Self {
        let mut client = Self::connect(address).await;
        assert_eq!(client.say("EHLO client.cpm.example").await.code, 250);
        client
    }

    /// Sends a line and gives its reply.
    pub(crate) async fn say(&mut self, line: &str) -> Reply {
        self.send(format!("{line}\r\n").as_bytes()).await;
        self.reply().await
    }

    /// Sends lines one by one and gives the codes.
    pub(crate) async fn codes(&mut self, lines: &[&str]) -> Vec<u16> {
        let mut codes = Vec::new();
        for line in lines {
            codes.push(self.say(line).await.code);
        }
        codes
    }

    /// Sends bytes. The server may have hung up already.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.get_mut().write_all(bytes).await;
        let _ = self.stream.get_mut().flush().await;
    }

    /// The next reply; code 0 when the server hung up.
    pub(crate) async fn reply(&mut self) -> Reply {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return Reply { code: 0, lines: vec![String::new()] };
            }
            let line = line.strip_suffix("\r\n").expect("replies end in CR LF");
            let code = line[..3].parse().unwrap();
            lines.push(line[4..].to_owned());
            if line.as_bytes()[3] == b' ' {
                return Reply { code, lines };
            }
            assert_eq!(line.as_bytes()[3], b'-');
        }
    }

    /// The codes of so many replies.
    pub(crate) async fn replies(&mut self, count: usize) -> Vec<u16> {
        let mut codes = Vec::new();
        for _ in 0..count {
            codes.push(self.reply().await.code);
        }
        codes
    }

    /// Everything that the server still says.
    pub(crate) async fn rest(mut self) -> String {
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest).await;
        String::from_utf8(rest).unwrap()
    }

    /// MAIL, RCPT and DATA, all of which must be granted.
    pub(crate) async fn open(&mut self, from: &str, to: &[&str]) {
        assert_eq!(self.say(&format!("MAIL FROM:<{from}>")).await.code, 250);
        for to in to {
            assert_eq!(self.say(&format!("RCPT TO:<{to}>")).await.code, 250);
        }
        assert_eq!(self.say("DATA").await.code, 354);
    }

    /// Sends a whole message and gives the reply to its end.
    pub(crate) async fn submit(&mut self, from: &str, to: &[&str], message: &[u8]) -> Reply {
        self.open(from, to).await;
        self.send(&stuffed(message)).await;
        self.reply().await
    }

    /// The connection itself.
    pub(crate) fn into_stream(self) -> Box<dyn Duplex> {
        assert!(self.stream.buffer().is_empty());
        self.stream.into_inner()
    }
}

/// The message as it goes over the wire, with its end.
pub(crate) fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    out.extend_from_slice(b".\r\n");
    out
}

pub(crate) const KARI: &str = "kari@cpm.example";
pub(crate) const OLA: &str = "ola@partner.example";
pub(crate) const PER: &str = "per@other.example";
