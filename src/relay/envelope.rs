//! MAIL and RCPT with their parameters.
//!
//! A parameter goes only to a next hop that knows it. What the message cannot
//! do without is refused in the words of its RFC; what it can do without, such
//! as the wishes for delivery reports, is left out.

use super::{
    answer::Answer,
    features::Features,
    path::{Path, is_sendable},
};
use crate::model::{Address, Ret, Wish};

/// MAIL and what was said with it.
#[derive(Clone, Debug)]
pub struct MailFrom {
    /// The reverse-path; `None` is the null sender `<>`.
    pub sender: Option<Address>,
    /// Octets (RFC 1870).
    pub size: Option<u64>,
    /// What the content was said to be (RFC 6152).
    pub body: Body,
    /// Whether addresses or header fields may be UTF-8 (RFC 6531).
    pub smtputf8: bool,
    /// What a delivery report should bring back (RFC 3461).
    pub ret: Option<Ret>,
    /// The name of the message for the reports, in xtext as it was sent.
    pub envid: Option<String>,
}

impl MailFrom {
    /// MAIL without parameters.
    pub fn new(sender: Option<Address>) -> Self {
        Self { sender, size: None, body: Body::Unstated, smtputf8: false, ret: None, envid: None }
    }

    /// As it is said before the content is there: where nothing was said of
    /// that, it may have eight bits. Else the transaction would have to begin
    /// anew when it has.
    pub(super) fn before_content(&self) -> Self {
        let body = if self.body == Body::Unstated { Body::EightBitMime } else { self.body };
        Self { body, ..self.clone() }
    }

    /// Whether it is said with SMTPUTF8.
    pub(super) fn is_utf8(&self) -> bool {
        self.smtputf8 || self.sender.as_ref().is_some_and(|sender| !sender.as_str().is_ascii())
    }

    /// The command, for a server with these `features`.
    ///
    /// # Errors
    ///
    /// The message cannot go there, and why.
    pub(super) fn command(&self, features: &Features) -> Result<String, Answer> {
        if self.sender.as_ref().is_some_and(|sender| !is_sendable(sender)) {
            return Err(Answer::new(553, "5.1.7", "This sender address cannot be passed on"));
        }
        if self.is_utf8() && !features.smtputf8 {
            return Err(no_smtputf8(550));
        }
        let mut command = format!("MAIL FROM:{}", Path(self.sender.as_ref()));
        if let Some(size) = self.size.filter(|_| features.size) {
            command.push_str(&format!(" SIZE={size}"));
        }
        if features.eight_bit_mime {
            command.push_str(self.body.parameter());
        }
        if self.is_utf8() {
            command.push_str(" SMTPUTF8");
        }
        if features.dsn {
            command.push_str(self.ret.map_or("", parameter_of));
            push_word(&mut command, "ENVID", self.envid.as_deref());
        }
        Ok(command)
    }
}

/// What content was said to be.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Body {
    /// `BODY=8BITMIME`.
    EightBitMime,
    /// `BODY=7BIT`.
    SevenBit,
    /// Nothing.
    #[default]
    Unstated,
}

impl Body {
    fn parameter(self) -> &'static str {
        match self {
            Self::EightBitMime => " BODY=8BITMIME",
            Self::SevenBit => " BODY=7BIT",
            Self::Unstated => "",
        }
    }
}

/// RCPT and what was said with it.
#[derive(Clone, Debug)]
pub struct RcptTo {
    /// The forward-path.
    pub recipient: Address,
    /// When to report (RFC 3461), as it was sent.
    pub notify: Option<String>,
    /// The recipient before anybody changed it, in xtext as it was sent.
    pub orcpt: Option<String>,
}

impl RcptTo {
    /// RCPT without parameters.
    pub fn new(recipient: Address) -> Self {
        Self { recipient, notify: None, orcpt: None }
    }

    /// RCPT with what the sender wishes to be told.
    pub fn wishing(recipient: Address, wish: Wish) -> Self {
        Self { recipient, notify: wish.notify, orcpt: wish.orcpt }
    }

    /// The command, after MAIL with `from` to a server with these `features`.
    ///
    /// # Errors
    ///
    /// The recipient cannot be named there, and why.
    pub(super) fn command(&self, from: &MailFrom, features: &Features) -> Result<String, Answer> {
        if !is_sendable(&self.recipient) {
            return Err(Answer::new(553, "5.1.3", "This address cannot be passed on"));
        }
        if !self.recipient.as_str().is_ascii() && !from.is_utf8() {
            return Err(no_smtputf8(553));
        }
        let mut command = format!("RCPT TO:{}", Path(Some(&self.recipient)));
        if features.dsn {
            push_word(&mut command, "NOTIFY", self.notify.as_deref());
            push_word(&mut command, "ORCPT", self.orcpt.as_deref());
        }
        Ok(command)
    }
}

fn parameter_of(ret: Ret) -> &'static str {
    match ret {
        Ret::Full => " RET=FULL",
        Ret::Headers => " RET=HDRS",
    }
}

/// RFC 6531 section 3.5.
fn no_smtputf8(code: u16) -> Answer {
    Answer::new(code, "5.6.7", "The next server does not take SMTPUTF8 addresses")
}

/// Adds a parameter, unless its value would end the word or the line.
fn push_word(command: &mut String, name: &str, value: Option<&str>) {
    let one_word = |value: &&str| {
        (1..=MAX_VALUE).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_graphic())
    };
    if let Some(value) = value.filter(one_word) {
        command.push_str(&format!(" {name}={value}"));
    }
}

/// ORCPT is the longest, with 500 octets (RFC 3461 section 4.2).
const MAX_VALUE: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    fn able() -> Features {
        Features {
            dsn: true,
            eight_bit_mime: true,
            size: true,
            smtputf8: true,
            ..Features::default()
        }
    }

    fn from() -> MailFrom {
        MailFrom {
            sender: Some("kari@cpm.example".parse().unwrap()),
            size: Some(1000),
            body: Body::EightBitMime,
            smtputf8: true,
            ret: Some(Ret::Headers),
            envid: Some("QQ314159".to_owned()),
        }
    }

    #[test]
    fn parameters_go_to_whom_they_mean_something() {
        assert_eq!(
            from().command(&able()).unwrap(),
            "MAIL FROM:<kari@cpm.example> SIZE=1000 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ314159"
        );
        let plain = MailFrom { smtputf8: false, ..from() }.command(&Features::default()).unwrap();
        assert_eq!(plain, "MAIL FROM:<kari@cpm.example>");
        assert_eq!(from().command(&Features::default()).unwrap_err().enhanced, "5.6.7");
    }

    #[test]
    fn reports_are_asked_for_in_the_words_of_the_client() {
        let to = RcptTo {
            recipient: "ola@partner.example".parse().unwrap(),
            notify: Some("SUCCESS,FAILURE".to_owned()),
            orcpt: Some("rfc822;ola@partner.example".to_owned()),
        };
        assert_eq!(
            to.command(&from(), &able()).unwrap(),
            "RCPT TO:<ola@partner.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;ola@partner.example"
        );
        assert_eq!(
            to.command(&from(), &Features::default()).unwrap(),
            "RCPT TO:<ola@partner.example>"
        );
        let broken = RcptTo { orcpt: Some("rfc822;a b\r\nDATA".to_owned()), ..to };
        assert!(!broken.command(&from(), &able()).unwrap().contains("ORCPT"));
    }
}
