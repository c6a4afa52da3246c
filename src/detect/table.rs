//! Column headings: of cells that the reader marked, and of tables that are
//! plain text (CSV and its like), where the first of a block of lines with the
//! same number of delimiters is the heading of all.

use std::ops::Range;

use crate::model::{Fragment, Mark, Surface};

/// Which column something stands in.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Column {
    /// The column under this heading.
    Headed(u32),
    /// The column of this letter or letters, as a number.
    Lettered(u32),
    /// No column: the whole text.
    Whole,
}

/// The marks that a range of bytes touches.
pub(super) fn marks<'a>(fragment: &'a Fragment, place: &Range<usize>) -> &'a [Mark] {
    let starts_by =
        |byte: usize| move |mark: &Mark| usize::try_from(mark.start).is_ok_and(|s| s <= byte);
    let first = fragment.marks.partition_point(starts_by(place.start)).saturating_sub(1);
    let last = fragment.marks.partition_point(starts_by(place.end.saturating_sub(1)));
    fragment.marks.get(first..last).unwrap_or_default()
}

/// The column of the cell that a range of bytes begins in.
pub(super) fn column(fragment: &Fragment, place: &Range<usize>) -> Column {
    if fragment.surface != Surface::Cell {
        return Column::Whole;
    }
    let Some(mark) = marks(fragment, place).first() else { return Column::Whole };
    if let Some(heading) = mark.heading {
        return Column::Headed(heading);
    }
    let letters = mark.name.bytes().take_while(u8::is_ascii_uppercase).take(4);
    match letters.fold(0, |number, letter| number * 27 + u32::from(letter - b'A') + 1) {
        0 => Column::Whole,
        number => Column::Lettered(number),
    }
}

/// Finds headings in tables of plain text. Remembers the last block of lines
/// of each delimiter, so that no line is looked at over and over.
pub(super) struct TextTable<'a> {
    text: &'a str,
    blocks: [Option<Block>; DELIMITERS.len()],
}

/// Lines with the same number of one delimiter.
struct Block {
    fields: usize,
    heading: Range<usize>,
    /// The start of the last line known to belong to it.
    last: usize,
}

impl<'a> TextTable<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, blocks: [const { None }; DELIMITERS.len()] }
    }

    /// The line that stands over the table around the byte `at`.
    pub(super) fn heading_line(&mut self, at: usize) -> Option<Range<usize>> {
        let line = self.line(at)?;
        let (sort, fields) = sort(self.text.as_bytes().get(line.clone())?)?;
        let heading = self.first_line(&line, sort, fields)?;
        // A sentence with a comma is over many lines.
        let short = self.text.get(heading.clone())?.split(char::from(DELIMITERS[sort]));
        (heading.start != line.start && short.into_iter().all(is_heading)).then_some(heading)
    }

    /// The heading over the byte `at`, when it stands in a table.
    pub(super) fn heading(&mut self, at: usize) -> Option<&'a str> {
        let line = self.line(at)?;
        let (sort, fields) = sort(self.text.as_bytes().get(line.clone())?)?;
        let delimiter = DELIMITERS[sort];
        let heading = self.first_line(&line, sort, fields)?;
        let field = count(self.text.as_bytes().get(line.start..at)?, delimiter);
        let words = self.text.get(heading.clone())?.split(char::from(delimiter)).nth(field)?;
        (heading.start != line.start && is_heading(words)).then_some(words)
    }

    /// The first line of the block of lines like this one.
    fn first_line(
        &mut self,
        line: &Range<usize>,
        sort: usize,
        fields: usize,
    ) -> Option<Range<usize>> {
        let known = self.blocks[sort].as_ref().filter(|block| block.fields == fields);
        let mut first = line.clone();
        let heading = loop {
            let inside = |block: &&Block| (block.heading.start..=block.last).contains(&first.start);
            if let Some(block) = known.filter(inside) {
                break block.heading.clone();
            }
            let Some(above) = first.start.checked_sub(1).and_then(|end| self.line(end)) else {
                break first;
            };
            if count(self.text.as_bytes().get(above.clone())?, DELIMITERS[sort]) != fields {
                break first;
            }
            first = above;
        };
        let last = known.filter(|block| block.heading == heading).map_or(0, |block| block.last);
        let last = last.max(line.start);
        self.blocks[sort] = Some(Block { fields, heading: heading.clone(), last });
        Some(heading)
    }

    /// The line around a byte, without its end; none when it is too long.
    fn line(&self, at: usize) -> Option<Range<usize>> {
        let bytes = self.text.as_bytes();
        let near = bytes.get(at.saturating_sub(LINE)..at)?;
        let start = match memchr::memrchr(b'\n', near) {
            Some(offset) => at - near.len() + offset + 1,
            None if near.len() == at => 0,
            None => return None,
        };
        let ahead = bytes.get(at..bytes.len().min(at.saturating_add(LINE)))?;
        let end = match memchr::memchr(b'\n', ahead) {
            Some(offset) => at + offset,
            None if at + ahead.len() == bytes.len() => bytes.len(),
            None => return None,
        };
        Some(start..end)
    }
}

/// Which delimiter a line has most of, and how many.
fn sort(line: &[u8]) -> Option<(usize, usize)> {
    let counted = DELIMITERS.iter().map(|delimiter| count(line, *delimiter)).enumerate();
    counted.max_by_key(|(_, fields)| *fields).filter(|(_, fields)| *fields > 0)
}

/// The bytes of all cells in the row of a place; the place itself outside
/// tables of cells.
pub(super) fn row(fragment: &Fragment, place: &Range<usize>) -> Range<usize> {
    let starts_by = |mark: &Mark| usize::try_from(mark.start).is_ok_and(|s| s <= place.start);
    let here = fragment.marks.partition_point(starts_by).saturating_sub(1);
    let number = |index: usize| {
        let name = fragment.marks.get(index).map(|mark| &*mark.name)?;
        let digits = name.trim_start_matches(|c: char| c.is_ascii_uppercase());
        (digits.len() < name.len()).then(|| digits.to_owned())
    };
    let Some(row) = number(here).filter(|_| fragment.surface == Surface::Cell) else {
        return place.clone();
    };
    let same = |index: &usize| number(*index).as_ref() == Some(&row);
    let first = (0..=here).rev().take(CELLS).take_while(same).last().unwrap_or(here);
    let after = (here..fragment.marks.len()).take(CELLS).take_while(same).last();
    let start = |index: usize| {
        fragment.marks.get(index).map(|mark| usize::try_from(mark.start).unwrap_or(usize::MAX))
    };
    let end = start(after.unwrap_or(here) + 1).unwrap_or(fragment.text.len());
    let first = start(first).unwrap_or(place.start);
    // The next row starts at `end`; a passage that starts there is no neighbour.
    first.min(place.start)..end.saturating_sub(1).max(place.end)
}

/// The end of the table of plain text that the line around `at` is over.
pub(super) fn block_end(text: &str, at: usize) -> usize {
    let table = TextTable::new(text);
    let fields = |line: &Range<usize>| text.as_bytes().get(line.clone()).and_then(sort);
    let Some(line) = table.line(at) else { return at };
    let Some(over) = fields(&line) else { return at };
    let mut end = line.end;
    while let Some(next) = table.line(end + 1).filter(|line| fields(line) == Some(over)) {
        end = next.end;
    }
    end
}

fn count(bytes: &[u8], wanted: u8) -> usize {
    memchr::memchr_iter(wanted, bytes).count()
}

/// Headings are a few words without numbers; prose with commas is none.
fn is_heading(words: &str) -> bool {
    let digits = words.bytes().filter(u8::is_ascii_digit).count();
    words.chars().count() <= 48 && digits <= 2 && words.split_whitespace().count() <= 4
}

const DELIMITERS: [u8; 4] = [b',', b'|', b';', b'\t'];
const LINE: usize = 4096;
/// Cells of one row that are looked at, to each side.
const CELLS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_heading_of_a_field() {
        let text = "Hei,\nher er lista\n\nnavn;fnr;kommune\na;1;b\nc;2;d\n";
        let mut table = TextTable::new(text);
        assert_eq!(table.heading(text.find('1').unwrap()), Some("fnr"));
        assert_eq!(table.heading(text.find('2').unwrap()), Some("fnr"));
        assert_eq!(table.heading(text.find("d\n").unwrap()), Some("kommune"));
        assert_eq!(table.heading(2), None);
    }

    #[test]
    fn prose_has_no_headings() {
        let text = "Kan du sjekke kontoen til han vi snakket om, takk\nog 1, som sagt";
        assert_eq!(TextTable::new(text).heading(text.find('1').unwrap()), None);
    }
}
