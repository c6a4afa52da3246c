//! OpenPGP packet framing (RFC 9580 section 4.2), both header formats.

use std::borrow::Cow;

/// One packet.
pub(super) struct Packet<'a> {
    pub(super) tag: u8,
    pub(super) body: Cow<'a, [u8]>,
    /// All bytes that its length promises are there.
    pub(super) whole: bool,
    /// Some are missing, and only in the last of several pieces.
    pub(super) cut_late: bool,
}

/// The packets in a sequence of bytes, until something is no packet.
pub(super) struct Packets<'a>(&'a [u8]);

impl<'a> Packets<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What follows the last packet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }

    fn take(&mut self, length: usize) -> (&'a [u8], bool) {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        (taken, taken.len() == length)
    }

    fn old(&mut self, header: u8, at: &'a [u8]) -> Option<Packet<'a>> {
        let width = match header & 3 {
            3 => {
                self.0 = &[];
                let body = Cow::Borrowed(at.get(1..)?);
                let tag = header >> 2 & 15;
                return Some(Packet { tag, body, whole: true, cut_late: false });
            }
            power => 1_usize << power,
        };
        let length =
            at.get(1..1 + width)?.iter().fold(0_usize, |all, b| all << 8 | usize::from(*b));
        self.0 = &at[1 + width..];
        let (body, whole) = self.take(length);
        let body = Cow::Borrowed(body);
        Some(Packet { tag: header >> 2 & 15, body, whole, cut_late: false })
    }

    fn new_format(&mut self, header: u8, at: &'a [u8]) -> Option<Packet<'a>> {
        let tag = header & 63;
        self.0 = at.get(1..)?;
        let mut pieces: Vec<u8> = Vec::new();
        loop {
            let (length, more, used) = length(self.0)?;
            self.0 = &self.0[used..];
            let (piece, whole) = self.take(length);
            if !more && pieces.is_empty() {
                let body = Cow::Borrowed(piece);
                return Some(Packet { tag, body, whole, cut_late: false });
            }
            let cut_late = !more && !whole;
            pieces.extend_from_slice(piece);
            // The last piece of a partial body must be there, if empty.
            if !more || !whole || self.0.is_empty() {
                let body = Cow::Owned(pieces);
                return Some(Packet { tag, body, whole: whole && !more, cut_late });
            }
        }
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Packet<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.0;
        let header = *at.first().filter(|header| **header & 0x80 != 0)?;
        let packet =
            if header & 0x40 == 0 { self.old(header, at) } else { self.new_format(header, at) };
        // Tag 0 is reserved and no packet.
        let packet = packet.filter(|packet| packet.tag != 0);
        if packet.is_none() {
            self.0 = at;
        }
        packet
    }
}

/// Length, whether more pieces follow, and how many bytes said so.
fn length(bytes: &[u8]) -> Option<(usize, bool, usize)> {
    let first = *bytes.first()?;
    match first {
        0..=191 => Some((usize::from(first), false, 1)),
        192..=223 => {
            let second = usize::from(*bytes.get(1)?);
            Some(((usize::from(first) - 192) * 256 + second + 192, false, 2))
        }
        224..=254 => Some((1 << (first & 31), true, 1)),
        255 => {
            let four = bytes.get(1..5)?;
            Some((four.iter().fold(0, |all, b| all << 8 | usize::from(*b)), false, 5))
        }
    }
}
