//! Text in paragraphs: documents, slides, notes, comments, headers.
//!
//! Runs are joined as a person reads them, whatever formatting splits them.
//! One reader serves WordprocessingML, DrawingML and OpenDocument: their names
//! for paragraph, tab and line break meet in few words.

use std::fmt::Write;

use super::xml::{self, Node};
use crate::{
    extract::{
        shown::ShownLine,
        walk::{Place, Walk},
    },
    model::{Fragment, Mark, Surface},
};

/// Reads `text` as one fragment with a mark for each paragraph, and what its
/// attributes tell (alternative texts, field codes, link targets) as another.
pub(super) fn read(walk: &mut Walk, place: &Place, text: &str) {
    let has = |sign: &str| memchr::memmem::find(text.as_bytes(), sign.as_bytes()).is_some();
    let hides = HIDING.iter().any(|(property, wanted)| has(wanted.unwrap_or(property)));
    let mut words = Words { hides, ..Words::default() };
    xml::each(walk, place, text, |node| words.take(node));
    words.close();
    walk.fragment(place.surface, &place.path.child("without hidden text"), words.bare);
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
    /// Something in the document is hidden.
    hides: bool,
    run: Run,
    /// The present paragraph without hidden text.
    line: ShownLine,
    /// The paragraphs that hold hidden text, without it.
    bare: String,
    /// A cell of the present row has begun.
    in_row: bool,
    /// The beginnings of paragraphs that something stands inside of, and the run
    /// that it stands in.
    open: Vec<(String, ShownLine, Run)>,
}

/// Where text stands, as far as it may be hidden.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
enum Run {
    /// In a run that nobody sees, or that is struck out.
    Hidden,
    /// Outside all runs; what is said there is about paragraphs.
    #[default]
    Outside,
    Seen,
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
                let begun = self.text.split_off(self.start);
                let (line, run) = (std::mem::take(&mut self.line), std::mem::take(&mut self.run));
                self.open.push((begun, line, run));
            }
            "p" | "h" | "si" | "cm" | "comment" | "v" | "pt" => self.end_paragraph(),
            "tr" | "table-row" => {
                self.end_paragraph();
                self.in_row = false;
            }
            "tc" | "table-cell" => self.next_cell(),
            "tab" => self.put("\t"),
            "br" | "cr" | "line-break" => self.put("\n"),
            "s" => {
                let count = xml::attribute(start, "c").and_then(|count| count.parse().ok());
                self.put(&" ".repeat(count.unwrap_or(1).min(BLANKS)));
            }
            "sym" => {
                let symbol = xml::attribute(start, "char").and_then(|code| symbol(&code));
                self.put(&symbol.map(String::from).unwrap_or_default());
            }
            "noBreakHyphen" => self.put("-"),
            "softHyphen" => {}
            "delText" => self.in_deleted = !empty,
            "instrText" => self.in_instruction = !empty,
            "r" if !empty => self.run = Run::Seen,
            property if self.hides && self.run == Run::Seen && is_hiding(property, start) => {
                self.run = Run::Hidden;
            }
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
                self.reopen();
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
            "r" => self.run = Run::Outside,
            _ => {}
        }
    }

    fn piece(&mut self, piece: &str) {
        if self.in_deleted {
            self.deleted.push_str(piece);
        } else if self.in_instruction {
            self.told.push_str(piece);
        } else if !piece.bytes().all(|b| matches!(b, b'\n' | b'\r' | b'\t')) {
            self.put(piece);
        }
    }

    /// Adds to the paragraph, and to what is seen of it.
    fn put(&mut self, piece: &str) {
        self.text.push_str(piece);
        match self.run {
            Run::Hidden => self.line.differs = true,
            Run::Outside | Run::Seen if self.hides => self.line.text.push_str(piece),
            Run::Outside | Run::Seen => {}
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
        while !self.open.is_empty() {
            self.reopen();
            self.end_paragraph();
        }
    }

    /// Goes on with the paragraph that something stood inside of.
    fn reopen(&mut self) {
        if let Some((begun, line, run)) = self.open.pop() {
            self.text.push_str(&begun);
            (self.line, self.run) = (line, run);
        }
    }

    fn end_paragraph(&mut self) {
        if self.in_deleted || self.text.len() == self.start {
            return;
        }
        self.line.end(&mut self.bare);
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

/// Whether a property of a run hides it, strikes it out, or gives it the colour
/// of paper.
fn is_hiding(property: &str, start: &quick_xml::events::BytesStart<'_>) -> bool {
    let Some((_, wanted)) = HIDING.iter().find(|(name, _)| *name == property) else { return false };
    let value = xml::attribute(start, "val");
    match wanted {
        Some(wanted) => value.is_some_and(|value| value.eq_ignore_ascii_case(wanted)),
        None => value.is_none_or(|value| !matches!(&*value, "0" | "false" | "off")),
    }
}

/// A character by its code in a font of symbols, which stand at U+F000.
fn symbol(code: &str) -> Option<char> {
    let code = u32::from_str_radix(code, 16).ok()?;
    char::from_u32(if (0xF000..0xF100).contains(&code) { code - 0xF000 } else { code })
}

/// Properties, with the value that they must have.
const HIDING: &[(&str, Option<&str>)] =
    &[("color", Some("FFFFFF")), ("dstrike", None), ("strike", None), ("vanish", None)];
/// Elements that stand inside a paragraph and are no part of its line.
const ASIDES: &[&str] = &["annotation", "desc", "note", "text-box", "title", "txbxContent"];
const BLANKS: usize = 100;

/// Attributes whose values people write.
pub(super) const TELLING: &[&str] = &[
    "alias", "alt", "author", "default", "descr", "href", "initials", "instr", "name", "result",
    "string", "tag", "text", "title", "tooltip", "val", "value",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base::limits::Limits, extract::walk::Containers, model::PartPath};

    fn texts(body: &str) -> Vec<String> {
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        let place = Place::new(PartPath::root("x"), Surface::Body);
        read(&mut walk, &place, &format!("<w:document><w:body>{body}</w:body></w:document>"));
        walk.finish().fragments.into_iter().map(|fragment| fragment.text).collect()
    }

    #[test]
    fn reads_past_hidden_decoys() {
        let hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>7</w:t></w:r>";
        let struck = "<w:r><w:rPr><w:color w:val=\"ffffff\"/></w:rPr><w:t>9</w:t></w:r>";
        let seen = "<w:r><w:rPr><w:vanish w:val=\"0\"/></w:rPr><w:t>3601</w:t></w:r>";
        let note = "<w:r><w:txbxContent><w:p><w:r><w:t>x</w:t></w:r></w:p></w:txbxContent></w:r>";
        let mark = "<w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr>";
        let all = texts(&format!(
            "<w:p>{mark}<w:r><w:t>228</w:t></w:r>{hidden}{note}{seen}{struck}<w:r><w:t>4271</w:t></w:r></w:p>\
             <w:p><w:r><w:t>Hei</w:t></w:r></w:p>"
        ));
        assert_eq!(all, ["22836014271\n", "0\n", "x\n2287360194271\nHei\n"]);
    }
}
