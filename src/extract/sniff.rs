//! Tells formats by their first bytes. Names and labels are not asked.
//!
//! One table: a new format is one line here and one arm in `content`.

/// What bytes seem to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Format {
    /// Cryptographic Message Syntax, DER or BER.
    Cms,
    /// HTML.
    Html,
    /// OpenPGP packets, not armoured.
    OpenPgp,
    /// PDF.
    Pdf,
    /// Text of some sort.
    Text,
    /// Anything else.
    Unknown,
    /// XML.
    Xml,
    /// ZIP, and everything that is a ZIP inside.
    Zip,
}

/// Tells the format of `bytes`.
pub(super) fn format(bytes: &[u8]) -> Format {
    if let Some((_, format)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return *format;
    }
    if is_cms(bytes) {
        return Format::Cms;
    }
    if looks_like_text(bytes) {
        return text_format(bytes);
    }
    if is_openpgp(bytes) { Format::OpenPgp } else { Format::Unknown }
}

/// Whether `bytes` read as text: hardly any control characters, or UTF-16.
pub(super) fn looks_like_text(bytes: &[u8]) -> bool {
    let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
    if sample.starts_with(&[0xFF, 0xFE]) || sample.starts_with(&[0xFE, 0xFF]) {
        return true;
    }
    let nul = memchr::memchr_iter(0, sample).count();
    if nul * 3 > sample.len() {
        return super::text::charset::utf16_by_zeros(sample).is_some();
    }
    let control = sample.iter().filter(|b| matches!(b, 0..=8 | 14..=26 | 28..=31 | 127)).count();
    if control * 50 > sample.len() {
        return false;
    }
    // Compressed and encrypted bytes spread evenly over all values; no
    // single-byte text does.
    let high = sample.iter().filter(|b| **b >= 0x80).count();
    high * 10 <= sample.len() * 6 || std::str::from_utf8(sample).is_ok_or_cut()
}

/// Whether text starts like markup.
pub(super) fn text_format(bytes: &[u8]) -> Format {
    let start = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    let lower = start.get(..HEAD).unwrap_or(start).to_ascii_lowercase();
    if HTML.iter().any(|tag| lower.starts_with(tag)) {
        Format::Html
    } else if lower.starts_with(b"<?xml") {
        let html = memchr::memmem::find(&lower, b"<html").is_some();
        if html { Format::Html } else { Format::Xml }
    } else {
        Format::Text
    }
}

/// `SEQUENCE { OBJECT IDENTIFIER 1.2.840.113549.1.7 or .9.16.1 …`
fn is_cms(bytes: &[u8]) -> bool {
    let head = bytes.get(..CMS_HEAD).unwrap_or(bytes);
    head.first() == Some(&0x30)
        && CMS_OIDS.iter().any(|oid| memchr::memmem::find(head, oid).is_some())
}

/// A first packet of a kind that starts a message, a key or a signature
/// (RFC 9580 section 4.2).
fn is_openpgp(bytes: &[u8]) -> bool {
    super::proof::openpgp::starts_message(bytes)
}

trait Cut {
    /// Valid, or cut inside a character at the very end.
    fn is_ok_or_cut(&self) -> bool;
}

impl Cut for Result<&str, std::str::Utf8Error> {
    fn is_ok_or_cut(&self) -> bool {
        self.as_ref().map_or_else(|error| error.error_len().is_none(), |_| true)
    }
}

const MAGIC: &[(&[u8], Format)] = &[
    (b"PK\x03\x04", Format::Zip),
    (b"PK\x05\x06", Format::Zip),
    (b"PK00PK\x03\x04", Format::Zip),
    (b"PK\x07\x08PK\x03\x04", Format::Zip),
    (b"%PDF-", Format::Pdf),
    (b"{\\rtf", Format::Unknown),
    (b"MZ", Format::Unknown),
    (b"Rar!\x1A\x07", Format::Unknown),
    (b"7z\xBC\xAF\x27\x1C", Format::Unknown),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", Format::Unknown),
    (b"\x1F\x8B", Format::Unknown),
    (b"BZh", Format::Unknown),
    (b"\xFD7zXZ\x00", Format::Unknown),
    (b"MSCF", Format::Unknown),
    (b"!<arch>\n", Format::Unknown),
    (b"GIF8", Format::Unknown),
    (b"\x89PNG", Format::Unknown),
    (b"\xFF\xD8\xFF", Format::Unknown),
    (b"\x78\x9F\x3E\x22", Format::Unknown),
    (b"SQLite format 3\0", Format::Unknown),
    (b"(This file must be converted with BinHex", Format::Unknown),
];
const HTML: &[&[u8]] = &[
    b"<!doctype html",
    b"<html",
    b"<head",
    b"<body",
    b"<!--",
    b"<table",
    b"<div",
    b"<p>",
    b"<svg",
];
const CMS_OIDS: &[&[u8]] = &[
    &[6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7],
    &[6, 11, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 16, 1],
];
const CMS_HEAD: usize = 24;
const SAMPLE: usize = 4096;
const HEAD: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn believes_content_only() {
        assert_eq!(format(b"PK\x03\x04rest"), Format::Zip);
        assert_eq!(format(b"fornavn;etternavn\n"), Format::Text);
        assert_eq!(format(b"  <HTML><p>"), Format::Html);
        assert_eq!(format("æøå".as_bytes()), Format::Text);
        assert_eq!(format(b"f\0n\0r\0 \x001\x002\0"), Format::Text);
        assert_eq!(format(&[7; 64]), Format::Unknown);
    }
}
