//! Tokens by which programs act for a person.
//!
//! The program has the token; here is a keyed hash of it. A token has roles of
//! its own, of which only those count that its person still has, and an end.
//! It ends with its account, and when the account gets a new password link.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sqlx::Row as _;

use super::{
    Store, StoreError,
    accounts::{self, Account},
    audit::{self, Entry},
    database::{Connection, Durability, Row, millis, time},
    ids::{AccountId, TokenId},
};
use crate::model::{Act, Event, Role};

/// A token for the HTTP interface.
#[derive(Clone, Debug)]
pub struct Token {
    /// Its own name.
    pub id: TokenId,
    /// Whose it is.
    pub account: AccountId,
    /// What its person calls it.
    pub name: String,
    /// What it is trusted with, as long as its person is.
    pub roles: Vec<Role>,
    /// Since when.
    pub made_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub used_at: Option<Timestamp>,
    /// When it was taken back, if it was.
    pub ended_at: Option<Timestamp>,
}

/// A token that is to be made.
pub struct NewToken<'a> {
    /// What its person calls it.
    pub name: &'a str,
    /// What it is trusted with.
    pub roles: &'a [Role],
    /// A keyed hash of it.
    pub mark: String,
    /// Until when it works.
    pub expires_at: Timestamp,
}

impl Store {
    /// Makes a token for an account.
    ///
    /// # Errors
    ///
    /// The database fails, and there is none.
    pub async fn make_token(
        &self,
        account: &Account,
        token: NewToken<'_>,
    ) -> Result<TokenId, StoreError> {
        let id = TokenId::draw()?;
        let now = millis(self.0.clock.now());
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        let insert = "INSERT INTO api_token (id, mark, account, name, roles, made_at, expires_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7)";
        sqlx::query(insert)
            .bind(id.to_string())
            .bind(token.mark)
            .bind(account.id.to_string())
            .bind(token.name)
            .bind(accounts::words(token.roles))
            .bind(now)
            .bind(millis(token.expires_at))
            .execute(&mut *connection)
            .await?;
        let facts = json!({
            "account": account.name, "change": "token made", "token": id, "name": token.name,
            "roles": token.roles, "expires_at": token.expires_at.to_string(),
        });
        let entry = told(&account.name, facts);
        audit::append(connection, &self.0.keys, now, &[&entry]).await?;
        writing.commit().await?;
        Ok(id)
    }

    /// All tokens of an account, the newest first, those that are over too.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn tokens(&self, account: AccountId) -> Result<Vec<Token>, StoreError> {
        let select = format!("{SELECT} WHERE account = $1 ORDER BY made_at DESC, id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(select)).bind(account.to_string());
        let rows = rows.fetch_all(&self.0.database.readers).await?;
        rows.iter().map(token).collect()
    }

    /// The token with this keyed hash and its account, while both are good, and
    /// notes that it is used. Its roles are those that its person still has.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn token(&self, mark: &str) -> Result<Option<(Token, Account)>, StoreError> {
        let readers = &self.0.database.readers;
        let select = format!("{SELECT} WHERE mark = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(select)).bind(mark);
        let Some(row) = row.fetch_optional(readers).await? else { return Ok(None) };
        let mut token = token(&row)?;
        let now = self.0.clock.now();
        let account = accounts::find(readers, "id", &token.account.to_string()).await?;
        let account =
            account.filter(|account| account.closed_at.is_none() && !is_out(account, now));
        let (Some(account), None) = (account, token.ended_at) else { return Ok(None) };
        if token.expires_at <= now {
            return Ok(None);
        }
        token.roles.retain(|role| account.roles.contains(role));
        let is_old = |used: Timestamp| used < now.saturating_sub(NOTED).unwrap_or(now);
        if token.used_at.is_none_or(is_old) {
            let mut writing = self.0.database.write(Durability::Process).await?;
            let update = sqlx::query("UPDATE api_token SET used_at = $1 WHERE id = $2");
            let update = update.bind(millis(now)).bind(token.id.to_string());
            update.execute(writing.connection()).await?;
            writing.commit().await?;
        }
        Ok(Some((token, account)))
    }

    /// Takes a token of `account` back. Tells whether there was one to take.
    ///
    /// # Errors
    ///
    /// The database fails, and it goes on working.
    pub async fn end_token(&self, account: &Account, id: TokenId) -> Result<bool, StoreError> {
        let now = millis(self.0.clock.now());
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        let update = "UPDATE api_token SET ended_at = $1 \
                      WHERE id = $2 AND account = $3 AND ended_at IS NULL";
        let update = sqlx::query(update).bind(now).bind(id.to_string());
        let done = update.bind(account.id.to_string()).execute(&mut *connection).await?;
        let is_ended = done.rows_affected() == 1;
        if is_ended {
            let facts = json!({ "account": account.name, "change": "token ended", "token": id });
            let entry = told(&account.name, facts);
            audit::append(connection, &self.0.keys, now, &[&entry]).await?;
        }
        writing.commit().await?;
        Ok(is_ended)
    }
}

/// Takes all tokens of an account back, inside the caller's transaction.
pub(super) async fn end_all(
    connection: &mut Connection,
    account: AccountId,
    now: i64,
) -> Result<(), StoreError> {
    let update = "UPDATE api_token SET ended_at = $1 WHERE account = $2 AND ended_at IS NULL";
    sqlx::query(update).bind(now).bind(account.to_string()).execute(connection).await?;
    Ok(())
}

fn token(row: &Row) -> Result<Token, StoreError> {
    let id: String = row.try_get("id")?;
    let unreadable = |what| StoreError::Unreadable { what, id: id.clone() };
    let account: String = row.try_get("account")?;
    let roles: String = row.try_get("roles")?;
    let moment = |column: &str| row.try_get::<Option<i64>, _>(column).map(|at| at.map(time));
    Ok(Token {
        id: id.parse().map_err(|_| unreadable("id"))?,
        account: account.parse().map_err(|_| unreadable("account"))?,
        name: row.try_get("name")?,
        roles: accounts::roles(&roles).map_err(|_| unreadable("roles"))?,
        made_at: time(row.try_get("made_at")?),
        expires_at: time(row.try_get("expires_at")?),
        used_at: moment("used_at")?,
        ended_at: moment("ended_at")?,
    })
}

/// Whether a provider has not vouched for the person for long: whoever left is
/// told to nobody, so that tokens must not outlive it.
fn is_out(account: &Account, now: Timestamp) -> bool {
    let since = now.saturating_sub(VOUCHED).unwrap_or(now);
    account.issuer.is_some() && account.provided_at.is_none_or(|at| at < since)
}

fn told(by: &str, facts: Value) -> Entry {
    Entry::from(&Event { event: None, actor: by.to_owned(), act: Act::AccountChanged, facts })
}

const SELECT: &str = "SELECT id, account, name, roles, made_at, expires_at, used_at, ended_at \
                      FROM api_token";
/// How long a log-in at a provider holds for tokens.
const VOUCHED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A use is noted when the last one noted is older.
const NOTED: SignedDuration = SignedDuration::from_mins(1);
