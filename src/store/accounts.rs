//! Accounts of people who log in.
//!
//! An account has roles and, once its invitation is used, a password, of which
//! only a slow hash is kept. A change of password or roles, a new invitation
//! and a closing end all sessions of the account in the same transaction. Each
//! change is a row of the audit log.

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{Row as _, SqlitePool};

use super::{
    Store, StoreError,
    audit::{self, Entry},
    database::{Connection, Durability, Row, millis, time},
    ids::AccountId,
    tokens,
};
use crate::{
    base::secret::Secret,
    model::{Act, Address, Event, Role, role::UnknownRole},
};

/// Somebody who may log in.
#[derive(Clone)]
pub struct Account {
    /// Its own name.
    pub id: AccountId,
    /// What the person logs in with, in lower case.
    pub name: String,
    /// What the person is trusted with.
    pub roles: Vec<Role>,
    /// Where the person gets mail, besides what the name says.
    pub addresses: Vec<Address>,
    /// Who says who the person is, where that is a provider of log-ins. Then
    /// there is never a password.
    pub issuer: Option<String>,
    /// When the person last came from there.
    pub provided_at: Option<Timestamp>,
    /// A hash of the password, as PHC string; none until the invitation is
    /// used.
    pub password: Option<Secret<String>>,
    /// Until when the invitation works, where there is one.
    pub invited_until: Option<Timestamp>,
    /// The tag of the language that was chosen.
    pub language: Option<String>,
    /// The word for the colours that were chosen.
    pub theme: Option<String>,
    /// Since when.
    pub made_at: Timestamp,
    /// When it was closed, if it was.
    pub closed_at: Option<Timestamp>,
}

/// What to change of an account.
pub enum AccountChange {
    /// Says where the person gets mail, besides what the name says.
    Addresses(Vec<Address>),
    /// Nobody can log in with it any more.
    Close,
    /// Takes the password away; a new one is set by an invitation.
    Invite(Invitation),
    /// Sets the password, as PHC string, and uses up the invitation.
    Password(Secret<String>),
    /// The account of a provider can be logged in with again.
    Reopen,
    /// Gives other roles.
    Roles(Vec<Role>),
}

/// A link that sets a password, once.
pub struct Invitation {
    /// A keyed hash of its secret.
    pub mark: String,
    /// Until when it works.
    pub until: Timestamp,
}

impl Store {
    /// Makes an account that waits for its invitation to be used.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the name is taken; else the database
    /// fails.
    pub async fn make_account(
        &self,
        name: &str,
        roles: &[Role],
        invitation: &Invitation,
        by: &str,
    ) -> Result<AccountId, StoreError> {
        let id = AccountId::draw()?;
        let now = millis(self.0.clock.now());
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        let insert = "INSERT INTO account (id, name, roles, invitation, invited_until, made_at) \
                      VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING";
        let done = sqlx::query(insert)
            .bind(id.to_string())
            .bind(name)
            .bind(words(roles))
            .bind(&invitation.mark)
            .bind(millis(invitation.until))
            .bind(now)
            .execute(&mut *connection)
            .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Conflict);
        }
        let facts = json!({ "account": name, "change": "made", "roles": roles });
        let entry = account_event(by, facts);
        audit::append(connection, &self.0.keys, now, &[&entry]).await?;
        writing.commit().await?;
        Ok(id)
    }

    /// Changes an account and ends its sessions.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when a provider says what the change would say;
    /// there is no such account, or the database fails. Nothing was changed.
    pub async fn change_account(
        &self,
        id: AccountId,
        change: AccountChange,
        by: &str,
    ) -> Result<(), StoreError> {
        let now = millis(self.0.clock.now());
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        let select = "SELECT name, issuer FROM account WHERE id = $1";
        let found: Option<(String, Option<String>)> =
            sqlx::query_as(select).bind(id.to_string()).fetch_optional(&mut *connection).await?;
        let (name, issuer) = found.ok_or_else(|| StoreError::UnknownItem(id.to_string()))?;
        if !change.fits(issuer.is_some()) {
            return Err(StoreError::Conflict);
        }
        let facts = json!({ "account": name, "change": change.word(), "roles": change.roles() });
        if change.ends_tokens() {
            tokens::end_all(connection, id, now).await?;
        }
        change.write(connection, id, now).await?;
        sqlx::query("DELETE FROM session WHERE account = $1")
            .bind(id.to_string())
            .execute(&mut *connection)
            .await?;
        let entry = account_event(by, facts);
        audit::append(connection, &self.0.keys, now, &[&entry]).await?;
        writing.commit().await
    }

    /// Keeps what the person chose for all pages.
    ///
    /// # Errors
    ///
    /// The database fails.
    pub async fn prefer(
        &self,
        id: AccountId,
        language: &str,
        theme: &str,
    ) -> Result<(), StoreError> {
        let mut writing = self.0.database.write(Durability::Process).await?;
        sqlx::query("UPDATE account SET language = $1, theme = $2 WHERE id = $3")
            .bind(language)
            .bind(theme)
            .bind(id.to_string())
            .execute(writing.connection())
            .await?;
        writing.commit().await
    }

    /// All accounts by name, the closed ones too.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let select = format!("{SELECT} ORDER BY name");
        let rows = sqlx::query(sqlx::AssertSqlSafe(select)).fetch_all(&self.0.database.readers);
        rows.await?.iter().map(account).collect()
    }

    /// The account that is known by this.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        find(&self.0.database.readers, "id", &id.to_string()).await
    }

    /// The account with this name.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn account_named(&self, name: &str) -> Result<Option<Account>, StoreError> {
        find(&self.0.database.readers, "name", name).await
    }

    /// The open account whose invitation this is, if it still works.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn account_invited(&self, mark: &str) -> Result<Option<Account>, StoreError> {
        let found = find(&self.0.database.readers, "invitation", mark).await?;
        let now = self.0.clock.now();
        Ok(found.filter(|account| {
            account.closed_at.is_none() && account.invited_until.is_some_and(|until| until > now)
        }))
    }
}

impl AccountChange {
    fn word(&self) -> &'static str {
        match self {
            Self::Addresses(_) => "addresses changed",
            Self::Close => "closed",
            Self::Invite(_) => "invited",
            Self::Password(_) => "password set",
            Self::Reopen => "opened again",
            Self::Roles(_) => "roles changed",
        }
    }

    /// Whether it can be made to an account that a provider vouches for, or to
    /// one that none does.
    fn fits(&self, is_provided: bool) -> bool {
        match self {
            Self::Addresses(_) | Self::Close => true,
            Self::Invite(_) | Self::Password(_) | Self::Roles(_) => !is_provided,
            Self::Reopen => is_provided,
        }
    }

    /// A token that was made by whoever had the password ends with it.
    fn ends_tokens(&self) -> bool {
        match self {
            Self::Close | Self::Invite(_) => true,
            Self::Addresses(_) | Self::Password(_) | Self::Reopen | Self::Roles(_) => false,
        }
    }

    fn roles(&self) -> Option<&[Role]> {
        match self {
            Self::Addresses(_)
            | Self::Close
            | Self::Invite(_)
            | Self::Password(_)
            | Self::Reopen => None,
            Self::Roles(roles) => Some(roles),
        }
    }

    async fn write(
        self,
        connection: &mut Connection,
        id: AccountId,
        now: i64,
    ) -> Result<(), StoreError> {
        let id = id.to_string();
        let update = match self {
            Self::Addresses(addresses) => {
                let texts: Vec<&str> = addresses.iter().map(Address::as_str).collect();
                sqlx::query("UPDATE account SET addresses = $2 WHERE id = $1")
                    .bind(id)
                    .bind(texts.join(" "))
            }
            Self::Close => sqlx::query(
                "UPDATE account SET closed_at = $2, password = NULL, invitation = NULL WHERE id = $1",
            )
            .bind(id)
            .bind(now),
            Self::Invite(invitation) => sqlx::query(
                "UPDATE account SET invitation = $2, invited_until = $3, password = NULL, \
                 closed_at = NULL WHERE id = $1",
            )
            .bind(id)
            .bind(invitation.mark)
            .bind(millis(invitation.until)),
            Self::Password(hash) => sqlx::query(
                "UPDATE account SET password = $2, invitation = NULL, invited_until = NULL \
                 WHERE id = $1",
            )
            .bind(id)
            .bind(hash.expose().clone()),
            Self::Reopen => {
                sqlx::query("UPDATE account SET closed_at = NULL WHERE id = $1").bind(id)
            }
            Self::Roles(roles) => {
                sqlx::query("UPDATE account SET roles = $2 WHERE id = $1").bind(id).bind(words(&roles))
            }
        };
        update.execute(connection).await?;
        Ok(())
    }
}

/// The account in whose column `column` stands `value`.
pub(super) async fn find(
    readers: &SqlitePool,
    column: &'static str,
    value: &str,
) -> Result<Option<Account>, StoreError> {
    let select = format!("{SELECT} WHERE {column} = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(select)).bind(value).fetch_optional(readers).await?;
    row.as_ref().map(account).transpose()
}

pub(super) fn account(row: &Row) -> Result<Account, StoreError> {
    let id: String = row.try_get("id")?;
    let unreadable = |what| StoreError::Unreadable { what, id: id.clone() };
    let roles: String = row.try_get("roles")?;
    let addresses: String = row.try_get("addresses")?;
    let moment = |column: &str| row.try_get::<Option<i64>, _>(column).map(|at| at.map(time));
    Ok(Account {
        id: id.parse().map_err(|_| unreadable("id"))?,
        name: row.try_get("name")?,
        roles: self::roles(&roles).map_err(|_| unreadable("roles"))?,
        addresses: addresses
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map_err(|_| unreadable("addresses"))?,
        issuer: row.try_get("issuer")?,
        provided_at: moment("provided_at")?,
        password: row.try_get::<Option<String>, _>("password")?.map(Secret::new),
        invited_until: moment("invited_until")?,
        language: row.try_get("language")?,
        theme: row.try_get("theme")?,
        made_at: time(row.try_get("made_at")?),
        closed_at: moment("closed_at")?,
    })
}

pub(super) fn account_event(by: &str, facts: Value) -> Entry {
    let event = Event { event: None, actor: by.to_owned(), act: Act::AccountChanged, facts };
    Entry::from(&event)
}

/// Roles as they stand in a row.
pub(super) fn roles(words: &str) -> Result<Vec<Role>, UnknownRole> {
    words.split_whitespace().map(str::parse).collect()
}

pub(super) fn words(roles: &[Role]) -> String {
    roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" ")
}

pub(super) const SELECT: &str = "SELECT id, name, roles, addresses, issuer, provided_at, password, invited_until, \
                      language, theme, made_at, closed_at FROM account";
