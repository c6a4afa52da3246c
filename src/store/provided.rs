//! Accounts of people who log in at a provider.
//!
//! Such an account is known by issuer and subject, never by its name, so that
//! nobody gets the account of another by being called like him. Its roles are
//! those of the last log-in. A closed one stays closed.

use jiff::Timestamp;
use serde_json::json;
use sqlx::Row as _;

use super::{
    Store, StoreError,
    accounts::{self, Account},
    audit,
    database::{Connection, Durability, millis},
    ids::AccountId,
};
use crate::model::{Address, LoginName, Role, event::GATE};

/// Somebody as a provider tells of him.
pub struct Vouched<'a> {
    /// The name of the provider, for the audit log.
    pub provider: &'a str,
    /// Who says so.
    pub issuer: &'a str,
    /// A keyed hash of issuer and subject.
    pub subject: &'a str,
    /// Names for an account that is made now; the first that is free.
    pub names: &'a [LoginName],
    /// Where the person gets mail, if that is told.
    pub email: Option<&'a Address>,
    /// The roles; nobody without any gets an account.
    pub roles: &'a [Role],
}

impl Store {
    /// The account of somebody, as he was told of now: made when there is none,
    /// with other roles when those changed, which ends its sessions. None when
    /// he has no account and gets none. A closed account is not touched.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when all names are taken; else the database
    /// fails. Nothing was changed.
    pub async fn vouched(&self, person: &Vouched<'_>) -> Result<Option<Account>, StoreError> {
        let now = self.0.clock.now();
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        let mut entries = Vec::new();
        let mut is_new = false;
        let found = match find(connection, person.subject).await? {
            None if person.roles.is_empty() => return Ok(None),
            None => {
                let name = insert(connection, person, now).await?;
                let facts = json!({
                    "account": name, "change": "made", "roles": person.roles,
                    "provider": person.provider,
                });
                entries.push(accounts::account_event(GATE, facts));
                is_new = true;
                find(connection, person.subject).await?.ok_or(StoreError::Conflict)?
            }
            Some(account) if account.closed_at.is_some() => return Ok(Some(account)),
            Some(account) => account,
        };
        let id = found.id.to_string();
        if found.roles != person.roles {
            sqlx::query("DELETE FROM session WHERE account = $1")
                .bind(&id)
                .execute(&mut *connection)
                .await?;
            let facts = json!({
                "account": found.name, "change": "roles changed", "roles": person.roles,
                "provider": person.provider,
            });
            entries.push(accounts::account_event(GATE, facts));
        }
        let mut addresses = found.addresses.clone();
        if let Some(email) = person.email.filter(|email| !addresses.contains(email)) {
            addresses.push(email.clone());
            if !is_new {
                let facts = json!({
                    "account": found.name, "change": "addresses changed",
                    "provider": person.provider,
                });
                entries.push(accounts::account_event(GATE, facts));
            }
        }
        let texts: Vec<&str> = addresses.iter().map(Address::as_str).collect();
        sqlx::query(
            "UPDATE account SET roles = $2, addresses = $3, provided_at = $4 WHERE id = $1",
        )
        .bind(&id)
        .bind(accounts::words(person.roles))
        .bind(texts.join(" "))
        .bind(millis(now))
        .execute(&mut *connection)
        .await?;
        let entries: Vec<&audit::Entry> = entries.iter().collect();
        audit::append(connection, &self.0.keys, millis(now), &entries).await?;
        writing.commit().await?;
        Ok(Some(Account { roles: person.roles.to_vec(), addresses, ..found }))
    }
}

async fn find(connection: &mut Connection, subject: &str) -> Result<Option<Account>, StoreError> {
    let select = format!("{} WHERE subject = $1", accounts::SELECT);
    let row = sqlx::query(sqlx::AssertSqlSafe(select)).bind(subject);
    row.fetch_optional(connection).await?.as_ref().map(accounts::account).transpose()
}

/// Makes the account under the first name that nobody has, closed accounts
/// included.
async fn insert(
    connection: &mut Connection,
    person: &Vouched<'_>,
    now: Timestamp,
) -> Result<String, StoreError> {
    let insert = "INSERT INTO account (id, name, roles, issuer, subject, made_at) \
                  VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING RETURNING name";
    for name in person.names {
        let row = sqlx::query(insert)
            .bind(AccountId::draw()?.to_string())
            .bind(name.as_str())
            .bind(accounts::words(person.roles))
            .bind(person.issuer)
            .bind(person.subject)
            .bind(millis(now))
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(row) = row {
            return Ok(row.try_get("name")?);
        }
    }
    Err(StoreError::Conflict)
}
