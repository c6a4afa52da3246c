//! Held messages: what waits for a person, without its content.
//!
//! A row outlives its content: it says what was held and what became of it.
//! Only an item in state `held` can be settled, once.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use sqlx::{QueryBuilder, Row as _, SqlitePool};

use super::{
    change::{HeldState, NewHold, Placed, ReadyItem},
    database::{Backend, Connection, Row, millis, time},
    error::StoreError,
    ids::HeldId,
    legal_hold, persons, queue, wishes,
};
use crate::{
    base::id::EventId,
    model::{Address, Direction, Level},
};

/// A held message, as it is listed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Held {
    /// Its own name.
    pub id: HeldId,
    /// The message it is.
    pub event: EventId,
    /// What became of it.
    pub state: HeldState,
    /// Its Message-ID field.
    pub message_id: Option<String>,
    /// The sender; none for the null sender.
    pub sender: Option<Address>,
    /// Whom it is held for.
    pub recipients: Vec<Address>,
    /// Which way it goes.
    pub direction: Direction,
    /// Why it is held.
    pub reasons: Vec<String>,
    /// The routes that decided.
    pub routes: Vec<String>,
    /// The rules that found something.
    pub rules: Vec<String>,
    /// The highest level found.
    pub level: Option<Level>,
    /// How many persons are named.
    pub persons: u64,
    /// Who is to look at it.
    pub assigned_to: Option<String>,
    /// Since when.
    #[serde(serialize_with = "super::as_text")]
    pub held_at: Timestamp,
    /// When its content is destroyed.
    #[serde(serialize_with = "super::as_text")]
    pub expires_at: Timestamp,
    /// Bytes of the message.
    pub size: u64,
}

/// Which held messages to list: all that fit every field that is set, the
/// latest first.
#[derive(Clone, Debug, Default)]
pub struct HeldFilter {
    /// In this state.
    pub state: Option<HeldState>,
    /// From this sender, in any case of letters.
    pub sender: Option<Address>,
    /// For this recipient, in any case of letters.
    pub recipient: Option<Address>,
    /// Going this way.
    pub direction: Option<Direction>,
    /// Held before this one, which is how the next page is asked for.
    pub before: Option<HeldId>,
    /// How many at most; 0 means 1000, which is also the most.
    pub limit: u32,
}

/// Lists held messages.
pub(super) async fn list(
    readers: &SqlitePool,
    filter: &HeldFilter,
) -> Result<Vec<Held>, StoreError> {
    let mut select = QueryBuilder::<Backend>::new(SELECT);
    select.push(" WHERE 1 = 1");
    if let Some(state) = filter.state {
        select.push(" AND state = ").push_bind(state.as_str());
    }
    if let Some(sender) = &filter.sender {
        select.push(" AND sender_key = ").push_bind(sender.key());
    }
    if let Some(recipient) = &filter.recipient {
        select.push(" AND id IN (SELECT held FROM held_recipient WHERE recipient_key = ");
        select.push_bind(recipient.key()).push(")");
    }
    if let Some(direction) = filter.direction {
        select.push(" AND direction = ").push_bind(direction.as_str());
    }
    if let Some(before) = filter.before {
        select.push(" AND (held_at, id) < (SELECT held_at, id FROM held WHERE id = ");
        select.push_bind(before.to_string()).push(")");
    }
    select.push(" ORDER BY held_at DESC, id DESC LIMIT ").push_bind(super::limit(filter.limit));
    select.build().fetch_all(readers).await?.iter().map(held).collect()
}

/// Finds one held message.
pub(super) async fn find(readers: &SqlitePool, id: HeldId) -> Result<Option<Held>, StoreError> {
    let mut select = QueryBuilder::<Backend>::new(SELECT);
    select.push(" WHERE id = ").push_bind(id.to_string());
    select.build().fetch_optional(readers).await?.as_ref().map(held).transpose()
}

/// The items that hold `event` for any of `recipients`, and whether they hold
/// it for all of them.
pub(super) async fn holders(
    connection: &mut Connection,
    event: EventId,
    recipients: &[Address],
) -> Result<Holders, StoreError> {
    let select = "SELECT r.recipient, h.id, h.state FROM held_recipient r \
                  JOIN held h ON h.id = r.held WHERE r.event = $1 ORDER BY h.held_at, h.id";
    let rows: Vec<(String, String, String)> =
        sqlx::query_as(select).bind(event.to_string()).fetch_all(connection).await?;
    let wanted: HashSet<&str> = recipients.iter().map(Address::as_str).collect();
    let mut found = Vec::new();
    let mut covered = HashSet::new();
    for (recipient, id, state) in rows.into_iter().filter(|row| wanted.contains(&*row.0)) {
        covered.insert(recipient);
        let unreadable = |what| StoreError::Unreadable { what, id: id.clone() };
        let id: HeldId = id.parse().map_err(|_| unreadable("id"))?;
        let state: HeldState = state.parse().map_err(|_| unreadable("state"))?;
        if !found.contains(&(id, state)) {
            found.push((id, state));
        }
    }
    let missing =
        recipients.iter().filter(|recipient| !covered.contains(recipient.as_str())).cloned();
    Ok(Holders { found, missing: missing.collect() })
}

/// Who holds a message already, and for whom nobody does.
pub(super) struct Holders {
    pub(super) found: Vec<(HeldId, HeldState)>,
    pub(super) missing: Vec<Address>,
}

/// Writes the row of a held message for those recipients it is not yet held
/// for, inside the caller's transaction. Tells for how many.
pub(super) async fn place(
    connection: &mut Connection,
    item: &ReadyItem<HeldId, NewHold>,
    now: Timestamp,
) -> Result<(Placed<HeldId, HeldState>, usize), StoreError> {
    let ReadyItem { id, new, recipients, sealed_key, size } = item;
    let holders = holders(connection, new.event, recipients).await?;
    if let ([], Some((id, state))) = (&*holders.missing, holders.found.first()) {
        return Ok((Placed::Already(*id, *state), 0));
    }
    // The row that made sealing seem needless is gone.
    let sealed_key = sealed_key.as_ref().ok_or(StoreError::Conflict)?;
    let (id, event) = (id.to_string(), new.event.to_string());
    let kept = SignedDuration::from_hours(24 * i64::from(new.keep_days));
    let expires = now.saturating_add(kept).unwrap_or(Timestamp::MAX);
    let sender = new.envelope.sender.as_ref();
    let insert = "INSERT INTO held (id, event, state, message_id, sender, sender_key, recipients, \
                  direction, reasons, held_at, expires_at, size, sealed_key, released_days, \
                  indexed, routes, rules, level, persons, search) VALUES ($1, $2, $3, $4, $5, \
                  $6, $7, $8, $9, $10, $11, $12, $13, $14, 1, $15, $16, $17, $18, $19)";
    sqlx::query(insert)
        .bind(&id)
        .bind(&event)
        .bind(HeldState::Held.as_str())
        .bind(new.message_id.as_deref())
        .bind(sender.map(Address::as_str))
        .bind(sender.map(Address::key))
        .bind(json(&holders.missing, &id)?)
        .bind(new.direction.as_str())
        .bind(json(&new.reasons, &id)?)
        .bind(millis(now))
        .bind(millis(expires))
        .bind(i64::try_from(*size).unwrap_or(i64::MAX))
        .bind(sealed_key)
        .bind(i64::from(new.released_days))
        .bind(json(&new.routes, &id)?)
        .bind(json(&new.rules, &id)?)
        .bind(queue::number(new.level))
        .bind(persons::count(&new.persons))
        .bind(queue::searched(new, &holders.missing))
        .execute(&mut *connection)
        .await?;
    persons::place(connection, &id, &new.persons).await?;
    for chunk in holders.missing.chunks(500) {
        let insert = "INSERT INTO held_recipient (event, recipient, recipient_key, held, wish) ";
        let wished = chunk.iter().map(|to| Ok((to, wishes::column(&new.wishes, to)?)));
        QueryBuilder::<Backend>::new(insert)
            .push_values(wished.collect::<Result<Vec<_>, StoreError>>()?, |mut row, (to, wish)| {
                row.push_bind(event.as_str()).push_bind(to.as_str());
                row.push_bind(to.key()).push_bind(id.as_str()).push_bind(wish);
            })
            .build()
            .execute(&mut *connection)
            .await?;
    }
    Ok((Placed::New(item.id), holders.missing.len()))
}

/// For how many recipients an item is held, or was.
pub(super) async fn recipients(
    connection: &mut Connection,
    id: HeldId,
) -> Result<usize, StoreError> {
    let select = "SELECT COUNT(*) FROM held h JOIN held_recipient r \
                  ON r.event = h.event AND r.held = h.id WHERE h.id = $1";
    let number: i64 = sqlx::query_scalar(select).bind(id.to_string()).fetch_one(connection).await?;
    Ok(usize::try_from(number).unwrap_or(0))
}

/// Settles an item, inside the caller's transaction. Returns how it was
/// settled before, if it was. Deleting and rejecting destroy the key, which a
/// legal hold forbids; a released message is kept for the days after a release,
/// and never longer than it would have been held, since the way out may still
/// fail.
pub(super) async fn settle(
    connection: &mut Connection,
    id: HeldId,
    to: HeldState,
    now: Timestamp,
) -> Result<Option<HeldState>, StoreError> {
    let update = match to {
        HeldState::Held => return Err(StoreError::NotASettlement),
        HeldState::Released => {
            "UPDATE held SET state = $1, settled_at = $2, \
             expires_at = CASE WHEN expires_at > $2 + released_days * 86400000 \
             THEN $2 + released_days * 86400000 ELSE expires_at END \
             WHERE id = $3 AND state = $4"
        }
        HeldState::Deleted | HeldState::Rejected => {
            legal_hold::refuse(connection, id).await?;
            "UPDATE held SET state = $1, settled_at = $2, sealed_key = NULL \
             WHERE id = $3 AND state = $4"
        }
    };
    let done = sqlx::query(update)
        .bind(to.as_str())
        .bind(millis(now))
        .bind(id.to_string())
        .bind(HeldState::Held.as_str())
        .execute(&mut *connection)
        .await?;
    if done.rows_affected() == 1 {
        return Ok(None);
    }
    let state: Option<String> = sqlx::query_scalar("SELECT state FROM held WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?;
    let state = state.ok_or_else(|| StoreError::UnknownItem(id.to_string()))?;
    let unreadable = |_| StoreError::Unreadable { what: "state", id: id.to_string() };
    state.parse().map(Some).map_err(unreadable)
}

/// The message an item holds.
pub(super) async fn event(connection: &mut Connection, id: HeldId) -> Result<EventId, StoreError> {
    let event: Option<String> = sqlx::query_scalar("SELECT event FROM held WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?;
    let event = event.ok_or_else(|| StoreError::UnknownItem(id.to_string()))?;
    event.parse().map_err(|_| StoreError::Unreadable { what: "event", id: id.to_string() })
}

/// The message an item holds, and the key to its content.
pub(super) async fn key(
    connection: &mut Connection,
    id: HeldId,
) -> Result<(EventId, String), StoreError> {
    let row: Option<(String, Option<String>)> =
        sqlx::query_as("SELECT event, sealed_key FROM held WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(connection)
            .await?;
    let (event, key) = row.ok_or_else(|| StoreError::UnknownItem(id.to_string()))?;
    let key = key.ok_or_else(|| StoreError::ContentGone(id.to_string()))?;
    let unreadable = |_| StoreError::Unreadable { what: "event", id: id.to_string() };
    Ok((event.parse().map_err(unreadable)?, key))
}

/// Destroys the keys of all items whose time is over and that no legal hold
/// keeps, inside the caller's transaction. At most 1000 at once. Tells for how
/// many recipients each was still held.
pub(super) async fn expire(
    connection: &mut Connection,
    now: Timestamp,
) -> Result<Vec<Expired>, StoreError> {
    let select = "SELECT id, event, state FROM held \
                  WHERE sealed_key IS NOT NULL AND expires_at <= $1 \
                  AND event NOT IN (SELECT event FROM legal_hold) \
                  ORDER BY expires_at LIMIT 1000";
    let rows: Vec<(String, String, String)> =
        sqlx::query_as(select).bind(millis(now)).fetch_all(&mut *connection).await?;
    let mut expired = Vec::with_capacity(rows.len());
    for (id, event, state) in rows {
        let unreadable = |what| StoreError::Unreadable { what, id: id.clone() };
        let update = "UPDATE held SET sealed_key = NULL, settled_at = $1, \
                      state = CASE WHEN state = 'held' THEN 'deleted' ELSE state END WHERE id = $2";
        sqlx::query(update).bind(millis(now)).bind(&id).execute(&mut *connection).await?;
        let event = event.parse().map_err(|_| unreadable("event"))?;
        let id = id.parse().map_err(|_| unreadable("id"))?;
        let was_held = state == HeldState::Held.as_str();
        let held_for = if was_held { recipients(connection, id).await? } else { 0 };
        expired.push(Expired { id, event, held_for });
    }
    Ok(expired)
}

/// An item whose time is over.
pub(super) struct Expired {
    pub(super) id: HeldId,
    pub(super) event: EventId,
    /// How many recipients still waited for it.
    pub(super) held_for: usize,
}

pub(super) fn held(row: &Row) -> Result<Held, StoreError> {
    let id: String = row.try_get("id")?;
    let unreadable = |what| StoreError::Unreadable { what, id: id.clone() };
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let sender: Option<String> = row.try_get("sender")?;
    let direction = serde_json::Value::String(text("direction")?);
    Ok(Held {
        id: id.parse().map_err(|_| unreadable("id"))?,
        event: text("event")?.parse().map_err(|_| unreadable("event"))?,
        state: text("state")?.parse().map_err(|_| unreadable("state"))?,
        message_id: row.try_get("message_id")?,
        sender: sender.map(|text| text.parse()).transpose().map_err(|_| unreadable("sender"))?,
        recipients: serde_json::from_str(&text("recipients")?)
            .map_err(|_| unreadable("recipients"))?,
        direction: serde_json::from_value(direction).map_err(|_| unreadable("direction"))?,
        reasons: serde_json::from_str(&text("reasons")?).map_err(|_| unreadable("reasons"))?,
        routes: serde_json::from_str(&text("routes")?).map_err(|_| unreadable("routes"))?,
        rules: serde_json::from_str(&text("rules")?).map_err(|_| unreadable("rules"))?,
        level: queue::level(row.try_get("level")?),
        persons: u64::try_from(row.try_get::<i64, _>("persons")?).unwrap_or(0),
        assigned_to: row.try_get("assigned_to")?,
        held_at: time(row.try_get("held_at")?),
        expires_at: time(row.try_get("expires_at")?),
        size: u64::try_from(row.try_get::<i64, _>("size")?).unwrap_or(0),
    })
}

fn json<T: Serialize>(value: &T, id: &str) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|_| StoreError::Unreadable { what: "text", id: id.to_owned() })
}

/// Every column of the list.
pub(super) const SELECT: &str = "SELECT id, event, state, message_id, sender, recipients, direction, reasons, routes, rules, \
     level, persons, assigned_to, held_at, expires_at, size FROM held";
