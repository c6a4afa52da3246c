//! XFORWARD and XCLIENT: what a mail server in front of us says of the client
//! that it speaks for.
//!
//! Values come as xtext. `[UNAVAILABLE]` and `[TEMPUNAVAIL]` take a value back.
//! Whether a peer is believed is not decided here.

use std::net::{IpAddr, Ipv6Addr};

use super::command::Unreadable;
use crate::{
    base::xtext,
    relay::{Origin, Source},
};

/// The attributes of one command.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Attributes(Vec<Attribute>);

/// One attribute; `None` where its value is not known.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Attribute {
    Address(Option<IpAddr>),
    Hello(Option<String>),
    Ident(Option<String>),
    Name(Option<String>),
    /// Known, and of no use to us.
    Other,
    Port(Option<u16>),
    Protocol(Option<&'static str>),
    Source(Source),
}

impl Attributes {
    /// Writes them into `origin`.
    pub(super) fn apply(self, origin: &mut Origin) {
        for attribute in self.0 {
            match attribute {
                Attribute::Address(address) => origin.address = address,
                Attribute::Hello(hello) => origin.hello = hello,
                Attribute::Ident(ident) => origin.ident = ident,
                Attribute::Name(name) => origin.name = name,
                Attribute::Other => {}
                Attribute::Port(port) => origin.port = port,
                Attribute::Protocol(protocol) => origin.protocol = protocol,
                Attribute::Source(source) => origin.source = source,
            }
        }
    }

    /// The address among them; `None` when there is none, `Some(None)` when
    /// it is told to be unknown.
    pub(super) fn address(&self) -> Option<Option<IpAddr>> {
        self.0.iter().rev().find_map(|attribute| match attribute {
            Attribute::Address(address) => Some(*address),
            _ => None,
        })
    }
}

/// Reads the arguments of XFORWARD or XCLIENT.
pub(super) fn attributes(text: &str) -> Result<Attributes, Unreadable> {
    let words = text.split(' ').filter(|word| !word.is_empty());
    let attributes: Vec<Attribute> =
        words.take(MAX_WORDS).map(attribute).collect::<Result<_, _>>()?;
    if attributes.is_empty() { Err(Unreadable::Arguments) } else { Ok(Attributes(attributes)) }
}

fn attribute(word: &str) -> Result<Attribute, Unreadable> {
    let (key, value) = word.split_once('=').ok_or(Unreadable::Arguments)?;
    let value = xtext::decode(value).filter(|text| text.len() <= MAX_VALUE);
    let value = value.ok_or(Unreadable::Parameter)?;
    let is_known = !["[UNAVAILABLE]", "[TEMPUNAVAIL]"]
        .iter()
        .any(|unknown| value.eq_ignore_ascii_case(unknown));
    let value = is_known.then_some(value);
    Ok(match key.to_ascii_uppercase().as_str() {
        "ADDR" => Attribute::Address(value.map(|text| address(&text)).transpose()?),
        "HELO" => Attribute::Hello(value),
        "IDENT" => Attribute::Ident(value),
        "NAME" => Attribute::Name(value),
        "PORT" => {
            let port = value.map(|text| text.parse().map_err(|_| Unreadable::Parameter));
            Attribute::Port(port.transpose()?)
        }
        "PROTO" => Attribute::Protocol(value.map(|text| protocol(&text)).transpose()?),
        "SOURCE" => match value.as_deref() {
            Some(text) if text.eq_ignore_ascii_case("LOCAL") => Attribute::Source(Source::Local),
            Some(text) if text.eq_ignore_ascii_case("REMOTE") => Attribute::Source(Source::Remote),
            None => Attribute::Source(Source::default()),
            Some(_) => return Err(Unreadable::Parameter),
        },
        "DESTADDR" | "DESTPORT" | "LOGIN" | "REVERSE_NAME" => Attribute::Other,
        _ => return Err(Unreadable::Parameter),
    })
}

fn address(text: &str) -> Result<IpAddr, Unreadable> {
    let v6 = text.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case("IPV6:"));
    let address = if v6 {
        text.get(5..).and_then(|text| text.parse::<Ipv6Addr>().ok()).map(IpAddr::from)
    } else {
        text.parse().ok()
    };
    address.map(|address| address.to_canonical()).ok_or(Unreadable::Parameter)
}

fn protocol(text: &str) -> Result<&'static str, Unreadable> {
    let known =
        ["ESMTP", "LMTP", "SMTP"].into_iter().find(|known| text.eq_ignore_ascii_case(known));
    // ESMTPS and the like say more than the next hop can be told.
    let longer = || text.get(..5).filter(|start| start.eq_ignore_ascii_case("ESMTP"));
    known.or_else(|| longer().map(|_| "ESMTP")).ok_or(Unreadable::Parameter)
}

const MAX_VALUE: usize = 255;
const MAX_WORDS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        let mut origin = Origin::default();
        attributes(text).unwrap().apply(&mut origin);
        origin
    }

    #[test]
    fn every_attribute_is_read() {
        let origin = origin(
            "NAME=spike.cpm.example ADDR=192.0.2.7 PORT=4711 PROTO=ESMTP HELO=a+2Bb \
             IDENT=4F2 SOURCE=LOCAL",
        );
        assert_eq!(origin.name.as_deref(), Some("spike.cpm.example"));
        assert_eq!(origin.address, Some("192.0.2.7".parse().unwrap()));
        assert_eq!((origin.port, origin.protocol), (Some(4711), Some("ESMTP")));
        assert_eq!(origin.hello.as_deref(), Some("a+b"));
        assert_eq!(origin.ident.as_deref(), Some("4F2"));
        assert_eq!(origin.source, Source::Local);
    }

    #[test]
    fn unknown_values_take_back_what_was_said() {
        let mut origin = origin("NAME=a.example ADDR=IPv6:2001:db8::1 PORT=25");
        assert_eq!(origin.address, Some("2001:db8::1".parse().unwrap()));
        let back = "name=[UNAVAILABLE] addr=[TEMPUNAVAIL] port=[UNAVAILABLE]";
        attributes(back).unwrap().apply(&mut origin);
        assert_eq!((origin.name, origin.address, origin.port), (None, None, None));
    }

    #[test]
    fn an_address_of_ipv4_in_ipv6_is_that_of_ipv4() {
        assert_eq!(
            attributes("ADDR=IPV6:::ffff:192.0.2.7").unwrap().address(),
            Some(Some("192.0.2.7".parse().unwrap()))
        );
        assert_eq!(attributes("ADDR=[UNAVAILABLE]").unwrap().address(), Some(None));
        assert_eq!(attributes("NAME=x").unwrap().address(), None);
    }

    #[test]
    fn what_could_break_a_later_line_is_refused() {
        for text in [
            "",
            "NAME",
            "NAME=",
            "NAME=a+0D+0AMAIL",
            "NAME=a+00",
            "NAME=a+2",
            "NAME=+FF",
            "ADDR=300.0.0.1",
            "ADDR=IPV6:192.0.2.1",
            "PORT=70000",
            "PROTO=HTTP",
            "SOURCE=HERE",
            "ADMIN=yes",
        ] {
            assert!(attributes(text).is_err(), "{text}");
        }
        assert_eq!(origin("PROTO=ESMTPS").protocol, Some("ESMTP"));
    }
}
