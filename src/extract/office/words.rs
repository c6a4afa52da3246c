//! Text in paragraphs: documents, slides, notes, comments, headers.
//!
//! Runs are joined as a person reads them, whatever formatting splits them.
//! One reader serves WordprocessingML, DrawingML and OpenDocument: their names
//! for paragraph, tab and line break meet in few words.

use std::fmt::Write;

use super::xml::{self, Node};
use crate::{
    extract::walk::{Place, Walk},
    model::{Fragment, Mark, Surface},
};

/// Reads `text` as one fragment with a mark for each paragraph, and what its
/// attributes tell (alternative texts, field codes, link targets) as another.
pub(super) fn read(walk: &mut Walk, place: &Place, text: &str) {
    let mut words = Words::default();
    xml::each(walk, place, text, |node| words.take(node));
    words.close();
    if !words.deleted.is_empty() {
        walk.fragment(place.surface, &place.path.child("deleted text"), words.deleted);
    }
    walk.fragment(Surface::Metadata, &place.path.child("attributes"), words.told);
    let mut fragment = Fragment::new(place.surface, place.path.clone(), words.text);
    fragment.marks = words.marks;
    walk.push(fragment);
}

/// Reads properties: text of each element on a line, and link targets.
pub(super) fn read_attributes(walk: &mut Walk, place: &Place, text: &str) {
    let mut lines = String::new();
    xml::each(walk, place, text, |node| match node {
        Node::Start(start, _) => {
            lines.push('\n');
            for (name, value) in xml::attributes(&start) {
                if matches!(name, "Target" | "name" | "href" | "value") {
                    let mut bytes = Vec::new();
                    crate::extract::message::percent_decode(value.as_bytes(), &mut bytes);
                    lines.push_str(&String::from_utf8_lossy(&bytes));
                    lines.push('\n');
                }
            }
        }
        Node::End(_) => lines.push('\n'),
        Node::Text(piece) => lines.push_str(&piece),
    });
    walk.fragment(place.surface, &place.path, lines);
}

#[derive(Default)]
struct Words {
    text: String,
    deleted: String,
    told: String,
    marks: Vec<Mark>,
    start: usize,
    /// Of the paragraph before.
    name: String,
    in_deleted: bool,
    in_instruction: bool,
    /// A cell of the present row has begun.
    in_row: bool,
    /// The beginnings of paragraphs that something stands inside of.
    open: Vec<String>,
}

impl Words {
    fn take(&mut self, node: Node<'_>) {
        match node {
            Node::Start(start, empty) => self.start(&start, empty),
            Node::End(name) => self.end(name),
            Node::Text(piece) => self.piece(&piece),
        }
    }

    fn start(&mut self, start: &quick_xml::events::BytesStart<'_>, empty: bool) {
        match xml::local(start.name().as_ref()) {
            aside if ASIDES.contains(&aside) && !empty => {
                self.open.push(self.text.split_off(self.start));
            }
            "p" | "h" | "si" | "cm" | "comment" | "v" | "pt" => self.end_paragraph(),
            "tr" | "table-row" => {
                self.end_paragraph();
                self.in_row = false;
            }
            "tc" | "table-cell" => self.next_cell(),
            "tab" => self.text.push('\t'),
            "br" | "cr" | "line-break" => self.text.push('\n'),
            "s" => {
                let count = xml::attribute(start, "c").and_then(|count| count.parse().ok());
                self.text.push_str(&" ".repeat(count.unwrap_or(1).min(BLANKS)));
            }
            "sym" => self.text.extend(xml::attribute(start, "char").and_then(|code| symbol(&code))),
            "noBreakHyphen" => self.text.push('-'),
            "softHyphen" => {}
            "delText" => self.in_deleted = !empty,
            "instrText" => self.in_instruction = !empty,
            _ => {}
        }
        for (_, value) in xml::attributes_of(start, |name| TELLING.contains(&name)) {
            if value.bytes().any(|b| b.is_ascii_digit()) {
                self.told.push_str(&value);
                self.told.push('\n');
            }
        }
    }

    fn end(&mut self, name: &str) {
        match xml::local(name) {
            aside if ASIDES.contains(&aside) => {
                self.end_paragraph();
                if let Some(begun) = self.open.pop() {
                    self.text.push_str(&begun);
                }
            }
            "p" | "h" | "si" | "cm" | "comment" | "v" | "pt" => self.end_paragraph(),
            "tr" | "table-row" => {
                self.end_paragraph();
                self.in_row = false;
            }
            "delText" => self.in_deleted = false,
            "instrText" => {
                self.in_instruction = false;
                self.told.push('\n');
            }
            _ => {}
        }
    }

    fn piece(&mut self, piece: &str) {
        if self.in_deleted {
            self.deleted.push_str(piece);
        } else if self.in_instruction {
            self.told.push_str(piece);
        } else if !piece.bytes().all(|b| matches!(b, b'\n' | b'\r' | b'\t')) {
            self.text.push_str(piece);
        }
    }

    /// Cells of a row stand in one line, parted by tabs.
    fn next_cell(&mut self) {
        self.end_paragraph();
        if std::mem::replace(&mut self.in_row, true) {
            if self.text.ends_with('\n') {
                self.text.pop();
            }
            self.text.push('\t');
            self.start = self.text.len();
        }
    }

    /// Ends what the document left open.
    fn close(&mut self) {
        self.end_paragraph();
        while let Some(begun) = self.open.pop() {
            self.text.push_str(&begun);
            self.end_paragraph();
        }
    }

    fn end_paragraph(&mut self) {
        if self.in_deleted || self.text.len() == self.start {
            return;
        }
        if !self.deleted.is_empty() && !self.deleted.ends_with('\n') {
            self.deleted.push('\n');
        }
        self.name.clear();
        // A string takes whatever is written to it.
        let _ = write!(self.name, "paragraph {}", self.marks.len() + 1);
        let name = Box::from(self.name.as_str());
        let start = u32::try_from(self.start).unwrap_or(u32::MAX);
        self.marks.push(Mark { start, name, heading: None });
        self.text.push('\n');
        self.start = self.text.len();
    }
}

/// A character by its code in a font of symbols, which stand at U+F000.
fn symbol(code: &str) -> Option<char> {
    let code = u32::from_str_radix(code, 16).ok()?;
    char::from_u32(if (0xF000..0xF100).contains(&code) { code - 0xF000 } else { code })
}

/// Elements that stand inside a paragraph and are no part of its line.
const ASIDES: &[&str] = &["annotation", "desc", "note", "text-box", "title", "txbxContent"];
const BLANKS: usize = 100;

/// Attributes whose values people write.
pub(super) const TELLING: &[&str] = &[
    "alias", "alt", "author", "default", "descr", "href", "initials", "instr", "name", "result",
    "string", "tag", "text", "title", "tooltip", "val", "value",
];
