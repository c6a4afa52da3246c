//! The key of a file that the empty password opens (ISO 32000-2, 7.6.4).

use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::NoPadding};
use md5::{Digest, Md5};
use sha2::{Sha256, Sha384, Sha512};

/// What the encryption dictionary holds.
pub(super) struct Secrets {
    /// The revision of the handler, 2 to 6.
    pub(super) level: i64,
    pub(super) owner: Vec<u8>,
    pub(super) user: Vec<u8>,
    pub(super) user_key: Vec<u8>,
    pub(super) permissions: u32,
    pub(super) id: Vec<u8>,
    /// Bytes of the key.
    pub(super) length: usize,
    pub(super) metadata: bool,
}

impl Secrets {
    /// Whether a password could be checked at all: no handler has keys of 32
    /// bytes before revision 5, or others from then on.
    pub(super) fn is_whole(&self) -> bool {
        let strings = self.owner.len().min(self.user.len());
        match self.level {
            2..=4 => self.length <= 16 && strings >= 32,
            5 | 6 => self.length == 32 && strings >= 48 && self.user_key.len() >= 32,
            _ => false,
        }
    }
}

/// The key, if no password is needed.
pub(super) fn without_password(secrets: &Secrets) -> Option<Vec<u8>> {
    match secrets.level {
        2..=4 => [secrets.length, 16, 5].iter().find_map(|length| old(secrets, *length)),
        5 | 6 => new(secrets),
        _ => None,
    }
}

/// Algorithms 2, 4, 5 and 6.
fn old(secrets: &Secrets, length: usize) -> Option<Vec<u8>> {
    let mut hash = Md5::new();
    hash.update(PADDING);
    hash.update(secrets.owner.get(..32)?);
    hash.update(secrets.permissions.to_le_bytes());
    hash.update(&secrets.id);
    if secrets.level >= 4 && !secrets.metadata {
        hash.update([0xFF; 4]);
    }
    let mut key = hash.finalize().to_vec();
    if secrets.level >= 3 {
        for _ in 0..50 {
            key = Md5::digest(key.get(..length)?).to_vec();
        }
    }
    key.truncate(length);
    let fits = if secrets.level == 2 {
        rc4(&key, &PADDING) == secrets.user.get(..32)?
    } else {
        let mut check = Md5::new();
        check.update(PADDING);
        check.update(&secrets.id);
        let mut check = check.finalize().to_vec();
        for round in 0..20 {
            let round_key: Vec<u8> = key.iter().map(|byte| byte ^ round).collect();
            check = rc4(&round_key, &check);
        }
        check == secrets.user.get(..16)?
    };
    fits.then_some(key)
}

/// Algorithm 2.A.
fn new(secrets: &Secrets) -> Option<Vec<u8>> {
    let hash = |salt: &[u8]| {
        if secrets.level == 5 { Sha256::digest(salt).to_vec() } else { hardened(salt) }
    };
    if hash(secrets.user.get(32..40)?) != secrets.user.get(..32)? {
        return None;
    }
    let mut key = secrets.user_key.get(..32)?.to_vec();
    let wrapping = hash(secrets.user.get(40..48)?);
    cbc::Decryptor::<aes::Aes256>::new_from_slices(&wrapping, &[0; 16])
        .ok()?
        .decrypt_padded::<NoPadding>(&mut key)
        .ok()?;
    Some(key)
}

/// Algorithm 2.B for the empty password.
fn hardened(salt: &[u8]) -> Vec<u8> {
    let mut key = Sha256::digest(salt).to_vec();
    for round in 0_usize.. {
        let mut data = key.repeat(64);
        let length = data.len();
        let Some((first, second)) = key.get(..32).map(|key| key.split_at(16)) else { break };
        let Ok(cipher) = cbc::Encryptor::<aes::Aes128>::new_from_slices(first, second) else {
            break;
        };
        if cipher.encrypt_padded::<NoPadding>(&mut data, length).is_err() {
            break;
        }
        let rest: u32 = data.iter().take(16).map(|byte| u32::from(*byte)).sum::<u32>() % 3;
        key = match rest {
            0 => Sha256::digest(&data).to_vec(),
            1 => Sha384::digest(&data).to_vec(),
            _ => Sha512::digest(&data).to_vec(),
        };
        let last = data.last().map_or(0, |byte| usize::from(*byte));
        if round >= 63 && last + 32 <= round + 1 {
            break;
        }
    }
    key.truncate(32);
    key
}

/// RC4. It hides nothing, but old files use it.
pub(super) fn rc4(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    if key.is_empty() {
        return bytes.to_vec();
    }
    let mut state: [u8; 256] = std::array::from_fn(|at| at as u8);
    let mut other = 0_u8;
    for at in 0..256 {
        other = other.wrapping_add(state[at]).wrapping_add(key[at % key.len()]);
        state.swap(at, usize::from(other));
    }
    let (mut at, mut other) = (0_u8, 0_u8);
    let next = |byte: &u8| {
        at = at.wrapping_add(1);
        other = other.wrapping_add(state[usize::from(at)]);
        state.swap(usize::from(at), usize::from(other));
        let sum = state[usize::from(at)].wrapping_add(state[usize::from(other)]);
        byte ^ state[usize::from(sum)]
    };
    bytes.iter().map(next).collect()
}

/// What stands for missing characters of a password.
const PADDING: [u8; 32] = [
    0x28, 0xBF, 0x4E, 0x5E, 0x4E, 0x75, 0x8A, 0x41, 0x64, 0x00, 0x4E, 0x56, 0xFF, 0xFA, 0x01, 0x08,
    0x2E, 0x2E, 0x00, 0xB6, 0xD0, 0x68, 0x3E, 0x80, 0x2F, 0x0C, 0xA9, 0xFE, 0x64, 0x53, 0x69, 0x7A,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by fuzzing: version 5 beside revision 4.
    #[test]
    fn a_key_longer_than_its_revision_has_opens_nothing() {
        let (owner, user, user_key) = (vec![1; 48], vec![2; 48], vec![3; 32]);
        let (permissions, id, length, metadata) = (0, Vec::new(), 32, true);
        let mut secrets =
            Secrets { level: 4, owner, user, user_key, permissions, id, length, metadata };
        assert_eq!(without_password(&secrets), None);
        assert!(!secrets.is_whole());
        secrets.length = 16;
        assert!(secrets.is_whole());
        secrets.level = 6;
        assert!(!secrets.is_whole());
    }

    #[test]
    fn rc4_gives_the_well_known_stream() {
        // Widely published: key "Key", text "Plaintext".
        let sealed = [0xBB, 0xF3, 0x16, 0xE8, 0xD9, 0x40, 0xAF, 0x0A, 0xD3];
        assert_eq!(rc4(b"Key", b"Plaintext"), sealed);
    }
}
