//! Who a visitor is, as far as the network tells: the other end of the
//! connection, or whom a proxy of ours names in a header.
//!
//! Anybody can write such a header, so it counts only on a connection from one
//! of `[web] proxies`, and of it the last address that is no proxy: what stands
//! before that is what the visitor sent. Where two headers differ, or one
//! cannot be read, the proxy itself is the visitor: then too many are counted
//! together, and nobody slips out.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, header, request::Parts},
};

use super::{People, serve::Peer};
use crate::base::network::Network;

/// The address of a visitor; none where the connection tells none.
pub(super) struct Client(pub(super) Option<IpAddr>);

impl FromRequestParts<People> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, people: &People) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<Peer>();
        Ok(Self(peer.map(|peer| visitor(peer.0, &parts.headers, &people.proxies))))
    }
}

fn visitor(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> IpAddr {
    let is_proxy = |address: IpAddr| proxies.iter().any(|network| network.contains(address));
    if !is_proxy(peer) {
        return peer;
    }
    let last = |name: HeaderName, read: fn(&str) -> Option<IpAddr>| {
        let lines = headers.get_all(name).into_iter().map(|line| line.to_str().unwrap_or("?"));
        let entries: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
        let named = entries.into_iter().rev().map(|entry| read(entry.trim()));
        let mut named = named.skip_while(|named| named.is_some_and(is_proxy));
        named.next()
    };
    let told = last(X_FORWARDED_FOR, plain);
    match (told, last(header::FORWARDED, forwarded)) {
        (Some(Some(one)), Some(Some(other))) if one == other => one,
        (Some(Some(named)), None) | (None, Some(Some(named))) => named,
        _ => peer,
    }
}

/// An address as proxies write it, some of them with a port.
fn plain(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok();
    address.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

/// One element of `Forwarded` (RFC 7239, section 4).
fn forwarded(element: &str) -> Option<IpAddr> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut named = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    plain(named.next()?.1.trim().trim_matches('"'))
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, headers: &[(&'static str, &str)]) -> String {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        let proxies = ["127.0.0.1/32", "2001:db8:1::/64"].map(|text| text.parse().unwrap());
        visitor(peer.parse().unwrap(), &all, &proxies).to_string()
    }

    #[test]
    fn spoofed_headers_of_a_stranger_are_ignored() {
        for name in ["x-forwarded-for", "forwarded"] {
            for value in ["192.0.2.9", "for=192.0.2.9"] {
                assert_eq!(seen("198.51.100.4", &[(name, value)]), "198.51.100.4");
            }
        }
    }

    #[test]
    fn a_proxy_is_believed_about_the_last_address_that_is_no_proxy() {
        for (value, visitor) in [
            ("192.0.2.9", "192.0.2.9"),
            ("10.0.0.1, 192.0.2.9", "192.0.2.9"),
            ("10.0.0.1,192.0.2.9:4711", "192.0.2.9"),
            ("10.0.0.1, [2001:db8::9]:4711, 2001:db8:1::7", "2001:db8::9"),
            ("192.0.2.9, unknown", "127.0.0.1"),
            ("", "127.0.0.1"),
        ] {
            assert_eq!(seen("127.0.0.1", &[("x-forwarded-for", value)]), visitor, "{value}");
        }
        for (value, visitor) in [
            ("for=10.0.0.1, for=192.0.2.9;proto=https", "192.0.2.9"),
            ("proto=https;For=\"[2001:db8::9]:4711\"", "2001:db8::9"),
            ("for=_hidden", "127.0.0.1"),
        ] {
            assert_eq!(seen("127.0.0.1", &[("forwarded", value)]), visitor, "{value}");
        }
        let two = [("x-forwarded-for", "10.0.0.1"), ("x-forwarded-for", "192.0.2.9")];
        assert_eq!(seen("127.0.0.1", &two), "192.0.2.9");
        assert_eq!(seen("127.0.0.1", &[]), "127.0.0.1");
    }

    #[test]
    fn a_header_that_the_proxy_only_passes_on_is_not_believed() {
        let both = [("x-forwarded-for", "192.0.2.9"), ("forwarded", "for=10.0.0.1")];
        assert_eq!(seen("127.0.0.1", &both), "127.0.0.1");
    }
}
