//! One reading, as `sluse scan` does it but in this process, and what must
//! hold of every reading.

use std::sync::OnceLock;

use jiff::civil::date;
use sluse::{
    base::{
        limits::{Limits, Pictures},
        secret::Secret,
    },
    detect::{Rules, Search, Synthetic},
    extract,
    model::{Extraction, Finding, Fragment, GapKind, Kind, Level, Mark},
};

/// The word that `sluse scan` would print.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Nothing found, everything read.
    Clean,
    /// Proven encryption, and nothing found beside it.
    Encrypted,
    /// A finding of level medium or above.
    Sensitive,
    /// Something could not be read.
    Unscannable,
}

/// Reads a file of any type and checks the reading.
pub fn file(name: &str, bytes: &[u8]) -> Extraction {
    checked(Kind::File, name, bytes)
}

/// Reads a file that starts with `magic`, which is put over the first bytes.
pub fn file_headed(name: &str, magic: &[u8], bytes: &[u8]) -> Extraction {
    let mut headed = magic.to_vec();
    headed.extend(bytes.get(magic.len()..).unwrap_or_default());
    file(name, &headed)
}

/// Reads a message and checks the reading.
pub fn message(bytes: &[u8]) -> Extraction {
    checked(Kind::Message, "", bytes)
}

/// Reads text and checks the reading.
pub fn text(bytes: &[u8]) -> Extraction {
    checked(Kind::Text, "", bytes)
}

/// The verdict on a message, with what was read of it.
pub fn judge(bytes: &[u8]) -> (Verdict, Extraction) {
    let extraction = message(bytes);
    let findings = find(&extraction);
    let proven = |kind: &GapKind| matches!(kind, GapKind::Encrypted(_));
    let verdict = if findings.iter().any(|finding| finding.level >= Level::Medium) {
        Verdict::Sensitive
    } else if !extraction.gaps.iter().all(|gap| proven(&gap.kind)) {
        Verdict::Unscannable
    } else if !extraction.gaps.is_empty() {
        Verdict::Encrypted
    } else {
        Verdict::Clean
    };
    (verdict, extraction)
}

/// What was read, for the message of a failure.
pub fn told(extraction: &Extraction) -> String {
    let texts = extraction.fragments.iter();
    let texts = texts.map(|fragment| format!("{}: {:?}\n", fragment.path, fragment.text));
    let gaps = extraction.gaps.iter().map(|gap| format!("{}: {:?}\n", gap.path, gap.kind));
    texts.chain(gaps).collect()
}

/// Everything that the packs of the program find.
pub fn find(extraction: &Extraction) -> Vec<Finding> {
    static RULES: OnceLock<Rules> = OnceLock::new();
    let rules = RULES.get_or_init(|| Rules::load(&Rules::builtin()).expect("packs that load"));
    find_by(rules, extraction)
}

/// Everything that `rules` find.
pub fn find_by(rules: &Rules, extraction: &Extraction) -> Vec<Finding> {
    let (today, key) = (date(2026, 11, 23), Secret::new([7; 32]));
    let gaps = &extraction.gaps;
    let search = Search { today, synthetic: Synthetic::Real, key: &key, gaps };
    rules.find(&extraction.fragments, &search)
}

fn checked(kind: Kind, name: &str, bytes: &[u8]) -> Extraction {
    let first = extract::read_first(kind, name, bytes, &LIMITS);
    assert!(first.pictures.len() <= LIMITS.pictures.count as usize, "too many pictures");
    let handed: usize = first.pictures.iter().map(|picture| picture.bytes.len()).sum();
    assert!(handed as u64 <= LIMITS.pictures.bytes, "{handed} bytes of pictures");
    let extraction = first.settle();
    let text: usize = extraction.fragments.iter().map(|fragment| fragment.text.len()).sum();
    assert!(text as u64 <= LIMITS.expanded_bytes, "{text} bytes of text");
    assert!(extraction.gaps.len() <= 1000, "{} gaps", extraction.gaps.len());
    let beside: usize = extraction.fragments.iter().map(beside).sum();
    assert!(beside as u64 <= 4 * LIMITS.expanded_bytes, "{beside} bytes of marks and headings");
    extraction.fragments.iter().for_each(assert_sound);
    extraction
}

/// Bytes that a fragment holds besides its text.
fn beside(fragment: &Fragment) -> usize {
    let marks = fragment.marks.iter().map(|mark| size_of::<Mark>() + mark.name.len());
    let headings = fragment.headings.iter().map(|heading| size_of::<String>() + heading.len());
    marks.chain(headings).sum()
}

/// What the parent of a worker refuses would be a message lost.
fn assert_sound(fragment: &Fragment) {
    let place = &fragment.path;
    assert!(!fragment.text.trim_ascii().is_empty(), "{place}: blank fragment");
    assert!(fragment.marks.is_sorted_by_key(|mark| mark.start), "{place}: marks out of order");
    for mark in &fragment.marks {
        let start = mark.start as usize;
        assert!(fragment.text.is_char_boundary(start), "{place}: mark at {start}");
        let heading = mark.heading.is_none_or(|at| (at as usize) < fragment.headings.len());
        assert!(heading, "{place}: heading {:?}", mark.heading);
    }
}

/// Small, so that what goes over them shows.
pub const LIMITS: Limits = Limits {
    message_bytes: 1 << 20,
    expanded_bytes: 16 << 20,
    ratio: 1000,
    depth: 10,
    entries: 2000,
    seconds: 5,
    pictures: Pictures { count: 4, pixels: 1 << 24, bytes: 1 << 20 },
};
