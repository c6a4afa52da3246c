//! Logging in and out, the welcome behind an invitation, and what people set
//! for themselves.

use std::{sync::Arc, time::Instant};

use askama::Template;
use axum::{
    extract::{Path, Query, RawQuery, State as Held},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    People, accept_language,
    attempts::Browser,
    client::Client,
    dashboard, factor,
    frame_texts::FrameTexts,
    layout::{self, Frame, Theme, Trouble},
    oidc_texts::OidcTexts,
    page,
    people_texts::FactorTexts,
    sessions::{self, OwnSession},
    signed::{Anybody, Form, Signed},
    token_texts::TokenTexts,
};
use crate::{
    base::secret::Secret,
    gate::{AccessToken, AccountError, LoggedIn, WeakPassword},
    model::{Permission, Role},
    notify::Language,
    oidc::Provider,
    store::Account,
};

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
}

/// The start: guidance for everybody, the overview for people who are logged
/// in.
pub(super) async fn home(
    Held(people): Held<People>,
    Anybody(signed): Anybody,
    query: RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(signed) = signed else {
        return page::general(Held(people.public.clone()), query, headers).await;
    };
    if signed.may(Permission::SeeFigures) {
        return dashboard::show(&people.gate, &signed).await;
    }
    let frame = Frame::of(&signed, FrameTexts::of(signed.language()).home);
    layout::show(StatusCode::OK, &HomePage { frame })
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    next: String,
    name: String,
    oidc_texts: &'static OidcTexts,
    problem: &'static str,
    providers: Vec<ProviderLink>,
}

/// The way to a provider of log-ins.
struct ProviderLink {
    label: String,
    path: String,
}

/// Where to go after a log-in.
#[derive(Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    pub(super) next: String,
}

/// The log-in page.
pub(super) async fn show(
    Held(people): Held<People>,
    Query(next): Query<Next>,
    headers: HeaderMap,
) -> Response {
    let entry = Tried { next: next.next, name: String::new(), problem: "" };
    login_page(&people, StatusCode::OK, &headers, entry)
}

/// What the log-in page sends.
#[derive(Deserialize)]
pub(super) struct Entry {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// Logs in.
pub(super) async fn enter(
    Held(people): Held<People>,
    Client(client): Client,
    headers: HeaderMap,
    Form(entry): Form<Entry>,
) -> Response {
    let Entry { name, password, next } = entry;
    let password = Secret::new(password);
    let texts = FrameTexts::of(language(&headers));
    let again = |status, next, name, problem| {
        login_page(&people, status, &headers, Tried { next, name, problem })
    };
    let browser = match people.knows(&headers, &name) {
        true => Browser::Known,
        false => Browser::Strange,
    };
    let now = Instant::now();
    // Where this person has been before, the neighbours do not count.
    let client = client.filter(|_| browser == Browser::Strange);
    let wait = client.and_then(|client| people.attempts.wait_at(client, now));
    if let Some(wait) = wait.or_else(|| people.attempts.wait(&name, browser, now)) {
        return layout::after(wait, again(StatusCode::TOO_MANY_REQUESTS, next, name, texts.wait));
    }
    let succeeded = || {
        people.attempts.forget(&name, browser);
        if let Some(client) = client {
            people.attempts.succeeded_at(client);
        }
    };
    match people.gate.log_in(&name, password).await {
        Ok(LoggedIn::Halfway(account, ticket)) => {
            succeeded();
            factor::ask(&people, &headers, &account, &ticket, next).await
        }
        Ok(LoggedIn::Through(account, token)) => {
            succeeded();
            let mut response = Redirect::to(inside(&next)).into_response();
            remember(&people, &mut response, &token, &account);
            response
        }
        Err(AccountError::Refused) => again(StatusCode::UNAUTHORIZED, next, name, texts.wrong),
        Err(AccountError::Busy) => again(StatusCode::SERVICE_UNAVAILABLE, next, name, texts.busy),
        Err(error) => broken(&error, &headers),
    }
}

/// Sets the cookies of a new session.
pub(super) fn remember(
    people: &People,
    response: &mut Response,
    token: &AccessToken,
    account: &Account,
) {
    let cookies = [people.session_set(token), people.known_set(&account.name)];
    for cookie in cookies.into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The log-in page once more, from its beginning.
pub(super) fn again(
    people: &People,
    headers: &HeaderMap,
    next: String,
    problem: &'static str,
) -> Response {
    let entry = Tried { next, name: String::new(), problem };
    login_page(people, StatusCode::UNAUTHORIZED, headers, entry)
}

/// Logs out.
pub(super) async fn leave(
    Held(people): Held<People>,
    signed: Signed,
    headers: HeaderMap,
) -> Response {
    match people.gate.store().close_session(signed.name(), signed.mark()).await {
        Ok(()) => {
            let mut response = Redirect::to("/login").into_response();
            if let Some(cookie) = people.session_end() {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(error) => broken(&error.into(), &headers),
    }
}

#[derive(Template)]
#[template(path = "me.html")]
struct OwnPage {
    frame: Frame,
    /// Where the person logs in; empty where it is here.
    issuer: String,
    oidc_texts: &'static OidcTexts,
    factor: OwnFactor,
    factor_texts: &'static FactorTexts,
    tokens_title: &'static str,
    roles: Vec<Role>,
    languages: [Language; 3],
    themes: [(Theme, &'static str); 3],
    done: bool,
    problem: &'static str,
}

/// The second factor of the person who looks, and the sessions.
struct OwnFactor {
    is_set: bool,
    is_needed: bool,
    codes_left: u64,
    sessions: Vec<OwnSession>,
}

impl OwnFactor {
    async fn of(people: &People, signed: &Signed) -> Result<Self, AccountError> {
        let (gate, id) = (&people.gate, signed.id());
        Ok(Self {
            is_set: gate.has_second_factor(id).await?,
            is_needed: gate.needs_second_factor(signed.roles()),
            codes_left: gate.store().recovery_codes(id).await?,
            sessions: sessions::own(people, signed).await?,
        })
    }
}

/// What people set for themselves.
pub(super) async fn own(
    Held(people): Held<People>,
    signed: Signed,
    RawQuery(query): RawQuery,
) -> Response {
    let done = query.as_deref() == Some("saved");
    own_page(&people, &signed, StatusCode::OK, Said { done, problem: "" }).await
}

/// What the page says about the form before it.
struct Said {
    done: bool,
    problem: &'static str,
}

async fn own_problem(people: &People, signed: &Signed, problem: &'static str) -> Response {
    own_page(people, signed, StatusCode::BAD_REQUEST, Said { done: false, problem }).await
}

/// Checks that whoever sits there knows the password.
pub(super) async fn prove(
    people: &People,
    signed: &Signed,
    current: String,
    headers: &HeaderMap,
) -> Result<(), Response> {
    let texts = FrameTexts::of(signed.language());
    if let Some(wait) = people.attempts.wait(signed.name(), Browser::Known, Instant::now()) {
        let (status, said) =
            (StatusCode::TOO_MANY_REQUESTS, Said { done: false, problem: texts.wait });
        return Err(layout::after(wait, own_page(people, signed, status, said).await));
    }
    match people.gate.is_password(signed.account(), Secret::new(current)).await {
        Ok(true) => {
            people.attempts.forget(signed.name(), Browser::Known);
            Ok(())
        }
        Ok(false) => Err(own_problem(people, signed, texts.wrong).await),
        Err(error) => Err(broken(&error, headers)),
    }
}

/// What the form about language and colours sends.
#[derive(Deserialize)]
pub(super) struct Appearance {
    language: String,
    theme: String,
}

/// Keeps language and colours.
pub(super) async fn prefer(
    Held(people): Held<People>,
    signed: Signed,
    headers: HeaderMap,
    Form(wanted): Form<Appearance>,
) -> Response {
    let (Ok(language), Ok(theme)) =
        (wanted.language.parse::<Language>(), wanted.theme.parse::<Theme>())
    else {
        return layout::trouble_for(&signed, StatusCode::BAD_REQUEST, Trouble::Incomplete);
    };
    let kept = people.gate.store().prefer(signed.id(), language.as_str(), theme.as_str()).await;
    match kept {
        Ok(()) => Redirect::to("/me?saved").into_response(),
        Err(error) => broken(&error.into(), &headers),
    }
}

/// What the form about the password sends.
#[derive(Deserialize)]
pub(super) struct PasswordChange {
    current: String,
    password: String,
    again: String,
}

/// Changes the password, and ends all sessions.
pub(super) async fn change(
    Held(people): Held<People>,
    signed: Signed,
    headers: HeaderMap,
    Form(wanted): Form<PasswordChange>,
) -> Response {
    let texts = FrameTexts::of(signed.language());
    if wanted.password != wanted.again {
        return own_problem(&people, &signed, texts.differ).await;
    }
    if let Err(response) = prove(&people, &signed, wanted.current, &headers).await {
        return response;
    }
    match people.gate.set_password(signed.account(), Secret::new(wanted.password)).await {
        Ok(_) => Redirect::to("/login").into_response(),
        Err(AccountError::Weak(weak)) => own_problem(&people, &signed, weakness(texts, weak)).await,
        Err(error) => broken(&error, &headers),
    }
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct WelcomePage {
    frame: Frame,
    name: String,
    problem: &'static str,
}

/// The page behind an invitation. Looking at it uses nothing up.
pub(super) async fn welcome(
    Held(people): Held<People>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let language = language(&headers);
    match invited(&people, &token).await {
        Ok(Some((name, _))) => welcome_page(StatusCode::OK, language, name, ""),
        Ok(None) => {
            let gone = FrameTexts::of(language).welcome_gone;
            welcome_page(StatusCode::NOT_FOUND, language, String::new(), gone)
        }
        Err(error) => broken(&error, &headers),
    }
}

/// What the page behind an invitation sends.
#[derive(Deserialize)]
pub(super) struct Chosen {
    password: String,
    again: String,
}

/// Sets the first password.
pub(super) async fn accept(
    Held(people): Held<People>,
    Path(token): Path<String>,
    headers: HeaderMap,
    Form(chosen): Form<Chosen>,
) -> Response {
    let language = language(&headers);
    let texts = FrameTexts::of(language);
    let (name, token) = match invited(&people, &token).await {
        Ok(Some(invited)) => invited,
        Ok(None) => {
            let gone = texts.welcome_gone;
            return welcome_page(StatusCode::NOT_FOUND, language, String::new(), gone);
        }
        Err(error) => return broken(&error, &headers),
    };
    let refuse = |problem| welcome_page(StatusCode::BAD_REQUEST, language, name.clone(), problem);
    if chosen.password != chosen.again {
        return refuse(texts.differ);
    }
    match people.gate.accept_invitation(&token, Secret::new(chosen.password)).await {
        Ok(_) => Redirect::to("/login").into_response(),
        Err(AccountError::Weak(weak)) => refuse(weakness(texts, weak)),
        Err(AccountError::NotInvited) => refuse(texts.welcome_gone),
        Err(error) => broken(&error, &headers),
    }
}

async fn invited(
    people: &People,
    token: &str,
) -> Result<Option<(String, AccessToken)>, AccountError> {
    let Some(token) = AccessToken::parse(token) else { return Ok(None) };
    let account = people.gate.invited(&token).await?;
    Ok(account.map(|account| (account.name, token)))
}

/// What the log-in page shows of a try before.
struct Tried {
    next: String,
    name: String,
    problem: &'static str,
}

fn login_page(people: &People, status: StatusCode, headers: &HeaderMap, tried: Tried) -> Response {
    let language = language(headers);
    let Tried { next, name, problem } = tried;
    let link = |provider: &Arc<Provider>| {
        let settings = provider.settings();
        let query = serde_html_form::to_string([("next", inside(&next))]).unwrap_or_default();
        let path = format!("/login/oidc/{}?{query}", settings.name);
        ProviderLink { label: settings.label().to_owned(), path }
    };
    let page = LoginPage {
        frame: Frame::open(language, FrameTexts::of(language).enter),
        providers: people.gate.providers().iter().map(link).collect(),
        oidc_texts: OidcTexts::of(language),
        next,
        name,
        problem,
    };
    layout::show(status, &page)
}

async fn own_page(people: &People, signed: &Signed, status: StatusCode, said: Said) -> Response {
    let texts = FrameTexts::of(signed.language());
    let factor = match OwnFactor::of(people, signed).await {
        Ok(factor) => factor,
        Err(error) => {
            tracing::error!(%error, "account cannot be shown");
            return layout::trouble_for(signed, StatusCode::SERVICE_UNAVAILABLE, Trouble::Broken);
        }
    };
    let Said { done, problem } = said;
    let page = OwnPage {
        frame: Frame::of(signed, texts.own),
        issuer: signed.account().issuer.clone().unwrap_or_default(),
        oidc_texts: OidcTexts::of(signed.language()),
        factor,
        factor_texts: FactorTexts::of(signed.language()),
        tokens_title: TokenTexts::of(signed.language()).title,
        roles: signed.roles().to_vec(),
        languages: Language::ALL,
        themes: [
            (Theme::System, texts.theme_system),
            (Theme::Light, texts.theme_light),
            (Theme::Dark, texts.theme_dark),
        ],
        done,
        problem,
    };
    layout::show(status, &page)
}

fn welcome_page(
    status: StatusCode,
    language: Language,
    name: String,
    problem: &'static str,
) -> Response {
    let frame = Frame::open(language, FrameTexts::of(language).welcome_title);
    layout::show(status, &WelcomePage { frame, name, problem })
}

fn weakness(texts: &FrameTexts, weak: WeakPassword) -> &'static str {
    match weak {
        WeakPassword::Common => texts.weak_common,
        WeakPassword::HoldsName => texts.weak_name,
        WeakPassword::Long => texts.weak_long,
        WeakPassword::Short => texts.weak_short,
        WeakPassword::Unhashed => texts.broken,
    }
}

pub(super) fn broken(error: &AccountError, headers: &HeaderMap) -> Response {
    tracing::error!(%error, "account cannot be used");
    layout::trouble(StatusCode::SERVICE_UNAVAILABLE, Trouble::Broken, headers)
}

pub(super) fn language(headers: &HeaderMap) -> Language {
    let asked = headers.get(header::ACCEPT_LANGUAGE).map(HeaderValue::to_str);
    asked.and_then(Result::ok).and_then(accept_language::best).unwrap_or_default()
}

/// A path of ours, and nothing that leads elsewhere: browsers take `//` and
/// `/\` for another host.
pub(super) fn inside(next: &str) -> &str {
    let tail = next.strip_prefix('/');
    let safe = tail.is_some_and(|tail| !tail.starts_with(['/', '\\']))
        && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if safe { next } else { "/" }
}
