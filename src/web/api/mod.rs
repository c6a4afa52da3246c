//! The interface for programs: the same acts as on the pages, as JSON over HTTP,
//! by tokens that people make for themselves.
//!
//! The table of calls is the whole truth: routes and the OpenAPI description
//! are both made of it, and what a call needs is checked before its handler
//! runs. Cookies count for nothing here, so no page can make a browser call.
//! Every answer that is no success is a problem (RFC 9457).

pub mod calls;
mod held;
mod log;
mod openapi;
mod problem;
mod requests;

use std::sync::Arc;

use axum::{
    Router,
    extract::{FromRequest, FromRequestParts, Request, State as Held},
    http::{HeaderMap, StatusCode, header, request::Parts},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::any,
};
use serde::de::DeserializeOwned;

use self::{calls::Call, problem::Problem};
use super::{People, routes::Needs};
use crate::{
    gate::{Actor, ApiToken},
    model::{Address, Permission, Reviewer, Role},
};

/// All calls as a router.
pub(super) fn router(people: &People) -> Router<People> {
    let mut router = Router::new();
    for Call { path, needs, handler, .. } in calls::table() {
        let guarded = handler.layer(from_fn_with_state((people.clone(), needs), admit));
        router = router.route(path, guarded);
    }
    router.route("/api/{*rest}", any(async || Problem::Missing))
}

/// The token behind a call and its person.
struct Caller {
    /// The name of the account.
    name: String,
    /// What its person calls the token.
    token: String,
    roles: Vec<Role>,
    /// Where its person gets mail.
    addresses: Vec<Address>,
}

impl Caller {
    fn may(&self, permission: Permission) -> bool {
        self.roles.iter().any(|role| role.allows(permission))
    }

    /// The person, acting through the token, whose own mail is another's to
    /// decide about.
    fn actor(&self, people: &People, purpose: &str) -> Result<Actor, Unfit> {
        let by = self.reviewer(people, purpose)?;
        Ok(Actor { by, addresses: self.addresses.clone() })
    }

    /// The person, acting through the token with a purpose.
    fn reviewer(&self, people: &People, purpose: &str) -> Result<Reviewer, Unfit> {
        let purpose = people.gate.checked_text(purpose);
        let purpose = purpose.map_err(|error| Unfit(error.to_string()))?;
        if purpose.is_empty() {
            return Err(Unfit("a purpose is needed".to_owned()));
        }
        let purpose = format!("{purpose} (token {})", self.token);
        Reviewer::new(&self.name, &purpose).map_err(|error| Unfit(error.to_string()))
    }
}

/// What is wrong with what somebody typed.
struct Unfit(String);

/// Lets a call pass to its handler, or answers in its place.
async fn admit(
    Held((people, needs)): Held<(People, Needs)>,
    mut request: Request,
    next: Next,
) -> Response {
    if needs == Needs::Anyone {
        return next.run(request).await;
    }
    let Some(token) = bearer(request.headers()) else {
        return Problem::Unauthorized.into_response();
    };
    let caller = match people.gate.token_holder(&token).await {
        Ok(Some((token, account))) => Caller {
            addresses: people.gate.addresses_of(&account),
            name: account.name,
            token: token.name,
            roles: token.roles,
        },
        Ok(None) => return Problem::Unauthorized.into_response(),
        Err(error) => return Problem::from(error).into_response(),
    };
    if let Needs::May(permission) = needs
        && !caller.may(permission)
    {
        return Problem::Forbidden.into_response();
    }
    request.extensions_mut().insert(Arc::new(caller));
    next.run(request).await
}

fn bearer(headers: &HeaderMap) -> Option<ApiToken> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| ApiToken::parse(token.trim()))?
}

/// The caller, in handlers of calls that need one.
struct By(Arc<Caller>);

impl<S: Sync> FromRequestParts<S> for By {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Arc<Caller>>().cloned().map(Self).ok_or(Problem::Unauthorized)
    }
}

/// The JSON object that a call sends.
struct Body<T>(T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Response;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Response> {
        let body = axum::body::to_bytes(request.into_body(), MAX_BODY).await;
        let body = body.map_err(|error| Problem::Malformed.told(error))?;
        serde_json::from_slice(&body).map(Self).map_err(|error| Problem::Malformed.told(error))
    }
}

/// An answer in JSON.
fn json(status: StatusCode, body: &impl serde::Serialize) -> Response {
    match serde_json::to_string(body) {
        Ok(text) => (status, [(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "answer cannot be written");
            Problem::Broken.into_response()
        }
    }
}

/// Bytes of a body.
const MAX_BODY: usize = 64 << 10;
