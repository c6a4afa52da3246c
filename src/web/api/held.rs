//! Held messages, for programs: the same acts as on the pages, through the same
//! functions of the gate.

use axum::{
    extract::{Path, RawQuery, State as Held},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{Body, By, People, Problem, Unfit};
use crate::{
    gate::{Discard, ReleaseAs, Released},
    model::{Act, Direction, Event, Level},
    store::{Assigned, HeldId, HeldState, QueueFilter, QueueSort, Settled},
};

/// Which messages are asked for.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    search: String,
    state: Option<String>,
    direction: Option<Direction>,
    rule: Option<String>,
    level: Option<Level>,
    assigned_to: Option<String>,
    from: Option<String>,
    before: Option<String>,
    sort: Option<String>,
    after: Option<HeldId>,
    limit: Option<u32>,
}

impl Asked {
    fn filter(self) -> Option<QueueFilter> {
        let state = self.state.map(|word| word.parse::<HeldState>()).transpose().ok()?;
        let from = self.from.map(|time| time.parse::<Timestamp>()).transpose().ok()?;
        let before = self.before.map(|time| time.parse::<Timestamp>()).transpose().ok()?;
        let sort = self.sort.map(|word| word.parse::<QueueSort>()).transpose().ok()?;
        Some(QueueFilter {
            search: self.search,
            state,
            direction: self.direction,
            rule: self.rule,
            level: self.level,
            assigned: self.assigned_to.map(Assigned::To),
            from,
            before,
            sort: sort.unwrap_or_default(),
            after: self.after,
            limit: self.limit.unwrap_or(MOST).clamp(1, MOST),
        })
    }
}

/// Lists held messages.
pub(super) async fn list(Held(people): Held<People>, RawQuery(query): RawQuery) -> Response {
    let asked = match serde_html_form::from_str::<Asked>(query.as_deref().unwrap_or("")) {
        Ok(asked) => asked,
        Err(error) => return Problem::Malformed.told(error),
    };
    let Some(filter) = asked.filter() else {
        return Problem::Malformed.told("state, sort or a time cannot be read");
    };
    match people.gate.store().queue(&filter).await {
        Ok(items) => {
            let is_full = u32::try_from(items.len()).is_ok_and(|count| count == filter.limit);
            let next = items.last().filter(|_| is_full).map(|held| held.id);
            super::json(StatusCode::OK, &json!({ "items": items, "next": next }))
        }
        Err(error) => Problem::from(error).into_response(),
    }
}

/// Shows one held message, without its content. That it was looked at is
/// written into the audit log.
pub(super) async fn show(Held(people): Held<People>, By(by): By, id: Path<String>) -> Response {
    let id = match named(&id) {
        Ok(id) => id,
        Err(problem) => return problem.into_response(),
    };
    let store = people.gate.store();
    let held = match store.held_by_id(id).await {
        Ok(Some(held)) => held,
        Ok(None) => return Problem::Missing.into_response(),
        Err(error) => return Problem::from(error).into_response(),
    };
    let seen = Event {
        event: Some(held.event),
        actor: by.name.clone(),
        act: Act::Viewed,
        facts: json!({ "held": id, "token": by.token }),
    };
    if let Err(error) = people.gate.record(seen).await {
        return Problem::from(error).into_response();
    }
    super::json(StatusCode::OK, &held)
}

/// Why something is done.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Purpose {
    purpose: String,
}

/// Gives the message itself.
pub(super) async fn reveal(
    Held(people): Held<People>,
    By(by): By,
    id: Path<String>,
    Body(body): Body<Purpose>,
) -> Response {
    let id = match named(&id) {
        Ok(id) => id,
        Err(problem) => return problem.into_response(),
    };
    let by = match by.reviewer(&people, &body.purpose) {
        Ok(by) => by,
        Err(Unfit(why)) => return Problem::Unfit.told(why),
    };
    match people.gate.store().reveal_held(id, &by).await {
        Ok(content) => ([(header::CONTENT_TYPE, "message/rfc822")], content).into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// How a message is released.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Release {
    purpose: String,
    #[serde(default)]
    encrypt: bool,
}

/// Sets a message free.
pub(super) async fn release(
    Held(people): Held<People>,
    By(by): By,
    id: Path<String>,
    Body(body): Body<Release>,
) -> Response {
    let id = match named(&id) {
        Ok(id) => id,
        Err(problem) => return problem.into_response(),
    };
    let by = match by.reviewer(&people, &body.purpose) {
        Ok(by) => by,
        Err(Unfit(why)) => return Problem::Unfit.told(why),
    };
    let how = if body.encrypt { ReleaseAs::Encrypted } else { ReleaseAs::Sent };
    match people.gate.release(id, &by, how).await {
        Ok(Released::Queued) => settled(id, HeldState::Released),
        Ok(Released::Already(state)) => late(state),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// Refuses a message; an internal sender is told.
pub(super) async fn reject(
    people: Held<People>,
    by: By,
    id: Path<String>,
    body: Body<Purpose>,
) -> Response {
    discard(people, by, &id, body, Discard::Reject).await
}

/// Destroys a message; nobody is told.
pub(super) async fn delete(
    people: Held<People>,
    by: By,
    id: Path<String>,
    body: Body<Purpose>,
) -> Response {
    discard(people, by, &id, body, Discard::Delete).await
}

async fn discard(
    Held(people): Held<People>,
    By(by): By,
    id: &str,
    Body(body): Body<Purpose>,
    to: Discard,
) -> Response {
    let id = match named(id) {
        Ok(id) => id,
        Err(problem) => return problem.into_response(),
    };
    let by = match by.reviewer(&people, &body.purpose) {
        Ok(by) => by,
        Err(Unfit(why)) => return Problem::Unfit.told(why),
    };
    let state = match to {
        Discard::Delete => HeldState::Deleted,
        Discard::Reject => HeldState::Rejected,
    };
    match people.gate.discard(id, &by, to).await {
        Ok(Settled::Now) => settled(id, state),
        Ok(Settled::Already(state)) => late(state),
        Err(error) => Problem::from(error).into_response(),
    }
}

fn settled(id: HeldId, state: HeldState) -> Response {
    super::json(StatusCode::OK, &json!({ "id": id, "state": state }))
}

fn late(state: HeldState) -> Response {
    Problem::Conflict.told(format_args!("it is {} already", state.as_str()))
}

fn named(id: &str) -> Result<HeldId, Problem> {
    id.parse().map_err(|_| Problem::Missing)
}

const MOST: u32 = 500;
