//! Standard encryption: AES without chaining, SHA-1, 50,000 rounds.

use sha1::{Digest, Sha1};

use super::{Attempt, aes_block::Cipher};
use crate::extract::walk::Walk;

/// The description, as far as it is needed.
pub(in crate::extract::compound) struct Standard {
    key: usize,
    salt: Vec<u8>,
    verifier: Vec<u8>,
    verifier_hash: Vec<u8>,
}

impl Standard {
    /// Reads what follows version and flags.
    pub(super) fn parse(rest: &[u8]) -> Option<Self> {
        let long = |bytes: &[u8], at: usize| {
            let word = bytes.get(at..at + 4)?.try_into().ok()?;
            usize::try_from(u32::from_le_bytes(word)).ok()
        };
        let header = rest.get(4..4_usize.checked_add(long(rest, 0)?)?)?;
        let verifier = rest.get(4 + header.len()..)?;
        let bits = match long(header, 8)? {
            0x660E => 128,
            0x660F => 192,
            0x6610 => 256,
            _ => return None,
        };
        let sound = long(header, 16) == Some(bits) && long(verifier, 0) == Some(16);
        sound.then_some(())?;
        Some(Self {
            key: bits / 8,
            salt: verifier.get(4..20)?.to_vec(),
            verifier: verifier.get(20..36)?.to_vec(),
            verifier_hash: verifier.get(40..72)?.to_vec(),
        })
    }

    /// Bits of the key.
    pub(super) fn bits(&self) -> usize {
        self.key * 8
    }

    /// Tries `password`, in UTF-16, on `sealed`.
    pub(super) fn open(&self, walk: &Walk, password: &[u8], sealed: &[u8]) -> Attempt {
        let mut hash = Sha1::new().chain_update(&self.salt).chain_update(password).finalize();
        for round in 0..ROUNDS {
            if round % 4096 == 0 && walk.budget.in_time().is_err() {
                return Attempt::TooCostly;
            }
            hash = Sha1::new().chain_update(round.to_le_bytes()).chain_update(hash).finalize();
        }
        let last = Sha1::new().chain_update(hash).chain_update([0; 4]).finalize();
        let mut key = half(&last, 0x36);
        key.extend(half(&last, 0x5C));
        let Some(cipher) = key.get(..self.key).and_then(Cipher::new) else {
            return Attempt::Refused;
        };
        let verifier = Sha1::digest(cipher.decrypt(&self.verifier));
        if !cipher.decrypt(&self.verifier_hash).starts_with(&verifier) {
            return Attempt::Refused;
        }
        let Some((length, blocks)) = sealed.split_first_chunk::<8>() else {
            return Attempt::Refused;
        };
        let mut plain = cipher.decrypt(blocks);
        plain.truncate(usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX));
        Attempt::Opened(plain)
    }
}

fn half(hash: &[u8], fill: u8) -> Vec<u8> {
    let mut block = [fill; 64];
    for (byte, hashed) in block.iter_mut().zip(hash) {
        *byte ^= hashed;
    }
    Sha1::digest(block).to_vec()
}

const ROUNDS: u32 = 50_000;
