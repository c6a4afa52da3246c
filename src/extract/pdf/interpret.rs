//! Runs the operators of page content (ISO 32000-2, annex A) as far as text
//! needs it: coordinates, fonts, strings, and the forms drawn inside.
//!
//! Clipping, colour, render mode and optional content are not asked: text that
//! is hidden for the eye is read too.

use std::{collections::HashMap, rc::Rc};

use super::{
    canvas::{Canvas, Piece},
    document::{Document, Revision},
    filter::{self, Stop},
    font::{Font, Seen},
    glyphs,
    lexer::{Fault, Item, Lexer},
    matrix::Matrix,
    object::{Dict, Object, Stream},
};
use crate::extract::{budget::Overrun, walk::Walk};

/// What stays the same from page to page.
pub(super) struct Interpreter<'d, 'b> {
    pub(super) document: &'d Document<'b>,
    pub(super) revision: Revision,
    /// By definition; the revision is in it.
    fonts: HashMap<usize, Rc<Font>>,
    /// Streams that were run, by their place in the file.
    pub(super) run: std::collections::HashSet<usize>,
    forms: usize,
    /// Trouble met, for the page at hand.
    pub(super) trouble: Option<Stop>,
}

#[derive(Clone)]
struct State {
    ctm: Matrix,
    font: Option<(usize, Rc<Font>)>,
    size: f64,
    letter_space: f64,
    word_space: f64,
    scale: f64,
    leading: f64,
    rise: f64,
}

impl State {
    /// What is added to the widths of `plain`, glyphs of one byte.
    fn spaces(&self, plain: &[u8]) -> f64 {
        let mut spaces = self.letter_space * plain.len() as f64;
        if self.word_space != 0.0 {
            spaces += self.word_space * memchr::memchr_iter(b' ', plain).count() as f64;
        }
        spaces
    }
}

/// One content stream on its way.
struct Run<'c, 'r> {
    canvas: &'c mut Canvas,
    resources: &'r Dict,
    state: State,
    saved: Vec<State>,
    text: Matrix,
    line: Matrix,
    depth: usize,
}

impl<'d, 'b> Interpreter<'d, 'b> {
    pub(super) fn new(document: &'d Document<'b>) -> Self {
        Self {
            document,
            revision: Revision { end: usize::MAX },
            fonts: HashMap::new(),
            run: std::collections::HashSet::new(),
            forms: 0,
            trouble: None,
        }
    }

    /// Runs `content` with `resources`, starting from `ctm`.
    pub(super) fn run(
        &mut self,
        walk: &mut Walk,
        canvas: &mut Canvas,
        (content, resources): (&[u8], &Dict),
        ctm: Matrix,
    ) {
        let state = State {
            ctm,
            font: None,
            size: 1.0,
            letter_space: 0.0,
            word_space: 0.0,
            scale: 1.0,
            leading: 0.0,
            rise: 0.0,
        };
        let run = Run {
            canvas,
            resources,
            state,
            saved: Vec::new(),
            text: Matrix::IDENTITY,
            line: Matrix::IDENTITY,
            depth: 0,
        };
        self.operators(walk, run, content);
    }

    fn operators(&mut self, walk: &mut Walk, mut run: Run<'_, '_>, content: &[u8]) {
        let mut lexer = Lexer::new(content, 0);
        let mut operands: Vec<Object> = Vec::new();
        for count in 0_usize.. {
            if count % CHECKED == 0
                && let Err(overrun) = walk.budget.in_time()
            {
                self.trouble = Some(Stop::Over(overrun));
                return;
            }
            match lexer.next() {
                Ok(None) => return,
                Ok(Some(Item::Object(object))) if operands.len() < OPERANDS => {
                    operands.push(object);
                }
                Ok(Some(Item::Object(_) | Item::Close(_))) => {}
                Ok(Some(Item::Word(b"BI"))) => {
                    operands.clear();
                    inline_picture(&mut lexer, content);
                    run.picture(None);
                }
                Ok(Some(Item::Word(word))) => {
                    self.operator(walk, &mut run, word, &operands);
                    operands.clear();
                    lexer.renew();
                }
                Err(fault) => {
                    self.trouble = Some(match fault {
                        Fault::TooBig => Stop::Over(Overrun::Bytes),
                        Fault::TooDeep => Stop::Over(Overrun::Depth),
                    });
                    return;
                }
            }
        }
    }

    fn operator(
        &mut self,
        walk: &mut Walk,
        run: &mut Run<'_, '_>,
        word: &[u8],
        operands: &[Object],
    ) {
        match word {
            b"Do" => self.draw(walk, run, operands),
            b"Tf" => self.select_font(walk, run, operands),
            b"gs" => self.graphics_state(walk, run, operands),
            b"BDC" | b"DP" => {
                for key in [&b"ActualText"[..], b"Alt", b"E"] {
                    let dict = operands.get(1).and_then(Object::dict);
                    let text = dict.and_then(|dict| dict.find(key)).and_then(Object::string);
                    if let Some(text) = text {
                        run.canvas.spoken.push_str(&glyphs::text_string(text));
                    }
                }
            }
            b"EMC" => {
                if !run.canvas.spoken.is_empty() && !run.canvas.spoken.ends_with('\n') {
                    run.canvas.spoken.push('\n');
                }
            }
            _ => run.operator(word, operands),
        }
    }

    fn select_font(&mut self, walk: &mut Walk, run: &mut Run<'_, '_>, operands: &[Object]) {
        let [Object::Name(name), size] = operands else { return };
        run.state.size = size.number().unwrap_or(1.0);
        let fonts = self.document.get(self.revision, run.resources, b"Font");
        let font = fonts.dict().and_then(|fonts| fonts.find(name));
        run.state.font = font.and_then(|font| self.font(walk, font));
    }

    /// A font may also come with a graphics state.
    fn graphics_state(&mut self, walk: &mut Walk, run: &mut Run<'_, '_>, operands: &[Object]) {
        let [Object::Name(name)] = operands else { return };
        let states = self.document.get(self.revision, run.resources, b"ExtGState");
        let Some(states) = states.dict() else { return };
        let state = self.document.get(self.revision, states, name);
        let Some(dict) = state.dict() else { return };
        let font = self.document.get(self.revision, dict, b"Font");
        if let Some([font, size]) = font.array() {
            run.state.font = self.font(walk, font);
            run.state.size = size.number().unwrap_or(1.0);
        }
    }

    fn font(&mut self, walk: &mut Walk, font: &Object) -> Option<(usize, Rc<Font>)> {
        let index = match font {
            Object::Ref(number) => self.document.definition(self.revision, *number)?,
            _ => usize::MAX,
        };
        if let Some(known) = self.fonts.get(&index).filter(|_| index != usize::MAX) {
            return Some((index, Rc::clone(known)));
        }
        let object = self.document.resolve(self.revision, font);
        let font = Rc::new(Font::read(walk, self.document, self.revision, object.dict()?));
        self.fonts.insert(index, Rc::clone(&font));
        Some((index, font))
    }

    /// Draws a picture or runs a form.
    fn draw(&mut self, walk: &mut Walk, run: &mut Run<'_, '_>, operands: &[Object]) {
        let [Object::Name(name)] = operands else { return };
        let all = self.document.get(self.revision, run.resources, b"XObject");
        let Some(all) = all.dict() else { return };
        let object = self.document.get(self.revision, all, name);
        let Some(stream) = object.stream() else { return };
        if stream.dict.says(b"Subtype", b"Image") {
            run.picture(Some(stream));
            return;
        }
        let ctm = run.state.ctm;
        let (resources, depth) = (run.resources, run.depth);
        self.form(walk, run.canvas, stream, Frame { ctm, resources, depth });
    }

    /// Runs a form: a content stream with resources of its own.
    pub(super) fn form(
        &mut self,
        walk: &mut Walk,
        canvas: &mut Canvas,
        stream: &Stream,
        frame: Frame<'_>,
    ) {
        self.forms += 1;
        if frame.depth >= DEPTH || self.forms > FORMS {
            self.trouble = Some(Stop::Over(Overrun::Depth));
            return;
        }
        self.run.insert(stream.range.start);
        let decoded = filter::decode(walk, self.document, stream);
        self.trouble = self.trouble.or(decoded.stop);
        let own = self.document.get(self.revision, &stream.dict, b"Resources");
        let matrix = self.document.get(self.revision, &stream.dict, b"Matrix");
        let matrix = Matrix::from_object(&matrix).unwrap_or(Matrix::IDENTITY);
        let state = State {
            ctm: matrix.then(frame.ctm),
            font: None,
            size: 1.0,
            letter_space: 0.0,
            word_space: 0.0,
            scale: 1.0,
            leading: 0.0,
            rise: 0.0,
        };
        let inner = Run {
            canvas,
            resources: own.dict().unwrap_or(frame.resources),
            state,
            saved: Vec::new(),
            text: Matrix::IDENTITY,
            line: Matrix::IDENTITY,
            depth: frame.depth + 1,
        };
        self.operators(walk, inner, &decoded.bytes);
    }
}

/// Where a form is drawn.
pub(super) struct Frame<'r> {
    pub(super) ctm: Matrix,
    /// Of what is drawn around it, for forms without.
    pub(super) resources: &'r Dict,
    pub(super) depth: usize,
}

impl Run<'_, '_> {
    fn operator(&mut self, word: &[u8], operands: &[Object]) {
        // No operator here takes more than six.
        let mut numbers = [0.0; 6];
        let given = operands.iter().filter_map(Object::number);
        let count = numbers.iter_mut().zip(given).map(|(place, given)| *place = given).count();
        let numbers = &numbers[..count];
        let number = numbers.first().copied();
        let state = &mut self.state;
        match word {
            b"q" if self.saved.len() < SAVED => self.saved.push(state.clone()),
            b"Q" => {
                if let Some(saved) = self.saved.pop() {
                    *state = saved;
                }
            }
            b"cm" => {
                if let Some(matrix) = Matrix::of(numbers) {
                    state.ctm = matrix.then(state.ctm);
                }
            }
            b"BT" => (self.text, self.line) = (Matrix::IDENTITY, Matrix::IDENTITY),
            b"Tc" => state.letter_space = number.unwrap_or(0.0),
            b"Tw" => state.word_space = number.unwrap_or(0.0),
            b"Tz" => state.scale = number.unwrap_or(100.0) / 100.0,
            b"TL" => state.leading = number.unwrap_or(0.0),
            b"Ts" => state.rise = number.unwrap_or(0.0),
            b"Tm" => {
                if let Some(matrix) = Matrix::of(numbers) {
                    (self.text, self.line) = (matrix, matrix);
                }
            }
            b"Td" | b"TD" => {
                if let [x, y, ..] = *numbers {
                    if word == b"TD" {
                        state.leading = -y;
                    }
                    self.next_line(x, y);
                }
            }
            b"T*" => self.next_line(0.0, -self.state.leading),
            b"Tj" | b"TJ" => self.show_all(operands),
            b"'" => {
                self.next_line(0.0, -self.state.leading);
                self.show_all(operands);
            }
            b"\"" => {
                if let [word_space, letter_space, ..] = *numbers {
                    (state.word_space, state.letter_space) = (word_space, letter_space);
                }
                self.next_line(0.0, -self.state.leading);
                self.show_all(operands.get(2..).unwrap_or_default());
            }
            b"f" | b"F" | b"f*" | b"S" | b"s" | b"B" | b"B*" | b"b" | b"b*" => {
                self.canvas.shapes += 1;
            }
            _ => {}
        }
    }

    fn next_line(&mut self, x: f64, y: f64) {
        self.line = Matrix::translate(x, y).then(self.line);
        self.text = self.line;
    }

    fn show_all(&mut self, operands: &[Object]) {
        let mut piece = None;
        let items = operands.iter().flat_map(|operand| match operand {
            Object::Array(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        });
        for item in items {
            match item {
                Object::String(bytes) => self.show(bytes, &mut piece),
                Object::Number(back) => self.step_back(*back, &mut piece),
                _ => {}
            }
        }
        self.finish(piece);
    }

    /// Moves by thousandths; a wide step ends the piece.
    fn step_back(&mut self, back: f64, piece: &mut Option<Piece>) {
        let step = -back / 1000.0 * self.state.size * self.state.scale;
        if back.abs() > APART {
            let open = piece.take();
            self.finish(open);
        }
        self.text = Matrix::translate(step, 0.0).then(self.text);
    }

    fn show(&mut self, bytes: &[u8], piece: &mut Option<Piece>) {
        self.canvas.drawn = self.canvas.drawn.saturating_add(bytes.len());
        if self.canvas.drawn > DRAWN {
            self.canvas.is_full = true;
            return;
        }
        let Some((index, font)) = self.state.font.clone() else {
            self.show_without_font(bytes);
            return;
        };
        if bytes.is_empty() {
            return;
        }
        let piece = piece.get_or_insert_with(|| self.new_piece());
        // Some letters take two bytes.
        piece.text.reserve(bytes.len() + bytes.len() / 8);
        let (canvas, state) = (&mut *self.canvas, &self.state);
        let mut moved = 0.0;
        let mut rest = bytes;
        while !rest.is_empty() {
            let (length, width) = font.plain(rest);
            let (plain, after) = rest.split_at(length);
            piece.push_plain(plain);
            moved += (width * state.size + state.spaces(plain)) * state.scale;
            rest = after;
            if rest.is_empty() {
                break;
            }
            rest = font.first(rest, |glyph| {
                if matches!(glyph.text, Seen::Guess(_)) {
                    canvas.note_unread(index, glyph.code);
                }
                piece.push(glyph);
                let word_space = if glyph.is_space { state.word_space } else { 0.0 };
                let space = state.letter_space + word_space;
                moved += (glyph.width * state.size + space) * state.scale;
            });
        }
        self.text = Matrix::translate(moved, 0.0).then(self.text);
    }

    /// Viewers take some font or other.
    fn show_without_font(&mut self, bytes: &[u8]) {
        let mut piece = self.new_piece();
        piece.text = glyphs::text_string(bytes).into_owned();
        let step = 0.55 * self.state.size * bytes.len() as f64 * self.state.scale;
        self.text = Matrix::translate(step, 0.0).then(self.text);
        self.finish(Some(piece));
    }

    fn new_piece(&self) -> Piece {
        let matrix = self.text.then(self.state.ctm);
        let [a, b, c, d, ..] = matrix.0;
        let start = matrix.apply(0.0, self.state.rise);
        let backwards = if self.state.size * self.state.scale < 0.0 { -1.0 } else { 1.0 };
        let length = a.hypot(b);
        let direction = if length > 0.0 {
            (a / length * backwards, b / length * backwards)
        } else {
            (1.0, 0.0)
        };
        let size = (c.hypot(d) * self.state.size).abs();
        Piece { start, end: start, direction, size, ..Piece::default() }
    }

    fn finish(&mut self, piece: Option<Piece>) {
        let Some(mut piece) = piece else { return };
        if self.canvas.pieces.len() >= PIECES {
            self.canvas.is_full = true;
            return;
        }
        piece.end = self.text.then(self.state.ctm).apply(0.0, self.state.rise);
        if !piece.text.is_empty() || piece.other.is_some() {
            self.canvas.pieces.push(piece);
        }
    }

    fn picture(&mut self, stream: Option<&Stream>) {
        self.canvas.picture(stream, self.state.ctm);
    }
}

/// Passes over `BI … ID … EI`.
fn inline_picture(lexer: &mut Lexer<'_>, content: &[u8]) {
    while let Ok(Some(item)) = lexer.next() {
        if item == Item::Word(b"ID") {
            break;
        }
    }
    let mut at = lexer.at;
    while let Some(found) = content.get(at..).and_then(|rest| memchr::memmem::find(rest, b"EI")) {
        at += found + 2;
        let blank = |byte: Option<&u8>| byte.is_none_or(|byte| super::lexer::is_blank(*byte));
        // The data may hold these letters too; operators after it are text.
        let after = content.get(at..(at + 16).min(content.len())).unwrap_or_default();
        let open = after.iter().all(|b| b.is_ascii_graphic() || super::lexer::is_blank(*b));
        if blank(content.get(at)) && blank(content.get(at.wrapping_sub(3))) && open {
            break;
        }
    }
    lexer.at = at;
    lexer.renew();
}

const CHECKED: usize = 4096;
const OPERANDS: usize = 4096;
const SAVED: usize = 4096;
const DEPTH: usize = 24;
const FORMS: usize = 20_000;
/// Far more than fit on a page that a person can read.
const PIECES: usize = 300_000;
const DRAWN: usize = 4 << 20;
/// Thousandths of the size: about half a blank.
const APART: f64 = 120.0;
