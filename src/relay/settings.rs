//! The part of the settings that names the next hop.

use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr};

use serde::Deserialize;
use thiserror::Error;

/// `[reinject]`: where to send what this gateway sends itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The server: `host:port` or `unix:/path`, with `lmtp:` before it for LMTP.
    pub to: Target,
    /// Whether to use TLS. By default `none` to this machine and
    /// `opportunistic` to any other.
    pub tls: Option<Tls>,
    /// The name in EHLO. By default the address literal `[127.0.0.1]`, which
    /// only a server on this machine is sure to like.
    pub hello: Option<Hello>,
    /// Authorities that vouch for the server, PEM; those of this machine when
    /// absent.
    pub authorities: Option<PathBuf>,
    /// The certificate by which the server knows us, with its chain, PEM.
    pub certificate: Option<PathBuf>,
    /// Its key, PEM.
    pub key: Option<PathBuf>,
}

impl Settings {
    /// Settings with only the server named.
    pub fn to(to: Target) -> Self {
        let (authorities, certificate, key) = (None, None, None);
        Self { to, tls: None, hello: None, authorities, certificate, key }
    }

    /// What the types cannot rule out.
    pub fn fault(&self) -> Option<Fault> {
        let fault = |part, what, hint| Some(Fault { part, what, hint });
        match (&self.to.at, self.tls(), &self.certificate, &self.key) {
            (At::Unix(_), Tls::Implicit | Tls::Opportunistic | Tls::Required, _, _) => {
                fault(Part::Tls, "a unix socket has no name that a certificate is for", LEAVE_OUT)
            }
            (_, _, Some(_), None) => {
                fault(Part::Certificate, "there is no key for it", "name the file with its key")
            }
            (_, _, None, Some(_)) => fault(
                Part::Key,
                "there is no certificate for it",
                "name the file with its certificate",
            ),
            (_, Tls::None, Some(_), _) => fault(
                Part::Certificate,
                "a certificate is shown under TLS alone, which is not used to this server",
                "write tls = \"required\", or leave the certificate out",
            ),
            (_, _, _, _) => None,
        }
    }

    /// The use of TLS, with the default filled in.
    pub fn tls(&self) -> Tls {
        let default = if self.to.is_here() { Tls::None } else { Tls::Opportunistic };
        self.tls.unwrap_or(default)
    }
}

/// When to encrypt the connection (RFC 3207).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// From the first byte (RFC 8314), with a certificate that this machine
    /// trusts for the host.
    Implicit,
    /// Never.
    None,
    /// When the server offers it, whatever its certificate says.
    Opportunistic,
    /// Always, with a certificate that this machine trusts for the host.
    Required,
}

/// A server, and the protocol it speaks.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct Target {
    /// What it speaks.
    pub protocol: Protocol,
    /// Where it listens.
    pub at: At,
}

impl Target {
    fn is_here(&self) -> bool {
        match &self.at {
            At::Tcp(at) => at.is_loopback(),
            At::Unix(_) => true,
        }
    }
}

/// Where a server listens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum At {
    /// On the network.
    Tcp(HostPort),
    /// At a file of this machine.
    Unix(PathBuf),
}

impl FromStr for At {
    type Err = ParseHostPortError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("unix:").filter(|path| path.starts_with('/')) {
            Some(path) if path.len() > MAX_PATH || path.ends_with('/') => Err(ParseHostPortError),
            Some(path) => Ok(Self::Unix(path.into())),
            None => text.parse().map(Self::Tcp),
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(at) => at.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Something is wrong with a setting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fault {
    /// Which one.
    pub part: Part,
    /// What is wrong.
    pub what: &'static str,
    /// What to do about it.
    pub hint: &'static str,
}

/// A setting that can be wrong beside another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// The certificate.
    Certificate,
    /// Its key.
    Key,
    /// The use of TLS.
    Tls,
}

/// How mail is handed over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Protocol {
    /// One answer for each recipient (RFC 2033).
    Lmtp,
    /// One answer for all (RFC 5321).
    Smtp,
}

impl FromStr for Target {
    type Err = ParseHostPortError;

    /// Reads `host:25` or `unix:/path` for SMTP, also with `smtp:` before it, and
    /// the same with `lmtp:` for LMTP.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // `lmtp:24` is a host with this name.
        let (protocol, at) = match text.split_once(':') {
            Some(("lmtp", at)) if at.contains(':') => (Protocol::Lmtp, at),
            Some(("smtp", at)) if at.contains(':') => (Protocol::Smtp, at),
            Some(_) | None => (Protocol::Smtp, text),
        };
        Ok(Self { protocol, at: at.parse()? })
    }
}

impl TryFrom<String> for Target {
    type Error = ParseHostPortError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.protocol {
            Protocol::Lmtp => write!(f, "lmtp:{}", self.at),
            Protocol::Smtp => self.at.fmt(f),
        }
    }
}

/// A host and a TCP port.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct HostPort {
    /// A name or an address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl HostPort {
    fn is_loopback(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        self.host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|ip| ip.is_loopback())
    }
}

impl FromStr for HostPort {
    type Err = ParseHostPortError;

    /// Reads `host:25`, `192.0.2.1:25` or `[2001:db8::1]:25`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = text.rsplit_once(':').ok_or(ParseHostPortError)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let named = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        let fits = match bare {
            Some(address) => address.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv6()),
            None => !host.is_empty() && host.chars().all(named),
        };
        let port = port.parse().ok().filter(|port| *port != 0 && fits);
        let port = port.ok_or(ParseHostPortError)?;
        Ok(Self { host: bare.unwrap_or(host).to_owned(), port })
    }
}

impl TryFrom<String> for HostPort {
    type Error = ParseHostPortError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// The text names no host and port.
#[derive(Debug, Error, Eq, PartialEq)]
#[error("not a host and port, such as 127.0.0.1:10026 or mail.example:25, nor unix:/path")]
pub struct ParseHostPortError;

/// A name to greet with: a domain or an address literal (RFC 5321 section
/// 4.1.1.1).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct Hello(String);

impl Hello {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Hello {
    fn default() -> Self {
        Self("[127.0.0.1]".to_owned())
    }
}

impl TryFrom<String> for Hello {
    type Error = ParseHelloError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
        let fits = !text.is_empty() && text.len() <= 255 && text.chars().all(allowed);
        if fits { Ok(Self(text)) } else { Err(ParseHelloError) }
    }
}

/// The text cannot stand in EHLO.
#[derive(Debug, Error, Eq, PartialEq)]
#[error("not a domain or address literal, such as gate.example or [192.0.2.1]")]
pub struct ParseHelloError;

const LEAVE_OUT: &str = "leave it out: what goes there stays on this machine";
/// The kernel takes 108 bytes with the final NUL.
const MAX_PATH: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn tls_depends_on_how_far_it_goes() {
        for (to, expected) in [
            ("127.0.0.1:10026", Tls::None),
            ("[::1]:10026", Tls::None),
            ("localhost:25", Tls::None),
            ("lmtp:127.0.0.1:24", Tls::None),
            ("lmtp:unix:/run/dovecot/lmtp", Tls::None),
            ("mail.example:25", Tls::Opportunistic),
        ] {
            assert_eq!(read(&format!("to = \"{to}\"")).unwrap().tls(), expected, "{to}");
        }
        let settings = read("to = \"127.0.0.1:25\"\ntls = \"required\"\nhello = \"gate.example\"");
        assert_eq!(settings.unwrap().tls(), Tls::Required);
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for text in [
            "",
            "to = \"127.0.0.1\"",
            "to = \":25\"",
            "to = \"a:0\"",
            "to = \"::1:25\"",
            "to = \"lmtp:unix:x\"",
            "to = \"unix:/\"",
            "to = \"a:25\"\ntls = \"yes\"",
            "to = \"a:25\"\nhello = \"a\\r\\nMAIL\"",
            "to = \"a:25\"\nretries = 3",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        for text in ["[2001:db8::1]:25", "mail.example:10026", "lmtp:[::1]:24", "lmtp:24"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        for text in ["unix:/run/postfix/smtp", "lmtp:unix:/run/dovecot/lmtp"] {
            let target: Target = text.parse().unwrap();
            assert!(matches!(target.at, At::Unix(_)) && target.to_string() == text, "{text}");
        }
        let named: Target = "smtp:mail.example:25".parse().unwrap();
        assert_eq!(named.to_string(), "mail.example:25");
    }

    #[test]
    fn settings_that_contradict_each_other_are_told() {
        let part = |text: &str| read(text).unwrap().fault().map(|fault| fault.part);
        assert_eq!(part("to = \"unix:/x\"\ntls = \"required\""), Some(Part::Tls));
        let far = "to = \"mail.example:25\"\n";
        assert_eq!(part(&format!("{far}certificate = \"a\"")), Some(Part::Certificate));
        assert_eq!(part(&format!("{far}key = \"a\"")), Some(Part::Key));
        let both = format!("{far}certificate = \"a\"\nkey = \"b\"\n");
        assert_eq!(part(&both), None);
        assert_eq!(part(&format!("{both}tls = \"none\"")), Some(Part::Certificate));
    }
}
