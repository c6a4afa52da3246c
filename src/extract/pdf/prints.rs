//! The pictures of a scanned page, made ready for a program that recognises
//! letters.
//!
//! Only when that program then sees what a person sees: every picture of the
//! page whole, none through a mask, none touching another (a page in stripes
//! cuts a line in two), and no letters drawn as shapes. Else the page is a gap.

use super::{
    canvas::{Canvas, Print},
    document::{Document, Revision},
    filter::{self, Stop},
    object::{Dict, Object, Stream},
};
use crate::{
    extract::{
        image::{self, pixels},
        walk::Walk,
    },
    model::{GapKind, PartPath, Picture},
};

/// Hands the pictures on `canvas` on, or leaves a gap for the page at `path`.
pub(super) fn hand_on(
    walk: &mut Walk,
    (document, revision): (&Document<'_>, Revision),
    canvas: &Canvas,
    path: &PartPath,
) {
    let is_ready = walk.hands_on_pictures() && !canvas.is_outlined() && canvas.has_whole_prints();
    let streams: Option<Vec<&Stream>> =
        canvas.prints.iter().map(|print| print.stream.as_ref()).collect();
    let Some(streams) = streams.filter(|streams| is_ready && !streams.is_empty()) else {
        walk.gap(GapKind::Unknown, path);
        return;
    };
    let mut small = 0;
    for stream in &streams {
        let Some(head) = Head::of((document, revision), &stream.dict) else {
            walk.gap(GapKind::Unknown, path);
            return;
        };
        if !image::may_show_text(head.size()) {
            small += 1;
            continue;
        }
        match head.file(walk, document, stream) {
            Some(bytes) => {
                let picture = Picture { path: path.clone(), bytes, pages: 1 };
                walk.picture(head.pixels(), picture);
            }
            None => {
                walk.gap(GapKind::Unknown, path);
                return;
            }
        }
    }
    // A digit each, or nothing that was handed on.
    if small > ICONS || small == streams.len() {
        walk.gap(GapKind::Unknown, path);
    }
}

impl Canvas {
    /// Whether each picture stands by itself.
    fn has_whole_prints(&self) -> bool {
        let apart = |one: &Print, other: &Print| {
            let [left, bottom, right, top] = one.area;
            let [l, b, r, t] = other.area;
            left > r + APART || l > right + APART || bottom > t + APART || b > top + APART
        };
        let mut rest = self.prints.as_slice();
        while let Some((first, others)) = rest.split_first() {
            if !others.iter().all(|other| apart(first, other)) {
                return false;
            }
            rest = others;
        }
        self.prints.len() < PRINTS
    }
}

/// What an image dictionary says (8.9.5).
struct Head {
    width: usize,
    height: usize,
    bits: usize,
    space: Option<Space>,
}

/// How samples become grey.
enum Space {
    Cmyk,
    Grey,
    /// By a table.
    Indexed(Vec<u8>),
    Rgb,
}

impl Head {
    /// None when a mask says what is seen of it.
    fn of(at: (&Document<'_>, Revision), dict: &Dict) -> Option<Self> {
        let (document, revision) = at;
        let get = |key: &[u8]| document.get(revision, dict, key);
        let masked = [&b"SMask"[..], b"Mask"].into_iter().any(|key| *get(key) != Object::Null);
        let width = get(b"Width").count().filter(|width| (1..MOST).contains(width))?;
        let height = get(b"Height").count().filter(|height| (1..MOST).contains(height))?;
        let is_stencil = *get(b"ImageMask") == Object::Bool(true);
        let bits = if is_stencil { 1 } else { get(b"BitsPerComponent").count().unwrap_or(8) };
        let space = match is_stencil {
            true => Some(Space::Grey),
            false => Space::of(at, &get(b"ColorSpace"), 0),
        };
        let usual = is_usual(&get(b"Decode"), &space);
        (!masked).then_some(Self { width, height, bits, space: space.filter(|_| usual) })
    }

    fn size(&self) -> (u32, u32) {
        let [width, height] =
            [self.width, self.height].map(|side| u32::try_from(side).unwrap_or(u32::MAX));
        (width, height)
    }

    fn pixels(&self) -> u64 {
        let (width, height) = self.size();
        u64::from(width) * u64::from(height)
    }

    /// The picture as a file.
    fn file(&self, walk: &mut Walk, document: &Document<'_>, stream: &Stream) -> Option<Vec<u8>> {
        let filters = filter::filters(document, &stream.dict);
        let decoded = filter::decode(walk, document, stream);
        let packed = decoded.bytes;
        match (decoded.stop, filters.last()) {
            (None, _) => self.grey(&packed),
            (Some(Stop::Picture), Some((name, parameters))) => match &**name {
                b"DCTDecode" | b"DCT" => Some(packed).filter(|b| b.starts_with(b"\xFF\xD8\xFF")),
                b"JPXDecode" => {
                    let is_one = |b: &Vec<u8>| {
                        b.starts_with(b"\0\0\0\x0CjP  ") || b.starts_with(b"\xFF\x4F\xFF\x51")
                    };
                    Some(packed).filter(is_one)
                }
                b"CCITTFaxDecode" | b"CCF" => self.fax(parameters, &packed),
                _ => None,
            },
            (Some(_), _) => None,
        }
    }

    /// Samples as a picture in shades of grey.
    fn grey(&self, samples: &[u8]) -> Option<Vec<u8>> {
        let space = self.space.as_ref()?;
        let colours = space.colours();
        let row = self.width.checked_mul(colours)?.checked_mul(self.bits)?.div_ceil(8);
        let samples = samples.get(..row.checked_mul(self.height)?)?;
        let shift = match self.bits {
            1 | 2 | 4 | 8 | 16 => self.bits.min(8),
            _ => return None,
        };
        // The higher byte of two is exact enough.
        let sample = move |row: &[u8], at: usize| {
            let bit = at * self.bits;
            let byte = row.get(bit / 8).copied().unwrap_or_default();
            (byte << (bit % 8)) >> (8 - shift)
        };
        let shades = samples.chunks_exact(row).flat_map(move |row| {
            (0..self.width).map(move |x| {
                let value = |colour| sample(row, x * colours + colour);
                let wide = |colour| widened(value(colour), shift);
                match space {
                    Space::Cmyk => {
                        let light = |colour| 255 - wide(colour);
                        let black = u32::from(light(3));
                        let grey = pixels::lightness(light(0), light(1), light(2));
                        u8::try_from(u32::from(grey) * black / 255).unwrap_or(u8::MAX)
                    }
                    Space::Grey => wide(0),
                    Space::Indexed(table) => {
                        table.get(usize::from(value(0))).copied().unwrap_or_default()
                    }
                    Space::Rgb => pixels::lightness(wide(0), wide(1), wide(2)),
                }
            })
        });
        Some(pixels::grey(self.width, self.height, shades))
    }

    /// Fax group 4 as a TIFF of one strip (TIFF 6.0, section 11).
    fn fax(&self, parameters: &Dict, packed: &[u8]) -> Option<Vec<u8>> {
        let is_group4 = parameters.find(b"K").and_then(Object::number).is_some_and(|k| k < 0.0);
        let is_odd = parameters.find(b"EncodedByteAlign") == Some(&Object::Bool(true));
        let columns = parameters.find(b"Columns").and_then(Object::count).unwrap_or(1728);
        if !is_group4 || is_odd || columns != self.width {
            return None;
        }
        let (width, height) = self.size();
        let length = u32::try_from(packed.len()).ok()?;
        let fields: [(u16, u32); 8] = [
            (256, width),
            (257, height),
            (258, 1),
            (259, 4),
            (262, 0),
            (273, FAX_HEAD),
            (278, height),
            (279, length),
        ];
        let mut file = b"II*\0\x08\0\0\0\x08\0".to_vec();
        for (tag, value) in fields {
            file.extend_from_slice(&tag.to_le_bytes());
            file.extend_from_slice(&LONG.to_le_bytes());
            file.extend_from_slice(&1_u32.to_le_bytes());
            file.extend_from_slice(&value.to_le_bytes());
        }
        file.extend_from_slice(&[0; 4]);
        file.extend_from_slice(packed);
        Some(file)
    }
}

impl Space {
    fn of(at: (&Document<'_>, Revision), object: &Object, depth: usize) -> Option<Self> {
        let (document, revision) = at;
        if let Some(name) = object.name() {
            return Self::named(name);
        }
        let [family, rest @ ..] = object.array()? else { return None };
        let family = document.resolve(revision, family);
        match (family.name()?, rest) {
            (b"ICCBased", [profile, ..]) => {
                let profile = document.resolve(revision, profile);
                match document.get(revision, profile.dict()?, b"N").count()? {
                    1 => Some(Self::Grey),
                    3 => Some(Self::Rgb),
                    4 => Some(Self::Cmyk),
                    _ => None,
                }
            }
            (b"Indexed" | b"I", [base, _, table, ..]) if depth == 0 => {
                let base = Self::of(at, &document.resolve(revision, base), depth + 1)?;
                // A table in a stream is rare.
                let table = document.resolve(revision, table);
                let entries = table.string()?.chunks_exact(base.colours());
                let grey = |entry: &[u8]| match (&base, entry) {
                    (Self::Rgb, [red, green, blue]) => Some(pixels::lightness(*red, *green, *blue)),
                    (Self::Grey, [light]) => Some(*light),
                    _ => None,
                };
                entries.map(grey).collect::<Option<_>>().map(Self::Indexed)
            }
            (name, _) => Self::named(name),
        }
    }

    fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"DeviceGray" | b"CalGray" | b"G" => Some(Self::Grey),
            b"DeviceRGB" | b"CalRGB" | b"RGB" => Some(Self::Rgb),
            b"DeviceCMYK" | b"CMYK" => Some(Self::Cmyk),
            _ => None,
        }
    }

    /// Samples of a pixel.
    fn colours(&self) -> usize {
        match self {
            Self::Cmyk => 4,
            Self::Grey | Self::Indexed(_) => 1,
            Self::Rgb => 3,
        }
    }
}

/// A sample of so many bits as one of eight.
fn widened(value: u8, bits: usize) -> u8 {
    match bits {
        1 => value * 255,
        2 => value * 85,
        4 => value * 17,
        _ => value,
    }
}

/// Whether samples mean what they say, or the opposite, which letters survive.
fn is_usual(decode: &Object, space: &Option<Space>) -> bool {
    let Some(range) = decode.array() else { return true };
    if matches!(space, Some(Space::Indexed(_))) {
        return false;
    }
    let all = |low: f64, high: f64| {
        range.chunks(2).all(|pair| match pair {
            [from, to] => from.number() == Some(low) && to.number() == Some(high),
            _ => false,
        })
    };
    all(0.0, 1.0) || all(1.0, 0.0)
}

/// Pictures of one page; with more it is a drawing.
pub(super) const PRINTS: usize = 64;
/// Small pictures that may stand on a page beside the others.
const ICONS: usize = 4;
/// Points between two pictures that do not belong together.
const APART: f64 = 1.0;
/// Pixels of a side.
const MOST: usize = 100_000;
/// Where the strip starts in a TIFF of eight fields.
const FAX_HEAD: u32 = 8 + 2 + 8 * 12 + 4;
const LONG: u16 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::limits::{Limits, Pictures},
        extract::{
            pdf,
            walk::{Containers, Place},
        },
        model::{FirstReading, Surface},
    };

    /// A page that draws `I0`, `I1`, … as `content` says.
    fn page(images: &[(&str, &[u8])], content: &str) -> FirstReading {
        let names: Vec<_> = (0..images.len()).map(|at| format!("/I{at} {} 0 R", at + 10)).collect();
        let mut file = format!(
            "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
             2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 600 800]>>endobj\n\
             3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</XObject<<{}>>>>>>endobj\n\
             4 0 obj<</Length {}>>stream\n{content}\nendstream endobj\n",
            names.join(" "),
            content.len()
        )
        .into_bytes();
        for (at, (dict, data)) in images.iter().enumerate() {
            let (number, length) = (at + 10, data.len());
            let head = format!("{number} 0 obj<</Subtype/Image{dict}/Length {length}>>stream\n");
            file.extend_from_slice(head.as_bytes());
            file.extend_from_slice(data);
            file.extend_from_slice(b"\nendstream endobj\n");
        }
        file.extend_from_slice(b"trailer<</Root 1 0 R>>\n%%EOF");
        let pictures = Pictures { count: 9, pixels: 1 << 20, bytes: 1 << 20 };
        let limits = Limits { pictures, ..Limits::default() };
        let mut walk = Walk::new(&limits, Containers::Opened);
        let place = Place::new(PartPath::root("a.pdf"), Surface::FileText);
        pdf::read(&mut walk, &place, &file);
        walk.hand_over()
    }

    fn handed_on(images: &[(&str, &[u8])], content: &str) -> Vec<Vec<u8>> {
        let read = page(images, content);
        let gaps = read.extraction.gaps.iter().filter(|gap| gap.kind == GapKind::Unknown).count();
        assert_eq!(gaps == 0, !read.pictures.is_empty(), "a gap or a picture, never neither");
        read.pictures.into_iter().map(|picture| picture.bytes).collect()
    }

    const GREY: &str = "/Width 400/Height 10/BitsPerComponent 8/ColorSpace/DeviceGray";
    const WHOLE: &str = "600 0 0 800 0 0 cm /I0 Do";

    #[test]
    fn samples_of_every_sort_become_grey() {
        let head = b"P5\n400 10\n255\n";
        let grey = handed_on(&[(GREY, &[7; 4000])], WHOLE);
        assert_eq!(grey, [[&head[..], &[7; 4000]].concat()]);
        let rgb = GREY.replace("Gray", "RGB");
        assert_eq!(handed_on(&[(&rgb, &[7; 12_000])], WHOLE), grey);
        let bits = GREY.replace("nt 8", "nt 1");
        let white = handed_on(&[(&bits, &[255; 500])], WHOLE);
        assert_eq!(white, [[&head[..], &[255; 4000]].concat()]);
        let table = GREY.replace("/DeviceGray", "[/Indexed/DeviceGray 1(\\000\\007)]");
        assert_eq!(handed_on(&[(&table, &[1; 4000])], WHOLE), grey);
    }

    #[test]
    fn a_fax_and_a_photograph_go_as_they_are() {
        let fax = "/Width 400/Height 10/ImageMask true/Filter/CCITTFaxDecode\
                   /DecodeParms<</K -1/Columns 400>>";
        let file = handed_on(&[(fax, b"packed rows")], WHOLE).remove(0);
        assert!(file.starts_with(b"II*\0") && file.ends_with(b"packed rows"));
        assert_eq!(file.len(), FAX_HEAD as usize + 11);
        let photograph = format!("{GREY}/Filter/DCTDecode");
        let file = handed_on(&[(&photograph, b"\xFF\xD8\xFFrest")], WHOLE).remove(0);
        assert_eq!(file, b"\xFF\xD8\xFFrest");
    }

    #[test]
    fn what_nobody_sees_in_the_picture_alone_is_a_gap() {
        let samples: &[u8] = &[7; 4000];
        let masked = format!("{GREY}/SMask 10 0 R");
        assert!(handed_on(&[(&masked, samples)], WHOLE).is_empty());
        assert!(handed_on(&[(GREY, b"cut")], WHOLE).is_empty());
        let two = [(GREY, samples), (GREY, samples)];
        let stripes = "q 600 0 0 400 0 400 cm /I0 Do Q q 600 0 0 400 0 0 cm /I1 Do Q";
        assert!(handed_on(&two, stripes).is_empty());
        let apart = "q 600 0 0 300 0 500 cm /I0 Do Q q 600 0 0 300 0 0 cm /I1 Do Q";
        assert_eq!(handed_on(&two, apart).len(), 2);
        let digits = "/Width 20/Height 30/BitsPerComponent 8/ColorSpace/DeviceGray";
        assert!(handed_on(&[(digits, &[7; 600])], WHOLE).is_empty());
    }
}
