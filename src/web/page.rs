//! The guidance page: what it means that a message was stopped, and the
//! general way forward, in the reader's language.

use std::sync::LazyLock;

use askama::Template;
use axum::{
    extract::{Path, RawQuery, State as Held},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{self, HeaderName},
    },
    response::{Html, IntoResponse, Response},
};
use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use super::{State, accept_language};
use crate::{
    base::id::EventId,
    notify::{Language, Letterhead, words::Words},
};

/// The page behind the link of an event. Whether the event exists is not
/// looked up.
pub(super) async fn event(
    state: Held<State>,
    Path(event): Path<String>,
    query: RawQuery,
    headers: HeaderMap,
) -> Response {
    guidance(&state, &event, &query, &headers)
}

/// What everybody may see about an event.
pub(super) fn guidance(
    state: &State,
    event: &str,
    query: &RawQuery,
    headers: &HeaderMap,
) -> Response {
    match event.parse::<EventId>() {
        Ok(event) => answer(state, query, headers, Asked::Guidance(Some(event))),
        Err(_) => answer(state, query, headers, Asked::Missing),
    }
}

/// The same page for a personal link, where nothing more can be shown.
pub(super) async fn personal(
    state: Held<State>,
    Path((event, _)): Path<(String, String)>,
    query: RawQuery,
    headers: HeaderMap,
) -> Response {
    guidance(&state, &event, &query, &headers)
}

/// The same page without an event.
pub(super) async fn general(state: Held<State>, query: RawQuery, headers: HeaderMap) -> Response {
    answer(&state, &query, &headers, Asked::Guidance(None))
}

/// Any other address.
pub(super) async fn missing(state: Held<State>, query: RawQuery, headers: HeaderMap) -> Response {
    answer(&state, &query, &headers, Asked::Missing)
}

/// Puts the headers on that forbid everything a page of ours does not need,
/// except where the page has its own.
pub(super) async fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in &*GUARDS {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    response
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    words: &'static Words,
    language: Language,
    languages: [Language; 3],
    style: &'static str,
    event: String,
    missing: bool,
    contact: &'a str,
    guidance: &'a str,
    guidance_url: &'a str,
    legal_url: &'a str,
    organisation: &'a str,
}

/// Which page.
enum Asked {
    Guidance(Option<EventId>),
    Missing,
}

impl<'a> Page<'a> {
    fn of(asked: &Asked, language: Language, letterhead: &'a Letterhead) -> Self {
        let (event, missing) = match asked {
            Asked::Guidance(event) => (event.map(|event| event.to_string()), false),
            Asked::Missing => (None, true),
        };
        Self {
            words: Words::of(language),
            language,
            languages: Language::ALL,
            style: STYLE,
            event: event.unwrap_or_default(),
            missing,
            contact: letterhead.contact(language),
            guidance: letterhead.guidance(language),
            guidance_url: letterhead.guidance_url(language),
            legal_url: letterhead.legal_url(language),
            organisation: letterhead.organisation(language),
        }
    }
}

fn answer(state: &State, query: &RawQuery, headers: &HeaderMap, asked: Asked) -> Response {
    let letterhead = state.letterhead.load();
    let language = language(query.0.as_deref(), headers, &letterhead);
    let about = [
        (header::CONTENT_LANGUAGE, HeaderValue::from_static(language.as_str())),
        (header::VARY, HeaderValue::from_static("accept-language")),
    ];
    let status = match asked {
        Asked::Guidance(_) => StatusCode::OK,
        Asked::Missing => StatusCode::NOT_FOUND,
    };
    match Page::of(&asked, language, &letterhead).render() {
        Ok(text) => (status, about, Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "guidance page cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// What a page with forms is allowed, which post to itself. Its address is a
/// secret, so nobody is told it, ourselves included; where the form comes from
/// is told, for the check of it.
pub(super) fn form_guards() -> [(HeaderName, HeaderValue); 2] {
    let policy = GUARDS.iter().find(|(name, _)| name == header::CONTENT_SECURITY_POLICY);
    let policy =
        policy.and_then(|(_, policy)| policy.to_str().ok()).unwrap_or("default-src 'none'");
    let policy = policy.replace("form-action 'none'", "form-action 'self'");
    let fixed = HeaderValue::from_static;
    let policy = HeaderValue::from_str(&policy).unwrap_or(fixed("default-src 'none'"));
    [(header::CONTENT_SECURITY_POLICY, policy), (header::REFERRER_POLICY, fixed("strict-origin"))]
}

/// What the menu chose, else what the browser asks for, else ours.
pub(super) fn language(
    query: Option<&str>,
    headers: &HeaderMap,
    letterhead: &Letterhead,
) -> Language {
    let chosen = || {
        let mut pairs = query?.split('&');
        pairs.find_map(|pair| pair.strip_prefix("lang="))?.parse().ok()
    };
    let asked = || accept_language::best(headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?);
    chosen().or_else(asked).unwrap_or(letterhead.language)
}

pub(super) const STYLE: &str = include_str!("../../templates/page.css");

static GUARDS: LazyLock<Vec<(HeaderName, HeaderValue)>> = LazyLock::new(|| {
    let hash = BASE64.encode(&Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    let fixed = HeaderValue::from_static;
    vec![
        // Base64 and the words above are ASCII.
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_str(&policy).unwrap_or(fixed("default-src 'none'")),
        ),
        (header::CACHE_CONTROL, fixed("no-store")),
        // Under `no-referrer` forms would come without their origin.
        (header::REFERRER_POLICY, fixed("same-origin")),
        (header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
        (header::X_FRAME_OPTIONS, fixed("DENY")),
        (HeaderName::from_static("cross-origin-opener-policy"), fixed("same-origin")),
        (HeaderName::from_static("cross-origin-resource-policy"), fixed("same-origin")),
        (
            HeaderName::from_static("permissions-policy"),
            fixed("camera=(), geolocation=(), microphone=()"),
        ),
        (HeaderName::from_static("x-robots-tag"), fixed("noindex")),
    ]
});
