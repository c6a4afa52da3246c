//! What went wrong, as programs read it (RFC 9457).

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{gate::GateError, store::StoreError};

/// Why a call was not done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Problem {
    /// The store or the gate failed.
    Broken,
    /// Somebody else was faster, or the state of the thing forbids it.
    Conflict,
    /// The roles of the token do not allow it.
    Forbidden,
    /// What was sent cannot be read or is incomplete.
    Malformed,
    /// There is no such thing.
    Missing,
    /// No token came, or it does not work.
    Unauthorized,
    /// What was sent is well-formed and cannot be taken.
    Unfit,
}

impl Problem {
    /// The status of the answer.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Broken => StatusCode::SERVICE_UNAVAILABLE,
            Self::Conflict => StatusCode::CONFLICT,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Missing => StatusCode::NOT_FOUND,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Unfit => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Broken => "the store does not answer, try again later",
            Self::Conflict => "the message is no longer in a state that allows this",
            Self::Forbidden => "the roles of the token do not allow this",
            Self::Malformed => "the request cannot be read or is incomplete",
            Self::Missing => "there is no such thing",
            Self::Unauthorized => "a valid token is needed",
            Self::Unfit => "the request cannot be carried out as it stands",
        }
    }

    /// The answer, with more words about this very case.
    pub(super) fn told(self, detail: impl std::fmt::Display) -> Response {
        self.answer(Some(detail.to_string()))
    }

    fn answer(self, detail: Option<String>) -> Response {
        let status = self.status();
        let mut body = json!({
            "type": "about:blank", "title": self.title(), "status": status.as_u16(),
        });
        if let Some(detail) = detail {
            body["detail"] = detail.into();
        }
        let kind = HeaderValue::from_static("application/problem+json");
        let answer = (status, [(header::CONTENT_TYPE, kind)], body.to_string());
        let mut response = answer.into_response();
        if self == Self::Unauthorized {
            let bearer = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.answer(None)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::UnknownItem(_) => Self::Missing,
            StoreError::Conflict | StoreError::KeptByLaw(_) => Self::Conflict,
            other => {
                tracing::error!(error = %other, "call cannot be answered");
                Self::Broken
            }
        }
    }
}

impl From<GateError> for Problem {
    fn from(error: GateError) -> Self {
        match error {
            GateError::NotHeld(_) => Self::Missing,
            GateError::OwnRequest => Self::Forbidden,
            GateError::RequestOver => Self::Conflict,
            GateError::Store(error) => error.into(),
            GateError::NotAsked(_) | GateError::Text(_) | GateError::Unprotectable(_) => {
                Self::Unfit
            }
            other => {
                tracing::error!(error = %other, "call cannot be answered");
                Self::Broken
            }
        }
    }
}
