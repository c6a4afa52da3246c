//! Puts together what line ends, marks and boxes tore apart: flowed text, quoted
//! replies, folded lines, the escapes of JSON and of terminals, text that is
//! turned round.

use std::borrow::Cow;

use super::Flow;

/// Takes quote marks away and joins flowed lines (RFC 3676 section 4).
pub(super) fn unquote(text: &str, flow: Option<Flow>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\r', '\n']);
        let (depth, content) = strip_quotes(content);
        let content = match flow {
            Some(_) => content.strip_prefix(' ').unwrap_or(content),
            None => content,
        };
        if open.is_some_and(|before| before != depth) {
            out.push('\n');
        }
        let soft = flow.filter(|_| content.ends_with(' ') && content != "-- ");
        match soft {
            Some(Flow::Drop) => out.push_str(content.strip_suffix(' ').unwrap_or(content)),
            Some(Flow::Keep) => out.push_str(content),
            None => {
                out.push_str(content);
                out.push('\n');
            }
        }
        open = soft.map(|_| depth);
    }
    out
}

/// Splits the marks of a quoted line, with blanks between them, from the rest.
fn strip_quotes(line: &str) -> (usize, &str) {
    let (mut depth, mut rest) = (0, line);
    loop {
        let inner = if depth == 0 { rest } else { rest.strip_prefix(' ').unwrap_or(rest) };
        match inner.strip_prefix('>') {
            Some(inner) => {
                depth += 1;
                rest = inner;
            }
            None => return (depth, if depth == 0 { line } else { rest }),
        }
    }
}

/// Joins folded lines (RFC 5545 section 3.1).
pub(super) fn unfold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match line.strip_prefix([' ', '\t']) {
            Some(more) => {
                out.truncate(out.trim_end_matches(['\r', '\n']).len());
                out.push_str(more);
            }
            None => out.push_str(line),
        }
    }
    out
}

/// Replaces `\uXXXX` of JSON and its relatives; `None` if there is none.
pub(super) fn unescape_json(text: &str) -> Option<String> {
    memchr::memmem::find(text.as_bytes(), b"\\u")?;
    let mut out = String::with_capacity(text.len());
    let mut pieces = text.split("\\u");
    out.push_str(pieces.next()?);
    let mut changed = false;
    for piece in pieces {
        let code = piece.get(..4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        match code.and_then(char::from_u32) {
            Some(c) => {
                changed = true;
                out.push(c);
                out.push_str(piece.get(4..).unwrap_or_default());
            }
            None => {
                out.push_str("\\u");
                out.push_str(piece);
            }
        }
    }
    changed.then_some(out)
}

/// The text as a terminal shows it: without escape sequences (ECMA-48), and
/// with what a backspace takes away gone; `None` where there are none.
pub(super) fn on_a_terminal(text: &str) -> Option<String> {
    memchr::memchr2(ESCAPE as u8, BACKSPACE as u8, text.as_bytes())?;
    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            BACKSPACE => {
                shown.pop();
            }
            ESCAPE if chars.next_if_eq(&'[').is_some() => {
                // Parameters, up to the letter that says what it is.
                let _ = chars.find(|c| matches!(c, '@'..='~'));
            }
            ESCAPE => {}
            c => shown.push(c),
        }
    }
    Some(shown)
}

/// Percent signs decoded, if there are any.
pub(super) fn unpercent(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    crate::extract::message::percent_decode(text.as_bytes(), &mut bytes);
    Cow::Owned(super::charset::decode(&bytes, None).into_owned())
}

/// The lines in which percent signs decode to something, decoded.
pub(super) fn unpercent_lines(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let decoded = unpercent(line);
        if decoded != line {
            out.push_str(&decoded);
            out.push('\n');
        }
    }
    out
}

/// The characters from last to first, as right-to-left markup shows them.
pub(super) fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

/// The lines with one box for each figure, `[2][2][8]`, without the boxes.
pub(super) fn unboxed(text: &str) -> Option<String> {
    memchr::memmem::find(text.as_bytes(), b"][")?;
    let mut out = String::new();
    for line in text.lines().filter(|line| line.contains("][")) {
        let mut rest = line.chars();
        while let Some(c) = rest.next() {
            let mut after = rest.clone();
            match (c, after.next(), after.next()) {
                ('[', Some(figure), Some(']')) => {
                    out.push(figure);
                    rest = after;
                }
                _ => out.push(c),
            }
        }
        out.push('\n');
    }
    Some(out)
}

/// The text with what stands behind a right-to-left override (U+202E) turned
/// round, up to what ends it or the line; `None` where there is none.
pub(super) fn overridden(text: &str) -> Option<String> {
    memchr::memmem::find(text.as_bytes(), OVERRIDE.as_bytes())?;
    let mut shown = String::with_capacity(text.len());
    let mut pieces = text.split(OVERRIDE);
    shown.push_str(pieces.next()?);
    for piece in pieces {
        let end = piece.find(['\u{202c}', '\n']).unwrap_or(piece.len());
        let (turned, rest) = piece.split_at(end);
        shown.push_str(&reversed(turned));
        shown.push_str(rest);
    }
    Some(shown)
}

const BACKSPACE: char = '\u{8}';
const ESCAPE: char = '\u{1b}';
const OVERRIDE: &str = "\u{202e}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_backspaces_part_no_number() {
        let shown = on_a_terminal("fnr \u{1b}[31m228\u{1b}[0;1m360\u{1b}14271 12\u{8}3\u{1b}[");
        assert_eq!(shown.as_deref(), Some("fnr 22836014271 13"));
        assert_eq!(on_a_terminal("fnr 228"), None);
    }

    #[test]
    fn boxes_part_no_number() {
        let lines = unboxed("Hei\nfnr [2][2][8] [3] [083][11\n[1] x");
        assert_eq!(lines.as_deref(), Some("fnr 228 3 [083][11\n"));
        assert_eq!(unboxed("a[1]"), None);
    }

    #[test]
    fn overridden_text_is_read_from_its_end() {
        let shown = overridden("fnr \u{202e}17241063822\u{202c} ja\n\u{202e}ba\nc");
        assert_eq!(shown.as_deref(), Some("fnr 22836014271\u{202c} ja\nab\nc"));
        assert_eq!(overridden("fnr 228"), None);
    }

    #[test]
    fn joins_a_number_that_a_reply_cut() {
        assert_eq!(
            unquote("> fnr 228360 \r\n> 14271\r\nHei\r\n", Some(Flow::Keep)),
            "fnr 228360 14271\nHei\n"
        );
        assert_eq!(unquote("fnr 228360 \n14271\n", Some(Flow::Drop)), "fnr 22836014271\n");
        assert_eq!(unquote(">> a\n> b\nc", None), " a\n b\nc\n");
    }

    #[test]
    fn unfolds_and_unescapes() {
        assert_eq!(unfold("NOTE:2283601\r\n 4271\r\nEND"), "NOTE:22836014271\r\nEND");
        assert_eq!(unescape_json("{\"a\":\"\\u0031\\u0032\"}").as_deref(), Some("{\"a\":\"12\"}"));
        assert_eq!(unescape_json("c:\\users"), None);
        assert_eq!(unpercent("a%20b"), "a b");
    }
}
