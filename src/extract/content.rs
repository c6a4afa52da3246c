//! Reads bytes of unknown type by what they are.

use memchr::memmem;

use super::{
    archive::{self, zip},
    compound, image, pdf,
    proof::{cms, openpgp},
    rtf,
    sniff::{self, Format},
    strings, tables, text, tnef,
    walk::{Place, Walk},
};
use crate::model::GapKind;

/// Reads `bytes` at `place`. What cannot be read is a gap, and is searched for
/// plain runs of characters all the same.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    if bytes.trim_ascii().is_empty() {
        return;
    }
    let format = match sniff::format(bytes) {
        // Viewers take a few lines before the head.
        Format::Text | Format::Unknown if pdf::is_behind(bytes) => Format::Pdf,
        format => format,
    };
    match format {
        Format::Text | Format::Html | Format::Xml => text::read(walk, place, bytes, None),
        Format::Cms => walk.inside(&place.path, |walk| cms::read(walk, place, bytes)),
        Format::OpenPgp => walk.inside(&place.path, |walk| openpgp::read(walk, place, bytes)),
        format if format.is_archive() && walk.opens_containers() => {
            walk.inside(&place.path, |walk| archive::read(walk, place, bytes, format));
        }
        Format::Compound if walk.opens_containers() => {
            walk.inside(&place.path, |walk| compound::read(walk, place, bytes));
        }
        Format::Rtf if walk.opens_containers() => rtf::read(walk, place, bytes),
        Format::Tnef if walk.opens_containers() => {
            walk.inside(&place.path, |walk| tnef::read(walk, place, bytes));
        }
        Format::Pdf if walk.opens_containers() => {
            walk.inside(&place.path, |walk| pdf::read(walk, place, bytes));
        }
        format if format.is_picture() && walk.opens_containers() => {
            walk.inside(&place.path, |walk| image::read(walk, place, bytes, format));
        }
        format if format.is_table() && walk.opens_containers() => {
            walk.inside(&place.path, |walk| tables::read(walk, place, bytes, format));
        }
        _ => unknown(walk, place, bytes),
    }
    also(walk, place, bytes, format);
}

/// Reads what another program would take the same bytes for: an archive
/// behind a picture, a page or a program.
fn also(walk: &mut Walk, place: &Place, bytes: &[u8], format: Format) {
    let unknown = format == Format::Unknown;
    let zip = zip::ends_as_zip(bytes) || (unknown && zip::has_members(bytes));
    if zip && format != Format::Zip {
        if walk.opens_containers() {
            let inner = place.child("archive behind");
            walk.inside(&inner.path, |walk| zip::read(walk, &inner, bytes));
        } else {
            walk.gap(GapKind::Unknown, &place.path);
        }
    }
    if format != Format::Pdf && walk.opens_containers() && pdf::is_behind(bytes) {
        walk.inside(&place.path, |walk| pdf::read(walk, place, bytes));
    }
    if !unknown || !walk.opens_containers() {
        return;
    }
    for (magic, format) in BEHIND {
        if let Some(rest) = memmem::find(bytes, magic).and_then(|at| bytes.get(at..)) {
            let inner = place.child("archive behind");
            walk.inside(&inner.path, |walk| archive::read(walk, &inner, rest, *format));
        }
    }
    if sniff::text_format(bytes) != Format::Text {
        text::read(walk, place, bytes, None);
    }
}

/// Notes that `bytes` cannot be read, and takes what lies open in them.
pub(super) fn unknown(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    walk.gap(GapKind::Unknown, &place.path);
    strings::read(walk, place, bytes);
}

/// Archives that open themselves: a program comes first.
const BEHIND: &[(&[u8], Format)] =
    &[(b"7z\xBC\xAF\x27\x1C", Format::SevenZip), (b"Rar!\x1A\x07", Format::Rar)];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::limits::Limits,
        extract::walk::Containers,
        model::{PartPath, Surface},
    };

    /// In the daemon's own process no document reader may run.
    #[test]
    fn closed_containers_stay_closed() {
        for bytes in
            [&b"{\\rtf1 Hei}"[..], b"\x78\x9F\x3E\x22\0\0\x01", b"PK\x03\x04rest", b"%PDF-1.4\n"]
        {
            let mut walk = Walk::new(&Limits::default(), Containers::Closed);
            let place = Place::new(PartPath::root("a"), Surface::Body);
            read(&mut walk, &place, bytes);
            let kinds: Vec<GapKind> = walk.finish().gaps.into_iter().map(|gap| gap.kind).collect();
            assert_eq!(kinds, [GapKind::Unknown], "{bytes:?}");
        }
    }
}
