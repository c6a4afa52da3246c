//! What a second person must agree to, for programs.

use axum::{
    extract::{Path, State as Held},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{
    Body, By, People, Problem, Unfit,
    held::{self, Purpose},
};
use crate::{
    gate::{Actor, Granted},
    store::ProposalId,
};

/// All open requests.
pub(super) async fn list(Held(people): Held<People>) -> Response {
    match people.gate.store().proposals().await {
        Ok(items) => super::json(StatusCode::OK, &json!({ "items": items, "next": null })),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// Agrees to a request of somebody else, and carries it out.
pub(super) async fn approve(
    Held(people): Held<People>,
    by: By,
    id: Path<String>,
    Body(body): Body<Purpose>,
) -> Response {
    let (id, actor) = match asked(&people, by, &id, &body.purpose) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    match people.gate.approve(id, &actor).await {
        Ok(Granted::Already(state)) => held::late(state),
        Ok(Granted::Done | Granted::Proposed) => told(id, "approved"),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// Turns a request down.
pub(super) async fn decline(
    Held(people): Held<People>,
    by: By,
    id: Path<String>,
    Body(body): Body<Purpose>,
) -> Response {
    let (id, actor) = match asked(&people, by, &id, &body.purpose) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    match people.gate.decline(id, &actor).await {
        Ok(()) => told(id, "declined"),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// Which request is meant, and who acts.
fn asked(
    people: &People,
    By(by): By,
    id: &str,
    purpose: &str,
) -> Result<(ProposalId, Actor), Box<Response>> {
    let id = id.parse().map_err(|_| Box::new(Problem::Missing.into_response()))?;
    let actor = by.actor(people, purpose);
    Ok((id, actor.map_err(|Unfit(why)| Box::new(Problem::Unfit.told(why)))?))
}

fn told(id: ProposalId, state: &str) -> Response {
    super::json(StatusCode::OK, &json!({ "id": id, "state": state }))
}
