//! Objects of R as `saveRDS` and `save` write them (R Internals, 1.8): vectors
//! and data frames, column by column.
//!
//! Functions and pointers are not followed: they are a gap.

use super::{Table, shown};
use crate::{
    extract::{
        content,
        walk::{Place, Walk},
    },
    model::Surface,
};

/// Reads the objects in `bytes` at `place`.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let bytes_after = bytes.strip_prefix(b"RDX2\n").or_else(|| bytes.strip_prefix(b"RDX3\n"));
    let mut stream = Stream { rest: bytes_after.unwrap_or(bytes), known: Vec::new() };
    let Some(object) = stream.top() else {
        content::unknown(walk, place, bytes);
        return;
    };
    let mut lines = String::new();
    show(walk, place, &object, &mut lines);
    walk.fragment(Surface::Cell, &place.path, lines);
    super::super::archive::stream::after(walk, place, stream.rest);
}

/// Puts tables into fragments of their own and all else on `lines`.
fn show(walk: &mut Walk, place: &Place, object: &Object, lines: &mut String) {
    if !walk.entry(&place.path) {
        return;
    }
    if let Some(mut table) = object.table() {
        let rows = object.parts.first().map_or(0, |column| column.texts.len());
        for row in 0..rows {
            table.row(object.parts.iter().map(|column| column.cell(row)));
        }
        table.finish(walk, &place.child("data frame"));
    } else {
        // No heading tells what a number without its first zero is. Times and
        // factors have a class.
        let is_bare = object.attribute("class").is_empty();
        for (at, text) in object.texts.iter().enumerate() {
            if let Some(name) = object.names().get(at) {
                lines.push_str(name);
                lines.push('\t');
            }
            lines.push_str(text);
            lines.push('\n');
            if is_bare && text.len() == SHORT && text.bytes().all(|b| b.is_ascii_digit()) {
                lines.push('0');
                lines.push_str(text);
                lines.push('\n');
            }
        }
        for (at, part) in object.parts.iter().enumerate() {
            if let Some(name) = object.names().get(at) {
                lines.push_str(name);
                lines.push('\n');
            }
            show(walk, place, part, lines);
        }
    }
    for (name, value) in &object.attributes {
        if name != "names" {
            show(walk, place, value, lines);
        }
    }
}

/// What is left of an object: its values as text, its parts, its attributes.
#[derive(Clone, Default)]
struct Object {
    texts: Vec<String>,
    parts: Vec<Object>,
    attributes: Vec<(String, Object)>,
}

impl Object {
    fn texts(texts: Vec<String>) -> Self {
        Self { texts, ..Self::default() }
    }

    fn attribute(&self, name: &str) -> &[String] {
        let found = self.attributes.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.texts.as_slice()).unwrap_or_default()
    }

    fn names(&self) -> &[String] {
        self.attribute("names")
    }

    /// An empty table, if the parts are columns of one length with names.
    fn table(&self) -> Option<Table> {
        let rows = self.parts.first()?.texts.len();
        let even = self.parts.iter().all(|part| part.texts.len() == rows && part.parts.is_empty());
        let named = self.names().len() == self.parts.len();
        (even && named && rows > 0).then(|| Table::new(self.names().to_vec()))
    }

    /// The text in a row; a factor stores the number of one of its levels.
    fn cell(&self, row: usize) -> String {
        let text = self.texts.get(row).cloned().unwrap_or_default();
        let levels = self.attribute("levels");
        let level = text.parse::<usize>().ok().and_then(|level| levels.get(level.checked_sub(1)?));
        level.cloned().unwrap_or(text)
    }
}

struct Stream<'a> {
    rest: &'a [u8],
    /// Symbols and environments, which later ones refer to by number.
    known: Vec<String>,
}

impl<'a> Stream<'a> {
    fn top(&mut self) -> Option<Object> {
        if self.take(2)? != b"X\n" {
            return None;
        }
        let version = self.int()?;
        self.take(8)?;
        match version {
            2 => {}
            3 => {
                let length = self.length()?;
                self.take(length)?;
            }
            _ => return None,
        }
        self.item(0)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn int(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.int()?).ok()
    }

    fn item(&mut self, depth: usize) -> Option<Object> {
        if depth > DEPTH {
            return None;
        }
        let flags = self.int()?;
        let mut object = match flags & 0xFF {
            // Nothing, and the environments that everyone has.
            254 | 253 | 252 | 251 | 250 | 242 | 241 => return Some(Object::default()),
            255 => return self.reference(flags),
            247..=249 => {
                self.take(4)?;
                let names = self.strings()?;
                self.known.push(String::new());
                return Some(Object::texts(names));
            }
            1 => {
                let name = self.item(depth + 1)?.texts.pop().unwrap_or_default();
                self.known.push(name.clone());
                return Some(Object::texts(vec![name]));
            }
            2 | 5 | 6 | 17 | 239 | 240 => return self.pairs(flags, depth),
            4 => return self.environment(depth),
            9 => {
                let length = self.int()?;
                let bytes = if length < 0 { &[][..] } else { self.take(length.try_into().ok()?)? };
                let text = crate::extract::text::charset::decode(bytes, None).into_owned();
                return Some(Object::texts(vec![text]));
            }
            10 | 13 => Object::texts(self.numbers(4)?),
            14 => Object::texts(self.numbers(8)?),
            16 => Object::texts(self.strings()?),
            19 | 20 => {
                let count = self.length()?;
                let mut object = Object::default();
                for _ in 0..count {
                    object.parts.push(self.item(depth + 1)?);
                }
                object
            }
            24 => {
                let length = self.length()?;
                let bytes = self.take(length)?;
                Object::texts(vec![String::from_utf8_lossy(bytes).into_owned()])
            }
            25 => Object::default(),
            238 => return self.alternative(depth),
            _ => return None,
        };
        if flags & ATTRIBUTES != 0 {
            object.attributes = named(self.item(depth + 1)?);
        }
        Some(object)
    }

    fn reference(&mut self, flags: i32) -> Option<Object> {
        let index = match usize::try_from(flags >> 8).ok()? {
            0 => self.length()?,
            index => index,
        };
        let name = self.known.get(index.checked_sub(1)?)?;
        Some(Object::texts(vec![name.clone()]))
    }

    fn numbers(&mut self, width: usize) -> Option<Vec<String>> {
        let count = self.length()?;
        let bytes = self.take(count.checked_mul(width)?)?;
        let number = |field: &[u8]| match <[u8; 8]>::try_from(field) {
            Ok(field) => shown(f64::from_be_bytes(field)),
            Err(_) => <[u8; 4]>::try_from(field)
                .map(i32::from_be_bytes)
                .map_or_else(|_| String::new(), |value| value.to_string()),
        };
        Some(bytes.chunks_exact(width).map(number).collect())
    }

    fn strings(&mut self) -> Option<Vec<String>> {
        let count = self.length()?;
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(self.item(DEPTH)?.texts.pop().unwrap_or_default());
        }
        Some(all)
    }

    /// A list of pairs: each has a tag as its name.
    fn pairs(&mut self, flags: i32, depth: usize) -> Option<Object> {
        let mut object = Object::default();
        let mut names = Vec::new();
        let mut flags = flags;
        loop {
            if flags & ATTRIBUTES != 0 || matches!(flags & 0xFF, 239 | 240) {
                self.item(depth + 1)?;
            }
            let tag = if flags & TAG == 0 { None } else { self.item(depth + 1)?.texts.pop() };
            names.push(tag.unwrap_or_default());
            object.parts.push(self.item(depth + 1)?);
            let next = i32::from_be_bytes(self.rest.get(..4)?.try_into().ok()?);
            if !matches!(next & 0xFF, 2 | 5 | 6 | 17 | 239 | 240) {
                break;
            }
            self.take(4)?;
            flags = next;
        }
        self.item(depth + 1)?;
        object.attributes = vec![("names".to_owned(), Object::texts(names))];
        Some(object)
    }

    fn environment(&mut self, depth: usize) -> Option<Object> {
        self.take(4)?;
        self.known.push(String::new());
        let mut object = Object::default();
        for _ in 0..4 {
            object.parts.push(self.item(depth + 1)?);
        }
        Some(object)
    }

    /// A vector that stores how to make it; its first part is what it is made
    /// of.
    fn alternative(&mut self, depth: usize) -> Option<Object> {
        let _class = self.item(depth + 1)?;
        let state = self.item(depth + 1)?;
        let attributes = named(self.item(depth + 1)?);
        let mut object = match state.parts.first() {
            Some(first) => first.clone(),
            None => state,
        };
        object.attributes.extend(attributes);
        Some(object)
    }
}

/// The parts of a list of pairs, by name.
fn named(pairs: Object) -> Vec<(String, Object)> {
    let names = pairs.names().to_vec();
    names.into_iter().zip(pairs.parts).collect()
}

/// The digits of an identity number that lost its first zero.
const SHORT: usize = 10;
const DEPTH: usize = 48;
const ATTRIBUTES: i32 = 0x200;
const TAG: i32 = 0x400;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base::limits::Limits, extract::walk::Containers, model::PartPath};

    fn int(value: i32) -> Vec<u8> {
        value.to_be_bytes().to_vec()
    }

    fn text(text: &str) -> Vec<u8> {
        [int(0x40009), int(i32::try_from(text.len()).unwrap()), text.as_bytes().to_vec()].concat()
    }

    /// `data.frame(name = c("Kari", "Ola"), fnr = c(22836014271, 2))`
    fn frame() -> Vec<u8> {
        [
            b"X\n".to_vec(),
            int(2),
            int(0x40000),
            int(0x20300),
            [int(0x313), int(2)].concat(),
            [int(16), int(2), text("Kari"), text("Ola")].concat(),
            [int(14), int(2)].concat(),
            22_836_014_271_f64.to_be_bytes().to_vec(),
            2_f64.to_be_bytes().to_vec(),
            [int(0x402), int(1), text("names")].concat(),
            [int(16), int(2), text("name"), text("fnr")].concat(),
            int(254),
        ]
        .concat()
    }

    #[test]
    fn a_data_frame_is_a_table() {
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        let place = Place::new(PartPath::root("a.rds"), Surface::FileText);
        content::read(&mut walk, &place, &frame());
        let read = walk.finish();
        assert_eq!(read.gaps, []);
        let table = read.fragments.first().unwrap();
        assert_eq!(table.text, "name\tfnr\nKari\t22836014271\nOla\t2\n");
        assert_eq!(table.headings, ["name", "fnr"]);
    }

    #[test]
    fn what_cannot_be_followed_is_a_gap() {
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        let place = Place::new(PartPath::root("a.rds"), Surface::FileText);
        content::read(&mut walk, &place, &frame()[..60]);
        assert_eq!(walk.finish().gaps.len(), 1);
    }
}
