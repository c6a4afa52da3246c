//! Armoured blocks inside text: OpenPGP (RFC 9580 section 6) and PEM
//! (RFC 7468).
//!
//! The armour lines prove nothing. A block whose bytes are OpenPGP or CMS is
//! judged by those and taken out of the text; any other block stays in it.

use super::{cms, openpgp};
use crate::{
    extract::{
        message, sniff,
        walk::{Place, Walk},
    },
    model::{GapKind, Proof, Surface},
};

/// Judges the blocks in `text` and gives back the text around them.
pub(in crate::extract) fn read(walk: &mut Walk, place: &Place, text: &str) -> String {
    let mut around = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(BEGIN) {
        let (before, block) = rest.split_at(start);
        around.push_str(before);
        match Block::parse(block) {
            Some(parsed) if judge(walk, place, &parsed) => {
                around.push('\n');
                rest = &block[parsed.length..];
            }
            // Stays as text: the line is passed, what follows is looked at.
            Some(_) | None => {
                around.push_str(BEGIN);
                rest = &block[BEGIN.len()..];
            }
        }
    }
    around.push_str(rest);
    around
}

/// Whether the block was what it may be, and is done with.
fn judge(walk: &mut Walk, place: &Place, block: &Block<'_>) -> bool {
    let is_pgp = openpgp::starts_message(&block.bytes);
    let is_cms = sniff::format(&block.bytes) == sniff::Format::Cms;
    if !is_pgp && !is_cms {
        if block.is_message && !block.damaged && !block.bytes.is_empty() {
            // Sound armour around nothing that we know.
            walk.gap(GapKind::Broken, &place.path);
        }
        return false;
    }
    walk.fragment(Surface::Metadata, &place.path.child("armour headers"), block.headers);
    if block.damaged {
        let weak = GapKind::WeakEncryption(Proof::new("armour-damaged"));
        walk.gap(weak, &place.path);
    }
    walk.inside(&place.path, |walk| {
        if is_pgp {
            openpgp::read(walk, place, &block.bytes);
        } else {
            cms::read(walk, place, &block.bytes);
        }
    });
    // Junk between the lines may be the message itself: keep it readable.
    !block.damaged
}

struct Block<'a> {
    headers: &'a str,
    is_message: bool,
    bytes: Vec<u8>,
    damaged: bool,
    length: usize,
}

impl<'a> Block<'a> {
    /// Parses the block at the start of `text`.
    fn parse(text: &'a str) -> Option<Self> {
        let line_end = text.find('\n')?;
        let label = text[..line_end].trim_end().strip_prefix(BEGIN)?.strip_suffix("-----")?;
        let inner = &text[line_end + 1..];
        let end_line = format!("-----END {label}-----");
        let (inner, closed) = match inner.find(&end_line) {
            Some(end) => (&inner[..end], true),
            None => (inner, false),
        };
        let length = line_end + 1 + inner.len() + if closed { end_line.len() } else { 0 };
        let (headers, body) = split_headers(inner);
        let (body, sum) = split_checksum(body);
        let decoded = message::decode_base64(body.as_bytes());
        let spaced = body.lines().any(|line| line.trim().contains([' ', '\t', '-', '_']));
        let wrong = sum.is_some_and(|sum| !is_sum_of(sum, &decoded.bytes));
        let damaged = !closed || decoded.odd || spaced || wrong;
        let is_message = label.starts_with("PGP MESSAGE");
        Some(Self { headers, is_message, bytes: decoded.bytes, damaged, length })
    }
}

/// Lines with a colon before the first empty line.
fn split_headers(inner: &str) -> (&str, &str) {
    let mut end = 0;
    for line in inner.split_inclusive('\n') {
        let content = line.trim();
        if content.is_empty() {
            return (&inner[..end], &inner[end + line.len()..]);
        }
        if !content.contains(": ") && !content.ends_with(':') {
            break;
        }
        end += line.len();
    }
    (&inner[..end], &inner[end..])
}

/// The body, and the line that starts with `=`.
fn split_checksum(body: &str) -> (&str, Option<&str>) {
    let body = body.trim_end();
    match body.rsplit_once('\n') {
        Some((before, sum)) if sum.len() == 5 && sum.starts_with('=') => (before, Some(&sum[1..])),
        Some(_) | None => (body, None),
    }
}

/// CRC-24 of RFC 9580 section 6.1.
fn is_sum_of(sum: &str, bytes: &[u8]) -> bool {
    let mut crc: u32 = 0xB7_04CE;
    for byte in bytes {
        crc ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x100_0000 != 0 {
                crc ^= 0x186_4CFB;
            }
        }
    }
    message::decode_base64(sum.as_bytes()).bytes == crc.to_be_bytes()[1..]
}

const BEGIN: &str = "-----BEGIN ";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base::limits::Limits, extract::walk::Containers, model::PartPath};

    #[test]
    fn junk_in_armour_stays_text() {
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        let place = Place::new(PartPath::root("x"), Surface::Body);
        let text =
            "Hei\n-----BEGIN PGP MESSAGE-----\n\nfnr 22836014271\n-----END PGP MESSAGE-----\n";
        assert_eq!(read(&mut walk, &place, text), text);
        assert!(walk.finish().gaps.is_empty());
    }

    #[test]
    fn the_checksum_is_checked() {
        assert!(is_sum_of("twTO", b""));
        assert!(!is_sum_of("twTO", b"x"));
    }
}
