//! What a sender wishes to be told about the delivery (RFC 3461).
//!
//! The words are kept as they were sent, because they go on to the next server
//! so; what they mean is asked here. They are a stranger's: nothing of them is
//! shown that was not looked at before.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::Address;
use crate::base::xtext;

/// The wishes about one recipient.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Wish {
    /// When to report: `NEVER`, or some of `SUCCESS`, `FAILURE` and `DELAY`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify: Option<String>,
    /// The recipient before anybody changed it: a type and xtext.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orcpt: Option<String>,
    /// What a report should bring back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ret: Option<Ret>,
    /// The name of the message for the reports, in xtext.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub envid: Option<String>,
}

/// What a delivery report should bring back.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ret {
    /// The whole message.
    Full,
    /// Its header.
    Headers,
}

/// What a report tells of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tidings {
    /// It takes longer.
    Delay,
    /// Nobody tries again.
    Failure,
    /// It went on to a server that will not report.
    Success,
}

impl Wish {
    /// Whether a report of this kind is wished for. Who wishes nothing hears
    /// of failures and delays (RFC 3461 section 4.1).
    pub fn wants(&self, tidings: Tidings) -> bool {
        let Some(notify) = &self.notify else { return tidings != Tidings::Success };
        let word = match tidings {
            Tidings::Delay => "DELAY",
            Tidings::Failure => "FAILURE",
            Tidings::Success => "SUCCESS",
        };
        notify.split(',').any(|wished| wished.eq_ignore_ascii_case(word))
    }

    /// The recipient before anybody changed it, as a report has it (RFC 3464
    /// section 2.3.1).
    pub fn original_recipient(&self) -> Option<String> {
        let (kind, address) = self.orcpt.as_ref()?.split_once(';')?;
        // RFC 6533 section 3: this type has a coding of its own, which a report
        // in plain ASCII keeps.
        let address = match kind.eq_ignore_ascii_case("utf-8") {
            true => address.to_owned(),
            false => xtext::decode(address)?,
        };
        Some(format!("{kind}; {address}"))
    }

    /// The name that the sender gave the message, as a report has it.
    pub fn envelope_id(&self) -> Option<String> {
        xtext::decode(self.envid.as_ref()?)
    }
}

/// The wishes about each recipient of a message.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Wishes(HashMap<Address, Wish>);

impl Wishes {
    /// The wishes about this recipient.
    pub fn about(&self, recipient: &Address) -> Wish {
        self.0.get(recipient).cloned().unwrap_or_default()
    }

    /// Whether a report of this kind is wished for about this recipient.
    pub fn want(&self, recipient: &Address, tidings: Tidings) -> bool {
        self.0.get(recipient).is_none_or(|wish| wish.wants(tidings))
            && (tidings != Tidings::Success || self.0.contains_key(recipient))
    }

    /// The name that the sender gave the message.
    pub fn envelope_id(&self) -> Option<String> {
        self.0.values().find_map(Wish::envelope_id)
    }

    /// Every wish, to change it.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Wish> {
        self.0.values_mut()
    }
}

impl FromIterator<(Address, Wish)> for Wishes {
    /// Keeps those that wish something. Where there are two about one
    /// recipient, the last one counts.
    fn from_iter<T: IntoIterator<Item = (Address, Wish)>>(wishes: T) -> Self {
        let wishes = wishes.into_iter();
        Self(wishes.filter(|(_, wish)| *wish != Wish::default()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wished_for_is_told() {
        use Tidings::{Delay, Failure, Success};
        let told = |notify: Option<&str>| {
            let wish = Wish { notify: notify.map(str::to_owned), ..Wish::default() };
            [Delay, Failure, Success].map(|tidings| wish.wants(tidings))
        };
        assert_eq!(told(None), [true, true, false]);
        assert_eq!(told(Some("NEVER")), [false, false, false]);
        assert_eq!(told(Some("success,Delay")), [true, false, true]);
        assert_eq!(told(Some("FAILURE")), [false, true, false]);
    }

    #[test]
    fn the_words_of_a_report_are_decoded() {
        let wish = Wish {
            orcpt: Some("rfc822;ola+2Bx@partner.example".to_owned()),
            envid: Some("QQ+2B314".to_owned()),
            ..Wish::default()
        };
        assert_eq!(wish.original_recipient().unwrap(), "rfc822; ola+x@partner.example");
        assert_eq!(wish.envelope_id().unwrap(), "QQ+314");
        let utf8 = Wish { orcpt: Some("utf-8;\\x{E5}se@b.example".to_owned()), ..Wish::default() };
        assert_eq!(utf8.original_recipient().unwrap(), "utf-8; \\x{E5}se@b.example");
        let evil = Wish { envid: Some("a+0D+0AX:".to_owned()), ..Wish::default() };
        assert_eq!(evil.envelope_id(), None);
    }
}
