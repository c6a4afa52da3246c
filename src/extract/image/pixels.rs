//! Hands the pixels of a picture on to a program that recognises letters.
//!
//! Only what that program sees as a viewer shows it: formats that it knows,
//! one frame, nothing transparent. A transparent PNG is laid on white and on
//! black, since viewers have either behind it; what is transparent in another
//! way is a gap, because letters could be drawn with holes.

use super::{Canvas, png};
use crate::{
    extract::{
        capped,
        rows::Rows,
        sniff::Format,
        walk::{Place, Walk},
    },
    model::{GapKind, Picture},
};

/// Hands the picture `bytes` on, or leaves a gap.
pub(super) fn hand_on(
    walk: &mut Walk,
    place: &Place,
    bytes: &[u8],
    (format, canvas): (Format, Canvas),
) {
    let known = matches!(
        format,
        Format::Bmp | Format::Gif | Format::Jpeg | Format::Png | Format::Tiff | Format::Webp
    );
    let size = canvas.size.filter(|_| known && !canvas.is_layered && walk.hands_on_pictures());
    let Some((width, height)) = size else {
        walk.gap(GapKind::Unknown, &place.path);
        return;
    };
    let pixels = u64::from(width) * u64::from(height);
    let pages = canvas.pages.max(1);
    let whole = |bytes: Vec<u8>| Picture { path: place.path.clone(), bytes, pages };
    match Alpha::of(bytes).filter(|_| format == Format::Png) {
        None => walk.picture(pixels, whole(bytes.to_vec())),
        Some(alpha) => match alpha.flattened(walk, bytes) {
            Some(Flat::Opaque) => walk.picture(pixels, whole(bytes.to_vec())),
            Some(Flat::Both(both)) => {
                both.into_iter().for_each(|bytes| walk.picture(pixels, whole(bytes)));
            }
            None => walk.gap(GapKind::Unknown, &place.path),
        },
    }
}

/// The head of a PNG whose pixels say how transparent they are.
struct Alpha {
    width: usize,
    height: usize,
    /// Bytes of a pixel; the last is that of transparency.
    samples: usize,
    is_simple: bool,
}

/// A picture without transparency.
enum Flat {
    /// On white and on black, in shades of grey.
    Both([Vec<u8>; 2]),
    /// It has none.
    Opaque,
}

impl Alpha {
    fn of(bytes: &[u8]) -> Option<Self> {
        let (b"IHDR", head) = png::chunk(bytes, png::SIGNATURE)? else { return None };
        let [w1, w2, w3, w4, h1, h2, h3, h4, depth, colour, _, _, interlaced, ..] = *head else {
            return None;
        };
        let samples = match colour {
            4 => 2,
            6 => 4,
            _ => return None,
        };
        Some(Self {
            width: usize::try_from(u32::from_be_bytes([w1, w2, w3, w4])).ok()?,
            height: usize::try_from(u32::from_be_bytes([h1, h2, h3, h4])).ok()?,
            samples,
            is_simple: depth == 8 && interlaced == 0,
        })
    }

    /// The pixels without transparency; none when they cannot be followed.
    fn flattened(&self, walk: &mut Walk, bytes: &[u8]) -> Option<Flat> {
        let row = self.width.checked_mul(self.samples).filter(|row| *row > 0 && self.is_simple)?;
        let mut packed = Vec::new();
        let mut at = png::SIGNATURE;
        while let Some((kind, content)) = png::chunk(bytes, at) {
            walk.budget.in_time().ok()?;
            at += content.len() + png::FRAME;
            if kind == b"IDAT" {
                packed.extend_from_slice(content);
            }
        }
        let unpacked = capped::inflate_zlib(&packed, &mut walk.budget);
        if unpacked.trouble.is_some() {
            return None;
        }
        let pixels = Rows { row, pixel: self.samples }.png(unpacked.bytes);
        if pixels.len() != row.checked_mul(self.height)? {
            return None;
        }
        let pixels = || pixels.chunks_exact(self.samples);
        if pixels().all(|pixel| pixel.last() == Some(&u8::MAX)) {
            return Some(Flat::Opaque);
        }
        let on = |ground| {
            let shades = pixels().map(move |pixel| shade(pixel, ground));
            grey(self.width, self.height, shades)
        };
        Some(Flat::Both([on(u8::MAX), on(0)]))
    }
}

/// A picture in shades of grey that programs read (Netpbm P5).
pub(in crate::extract) fn grey(
    width: usize,
    height: usize,
    shades: impl Iterator<Item = u8>,
) -> Vec<u8> {
    let mut bytes = format!("P5\n{width} {height}\n255\n").into_bytes();
    bytes.extend(shades);
    bytes
}

/// How light red, green and blue are together (ITU-R BT.601).
pub(in crate::extract) fn lightness(red: u8, green: u8, blue: u8) -> u8 {
    let sum = u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114;
    u8::try_from(sum / 1000).unwrap_or(u8::MAX)
}

/// A pixel whose last sample is its opacity, laid on `ground`.
fn shade(pixel: &[u8], ground: u8) -> u8 {
    let (light, opacity) = match *pixel {
        [light, opacity] => (light, opacity),
        [red, green, blue, opacity] => (lightness(red, green, blue), opacity),
        _ => (ground, u8::MAX),
    };
    let opacity = u32::from(opacity);
    let sum = u32::from(light) * opacity + u32::from(ground) * (255 - opacity);
    u8::try_from(sum / 255).unwrap_or(u8::MAX)
}
