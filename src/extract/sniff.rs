//! Tells formats by their first bytes. Names and labels are not asked.
//!
//! One table: a new format is one line here and one arm in `content`.

use super::archive::tar;

/// What bytes seem to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Format {
    /// ar.
    Ar,
    /// A bitmap of Windows.
    Bmp,
    /// bzip2.
    Bzip2,
    /// A cabinet.
    Cab,
    /// Cryptographic Message Syntax, DER or BER.
    Cms,
    /// A compound file: old Office, Outlook, encrypted Office.
    Compound,
    /// cpio.
    Cpio,
    /// GIF.
    Gif,
    /// gzip.
    Gzip,
    /// HEIF, AVIF and their like.
    Heif,
    /// HTML.
    Html,
    /// JPEG.
    Jpeg,
    /// lzip.
    Lzip,
    /// LZMA alone.
    Lzma,
    /// OpenPGP packets, not armoured.
    OpenPgp,
    /// PDF.
    Pdf,
    /// PNG.
    Png,
    /// An object of R.
    RObject,
    /// rar.
    Rar,
    /// 7z.
    SevenZip,
    /// Rich Text Format.
    Rtf,
    /// SQLite.
    Sqlite,
    /// tar.
    Tar,
    /// Text of some sort.
    Text,
    /// TIFF.
    Tiff,
    /// The envelope of Outlook, `winmail.dat`.
    Tnef,
    /// Anything else.
    Unknown,
    /// WebP.
    Webp,
    /// XML.
    Xml,
    /// xz.
    Xz,
    /// ZIP, and everything that is a ZIP inside.
    Zip,
    /// Zstandard.
    Zstandard,
}

impl Format {
    /// Archives and single packed files.
    pub(super) fn is_archive(self) -> bool {
        use Format::{
            Ar, Bzip2, Cab, Cpio, Gzip, Lzip, Lzma, Rar, SevenZip, Tar, Xz, Zip, Zstandard,
        };
        matches!(
            self,
            Ar | Bzip2
                | Cab
                | Cpio
                | Gzip
                | Lzip
                | Lzma
                | Rar
                | SevenZip
                | Tar
                | Xz
                | Zip
                | Zstandard
        )
    }

    /// Tables that are no spreadsheets.
    pub(super) fn is_table(self) -> bool {
        matches!(self, Format::RObject | Format::Sqlite)
    }

    /// Pictures made of pixels.
    pub(super) fn is_picture(self) -> bool {
        use Format::{Bmp, Gif, Heif, Jpeg, Png, Tiff, Webp};
        matches!(self, Bmp | Gif | Heif | Jpeg | Png | Tiff | Webp)
    }
}

/// Tells the format of `bytes`.
pub(super) fn format(bytes: &[u8]) -> Format {
    if matches!(bytes, [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..])
        || matches!(bytes, [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, ..])
    {
        return Format::Bzip2;
    }
    if let Some((_, format)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return *format;
    }
    if is_cms(bytes) {
        return Format::Cms;
    }
    if tar::is_tar(bytes) {
        return Format::Tar;
    }
    if is_lzma(bytes) {
        return Format::Lzma;
    }
    if let Some(picture) = picture(bytes) {
        return picture;
    }
    if looks_like_text(bytes) {
        return text_format(bytes);
    }
    if is_openpgp(bytes) { Format::OpenPgp } else { Format::Unknown }
}

/// The first bytes that tell `format`, where that is enough.
pub(super) fn marks(format: Format) -> impl Iterator<Item = &'static [u8]> {
    MAGIC.iter().filter(move |(_, known)| *known == format).map(|(mark, _)| *mark)
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
    if lower.starts_with(b"{\\rt") {
        Format::Rtf
    } else if HTML.iter().any(|tag| lower.starts_with(tag)) {
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

/// The head of the old format of LZMA: common properties, a dictionary of a
/// usual size, a length that is unknown or likely.
fn is_lzma(bytes: &[u8]) -> bool {
    let &[0x5D, a, b, c, d, e, f, g, h, i, j, k, l, ..] = bytes else { return false };
    let dictionary = u32::from_le_bytes([a, b, c, d]);
    let length = u64::from_le_bytes([e, f, g, h, i, j, k, l]);
    dictionary >= 4096 && dictionary.count_ones() <= 2 && (length == u64::MAX || length < 1 << 40)
}

/// Pictures whose mark does not come first, or says little by itself.
fn picture(bytes: &[u8]) -> Option<Format> {
    match bytes.get(..18)? {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Format::Webp),
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => {
            HEIF.iter().any(|known| brand.starts_with(known)).then_some(Format::Heif)
        }
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, _, _, 0, 0, 12..=124, 0, 0, 0] => Some(Format::Bmp),
        _ => None,
    }
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
    (b"{\\rt", Format::Rtf),
    (b"MZ", Format::Unknown),
    (b"Rar!\x1A\x07", Format::Rar),
    (b"7z\xBC\xAF\x27\x1C", Format::SevenZip),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", Format::Compound),
    (b"\x1F\x8B\x08", Format::Gzip),
    (b"070701", Format::Cpio),
    (b"070702", Format::Cpio),
    (b"070707", Format::Cpio),
    (b"LZIP\x01", Format::Lzip),
    (b"\x28\xB5\x2F\xFD", Format::Zstandard),
    (b"\xFD7zXZ\x00", Format::Xz),
    (b"MSCF\0\0\0\0", Format::Cab),
    (b"!<arch>\n", Format::Ar),
    (b"GIF87a", Format::Gif),
    (b"GIF89a", Format::Gif),
    (b"\x89PNG\r\n\x1A\n", Format::Png),
    (b"\xFF\xD8\xFF", Format::Jpeg),
    (b"II*\0", Format::Tiff),
    (b"MM\0*", Format::Tiff),
    (b"\x78\x9F\x3E\x22", Format::Tnef),
    (b"SQLite format 3\0", Format::Sqlite),
    (b"X\n\0\0\0\x02", Format::RObject),
    (b"X\n\0\0\0\x03", Format::RObject),
    (b"RDX2\nX\n", Format::RObject),
    (b"RDX3\nX\n", Format::RObject),
    (b"PAR1", Format::Unknown),
    (b"Obj\x01", Format::Unknown),
    (b"ARROW1\0\0", Format::Unknown),
    (b"\x89HDF", Format::Unknown),
    (b"$FL2", Format::Unknown),
    (b"$FL3", Format::Unknown),
    (b"<stata_dta>", Format::Unknown),
    (b"(This file must be converted with BinHex", Format::Unknown),
];
const HEIF: &[&[u8]] = &[b"heic", b"heix", b"hevc", b"heim", b"mif1", b"msf1", b"avif", b"avis"];
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
