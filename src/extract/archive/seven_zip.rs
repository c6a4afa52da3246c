//! Reads 7z archives: names, and members by content.
//!
//! Encryption is proven by the coder of each block, or of the header where the
//! names are hidden too. What the crate cannot unpack is a gap.

use std::io::{Cursor, Read};

use sevenz_rust2::{Archive, BlockDecoder, EncoderMethod, Error, Password};

use crate::{
    extract::{
        capped::{self, Trouble, Unpacked},
        content, sniff, strings,
        walk::{Place, Walk},
    },
    model::{GapKind, Proof, Surface},
};

/// Reads the archive `bytes` at `place`.
pub(in crate::extract) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let mut source = Cursor::new(bytes);
    let none = Password::empty();
    match Archive::read_with_memory_limit(&mut source, &none, capped::DICTIONARY_KIB as usize) {
        Ok(archive) => files(walk, place, bytes, &archive),
        Err(_) if has_encrypted_header(bytes) => walk.gap(encrypted(), &place.path),
        Err(Error::UnsupportedCompressionMethod(_) | Error::Unsupported(_)) => {
            content::unknown(walk, place, bytes);
        }
        Err(error) => {
            walk.gap(kind(&error), &place.path);
            strings::read(walk, place, bytes);
        }
    }
    super::stream::after(walk, place, behind(bytes));
}

fn files(walk: &mut Walk, place: &Place, bytes: &[u8], archive: &Archive) {
    for (at, file) in archive.files.iter().enumerate() {
        if !walk.entry(&place.path) {
            return;
        }
        let inner = place.path.child(file.name());
        walk.fragment(Surface::FileName, &inner, file.name());
        if archive.is_file_encrypted(at) && file.has_stream() {
            walk.gap(encrypted(), &inner);
        }
    }
    for index in 0..archive.blocks.len() {
        block(walk, place, bytes, (archive, index));
    }
}

/// Reads the members of one block.
fn block(walk: &mut Walk, place: &Place, bytes: &[u8], (archive, index): (&Archive, usize)) {
    let coders = archive.blocks.get(index).map(|block| block.coders.as_slice()).unwrap_or_default();
    if coders.iter().any(|coder| coder.encoder_method_id() == EncoderMethod::ID_AES256_SHA256) {
        let packed = packed(bytes, archive, index);
        if packed.len() >= SAMPLE && sniff::looks_like_text(packed) {
            walk.gap(GapKind::Ambiguous, &place.path);
            strings::read(walk, place, packed);
        }
        return;
    }
    let none = Password::empty();
    let mut source = Cursor::new(bytes);
    let limit = capped::DICTIONARY_KIB as usize;
    let decoder = BlockDecoder::new_with_memory_limit(1, limit, index, archive, &none, &mut source);
    let mut members = Vec::new();
    let result = decoder.for_each_entries(&mut |file, reader: &mut dyn Read| {
        let mut reader = reader;
        let unpacked = capped::all(&mut reader, bytes.len(), &mut walk.budget);
        let goes_on = unpacked.trouble.is_none();
        members.push((file.name().to_owned(), unpacked));
        Ok(goes_on)
    });
    for (name, Unpacked { bytes, trouble, .. }) in members {
        let inner = Place::new(place.path.child(&name), Surface::FileText);
        match trouble {
            Some(Trouble::Broken) => walk.gap(GapKind::Broken, &inner.path),
            Some(Trouble::Over(overrun)) => walk.overrun(overrun, &inner.path),
            None => {}
        }
        content::read(walk, &inner, &bytes);
    }
    if let Err(error) = result {
        walk.gap(kind(&error), &place.path);
        strings::read(walk, place, packed(bytes, archive, index));
    }
}

/// The packed bytes of a block.
fn packed<'a>(bytes: &'a [u8], archive: &Archive, index: usize) -> &'a [u8] {
    let first = archive.stream_map.block_first_pack_stream_index().get(index).copied();
    let read = || {
        let first = first?;
        let offset = archive.stream_map.pack_stream_offsets().get(first)?;
        let start = HEADER.checked_add(usize::try_from(archive.pack_pos() + offset).ok()?)?;
        let length = usize::try_from(*archive.pack_sizes().get(first)?).ok()?;
        bytes.get(start..start.checked_add(length)?.min(bytes.len()))
    };
    read().unwrap_or_default()
}

fn kind(error: &Error) -> GapKind {
    match error {
        Error::UnsupportedCompressionMethod(_)
        | Error::Unsupported(_)
        | Error::ExternalUnsupported
        | Error::UnsupportedVersion { .. } => GapKind::Unknown,
        Error::MaxMemLimited { .. } => GapKind::TooBig,
        _ => GapKind::Broken,
    }
}

fn encrypted() -> GapKind {
    GapKind::Encrypted(Proof::new("7z-aes256"))
}

/// Where the header at the end stands (7zFormat.txt, `SignatureHeader`).
fn next_header(bytes: &[u8]) -> Option<(usize, usize)> {
    let long = |at: usize| {
        let field: [u8; 8] = bytes.get(at..at + 8)?.try_into().ok()?;
        usize::try_from(u64::from_le_bytes(field)).ok()
    };
    let start = HEADER.checked_add(long(12)?)?;
    let end = start.checked_add(long(20)?)?;
    (end <= bytes.len()).then_some((start, end))
}

/// Whether the header is packed (`0x17`) with the AES coder: flags of a coder
/// with a name of four bytes and properties, then the name.
fn has_encrypted_header(bytes: &[u8]) -> bool {
    let header = next_header(bytes).and_then(|(start, end)| bytes.get(start..end));
    header.is_some_and(|header| {
        header.first() == Some(&0x17)
            && memchr::memmem::find(header, &[0x24, 0x06, 0xF1, 0x07, 0x01]).is_some()
    })
}

fn behind(bytes: &[u8]) -> &[u8] {
    next_header(bytes).and_then(|(_, end)| bytes.get(end..)).unwrap_or_default()
}

const HEADER: usize = 32;
const SAMPLE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::limits::Limits,
        extract::walk::Containers,
        model::{Extraction, PartPath},
    };

    fn extraction(bytes: &[u8]) -> Extraction {
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        content::read(&mut walk, &Place::new(PartPath::root("a.7z"), Surface::FileText), bytes);
        walk.finish()
    }

    #[test]
    fn members_are_read() {
        let read = extraction(include_bytes!("../../../tests/fixtures/extract/plain.7z"));
        assert!(read.fragments.iter().any(|f| f.text.contains("03867347274")), "{read:?}");
        assert_eq!(read.gaps, []);
    }

    #[test]
    fn encryption_is_proven_and_names_are_read() {
        let names = include_bytes!("../../../tests/fixtures/extract/names.7z");
        let read = extraction(names);
        assert_eq!(read.gaps.first().map(|gap| &gap.kind), Some(&encrypted()), "{read:?}");
        assert_eq!(read.fragments.first().map(|f| f.text.as_str()), Some("notat.txt"));
        let hidden = extraction(include_bytes!("../../../tests/fixtures/extract/hidden.7z"));
        assert_eq!(hidden.gaps.first().map(|gap| &gap.kind), Some(&encrypted()), "{hidden:?}");
    }

    #[test]
    fn a_cut_archive_is_broken() {
        let bytes = include_bytes!("../../../tests/fixtures/extract/plain.7z");
        let read = extraction(&bytes[..bytes.len() - 20]);
        assert_eq!(read.gaps.first().map(|gap| &gap.kind), Some(&GapKind::Broken), "{read:?}");
    }
}
