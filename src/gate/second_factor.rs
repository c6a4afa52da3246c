//! The second factor of a log-in: codes of an authenticator, and recovery codes
//! for the day that it is lost.
//!
//! After the password comes a ticket, not a session: so there is no session
//! that may do only half of what a session may. A ticket is a keyed hash of
//! account, password and time, worth nothing without a code. Whoever must have
//! a second factor and has none sets it up at this point.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

use super::{
    AccessToken, AccountError, Gate,
    one_time_code::{self, CodeSecret},
};
use crate::{
    base::secret::Secret,
    model::{Act, Event, Permission, Role},
    oidc,
    store::{Account, AccountId},
};

/// `[accounts]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountSettings {
    /// Providers that people may log in with as well.
    pub oidc: Vec<oidc::Settings>,
    /// Who must have a second factor.
    pub second_factor: SecondFactorRule,
}

impl AccountSettings {
    /// The provider that lets in people who need a second factor, and does not
    /// say whether they had one, if there is such.
    pub fn trusts_blindly(&self) -> Option<&oidc::Settings> {
        let asks = |roles: &Vec<Role>| self.second_factor.asks(roles);
        let blind =
            |settings: &&oidc::Settings| !settings.asks_how() && settings.roles.values().any(asks);
        self.oidc.iter().find(blind)
    }
}

/// Who must have a second factor.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum SecondFactorRule {
    /// Nobody; whoever wants one sets it up.
    Offered,
    /// Whoever may see content or give roles.
    #[default]
    Required,
}

impl SecondFactorRule {
    /// Whether somebody with these roles must have a second factor.
    pub fn asks(self, roles: &[Role]) -> bool {
        let trusted = [Permission::FindPersons, Permission::ManageAccounts, Permission::Reveal];
        let may = |permission| roles.iter().any(|role| role.allows(permission));
        match self {
            Self::Offered => false,
            Self::Required => trusted.into_iter().any(may),
        }
    }
}

/// What a password alone leads to.
pub enum LoggedIn {
    /// A code is needed as well, together with this ticket.
    Halfway(Account, Secret<String>),
    /// A session.
    Through(Account, AccessToken),
}

/// What a code leads to.
pub struct Finished {
    /// Who is logged in.
    pub account: Account,
    /// The session.
    pub token: AccessToken,
    /// Recovery codes to show once, when the second factor was set up now.
    pub recovery: Vec<String>,
}

impl Gate {
    /// Goes on after the right password.
    pub(super) async fn after_password(&self, account: Account) -> Result<LoggedIn, AccountError> {
        let is_set = self.has_second_factor(account.id).await?;
        if is_set || self.needs_second_factor(&account.roles) {
            let ticket = self.ticket(&account);
            return Ok(LoggedIn::Halfway(account, ticket));
        }
        let token = self.open_session(&account).await?;
        Ok(LoggedIn::Through(account, token))
    }

    /// Whether somebody with these roles must have a second factor.
    pub fn needs_second_factor(&self, roles: &[Role]) -> bool {
        self.book().settings.accounts.second_factor.asks(roles)
    }

    /// Whether codes are asked for.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn has_second_factor(&self, id: AccountId) -> Result<bool, AccountError> {
        let factor = self.store.second_factor(id).await?;
        Ok(factor.is_some_and(|factor| factor.secret.is_some()))
    }

    /// Whose ticket it is, while it works: five minutes, and with this password.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn ticket_holder(&self, ticket: &str) -> Result<Option<Account>, AccountError> {
        let mut parts = ticket.splitn(3, '.');
        let id = parts.next().and_then(|text| text.parse::<AccountId>().ok());
        let until = parts.next().and_then(|text| text.parse::<i64>().ok());
        let (Some(id), Some(until), Some(mac)) = (id, until, parts.next()) else { return Ok(None) };
        let Some(account) = self.store.account(id).await? else { return Ok(None) };
        let is_ours = same(mac, &self.ticket_mac(&account, until));
        let is_open = account.closed_at.is_none() && account.password.is_some();
        let is_early = self.now().as_second() <= until;
        Ok((is_ours && is_open && is_early).then_some(account))
    }

    /// The secret for an authenticator that is being set up, as it was drawn.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn pending_secret(&self, id: AccountId) -> Result<Option<CodeSecret>, AccountError> {
        let pending = self.store.second_factor(id).await?.and_then(|factor| factor.pending);
        Ok(pending.map(|bytes| CodeSecret::new(bytes.expose().clone())))
    }

    /// Draws a secret for an authenticator. Nobody who saw an earlier one has
    /// anything of it.
    ///
    /// # Errors
    ///
    /// The store failed, or the machine gives no random bytes.
    pub async fn draw_secret(&self, id: AccountId) -> Result<CodeSecret, AccountError> {
        let mut bytes = [0; one_time_code::SECRET];
        getrandom::fill(&mut bytes).map_err(|_| AccountError::Random)?;
        let secret = CodeSecret::new(bytes.to_vec());
        self.store.offer_second_factor(id, secret.expose()).await?;
        Ok(secret)
    }

    /// Lets the authenticator that was set up count, by its first code, and
    /// gives the recovery codes.
    ///
    /// # Errors
    ///
    /// [`AccountError::Refused`] when the code is wrong; else the store failed.
    pub async fn set_second_factor(
        &self,
        account: &Account,
        typed: &str,
    ) -> Result<Vec<String>, AccountError> {
        let pending = self.pending_secret(account.id).await?;
        let step = pending.and_then(|secret| secret.step_of(typed, self.now()));
        let Some(step) = step else { return self.refuse_code(account).await };
        let codes = recovery_codes()?;
        let marks: Vec<String> =
            codes.iter().map(|code| self.recovery_mark(account.id, code)).collect();
        self.store.set_second_factor(account, step, &marks).await?;
        Ok(codes)
    }

    /// Ends a log-in: checks the code that goes with a ticket, and begins a
    /// session.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotInvited`] when the ticket does not work,
    /// [`AccountError::Refused`] when the code is wrong or was used before; else
    /// the store failed.
    pub async fn finish_log_in(&self, ticket: &str, typed: &str) -> Result<Finished, AccountError> {
        let account = self.ticket_holder(ticket).await?.ok_or(AccountError::NotInvited)?;
        let recovery = match self.has_second_factor(account.id).await? {
            true => {
                self.check_code(&account, typed).await?;
                Vec::new()
            }
            false => self.set_second_factor(&account, typed).await?,
        };
        let token = self.open_session(&account).await?;
        Ok(Finished { account, token, recovery })
    }

    /// Takes a code of the authenticator, or a recovery code.
    async fn check_code(&self, account: &Account, typed: &str) -> Result<(), AccountError> {
        let factor = self.store.second_factor(account.id).await?;
        let secret = factor.and_then(|factor| factor.secret);
        let secret = secret.map(|bytes| CodeSecret::new(bytes.expose().clone()));
        let is_right = match secret.and_then(|secret| secret.step_of(typed, self.now())) {
            Some(step) => self.store.spend_step(account.id, step).await?,
            None => {
                let mark = self.recovery_mark(account.id, typed);
                self.store.spend_recovery_code(account, &mark).await?
            }
        };
        if is_right { Ok(()) } else { self.refuse_code(account).await }
    }

    async fn refuse_code<T>(&self, account: &Account) -> Result<T, AccountError> {
        self.record(Event {
            event: None,
            actor: account.name.clone(),
            act: Act::LoginFailed,
            facts: json!({ "step": "code" }),
        })
        .await?;
        Err(AccountError::Refused)
    }

    fn ticket(&self, account: &Account) -> Secret<String> {
        let until = self.now().saturating_add(TICKET).unwrap_or_else(|_| self.now()).as_second();
        Secret::new(format!("{}.{until}.{}", account.id, self.ticket_mac(account, until)))
    }

    /// The hash of the password is in it, so that a new one ends all tickets.
    fn ticket_mac(&self, account: &Account, until: i64) -> String {
        let password = account.password.as_ref().map_or("", |hash| hash.expose().as_str());
        let text = Secret::new(format!("{}\n{until}\n{password}", account.id));
        data_encoding::HEXLOWER.encode(&self.store.mac("log-in ticket", text.expose().as_bytes()))
    }

    fn recovery_mark(&self, id: AccountId, code: &str) -> String {
        let letters = code.chars().filter(char::is_ascii_alphanumeric);
        let code: String = letters.map(|c| c.to_ascii_lowercase()).collect();
        let mac = self.store.mac("recovery code", format!("{id}\n{code}").as_bytes());
        data_encoding::HEXLOWER.encode(&mac)
    }
}

/// Whether two keyed hashes are the same, in the same time for all that are as
/// long.
fn same(one: &str, two: &str) -> bool {
    let differ = one.bytes().zip(two.bytes()).fold(0, |sum, (one, two)| sum | (one ^ two));
    one.len() == two.len() && differ == 0
}

/// Each is 48 random bits.
fn recovery_codes() -> Result<Vec<String>, AccountError> {
    let code = || {
        let mut bytes = [0; 6];
        getrandom::fill(&mut bytes).map_err(|_| AccountError::Random)?;
        let text = data_encoding::BASE32_NOPAD.encode(&bytes).to_ascii_lowercase();
        Ok(format!("{}-{}", &text[..5], &text[5..]))
    };
    (0..RECOVERY_CODES).map(|_| code()).collect()
}

const RECOVERY_CODES: usize = 10;
const TICKET: SignedDuration = SignedDuration::from_mins(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_whoever_may_see_content_or_give_roles() {
        let asked = |rule: SecondFactorRule| {
            Role::ALL.into_iter().filter(|role| rule.asks(&[*role])).collect::<Vec<_>>()
        };
        let trusted = [Role::Administrator, Role::Approver, Role::Officer, Role::Reviewer];
        assert_eq!(asked(SecondFactorRule::Required), trusted);
        assert_eq!(asked(SecondFactorRule::Offered), []);
        assert!(SecondFactorRule::Required.asks(&[Role::Viewer, Role::Reviewer]));
    }

    #[test]
    fn recovery_codes_are_many_and_differ() {
        let codes = recovery_codes().ok().unwrap();
        let distinct: std::collections::HashSet<_> = codes.iter().collect();
        assert_eq!(distinct.len(), RECOVERY_CODES);
        assert!(codes.iter().all(|code| code.len() == 11));
    }
}
