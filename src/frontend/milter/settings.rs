//! `[milter]`: where to listen and what one message may cost.

use std::{
    fmt,
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use serde::Deserialize;
use thiserror::Error;

use crate::frontend::unix::{self, SocketMode};

/// `[milter]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where the mail server finds us.
    pub listen: Listen,
    /// Bytes of the largest message taken; a larger one is refused with 552.
    pub message_bytes: NonZeroU64,
    /// Connections served at the same time; more wait.
    pub connections: NonZeroUsize,
    /// Seconds for judging one message; on overrun the answer is 451. Postfix
    /// waits `milter_content_timeout`, 300 s.
    pub deadline: NonZeroU32,
    /// Permissions of a unix socket.
    pub socket_mode: SocketMode,
}

impl Settings {
    /// The time allowed for judging one message.
    pub fn time(&self) -> Duration {
        Duration::from_secs(u64::from(self.deadline.get()))
    }
}

impl Default for Settings {
    fn default() -> Self {
        const MESSAGE_BYTES: NonZeroU64 = NonZeroU64::new(64 << 20).unwrap();
        const CONNECTIONS: NonZeroUsize = NonZeroUsize::new(2000).unwrap();
        const DEADLINE: NonZeroU32 = NonZeroU32::new(60).unwrap();
        Self {
            listen: Listen::Unix(PathBuf::from("/run/sluse/milter.sock")),
            message_bytes: MESSAGE_BYTES,
            connections: CONNECTIONS,
            deadline: DEADLINE,
            socket_mode: SocketMode::default(),
        }
    }
}

/// Where to listen, in the words of Postfix: `unix:/path` or `inet:host:port`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub enum Listen {
    /// A TCP port of an address or host name; port 0 takes any free one.
    Inet(String, u16),
    /// A unix socket with an absolute path.
    Unix(PathBuf),
}

impl FromStr for Listen {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("unix", path)) => {
                let path = unix::path(path).ok_or_else(|| ListenError::Path(text.into()))?;
                Ok(Self::Unix(path))
            }
            Some(("inet", rest)) => inet(rest).ok_or_else(|| ListenError::Inet(text.into())),
            Some(_) | None => Err(ListenError::Form(text.into())),
        }
    }
}

impl TryFrom<String> for Listen {
    type Error = ListenError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(host, port) if host.contains(':') => write!(f, "inet:[{host}]:{port}"),
            Self::Inet(host, port) => write!(f, "inet:{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

fn inet(text: &str) -> Option<Listen> {
    let (host, port) = text.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let sane = |host: &str| !host.is_empty() && !host.contains(['[', ']', '/', '@', ' ']);
    match bare {
        Some(address) if sane(address) => {
            Some(Listen::Inet(address.to_owned(), port.parse().ok()?))
        }
        None if sane(host) && !host.contains(':') => {
            Some(Listen::Inet(host.to_owned(), port.parse().ok()?))
        }
        Some(_) | None => None,
    }
}

/// The text does not say where to listen.
#[derive(Debug, Error, Eq, PartialEq)]
pub enum ListenError {
    /// Neither sort of socket.
    #[error("`{0}` is not a place to listen: write unix:/path or inet:host:port")]
    Form(String),
    /// The host or the port is missing or wrong.
    #[error("`{0}` needs a host and a port, as in inet:127.0.0.1:7013 or inet:[::1]:7013")]
    Inet(String),
    /// The path is not absolute, too long, or a folder.
    #[error("`{0}` needs an absolute path of at most 100 bytes, as in unix:/run/sluse/milter.sock")]
    Path(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in ["unix:/run/x.sock", "inet:127.0.0.1:7013", "inet:[::1]:0", "inet:mail:25"] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn tells_what_is_wrong_with_a_place() {
        for text in ["", "/run/x.sock", "tcp:127.0.0.1:1", "7013"] {
            assert!(matches!(text.parse::<Listen>(), Err(ListenError::Form(_))), "{text}");
        }
        for text in ["unix:run/x", "unix:", "unix:/run/"] {
            assert!(matches!(text.parse::<Listen>(), Err(ListenError::Path(_))), "{text}");
        }
        for text in ["inet:7013", "inet::7013", "inet:a:99999", "inet:::1:25", "inet:[]:1"] {
            assert!(matches!(text.parse::<Listen>(), Err(ListenError::Inet(_))), "{text}");
        }
    }

    #[test]
    fn refuses_settings_that_would_let_nothing_through() {
        let read = |text: &str| toml::from_str::<Settings>(text).is_ok();
        assert!(read("listen = \"inet:127.0.0.1:0\"\ndeadline = 30\nsocket_mode = 0o600"));
        assert!(!read("deadline = 0"));
        assert!(!read("connections = 0"));
        assert!(!read("message_bytes = 0"));
        assert!(!read("socket_mode = 660"), "decimal by mistake");
        assert!(!read("sockt_mode = 0o660"));
    }
}
