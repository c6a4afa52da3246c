//! Pictures: what is written beside the pixels is read, the pixels are not.
//!
//! This program has no eyes: a picture is handed on to one that has, if there
//! is one, and else is a gap, wherever its pixels could show a number: more
//! than 40,000 of them, or 400 in a row. What is smaller
//! (the icons, the 200 × 200 portrait and the 300 × 130 logo of everyday mail)
//! is no gap, or every signature would hold its mail. That is a choice, not a
//! proof: a patient number fits into 80 × 10 pixels. What has no size that can
//! be told is a gap. What stands behind the end of a picture is read.

mod exif;
mod gif;
mod iptc;
mod jpeg;
pub(super) mod pixels;
mod png;
mod webp;

use memchr::memmem;

use super::{
    archive::stream,
    sniff::Format,
    strings,
    text::{self, Label},
    walk::{Place, Walk},
};
use crate::model::Surface;

/// Reads the picture `bytes` at `place`.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8], format: Format) {
    let beside = Place::new(place.path.clone(), Surface::Metadata);
    let canvas = match format {
        Format::Bmp => bmp(bytes),
        Format::Gif => gif::read(walk, &beside, bytes),
        Format::Jpeg => jpeg::read(walk, &beside, bytes),
        Format::Png => png::read(walk, &beside, bytes),
        Format::Tiff => exif::read(walk, &beside, bytes),
        Format::Webp => webp::read(walk, &beside, bytes),
        _ => loose(walk, &beside, bytes),
    };
    if canvas.may_show_text() {
        pixels::hand_on(walk, place, bytes, (format, canvas));
    }
    // What stands in places that no program writes.
    strings::read(walk, &beside, bytes);
    if let Some(rest) = canvas.end.and_then(|end| bytes.get(end..)) {
        stream::after(walk, place, rest);
    }
}

/// Whether letters that make a number fit into so many pixels.
pub(super) fn may_show_text((width, height): (u32, u32)) -> bool {
    let long_row = width.max(height) >= ROW && width.min(height) >= LINE;
    long_row || u64::from(width) * u64::from(height) > PIXELS
}

/// How large a picture is, and where it ends.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Canvas {
    /// The largest width and height that the file names.
    size: Option<(u32, u32)>,
    end: Option<usize>,
    pages: u32,
    /// Not all that a viewer may show is in the pixels of each page: there are
    /// more frames, smaller versions, or transparent ones.
    is_layered: bool,
}

impl Canvas {
    /// Takes a frame into account.
    fn frame(&mut self, width: u32, height: u32) {
        let (w, h) = self.size.unwrap_or_default();
        self.size = Some((w.max(width), h.max(height)));
    }

    fn may_show_text(&self) -> bool {
        self.size.is_none_or(may_show_text)
    }
}

/// Reads a text that stands in a picture.
fn note(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    text::read(walk, place, bytes, Some(Label::default()));
}

/// Reads XMP: RDF in XML (ISO 16684-1).
fn xmp(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let text = text::charset::decode(bytes, None);
    text::read_xml(walk, &place.child("XMP"), &text);
}

/// Finds XMP and Exif in pictures whose boxes are not followed: HEIF, AVIF.
fn loose(walk: &mut Walk, place: &Place, bytes: &[u8]) -> Canvas {
    if let Some(start) = memmem::find(bytes, b"<x:xmpmeta") {
        let rest = &bytes[start..];
        let end = memmem::find(rest, b"</x:xmpmeta>").unwrap_or(rest.len());
        xmp(walk, place, &rest[..end]);
    }
    for at in memmem::find_iter(bytes, b"Exif\0\0").take(LOOSE) {
        exif::read(walk, place, &bytes[at + 6..]);
    }
    Canvas::default()
}

/// The size in a bitmap's header.
fn bmp(bytes: &[u8]) -> Canvas {
    let mut canvas = Canvas::default();
    let long = |at: usize| {
        let field: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(i32::from_le_bytes(field).unsigned_abs())
    };
    // The header of 12 bytes has sizes of 16 bits: it stays unknown.
    if let (Some(40..), Some(width), Some(height)) = (long(14), long(18), long(22)) {
        canvas.frame(width, height);
    }
    canvas.end = long(2).and_then(|end| usize::try_from(end).ok()).filter(|end| *end > 26);
    canvas
}

fn big16(bytes: &[u8], at: usize) -> Option<u32> {
    let field: [u8; 2] = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
    Some(u32::from(u16::from_be_bytes(field)))
}

fn big32(bytes: &[u8], at: usize) -> Option<u32> {
    let field: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(u32::from_be_bytes(field))
}

fn little16(bytes: &[u8], at: usize) -> Option<u32> {
    big16(bytes, at).and_then(|value| u16::try_from(value).ok()).map(|v| u32::from(v.swap_bytes()))
}

const PIXELS: u64 = 40_000;
const ROW: u32 = 400;
const LINE: u32 = 10;
const LOOSE: usize = 4;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        base::limits::Limits,
        extract::{content, walk::Containers},
        model::{Extraction, PartPath},
    };

    pub(super) fn extraction(bytes: &[u8]) -> Extraction {
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        content::read(&mut walk, &Place::new(PartPath::root("b"), Surface::FileText), bytes);
        walk.finish()
    }

    pub(super) fn shows(bytes: &[u8], text: &str) -> bool {
        let read = extraction(bytes);
        read.fragments.iter().any(|f| f.text.contains(text) && f.surface == Surface::Metadata)
    }

    #[test]
    fn only_small_pictures_are_no_gap() {
        let canvas = |width, height| Canvas { size: Some((width, height)), ..Canvas::default() };
        for (width, height) in [(1, 1), (32, 32), (200, 200), (300, 130), (600, 4)] {
            assert!(!canvas(width, height).may_show_text(), "{width} x {height}");
        }
        for (width, height) in [(520, 80), (80, 520), (300, 150), (900, 400)] {
            assert!(canvas(width, height).may_show_text(), "{width} x {height}");
        }
        assert!(Canvas::default().may_show_text());
    }

    #[test]
    fn a_bitmap_tells_its_size() {
        let mut bytes = vec![0; 60];
        bytes[..2].copy_from_slice(b"BM");
        (bytes[2], bytes[14], bytes[18], bytes[22]) = (60, 40, 9, 9);
        let expected = Canvas { size: Some((9, 9)), end: Some(60), ..Canvas::default() };
        assert_eq!(bmp(&bytes), expected);
    }
}
