//! Sessions of people who are logged in.
//!
//! The browser has a token; here is a keyed hash of it. A session ends when it
//! was not used for half an hour, twelve hours after it began, at a log-out,
//! and when anything of its account is changed.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    Store, StoreError,
    accounts::{self, Account},
    audit::{self, Entry},
    database::{Durability, millis, time},
    ids::AccountId,
};
use crate::model::{Act, Event};

/// A session that goes on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OpenSession {
    /// The keyed hash of its token.
    pub mark: String,
    /// When somebody logged in.
    pub begun: Timestamp,
    /// When it was last used, to the minute.
    pub seen: Timestamp,
    /// What it is used with, if that is known.
    pub browser: Option<String>,
}

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
        let entry = session_event(&account.name, Act::LoggedIn, facts);
        audit::append(connection, &self.0.keys, millis(now), &[&entry]).await?;
        writing.commit().await
    }

    /// Whose session it is, while it lasts, and notes that it is used, and with
    /// which browser.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn session(
        &self,
        mark: &str,
        browser: Option<&str>,
    ) -> Result<Option<Account>, StoreError> {
        let readers = &self.0.database.readers;
        let select = "SELECT account, made_at, seen_at, browser FROM session WHERE token = $1";
        let row: Option<(String, i64, i64, Option<String>)> =
            sqlx::query_as(select).bind(mark).fetch_optional(readers).await?;
        let Some((account, made_at, seen_at, known)) = row else { return Ok(None) };
        let now = self.0.clock.now();
        if time(seen_at) < ago(now, IDLE) || time(made_at) < ago(now, LONGEST) {
            return Ok(None);
        }
        let account = accounts::find(readers, "id", &account).await?;
        let account = account.filter(|account| account.closed_at.is_none());
        let is_new = browser.is_some() && known.as_deref() != browser;
        if account.is_some() && (is_new || time(seen_at) < ago(now, NOTED)) {
            let mut writing = self.0.database.write(Durability::Process).await?;
            let update = "UPDATE session SET seen_at = $1, browser = COALESCE($2, browser) \
                          WHERE token = $3";
            sqlx::query(update)
                .bind(millis(now))
                .bind(browser)
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
            let entry = session_event(account, Act::LoggedOut, json!({}));
            audit::append(connection, &self.0.keys, now, &[&entry]).await?;
        }
        writing.commit().await
    }

    /// Ends those sessions of `account` that have one of these keyed hashes.
    /// The audit log says how many there were.
    ///
    /// # Errors
    ///
    /// The database fails, and all go on.
    pub async fn close_sessions(
        &self,
        account: &Account,
        marks: &[String],
    ) -> Result<(), StoreError> {
        let now = millis(self.0.clock.now());
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        let mut ended = 0;
        for mark in marks {
            let delete = sqlx::query("DELETE FROM session WHERE account = $1 AND token = $2");
            let delete = delete.bind(account.id.to_string()).bind(mark);
            ended += delete.execute(&mut *connection).await?.rows_affected();
        }
        if ended > 0 {
            let facts = json!({ "sessions": ended });
            let entry = session_event(&account.name, Act::LoggedOut, facts);
            audit::append(connection, &self.0.keys, now, &[&entry]).await?;
        }
        writing.commit().await
    }

    /// The sessions of an account, the one last used first.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn sessions(&self, account: AccountId) -> Result<Vec<OpenSession>, StoreError> {
        let now = self.0.clock.now();
        let select = "SELECT token, made_at, seen_at, browser FROM session \
                      WHERE account = $1 AND seen_at >= $2 AND made_at >= $3 \
                      ORDER BY seen_at DESC, made_at DESC, token LIMIT 1000";
        let rows: Vec<(String, i64, i64, Option<String>)> = sqlx::query_as(select)
            .bind(account.to_string())
            .bind(millis(ago(now, IDLE)))
            .bind(millis(ago(now, LONGEST)))
            .fetch_all(&self.0.database.readers)
            .await?;
        let session = |(mark, made_at, seen_at, browser)| {
            let (begun, seen) = (time(made_at), time(seen_at));
            OpenSession { mark, begun, seen, browser }
        };
        Ok(rows.into_iter().map(session).collect())
    }
}

fn session_event(account: &str, act: Act, facts: Value) -> Entry {
    Entry::from(&Event { event: None, actor: account.to_owned(), act, facts })
}

fn ago(now: Timestamp, span: SignedDuration) -> Timestamp {
    now.saturating_sub(span).unwrap_or(Timestamp::UNIX_EPOCH)
}

const IDLE: SignedDuration = SignedDuration::from_mins(30);
const LONGEST: SignedDuration = SignedDuration::from_hours(12);
/// A use is noted when the last one noted is older.
const NOTED: SignedDuration = SignedDuration::from_mins(1);
