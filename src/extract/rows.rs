//! Undoes what makes rows of samples easier to pack, in PNG, TIFF and PDF.
//!
//! Any bytes become some bytes; what is cut stays cut.

/// Bytes in a row and in a pixel.
pub(super) struct Rows {
    pub(super) row: usize,
    pub(super) pixel: usize,
}

impl Rows {
    /// Undoes PNG filters (RFC 2083 section 6) in place: a row is written where
    /// the one before ended, always behind what is still to be read.
    pub(super) fn png(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let (mut from, mut start) = (0, 0);
        let mut above: Option<usize> = None;
        while let Some(kind) = bytes.get(from).copied() {
            from += 1;
            let length = self.row.min(bytes.len() - from);
            for at in 0..length {
                let left = at.checked_sub(self.pixel).map_or(0, |at| bytes[start + at]);
                let up = above.map_or(0, |above| bytes[above + at]);
                let corner = match (above, at.checked_sub(self.pixel)) {
                    (Some(above), Some(at)) => bytes[above + at],
                    _ => 0,
                };
                let guess = match kind {
                    1 => left,
                    2 => up,
                    3 => u8::midpoint(left, up),
                    4 => paeth(left, up, corner),
                    _ => 0,
                };
                bytes[start + at] = bytes[from + at].wrapping_add(guess);
            }
            above = Some(start);
            from += length;
            start += length;
        }
        bytes.truncate(start);
        bytes
    }

    /// Undoes the difference to the pixel before, for samples of eight bits.
    pub(super) fn tiff(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        for line in bytes.chunks_mut(self.row) {
            for at in self.pixel..line.len() {
                line[at] = line[at].wrapping_add(line[at - self.pixel]);
            }
        }
        bytes
    }
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let estimate = i16::from(left) + i16::from(up) - i16::from(corner);
    let far = |value: u8| (estimate - i16::from(value)).abs();
    if far(left) <= far(up) && far(left) <= far(corner) {
        left
    } else if far(up) <= far(corner) {
        up
    } else {
        corner
    }
}
