//! What waits for a second person, and what reviewers propose for the rules.
//!
//! Nobody agrees to his own request: the gate sees to that, whatever a page
//! offers. Proposals for the rules can be read and taken home as a file, and do
//! nothing here.

use askama::Template;
use axum::{
    extract::{Path, State as Held},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};

use super::{
    People,
    item::Why,
    layout::{self, Frame, Trouble},
    queue::{self, Row, failed, time, why},
    queue_texts::QueueTexts,
    signed::{Form, Session, Signed},
};
use crate::{
    gate::GateError,
    model::Permission,
    store::{ProposalId, RuleProposal},
};

/// A request that waits.
struct Request {
    id: String,
    what: &'static str,
    asked_by: String,
    asked_at: String,
    purpose: String,
    row: Row,
}

#[derive(Template)]
#[template(path = "approvals.html")]
struct ApprovalsPage {
    frame: Frame,
    texts: &'static QueueTexts,
    requests: Vec<Request>,
    problem: &'static str,
}

/// What waits for a second person.
pub(super) async fn list(Held(people): Held<People>, signed: Signed) -> Response {
    list_page(&people, &signed, (StatusCode::OK, "")).await
}

async fn list_page(
    people: &People,
    signed: &Session,
    (status, problem): (StatusCode, &'static str),
) -> Response {
    match requests(people, signed).await {
        Ok(requests) => {
            let texts = QueueTexts::of(signed.language());
            let frame = Frame::of(signed, texts.approvals);
            layout::show(status, &ApprovalsPage { frame, texts, requests, problem })
        }
        Err(error) => failed(signed, &error),
    }
}

async fn requests(people: &People, signed: &Session) -> Result<Vec<Request>, GateError> {
    let texts = QueueTexts::of(signed.language());
    let store = people.gate.store();
    let mut requests = Vec::new();
    for proposal in store.proposals().await? {
        let Some(held) = store.held_by_id(proposal.held).await? else { continue };
        requests.push(Request {
            id: proposal.id.to_string(),
            what: texts.proposed(proposal.what),
            asked_by: proposal.asked_by,
            asked_at: time(proposal.asked_at),
            purpose: proposal.purpose,
            row: Row::of(&held, texts),
        });
    }
    Ok(requests)
}

/// Agrees.
pub(super) async fn approve(
    Held(people): Held<People>,
    signed: Signed,
    Path(id): Path<String>,
    Form(form): Form<Why>,
) -> Response {
    let done = async {
        let actor = people.actor(&signed, form.purpose())?;
        people.gate.approve(parse(&id)?, &actor).await.map(|_| ())
    };
    let done = done.await;
    answer(&people, &signed, done).await
}

/// Turns it down.
pub(super) async fn decline(
    Held(people): Held<People>,
    signed: Signed,
    Path(id): Path<String>,
    Form(form): Form<Why>,
) -> Response {
    let done = async {
        let actor = people.actor(&signed, form.purpose())?;
        people.gate.decline(parse(&id)?, &actor).await
    };
    let done = done.await;
    answer(&people, &signed, done).await
}

fn parse(id: &str) -> Result<ProposalId, GateError> {
    id.parse().map_err(|_| GateError::RequestOver)
}

async fn answer(people: &People, signed: &Session, done: Result<(), GateError>) -> Response {
    let texts = QueueTexts::of(signed.language());
    match done {
        Ok(()) => Redirect::to("/approvals").into_response(),
        Err(error) if why(&error, texts) == texts.done_failed => failed(signed, &error),
        Err(error) => {
            list_page(people, signed, (StatusCode::BAD_REQUEST, why(&error, texts))).await
        }
    }
}

#[derive(Template)]
#[template(path = "rule_proposals.html")]
struct ProposalsPage {
    frame: Frame,
    texts: &'static QueueTexts,
    proposals: Vec<RuleProposal>,
    may_look: bool,
}

/// What reviewers propose for the rules.
pub(super) async fn proposals(Held(people): Held<People>, signed: Signed) -> Response {
    let texts = QueueTexts::of(signed.language());
    match people.gate.store().rule_proposals().await {
        Ok(proposals) => {
            let may_look = signed.may(Permission::SeeQueue);
            let frame = Frame::of(&signed, texts.proposals);
            let page = ProposalsPage { frame, texts, proposals, may_look };
            layout::show(StatusCode::OK, &page)
        }
        Err(error) => failed(&signed, &error.into()),
    }
}

/// One of them, as a file.
pub(super) async fn file(
    Held(people): Held<People>,
    signed: Signed,
    Path(id): Path<String>,
) -> Response {
    let all = match people.gate.store().rule_proposals().await {
        Ok(all) => all,
        Err(error) => return failed(&signed, &error.into()),
    };
    let Some(proposal) = all.into_iter().find(|proposal| proposal.id.to_string() == id) else {
        return layout::trouble_for(&signed, StatusCode::NOT_FOUND, Trouble::Missing);
    };
    let head = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/toml; charset=utf-8")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"sluse-rule.toml\""),
        ),
    ];
    (head, proposal.trial.toml).into_response()
}
