//! Sessions of people who are logged in.
//!
//! The browser has a token; here is a keyed hash of it. A session ends when it
//! was not used for half an hour, twelve hours after it began, at a log-out,
//! and when anything of its account is changed.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    Store, StoreError,
    accounts::{self, Account},
    audit::{self, Entry},
    database::{Durability, millis, time},
    ids::AccountId,
};
use crate::model::{Act, Event};

impl Store {
    /// Begins a session, whose token has the keyed hash `mark`. `provider` is
    /// where the person logged in, if it was not here.
    ///
    /// # Errors
    ///
    /// The database fails, and there is no session.
    pub async fn open_session(
        &self,
        account: &Account,
        mark: &str,
        provider: Option<&str>,
    ) -> Result<(), StoreError> {
        let now = self.0.clock.now();
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        sqlx::query("DELETE FROM session WHERE seen_at < $1 OR made_at < $2")
            .bind(millis(ago(now, IDLE)))
            .bind(millis(ago(now, LONGEST)))
            .execute(&mut *connection)
            .await?;
        sqlx::query(
            "INSERT INTO session (token, account, made_at, seen_at) VALUES ($1, $2, $3, $3)",
        )
        .bind(mark)
        .bind(account.id.to_string())
        .bind(millis(now))
        .execute(&mut *connection)
        .await?;
        let facts = provider.map_or(json!({}), |provider| json!({ "provider": provider }));
        let actor = account.name.clone();
        let entry = Entry::from(&Event { event: None, actor, act: Act::LoggedIn, facts });
        audit::append(connection, &self.0.keys, millis(now), &[&entry]).await?;
        writing.commit().await
    }

    /// Whose session it is, while it lasts, and notes that it is used.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn session(&self, mark: &str) -> Result<Option<Account>, StoreError> {
        let readers = &self.0.database.readers;
        let select = "SELECT account, made_at, seen_at FROM session WHERE token = $1";
        let row: Option<(String, i64, i64)> =
            sqlx::query_as(select).bind(mark).fetch_optional(readers).await?;
        let Some((account, made_at, seen_at)) = row else { return Ok(None) };
        let now = self.0.clock.now();
        if time(seen_at) < ago(now, IDLE) || time(made_at) < ago(now, LONGEST) {
            return Ok(None);
        }
        let account = accounts::find(readers, "id", &account).await?;
        let account = account.filter(|account| account.closed_at.is_none());
        if account.is_some() && time(seen_at) < ago(now, NOTED) {
            let mut writing = self.0.database.write(Durability::Process).await?;
            sqlx::query("UPDATE session SET seen_at = $1 WHERE token = $2")
                .bind(millis(now))
                .bind(mark)
                .execute(writing.connection())
                .await?;
            writing.commit().await?;
        }
        Ok(account)
    }

    /// Ends one session of `account`.
    ///
    /// # Errors
    ///
    /// The database fails, and the session goes on.
    pub async fn close_session(&self, account: &str, mark: &str) -> Result<(), StoreError> {
        let now = millis(self.0.clock.now());
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        let done = sqlx::query("DELETE FROM session WHERE token = $1")
            .bind(mark)
            .execute(&mut *connection)
            .await?;
        if done.rows_affected() == 1 {
            let entry = logged_out(account);
            audit::append(connection, &self.0.keys, now, &[&entry]).await?;
        }
        writing.commit().await
    }

    /// Ends all sessions of an account but the one with this keyed hash.
    ///
    /// # Errors
    ///
    /// The database fails, and all go on.
    pub async fn close_other_sessions(
        &self,
        account: &Account,
        mark: &str,
    ) -> Result<(), StoreError> {
        let now = millis(self.0.clock.now());
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        let delete = sqlx::query("DELETE FROM session WHERE account = $1 AND token <> $2");
        let delete = delete.bind(account.id.to_string()).bind(mark);
        if delete.execute(&mut *connection).await?.rows_affected() > 0 {
            let entry = logged_out(&account.name);
            audit::append(connection, &self.0.keys, now, &[&entry]).await?;
        }
        writing.commit().await
    }

    /// How many sessions an account has.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn sessions(&self, account: AccountId) -> Result<u64, StoreError> {
        let now = self.0.clock.now();
        let select = "SELECT COUNT(*) FROM session \
                      WHERE account = $1 AND seen_at >= $2 AND made_at >= $3";
        let number: i64 = sqlx::query_scalar(select)
            .bind(account.to_string())
            .bind(millis(ago(now, IDLE)))
            .bind(millis(ago(now, LONGEST)))
            .fetch_one(&self.0.database.readers)
            .await?;
        Ok(u64::try_from(number).unwrap_or(0))
    }
}

fn logged_out(account: &str) -> Entry {
    let actor = account.to_owned();
    Entry::from(&Event { event: None, actor, act: Act::LoggedOut, facts: json!({}) })
}

fn ago(now: Timestamp, span: SignedDuration) -> Timestamp {
    now.saturating_sub(span).unwrap_or(Timestamp::UNIX_EPOCH)
}

const IDLE: SignedDuration = SignedDuration::from_mins(30);
const LONGEST: SignedDuration = SignedDuration::from_hours(12);
/// A use is noted when the last one noted is older.
const NOTED: SignedDuration = SignedDuration::from_mins(1);
