//! The secret part of a personal link.
//!
//! Whoever has it may act on one message in the name of its sender. So it
//! stands in the mail to that sender and nowhere else: it has no `Display`, no
//! `Debug` and no `Serialize`, and a guess is compared in a time that tells
//! nothing.

use crate::base::{
    id::{from_letters, letters},
    secret::Secret,
};

/// 128 bits of a keyed hash, written in letters: no scanner takes it for a
/// number.
#[derive(Clone)]
pub struct LinkToken(Secret<[u8; LinkToken::BYTES]>);

impl LinkToken {
    const BYTES: usize = 16;

    /// Takes the first 128 bits of a keyed 256-bit hash.
    pub fn from_keyed_hash(hash: &[u8; 32]) -> Self {
        let mut bytes = [0; Self::BYTES];
        bytes.copy_from_slice(&hash[..Self::BYTES]);
        Self(Secret::new(bytes))
    }

    /// Reads one from an address; none when it has another form.
    pub fn parse(text: &str) -> Option<Self> {
        from_letters(text).map(|bytes| Self(Secret::new(bytes)))
    }

    /// Whether both are the same.
    pub fn is(&self, other: &Self) -> bool {
        let pairs = self.0.expose().iter().zip(other.0.expose());
        pairs.fold(0, |differing, (one, other)| differing | (one ^ other)) == 0
    }

    /// As it stands in a link.
    pub(super) fn letters(&self) -> String {
        letters(self.0.expose())
    }

    /// The bytes, for a keyed hash of it.
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_writes_and_tells_others_apart() {
        let token = LinkToken::from_keyed_hash(&[0xA5; 32]);
        let text = token.letters();
        assert_eq!(text.len(), 32);
        assert!(text.bytes().all(|letter| letter.is_ascii_lowercase()));
        assert!(LinkToken::parse(&text).is_some_and(|read| read.is(&token)));
        assert!(!LinkToken::from_keyed_hash(&[0xA4; 32]).is(&token));
        for odd in ["", &text[1..], &format!("{text}b"), &text.replace('p', "a")] {
            assert!(LinkToken::parse(odd).is_none(), "{odd}");
        }
    }
}
