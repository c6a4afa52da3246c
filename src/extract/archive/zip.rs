//! Reads ZIP files (APPNOTE 6.3): names, comments, and members by content.
//!
//! Encrypted members are gaps with their proof; members that only claim to be
//! encrypted are read. Office documents are ZIP files inside and go on to
//! `office`.

use super::zip_directory::{self, Directory, Entry};
use crate::{
    extract::{
        capped::{self, Trouble, Unpacked},
        content, office, sniff, strings,
        text::charset,
        walk::{Place, Walk},
    },
    model::{GapKind, Proof, Surface},
};

/// Reads the archive `bytes` at `place`.
pub(in crate::extract) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let directory = zip_directory::read(bytes, ENTRIES);
    if directory.entries.len() >= ENTRIES {
        walk.gap(GapKind::TooBig, &place.path);
    }
    if directory.broken {
        walk.gap(GapKind::Broken, &place.path);
    }
    around(walk, place, bytes, &directory);
    let members = Members { bytes, entries: &directory.entries };
    if office::is_package(&members) {
        office::read(walk, place, &members);
        return;
    }
    for entry in &directory.entries {
        if !walk.entry(&place.path) {
            return;
        }
        let inner = Place::new(place.path.child(&shown(&entry.name)), Surface::FileText);
        names(walk, &inner, entry);
        member(walk, &inner, &members, entry);
    }
}

/// Whether `bytes` have the end record of an archive where readers look for
/// it, and a directory for it.
pub(in crate::extract) fn ends_as_zip(bytes: &[u8]) -> bool {
    let tail = bytes.get(bytes.len().saturating_sub(TAIL)..).unwrap_or_default();
    memchr::memmem::rfind(tail, b"PK\x05\x06").is_some()
        && memchr::memmem::find(bytes, b"PK\x01\x02").is_some()
}

/// The files of an archive, by name.
pub(in crate::extract) struct Members<'a> {
    bytes: &'a [u8],
    entries: &'a [Entry],
}

impl Members<'_> {
    /// All names, in the order of the file.
    pub(in crate::extract) fn names(&self) -> impl Iterator<Item = String> + '_ {
        self.entries.iter().map(|entry| shown(&entry.name))
    }

    /// The unpacked bytes of the file called `name`. What stands in the way is
    /// noted as a gap at `place`.
    pub(in crate::extract) fn unpack(
        &self,
        walk: &mut Walk,
        place: &Place,
        name: &str,
    ) -> Option<Vec<u8>> {
        let entry = self.entries.iter().find(|entry| entry.name == name.as_bytes())?;
        unpack_plain(walk, place, self, entry)
    }

    /// The number of files.
    pub(in crate::extract) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The unpacked bytes of the file number `index`.
    pub(in crate::extract) fn unpack_at(
        &self,
        walk: &mut Walk,
        place: &Place,
        index: usize,
    ) -> Option<Vec<u8>> {
        unpack_plain(walk, place, self, self.entries.get(index)?)
    }

    fn packed(&self, entry: &Entry) -> &[u8] {
        let end = entry.data.saturating_add(entry.packed).min(self.bytes.len());
        self.bytes.get(entry.data..end).unwrap_or_default()
    }
}

/// Notes the names and the comment of an entry.
fn names(walk: &mut Walk, place: &Place, entry: &Entry) {
    for name in [Some(&entry.name), entry.other_name.as_ref()].into_iter().flatten() {
        walk.fragment(Surface::FileName, &place.path, shown(name));
    }
    walk.fragment(Surface::Metadata, &place.path, charset::decode(&entry.comment, None));
}

fn member(walk: &mut Walk, place: &Place, members: &Members<'_>, entry: &Entry) {
    if let Some(bytes) = unpack_plain(walk, place, members, entry) {
        content::read(walk, place, &bytes);
    }
}

/// Unpacks an entry that is not encrypted, and notes why where it is.
fn unpack_plain(
    walk: &mut Walk,
    place: &Place,
    members: &Members<'_>,
    entry: &Entry,
) -> Option<Vec<u8>> {
    let packed = members.packed(entry);
    if entry.disputed {
        walk.gap(GapKind::Ambiguous, &place.path);
    }
    let encrypted = entry.encrypted.0 || entry.encrypted.1 || entry.methods.contains(&99);
    if !encrypted {
        return unpack(walk, place, members, entry);
    }
    if entry.methods == [99] && entry.encrypted == (true, true) {
        return aes(walk, place, packed, entry);
    }
    // A lie if it unpacks all the same.
    let plain = trial(walk, packed, entry);
    if plain.is_some() {
        walk.gap(GapKind::Ambiguous, &place.path);
        return plain;
    }
    walk.gap(GapKind::WeakEncryption(Proof::new("zipcrypto")), &place.path);
    strings::read(walk, place, packed);
    None
}

/// AE-1 and AE-2: salt, verification value, data, authentication code.
fn aes(walk: &mut Walk, place: &Place, packed: &[u8], entry: &Entry) -> Option<Vec<u8>> {
    let Some(bits) = entry.aes_bits else {
        walk.gap(GapKind::Broken, &place.path);
        strings::read(walk, place, packed);
        return None;
    };
    let overhead = usize::from(bits) / 16 + 12;
    if packed.len() < overhead || entry.disputed {
        walk.gap(GapKind::WeakEncryption(Proof::new("zip-aes-damaged")), &place.path);
        strings::read(walk, place, packed);
        return None;
    }
    if packed.len() >= overhead + SAMPLE && sniff::looks_like_text(packed) {
        walk.gap(GapKind::Ambiguous, &place.path);
        return Some(packed.to_vec());
    }
    walk.gap(GapKind::Encrypted(Proof::new(format!("zip-aes{bits}"))), &place.path);
    None
}

/// Reads what claims to be encrypted as if it were not.
fn trial(walk: &mut Walk, packed: &[u8], entry: &Entry) -> Option<Vec<u8>> {
    if entry.methods.contains(&8) {
        let Unpacked { bytes, trouble, .. } = capped::inflate(packed, &mut walk.budget);
        return (trouble.is_none() && bytes.len() == entry.size).then_some(bytes);
    }
    let readable = packed.len() == entry.size
        && !matches!(sniff::format(packed), sniff::Format::Unknown | sniff::Format::OpenPgp);
    readable.then(|| packed.to_vec())
}

fn unpack(walk: &mut Walk, place: &Place, members: &Members<'_>, entry: &Entry) -> Option<Vec<u8>> {
    let packed = members.packed(entry);
    let mut all = Vec::new();
    for method in &entry.methods {
        match method {
            0 => {
                if let Err(overrun) = walk.budget.expand(packed.len()) {
                    walk.overrun(overrun, &place.path);
                    return None;
                }
                if packed.len() != entry.packed {
                    walk.gap(GapKind::Broken, &place.path);
                }
                all.extend_from_slice(packed);
            }
            8 => {
                // Where the length is disputed the stream itself knows its end.
                let open = members.bytes.get(entry.data..).unwrap_or_default();
                let unpacked =
                    capped::inflate(if entry.disputed { open } else { packed }, &mut walk.budget);
                note(walk, place, &unpacked, entry);
                all.extend_from_slice(&unpacked.bytes);
            }
            method => match unpack_rare(walk, packed, (*method, entry.size)) {
                Some(unpacked) => {
                    super::stream::note(walk, place, &unpacked);
                    all.extend_from_slice(&unpacked.bytes);
                }
                None => {
                    walk.gap(GapKind::Unknown, &place.path);
                    strings::read(walk, place, packed);
                }
            },
        }
    }
    Some(all)
}

/// The methods that few programs write (APPNOTE 4.4.5).
fn unpack_rare(walk: &mut Walk, packed: &[u8], (method, size): (u16, usize)) -> Option<Unpacked> {
    let budget = &mut walk.budget;
    match method {
        12 => Some(capped::bunzip2(packed, budget)),
        14 => {
            // Version and length of the properties come first (5.8.8.1).
            Some(capped::unlzma_bare(packed.get(4..)?, size as u64, budget))
        }
        20 | 93 => Some(capped::unzstd(packed, budget)),
        95 => Some(capped::unxz(packed, budget)),
        _ => None,
    }
}

/// Whether a file of a ZIP stands somewhere in the bytes.
pub(in crate::extract) fn has_members(bytes: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, b"PK\x03\x04").take(MEMBERS_TRIED).any(|at| {
        let header = bytes.get(at..at + 30).unwrap_or_default();
        matches!(header, [_, _, _, _, 0..=63, _, _, _, 0..=99, 0, ..])
            && header.get(26..28).is_some_and(|length| length[1] < 4 && length != [0, 0])
    })
}

fn note(walk: &mut Walk, place: &Place, unpacked: &Unpacked, entry: &Entry) {
    match unpacked.trouble {
        Some(Trouble::Broken) => walk.gap(GapKind::Broken, &place.path),
        Some(Trouble::Over(overrun)) => walk.overrun(overrun, &place.path),
        None if entry.disputed => {}
        None if unpacked.bytes.len() != entry.size || unpacked.used < entry.packed => {
            walk.gap(GapKind::Ambiguous, &place.path);
        }
        None => {}
    }
}

/// What stands before the first member and after the directory.
fn around(walk: &mut Walk, place: &Place, bytes: &[u8], directory: &Directory) {
    walk.fragment(Surface::Metadata, &place.path, charset::decode(&directory.comment, None));
    let prefix = bytes.get(..directory.prefix).unwrap_or_default();
    strings::read(walk, place, prefix);
    let end = memchr::memmem::rfind(bytes, b"PK\x05\x06").unwrap_or(0);
    let tail = bytes.get(end.saturating_add(22)..).unwrap_or_default();
    if tail != directory.comment {
        strings::read(walk, place, tail);
    }
}

/// A name as a person sees it: UTF-8, or the old PC charset.
fn shown(name: &[u8]) -> String {
    charset::decode(name, None).into_owned()
}

/// The end record and the longest comment.
const TAIL: usize = 22 + 0xFFFF;
const MEMBERS_TRIED: usize = 64;
const ENTRIES: usize = 50_000;
const SAMPLE: usize = 32;
