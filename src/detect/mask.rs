//! Reads text 64 bytes at a time as bit masks: bit n is about byte n. Vectors
//! of 16 bytes, which every processor of this kind has, through a safe crate.

use wide::u8x16;

/// Bytes of a block.
pub(super) const BLOCK: usize = 64;

/// A block of text.
#[derive(Clone, Copy)]
pub(super) struct Block([u8x16; 4]);

impl Block {
    /// The block that starts at `at`; what the text lacks is zero.
    #[inline]
    pub(super) fn at(bytes: &[u8], at: usize) -> Self {
        let rest = bytes.get(at..).unwrap_or_default();
        match rest.first_chunk() {
            Some(block) => Self::of(block),
            None => Self::short(rest),
        }
    }

    #[inline]
    fn of(block: &[u8; BLOCK]) -> Self {
        match block.as_chunks().0 {
            [a, b, c, d] => Self([u8x16::new(*a), u8x16::new(*b), u8x16::new(*c), u8x16::new(*d)]),
            _ => Self([u8x16::ZERO; 4]),
        }
    }

    #[cold]
    fn short(rest: &[u8]) -> Self {
        let mut block = [0; BLOCK];
        block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Self::of(&block)
    }

    /// The mask of the bytes that pass a test.
    #[inline]
    pub(super) fn mask(self, test: impl Fn(Lane) -> Lane) -> u64 {
        // Lane by lane: left to an iterator it may become four calls.
        let [a, b, c, d] = self.0;
        let bits = |lane: u8x16| u64::from(test(Lane(lane)).0.to_bitmask());
        bits(a) | bits(b) << 16 | bits(c) << 32 | bits(d) << 48
    }

    #[inline]
    fn any(self, test: impl Fn(Lane) -> Lane) -> bool {
        let [a, b, c, d] = self.0;
        let (ab, cd) = (test(Lane(a)).or(test(Lane(b))), test(Lane(c)).or(test(Lane(d))));
        ab.or(cd).0.any()
    }
}

/// Half a block of text.
#[derive(Clone, Copy)]
pub(super) struct Half([u8x16; 2]);

impl Half {
    /// Bytes of half a block.
    pub(super) const LENGTH: usize = BLOCK / 2;

    /// The half block that starts at `at`; what the text lacks is zero.
    #[inline]
    pub(super) fn at(bytes: &[u8], at: usize) -> Self {
        let rest = bytes.get(at..).unwrap_or_default();
        match rest.first_chunk::<{ Self::LENGTH }>().map(|half| half.as_chunks().0) {
            Some([a, b]) => Self([u8x16::new(*a), u8x16::new(*b)]),
            Some(_) | None => {
                let Block([a, b, ..]) = Block::short(rest.get(..Self::LENGTH).unwrap_or(rest));
                Self([a, b])
            }
        }
    }

    /// The mask of the bytes that pass a test.
    #[inline]
    pub(super) fn mask(self, test: impl Fn(Lane) -> Lane) -> u32 {
        let [a, b] = self.0.map(|lane| test(Lane(lane)).0.to_bitmask());
        a | b << 16
    }

    /// Its bytes.
    #[inline]
    pub(super) fn bytes(self) -> [u8; Self::LENGTH] {
        let [a, b] = self.0.map(u8x16::to_array);
        std::array::from_fn(|at| if at < 16 { a[at % 16] } else { b[at % 16] })
    }

    /// The first bytes, with zeros for the others.
    #[inline]
    pub(super) fn first(self, count: usize) -> Self {
        let count = u8x16::splat(u8::try_from(count).unwrap_or(u8::MAX));
        let [a, b] = self.0;
        let known = |places: [u8; 16]| !u8x16::new(places).max(count).simd_eq(u8x16::new(places));
        Self([a & known(PLACES), b & known(PLACES.map(|place| place + 16))])
    }

    /// What `change` makes of all bytes, as words.
    #[inline]
    pub(super) fn words(self, change: impl Fn(Lane) -> Lane) -> [u64; 4] {
        let [a, b] = self.0.map(|lane| u128::from_le_bytes(change(Lane(lane)).0.to_array()));
        let halves = |word: u128| (word as u64, (word >> 64) as u64);
        let ((a, b), (c, d)) = (halves(a), halves(b));
        [a, b, c, d]
    }
}

/// Sixteen bytes, or what a test made of each: all bits or none.
#[derive(Clone, Copy)]
pub(super) struct Lane(u8x16);

impl Lane {
    /// Those equal to `byte`.
    #[inline]
    pub(super) fn is(self, byte: u8) -> Self {
        Self(self.0.simd_eq(u8x16::splat(byte)))
    }

    /// Those from `first` to `last`.
    #[inline]
    pub(super) fn within(self, first: u8, last: u8) -> Self {
        let offset = self.0 - u8x16::splat(first);
        Self(offset.min(u8x16::splat(last - first)).simd_eq(offset))
    }

    /// Those from `least` up.
    #[inline]
    pub(super) fn at_least(self, least: u8) -> Self {
        Self(self.0.max(u8x16::splat(least)).simd_eq(self.0))
    }

    /// With the bits of `bits` set in each byte.
    #[inline]
    pub(super) fn with(self, bits: u8) -> Self {
        Self(self.0 | u8x16::splat(bits))
    }

    /// For a test: `byte` where it was passed, what `other` has elsewhere.
    #[inline]
    pub(super) fn choose(self, byte: u8, other: Self) -> Self {
        Self(self.0.bitselect(u8x16::splat(byte), other.0))
    }

    /// Those of either.
    #[inline]
    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The places of bytes in a lane.
const PLACES: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// The mask of the first bytes of a block.
#[inline]
pub(super) fn known(bytes: usize) -> u64 {
    if bytes < BLOCK { !(u64::MAX << bytes) } else { u64::MAX }
}

/// How many bytes pass a test.
pub(super) fn count(bytes: &[u8], test: impl Fn(Lane) -> Lane) -> usize {
    let (blocks, rest) = bytes.as_chunks();
    let counted = |block: Block| block.mask(&test).count_ones() as usize;
    let whole: usize = blocks.iter().map(|block| counted(Block::of(block))).sum();
    whole + (Block::short(rest).mask(&test) & known(rest.len())).count_ones() as usize
}

/// Whether any byte passes a test.
pub(super) fn any(bytes: &[u8], test: impl Fn(Lane) -> Lane) -> bool {
    let (blocks, rest) = bytes.as_chunks();
    blocks.iter().any(|block| Block::of(block).any(&test))
        || Block::short(rest).mask(&test) & known(rest.len()) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_say_what_each_byte_is() {
        let every: Vec<u8> = (0..=255).chain(0..=100).collect();
        for at in [0, 1, 63, 64, 200, 300, 350, 357, 400] {
            let block = Block::at(&every, at);
            let digits = block.mask(|lane| lane.within(b'0', b'9'));
            let high = block.mask(|lane| lane.at_least(0xC4).or(lane.is(b'x')));
            let letters = block.mask(|lane| lane.with(0x20).within(b'a', b'z'));
            for bit in 0..BLOCK {
                let byte = every.get(at + bit).copied().unwrap_or(0);
                let told = |mask: u64| mask >> bit & 1 == 1;
                assert_eq!(told(digits), byte.is_ascii_digit(), "{byte}");
                assert_eq!(told(high), byte >= 0xC4 || byte == b'x', "{byte}");
                assert_eq!(told(letters), byte.is_ascii_alphabetic(), "{byte}");
            }
        }
    }

    #[test]
    fn counts_every_byte_once() {
        for length in 0..200 {
            let text = "å1".repeat(length);
            assert_eq!(count(text.as_bytes(), |lane| lane.is(b'1')), length);
            assert_eq!(any(text.as_bytes(), |lane| lane.is(b'1')), length > 0);
        }
    }
}
