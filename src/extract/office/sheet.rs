//! A worksheet as one fragment: cells parted by tabs, rows by line ends, a
//! mark for each cell with the heading of its column.

use std::collections::HashMap;

use super::{
    formula,
    workbook::Workbook,
    xml::{self, Node},
};
use crate::{
    extract::walk::{Place, Walk},
    model::{Fragment, Mark, Surface},
};

/// Reads the sheet `text`; hidden rows, columns and sheets are read too.
pub(super) fn read(walk: &mut Walk, place: &Place, text: &str, workbook: &mut Workbook) {
    let mut sheet = Sheet::new(workbook);
    xml::each(walk, place, text, |node| sheet.take(node));
    let mut fragment = Fragment::new(place.surface, place.path.clone(), sheet.text);
    fragment.marks = sheet.marks;
    fragment.headings = sheet.headings;
    walk.push(fragment);
    walk.fragment(Surface::Metadata, &place.path.child("formulas and headers"), sheet.beside);
}

struct Sheet<'a> {
    workbook: &'a mut Workbook,
    text: String,
    marks: Vec<Mark>,
    headings: Vec<String>,
    /// Index into `headings` by column letters.
    columns: HashMap<String, u32>,
    first_row: bool,
    cell: Option<Cell>,
    beside: String,
    row_empty: bool,
}

#[derive(Default)]
struct Cell {
    name: String,
    sort: String,
    style: Option<usize>,
    value: String,
    inline: String,
    formula: String,
    inside: Inside,
}

#[derive(Clone, Copy, Default, Eq, PartialEq)]
enum Inside {
    Formula,
    Inline,
    #[default]
    Nothing,
    Value,
}

impl<'a> Sheet<'a> {
    fn new(workbook: &'a mut Workbook) -> Self {
        Self {
            workbook,
            text: String::new(),
            marks: Vec::new(),
            headings: Vec::new(),
            columns: HashMap::new(),
            first_row: true,
            cell: None,
            beside: String::new(),
            row_empty: true,
        }
    }

    fn take(&mut self, node: Node<'_>) {
        match node {
            Node::Start(start, empty) => self.start(&start, empty),
            Node::End(name) => self.end(name),
            Node::Text(piece) => match &mut self.cell {
                Some(cell) => match cell.inside {
                    Inside::Formula => cell.formula.push_str(&piece),
                    Inside::Inline => cell.inline.push_str(&piece),
                    Inside::Nothing => {}
                    Inside::Value => cell.value.push_str(&piece),
                },
                None if !piece.trim().is_empty() => {
                    self.beside.push_str(&piece);
                    self.beside.push('\n');
                }
                None => {}
            },
        }
    }

    fn start(&mut self, start: &quick_xml::events::BytesStart<'_>, empty: bool) {
        let name = start.name();
        match (xml::local(name.as_ref()), &mut self.cell) {
            ("c", _) if !empty => {
                self.cell = Some(Cell {
                    name: xml::attribute(start, "r").unwrap_or_default(),
                    sort: xml::attribute(start, "t").unwrap_or_default(),
                    style: xml::attribute(start, "s").and_then(|style| style.parse().ok()),
                    ..Cell::default()
                });
            }
            ("v", Some(cell)) if !empty => cell.inside = Inside::Value,
            ("t", Some(cell)) if !empty => cell.inside = Inside::Inline,
            ("f", Some(cell)) if !empty => cell.inside = Inside::Formula,
            (_, None) => {
                for (key, value) in xml::attributes(start) {
                    let told = matches!(
                        key,
                        "display"
                            | "error"
                            | "location"
                            | "prompt"
                            | "promptTitle"
                            | "tooltip"
                            | "val"
                    );
                    if told {
                        self.beside.push_str(&value);
                        self.beside.push('\n');
                    }
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "c" => self.end_cell(),
            "row" => {
                if !self.row_empty {
                    self.text.push('\n');
                    self.first_row = false;
                }
                self.row_empty = true;
            }
            "f" | "t" | "v" => self.leave(),
            _ => {}
        }
    }

    fn leave(&mut self) {
        if let Some(cell) = &mut self.cell {
            cell.inside = Inside::Nothing;
        }
    }

    fn end_cell(&mut self) {
        let Some(cell) = self.cell.take() else { return };
        let spelled = formula::spelled(&cell.formula);
        for beside in [Some(&cell.formula), spelled.as_ref()].into_iter().flatten() {
            if !beside.is_empty() {
                self.beside.push_str(beside);
                self.beside.push('\n');
            }
        }
        let shown = match cell.sort.as_str() {
            "s" => {
                let index = cell.value.trim().parse().unwrap_or(usize::MAX);
                self.workbook.string(index).unwrap_or_default().to_owned()
            }
            "" | "n" => self.workbook.show(cell.style, cell.value.trim()),
            _ => format!("{}{}", cell.value, cell.inline),
        };
        if shown.is_empty() {
            return;
        }
        if !self.row_empty {
            self.text.push('\t');
        }
        self.row_empty = false;
        let column: String = cell.name.chars().take_while(char::is_ascii_alphabetic).collect();
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        let heading = self.columns.get(&column).copied();
        self.text.push_str(&shown);
        self.marks.push(Mark { start, name: cell.name.into(), heading });
        if self.first_row && shown.len() <= HEADING {
            self.columns.insert(column, u32::try_from(self.headings.len()).unwrap_or(u32::MAX));
            self.headings.push(shown);
        }
    }
}

/// Longer texts are no headings.
const HEADING: usize = 200;
