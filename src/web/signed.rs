//! Somebody who is logged in, and the forms they send.

use std::sync::Arc;

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{StatusCode, request::Parts},
    response::Response,
};
use serde::de::DeserializeOwned;

use super::{
    People,
    layout::{self, Theme, Trouble},
};
use crate::{
    model::{Permission, Role},
    notify::Language,
    store::{Account, AccountId},
};

/// Somebody who is logged in.
pub(super) struct Session {
    account: Account,
    csrf: String,
    language: Option<Language>,
    mark: String,
    theme: Theme,
}

impl Session {
    pub(super) fn new(people: &People, account: Account, mark: String) -> Self {
        let secret = people.gate.store().mac("form", mark.as_bytes());
        let language = account.language.as_ref().and_then(|tag| tag.parse().ok());
        let theme = account.theme.as_ref().and_then(|word| word.parse().ok()).unwrap_or_default();
        Self { account, csrf: data_encoding::HEXLOWER.encode(&secret), language, mark, theme }
    }

    /// The account.
    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    /// The name of the account in the store.
    pub(super) fn id(&self) -> AccountId {
        self.account.id
    }

    /// What the person logs in with, and stands for in the audit log.
    pub(super) fn name(&self) -> &str {
        &self.account.name
    }

    /// What the person is trusted with.
    pub(super) fn roles(&self) -> &[Role] {
        &self.account.roles
    }

    /// Whether a role of the person carries the permission.
    pub(super) fn may(&self, permission: Permission) -> bool {
        self.account.roles.iter().any(|role| role.allows(permission))
    }

    /// The secret that forms of this session carry as `csrf`.
    pub(super) fn csrf(&self) -> &str {
        &self.csrf
    }

    /// What is kept of the token of this session.
    pub(super) fn mark(&self) -> &str {
        &self.mark
    }

    /// The language that the person chose; Bokmål before that.
    pub(super) fn language(&self) -> Language {
        self.language.unwrap_or_default()
    }

    /// The colours that the person chose.
    pub(super) fn theme(&self) -> Theme {
        self.theme
    }
}

/// The person behind a request, in handlers of pages that need a session.
pub(super) struct Signed(pub(super) Arc<Session>);

impl std::ops::Deref for Signed {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Response> {
        let signed = parts.extensions.get::<Arc<Session>>().cloned().map(Self);
        // The table of routes asks for a session wherever this is used.
        signed.ok_or_else(|| {
            layout::trouble(StatusCode::UNAUTHORIZED, Trouble::Foreign, &parts.headers)
        })
    }
}

/// The person behind a request, if anybody is logged in.
pub(super) struct Anybody(pub(super) Option<Arc<Session>>);

impl<S: Sync> FromRequestParts<S> for Anybody {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<Arc<Session>>().cloned()))
    }
}

/// What a form sent. A name may come several times.
pub(super) struct Form<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Response;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let refuse = |trouble| layout::trouble(StatusCode::BAD_REQUEST, trouble, &parts.headers);
        let body = axum::body::to_bytes(body, MAX_FORM).await;
        let body = body.map_err(|_| refuse(Trouble::TooMuch))?;
        serde_html_form::from_bytes(&body).map(Self).map_err(|_| refuse(Trouble::Incomplete))
    }
}

/// Bytes of a form.
const MAX_FORM: usize = 64 << 10;
