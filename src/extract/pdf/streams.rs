//! The streams that no page runs: attached files, form data, metadata,
//! scripts, and content that nothing refers to any more.

use std::collections::HashSet;

use super::{
    beside,
    document::Document,
    filter::{self, Stop},
    glyphs,
    object::{Dict, Object, Stream},
    pages::Pages,
};
use crate::{
    extract::{
        content, sniff,
        text::{self, charset, script::joined},
        walk::{Place, Walk},
    },
    model::{GapKind, Surface},
};

/// Which streams were taken already, by their place in the file.
#[derive(Default)]
pub(super) struct Taken(HashSet<usize>);

impl Taken {
    /// Reads the files and the form data that `dict` refers to.
    pub(super) fn follow(
        &mut self,
        walk: &mut Walk,
        place: &Place,
        document: &Document<'_>,
        dict: &Dict,
    ) {
        if let Some(files) = dict.find(b"EF") {
            let files = document.last(files);
            let name =
                NAMES.iter().filter_map(|key| dict.find(key)).map(|name| document.last(name));
            let name = name.filter_map(|name| name.string().map(<[u8]>::to_vec)).next();
            let name = name.map(|name| glyphs::text_string(&name).into_owned());
            for (_, file) in files.dict().into_iter().flat_map(|dict| &dict.0) {
                let file = document.last(file);
                if let Some(stream) = file.stream() {
                    self.attachment(walk, place, document, (stream, name.as_deref()));
                }
            }
        }
        if let Some(data) = dict.find(b"XFA") {
            self.form_data(walk, place, document, &document.last(data));
        }
    }

    fn attachment(
        &mut self,
        walk: &mut Walk,
        place: &Place,
        document: &Document<'_>,
        (stream, name): (&Stream, Option<&str>),
    ) {
        if !self.0.insert(stream.range.start) || !walk.entry(&place.path) {
            return;
        }
        let inner = Place::new(place.path.child(name.unwrap_or("attachment")), Surface::FileText);
        walk.fragment(Surface::FileName, &inner.path, name.unwrap_or_default());
        let bytes = unpacked(walk, &inner, document, stream);
        content::read(walk, &inner, &bytes);
    }

    /// XFA: one stream, or names and streams by turns (12.7.8).
    fn form_data(
        &mut self,
        walk: &mut Walk,
        place: &Place,
        document: &Document<'_>,
        data: &Object,
    ) {
        let inner = place.child("form data");
        let mut bytes = Vec::new();
        for part in data.array().unwrap_or(std::slice::from_ref(data)) {
            let part = document.last(part);
            if let Some(stream) = part.stream()
                && self.0.insert(stream.range.start)
            {
                bytes.extend(unpacked(walk, &inner, document, stream));
            }
        }
        if !bytes.is_empty() {
            text::read_xml(walk, &inner, &charset::decode(&bytes, None));
        }
    }

    /// Reads `stream`, if it was not read before and holds text.
    pub(super) fn rest(
        &mut self,
        walk: &mut Walk,
        place: &Place,
        pages: &mut Pages<'_, '_>,
        stream: &Stream,
    ) {
        let dict = &stream.dict;
        let document = pages.interpreter.document;
        if dict.says(b"Type", b"EmbeddedFile") {
            self.attachment(walk, place, document, (stream, None));
            return;
        }
        let run = pages.interpreter.run.contains(&stream.range.start);
        if run || is_quiet(dict) || !self.0.insert(stream.range.start) {
            return;
        }
        let decoded = filter::decode(walk, document, stream);
        match decoded.stop {
            Some(Stop::Over(overrun)) => walk.overrun(overrun, &place.path),
            Some(Stop::Broken) => walk.gap(GapKind::Broken, &place.path),
            // Nobody sees it, and nothing refers to it.
            Some(Stop::Picture | Stop::Unknown) | None => {}
        }
        let bytes = &decoded.bytes;
        let has = |word: &[u8]| memchr::memmem::find(bytes, word).is_some();
        if dict.says(b"Type", b"Metadata") || dict.says(b"Subtype", b"XML") {
            let inner = Place::new(place.path.child("XMP"), Surface::Metadata);
            text::read_xml(walk, &inner, &charset::decode(bytes, None));
        } else if dict.says(b"Subtype", b"Form")
            || (has(b"BT") && (has(b"Tj") || has(b"TJ") || has(b"'")))
        {
            pages.loose(walk, place, stream, bytes);
        } else if !bytes.is_empty()
            && sniff::looks_like_text(bytes)
            && !has(b"begincmap")
            && !bytes.starts_with(b"%!")
        {
            let inner = Place::new(place.path.child("script or text"), Surface::Metadata);
            let text = charset::decode(bytes, None);
            let script = joined(&text);
            let is_script = SCRIPT.iter().any(|word| text.contains(word));
            if is_script && beside::is_computed(&script) {
                walk.gap(GapKind::Unknown, &inner.path);
            }
            if script != text {
                walk.fragment(inner.surface, &inner.path, script);
            }
            content::read(walk, &inner, bytes);
        }
    }
}

/// The unpacked bytes of a stream; what stands in the way is noted.
fn unpacked(walk: &mut Walk, place: &Place, document: &Document<'_>, stream: &Stream) -> Vec<u8> {
    let decoded = filter::decode(walk, document, stream);
    match decoded.stop {
        Some(Stop::Over(overrun)) => walk.overrun(overrun, &place.path),
        Some(Stop::Broken) => walk.gap(GapKind::Broken, &place.path),
        Some(Stop::Unknown) => walk.gap(GapKind::Unknown, &place.path),
        // A picture as a file of its own is told by its content.
        Some(Stop::Picture) | None => {}
    }
    decoded.bytes
}

/// Streams that hold no text: fonts, pictures, tables, colours.
fn is_quiet(dict: &Dict) -> bool {
    let kind = |name: &[u8]| dict.says(b"Type", name);
    let sort = |name: &[u8]| dict.says(b"Subtype", name);
    kind(b"XRef")
        || kind(b"ObjStm")
        || kind(b"CMap")
        || sort(b"Image")
        || sort(b"Type1C")
        || sort(b"CIDFontType0C")
        || sort(b"OpenType")
        || [&b"Length1"[..], b"FunctionType", b"ShadingType", b"CMapName"]
            .iter()
            .any(|key| dict.has(key))
}

/// Of a file, the one to be shown first.
const NAMES: [&[u8]; 5] = [b"UF", b"F", b"Unix", b"DOS", b"Mac"];
/// Words that nearly every script has.
const SCRIPT: [&str; 4] = ["app.", "function", "this.", "var "];
