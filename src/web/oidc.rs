//! Logging in at a provider: there, and back again.
//!
//! A link leads there, not a form: pages of ours send forms to us alone, and
//! browsers hold that for redirects too. The browser brings a sealed cookie
//! back, which counts once; without it nobody is logged in, whoever sent the
//! browser here.

use askama::Template;
use axum::{
    extract::{Path, Query, State as Held},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    People,
    layout::{self, Frame, Trouble},
    login::{self, Next, broken, inside, language},
    oidc_texts::OidcTexts,
};
use crate::gate::{Arrival, ProvidedError};

#[derive(Template)]
#[template(path = "provider.html")]
struct ProviderPage {
    frame: Frame,
    texts: &'static OidcTexts,
    text: &'static str,
}

/// Sends the browser to the provider.
pub(super) async fn depart(
    Held(people): Held<People>,
    Path(provider): Path<String>,
    Query(next): Query<Next>,
    headers: HeaderMap,
) -> Response {
    match people.gate.depart(&provider, inside(&next.next)).await {
        Ok(departure) => {
            let mut response = Redirect::to(&departure.url).into_response();
            if let Some(cookie) = people.flow_set(&departure.flow) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(error) => refusal(&error, &headers),
    }
}

/// What the provider sends the browser back with (RFC 6749 section 4.1.2, RFC
/// 9207).
#[derive(Deserialize)]
pub(super) struct Brought {
    code: Option<String>,
    iss: Option<String>,
    #[serde(default)]
    state: String,
}

/// Takes the browser back.
pub(super) async fn arrive(
    Held(people): Held<People>,
    Path(provider): Path<String>,
    Query(brought): Query<Brought>,
    headers: HeaderMap,
) -> Response {
    let flow = people.flow_cookie(&headers);
    let arrival = Arrival {
        code: brought.code.as_deref(),
        flow: flow.as_deref(),
        issuer: brought.iss.as_deref(),
        state: &brought.state,
    };
    let mut response = match people.gate.arrive(&provider, arrival).await {
        Ok(arrived) => {
            let mut response = Redirect::to(inside(&arrived.next)).into_response();
            login::remember(&people, &mut response, &arrived.token, &arrived.account);
            response
        }
        Err(error) => refusal(&error, &headers),
    };
    // Without a cookie there is nothing to end, and another log-in that is
    // under way goes on.
    if flow.is_some()
        && let Some(cookie) = people.flow_end()
    {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn refusal(error: &ProvidedError, headers: &HeaderMap) -> Response {
    let language = language(headers);
    let texts = OidcTexts::of(language);
    let (status, text) = match error {
        ProvidedError::Account(error) => return broken(error, headers),
        ProvidedError::Unknown => {
            return layout::trouble(StatusCode::NOT_FOUND, Trouble::Missing, headers);
        }
        ProvidedError::Busy => (StatusCode::SERVICE_UNAVAILABLE, texts.busy),
        ProvidedError::Closed => (StatusCode::FORBIDDEN, texts.closed),
        ProvidedError::Declined => (StatusCode::FORBIDDEN, texts.declined),
        ProvidedError::Down => (StatusCode::SERVICE_UNAVAILABLE, texts.down),
        ProvidedError::Foreign => (StatusCode::BAD_REQUEST, texts.foreign),
        ProvidedError::NoRole => (StatusCode::FORBIDDEN, texts.no_role),
        ProvidedError::Unmet => (StatusCode::FORBIDDEN, texts.unmet),
        ProvidedError::Untrusted => (StatusCode::FORBIDDEN, texts.untrusted),
    };
    let page = ProviderPage { frame: Frame::open(language, texts.title), texts, text };
    let mut response = layout::show(status, &page);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
    }
    response
}
