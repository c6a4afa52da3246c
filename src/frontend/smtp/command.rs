//! The commands of SMTP and LMTP (RFC 5321, 2033, 1870, 3030, 3461, 6152,
//! 6531), read from one line each.
//!
//! A line is one command or an error with its answer; nothing is guessed.
//! Parameters that go on to the next hop are kept as they were written, and
//! checked so that they stay one word there.

use std::str;

use super::{
    forward::{self, Attributes},
    parameters::{digits, for_each_parameter, split_path},
};
use crate::{
    frontend::{path, wish},
    model::{Address, Reply, Wish},
    relay::{Body, MailFrom, RcptTo},
};

/// One command.
#[derive(Clone, Debug)]
pub(super) enum Command {
    /// We offer no way to log in.
    Auth,
    /// A piece of a message: its octets, and whether it is the last.
    Bdat(u64, Chunk),
    Data,
    /// The name that the client gives itself.
    Ehlo(String),
    Etrn,
    Expn,
    Helo(String),
    Help,
    Lhlo(String),
    Mail(MailFrom),
    Noop,
    Quit,
    Rcpt(RcptTo),
    Rset,
    StartTls,
    Vrfy,
    /// Who the client really is.
    Xclient(Attributes),
    /// Whom the client speaks for.
    Xforward(Attributes),
}

/// Whether more of a message comes after a chunk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Chunk {
    Last,
    More,
}

/// Why a line is no command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unreadable {
    /// Arguments where there are none, or the other way round.
    Arguments,
    /// A chunk without a size: where the next command starts is unknown.
    Chunk,
    /// The line is not text that ends in CR LF.
    Form,
    /// Another protocol is spoken.
    Foreign,
    /// The line is longer than any command.
    Long,
    /// A parameter has a wrong value, or stands there twice.
    Parameter,
    /// The recipient is no address.
    Recipient,
    /// The sender is no address.
    Sender,
    /// There is no such command.
    Unknown,
    /// We do not offer that parameter.
    UnknownParameter,
    /// The address needs SMTPUTF8 (RFC 6531 section 3.5).
    Utf8,
}

impl Unreadable {
    /// What to answer.
    pub(super) fn reply(self) -> Reply {
        let (code, enhanced, line) = match self {
            Self::Arguments => (501, "5.5.4", "Syntax error in the arguments"),
            Self::Chunk => (501, "5.5.4", "Chunk without a size, closing"),
            Self::Foreign => (521, "5.5.1", "This is not a mail client"),
            Self::Form => (500, "5.5.2", "A command is a line of text that ends in CR LF"),
            Self::Long => (500, "5.5.2", "Line too long"),
            Self::Parameter => (501, "5.5.4", "Wrong value of a parameter"),
            Self::Recipient => (501, "5.1.3", "Not an address that can be delivered to"),
            Self::Sender => (501, "5.1.7", "Not an address that mail can come from"),
            Self::Unknown => (500, "5.5.2", "Command not known"),
            Self::UnknownParameter => (555, "5.5.4", "Parameter not known"),
            Self::Utf8 => (553, "5.6.7", "This address needs SMTPUTF8"),
        };
        Reply::new(code, enhanced, &[line])
    }
}

impl Command {
    /// Reads a line with its end.
    pub(super) fn parse(line: &[u8]) -> Result<Self, Unreadable> {
        let text = line.strip_suffix(b"\r\n").ok_or(Unreadable::Form)?;
        let text = str::from_utf8(text).map_err(|_| Unreadable::Form)?;
        if text.chars().any(char::is_control) {
            return Err(if is_foreign(text) { Unreadable::Foreign } else { Unreadable::Form });
        }
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        let rest = rest.trim_matches(' ');
        match verb.to_ascii_uppercase().as_str() {
            "AUTH" => Ok(Self::Auth),
            "BDAT" => bdat(rest),
            "DATA" => bare(rest, Self::Data),
            "EHLO" => hello(rest).map(Self::Ehlo),
            "ETRN" => Ok(Self::Etrn),
            "EXPN" => Ok(Self::Expn),
            "HELO" => hello(rest).map(Self::Helo),
            "HELP" => Ok(Self::Help),
            "LHLO" => hello(rest).map(Self::Lhlo),
            "MAIL" => mail(rest).map(Self::Mail),
            "NOOP" => Ok(Self::Noop),
            "QUIT" => bare(rest, Self::Quit),
            "RCPT" => rcpt(rest).map(Self::Rcpt),
            "RSET" => bare(rest, Self::Rset),
            "STARTTLS" => bare(rest, Self::StartTls),
            "VRFY" if rest.is_empty() => Err(Unreadable::Arguments),
            "VRFY" => Ok(Self::Vrfy),
            "XCLIENT" => forward::attributes(rest).map(Self::Xclient),
            "XFORWARD" => forward::attributes(rest).map(Self::Xforward),
            _ if is_foreign(text) => Err(Unreadable::Foreign),
            _ => Err(Unreadable::Unknown),
        }
    }
}

/// Whether a browser or another program that was led here speaks. What such a
/// one sends on is chosen by a stranger, so its commands must not be heard.
fn is_foreign(text: &str) -> bool {
    let first = text.split([' ', ':']).next().unwrap_or_default();
    FOREIGN.iter().any(|verb| first.eq_ignore_ascii_case(verb))
}

fn bare(rest: &str, command: Command) -> Result<Command, Unreadable> {
    if rest.is_empty() { Ok(command) } else { Err(Unreadable::Arguments) }
}

/// Domains are not looked at closely: many good clients give odd names.
fn hello(rest: &str) -> Result<String, Unreadable> {
    let fits = (1..=255).contains(&rest.len()) && !rest.contains(' ');
    if fits { Ok(rest.to_owned()) } else { Err(Unreadable::Arguments) }
}

/// RFC 3030 section 2.
fn bdat(rest: &str) -> Result<Command, Unreadable> {
    let mut words = rest.split(' ').filter(|word| !word.is_empty());
    let size = words.next().and_then(digits).ok_or(Unreadable::Chunk)?;
    match (words.next(), words.next()) {
        (None, _) => Ok(Command::Bdat(size, Chunk::More)),
        (Some(last), None) if last.eq_ignore_ascii_case("LAST") => {
            Ok(Command::Bdat(size, Chunk::Last))
        }
        (Some(_), _) => Err(Unreadable::Chunk),
    }
}

fn mail(rest: &str) -> Result<MailFrom, Unreadable> {
    let (path, parameters) = split_path(rest, "FROM:").ok_or(Unreadable::Sender)?;
    let sender = match path {
        "" => None,
        path => Some(path::address(path).ok_or(Unreadable::Sender)?),
    };
    let (mut from, mut wished) = (MailFrom::new(sender), Wish::default());
    for_each_parameter(parameters, |key, value| {
        match (key, value) {
            ("BODY", Some(value)) if value.eq_ignore_ascii_case("7BIT") => {
                from.body = Body::SevenBit;
            }
            ("BODY", Some(value)) if value.eq_ignore_ascii_case("8BITMIME") => {
                from.body = Body::EightBitMime;
            }
            ("ENVID" | "RET", Some(value)) => {
                wish::note(&mut wished, key, value).ok_or(Unreadable::Parameter)?;
            }
            ("SIZE", Some(value)) => from.size = Some(digits(value).ok_or(Unreadable::Parameter)?),
            ("SMTPUTF8", None) => from.smtputf8 = true,
            ("BODY" | "ENVID" | "RET" | "SIZE" | "SMTPUTF8", _) => {
                return Err(Unreadable::Parameter);
            }
            _ => return Err(Unreadable::UnknownParameter),
        }
        Ok(())
    })?;
    (from.ret, from.envid) = (wished.ret, wished.envid);
    let is_ascii = from.sender.as_ref().is_none_or(|sender| sender.as_str().is_ascii());
    if is_ascii || from.smtputf8 { Ok(from) } else { Err(Unreadable::Utf8) }
}

fn rcpt(rest: &str) -> Result<RcptTo, Unreadable> {
    let (path, parameters) = split_path(rest, "TO:").ok_or(Unreadable::Recipient)?;
    let recipient: Address = path::address(path).ok_or(Unreadable::Recipient)?;
    let mut wished = Wish::default();
    for_each_parameter(parameters, |key, value| match (key, value) {
        ("NOTIFY" | "ORCPT", Some(value)) => {
            wish::note(&mut wished, key, value).ok_or(Unreadable::Parameter)
        }
        ("NOTIFY" | "ORCPT", None) => Err(Unreadable::Parameter),
        _ => Err(Unreadable::UnknownParameter),
    })?;
    Ok(RcptTo::wishing(recipient, wished))
}

const FOREIGN: [&str; 9] =
    ["CONNECT", "DELETE", "GET", "HEAD", "HOST", "OPTIONS", "POST", "PUT", "USER-AGENT"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Ret;

    fn parse(line: &str) -> Result<Command, Unreadable> {
        Command::parse(format!("{line}\r\n").as_bytes())
    }

    fn mail(line: &str) -> MailFrom {
        match parse(&format!("MAIL FROM:{line}")) {
            Ok(Command::Mail(from)) => from,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn rcpt(line: &str) -> RcptTo {
        match parse(&format!("RCPT TO:{line}")) {
            Ok(Command::Rcpt(to)) => to,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn every_parameter_is_read() {
        let from = mail("<kari@cpm.example> SIZE=100 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+2Bb");
        assert_eq!(from.sender, Some("kari@cpm.example".parse().unwrap()));
        assert_eq!((from.size, from.body, from.smtputf8), (Some(100), Body::EightBitMime, true));
        assert_eq!((from.ret, from.envid.as_deref()), (Some(Ret::Headers), Some("a+2Bb")));
        let to = rcpt("<ola@partner.example> NOTIFY=SUCCESS,delay ORCPT=rfc822;ola+2Bx@b.example");
        assert_eq!(to.notify.as_deref(), Some("SUCCESS,delay"));
        assert_eq!(to.orcpt.as_deref(), Some("rfc822;ola+2Bx@b.example"));
    }

    #[test]
    fn forms_that_good_clients_use_are_read() {
        assert_eq!(mail("<>").sender, None);
        assert_eq!(mail(" <kari@cpm.example> ").sender.unwrap().as_str(), "kari@cpm.example");
        assert_eq!(rcpt("<postmaster>").recipient.as_str(), "postmaster");
        assert_eq!(rcpt("<\"a > b\"@cpm.example>").recipient.local(), "\"a > b\"");
        assert!(
            matches!(parse("ehlo [127.0.0.1]"), Ok(Command::Ehlo(name)) if name == "[127.0.0.1]")
        );
        assert!(matches!(parse("BDAT 0 last"), Ok(Command::Bdat(0, Chunk::Last))));
        assert!(matches!(parse("bdat 70"), Ok(Command::Bdat(70, Chunk::More))));
        assert!(matches!(parse("NOOP anything"), Ok(Command::Noop)));
    }

    #[test]
    fn odd_paths_are_refused() {
        for path in [
            "",
            "kari@cpm.example",
            "<kari@cpm.example",
            "<kari@cpm.example>SIZE=1",
            "<kari@cpm.example> <b@cpm.example>",
            "<@cpm.example:kari@partner.example>",
            "<kari@partner.example@cpm.example>",
            "<kari @cpm.example>",
            "<kari@cpm.example >",
            "< kari@cpm.example>",
            "<\"kari@cpm.example>",
            "<\"a\"b@cpm.example>",
            "<group:kari@cpm.example;>",
        ] {
            assert!(parse(&format!("MAIL FROM:{path}")).is_err(), "{path}");
            assert!(parse(&format!("RCPT TO:{path}")).is_err(), "{path}");
        }
        assert_eq!(parse("RCPT TO:<>").unwrap_err(), Unreadable::Recipient);
    }

    #[test]
    fn wrong_parameters_are_refused() {
        for (parameters, fault) in [
            ("SIZE=1 SIZE=1", Unreadable::Parameter),
            ("SIZE=-1", Unreadable::Parameter),
            ("SIZE=9999999999999999999", Unreadable::Parameter),
            ("SIZE", Unreadable::Parameter),
            ("BODY=BINARYMIME", Unreadable::Parameter),
            ("SMTPUTF8=yes", Unreadable::Parameter),
            ("RET=SOME", Unreadable::Parameter),
            ("ENVID=", Unreadable::Parameter),
            ("ENVID=a+2", Unreadable::Parameter),
            ("ENVID=a=b", Unreadable::Parameter),
            ("AUTH=<>", Unreadable::UnknownParameter),
            ("X", Unreadable::UnknownParameter),
        ] {
            let result = parse(&format!("MAIL FROM:<kari@cpm.example> {parameters}"));
            assert_eq!(result.unwrap_err(), fault, "{parameters}");
        }
        for parameters in ["NOTIFY=NEVER,DELAY", "NOTIFY=", "ORCPT=a@b", "ORCPT=rfc822;", "RRVS=x"]
        {
            let result = parse(&format!("RCPT TO:<ola@partner.example> {parameters}"));
            assert!(result.is_err(), "{parameters}");
        }
        let utf8 = parse("MAIL FROM:<\u{e5}se@cpm.example>");
        assert_eq!(utf8.unwrap_err(), Unreadable::Utf8);
        assert!(mail("<\u{e5}se@cpm.example> SMTPUTF8").smtputf8);
    }

    #[test]
    fn lines_of_another_kind_are_refused() {
        for (line, fault) in [
            (&b"NOOP\n"[..], Unreadable::Form),
            (b"NOOP", Unreadable::Form),
            (b"NOOP\rRSET\r\n", Unreadable::Form),
            (b"NOOP \0\r\n", Unreadable::Form),
            (b"NOOP \xff\r\n", Unreadable::Form),
            (b"\r\n", Unreadable::Unknown),
            (b"XXXX\r\n", Unreadable::Unknown),
            (b"DATA now\r\n", Unreadable::Arguments),
            (b"EHLO\r\n", Unreadable::Arguments),
            (b"BDAT\r\n", Unreadable::Chunk),
            (b"BDAT x LAST\r\n", Unreadable::Chunk),
            (b"BDAT 7 LAST now\r\n", Unreadable::Chunk),
            (b"GET / HTTP/1.1\r\n", Unreadable::Foreign),
            (b"Host: 127.0.0.1:7014\r\n", Unreadable::Foreign),
            (b"post /mail\r\n", Unreadable::Foreign),
        ] {
            assert_eq!(Command::parse(line).unwrap_err(), fault, "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Command::parse(&line);
        }

        #[test]
        fn no_command_makes_it_panic(
            line in "(MAIL FROM:|RCPT TO:|BDAT |XFORWARD |XCLIENT )[ -~\u{e5}\u{1f600}]{0,60}",
        ) {
            let _ = Command::parse(format!("{line}\r\n").as_bytes());
        }
    }
}
