//! The sessions of the person who looks: where else the account is open, and
//! ending that.
//!
//! Of a browser no more is kept than its family, so that a person knows it
//! again; of where it is, nothing.

use axum::{
    extract::State as Held,
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use data_encoding::HEXLOWER;
use serde::Deserialize;

use super::{
    People,
    login::broken,
    queue::time,
    signed::{Form, Session, Signed},
};
use crate::store::{OpenSession, StoreError};

/// One session, as its person sees it.
pub(super) struct OwnSession {
    /// What the form that ends it calls it. The hash that the store knows it by
    /// stays here.
    pub(super) name: String,
    pub(super) begun: String,
    pub(super) seen: String,
    pub(super) browser: Option<String>,
    /// Whether the person looks through it.
    pub(super) is_this: bool,
}

/// All sessions of the person.
pub(super) async fn own(people: &People, signed: &Session) -> Result<Vec<OwnSession>, StoreError> {
    let sessions = people.gate.store().sessions(signed.id()).await?;
    let own = |session: OpenSession| OwnSession {
        name: people.session_name(&session.mark),
        begun: time(session.begun),
        seen: time(session.seen),
        browser: session.browser,
        is_this: session.mark == signed.mark(),
    };
    Ok(sessions.into_iter().map(own).collect())
}

/// What the forms about sessions send.
#[derive(Deserialize)]
pub(super) struct Ended {
    /// The one that is to end; without it, all but this one.
    session: Option<String>,
}

/// Ends one session of the person, or all but this one.
pub(super) async fn end(
    Held(people): Held<People>,
    signed: Signed,
    headers: HeaderMap,
    Form(ended): Form<Ended>,
) -> Response {
    let store = people.gate.store();
    let sessions = match store.sessions(signed.id()).await {
        Ok(sessions) => sessions,
        Err(error) => return broken(&error.into(), &headers),
    };
    let is_meant = |session: &OpenSession| match &ended.session {
        None => session.mark != signed.mark(),
        Some(name) => people.session_name(&session.mark) == *name,
    };
    let marks = sessions.into_iter().filter(is_meant).map(|session| session.mark);
    match store.close_sessions(signed.account(), &marks.collect::<Vec<_>>()).await {
        Ok(()) => Redirect::to("/me?saved").into_response(),
        Err(error) => broken(&error.into(), &headers),
    }
}

/// The family of the browser, as far as it says one that we know.
pub(super) fn family(headers: &HeaderMap) -> Option<&'static str> {
    let agent = headers.get(header::USER_AGENT)?.to_str().ok()?;
    FAMILIES.into_iter().find(|(mark, _)| agent.contains(mark)).map(|(_, family)| family)
}

impl People {
    fn session_name(&self, mark: &str) -> String {
        HEXLOWER.encode(&self.gate.store().mac("session name", mark.as_bytes())[..16])
    }
}

/// What tells a family. The order counts: most also call themselves those that
/// come later.
const FAMILIES: [(&str, &str); 7] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
