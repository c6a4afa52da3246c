//! A plain SMTP client that tells every reply, with all its lines.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::TcpStream,
    time::Duration,
};

/// A message and its envelope.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    /// Empty for the null sender.
    pub(crate) sender: String,
    /// Bare addresses.
    pub(crate) recipients: Vec<String>,
    /// Headers and body with CR LF line ends, ending in one.
    pub(crate) bytes: Vec<u8>,
}

/// One reply of a server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Reply {
    /// The three digits.
    pub(crate) code: u16,
    /// Each line, without the digits and what parts them from the text.
    pub(crate) lines: Vec<String>,
}

impl Reply {
    /// All lines as one text.
    pub(crate) fn text(&self) -> String {
        self.lines.join("\n")
    }
}

/// A connection to an SMTP server, greeted and introduced.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects and says EHLO.
    pub(crate) fn connect(port: u16) -> io::Result<Self> {
        Self::greet(port, "EHLO")
    }

    fn greet(port: u16, verb: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_LIMIT))?;
        let mut client = Self { stream: BufReader::new(stream) };
        let greeting = client.reply()?;
        let hello = client.command(&format!("{verb} client.cpm.example"))?;
        if (greeting.code, hello.code) != (220, 250) {
            return Err(io::Error::other(format!("not welcome: {greeting:?} {hello:?}")));
        }
        Ok(client)
    }

    /// Sends a line and gives the reply.
    pub(crate) fn command(&mut self, line: &str) -> io::Result<Reply> {
        self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    /// Sends a message. Gives the reply to its end, or the first reply that
    /// was not a success.
    pub(crate) fn send(&mut self, mail: &Mail) -> io::Result<Reply> {
        let body = if mail.bytes.is_ascii() { "" } else { " BODY=8BITMIME" };
        let from = self.command(&format!("MAIL FROM:<{}>{body}", mail.sender))?;
        if from.code != 250 {
            return Ok(from);
        }
        for recipient in &mail.recipients {
            let to = self.command(&format!("RCPT TO:<{recipient}>"))?;
            if to.code != 250 {
                return Ok(to);
            }
        }
        self.send_content(mail)
    }

    /// Sends only the content, where the envelope is done.
    pub(crate) fn send_content(&mut self, mail: &Mail) -> io::Result<Reply> {
        let go = self.command("DATA")?;
        if go.code != 354 {
            return Ok(go);
        }
        self.stream.get_mut().write_all(&stuffed(&mail.bytes))?;
        self.reply()
    }

    /// Reads one reply of any number of lines.
    fn reply(&mut self) -> io::Result<Reply> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end();
            let code = line.get(..3).and_then(|digits| digits.parse().ok());
            let code = code.ok_or_else(|| io::Error::other(format!("not a reply: {line}")))?;
            lines.push(line.get(4..).unwrap_or("").to_owned());
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(Reply { code, lines });
            }
        }
    }
}

/// Sends one message over a connection of its own.
pub(crate) fn send(port: u16, mail: &Mail) -> Reply {
    Client::connect(port).and_then(|mut client| client.send(mail)).expect("an answer from Postfix")
}

/// Sends one message by LMTP. Gives the reply for each recipient, in order.
pub(crate) fn send_lmtp(port: u16, mail: &Mail) -> Vec<Reply> {
    let dialogue = || {
        let mut client = Client::greet(port, "LHLO")?;
        let first = client.send(mail)?;
        let rest = mail.recipients.iter().skip(1).map(|_| client.reply());
        std::iter::once(Ok(first)).chain(rest).collect::<io::Result<Vec<Reply>>>()
    };
    dialogue().expect("an answer for each recipient")
}

/// Doubles dots at line starts and adds the end of data (RFC 5321 section
/// 4.5.2).
fn stuffed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 8);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    out.extend_from_slice(b".\r\n");
    out
}

const ANSWER_LIMIT: Duration = Duration::from_secs(120);
