//! PDF (ISO 32000-2): text of all pages as seen, and everything beside it.
//!
//! The file is not believed to tell what belongs to it: every object in it is
//! found and read, of all revisions. Pages that are only a picture are gaps.
//! A file that opens without a password is no encryption and is read; nothing
//! is decrypted otherwise. What cannot be followed is a gap, and is searched
//! for plain runs of characters.

mod annotations;
mod beside;
mod canvas;
mod cmap;
mod crypt;
mod crypt_key;
mod document;
mod filter;
mod font;
mod glyphs;
mod interpret;
mod layout;
mod lexer;
mod matrix;
mod object;
mod outside;
mod pages;
mod prints;
mod scan;
mod sealed;
mod streams;
#[cfg(test)]
mod tests;

use memchr::memmem;

use self::{
    beside::Beside,
    crypt::{Claim, Crypt, Method},
    document::Document,
    lexer::Fault,
    object::{Dict, Object},
    pages::Pages,
    sealed::Look,
    streams::Taken,
};
use super::{
    strings,
    walk::{Place, Walk},
};
use crate::model::{GapKind, Proof};

/// Reads the file `bytes` at `place`.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let mut document = Document::new(bytes, walk);
    if unlock(walk, place, &mut document) == Access::Sealed {
        outside::read(walk, place, &document);
        return;
    }
    let fault = document.unpack(walk).err().or(document.scan.fault);
    match fault {
        Some(Fault::TooBig) => walk.gap(GapKind::TooBig, &place.path),
        Some(Fault::TooDeep) => walk.gap(GapKind::TooDeep, &place.path),
        None => {}
    }
    if let Some(overrun) = document.scan.overrun {
        walk.overrun(overrun, &place.path);
    }
    let mut pages = Pages::read(walk, place, &document);
    everything(walk, place, &document, &mut pages);
    // Form data files have no pages.
    let is_followed = pages.count > 0 || bytes.starts_with(b"%FDF-");
    pages.finish(walk, place);
    if document.scan.broken || !is_followed {
        walk.gap(GapKind::Broken, &place.path);
    }
    if document.scan.broken || !is_followed || fault.is_some() {
        strings::read(walk, place, bytes);
    }
    outside::read(walk, place, &document);
}

/// Whether `bytes` are a PDF for some readers though they start otherwise:
/// viewers look for the head in the first thousand bytes, or do without.
pub(super) fn is_behind(bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let tail = bytes.get(bytes.len().saturating_sub(HEAD)..).unwrap_or_default();
    let starts = memmem::find(head, b"%PDF-").is_some() || memmem::find(head, b"%FDF-").is_some();
    let ends = memmem::find(tail, b"startxref").is_some();
    (starts && memmem::find(bytes, b" obj").is_some())
        || (ends && memmem::find(bytes, b"endobj").is_some())
}

#[derive(Eq, PartialEq)]
enum Access {
    Open,
    Sealed,
}

/// Looks at the encryption and takes the key, if the file opens without a
/// password.
fn unlock(walk: &mut Walk, place: &Place, document: &mut Document<'_>) -> Access {
    let (proof, is_strong, method, metadata) = match crypt::claim(document) {
        Claim::Absent => return Access::Open,
        Claim::Open(key) => {
            document.decrypt_with(Crypt::Open(key));
            return Access::Open;
        }
        Claim::Locked(locked) => (locked.proof, locked.is_strong, locked.method, locked.metadata),
        Claim::Odd(proof) => (proof, false, Method::Rc4, false),
    };
    match sealed::look(walk, document, method, metadata) {
        Look::All if is_strong => walk.gap(GapKind::Encrypted(proof), &place.path),
        Look::All => walk.gap(GapKind::WeakEncryption(proof), &place.path),
        Look::Nothing | Look::Partly => {
            let proof = Proof::new("pdf-partly-encrypted");
            walk.gap(GapKind::WeakEncryption(proof), &place.path);
            return Access::Open;
        }
    }
    let mut beside = Beside::default();
    for index in 0..document.len() {
        if let Err(overrun) = walk.budget.in_time() {
            walk.overrun(overrun, &place.path);
            break;
        }
        let object = document.load(index);
        let stream = object.as_ref().and_then(Object::stream);
        // Not all that should be sealed is.
        object.iter().for_each(|object| beside.take(document, object));
        let open = stream.filter(|stream| !metadata && stream.dict.says(b"Type", b"Metadata"));
        if let Some(stream) = open {
            let bytes = filter::decode(walk, document, stream).bytes;
            let text = super::text::charset::decode(&bytes, None);
            super::text::read_xml(walk, &place.child("XMP"), &text);
        }
    }
    beside.finish(walk, place);
    Access::Sealed
}

/// Goes through all definitions of all objects.
fn everything(walk: &mut Walk, place: &Place, document: &Document<'_>, pages: &mut Pages<'_, '_>) {
    let mut beside = Beside::default();
    let mut taken = Taken::default();
    outside::trailers(document, &mut beside);
    let properties = document.all(b"Info");
    let mut streams = Vec::new();
    for index in 0..document.len() {
        if let Err(overrun) = walk.budget.in_time() {
            walk.overrun(overrun, &place.path);
            break;
        }
        let Some(object) = document.load(index) else { continue };
        if properties.contains(&index) {
            beside.take_properties(document, &object);
        } else {
            beside.take(document, &object);
        }
        each_dict(&object, &mut |dict| taken.follow(walk, place, document, dict));
        match &object {
            Object::Dict(dict) if dict.says(b"Type", b"Page") => pages.stray(walk, place, index),
            Object::Stream(_) => streams.push(index),
            _ => {}
        }
    }
    for index in streams {
        if walk.budget.in_time().is_err() {
            break;
        }
        let object = document.load(index);
        if let Some(stream) = object.as_ref().and_then(Object::stream) {
            taken.rest(walk, place, pages, stream);
        }
    }
    beside.finish(walk, place);
}

/// Calls `take` for every dictionary in `object`.
fn each_dict(object: &Object, take: &mut impl FnMut(&Dict)) {
    match object {
        Object::Array(items) => items.iter().for_each(|item| each_dict(item, take)),
        Object::Dict(_) | Object::Stream(_) => {
            let Some(dict) = object.dict() else { return };
            take(dict);
            dict.0.iter().for_each(|(_, value)| each_dict(value, take));
        }
        _ => {}
    }
}

const HEAD: usize = 1024;
