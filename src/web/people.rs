//! The pages about accounts: who may log in, with which roles.
//!
//! A change ends the sessions of the account at once. Nobody changes his own
//! account here, so that the last administrator does not lock himself out, and
//! a role that a person gets is one that another person gave.

use askama::Template;
use axum::{
    extract::{Path, RawQuery, State as Held},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    People,
    layout::{self, Frame, Trouble},
    login::broken,
    oidc_texts::OidcTexts,
    people_texts::PeopleTexts,
    signed::{Form, Signed},
};
use crate::{
    gate::{AccessToken, AccountError},
    model::{Address, LoginName, Role},
    store::{Account, AccountChange, AccountId, StoreError},
};

/// One account, as the pages show it.
struct Person {
    id: AccountId,
    name: String,
    /// Where the person logs in, if it is not here.
    issuer: Option<String>,
    roles: Vec<Role>,
    /// One a line.
    addresses: String,
    state: AccountState,
    has_factor: bool,
    sessions: usize,
}

/// What an account is good for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum AccountState {
    /// Nobody can log in.
    Closed,
    /// The link that sets the password waits.
    Invited,
    /// Somebody can log in.
    Open,
}

impl AccountState {
    fn of(account: &Account) -> Self {
        let can_log_in = account.password.is_some() || account.issuer.is_some();
        match account.closed_at {
            Some(_) => Self::Closed,
            None if can_log_in => Self::Open,
            None => Self::Invited,
        }
    }

    fn tint(self) -> &'static str {
        match self {
            Self::Closed => "",
            Self::Invited => "warn",
            Self::Open => "good",
        }
    }

    fn is_open(self) -> bool {
        self != Self::Closed
    }
}

impl Person {
    async fn of(people: &People, account: &Account) -> Result<Self, AccountError> {
        Ok(Self {
            id: account.id,
            name: account.name.clone(),
            issuer: account.issuer.clone(),
            roles: account.roles.clone(),
            addresses: account.addresses.iter().map(|address| format!("{address}\n")).collect(),
            state: AccountState::of(account),
            has_factor: people.gate.has_second_factor(account.id).await?,
            sessions: people.gate.store().sessions(account.id).await?.len(),
        })
    }
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    frame: Frame,
    texts: &'static PeopleTexts,
    people: Vec<Person>,
    roles: [Role; 6],
    name: String,
    problem: &'static str,
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    frame: Frame,
    texts: &'static PeopleTexts,
    oidc_texts: &'static OidcTexts,
    person: Person,
    roles: [Role; 6],
    is_own: bool,
    done: bool,
    problem: &'static str,
}

#[derive(Template)]
#[template(path = "invited.html")]
struct InvitedPage {
    frame: Frame,
    texts: &'static PeopleTexts,
    link: String,
}

/// All accounts.
pub(super) async fn list(
    Held(people): Held<People>,
    signed: Signed,
    headers: HeaderMap,
) -> Response {
    list_page(&people, &signed, &headers, String::new(), "").await
}

/// What the form about a new account sends.
#[derive(Deserialize)]
pub(super) struct NewPerson {
    name: String,
    #[serde(default)]
    role: Vec<Role>,
}

/// Makes an account, and shows the link that sets its password.
pub(super) async fn make(
    Held(people): Held<People>,
    signed: Signed,
    headers: HeaderMap,
    Form(wanted): Form<NewPerson>,
) -> Response {
    let texts = PeopleTexts::of(signed.language());
    let NewPerson { name, role } = wanted;
    let Ok(parsed) = name.parse::<LoginName>() else {
        return list_page(&people, &signed, &headers, name, texts.name_rule).await;
    };
    if role.is_empty() {
        return list_page(&people, &signed, &headers, name, texts.no_role).await;
    }
    match people.gate.store().account_named(parsed.as_str()).await {
        Ok(None) => {}
        Ok(Some(_)) => return list_page(&people, &signed, &headers, name, texts.taken).await,
        Err(error) => return broken(&error.into(), &headers),
    }
    match people.gate.invite(&parsed, &role, signed.name()).await {
        Ok(token) => invited_page(&people, &signed, &headers, &token),
        Err(error) => broken(&error, &headers),
    }
}

/// One account.
pub(super) async fn show(
    Held(people): Held<People>,
    signed: Signed,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let done = query.as_deref() == Some("saved");
    match found(&people, &signed, &id, &headers).await {
        Ok(account) => person_page(&people, &signed, &account, Said { done, problem: "" }).await,
        Err(response) => response,
    }
}

/// What the form about roles sends.
#[derive(Deserialize)]
pub(super) struct NewRoles {
    #[serde(default)]
    role: Vec<Role>,
}

/// Gives other roles.
pub(super) async fn roles(
    Held(people): Held<People>,
    signed: Signed,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(wanted): Form<NewRoles>,
) -> Response {
    let account = match anothers(&people, &signed, &id, &headers).await {
        Ok(account) => account,
        Err(response) => return response,
    };
    if wanted.role.is_empty() {
        let problem = PeopleTexts::of(signed.language()).no_role;
        return person_page(&people, &signed, &account, Said { done: false, problem }).await;
    }
    change(&people, &signed, &account, AccountChange::Roles(wanted.role)).await
}

/// What the form about addresses sends.
#[derive(Deserialize)]
pub(super) struct NewAddresses {
    #[serde(default)]
    addresses: String,
}

/// Says where the person gets mail, so that nobody decides about mail of his
/// own.
pub(super) async fn addresses(
    Held(people): Held<People>,
    signed: Signed,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(wanted): Form<NewAddresses>,
) -> Response {
    let account = match anothers(&people, &signed, &id, &headers).await {
        Ok(account) => account,
        Err(response) => return response,
    };
    // A name without a domain is an address too (`postmaster`), of nobody here.
    let address = |text: &str| text.parse::<Address>().ok().filter(|_| text.contains('@'));
    let texts = wanted.addresses.split_whitespace();
    let Some(addresses) = texts.map(address).collect::<Option<Vec<_>>>() else {
        let problem = PeopleTexts::of(signed.language()).wrong_address;
        return person_page(&people, &signed, &account, Said { done: false, problem }).await;
    };
    change(&people, &signed, &account, AccountChange::Addresses(addresses)).await
}

/// Closes an account.
pub(super) async fn close(
    Held(people): Held<People>,
    signed: Signed,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match anothers(&people, &signed, &id, &headers).await {
        Ok(account) => change(&people, &signed, &account, AccountChange::Close).await,
        Err(response) => response,
    }
}

/// What the form about a new link sends.
#[derive(Deserialize)]
pub(super) struct Reset {
    #[serde(default)]
    factor: String,
}

/// Takes the password away, and shows the link that sets a new one. An account
/// without a password is opened again.
pub(super) async fn reset(
    Held(people): Held<People>,
    signed: Signed,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(wanted): Form<Reset>,
) -> Response {
    let account = match anothers(&people, &signed, &id, &headers).await {
        Ok(account) => account,
        Err(response) => return response,
    };
    if account.issuer.is_some() {
        return change(&people, &signed, &account, AccountChange::Reopen).await;
    }
    if !wanted.factor.is_empty() {
        let removed = people.gate.store().remove_second_factor(&account, signed.name()).await;
        if let Err(error) = removed {
            return broken(&error.into(), &headers);
        }
    }
    let Ok(name) = account.name.parse::<LoginName>() else {
        return layout::trouble_for(&signed, StatusCode::NOT_FOUND, Trouble::Missing);
    };
    match people.gate.invite(&name, &account.roles, signed.name()).await {
        Ok(token) => invited_page(&people, &signed, &headers, &token),
        Err(error) => broken(&error, &headers),
    }
}

async fn change(
    people: &People,
    signed: &Signed,
    account: &Account,
    change: AccountChange,
) -> Response {
    match people.gate.store().change_account(account.id, change, signed.name()).await {
        Ok(()) => Redirect::to(&format!("/people/{}?saved", account.id)).into_response(),
        // What a provider says is not said here.
        Err(StoreError::Conflict) => layout::refused(signed),
        Err(error) => {
            tracing::error!(%error, "account cannot be changed");
            layout::trouble_for(signed, StatusCode::SERVICE_UNAVAILABLE, Trouble::Broken)
        }
    }
}

async fn found(
    people: &People,
    signed: &Signed,
    id: &str,
    headers: &HeaderMap,
) -> Result<Account, Response> {
    let missing = || layout::trouble_for(signed, StatusCode::NOT_FOUND, Trouble::Missing);
    let id: AccountId = id.parse().map_err(|_| missing())?;
    let account = people.gate.store().account(id).await;
    account.map_err(|error| broken(&error.into(), headers))?.ok_or_else(missing)
}

/// An account that is not that of the person who asks.
async fn anothers(
    people: &People,
    signed: &Signed,
    id: &str,
    headers: &HeaderMap,
) -> Result<Account, Response> {
    let account = found(people, signed, id, headers).await?;
    if account.id == signed.id() {
        return Err(layout::refused(signed));
    }
    Ok(account)
}

async fn list_page(
    people: &People,
    signed: &Signed,
    headers: &HeaderMap,
    name: String,
    problem: &'static str,
) -> Response {
    let accounts = match people.gate.store().accounts().await {
        Ok(accounts) => accounts,
        Err(error) => return broken(&error.into(), headers),
    };
    let mut persons = Vec::with_capacity(accounts.len());
    for account in &accounts {
        match Person::of(people, account).await {
            Ok(person) => persons.push(person),
            Err(error) => return broken(&error, headers),
        }
    }
    let texts = PeopleTexts::of(signed.language());
    let page = PeoplePage {
        frame: Frame::of(signed, texts.title),
        texts,
        people: persons,
        roles: Role::ALL,
        name,
        problem,
    };
    let status = if problem.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    layout::show(status, &page)
}

/// What a page says about the form before it.
struct Said {
    done: bool,
    problem: &'static str,
}

async fn person_page(people: &People, signed: &Signed, account: &Account, said: Said) -> Response {
    let person = match Person::of(people, account).await {
        Ok(person) => person,
        Err(error) => {
            tracing::error!(%error, "account cannot be shown");
            return layout::trouble_for(signed, StatusCode::SERVICE_UNAVAILABLE, Trouble::Broken);
        }
    };
    let Said { done, problem } = said;
    let page = PersonPage {
        frame: Frame::of(signed, account.name.clone()),
        texts: PeopleTexts::of(signed.language()),
        oidc_texts: OidcTexts::of(signed.language()),
        is_own: account.id == signed.id(),
        person,
        roles: Role::ALL,
        done,
        problem,
    };
    let status = if problem.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    layout::show(status, &page)
}

fn invited_page(
    people: &People,
    signed: &Signed,
    headers: &HeaderMap,
    token: &AccessToken,
) -> Response {
    let texts = PeopleTexts::of(signed.language());
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let link = format!("{}/welcome/{}", people.address(host), token.expose());
    let frame = Frame::of(signed, texts.link_title);
    layout::show(StatusCode::OK, &InvitedPage { frame, texts, link })
}
