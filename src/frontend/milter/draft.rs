//! A message while it arrives, and the bytes it consists of.
//!
//! The mail server sends headers as name and value and hides its own first
//! one; with leading spaces kept, putting them together again gives the very
//! bytes that the SMTP client sent. What cannot be put together, or is too
//! large, is remembered as a fault and its bytes are let go at once.

use std::ffi::{CStr, CString};

use crate::{
    frontend::{path, wish},
    model::{Address, Raw, Reply, Wish, Wishes},
    notify,
};

/// A message that is being received.
pub(super) struct Draft {
    sender: Option<Address>,
    recipients: Vec<Recipient>,
    raw: Vec<u8>,
    part: Part,
    fault: Option<Fault>,
    most: u64,
    /// What `MAIL` said of the reports that are wished for.
    wish: Wish,
}

/// Which part of the message comes next.
#[derive(Eq, PartialEq)]
enum Part {
    Body,
    Header,
}

impl Draft {
    /// Starts a message of at most `most` bytes with the arguments of `MAIL`.
    pub(super) fn new(arguments: &[CString], most: u64) -> Self {
        let (sender, fault) = match arguments.first().map(|text| text.as_bytes()) {
            // The null sender of reports, RFC 5321 section 4.5.5.
            Some(b"<>") => (None, None),
            Some(_) => match arguments.first().and_then(|text| address(text)) {
                Some(address) => (Some(address), None),
                None => (None, Some(Fault::Address)),
            },
            None => (None, Some(Fault::Address)),
        };
        let (recipients, raw) = (Vec::new(), Vec::new());
        let wish = wished(arguments, Wish::default());
        Self { sender, recipients, raw, part: Part::Header, fault, most, wish }
    }

    /// Takes the arguments of `RCPT`.
    pub(super) fn recipient(&mut self, arguments: &[CString]) {
        let Some(given) = arguments.first() else { return self.fail(Fault::Address) };
        match address(given) {
            Some(address) => {
                let wish = wished(arguments, self.wish.clone());
                self.recipients.push(Recipient { address, given: given.clone(), wish });
            }
            None => self.fail(Fault::Address),
        }
    }

    /// Takes a header field. A folded value comes with bare line feeds.
    pub(super) fn header(&mut self, name: &CStr, value: &CStr) {
        let (name, value) = (name.to_bytes(), value.to_bytes());
        let is_name = !name.is_empty() && name.iter().all(|c| c.is_ascii_graphic() && *c != b':');
        let mut lines = value.split(|c| *c == b'\n');
        let first = lines.next().unwrap_or_default();
        let is_folded = |line: &[u8]| matches!(line.first(), Some(b' ' | b'\t'));
        if !is_name || self.part == Part::Body || !lines.clone().all(is_folded) {
            return self.fail(Fault::Form);
        }
        for piece in [name, b":", first] {
            self.add(piece);
        }
        for line in lines {
            self.add(b"\r\n");
            self.add(line);
        }
        self.add(b"\r\n");
    }

    /// Takes the end of the header.
    pub(super) fn end_of_header(&mut self) {
        if self.part == Part::Header {
            self.part = Part::Body;
            self.add(b"\r\n");
        }
    }

    /// Takes a piece of the body.
    pub(super) fn body(&mut self, piece: &[u8]) {
        self.end_of_header();
        self.add(piece);
    }

    /// The whole message.
    ///
    /// # Errors
    ///
    /// Something was wrong with it on the way.
    pub(super) fn finish(self) -> Result<Received, Fault> {
        match self.fault {
            Some(fault) => Err(fault),
            None if self.recipients.is_empty() => Err(Fault::Form),
            None => Ok(Received {
                sender: self.sender,
                recipients: self.recipients,
                raw: self.raw.into(),
            }),
        }
    }

    fn add(&mut self, piece: &[u8]) {
        if self.fault.is_some() {
            return;
        }
        let length = self.raw.len().saturating_add(piece.len());
        if u64::try_from(length).unwrap_or(u64::MAX) > self.most {
            return self.fail(Fault::Size(self.most));
        }
        self.raw.extend_from_slice(piece);
    }

    /// Keeps the first fault and lets the bytes go.
    fn fail(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
        self.raw = Vec::new();
    }
}

/// A message that has arrived.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) sender: Option<Address>,
    pub(super) recipients: Vec<Recipient>,
    pub(super) raw: Raw,
}

impl Received {
    /// The recipients, each once, in the order given.
    pub(super) fn addresses(&self) -> Vec<Address> {
        let mut seen = std::collections::HashSet::new();
        let addresses = self.recipients.iter().map(|recipient| &recipient.address);
        addresses.filter(|address| seen.insert(*address)).cloned().collect()
    }

    /// What the sender wishes to be told.
    pub(super) fn wishes(&self) -> Wishes {
        let wished = |recipient: &Recipient| (recipient.address.clone(), recipient.wish.clone());
        self.recipients.iter().map(wished).collect()
    }
}

/// A recipient as we understand it, and as the mail server wrote it.
#[derive(Debug)]
pub(super) struct Recipient {
    pub(super) address: Address,
    pub(super) given: CString,
    wish: Wish,
}

/// Why a message cannot be judged at all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    /// An address cannot be read.
    Address,
    /// The mail server sent something that is no message.
    Form,
    /// It is larger than this many bytes.
    Size(u64),
}

impl Fault {
    /// What to answer.
    pub(super) fn reply(self) -> Reply {
        match self {
            Self::Address | Self::Form => Reply::try_again(),
            Self::Size(most) => notify::too_big(most),
        }
    }
}

/// What is wished for in the arguments of a command, on top of `wish`. The mail
/// server has looked at them: what we do not know is not for us.
fn wished(arguments: &[CString], mut wish: Wish) -> Wish {
    let words = arguments.iter().skip(1).filter_map(|word| word.to_str().ok()?.split_once('='));
    for (key, value) in words {
        let _ = wish::note(&mut wish, &key.to_ascii_uppercase(), value);
    }
    wish
}

/// Addresses are UTF-8 (RFC 6531) or plain ASCII; nothing else has a meaning.
fn address(text: &CStr) -> Option<Address> {
    path::address(text.to_str().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(most: u64) -> Draft {
        let mut draft = Draft::new(&[c"<kari@cpm.example>".into(), c"SIZE=100".into()], most);
        draft.recipient(&[c"<ola@partner.example>".into()]);
        draft
    }

    /// Sends `message` the way Postfix does with leading spaces kept.
    fn send(message: &[u8], draft: &mut Draft) {
        let end = message.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let header = String::from_utf8(message[..end].to_vec()).unwrap();
        let unfolded = header.replace("\r\n ", "\n ").replace("\r\n\t", "\n\t");
        for field in unfolded.split("\r\n") {
            let (name, value) = field.split_once(':').unwrap();
            draft.header(&CString::new(name).unwrap(), &CString::new(value).unwrap());
        }
        draft.end_of_header();
        message[end + 4..].chunks(7).for_each(|piece| draft.body(piece));
    }

    #[test]
    fn the_message_is_byte_for_byte_what_was_sent() {
        let message = "From:kari@cpm.example\r\nSubject:  two spaces\r\nX-Tab:\tone\r\n\
            Received: from a\r\n\tby b\r\n  with c\r\nX-Empty:\r\nX-Blank: \r\nx-CASE: \u{e6}\u{0}d\r\n\r\n\
            Body.\r\n..dots\r\n\r\n\tend\r\n"
            .replace('\0', "\r");
        let mut draft = draft(1 << 20);
        send(message.as_bytes(), &mut draft);
        assert_eq!(draft.finish().unwrap().raw, Raw::from(message.as_bytes()));
    }

    #[test]
    fn a_large_message_is_let_go_at_once() {
        let mut draft = draft(40);
        draft.header(c"Subject", c" hello");
        draft.body(&[b'x'; 100]);
        assert_eq!(draft.raw.capacity(), 0);
        draft.body(&[b'x'; 100]);
        assert_eq!(draft.raw.capacity(), 0);
        let fault = draft.finish().unwrap_err();
        assert_eq!((fault, fault.reply().code), (Fault::Size(40), 552));
    }

    #[test]
    fn the_size_allowed_is_still_taken() {
        let mut draft = draft(18);
        draft.header(c"Subject", c" hi");
        draft.body(b"1234");
        assert_eq!(draft.finish().unwrap_err(), Fault::Size(18));
        let mut draft = super::tests::draft(19);
        draft.header(c"Subject", c" hi");
        draft.body(b"1234");
        assert_eq!(draft.finish().unwrap().raw.len(), 19);
    }

    #[test]
    fn reports_and_international_addresses_are_taken() {
        let mut draft = Draft::new(&[c"<>".into()], 100);
        draft.recipient(&[c"<\xc3\xa5se@cpm.example>".into()]);
        draft.recipient(&[c"<\xc3\xa5se@CPM.example>".into()]);
        let received = draft.finish().unwrap();
        assert_eq!(received.sender, None);
        assert_eq!(received.addresses(), ["åse@cpm.example".parse().unwrap()]);
        assert_eq!(received.recipients.len(), 2);
    }

    #[test]
    fn what_the_sender_wishes_to_hear_is_kept() {
        let mail = [c"<kari@cpm.example>", c"RET=HDRS", c"ENVID=QQ314", c"SIZE=1"];
        let mut draft = Draft::new(&mail.map(CString::from), 100);
        let ola = [c"<ola@partner.example>", c"NOTIFY=NEVER", c"ORCPT=rfc822;o@p.example"];
        draft.recipient(&ola.map(CString::from));
        draft.recipient(&[c"<per@partner.example>".into(), c"NOTIFY=what".into()]);
        let wishes = draft.finish().unwrap().wishes();
        let [ola, per] = ["ola", "per"]
            .map(|who| wishes.about(&format!("{who}@partner.example").parse().unwrap()));
        assert_eq!(
            (ola.notify.as_deref(), ola.ret),
            (Some("NEVER"), Some(crate::model::Ret::Headers))
        );
        assert_eq!(ola.orcpt.as_deref(), Some("rfc822;o@p.example"));
        assert_eq!((per.notify, per.envid.as_deref()), (None, Some("QQ314")));
    }

    #[test]
    fn what_is_no_address_is_a_fault() {
        let texts = [
            c"",
            c"<",
            c"<\xe5se@cpm.example>",
            c"<a b@c d>",
            c"<@cpm.example:a@partner.example>",
            c"<group:a@partner.example;>",
            c"<a@b@partner.example>",
            c"<a(b)@partner.example>",
            c"<a\\b@partner.example>",
            c"<a @partner.example>",
            c"<\"a\"b\"@partner.example>",
            c"<\"a\\\"@partner.example>",
            c"<a@partner.example.>",
            c"<a@.example>",
        ];
        for text in texts {
            let draft = Draft::new(&[text.into()], 100);
            assert_eq!(draft.finish().unwrap_err(), Fault::Address, "{text:?}");
            let mut draft = super::tests::draft(100);
            draft.recipient(&[text.into()]);
            assert_eq!(draft.finish().unwrap_err(), Fault::Address, "{text:?}");
        }
        assert_eq!(Draft::new(&[], 100).finish().unwrap_err(), Fault::Address);
    }

    #[test]
    fn rare_addresses_are_taken() {
        let texts = [
            c"<postmaster>",
            c"<\"a b\\\"@c\"@d.example>",
            c"<a@[127.0.0.1]>",
            c"<o'x+y=z@d.example>",
        ];
        for text in texts {
            let mut draft = draft(100);
            draft.recipient(&[text.into()]);
            assert_eq!(draft.finish().unwrap().recipients.len(), 2, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_header_is_a_fault() {
        for (name, value) in [(c"", c" x"), (c"A B", c" x"), (c"A:", c" x"), (c"A", c" x\ny")] {
            let mut draft = draft(100);
            draft.header(name, value);
            assert_eq!(draft.finish().unwrap_err(), Fault::Form, "{name:?}");
        }
    }
}
