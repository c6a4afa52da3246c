//! Tells the next hop who talks to us, as Postfix does with its filters
//! (XFORWARD), so that its logs and rules see the client and not the gateway.
//!
//! Only what the server asked for in its reply to EHLO is sent. All of it comes
//! from the client or the name service: it is coded so that no value can end
//! its word (RFC 3461 section 4).

use std::net::IpAddr;

use crate::base::xtext;

/// Who talks to us. What is not known is told as not known.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// Where the client is.
    pub address: Option<IpAddr>,
    /// The name it gave in HELO, EHLO or LHLO.
    pub hello: Option<String>,
    /// A mark for the logs: the id of the message at the sending server.
    pub ident: Option<String>,
    /// The verified name of `address`.
    pub name: Option<String>,
    /// The port it comes from.
    pub port: Option<u16>,
    /// `SMTP`, `ESMTP` or `LMTP`.
    pub protocol: Option<&'static str>,
    /// Whose mail it is.
    pub source: Source,
}

/// Where mail comes from.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Source {
    /// From a program on this machine.
    Local,
    /// From the network.
    #[default]
    Remote,
}

/// Something that a server may ask about the client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Attribute {
    Addr,
    Helo,
    Ident,
    Name,
    Port,
    Proto,
    Source,
}

impl Attribute {
    /// The attribute with this keyword.
    pub(super) fn named(keyword: &str) -> Option<Self> {
        Some(match keyword.to_ascii_uppercase().as_str() {
            "ADDR" => Self::Addr,
            "HELO" => Self::Helo,
            "IDENT" => Self::Ident,
            "NAME" => Self::Name,
            "PORT" => Self::Port,
            "PROTO" => Self::Proto,
            "SOURCE" => Self::Source,
            _ => return None,
        })
    }

    fn keyword(self) -> &'static str {
        match self {
            Self::Addr => "ADDR",
            Self::Helo => "HELO",
            Self::Ident => "IDENT",
            Self::Name => "NAME",
            Self::Port => "PORT",
            Self::Proto => "PROTO",
            Self::Source => "SOURCE",
        }
    }

    fn value(self, origin: &Origin) -> Option<String> {
        match self {
            Self::Addr => origin.address.map(|address| match address.to_canonical() {
                IpAddr::V4(address) => address.to_string(),
                IpAddr::V6(address) => format!("IPv6:{address}"),
            }),
            Self::Helo => origin.hello.clone(),
            Self::Ident => origin.ident.clone(),
            Self::Name => origin.name.clone(),
            Self::Port => origin.port.map(|port| port.to_string()),
            Self::Proto => origin.protocol.map(str::to_owned),
            Self::Source => Some(match origin.source {
                Source::Local => "LOCAL".to_owned(),
                Source::Remote => "REMOTE".to_owned(),
            }),
        }
    }
}

/// The commands that tell `wanted` of `origin`, each short enough.
pub(super) fn commands(origin: &Origin, wanted: &[Attribute]) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for attribute in wanted {
        let value = attribute.value(origin).map(|value| xtext::encode(&value));
        let value = value.filter(|value| (1..=MAX_VALUE).contains(&value.len()));
        let word = format!(" {}={}", attribute.keyword(), value.as_deref().unwrap_or(UNKNOWN));
        match commands.last_mut() {
            Some(command) if command.len() + word.len() <= MAX_COMMAND => command.push_str(&word),
            _ => commands.push(format!("XFORWARD{word}")),
        }
    }
    commands
}

const UNKNOWN: &str = "[UNAVAILABLE]";
/// What Postfix takes for one value.
const MAX_VALUE: usize = 255;
/// 512 octets with CR LF (RFC 5321 section 4.5.3.1.4).
const MAX_COMMAND: usize = 510;

#[cfg(test)]
mod tests {
    use super::*;

    fn all(origin: &Origin) -> Vec<String> {
        let wanted = "NAME ADDR PORT PROTO HELO IDENT SOURCE NEWS".split(' ');
        commands(origin, &wanted.filter_map(Attribute::named).collect::<Vec<_>>())
    }

    #[test]
    fn tells_what_is_known() {
        let origin = Origin {
            address: Some("2001:db8::1".parse().unwrap()),
            hello: Some("[192.0.2.1]".to_owned()),
            port: Some(4711),
            protocol: Some("ESMTP"),
            source: Source::Local,
            ..Origin::default()
        };
        assert_eq!(
            all(&origin),
            ["XFORWARD NAME=[UNAVAILABLE] ADDR=IPv6:2001:db8::1 PORT=4711 PROTO=ESMTP \
              HELO=[192.0.2.1] IDENT=[UNAVAILABLE] SOURCE=LOCAL"]
        );
        assert!(commands(&origin, &[]).is_empty());
    }

    #[test]
    fn an_address_in_a_longer_coat_is_the_same_address() {
        let origin =
            Origin { address: Some("::ffff:192.0.2.1".parse().unwrap()), ..Origin::default() };
        assert_eq!(commands(&origin, &[Attribute::Addr]), ["XFORWARD ADDR=192.0.2.1"]);
    }

    #[test]
    fn a_name_cannot_speak_for_the_client() {
        let hello = Some("a ADDR=10.0.0.1\r\nQUIT+\u{e5}".to_owned());
        let told = all(&Origin { hello, ..Origin::default() });
        let coded = "HELO=a+20ADDR+3D10.0.0.1+0D+0AQUIT+2B+C3+A5 ";
        assert!(told[0].contains(coded), "{told:?}");
        let told = all(&Origin { hello: Some(String::new()), ..Origin::default() });
        assert!(told[0].contains("HELO=[UNAVAILABLE]"), "{told:?}");
    }

    #[test]
    fn long_values_take_more_than_one_command() {
        let long = || Some("x".repeat(250));
        let origin = Origin {
            hello: long(),
            ident: long(),
            name: Some("y".repeat(300)),
            ..Origin::default()
        };
        let told = all(&origin);
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|command| command.len() <= 510), "{told:?}");
        assert!(told.concat().contains("NAME=[UNAVAILABLE]"), "{told:?}");
    }
}
