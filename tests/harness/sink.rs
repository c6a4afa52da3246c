//! The world outside: an SMTP server that keeps what it is given, byte for
//! byte, and misbehaves when told to.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// How the sink treats the messages that reach it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// Takes them.
    Accept,
    /// Takes and keeps the message, then hangs up without an answer.
    Close,
    /// Answers after this long.
    Delay(Duration),
    /// Says no at the end of data, with this code.
    Refuse(u16),
    /// Says no to letters, with this code, and takes what has no sender.
    RefuseLetters(u16),
}

/// A message that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// Empty for the null sender.
    pub(crate) sender: String,
    /// Bare addresses.
    pub(crate) recipients: Vec<String>,
    /// The exact bytes, dots unstuffed, without the end of data.
    pub(crate) bytes: Vec<u8>,
    /// MAIL and RCPT as they were said.
    pub(crate) commands: Vec<String>,
}

impl Arrival {
    /// Whether this is `original` with nothing done to it but `Received` lines
    /// and the mark of the gateway put on top.
    pub(crate) fn is_untouched(&self, original: &[u8]) -> bool {
        let mut rest = &self.bytes[..];
        while rest != original {
            match after_trace(rest) {
                Some(next) => rest = next,
                None => return false,
            }
        }
        true
    }

    /// The bytes below those lines.
    pub(crate) fn without_trace(&self) -> String {
        let mut rest = &self.bytes[..];
        while let Some(next) = after_trace(rest) {
            rest = next;
        }
        String::from_utf8_lossy(rest).into_owned()
    }

    /// The unfolded value of the first header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        let head = text.split("\r\n\r\n").next()?.replace("\r\n ", " ").replace("\r\n\t", " ");
        let mut fields = head.split("\r\n").filter_map(|line| line.split_once(':'));
        let field = fields.find(|(known, _)| known.eq_ignore_ascii_case(name));
        field.map(|(_, value)| value.trim().to_owned())
    }

    /// Whether `digits` can be read in it, also over line ends and blanks.
    pub(crate) fn tells(&self, digits: &str) -> bool {
        let dense: String = self.text().chars().filter(|c| !c.is_whitespace()).collect();
        dense.contains(digits)
    }

    /// The whole message as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// An SMTP server on a port of its own, until the program ends.
pub(crate) struct Sink {
    /// Where it listens on 127.0.0.1.
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    arrivals: Mutex<Vec<Arrival>>,
    arrived: Condvar,
    closed: AtomicUsize,
    manner: Mutex<Manner>,
    /// Whether it offers delivery reports (RFC 3461).
    reports: AtomicBool,
}

impl Sink {
    /// Starts one that accepts everything.
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            arrivals: Mutex::default(),
            arrived: Condvar::new(),
            closed: AtomicUsize::new(0),
            manner: Mutex::new(Manner::Accept),
            reports: AtomicBool::new(false),
        });
        let served = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&served);
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { port, shared }
    }

    /// Changes the manner for messages whose data ends from now on.
    pub(crate) fn behave(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap() = manner;
    }

    /// Offers delivery reports from now on.
    pub(crate) fn offer_reports(&self) {
        self.shared.reports.store(true, Ordering::Release);
    }

    /// How often it hung up without an answer.
    pub(crate) fn closed(&self) -> usize {
        self.shared.closed.load(Ordering::Acquire)
    }

    /// Everything that has arrived, in order.
    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.shared.arrivals.lock().unwrap().clone()
    }

    /// Waits until `count` messages fit, and gives all that do.
    pub(crate) fn wait(
        &self,
        count: usize,
        limit: Duration,
        fits: impl Fn(&Arrival) -> bool,
    ) -> Vec<Arrival> {
        let found = |arrivals: &[Arrival]| -> Vec<Arrival> {
            arrivals.iter().filter(|one| fits(one)).cloned().collect()
        };
        found(&self.wait_for(limit, |arrivals| found(arrivals).len() >= count))
    }

    /// Waits until what arrived is enough, and gives all of it.
    pub(crate) fn wait_for(
        &self,
        limit: Duration,
        enough: impl Fn(&[Arrival]) -> bool,
    ) -> Vec<Arrival> {
        let end = Instant::now() + limit;
        let mut arrivals = self.shared.arrivals.lock().unwrap();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if enough(&arrivals) || left.is_zero() {
                return arrivals.clone();
            }
            arrivals = self.shared.arrived.wait_timeout(arrivals, left).unwrap().0;
        }
    }
}

/// Talks with one client until it leaves.
fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut input = BufReader::new(stream);
    let mut line = Vec::new();
    let (recipients, bytes, commands) = Default::default();
    let mut mail = Arrival { sender: String::new(), recipients, bytes, commands };
    say(&mut input, "220 sink.partner.example ESMTP")?;
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let command = String::from_utf8_lossy(&line).trim_end().to_owned();
        let verb = command.get(..4).unwrap_or("").to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" if shared.reports.load(Ordering::Acquire) => {
                say(&mut input, &format!("{EXTENSIONS}\r\n250 DSN").replacen("250 ", "250-", 1))?;
            }
            "EHLO" => say(&mut input, EXTENSIONS)?,
            "MAIL" => {
                mail.sender = path(&command);
                mail.recipients.clear();
                mail.commands = vec![command.clone()];
                say(&mut input, "250 2.1.0 Ok")?;
            }
            "RCPT" => {
                mail.recipients.push(path(&command));
                mail.commands.push(command.clone());
                say(&mut input, "250 2.1.5 Ok")?;
            }
            "DATA" => {
                say(&mut input, "354 Go on")?;
                mail.bytes = content(&mut input)?;
                if !finish(&mut input, shared, &mail)? {
                    return Ok(());
                }
            }
            "QUIT" => return say(&mut input, "221 2.0.0 Bye"),
            _ => say(&mut input, "250 2.0.0 Ok")?,
        }
    }
}

/// Answers the end of data in the manner of the hour; false to hang up.
fn finish(input: &mut BufReader<TcpStream>, shared: &Shared, mail: &Arrival) -> io::Result<bool> {
    let keep = || {
        shared.arrivals.lock().unwrap().push(mail.clone());
        shared.arrived.notify_all();
    };
    let manner = *shared.manner.lock().unwrap();
    match manner {
        Manner::Accept => keep(),
        Manner::Close => {
            shared.closed.fetch_add(1, Ordering::AcqRel);
            keep();
            return Ok(false);
        }
        Manner::Delay(time) => {
            thread::park_timeout(time);
            keep();
        }
        Manner::RefuseLetters(_) if mail.sender.is_empty() => keep(),
        Manner::Refuse(code) | Manner::RefuseLetters(code) => {
            let class = code / 100;
            say(input, &format!("{code} {class}.3.0 Not today"))?;
            return Ok(true);
        }
    }
    say(input, "250 2.0.0 Kept")?;
    Ok(true)
}

/// Reads to the end of data and takes the doubled dots away.
fn content(input: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let start = bytes.len();
        if input.read_until(b'\n', &mut bytes)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if &bytes[start..] == b".\r\n" {
            bytes.truncate(start);
            return Ok(bytes);
        }
        if bytes[start..].starts_with(b".") {
            bytes.remove(start);
        }
    }
}

/// The address between angle brackets.
fn path(command: &str) -> String {
    let inner = command.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map(|(address, _)| address.to_owned()).unwrap_or_default()
}

fn say(input: &mut BufReader<TcpStream>, line: &str) -> io::Result<()> {
    input.get_mut().write_all(format!("{line}\r\n").as_bytes())
}

/// What follows a `Received` field or a mark at the very top, if there is one.
fn after_trace(bytes: &[u8]) -> Option<&[u8]> {
    let traces: [&[u8]; 2] = [b"Received:", b"X-Sluse-Passed:"];
    let mut rest = traces.iter().find_map(|trace| bytes.strip_prefix(*trace))?;
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        rest = &rest[end + 2..];
        if !rest.starts_with(b" ") && !rest.starts_with(b"\t") {
            return Some(rest);
        }
    }
}

const EXTENSIONS: &str = "250-sink.partner.example\r\n250-8BITMIME\r\n250 PIPELINING";
