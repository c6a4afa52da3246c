//! Reads Rich Text Format: body, headers, notes, comments, text boxes, hidden
//! text, properties, and the files and pictures inside.
//!
//! Follows Word where files are odd: unknown words mean nothing, missing
//! braces end where the file ends, line ends inside numbers are not there.
//! Text of destinations that no reader shows is told as metadata.

pub(super) mod codepage;
pub(super) mod compressed;
mod state;
mod tokens;
mod words;

use std::collections::HashMap;

use encoding_rs::{Encoding, WINDOWS_1252};

use self::{
    state::{Hex, Side, Sink, State, Text},
    tokens::{Token, Tokens},
};
use super::{
    compound::package,
    content, strings,
    text::{self, Label},
    walk::{Place, Walk},
};
use crate::model::{Fragment, GapKind, Surface};

/// Reads the file `bytes` at `place`.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let mut tokens = Tokens::new(bytes);
    let mut reader = Reader::new();
    for count in 0_usize.. {
        if count % CHECKED == 0
            && let Err(overrun) = walk.budget.in_time()
        {
            walk.overrun(overrun, &place.path);
            break;
        }
        let Some(token) = tokens.next() else { break };
        reader.take(walk, place, token);
        if reader.ended {
            break;
        }
    }
    reader.flush();
    reader.hand_over(walk, place);
    let stray = |b: &u8| matches!(b, b'}' | 0) || b.is_ascii_whitespace();
    let rest = tokens.rest();
    let rest = rest.get(rest.iter().take_while(|b| stray(b)).count()..).unwrap_or_default();
    if !rest.is_empty() {
        // Most readers stop before it; some do not.
        let place = place.child("after the end");
        if memchr::memmem::find(rest, b"{\\").is_some() {
            walk.gap(GapKind::Ambiguous, &place.path);
            walk.inside(&place.path, |walk| read(walk, &place, rest));
        } else {
            content::read(walk, &place, rest);
        }
    }
}

struct Reader {
    state: State,
    stack: Vec<State>,
    /// Groups opened above the deepest that is kept.
    over: usize,
    document: &'static Encoding,
    fonts: HashMap<i32, &'static Encoding>,
    font: i32,
    /// Characters still to be left out after `\u`.
    skip: usize,
    pending: Vec<u8>,
    surrogate: Option<u16>,
    body: Text,
    sides: [Text; 5],
    told: String,
    tags: String,
    hex: Vec<u8>,
    /// The first half of a byte.
    nibble: Option<u8>,
    objects: usize,
    has_pictures: bool,
    quiet: Vec<u8>,
    ended: bool,
}

impl Reader {
    fn new() -> Self {
        let state = State {
            sink: Sink::Body,
            outer: Sink::Body,
            stand_ins: 1,
            charset: WINDOWS_1252,
            hidden: false,
            starred: false,
            begins: false,
            twin: false,
        };
        Self {
            state,
            stack: Vec::new(),
            over: 0,
            document: WINDOWS_1252,
            fonts: HashMap::new(),
            font: 0,
            skip: 0,
            pending: Vec::new(),
            surrogate: None,
            body: Text::default(),
            sides: Default::default(),
            told: String::new(),
            tags: String::new(),
            hex: Vec::new(),
            nibble: None,
            objects: 0,
            has_pictures: false,
            quiet: Vec::new(),
            ended: false,
        }
    }

    fn take(&mut self, walk: &mut Walk, place: &Place, token: Token<'_>) {
        match token {
            Token::Open => {
                self.flush();
                self.skip = 0;
                if self.stack.len() < DEEPEST {
                    self.stack.push(self.state.clone());
                    self.state.begins = false;
                } else {
                    if self.over == 0 {
                        walk.gap(GapKind::TooDeep, &place.path);
                    }
                    self.over += 1;
                }
            }
            Token::Close => {
                self.flush();
                self.skip = 0;
                self.close(walk, place);
            }
            Token::Hex(byte) => self.bytes(&[byte]),
            Token::Text(text) => self.bytes(text),
            Token::Raw(raw) => match self.state.sink {
                Sink::Hex(_) => self.hex.extend_from_slice(raw),
                Sink::Body | Sink::Fonts | Sink::Side(_) | Sink::Tags | Sink::Told => {
                    self.quiet.extend_from_slice(raw);
                }
            },
            Token::Symbol(b'*') => self.state.starred = true,
            Token::Symbol(sign) => {
                if self.skip > 0 {
                    self.skip -= 1;
                } else if let Some(shown) = words::character(&[sign]) {
                    self.flush();
                    self.put(shown);
                }
            }
            Token::Word(word, number) => self.word(word, number),
        }
    }

    fn close(&mut self, walk: &mut Walk, place: &Place) {
        if self.over > 0 {
            self.over -= 1;
            return;
        }
        let Some(outer) = self.stack.pop() else {
            self.ended = true;
            return;
        };
        let inner = std::mem::replace(&mut self.state, outer);
        if inner.begins {
            match inner.sink {
                Sink::Hex(hex) => self.end_hex(walk, place, (hex, inner.twin)),
                Sink::Side(side) => self.side(side).push("\n", false),
                Sink::Tags => self.tags.push('\n'),
                Sink::Body | Sink::Fonts | Sink::Told => {}
            }
        }
        if inner.sink == Sink::Told && !self.told.ends_with('\n') {
            self.told.push('\n');
        }
        self.ended = self.stack.is_empty();
    }

    fn word(&mut self, word: &[u8], number: Option<i32>) {
        let starred = std::mem::take(&mut self.state.starred);
        if word == b"u" {
            self.unicode(number.unwrap_or(0));
            return;
        }
        self.flush();
        if let Some(shown) = words::character(word) {
            self.put(shown);
            return;
        }
        if let Some(sink) = words::destination(word) {
            self.begin(sink);
            return;
        }
        let on = number != Some(0);
        match word {
            b"uc" => self.state.stand_ins = usize::try_from(number.unwrap_or(1)).unwrap_or(1),
            b"v" | b"deleted" => self.state.hidden = on,
            b"plain" => self.state.hidden = false,
            b"ansicpg" => {
                self.document = codepage::of_number(number.unwrap_or(0).unsigned_abs());
                self.state.charset = self.document;
            }
            b"mac" => self.document = codepage::of_number(10000),
            b"f" => {
                self.font = number.unwrap_or(0);
                self.state.charset = *self.fonts.get(&self.font).unwrap_or(&self.document);
            }
            b"fcharset" | b"cpg" if self.state.sink == Sink::Fonts => {
                let number = number.unwrap_or(0);
                let page = if word == b"cpg" {
                    u32::try_from(number).ok()
                } else {
                    codepage::of_font(number)
                };
                if let Some(page) = page {
                    self.fonts.insert(self.font, codepage::of_number(page));
                }
            }
            b"shppict" => self.has_pictures = true,
            b"nonshppict" => self.state.twin = self.has_pictures,
            b"upr" => {
                self.state.outer = self.state.sink;
                self.begin(Sink::Told);
            }
            b"ud" => self.begin(self.state.outer),
            _ if starred && !words::is_shown_though_starred(word) => self.begin(Sink::Told),
            _ => {}
        }
    }

    fn begin(&mut self, sink: Sink) {
        self.state.sink = sink;
        self.state.begins = true;
        self.state.hidden = false;
        if matches!(sink, Sink::Hex(_)) {
            self.hex.clear();
            self.nibble = None;
        }
    }

    /// `\uN`: UTF-16, signed, surrogates one by one.
    fn unicode(&mut self, number: i32) {
        self.skip = self.state.stand_ins;
        let unit = match u16::try_from(number & 0xFFFF).unwrap_or_default() {
            // Symbol fonts stand in the private area.
            unit @ 0xF020..=0xF0FF => unit - 0xF000,
            unit => unit,
        };
        if !self.pending.is_empty() {
            self.flush();
        }
        match (self.surrogate.take(), unit) {
            (_, 0xD800..=0xDBFF) => self.surrogate = Some(unit),
            (Some(high), 0xDC00..=0xDFFF) => {
                let pair = char::decode_utf16([high, unit]).next();
                if let Some(Ok(c)) = pair {
                    self.put(c.encode_utf8(&mut [0; 4]));
                }
            }
            (_, unit) => {
                if let Some(c) = char::from_u32(u32::from(unit)) {
                    self.put(c.encode_utf8(&mut [0; 4]));
                }
            }
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        let bytes = bytes.get(skipped..).unwrap_or_default();
        if let Sink::Hex(_) = self.state.sink {
            for byte in bytes {
                self.digit(*byte);
            }
        } else {
            self.pending.extend_from_slice(bytes);
        }
    }

    fn digit(&mut self, byte: u8) {
        let Some(value) = char::from(byte).to_digit(16).and_then(|v| u8::try_from(v).ok()) else {
            return;
        };
        match self.nibble.take() {
            Some(high) => self.hex.push(high << 4 | value),
            None => self.nibble = Some(value),
        }
    }

    /// Decodes the bytes that wait.
    fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.pending);
        let (text, failed) = self.state.charset.decode_without_bom_handling(&bytes);
        if failed {
            let plain = WINDOWS_1252.decode_without_bom_handling(&bytes).0;
            self.put(&plain);
        } else {
            self.put(&text);
        }
    }

    fn put(&mut self, text: &str) {
        let hidden = self.state.hidden;
        match self.state.sink {
            Sink::Body => self.body.push(text, hidden),
            Sink::Side(side) => self.side(side).push(text, hidden),
            Sink::Tags => self.tags.push_str(text),
            Sink::Fonts | Sink::Told => self.told.push_str(text),
            Sink::Hex(_) => {}
        }
    }

    fn side(&mut self, side: Side) -> &mut Text {
        match side {
            Side::Box => &mut self.sides[0],
            Side::Comment => &mut self.sides[1],
            Side::Footer => &mut self.sides[2],
            Side::Header => &mut self.sides[3],
            Side::Note => &mut self.sides[4],
        }
    }

    /// Reads the bytes of a group of hex digits.
    fn end_hex(&mut self, walk: &mut Walk, place: &Place, (hex, twin): (Hex, bool)) {
        let bytes = std::mem::take(&mut self.hex);
        if bytes.is_empty() {
            return;
        }
        if hex == Hex::Quiet || twin {
            self.quiet.extend_from_slice(&bytes);
            return;
        }
        self.objects += 1;
        let sort = if hex == Hex::Object { "object" } else { "picture" };
        let inner =
            Place::new(place.path.child(&format!("{sort} {}", self.objects)), Surface::FileText);
        if !walk.entry(&inner.path) {
            return;
        }
        if let Err(overrun) = walk.budget.expand(bytes.len()) {
            walk.overrun(overrun, &inner.path);
            return;
        }
        walk.inside(&inner.path, |walk| match hex {
            Hex::Object => package::read_object(walk, &inner, &bytes),
            Hex::Picture | Hex::Quiet => content::read(walk, &inner, &bytes),
        });
    }

    fn hand_over(mut self, walk: &mut Walk, place: &Place) {
        self.body.mark();
        // A file that ends inside an object has not shown it; neither do we
        // lose it.
        self.quiet.append(&mut self.hex);
        give(walk, place, self.body);
        for (side, mut text) in Side::ALL.into_iter().zip(self.sides) {
            text.mark();
            give(walk, &place.child(side.name()), text);
        }
        let told = Place::new(place.path.child("properties"), Surface::Metadata);
        if !self.tags.trim().is_empty() {
            let label = Label { html: true, ..Label::default() };
            text::read(walk, &told, self.tags.as_bytes(), Some(label));
        }
        walk.fragment(told.surface, &told.path, self.told);
        strings::read(walk, &told, &self.quiet);
    }
}

fn give(walk: &mut Walk, place: &Place, text: Text) {
    walk.fragment(place.surface, &place.path.child("hidden text"), text.hidden);
    walk.fragment(place.surface, &place.path, text.all);
    let mut fragment = Fragment::new(place.surface, place.path.clone(), text.shown);
    fragment.marks = text.marks;
    walk.push(fragment);
}

/// Word gives up far earlier.
const DEEPEST: usize = 2000;
const CHECKED: usize = 1 << 14;

#[cfg(test)]
mod tests;
