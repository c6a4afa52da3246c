//! Office documents: ZIP packages of XML (ISO/IEC 29500, ISO/IEC 26300).
//!
//! Every part of the package is read by what its place in it says: text with
//! its runs joined, sheets cell by cell, properties, link targets. Parts that
//! are no XML are read by content, as files in an archive are.

mod binary;
mod formula;
pub(in crate::extract) mod number;
mod open_document;
mod sheet;
mod words;
mod workbook;
mod xml;

use super::{
    archive::zip::Members,
    content, strings,
    text::{self, charset},
    walk::{Place, Walk},
};
use crate::model::{PartPath, Surface};

/// Whether these members make an office document.
pub(super) fn is_package(members: &Members<'_>) -> bool {
    members.names().any(|name| MAIN_PARTS.contains(&name.as_str()))
}

/// Reads all parts of the package.
pub(super) fn read(walk: &mut Walk, place: &Place, members: &Members<'_>) {
    let mut workbook = workbook::Workbook::read(walk, place, members);
    let binary = binary::Workbook::read(walk, place, members);
    let sealed = open_document::Sealed::read(walk, place, members);
    let names: Vec<String> = members.names().collect();
    for index in 0..members.len() {
        let Some(name) = names.get(index) else { return };
        if !walk.entry(&place.path) {
            return;
        }
        let inner = Place::new(place.path.child(name), Surface::FileText);
        walk.fragment(Surface::FileName, &inner.path, name.as_str());
        // Read already, and needed whole.
        if workbook.as_ref().is_some_and(|workbook| workbook.has_taken(name)) {
            continue;
        }
        let Some(bytes) = members.unpack_at(walk, &inner, index) else { continue };
        let taken = binary.as_ref().is_some_and(|it| it.take(walk, place, (name, &bytes)));
        if !taken && !sealed.note(walk, &inner, (name, &bytes)) {
            part(walk, place, (name, &bytes), workbook.as_mut());
        }
    }
    if let Some(workbook) = workbook {
        walk.fragment(
            Surface::Metadata,
            &place.path.child("strings in no sheet"),
            workbook.unshown(),
        );
    }
}

/// Reads one part.
fn part(
    walk: &mut Walk,
    place: &Place,
    (name, bytes): (&str, &[u8]),
    workbook: Option<&mut workbook::Workbook>,
) {
    let inner = Place::new(place.path.child(name), Surface::FileText);
    let is_xml = bytes.trim_ascii_start().starts_with(b"<")
        || bytes.starts_with(b"\xEF\xBB\xBF<")
        || bytes.starts_with(&[0xFF, 0xFE])
        || bytes.starts_with(&[0xFE, 0xFF]);
    if !is_xml {
        // Written by every printer dialogue and many templates; nobody opens it.
        let quiet = name.starts_with("docProps/thumbnail") || name.contains("printerSettings");
        if quiet && bytes.len() < QUIET {
            strings::read(walk, &inner, bytes);
        } else {
            content::read(walk, &inner, bytes);
        }
        return;
    }
    let text = charset::decode(bytes, None);
    match sort(name) {
        Sort::Main => open_document::read(walk, place, &text),
        Sort::Metadata => {
            words::read_attributes(walk, &Place::new(inner.path, Surface::Metadata), &text);
        }
        Sort::Sheet => {
            let Some(workbook) = workbook else { return words::read(walk, &inner, &text) };
            sheet::read(walk, &workbook.sheet_place(place, name), &text, workbook);
        }
        Sort::Words => words::read(walk, &Place { path: shown(place, name), ..inner }, &text),
        Sort::Other => {
            let place = Place::new(inner.path, Surface::Metadata);
            text::read_xml(walk, &place, &text);
        }
    }
}

/// Reads a document that is one file of XML with all its parts inside.
pub(super) fn read_flat(walk: &mut Walk, place: &Place, text: &str) {
    let head = text.get(..text.floor_char_boundary(FLAT_HEAD)).unwrap_or(text);
    if FLAT.iter().any(|root| head.contains(root)) {
        open_document::read(walk, place, text);
    }
}

/// The path of the part called `name`: slides and their notes by number.
fn shown(place: &Place, name: &str) -> PartPath {
    let slides = [("ppt/slides/slide", "slide"), ("ppt/notesSlides/notesSlide", "notes")];
    for (start, word) in slides {
        let number = name.strip_prefix(start).and_then(|rest| rest.strip_suffix(".xml"));
        if let Some(number) = number {
            return place.path.child(&format!("{word} {number}"));
        }
    }
    place.path.child(name)
}

enum Sort {
    /// The text that a reader sees first: its path is the document itself.
    Main,
    /// Properties and link targets.
    Metadata,
    /// Anything else that is XML.
    Other,
    /// A worksheet.
    Sheet,
    /// Text in paragraphs.
    Words,
}

fn sort(name: &str) -> Sort {
    let base = name.rsplit('/').next().unwrap_or(name);
    if name == "word/document.xml" || name == "content.xml" {
        Sort::Main
    } else if name.starts_with("docProps/") || base.ends_with(".rels") || base == "meta.xml" {
        Sort::Metadata
    } else if name.starts_with("xl/worksheets/") {
        Sort::Sheet
    } else if WORDS.iter().any(|start| base.starts_with(start)) {
        Sort::Words
    } else {
        Sort::Other
    }
}

const MAIN_PARTS: &[&str] = &[
    "[Content_Types].xml",
    "content.xml",
    "encrypted-package",
    "ppt/presentation.xml",
    "word/document.xml",
    "xl/workbook.xml",
];
const QUIET: usize = 256 << 10;
const FLAT_HEAD: usize = 4096;
const FLAT: &[&str] = &["<office:document", "<pkg:package", "<w:wordDocument"];
const WORDS: &[&str] = &[
    "chart",
    "comment",
    "content.xml",
    "diagram",
    "document",
    "drawing",
    "endnotes",
    "footer",
    "footnotes",
    "header",
    "notesSlide",
    "sharedStrings",
    "slide",
    "styles.xml",
    "threadedComment",
    "vmlDrawing",
];
