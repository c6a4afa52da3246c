//! `[smtp]`: where to listen, who may send through us, and what one connection
//! and one message may cost.
//!
//! An open relay cannot be written down: nobody is trusted but this machine
//! until a network or a certificate is named, and [`Settings::fault`] refuses
//! networks that no single owner can have.

use std::{
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use serde::Deserialize;
use thiserror::Error;
use tokio_rustls::rustls::pki_types::DnsName;

use super::{
    listen::Places,
    tls::{Tls, TlsError},
};
use crate::{
    base::network::Network,
    frontend::unix::SocketMode,
    relay::{self, NextHop},
};

/// `[smtp]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where mail servers find us.
    pub listen: Places,
    /// Permissions of unix sockets.
    #[serde(default)]
    pub socket_mode: SocketMode,
    /// The server that takes what passes: `host:port` or `unix:/path`, with
    /// `lmtp:` before it for LMTP.
    pub next_hop: relay::Target,
    /// When to encrypt the way to the next hop.
    pub next_hop_tls: Option<relay::Tls>,
    /// Authorities that vouch for the next hop, PEM; those of this machine when
    /// absent.
    pub next_hop_authorities: Option<PathBuf>,
    /// The certificate by which the next hop knows us, with its chain, PEM.
    pub next_hop_certificate: Option<PathBuf>,
    /// Its key, PEM.
    pub next_hop_key: Option<PathBuf>,
    /// The name that we greet with, here and at the next hop.
    pub hello: Option<relay::Hello>,
    /// Whose mail is taken at all.
    #[serde(default)]
    pub accept_from: AcceptFrom,
    /// Networks that may send mail to anybody through us.
    #[serde(default = "this_machine")]
    pub trusted: Vec<Network>,
    /// Networks whose XFORWARD and XCLIENT are believed.
    #[serde(default)]
    pub forwarders: Vec<Network>,
    /// Services that may send our mail through us, known by certificate.
    #[serde(default)]
    pub connector: Vec<Connector>,
    /// Our certificate with its chain, PEM.
    pub certificate: Option<PathBuf>,
    /// Its key, PEM.
    pub key: Option<PathBuf>,
    /// Authorities that vouch for connectors, PEM; those of this machine when
    /// absent.
    pub authorities: Option<PathBuf>,
    /// What becomes of a CR or LF that stands alone in a message.
    #[serde(default)]
    pub bare_newline: BareNewline,
    /// What connections and messages may cost.
    #[serde(default)]
    pub limits: Limits,
}

impl Settings {
    /// Where what passes is sent.
    pub fn relay(&self) -> relay::Settings {
        relay::Settings {
            tls: self.next_hop_tls,
            hello: self.hello.clone(),
            authorities: self.next_hop_authorities.clone(),
            certificate: self.next_hop_certificate.clone(),
            key: self.next_hop_key.clone(),
            ..relay::Settings::to(self.next_hop.clone())
        }
    }

    /// What the types cannot rule out, an open relay first of all.
    pub fn fault(&self) -> Option<Fault> {
        let trust = self.trust_fault().or_else(|| self.tls_fault());
        trust.or_else(|| self.next_hop_fault()).or_else(|| self.limits.fault())
    }

    fn next_hop_fault(&self) -> Option<Fault> {
        let relay::Fault { part, what, hint } = self.relay().fault()?;
        let key = match part {
            relay::Part::Certificate => "next_hop_certificate",
            relay::Part::Key => "next_hop_key",
            relay::Part::Tls => "next_hop_tls",
        };
        Some(Fault { key, what: what.to_owned(), hint })
    }

    /// Reads the files for TLS, to see whether they can be used.
    ///
    /// # Errors
    ///
    /// They cannot.
    pub fn check_files(&self) -> Result<(), TlsError> {
        NextHop::load(&self.relay()).map_err(TlsError::NextHop)?;
        Tls::load(self).map(|_| ())
    }

    fn trust_fault(&self) -> Option<Fault> {
        if let Some(network) = self.trusted.iter().find(|network| !network.is_of_one_owner()) {
            return Some(Fault {
                key: "trusted",
                what: format!("{network} is open to strangers: this would be an open relay"),
                hint: "name your own networks only, /16 (IPv4) or /32 (IPv6) at the widest",
            });
        }
        if let Some(network) = self.forwarders.iter().find(|network| !network.is_narrow()) {
            return Some(Fault {
                key: "forwarders",
                what: format!("{network} is too wide to believe what it says of others"),
                hint: "name the mail servers themselves, /24 (IPv4) or /64 (IPv6) at the widest",
            });
        }
        let nameless = self.connector.iter().any(|connector| connector.certificates.is_empty());
        nameless.then(|| Fault {
            key: "connector",
            what: "a connector has no certificates".to_owned(),
            hint: "name what its certificate must be for; a network alone goes into trusted",
        })
    }

    fn tls_fault(&self) -> Option<Fault> {
        let fault = |key, what: &str, hint| Some(Fault { key, what: what.to_owned(), hint });
        match (&self.certificate, &self.key) {
            (Some(_), None) => fault("certificate", "there is no key for it", "add key"),
            (None, Some(_)) => fault("key", "there is no certificate for it", "add certificate"),
            (None, None) if self.listen.need_certificate() => {
                fault("listen", "smtps: needs a certificate", ADD_CERTIFICATE)
            }
            (None, None) if !self.connector.is_empty() => {
                fault("connector", "connectors are known by TLS alone", ADD_CERTIFICATE)
            }
            (Some(_), Some(_)) | (None, None) => None,
        }
    }
}

/// Something is wrong with a value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// The key inside `[smtp]`.
    pub key: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: &'static str,
}

/// Whose mail is taken at all.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum AcceptFrom {
    /// Everybody's, to our own domains.
    Anyone,
    /// That of trusted networks and connectors.
    #[default]
    Trusted,
}

/// What becomes of a CR or LF that stands alone in a message.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum BareNewline {
    /// It becomes CR LF.
    Normalize,
    /// The message is refused.
    #[default]
    Refuse,
}

/// A service such as Microsoft 365 that sends mail of our domains through us.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connector {
    /// What it is called in the log.
    pub name: String,
    /// Names of which its client certificate must have one.
    pub certificates: Vec<CertificateName>,
    /// Networks it may come from; any when empty.
    #[serde(default)]
    pub networks: Vec<Network>,
}

/// A name in a certificate; never a pattern.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct CertificateName(pub(super) DnsName<'static>);

impl TryFrom<String> for CertificateName {
    type Error = ParseCertificateNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match DnsName::try_from(text.clone()) {
            Ok(name) if text.contains('.') => Ok(Self(name)),
            _ => Err(ParseCertificateNameError(text)),
        }
    }
}

/// The text is no name that a certificate can be for.
#[derive(Debug, Error)]
#[error("`{0}` is not a name in a certificate, such as mail.protection.outlook.com")]
pub struct ParseCertificateNameError(String);

/// `[smtp.limits]`
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of the largest message taken; a larger one is refused with 552.
    pub message_bytes: NonZeroU64,
    /// Bytes of all messages in hand together; over it new ones wait, and get
    /// 452 after a minute.
    pub memory: NonZeroU64,
    /// Octets of the header of a message.
    pub header_bytes: NonZeroUsize,
    /// Octets of a line of a message.
    pub line_bytes: NonZeroUsize,
    /// Recipients of one message; over it they get 452.
    pub recipients: NonZeroUsize,
    /// Connections served at the same time; over it they get 421.
    pub connections: NonZeroUsize,
    /// Connections from one address (IPv6: one /64) that is not trusted.
    pub connections_per_address: NonZeroUsize,
    /// New connections a minute from one such address.
    pub connections_per_minute: NonZeroU32,
    /// Errors on one connection, then 421.
    pub errors: NonZeroU32,
    /// Seconds to wait for a command, or for TLS.
    pub command_seconds: NonZeroU32,
    /// Seconds to wait for more of a message.
    pub data_seconds: NonZeroU32,
    /// Bytes a second that a message must come at, all in all.
    pub pace: NonZeroU32,
    /// Seconds for judging one message; on overrun the answer is 451.
    pub deadline: NonZeroU32,
}

impl Limits {
    /// The time to wait for a command, or for TLS.
    pub fn command_time(&self) -> Duration {
        seconds(self.command_seconds)
    }

    /// The time to wait for more of a message.
    pub fn data_time(&self) -> Duration {
        seconds(self.data_seconds)
    }

    /// The time for judging one message.
    pub fn judging_time(&self) -> Duration {
        seconds(self.deadline)
    }

    fn fault(&self) -> Option<Fault> {
        (self.memory < self.message_bytes).then(|| Fault {
            key: "limits.memory",
            what: "no message of message_bytes would fit".to_owned(),
            hint: "write more than message_bytes, such as 201326592 (192 MiB)",
        })
    }
}

impl Default for Limits {
    fn default() -> Self {
        const DEFAULT: Limits = Limits {
            message_bytes: NonZeroU64::new(64 << 20).unwrap(),
            memory: NonZeroU64::new(192 << 20).unwrap(),
            header_bytes: NonZeroUsize::new(1 << 20).unwrap(),
            line_bytes: NonZeroUsize::new(1 << 20).unwrap(),
            recipients: NonZeroUsize::new(1000).unwrap(),
            connections: NonZeroUsize::new(2000).unwrap(),
            connections_per_address: NonZeroUsize::new(50).unwrap(),
            connections_per_minute: NonZeroU32::new(600).unwrap(),
            errors: NonZeroU32::new(20).unwrap(),
            command_seconds: NonZeroU32::new(300).unwrap(),
            data_seconds: NonZeroU32::new(180).unwrap(),
            pace: NonZeroU32::new(4096).unwrap(),
            deadline: NonZeroU32::new(60).unwrap(),
        };
        DEFAULT
    }
}

fn seconds(number: NonZeroU32) -> Duration {
    Duration::from_secs(u64::from(number.get()))
}

fn this_machine() -> Vec<Network> {
    Network::this_machine().into()
}

const ADD_CERTIFICATE: &str = "add certificate and key";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(more: &str) -> Settings {
        let least = "listen = \"127.0.0.1:7014\"\nnext_hop = \"127.0.0.1:10026\"\n";
        toml::from_str(&format!("{least}{more}")).unwrap()
    }

    fn fault(more: &str) -> Option<&'static str> {
        read(more).fault().map(|fault| fault.key)
    }

    #[test]
    fn two_lines_are_enough() {
        let settings = read("");
        assert_eq!(settings.fault(), None);
        assert_eq!(settings.accept_from, AcceptFrom::Trusted);
        let trusts = |address: &str| {
            settings.trusted.iter().any(|network| network.contains(address.parse().unwrap()))
        };
        assert!(trusts("127.0.0.1") && trusts("::1") && !trusts("10.0.0.1"));
        assert_eq!(settings.relay(), relay::Settings::to("127.0.0.1:10026".parse().unwrap()));
    }

    #[test]
    fn an_open_relay_cannot_be_written_down() {
        for wide in ["0.0.0.0/0", "::/0", "128.0.0.0/1", "8.0.0.0/8", "2000::/3"] {
            assert_eq!(fault(&format!("trusted = [\"{wide}\"]")), Some("trusted"), "{wide}");
        }
        assert_eq!(fault("trusted = [\"10.0.0.0/8\", \"198.51.100.0/24\"]"), None);
        assert_eq!(fault("forwarders = [\"10.0.0.0/8\"]"), Some("forwarders"));
        assert_eq!(fault("forwarders = [\"10.0.0.5\"]"), None);
        let connector = "[[connector]]\nname = \"x\"\ncertificates = []";
        assert_eq!(fault(connector), Some("connector"));
    }

    #[test]
    fn tls_needs_its_files() {
        assert_eq!(fault("certificate = \"a.pem\""), Some("certificate"));
        assert_eq!(fault("key = \"a.pem\""), Some("key"));
        let connector = "[[connector]]\nname = \"x\"\ncertificates = [\"mail.partner.example\"]";
        assert_eq!(fault(connector), Some("connector"));
        let with = format!("certificate = \"a.pem\"\nkey = \"b.pem\"\n{connector}");
        assert_eq!(fault(&with), None);
    }

    #[test]
    fn refuses_what_makes_no_sense() {
        let least = "listen = \"127.0.0.1:7014\"\nnext_hop = \"127.0.0.1:10026\"\n";
        for wrong in [
            "trustd = []",
            "trusted = [\"10.1.2.3/8\"]",
            "accept_from = \"everyone\"",
            "bare_newline = \"accept\"",
            "[limits]\nrecipients = 0",
            "[limits]\nmessage_size = 1",
            "[[connector]]\nname = \"x\"\ncertificates = [\"*.partner.example\"]",
            "[[connector]]\nname = \"x\"\ncertificates = [\"com\"]",
            "[[connector]]\nname = \"x\"",
        ] {
            assert!(toml::from_str::<Settings>(&format!("{least}{wrong}")).is_err(), "{wrong}");
        }
        assert_eq!(fault("[limits]\nmemory = 1000"), Some("limits.memory"));
    }
}
