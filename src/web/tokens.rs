//! The page about a person's own tokens for programs.

use askama::Template;
use axum::{
    extract::{Path, State as Held},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    People,
    layout::{self, Frame, Trouble},
    login::{self, broken},
    signed::{Form, Signed},
    token_texts::TokenTexts,
};
use crate::{
    gate::{TokenError, WantedToken},
    model::Role,
    store::{Token, TokenId},
};

#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage {
    frame: Frame,
    texts: &'static TokenTexts,
    tokens: Vec<Row>,
    roles: Vec<Role>,
    /// A new token, which is shown now and never again.
    made: Option<String>,
    problem: &'static str,
}

/// One token.
struct Row {
    token: Token,
    works: bool,
}

impl Row {
    fn used(&self) -> String {
        self.token.used_at.map(|at| day(&at.to_string())).unwrap_or_default()
    }

    fn until(&self) -> String {
        day(&self.token.expires_at.to_string())
    }
}

fn day(time: &str) -> String {
    time.chars().take(10).collect()
}

/// All tokens of the person.
pub(super) async fn list(
    Held(people): Held<People>,
    signed: Signed,
    headers: HeaderMap,
) -> Response {
    page(&people, &signed, &headers, Said { made: None, problem: "" }).await
}

/// What the form about a new token sends.
#[derive(Deserialize)]
pub(super) struct NewToken {
    name: String,
    #[serde(default)]
    role: Vec<Role>,
    days: u16,
    current: String,
}

/// Makes a token, and shows it.
pub(super) async fn make(
    Held(people): Held<People>,
    signed: Signed,
    headers: HeaderMap,
    Form(form): Form<NewToken>,
) -> Response {
    if let Err(response) = login::prove(&people, &signed, form.current, &headers).await {
        return response;
    }
    let texts = TokenTexts::of(signed.language());
    let wanted = WantedToken { name: form.name, roles: form.role, days: form.days };
    let said = match people.gate.make_token(signed.account(), wanted).await {
        Ok(token) => Said { made: Some(token.expose()), problem: "" },
        Err(TokenError::Account(error)) => return broken(&error, &headers),
        Err(TokenError::Store(error)) => return broken(&error.into(), &headers),
        Err(TokenError::Days) => Said { made: None, problem: texts.wrong_days },
        Err(TokenError::Name | TokenError::Text(_)) => {
            Said { made: None, problem: texts.wrong_name }
        }
        Err(TokenError::Roles) => Said { made: None, problem: texts.wrong_roles },
    };
    page(&people, &signed, &headers, said).await
}

/// Takes a token back.
pub(super) async fn end(
    Held(people): Held<People>,
    signed: Signed,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let missing = || layout::trouble_for(&signed, StatusCode::NOT_FOUND, Trouble::Missing);
    let Ok(id) = id.parse::<TokenId>() else { return missing() };
    match people.gate.store().end_token(signed.account(), id).await {
        Ok(true) => Redirect::to("/me/tokens").into_response(),
        Ok(false) => missing(),
        Err(error) => broken(&error.into(), &headers),
    }
}

/// What the page says about the form before it.
struct Said {
    made: Option<String>,
    problem: &'static str,
}

async fn page(people: &People, signed: &Signed, headers: &HeaderMap, said: Said) -> Response {
    let tokens = match people.gate.store().tokens(signed.id()).await {
        Ok(tokens) => tokens,
        Err(error) => return broken(&error.into(), headers),
    };
    let now = people.gate.now();
    let works = |token: &Token| token.ended_at.is_none() && token.expires_at > now;
    let tokens = tokens.into_iter().map(|token| Row { works: works(&token), token }).collect();
    let texts = TokenTexts::of(signed.language());
    let Said { made, problem } = said;
    let page = TokensPage {
        frame: Frame::of(signed, texts.title),
        texts,
        tokens,
        roles: signed.roles().to_vec(),
        made,
        problem,
    };
    let status = if problem.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    layout::show(status, &page)
}
