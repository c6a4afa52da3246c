//! A sheet of binary cells as one fragment: cells parted by tabs, rows by line
//! ends, a mark for each cell with the heading of its column.

use std::collections::HashMap;

use super::walk::{Place, Walk};
use crate::model::{Fragment, GapKind, Mark};

/// The cells of one sheet, in the order they come.
#[derive(Default)]
pub(super) struct Grid {
    text: String,
    marks: Vec<Mark>,
    headings: Vec<String>,
    /// Index into `headings` by column.
    columns: HashMap<u32, u32>,
    first_row: Option<u32>,
    row: Option<u32>,
    full: bool,
}

impl Grid {
    /// Adds a cell; rows and columns count from 0. Empty ones are left out.
    pub(super) fn set(&mut self, row: u32, column: u32, shown: &str) {
        if shown.is_empty() {
            return;
        }
        // One long text may be shown by a million cells.
        if self.text.len().saturating_add(shown.len()) > MOST_BYTES
            || self.marks.len() >= MOST_CELLS
        {
            self.full = true;
            return;
        }
        match self.row {
            Some(before) if before == row => self.text.push('\t'),
            Some(_) => self.text.push('\n'),
            None => self.first_row = Some(row),
        }
        self.row = Some(row);
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        let heading = self.columns.get(&column).copied();
        let name = format!("{}{}", letters(column), row.saturating_add(1)).into();
        self.text.push_str(shown);
        self.marks.push(Mark { start, name, heading });
        if self.first_row == Some(row) && shown.len() <= HEADING {
            self.columns.insert(column, u32::try_from(self.headings.len()).unwrap_or(u32::MAX));
            self.headings.push(shown.to_owned());
        }
    }

    /// Adds the sheet at `place`.
    pub(super) fn hand_over(self, walk: &mut Walk, place: &Place) {
        if self.full {
            walk.gap(GapKind::TooBig, &place.path);
        }
        let mut fragment = Fragment::new(place.surface, place.path.clone(), self.text);
        fragment.marks = self.marks;
        fragment.headings = self.headings;
        walk.push(fragment);
    }
}

/// A number as text, as the formats of cells expect it.
pub(super) fn plain(value: f64) -> String {
    if value.is_finite() && value.abs() < 1e18 { format!("{value}") } else { String::new() }
}

/// The number in the four bytes of an RK value (MS-XLS 2.5.217).
pub(super) fn rk(word: u32) -> f64 {
    let value = if word & 2 != 0 {
        f64::from(i32::from_le_bytes(word.to_le_bytes()) >> 2)
    } else {
        f64::from_bits(u64::from(word & !3) << 32)
    };
    if word & 1 != 0 { value / 100.0 } else { value }
}

/// The name of a column: `A`, `Z`, `AA`.
fn letters(column: u32) -> String {
    let mut name = Vec::new();
    let mut rest = column.saturating_add(1);
    while rest > 0 {
        rest -= 1;
        name.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or(0)));
        rest /= 26;
    }
    name.iter().rev().collect()
}

const HEADING: usize = 200;
const MOST_BYTES: usize = 32 << 20;
const MOST_CELLS: usize = 2_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_columns_as_programs_do() {
        assert_eq!(
            ["A", "Z", "AA", "XFD"],
            [0, 25, 26, 16383].map(letters).each_ref().map(String::as_str)
        );
    }

    #[test]
    fn reads_packed_numbers() {
        assert_eq!(rk(0x3FF0_0000), 1.0);
        assert_eq!(rk(12345 << 2 | 2), 12345.0);
        assert_eq!(rk(12345 << 2 | 3), 123.45);
        assert_eq!(plain(22_836_014_271.0), "22836014271");
    }

    #[test]
    fn keeps_headings_by_column() {
        let mut grid = Grid::default();
        for (row, column, shown) in [(0, 0, "Navn"), (0, 1, "Fødselsnr"), (4, 1, "1")] {
            grid.set(row, column, shown);
        }
        assert_eq!(grid.text, "Navn\tFødselsnr\n1");
        assert_eq!(&*grid.marks[2].name, "B5");
        assert_eq!(grid.marks[2].heading, Some(1));
    }
}
