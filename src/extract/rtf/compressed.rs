//! Unpacks the RTF of Outlook messages (MS-OXRTFCP).
//!
//! A plain dictionary scheme that can grow its input nine-fold at most; what
//! comes out is spent from the budget all the same.

use crate::extract::{
    budget::{Budget, Overrun},
    capped::{Trouble, Unpacked},
};

/// Unpacks `packed`, header and all.
pub(in crate::extract) fn unpack(packed: &[u8], budget: &mut Budget) -> Unpacked {
    let body = packed.get(HEADER..).unwrap_or_default();
    let long = |at: usize| packed.get(at..at + 4).and_then(|b| b.try_into().ok());
    let mut unpacked = match long(8) {
        Some(UNPACKED) => Unpacked { bytes: body.to_vec(), ..Unpacked::default() },
        Some(PACKED) => tokens(body),
        _ => Unpacked { trouble: Some(Trouble::Broken), ..Unpacked::default() },
    };
    if let Err(overrun) = budget.expand(unpacked.bytes.len()) {
        unpacked.trouble = Some(Trouble::Over(overrun));
    }
    unpacked
}

fn tokens(body: &[u8]) -> Unpacked {
    let mut ring = [b' '; RING];
    let mut write = START.len();
    for (slot, byte) in ring.iter_mut().zip(START) {
        *slot = *byte;
    }
    let mut unpacked = Unpacked { trouble: Some(Trouble::Broken), ..Unpacked::default() };
    let mut rest = body.iter().copied();
    let put = |byte: u8, ring: &mut [u8; RING], write: &mut usize, out: &mut Vec<u8>| {
        out.push(byte);
        ring[*write % RING] = byte;
        *write = (*write + 1) % RING;
    };
    while let Some(flags) = rest.next() {
        for bit in 0..8 {
            let Some(byte) = rest.next() else { return unpacked };
            if flags & (1 << bit) == 0 {
                put(byte, &mut ring, &mut write, &mut unpacked.bytes);
                continue;
            }
            let Some(low) = rest.next() else { return unpacked };
            let token = usize::from(u16::from_be_bytes([byte, low]));
            let from = token >> 4;
            if from == write {
                unpacked.trouble = None;
                return unpacked;
            }
            for step in 0..(token & 15) + 2 {
                let byte = ring[(from + step) % RING];
                put(byte, &mut ring, &mut write, &mut unpacked.bytes);
            }
        }
        if unpacked.bytes.len() > MOST {
            unpacked.trouble = Some(Trouble::Over(Overrun::Bytes));
            return unpacked;
        }
    }
    unpacked
}

const HEADER: usize = 16;
const PACKED: [u8; 4] = *b"LZFu";
const UNPACKED: [u8; 4] = *b"MELA";
const RING: usize = 4096;
const MOST: usize = 64 << 20;
/// What the dictionary holds at the start.
const START: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits::Limits;

    #[test]
    fn unpacks_the_example_of_the_specification() {
        // MS-OXRTFCP section 4.1.
        let packed = [
            0x2D, 0, 0, 0, 0x2B, 0, 0, 0, 0x4C, 0x5A, 0x46, 0x75, 0xF1, 0xC5, 0xC7, 0xA7, 3, 0,
            0x0A, 0, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0A, 0xF3, 0x20, 0x68,
            0x65, 0x6C, 0x09, 0x00, 0x20, 0x62, 0x77, 0x05, 0xB0, 0x6C, 0x64, 0x7D, 0x0A, 0x80,
            0x0F, 0xA0,
        ];
        let unpacked = unpack(&packed, &mut Budget::new(&Limits::default()));
        assert_eq!(unpacked.bytes, b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        assert_eq!(unpacked.trouble, None);
    }

    #[test]
    fn hands_out_what_a_cut_stream_holds() {
        let packed = [&[0; 8][..], b"LZFu", &[0; 4], b"\0abc"].concat();
        let unpacked = unpack(&packed, &mut Budget::new(&Limits::default()));
        assert_eq!(unpacked.bytes, b"abc");
        assert_eq!(unpacked.trouble, Some(Trouble::Broken));
    }
}
