//! Reads tar files: old, ustar, GNU and pax (POSIX.1-2024, `pax`).
//!
//! Names, link targets, owners and pax records are read beside the members. A
//! second archive behind the end of the first is read too.

use super::stream;
use crate::{
    extract::{
        content, strings,
        text::charset,
        walk::{Place, Walk},
    },
    model::{GapKind, Surface},
};

/// Whether `bytes` start with the header of a member.
pub(in crate::extract) fn is_tar(bytes: &[u8]) -> bool {
    bytes
        .get(..BLOCK)
        .is_some_and(|block| block.first() != Some(&0) && Header::parse(block).is_some())
}

/// Reads the archive `bytes` at `place`.
pub(in crate::extract) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let mut rest = bytes;
    let mut next = Next::default();
    while let Some(block) = rest.get(..BLOCK) {
        if block.iter().all(|b| *b == 0) {
            rest = &rest[BLOCK..];
            continue;
        }
        let Some(header) = Header::parse(block) else { break };
        if !walk.entry(&place.path) {
            return;
        }
        rest = &rest[BLOCK..];
        let size = next.size.unwrap_or(header.size);
        let length = usize::try_from(size).unwrap_or(usize::MAX).min(rest.len());
        if (length as u64) < size {
            walk.gap(GapKind::Broken, &place.path);
        }
        let (content, more) = rest.split_at(length);
        let padding = (BLOCK - length % BLOCK) % BLOCK;
        rest = more.get(padding..).unwrap_or_default();
        next = member(walk, place, (&header, content), next);
    }
    if !rest.is_empty() && rest.len() < bytes.len() {
        stream::after(walk, place, rest);
    }
}

/// What a record says about the member that follows it.
#[derive(Default)]
struct Next {
    name: Option<Vec<u8>>,
    size: Option<u64>,
}

fn member(
    walk: &mut Walk,
    place: &Place,
    (header, content): (&Header<'_>, &[u8]),
    mut next: Next,
) -> Next {
    walk.fragment(Surface::Metadata, &place.path, header.owners());
    match header.kind {
        b'L' => next.name = Some(until_zero(content).to_vec()),
        b'K' => walk.fragment(Surface::FileName, &place.path, decoded(until_zero(content))),
        b'x' | b'g' => {
            walk.fragment(Surface::Metadata, &place.path, decoded(content));
            records(content, &mut next);
        }
        kind => {
            let own = header.full_name();
            let name = next.name.unwrap_or_else(|| own.clone());
            let inner = Place::new(place.path.child(&decoded(&name)), Surface::FileText);
            for shown in [&name, &own] {
                walk.fragment(Surface::FileName, &inner.path, decoded(shown));
            }
            walk.fragment(Surface::FileName, &inner.path, decoded(header.link));
            if kind == b'S' {
                // A file with holes: its pieces stand joined here.
                walk.gap(GapKind::Ambiguous, &inner.path);
                strings::read(walk, &inner, content);
            }
            content::read(walk, &inner, content);
            return Next::default();
        }
    }
    next
}

/// The records of a pax header that matter: `28 path=…\n`.
fn records(mut content: &[u8], next: &mut Next) {
    while let Some(blank) = memchr::memchr(b' ', content) {
        let length = std::str::from_utf8(&content[..blank]).ok().and_then(|n| n.parse().ok());
        let Some(record) = length.and_then(|length: usize| content.get(blank + 1..length)) else {
            return;
        };
        content = content.get(blank + 1 + record.len()..).unwrap_or_default();
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        if let Some(path) = record.strip_prefix(b"path=") {
            next.name = Some(path.to_vec());
        } else if let Some(size) = record.strip_prefix(b"size=") {
            next.size = std::str::from_utf8(size).ok().and_then(|size| size.parse().ok());
        }
    }
}

struct Header<'a> {
    name: &'a [u8],
    prefix: &'a [u8],
    link: &'a [u8],
    user: &'a [u8],
    group: &'a [u8],
    size: u64,
    kind: u8,
}

impl<'a> Header<'a> {
    /// Reads a header block; `None` when its checksum is another.
    fn parse(block: &'a [u8]) -> Option<Self> {
        let sum = number(block.get(148..156)?)?;
        let blanks = 8 * u64::from(b' ');
        let unsigned: u64 = block.iter().map(|b| u64::from(*b)).sum();
        let own: u64 = block.get(148..156)?.iter().map(|b| u64::from(*b)).sum();
        if block.len() != BLOCK || sum != unsigned - own + blanks {
            return None;
        }
        let ustar = block.get(257..262)? == b"ustar";
        let posix = ustar && block.get(262) == Some(&0);
        let field = |from: usize, length: usize| until_zero(&block[from..from + length]);
        Some(Self {
            name: field(0, 100),
            prefix: if posix { field(345, 155) } else { &[] },
            link: field(157, 100),
            user: if ustar { field(265, 32) } else { &[] },
            group: if ustar { field(297, 32) } else { &[] },
            size: number(block.get(124..136)?)?,
            kind: *block.get(156)?,
        })
    }

    fn full_name(&self) -> Vec<u8> {
        if self.prefix.is_empty() {
            return self.name.to_vec();
        }
        [self.prefix, b"/", self.name].concat()
    }

    fn owners(&self) -> String {
        format!("{}\n{}", decoded(self.user), decoded(self.group))
    }
}

/// A number in octal digits, or in base 256 where the first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    if let [first, rest @ ..] = field
        && first & 0x80 != 0
    {
        let high = u64::from(first & 0x3F);
        return rest.iter().try_fold(high, |value, byte| {
            value.checked_mul(256).map(|value| value | u64::from(*byte))
        });
    }
    let digits = field.trim_ascii_start();
    let digits = until_zero(digits).trim_ascii();
    digits.iter().try_fold(0_u64, |value, digit| match digit {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

fn until_zero(bytes: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or_default()
}

fn decoded(bytes: &[u8]) -> String {
    charset::decode(bytes, None).into_owned()
}

const BLOCK: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::limits::Limits,
        extract::walk::Containers,
        model::{Extraction, PartPath},
    };

    fn file(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
        let mut block = vec![0; BLOCK];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        block[156] = kind;
        block[257..263].copy_from_slice(b"ustar\0");
        block[265..270].copy_from_slice(b"owner");
        block[148..156].copy_from_slice(b"        ");
        let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        block.extend_from_slice(content);
        block.resize(block.len().next_multiple_of(BLOCK), 0);
        block
    }

    fn extraction(bytes: &[u8]) -> Extraction {
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        content::read(&mut walk, &Place::new(PartPath::root("a.tar"), Surface::FileText), bytes);
        walk.finish()
    }

    #[test]
    fn members_names_and_a_second_archive() {
        let end = vec![0; 2 * BLOCK];
        let bytes = [
            file("PaxHeader", b'x', b"24 path=22836014271.csv\n"),
            file("short", b'0', b"fnr 1"),
            end.clone(),
            file("later.txt", b'0', b"fnr 2"),
            end,
        ]
        .concat();
        let read = extraction(&bytes);
        let shown: Vec<String> =
            read.fragments.iter().map(|f| format!("{}: {}", f.path, f.text)).collect();
        assert!(shown.contains(&"a.tar > 2283*******.csv: fnr 1".to_owned()), "{shown:?}");
        assert!(shown.contains(&"a.tar > later.txt: fnr 2".to_owned()), "{shown:?}");
        assert!(shown.contains(&"a.tar > 2283*******.csv: 22836014271.csv".to_owned()));
        assert_eq!(read.gaps, []);
    }

    #[test]
    fn a_cut_member_is_broken() {
        let bytes = file("a.txt", b'0', &[b'x'; 2000]);
        let read = extraction(&bytes[..1024]);
        assert_eq!(read.gaps.first().map(|gap| &gap.kind), Some(&GapKind::Broken));
    }
}
