//! A masked look at a held message: what was found, in its context, and all
//! that could be read of it, place by place.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    slice,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::super::{Gate, GateError};
use super::{
    Branch, Piece,
    hide::{Hidden, Sight, Value},
    page_of::SafeHtml,
    structure,
};
use crate::{
    model::{
        Act, Event, Finding, Fragment, Gap, Kind, Mark, PartPath, Raw, Reviewer, Span, Surface,
    },
    store::{AuditRow, Comment, Held, HeldId, SenderHistory, StoreError},
};

/// A held message as it may be shown.
#[derive(Clone, Debug)]
pub struct Look {
    /// As it is listed.
    pub held: Held,
    /// What is in it.
    pub content: Content,
    /// What was done with it.
    pub history: Vec<AuditRow>,
    /// What people wrote about it.
    pub comments: Vec<Comment>,
    /// What of its sender was held in 90 days.
    pub sender: SenderHistory,
}

/// What is in a held message.
#[derive(Clone, Debug)]
pub enum Content {
    /// It was destroyed.
    Gone,
    /// This.
    Read {
        /// What was found.
        findings: Vec<Seen>,
        /// What could not be read.
        gaps: Vec<Gap>,
        /// The header fields of the message, by name.
        headers: Vec<(String, Vec<Piece>)>,
        /// Everything else that could be read.
        passages: Vec<Passage>,
        /// Whether there is more than is shown.
        cut: bool,
        /// The parts of the message.
        outline: Vec<Branch>,
        /// The HTML body, safe to show in a frame of its own.
        html: Option<String>,
        /// How many persons are named.
        persons: usize,
    },
}

/// A finding, in its context.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The finding.
    pub finding: Finding,
    /// The text around it. Empty where it cannot be shown.
    pub context: Vec<Piece>,
}

/// A text from one part of the message.
#[derive(Clone, Debug)]
pub struct Passage {
    /// What sort of place it is.
    pub surface: Surface,
    /// Which part, from the whole to it.
    pub path: String,
    /// The text, place by place.
    pub places: Vec<Place>,
}

/// A small place: a cell, a paragraph, a page.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// The text.
    pub pieces: Vec<Piece>,
}

impl Gate {
    /// Shows a held message with every value masked. The audit log says who
    /// looked, before the content is read.
    ///
    /// # Errors
    ///
    /// There is no such message, no reader, or the store failed.
    pub async fn look(&self, id: HeldId, by: &Reviewer) -> Result<Look, GateError> {
        let held = self.held(id).await?;
        let viewed = Event {
            event: Some(held.event),
            actor: by.name().to_owned(),
            act: Act::Viewed,
            facts: json!({ "held": id, "purpose": by.purpose() }),
        };
        self.record(viewed).await?;
        let content = match self.store.reread_held(id, by).await {
            Ok(raw) => self.read_for_eyes(raw.into(), Sight::Masked).await?,
            Err(StoreError::ContentGone(_)) => Content::Gone,
            Err(error) => return Err(error.into()),
        };
        self.look_at(held, content).await
    }

    /// Shows a held message as it is. The audit log says who revealed it and
    /// why, before the content is read.
    ///
    /// # Errors
    ///
    /// There is no such message, the purpose cannot be kept, its content is
    /// gone, there is no reader, or the store failed.
    pub async fn reveal(&self, id: HeldId, by: &Reviewer) -> Result<Look, GateError> {
        self.checked_text(by.purpose())?;
        let held = self.held(id).await?;
        let raw = self.store.reveal_held(id, by).await?;
        let content = self.read_for_eyes(raw.into(), Sight::Revealed).await?;
        self.look_at(held, content).await
    }

    async fn look_at(&self, held: Held, content: Content) -> Result<Look, GateError> {
        let history = self.store.event_audit(held.event).await?;
        let comments = self.store.comments(held.id).await?;
        let since = self.now().saturating_sub(SignedDuration::from_hours(90 * 24));
        let since = since.unwrap_or(Timestamp::MIN);
        let sender = match &held.sender {
            Some(sender) => self.store.sender_history(sender, since).await?,
            None => SenderHistory::default(),
        };
        Ok(Look { held, content, history, comments, sender })
    }

    async fn read_for_eyes(&self, raw: Raw, sight: Sight) -> Result<Content, GateError> {
        let (reader, now) = (self.reader(&self.book()), self.now());
        let (reading, fragments) = reader.read_whole(Kind::Message, "", &raw, now).await?;
        let persons = reading.persons();
        let work = move || {
            let (findings, texts) = shown(&reading.findings, &fragments, sight);
            let Texts { headers, passages, mut cut } = texts;
            // What no reader survived is not opened in this process either.
            let raw = if fragments.is_empty() { &[][..] } else { &raw[..] };
            let outline = structure::outline(raw);
            let html = structure::html_body(raw).map(|html| {
                let safe = SafeHtml::of(&html);
                cut |= safe.cut;
                let text = Fragment::new(Surface::Body, PartPath::root("html"), safe.text());
                let found = reader.search(slice::from_ref(&text), &[], now);
                let located = Located::of(&found, slice::from_ref(&text));
                safe.shown(located.values_of(0), sight)
            });
            let gaps = reading.gaps;
            Content::Read { findings, gaps, headers, passages, cut, outline, html, persons }
        };
        Ok(tokio::task::spawn_blocking(work).await?)
    }
}

/// Texts of a message, as far as they are shown.
#[derive(Default)]
struct Texts {
    headers: Vec<(String, Vec<Piece>)>,
    passages: Vec<Passage>,
    cut: bool,
}

fn shown(findings: &[Finding], fragments: &[Fragment], sight: Sight) -> (Vec<Seen>, Texts) {
    let located = Located::of(findings, fragments);
    let seen = findings.iter().enumerate().take(MOST_FINDINGS).map(|(index, finding)| Seen {
        finding: finding.clone(),
        context: located.context(index, fragments, sight),
    });
    (seen.collect(), texts(fragments, &located, sight))
}

fn texts(fragments: &[Fragment], located: &Located, sight: Sight) -> Texts {
    let mut texts = Texts::default();
    let mut left = MOST_TEXT;
    let mut known = HashSet::new();
    for (index, fragment) in fragments.iter().enumerate() {
        let path = fragment.path.to_string();
        if !known.insert((path.clone(), &fragment.text)) || fragment.text.trim().is_empty() {
            continue;
        }
        let most = left.min(MOST_OF_ONE);
        let end = fragment.text.floor_char_boundary(most);
        texts.cut |= end < fragment.text.len();
        if end == 0 {
            break;
        }
        left -= end;
        let places = places(fragment, end, located.values_of(index), sight);
        match fragment.path.names()[..] {
            [_, name] if fragment.surface == Surface::Header => {
                let pieces = places.into_iter().flat_map(|place| place.pieces).collect();
                texts.headers.push((name.to_owned(), pieces));
            }
            _ => texts.passages.push(Passage { surface: fragment.surface, path, places }),
        }
    }
    texts
}

/// The first `end` bytes of a fragment, place by place.
fn places(fragment: &Fragment, end: usize, values: &[Value], sight: Sight) -> Vec<Place> {
    // A number that goes on behind the cut must not look short.
    let window = fragment.text.ceil_char_boundary(end.saturating_add(MARGIN));
    let hidden = Hidden::of(&fragment.text[..window], values, sight);
    let start = |mark: &Mark| usize::try_from(mark.start).unwrap_or(usize::MAX).min(end);
    let first = fragment.marks.first().map_or(end, start);
    let unnamed = (first > 0).then(|| Place { name: None, pieces: hidden.pieces(0..first) });
    let ends = fragment.marks.iter().skip(1).map(start).chain([end]);
    let named = fragment.marks.iter().zip(ends).take(MOST_PLACES).map(|(mark, end)| Place {
        name: Some(PartPath::root(&mark.name).to_string()),
        pieces: hidden.pieces(start(mark)..end),
    });
    let is_empty = |place: &Place| place.pieces.iter().all(|piece| piece.text.trim().is_empty());
    unnamed.into_iter().chain(named).filter(|place| !is_empty(place)).collect()
}

/// Where findings stand in the fragments.
struct Located {
    /// The values in each fragment, by rising place.
    values: Vec<Vec<Value>>,
    /// Fragment and place of each finding.
    findings: Vec<Option<(usize, Range<usize>)>>,
}

impl Located {
    /// A finding names a place, not a fragment. Where several fragments are of
    /// that place it is hidden in all of them.
    fn of(findings: &[Finding], fragments: &[Fragment]) -> Self {
        let mut homes: HashMap<(Surface, String), Vec<(usize, usize)>> = HashMap::new();
        for (index, fragment) in fragments.iter().enumerate() {
            let mut enter = |path: String, start| {
                homes.entry((fragment.surface, path)).or_default().push((index, start));
            };
            enter(fragment.path.to_string(), 0);
            for mark in &fragment.marks {
                let start = usize::try_from(mark.start).unwrap_or(usize::MAX);
                enter(fragment.path.child(&mark.name).to_string(), start);
            }
        }
        let mut values: Vec<Vec<Value>> = fragments.iter().map(|_| Vec::new()).collect();
        let mut places = Vec::with_capacity(findings.len());
        for (number, finding) in findings.iter().enumerate() {
            let mut first = None;
            let key = (finding.surface, finding.path.to_string());
            for (index, start) in homes.get(&key).into_iter().flatten() {
                let Some(fragment) = fragments.get(*index) else { continue };
                let Some(place) = bytes(&fragment.text, *start, finding.span) else { continue };
                let shown = finding.masked.as_str().chars().filter(|c| c.is_alphanumeric());
                let value = Value { finding: number, place: place.clone(), shown: shown.count() };
                values[*index].push(value);
                first.get_or_insert((*index, place));
            }
            places.push(first);
        }
        values.iter_mut().for_each(|values| values.sort_by_key(|value| value.place.start));
        Self { values, findings: places }
    }

    fn values_of(&self, fragment: usize) -> &[Value] {
        self.values.get(fragment).map(Vec::as_slice).unwrap_or_default()
    }

    /// The text around a finding.
    fn context(&self, finding: usize, fragments: &[Fragment], sight: Sight) -> Vec<Piece> {
        let Some(Some((index, place))) = self.findings.get(finding) else { return Vec::new() };
        let Some(text) = fragments.get(*index).map(|fragment| fragment.text.as_str()) else {
            return Vec::new();
        };
        let from = text.floor_char_boundary(place.start.saturating_sub(MARGIN));
        let to = text.ceil_char_boundary(place.end.saturating_add(MARGIN));
        let moved = |value: &Value| Value {
            finding: value.finding,
            place: value.place.start.saturating_sub(from)..value.place.end.saturating_sub(from),
            shown: value.shown,
        };
        let near = |value: &&Value| value.place.end > from && value.place.start < to;
        let values: Vec<Value> = self.values_of(*index).iter().filter(near).map(moved).collect();
        let hidden = Hidden::of(&text[from..to], &values, sight);
        hidden.around(&(place.start - from..place.end - from))
    }
}

/// A span in code points from byte `start` on, as bytes.
fn bytes(text: &str, start: usize, span: Span) -> Option<Range<usize>> {
    let (first, last) = (usize::try_from(span.start).ok()?, usize::try_from(span.end).ok()?);
    let rest = text.get(start..)?;
    let mut at = rest.char_indices().map(|(at, _)| at).chain([rest.len()]).skip(first);
    let from = at.next()?;
    let to = match last.checked_sub(first)? {
        0 => from,
        more => at.nth(more - 1)?,
    };
    Some(start + from..start + to)
}

/// Findings that are shown with their context.
const MOST_FINDINGS: usize = 200;
/// Text that is shown, in bytes: in all, and of one fragment.
const MOST_TEXT: usize = 400 << 10;
const MOST_OF_ONE: usize = 100 << 10;
/// Places of one fragment that are shown.
const MOST_PLACES: usize = 2000;
/// Bytes that are looked at beyond what is shown.
const MARGIN: usize = 1000;
