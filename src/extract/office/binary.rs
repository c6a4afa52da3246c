//! Binary workbooks, `.xlsb` (MS-XLSB): the parts of a workbook as records
//! instead of XML. Cells, shared strings, notes; all other records are
//! searched for plain runs.

use std::collections::HashMap;

use super::number::Format;
use crate::{
    extract::{
        archive::zip::Members,
        grid::{self, Grid},
        strings,
        walk::{Place, Walk},
    },
    model::{GapKind, Surface},
};

/// The parts that the sheets of a binary workbook share.
#[derive(Default)]
pub(super) struct Workbook {
    strings: Vec<String>,
    formats: HashMap<u16, Format>,
    /// The number format of each cell style.
    styles: Vec<u16>,
    /// Names of sheets in their order, which is that of their parts.
    names: Vec<String>,
}

impl Workbook {
    /// Reads the shared parts; `None` when the package is no binary workbook.
    pub(super) fn read(walk: &mut Walk, place: &Place, members: &Members<'_>) -> Option<Self> {
        let main = members.unpack(walk, &place.child(MAIN), MAIN)?;
        let mut book = Self { formats: Format::built_in().collect(), ..Self::default() };
        each(walk, &place.child(MAIN), &main, |id, data| {
            if id == BUNDLE_SHEET
                && let Some((_, rest)) = text(data.get(8..).unwrap_or_default())
                && let Some((name, _)) = text(rest)
            {
                book.names.push(name);
            }
        });
        let names = book.names.join("\n");
        walk.fragment(Surface::Metadata, &place.path.child("names"), names);
        let shared = place;
        let place = shared.child(STRINGS);
        if let Some(bytes) = members.unpack(walk, &place, STRINGS) {
            each(walk, &place, &bytes, |id, data| {
                if id == STRING_ITEM {
                    let text = text(data.get(1..).unwrap_or_default());
                    book.strings.push(text.map(|(text, _)| text).unwrap_or_default());
                }
            });
        }
        if let Some(bytes) = members.unpack(walk, &shared.child(STYLES), STYLES) {
            book.read_styles(walk, &shared.child(STYLES), &bytes);
        }
        Some(book)
    }

    /// Reads the part called `name`; `false` when it is none of this format.
    pub(super) fn take(
        &self,
        walk: &mut Walk,
        place: &Place,
        (name, bytes): (&str, &[u8]),
    ) -> bool {
        let ours = name.starts_with("xl/") && name.ends_with(".bin");
        if !ours || OTHERS.iter().any(|other| name.contains(other)) {
            return false;
        }
        let base = name.rsplit('/').next().unwrap_or(name);
        let place = match self.sheet_name(base) {
            Some(sheet) => Place::new(place.path.child(sheet), Surface::Cell),
            None => Place::new(place.path.child(name), Surface::Cell),
        };
        let mut sheet = Sheet {
            book: self,
            grid: Grid::default(),
            row: 0,
            notes: String::new(),
            rest: Vec::new(),
        };
        each(walk, &place, bytes, |id, data| sheet.take(id, data));
        sheet.grid.hand_over(walk, &place);
        walk.fragment(Surface::FileText, &place.path.child("notes"), sheet.notes);
        let told = Place::new(place.path.child("formulas and names"), Surface::Metadata);
        strings::read(walk, &told, &sheet.rest);
        true
    }

    /// Parts are numbered from 1 in the order of the sheets.
    fn sheet_name(&self, base: &str) -> Option<&str> {
        let number = base.strip_prefix("sheet")?.strip_suffix(".bin")?.parse::<usize>().ok()?;
        self.names.get(number.checked_sub(1)?).map(String::as_str)
    }

    fn read_styles(&mut self, walk: &mut Walk, place: &Place, bytes: &[u8]) {
        let mut in_cells = false;
        each(walk, place, bytes, |id, data| match id {
            FORMAT => {
                if let (Some(id), Some((code, _))) =
                    (short(data, 0), text(data.get(2..).unwrap_or_default()))
                {
                    self.formats.insert(id, Format::parse(&code));
                }
            }
            BEGIN_CELL_STYLES => in_cells = true,
            END_CELL_STYLES => in_cells = false,
            STYLE if in_cells => self.styles.push(short(data, 2).unwrap_or(0)),
            _ => {}
        });
    }
}

struct Sheet<'a> {
    book: &'a Workbook,
    grid: Grid,
    row: u32,
    notes: String,
    rest: Vec<u8>,
}

impl Sheet<'_> {
    fn take(&mut self, id: u32, data: &[u8]) {
        let value = data.get(8..).unwrap_or_default();
        match id {
            ROW => self.row = long(data, 0).unwrap_or(0),
            CELL_RK => self.number(data, long(value, 0).map(grid::rk)),
            CELL_REAL | FORMULA_NUMBER => self.number(data, double(value)),
            CELL_TEXT | FORMULA_TEXT => {
                let shown = text(value).map(|(text, _)| text).unwrap_or_default();
                self.set(data, &shown);
            }
            CELL_SHARED => {
                let index = long(value, 0).and_then(|index| usize::try_from(index).ok());
                let book = self.book;
                if let Some(shown) = index.and_then(|index| book.strings.get(index)) {
                    self.set(data, shown);
                }
            }
            COMMENT_TEXT | STRING_ITEM => {
                if let Some((note, _)) = text(data.get(1..).unwrap_or_default())
                    && id == COMMENT_TEXT
                {
                    self.notes.push_str(&note);
                    self.notes.push('\n');
                }
            }
            _ => {}
        }
        let is_cell = matches!(id, CELL_RK | CELL_REAL | CELL_TEXT | CELL_SHARED | STRING_ITEM);
        if !is_cell {
            self.rest.extend_from_slice(data);
            self.rest.extend_from_slice(&[0, 1, 0]);
        }
    }

    fn set(&mut self, data: &[u8], shown: &str) {
        let column = long(data, 0).unwrap_or(0);
        self.grid.set(self.row, column, shown);
    }

    fn number(&mut self, data: &[u8], value: Option<f64>) {
        let Some(value) = value else { return };
        let style = long(data, 4).and_then(|style| usize::try_from(style & 0xFF_FFFF).ok());
        let format = style.and_then(|style| self.book.styles.get(style));
        let format = format.and_then(|format| self.book.formats.get(format));
        let plain = grid::plain(value);
        let shown = format.map_or_else(|| Format::default().show(&plain), |f| f.show(&plain));
        self.set(data, &shown);
    }
}

/// Calls `take` with the type and the bytes of each record.
fn each(walk: &mut Walk, place: &Place, bytes: &[u8], mut take: impl FnMut(u32, &[u8])) {
    let mut at = 0;
    for count in 0_usize.. {
        if count % 4096 == 0
            && let Err(overrun) = walk.budget.in_time()
        {
            return walk.overrun(overrun, &place.path);
        }
        if at >= bytes.len() {
            return;
        }
        let head = packed(bytes, &mut at, 2).zip(packed(bytes, &mut at, 4));
        let Some((id, length)) = head else { break };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(data) = rest.get(..length) else {
            take(id, rest);
            break;
        };
        take(id, data);
        at += length;
    }
    walk.gap(GapKind::Broken, &place.path);
}

/// A number in groups of seven bits.
fn packed(bytes: &[u8], at: &mut usize, most: u32) -> Option<u32> {
    let mut value = 0;
    for group in 0..most {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u32::from(byte & 0x7F) << (7 * group);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(value)
}

/// A counted text, and what follows it. Nothing at all has a count of its own.
fn text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let count = long(bytes, 0)?;
    let rest = bytes.get(4..)?;
    if count == u32::MAX {
        return Some((String::new(), rest));
    }
    let length = usize::try_from(count).ok()?.checked_mul(2)?;
    let (raw, rest) = rest.split_at_checked(length)?;
    let shown = encoding_rs::UTF_16LE.decode_without_bom_handling(raw).0;
    Some((shown.into_owned(), rest))
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn double(bytes: &[u8]) -> Option<f64> {
    Some(f64::from_le_bytes(bytes.get(..8)?.try_into().ok()?))
}

/// Parts of other formats that have the same ending.
const OTHERS: &[&str] = &["activeX", "ctrlProps", "embeddings", "printerSettings", "vbaProject"];
const MAIN: &str = "xl/workbook.bin";
const STRINGS: &str = "xl/sharedStrings.bin";
const STYLES: &str = "xl/styles.bin";
const ROW: u32 = 0;
const CELL_RK: u32 = 2;
const CELL_REAL: u32 = 5;
const CELL_TEXT: u32 = 6;
const CELL_SHARED: u32 = 7;
const FORMULA_TEXT: u32 = 8;
const FORMULA_NUMBER: u32 = 9;
const STRING_ITEM: u32 = 19;
const FORMAT: u32 = 44;
const STYLE: u32 = 47;
const BUNDLE_SHEET: u32 = 156;
const BEGIN_CELL_STYLES: u32 = 617;
const END_CELL_STYLES: u32 = 618;
const COMMENT_TEXT: u32 = 637;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base::limits::Limits, extract::walk::Containers, model::PartPath};

    fn record(id: u8, data: &[u8]) -> Vec<u8> {
        [&[id, u8::try_from(data.len()).unwrap()][..], data].concat()
    }

    fn cell(column: u8, value: &[u8]) -> Vec<u8> {
        [&[column, 0, 0, 0, 0, 0, 0, 0][..], value].concat()
    }

    #[test]
    fn reads_cells_of_every_sort() {
        let book = Workbook {
            strings: vec!["Fødselsnr".to_owned()],
            formats: HashMap::from([(7, Format::parse("00000000000"))]),
            styles: vec![7],
            names: vec!["Ark".to_owned()],
        };
        let inline = [&2_u32.to_le_bytes()[..], b"x\0y\0"].concat();
        let sheet = [
            record(0, &[0; 4]),
            record(7, &cell(0, &[0; 4])),
            record(6, &cell(1, &inline)),
            record(0, &[4, 0, 0, 0]),
            record(5, &cell(0, &5_926_044_798_f64.to_le_bytes())),
        ]
        .concat();
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        let place = Place::new(PartPath::root("a"), Surface::FileText);
        assert!(book.take(&mut walk, &place, ("xl/worksheets/sheet1.bin", &sheet)));
        let read = walk.finish();
        assert_eq!(read.fragments[0].text, "Fødselsnr\txy\n05926044798");
        assert_eq!(read.fragments[0].path.to_string(), "a > Ark");
        assert_eq!(&*read.fragments[0].marks[2].name, "A5");
        assert!(read.gaps.is_empty());
    }

    #[test]
    fn says_so_where_a_record_is_cut() {
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        let place = Place::new(PartPath::root("a"), Surface::FileText);
        let whole = [5, 99, 1, 2];
        Workbook::default().take(&mut walk, &place, ("xl/worksheets/sheet1.bin", &whole));
        assert_eq!(walk.finish().gaps[0].kind, GapKind::Broken);
    }
}
