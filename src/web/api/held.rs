//! Held messages, for programs: the same acts as on the pages, through the same
//! functions of the gate.

use axum::{
    extract::{Path, RawQuery, State as Held},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Body, By, People, Problem, Unfit};
use crate::{
    gate::{Content, Granted, Look, ReleaseAs, Wish},
    model::{Direction, Level},
    store::{Assigned, HeldId, HeldState, QueueFilter, QueueSort},
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

/// Shows one held message, with every value masked. That it was looked at is
/// written into the audit log.
pub(super) async fn show(Held(people): Held<People>, By(by): By, id: Path<String>) -> Response {
    let by = match by.reviewer(&people, "looked at it") {
        Ok(by) => by,
        Err(Unfit(why)) => return Problem::Unfit.told(why),
    };
    let id = match named(&id) {
        Ok(id) => id,
        Err(problem) => return problem.into_response(),
    };
    match people.gate.look(id, &by).await {
        Ok(look) => super::json(StatusCode::OK, &looked(&look)),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// A look without the text around what was found, which is for eyes.
fn looked(look: &Look) -> Value {
    let (findings, gaps) = match &look.content {
        Content::Gone => (Value::Null, Value::Null),
        Content::Read { findings, gaps, .. } => {
            let findings = findings.iter().map(|seen| {
                let finding = &seen.finding;
                json!({
                    "rule": finding.rule, "kind": finding.kind, "level": finding.level,
                    "surface": finding.surface, "path": finding.path.to_string(),
                    "masked": finding.masked,
                })
            });
            (findings.collect(), json!(gaps))
        }
    };
    json!({
        "held": look.held, "findings": findings, "gaps": gaps, "comments": look.comments,
        "history": look.history,
    })
}

/// Why something is done.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Purpose {
    pub(super) purpose: String,
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

/// What somebody says about a message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Remark {
    text: String,
}

/// Adds a comment.
pub(super) async fn comment(
    Held(people): Held<People>,
    By(by): By,
    id: Path<String>,
    Body(body): Body<Remark>,
) -> Response {
    let id = match named(&id) {
        Ok(id) => id,
        Err(problem) => return problem.into_response(),
    };
    let by = match by.reviewer(&people, &body.text) {
        Ok(by) => by,
        Err(Unfit(why)) => return Problem::Unfit.told(why),
    };
    match people.gate.store().comment(id, &by).await {
        Ok(()) => super::json(StatusCode::OK, &json!({ "id": id, "state": "commented" })),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// What the sender is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    purpose: String,
    text: String,
}

/// Asks the internal sender of a message something; it stays held.
pub(super) async fn ask(
    people: Held<People>,
    by: By,
    id: Path<String>,
    Body(body): Body<Question>,
) -> Response {
    let wish = Wish::Ask(body.text);
    grant((people, by), &id, (wish, &body.purpose), "asked").await
}

/// How a message is released.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Release {
    purpose: String,
    #[serde(default)]
    encrypt: bool,
}

/// Sets a message free, or asks for it where a second person must agree.
pub(super) async fn release(
    people: Held<People>,
    by: By,
    id: Path<String>,
    Body(body): Body<Release>,
) -> Response {
    let how = if body.encrypt { ReleaseAs::Encrypted } else { ReleaseAs::Sent };
    grant((people, by), &id, (Wish::Release(how), &body.purpose), HeldState::Released.as_str())
        .await
}

/// How a message is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refusal {
    purpose: String,
    #[serde(default)]
    text: String,
}

/// Refuses a message; an internal sender is told.
pub(super) async fn reject(
    people: Held<People>,
    by: By,
    id: Path<String>,
    Body(body): Body<Refusal>,
) -> Response {
    let wish = Wish::Refuse(body.text);
    grant((people, by), &id, (wish, &body.purpose), HeldState::Rejected.as_str()).await
}

/// Destroys a message; nobody is told.
pub(super) async fn delete(
    people: Held<People>,
    by: By,
    id: Path<String>,
    Body(body): Body<Purpose>,
) -> Response {
    grant((people, by), &id, (Wish::Delete, &body.purpose), HeldState::Deleted.as_str()).await
}

async fn grant(
    (Held(people), By(by)): (Held<People>, By),
    id: &str,
    (wish, purpose): (Wish, &str),
    done: &str,
) -> Response {
    let id = match named(id) {
        Ok(id) => id,
        Err(problem) => return problem.into_response(),
    };
    let actor = match by.actor(&people, purpose) {
        Ok(actor) => actor,
        Err(Unfit(why)) => return Problem::Unfit.told(why),
    };
    match people.gate.grant(id, &wish, &actor).await {
        Ok(Granted::Done) => super::json(StatusCode::OK, &json!({ "id": id, "state": done })),
        Ok(Granted::Proposed) => {
            super::json(StatusCode::ACCEPTED, &json!({ "id": id, "state": "proposed" }))
        }
        Ok(Granted::Already(state)) => late(state),
        Err(error) => Problem::from(error).into_response(),
    }
}

pub(super) fn late(state: HeldState) -> Response {
    Problem::Conflict.told(format_args!("it is {} already", state.as_str()))
}

fn named(id: &str) -> Result<HeldId, Problem> {
    id.parse().map_err(|_| Problem::Missing)
}

const MOST: u32 = 500;
