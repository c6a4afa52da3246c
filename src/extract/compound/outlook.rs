//! Outlook items, `.msg` (MS-OXMSG): each property is a stream, each recipient,
//! attachment and inner item a storage.

use super::streams::Compound;
use crate::{
    extract::{
        content,
        mapi::{self, Beside, Tag},
        walk::{Place, Walk},
    },
    model::Surface,
};

/// The property whose value the stream called `name` holds.
pub(super) fn tag(name: &str) -> Option<Tag> {
    let digits = name.strip_prefix("__substg1.0_")?;
    let id = u16::from_str_radix(digits.get(..4)?, 16).ok()?;
    let kind = u16::from_str_radix(digits.get(4..8)?, 16).ok()?;
    // A dash and a number follow where there are several values.
    Some(Tag { id, kind: kind & 0xEFFF })
}

/// Whether the storage at `path` is an item, a recipient or an attachment.
pub(super) fn is_item(compound: &Compound<'_>, path: &[String]) -> bool {
    let mut entries = compound.entries(path).iter();
    entries.any(|entry| entry.name.starts_with("__substg1.0_") || entry.name == PROPERTIES)
}

/// Reads the properties in the storage at `path`, and answers with the streams
/// that are none.
pub(super) fn read(
    walk: &mut Walk,
    place: &Place,
    compound: &mut Compound<'_>,
    path: &[String],
) -> Vec<String> {
    let mut others = Vec::new();
    let mut beside = Beside::default();
    for entry in compound.entries(path).to_vec() {
        if !entry.is_stream {
            continue;
        }
        let Some(tag) = tag(&entry.name) else {
            others.push(entry.name);
            continue;
        };
        let Some(value) = compound.stream(walk, place, path, &entry.name) else { continue };
        if tag.is_attached_file() {
            walk.inside(&place.path, |walk| content::read(walk, place, &value));
        } else {
            mapi::read(walk, place, (tag, &value), &mut beside);
        }
    }
    beside.hand_over(walk, place);
    others
}

/// The place of the storage at `path`, called `name`, inside that of `outer`.
/// Notes the names of attached files.
pub(super) fn place(
    walk: &mut Walk,
    outer: &Place,
    compound: &mut Compound<'_>,
    path: &[String],
) -> Option<Place> {
    let name = path.last()?;
    if let Some(number) = name.strip_prefix("__recip_version1.0_#") {
        return Some(outer.child(&format!("recipient {}", trimmed(number))));
    }
    let number = name.strip_prefix("__attach_version1.0_#")?;
    let mut best: Option<(usize, String)> = None;
    let mut names = Vec::new();
    for entry in compound.entries(path).to_vec() {
        let Some(tag) = tag(&entry.name) else { continue };
        let Some(rank) = tag.file_name_rank() else { continue };
        let Some(value) = compound.stream(walk, outer, path, &entry.name) else { continue };
        let Some(shown) = tag.text(&value) else { continue };
        if best.as_ref().is_none_or(|(known, _)| rank < *known) {
            best = Some((rank, shown.clone()));
        }
        names.push(shown);
    }
    let shown = best.map_or_else(|| format!("attachment {}", trimmed(number)), |(_, name)| name);
    let place = outer.child(&shown);
    for name in names {
        walk.fragment(Surface::FileName, &place.path, name);
    }
    Some(place)
}

/// Eight hex digits as people count.
fn trimmed(number: &str) -> u32 {
    u32::from_str_radix(number, 16).map_or(0, |number| number.saturating_add(1))
}

/// The stream of short properties.
const PROPERTIES: &str = "__properties_version1.0";
