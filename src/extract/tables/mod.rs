//! Files of tables that are no spreadsheets: databases and objects of R.

mod r_object;
mod sqlite;

use super::{
    sniff::Format,
    walk::{Place, Walk},
};
use crate::model::{Fragment, Mark, Surface};

/// Reads `bytes` at `place` as `format` says.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8], format: Format) {
    match format {
        Format::RObject => r_object::read(walk, place, bytes),
        _ => sqlite::read(walk, place, bytes),
    }
}

/// A table as one fragment: cells parted by tabs, rows by line ends.
struct Table {
    headings: Vec<String>,
    text: String,
    marks: Vec<Mark>,
    rows: usize,
}

impl Table {
    fn new(headings: Vec<String>) -> Self {
        let text = headings.join("\t") + "\n";
        Self { headings, text, marks: Vec::new(), rows: 0 }
    }

    fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows += 1;
        for (column, cell) in cells.into_iter().enumerate() {
            if column > 0 {
                self.text.push('\t');
            }
            let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
            if !cell.is_empty() {
                let heading = self.headings.get(column);
                let name = match heading {
                    Some(heading) => format!("{heading}, row {}", self.rows),
                    None => format!("column {}, row {}", column + 1, self.rows),
                };
                let index = u32::try_from(column).ok().filter(|_| heading.is_some());
                self.marks.push(Mark { start, name: masked(name), heading: index });
            }
            self.text.push_str(&cell);
        }
        self.text.push('\n');
    }

    fn finish(self, walk: &mut Walk, place: &Place) {
        let mut fragment = Fragment::new(Surface::Cell, place.path.clone(), self.text);
        fragment.marks = self.marks;
        fragment.headings = self.headings;
        walk.push(fragment);
    }
}

/// Names of columns come from strangers and may hold a number.
fn masked(name: String) -> Box<str> {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    if digits < NAME_DIGITS { name.into() } else { "cell".into() }
}

/// A number as a person reads it: whole where it is whole.
fn shown(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        format!("{value:.0}")
    } else {
        format!("{value}")
    }
}

const NAME_DIGITS: usize = 11;
