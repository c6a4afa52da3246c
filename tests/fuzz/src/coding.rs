//! Valid ways to write text in a message: charsets, transfer encodings
//! (RFC 2045), encoded words (RFC 2047) and parameters (RFC 2231). Every form
//! here is decoded alike by all mail programs.

use std::fmt::Write;

use data_encoding::BASE64;
use encoding_rs::{Encoding, ISO_8859_15, UTF_8, WINDOWS_1252};

use crate::choice::Choice;

/// Text in bytes, and the name of the charset they are in.
pub struct Coded {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The name for the label; none where none is needed.
    pub charset: Option<&'static str>,
    /// Whether line ends are single bytes in it.
    pub has_lines: bool,
}

/// Puts text into a charset that has all its characters.
pub fn charset(choice: &mut Choice<'_>, text: &str) -> Coded {
    let by = |encoding: &'static Encoding, name| {
        let (bytes, _, unmapped) = encoding.encode(text);
        let bytes = (!unmapped).then(|| bytes.into_owned())?;
        Some(Coded { bytes, charset: Some(name), has_lines: true })
    };
    let wide = |big: bool, mark: bool, name| {
        let units = mark.then_some(0xFEFF).into_iter().chain(text.encode_utf16());
        let bytes = units.flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() });
        Some(Coded { bytes: bytes.collect(), charset: Some(name), has_lines: false })
    };
    let coded = match choice.up_to(9) {
        1 => by(WINDOWS_1252, "iso-8859-1"),
        2 => by(WINDOWS_1252, "Windows-1252"),
        3 => by(ISO_8859_15, "ISO-8859-15"),
        4 => by(UTF_8, "UTF-8"),
        5 => wide(false, true, "utf-16"),
        6 => wide(true, false, "utf-16be"),
        7 => wide(false, false, "UTF-16LE"),
        8 => by(WINDOWS_1252, "latin1"),
        _ => by(UTF_8, "utf-8"),
    };
    let unlabelled = text.is_ascii() && choice.once_in(3);
    match coded {
        Some(coded) if coded.has_lines && unlabelled => Coded { charset: None, ..coded },
        Some(coded) => coded,
        None => Coded { bytes: text.into(), charset: Some("utf-8"), has_lines: true },
    }
}

/// A body in a transfer encoding, and the name of it.
pub fn transfer(choice: &mut Choice<'_>, coded: &Coded) -> (Vec<u8>, Option<&'static str>) {
    let bytes = &coded.bytes;
    match choice.up_to(6) {
        0 | 1 if coded.has_lines && bytes.is_ascii() => {
            (bytes.clone(), choice.pick(&[None, Some("7bit"), Some("8bit"), Some("binary")]))
        }
        0 | 1 if coded.has_lines => (bytes.clone(), Some("8bit")),
        2..=4 => (quoted_printable(choice, bytes, coded.has_lines), Some("quoted-printable")),
        _ => (base64(choice, bytes), Some("base64")),
    }
}

/// Base64 in lines of some length.
pub fn base64(choice: &mut Choice<'_>, bytes: &[u8]) -> Vec<u8> {
    let width = choice.pick(&[76, 60, 64, 72, 4, 20, 57, 1, 998]);
    let text = BASE64.encode(bytes);
    let lines: Vec<_> = text.as_bytes().chunks(width).collect();
    let mut out = lines.join(&b"\r\n"[..]);
    out.extend_from_slice(choice.pick(&[b"\r\n", b"", b"\r\n\r\n"]));
    out
}

/// Quoted-printable with soft breaks and needless escapes anywhere.
fn quoted_printable(choice: &mut Choice<'_>, bytes: &[u8], has_lines: bool) -> Vec<u8> {
    let lower = choice.once_in(3);
    let (escapes, breaks) = (choice.pick(&[1000, 12, 3, 1]), choice.pick(&[1000, 30, 7, 3]));
    let mut out = Vec::new();
    let mut column = 0;
    let mut rest = bytes.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if has_lines && byte == b'\r' && rest.peek() == Some(&b'\n') {
            rest.next();
            out.extend_from_slice(b"\r\n");
            column = 0;
            continue;
        }
        if column >= 70 || (column > 0 && choice.once_in(breaks)) {
            out.extend_from_slice(b"=\r\n");
            column = 0;
        }
        let ends = rest.peek().is_none_or(|next| matches!(next, b'\r' | b'\n'));
        let blank = matches!(byte, b' ' | b'\t');
        let safe = (byte.is_ascii_graphic() && byte != b'=') || (blank && !ends);
        // A point or "From " at the start of a line is escaped by most.
        let safe = safe && !(column == 0 && matches!(byte, b'.' | b'F' | b'-'));
        if safe && !choice.once_in(escapes) {
            out.push(byte);
            column += 1;
        } else {
            let escape = if lower { format!("={byte:02x}") } else { format!("={byte:02X}") };
            out.extend_from_slice(escape.as_bytes());
            column += 3;
        }
    }
    out
}

/// The value of a header field that shows `text`.
pub fn header_value(choice: &mut Choice<'_>, text: &str) -> String {
    let text = text.trim();
    match choice.up_to(4) {
        0 | 1 if text.is_ascii() => fold(choice, text),
        0 => text.to_owned(),
        _ => encoded_words(choice, text),
    }
}

/// Folds at one of the blanks, or not at all.
fn fold(choice: &mut Choice<'_>, text: &str) -> String {
    let blanks: Vec<_> = text.match_indices(' ').map(|(at, _)| at).collect();
    if blanks.is_empty() || choice.once_in(2) {
        return text.to_owned();
    }
    let (before, after) = text.split_at(choice.pick(&blanks));
    format!("{before}\r\n{}{}", choice.pick(&[" ", "\t", "  ", " \t"]), after.trim_start())
}

/// Encoded words side by side, cut between any two characters.
fn encoded_words(choice: &mut Choice<'_>, text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let width = choice.pick(&[12, 5, 3, 20, 1]);
    let latin = text.chars().all(|c| (c as u32) < 256) && choice.once_in(3);
    let language = choice.pick(&["", "", "*nb", "*en-GB"]);
    let set = choice.pick(if latin { &["iso-8859-1", "ISO-8859-1"] } else { &["utf-8", "UTF-8"] });
    let word = |piece: &[char], quoted: bool| {
        let piece: String = piece.iter().collect();
        let bytes = if latin { WINDOWS_1252.encode(&piece).0.into_owned() } else { piece.into() };
        if !quoted {
            return format!("=?{set}{language}?B?{}?=", BASE64.encode(&bytes));
        }
        let mut out = format!("=?{set}{language}?q?");
        for byte in bytes {
            match byte {
                b' ' => out.push('_'),
                b if b.is_ascii_alphanumeric() => out.push(char::from(b)),
                b => write!(out, "={b:02X}").expect("a string takes all"),
            }
        }
        out + "?="
    };
    let words: Vec<_> = chars.chunks(width).map(|piece| word(piece, choice.once_in(2))).collect();
    words.join(choice.pick(&["\r\n ", " ", "\r\n\t", "\r\n  "]))
}

/// A parameter of a structured field: `; name=value` in one of its forms.
pub fn parameter(choice: &mut Choice<'_>, name: &str, value: &str) -> String {
    let name = shouted(choice, name);
    let token = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._+".contains(&b));
    let quotable = value.is_ascii() && !value.contains(['"', '\\', '\r', '\n']);
    match choice.up_to(5) {
        0 | 1 if quotable => format!("{name}=\"{value}\""),
        2 if token => format!("{name}={value}"),
        3 if quotable && value.len() > 4 => {
            let (one, two) = value.split_at(choice.up_to(value.len() - 2) + 1);
            format!("{name}*0=\"{one}\";\r\n {name}*1=\"{two}\"")
        }
        4 if value.len() > 4 && value.is_ascii() => {
            let (one, two) = value.split_at(choice.up_to(value.len() - 2) + 1);
            format!("{name}*0*=utf-8''{};\r\n\t{name}*1*={}", percent(one), percent(two))
        }
        _ => format!("{name}*=UTF-8'{}'{}", choice.pick(&["", "nb"]), percent(value)),
    }
}

/// A file name in an encoded word, which RFC 2047 forbids and everyone reads.
pub fn quoted_encoded_word(choice: &mut Choice<'_>, name: &str, value: &str) -> String {
    let words = encoded_words(choice, value);
    format!("{name}=\"{words}\"")
}

fn percent(value: &str) -> String {
    value.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a string takes all");
        }
        out
    })
}

/// The same name in another case.
pub fn shouted(choice: &mut Choice<'_>, name: &str) -> String {
    match choice.up_to(3) {
        1 => name.to_ascii_lowercase(),
        2 => name.to_ascii_uppercase(),
        _ => name.to_owned(),
    }
}
