//! Reads gzip files (RFC 1952): the name and the comment of each member, and
//! all members joined, as gunzip joins them.

use super::stream;
use crate::{
    extract::{
        capped, content,
        text::charset,
        walk::{Place, Walk},
    },
    model::{GapKind, Surface},
};

/// Reads the file `bytes` at `place`.
pub(in crate::extract) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let mut all = Vec::new();
    let mut rest = bytes;
    let mut name = None;
    while let Some(head) = head(rest) {
        if !walk.entry(&place.path) {
            return;
        }
        let shown = head.name.map(|name| charset::decode(name, None).into_owned());
        walk.fragment(Surface::FileName, &place.path, shown.clone().unwrap_or_default());
        for beside in [head.comment, head.extra].into_iter().flatten() {
            walk.fragment(Surface::Metadata, &place.path, charset::decode(beside, None));
        }
        name = name.or(shown);
        let packed = rest.get(head.length..).unwrap_or_default();
        let unpacked = capped::inflate(packed, &mut walk.budget);
        stream::note(walk, place, &unpacked);
        let trailer = packed.get(unpacked.used..).unwrap_or_default();
        if unpacked.trouble.is_none() && !is_whole(&unpacked.bytes, trailer) {
            walk.gap(GapKind::Broken, &place.path);
        }
        all.extend_from_slice(&unpacked.bytes);
        rest = trailer.get(TRAILER..).unwrap_or_default();
        if unpacked.trouble.is_some() {
            rest = &[];
            break;
        }
    }
    if rest.len() == bytes.len() {
        content::unknown(walk, place, bytes);
        return;
    }
    let name = name.unwrap_or_else(|| stream::inner_name(place, SUFFIXES));
    content::read(walk, &Place::new(place.path.child(&name), Surface::FileText), &all);
    stream::after(walk, place, rest);
}

struct Head<'a> {
    length: usize,
    name: Option<&'a [u8]>,
    comment: Option<&'a [u8]>,
    extra: Option<&'a [u8]>,
}

/// The head of a member (RFC 1952 section 2.3).
fn head(bytes: &[u8]) -> Option<Head<'_>> {
    let &[0x1F, 0x8B, 8, flags, ..] = bytes else { return None };
    let mut at = 10;
    let mut extra = None;
    if flags & 4 != 0 {
        let length = bytes.get(at..at + 2)?;
        let end = at + 2 + usize::from(u16::from_le_bytes([length[0], length[1]]));
        extra = Some(bytes.get(at + 2..end)?);
        at = end;
    }
    let mut string = |present: bool| {
        let text = bytes.get(at..).filter(|_| present)?;
        let text = text.get(..memchr::memchr(0, text)?)?;
        at += text.len() + 1;
        Some(text)
    };
    let name = string(flags & 8 != 0);
    let comment = string(flags & 16 != 0);
    let length = if flags & 2 == 0 { at } else { at + 2 };
    Some(Head { length, name, comment, extra })
}

/// Whether checksum and length are those of `bytes`.
fn is_whole(bytes: &[u8], trailer: &[u8]) -> bool {
    let [a, b, c, d, e, f, g, h, ..] = *trailer else { return false };
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum() == u32::from_le_bytes([a, b, c, d])
        && u32::try_from(bytes.len() as u64 & 0xFFFF_FFFF) == Ok(u32::from_le_bytes([e, f, g, h]))
}

const TRAILER: usize = 8;
const SUFFIXES: &[(&str, &str)] = &[(".tgz", ".tar"), (".gz", ""), (".svgz", ".svg")];

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::{
        base::limits::Limits,
        extract::walk::Containers,
        model::{Extraction, PartPath},
    };

    fn member(name: &str, text: &str) -> Vec<u8> {
        let builder = flate2::GzBuilder::new().filename(name);
        let mut encoder = builder.write(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn extraction(bytes: &[u8]) -> Extraction {
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        content::read(&mut walk, &Place::new(PartPath::root("f.gz"), Surface::FileText), bytes);
        walk.finish()
    }

    #[test]
    fn members_are_one_file() {
        let read =
            extraction(&[member("a 22836014271", "fnr 228360"), member("b", "14271")].concat());
        let texts: Vec<&str> = read.fragments.iter().map(|f| f.text.as_str()).collect();
        assert_eq!(texts, ["a 22836014271", "b", "fnr 22836014271"]);
        assert_eq!(read.gaps, []);
    }

    #[test]
    fn a_wrong_checksum_is_a_gap_and_the_text_is_read() {
        let mut bytes = member("a", "fnr 22836014271");
        let at = bytes.len() - 6;
        bytes[at] ^= 1;
        let read = extraction(&bytes);
        assert_eq!(read.gaps.first().map(|gap| &gap.kind), Some(&GapKind::Broken));
        assert!(read.fragments.iter().any(|f| f.text == "fnr 22836014271"));
    }
}
