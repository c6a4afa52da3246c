//! The second factor: the code that is asked for after the password, setting
//! an authenticator up, and taking it away.
//!
//! What is shown once, secrets and recovery codes, stands in the answer to a
//! form and under no address of its own.

use std::time::Instant;

use askama::Template;
use axum::{
    extract::State as Held,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    People,
    attempts::Browser,
    frame_texts::FrameTexts,
    layout::{self, Frame},
    login::{self, broken, inside, language},
    people_texts::FactorTexts,
    qr,
    signed::{Form, Signed},
};
use crate::{
    base::secret::Secret,
    gate::{AccountError, CodeSecret},
    store::Account,
};

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage {
    frame: Frame,
    texts: &'static FactorTexts,
    action: &'static str,
    ticket: String,
    next: String,
    offer: Option<Offer>,
    problem: &'static str,
}

/// What an authenticator is set up with.
struct Offer {
    picture: String,
    letters: String,
}

impl Offer {
    fn new(secret: &CodeSecret, account: &Account, texts: &FactorTexts) -> Self {
        let name = account.name.parse();
        let uri = name.map(|name| secret.uri(&name, SITE)).unwrap_or_default();
        Self { picture: qr::svg(&uri, texts.picture), letters: secret.letters() }
    }
}

#[derive(Template)]
#[template(path = "recovery.html")]
struct RecoveryPage {
    frame: Frame,
    texts: &'static FactorTexts,
    codes: Vec<String>,
    next: String,
}

/// Asks for the code, after the right password. Whoever must have a second
/// factor and has none sets it up here.
pub(super) async fn ask(
    people: &People,
    headers: &HeaderMap,
    account: &Account,
    ticket: &Secret<String>,
    next: String,
) -> Response {
    let ticket = ticket.expose().clone();
    let secret = match people.gate.has_second_factor(account.id).await {
        Ok(true) => None,
        Ok(false) => match people.gate.draw_secret(account.id).await {
            Ok(secret) => Some(secret),
            Err(error) => return broken(&error, headers),
        },
        Err(error) => return broken(&error, headers),
    };
    let asked = Asked { ticket, next, problem: "" };
    asked.page(StatusCode::OK, headers, account, secret.as_ref())
}

/// What the page about the code sends during a log-in.
#[derive(Deserialize)]
pub(super) struct Entry {
    code: String,
    ticket: String,
    #[serde(default)]
    next: String,
}

/// Ends a log-in with a code.
pub(super) async fn enter(
    Held(people): Held<People>,
    headers: HeaderMap,
    Form(entry): Form<Entry>,
) -> Response {
    let texts = FactorTexts::of(language(&headers));
    let Entry { code, ticket, next } = entry;
    let account = match people.gate.ticket_holder(&ticket).await {
        Ok(Some(account)) => account,
        Ok(None) => return login::again(&people, &headers, next, texts.late),
        Err(error) => return broken(&error, &headers),
    };
    let asked = |problem| Asked { ticket: ticket.clone(), next: next.clone(), problem };
    let counted = counted(&account.name);
    if let Some(wait) = people.attempts.wait(&counted, Browser::Known, Instant::now()) {
        let said = FrameTexts::of(language(&headers)).wait;
        let status = StatusCode::TOO_MANY_REQUESTS;
        let page = asked(said).again(&people, status, &headers, &account).await;
        return layout::after(wait, page);
    }
    match people.gate.finish_log_in(&ticket, &code).await {
        Ok(done) => {
            people.attempts.forget(&counted, Browser::Known);
            let mut response = match done.recovery.is_empty() {
                true => Redirect::to(inside(&next)).into_response(),
                false => recovery_page(
                    Frame::open(language(&headers), texts.title),
                    done.recovery,
                    inside(&next).to_owned(),
                ),
            };
            login::remember(&people, &mut response, &done.token, &done.account);
            response
        }
        Err(AccountError::Refused) => {
            asked(texts.wrong).again(&people, StatusCode::UNAUTHORIZED, &headers, &account).await
        }
        Err(AccountError::NotInvited) => login::again(&people, &headers, next, texts.late),
        Err(error) => broken(&error, &headers),
    }
}

/// What the page about the code keeps between two tries.
struct Asked {
    ticket: String,
    next: String,
    problem: &'static str,
}

impl Asked {
    async fn again(
        self,
        people: &People,
        status: StatusCode,
        headers: &HeaderMap,
        account: &Account,
    ) -> Response {
        let is_set = people.gate.has_second_factor(account.id).await;
        let pending = people.gate.pending_secret(account.id).await;
        match (is_set, pending) {
            (Ok(true), Ok(_)) => self.page(status, headers, account, None),
            (Ok(false), Ok(secret)) => self.page(status, headers, account, secret.as_ref()),
            (Err(error), _) | (_, Err(error)) => broken(&error, headers),
        }
    }

    fn page(
        self,
        status: StatusCode,
        headers: &HeaderMap,
        account: &Account,
        secret: Option<&CodeSecret>,
    ) -> Response {
        let texts = FactorTexts::of(language(headers));
        let title = if secret.is_some() { texts.offer_title } else { texts.ask_title };
        let page = CodePage {
            frame: Frame::open(language(headers), title),
            texts,
            action: "/login/code",
            ticket: self.ticket,
            next: self.next,
            offer: secret.map(|secret| Offer::new(secret, account, texts)),
            problem: self.problem,
        };
        layout::show(status, &page)
    }
}

/// What forms about the second factor send to prove who sits there.
#[derive(Deserialize)]
pub(super) struct Proof {
    current: String,
}

/// Shows the secret for a new authenticator. The old one goes on until the
/// first code of the new one.
pub(super) async fn start(
    Held(people): Held<People>,
    signed: Signed,
    headers: HeaderMap,
    Form(proof): Form<Proof>,
) -> Response {
    if let Err(response) = login::prove(&people, &signed, proof.current, &headers).await {
        return response;
    }
    match people.gate.draw_secret(signed.id()).await {
        Ok(secret) => own_page(&signed, StatusCode::OK, &secret, ""),
        Err(error) => broken(&error, &headers),
    }
}

/// What the page about the code sends inside a session.
#[derive(Deserialize)]
pub(super) struct FirstCode {
    code: String,
}

/// Lets a new authenticator count.
pub(super) async fn set(
    Held(people): Held<People>,
    signed: Signed,
    headers: HeaderMap,
    Form(first): Form<FirstCode>,
) -> Response {
    let texts = FactorTexts::of(signed.language());
    let secret = match people.gate.pending_secret(signed.id()).await {
        Ok(Some(secret)) => secret,
        Ok(None) => return Redirect::to("/me").into_response(),
        Err(error) => return broken(&error, &headers),
    };
    let counted = counted(signed.name());
    if let Some(wait) = people.attempts.wait(&counted, Browser::Known, Instant::now()) {
        let said = FrameTexts::of(signed.language()).wait;
        let page = own_page(&signed, StatusCode::TOO_MANY_REQUESTS, &secret, said);
        return layout::after(wait, page);
    }
    match people.gate.set_second_factor(signed.account(), &first.code).await {
        Ok(codes) => {
            people.attempts.forget(&counted, Browser::Known);
            recovery_page(Frame::of(&signed, texts.title), codes, "/me".to_owned())
        }
        Err(AccountError::Refused) => {
            own_page(&signed, StatusCode::BAD_REQUEST, &secret, texts.wrong)
        }
        Err(error) => broken(&error, &headers),
    }
}

/// Takes the second factor away, where the roles do not need one.
pub(super) async fn remove(
    Held(people): Held<People>,
    signed: Signed,
    headers: HeaderMap,
    Form(proof): Form<Proof>,
) -> Response {
    if people.gate.needs_second_factor(signed.roles()) {
        return layout::refused(&signed);
    }
    if let Err(response) = login::prove(&people, &signed, proof.current, &headers).await {
        return response;
    }
    match people.gate.store().remove_second_factor(signed.account(), signed.name()).await {
        Ok(()) => Redirect::to("/me?saved").into_response(),
        Err(error) => broken(&error.into(), &headers),
    }
}

fn own_page(
    signed: &Signed,
    status: StatusCode,
    secret: &CodeSecret,
    problem: &'static str,
) -> Response {
    let texts = FactorTexts::of(signed.language());
    let page = CodePage {
        frame: Frame::of(signed, texts.offer_title),
        texts,
        action: "/me/factor",
        ticket: String::new(),
        next: String::new(),
        offer: Some(Offer::new(secret, signed.account(), texts)),
        problem,
    };
    layout::show(status, &page)
}

fn recovery_page(frame: Frame, codes: Vec<String>, next: String) -> Response {
    let texts = FactorTexts::of(frame.language);
    layout::show(StatusCode::OK, &RecoveryPage { frame, texts, codes, next })
}

/// What failures with codes are counted by; no name of an account has a blank.
fn counted(name: &str) -> String {
    format!("code of {name}")
}

/// What authenticators call us.
const SITE: &str = "Sluse";
