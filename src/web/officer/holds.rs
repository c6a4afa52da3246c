//! Legal holds: the list, placing one, lifting one.

use askama::Template;
use axum::{extract::State as Held, http::StatusCode, response::Response};
use serde::Deserialize;

use super::{broken, reviewer, shown, texts::OfficerTexts};
use crate::{
    base::id::EventId,
    store::{HeldId, Kept, LegalHold, Settled, Store, StoreError},
    web::{
        People,
        layout::{self, Frame},
        signed::{Form, Session, Signed},
    },
};

#[derive(Template)]
#[template(path = "officer/holds.html")]
struct HoldsPage {
    frame: Frame,
    texts: &'static OfficerTexts,
    holds: Vec<LegalHold>,
    done: &'static str,
    problem: &'static str,
}

/// What the forms of the page send.
#[derive(Deserialize)]
pub(in crate::web) struct Wish {
    message: String,
    purpose: String,
}

/// The list.
pub(in crate::web) async fn show(Held(people): Held<People>, signed: Signed) -> Response {
    page(&people, &signed, StatusCode::OK, ("", "")).await
}

/// Places a hold.
pub(in crate::web) async fn place(
    Held(people): Held<People>,
    signed: Signed,
    Form(wish): Form<Wish>,
) -> Response {
    keep(&people, &signed, &wish, Kept::ByLaw).await
}

/// Lifts a hold.
pub(in crate::web) async fn lift(
    Held(people): Held<People>,
    signed: Signed,
    Form(wish): Form<Wish>,
) -> Response {
    keep(&people, &signed, &wish, Kept::ForItsTime).await
}

async fn keep(people: &People, signed: &Session, wish: &Wish, kept: Kept) -> Response {
    let texts = OfficerTexts::of(signed.language());
    let by = match reviewer(&people.gate, signed, &wish.purpose) {
        Ok(by) => by,
        Err(problem) => return page(people, signed, StatusCode::BAD_REQUEST, ("", problem)).await,
    };
    let store = people.gate.store();
    let id = match meant(store, wish.message.trim()).await {
        Ok(Some(id)) => id,
        Ok(None) => {
            return page(people, signed, StatusCode::NOT_FOUND, ("", texts.holds_unknown)).await;
        }
        Err(error) => return broken(signed, &error),
    };
    let said = match store.keep(id, kept, &by).await {
        Ok(Settled::Now) if kept == Kept::ByLaw => texts.holds_placed,
        Ok(Settled::Now) => texts.holds_lifted,
        Ok(Settled::Already(_)) => texts.holds_already,
        Err(error) => return broken(signed, &error),
    };
    page(people, signed, StatusCode::OK, (said, "")).await
}

/// The held item that is meant: by its own name, or by that of its message.
async fn meant(store: &Store, name: &str) -> Result<Option<HeldId>, StoreError> {
    if let Ok(id) = name.parse::<HeldId>()
        && store.held_by_id(id).await?.is_some()
    {
        return Ok(Some(id));
    }
    match name.parse::<EventId>() {
        Ok(event) => Ok(store.held_of_event(event).await?.first().copied()),
        Err(_) => Ok(None),
    }
}

async fn page(
    people: &People,
    signed: &Session,
    status: StatusCode,
    (done, problem): (&'static str, &'static str),
) -> Response {
    let texts = OfficerTexts::of(signed.language());
    match people.gate.store().legal_holds().await {
        Ok(holds) => {
            let frame = Frame::of(signed, texts.holds_title);
            layout::show(status, &HoldsPage { frame, texts, holds, done, problem })
        }
        Err(error) => broken(signed, &error),
    }
}
