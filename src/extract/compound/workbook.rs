//! Excel workbooks before 2007 (MS-XLS, and the BIFF 5 of Excel 95): cells of
//! all sheets, hidden ones too, notes, text boxes, names, pictures.

use std::collections::HashMap;

use super::{
    biff::{self, Pieces, Record, Records},
    blips,
};
use crate::{
    extract::{
        grid::{self, Grid},
        office::number::Format,
        rtf::codepage,
        strings,
        walk::{Place, Walk},
    },
    model::{GapKind, Proof, Surface},
};

/// Reads the stream `bytes`.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let mut book = Book::new(place.clone());
    for record in Records::new(bytes) {
        if record.start & 0xFFF == 0
            && let Err(overrun) = walk.budget.in_time()
        {
            walk.overrun(overrun, &place.path);
            break;
        }
        if record.id == FILEPASS {
            let weak = match record.data().first() {
                Some(0) => "office-xor",
                _ => "office-rc4",
            };
            walk.gap(GapKind::WeakEncryption(Proof::new(weak)), &place.path);
            strings::read(walk, place, bytes);
            return;
        }
        book.take(walk, &record);
        if record.cut {
            walk.gap(GapKind::Broken, &place.path);
        }
    }
    book.end_sheet(walk);
    let told = Place::new(place.path.child("names and formulas"), Surface::Metadata);
    strings::read(walk, &told, &book.rest);
    if !book.drawings.is_empty() {
        blips::read(walk, &place.child("pictures"), &book.drawings);
    }
    if !book.begun {
        walk.gap(GapKind::Broken, &place.path);
        strings::read(walk, place, bytes);
    }
}

struct Book {
    place: Place,
    sheet: Place,
    /// Names of sheets by where they start.
    names: HashMap<usize, String>,
    strings: Vec<String>,
    formats: HashMap<u16, Format>,
    /// The number format of each cell style.
    styles: Vec<u16>,
    wide: bool,
    page: u32,
    begun: bool,
    depth: usize,
    grid: Grid,
    notes: String,
    /// A formula whose text comes next.
    formula: Option<(u32, u32)>,
    rest: Vec<u8>,
    drawings: Vec<u8>,
}

impl Book {
    fn new(place: Place) -> Self {
        Self {
            sheet: place.clone(),
            place,
            names: HashMap::new(),
            strings: Vec::new(),
            formats: Format::built_in().collect(),
            styles: Vec::new(),
            wide: true,
            page: 1252,
            begun: false,
            depth: 0,
            grid: Grid::default(),
            notes: String::new(),
            formula: None,
            rest: Vec::new(),
            drawings: Vec::new(),
        }
    }

    fn take(&mut self, walk: &mut Walk, record: &Record<'_>) {
        let data = record.data();
        match record.id {
            BOF => self.begin(walk, record),
            EOF => self.depth = self.depth.saturating_sub(1),
            CODEPAGE => self.page = biff::short(data, 0).map_or(1252, u32::from),
            BOUNDSHEET => self.name_sheet(walk, data),
            SST => self.shared(walk, record),
            FORMAT => self.format(data),
            XF => self.styles.push(biff::short(data, 2).unwrap_or(0)),
            TXO => self.text_box(record),
            DRAWINGS => {
                for piece in &record.pieces {
                    self.drawings.extend_from_slice(piece);
                }
            }
            HEADER | FOOTER if self.wide => {
                let text = Pieces::new(&[data]).counted().unwrap_or_default();
                self.note(&text);
            }
            _ => self.cell(record),
        }
    }

    fn cell(&mut self, record: &Record<'_>) {
        let data = record.data();
        let (Some(row), Some(column)) = (biff::short(data, 0), biff::short(data, 2)) else {
            return;
        };
        let (row, column) = (u32::from(row), u32::from(column));
        match record.id {
            LABEL_SST => {
                let index = biff::long(data, 6).and_then(|index| usize::try_from(index).ok());
                if let Some(text) = index.and_then(|index| self.strings.get(index)) {
                    self.grid.set(row, column, text);
                }
            }
            LABEL | RSTRING => {
                let text = self.label(record);
                self.grid.set(row, column, &text);
            }
            NUMBER => self.number(row, column, (biff::short(data, 4), biff::double(data, 6))),
            RK => {
                let value = biff::long(data, 6).map(grid::rk);
                self.number(row, column, (biff::short(data, 4), value));
            }
            MULRK => {
                let pairs = data.get(4..data.len().saturating_sub(2)).unwrap_or_default();
                for (step, pair) in (0_u32..).zip(pairs.chunks_exact(6)) {
                    let value = biff::long(pair, 2).map(grid::rk);
                    self.number(row, column + step, (biff::short(pair, 0), value));
                }
            }
            FORMULA => {
                self.keep(data.get(20..).unwrap_or_default());
                match data.get(6..14) {
                    Some([0, _, _, _, _, _, 0xFF, 0xFF]) => self.formula = Some((row, column)),
                    Some([.., 0xFF, 0xFF]) | None => {}
                    Some(_) => {
                        self.number(row, column, (biff::short(data, 4), biff::double(data, 6)));
                    }
                }
            }
            STRING => {
                let text = self.counted(&record.pieces);
                if let Some((row, column)) = self.formula.take() {
                    self.grid.set(row, column, &text);
                }
            }
            // Long runs of them, and nothing inside.
            BLANK | MULBLANK | ROW => {}
            _ => {
                for piece in &record.pieces {
                    self.keep(piece);
                }
            }
        }
    }

    fn number(&mut self, row: u32, column: u32, (style, value): (Option<u16>, Option<f64>)) {
        let Some(value) = value else { return };
        let format = style
            .and_then(|style| self.styles.get(usize::from(style)))
            .and_then(|format| self.formats.get(format));
        let plain = grid::plain(value);
        let shown = match format {
            Some(format) => format.show(&plain),
            None => Format::default().show(&plain),
        };
        self.grid.set(row, column, &shown);
    }

    fn begin(&mut self, walk: &mut Walk, record: &Record<'_>) {
        self.depth += 1;
        self.begun = true;
        if self.depth > 1 {
            return;
        }
        self.end_sheet(walk);
        self.wide = biff::short(record.data(), 0).is_none_or(|version| version >= 0x0600);
        let name = self.names.get(&record.start);
        self.sheet = match name {
            Some(name) => Place::new(self.place.path.child(name), Surface::Cell),
            None => Place::new(self.place.path.clone(), Surface::Cell),
        };
    }

    fn end_sheet(&mut self, walk: &mut Walk) {
        std::mem::take(&mut self.grid).hand_over(walk, &self.sheet);
        let notes = std::mem::take(&mut self.notes);
        walk.fragment(Surface::FileText, &self.sheet.path.child("notes and boxes"), notes);
    }

    fn name_sheet(&mut self, walk: &mut Walk, data: &[u8]) {
        let (Some(start), Some(count)) = (biff::long(data, 0), data.get(6)) else { return };
        let name = data.get(7..).unwrap_or_default();
        let name = if self.wide {
            let wide = name.first().is_some_and(|flags| flags & 1 != 0);
            Pieces::new(&[name.get(1..).unwrap_or_default()]).chars(usize::from(*count), wide)
        } else {
            self.narrow(name.get(..usize::from(*count)).unwrap_or(name))
        };
        walk.fragment(Surface::Metadata, &self.place.path.child("names"), name.as_str());
        if let Ok(start) = usize::try_from(start) {
            self.names.insert(start, name);
        }
    }

    fn shared(&mut self, walk: &mut Walk, record: &Record<'_>) {
        let count = biff::long(record.data(), 4).unwrap_or(0);
        let mut pieces = Pieces::new(&record.pieces);
        pieces.skip(8);
        for _ in 0..count {
            let Some(text) = pieces.rich() else {
                walk.gap(GapKind::Broken, &self.place.path);
                for piece in &record.pieces {
                    self.rest.extend_from_slice(piece);
                }
                return;
            };
            self.strings.push(text);
        }
    }

    fn format(&mut self, data: &[u8]) {
        let Some(id) = biff::short(data, 0) else { return };
        let rest = data.get(2..).unwrap_or_default();
        let code = if self.wide {
            Pieces::new(&[rest]).counted().unwrap_or_default()
        } else {
            self.narrow(rest.get(1..).unwrap_or_default())
        };
        self.formats.insert(id, Format::parse(&code));
    }

    fn label(&self, record: &Record<'_>) -> String {
        let mut pieces = record.pieces.clone();
        if let Some(first) = pieces.first_mut() {
            *first = first.get(6..).unwrap_or_default();
        }
        self.counted(&pieces)
    }

    fn counted(&self, pieces: &[&[u8]]) -> String {
        if self.wide {
            return Pieces::new(pieces).counted().unwrap_or_default();
        }
        let first = pieces.first().copied().unwrap_or_default();
        let count = biff::short(first, 0).map_or(0, usize::from);
        let text = first.get(2..).unwrap_or_default();
        self.narrow(text.get(..count).unwrap_or(text))
    }

    fn narrow(&self, bytes: &[u8]) -> String {
        codepage::of_number(self.page).decode_without_bom_handling(bytes).0.into_owned()
    }

    /// The text of a note or a box stands in the records that continue it.
    fn text_box(&mut self, record: &Record<'_>) {
        let count = biff::short(record.data(), 10).map_or(0, usize::from);
        let Some((first, _)) = record.pieces.get(1..).and_then(|more| more.split_first()) else {
            return;
        };
        let wide = first.first().is_some_and(|flags| flags & 1 != 0);
        let mut pieces = record.pieces.get(1..).unwrap_or_default().to_vec();
        if let Some(first) = pieces.first_mut() {
            *first = first.get(1..).unwrap_or_default();
        }
        let text = Pieces::new(&pieces).chars(count, wide);
        self.note(&text);
    }

    fn note(&mut self, text: &str) {
        self.notes.push_str(text);
        self.notes.push('\n');
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        self.rest.extend_from_slice(&[0, 1, 0]);
    }
}

const FORMULA: u16 = 0x0006;
const EOF: u16 = 0x000A;
const HEADER: u16 = 0x0014;
const FOOTER: u16 = 0x0015;
const FILEPASS: u16 = 0x002F;
const CODEPAGE: u16 = 0x0042;
const BOUNDSHEET: u16 = 0x0085;
const MULRK: u16 = 0x00BD;
const MULBLANK: u16 = 0x00BE;
const RSTRING: u16 = 0x00D6;
const XF: u16 = 0x00E0;
const DRAWINGS: u16 = 0x00EB;
const SST: u16 = 0x00FC;
const LABEL_SST: u16 = 0x00FD;
const TXO: u16 = 0x01B6;
const BLANK: u16 = 0x0201;
const NUMBER: u16 = 0x0203;
const LABEL: u16 = 0x0204;
const STRING: u16 = 0x0207;
const ROW: u16 = 0x0208;
const RK: u16 = 0x027E;
const FORMAT: u16 = 0x041E;
const BOF: u16 = 0x0809;
