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
use crate::{gate::Granted, store::ProposalId};

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
    By(by): By,
    id: Path<String>,
    Body(body): Body<Purpose>,
) -> Response {
    let Ok(id) = id.parse::<ProposalId>() else { return Problem::Missing.into_response() };
    let actor = match by.actor(&people, &body.purpose) {
        Ok(actor) => actor,
        Err(Unfit(why)) => return Problem::Unfit.told(why),
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
    By(by): By,
    id: Path<String>,
    Body(body): Body<Purpose>,
) -> Response {
    let Ok(id) = id.parse::<ProposalId>() else { return Problem::Missing.into_response() };
    let actor = match by.actor(&people, &body.purpose) {
        Ok(actor) => actor,
        Err(Unfit(why)) => return Problem::Unfit.told(why),
    };
    match people.gate.decline(id, &actor).await {
        Ok(()) => told(id, "declined"),
        Err(error) => Problem::from(error).into_response(),
    }
}

fn told(id: ProposalId, state: &str) -> Response {
    super::json(StatusCode::OK, &json!({ "id": id, "state": state }))
}
