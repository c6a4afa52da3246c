//! AES with a key of any of its lengths, block after block.

use aes::{
    Aes128, Aes192, Aes256, Block,
    cipher::{BlockCipherDecrypt, KeyInit},
};

/// A key ready for use.
pub(super) enum Cipher {
    Bits128(Aes128),
    Bits192(Aes192),
    Bits256(Aes256),
}

impl Cipher {
    /// `None` when `key` is none of AES.
    pub(super) fn new(key: &[u8]) -> Option<Self> {
        match key.len() {
            16 => Aes128::new_from_slice(key).ok().map(Self::Bits128),
            24 => Aes192::new_from_slice(key).ok().map(Self::Bits192),
            32 => Aes256::new_from_slice(key).ok().map(Self::Bits256),
            _ => None,
        }
    }

    /// Decrypts each block by itself; bytes behind the last block are dropped.
    pub(super) fn decrypt(&self, bytes: &[u8]) -> Vec<u8> {
        let (blocks, _) = bytes.as_chunks::<16>();
        let mut blocks: Vec<Block> = blocks.iter().map(|block| Block::from(*block)).collect();
        match self {
            Self::Bits128(cipher) => cipher.decrypt_blocks(&mut blocks),
            Self::Bits192(cipher) => cipher.decrypt_blocks(&mut blocks),
            Self::Bits256(cipher) => cipher.decrypt_blocks(&mut blocks),
        }
        blocks.iter().flat_map(|block| block.iter().copied()).collect()
    }

    /// Decrypts a chain of blocks that starts with `first` (CBC).
    pub(super) fn decrypt_chain(&self, first: &[u8], bytes: &[u8]) -> Vec<u8> {
        let mut plain = self.decrypt(bytes);
        let before = first.iter().chain(bytes);
        for (byte, before) in plain.iter_mut().zip(before) {
            *byte ^= before;
        }
        plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decrypts_the_published_vectors() {
        // NIST SP 800-38A F.1.2 and F.2.2.
        let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
        let cipher = Cipher::new(&hex("2b7e151628aed2a6abf7158809cf4f3c")).unwrap();
        let plain = hex("6bc1bee22e409f96e93d7e117393172a");
        assert_eq!(cipher.decrypt(&hex("3ad77bb40d7a3660a89ecaf32466ef97")), plain);
        let first = hex("000102030405060708090a0b0c0d0e0f");
        assert_eq!(cipher.decrypt_chain(&first, &hex("7649abac8119b246cee98e9b12e9197d")), plain);
        assert!(Cipher::new(b"short").is_none());
    }
}
