//! What is checked before any page: session, permission, and that a form was
//! sent from a page of ours.
//!
//! A form counts as ours when the browser says so (`Origin`) and, inside a
//! session, when it carries the secret of that session as well. Whoever is not
//! logged in is led to the log-in page; whoever may not is told so.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State as Held},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

use super::{
    People,
    layout::{self, Trouble},
    routes::Needs,
    sessions,
    signed::Session,
};
use crate::{gate::AccessToken, store::StoreError};

/// Lets a request pass to its page, or answers in its place.
pub(super) async fn admit(
    Held((people, needs)): Held<(People, Needs)>,
    request: Request,
    next: Next,
) -> Response {
    let signed = match whose(&people, request.headers()).await {
        Ok(signed) => signed.map(Arc::new),
        Err(error) => {
            tracing::error!(%error, "session cannot be looked up");
            let status = StatusCode::SERVICE_UNAVAILABLE;
            return layout::trouble(status, Trouble::Broken, request.headers());
        }
    };
    let is_form = request.method() == Method::POST;
    if is_form && !people.is_ours(request.headers()) {
        return layout::trouble(StatusCode::FORBIDDEN, Trouble::Foreign, request.headers());
    }
    let Some(signed) = signed else {
        return match needs {
            Needs::Anyone => next.run(request).await,
            Needs::May(_) | Needs::SignedIn => to_login(request.uri(), is_form),
        };
    };
    let may = match needs {
        Needs::Anyone | Needs::SignedIn => true,
        Needs::May(permission) => signed.may(permission),
    };
    if !may {
        return layout::refused(&signed);
    }
    let checked = is_form && needs != Needs::Anyone;
    let mut request = match checked {
        true => match with_secret(request, &signed).await {
            Ok(request) => request,
            Err(trouble) => {
                return layout::trouble_for(&signed, StatusCode::FORBIDDEN, trouble);
            }
        },
        false => request,
    };
    request.extensions_mut().insert(signed);
    next.run(request).await
}

/// Whose session the cookie tells of.
async fn whose(people: &People, headers: &HeaderMap) -> Result<Option<Session>, StoreError> {
    let Some(token) = people.session_cookie(headers).and_then(|text| AccessToken::parse(&text))
    else {
        return Ok(None);
    };
    let mark = token.mark(people.gate.store());
    let account = people.gate.store().session(&mark, sessions::family(headers)).await?;
    Ok(account.map(|account| Session::new(people, account, mark)))
}

/// The request again, when its form carries the secret of the session.
async fn with_secret(request: Request, signed: &Session) -> Result<Request, Trouble> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_FORM).await.map_err(|_| Trouble::TooMuch)?;
    if !carries(&body, signed.csrf()) {
        return Err(Trouble::Foreign);
    }
    Ok(Request::from_parts(parts, Body::from(body)))
}

fn carries(body: &Bytes, secret: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Sent {
        csrf: String,
    }
    let Ok(sent) = serde_html_form::from_bytes::<Sent>(body) else { return false };
    // Both are keyed hashes: a comparison that stops early tells nothing of
    // use, and this one does not stop.
    sent.csrf.len() == secret.len()
        && sent.csrf.bytes().zip(secret.bytes()).fold(0, |sum, (one, two)| sum | (one ^ two)) == 0
}

/// To the log-in page, and from there back to what was asked for, unless it
/// was a form.
fn to_login(uri: &Uri, is_form: bool) -> Response {
    let asked = uri.path_and_query().map_or("/", |asked| asked.as_str());
    if is_form || asked == "/" {
        return Redirect::to("/login").into_response();
    }
    let next = serde_html_form::to_string([("next", asked)]).unwrap_or_default();
    Redirect::to(&format!("/login?{next}")).into_response()
}

impl People {
    /// Whether a browser says that it sends from a page of ours.
    fn is_ours(&self, headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let Some(origin) = text(header::ORIGIN) else {
            return text(header::HeaderName::from_static("sec-fetch-site")) == Some("same-origin");
        };
        self.origin.as_deref() == Some(origin)
            || text(header::HOST)
                .is_some_and(|host| origin == format!("http://{host}") && self.is_local(host))
    }
}

/// Bytes of a form.
const MAX_FORM: usize = 64 << 10;
