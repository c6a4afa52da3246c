//! Compound files: old Office documents, Outlook items, encrypted Office
//! packages, macros, and objects inside any of them.
//!
//! Every storage is read by what it holds, wherever it stands, and every
//! stream has a reader or is searched for plain runs. Streams that are known
//! to hold no text of people leave no gap; all others that cannot be read do.

mod biff;
mod blips;
mod macros;
mod outlook;
pub(super) mod package;
mod seal;
mod seal_key;
mod slides;
mod streams;
mod summary;
mod words;
mod workbook;

use std::collections::HashMap;

use self::streams::Compound;
use super::{
    content, sniff, strings,
    walk::{Place, Walk},
};
use crate::model::{GapKind, Proof, Surface};

/// Reads the file `bytes` at `place`.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let Some(mut compound) = Compound::open(bytes) else {
        walk.gap(GapKind::Broken, &place.path);
        strings::read(walk, place, bytes);
        return;
    };
    let mut known: HashMap<Vec<String>, Known> = HashMap::new();
    for path in compound.storages() {
        if !walk.entry(&place.path) {
            return;
        }
        let outer = path.split_last().and_then(|(_, outer)| known.get(outer));
        let here = match outer {
            Some(outer) => outer.inner(walk, &mut compound, &path),
            None => Known { place: place.clone(), covered: false },
        };
        let covered = here.covered || has_main(&compound, &path);
        let here = Known { covered, ..here };
        storage(walk, &here, &mut compound, &path);
        known.insert(path, here);
    }
}

/// What is known about a storage that was read.
#[derive(Clone)]
struct Known {
    place: Place,
    /// Its document is one that is read here.
    covered: bool,
}

impl Known {
    /// The storage at `path`, which stands in this one.
    fn inner(&self, walk: &mut Walk, compound: &mut Compound<'_>, path: &[String]) -> Self {
        let name = path.last().map_or("", String::as_str);
        if name.starts_with("__substg1.0_3701") {
            // The item or object itself: the attachment has its name already.
            return Self { place: self.place.clone(), covered: false };
        }
        if let Some(place) = outlook::place(walk, &self.place, compound, path) {
            return Self { place, covered: true };
        }
        let is_object = path.iter().any(|name| name == "ObjectPool")
            || name.starts_with("MBD")
            || name.starts_with("LNK");
        let quiet = name.is_empty() || name.starts_with(|c: char| c.is_control());
        let place = if quiet { self.place.clone() } else { self.place.child(name) };
        Self { place, covered: self.covered && !is_object }
    }
}

/// Whether the storage at `path` is a document that is read here.
fn has_main(compound: &Compound<'_>, path: &[String]) -> bool {
    let main = |entry: &streams::Entry| {
        MAIN.iter().any(|name| entry.name.eq_ignore_ascii_case(name)) || entry.name == "VBA"
    };
    compound.entries(path).iter().any(main) || outlook::is_item(compound, path)
}

fn storage(walk: &mut Walk, here: &Known, compound: &mut Compound<'_>, path: &[String]) {
    let names = if outlook::is_item(compound, path) {
        outlook::read(walk, &here.place, compound, path)
    } else {
        let entries = compound.entries(path).iter().filter(|entry| entry.is_stream);
        entries.map(|entry| entry.name.clone()).collect()
    };
    for name in names {
        if !walk.entry(&here.place.path) {
            return;
        }
        let Some(bytes) = compound.stream(walk, &here.place, path, &name) else { continue };
        match sort(&name) {
            Sort::Native => {
                let place = here.place.child("package");
                walk.inside(&place.path, |walk| package::read_native(walk, &place, &bytes));
            }
            Sort::Properties => {
                let shown = name.trim_start_matches(char::is_control);
                let place = Place::new(here.place.path.child(shown), Surface::Metadata);
                summary::read(walk, &place, &bytes);
            }
            Sort::Sealed => {
                let key = compound.stream(walk, &here.place, path, "EncryptionInfo");
                seal::read(walk, &here.place, key.as_deref(), &bytes);
            }
            Sort::Workbook => workbook::read(walk, &here.place, &bytes),
            Sort::Slides => {
                let user = compound.stream(walk, &here.place, path, "Current User");
                if user.as_deref().is_some_and(slides::is_encrypted) {
                    let proof = Proof::new("office-rc4");
                    walk.gap(GapKind::WeakEncryption(proof), &here.place.path);
                    strings::read(walk, &here.place, &bytes);
                    continue;
                }
                slides::read(walk, &here.place, &bytes);
            }
            Sort::Words => {
                let table = words::table(&bytes);
                let table = table.and_then(|name| compound.stream(walk, &here.place, path, name));
                words::read(walk, &here.place, &bytes, table.as_deref());
            }
            Sort::Pictures => {
                if here.covered {
                    blips::read(walk, &here.place.child("pictures"), &bytes);
                }
                other(walk, here, &name, &bytes);
            }
            Sort::Other if path.last().is_some_and(|storage| storage == "VBA") => {
                let place = Place::new(here.place.path.child(&name), Surface::FileText);
                macros::read(walk, &place, &bytes);
            }
            Sort::Other => other(walk, here, &name, &bytes),
        }
    }
}

/// Reads a stream by its content.
fn other(walk: &mut Walk, here: &Known, name: &str, bytes: &[u8]) {
    let shown = name.trim_start_matches(char::is_control);
    let place = Place::new(here.place.path.child(shown), Surface::FileText);
    let unknown = matches!(sniff::format(bytes), sniff::Format::Unknown | sniff::Format::OpenPgp);
    let quiet = here.covered || QUIET.iter().any(|quiet| shown.starts_with(quiet));
    if unknown && quiet || bytes.len() < SHORTEST {
        strings::read(walk, &Place::new(place.path, Surface::Metadata), bytes);
    } else {
        walk.inside(&place.path, |walk| content::read(walk, &place, bytes));
    }
}

enum Sort {
    /// A packaged file.
    Native,
    /// Told by its content.
    Other,
    /// Pictures of a document or a presentation.
    Pictures,
    /// Document properties.
    Properties,
    /// An encrypted package.
    Sealed,
    /// PowerPoint.
    Slides,
    /// Word.
    Words,
    /// Excel.
    Workbook,
}

/// Names are compared as the format does, without case.
fn sort(name: &str) -> Sort {
    match name.to_ascii_lowercase().as_str() {
        "\u{1}ole10native" => Sort::Native,
        "\u{5}summaryinformation" | "\u{5}documentsummaryinformation" => Sort::Properties,
        "book" | "workbook" => Sort::Workbook,
        "data" | "pictures" => Sort::Pictures,
        "encryptedpackage" => Sort::Sealed,
        "powerpoint document" => Sort::Slides,
        "worddocument" => Sort::Words,
        _ => Sort::Other,
    }
}

/// Streams that make a document which is read here.
const MAIN: &[&str] =
    &["Book", "EncryptedPackage", "PowerPoint Document", "WordDocument", "Workbook"];
/// Streams of objects that hold no text of people, by the start of their
/// names.
const QUIET: &[&str] = &[
    "CompObj",
    "EPRINT",
    "Equation Native",
    "EncryptionInfo",
    "LinkInfo",
    "META",
    "OCX",
    "ObjInfo",
    "Ole",
    "OlePres",
    "PIC",
    "PRINT",
    "__properties_version1.0",
];
/// Shorter streams hold nothing.
const SHORTEST: usize = 16;

#[cfg(test)]
mod tests;
