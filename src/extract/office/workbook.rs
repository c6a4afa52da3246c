//! What the sheets of a workbook share: names, strings, number formats.

use std::collections::HashMap;

use quick_xml::events::BytesStart;

use super::{
    number::Format,
    xml::{self, Node},
};
use crate::{
    extract::{
        archive::zip::Members,
        text::charset,
        walk::{Place, Walk},
    },
    model::Surface,
};

/// The parts that a sheet refers to.
#[derive(Default)]
pub(super) struct Workbook {
    /// Sheet names by the part that holds the sheet.
    sheets: HashMap<String, String>,
    strings: Vec<String>,
    /// Which strings a sheet shows.
    shown: Vec<bool>,
    formats: Vec<Format>,
}

impl Workbook {
    /// Reads the shared parts; `None` when the package is no workbook.
    pub(super) fn read(walk: &mut Walk, place: &Place, members: &Members<'_>) -> Option<Self> {
        let part = |walk: &mut Walk, name: &str| {
            let bytes = members.unpack(walk, &place.child(name), name)?;
            Some(charset::decode(&bytes, None).into_owned())
        };
        let main = part(walk, MAIN)?;
        let relations = part(walk, RELATIONS).unwrap_or_default();
        let strings = part(walk, STRINGS).unwrap_or_default();
        let styles = part(walk, STYLES).unwrap_or_default();
        let mut workbook = Self::default();
        workbook.name_sheets(walk, place, (&main, &relations));
        workbook.read_strings(walk, &place.child(STRINGS), &strings);
        workbook.read_formats(walk, &place.child(STYLES), &styles);
        Some(workbook)
    }

    /// Whether the part called `name` was read here.
    pub(super) fn has_taken(&self, name: &str) -> bool {
        [MAIN, STRINGS, STYLES].contains(&name)
    }

    /// The place of the sheet in the part called `name`.
    pub(super) fn sheet_place(&self, place: &Place, name: &str) -> Place {
        let base = name.rsplit('/').next().unwrap_or(name);
        let shown = self.sheets.get(base).map_or(base, String::as_str);
        Place::new(place.path.child(shown), Surface::Cell)
    }

    /// The shared string number `index`.
    pub(super) fn string(&mut self, index: usize) -> Option<&str> {
        if let Some(shown) = self.shown.get_mut(index) {
            *shown = true;
        }
        self.strings.get(index).map(String::as_str)
    }

    /// A number as shown in the cell format number `style`.
    pub(super) fn show(&self, style: Option<usize>, text: &str) -> String {
        match style.and_then(|style| self.formats.get(style)) {
            Some(format) => format.show(text),
            None => Format::default().show(text),
        }
    }

    fn name_sheets(&mut self, walk: &mut Walk, place: &Place, (main, relations): (&str, &str)) {
        let mut targets = HashMap::new();
        xml::each(walk, place, relations, |node| {
            if let Node::Start(start, _) = node
                && let (Some(id), Some(target)) =
                    (xml::attribute(&start, "Id"), xml::attribute(&start, "Target"))
            {
                let base = target.rsplit('/').next().unwrap_or(&target).to_owned();
                targets.insert(id, base);
            }
        });
        let mut names = String::new();
        xml::each(walk, place, main, |node| match node {
            Node::Start(start, _) => {
                let name = xml::attribute(&start, "name");
                if let Some(name) = &name {
                    names.push_str(name);
                    names.push('\n');
                }
                if xml::local(start.name().as_ref()) == "sheet"
                    && let (Some(name), Some(id)) = (name, xml::attribute(&start, "id"))
                    && let Some(target) = targets.get(&id)
                {
                    self.sheets.insert(target.clone(), name);
                }
            }
            Node::Text(piece) => names.push_str(&piece),
            Node::End(_) => names.push('\n'),
        });
        walk.fragment(Surface::Metadata, &place.path.child("names"), names);
    }

    fn read_strings(&mut self, walk: &mut Walk, place: &Place, text: &str) {
        let mut phonetic = false;
        let mut spoken = String::new();
        xml::each(walk, place, text, |node| match node {
            Node::Start(start, empty) => match xml::local(start.name().as_ref()) {
                "si" => self.strings.push(String::new()),
                "rPh" => phonetic = !empty,
                _ => {}
            },
            Node::Text(piece) if phonetic => spoken.push_str(&piece),
            Node::Text(piece) => {
                if let Some(last) = self.strings.last_mut() {
                    last.push_str(&piece);
                }
            }
            Node::End("rPh") => {
                phonetic = false;
                spoken.push('\n');
            }
            Node::End(_) => {}
        });
        walk.fragment(Surface::Metadata, &place.path.child("phonetic"), spoken);
        self.shown = vec![false; self.strings.len()];
        let spent: usize = self.strings.iter().map(String::len).sum();
        if let Err(overrun) = walk.budget.expand(spent) {
            walk.overrun(overrun, &place.path);
            self.strings.clear();
        }
    }

    /// The strings that no sheet shows, one a line.
    pub(super) fn unshown(&self) -> String {
        let all = self.strings.iter().zip(&self.shown);
        all.filter(|(_, shown)| !**shown)
            .fold(String::new(), |lines, (text, _)| lines + text + "\n")
    }

    fn read_formats(&mut self, walk: &mut Walk, place: &Place, text: &str) {
        let mut codes: HashMap<u16, Format> = Format::built_in().collect();
        let id = |start: &BytesStart<'_>| xml::attribute(start, "numFmtId")?.parse::<u16>().ok();
        let mut in_cells = false;
        let mut written = String::new();
        xml::each(walk, place, text, |node| match node {
            Node::Start(start, _) => match xml::local(start.name().as_ref()) {
                "numFmt" => {
                    if let Some(code) = xml::attribute(&start, "formatCode") {
                        written.push_str(&code);
                        written.push('\n');
                        codes.extend(id(&start).map(|id| (id, Format::parse(&code))));
                    }
                }
                "cellXfs" => in_cells = true,
                "xf" if in_cells => {
                    let format = id(&start).and_then(|id| codes.get(&id));
                    self.formats.push(format.cloned().unwrap_or_default());
                }
                _ => {}
            },
            Node::End("cellXfs") => in_cells = false,
            Node::End(_) | Node::Text(_) => {}
        });
        // A format may show a text of its own.
        walk.fragment(Surface::Metadata, &place.path, written);
    }
}

const MAIN: &str = "xl/workbook.xml";
const RELATIONS: &str = "xl/_rels/workbook.xml.rels";
const STRINGS: &str = "xl/sharedStrings.xml";
const STYLES: &str = "xl/styles.xml";
