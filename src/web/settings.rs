//! `[web]`: where to listen, and where people reach it.

use std::net::SocketAddr;

use serde::Deserialize;

use crate::{base::network::Network, notify::PublicUrl};

/// `[web]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Address and port to listen on; no listener when absent.
    pub listen: Option<SocketAddr>,
    /// Where people reach the listener. Links in replies and notices begin
    /// with it; without it they have none.
    pub public_url: Option<PublicUrl>,
    /// Connections open at a time; one more closes the oldest. At least 1.
    pub connections: usize,
    /// Proxies before the listener, which tell who their visitor is. Nobody
    /// else is believed about that.
    pub proxies: Vec<Network>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: None,
            public_url: None,
            connections: 256,
            proxies: Network::this_machine().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_documented_table() {
        let text = "listen = \"127.0.0.1:8025\"\npublic_url = \"https://sluse.cpm.example\"\n\
                    proxies = [\"127.0.0.1/32\", \"::1\"]\n";
        let settings: Settings = toml::from_str(text).unwrap();
        assert_eq!(settings.listen, Some(([127, 0, 0, 1], 8025).into()));
        assert_eq!(settings.public_url.unwrap().as_str(), "https://sluse.cpm.example");
    }

    #[test]
    fn says_what_is_wrong() {
        let cases = [
            ("public_url = \"http://sluse.cpm.example\"", "https://"),
            ("public_url = \"sluse.cpm.example\"", "https://"),
            ("listen = \"8025\"", "socket address"),
            ("proxies = [\"proxy.cpm.example\"]", "not a network"),
            ("lissen = \"127.0.0.1:1\"", "unknown field"),
        ];
        for (text, hint) in cases {
            let error = toml::from_str::<Settings>(text).unwrap_err().to_string();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }
}
