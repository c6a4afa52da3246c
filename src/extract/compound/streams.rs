//! The storages and streams of a compound file (MS-CFB), read through the
//! budget: chains may overlap, and lengths may lie.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

use crate::{
    extract::walk::{Place, Walk},
    model::GapKind,
};

/// A compound file that could be opened.
pub(super) struct Compound<'a> {
    file: cfb::CompoundFile<Cursor<&'a [u8]>>,
    /// What each storage holds, the root first, each before what is in it.
    storages: BTreeMap<Vec<String>, Vec<Entry>>,
}

/// A stream or a storage by name.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) is_stream: bool,
    bytes: u64,
}

impl<'a> Compound<'a> {
    /// Opens `bytes`; `None` when the structure cannot be followed.
    pub(super) fn open(bytes: &'a [u8]) -> Option<Self> {
        let file = cfb::CompoundFile::open(Cursor::new(bytes)).ok()?;
        let mut storages = BTreeMap::from([(Vec::new(), Vec::new())]);
        for entry in file.walk().take(MOST) {
            let mut path = Vec::new();
            for name in entry.path().iter().skip(1) {
                path.push(name.to_str()?.to_owned());
            }
            if !entry.is_stream() {
                storages.entry(path.clone()).or_default();
            }
            let Some(name) = path.pop() else { continue };
            let entry = Entry { name, is_stream: entry.is_stream(), bytes: entry.len() };
            storages.entry(path).or_default().push(entry);
        }
        Some(Self { file, storages })
    }

    /// The paths of all storages, outer ones first.
    pub(super) fn storages(&self) -> Vec<Vec<String>> {
        self.storages.keys().cloned().collect()
    }

    /// What the storage at `path` holds.
    pub(super) fn entries(&self, path: &[String]) -> &[Entry] {
        self.storages.get(path).map_or(&[], Vec::as_slice)
    }

    /// The bytes of a stream; none if it is not there. Damage and limits are
    /// noted at `place`.
    pub(super) fn stream(
        &mut self,
        walk: &mut Walk,
        place: &Place,
        path: &[String],
        name: &str,
    ) -> Option<Vec<u8>> {
        let entry = self.entry(path, name)?.clone();
        let length = usize::try_from(entry.bytes).unwrap_or(usize::MAX);
        if let Err(overrun) = walk.budget.in_time().and_then(|()| walk.budget.expand(length)) {
            walk.overrun(overrun, &place.path);
            return None;
        }
        let mut full = std::path::PathBuf::from("/");
        full.extend(path);
        full.push(&entry.name);
        let mut bytes = Vec::new();
        let stream = self.file.open_stream(&full);
        let read = stream.and_then(|stream| stream.take(entry.bytes).read_to_end(&mut bytes));
        if read.is_err() || bytes.len() != length {
            walk.gap(GapKind::Broken, &place.path);
        }
        Some(bytes)
    }

    fn entry(&self, path: &[String], name: &str) -> Option<&Entry> {
        let mut entries = self.entries(path).iter();
        entries.find(|entry| entry.is_stream && entry.name.eq_ignore_ascii_case(name))
    }
}

/// Far more than the entries of a reading.
const MOST: usize = 1 << 18;
