//! Log-in at a provider: from what the provider says to account and session.
//!
//! Roles come from the claims, anew at each log-in; whoever has none is not let
//! in, and what he had before is gone. The second factor is the provider's
//! affair (`acr`). A refusal of somebody who came back from a provider is a row
//! of the audit log, with its reason.

use std::sync::Arc;

use serde_json::{Value, json};
use thiserror::Error;
use tracing::{info, warn};

use super::{AccessToken, AccountError, Gate, accounts::FIRST, error::chain, flows::Flow};
use crate::{
    model::{Act, Event, LoginName, event::GATE},
    oidc::{OidcError, Person, Provider, Returned, Unmet},
    store::{Account, Vouched},
};

/// A log-in that goes on at a provider.
pub struct Departure {
    /// Where to send the browser.
    pub url: String,
    /// What the browser brings back, sealed.
    pub flow: String,
}

/// What a browser comes back with.
#[derive(Clone, Copy)]
pub struct Arrival<'a> {
    /// What ID token and access token are given for; none when the provider
    /// sends somebody back who did not log in.
    pub code: Option<&'a str>,
    /// What was sealed, if the browser has it.
    pub flow: Option<&'a str>,
    /// Who it comes from, where that is told.
    pub issuer: Option<&'a str>,
    /// What the provider hands back unchanged.
    pub state: &'a str,
}

/// Somebody who logged in at a provider.
pub struct Arrived {
    /// Who.
    pub account: Account,
    /// Where to go on.
    pub next: String,
    /// The session.
    pub token: AccessToken,
}

impl Gate {
    /// Takes these providers of log-ins into use, in the place of those before.
    pub fn log_in_with(&self, providers: Vec<Arc<Provider>>) {
        self.providers.store(Arc::new(providers));
    }

    /// The providers of log-ins; none where nobody could come back to us.
    pub fn providers(&self) -> Arc<Vec<Arc<Provider>>> {
        self.providers.load_full()
    }

    /// Begins a log-in at a provider, which ends at `next`.
    ///
    /// # Errors
    ///
    /// There is no such provider, or it does not answer.
    pub async fn depart(&self, provider: &str, next: &str) -> Result<Departure, ProvidedError> {
        let (provider, redirect) = self.provider(provider)?;
        let name = provider.settings().name.as_str();
        let begun = provider.begin(&redirect).await;
        let (url, attempt) = begun.map_err(|error| unanswered(name, &error))?;
        let flow = Flow::new(name, attempt, next, self.now()).seal(&self.store)?;
        Ok(Departure { url, flow })
    }

    /// Ends a log-in at a provider, and begins a session.
    ///
    /// # Errors
    ///
    /// The browser did not begin it, the provider says nothing that can be
    /// trusted, or the person may not come in.
    pub async fn arrive(
        &self,
        provider: &str,
        arrival: Arrival<'_>,
    ) -> Result<Arrived, ProvidedError> {
        let (provider, redirect) = self.provider(provider)?;
        let name = provider.settings().name.as_str();
        let flow = arrival.flow.and_then(|text| Flow::open(&self.store, text, name, self.now()));
        let flow = flow.filter(|flow| flow.attempt.state() == arrival.state);
        let Some(flow) = flow.filter(|flow| self.spent.spend(flow, self.now())) else {
            info!(
                provider = name,
                "log-in refused: this browser did not begin it, or not just now"
            );
            return Err(ProvidedError::Foreign);
        };
        let Some(code) = arrival.code else {
            self.note_refusal(name, None, "declined").await?;
            return Err(ProvidedError::Declined);
        };
        let returned = Returned { code, issuer: arrival.issuer, redirect: &redirect };
        let person = match provider.finish(&flow.attempt, returned, self.now()).await {
            Ok(person) => person,
            Err(error) => return Err(self.not_arrived(name, error).await?),
        };
        let account = self.admit(name, &person).await?;
        let token = AccessToken::draw()?;
        let mark = token.mark(&self.store);
        self.store.open_session(&account, &mark, Some(name)).await.map_err(AccountError::from)?;
        Ok(Arrived { account, next: flow.next, token })
    }

    /// The account of somebody, with the roles that he has now.
    async fn admit(&self, provider: &str, person: &Person) -> Result<Account, ProvidedError> {
        let subject = self.subject_of(person);
        let names = self.names_for(provider, person, &subject);
        let vouched = Vouched {
            provider,
            issuer: &person.issuer,
            subject: &subject,
            names: &names,
            email: person.email.as_ref(),
            roles: &person.roles,
        };
        let account = self.store.vouched(&vouched).await.map_err(AccountError::from)?;
        match account {
            Some(account) if account.closed_at.is_some() => {
                self.note_refusal(provider, Some((person, Some(account))), "closed").await?;
                Err(ProvidedError::Closed)
            }
            Some(account) if !account.roles.is_empty() => Ok(account),
            account => {
                self.note_refusal(provider, Some((person, account)), "no role").await?;
                Err(ProvidedError::NoRole)
            }
        }
    }

    /// Notes why somebody who came back is not let in.
    async fn not_arrived(
        &self,
        provider: &str,
        error: OidcError,
    ) -> Result<ProvidedError, ProvidedError> {
        let (told, reason) = match &error {
            OidcError::Busy | OidcError::Down(_) | OidcError::Odd(_) | OidcError::Unsafe => {
                return Ok(unanswered(provider, &error));
            }
            OidcError::Unmet(person, unmet) => {
                let reason = match unmet {
                    Unmet::Acr => "claim acr".to_owned(),
                    Unmet::Claim(claim) => format!("claim {claim}"),
                };
                warn!(provider, reason, "log-in refused: the claims do not meet the settings");
                self.note_refusal(provider, Some((person, None)), &reason).await?;
                return Ok(ProvidedError::Unmet);
            }
            OidcError::Refused(_) => (ProvidedError::Declined, "code"),
            OidcError::Redirect
            | OidcError::Token(_)
            | OidcError::UnknownKey
            | OidcError::Untrusted(_) => (ProvidedError::Untrusted, "token"),
        };
        warn!(provider, error = %chain(&error), "log-in refused");
        self.note_refusal(provider, None, reason).await?;
        Ok(told)
    }

    async fn note_refusal(
        &self,
        provider: &str,
        who: Option<(&Person, Option<Account>)>,
        reason: &str,
    ) -> Result<(), ProvidedError> {
        let mut facts = json!({ "provider": provider, "reason": reason });
        let mut actor = GATE.to_owned();
        if let Some((person, account)) = who {
            facts["subject"] = shown(&person.subject);
            if let Some(account) = account {
                actor = account.name;
            }
        }
        let event = Event { event: None, actor, act: Act::LoginFailed, facts };
        self.record(event).await.map_err(AccountError::from)?;
        Ok(())
    }

    fn provider(&self, name: &str) -> Result<(Arc<Provider>, String), ProvidedError> {
        let providers = self.providers();
        let found = providers.iter().find(|provider| provider.settings().name.as_str() == name);
        let book = self.book();
        let url = book.settings.letterhead.public_url.as_ref();
        let (Some(provider), Some(url)) = (found, url) else { return Err(ProvidedError::Unknown) };
        Ok((Arc::clone(provider), format!("{}/login/oidc/{name}/callback", url.as_str())))
    }

    /// What is kept of issuer and subject.
    fn subject_of(&self, person: &Person) -> String {
        let text = format!("{}\n{}", person.issuer, person.subject);
        data_encoding::HEXLOWER.encode(&self.store.mac("subject", text.as_bytes()))
    }

    /// Names for a new account: as the claims say, or with the name of the
    /// provider, or at last one that nobody has.
    fn names_for(&self, provider: &str, person: &Person, subject: &str) -> Vec<LoginName> {
        let own = person.names.iter().cloned();
        let beside = person.names.iter().filter_map(|name| {
            let local = name.as_str().split('@').next().unwrap_or_default();
            format!("{local}.{provider}").parse().ok()
        });
        // Letters alone: a name holds few digits.
        let letters = subject.bytes().take(12).map(|b| char::from(b'a' + b % 26));
        let last = format!("{provider}.{}", letters.collect::<String>()).parse().ok();
        let names = own.chain(beside).chain(last);
        // These two are somebody else in the audit log.
        names.filter(|name: &LoginName| ![GATE, FIRST].contains(&name.as_str())).collect()
    }
}

fn unanswered(provider: &str, error: &OidcError) -> ProvidedError {
    warn!(provider, error = %chain(error), "log-in at the provider is not possible now");
    match error {
        OidcError::Busy => ProvidedError::Busy,
        _ => ProvidedError::Down,
    }
}

/// A subject as the audit log may have it: not when it is the number of a
/// person.
fn shown(subject: &str) -> Value {
    let mut words = subject.split(|c: char| !c.is_alphanumeric());
    let is_number = |word: &str| word.len() == 11 && word.bytes().all(|b| b.is_ascii_digit());
    if words.any(is_number) { Value::Null } else { subject.into() }
}

/// Somebody is not logged in.
#[derive(Debug, Error)]
pub enum ProvidedError {
    /// The store failed.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Too many log-ins wait for the provider.
    #[error("too many log-ins wait for the provider")]
    Busy,
    /// The account is closed.
    #[error("the account is closed")]
    Closed,
    /// The provider did not let the person through.
    #[error("the provider did not let the person through")]
    Declined,
    /// The provider does not answer.
    #[error("the provider does not answer")]
    Down,
    /// The browser did not begin the log-in, or too long ago, or ended it
    /// before.
    #[error("this browser did not begin the log-in")]
    Foreign,
    /// The claims give no role.
    #[error("the claims give no role")]
    NoRole,
    /// There is no such provider.
    #[error("there is no such provider")]
    Unknown,
    /// The person did not log in as the settings ask.
    #[error("the claims do not meet the settings")]
    Unmet,
    /// What the provider said cannot be trusted.
    #[error("what came from the provider cannot be trusted")]
    Untrusted,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_that_is_a_number_of_a_person_is_not_written_down() {
        assert_eq!(shown("13827830652"), Value::Null);
        assert_eq!(shown("feide:13827830652@cpm.example"), Value::Null);
        for kept in ["7b96eab9-b69e-4b8c-9636-182868207864", "NR8vTTPrM3T7rWf8dXxeWLZpxEM="] {
            assert_eq!(shown(kept), kept);
        }
    }
}
