//! Why a log-in at a provider came to nothing.

use openidconnect::{
    ClaimsVerificationError, DiscoveryError, ErrorResponse, RequestTokenError, UserInfoError, url,
};
use thiserror::Error;

use super::{
    Person, Unmet,
    back_channel::{BackError, TlsError},
    settings::SecretError,
};

/// A provider cannot be used at all.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The secret cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The certificates cannot be read.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A log-in came to nothing.
#[derive(Debug, Error)]
pub enum OidcError {
    /// Too many log-ins wait for this provider.
    #[error("too many log-ins wait for the provider")]
    Busy,
    /// The provider cannot be reached, or not in time, or says too much.
    #[error("provider cannot be reached")]
    Down(#[source] BackError),
    /// The provider answers, but not as it should.
    #[error("provider does not answer as it should: {0}")]
    Odd(String),
    /// The address to come back to is not one.
    #[error("the address to come back to is not one")]
    Redirect,
    /// The provider does not take what the browser brought.
    #[error("provider refuses the code: {0}")]
    Refused(String),
    /// The ID token does not hold.
    #[error("ID token does not hold")]
    Token(#[source] ClaimsVerificationError),
    /// The ID token is signed by a key that is not the provider's.
    #[error("ID token is signed by an unknown key")]
    UnknownKey,
    /// The person logged in, but not as the settings ask.
    #[error("claims do not meet the settings: {1:?}")]
    Unmet(Box<Person>, Unmet),
    /// The provider names an address that is not safe, or none.
    #[error("provider names an endpoint that is not https, or none")]
    Unsafe,
    /// What came does not hold.
    #[error("{0}")]
    Untrusted(&'static str),
}

impl From<DiscoveryError<BackError>> for OidcError {
    fn from(error: DiscoveryError<BackError>) -> Self {
        match error {
            DiscoveryError::Request(error) => Self::Down(error),
            other => Self::Odd(other.to_string()),
        }
    }
}

impl From<url::ParseError> for OidcError {
    fn from(error: url::ParseError) -> Self {
        Self::Odd(error.to_string())
    }
}

impl<T: ErrorResponse + 'static> From<RequestTokenError<BackError, T>> for OidcError {
    fn from(error: RequestTokenError<BackError, T>) -> Self {
        match error {
            RequestTokenError::Request(error) => Self::Down(error),
            RequestTokenError::ServerResponse(answer) => Self::Refused(plain(&answer.to_string())),
            // What came stays out of logs: it may hold tokens.
            RequestTokenError::Parse(error, _) => Self::Odd(error.path().to_string()),
            RequestTokenError::Other(what) => Self::Odd(plain(&what)),
        }
    }
}

impl From<UserInfoError<BackError>> for OidcError {
    fn from(error: UserInfoError<BackError>) -> Self {
        match error {
            UserInfoError::Request(error) => Self::Down(error),
            UserInfoError::ClaimsVerification(error) => Self::Token(error),
            UserInfoError::Parse(error) => Self::Odd(error.path().to_string()),
            other => Self::Odd(other.to_string()),
        }
    }
}

/// The beginning of what somebody else wrote, in one line.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_WORDS).collect()
}

const MAX_WORDS: usize = 200;
