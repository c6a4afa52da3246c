//! Personal links: who was written to about a message, what is left of it, and
//! that each link acts once.
//!
//! A link is not kept. Its use is, by a keyed hash of its secret, in the same
//! transaction as what it did: whoever comes second finds it used, and nothing
//! of what he asked for is done.

use jiff::{SignedDuration, Timestamp};

use super::{
    Store, StoreError,
    change::Purpose,
    database::{Connection, millis, time},
};
use crate::{
    base::id::EventId,
    model::{Act, Address},
};

/// The use of a personal link.
#[derive(Clone, Debug)]
pub struct LinkUse {
    /// A keyed hash of its secret.
    pub mark: String,
    /// The message it is about.
    pub event: EventId,
    /// What it is used for.
    pub act: Act,
}

/// A link that was used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UsedLink {
    /// When.
    pub at: Timestamp,
    /// For what, in the words of [`Act`].
    pub act: String,
}

impl Store {
    /// Whether a link was used, and for what.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn used_link(&self, mark: &str) -> Result<Option<UsedLink>, StoreError> {
        let row: Option<(i64, String)> =
            sqlx::query_as("SELECT used_at, act FROM used_link WHERE mark = $1")
                .bind(mark)
                .fetch_optional(&self.0.database.readers)
                .await?;
        Ok(row.map(|(at, act)| UsedLink { at: time(at), act }))
    }

    /// Whom a notice about a message was queued for.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn notified(&self, event: EventId) -> Result<Vec<Address>, StoreError> {
        let select = "SELECT recipient FROM outbox_recipient \
                      WHERE event = $1 AND purpose = $2 ORDER BY recipient";
        let rows = sqlx::query_scalar(select).bind(event.to_string());
        let rows = rows.bind(Purpose::Notice.as_str()).fetch_all(&self.0.database.readers).await?;
        addresses(rows)
    }

    /// Whom a message was refused for by mail.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn refused(&self, event: EventId) -> Result<Vec<Address>, StoreError> {
        let select = "SELECT recipient FROM refused_recipient WHERE event = $1 ORDER BY recipient";
        let rows = sqlx::query_scalar(select).bind(event.to_string());
        addresses(rows.fetch_all(&self.0.database.readers).await?)
    }
}

/// Notes the use of a link, inside the caller's transaction.
pub(super) async fn spend(
    connection: &mut Connection,
    link: &LinkUse,
    now: Timestamp,
) -> Result<(), StoreError> {
    let insert = "INSERT INTO used_link (mark, event, act, used_at) VALUES ($1, $2, $3, $4) \
                  ON CONFLICT (mark) DO NOTHING";
    let done = sqlx::query(insert)
        .bind(&link.mark)
        .bind(link.event.to_string())
        .bind(link.act.as_str())
        .bind(millis(now))
        .execute(connection)
        .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::LinkUsed) }
}

/// Forgets uses of links that are worth nothing any more, inside the caller's
/// transaction.
pub(super) async fn forget(connection: &mut Connection, now: Timestamp) -> Result<(), StoreError> {
    let before = now.saturating_sub(REMEMBER).unwrap_or(Timestamp::UNIX_EPOCH);
    let delete = sqlx::query("DELETE FROM used_link WHERE used_at < $1").bind(millis(before));
    delete.execute(connection).await?;
    Ok(())
}

fn addresses(rows: Vec<String>) -> Result<Vec<Address>, StoreError> {
    let address = |text: String| {
        text.parse().map_err(|_| StoreError::Unreadable { what: "recipient", id: text.clone() })
    };
    rows.into_iter().map(address).collect()
}

/// Longer than any link works.
const REMEMBER: SignedDuration = SignedDuration::from_hours(30 * 24);
