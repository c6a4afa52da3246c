//! A next hop that does what a story needs, and parcels to send to it.

use std::{sync::Arc, time::Duration};

use sha2::{Digest, Sha256};
use sluse::{
    model::{Address, Envelope, Reading, Reviewer, Wishes},
    policy::{Parcel, Policy},
    relay::{Delivery, NextHop, Settings},
};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
    task::JoinHandle,
};

pub(crate) const MAIL: &[u8] = b"Subject: Hei\r\n\r\nVi ses i morgen.\r\n";

/// What the fake does at one step.
#[derive(Clone, Debug)]
pub(crate) enum Say {
    Close,
    /// Byte after byte, and never a line end.
    Drip,
    Line(String),
    Nothing,
}

pub(crate) fn say(line: &str) -> Say {
    Say::Line(line.to_owned())
}

/// A hop that takes everything and knows the usual extensions.
pub(crate) fn usual(step: &str) -> Say {
    match step {
        "greeting" => say("220 fake ready"),
        "DATA" => say("354 go on"),
        "QUIT" => say("221 bye"),
        step if step.starts_with("EHLO") => {
            say("250-fake\r\n250-8bitmime\r\n250-SIZE 1000000\r\n250 SMTPUTF8")
        }
        _ => say("250 2.0.0 ok"),
    }
}

/// A hop that takes everything and knows no extension.
pub(crate) fn plain(step: &str) -> Say {
    if step.starts_with("EHLO") { say("250 fake") } else { usual(step) }
}

/// What the fake heard.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) commands: Vec<String>,
    pub(crate) content: Option<Vec<u8>>,
}

impl Heard {
    /// The message, as a server stores it.
    pub(crate) fn message(&self) -> Vec<u8> {
        self.content.clone().expect("no content")
    }
}

/// Starts a fake next hop for one connection. The script answers to
/// `greeting`, to each command line, and to `.` for the content.
pub(crate) async fn fake_hop(
    script: impl Fn(&str) -> Say + Send + Sync + 'static,
) -> (Settings, JoinHandle<Heard>) {
    let (settings, fake) = fake_hops(1, move |_, step| script(step)).await;
    (settings, tokio::spawn(async { fake.await.unwrap().remove(0) }))
}

/// The same for `count` connections; the script is told which one it is.
pub(crate) async fn fake_hops(
    count: usize,
    script: impl Fn(usize, &str) -> Say + Send + Sync + 'static,
) -> (Settings, JoinHandle<Vec<Heard>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = settings(&listener);
    let script = Arc::new(script);
    let fake = async move {
        let mut talks = Vec::new();
        for number in 0..count {
            let (stream, _) = listener.accept().await.unwrap();
            let script = script.clone();
            talks.push(tokio::spawn(serve(stream, move |step: &str| script(number, step))));
        }
        let mut heard = Vec::new();
        for talk in talks {
            heard.push(talk.await.unwrap());
        }
        heard
    };
    (settings, tokio::spawn(fake))
}

/// One conversation, from the greeting on.
pub(crate) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    script: impl Fn(&str) -> Say,
) -> Heard {
    let mut stream = BufReader::new(stream);
    let mut heard = Heard::default();
    let mut step = "greeting".to_owned();
    loop {
        match script(&step) {
            Say::Close => return heard,
            Say::Drip => {
                while stream.write_all(b"2").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                return heard;
            }
            Say::Line(line) => {
                let _ = stream.write_all(format!("{line}\r\n").as_bytes()).await;
                let _ = stream.flush().await;
                if line.starts_with("421") {
                    return heard;
                }
                if step == "DATA" && line.starts_with("354") {
                    heard.content = content(&mut stream).await;
                    step = ".".to_owned();
                    continue;
                }
            }
            Say::Nothing => {}
        }
        let mut line = Vec::new();
        match stream.read_until(b'\n', &mut line).await {
            Ok(1..) => step = String::from_utf8_lossy(&line).trim_end().to_owned(),
            Ok(0) | Err(_) => return heard,
        }
        heard.commands.push(step.clone());
    }
}

/// Reads content as RFC 5321 section 4.5.2 says, with CR LF as the only line
/// end.
async fn content(stream: &mut (impl AsyncBufRead + Unpin)) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    let mut line = Vec::new();
    loop {
        if stream.read_until(b'\n', &mut line).await.ok()? == 0 {
            return None;
        }
        if !line.ends_with(b"\r\n") {
            continue;
        }
        if line == b".\r\n" {
            return Some(whole);
        }
        whole.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        line.clear();
    }
}

pub(crate) fn settings(listener: &TcpListener) -> Settings {
    Settings::to(listener.local_addr().unwrap().to_string().parse().unwrap())
}

pub(crate) async fn send(
    settings: &Settings,
    parcel: &Parcel,
    to: &[Address],
) -> Vec<(Address, Delivery)> {
    let results = NextHop::new(settings).send(parcel, to, &Wishes::default()).await.results;
    assert_eq!(results.iter().map(|(rcpt, _)| rcpt.clone()).collect::<Vec<_>>(), to);
    results
}

pub(crate) fn deliveries(results: Vec<(Address, Delivery)>) -> Vec<Delivery> {
    results.into_iter().map(|(_, delivery)| delivery).collect()
}

pub(crate) fn addresses(texts: &[&str]) -> Vec<Address> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

pub(crate) fn parcel(bytes: &[u8], cleared: &[Address]) -> Parcel {
    parcel_from(Some("kari@cpm.example"), bytes, cleared)
}

/// A parcel, cleared by a policy that releases whatever it is asked to.
pub(crate) fn parcel_from(sender: Option<&str>, bytes: &[u8], cleared: &[Address]) -> Parcel {
    let digest = Sha256::digest(bytes).into();
    let reading = Reading { digest, findings: Vec::new(), gaps: Vec::new() };
    let sender: Option<Address> = sender.map(|sender| sender.parse().unwrap());
    let envelope = Envelope { sender, recipients: cleared.to_vec() };
    let reviewer = Reviewer::new("Vakt", "sak 12").unwrap();
    let cleared = Policy::built_in().clear_released(&reading, &envelope, &reviewer);
    Parcel::new(cleared, envelope.sender, bytes.into()).unwrap()
}
