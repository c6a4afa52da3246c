//! The mail that tells those who review how much waits for them, once a day.
//!
//! Counts and references only: no address, no finding, nothing of a message.
//! What there is more to see stands behind the log-in. Plain text first, then
//! the same as HTML without anything remote. Same queue, same bytes.

use std::collections::{BTreeMap, VecDeque};

use askama::Template;
use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};
use lettre::message::{MultiPart, SinglePart};

use super::{
    Language, Letterhead, MARKER, Notice, NoticeError, notice,
    words::{Words, fill},
};
use crate::{
    base::id::EventId,
    model::{Address, Direction, Envelope, Level},
};

/// What waits, counted.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    number: usize,
    levels: BTreeMap<Option<Level>, usize>,
    directions: BTreeMap<Direction, usize>,
    ages: BTreeMap<Age, usize>,
    oldest: VecDeque<EventId>,
}

impl Waiting {
    /// Counts a message that has waited since before those counted so far.
    /// `level` is that of the gravest finding; none when it waits because it
    /// could not be read.
    pub fn add(
        &mut self,
        event: EventId,
        level: Option<Level>,
        direction: Direction,
        (since, now): (Timestamp, Timestamp),
    ) {
        self.number += 1;
        *self.levels.entry(level).or_default() += 1;
        *self.directions.entry(direction).or_default() += 1;
        *self.ages.entry(Age::of(now.duration_since(since).as_hours())).or_default() += 1;
        self.oldest.push_front(event);
        self.oldest.truncate(MOST_NAMED);
    }

    /// How many wait.
    pub fn number(&self) -> usize {
        self.number
    }
}

/// How long something has waited.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Age {
    Week,
    Days,
    Day,
}

impl Age {
    fn of(hours: i64) -> Self {
        match hours {
            168.. => Self::Week,
            24..168 => Self::Days,
            _ => Self::Day,
        }
    }
}

/// Writes the digest for one of those who review. `event` names the digest of
/// the day.
///
/// # Errors
///
/// The text or its date could not be written.
pub fn digest(
    waiting: &Waiting,
    to: &Address,
    (event, now): (EventId, Timestamp),
    letterhead: &Letterhead,
) -> Result<Notice, NoticeError> {
    let view = View::new(waiting, letterhead);
    let body = MultiPart::alternative()
        .boundary(format!("sluse-{event}"))
        .singlepart(SinglePart::plain(Plain(&view).render()?))
        .singlepart(SinglePart::html(Html(&view).render()?));
    let date = DateTimePrinter::new().timestamp_to_string(&now).map_err(NoticeError::Date)?;
    let domain = notice::domain(letterhead);
    let fields = notice::fields([
        ("From", letterhead.from.to_string()),
        ("To", notice::to(to)),
        ("Subject", view.subject.clone()),
        ("Date", date),
        ("Message-ID", format!("<{event}.digest@{domain}>")),
        ("Auto-Submitted", "auto-generated".to_owned()),
        (MARKER, event.to_string()),
        ("Content-Language", view.language.to_string()),
        ("MIME-Version", "1.0".to_owned()),
    ]);
    let mut bytes = fields.to_string().into_bytes();
    bytes.extend_from_slice(&body.formatted());
    let envelope = Envelope { sender: None, recipients: vec![to.clone()] };
    Ok(Notice { envelope, bytes: bytes.into() })
}

#[derive(Template)]
#[template(path = "digest.txt")]
struct Plain<'a>(&'a View<'a>);

#[derive(Template)]
#[template(path = "digest.html")]
struct Html<'a>(&'a View<'a>);

/// Everything the templates show, in words.
struct View<'a> {
    words: &'static Words,
    language: Language,
    subject: String,
    tables: Vec<Table>,
    oldest: Vec<EventId>,
    /// How many more there are, in words; empty when there are none.
    more: String,
    link: String,
    contact: &'a str,
    organisation: &'a str,
    signature: &'a str,
}

struct Table {
    head: &'static str,
    rows: Vec<(&'static str, usize)>,
}

impl<'a> View<'a> {
    fn new(waiting: &Waiting, letterhead: &'a Letterhead) -> Self {
        let language = letterhead.language;
        let words = Words::of(language);
        let subject = match waiting.number {
            0 => words.digest_none.to_owned(),
            1 => words.digest_one.to_owned(),
            more => fill(words.digest_many, "count", &more.to_string()),
        };
        let levels = waiting.levels.iter().rev();
        let tables = [
            (words.digest_levels, levels.map(|(level, n)| (words.level(*level), *n)).collect()),
            (words.digest_directions, rows(&waiting.directions, |way| words.direction(way))),
            (words.digest_ages, rows(&waiting.ages, |age| words_of_age(words, age))),
        ];
        let more = match waiting.number.saturating_sub(waiting.oldest.len()) {
            0 => String::new(),
            more => fill(words.and_more, "count", &more.to_string()),
        };
        let url = letterhead.public_url.as_ref();
        Self {
            words,
            language,
            subject,
            tables: tables.map(|(head, rows)| Table { head, rows }).into(),
            oldest: waiting.oldest.iter().copied().collect(),
            more,
            link: url.map_or_else(String::new, |url| format!("{url}{QUEUE_PATH}")),
            contact: letterhead.contact(language),
            organisation: letterhead.organisation(language),
            signature: letterhead.signature(language),
        }
    }
}

fn rows<K: Copy>(
    counts: &BTreeMap<K, usize>,
    name: impl Fn(K) -> &'static str,
) -> Vec<(&'static str, usize)> {
    counts.iter().map(|(key, number)| (name(*key), *number)).collect()
}

fn words_of_age(words: &Words, age: Age) -> &'static str {
    match age {
        Age::Day => words.age_day,
        Age::Days => words.age_days,
        Age::Week => words.age_week,
    }
}

const QUEUE_PATH: &str = "/queue";
const MOST_NAMED: usize = 50;
