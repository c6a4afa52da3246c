//! What a page shows: pieces of text with their places, and how much of it is
//! pictures or drawing.

use std::collections::HashSet;

use super::{
    font::{Glyph, Seen},
    matrix::Matrix,
    object::Stream,
    prints::PRINTS,
};

/// Everything drawn on one page.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    pub(super) pieces: Vec<Piece>,
    /// The area of all pictures in square points, overlaps counted twice.
    pub(super) pictures: f64,
    pub(super) has_picture: bool,
    /// The first pictures.
    pub(super) prints: Vec<Print>,
    /// How many shapes were drawn.
    pub(super) shapes: usize,
    /// What the file says should be read instead of what is drawn.
    pub(super) spoken: String,
    /// Some text was left out.
    pub(super) is_full: bool,
    /// How many bytes of strings were drawn.
    pub(super) drawn: usize,
    unread: HashSet<(usize, u32)>,
}

/// A picture on the page.
#[derive(Debug)]
pub(super) struct Print {
    /// None when it stands in the content itself.
    pub(super) stream: Option<Stream>,
    /// Where it is drawn: left, bottom, right, top.
    pub(super) area: [f64; 4],
}

/// Text drawn in one go.
#[derive(Clone, Debug, Default)]
pub(super) struct Piece {
    pub(super) text: String,
    /// What is seen where copying gives another text.
    pub(super) other: Option<String>,
    pub(super) start: (f64, f64),
    pub(super) end: (f64, f64),
    /// Direction of the line as cosine and sine.
    pub(super) direction: (f64, f64),
    /// Height in points.
    pub(super) size: f64,
}

impl Piece {
    /// Adds glyphs that are ASCII and nothing else.
    pub(super) fn push_plain(&mut self, plain: &[u8]) {
        let Ok(plain) = std::str::from_utf8(plain) else { return };
        self.text.push_str(plain);
        if let Some(other) = &mut self.other {
            other.push_str(plain);
        }
    }

    /// Adds a glyph.
    pub(super) fn push(&mut self, glyph: &Glyph<'_>) {
        let before = self.text.len();
        match &glyph.text {
            Seen::Char(c) | Seen::Guess(c) => self.text.push(*c),
            Seen::Nothing => {}
            Seen::Text(text) => self.text.push_str(text),
        }
        if let Some(c) = glyph.other {
            let copied = &self.text[..before];
            self.other.get_or_insert_with(|| copied.to_owned()).push(c);
        } else if let Some(other) = &mut self.other {
            other.push_str(&self.text[before..]);
        }
    }
}

impl Canvas {
    /// Adds a picture that `ctm` lays over the square from 0 to 1.
    pub(super) fn picture(&mut self, stream: Option<&Stream>, ctm: Matrix) {
        self.has_picture = true;
        self.pictures += ctm.area();
        if self.prints.len() < PRINTS {
            let corners = [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)];
            let corners = corners.map(|(x, y)| ctm.apply(x, y));
            let (x, y) = (corners.map(|(x, _)| x), corners.map(|(_, y)| y));
            let area = [least(x), least(y), most(x), most(y)];
            self.prints.push(Print { stream: stream.cloned(), area });
        }
    }

    /// Notes that a font does not say what `code` is.
    pub(super) fn note_unread(&mut self, font: usize, code: u32) {
        if self.unread.len() < UNREAD {
            self.unread.insert((font, code));
        }
    }

    /// Whether a person sees something here that was not read. Numbers have
    /// several digits; a bullet is one sign again and again.
    pub(super) fn has_unread_text(&self) -> bool {
        self.unread.len() >= UNREAD
    }

    /// Whether the page is mostly picture or drawing, so that what is written
    /// in it would have to be recognised. `area` is that of the page.
    pub(super) fn needs_ocr(&self, area: f64) -> bool {
        let letters = self.pieces.iter().map(|piece| piece.text.trim().len()).sum::<usize>();
        let covered = self.pictures >= area * COVERED;
        (letters == 0 && self.has_picture)
            || (letters < STAMP && covered)
            || (letters == 0 && self.is_outlined())
    }

    /// Whether the shapes could be letters.
    pub(super) fn is_outlined(&self) -> bool {
        self.shapes >= OUTLINES
    }
}

fn least(values: [f64; 4]) -> f64 {
    values.into_iter().fold(f64::INFINITY, f64::min)
}

fn most(values: [f64; 4]) -> f64 {
    values.into_iter().fold(f64::NEG_INFINITY, f64::max)
}

/// A number has rarely fewer different digits.
const UNREAD: usize = 4;
/// The part of a page that a scan covers.
const COVERED: f64 = 0.4;
/// A scan with less text beside it has no text layer, only a stamp.
const STAMP: usize = 100;
/// Shapes that could be letters turned into outlines.
const OUTLINES: usize = 40;
