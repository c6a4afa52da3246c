//! PNG: text chunks, packed or not, and Exif (ISO/IEC 15948).

use super::{Canvas, big32, exif, iptc, note, xmp};
use crate::{
    extract::{
        capped::{self, Trouble},
        text::charset,
        walk::{Place, Walk},
    },
    model::GapKind,
};

/// Reads the chunks of `bytes`.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) -> Canvas {
    let mut canvas = Canvas::default();
    let mut at = SIGNATURE;
    while let Some((kind, content)) = chunk(bytes, at) {
        if walk.budget.in_time().is_err() || !walk.entry(&place.path) {
            return Canvas::default();
        }
        at += content.len() + FRAME;
        match kind {
            b"IHDR" => {
                if let (Some(width), Some(height)) = (big32(content, 0), big32(content, 4)) {
                    canvas.frame(width, height);
                }
            }
            // Animation and transparency of palettes; that of pixels is for
            // whoever reads them.
            b"acTL" | b"tRNS" => canvas.is_layered = true,
            b"tEXt" => {
                let (key, text) = split(content);
                value(walk, place, key, text);
            }
            b"zTXt" => {
                let (key, packed) = split(content);
                let text = unpack(walk, place, packed.get(1..).unwrap_or_default());
                value(walk, place, key, &text);
            }
            b"iTXt" => international(walk, place, content),
            b"eXIf" => {
                exif::read(walk, place, content);
            }
            b"IEND" => {
                canvas.end = Some(at);
                return canvas;
            }
            _ => {}
        }
    }
    // Cut, or no picture at all.
    walk.gap(GapKind::Broken, &place.path);
    canvas
}

pub(super) fn chunk(bytes: &[u8], at: usize) -> Option<(&[u8], &[u8])> {
    let length = usize::try_from(big32(bytes, at)?).ok()?;
    let start = at.checked_add(8)?;
    let content = bytes.get(start..start.checked_add(length)?)?;
    Some((bytes.get(at + 4..start)?, content))
}

/// A keyword and what follows its zero.
fn split(content: &[u8]) -> (&[u8], &[u8]) {
    let zero = memchr::memchr(0, content).unwrap_or(content.len());
    (&content[..zero], content.get(zero + 1..).unwrap_or_default())
}

/// Keyword, flag, method, language, keyword in that language, text.
fn international(walk: &mut Walk, place: &Place, content: &[u8]) {
    let (key, rest) = split(content);
    let [flag, _method, rest @ ..] = rest else { return };
    let (_language, rest) = split(rest);
    let (translated, text) = split(rest);
    note(walk, place, translated);
    if *flag == 0 {
        value(walk, place, key, text);
    } else {
        let text = unpack(walk, place, text);
        value(walk, place, key, &text);
    }
}

fn unpack(walk: &mut Walk, place: &Place, packed: &[u8]) -> Vec<u8> {
    let unpacked = capped::inflate_zlib(packed, &mut walk.budget);
    match unpacked.trouble {
        Some(Trouble::Broken) => walk.gap(GapKind::Broken, &place.path),
        Some(Trouble::Over(overrun)) => walk.overrun(overrun, &place.path),
        None => {}
    }
    unpacked.bytes
}

fn value(walk: &mut Walk, place: &Place, key: &[u8], text: &[u8]) {
    let name = charset::decode(key, None);
    if let Some(kind) = key.strip_prefix(b"Raw profile type ") {
        let bytes = raw_profile(text);
        match kind {
            b"exif" | b"APP1" => {
                let bytes = bytes.strip_prefix(b"Exif\0\0").unwrap_or(&bytes);
                exif::read(walk, place, bytes);
            }
            b"iptc" | b"8bim" => iptc::read_resources(walk, place, &bytes),
            _ => xmp(walk, place, &bytes),
        }
    } else if key == b"XML:com.adobe.xmp" {
        xmp(walk, place, text);
    } else {
        note(walk, place, key);
        note(walk, &place.child(&name), text);
    }
}

/// A name, a length, and hexadecimal digits, as ImageMagick writes them.
fn raw_profile(text: &[u8]) -> Vec<u8> {
    let mut lines = text.trim_ascii_start().splitn(3, |b| *b == b'\n');
    let digits = lines.nth(2).unwrap_or_default();
    let nibbles: Vec<u8> = digits
        .iter()
        .filter_map(|b| char::from(*b).to_digit(16))
        .filter_map(|digit| u8::try_from(digit).ok())
        .collect();
    nibbles.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

pub(super) const SIGNATURE: usize = 8;
/// Length, name and checksum.
pub(super) const FRAME: usize = 12;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use crate::extract::image::tests::{extraction, shows};

    fn png(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1A\n".to_vec();
        let size = |width: u32| [width.to_be_bytes(), 8_u32.to_be_bytes()].concat();
        let all = [&[(b"IHDR", size(8))], chunks, &[(b"IEND", Vec::new())]].concat();
        for (name, content) in all {
            bytes.extend_from_slice(&u32::try_from(content.len()).unwrap().to_be_bytes());
            bytes.extend_from_slice(name);
            bytes.extend_from_slice(&content);
            bytes.extend_from_slice(&[0; 4]);
        }
        bytes
    }

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Default::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn text_chunks_are_read() {
        let text = b"fnr 22836014271";
        let samples = [
            png(&[(b"tEXt", [b"Comment\0", &text[..]].concat())]),
            png(&[(b"zTXt", [b"Comment\0\0", &packed(text)[..]].concat())]),
            png(&[(b"iTXt", [b"Comment\0\x01\0no\0\0", &packed(text)[..]].concat())]),
            png(&[(b"iTXt", [b"Comment\0\0\0no\0\0", &text[..]].concat())]),
        ];
        for sample in &samples {
            assert!(shows(sample, "fnr 22836014271"));
            assert_eq!(extraction(sample).gaps, []);
        }
    }

    #[test]
    fn what_follows_the_end_is_read() {
        let bytes = [png(&[]), b"navn;fnr\nKari;22836014271\nOla;22836014271\n".to_vec()].concat();
        let read = extraction(&bytes);
        assert!(read.fragments.iter().any(|f| f.path.to_string() == "b > behind the end"));
    }
}
