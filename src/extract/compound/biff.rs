//! The records of a workbook stream, each with those that continue it, and the
//! texts inside, which may be cut anywhere (MS-XLS 2.5.293).

/// One record and its continuations.
pub(super) struct Record<'a> {
    pub(super) id: u16,
    /// Where it starts in the stream.
    pub(super) start: usize,
    /// Its bytes, then those of each continuation.
    pub(super) pieces: Vec<&'a [u8]>,
    /// The stream ends before it does.
    pub(super) cut: bool,
}

impl<'a> Record<'a> {
    /// Its own bytes.
    pub(super) fn data(&self) -> &'a [u8] {
        self.pieces.first().copied().unwrap_or_default()
    }
}

/// The records of a stream, one by one.
pub(super) struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Records<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn one(&mut self) -> Option<(u16, &'a [u8], bool)> {
        let id = short(self.bytes, self.at)?;
        let length = usize::from(short(self.bytes, self.at + 2)?);
        let rest = self.bytes.get(self.at + 4..).unwrap_or_default();
        let data = rest.get(..length).unwrap_or(rest);
        self.at += 4 + data.len();
        Some((id, data, data.len() < length))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let start = self.at;
        let (id, data, mut cut) = self.one()?;
        // Streams are filled up with zeros.
        if id == 0 && data.is_empty() {
            return None;
        }
        let mut pieces = vec![data];
        while short(self.bytes, self.at) == Some(CONTINUE) {
            let Some((_, more, short)) = self.one() else { break };
            pieces.push(more);
            cut |= short;
        }
        Some(Record { id, start, pieces, cut })
    }
}

/// The bytes of a record and its continuations as one text after another.
pub(super) struct Pieces<'p, 'a> {
    pieces: &'p [&'a [u8]],
    number: usize,
    at: usize,
}

impl<'p, 'a> Pieces<'p, 'a> {
    pub(super) fn new(pieces: &'p [&'a [u8]]) -> Self {
        Self { pieces, number: 0, at: 0 }
    }

    /// Goes over `length` bytes.
    pub(super) fn skip(&mut self, mut length: usize) {
        while length > 0 {
            let Some(piece) = self.pieces.get(self.number) else { return };
            let step = length.min(piece.len().saturating_sub(self.at));
            self.at += step;
            length -= step;
            if length > 0 {
                self.number += 1;
                self.at = 0;
            }
        }
    }

    /// Count in 16 bits, flags, characters.
    pub(super) fn counted(&mut self) -> Option<String> {
        let count = usize::from(self.short()?);
        let flags = self.byte()?;
        Some(self.chars(count, flags & 1 != 0))
    }

    /// A text of the table of shared strings: formats and phonetics follow.
    pub(super) fn rich(&mut self) -> Option<String> {
        let count = usize::from(self.short()?);
        let flags = self.byte()?;
        let runs = if flags & 8 != 0 { usize::from(self.short()?) } else { 0 };
        let more = if flags & 4 != 0 {
            let (low, high) = (self.short()?, self.short()?);
            usize::from(low) | usize::from(high) << 16
        } else {
            0
        };
        let text = self.chars(count, flags & 1 != 0);
        self.skip(runs * 4);
        self.skip(more);
        Some(text)
    }

    /// `count` characters; in each continuation their width is said anew.
    pub(super) fn chars(&mut self, count: usize, mut wide: bool) -> String {
        let mut units = Vec::with_capacity(count.min(1 << 15));
        while units.len() < count {
            let Some(piece) = self.pieces.get(self.number) else { break };
            let rest = piece.get(self.at..).unwrap_or_default();
            let wanted = count - units.len();
            if wide {
                let pairs = rest.chunks_exact(2).take(wanted);
                units.extend(pairs.map(|pair| u16::from_le_bytes([pair[0], pair[1]])));
            } else {
                units.extend(rest.iter().take(wanted).map(|byte| u16::from(*byte)));
            }
            if units.len() < count {
                self.number += 1;
                let flags = self.pieces.get(self.number).and_then(|next| next.first());
                wide = flags.is_some_and(|flags| flags & 1 != 0);
                self.at = 1;
            } else {
                self.at += wanted * if wide { 2 } else { 1 };
            }
        }
        String::from_utf16_lossy(&units)
    }

    fn byte(&mut self) -> Option<u8> {
        loop {
            let piece = self.pieces.get(self.number)?;
            if let Some(byte) = piece.get(self.at) {
                self.at += 1;
                return Some(*byte);
            }
            self.number += 1;
            self.at = 0;
        }
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }
}

/// 16 bits at `at`.
pub(super) fn short(bytes: &[u8], at: usize) -> Option<u16> {
    let word = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(word.try_into().ok()?))
}

/// 32 bits at `at`.
pub(super) fn long(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(word.try_into().ok()?))
}

/// A number of 64 bits at `at`.
pub(super) fn double(bytes: &[u8], at: usize) -> Option<f64> {
    let word = bytes.get(at..at.checked_add(8)?)?;
    Some(f64::from_le_bytes(word.try_into().ok()?))
}

const CONTINUE: u16 = 0x003C;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_a_text_that_records_cut() {
        let bytes = [
            &[0xFC, 0, 8, 0][..],
            &[5, 0, 0, b'2', b'2', b'8', 0, 0],
            &[0x3C, 0, 5, 0, 1, b'3', 0, b'6', 0],
        ]
        .concat();
        let record = Records::new(&bytes).next().unwrap();
        // The first piece ends with two characters that are zeros here.
        let cut = [record.pieces[0].get(..6).unwrap(), record.pieces[1]];
        assert_eq!(Pieces::new(&cut).rich().as_deref(), Some("22836"));
    }

    #[test]
    fn ends_at_the_end() {
        let record = Records::new(&[0xFC, 0, 0xFF, 0xFF, 1]).next().unwrap();
        assert!(record.cut);
        assert_eq!(Pieces::new(&[&[9, 0, 0, b'a']]).counted().as_deref(), Some("a"));
        assert_eq!(Records::new(&[0; 64]).count(), 0);
    }
}
