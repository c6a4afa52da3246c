//! The OpenPGP certificates that this gateway knows.
//!
//! Keeps a copy of the folder in memory and looks at the folder's mark before
//! each use, so that `sluse keys import` works beside a running service. When
//! the folder cannot be read for a while, the last copy stays in use, and a
//! log line says so.

use std::{
    cmp::Reverse,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use sequoia_openpgp::{Cert, Packet, serialize::SerializeInto};

use super::{
    certificate::{self, claimed_addresses, policy_at},
    error::ProtectError,
    folder::{Folder, Snapshot, is_fingerprint},
    import::Handed,
    index::{Ground, Index},
};
use crate::model::{Address, KeyTrouble};

/// The certificates in one folder.
pub(super) struct Keyring {
    folder: Folder,
    copy: Mutex<Arc<Snapshot>>,
}

impl Keyring {
    /// Opens the folder, which is made when absent.
    pub(super) fn open(path: PathBuf) -> Result<Self, ProtectError> {
        let folder = Folder::open(path)?;
        let copy = Mutex::new(Arc::new(folder.load()?));
        Ok(Self { folder, copy })
    }

    /// The certificate to use for `address`. Of several that carry the
    /// address, the newest that can be used.
    pub(super) fn find(&self, address: &Address, now: Timestamp) -> Result<Found, KeyTrouble> {
        let (fingerprint, cert) = candidates(&self.current(), address, now)
            .into_iter()
            .next()
            .map_or(Err(KeyTrouble::KeyAbsent), |best| match best.state {
                Ok(cert) => Ok((best.fingerprint, cert)),
                Err(trouble) => Err(trouble),
            })?;
        Ok(Found { fingerprint, cert })
    }

    /// See [`super::Protector::lookup`].
    pub(super) fn lookup(&self, address: &Address, now: Timestamp) -> Option<Listed> {
        let snapshot = self.current();
        let best = candidates(&snapshot, address, now).into_iter().next()?;
        let state = best.state.map(|_| ());
        Some(Listed { state, ..listed(&snapshot, &best.fingerprint, now) })
    }

    /// See [`super::Protector::list`].
    pub(super) fn list(&self, now: Timestamp) -> Vec<Listed> {
        let snapshot = self.current();
        let fingerprints = snapshot.index.certificates.iter();
        fingerprints.map(|fingerprint| listed(&snapshot, fingerprint, now)).collect()
    }

    /// See [`super::Protector::import`].
    pub(super) fn import(
        &self,
        bytes: &[u8],
        pin: Option<&Address>,
    ) -> Result<Vec<Imported>, ProtectError> {
        let handed = Handed::read(bytes)?;
        if pin.is_some() && handed.certificates.len() != 1 {
            return Err(ProtectError::PinAmbiguous(handed.certificates.len()));
        }
        let locked = self.folder.lock()?;
        let snapshot = self.folder.load()?;
        let certificates = with_revocations(handed, &snapshot)?;
        let mut index = snapshot.index.clone();
        let mut imported = Vec::new();
        let mut fresh = Vec::new();
        for cert in certificates {
            let (one, bytes) = merge(cert, &snapshot, &mut index, pin)?;
            fresh.push((one.fingerprint.clone(), bytes));
            imported.push(one);
        }
        for ((fingerprint, bytes), one) in fresh.iter().zip(&imported) {
            if one.state != Kept::Unchanged {
                locked.write(fingerprint, bytes)?;
            }
        }
        locked.write_index(&index)?;
        drop(locked);
        self.reload()?;
        Ok(imported)
    }

    /// See [`super::Protector::remove`].
    pub(super) fn remove(&self, fingerprint: &str) -> Result<(), ProtectError> {
        let name: String = fingerprint.chars().filter(|c| !c.is_whitespace()).collect();
        let name = name.to_ascii_uppercase();
        let locked = self.folder.lock()?;
        let mut index = self.folder.load()?.index;
        if !is_fingerprint(&name) || !index.certificates.contains(&name) {
            return Err(ProtectError::UnknownCertificate(fingerprint.to_owned()));
        }
        locked.delete(&name)?;
        index.remove(&name);
        locked.write_index(&index)?;
        drop(locked);
        self.reload()
    }

    /// The copy, renewed when the folder has changed.
    fn current(&self) -> Arc<Snapshot> {
        let mut copy = self.copy.lock().unwrap_or_else(PoisonError::into_inner);
        let renewed = match self.folder.stamp() {
            Ok(stamp) if stamp == copy.stamp => return Arc::clone(&copy),
            Ok(_) => self.folder.load(),
            Err(error) => Err(error),
        };
        match renewed {
            Ok(snapshot) => *copy = Arc::new(snapshot),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "certificate folder cannot be read, the last copy stays in use"
                );
            }
        }
        Arc::clone(&copy)
    }

    fn reload(&self) -> Result<(), ProtectError> {
        let snapshot = Arc::new(self.folder.load()?);
        *self.copy.lock().unwrap_or_else(PoisonError::into_inner) = snapshot;
        Ok(())
    }
}

/// A certificate that can be used.
pub(super) struct Found {
    /// Its name.
    pub(super) fingerprint: String,
    /// It.
    pub(super) cert: Cert,
}

/// One certificate, as it stands at some time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed {
    /// Its name: the fingerprint in hexadecimal.
    pub fingerprint: String,
    /// The addresses it is used for, with the ground of each.
    pub addresses: Vec<(Address, Ground)>,
    /// The algorithm of its encryption key; `unknown` when it cannot be read.
    pub algorithm: String,
    /// When it ends, if ever.
    pub expires_at: Option<Timestamp>,
    /// Whether it can be used, or why not.
    pub state: Result<(), KeyTrouble>,
}

/// What an import did with one certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Imported {
    /// Its name: the fingerprint in hexadecimal.
    pub fingerprint: String,
    /// The addresses it is used for now, with the ground of each.
    pub addresses: Vec<(Address, Ground)>,
    /// What became of it.
    pub state: Kept,
}

/// What an import changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kept {
    /// It is new.
    Added,
    /// It was known, with everything in it.
    Unchanged,
    /// It was known, and has something new.
    Updated,
}

impl Kept {
    /// The word in JSON and on the terminal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Unchanged => "unchanged",
            Self::Updated => "updated",
        }
    }
}

/// A certificate that is bound to an address.
struct Candidate {
    fingerprint: String,
    state: Result<Cert, KeyTrouble>,
}

/// Those bound to `address`: usable before unusable, newest first.
fn candidates(snapshot: &Snapshot, address: &Address, now: Timestamp) -> Vec<Candidate> {
    let policy = policy_at(now);
    let mut found = Vec::new();
    for claim in snapshot.index.claims(address) {
        let cert = snapshot.certificate(&claim.fingerprint);
        let made = cert.as_ref().map(|cert| cert.primary_key().key().creation_time());
        let state = cert.ok_or(KeyTrouble::KeyMalformed).and_then(|cert| {
            certificate::usable_keys(&cert, &policy, now)?;
            if claim.ground == Ground::UserId {
                certificate::check_address(&cert, &policy, address, now)?;
            }
            Ok(cert)
        });
        let rank = (state.is_err(), Reverse(made));
        found.push((rank, Candidate { fingerprint: claim.fingerprint.clone(), state }));
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

fn listed(snapshot: &Snapshot, fingerprint: &str, now: Timestamp) -> Listed {
    let cert = snapshot.certificate(fingerprint);
    Listed {
        fingerprint: fingerprint.to_owned(),
        addresses: snapshot.index.addresses_of(fingerprint),
        algorithm: cert
            .as_ref()
            .map_or_else(|| "unknown".to_owned(), |cert| certificate::algorithm(cert, now)),
        expires_at: cert.as_ref().and_then(|cert| certificate::expiry(cert, now)),
        state: cert
            .ok_or(KeyTrouble::KeyMalformed)
            .and_then(|cert| certificate::usable_keys(&cert, &policy_at(now), now).map(|_| ())),
    }
}

/// The certificates of an import, and those kept ones that it revokes.
fn with_revocations(handed: Handed, snapshot: &Snapshot) -> Result<Vec<Cert>, ProtectError> {
    let Handed { mut certificates, revocations } = handed;
    for revocation in revocations {
        let issuers = revocation.get_issuers();
        let is_issuer =
            |cert: &Cert| issuers.iter().any(|issuer| cert.key_handle().aliases(issuer));
        let kept = || {
            let mut names = snapshot.certificates.keys();
            names.find_map(|name| snapshot.certificate(name).filter(is_issuer))
        };
        let at = certificates.iter().position(is_issuer);
        let cert = at.map(|at| certificates.swap_remove(at)).or_else(kept).ok_or_else(|| {
            let issuer = issuers.first().map_or_else(String::new, |issuer| issuer.to_hex());
            ProtectError::UnknownCertificate(issuer)
        })?;
        let (cert, _) = cert.insert_packets(Packet::from(revocation)).map_err(not_certificate)?;
        certificates.push(cert);
    }
    joined(certificates)
}

/// One of each, put together from all its copies.
fn joined(certificates: Vec<Cert>) -> Result<Vec<Cert>, ProtectError> {
    let mut unique: Vec<Cert> = Vec::with_capacity(certificates.len());
    for cert in certificates {
        let at = unique.iter().position(|known| known.fingerprint() == cert.fingerprint());
        let cert = match at.map(|at| unique.swap_remove(at)) {
            Some(known) => known.merge_public(cert).map_err(not_certificate)?,
            None => cert,
        };
        unique.push(cert);
    }
    Ok(unique)
}

fn not_certificate(error: sequoia_openpgp::anyhow::Error) -> ProtectError {
    ProtectError::NotCertificate(error.into())
}

/// Puts one certificate together with what is known of it, and enters it.
fn merge(
    cert: Cert,
    snapshot: &Snapshot,
    index: &mut Index,
    pin: Option<&Address>,
) -> Result<(Imported, Vec<u8>), ProtectError> {
    let fingerprint = cert.fingerprint().to_hex();
    let known = snapshot.certificate(&fingerprint);
    let was_known = known.is_some();
    let merged = match known {
        Some(known) => known.merge_public(cert).map_err(not_certificate)?,
        None => cert,
    };
    let bytes = merged.to_vec().map_err(not_certificate)?;
    index.put(&fingerprint, &claimed_addresses(&merged));
    if let Some(address) = pin {
        index.pin(address, &fingerprint);
    }
    let addresses = index.addresses_of(&fingerprint);
    if addresses.is_empty() && !was_known {
        return Err(ProtectError::NoAddress(fingerprint));
    }
    let unchanged = snapshot.certificates.get(&fingerprint).is_some_and(|old| **old == *bytes);
    let state = match (was_known, unchanged) {
        (_, true) => Kept::Unchanged,
        (true, false) => Kept::Updated,
        (false, false) => Kept::Added,
    };
    Ok((Imported { fingerprint, addresses, state }, bytes))
}
