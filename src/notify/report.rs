//! A delivery report (RFC 3464, RFC 6522): the notice for people, and the same
//! for programs, about what becomes of mail that we had taken.
//!
//! Goes where a notice goes and nowhere else. Repeats nothing of the message
//! but fields that the caller found harmless: no subject, no body. Plain ASCII
//! throughout; addresses that are not are written as RFC 6533 has it.

use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};

use super::{Case, Letterhead, Notice, NoticeError, notice};
use crate::model::{Address, Envelope};

/// Writes the report about `case`. Whether it may be sent at all is for
/// [`super::may_notify`] to say.
///
/// # Errors
///
/// There is nothing to tell, or a text or a date could not be written.
pub fn report(
    case: &Case<'_>,
    report: &Report,
    letterhead: &Letterhead,
) -> Result<Notice, NoticeError> {
    if report.lines.is_empty() {
        return Err(NoticeError::Nothing);
    }
    let (fields, words) = notice::written(case, letterhead)?;
    let boundary = format!("sluse-report-{}", case.event);
    let mut bytes = fields.into_bytes();
    let head = format!(
        "Content-Type: multipart/report; report-type=delivery-status;\r\n\
         \x20boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n"
    );
    bytes.extend_from_slice(head.as_bytes());
    bytes.extend_from_slice(&words.formatted());
    let rest = format!(
        "\r\n--{boundary}\r\nContent-Type: message/delivery-status\r\n\r\n{}\
         \r\n--{boundary}\r\nContent-Type: text/rfc822-headers\r\n\r\n{}\
         \r\n--{boundary}--\r\n",
        status(report, letterhead)?,
        header(report),
    );
    bytes.extend_from_slice(rest.as_bytes());
    let envelope = Envelope { sender: None, recipients: vec![case.sender.clone()] };
    Ok(Notice { envelope, bytes: bytes.into() })
}

/// What a report says for programs.
#[derive(Clone, Debug)]
pub struct Report {
    /// When the message came to us.
    pub arrived: Timestamp,
    /// The name that the sender gave the message.
    pub envelope_id: Option<String>,
    /// Each recipient of whom there is something to say.
    pub lines: Vec<Line>,
    /// Fields of the message that may be repeated, by name.
    pub header: Vec<(&'static str, String)>,
}

impl Report {
    /// Whether it holds nothing that others wrote.
    pub fn is_bare(&self) -> bool {
        let is_bare = |line: &Line| line.diagnostic.is_none() && line.original.is_none();
        self.header.is_empty() && self.envelope_id.is_none() && self.lines.iter().all(is_bare)
    }

    /// Takes out what others wrote.
    pub fn bare(&mut self) {
        self.header.clear();
        self.envelope_id = None;
        self.lines.iter_mut().for_each(|line| (line.diagnostic, line.original) = (None, None));
    }
}

/// What became of the message for one recipient.
#[derive(Clone, Debug)]
pub struct Line {
    /// Who.
    pub recipient: Address,
    /// Who it was before anybody changed it: a type and an address.
    pub original: Option<String>,
    /// What became of it.
    pub action: Action,
    /// The enhanced status code (RFC 3463).
    pub status: String,
    /// Why, in the words of whoever said no.
    pub diagnostic: Option<Diagnostic>,
}

/// Who said no to a recipient, and how.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Diagnostic {
    /// The next hop did, which has this name: code and text of its reply.
    NextHop {
        /// Its name, or its address in brackets.
        name: String,
        /// Code and text.
        reply: String,
    },
    /// We did, before anything was sent.
    Own(String),
}

/// What became of a message, in the words of RFC 3464 section 2.3.3. Not
/// `delivered`, which nobody tells us, nor `expanded`, which we never do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// It is tried again.
    Delayed,
    /// Nobody tries again.
    Failed,
    /// The next hop has it.
    Relayed,
}

impl Action {
    fn as_str(self) -> &'static str {
        match self {
            Self::Delayed => "delayed",
            Self::Failed => "failed",
            Self::Relayed => "relayed",
        }
    }
}

/// The fields of the report: those about the message, then those of each
/// recipient.
fn status(report: &Report, letterhead: &Letterhead) -> Result<String, NoticeError> {
    let arrived = DateTimePrinter::new().timestamp_to_string(&report.arrived);
    let arrived = arrived.map_err(NoticeError::Date)?;
    let host = notice::domain(letterhead);
    let id = report.envelope_id.as_ref();
    let mut text =
        id.map_or_else(String::new, |id| format!("Original-Envelope-Id: {}\r\n", plain(id)));
    text.push_str(&format!("Reporting-MTA: dns; {host}\r\nArrival-Date: {arrived}\r\n"));
    for line in &report.lines {
        let (action, status) = (line.action.as_str(), plain(&line.status));
        text.push_str("\r\n");
        if let Some(original) = &line.original {
            text.push_str(&format!("Original-Recipient: {}\r\n", plain(original)));
        }
        text.push_str(&format!("Final-Recipient: {}\r\n", typed(&line.recipient)));
        text.push_str(&format!("Action: {action}\r\nStatus: {status}\r\n"));
        match &line.diagnostic {
            Some(Diagnostic::NextHop { name, reply }) => {
                text.push_str(&format!("Remote-MTA: dns; {}\r\n", plain(name)));
                text.push_str(&format!("Diagnostic-Code: smtp; {}\r\n", plain(reply)));
            }
            Some(Diagnostic::Own(said)) => {
                text.push_str(&format!("Diagnostic-Code: X-Sluse; {}\r\n", plain(said)));
            }
            None => {}
        }
    }
    Ok(text)
}

fn header(report: &Report) -> String {
    let field = |(name, value): &(&str, String)| format!("{name}: {}\r\n", plain(value));
    report.header.iter().map(field).collect()
}

/// An address with its type: `utf-8` and its form for plain ASCII where it
/// needs that (RFC 6533 section 3).
fn typed(address: &Address) -> String {
    if address.as_str().is_ascii() {
        return format!("rfc822; {}", plain(address.as_str()));
    }
    let encoded = |c: char| match c {
        '\\' | '+' | '=' => format!("\\x{{{:X}}}", u32::from(c)),
        c if c.is_ascii_graphic() => c.to_string(),
        c => format!("\\x{{{:X}}}", u32::from(c)),
    };
    format!("utf-8; {}", address.as_str().chars().map(encoded).collect::<String>())
}

/// Text on one line of printable ASCII, not too long for one.
fn plain(text: &str) -> String {
    let printable = |c: char| if c == ' ' || c.is_ascii_graphic() { c } else { '?' };
    text.chars().take(MAX_CHARS).map(printable).collect()
}

const MAX_CHARS: usize = 700;
