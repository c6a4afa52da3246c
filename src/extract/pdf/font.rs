//! What the codes of a font mean and how wide they are.
//!
//! Copying text asks the map to Unicode, the eye sees the glyphs. Where the
//! two can be told apart and differ, both are given.

use std::{cell::OnceCell, collections::HashMap};

use super::{
    cmap::Cmap,
    document::{Document, Held, Revision},
    filter,
    glyphs::{self, Base, Family},
    object::{Dict, Object},
};
use crate::extract::walk::Walk;

/// A font, ready to read strings with.
#[derive(Debug)]
pub(super) struct Font {
    codes: Codes,
    to_unicode: Option<Cmap>,
    widths: Widths,
    missing_width: Option<f64>,
    family: Family,
    /// Glyphs by code that were asked for already: text is made of few.
    known: Box<[OnceCell<Glyph<'static>>]>,
    /// Widths of the codes that are the ASCII characters they stand for; of all
    /// others NaN.
    plain: OnceCell<Box<[f64; 256]>>,
    /// Thousandths, except in fonts whose glyphs are drawn on the page.
    pub(super) unit: f64,
}

#[derive(Debug)]
enum Codes {
    /// Composite: codes to glyph numbers.
    Composite(Composite),
    /// One byte each.
    Simple(Box<[Meaning; 256]>),
}

#[derive(Debug)]
enum Composite {
    Embedded(Cmap),
    /// Codes are glyph numbers.
    Identity,
    /// Codes are UTF-16.
    Utf16,
}

/// What a code of a simple font is said to be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Meaning {
    /// The encoding says so.
    Char(char),
    /// Only guessed.
    Guess(char),
    Nothing,
}

/// One character on the page.
#[derive(Clone, Debug)]
pub(super) struct Glyph<'f> {
    pub(super) code: u32,
    /// What copying gives, or else what is seen.
    pub(super) text: Seen<'f>,
    /// What is seen, where copying gives something else.
    pub(super) other: Option<char>,
    /// In text units.
    pub(super) width: f64,
    /// A code of one byte that is a blank: word spacing applies.
    pub(super) is_space: bool,
}

/// The text of a glyph.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Seen<'f> {
    Char(char),
    /// Guessed: the font does not say.
    Guess(char),
    Nothing,
    Text(&'f str),
}

impl Font {
    /// Reads the font dictionary.
    pub(super) fn read(
        walk: &mut Walk,
        document: &Document<'_>,
        revision: Revision,
        dict: &Dict,
    ) -> Self {
        let to_unicode = document.get(revision, dict, b"ToUnicode");
        let to_unicode = to_unicode
            .stream()
            .map(|stream| Cmap::parse(&filter::decode(walk, document, stream).bytes));
        let name = document.get(revision, dict, b"BaseFont");
        let mut font = Self {
            codes: Codes::Composite(Composite::Identity),
            to_unicode: to_unicode.filter(Cmap::has_text),
            widths: Widths::default(),
            missing_width: None,
            family: Family::of(name.name().unwrap_or_default()),
            known: Box::default(),
            plain: OnceCell::new(),
            unit: 0.001,
        };
        let remembered = if dict.says(b"Subtype", b"Type0") {
            font.read_composite(walk, document, revision, dict);
            REMEMBERED
        } else {
            font.read_simple(document, revision, dict);
            256
        };
        font.known = vec![OnceCell::new(); remembered].into();
        font
    }

    fn read_composite(
        &mut self,
        walk: &mut Walk,
        document: &Document<'_>,
        revision: Revision,
        dict: &Dict,
    ) {
        let encoding = document.get(revision, dict, b"Encoding");
        self.codes = Codes::Composite(match &*encoding {
            Object::Stream(stream) => {
                let bytes = filter::decode(walk, document, stream).bytes;
                Composite::Embedded(Cmap::parse(&bytes))
            }
            Object::Name(name) if name.starts_with(b"Uni") => Composite::Utf16,
            _ => Composite::Identity,
        });
        let descendants = document.get(revision, dict, b"DescendantFonts");
        let first = descendants.array().and_then(<[Object]>::first).unwrap_or(&Object::Null);
        let first = document.resolve(revision, first);
        let Some(descendant) = first.dict() else { return };
        self.missing_width =
            Some(document.get(revision, descendant, b"DW").number().unwrap_or(1000.0));
        let widths = document.get(revision, descendant, b"W");
        self.read_cid_widths(document, revision, widths.array().unwrap_or_default());
    }

    /// `c [w1 w2 …]` or `first last w` (9.7.4.3).
    fn read_cid_widths(&mut self, document: &Document<'_>, revision: Revision, items: &[Object]) {
        let mut at = 0;
        while let Some(first) = items.get(at).and_then(Object::count)
            && self.widths.steps < CODES
        {
            let next = items.get(at + 1).map(|item| document.resolve(revision, item));
            match next.as_deref() {
                Some(Object::Array(list)) => {
                    for (step, width) in list.iter().enumerate().take(CODES) {
                        self.widths.add(first.saturating_add(step), width.number());
                    }
                    at += 2;
                }
                Some(Object::Number(last)) => {
                    let width = items.get(at + 2).and_then(Object::number);
                    let last = (*last as usize).min(first.saturating_add(CODES));
                    for glyph in first..=last {
                        self.widths.add(glyph, width);
                    }
                    at += 3;
                }
                _ => return,
            }
        }
    }

    fn read_simple(&mut self, document: &Document<'_>, revision: Revision, dict: &Dict) {
        let encoding = document.get(revision, dict, b"Encoding");
        let descriptor = document.get(revision, dict, b"FontDescriptor");
        let type3 = dict.says(b"Subtype", b"Type3");
        let named = |object: &Object| object.name().and_then(Base::named);
        let base = match &*encoding {
            Object::Dict(dict) => named(&document.get(revision, dict, b"BaseEncoding")),
            other => named(other),
        };
        // A font that is in the file may have an encoding of its own.
        let own = type3
            || descriptor.dict().is_some_and(|dict| {
                dict.has(b"FontFile") || dict.has(b"FontFile2") || dict.has(b"FontFile3")
            });
        let mut table: Box<[Meaning; 256]> = Box::new(std::array::from_fn(|code| {
            let code = code as u8;
            match (base, base.unwrap_or(Base::Standard).char(code)) {
                (Some(_), Some(c)) => Meaning::Char(c),
                // Most follow ASCII all the same.
                (None, Some(c)) if own && (type3 || !c.is_ascii()) => Meaning::Guess(c),
                (None, Some(c)) => Meaning::Char(c),
                (_, None) if own => Meaning::Guess(char::REPLACEMENT_CHARACTER),
                (_, None) => Meaning::Nothing,
            }
        }));
        if let Some(dict) = encoding.dict() {
            differences(&document.get(revision, dict, b"Differences"), document, &mut table);
        }
        self.codes = Codes::Simple(table);
        if type3 {
            let matrix = document.get(revision, dict, b"FontMatrix");
            let scale = matrix.array().and_then(|m| m.first()).and_then(Object::number);
            self.unit = scale.filter(|scale| *scale != 0.0).unwrap_or(0.001);
        }
        let first = document.get(revision, dict, b"FirstChar").count().unwrap_or(0);
        let widths = document.get(revision, dict, b"Widths");
        for (step, width) in widths.array().unwrap_or_default().iter().take(256).enumerate() {
            let width = document.resolve(revision, width).number();
            self.widths.add(first.saturating_add(step), width);
        }
        if widths.array().is_some() {
            let missing =
                descriptor.dict().map(|dict| document.get(revision, dict, b"MissingWidth"));
            self.missing_width = missing.and_then(|width: Held<'_>| width.number());
        }
    }

    /// How many of the first bytes are ASCII and nothing else, as most text is,
    /// and how wide they are together.
    pub(super) fn plain(&self, bytes: &[u8]) -> (usize, f64) {
        let Codes::Simple(_) = self.codes else { return (0, 0.0) };
        let widths = self.plain.get_or_init(|| self.plain_widths());
        let width = |byte: u8| widths[usize::from(byte)];
        let (mut length, mut sum) = (0, 0.0);
        for chunk in bytes.chunks(8) {
            // Sums that do not wait for each other.
            if let [a, b, c, d, e, f, g, h] = *chunk {
                let (first, second) = (width(a) + width(b), width(c) + width(d));
                let (third, fourth) = (width(e) + width(f), width(g) + width(h));
                let all = (first + second) + (third + fourth);
                if !all.is_nan() {
                    sum += all;
                    length += 8;
                    continue;
                }
            }
            for byte in chunk {
                if width(*byte).is_nan() {
                    return (length, sum);
                }
                sum += width(*byte);
                length += 1;
            }
        }
        (length, sum)
    }

    fn plain_widths(&self) -> Box<[f64; 256]> {
        Box::new(std::array::from_fn(|code| {
            let Ok(code) = u8::try_from(code) else { return f64::NAN };
            let glyph = self.glyph(u32::from(code), 1);
            let own = char::from(code);
            let is_own = match glyph.text {
                Seen::Char(c) => c == own,
                Seen::Text(text) => text.chars().eq([own]),
                Seen::Guess(_) | Seen::Nothing => false,
            };
            let is_plain = is_own && code.is_ascii() && glyph.other.is_none();
            if is_plain { glyph.width } else { f64::NAN }
        }))
    }

    /// Calls `take` for the first glyph of `bytes`; gives back the rest.
    pub(super) fn first<'b>(&self, bytes: &'b [u8], mut take: impl FnMut(&Glyph<'_>)) -> &'b [u8] {
        let (code, length) = match &self.codes {
            Codes::Simple(_) => (bytes.first().map_or(0, |byte| u32::from(*byte)), 1),
            Codes::Composite(Composite::Embedded(cmap)) => {
                cmap.next(bytes).unwrap_or_else(|| two(bytes))
            }
            Codes::Composite(_) => two(bytes),
        };
        let place = self.known.get(code as usize);
        match place.and_then(OnceCell::get) {
            Some(glyph) => take(glyph),
            None => self.meet(place, code, length, &mut take),
        }
        bytes.get(length..).unwrap_or_default()
    }

    /// Works out a glyph and remembers it, if there is a place for it.
    #[cold]
    fn meet(
        &self,
        place: Option<&OnceCell<Glyph<'static>>>,
        code: u32,
        length: usize,
        take: &mut impl FnMut(&Glyph<'_>),
    ) {
        let glyph = self.glyph(code, length);
        let mut chars = match glyph.text {
            Seen::Text(text) => text.chars(),
            _ => "".chars(),
        };
        let text = match (glyph.text, chars.next(), chars.next()) {
            (Seen::Char(c), ..) | (Seen::Text(_), Some(c), None) => Some(Seen::Char(c)),
            (Seen::Guess(c), ..) => Some(Seen::Guess(c)),
            (Seen::Nothing, ..) => Some(Seen::Nothing),
            // Ligatures are few.
            (Seen::Text(_), ..) => None,
        };
        // Whether this one is a blank may hang on how long its code is.
        let is_clear = code != 32 || matches!(self.codes, Codes::Simple(_));
        if let (Some(place), Some(text), true) = (place, text, is_clear) {
            let Glyph { code, other, width, is_space, .. } = glyph;
            let _ = place.set(Glyph { code, text, other, width, is_space });
        }
        take(&glyph);
    }

    fn glyph(&self, code: u32, length: usize) -> Glyph<'_> {
        let copied = self.to_unicode.as_ref().and_then(|cmap| cmap.text(code));
        let glyph_number = match &self.codes {
            Codes::Composite(Composite::Embedded(cmap)) => cmap.glyph(code).unwrap_or(code),
            Codes::Composite(_) | Codes::Simple(_) => code,
        };
        let meaning = match &self.codes {
            Codes::Simple(table) => table.get(code as usize).copied().unwrap_or(Meaning::Nothing),
            Codes::Composite(Composite::Utf16) => {
                char::from_u32(code).map_or(Meaning::Nothing, Meaning::Char)
            }
            // Glyph numbers of most fonts follow ASCII, 29 behind.
            Codes::Composite(_) => Meaning::Guess(match glyph_number {
                3..=97 => char::from_u32(glyph_number + 29).unwrap_or(char::REPLACEMENT_CHARACTER),
                _ => char::REPLACEMENT_CHARACTER,
            }),
        };
        let (text, other) = match (copied.map(|text| Copied::of(text, code)), meaning) {
            (Some(Copied::Text(copied)), Meaning::Char(c)) => {
                (Seen::Text(copied), (!copied.chars().eq([c])).then_some(c))
            }
            (Some(Copied::Text(copied)), _) => (Seen::Text(copied), None),
            (_, Meaning::Char(c)) => (Seen::Char(c), None),
            (Some(Copied::Nothing), _) => (Seen::Guess(' '), None),
            (Some(Copied::Private(c)), _) => (Seen::Guess(c), None),
            (None, Meaning::Guess(c)) => (Seen::Guess(c), None),
            (None, Meaning::Nothing) => (Seen::Nothing, None),
        };
        let shown = match text {
            Seen::Char(c) | Seen::Guess(c) => c,
            Seen::Nothing => ' ',
            Seen::Text(text) => text.chars().next().unwrap_or(' '),
        };
        let width = self.widths.get(glyph_number).or(self.missing_width);
        let width = width.unwrap_or_else(|| glyphs::width(self.family, other.unwrap_or(shown)));
        let is_space = length == 1 && code == 32;
        Glyph { code, text, other, width: width * self.unit, is_space }
    }
}

/// What copying a glyph gives.
enum Copied<'f> {
    /// A blank, though it is hardly one: maps are made to say so.
    Nothing,
    /// A character without meaning; symbol fonts put ASCII at U+F000.
    Private(char),
    Text(&'f str),
}

impl<'f> Copied<'f> {
    fn of(text: &'f str, code: u32) -> Self {
        if let Some(c @ ('\u{e000}'..='\u{f8ff}' | char::REPLACEMENT_CHARACTER)) =
            text.chars().next()
        {
            let low = char::from((u32::from(c) & 0xFF) as u8);
            let symbol = ('\u{f020}'..='\u{f07e}').contains(&c);
            return Self::Private(if symbol { low } else { char::REPLACEMENT_CHARACTER });
        }
        // Codes 3 and 32 are the blank itself.
        let blank = text.chars().all(|c| c.is_whitespace() || c.is_control());
        if blank && code != 3 && code != 32 { Self::Nothing } else { Self::Text(text) }
    }
}

/// Widths by glyph number, the first 256 without a search.
#[derive(Debug)]
struct Widths {
    steps: usize,
    first: Box<[Option<f64>; 256]>,
    rest: HashMap<u32, f64>,
}

impl Default for Widths {
    fn default() -> Self {
        Self { steps: 0, first: Box::new([None; 256]), rest: HashMap::new() }
    }
}

impl Widths {
    fn get(&self, glyph: u32) -> Option<f64> {
        match self.first.get(glyph as usize) {
            Some(width) => *width,
            None => self.rest.get(&glyph).copied(),
        }
    }

    fn add(&mut self, glyph: usize, width: Option<f64>) {
        self.steps += 1;
        if let Some(place) = self.first.get_mut(glyph) {
            *place = width;
        } else if let (Ok(glyph), Some(width)) = (u32::try_from(glyph), width)
            && self.steps < CODES
        {
            self.rest.insert(glyph, width);
        }
    }
}

fn two(bytes: &[u8]) -> (u32, usize) {
    match bytes {
        [high, low, ..] => (u32::from(*high) << 8 | u32::from(*low), 2),
        [only] => (u32::from(*only), 1),
        [] => (0, 1),
    }
}

/// `[39 /quotesingle 96 /grave /a]` (9.6.5.1).
fn differences(list: &Object, document: &Document<'_>, table: &mut [Meaning; 256]) {
    let mut code = 0_usize;
    for item in list.array().unwrap_or_default() {
        match &*document.last(item) {
            Object::Number(number) => code = *number as usize,
            Object::Name(name) => {
                let own = u8::try_from(code).ok().and_then(|code| Base::WinAnsi.char(code));
                let guess = glyphs::numbered(name).or(own).unwrap_or(char::REPLACEMENT_CHARACTER);
                if let Some(place) = table.get_mut(code) {
                    *place = match glyphs::named(name) {
                        Some(c) => Meaning::Char(c),
                        None if **name == *b".notdef" => Meaning::Nothing,
                        None => Meaning::Guess(guess),
                    };
                }
                code = code.saturating_add(1);
            }
            _ => {}
        }
    }
}

const CODES: usize = 1 << 16;
/// Fonts in a file hold the glyphs that it uses, numbered from zero.
const REMEMBERED: usize = 1024;
