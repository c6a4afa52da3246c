//! The adapter to mail-parser, and the only place that knows it.
//!
//! Gives the structure of a message as byte ranges. It decodes nothing for us
//! and judges nothing: bytes that it puts in no part are found by the caller
//! from the ranges, and read too.

use std::{ops::Range, sync::LazyLock};

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
    let Some(message) = PARSER.parse(raw) else { return Vec::new() };
    let range = |start: u32, end: u32| {
        let end = usize::try_from(end).unwrap_or(usize::MAX).min(raw.len());
        usize::try_from(start).unwrap_or(end).min(end)..end
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
