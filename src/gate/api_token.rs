//! Tokens by which programs act for a person.
//!
//! A token is shown once, when it is made, and only a keyed hash of it is kept.
//! It can do no more than its person, has an end, and stops with the account.

use jiff::SignedDuration;
use thiserror::Error;

use super::{AccessToken, AccountError, FreeTextError, Gate};
use crate::{
    model::Role,
    store::{Account, NewToken, StoreError, Token},
};

/// The secret of a token, as a program sends it. The beginning tells scanners
/// of source code what it is.
pub struct ApiToken(AccessToken);

impl ApiToken {
    /// Takes what a program sent; none when it has another form.
    pub fn parse(text: &str) -> Option<Self> {
        AccessToken::parse(text.strip_prefix(PREFIX)?).map(Self)
    }

    /// As a program sends it, to be shown once.
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}", self.0.expose())
    }
}

/// A token that somebody wants.
pub struct WantedToken {
    /// What the person calls it.
    pub name: String,
    /// What it is trusted with.
    pub roles: Vec<Role>,
    /// How many days it works.
    pub days: u16,
}

impl Gate {
    /// Makes a token for somebody who is logged in.
    ///
    /// # Errors
    ///
    /// The wish cannot be granted, or the store failed.
    pub async fn make_token(
        &self,
        account: &Account,
        wanted: WantedToken,
    ) -> Result<ApiToken, TokenError> {
        let name = self.checked_text(&wanted.name)?;
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(TokenError::Name);
        }
        if !(1..=MOST_DAYS).contains(&wanted.days) {
            return Err(TokenError::Days);
        }
        let is_own = |role| account.roles.contains(role);
        if wanted.roles.is_empty() || !wanted.roles.iter().all(is_own) {
            return Err(TokenError::Roles);
        }
        let token = AccessToken::draw()?;
        let span = SignedDuration::from_hours(24 * i64::from(wanted.days));
        let new = NewToken {
            name: &name,
            roles: &wanted.roles,
            mark: token.mark(&self.store),
            expires_at: self.now().saturating_add(span).unwrap_or_else(|_| self.now()),
        };
        self.store.make_token(account, new).await?;
        Ok(ApiToken(token))
    }

    /// The token that a program sent and its person, while both are good.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn token_holder(
        &self,
        token: &ApiToken,
    ) -> Result<Option<(Token, Account)>, StoreError> {
        self.store.token(&token.0.mark(&self.store)).await
    }
}

/// Why a token is not made.
#[derive(Debug, Error)]
pub enum TokenError {
    /// The machine gives no random bytes.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// It must have an end within a year.
    #[error("a token works for 1 to {MOST_DAYS} days")]
    Days,
    /// It has no name, or a long one.
    #[error("a token has a name of at most {LONGEST_NAME} bytes")]
    Name,
    /// It has no roles, or one that its person lacks.
    #[error("a token has roles of its person")]
    Roles,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The name holds what must not be kept.
    #[error(transparent)]
    Text(#[from] FreeTextError),
}

const PREFIX: &str = "sluse_";
const LONGEST_NAME: usize = 60;
const MOST_DAYS: u16 = 365;
