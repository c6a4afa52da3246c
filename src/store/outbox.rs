//! The outbox: what the gateway must send itself. How it comes in, how it is
//! listed and how it is forgotten; `sending` has what lies between.
//!
//! Each recipient has a row of its own: nobody is sent the same thing twice.
//! When every recipient is settled the content is destroyed, and the rows stay
//! for 30 days at least, as the record that prevents sending it again, and for
//! as long as it must be known who got what.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use sqlx::{QueryBuilder, Row as _, SqlitePool};

use super::{
    change::{NewQueued, OutboxState, Placed, Purpose, ReadyItem},
    database::{Backend, Connection, Row, millis, time},
    error::StoreError,
    ids::QueuedId,
    wishes,
};
use crate::{
    base::id::EventId,
    model::{Address, Wish},
};

/// An item of the outbox, as it is listed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutboxItem {
    /// Its name.
    pub id: QueuedId,
    /// The message it comes from.
    pub event: EventId,
    /// What it is.
    pub purpose: Purpose,
    /// What became of it.
    pub state: OutboxState,
    /// Each recipient, and how far it is.
    pub recipients: Vec<OutboxRecipient>,
    /// Attempts made.
    pub attempts: u32,
    /// Since when it is here.
    #[serde(serialize_with = "super::as_text")]
    pub queued_at: Timestamp,
    /// When it is tried next.
    #[serde(serialize_with = "super::as_text")]
    pub next_at: Timestamp,
    /// Bytes of the message.
    pub size: u64,
}

/// A recipient of an outbox item.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct OutboxRecipient {
    /// Who.
    pub recipient: Address,
    /// `pending`, `sent`, `failed` or `dropped`.
    pub state: String,
    /// What was said last.
    pub reply: Option<String>,
    /// What the sender wishes to be told.
    #[serde(skip)]
    pub wish: Wish,
}

/// Which items to list: all that fit every field that is set, the latest
/// first.
#[derive(Clone, Debug, Default)]
pub struct OutboxFilter {
    /// In this state.
    pub state: Option<OutboxState>,
    /// Of this message.
    pub event: Option<EventId>,
    /// Queued before this one.
    pub before: Option<QueuedId>,
    /// How many at most; 0 means 1000, which is also the most.
    pub limit: u32,
}

/// The recipients of `wanted` for whom nothing of this event and purpose was
/// queued, and the first item that was.
pub(super) async fn missing(
    connection: &mut Connection,
    new: &NewQueued,
    wanted: &[Address],
) -> Result<(Vec<Address>, Option<(QueuedId, OutboxState)>), StoreError> {
    let select = "SELECT r.recipient, o.id, o.state FROM outbox_recipient r \
                  JOIN outbox o ON o.id = r.item \
                  WHERE r.event = $1 AND r.purpose = $2 ORDER BY o.queued_at, o.id";
    let rows: Vec<(String, String, String)> = sqlx::query_as(select)
        .bind(new.event.to_string())
        .bind(new.purpose.as_str())
        .fetch_all(connection)
        .await?;
    let names: HashSet<&str> = wanted.iter().map(Address::as_str).collect();
    let rows: Vec<_> = rows.into_iter().filter(|row| names.contains(&*row.0)).collect();
    let first = match rows.first() {
        None => None,
        Some((_, id, state)) => {
            let unreadable = |what| StoreError::Unreadable { what, id: id.clone() };
            let state = state.parse().map_err(|_| unreadable("state"))?;
            Some((id.parse().map_err(|_| unreadable("id"))?, state))
        }
    };
    let covered: HashSet<&str> = rows.iter().map(|row| &*row.0).collect();
    let missing = wanted.iter().filter(|recipient| !covered.contains(recipient.as_str())).cloned();
    Ok((missing.collect(), first))
}

/// Writes the row of an item for those recipients who have it not coming yet,
/// inside the caller's transaction. Tells for how many.
pub(super) async fn place(
    connection: &mut Connection,
    item: &ReadyItem<QueuedId, NewQueued>,
    now: Timestamp,
) -> Result<(Placed<QueuedId, OutboxState>, usize), StoreError> {
    let ReadyItem { id, new, recipients, sealed_key, size } = item;
    let (missing, first) = missing(connection, new, recipients).await?;
    if let ([], Some((id, state))) = (&*missing, first) {
        return Ok((Placed::Already(id, state), 0));
    }
    if is_limited(connection, new, now).await? {
        return Ok((Placed::Limited, 0));
    }
    let sealed_key = sealed_key.as_ref().ok_or(StoreError::Conflict)?;
    let (id, event) = (id.to_string(), new.event.to_string());
    let insert = "INSERT INTO outbox (id, event, purpose, state, limit_key, attempts, queued_at, \
                  next_at, leased_until, expires_at, size, sealed_key) \
                  VALUES ($1, $2, $3, $4, $5, 0, $6, $7, 0, $8, $9, $10)";
    sqlx::query(insert)
        .bind(&id)
        .bind(&event)
        .bind(new.purpose.as_str())
        .bind(OutboxState::Queued.as_str())
        .bind(new.limit_key.as_deref())
        .bind(millis(now))
        .bind(millis(now))
        .bind(millis(now).saturating_add(GIVE_UP_AFTER.as_millis() as i64))
        .bind(i64::try_from(*size).unwrap_or(i64::MAX))
        .bind(sealed_key)
        .execute(&mut *connection)
        .await?;
    for chunk in missing.chunks(500) {
        let insert = "INSERT INTO outbox_recipient (event, purpose, recipient, item, state, wish) ";
        let wished = chunk.iter().map(|to| Ok((to, wishes::column(&new.wishes, to)?)));
        QueryBuilder::<Backend>::new(insert)
            .push_values(wished.collect::<Result<Vec<_>, StoreError>>()?, |mut row, (to, wish)| {
                row.push_bind(event.as_str()).push_bind(new.purpose.as_str());
                row.push_bind(to.as_str()).push_bind(id.as_str()).push_bind(PENDING);
                row.push_bind(wish);
            })
            .build()
            .execute(&mut *connection)
            .await?;
    }
    if new.purpose == Purpose::Release {
        wishes::inherit(connection, &id).await?;
    }
    Ok((Placed::New(item.id), missing.len()))
}

/// Whether another item with the same limit key was queued within the hour.
pub(super) async fn is_limited(
    connection: &mut Connection,
    new: &NewQueued,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(limit_key) = &new.limit_key else { return Ok(false) };
    let hour = LIMIT_WINDOW.as_millis() as i64;
    // A clock that was set back must not silence notices for long.
    let select = "SELECT COUNT(*) FROM outbox \
                  WHERE limit_key = $1 AND queued_at > $2 AND queued_at < $3";
    let found: i64 = sqlx::query_scalar(select)
        .bind(limit_key)
        .bind(millis(now).saturating_sub(hour))
        .bind(millis(now).saturating_add(hour))
        .fetch_one(connection)
        .await?;
    Ok(found > 0)
}

/// Forgets items that were settled so many days ago, at least 30, inside the
/// caller's transaction. Who got what of a message under a legal hold stays.
/// Tells how many rows went.
pub(super) async fn forget(
    connection: &mut Connection,
    now: Timestamp,
    days: u32,
) -> Result<u64, StoreError> {
    let age = SignedDuration::from_hours(24 * i64::from(days)).max(REMEMBER);
    let before = millis(now).saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
    let mut gone = 0;
    for delete in [
        "DELETE FROM outbox_recipient WHERE item IN \
         (SELECT id FROM outbox WHERE state <> 'queued' AND settled_at <= $1 \
          AND event NOT IN (SELECT event FROM legal_hold))",
        "DELETE FROM outbox WHERE state <> 'queued' AND settled_at <= $1 \
         AND event NOT IN (SELECT event FROM legal_hold)",
    ] {
        let deleted = sqlx::query(delete).bind(before).execute(&mut *connection).await?;
        gone += deleted.rows_affected();
    }
    Ok(gone)
}

/// Lists items, without content.
pub(super) async fn list(
    readers: &SqlitePool,
    filter: &OutboxFilter,
) -> Result<Vec<OutboxItem>, StoreError> {
    let mut select = QueryBuilder::<Backend>::new(
        "SELECT id, event, purpose, state, attempts, queued_at, next_at, size \
         FROM outbox WHERE 1 = 1",
    );
    if let Some(state) = filter.state {
        select.push(" AND state = ").push_bind(state.as_str());
    }
    if let Some(event) = filter.event {
        select.push(" AND event = ").push_bind(event.to_string());
    }
    if let Some(before) = filter.before {
        select.push(" AND (queued_at, id) < (SELECT queued_at, id FROM outbox WHERE id = ");
        select.push_bind(before.to_string()).push(")");
    }
    select.push(" ORDER BY queued_at DESC, id DESC LIMIT ").push_bind(super::limit(filter.limit));
    let mut items = Vec::new();
    for row in select.build().fetch_all(readers).await? {
        items.push(item(readers, &row).await?);
    }
    Ok(items)
}

async fn item(readers: &SqlitePool, row: &Row) -> Result<OutboxItem, StoreError> {
    let id: String = row.try_get("id")?;
    let unreadable = |what| StoreError::Unreadable { what, id: id.clone() };
    let select = "SELECT recipient, state, reply, wish FROM outbox_recipient \
                  WHERE item = $1 ORDER BY recipient";
    let rows: Vec<(String, String, Option<String>, Option<String>)> =
        sqlx::query_as(select).bind(&id).fetch_all(readers).await?;
    let recipients = rows.into_iter().map(|(recipient, state, reply, wish)| {
        let recipient = recipient.parse().map_err(|_| unreadable("recipient"))?;
        Ok(OutboxRecipient { recipient, state, reply, wish: wishes::wish(wish.as_deref()) })
    });
    let recipients = recipients.collect::<Result<_, StoreError>>()?;
    let text = |column: &'static str| row.try_get::<String, _>(column);
    Ok(OutboxItem {
        id: id.parse().map_err(|_| unreadable("id"))?,
        event: text("event")?.parse().map_err(|_| unreadable("event"))?,
        purpose: text("purpose")?.parse().map_err(|()| unreadable("purpose"))?,
        state: text("state")?.parse().map_err(|_| unreadable("state"))?,
        recipients,
        attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
        queued_at: time(row.try_get("queued_at")?),
        next_at: time(row.try_get("next_at")?),
        size: u64::try_from(row.try_get::<i64, _>("size")?).unwrap_or(0),
    })
}

/// The state of a recipient who still waits.
pub(super) const PENDING: &str = "pending";

const LIMIT_WINDOW: SignedDuration = SignedDuration::from_hours(1);
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(5 * 24);
const REMEMBER: SignedDuration = SignedDuration::from_hours(30 * 24);
