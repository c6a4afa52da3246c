//! Networks, as settings name them: an address with a prefix length.
//!
//! Whoever is in a trusted network may send mail to anybody through us, so the
//! settings ask how wide a network is, and an address that IPv6 only wraps
//! around an IPv4 one counts as that one.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::{fmt, str::FromStr};

use serde::Deserialize;
use thiserror::Error;

/// A network, such as `192.0.2.0/24`, or one address.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct Network {
    base: IpAddr,
    length: u8,
}

impl Network {
    /// The loopback networks.
    pub fn this_machine() -> [Self; 2] {
        let v6 = Self { base: Ipv6Addr::LOCALHOST.into(), length: 128 };
        [LOOPBACK, v6]
    }

    /// Whether `address` lies in it.
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.length)).unwrap_or(0);
                (base.to_bits() ^ address.to_bits()) & mask == 0
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.length)).unwrap_or(0);
                (base.to_bits() ^ address.to_bits()) & mask == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// Whether one organisation can own all of it: private or local space of
    /// any width, or at most a /16 (IPv4) or a /32 (IPv6) of the public one.
    pub fn is_of_one_owner(self) -> bool {
        let least = if self.base.is_ipv4() { 16 } else { 32 };
        self.is_private() || self.length >= least
    }

    /// Whether it is so narrow that somebody can vouch for every address in
    /// it: at most a /24 (IPv4) or a /64 (IPv6), or of this machine alone.
    pub fn is_narrow(self) -> bool {
        let least = if self.base.is_ipv4() { 24 } else { 64 };
        LOOPBACK.includes(self) || self.length >= least
    }

    fn includes(self, other: Self) -> bool {
        self.contains(other.base) && self.length <= other.length
    }

    /// RFC 1918, 3927, 6598, 4193 and 4291, and the loopback networks.
    fn is_private(self) -> bool {
        let v4 = |a, b, length| Self { base: Ipv4Addr::new(a, b, 0, 0).into(), length };
        let v6 =
            |first, length| Self { base: Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, 0).into(), length };
        [
            v4(10, 0, 8),
            v4(100, 64, 10),
            v4(127, 0, 8),
            v4(169, 254, 16),
            v4(172, 16, 12),
            v4(192, 168, 16),
            v6(0xfc00, 7),
            v6(0xfe80, 10),
        ]
        .into_iter()
        .any(|known| known.includes(self))
    }
}

impl FromStr for Network {
    type Err = ParseNetworkError;

    /// Reads `192.0.2.0/24`, `2001:db8::/32` or a single address. Bits behind
    /// the prefix must be zero: whoever writes `10.1.2.3/8` means something
    /// else than he says.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let base: IpAddr = address.parse().map_err(|_| ParseNetworkError::Form(text.into()))?;
        let whole: u8 = if base.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => whole,
            Some(digits) => digits
                .parse()
                .ok()
                .filter(|length| *length <= whole)
                .ok_or_else(|| ParseNetworkError::Form(text.into()))?,
        };
        if base != base.to_canonical() {
            return Err(ParseNetworkError::Mapped(text.into()));
        }
        let network = Self { base, length };
        if network.first() == base {
            Ok(network)
        } else {
            Err(ParseNetworkError::Bits(text.into()))
        }
    }
}

impl Network {
    /// The lowest address in it.
    fn first(self) -> IpAddr {
        match self.base {
            IpAddr::V4(base) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.length)).unwrap_or(0);
                Ipv4Addr::from_bits(base.to_bits() & mask).into()
            }
            IpAddr::V6(base) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.length)).unwrap_or(0);
                Ipv6Addr::from_bits(base.to_bits() & mask).into()
            }
        }
    }
}

impl TryFrom<String> for Network {
    type Error = ParseNetworkError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.length)
    }
}

const LOOPBACK: Network = Network { base: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), length: 8 };

/// The text is not a network.
#[derive(Debug, Error, Eq, PartialEq)]
pub enum ParseNetworkError {
    /// The address has bits behind the prefix.
    #[error("`{0}` has bits set behind its prefix: write the first address of the network")]
    Bits(String),
    /// No address and prefix length.
    #[error("`{0}` is not a network, such as 192.0.2.0/24 or 2001:db8::/32")]
    Form(String),
    /// IPv4 in the clothes of IPv6.
    #[error("`{0}` wraps IPv4 in IPv6: write the IPv4 network")]
    Mapped(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn holds_its_own_addresses_only() {
        for (text, address, inside) in [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.0/24", "::ffff:192.0.2.7", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("2001:db8::/32", "192.0.2.1", false),
            ("0.0.0.0/0", "198.51.100.1", true),
            ("::1", "::1", true),
        ] {
            assert_eq!(
                network(text).contains(address.parse().unwrap()),
                inside,
                "{text} {address}"
            );
        }
    }

    #[test]
    fn what_is_no_network_is_told() {
        for text in ["", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2", "mail.example", "::/129"] {
            assert!(matches!(text.parse::<Network>(), Err(ParseNetworkError::Form(_))), "{text}");
        }
        let bits = "10.1.2.3/8".parse::<Network>();
        assert!(matches!(bits, Err(ParseNetworkError::Bits(_))));
        let mapped = "::ffff:0.0.0.0/96".parse::<Network>();
        assert!(matches!(mapped, Err(ParseNetworkError::Mapped(_))));
    }

    #[test]
    fn wide_networks_are_known() {
        for (text, owned, narrow) in [
            ("0.0.0.0/0", false, false),
            ("::/0", false, false),
            ("0.0.0.0/1", false, false),
            ("8.0.0.0/8", false, false),
            ("10.0.0.0/7", false, false),
            ("10.0.0.0/8", true, false),
            ("127.0.0.0/8", true, true),
            ("192.168.0.0/16", true, false),
            ("198.51.0.0/16", true, false),
            ("198.50.0.0/15", false, false),
            ("192.0.2.0/24", true, true),
            ("2000::/3", false, false),
            ("2001:db8::/32", true, false),
            ("2001:db8::/64", true, true),
            ("fc00::/7", true, false),
            ("::1", true, true),
        ] {
            let network = network(text);
            assert_eq!((network.is_of_one_owner(), network.is_narrow()), (owned, narrow), "{text}");
        }
    }
}
