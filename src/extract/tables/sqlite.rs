//! SQLite databases (<https://sqlite.org/fileformat2.html>): every table row
//! by row, and what lies in pages that belong to no table: indexes, free and
//! forgotten pages.

use encoding_rs::{UTF_16BE, UTF_16LE};

use super::{Table, shown};
use crate::{
    extract::{
        content, sniff, strings,
        text::charset,
        walk::{Place, Walk},
    },
    model::{GapKind, Surface},
};

/// Reads the database `bytes` at `place`.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let Some(mut file) = File::of(bytes) else {
        content::unknown(walk, place, bytes);
        return;
    };
    let mut schema = Vec::new();
    file.tree(walk, place, 1, &mut |_, row| schema.push(row));
    let mut statements = String::new();
    for row in &schema {
        let [kind, name, _, Value::Integer(root), Value::Text(sql), ..] = row.cells.as_slice()
        else {
            continue;
        };
        statements.push_str(sql);
        statements.push('\n');
        let (Value::Text(kind), Value::Text(name)) = (kind, name) else { continue };
        if kind == "table" && *root > 0 && walk.entry(&place.path) {
            let inner = place.child(name);
            let mut table = Table::new(columns(sql));
            file.tree(walk, &inner, root.unsigned_abs(), &mut |walk, row| {
                table.row(row.shown(walk, &inner));
            });
            table.finish(walk, &inner);
        }
    }
    walk.fragment(Surface::Metadata, &place.path.child("schema"), statements);
    file.leftovers(walk, place);
    if file.broken {
        walk.gap(GapKind::Broken, &place.path);
    }
}

struct File<'a> {
    bytes: &'a [u8],
    page: usize,
    usable: usize,
    encoding: u8,
    seen: Vec<bool>,
    /// Bytes of pages that hold no cells.
    free: Vec<u8>,
    broken: bool,
}

struct Row {
    id: i64,
    cells: Vec<Value>,
}

enum Value {
    Blob(Vec<u8>),
    Integer(i64),
    Null,
    Real(f64),
    Text(String),
}

impl Row {
    /// The cells as text. A number that is the key of its row is stored there
    /// and not in its column.
    fn shown(self, walk: &mut Walk, place: &Place) -> Vec<String> {
        let mut key = Some(self.id);
        let cells = self.cells.into_iter().map(|cell| match cell {
            Value::Blob(bytes) => blob(walk, place, &bytes),
            Value::Integer(value) => value.to_string(),
            Value::Null => {
                key.take().filter(|id| *id > KEY).map_or_else(String::new, |id| id.to_string())
            }
            Value::Real(value) => shown(value),
            Value::Text(text) => text,
        });
        cells.collect()
    }
}

/// Reads a file in a cell by its content, and answers with what is text.
fn blob(walk: &mut Walk, place: &Place, bytes: &[u8]) -> String {
    match sniff::format(bytes) {
        sniff::Format::Text => charset::decode(bytes, None).replace(['\t', '\n', '\r'], " "),
        sniff::Format::Unknown | sniff::Format::OpenPgp => {
            strings::read(walk, place, bytes);
            String::new()
        }
        _ => {
            content::read(walk, &Place::new(place.path.child("blob"), Surface::FileText), bytes);
            String::new()
        }
    }
}

impl<'a> File<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let coded = u16::from_be_bytes([*bytes.get(16)?, *bytes.get(17)?]);
        let page = if coded == 1 { 65536 } else { usize::from(coded) };
        if !page.is_power_of_two() || page < 512 {
            return None;
        }
        let usable = page.checked_sub(usize::from(*bytes.get(20)?))?;
        let seen = vec![false; bytes.len() / page + 2];
        let encoding = *bytes.get(59)?;
        (usable >= 480).then(|| Self {
            bytes,
            page,
            usable,
            encoding,
            seen,
            free: Vec::new(),
            broken: false,
        })
    }

    fn page(&self, number: u64) -> Option<&'a [u8]> {
        let start = usize::try_from(number.checked_sub(1)?).ok()?.checked_mul(self.page)?;
        let rest = self.bytes.get(start..)?;
        rest.get(..self.page).or(Some(rest)).filter(|page| !page.is_empty())
    }

    /// Calls `take` for each row under the page number `root`.
    fn tree(
        &mut self,
        walk: &mut Walk,
        place: &Place,
        root: u64,
        take: &mut dyn FnMut(&mut Walk, Row),
    ) {
        let mut open = vec![root];
        while let Some(number) = open.pop() {
            if let Err(overrun) = walk.budget.in_time() {
                return walk.overrun(overrun, &place.path);
            }
            let index = usize::try_from(number).unwrap_or(usize::MAX);
            let fresh = self.seen.get_mut(index).is_some_and(|seen| !std::mem::replace(seen, true));
            let Some(page) = self.page(number).filter(|_| fresh) else {
                self.broken = true;
                continue;
            };
            if let Err(overrun) = walk.budget.expand(page.len()) {
                return walk.overrun(overrun, &place.path);
            }
            let rows = self.cells(page, if number == 1 { 100 } else { 0 }, &mut open);
            for row in rows {
                take(walk, row);
            }
        }
    }

    /// The rows of one page; the pages below it are put on `open`, so that
    /// they come in order.
    fn cells(&mut self, page: &[u8], start: usize, open: &mut Vec<u64>) -> Vec<Row> {
        let short =
            |at: usize| Some(usize::from(u16::from_be_bytes([*page.get(at)?, *page.get(at + 1)?])));
        let kind = page.get(start).copied().unwrap_or(0);
        let (table, leaf) = match kind {
            0x0D => (true, true),
            0x05 => (true, false),
            0x0A => (false, true),
            0x02 => (false, false),
            _ => {
                self.broken = true;
                return Vec::new();
            }
        };
        let head = start + if leaf { 8 } else { 12 };
        let count = short(start + 3).unwrap_or(0);
        let mut rows = Vec::new();
        let mut below: Vec<u64> = Vec::new();
        for index in 0..count {
            let Some(at) = short(head + 2 * index) else { break };
            let at = if leaf {
                at
            } else {
                below.extend(long(page, at));
                at + 4
            };
            if table && !leaf {
                continue;
            }
            match self.row(page, at, table) {
                Some(row) => rows.push(row),
                None => self.broken = true,
            }
        }
        if !leaf {
            below.extend(long(page, start + 8));
        }
        open.extend(below.iter().rev());
        let gap = head + 2 * count..short(start + 5).unwrap_or(0).min(page.len());
        self.free.extend_from_slice(page.get(gap).unwrap_or_default());
        self.free.push(0);
        rows
    }

    /// The record of the cell at `at`.
    fn row(&mut self, page: &[u8], at: usize, table: bool) -> Option<Row> {
        let (length, mut at) = varint(page, at)?;
        let mut id = 0;
        if table {
            (id, at) = varint(page, at)?;
        }
        let length = usize::try_from(length).ok()?;
        let most = if table { self.usable - 35 } else { (self.usable - 12) * 64 / 255 - 23 };
        if length <= most {
            return self.record(page.get(at..at.checked_add(length)?)?, id);
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let rest = least + (length - least) % (self.usable - 4);
        let local = if rest <= most { rest } else { least };
        let mut payload = page.get(at..at + local)?.to_vec();
        if length > self.bytes.len() {
            return None;
        }
        let mut next = long(page, at + local)?;
        while payload.len() < length {
            let more = self.page(next)?;
            let seen = self.seen.get_mut(usize::try_from(next).ok()?)?;
            if std::mem::replace(seen, true) {
                return None;
            }
            let wanted = (length - payload.len()).min(self.usable - 4);
            payload.extend_from_slice(more.get(4..4 + wanted)?);
            next = long(more, 0)?;
        }
        self.record(&payload, id)
    }

    fn record(&self, payload: &[u8], id: i64) -> Option<Row> {
        let (head, mut at) = varint(payload, 0)?;
        let head = usize::try_from(head).ok()?;
        let mut value = head;
        let mut cells = Vec::new();
        while at < head {
            let (serial, next) = varint(payload, at)?;
            at = next;
            let length = match serial {
                0 | 8 | 9 => 0,
                1..=4 => usize::try_from(serial).ok()?,
                5 => 6,
                6 | 7 => 8,
                12.. => usize::try_from((serial - 12) / 2).ok()?,
                _ => return None,
            };
            let bytes = payload.get(value..value.checked_add(length)?)?;
            value += length;
            cells.push(match serial {
                0 => Value::Null,
                7 => Value::Real(f64::from_be_bytes(bytes.try_into().ok()?)),
                8 | 9 => Value::Integer(serial - 8),
                1..=6 => Value::Integer(integer(bytes)),
                even if even % 2 == 0 => Value::Blob(bytes.to_vec()),
                _ => Value::Text(self.text(bytes)),
            });
        }
        Some(Row { id, cells })
    }

    fn text(&self, bytes: &[u8]) -> String {
        match self.encoding {
            2 => UTF_16LE.decode_without_bom_handling(bytes).0.into_owned(),
            3 => UTF_16BE.decode_without_bom_handling(bytes).0.into_owned(),
            _ => charset::decode(bytes, None).into_owned(),
        }
    }

    /// Reads what lies open in the pages that no table has.
    fn leftovers(&mut self, walk: &mut Walk, place: &Place) {
        let beside = Place::new(place.path.child("outside tables"), Surface::Metadata);
        let mut left = std::mem::take(&mut self.free);
        for number in 1..=self.bytes.len().div_ceil(self.page) {
            if !self.seen.get(number).copied().unwrap_or(true) {
                left.extend_from_slice(self.page(number as u64).unwrap_or_default());
            }
        }
        strings::read(walk, &beside, &left);
    }
}

/// The names of the columns that `sql` declares.
fn columns(sql: &str) -> Vec<String> {
    let body = sql.split_once('(').map_or("", |(_, body)| body);
    let mut depth = 0_u32;
    let parts = body.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    let name = |part: &str| {
        let part = part.trim();
        let quoted = part.strip_prefix(['"', '`', '[', '\'']);
        let end =
            if quoted.is_some() { &['"', '`', ']', '\''][..] } else { &[' ', '\n', '\t', ')'] };
        quoted.unwrap_or(part).split(end).next().unwrap_or_default().to_owned()
    };
    parts.map(name).filter(|name| !CONSTRAINTS.contains(&name.to_uppercase().as_str())).collect()
}

fn integer(bytes: &[u8]) -> i64 {
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let start = if negative { -1 } else { 0 };
    bytes.iter().fold(start, |value, byte| value << 8 | i64::from(*byte))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    let field: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(u64::from(u32::from_be_bytes(field)))
}

/// A number of seven bits a byte, the highest first; the ninth byte has eight.
fn varint(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    let mut value = 0_i64;
    for step in 0..9 {
        let byte = *bytes.get(at.checked_add(step)?)?;
        if step == 8 {
            return Some((value << 8 | i64::from(byte), at + 9));
        }
        value = value << 7 | i64::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            return Some((value, at + step + 1));
        }
    }
    None
}

/// Smaller keys count rows and say nothing.
const KEY: i64 = 99_999;
const CONSTRAINTS: &[&str] = &["CHECK", "CONSTRAINT", "FOREIGN", "PRIMARY", "UNIQUE"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::limits::Limits,
        extract::walk::Containers,
        model::{Extraction, PartPath},
    };

    fn extraction(bytes: &[u8]) -> Extraction {
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        content::read(&mut walk, &Place::new(PartPath::root("a.db"), Surface::FileText), bytes);
        walk.finish()
    }

    /// Two tables of 300 rows, an index, a text over several pages, a file in
    /// a cell and a deleted table.
    const DATABASE: &[u8] = include_bytes!("../../../tests/fixtures/extract/small.sqlite");

    #[test]
    fn tables_are_read_row_by_row() {
        let read = extraction(DATABASE);
        // The file in a cell is no more than the first line of a PDF.
        let gaps: Vec<String> = read.gaps.iter().map(|gap| gap.path.to_string()).collect();
        assert_eq!(gaps, ["a.db > keys > blob"]);
        let people = read.fragments.iter().find(|f| f.path.to_string() == "a.db > people").unwrap();
        assert_eq!(people.surface, Surface::Cell);
        assert_eq!(people.headings, ["id", "name", "fnr", "note"]);
        assert!(people.text.contains("\tPerson 299\t22836014271\t"), "{}", people.text);
        let mark = people.marks.iter().find(|mark| &*mark.name == "fnr, row 2");
        assert_eq!(mark.and_then(|mark| mark.heading), Some(2));
        let keys = read.fragments.iter().find(|f| f.path.to_string() == "a.db > keys").unwrap();
        assert!(keys.text.contains("22836014271"), "{}", keys.text);
        assert!(people.text.contains("end of a long note"));
    }

    #[test]
    fn deleted_rows_are_found() {
        let read = extraction(DATABASE);
        let left = read.fragments.iter().find(|f| f.path.to_string().contains("outside tables"));
        assert!(left.is_some_and(|f| f.text.contains("18844805531")), "{read:?}");
    }

    #[test]
    fn damage_is_a_gap() {
        let mut bytes = DATABASE.to_vec();
        let page = 4096;
        bytes[page..2 * page].fill(7);
        let gaps = extraction(&bytes).gaps;
        assert_eq!(gaps.first().map(|gap| &gap.kind), Some(&GapKind::Broken));
    }
}
