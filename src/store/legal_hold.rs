//! Legal holds: messages that must be kept, whatever their time, because a
//! court, an authority or a dispute needs them.
//!
//! A hold is about a message, and so about everything that is held of it.
//! Whatever destroys content asks here, inside the transaction that destroys:
//! a hold that was placed a moment before counts.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::{
    HeldId, Settled, Store, StoreError,
    audit::{self, Entry},
    database::{Connection, Durability, millis, time},
    held,
};
use crate::{
    base::id::EventId,
    model::{Act, Event, Reviewer},
};

/// A message that must be kept.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct LegalHold {
    /// The message.
    pub event: EventId,
    /// Since when.
    #[serde(serialize_with = "super::as_text")]
    pub placed_at: Timestamp,
    /// Who said so.
    pub placed_by: String,
    /// Why.
    pub reason: String,
}

/// Whether a legal hold is placed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kept {
    /// It must be kept.
    ByLaw,
    /// Its time counts.
    ForItsTime,
}

impl Store {
    /// Places a legal hold on the message of a held item, or lifts it. The
    /// audit log says who and why.
    ///
    /// # Errors
    ///
    /// There is no such item, or the database fails; then nothing was changed.
    pub async fn keep(
        &self,
        id: HeldId,
        kept: Kept,
        by: &Reviewer,
    ) -> Result<Settled<Kept>, StoreError> {
        let now = self.0.clock.now();
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        let event = held::event(connection, id).await?;
        let changed = match kept {
            Kept::ByLaw => {
                let insert = "INSERT INTO legal_hold (event, placed_at, placed_by, reason) \
                              VALUES ($1, $2, $3, $4) ON CONFLICT (event) DO NOTHING";
                sqlx::query(insert)
                    .bind(event.to_string())
                    .bind(millis(now))
                    .bind(by.name())
                    .bind(by.purpose())
                    .execute(&mut *connection)
                    .await?
            }
            Kept::ForItsTime => {
                sqlx::query("DELETE FROM legal_hold WHERE event = $1")
                    .bind(event.to_string())
                    .execute(&mut *connection)
                    .await?
            }
        };
        if changed.rows_affected() == 0 {
            return Ok(Settled::Already(kept));
        }
        let act = match kept {
            Kept::ByLaw => Act::HoldPlaced,
            Kept::ForItsTime => Act::HoldLifted,
        };
        let facts = json!({ "held": id, "purpose": by.purpose() });
        let told = Event { event: Some(event), actor: by.name().to_owned(), act, facts };
        audit::append(connection, &self.0.keys, millis(now), &[&Entry::from(&told)]).await?;
        writing.commit().await?;
        Ok(Settled::Now)
    }

    /// All legal holds, the latest first.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn legal_holds(&self) -> Result<Vec<LegalHold>, StoreError> {
        let select = "SELECT event, placed_at, placed_by, reason FROM legal_hold \
                      ORDER BY placed_at DESC, event";
        let rows: Vec<(String, i64, String, String)> =
            sqlx::query_as(select).fetch_all(&self.0.database.readers).await?;
        let hold = |(event, placed_at, placed_by, reason): (String, i64, String, String)| {
            let unreadable = |_| StoreError::Unreadable { what: "event", id: event.clone() };
            let event = event.parse().map_err(unreadable)?;
            Ok(LegalHold { event, placed_at: time(placed_at), placed_by, reason })
        };
        rows.into_iter().map(hold).collect()
    }
}

/// Refuses what would destroy an item that must be kept, inside the caller's
/// transaction.
pub(super) async fn refuse(connection: &mut Connection, id: HeldId) -> Result<(), StoreError> {
    let select = "SELECT COUNT(*) FROM held h JOIN legal_hold l ON l.event = h.event \
                  WHERE h.id = $1";
    let holds: i64 = sqlx::query_scalar(select).bind(id.to_string()).fetch_one(connection).await?;
    if holds == 0 { Ok(()) } else { Err(StoreError::KeptByLaw(id.to_string())) }
}
