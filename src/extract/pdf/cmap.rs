//! Maps from codes to text or glyph numbers (ISO 32000-2, 9.7.5 and 9.10.3).

use std::collections::HashMap;

use super::{
    lexer::{Item, Lexer},
    object::Object,
};

/// What a font's codes mean.
#[derive(Debug, Default)]
pub(super) struct Cmap {
    text: HashMap<u32, Box<str>>,
    /// The first codes again, for those who ask often.
    first: Vec<Option<Box<str>>>,
    glyphs: HashMap<u32, u32>,
    /// Lengths and ranges of codes.
    spaces: Vec<(usize, u32, u32)>,
    /// How many entries were written, some more than once.
    steps: usize,
}

impl Cmap {
    /// Reads as much as can be understood.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let mut cmap = Self::default();
        let mut lexer = Lexer::new(bytes, 0);
        let mut operands: Vec<Object> = Vec::new();
        while let Ok(Some(item)) = lexer.next() {
            match item {
                Item::Object(object) => operands.push(object),
                Item::Word(word) => {
                    cmap.take(word, &operands);
                    operands.clear();
                }
                Item::Close(_) => {}
            }
        }
        cmap.first = (0..FIRST).map(|code| cmap.text.get(&code).cloned()).collect();
        cmap
    }

    fn take(&mut self, word: &[u8], operands: &[Object]) {
        match word {
            b"endcodespacerange" => {
                for pair in operands.chunks_exact(2).take(SPACES) {
                    if let (Some(low), Some(high)) = (pair[0].string(), pair[1].string()) {
                        self.spaces.push((high.len().clamp(1, 4), code(low), code(high)));
                    }
                }
            }
            b"endbfchar" => {
                for pair in operands.chunks_exact(2) {
                    if let Some(from) = pair[0].string() {
                        self.add(code(from), text(&pair[1]));
                    }
                }
            }
            b"endbfrange" => {
                for triple in operands.chunks_exact(3) {
                    self.range(triple);
                }
            }
            b"endcidchar" => {
                for pair in operands.chunks_exact(2) {
                    if let (Some(from), Some(glyph)) = (pair[0].string(), pair[1].count()) {
                        self.glyphs.insert(code(from), u32::try_from(glyph).unwrap_or(0));
                    }
                }
            }
            b"endcidrange" => {
                for triple in operands.chunks_exact(3) {
                    let [low, high, first] = triple else { continue };
                    let (Some(low), Some(high)) = (low.string(), high.string()) else { continue };
                    let first = first.count().and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
                    let codes = (code(low)..=code(high)).take(RANGE.min(self.left()));
                    for (step, from) in codes.enumerate() {
                        self.steps += 1;
                        self.glyphs.insert(from, first.wrapping_add(step as u32));
                    }
                }
            }
            _ => {}
        }
    }

    fn range(&mut self, triple: &[Object]) {
        let [low, high, to] = triple else { return };
        let (Some(low), Some(high)) = (low.string(), high.string()) else { return };
        let codes = (code(low)..=code(high)).take(RANGE.min(self.left()));
        match to {
            Object::Array(list) => {
                for (from, to) in codes.zip(list) {
                    self.add(from, text(to));
                }
            }
            Object::String(first) => {
                let Some((last, head)) = first.split_last() else { return };
                // The last two bytes count on.
                let (head, base) = match head.split_last() {
                    Some((high, head)) => (head, u32::from(*high) << 8 | u32::from(*last)),
                    None => (head, u32::from(*last)),
                };
                for (step, from) in codes.enumerate() {
                    let unit = (base.wrapping_add(step as u32) & 0xFFFF) as u16;
                    let to = [head, &unit.to_be_bytes()[..]].concat();
                    self.add(from, utf16(&to));
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, from: u32, to: String) {
        self.steps += 1;
        if self.left() > 0 {
            self.text.insert(from, to.into());
        }
    }

    fn left(&self) -> usize {
        ENTRIES.saturating_sub(self.steps)
    }

    /// The text of a code.
    pub(super) fn text(&self, code: u32) -> Option<&str> {
        match self.first.get(code as usize) {
            Some(text) => text.as_deref(),
            None => self.text.get(&code).map(|text| &**text),
        }
    }

    /// The glyph of a code.
    pub(super) fn glyph(&self, code: u32) -> Option<u32> {
        self.glyphs.get(&code).copied()
    }

    pub(super) fn has_text(&self) -> bool {
        !self.text.is_empty()
    }

    /// The next code of `bytes` and its length.
    pub(super) fn next(&self, bytes: &[u8]) -> Option<(u32, usize)> {
        for length in 1..=4 {
            let piece = bytes.get(..length)?;
            let value = code(piece);
            let fits = |(size, low, high): &(usize, u32, u32)| {
                *size == length && (*low..=*high).contains(&value)
            };
            if self.spaces.iter().any(fits) {
                return Some((value, length));
            }
        }
        None
    }
}

fn code(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |code, byte| code << 8 | u32::from(*byte))
}

fn text(object: &Object) -> String {
    match object {
        Object::String(bytes) => utf16(bytes),
        Object::Name(name) => super::glyphs::named(name).map(String::from).unwrap_or_default(),
        _ => String::new(),
    }
}

fn utf16(bytes: &[u8]) -> String {
    match bytes {
        [only] => char::from(*only).into(),
        _ => encoding_rs::UTF_16BE.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

const FIRST: u32 = 256;
const ENTRIES: usize = 1 << 17;
const SPACES: usize = 64;
const RANGE: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_characters_and_ranges() {
        let cmap = Cmap::parse(
            b"1 begincodespacerange <0000> <FFFF> endcodespacerange\n\
              1 beginbfchar <0003> <00660069> endbfchar\n\
              2 beginbfrange <0010> <0019> <0030> <0020><0021>[<0041> <00E6>] endbfrange\n\
              1 begincidrange <0000> <00FF> 7 endcidrange",
        );
        assert_eq!(cmap.text(3), Some("fi"));
        assert_eq!(cmap.text(0x17), Some("7"));
        assert_eq!(cmap.text(0x21), Some("æ"));
        assert_eq!(cmap.text(4), None);
        assert_eq!(cmap.glyph(2), Some(9));
        assert_eq!(cmap.next(&[0, 0x17, 9]), Some((0x17, 2)));
    }
}
