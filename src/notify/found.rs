//! What was found, and where, in words that can be shown.
//!
//! Names in a path come from strangers. Each is masked on its own when it
//! joins the path; here the line is looked at as a whole, because a number may
//! be spread over a folder, a file and a cell.

use crate::model::{Finding, Gap, GapKind, PartPath};

use super::words::{Words, fill};

/// The findings of one kind.
pub(crate) struct Group {
    /// The kind, in words.
    pub(crate) kind: String,
    /// How many there are, in words.
    pub(crate) count: String,
    /// The first of them: masked value and place.
    pub(crate) places: Vec<String>,
    /// How many more there are, in words; empty when there are none.
    pub(crate) more: String,
}

/// Groups `findings` by kind, in the order of their first appearance.
pub(crate) fn groups(findings: &[Finding], words: &Words) -> Vec<Group> {
    let mut kinds: Vec<(String, Vec<&Finding>)> = Vec::new();
    for finding in findings {
        let kind = words.kind(&finding.rule, &finding.kind);
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, same)) => same.push(finding),
            None => kinds.push((kind, vec![finding])),
        }
    }
    let group = |(kind, same): (String, Vec<&Finding>)| {
        let line = |f: &&Finding| shown(&format!("{}  {}", f.masked, place(&f.path, words)));
        Group {
            kind,
            count: fill(words.count, "count", &same.len().to_string()),
            places: same.iter().take(MAX_PLACES).map(line).collect(),
            more: more(same.len(), words),
        }
    };
    kinds.into_iter().map(group).collect()
}

/// What could not be read, without that which is proven to be encrypted.
pub(crate) fn unread(gaps: &[Gap], words: &Words) -> Group {
    let unproven = |gap: &&Gap| !matches!(gap.kind, GapKind::Encrypted(_));
    let count = gaps.iter().filter(unproven).count();
    let line = |gap: &Gap| shown(&format!("{}: {}", place(&gap.path, words), words.gap(&gap.kind)));
    Group {
        kind: String::new(),
        count: fill(words.count, "count", &count.to_string()),
        places: gaps.iter().filter(unproven).take(MAX_PLACES).map(line).collect(),
        more: more(count, words),
    }
}

/// The text with everything hidden that could be most of a number: of digits
/// with no letter between them, all but the first six, when there are more
/// than eight of them or stars among them.
pub fn shown(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut safe = String::with_capacity(text.len());
    let mut rest = letters.as_slice();
    while let Some(first) = rest.first() {
        if !first.is_numeric() {
            safe.push(*first);
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let length = rest.iter().position(|c| c.is_alphabetic()).unwrap_or(rest.len());
        let (group, after) = rest.split_at(length);
        hide(group, &mut safe);
        rest = after;
    }
    safe
}

/// Whether a text holds so many digits that it is not shown whole.
pub fn hides_in(text: &str) -> bool {
    shown(text) != text
}

fn hide(group: &[char], safe: &mut String) {
    let digits = group.iter().filter(|c| c.is_numeric()).count();
    // Stars that already hide the rest of a number are part of it.
    let starred = group.contains(&'*');
    let most = if digits > MAX_LOOSE || starred { MAX_SHOWN } else { MAX_LOOSE };
    let mut seen = 0;
    for c in group {
        if c.is_numeric() {
            seen += 1;
            safe.push(if seen > most { '*' } else { *c });
        } else {
            safe.push(*c);
        }
    }
}

fn place(path: &PartPath, words: &Words) -> String {
    let name = |name| short_runs(&words.place(name));
    path.names().into_iter().map(name).collect::<Vec<_>>().join(" → ")
}

/// Hides all but two of five digits in a row: beside a masked birth date, a
/// file named by the other five would give the number away.
fn short_runs(name: &str) -> String {
    let mut safe = String::with_capacity(name.len());
    for run in name.split_inclusive(|c: char| !c.is_numeric()) {
        let digits = run.chars().filter(|c| c.is_numeric()).count();
        for (at, c) in run.chars().enumerate() {
            safe.push(if digits >= LONG_RUN && at >= 2 && c.is_numeric() { '*' } else { c });
        }
    }
    safe
}

fn more(count: usize, words: &Words) -> String {
    match count.checked_sub(MAX_PLACES) {
        Some(rest) if rest > 0 => fill(words.and_more, "count", &rest.to_string()),
        _ => String::new(),
    }
}

const MAX_PLACES: usize = 10;
/// As much as a masked value shows: the birth date.
const MAX_SHOWN: usize = 6;
/// A date has eight digits, and no identity number has fewer than nine.
const MAX_LOOSE: usize = 8;
const LONG_RUN: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_dates_cells_and_pages() {
        for text in ["rapport 2026-11-23.pdf → Pasienter → C140", "158305*****  teksten → side 3"]
        {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn hides_a_number_that_is_spread_out() {
        assert_eq!(shown("13 82 78 → 30652.pdf"), "13 82 78 → *****.pdf");
        assert_eq!(shown("138278*****  30652.pdf"), "138278*****  *****.pdf");
        assert_eq!(short_runs("30652.pdf"), "30***.pdf");
        assert_eq!(short_runs("20261123 2026"), "20****** 2026");
    }
}
