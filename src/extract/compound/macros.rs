//! Macro sources (MS-OVBA 2.4.1): packed text at an unknown place in each
//! stream of a VBA storage.

use encoding_rs::WINDOWS_1252;

use crate::extract::{
    budget::{Budget, Overrun},
    strings,
    walk::{Place, Walk},
};

/// Reads the module in the stream `bytes`, and what else stands there.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    strings::read(walk, place, bytes);
    // Every module starts with `Attribute`, cut after eight letters by the
    // flags of the packing.
    let Some(found) = memchr::memmem::find(bytes, b"\0Attribut") else { return };
    let Some(start) = found.checked_sub(2) else { return };
    match unpack(bytes.get(start..).unwrap_or_default(), &mut walk.budget) {
        Ok(source) => {
            let text = WINDOWS_1252.decode_without_bom_handling(&source).0;
            walk.fragment(place.surface, &place.path, text);
        }
        Err(overrun) => walk.overrun(overrun, &place.path),
    }
}

/// Unpacks chunks of 4096 bytes until something is no chunk.
fn unpack(mut packed: &[u8], budget: &mut Budget) -> Result<Vec<u8>, Overrun> {
    let mut out = Vec::new();
    while let Some((head, rest)) = packed.split_first_chunk::<2>() {
        let head = u16::from_le_bytes(*head);
        if head >> 12 & 7 != 3 {
            break;
        }
        let length = usize::from(head & 0xFFF) + 1;
        let body = rest.get(..length).unwrap_or(rest);
        let start = out.len();
        if head & 0x8000 == 0 {
            out.extend_from_slice(body);
        } else {
            chunk(body, &mut out);
        }
        budget.expand(out.len() - start)?;
        packed = rest.get(length..).unwrap_or_default();
    }
    Ok(out)
}

fn chunk(body: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let mut rest = body.iter().copied();
    while let Some(flags) = rest.next() {
        for bit in 0..8 {
            let Some(byte) = rest.next() else { return };
            if flags & (1 << bit) == 0 {
                out.push(byte);
                continue;
            }
            let Some(high) = rest.next() else { return };
            let token = u16::from_le_bytes([byte, high]);
            let done = out.len() - start;
            // The further the chunk, the more bits say how far back.
            let bits = usize::BITS - done.saturating_sub(1).leading_zeros();
            let bits = bits.clamp(4, 12);
            let length = usize::from(token & (0xFFFF >> bits)) + 3;
            let back = usize::from(token >> (16 - bits)) + 1;
            for _ in 0..length {
                if out.len() - start >= CHUNK {
                    return;
                }
                let from = out.len().checked_sub(back).filter(|from| *from >= start);
                let Some(byte) = from.and_then(|from| out.get(from).copied()) else { return };
                out.push(byte);
            }
        }
    }
}

const CHUNK: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits::Limits;

    #[test]
    fn unpacks_the_examples_of_the_specification() {
        // MS-OVBA section 3.2.
        let mut budget = Budget::new(&Limits::default());
        let packed = [
            0x2F, 0xB0, 0x00, 0x23, 0x61, 0x61, 0x61, 0x62, 0x63, 0x64, 0x65, 0x82, 0x66, 0x00,
            0x70, 0x61, 0x67, 0x68, 0x69, 0x6A, 0x01, 0x38, 0x08, 0x61, 0x6B, 0x6C, 0x00, 0x30,
            0x6D, 0x6E, 0x6F, 0x70, 0x06, 0x71, 0x02, 0x70, 0x04, 0x10, 0x72, 0x73, 0x74, 0x75,
            0x76, 0x10, 0x77, 0x78, 0x79, 0x7A, 0x00, 0x3C,
        ];
        let text = unpack(&packed, &mut budget).unwrap();
        assert_eq!(text, b"#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa");
        let run = unpack(&[0x03, 0xB0, 0x02, 0x61, 0x45, 0x00], &mut budget).unwrap();
        assert_eq!(run, b"a".repeat(73));
    }
}
