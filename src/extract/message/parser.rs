//! The adapter to mail-parser, and the only place that knows it.
//!
//! Gives the structure of a message as byte ranges. It decodes nothing for us
//! and judges nothing: bytes that it puts in no part are found by the caller
//! from the ranges, and read too.

use std::{borrow::Cow, ops::Range, sync::LazyLock};

use mail_parser::{HeaderName, MessageParser, PartType, decoders::charsets::map::charset_decoder};

/// One node of a message. Ranges are of the bytes that were parsed.
pub(super) struct Entity {
    pub(super) head: Range<usize>,
    pub(super) body: Range<usize>,
    pub(super) shape: Shape,
    /// The parser did not follow the encoding or found no end.
    pub(super) doubtful: bool,
}

/// What the parser took an entity for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shape {
    /// A part without parts.
    Leaf,
    /// A message of its own, not encoded.
    Message,
    /// A part made of the parts that follow.
    Multipart,
}

/// The entities of `raw`, in order. Empty when `raw` is no message.
pub(super) fn entities(raw: &[u8]) -> Vec<Entity> {
    let shortened = Shortened::of(raw);
    let Some(message) = PARSER.parse(&*shortened.bytes) else { return Vec::new() };
    let range = |start: u32, end: u32| {
        let end = shortened.place(end).min(raw.len());
        shortened.place(start).min(end)..end
    };
    message
        .parts
        .iter()
        .map(|part| Entity {
            head: range(part.offset_header, part.offset_body),
            body: range(part.offset_body, part.offset_end),
            shape: match part.body {
                PartType::Message(_) if part.encoding == mail_parser::Encoding::None => {
                    Shape::Message
                }
                PartType::Multipart(_) => Shape::Multipart,
                PartType::Binary(_)
                | PartType::Html(_)
                | PartType::InlineBinary(_)
                | PartType::Message(_)
                | PartType::Text(_) => Shape::Leaf,
            },
            doubtful: part.is_encoding_problem,
        })
        .collect()
}

/// A message without the middle of its long stretches of base64.
///
/// The parser would decode them only for us to do it again. What is left out
/// are whole lines in which no delimiter, no field and no odd sign can stand,
/// made of whole groups of four; all around them stays. Positions are mapped
/// back, so nothing is left out of what is read.
struct Shortened<'a> {
    bytes: Cow<'a, [u8]>,
    /// Positions after which bytes are missing, and how many in all up to there.
    cuts: Vec<(usize, usize)>,
}

impl<'a> Shortened<'a> {
    fn of(raw: &'a [u8]) -> Self {
        let mut shortened = Self { bytes: Cow::Borrowed(raw), cuts: Vec::new() };
        if raw.len() < WORTH_IT {
            return shortened;
        }
        let mut bytes = Vec::new();
        let (mut at, mut copied) = (0, 0);
        while let Some(newline) = raw.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)) {
            let length = newline + 1;
            let lines = raw[at..].chunks_exact(length).take_while(|line| is_base64(line)).count();
            if lines > 2 * KEPT {
                bytes.extend_from_slice(&raw[copied..at + KEPT * length]);
                copied = at + (lines - KEPT) * length;
                shortened.cuts.push((bytes.len(), copied - bytes.len()));
            }
            at += lines.max(1) * length;
        }
        if copied > 0 {
            bytes.extend_from_slice(&raw[copied..]);
            shortened.bytes = Cow::Owned(bytes);
        }
        shortened
    }

    /// Where in the message the byte at `position` stands.
    fn place(&self, position: u32) -> usize {
        let position = usize::try_from(position).unwrap_or(usize::MAX);
        let cuts = self.cuts.partition_point(|(at, _)| *at <= position);
        let missing = cuts.checked_sub(1).and_then(|last| self.cuts.get(last));
        position.saturating_add(missing.map_or(0, |(_, missing)| *missing))
    }
}

/// Whether a line, its end included, is of whole groups of base64 and nothing
/// else.
fn is_base64(line: &[u8]) -> bool {
    let Some(line) = line.strip_suffix(b"\n") else { return false };
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (Some(first), Some(last)) = (line.first_chunk::<HALF>(), line.last_chunk::<HALF>()) else {
        return false;
    };
    // Both halves whole and without a branch, because that takes few
    // instructions.
    let are_signs = |half: &[u8; HALF]| {
        half.iter().fold(true, |all, b| {
            let letter = (b | 0x20).wrapping_sub(b'a') < 26;
            let digit_or_slash = b.wrapping_sub(b'/') < 11;
            all & (letter | digit_or_slash | (*b == b'+'))
        })
    };
    line.len() <= 2 * HALF && line.len().is_multiple_of(4) && are_signs(first) && are_signs(last)
}

/// Decodes the few charsets of mail that the Encoding Standard leaves out,
/// UTF-7 above all.
pub(in crate::extract) fn decode_charset(label: &str, bytes: &[u8]) -> Option<String> {
    charset_decoder(label.as_bytes()).map(|decode| decode(bytes))
}

/// Only what the structure hangs on is parsed here.
static PARSER: LazyLock<MessageParser> = LazyLock::new(|| {
    MessageParser::new()
        .default_header_ignore()
        .header_content_type(HeaderName::ContentType)
        .header_content_type(HeaderName::ContentDisposition)
        .header_text(HeaderName::ContentTransferEncoding)
});

/// Shorter messages are parsed as they are.
const WORTH_IT: usize = 32 << 10;
/// Lines that stay at both ends of a stretch: far more than a delimiter has.
const KEPT: usize = 16;
/// Lines of base64 have between one and two of these: 64 or 76 signs mostly.
const HALF: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// A message of a text, a long file and another text.
    fn message(line: &str, lines: usize) -> Vec<u8> {
        let head = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
        let text = "--b\r\n\r\nHei\r\n";
        let file = "--b\r\nContent-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n";
        [head, text, file, &line.repeat(lines), text, "--b--\r\n"].concat().into_bytes()
    }

    fn ranges(raw: &[u8]) -> Vec<(Range<usize>, Range<usize>, bool)> {
        entities(raw).into_iter().map(|e| (e.head, e.body, e.doubtful)).collect()
    }

    #[test]
    fn a_long_file_is_found_whole() {
        let line = format!("{}\r\n", "QUJD".repeat(19));
        let raw = message(&line, 5000);
        assert!(Shortened::of(&raw).bytes.len() < 4000);
        let bodies: Vec<_> = ranges(&raw).into_iter().map(|(_, body, _)| &raw[body]).collect();
        assert_eq!(bodies[2].len(), 5000 * line.len() - 2);
        assert!(bodies[1] == b"Hei" && bodies[3] == b"Hei");
        assert!(ranges(&raw).iter().all(|(_, _, doubtful)| !doubtful));
    }

    #[test]
    fn what_is_not_plain_base64_is_parsed_as_it_stands() {
        for odd in ["-", "=", ":", " ", ".", "_", "\n", "\u{e6}", "\0"] {
            for at in [0, 1, 40, 63, 70, 75] {
                let mut line = "QUJD".repeat(19);
                line.replace_range(at..=at, odd);
                let raw = message(&(line + "\r\n"), 1000);
                assert_eq!(Shortened::of(&raw).bytes, raw, "{odd:?} at {at}");
            }
        }
        let raw = message(&("QUJD".repeat(19) + "Q\r\n"), 1000);
        assert_eq!(Shortened::of(&raw).bytes, raw);
    }
}
