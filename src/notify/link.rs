//! The addresses of pages that replies and notices point to.
//!
//! A page address goes into SMTP replies, which other systems wrap, cut and
//! scan. So it is short, plain ASCII, and holds no long run of digits.

use std::{fmt, net::Ipv6Addr, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::LinkToken;
use crate::base::id::EventId;

/// Where people reach our own pages, without a slash at the end.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The address of the page behind an event.
    pub fn event(&self, event: EventId) -> String {
        format!("{}{EVENT_PATH}{event}", self.0)
    }

    /// The address of the page where the sender of an event may act. Whoever
    /// has it may, so it goes into mail to that sender alone.
    pub fn personal(&self, event: EventId, token: &LinkToken) -> String {
        format!("{}/{}", self.event(event), token.letters())
    }

    /// Scheme, host and port of it, as a browser names them.
    pub fn origin(&self) -> &str {
        let host = self.0.find("://").map_or(0, |at| at + 3);
        self.0[host..].find('/').map_or(&*self.0, |end| &self.0[..host + end])
    }

    /// The address itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PublicUrl {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim_end_matches('/');
        let scheme = Scheme::of(text)?;
        let rest = text.get(scheme.prefix().len()..).unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = host_of(authority)?;
        if scheme == Scheme::Http && !is_loopback(host) {
            return Err(LinkError::Plain);
        }
        if !path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/".contains(&b)) {
            return Err(LinkError::Path);
        }
        if longest_digit_run(text) > MAX_DIGITS {
            return Err(LinkError::Digits);
        }
        if text.len() > MAX_BASE {
            return Err(LinkError::Long { length: text.len(), most: MAX_BASE });
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for PublicUrl {
    type Error = LinkError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PublicUrl> for String {
    fn from(url: PublicUrl) -> Self {
        url.0
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The organisation's own page about sending safely. Stands in notices and on
/// the guidance page only, so it may be long.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct GuidanceUrl(String);

impl GuidanceUrl {
    /// The address itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for GuidanceUrl {
    type Error = LinkError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let scheme = Scheme::of(&text)?;
        let rest = text.get(scheme.prefix().len()..).unwrap_or_default();
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        host_of(authority)?;
        let plain = |b: u8| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b);
        if !rest.bytes().all(plain) {
            return Err(LinkError::Path);
        }
        if text.len() > MAX_GUIDANCE {
            return Err(LinkError::Long { length: text.len(), most: MAX_GUIDANCE });
        }
        Ok(Self(text))
    }
}

impl From<GuidanceUrl> for String {
    fn from(url: GuidanceUrl) -> Self {
        url.0
    }
}

/// An address cannot be used in what we write.
#[derive(Debug, Error, Eq, PartialEq)]
pub enum LinkError {
    /// A run of digits that a scanner may take for a number.
    #[error("the address holds more than {MAX_DIGITS} digits in a row")]
    Digits,
    /// No usable host name or port.
    #[error("the address has no usable host name or port")]
    Host,
    /// Too long to stay in one piece.
    #[error("the address has {length} characters, at most {most} stay in one piece")]
    Long {
        /// Its length.
        length: usize,
        /// The most there may be.
        most: usize,
    },
    /// Characters that need escaping, a query or a fragment.
    #[error("the path of the address holds more than letters, digits and -._~/")]
    Path,
    /// Plain HTTP beyond this machine.
    #[error("the address must begin with https:// unless it is on this machine")]
    Plain,
    /// Neither http nor https.
    #[error("the address must begin with https://")]
    Scheme,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn of(text: &str) -> Result<Self, LinkError> {
        let known = [Self::Http, Self::Https];
        known.into_iter().find(|s| text.starts_with(s.prefix())).ok_or(LinkError::Scheme)
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Http => "http://",
            Self::Https => "https://",
        }
    }
}

/// The host of `host[:port]`, brackets and all.
fn host_of(authority: &str) -> Result<&str, LinkError> {
    let end = match authority.strip_prefix('[') {
        Some(rest) => rest.find(']').map(|at| at + 2).ok_or(LinkError::Host)?,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(end);
    let port_fits = match port.strip_prefix(':') {
        Some(number) => number.parse::<u16>().is_ok_and(|port| port > 0),
        None => port.is_empty(),
    };
    let inner = host.trim_start_matches('[').trim_end_matches(']');
    let host_fits = if host.starts_with('[') {
        inner.parse::<Ipv6Addr>().is_ok()
    } else {
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))
    };
    if host_fits && port_fits { Ok(host) } else { Err(LinkError::Host) }
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// The longest run of digits in a row.
pub(super) fn longest_digit_run(text: &str) -> usize {
    text.split(|c: char| !c.is_numeric()).map(|run| run.chars().count()).max().unwrap_or(0)
}

/// Before the twenty letters of an event.
const EVENT_PATH: &str = "/e/";
/// Sixty characters stay in one piece in bounces; `/e/` and an event take 23.
const MAX_BASE: usize = 60 - 23;
const MAX_GUIDANCE: usize = 300;
/// A run of six could be the birth date of an identity number.
pub(super) const MAX_DIGITS: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_to_the_page_of_an_event() {
        let url: PublicUrl = "https://sluse.cpm.example/".parse().unwrap();
        let event = EventId::from_keyed_hash(&[0; 32]);
        assert_eq!(url.event(event), format!("https://sluse.cpm.example/e/{event}"));
    }

    #[test]
    fn takes_plain_http_on_this_machine_only() {
        for text in ["http://localhost", "http://127.0.0.1:8025", "http://[::1]:8025"] {
            assert!(text.parse::<PublicUrl>().is_ok(), "{text}");
        }
        assert_eq!("http://sluse.example".parse::<PublicUrl>(), Err(LinkError::Plain));
        assert_eq!("http://127.0.0.1.evil.example".parse::<PublicUrl>(), Err(LinkError::Plain));
    }

    #[test]
    fn names_what_is_wrong() {
        let cases = [
            ("sluse.example", LinkError::Scheme),
            ("https://:8025", LinkError::Host),
            ("https://user@host", LinkError::Host),
            ("https://host:0", LinkError::Host),
            ("https://[zz]", LinkError::Host),
            ("https://host/a?b", LinkError::Path),
            ("https://host/æ", LinkError::Path),
            ("https://host/123456", LinkError::Digits),
            (
                "https://a-host-name-that-is-far-too-long.example",
                LinkError::Long { length: 48, most: 37 },
            ),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<PublicUrl>(), Err(error), "{text}");
        }
    }

    #[test]
    fn guidance_may_be_long_but_not_a_script() {
        let fits = "https://intranett.cpm.example/rutiner/e-post?side=kryptering#hvordan";
        assert!(GuidanceUrl::try_from(fits.to_owned()).is_ok());
        for text in ["javascript:alert(1)", "https://x/\">", "https:///x"] {
            assert!(GuidanceUrl::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
