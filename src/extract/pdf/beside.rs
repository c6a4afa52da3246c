//! The texts of a file that stand on no page: values of forms, notes,
//! bookmarks, properties, link targets, scripts, and every other string.
//!
//! All definitions of all objects are gone through, reachable or not.

use std::{
    collections::{HashSet, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

use super::{
    document::Document,
    glyphs,
    object::{Dict, Object},
};
use crate::{
    extract::{
        message,
        text::{self, Label, script::joined},
        walk::{Place, Walk},
    },
    model::{Fragment, GapKind, Mark, Surface},
};

/// What was collected so far.
#[derive(Default)]
pub(super) struct Beside {
    sections: [Section; 7],
    /// Texts that are pages of their own, as notes with formats are.
    pages: Vec<String>,
    /// What was said already: objects are written again with each revision.
    said: HashSet<u64>,
}

#[derive(Default)]
struct Section {
    text: String,
    marks: Vec<Mark>,
}

/// What sort of text a dictionary holds. The order is that of `SECTIONS`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Sort {
    Bookmarks,
    Form,
    Links,
    Notes,
    Other,
    Properties,
    Scripts,
}

impl Beside {
    /// Takes all strings of `object`.
    pub(super) fn take(&mut self, document: &Document<'_>, object: &Object) {
        self.visit(document, object, (Sort::Other, b""));
    }

    /// Takes all strings of the document information.
    pub(super) fn take_properties(&mut self, document: &Document<'_>, object: &Object) {
        self.visit(document, object, (Sort::Properties, b""));
    }

    fn visit(&mut self, document: &Document<'_>, object: &Object, (sort, key): (Sort, &[u8])) {
        match object {
            Object::Array(items) => {
                for item in items {
                    self.visit(document, item, (sort, key));
                }
            }
            Object::Dict(dict) => self.visit_dict(document, dict, sort),
            Object::Stream(stream) => self.visit_dict(document, &stream.dict, sort),
            Object::String(bytes) => self.say(sort, "", &glyphs::text_string(bytes)),
            Object::Name(name) if is_value(key) => {
                self.say(sort, "", &glyphs::text_string(name));
            }
            Object::Number(number) if is_value(key) && *number >= 1e5 => {
                self.say(sort, "", &format!("{number:.0}"));
            }
            _ => {}
        }
    }

    fn visit_dict(&mut self, document: &Document<'_>, dict: &Dict, around: Sort) {
        let sort = sort(dict).unwrap_or(around);
        let title = if sort == Sort::Form { title(document, dict) } else { None };
        let is_signature = dict.has(b"ByteRange");
        for (key, value) in &dict.0 {
            if QUIET.contains(&&**key) || (is_signature && **key == *b"Contents") {
                continue;
            }
            let sort = match &**key {
                b"JS" => Sort::Scripts,
                b"URI" => Sort::Links,
                _ => sort,
            };
            // A text may stand in an object of its own.
            let held = TEXTS.contains(&&**key).then(|| document.last(value));
            let text = held.as_deref().and_then(Object::string);
            let title = title.as_deref().filter(|_| is_value(key)).unwrap_or_default();
            match text {
                Some(text) => self.say(sort, title, &glyphs::text_string(text)),
                None => self.visit(document, value, (sort, key)),
            }
        }
    }

    /// Adds a text, under a title if there is one.
    fn say(&mut self, sort: Sort, title: &str, text: &str) {
        let text = text.trim_matches(['\0', ' ']);
        if text.is_empty() || is_date(text) || !is_readable(text) {
            return;
        }
        let mut hasher = DefaultHasher::new();
        (sort, title, text).hash(&mut hasher);
        if !self.said.insert(hasher.finish()) {
            return;
        }
        if text.contains("</") {
            self.pages.push(text.to_owned());
        }
        let Some(section) = self.sections.get_mut(sort as usize) else { return };
        if !title.is_empty() {
            let start = u32::try_from(section.text.len()).unwrap_or(u32::MAX);
            section.marks.push(Mark { start, name: title.into(), heading: None });
            section.text.push_str(title);
            section.text.push_str(": ");
        }
        match sort {
            Sort::Links => section.text.push_str(&link(text)),
            Sort::Scripts => section.text.push_str(&joined(text)),
            _ => section.text.push_str(text),
        }
        section.text.push('\n');
    }

    /// Hands over everything.
    pub(super) fn finish(self, walk: &mut Walk, place: &Place) {
        let script = self.sections.get(Sort::Scripts as usize);
        if script.is_some_and(|script| is_computed(&script.text)) {
            walk.gap(GapKind::Unknown, &place.path.child("scripts"));
        }
        let formatted = place.child("formatted text");
        for page in &self.pages {
            let label = Label { charset: Some("utf-8"), html: true, flow: None };
            text::read(walk, &formatted, page.as_bytes(), Some(label));
        }
        for ((name, surface), section) in SECTIONS.iter().zip(self.sections) {
            let mut fragment = Fragment::new(*surface, place.path.child(name), section.text);
            fragment.marks = section.marks;
            walk.push(fragment);
        }
    }
}

/// What sort of dictionary this is, as far as its keys tell.
fn sort(dict: &Dict) -> Option<Sort> {
    let has = |key: &[u8]| dict.has(key);
    if has(b"FT") || has(b"DV") || (has(b"V") && (has(b"T") || has(b"Parent"))) {
        Some(Sort::Form)
    } else if has(b"Rect") && has(b"Subtype") {
        Some(Sort::Notes)
    } else if has(b"Title") && (has(b"Dest") || has(b"A") || has(b"Parent")) {
        Some(Sort::Bookmarks)
    } else if PROPERTIES.iter().any(|key| has(key)) && !has(b"Kids") && !has(b"S") {
        Some(Sort::Properties)
    } else {
        None
    }
}

/// The name of a form field, or of the field it is part of.
fn title(document: &Document<'_>, dict: &Dict) -> Option<String> {
    let own = dict.find(b"T").map(|title| document.last(title));
    let parent = dict.find(b"Parent").map(|parent| document.last(parent));
    let theirs = parent.as_deref().and_then(Object::dict).and_then(|dict| dict.find(b"T"));
    let theirs = theirs.map(|title| document.last(title));
    let title = own.as_deref().and_then(Object::string);
    let title = title.or_else(|| theirs.as_deref().and_then(Object::string))?;
    Some(glyphs::text_string(title).into_owned())
}

fn is_value(key: &[u8]) -> bool {
    matches!(key, b"V" | b"DV" | b"Opt")
}

/// `D:20261123…`
fn is_date(text: &str) -> bool {
    text.strip_prefix("D:")
        .is_some_and(|rest| rest.len() <= 22 && rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Colour tables and keys are strings too.
fn is_readable(text: &str) -> bool {
    let strange =
        |c: &char| (c.is_control() && !c.is_whitespace()) || *c == char::REPLACEMENT_CHARACTER;
    let sample = text.chars().take(SAMPLE);
    sample.filter(strange).count() * 10 <= text.len().min(SAMPLE)
}

fn link(target: &str) -> String {
    let mut bytes = Vec::with_capacity(target.len());
    message::percent_decode(target.as_bytes(), &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether a script may put together what it shows out of pieces: its literals
/// hold as many digits as a number, or it works on the codes of characters.
/// Such a script is not run and counts as unread.
pub(super) fn is_computed(script: &str) -> bool {
    let mut digits = 0;
    for (at, quoted) in script.split(['"', '\'']).enumerate() {
        if at % 2 == 1 {
            digits += quoted.bytes().filter(u8::is_ascii_digit).count();
        }
    }
    digits >= DIGITS || COMPUTED.iter().any(|word| script.contains(word))
}

/// By the number of their sort.
const SECTIONS: [(&str, Surface); 7] = [
    ("bookmarks", Surface::FileText),
    ("form", Surface::FileText),
    ("links", Surface::Metadata),
    ("notes", Surface::FileText),
    ("other strings", Surface::Metadata),
    ("properties", Surface::Metadata),
    ("scripts", Surface::Metadata),
];
const PROPERTIES: &[&[u8]] =
    &[b"Author", b"CreationDate", b"Creator", b"Keywords", b"ModDate", b"Producer"];
/// Keys whose values are texts.
const TEXTS: &[&[u8]] = &[b"Contents", b"DV", b"JS", b"Title", b"URI", b"V"];
/// Keys, sums and drawing, never words.
const QUIET: &[&[u8]] =
    &[b"Cert", b"CheckSum", b"DA", b"ID", b"Lookup", b"O", b"OE", b"Panose", b"Perms", b"U", b"UE"];
const COMPUTED: &[&str] = &["atob(", "eval(", "fromCharCode", "unescape(", "\\u003", "\\x3"];
/// No identity number has fewer.
const DIGITS: usize = 9;
const SAMPLE: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_computes_is_unread() {
        assert!(is_computed("['06','88','53','22','989'].join('')"));
        assert!(is_computed("String.fromCharCode(48, 54)"));
        assert!(!is_computed("AFNumber_Format(2, 0, 0, 0, \"\", true);"));
    }

    #[test]
    fn knows_what_no_person_reads() {
        assert!(is_date("D:20261123120000+01'00'"));
        assert!(!is_date("D:22836014271 og mer tekst enn en dato"));
        assert!(!is_readable("\u{1}\u{2}\u{fffd}ab"));
        assert!(is_readable("fnr\r\n22836014271"));
    }
}
