//! Where to listen, and in which dialect.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr};

use serde::Deserialize;
use thiserror::Error;

use crate::frontend::unix;

/// One place to listen: `127.0.0.1:7014` or `unix:/path`, with `smtps:` before it
/// for TLS from the first byte or `lmtp:` for LMTP (RFC 2033).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// Where.
    pub at: At,
    /// What is spoken there.
    pub dialect: Dialect,
}

/// A socket to listen on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum At {
    /// An address and a port; port 0 takes any free one.
    Tcp(SocketAddr),
    /// A file with an absolute path.
    Unix(PathBuf),
}

/// What is spoken at a place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dialect {
    /// One answer for each recipient at the end of a message (RFC 2033).
    Lmtp,
    /// One answer for a message (RFC 5321).
    Smtp,
    /// The same under TLS from the first byte (RFC 8314).
    Smtps,
}

impl FromStr for Place {
    type Err = ParsePlaceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (dialect, at) = match text.split_once(':') {
            Some(("lmtp", at)) => (Dialect::Lmtp, at),
            Some(("smtp", at)) => (Dialect::Smtp, at),
            Some(("smtps", at)) => (Dialect::Smtps, at),
            Some(_) | None => (Dialect::Smtp, text),
        };
        let at = match at.strip_prefix("unix:") {
            Some(path) => unix::path(path).map(At::Unix),
            None => at.parse().ok().map(At::Tcp),
        };
        let at = at.ok_or_else(|| ParsePlaceError(text.to_owned()))?;
        Ok(Self { at, dialect })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.dialect {
            Dialect::Lmtp => "lmtp:",
            Dialect::Smtp => "",
            Dialect::Smtps => "smtps:",
        };
        match &self.at {
            At::Tcp(address) => write!(f, "{scheme}{address}"),
            At::Unix(path) => write!(f, "{scheme}unix:{}", path.display()),
        }
    }
}

/// All places to listen: one, or a list of them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "OneOrMany")]
pub struct Places(Vec<Place>);

impl Places {
    /// The places, one at least.
    pub fn as_slice(&self) -> &[Place] {
        &self.0
    }

    /// Whether one of them cannot be opened without a certificate.
    pub fn need_certificate(&self) -> bool {
        self.0.iter().any(|place| place.dialect == Dialect::Smtps)
    }
}

impl TryFrom<OneOrMany> for Places {
    type Error = ParsePlaceError;

    fn try_from(texts: OneOrMany) -> Result<Self, Self::Error> {
        let texts = match texts {
            OneOrMany::Many(texts) => texts,
            OneOrMany::One(text) => vec![text],
        };
        let places: Vec<Place> = texts.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        if places.is_empty() { Err(ParsePlaceError(String::new())) } else { Ok(Self(places)) }
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a place such as \"127.0.0.1:7014\", or a list of places")]
enum OneOrMany {
    Many(Vec<String>),
    One(String),
}

/// The text does not say where to listen.
#[derive(Debug, Error, Eq, PartialEq)]
#[error(
    "`{0}` is not a place to listen: write 127.0.0.1:7014, [::1]:7014 or unix:/path, with smtps: \
     or lmtp: before it where that is spoken"
)]
pub struct ParsePlaceError(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Section {
        listen: Places,
    }

    fn read(text: &str) -> Result<Vec<String>, String> {
        let section: Result<Section, _> = toml::from_str(text);
        let section = section.map_err(|error| error.message().to_owned())?;
        Ok(section.listen.as_slice().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn one_or_many_are_read() {
        assert_eq!(read("listen = \"127.0.0.1:7014\"").unwrap(), ["127.0.0.1:7014"]);
        let many = "listen = [\"smtp:[::1]:25\", \"lmtp:127.0.0.1:24\", \"smtps:0.0.0.0:465\"]";
        assert_eq!(read(many).unwrap(), ["[::1]:25", "lmtp:127.0.0.1:24", "smtps:0.0.0.0:465"]);
        let files = "listen = [\"unix:/run/sluse/smtp\", \"lmtp:unix:/run/sluse/lmtp\"]";
        assert_eq!(read(files).unwrap(), ["unix:/run/sluse/smtp", "lmtp:unix:/run/sluse/lmtp"]);
    }

    #[test]
    fn what_is_no_place_is_told() {
        for text in [
            "\"\"",
            "[]",
            "\"7014\"",
            "\"pop3:127.0.0.1:110\"",
            "\"localhost:25\"",
            "\"lmtp:unix:x\"",
            "7",
        ] {
            let complaint = read(&format!("listen = {text}")).unwrap_err();
            assert!(complaint.contains("127.0.0.1:7014"), "{text}: {complaint}");
        }
    }
}
