//! One OpenPGP certificate, looked at through a policy at a given time.
//!
//! Tells which keys may be encrypted to and, when there are none, the one
//! reason to name. Nothing here decides what happens to a message: a
//! certificate with trouble is simply never encrypted to.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use sequoia_openpgp::{
    Cert,
    cert::{ValidCert, amalgamation::ValidAmalgamation, prelude::ValidErasedKeyAmalgamation},
    packet::{Signature, key::PublicParts},
    policy::{HashAlgoSecurity, Policy, StandardPolicy},
    types::{AEADAlgorithm, RevocationStatus, SymmetricAlgorithm},
};

use crate::model::{Address, KeyTrouble};

/// An encryption key of a certificate that passed all checks.
pub(super) type UsableKey<'a> = ValidErasedKeyAmalgamation<'a, PublicParts>;

/// The rules for algorithms as they stand at `now`.
pub(super) fn policy_at(now: Timestamp) -> StandardPolicy<'static> {
    StandardPolicy::at(system_time(now))
}

/// The keys of `cert` that may be encrypted to at `now`, at least one.
pub(super) fn usable_keys<'a>(
    cert: &'a Cert,
    policy: &'a dyn Policy,
    now: Timestamp,
) -> Result<Vec<UsableKey<'a>>, KeyTrouble> {
    let valid = valid_cert(cert, policy, now)?;
    let keys: Vec<_> =
        valid.keys().supported().alive().revoked(false).for_transport_encryption().collect();
    if keys.is_empty() { Err(why_no_key(cert, now)) } else { Ok(keys) }
}

/// Whether `cert` says itself, validly at `now`, that it belongs to `address`.
pub(super) fn check_address(
    cert: &Cert,
    policy: &dyn Policy,
    address: &Address,
    now: Timestamp,
) -> Result<(), KeyTrouble> {
    let valid = valid_cert(cert, policy, now)?;
    let key = address.key();
    let mut revoked = false;
    for user_id in valid.userids() {
        if user_id.userid().email().ok().flatten().map(str::to_lowercase) != Some(key.clone()) {
            continue;
        }
        match user_id.revocation_status() {
            RevocationStatus::Revoked(_) => revoked = true,
            RevocationStatus::CouldBe(_) | RevocationStatus::NotAsFarAsWeKnow => return Ok(()),
        }
    }
    Err(if revoked { KeyTrouble::KeyRevoked } else { KeyTrouble::KeyAbsent })
}

/// The mail addresses that `cert` claims, in lower case, whether or not the
/// claims are valid at some time.
pub(super) fn claimed_addresses(cert: &Cert) -> Vec<Address> {
    let mut addresses: Vec<Address> = cert
        .userids()
        .filter_map(|user_id| user_id.userid().email().ok().flatten().map(str::to_lowercase))
        .filter_map(|email| email.parse().ok())
        .collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

/// When the certificate ends, if it says so.
pub(super) fn expiry(cert: &Cert, now: Timestamp) -> Option<Timestamp> {
    let valid = cert.with_policy(&AnyAlgorithm, system_time(now)).ok()?;
    Timestamp::try_from(valid.primary_key().key_expiration_time()?).ok()
}

/// The algorithm of the encryption key, or of the primary key where there is
/// none: `RSA 3072`, `ECDH 256`.
pub(super) fn algorithm(cert: &Cert, now: Timestamp) -> String {
    let valid = cert.with_policy(&AnyAlgorithm, system_time(now));
    let encryption = valid.ok().and_then(|valid| {
        let key = valid.keys().for_transport_encryption().next()?;
        Some((key.key().pk_algo(), key.key().mpis().bits()))
    });
    let primary = || {
        let key = cert.primary_key();
        (key.key().pk_algo(), key.key().mpis().bits())
    };
    match encryption.unwrap_or_else(primary) {
        (algorithm, Some(bits)) => format!("{algorithm} {bits}"),
        (algorithm, None) => algorithm.to_string(),
    }
}

/// The certificate as a whole: bound, not revoked, not weak, within its time.
fn valid_cert<'a>(
    cert: &'a Cert,
    policy: &'a dyn Policy,
    now: Timestamp,
) -> Result<ValidCert<'a>, KeyTrouble> {
    let time = system_time(now);
    // A revocation counts even when it was signed with what is weak by now.
    for policy in [policy, &AnyAlgorithm] {
        if matches!(cert.revocation_status(policy, time), RevocationStatus::Revoked(_)) {
            return Err(KeyTrouble::KeyRevoked);
        }
    }
    if cert.primary_key().key().creation_time() > time {
        return Err(KeyTrouble::KeyExpired);
    }
    let Ok(lenient) = cert.with_policy(&AnyAlgorithm, time) else {
        return Err(KeyTrouble::KeyMalformed);
    };
    if lenient.alive().is_err() {
        return Err(KeyTrouble::KeyExpired);
    }
    let valid = cert.with_policy(policy, time).map_err(|_| KeyTrouble::KeyWeak)?;
    if valid.alive().is_ok() { Ok(valid) } else { Err(KeyTrouble::KeyExpired) }
}

/// Why a certificate without flaw has no key to encrypt to.
fn why_no_key(cert: &Cert, now: Timestamp) -> KeyTrouble {
    let Ok(lenient) = cert.with_policy(&AnyAlgorithm, system_time(now)) else {
        return KeyTrouble::KeyMalformed;
    };
    let keys: Vec<_> = lenient.keys().for_transport_encryption().collect();
    let revoked =
        |key: &UsableKey<'_>| matches!(key.revocation_status(), RevocationStatus::Revoked(_));
    let unrevoked: Vec<_> = keys.iter().filter(|key| !revoked(key)).collect();
    if keys.is_empty() {
        KeyTrouble::KeyNoEnc
    } else if unrevoked.is_empty() {
        KeyTrouble::KeyRevoked
    } else if unrevoked.iter().all(|key| key.alive().is_err()) {
        KeyTrouble::KeyExpired
    } else {
        KeyTrouble::KeyWeak
    }
}

/// OpenPGP knows whole seconds, and none before 1970.
fn system_time(now: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(now.as_second()).unwrap_or(0))
}

/// Accepts every algorithm. Only for telling why the real policy said no.
#[derive(Debug)]
struct AnyAlgorithm;

impl Policy for AnyAlgorithm {
    fn signature(&self, _: &Signature, _: HashAlgoSecurity) -> sequoia_openpgp::Result<()> {
        Ok(())
    }

    fn key(&self, _: &ValidErasedKeyAmalgamation<'_, PublicParts>) -> sequoia_openpgp::Result<()> {
        Ok(())
    }

    fn symmetric_algorithm(&self, _: SymmetricAlgorithm) -> sequoia_openpgp::Result<()> {
        Ok(())
    }

    fn aead_algorithm(&self, _: AEADAlgorithm) -> sequoia_openpgp::Result<()> {
        Ok(())
    }

    fn packet(&self, _: &sequoia_openpgp::Packet) -> sequoia_openpgp::Result<()> {
        Ok(())
    }
}
