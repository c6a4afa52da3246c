//! The entries of a ZIP file as its bytes have them.
//!
//! A ZIP says everything twice, in a local header before each file and in the
//! directory at the end, and readers differ in what they believe. This takes
//! both, compares them, and finds files that the directory leaves out.

use std::io::Cursor;

use memchr::memmem;

/// One file in the archive.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    /// The other name, where header and directory differ.
    pub(super) other_name: Option<Vec<u8>>,
    pub(super) comment: Vec<u8>,
    /// Start of the local header.
    pub(super) start: usize,
    /// Start of the packed bytes.
    pub(super) data: usize,
    pub(super) packed: usize,
    pub(super) size: usize,
    pub(super) methods: Vec<u16>,
    /// The encryption flag in header and directory.
    pub(super) encrypted: (bool, bool),
    /// Key length of AE-x encryption in bits, if the extra field is there.
    pub(super) aes_bits: Option<u16>,
    /// Header and directory disagree, or one of them is missing.
    pub(super) disputed: bool,
}

/// All entries, and the bytes that belong to none.
#[derive(Debug, Default)]
pub(super) struct Directory {
    pub(super) entries: Vec<Entry>,
    pub(super) comment: Vec<u8>,
    /// What stands before the first entry.
    pub(super) prefix: usize,
    /// The directory could not be read, or says things that are not so.
    pub(super) broken: bool,
}

/// Reads the directory of `bytes`; `most` entries at the most.
#[expect(clippy::disallowed_types, reason = "only the list of names is read, nothing unpacked")]
pub(super) fn read(bytes: &[u8], most: usize) -> Directory {
    let mut directory = Directory::default();
    match zip::ZipArchive::new(Cursor::new(bytes)) {
        Ok(archive) => {
            directory.comment = archive.comment().to_vec();
            for index in 0..archive.len().min(most) {
                match archive.by_index_data(index).ok().and_then(|entry| listed(bytes, &entry)) {
                    Some(entry) => directory.entries.push(entry),
                    None => directory.broken = true,
                }
            }
            directory.broken |= archive.len() != ends(bytes);
        }
        Err(_) => directory.broken = true,
    }
    add_unlisted(bytes, &mut directory, most);
    directory.entries.sort_by_key(|entry| entry.start);
    directory.prefix = directory.entries.first().map_or(0, |entry| entry.start);
    directory
}

/// An entry of the directory, held against its local header.
fn listed(bytes: &[u8], entry: &zip::read::ZipFileEntry<'_>) -> Option<Entry> {
    let start = usize::try_from(entry.header_start()).ok()?;
    let mut local = local_header(bytes, start)?;
    let packed = usize::try_from(entry.compressed_size()).unwrap_or(usize::MAX);
    let size = usize::try_from(entry.size()).unwrap_or(usize::MAX);
    #[expect(deprecated, reason = "the number is needed for methods the crate was built without")]
    let method = match entry.compression() {
        zip::CompressionMethod::Stored => 0,
        zip::CompressionMethod::Deflated => 8,
        zip::CompressionMethod::Unsupported(number) => number,
        _ => u16::MAX,
    };
    let sizes_differ =
        local.sizes_known && (local.entry.packed, local.entry.size) != (packed, size);
    let listed_method = if method == 99 { local.entry.methods[0] } else { method };
    let mut merged = local.entry.clone();
    merged.disputed = local.entry.name != entry.name_raw()
        || local.entry.methods != [method]
        || local.entry.encrypted.0 != entry.encrypted()
        || sizes_differ;
    if local.entry.name != entry.name_raw() {
        merged.other_name = Some(entry.name_raw().to_vec());
    }
    if local.entry.methods != [method] {
        local.entry.methods.push(listed_method);
        merged.methods = local.entry.methods;
    }
    merged.comment = entry.comment_raw().to_vec();
    merged.encrypted.1 = entry.encrypted();
    if !sizes_differ {
        (merged.packed, merged.size) = (packed, size);
    } else {
        merged.packed = merged.packed.max(packed);
    }
    Some(merged)
}

struct Local {
    entry: Entry,
    sizes_known: bool,
}

/// Reads the local header at `start` (APPNOTE 4.3.7).
fn local_header(bytes: &[u8], start: usize) -> Option<Local> {
    let header = bytes.get(start..start.checked_add(30)?)?;
    let short = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let long = |at: usize| usize::from(short(at)) | usize::from(short(at + 2)) << 16;
    if !header.starts_with(b"PK\x03\x04") || header[4] > 63 {
        return None;
    }
    let (flags, method) = (short(6), short(8));
    let name_end = start + 30 + usize::from(short(26));
    let data = name_end.checked_add(usize::from(short(28)))?;
    let name = bytes.get(start + 30..name_end)?.to_vec();
    let extra = bytes.get(name_end..data)?;
    let (packed, size) = (long(18), long(22));
    let wide = packed == 0xFFFF_FFFF || size == 0xFFFF_FFFF;
    let entry = Entry {
        name,
        other_name: None,
        comment: Vec::new(),
        start,
        data,
        packed,
        size,
        methods: vec![method],
        encrypted: (flags & 1 != 0, flags & 1 != 0),
        aes_bits: aes_bits(extra),
        disputed: false,
    };
    Some(Local { entry, sizes_known: flags & 8 == 0 && !wide })
}

/// The key length in the extra field of AE-x encryption.
fn aes_bits(mut extra: &[u8]) -> Option<u16> {
    while let [id_low, id_high, length_low, length_high, rest @ ..] = extra {
        let (field, more) =
            rest.split_at_checked(usize::from(u16::from_le_bytes([*length_low, *length_high])))?;
        if u16::from_le_bytes([*id_low, *id_high]) == 0x9901 {
            return match field.get(2..5)? {
                [b'A', b'E', 1] => Some(128),
                [b'A', b'E', 2] => Some(192),
                [b'A', b'E', 3] => Some(256),
                _ => None,
            };
        }
        extra = more;
    }
    None
}

/// Adds local headers that stand outside all listed entries.
fn add_unlisted(bytes: &[u8], directory: &mut Directory, most: usize) {
    let mut taken: Vec<(usize, usize)> = directory
        .entries
        .iter()
        .map(|entry| (entry.start, entry.data.saturating_add(entry.packed)))
        .collect();
    taken.sort_unstable();
    let mut next = 0;
    let mut reach = 0;
    for start in memmem::find_iter(bytes, b"PK\x03\x04") {
        while let Some((from, to)) = taken.get(next).filter(|(from, _)| *from <= start) {
            debug_assert!(from <= to);
            reach = reach.max(*to);
            next += 1;
        }
        if start < reach || directory.entries.len() >= most {
            continue;
        }
        let Some(local) = local_header(bytes, start) else { continue };
        let mut entry = local.entry;
        entry.disputed = true;
        if !local.sizes_known {
            let rest = memmem::find(&bytes[entry.data..], b"PK\x01\x02");
            entry.packed = rest.unwrap_or(bytes.len() - entry.data);
            entry.size = usize::MAX;
        }
        reach = entry.data.saturating_add(entry.packed);
        directory.entries.push(entry);
    }
}

/// The number of entries that the last end record claims (APPNOTE 4.3.16).
fn ends(bytes: &[u8]) -> usize {
    let claimed = memmem::rfind(bytes, b"PK\x05\x06")
        .and_then(|at| bytes.get(at + 10..at + 12))
        .map_or(0, |count| usize::from(u16::from_le_bytes([count[0], count[1]])));
    if claimed == 0xFFFF { memmem::find_iter(bytes, b"PK\x01\x02").count() } else { claimed }
}
