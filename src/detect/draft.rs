//! A finding on its way: judged by itself, not yet against the others.

use std::{ops::Range, sync::Arc};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Search, mask, rule::Rule, table::Column};
use crate::{
    base::secret::Secret,
    model::{Finding, Fragment, Level, Masked, Person, Span},
};

/// What a rule found in one fragment.
pub(super) struct Draft {
    /// Index of the rule.
    pub(super) rule: usize,
    /// Index of the fragment.
    pub(super) fragment: usize,
    pub(super) place: Range<usize>,
    pub(super) kind: Arc<str>,
    pub(super) masked: Masked,
    pub(super) person: Option<Person>,
    pub(super) score: i32,
    pub(super) words: Vec<Arc<str>>,
    pub(super) column: Column,
    /// All that it speaks of, for what is near it.
    pub(super) extent: Range<usize>,
    /// How far it stands on its own.
    pub(super) footing: Footing,
    /// Whether it comes from the digit scanner: of two such at one place, one
    /// is wrong.
    pub(super) exclusive: bool,
    /// Never above this level.
    pub(super) ceiling: Level,
}

/// What a draft rests on besides its digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Footing {
    /// Nothing: not to be believed among many that are wrong.
    Bare,
    /// The rest of its column, which must be mostly right.
    Column,
    /// A word, or a rule that needs none.
    Firm,
}

/// Hides all but the first six digits.
pub(super) fn masked(digits: &[u8]) -> Masked {
    Masked::of(&written(digits), 6)
}

/// Whom digits name: the first 64 bits of a keyed hash.
pub(super) fn person(digits: &[u8], key: &Secret<[u8; 32]>) -> Person {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length (RFC 2104)")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose()).expect("any key length");
    mac.update(written(digits).as_bytes());
    let tag = mac.finalize().into_bytes();
    Person(tag.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn written(digits: &[u8]) -> String {
    digits.iter().map(|digit| char::from(b'0' + digit % 10)).collect()
}

/// What synthetic numbers come to under these settings; none when they are not
/// to be found at all.
pub(super) fn ceiling(kind: &str, search: &Search<'_>) -> Option<Level> {
    let made_up = kind.ends_with("+80") || kind.ends_with("+65");
    match search.synthetic {
        super::Synthetic::Ignore if made_up => None,
        super::Synthetic::Report if made_up => Some(Level::Info),
        super::Synthetic::Ignore | super::Synthetic::Real | super::Synthetic::Report => {
            Some(Level::Critical)
        }
    }
}

/// Keeps the better of two drafts of digits at one place: the one of the higher
/// level, so that an account never hides a person.
pub(super) fn settle_overlaps(mut drafts: Vec<Draft>, rules: &[Rule]) -> Vec<Draft> {
    let worth = |draft: &Draft| {
        let level = rules.get(draft.rule).and_then(|rule| rule.level(draft.score));
        (level, draft.score)
    };
    drafts.sort_by_key(|draft| (draft.place.start, draft.place.end));
    let mut kept: Vec<Draft> = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let rival = kept.iter().rposition(|other| other.exclusive && draft.exclusive);
        match rival.and_then(|at| kept.get_mut(at)) {
            Some(other) if other.place.end > draft.place.start => {
                if worth(&draft) > worth(other) {
                    *other = draft;
                }
            }
            Some(_) | None => kept.push(draft),
        }
    }
    kept
}

/// Turns byte offsets of one fragment into code points of the place they stand
/// in, counting on from the last one.
pub(super) struct Places<'a> {
    fragment: &'a Fragment,
    /// A byte, and how many code points lie between its place's start and it.
    known: (usize, usize, u32),
}

impl<'a> Places<'a> {
    pub(super) fn new(fragment: &'a Fragment) -> Self {
        Self { fragment, known: (0, 0, 0) }
    }

    /// Finishes a draft.
    pub(super) fn finding(&mut self, draft: Draft, rule: Arc<str>, level: Level) -> Finding {
        let mark = super::table::marks(self.fragment, &draft.place).first();
        let base = mark
            .and_then(|mark| usize::try_from(mark.start).ok())
            .filter(|start| *start <= draft.place.start)
            .unwrap_or(0);
        let start = self.code_points(base, draft.place.start);
        let length = code_points(self.fragment.text.as_bytes().get(draft.place.clone()));
        let path = match mark {
            Some(mark) => self.fragment.path.child(&mark.name),
            None => self.fragment.path.clone(),
        };
        Finding {
            rule,
            kind: draft.kind,
            level,
            surface: self.fragment.surface,
            path,
            span: Span { start, end: start.saturating_add(length) },
            masked: draft.masked,
            person: draft.person,
            score: draft.score,
            words: draft.words,
        }
    }

    fn code_points(&mut self, base: usize, at: usize) -> u32 {
        let (known_base, byte, count) = self.known;
        let (from, count) =
            if known_base == base && byte <= at { (byte, count) } else { (base, 0) };
        let count = count.saturating_add(code_points(self.fragment.text.as_bytes().get(from..at)));
        self.known = (base, at, count);
        count
    }
}

fn code_points(bytes: Option<&[u8]>) -> u32 {
    let bytes = bytes.unwrap_or_default();
    let inside = mask::count(bytes, |lane| lane.within(0x80, 0xBF));
    u32::try_from(bytes.len() - inside).unwrap_or(u32::MAX)
}
