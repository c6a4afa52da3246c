//! The next hop: takes everything, but for the commands it has other words
//! for, and remembers what it heard.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, UnixListener},
};

/// A server that runs as long as the test.
#[derive(Clone)]
pub(crate) struct Hop {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Heard>>,
}

#[derive(Default)]
struct Heard {
    commands: Vec<String>,
    messages: Vec<Vec<u8>>,
    words: HashMap<String, String>,
}

impl Hop {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let hop = Self { address, heard: Arc::default() };
        let serving = hop.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let hop = serving.clone();
                tokio::spawn(async move { hop.serve(stream).await });
            }
        });
        hop
    }

    /// The same at a unix socket.
    pub(crate) fn start_at(path: &Path) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let hop = Self { address: ([127, 0, 0, 1], 0).into(), heard: Arc::default() };
        let serving = hop.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let hop = serving.clone();
                tokio::spawn(async move { hop.serve(stream).await });
            }
        });
        hop
    }

    /// Answers the command that starts so with `answer`; `.` is the content,
    /// and no answer at all means hanging up.
    pub(crate) fn answers(&self, command: &str, answer: &str) {
        self.heard.lock().unwrap().words.insert(command.to_owned(), answer.to_owned());
    }

    /// The commands heard, EHLO and QUIT left out.
    pub(crate) fn commands(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        let tells = |line: &&String| !line.starts_with("EHLO") && *line != "QUIT";
        heard.commands.iter().filter(tells).cloned().collect()
    }

    /// The messages taken, dots unstuffed.
    pub(crate) fn messages(&self) -> Vec<Vec<u8>> {
        self.heard.lock().unwrap().messages.clone()
    }

    /// One conversation; nothing when the client is gone.
    pub(crate) async fn serve(&self, stream: impl AsyncRead + AsyncWrite + Unpin) -> Option<()> {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 hop.cpm.example ESMTP\r\n").await.ok()?;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_owned();
            self.heard.lock().unwrap().commands.push(line.clone());
            let verb = line.split(' ').next().unwrap().to_owned();
            let usual = match verb.as_str() {
                "EHLO" => FEATURES,
                "DATA" => "354 go on",
                "QUIT" => "221 2.0.0 bye",
                _ => "250 2.0.0 fine",
            };
            let answer = self.words(&line).unwrap_or_else(|| usual.to_owned());
            self.say(&mut stream, &answer).await?;
            if answer.starts_with("354") {
                let message = content(&mut stream).await?;
                let answer = self.words(".").unwrap_or_else(|| "250 2.0.0 queued as 4F2".into());
                if answer.starts_with('2') {
                    self.heard.lock().unwrap().messages.push(message);
                }
                self.say(&mut stream, &answer).await?;
            }
        }
    }

    fn words(&self, line: &str) -> Option<String> {
        let heard = self.heard.lock().unwrap();
        heard.words.iter().find(|(start, _)| line.starts_with(*start)).map(|(_, w)| w.clone())
    }

    async fn say(&self, stream: &mut (impl AsyncWrite + Unpin), answer: &str) -> Option<()> {
        if answer.is_empty() {
            return None;
        }
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()
    }
}

async fn content(stream: &mut (impl AsyncBufRead + Unpin)) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let start = message.len();
        if stream.read_until(b'\n', &mut message).await.ok()? == 0 {
            return None;
        }
        if &message[start..] == b".\r\n" {
            message.truncate(start);
            return Some(message);
        }
        if message[start] == b'.' {
            message.remove(start);
        }
    }
}

const FEATURES: &str = "250-hop.cpm.example\r\n250-SIZE 100000000\r\n250-8BITMIME\r\n\
    250-SMTPUTF8\r\n250-DSN\r\n250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE";
