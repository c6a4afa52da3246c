//! Who may log in: invitations, passwords, sessions.
//!
//! A person gets an account by an invitation, a link that sets the password
//! once. Secrets of links and sessions are random, and only a keyed hash of
//! them is kept. Whoever logs in learns nothing about why it failed, and an
//! unknown name takes as long as a wrong password.

use std::{sync::Arc, time::Duration};

use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use thiserror::Error;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use super::{
    Gate, GateError,
    password::{self, WeakPassword},
    second_factor::LoggedIn,
};
use crate::{
    base::secret::Secret,
    model::{Act, Address, Event, LoginName, Role},
    store::{Account, AccountChange, Invitation, Store, StoreError},
};

/// The secret of a session or an invitation: 256 random bits, as they stand in
/// a cookie or a link.
pub struct AccessToken(Secret<String>);

impl AccessToken {
    pub(super) fn draw() -> Result<Self, AccountError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| AccountError::Random)?;
        Ok(Self(Secret::new(BASE64URL_NOPAD.encode(&bytes))))
    }

    /// Takes what a browser sent; none when it has another form.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        (bytes.len() == 32).then(|| Self(Secret::new(text.to_owned())))
    }

    /// As it stands in a cookie or a link. Each call is a place to look at in
    /// a review.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is kept of it.
    pub fn mark(&self, store: &Store) -> String {
        let mac = store.mac("access token", self.expose().as_bytes());
        data_encoding::HEXLOWER.encode(&mac)
    }
}

/// Makes an account, or invites again to one that is there, and gives the
/// secret of the link that sets its password.
///
/// # Errors
///
/// The store failed, or the machine gives no random bytes.
pub async fn invite(
    store: &Store,
    now: Timestamp,
    name: &LoginName,
    roles: &[Role],
    by: &str,
) -> Result<AccessToken, AccountError> {
    let token = AccessToken::draw()?;
    let until = now.saturating_add(INVITED).unwrap_or(Timestamp::MAX);
    let invitation = || Invitation { mark: token.mark(store), until };
    match store.account_named(name.as_str()).await? {
        Some(account) => {
            store.change_account(account.id, AccountChange::Invite(invitation()), by).await?;
        }
        None => {
            store.make_account(name.as_str(), roles, &invitation(), by).await?;
        }
    }
    Ok(token)
}

impl Gate {
    /// Invites the first administrator, while nobody has ever used such an
    /// invitation. Gives the secret of the link.
    ///
    /// # Errors
    ///
    /// As [`invite`].
    pub async fn invite_first(&self) -> Result<Option<AccessToken>, AccountError> {
        let accounts = self.store.accounts().await?;
        let runs = |account: &Account| {
            let can_log_in = account.password.is_some() || account.issuer.is_some();
            can_log_in && account.roles.contains(&Role::Administrator)
        };
        if accounts.iter().any(runs) {
            return Ok(None);
        }
        let Ok(name) = FIRST.parse() else { return Ok(None) };
        let roles = [Role::Administrator];
        invite(&self.store, self.now(), &name, &roles, crate::model::event::GATE).await.map(Some)
    }

    /// Sets the password of whoever was invited, and uses up the invitation.
    ///
    /// # Errors
    ///
    /// The invitation does not work, the password is weak, or the store failed.
    pub async fn accept_invitation(
        &self,
        token: &AccessToken,
        password: Secret<String>,
    ) -> Result<LoginName, AccountError> {
        let account = self.invited(token).await?.ok_or(AccountError::NotInvited)?;
        self.set_password(&account, password).await
    }

    /// The account that an invitation is for.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn invited(&self, token: &AccessToken) -> Result<Option<Account>, StoreError> {
        self.store.account_invited(&token.mark(&self.store)).await
    }

    /// Sets the password of an account, and ends its sessions.
    ///
    /// # Errors
    ///
    /// The password is weak, or the store failed.
    pub async fn set_password(
        &self,
        account: &Account,
        password: Secret<String>,
    ) -> Result<LoginName, AccountError> {
        let name: LoginName = account.name.parse().map_err(|_| AccountError::NotInvited)?;
        let named = name.clone();
        let hash = slowly(move || password::hash(&password, &named)).await??;
        let change = AccountChange::Password(hash);
        self.store.change_account(account.id, change, name.as_str()).await?;
        Ok(name)
    }

    /// Whether this is the password of the account.
    ///
    /// # Errors
    ///
    /// Too many passwords are being checked.
    pub async fn is_password(
        &self,
        account: &Account,
        password: Secret<String>,
    ) -> Result<bool, AccountError> {
        let hash = account.password.clone();
        slowly(move || password::fits(&password, hash.as_ref())).await
    }

    /// Checks name and password, and begins a session where nothing else is
    /// asked for. A failure about an account that exists is written into the
    /// audit log.
    ///
    /// # Errors
    ///
    /// [`AccountError::Refused`] when they do not fit; else the store failed.
    pub async fn log_in(
        &self,
        name: &str,
        password: Secret<String>,
    ) -> Result<LoggedIn, AccountError> {
        let account = match name.parse::<LoginName>() {
            Ok(name) => self.store.account_named(name.as_str()).await?,
            Err(_) => None,
        };
        let account = account.filter(|account| account.closed_at.is_none());
        let hash = account.as_ref().and_then(|account| account.password.clone());
        let fits = slowly(move || password::fits(&password, hash.as_ref())).await?;
        match account {
            Some(account) if fits => self.after_password(account).await,
            Some(account) => {
                self.record(Event {
                    event: None,
                    actor: account.name,
                    act: Act::LoginFailed,
                    facts: json!({}),
                })
                .await?;
                Err(AccountError::Refused)
            }
            None => Err(AccountError::Refused),
        }
    }

    /// Where the person of an account gets mail: the name, where it is an
    /// address, else the name at each of our domains, and what is said besides.
    pub fn addresses_of(&self, account: &Account) -> Vec<Address> {
        let domains = &self.book().settings.gateway.domains;
        let is_address = account.name.contains('@');
        let own = match is_address {
            true => vec![account.name.clone()],
            false => domains.iter().map(|domain| format!("{}@{domain}", account.name)).collect(),
        };
        let own = own.into_iter().filter_map(|text| text.parse().ok());
        own.chain(account.addresses.iter().cloned()).collect()
    }

    /// Begins a session.
    pub(super) async fn open_session(
        &self,
        account: &Account,
    ) -> Result<AccessToken, AccountError> {
        let token = AccessToken::draw()?;
        self.store.open_session(account, &token.mark(&self.store), None).await?;
        Ok(token)
    }

    /// As [`invite`], for somebody who is logged in.
    ///
    /// # Errors
    ///
    /// As [`invite`].
    pub async fn invite(
        &self,
        name: &LoginName,
        roles: &[Role],
        by: &str,
    ) -> Result<AccessToken, AccountError> {
        invite(&self.store, self.now(), name, roles, by).await
    }
}

/// Why an account cannot be used as asked.
#[derive(Debug, Error)]
pub enum AccountError {
    /// Too many passwords are being checked.
    #[error("too many passwords are being checked")]
    Busy,
    /// The gate failed.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// There is no such invitation, or its time is over.
    #[error("the invitation does not work")]
    NotInvited,
    /// The machine gives no random bytes.
    #[error("no random bytes")]
    Random,
    /// Name or password is wrong.
    #[error("name or password is wrong")]
    Refused,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The password is not taken.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
}

/// Runs what takes a core and memory for long, few at a time.
async fn slowly<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AccountError> {
    let place = timeout(PATIENCE, Arc::clone(&PLACES).acquire_owned()).await;
    let Ok(Ok(_place)) = place else { return Err(AccountError::Busy) };
    spawn_blocking(work).await.map_err(|_| AccountError::Busy)
}

/// The name of the first account.
pub(super) const FIRST: &str = "administrator";
const INVITED: SignedDuration = SignedDuration::from_hours(72);
/// Each takes 19 MiB and a core.
static PLACES: std::sync::LazyLock<Arc<Semaphore>> =
    std::sync::LazyLock::new(|| Arc::new(Semaphore::new(2)));
const PATIENCE: Duration = Duration::from_secs(5);
