//! The list of held mail: search, filters, order, pages, and the same act for
//! many at once.
//!
//! An address may hold a number, so it is shown masked. What a person asks for
//! is done by the gate, which writes it down for each message.

use askama::Template;
use axum::{
    Extension,
    extract::{RawQuery, State as Held},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use jiff::{Timestamp, civil, tz};
use serde::Deserialize;

use super::{
    People,
    layout::{self, Frame, Trouble},
    queue_texts::{QueueTexts, directions, level_tint, levels, state_tint},
    serve::Patience,
    signed::{Form, Session, Signed},
};
use crate::{
    gate::{Actor, GateError, Granted, ReleaseAs, Wish, hidden},
    model::Permission,
    store::{self, Assigned, HeldId, HeldState, QueueFilter, QueueSort, StoreError},
};

/// A held message, as a row.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) event: String,
    pub(super) state: &'static str,
    pub(super) state_tint: &'static str,
    pub(super) level: &'static str,
    pub(super) level_tint: &'static str,
    pub(super) direction: &'static str,
    pub(super) sender: String,
    pub(super) to: String,
    pub(super) more: usize,
    pub(super) rules: Vec<String>,
    pub(super) persons: u64,
    pub(super) size: String,
    pub(super) held_at: String,
    pub(super) expires_at: String,
    pub(super) assigned: String,
}

impl Row {
    pub(super) fn of(held: &store::Held, texts: &QueueTexts) -> Self {
        let first = held.recipients.first().map(|to| hidden(to.as_str())).unwrap_or_default();
        Self {
            id: held.id.to_string(),
            event: held.event.to_string(),
            state: texts.state_of(held.state),
            state_tint: state_tint(held.state),
            level: texts.level_of(held.level),
            level_tint: level_tint(held.level),
            direction: texts.direction_of(held.direction),
            sender: held.sender.as_ref().map_or("<>".to_owned(), |from| hidden(from.as_str())),
            to: first,
            more: held.recipients.len().saturating_sub(1),
            rules: held.rules.clone(),
            persons: held.persons,
            size: size(held.size),
            held_at: time(held.held_at),
            expires_at: time(held.expires_at),
            assigned: held.assigned_to.clone().unwrap_or_default(),
        }
    }
}

/// What the list is asked for, as it stands in the address.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Query {
    q: String,
    state: String,
    direction: String,
    rule: String,
    level: String,
    assigned: String,
    from: String,
    to: String,
    sort: String,
    rows: String,
    after: String,
}

impl Query {
    fn filter(&self) -> QueueFilter {
        let state = match self.state.as_str() {
            "" => Some(HeldState::Held),
            word => word.parse().ok(),
        };
        let word = serde_json::Value::String(self.direction.clone());
        let assigned = match self.assigned.as_str() {
            "" => None,
            "-" => Some(Assigned::Nobody),
            name => Some(Assigned::To(name.to_owned())),
        };
        QueueFilter {
            search: self.q.clone(),
            state,
            direction: serde_json::from_value(word).ok(),
            rule: (!self.rule.is_empty()).then(|| self.rule.clone()),
            level: self.level.parse().ok(),
            assigned,
            from: day(&self.from, 0),
            before: day(&self.to, 1),
            sort: self.sort.parse().unwrap_or_default(),
            after: self.after.parse().ok(),
            limit: self.rows() + 1,
        }
    }

    /// Rows of a page: one of those that can be chosen.
    fn rows(&self) -> u32 {
        PAGES.into_iter().find(|rows| rows.to_string() == self.rows).unwrap_or(PAGES[0])
    }

    /// The same list from another item on.
    fn link(&self, after: &str) -> String {
        let all = [
            ("q", self.q.as_str()),
            ("state", &self.state),
            ("direction", &self.direction),
            ("rule", &self.rule),
            ("level", &self.level),
            ("assigned", &self.assigned),
            ("from", &self.from),
            ("to", &self.to),
            ("sort", &self.sort),
            ("rows", &self.rows),
            ("after", after),
        ];
        let given: Vec<_> = all.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        format!("/queue?{}", serde_html_form::to_string(given).unwrap_or_default())
    }
}

/// A choice in a list of choices.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) text: String,
    pub(super) chosen: bool,
}

#[derive(Template)]
#[template(path = "queue.html")]
struct QueuePage {
    frame: Frame,
    texts: &'static QueueTexts,
    query: Query,
    rows: Vec<Row>,
    total: String,
    counts: Vec<(&'static str, &'static str, u64)>,
    states: Vec<Choice>,
    directions: Vec<Choice>,
    levels: Vec<Choice>,
    rules: Vec<Choice>,
    owners: Vec<Choice>,
    sorts: Vec<Choice>,
    pages: Vec<Choice>,
    next: Option<String>,
    first: Option<String>,
    may_decide: bool,
    problem: &'static str,
}

/// The list.
pub(super) async fn list(
    Held(people): Held<People>,
    signed: Signed,
    RawQuery(query): RawQuery,
) -> Response {
    let query = serde_html_form::from_str(query.as_deref().unwrap_or("")).unwrap_or_default();
    match list_page(&people, &signed, query, "").await {
        Ok(page) => layout::show(StatusCode::OK, &page),
        Err(error) => failed(&signed, &error.into()),
    }
}

async fn list_page(
    people: &People,
    signed: &Session,
    query: Query,
    problem: &'static str,
) -> Result<QueuePage, StoreError> {
    let texts = QueueTexts::of(signed.language());
    let store = people.gate.store();
    let filter = query.filter();
    let (items, total) = tokio::join!(store.queue(&filter), store.queue_total(&filter));
    let (mut items, total) = (items?, total?);
    let counts = store.queue_states().await?;
    let rules = store.queue_rules().await?;
    let page = query.rows() as usize;
    let is_more = items.len() > page;
    items.truncate(page);
    let last = items.last().map(|held| held.id.to_string()).filter(|_| is_more);
    let choice = |value: &str, text: &str, chosen: &str| Choice {
        value: value.to_owned(),
        text: text.to_owned(),
        chosen: value == chosen,
    };
    let all = |chosen: &str| choice("", texts.all, chosen);
    let state = if query.state.is_empty() { "held" } else { &query.state };
    let states = STATES.map(|state_| choice(state_.as_str(), texts.state_of(state_), state));
    let directions = directions(texts);
    let levels = levels(texts);
    let owners = [("-", texts.nobody), (signed.name(), signed.name())];
    let counts = counts
        .into_iter()
        .map(|(state, number)| (texts.state_of(state), state_tint(state), number));
    Ok(QueuePage {
        frame: Frame::of(signed, texts.title),
        texts,
        rows: items.iter().map(|held| Row::of(held, texts)).collect(),
        total: format!("{}{}", total.items, if total.more { "+" } else { "" }),
        counts: counts.collect(),
        states: states.into_iter().chain([choice("all", texts.all, state)]).collect(),
        directions: with(all(&query.direction), directions, |(v, t)| {
            choice(v, t, &query.direction)
        }),
        levels: with(all(&query.level), levels, |(v, t)| choice(v, t, &query.level)),
        rules: with(all(&query.rule), rules, |rule| choice(&rule, &rule, &query.rule)),
        owners: with(all(&query.assigned), owners, |(v, t)| choice(v, t, &query.assigned)),
        sorts: QueueSort::ALL
            .map(|sort| {
                let chosen = filter.sort.as_str();
                choice(sort.as_str(), texts.sort_of(sort), chosen)
            })
            .into(),
        pages: PAGES
            .map(|rows| rows.to_string())
            .map(|rows| choice(&rows, &rows, &page.to_string()))
            .into(),
        next: last.map(|last| query.link(&last)),
        first: filter.after.map(|_| query.link("")),
        may_decide: signed.may(Permission::Decide),
        query,
        problem,
    })
}

fn with<T>(
    all: Choice,
    others: impl IntoIterator<Item = T>,
    choice: impl Fn(T) -> Choice,
) -> Vec<Choice> {
    [all].into_iter().chain(others.into_iter().map(choice)).collect()
}

/// What is asked for, of one message or many.
#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    id: Vec<String>,
    wish: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    purpose: String,
}

impl Asked {
    pub(super) fn purpose(&self) -> &str {
        &self.purpose
    }

    pub(super) fn wish(&self) -> Option<Wish> {
        Some(match self.wish.as_str() {
            "ask" => Wish::Ask(self.text.clone()),
            "delete" => Wish::Delete,
            "refuse" => Wish::Refuse(self.text.clone()),
            "release" => Wish::Release(ReleaseAs::Sent),
            "release-encrypted" => Wish::Release(ReleaseAs::Encrypted),
            _ => return None,
        })
    }
}

#[derive(Template)]
#[template(path = "queue_done.html")]
struct DonePage {
    frame: Frame,
    texts: &'static QueueTexts,
    results: Vec<(String, &'static str, &'static str)>,
}

/// Does the same with all that are chosen.
pub(super) async fn act(
    Held(people): Held<People>,
    signed: Signed,
    Extension(patience): Extension<Patience>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    let texts = QueueTexts::of(signed.language());
    let ids: Vec<HeldId> = asked.id.iter().filter_map(|id| id.parse().ok()).collect();
    let Some(wish) = asked.wish() else {
        return layout::trouble(StatusCode::BAD_REQUEST, Trouble::Incomplete, &headers);
    };
    let problem = match people.actor(&signed, asked.purpose()) {
        Ok(_) if ids.is_empty() => texts.none_chosen,
        Ok(actor) => {
            patience.ask_for_more();
            let gate = people.gate.clone();
            // It goes on though the browser may have left.
            let acting = tokio::spawn(async move { gate.grant_all(&ids, &wish, &actor).await });
            let Ok(results) = acting.await else { return failed(&signed, &GateError::Panicked) };
            let results = results.iter().map(|(id, result)| {
                let (text, tint) = told(result, texts);
                (id.to_string(), text, tint)
            });
            let frame = Frame::of(&signed, texts.title);
            let page = DonePage { frame, texts, results: results.collect() };
            return layout::show(StatusCode::OK, &page);
        }
        Err(error) => texts.fault(&error),
    };
    match list_page(&people, &signed, Query::default(), problem).await {
        Ok(page) => layout::show(StatusCode::BAD_REQUEST, &page),
        Err(error) => failed(&signed, &error.into()),
    }
}

/// What came of a wish, and its colour.
pub(super) fn told(
    result: &Result<Granted, GateError>,
    texts: &'static QueueTexts,
) -> (&'static str, &'static str) {
    match result {
        Ok(Granted::Already(_)) => (texts.done_already, "warn"),
        Ok(Granted::Done) => (texts.done, "good"),
        Ok(Granted::Proposed) => (texts.done_proposed, "warn"),
        Err(error) => (why(error, texts), "bad"),
    }
}

/// Why something was not done, in words for the one who asked.
pub(super) fn why(error: &GateError, texts: &'static QueueTexts) -> &'static str {
    match error {
        GateError::CutOff => texts.not_reached,
        GateError::NoNextHop => texts.not_sent,
        GateError::NotAsked(_) => texts.not_asked,
        GateError::OwnRequest => texts.approval_own,
        GateError::RequestOver => texts.done_already,
        GateError::Store(StoreError::Conflict) => texts.pending,
        GateError::Store(StoreError::KeptByLaw(_)) => texts.not_kept,
        GateError::Text(error) => texts.fault(error),
        GateError::Unprotectable(_) => texts.not_encrypted,
        GateError::NotCleared(_)
        | GateError::NotHeld(_)
        | GateError::NotReread
        | GateError::NotSealed
        | GateError::Notice(_)
        | GateError::OwnMail(_)
        | GateError::Panicked
        | GateError::Protect(_)
        | GateError::Store(_)
        | GateError::Untold
        | GateError::Worker(_)
        | GateError::WrongBytes(_) => texts.done_failed,
    }
}

/// The page that says that the gate or the store failed.
pub(super) fn failed(signed: &Session, error: &GateError) -> Response {
    if let GateError::NotHeld(_) | GateError::Store(StoreError::UnknownItem(_)) = error {
        return layout::trouble_for(signed, StatusCode::NOT_FOUND, Trouble::Missing);
    }
    tracing::error!(error = error as &dyn std::error::Error, "page about held mail failed");
    layout::trouble_for(signed, StatusCode::SERVICE_UNAVAILABLE, Trouble::Broken)
}

impl People {
    /// Whoever is logged in, as one who acts with this purpose.
    pub(super) fn actor(
        &self,
        signed: &Session,
        purpose: &str,
    ) -> Result<Actor, crate::gate::FreeTextError> {
        let by = self.gate.reviewer(signed.name(), purpose)?;
        let addresses = self.gate.addresses_of(signed.account());
        Ok(Actor { by, addresses })
    }
}

/// A time to the minute, in UTC.
pub(super) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

/// A size in kilobytes or megabytes.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} kB", bytes / 1024),
        _ => format!("{} MB", bytes / 1_048_576),
    }
}

/// The start of a day, some days later.
fn day(text: &str, later: i64) -> Option<Timestamp> {
    let date: civil::Date = text.parse().ok()?;
    let date = date.checked_add(jiff::Span::new().days(later)).ok()?;
    tz::Offset::UTC.to_timestamp(date.to_datetime(civil::Time::midnight())).ok()
}

const STATES: [HeldState; 4] =
    [HeldState::Held, HeldState::Released, HeldState::Rejected, HeldState::Deleted];
/// Rows of a page; the last are as many as one form may act on.
const PAGES: [u32; 3] = [50, 200, 500];
