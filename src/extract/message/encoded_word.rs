//! Encoded words in header fields (RFC 2047), read as generously as mail
//! programs do: anywhere in the value, with language tags (RFC 2231), and with
//! a character cut between two words.

use memchr::memmem;

use crate::extract::{message::transfer, text::charset};

/// Decodes all encoded words in `value`; the rest is read as UTF-8 or, where
/// that fails, Windows-1252.
pub(super) fn decode(value: &[u8]) -> String {
    if memmem::find(value, b"=?").is_none() {
        return charset::decode(value, None).into_owned();
    }
    let mut out = String::with_capacity(value.len());
    // Bytes of words that stand side by side are put together before the
    // charset is applied.
    let mut pending: Option<(&[u8], Vec<u8>)> = None;
    let mut rest = value;
    while let Some(start) = memmem::find(rest, b"=?") {
        let (before, from) = rest.split_at(start);
        let Some(word) = Word::parse(from) else {
            flush(&mut pending, &mut out);
            out.push_str(&charset::decode(&rest[..start + 2], None));
            rest = &rest[start + 2..];
            continue;
        };
        let joins = before.trim_ascii().is_empty()
            && pending.as_ref().is_some_and(|(set, _)| set.eq_ignore_ascii_case(word.charset));
        match &mut pending {
            Some((_, bytes)) if joins => bytes.extend(word.bytes()),
            _ => {
                let beside = pending.is_some() && before.trim_ascii().is_empty();
                flush(&mut pending, &mut out);
                if !beside {
                    out.push_str(&charset::decode(before, None));
                }
                pending = Some((word.charset, word.bytes()));
            }
        }
        rest = &from[word.length..];
    }
    flush(&mut pending, &mut out);
    out.push_str(&charset::decode(rest, None));
    out
}

/// As [`decode`], without the blanks between a word and a digit outside words,
/// which some readers drop; `None` if there are none.
pub(super) fn decode_joined(value: &[u8]) -> Option<String> {
    let mut joined = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(blank) = memchr::memchr2(b' ', b'\t', rest) {
        let (before, from) = rest.split_at(blank);
        joined.extend_from_slice(before);
        let after = from.trim_ascii_start();
        let between = joined.ends_with(b"?=") && after.first().is_some_and(u8::is_ascii_digit)
            || joined.last().is_some_and(u8::is_ascii_digit) && after.starts_with(b"=?");
        if !between {
            joined.extend_from_slice(&from[..from.len() - after.len()]);
        }
        rest = after;
    }
    joined.extend_from_slice(rest);
    (joined.len() < value.len()).then(|| decode(&joined))
}

fn flush(pending: &mut Option<(&[u8], Vec<u8>)>, out: &mut String) {
    if let Some((set, bytes)) = pending.take() {
        out.push_str(&charset::decode(&bytes, std::str::from_utf8(set).ok()));
    }
}

struct Word<'a> {
    charset: &'a [u8],
    base64: bool,
    text: &'a [u8],
    length: usize,
}

impl<'a> Word<'a> {
    /// Parses `=?charset*language?encoding?text?=` at the start of `from`.
    fn parse(from: &'a [u8]) -> Option<Self> {
        let inner = from.get(2..)?;
        let inner = inner.get(..LONGEST).unwrap_or(inner);
        let set_end = memchr::memchr(b'?', inner)?;
        let base64 = match inner.get(set_end + 1)? {
            b'b' | b'B' => true,
            b'q' | b'Q' => false,
            _ => return None,
        };
        let text = inner.get(set_end + 3..).filter(|_| inner.get(set_end + 2) == Some(&b'?'))?;
        let cut = || (inner.len() < LONGEST).then(|| (end_without_mark(text), 0));
        let (text_end, mark) = end_of(text).or_else(cut)?;
        let charset = inner[..set_end].split(|b| *b == b'*').next()?;
        let length = set_end + text_end + 5 + mark;
        Some(Self { charset, base64, text: &text[..text_end], length })
    }

    fn bytes(&self) -> Vec<u8> {
        if self.base64 {
            return transfer::base64(self.text).bytes;
        }
        let spaced: Vec<u8> =
            self.text.iter().map(|b| if *b == b'_' { b' ' } else { *b }).collect();
        transfer::quoted_printable(&spaced).bytes
    }
}

/// Where the text of a word ends, and how long its end mark is. Some readers
/// take half a mark, at the end or before the next word.
fn end_of(text: &[u8]) -> Option<(usize, usize)> {
    memchr::memchr_iter(b'?', text).find_map(|mark| {
        let after = text.get(mark + 1..)?;
        if after.first() == Some(&b'=') {
            return Some((mark, 2));
        }
        let next = after.trim_ascii_start();
        let ends = matches!(next, [] | [b'"', ..]) || next.starts_with(b"=?");
        ends.then_some((mark, 1))
    })
}

/// Where the text of a word ends that was cut off before its end mark: with the
/// value, or the quotes around it.
fn end_without_mark(text: &[u8]) -> usize {
    memchr::memchr(b'"', text).unwrap_or(text.len())
}

/// An encoded word has at most 75 characters; programs that write longer ones
/// exist. The cap keeps unfinished words from costing the square of the line.
const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_words_that_cut_a_number_or_a_character() {
        assert_eq!(decode(b"fnr =?utf-8?Q?2283?=\r\n =?utf-8?B?NjAxNDI3MQ==?="), "fnr 22836014271");
        assert_eq!(decode(b"=?utf-8?Q?J=C3?= =?UTF-8?Q?=B8rn?= og Per"), "Jørn og Per");
        assert_eq!(decode(b"=?iso-8859-1*no?q?S=F8_r?= x"), "Sø r x");
    }

    #[test]
    fn drops_blanks_between_words_and_digits() {
        let joined = decode_joined(b"fnr =?utf-8?Q?2283?= 60 142 =?utf-8?Q?71?= x");
        assert_eq!(joined.as_deref(), Some("fnr 228360 14271 x"));
        assert_eq!(decode_joined(b"Sak =?utf-8?Q?2283?= og 60 til"), None);
    }

    #[test]
    fn takes_half_an_end_mark() {
        assert_eq!(decode(b"=?utf-8?B?Zm5yIA==? =?utf-8?Q?=32=328?"), "fnr 228");
        assert_eq!(decode(b"\"=?utf-8?q?228? 36?=\""), "\"228? 36\"");
    }

    #[test]
    fn takes_a_word_that_was_cut_off() {
        let cut = b"\"=?utf-8?Q?fnr_228=33?==?iso-2022-jp*no?q?=36014271.\"";
        assert_eq!(decode(cut), "\"fnr 22836014271.\"");
        assert_eq!(decode(b"Sak =?utf-8?B?Zm5yIDIyODM2MDE0Mjcx"), "Sak fnr 22836014271");
        let long = format!("=?utf-8?q?{}", "a".repeat(LONGEST));
        assert_eq!(decode(long.as_bytes()), long);
    }

    #[test]
    fn leaves_what_only_looks_alike() {
        assert_eq!(decode(b"a =? b ?= =?x?z?y?="), "a =? b ?= =?x?z?y?=");
        assert_eq!(decode(b"\xE6\xF8\xE5"), "æøå");
    }
}
