//! Reads bytes of unknown type by what they are.

use super::{
    archive::zip,
    pdf,
    proof::{cms, openpgp},
    sniff::{self, Format},
    strings, text,
    walk::{Place, Walk},
};
use crate::model::GapKind;

/// Reads `bytes` at `place`. What cannot be read is a gap, and is searched for
/// plain runs of characters all the same.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    if bytes.trim_ascii().is_empty() {
        return;
    }
    let format = sniff::format(bytes);
    if format != Format::Zip && zip::ends_as_zip(bytes) {
        // One file for some readers and an archive for others.
        if walk.opens_containers() {
            let place = place.child("archive behind");
            walk.inside(&place.path, |walk| zip::read(walk, &place, bytes));
        } else {
            walk.gap(GapKind::Unknown, &place.path);
        }
        if format == Format::Unknown {
            unknown(walk, place, bytes);
            return;
        }
    }
    if format != Format::Pdf && walk.opens_containers() && pdf::is_behind(bytes) {
        walk.inside(&place.path, |walk| pdf::read(walk, place, bytes));
        if matches!(format, Format::Text | Format::Unknown) {
            return;
        }
    }
    match format {
        Format::Pdf if walk.opens_containers() => {
            walk.inside(&place.path, |walk| pdf::read(walk, place, bytes));
        }
        Format::Text | Format::Html | Format::Xml => text::read(walk, place, bytes, None),
        Format::Cms => walk.inside(&place.path, |walk| cms::read(walk, place, bytes)),
        Format::OpenPgp => walk.inside(&place.path, |walk| openpgp::read(walk, place, bytes)),
        Format::Zip if walk.opens_containers() => {
            walk.inside(&place.path, |walk| zip::read(walk, place, bytes));
        }
        Format::Pdf | Format::Zip | Format::Unknown => unknown(walk, place, bytes),
    }
}

/// Notes that `bytes` cannot be read, and takes what lies open in them.
pub(super) fn unknown(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    walk.gap(GapKind::Unknown, &place.path);
    strings::read(walk, place, bytes);
}
