//! Who may send what to whom.
//!
//! Trust comes from the address of the connection or from a certificate, and
//! from nothing that a client says of itself. What another says of it can take
//! trust away, never give it.

use std::net::IpAddr;

use super::{
    settings::{AcceptFrom, Settings},
    tls::Certificate,
};
use crate::model::Address;

/// How far a client is trusted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    /// It sends mail of our domains to anybody, and anybody's mail to us.
    Connector,
    /// It is known from nowhere.
    Stranger,
    /// It sends anybody's mail to anybody.
    Trusted,
}

impl Standing {
    /// The standing of a client at `address`, as far as that tells.
    pub(super) fn of_address(address: IpAddr, settings: &Settings) -> Self {
        match settings.trusted.iter().any(|network| network.contains(address)) {
            true => Self::Trusted,
            false => Self::Stranger,
        }
    }

    /// The same with what the client's certificate adds; and the name of the
    /// connector that it is.
    pub(super) fn with_certificate<'a>(
        self,
        address: IpAddr,
        certificate: &Certificate,
        settings: &'a Settings,
    ) -> (Self, Option<&'a str>) {
        let connector = settings.connector.iter().find(|connector| {
            let networks = &connector.networks;
            let is_there = networks.is_empty() || networks.iter().any(|n| n.contains(address));
            is_there && connector.certificates.iter().any(|name| certificate.is_for(&name.0))
        });
        match (self, connector) {
            (Self::Stranger, Some(connector)) => (Self::Connector, Some(&connector.name)),
            (standing, connector) => (standing, connector.map(|one| one.name.as_str())),
        }
    }

    /// The standing of a client for which one with this standing speaks, when
    /// its own address gives it `other`.
    pub(super) fn at_most(self, other: Self) -> Self {
        if self == other && self == Self::Trusted { self } else { Self::Stranger }
    }

    /// Whether mail is taken at all.
    pub(super) fn may_send(self, accept_from: AcceptFrom) -> bool {
        match self {
            Self::Connector | Self::Trusted => true,
            Self::Stranger => accept_from == AcceptFrom::Anyone,
        }
    }

    /// Whether mail from `sender` goes on to `recipient`. `domains` are ours.
    pub(super) fn may_reach(
        self,
        sender: Option<&Address>,
        recipient: &Address,
        domains: &[String],
    ) -> bool {
        match self {
            Self::Trusted => true,
            // Others are behind the same certificate: what is not from us is
            // not relayed. Automatic replies have no sender.
            Self::Connector => {
                sender.is_none_or(|sender| is_ours(sender, domains)) || is_ours(recipient, domains)
            }
            Self::Stranger => is_ours(recipient, domains) && !is_route(recipient),
        }
    }
}

fn is_ours(address: &Address, domains: &[String]) -> bool {
    domains.iter().any(|domain| domain == address.domain())
}

/// Whether a server behind us may read another destination in the local part,
/// as in `a%b.example@ours`, `b.example!a@ours` or `"a@b.example"@ours`.
fn is_route(address: &Address) -> bool {
    address.local().contains(['%', '!', '@', '"', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reaches(standing: Standing, sender: &str, recipient: &str) -> bool {
        let sender = (!sender.is_empty()).then(|| sender.parse().unwrap());
        let domains = ["cpm.example".to_owned()];
        standing.may_reach(sender.as_ref(), &recipient.parse().unwrap(), &domains)
    }

    #[test]
    fn a_stranger_reaches_us_alone() {
        let reaches = |recipient| reaches(Standing::Stranger, "eva@else.example", recipient);
        assert!(reaches("kari@cpm.example") && reaches("KARI@CPM.example"));
        for elsewhere in [
            "ola@partner.example",
            "ola@sub.cpm.example",
            "ola@cpm.example.partner.example",
            "ola%partner.example@cpm.example",
            "partner.example!ola@cpm.example",
            "\"ola@partner.example\"@cpm.example",
            "ola@[127.0.0.1]",
            "postmaster",
        ] {
            assert!(!reaches(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn a_connector_sends_what_is_ours() {
        let reaches = |from, to| reaches(Standing::Connector, from, to);
        assert!(reaches("kari@cpm.example", "ola@partner.example"));
        assert!(reaches("", "ola@partner.example"));
        assert!(reaches("eva@else.example", "kari@cpm.example"));
        assert!(!reaches("eva@else.example", "ola@partner.example"));
    }

    #[test]
    fn who_speaks_for_another_gives_no_trust() {
        use Standing::{Connector, Stranger, Trusted};
        assert_eq!(Trusted.at_most(Trusted), Trusted);
        for (real, told) in [
            (Trusted, Stranger),
            (Stranger, Trusted),
            (Connector, Trusted),
            (Connector, Stranger),
            (Stranger, Stranger),
        ] {
            assert_eq!(real.at_most(told), Stranger, "{real:?} {told:?}");
        }
    }
}
