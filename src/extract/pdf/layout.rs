//! Puts pieces of text together as a person reads them: by lines, from left to
//! right, whatever the order in the file.

use std::collections::HashSet;

use super::canvas::{Canvas, Piece};

/// The text of a page, and what other ways of reading it add.
#[derive(Debug, Default)]
pub(super) struct PageText {
    pub(super) lines: String,
    /// Lines with digits that stand in no line above: in the order of the
    /// file, down the page, or as seen where copying gives something else.
    pub(super) more: String,
}

/// Reads `canvas`.
pub(super) fn read(canvas: &Canvas) -> PageText {
    let lines = by_position(&canvas.pieces);
    let mut others = vec![down(&canvas.pieces), in_order(&canvas.pieces)];
    if canvas.pieces.iter().any(|piece| piece.other.is_some()) {
        let seen = |piece: &Piece| {
            let text = piece.other.clone().unwrap_or_else(|| piece.text.clone());
            Piece { text, other: None, ..piece.clone() }
        };
        let seen: Vec<Piece> = canvas.pieces.iter().map(seen).collect();
        others.push(by_position(&seen));
    }
    // Most pages are written from the top, a line at a time.
    others.retain(|other| count_digits(other) >= DIGITS && *other != lines.trim_end());
    let spoken = (count_digits(&canvas.spoken) >= DIGITS).then_some(canvas.spoken.as_str());
    let more = beyond(&lines, others.iter().map(String::as_str).chain(spoken));
    PageText { lines, more }
}

/// The lines of `others` with digits that stand in none of `lines`.
fn beyond<'a>(lines: &str, others: impl Iterator<Item = &'a str>) -> String {
    let mut more = String::new();
    let mut others = others.peekable();
    if others.peek().is_none() {
        return more;
    }
    let mut known = String::new();
    let mut met = HashSet::new();
    for own in lines.lines().map(digits).filter(|own| own.len() >= DIGITS) {
        known.push_str(&own);
        known.push('\n');
        met.insert(own);
    }
    for line in others.flat_map(str::lines) {
        let own = digits(line);
        if own.len() < DIGITS || met.contains(&own) {
            continue;
        }
        // To search again and again takes long where there is much.
        let small = known.len() < KNOWN;
        if small && memchr::memmem::find(known.as_bytes(), own.as_bytes()).is_some() {
            continue;
        }
        more.push_str(line);
        more.push('\n');
        known.push_str(&own);
        known.push('\n');
        met.insert(own);
    }
    more
}

/// A piece in the coordinates of its own direction.
struct Placed<'a> {
    /// Direction in tenths of a degree.
    turn: i64,
    /// Distance from the top in reading direction.
    down: f64,
    start: f64,
    end: f64,
    size: f64,
    text: &'a str,
}

impl<'a> Placed<'a> {
    fn of(piece: &'a Piece) -> Self {
        let (cosine, sine) = piece.direction;
        let along = |(x, y): (f64, f64)| x * cosine + y * sine;
        let turn = match piece.direction {
            (1.0, 0.0) => 0,
            _ => (sine.atan2(cosine).to_degrees() * 10.0).round() as i64,
        };
        Self {
            turn: if turn == -1800 { 1800 } else { turn },
            down: piece.start.0 * sine - piece.start.1 * cosine,
            start: along(piece.start),
            end: along(piece.end).max(along(piece.start)),
            size: piece.size.max(TINY),
            text: &piece.text,
        }
    }
}

fn by_position(pieces: &[Piece]) -> String {
    let mut placed: Vec<Placed<'_>> =
        pieces.iter().filter(|piece| !piece.text.is_empty()).map(Placed::of).collect();
    placed.sort_by(|a, b| a.turn.cmp(&b.turn).then(a.down.total_cmp(&b.down)));
    let mut text = String::new();
    let mut rest = &mut placed[..];
    while let [first, ..] = rest {
        let (turn, down, size) = (first.turn, first.down, first.size);
        let same = |piece: &Placed<'_>| {
            piece.turn == turn && (piece.down - down).abs() <= LINE * size.min(piece.size).max(TINY)
        };
        let length = rest.iter().position(|piece| !same(piece)).unwrap_or(rest.len());
        let (line, more) = rest.split_at_mut(length.max(1));
        line.sort_by(|a, b| a.start.total_cmp(&b.start));
        write_line(line, &mut text);
        text.push('\n');
        rest = more;
    }
    text
}

fn write_line(line: &[Placed<'_>], text: &mut String) {
    let mut last: Option<&Placed<'_>> = None;
    let mut at = 0;
    while let Some(piece) = line.get(at) {
        if let Some(before) = last {
            // Drawn twice to look bold.
            let near = (piece.start - before.start).abs() < piece.size * SHADOW;
            if near && piece.text == before.text && piece.text.trim() != "" {
                at += 1;
                continue;
            }
            space(text, piece.text, piece.start - before.end, piece.size);
        }
        let comb = comb(&line[at..]);
        for piece in &line[at..at + comb] {
            text.push_str(piece.text);
        }
        at += comb;
        last = line.get(at - 1);
    }
}

fn space(text: &mut String, next: &str, gap: f64, size: f64) {
    if gap > size * SPACE && !text.ends_with(' ') && !next.starts_with(' ') {
        text.push(' ');
    }
}

/// How many of the first pieces are single digits at even steps, as in the
/// boxes of a form; at least one.
fn comb(line: &[Placed<'_>]) -> usize {
    let [first, second, ..] = line else { return 1 };
    let step = second.start - first.start;
    let even = |pair: &[Placed<'_>]| {
        let [left, right] = pair else { return false };
        is_digit(left.text)
            && is_digit(right.text)
            && (right.start - left.start - step).abs() < step * EVEN
    };
    if step < first.size * SHADOW || step > first.size * BOX {
        return 1;
    }
    let length = line.windows(2).take_while(|pair| even(pair)).count() + 1;
    if length >= COMB { length } else { 1 }
}

/// In the order of the file: joined where one piece ends and the next starts.
fn in_order(pieces: &[Piece]) -> String {
    let mut text = String::new();
    let mut last: Option<&Piece> = None;
    for piece in pieces {
        if let Some(before) = last {
            let step = (piece.start.0 - before.end.0, piece.start.1 - before.end.1);
            let far = step.0.hypot(step.1);
            let across = (step.1 * piece.direction.0 - step.0 * piece.direction.1).abs();
            let size = piece.size.max(before.size).max(TINY);
            // Letters along a curve touch, each on a line of its own.
            if far > size * SPACE {
                text.push(if far > size * WORDS || across > size * LINE { '\n' } else { ' ' });
            }
        }
        text.push_str(&piece.text);
        last = Some(piece);
    }
    text
}

/// Single digits under each other.
fn down(pieces: &[Piece]) -> String {
    let mut digits: Vec<&Piece> = pieces.iter().filter(|piece| is_digit(&piece.text)).collect();
    if digits.len() < DIGITS {
        return String::new();
    }
    let column = |piece: &Piece| (piece.start.0 * 2.0).round() as i64;
    digits.sort_by(|a, b| column(a).cmp(&column(b)).then(b.start.1.total_cmp(&a.start.1)));
    let mut text = String::new();
    for pair in digits.windows(2) {
        let [above, below] = pair else { continue };
        text.push_str(above.text.trim());
        let step = above.start.1 - below.start.1;
        if column(above) != column(below) || step > above.size.max(TINY) * DOWN {
            text.push('\n');
        }
    }
    text.extend(digits.last().map(|piece| piece.text.trim()));
    text
}

fn is_digit(text: &str) -> bool {
    let mut chars = text.trim().chars();
    chars.next().is_some_and(|c| c.is_ascii_digit()) && chars.next().is_none()
}

fn digits(text: &str) -> String {
    let count = count_digits(text);
    let mut digits = String::with_capacity(count);
    // Most lines have none.
    if count > 0 {
        digits.extend(text.bytes().filter(u8::is_ascii_digit).map(char::from));
    }
    digits
}

fn count_digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// No identity number has fewer.
const DIGITS: usize = 6;
const KNOWN: usize = 64 << 10;
const COMB: usize = 6;
/// All in parts of the height of the text.
const LINE: f64 = 0.4;
const SHADOW: f64 = 0.15;
const SPACE: f64 = 0.15;
const WORDS: f64 = 1.5;
const BOX: f64 = 6.0;
const DOWN: f64 = 3.0;
/// Of the step from digit to digit.
const EVEN: f64 = 0.12;
/// Points; smaller text is placed as if it were so large.
const TINY: f64 = 0.05;

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(text: &str, x: f64, y: f64, width: f64) -> Piece {
        Piece {
            text: text.into(),
            start: (x, y),
            end: (x + width, y),
            direction: (1.0, 0.0),
            size: 12.0,
            ..Piece::default()
        }
    }

    fn lines(pieces: Vec<Piece>) -> PageText {
        let mut canvas = Canvas::default();
        canvas.pieces = pieces;
        read(&canvas)
    }

    #[test]
    fn joins_by_place_and_not_by_order() {
        let read = lines(vec![
            piece("71", 120.0, 700.0, 13.0),
            piece("Hei", 72.0, 680.0, 20.0),
            piece("fnr", 72.0, 701.0, 16.0),
            piece("228360142", 60.0 + 33.0, 700.0, 27.0),
        ]);
        assert_eq!(read.lines, "fnr 22836014271\nHei\n");
        assert_eq!(read.more, "");
    }

    #[test]
    fn one_digit_in_each_box_is_one_number() {
        let digits = "22836014271".char_indices();
        let boxes =
            digits.map(|(at, c)| piece(&c.to_string(), 72.0 + 20.0 * at as f64, 700.0, 7.0));
        assert_eq!(lines(boxes.collect()).lines, "22836014271\n");
    }

    #[test]
    fn digits_under_each_other_are_read_down() {
        let digits = "22836014271".char_indices();
        let column =
            digits.map(|(at, c)| piece(&c.to_string(), 72.0, 700.0 - 14.0 * at as f64, 7.0));
        assert_eq!(lines(column.collect()).more, "22836014271\n");
    }

    #[test]
    fn a_turned_page_reads_the_same() {
        let up = |text: &str, y: f64, width: f64| Piece {
            direction: (0.0, 1.0),
            end: (72.0, y + width),
            ..piece(text, 72.0, y, 0.0)
        };
        let read = lines(vec![up("14271", 139.0, 33.0), up("228360", 99.0, 40.0)]);
        assert_eq!(read.lines, "22836014271\n");
    }

    #[test]
    fn text_drawn_twice_is_read_once() {
        let read = lines(vec![
            piece("2283", 72.0, 700.0, 27.0),
            piece("2283", 72.3, 700.0, 27.0),
            piece("6014271", 99.0, 700.0, 46.0),
        ]);
        assert_eq!(read.lines, "22836014271\n");
    }
}
