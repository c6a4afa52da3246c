//! `sluse account`: who may log in to the pages.

use jiff::Timestamp;
use serde_json::json;

use super::{
    Exit,
    args::{AccountCommand, Format},
    output::{Output, remark},
    person_name,
};
use crate::{
    gate::{AccessToken, invite},
    model::{LoginName, Role},
    store::{Account, AccountChange, Store, StoreError},
};

/// What `sluse account` works on.
pub struct Accounts<'a> {
    /// Where links lead.
    pub pages: &'a str,
    /// The accounts.
    pub store: &'a Store,
    /// The time.
    pub now: Timestamp,
}

/// Runs `sluse account`.
///
/// # Errors
///
/// The store failed, or the output fails.
pub async fn run(
    command: &AccountCommand,
    format: Format,
    accounts: &Accounts<'_>,
) -> anyhow::Result<Exit> {
    match command {
        AccountCommand::Add { name, roles } => accounts.add(name, roles, format).await,
        AccountCommand::Close { name } => accounts.change(name, AccountChange::Close).await,
        AccountCommand::List => accounts.list(format).await,
        AccountCommand::Reset { name, second_factor } => {
            accounts.reset(name, *second_factor, format).await
        }
        AccountCommand::Roles { name, roles } => {
            accounts.change(name, AccountChange::Roles(roles.clone())).await
        }
    }
}

impl Accounts<'_> {
    async fn add(&self, name: &LoginName, roles: &[Role], format: Format) -> anyhow::Result<Exit> {
        if self.store.account_named(name.as_str()).await?.is_some() {
            remark(format!("there is an account {name}; see sluse account reset"));
            return Ok(Exit::Negative);
        }
        self.invite(name, roles, format).await
    }

    async fn reset(
        &self,
        name: &LoginName,
        second_factor: bool,
        format: Format,
    ) -> anyhow::Result<Exit> {
        let Some(account) = self.named(name).await? else { return Ok(Exit::Negative) };
        if let Some(issuer) = &account.issuer {
            let change = AccountChange::Reopen;
            self.store.change_account(account.id, change, &person_name(None)).await?;
            remark(format!("{name} is open, and logs in at {issuer}: there is no link"));
            return Ok(Exit::Ok);
        }
        if second_factor {
            self.store.remove_second_factor(&account, &person_name(None)).await?;
        }
        self.invite(name, &account.roles, format).await
    }

    async fn invite(
        &self,
        name: &LoginName,
        roles: &[Role],
        format: Format,
    ) -> anyhow::Result<Exit> {
        let token = invite(self.store, self.now, name, roles, &person_name(None)).await?;
        let link = self.link(&token);
        let mut output = Output::new();
        match format {
            Format::Json => output.json(&json!({ "account": name.as_str(), "link": link }))?,
            Format::Text => {
                output.line(&link)?;
                remark("give the link to the person: it sets the password, once, within 72 hours");
            }
        }
        Ok(Exit::Ok)
    }

    async fn change(&self, name: &LoginName, change: AccountChange) -> anyhow::Result<Exit> {
        let Some(account) = self.named(name).await? else { return Ok(Exit::Negative) };
        match self.store.change_account(account.id, change, &person_name(None)).await {
            Ok(()) => Ok(Exit::Ok),
            Err(StoreError::Conflict) => {
                let issuer = account.issuer.unwrap_or_default();
                remark(format!("{issuer} says which roles {name} has"));
                Ok(Exit::Negative)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn list(&self, format: Format) -> anyhow::Result<Exit> {
        let mut output = Output::new();
        for account in self.store.accounts().await? {
            let roles: Vec<&str> = account.roles.iter().map(|role| role.as_str()).collect();
            let state = state(&account);
            let factor = self.store.second_factor(account.id).await?;
            let has_factor = factor.is_some_and(|factor| factor.secret.is_some());
            match format {
                Format::Json => output.json(&json!({
                    "account": account.name,
                    "roles": roles,
                    "issuer": account.issuer,
                    "state": state,
                    "second_factor": has_factor,
                    "made_at": account.made_at.to_string(),
                }))?,
                Format::Text => {
                    output.line(format!(
                        "{:<24} {:<8} {}",
                        account.name,
                        state,
                        roles.join(",")
                    ))?;
                }
            }
        }
        Ok(Exit::Ok)
    }

    async fn named(&self, name: &LoginName) -> anyhow::Result<Option<Account>> {
        let found = self.store.account_named(name.as_str()).await?;
        if found.is_none() {
            remark(format!("there is no account {name}"));
        }
        Ok(found)
    }

    fn link(&self, token: &AccessToken) -> String {
        format!("{}/welcome/{}", self.pages, token.expose())
    }
}

fn state(account: &Account) -> &'static str {
    let can_log_in = account.password.is_some() || account.issuer.is_some();
    match account.closed_at {
        Some(_) => "closed",
        None if can_log_in => "open",
        None => "invited",
    }
}
