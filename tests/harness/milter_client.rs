//! The mail server's side of the milter protocol, in raw frames, and what a
//! mail server does with the answers.

use std::{io, net::SocketAddr, path::Path};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
};

/// A connection to a milter.
pub(crate) struct MilterClient {
    stream: Box<dyn ReadWrite>,
    options: u32,
}

pub(crate) trait ReadWrite: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> ReadWrite for T {}

impl MilterClient {
    pub(crate) async fn unix(path: &Path) -> Self {
        let stream = UnixStream::connect(path).await.unwrap();
        Self { stream: Box::new(stream), options: 0 }
    }

    pub(crate) async fn tcp(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        Self { stream: Box::new(stream), options: 0 }
    }

    /// Negotiates with all that Postfix 3.7 offers.
    pub(crate) async fn negotiate(mut self) -> Self {
        self.offer(6, POSTFIX_ACTIONS, POSTFIX_OPTIONS).await.unwrap();
        self
    }

    /// Offers version, actions and options; the same three come back, or
    /// nothing when the milter hangs up.
    pub(crate) async fn offer(
        &mut self,
        version: u32,
        actions: u32,
        options: u32,
    ) -> Option<[u32; 3]> {
        let words = [version, actions, options].map(u32::to_be_bytes).concat();
        self.frame(b'O', &words).await;
        let (command, payload) = self.receive().await?;
        assert_eq!(command, b'O');
        let word = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
        self.options = word(8);
        Some([word(0), word(4), word(8)])
    }

    /// Writes bytes as they are. The milter may have hung up already.
    pub(crate) async fn raw(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
        let _ = self.stream.flush().await;
    }

    pub(crate) async fn frame(&mut self, command: u8, payload: &[u8]) {
        self.raw(&frame(command, payload)).await;
    }

    /// One step before the end of a message, with its answer if one is due.
    pub(crate) async fn step(&mut self, command: u8, payload: &[u8]) {
        self.frame(command, payload).await;
        let silent = match command {
            b'M' => NR_MAIL,
            b'R' => NR_RCPT,
            b'L' => NR_HEADER,
            b'N' => NR_EOH,
            b'B' => NR_BODY,
            _ => 0,
        };
        if self.options & silent == 0 {
            assert_eq!(self.receive().await.unwrap().0, b'c', "answer to {}", char::from(command));
        }
    }

    /// Sends a message up to, and without, its end.
    pub(crate) async fn message(&mut self, from: &str, to: &[&str], message: &[u8]) {
        self.frame(b'D', b"Mi\0ABC123\0{mail_addr}\0x\0").await;
        self.step(b'M', &strings(&[from, "SIZE=1000"])).await;
        for recipient in to {
            self.step(b'R', &strings(&[recipient])).await;
        }
        let message = Message::parse(message);
        for (name, value) in &message.fields[1..] {
            let value = value.replace("\r\n", "\n");
            self.step(b'L', &strings(&[name, &value])).await;
        }
        self.step(b'N', b"").await;
        for piece in message.body.chunks(65_535) {
            self.step(b'B', piece).await;
        }
    }

    /// Sends a whole message and tells what became of it.
    pub(crate) async fn submit(&mut self, from: &str, to: &[&str], message: &[u8]) -> Fate {
        self.message(from, to, message).await;
        self.finish(to, message).await
    }

    /// Ends the message and does what the milter says.
    pub(crate) async fn finish(&mut self, to: &[&str], message: &[u8]) -> Fate {
        self.frame(b'E', b"").await;
        let mut to: Vec<String> = to.iter().map(|to| (*to).to_owned()).collect();
        let mut message = Message::parse(message);
        let mut body: Option<Vec<u8>> = None;
        loop {
            let Some((command, payload)) = self.receive().await else { return Fate::Nothing };
            match command {
                b'-' => {
                    let gone = text(&payload);
                    let before = to.len();
                    to.retain(|recipient| *recipient != gone);
                    assert!(to.len() < before, "not a recipient: {gone}");
                }
                b'm' => message.change(&payload),
                b'i' => message.insert(&payload),
                b'b' => body.get_or_insert_default().extend_from_slice(&payload),
                b'a' | b'c' => {
                    message.body = body.unwrap_or(message.body);
                    return Fate::Delivered { to, message: message.bytes() };
                }
                b'd' => return Fate::Discarded,
                b't' => return Fate::Refused("451 4.7.1 default".to_owned()),
                b'r' => return Fate::Refused("550 5.7.1 default".to_owned()),
                b'y' => return Fate::Refused(text(&payload).replace("%%", "%")),
                other => panic!("unknown answer {:?}", char::from(other)),
            }
        }
    }

    /// The next frame; nothing when the milter hung up.
    pub(crate) async fn receive(&mut self) -> Option<(u8, Vec<u8>)> {
        let length = usize::try_from(self.stream.read_u32().await.ok()?).unwrap();
        let command = self.stream.read_u8().await.ok()?;
        let mut payload = vec![0; length - 1];
        self.stream.read_exact(&mut payload).await.ok()?;
        Some((command, payload))
    }

    /// Hangs up in one direction and waits until the milter has done so too.
    /// Returns what it still said.
    pub(crate) async fn hang_up(mut self) -> Vec<u8> {
        let _ = self.stream.shutdown().await;
        let mut rest = Vec::new();
        let end: io::Result<usize> = self.stream.read_to_end(&mut rest).await;
        // A reset is as good an end as any.
        let _ = end;
        rest
    }
}

/// What became of a message.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    Delivered {
        to: Vec<String>,
        message: Vec<u8>,
    },
    Discarded,
    /// The milter hung up without an answer.
    Nothing,
    Refused(String),
}

/// A message as the mail server holds it, its own first field included.
struct Message {
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Message {
    fn parse(message: &[u8]) -> Self {
        let end = message.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let header = str::from_utf8(&message[..end]).unwrap();
        let mut fields = vec![("Received".to_owned(), " by the fake mail server".to_owned())];
        for line in header.split("\r\n") {
            if line.starts_with([' ', '\t']) {
                let last = &mut fields.last_mut().unwrap().1;
                last.push_str("\r\n");
                last.push_str(line);
            } else {
                let (name, value) = line.split_once(':').unwrap();
                fields.push((name.to_owned(), value.to_owned()));
            }
        }
        Self { fields, body: message[end + 4..].to_vec() }
    }

    /// Changes go by name, in any case, and do not count the first field.
    fn change(&mut self, payload: &[u8]) {
        let (index, name, value) = indexed(payload);
        assert_eq!(value, "", "only deletions are expected");
        let is_it = |field: &(String, String)| field.0.eq_ignore_ascii_case(&name);
        let found = self.fields.iter().enumerate().skip(1).filter(|(_, field)| is_it(field));
        let place = found.map(|(at, _)| at).nth(index - 1).expect("the field is there");
        self.fields.remove(place);
    }

    /// Insertions count the first field.
    fn insert(&mut self, payload: &[u8]) {
        let (index, name, value) = indexed(payload);
        assert!(!value.contains('\r'), "folds are bare line feeds");
        self.fields.insert(index.min(self.fields.len()), (name, value.replace('\n', "\r\n")));
    }

    fn bytes(&self) -> Vec<u8> {
        let lines = self.fields.iter().skip(1).map(|(name, value)| format!("{name}:{value}\r\n"));
        let mut bytes = lines.collect::<String>().into_bytes();
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

pub(crate) fn frame(command: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len() + 1).unwrap();
    [&length.to_be_bytes()[..], &[command], payload].concat()
}

pub(crate) fn strings(texts: &[&str]) -> Vec<u8> {
    texts.iter().flat_map(|text| [text.as_bytes(), b"\0"].concat()).collect()
}

fn text(payload: &[u8]) -> String {
    let end = payload.iter().position(|byte| *byte == 0).unwrap_or(payload.len());
    String::from_utf8(payload[..end].to_vec()).unwrap()
}

fn indexed(payload: &[u8]) -> (usize, String, String) {
    let index = u32::from_be_bytes(payload[..4].try_into().unwrap());
    let name = text(&payload[4..]);
    let value = text(&payload[4 + name.len() + 1..]);
    (usize::try_from(index).unwrap(), name, value)
}

pub(crate) const POSTFIX_ACTIONS: u32 = 0x1FF;
pub(crate) const POSTFIX_OPTIONS: u32 = 0x1F_FFFF;
pub(crate) const NR_HEADER: u32 = 0x80;
pub(crate) const NR_MAIL: u32 = 0x4000;
pub(crate) const NR_RCPT: u32 = 0x8000;
pub(crate) const NR_EOH: u32 = 0x4_0000;
pub(crate) const NR_BODY: u32 = 0x8_0000;
