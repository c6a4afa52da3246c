//! OpenDocument (ISO/IEC 26300): which files of a package are encrypted, and
//! spreadsheets cell by cell.

use std::collections::HashMap;

use super::{
    formula, words,
    xml::{self, Node},
};
use crate::{
    extract::{
        archive::zip::Members,
        sniff,
        text::charset,
        walk::{Place, Walk},
    },
    model::{Fragment, GapKind, Mark, Proof, Surface},
};

/// The files that the manifest says are encrypted, with the cipher.
#[derive(Default)]
pub(super) struct Sealed(HashMap<String, String>);

impl Sealed {
    /// Reads the manifest, if there is one.
    pub(super) fn read(walk: &mut Walk, place: &Place, members: &Members<'_>) -> Self {
        let place = place.child(MANIFEST);
        let mut sealed = HashMap::new();
        if members.names().all(|name| name != MANIFEST) {
            return Self(sealed);
        }
        let Some(bytes) = members.unpack(walk, &place, MANIFEST) else { return Self(sealed) };
        let text = charset::decode(&bytes, None);
        let mut path = String::new();
        xml::each(walk, &place, &text, |node| {
            let Node::Start(start, _) = node else { return };
            match xml::local(start.name().as_ref()) {
                "file-entry" => path = xml::attribute(&start, "full-path").unwrap_or_default(),
                "algorithm" => {
                    let cipher = xml::attribute(&start, "algorithm-name").unwrap_or_default();
                    sealed.insert(path.clone(), cipher);
                }
                _ => {}
            }
        });
        Self(sealed)
    }

    /// Whether `bytes` of the file called `name` are encrypted; if so that is
    /// noted. Bytes that can be read are not, whatever the manifest says.
    pub(super) fn note(
        &self,
        walk: &mut Walk,
        place: &Place,
        (name, bytes): (&str, &[u8]),
    ) -> bool {
        let Some(cipher) = self.0.get(name) else { return false };
        let readable = bytes.len() >= SAMPLE
            && (sniff::looks_like_text(bytes) || sniff::format(bytes) == sniff::Format::Zip);
        if readable || bytes.is_empty() {
            walk.gap(GapKind::Ambiguous, &place.path);
            return false;
        }
        let cipher = cipher.rsplit('#').next().unwrap_or(cipher).to_ascii_lowercase();
        let strong = STRONG.iter().find(|(name, _)| cipher == *name);
        walk.gap(
            match strong {
                Some((_, proof)) => GapKind::Encrypted(Proof::new(*proof)),
                None => GapKind::WeakEncryption(Proof::new("odf-old-cipher")),
            },
            &place.path,
        );
        true
    }
}

/// Reads `text`: the sheets of a spreadsheet one by one, anything else as
/// paragraphs.
pub(super) fn read(walk: &mut Walk, place: &Place, text: &str) {
    if memchr::memmem::find(text.as_bytes(), b"<office:spreadsheet").is_none() {
        return words::read(walk, place, text);
    }
    let mut book = Book::default();
    xml::each(walk, place, text, |node| book.take(node));
    book.end_sheet();
    for (name, sheet) in book.sheets {
        let path = place.path.child(&name);
        let mut fragment = Fragment::new(Surface::Cell, path, sheet.text);
        fragment.marks = sheet.marks;
        fragment.headings = sheet.headings;
        walk.push(fragment);
    }
    walk.fragment(Surface::Metadata, &place.path.child("formulas and values"), book.beside);
}

#[derive(Default)]
struct Book {
    sheets: Vec<(String, Sheet)>,
    /// The sheet, cell and annotation that are open.
    sheet: Option<(String, Sheet)>,
    cell: Option<Cell>,
    aside: usize,
    beside: String,
}

#[derive(Default)]
struct Sheet {
    text: String,
    marks: Vec<Mark>,
    headings: Vec<String>,
    columns: HashMap<usize, u32>,
    row: usize,
    column: usize,
}

#[derive(Default)]
struct Cell {
    shown: String,
    value: String,
    repeated: usize,
}

impl Book {
    fn take(&mut self, node: Node<'_>) {
        match node {
            Node::Start(start, empty) => self.start(&start, empty),
            Node::End(name) => self.end(name),
            Node::Text(piece) => match &mut self.cell {
                Some(cell) if self.aside == 0 => cell.shown.push_str(&piece),
                Some(_) | None => self.beside.push_str(&piece),
            },
        }
    }

    fn start(&mut self, start: &quick_xml::events::BytesStart<'_>, empty: bool) {
        for (name, value) in xml::attributes(start) {
            let telling = matches!(name, "condition" | "expression" | "formula")
                || words::TELLING.contains(&name);
            if telling && value.bytes().any(|b| b.is_ascii_digit()) {
                let spelled = formula::spelled(&value);
                self.beside_line(&value);
                self.beside_line(&spelled.unwrap_or_default());
            }
        }
        let repeated = |name| {
            xml::attribute(start, name).and_then(|count| count.parse().ok()).unwrap_or(1_usize)
        };
        match xml::local(start.name().as_ref()) {
            "table" => {
                self.end_sheet();
                let name = xml::attribute(start, "name").unwrap_or_default();
                self.sheet = Some((name, Sheet::default()));
            }
            "table-row" => {
                if let Some((_, sheet)) = &mut self.sheet {
                    sheet.column = 0;
                    sheet.row = sheet.row.saturating_add(1);
                    // A row that stands for many is read once.
                    if empty {
                        sheet.row = sheet.row.saturating_add(repeated("number-rows-repeated") - 1);
                    }
                }
            }
            "table-cell" | "covered-table-cell" => {
                self.cell(start, repeated("number-columns-repeated"));
                if empty {
                    self.end_cell();
                }
            }
            "annotation" if !empty => self.aside += 1,
            "p" if self.aside == 0 => {
                if let Some(cell) = self.cell.as_mut().filter(|cell| !cell.shown.is_empty()) {
                    cell.shown.push(' ');
                }
            }
            "s" | "tab" | "line-break" => {
                if let Some(cell) = &mut self.cell {
                    cell.shown.push(' ');
                }
            }
            _ => {}
        }
    }

    fn cell(&mut self, start: &quick_xml::events::BytesStart<'_>, repeated: usize) {
        let mut cell = Cell { repeated: repeated.max(1), ..Cell::default() };
        let value = |name| xml::attribute(start, name);
        cell.value = value("string-value").or_else(|| value("value")).unwrap_or_default();
        self.cell = Some(cell);
    }

    fn end(&mut self, name: &str) {
        match name {
            "table" => self.end_sheet(),
            "table-row" => {
                if let Some((_, sheet)) = &mut self.sheet {
                    sheet.end_row();
                }
            }
            "table-cell" | "covered-table-cell" => self.end_cell(),
            "annotation" => self.aside = self.aside.saturating_sub(1),
            "creator" | "date" | "p" if self.aside > 0 || self.cell.is_none() => {
                self.beside.push('\n');
            }
            _ => {}
        }
    }

    fn end_cell(&mut self) {
        let (Some(cell), Some((_, sheet))) = (self.cell.take(), &mut self.sheet) else { return };
        let value = super::number::Format::default().show(&cell.value);
        let shown = if cell.shown.is_empty() { &value } else { &cell.shown };
        if *shown != value && !value.is_empty() {
            self.beside.push_str(&value);
            self.beside.push('\n');
        }
        sheet.add(shown);
        sheet.column = sheet.column.saturating_add(cell.repeated);
    }

    fn beside_line(&mut self, text: &str) {
        self.beside.push_str(text);
        self.beside.push('\n');
    }

    fn end_sheet(&mut self) {
        self.sheets.extend(self.sheet.take());
    }
}

impl Sheet {
    fn add(&mut self, shown: &str) {
        if shown.is_empty() {
            return;
        }
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\t');
        }
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        let heading = self.columns.get(&self.column).copied();
        let name = format!("{}{}", letters(self.column), self.row).into();
        self.text.push_str(shown);
        self.marks.push(Mark { start, name, heading });
        if self.row == 1 && shown.len() <= HEADING {
            let index = u32::try_from(self.headings.len()).unwrap_or(u32::MAX);
            self.columns.insert(self.column, index);
            self.headings.push(shown.to_owned());
        }
    }

    fn end_row(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }
}

/// The letters of the column number `column`, from zero.
fn letters(mut column: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'A' + u8::try_from(column % 26).unwrap_or_default()));
        match (column / 26).checked_sub(1) {
            Some(rest) => column = rest,
            None => break,
        }
    }
    letters.iter().rev().collect()
}

const MANIFEST: &str = "META-INF/manifest.xml";
const SAMPLE: usize = 32;
/// Longer texts are no headings.
const HEADING: usize = 200;
const STRONG: &[(&str, &str)] = &[
    ("aes128-cbc", "odf-aes128"),
    ("aes192-cbc", "odf-aes192"),
    ("aes256-cbc", "odf-aes256"),
    ("aes256-gcm", "odf-aes256-gcm"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base::limits::Limits, extract::walk::Containers, model::PartPath};

    #[test]
    fn columns_have_letters() {
        assert_eq!([0, 25, 26, 701, 702].map(letters), ["A", "Z", "AA", "ZZ", "AAA"]);
    }

    #[test]
    fn cells_of_a_sheet_have_names_and_headings() {
        let text = "<office:spreadsheet><table:table table:name='Ark1'><table:table-row>\
            <table:table-cell/><table:table-cell><text:p>fnr</text:p></table:table-cell>\
            </table:table-row><table:table-row><table:table-cell/><table:table-cell \
            office:value='22836014271'><text:p>2283<text:span>6014271</text:span></text:p>\
            </table:table-cell></table:table-row></table:table></office:spreadsheet>";
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        read(&mut walk, &Place::new(PartPath::root("a.ods"), Surface::FileText), text);
        let read = walk.finish();
        let sheet = read.fragments.iter().find(|f| f.surface == Surface::Cell).unwrap();
        assert_eq!(sheet.path.to_string(), "a.ods > Ark1");
        assert_eq!(sheet.text, "fnr\n22836014271\n");
        assert_eq!((&*sheet.marks[1].name, sheet.marks[1].heading), ("B2", Some(0)));
    }

    #[test]
    fn encryption_is_told_by_the_manifest_and_the_bytes() {
        let bytes = include_bytes!("../../../tests/fixtures/extract/sealed.odt");
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        let place = Place::new(PartPath::root("a.odt"), Surface::FileText);
        crate::extract::content::read(&mut walk, &place, bytes);
        let gaps: Vec<String> =
            walk.finish().gaps.iter().map(|gap| format!("{} {:?}", gap.path, gap.kind)).collect();
        assert_eq!(
            gaps,
            [
                "a.odt > content.xml Encrypted(Proof(\"odf-aes256\"))",
                "a.odt > meta.xml WeakEncryption(Proof(\"odf-old-cipher\"))",
                "a.odt > styles.xml Ambiguous",
            ]
        );
    }

    #[test]
    fn an_annotation_does_not_part_a_number() {
        let text = "<text:p>228360<office:annotation><text:p>x</text:p></office:annotation>\
            14271</text:p>";
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        read(&mut walk, &Place::new(PartPath::root("a.odt"), Surface::FileText), text);
        assert_eq!(walk.finish().fragments[0].text, "x\n22836014271\n");
    }
}
