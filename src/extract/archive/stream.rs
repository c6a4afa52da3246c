//! Reads single packed streams: bzip2, xz, lzma, lzip, Zstandard.
//!
//! Streams that follow each other are one file, as their own programs have it.
//! What follows the last one is read by content, because other programs stop
//! there. Damage and limits are gaps; what was unpacked before them is read.

use crate::{
    extract::{
        budget::Budget,
        capped::{self, Trouble, Unpacked},
        content, strings,
        walk::{Place, Walk},
    },
    model::{GapKind, Surface},
};

/// How a stream is packed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::extract) enum Packing {
    /// bzip2.
    Bzip2,
    /// lzip.
    Lzip,
    /// The old format of LZMA alone.
    Lzma,
    /// xz.
    Xz,
    /// Zstandard (RFC 8878).
    Zstandard,
}

/// Reads the stream `bytes` at `place`.
pub(in crate::extract) fn read(walk: &mut Walk, place: &Place, bytes: &[u8], packing: Packing) {
    let (unpack, magic): (Unpack, &[u8]) = match packing {
        Packing::Bzip2 => (capped::bunzip2, b"BZh"),
        Packing::Lzip => (capped::unlzip, b"LZIP"),
        Packing::Lzma => (capped::unlzma, b"]\0"),
        Packing::Xz => (capped::unxz, b"\xFD7zXZ"),
        Packing::Zstandard => (unzstd, b"\x28\xB5\x2F\xFD"),
    };
    let mut all = Vec::new();
    let mut rest = bytes;
    while walk.entry(&place.path) {
        let unpacked = unpack(rest, &mut walk.budget);
        note(walk, place, &unpacked);
        all.extend_from_slice(&unpacked.bytes);
        rest = rest.get(unpacked.used..).unwrap_or_default();
        if unpacked.trouble.is_some() || unpacked.used == 0 || !rest.starts_with(magic) {
            break;
        }
    }
    let inner = Place::new(place.path.child(&inner_name(place, SUFFIXES)), Surface::FileText);
    content::read(walk, &inner, &all);
    after(walk, place, rest);
}

/// Notes what went wrong while unpacking.
pub(super) fn note(walk: &mut Walk, place: &Place, unpacked: &Unpacked) {
    match unpacked.trouble {
        Some(Trouble::Broken) => walk.gap(GapKind::Broken, &place.path),
        Some(Trouble::Over(overrun)) => walk.overrun(overrun, &place.path),
        None => {}
    }
}

/// Reads what stands behind the end of a file. Zeros are padding.
pub(in crate::extract) fn after(walk: &mut Walk, place: &Place, rest: &[u8]) {
    if rest.iter().all(|b| *b == 0) {
        return;
    }
    let behind = place.child("behind the end");
    if rest.len() < SHORT {
        strings::read(walk, &behind, rest);
    } else {
        content::read(walk, &behind, rest);
    }
}

/// The name of the file inside: that of the packed one without its ending.
pub(super) fn inner_name(place: &Place, suffixes: &[(&str, &str)]) -> String {
    let names = place.path.names();
    let name = names.last().copied().unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    let found = suffixes.iter().find(|(packed, _)| lower.ends_with(packed));
    match found.and_then(|(packed, plain)| Some((name.get(..name.len() - packed.len())?, plain))) {
        Some((stem, plain)) if !stem.is_empty() => format!("{stem}{plain}"),
        Some(_) | None => "unpacked".to_owned(),
    }
}

/// One frame, after frames that hold nothing (RFC 8878 section 3.1.2).
fn unzstd(packed: &[u8], budget: &mut Budget) -> Unpacked {
    let mut rest = packed;
    while let [0x50..=0x5F, 0x2A, 0x4D, 0x18, a, b, c, d, more @ ..] = rest {
        let length = usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).unwrap_or(usize::MAX);
        rest = more.get(length..).unwrap_or_default();
    }
    let mut unpacked = capped::unzstd(rest, budget);
    unpacked.used += packed.len() - rest.len();
    unpacked
}

type Unpack = fn(&[u8], &mut Budget) -> Unpacked;

/// Too short to hold anything that is not seen in it as it is.
const SHORT: usize = 32;
const SUFFIXES: &[(&str, &str)] = &[
    (".tbz2", ".tar"),
    (".tbz", ".tar"),
    (".txz", ".tar"),
    (".tzst", ".tar"),
    (".bz2", ""),
    (".bz", ""),
    (".xz", ""),
    (".lzma", ""),
    (".lz", ""),
    (".zst", ""),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::limits::Limits,
        extract::walk::Containers,
        model::{Extraction, PartPath},
    };

    fn extraction(bytes: &[u8], name: &str) -> Extraction {
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        content::read(&mut walk, &Place::new(PartPath::root(name), Surface::FileText), bytes);
        walk.finish()
    }

    /// `echo 'fnr 15830512345' | xz`, and its like.
    const SAMPLES: &[(&str, &[u8])] = &[
        ("l.txt.bz2", include_bytes!("../../../tests/fixtures/extract/l.txt.bz2")),
        ("l.txt.xz", include_bytes!("../../../tests/fixtures/extract/l.txt.xz")),
        ("l.txt.lzma", include_bytes!("../../../tests/fixtures/extract/l.txt.lzma")),
        ("l.txt.zst", include_bytes!("../../../tests/fixtures/extract/l.txt.zst")),
    ];

    #[test]
    fn each_is_unpacked() {
        for (name, bytes) in SAMPLES {
            let read = extraction(bytes, name);
            let fragment = read.fragments.first().unwrap_or_else(|| panic!("{name}: {read:?}"));
            assert_eq!(fragment.text.trim_end(), "fnr 22836014271", "{name}");
            assert_eq!(fragment.path.to_string(), format!("{name} > l.txt"));
            assert_eq!(read.gaps, [], "{name}");
        }
    }

    #[test]
    fn half_a_stream_is_broken() {
        for (name, bytes) in SAMPLES {
            let read = extraction(&bytes[..bytes.len() - 9], name);
            assert!(!read.gaps.is_empty(), "{name}");
        }
    }

    #[test]
    fn what_follows_is_read() {
        let bytes = [SAMPLES[0].1, b"\0 and then in plain text: 22836014271\n"].concat();
        let read = extraction(&bytes, "l.bz2");
        assert!(read.fragments.iter().any(|f| f.path.to_string().contains("behind the end")));
    }
}
