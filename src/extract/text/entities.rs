//! Entities that an XML document declares for itself (XML 1.0, 4.2.2): put in
//! where they are used, one level deep.

use crate::{
    extract::walk::{Place, Walk},
    model::GapKind,
};

/// `text` with its own entities put in; `None` when it declares none. What is
/// declared elsewhere, or holds further entities, leaves a gap.
pub(super) fn put_in(walk: &mut Walk, place: &Place, text: &str) -> Option<String> {
    let (mut known, mut opaque) = (Vec::new(), false);
    let mut pieces = text.split("<!ENTITY");
    pieces.next()?;
    for piece in pieces {
        match declared(piece) {
            Some((name, value)) if is_plain(value) => known.push((name, value)),
            Some(_) | None => opaque = true,
        }
        if known.len() > MOST {
            opaque = true;
            break;
        }
    }
    if known.is_empty() && !opaque {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let found = known
            .iter()
            .find_map(|(name, value)| Some((value, after.strip_prefix(name)?.strip_prefix(';')?)));
        match found {
            Some((value, after)) => {
                out.push_str(value);
                rest = after;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
        if out.len() > text.len() + LARGEST {
            opaque = true;
            break;
        }
    }
    out.push_str(rest);
    if opaque {
        walk.gap(GapKind::Ambiguous, &place.path);
    }
    Some(out)
}

/// The name and the value of ` name "value">`.
fn declared(piece: &str) -> Option<(&str, &str)> {
    let (name, rest) = piece.trim_start().split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, _) = rest.get(1..)?.split_once(quote)?;
    (name != "%").then_some((name, value))
}

/// Whether all references in a value are to characters: those are read later,
/// with all others.
fn is_plain(value: &str) -> bool {
    !value.contains('%') && value.matches('&').count() == value.matches("&#").count()
}

const MOST: usize = 100;
const LARGEST: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::limits::Limits,
        extract::walk::Containers,
        model::{PartPath, Surface},
    };

    fn read(text: &str) -> (Option<String>, usize) {
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        let out = put_in(&mut walk, &Place::new(PartPath::root("x"), Surface::Body), text);
        (out, walk.finish().gaps.len())
    }

    #[test]
    fn simple_ones_are_put_in() {
        let (out, gaps) = read("<!DOCTYPE a [<!ENTITY n '228360'>]><a>&n;14271</a>");
        assert!(out.unwrap().ends_with("<a>22836014271</a>"));
        assert_eq!(gaps, 0);
        assert_eq!(read("<a>&amp;</a>"), (None, 0));
    }

    #[test]
    fn others_are_a_gap() {
        assert_eq!(read("<!DOCTYPE a [<!ENTITY n SYSTEM 'b.xml'>]><a>&n;</a>").1, 1);
        let nested = "<!DOCTYPE a [<!ENTITY n '1'><!ENTITY m '&n;&n;'>]><a>&m;</a>";
        assert_eq!(read(nested).1, 1);
    }
}
