//! A pull parser for the XML of office documents, with what all readers need:
//! names without prefix, references resolved, nothing expanded.

use std::borrow::Cow;

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use crate::{
    extract::walk::{Place, Walk},
    model::GapKind,
};

/// Something in the XML that a reader cares about.
pub(super) enum Node<'a> {
    /// An element ends; its name.
    End(&'a str),
    /// An element starts; `true` stands for `<a/>`.
    Start(BytesStart<'a>, bool),
    /// Text, references resolved.
    Text(Cow<'a, str>),
}

/// Calls `take` for every node of `text`. Damage and entities declared in the
/// document leave a gap at `place`.
pub(super) fn each(walk: &mut Walk, place: &Place, text: &str, mut take: impl FnMut(Node<'_>)) {
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    for count in 0_usize.. {
        if count % CHECKED == 0
            && let Err(overrun) = walk.budget.in_time()
        {
            return walk.overrun(overrun, &place.path);
        }
        match reader.read_event() {
            Ok(Event::Start(start)) => take(Node::Start(start, false)),
            Ok(Event::Empty(start)) => take(Node::Start(start, true)),
            Ok(Event::End(end)) => take(Node::End(local(end.name().0))),
            Ok(Event::Text(piece)) => take(Node::Text(piece.into_inner())),
            Ok(Event::CData(piece)) => take(Node::Text(piece.into_inner())),
            Ok(Event::GeneralRef(reference)) => {
                let known = reference.resolve_char_ref().ok().flatten();
                let known = known.map(|c| Cow::Owned(String::from(c))).or_else(|| {
                    quick_xml::escape::resolve_predefined_entity(&reference.into_inner())
                        .map(Cow::Borrowed)
                });
                match known {
                    Some(text) => take(Node::Text(text)),
                    // Its meaning is declared elsewhere and is not looked up.
                    None => walk.gap(GapKind::Ambiguous, &place.path),
                }
            }
            // Office programs refuse declarations of entities.
            Ok(Event::DocType(doctype)) if doctype.contains("ENTITY") => {
                walk.gap(GapKind::Ambiguous, &place.path);
            }
            Ok(Event::Comment(_) | Event::Decl(_) | Event::DocType(_) | Event::PI(_)) => {}
            Ok(Event::Eof) => return,
            Err(_) => return walk.gap(GapKind::Broken, &place.path),
        }
    }
}

/// The name without its prefix.
pub(super) fn local(name: &str) -> &str {
    memchr::memrchr(b':', name.as_bytes()).and_then(|at| name.get(at + 1..)).unwrap_or(name)
}

/// The value of the attribute called `name`, whatever its prefix.
pub(super) fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    attributes(start).find(|(key, _)| *key == name).map(|(_, value)| value.into_owned())
}

/// Names without prefix and values of all attributes.
pub(super) fn attributes<'a>(
    start: &'a BytesStart<'_>,
) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
    attributes_of(start, |_| true)
}

/// Names without prefix and values of the attributes that are `wanted`.
pub(super) fn attributes_of<'a>(
    start: &'a BytesStart<'_>,
    wanted: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
    // Checking for doubles costs the square of their number.
    let mut all = start.attributes();
    all.with_checks(false);
    all.filter_map(Result::ok).filter_map(move |attribute| {
        let name = local(attribute.key.0);
        if !wanted(name) {
            return None;
        }
        let value = attribute.normalized_value(quick_xml::XmlVersion::default());
        Some((name, value.unwrap_or(attribute.value)))
    })
}

const CHECKED: usize = 4096;
