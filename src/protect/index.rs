//! Which address belongs to which certificate, as kept beside the
//! certificates.
//!
//! The index saves reading every certificate for a look-up, and it is the only
//! place of what an administrator pinned. It can be made anew from the
//! certificates, except for the pins.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::Address;

/// The index as it stands on disk.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Index {
    /// Every certificate that is kept, by its fingerprint.
    pub(super) certificates: BTreeSet<String>,
    /// Who claims an address, by the look-up form of the address.
    addresses: BTreeMap<String, Vec<Claim>>,
}

impl Index {
    /// The claims to `address`. A pinned one stands alone.
    pub(super) fn claims(&self, address: &Address) -> &[Claim] {
        let claims = self.addresses.get(&address.key()).map_or(&[][..], Vec::as_slice);
        let pinned = claims.iter().position(|claim| claim.ground == Ground::Pinned);
        pinned.map_or(claims, |at| std::slice::from_ref(&claims[at]))
    }

    /// The addresses of one certificate, with the ground of each.
    pub(super) fn addresses_of(&self, fingerprint: &str) -> Vec<(Address, Ground)> {
        let mut found = Vec::new();
        for (address, claims) in &self.addresses {
            let own = claims.iter().filter(|claim| claim.fingerprint == fingerprint);
            let ground = own.map(|claim| claim.ground).min();
            if let (Some(ground), Ok(address)) = (ground, address.parse()) {
                found.push((address, ground));
            }
        }
        found
    }

    /// Enters a certificate, or the present state of one, by its user IDs.
    /// Pins stay.
    pub(super) fn put(&mut self, fingerprint: &str, addresses: &[Address]) {
        self.drop_claims(|claim| {
            claim.fingerprint == fingerprint && claim.ground == Ground::UserId
        });
        self.certificates.insert(fingerprint.to_owned());
        for address in addresses {
            self.add(address, fingerprint, Ground::UserId);
        }
    }

    /// Binds `address` to one certificate, instead of any other.
    pub(super) fn pin(&mut self, address: &Address, fingerprint: &str) {
        if let Some(claims) = self.addresses.get_mut(&address.key()) {
            claims.retain(|claim| claim.ground != Ground::Pinned);
        }
        self.add(address, fingerprint, Ground::Pinned);
    }

    /// Forgets a certificate and every claim of it.
    pub(super) fn remove(&mut self, fingerprint: &str) {
        self.certificates.remove(fingerprint);
        self.drop_claims(|claim| claim.fingerprint == fingerprint);
    }

    fn add(&mut self, address: &Address, fingerprint: &str, ground: Ground) {
        let claim = Claim { fingerprint: fingerprint.to_owned(), ground };
        self.addresses.entry(address.key()).or_default().push(claim);
    }

    fn drop_claims(&mut self, unwanted: impl Fn(&Claim) -> bool) {
        self.addresses.retain(|_, claims| {
            claims.retain(|claim| !unwanted(claim));
            !claims.is_empty()
        });
    }
}

/// A certificate's right to an address.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claim {
    /// The certificate.
    pub(super) fingerprint: String,
    /// What the claim rests on.
    pub(super) ground: Ground,
}

/// Why a certificate is used for an address.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// An administrator said so.
    Pinned,
    /// The certificate carries the address as a user ID.
    UserId,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn a_pin_stands_alone_and_is_replaced_by_the_next() {
        let ola = address("Ola@Partner.example");
        let mut index = Index::default();
        index.put("A", std::slice::from_ref(&ola));
        index.put("B", &[]);
        index.pin(&ola, "A");
        index.pin(&ola, "B");
        assert_eq!(index.claims(&address("ola@partner.example")).len(), 1);
        assert_eq!(index.claims(&ola)[0].fingerprint, "B");
        index.remove("B");
        assert_eq!(index.claims(&ola)[0].fingerprint, "A");
    }

    #[test]
    fn a_new_state_of_a_certificate_replaces_its_user_ids_only() {
        let (old, new, pinned) =
            (address("a@x.example"), address("b@x.example"), address("c@x.example"));
        let mut index = Index::default();
        index.put("A", std::slice::from_ref(&old));
        index.pin(&pinned, "A");
        index.put("A", std::slice::from_ref(&new));
        assert!(index.claims(&old).is_empty());
        assert_eq!(index.addresses_of("A"), [(new, Ground::UserId), (pinned, Ground::Pinned)]);
    }
}
