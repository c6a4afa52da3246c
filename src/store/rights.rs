//! What is kept about one person: finding it, erasing it, and adding what the
//! person says is wrong.
//!
//! Everything is found and erased by the message: what is held of it, what the
//! outbox sent or is to send of it, and who was refused. Erasing destroys keys
//! and content, and overwrites every address and text in the rows, which stay
//! so that the ledger adds up. The audit log names no address and no value, and
//! its chain cannot be altered; it is not touched.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    HeldId, Place, Store, StoreError,
    audit::{self, Entry},
    database::{Connection, Durability, millis, time},
    held,
    ledger::{self, Entries},
    persons,
    seal::{self, Sealed},
};
use crate::{
    base::id::EventId,
    model::{Act, Address, Event, Person, Reviewer},
};

/// What was erased of a message.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Erased {
    /// Held items.
    pub held: usize,
    /// Items of the outbox.
    pub outbox: usize,
    /// Recipients who waited for it, and will not get it.
    pub waited: usize,
    /// Whether no trace is left in the files of the database; else readers
    /// held it up, and the next purge sees to it.
    pub swept: bool,
}

/// What somebody says is wrong in a held message.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Correction {
    /// When it was noted.
    #[serde(serialize_with = "super::as_text")]
    pub at: Timestamp,
    /// By whom.
    pub actor: String,
    /// What is wrong, and what is right.
    pub text: String,
}

impl Store {
    /// The held items whose content names `person`, by the index.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn held_naming(&self, person: Person) -> Result<Vec<HeldId>, StoreError> {
        let select = "SELECT held FROM held_person WHERE person = $1";
        let ids = sqlx::query_scalar(select).bind(persons::text(person));
        parse(ids.fetch_all(&self.0.database.readers).await?, "id")
    }

    /// The held items with content that the index does not know.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn held_without_index(&self) -> Result<Vec<HeldId>, StoreError> {
        let select = "SELECT id FROM held WHERE indexed = 0 AND sealed_key IS NOT NULL";
        parse(sqlx::query_scalar(select).fetch_all(&self.0.database.readers).await?, "id")
    }

    /// The held items that still have content.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn held_with_content(&self) -> Result<Vec<HeldId>, StoreError> {
        let select = "SELECT id FROM held WHERE sealed_key IS NOT NULL ORDER BY held_at, id";
        parse(sqlx::query_scalar(select).fetch_all(&self.0.database.readers).await?, "id")
    }

    /// The held items of a message.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn held_of_event(&self, event: EventId) -> Result<Vec<HeldId>, StoreError> {
        let select = "SELECT id FROM held WHERE event = $1 ORDER BY held_at, id";
        let ids = sqlx::query_scalar(select).bind(event.to_string());
        parse(ids.fetch_all(&self.0.database.readers).await?, "id")
    }

    /// Whether a held item still has content.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn has_content(&self, id: HeldId) -> Result<bool, StoreError> {
        let select = "SELECT COUNT(*) FROM held WHERE id = $1 AND sealed_key IS NOT NULL";
        let rows: i64 = sqlx::query_scalar(select)
            .bind(id.to_string())
            .fetch_one(&self.0.database.readers)
            .await?;
        Ok(rows > 0)
    }

    /// The messages that this address sent, or that were to go to it.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn events_of_address(&self, address: &Address) -> Result<Vec<EventId>, StoreError> {
        let select = "SELECT event FROM held WHERE sender_key = $1 \
                      UNION SELECT event FROM held_recipient WHERE recipient_key = $1 \
                      UNION SELECT event FROM outbox_recipient WHERE LOWER(recipient) = $1 \
                      UNION SELECT event FROM refused_recipient WHERE LOWER(recipient) = $1";
        let events = sqlx::query_scalar(select).bind(address.key());
        parse(events.fetch_all(&self.0.database.readers).await?, "event")
    }

    /// Erases all that is kept of a message, and writes down who did it and
    /// why. `person` says for whom, as a keyed hash.
    ///
    /// # Errors
    ///
    /// The message is under a legal hold, or the database fails; then nothing
    /// was erased.
    pub async fn erase(
        &self,
        event: EventId,
        person: &str,
        by: &Reviewer,
    ) -> Result<Erased, StoreError> {
        let now = self.0.clock.now();
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        if is_kept(connection, event).await? {
            return Err(StoreError::KeptByLaw(event.to_string()));
        }
        let (held, held_for) = erase_held(connection, event, now).await?;
        let (queued, dropped) = erase_outbox(connection, event, now).await?;
        for table in [OF_HELD, OF_OUTBOX, OF_REFUSED] {
            hide_recipients(connection, table, event).await?;
        }
        let mut moved = Entries::new();
        ledger::add(&mut moved, ledger::HELD_DELETED, held_for);
        ledger::add(&mut moved, ledger::OUTBOX_DROPPED, dropped);
        ledger::raise(connection, &moved, now).await?;
        let facts = json!({
            "held": held, "outbox": queued, "waited": held_for + dropped,
            "person": person, "purpose": by.purpose(),
        });
        self.append(connection, now, (Some(event), Act::Erased, facts), by).await?;
        writing.commit().await?;

        let contents = held.iter().map(|id| (Place::Held, id.clone()));
        self.discard(contents.chain(queued.iter().map(|id| (Place::Outbox, id.clone())))).await;
        let swept = self.0.database.empty_log().await;
        let waited = held_for + dropped;
        Ok(Erased { held: held.len(), outbox: queued.len(), waited, swept })
    }

    /// Notes what is wrong in a held message; sealed, and shown with it.
    ///
    /// # Errors
    ///
    /// There is no such item, or the database fails.
    pub async fn correct(&self, id: HeldId, text: &str, by: &Reviewer) -> Result<(), StoreError> {
        let now = self.0.clock.now();
        let name = HeldId::draw()?.to_string();
        let Sealed { blob, key } =
            seal::seal(&self.0.keys.wrap, Place::Held, &name, text.as_bytes())?;
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        let event = held::event(connection, id).await?;
        let insert = "INSERT INTO correction (id, held, at, actor, sealed, sealed_key) \
                      VALUES ($1, $2, $3, $4, $5, $6)";
        sqlx::query(insert)
            .bind(&name)
            .bind(id.to_string())
            .bind(millis(now))
            .bind(by.name())
            .bind(data_encoding::BASE64.encode(&blob))
            .bind(key)
            .execute(&mut *connection)
            .await?;
        let facts = json!({ "held": id, "purpose": by.purpose() });
        self.append(connection, now, (Some(event), Act::Corrected, facts), by).await?;
        writing.commit().await
    }

    /// What is noted as wrong in a held message, the oldest first.
    ///
    /// # Errors
    ///
    /// The database fails, or a note was altered.
    pub async fn corrections(&self, id: HeldId) -> Result<Vec<Correction>, StoreError> {
        let select = "SELECT id, at, actor, sealed, sealed_key FROM correction \
                      WHERE held = $1 ORDER BY at, id";
        let rows: Vec<(String, i64, String, String, String)> =
            sqlx::query_as(select).bind(id.to_string()).fetch_all(&self.0.database.readers).await?;
        let open = |(name, at, actor, blob, key): (String, i64, String, String, String)| {
            let tampered = || StoreError::Tampered(name.clone());
            let blob = data_encoding::BASE64.decode(blob.as_bytes()).map_err(|_| tampered())?;
            let sealed = Sealed { blob, key };
            let text = seal::open(&self.0.keys.wrap, Place::Held, &name, &sealed)?;
            let text = String::from_utf8(text).map_err(|_| tampered())?;
            Ok(Correction { at: time(at), actor, text })
        };
        rows.into_iter().map(open).collect()
    }

    async fn append(
        &self,
        connection: &mut Connection,
        now: Timestamp,
        (event, act, facts): (Option<EventId>, Act, Value),
        by: &Reviewer,
    ) -> Result<(), StoreError> {
        let told = Event { event, actor: by.name().to_owned(), act, facts };
        audit::append(connection, &self.0.keys, millis(now), &[&Entry::from(&told)]).await
    }
}

async fn is_kept(connection: &mut Connection, event: EventId) -> Result<bool, StoreError> {
    let select = "SELECT COUNT(*) FROM legal_hold WHERE event = $1";
    let rows: i64 =
        sqlx::query_scalar(select).bind(event.to_string()).fetch_one(connection).await?;
    Ok(rows > 0)
}

/// Tells which items there were, and for how many recipients they were held.
async fn erase_held(
    connection: &mut Connection,
    event: EventId,
    now: Timestamp,
) -> Result<(Vec<String>, usize), StoreError> {
    let event = event.to_string();
    let select = "SELECT COUNT(*) FROM held_recipient r JOIN held h ON h.id = r.held \
                  WHERE h.event = $1 AND h.state = 'held'";
    let waited: i64 = sqlx::query_scalar(select).bind(&event).fetch_one(&mut *connection).await?;
    let ids: Vec<String> = sqlx::query_scalar("SELECT id FROM held WHERE event = $1 ORDER BY id")
        .bind(&event)
        .fetch_all(&mut *connection)
        .await?;
    let update = "UPDATE held SET sealed_key = NULL, settled_at = $1, message_id = NULL, \
                  sender = NULL, sender_key = NULL, recipients = '[]', reasons = '[]', \
                  search = '', \
                  state = CASE WHEN state = 'held' THEN 'deleted' ELSE state END \
                  WHERE event = $2";
    sqlx::query(update).bind(millis(now)).bind(&event).execute(&mut *connection).await?;
    for delete in [
        "DELETE FROM held_person WHERE held IN (SELECT id FROM held WHERE event = $1)",
        "DELETE FROM correction WHERE held IN (SELECT id FROM held WHERE event = $1)",
        "DELETE FROM held_comment WHERE held IN (SELECT id FROM held WHERE event = $1)",
        "DELETE FROM proposal WHERE held IN (SELECT id FROM held WHERE event = $1)",
        "DELETE FROM rule_proposal WHERE held IN (SELECT id FROM held WHERE event = $1)",
    ] {
        sqlx::query(delete).bind(&event).execute(&mut *connection).await?;
    }
    Ok((ids, usize::try_from(waited).unwrap_or(0)))
}

/// Tells which items there were, and how many recipients still waited.
async fn erase_outbox(
    connection: &mut Connection,
    event: EventId,
    now: Timestamp,
) -> Result<(Vec<String>, usize), StoreError> {
    let event = event.to_string();
    let ids: Vec<String> = sqlx::query_scalar("SELECT id FROM outbox WHERE event = $1 ORDER BY id")
        .bind(&event)
        .fetch_all(&mut *connection)
        .await?;
    let drop = "UPDATE outbox_recipient SET state = 'dropped' \
                WHERE event = $1 AND state = 'pending'";
    let dropped = sqlx::query(drop).bind(&event).execute(&mut *connection).await?;
    let update = "UPDATE outbox SET sealed_key = NULL, limit_key = NULL, \
                  settled_at = CASE WHEN state = 'queued' THEN $1 ELSE settled_at END, \
                  state = CASE WHEN state = 'queued' THEN 'dropped' ELSE state END \
                  WHERE event = $2";
    sqlx::query(update).bind(millis(now)).bind(&event).execute(&mut *connection).await?;
    let update = "UPDATE outbox_recipient SET reply = NULL WHERE event = $1";
    sqlx::query(update).bind(&event).execute(&mut *connection).await?;
    Ok((ids, usize::try_from(dropped.rows_affected()).unwrap_or(0)))
}

/// Puts numbers in the place of addresses; each stays apart from the others,
/// as the tables need.
async fn hide_recipients(
    connection: &mut Connection,
    (select, update): (&'static str, &'static str),
    event: EventId,
) -> Result<(), StoreError> {
    let event = event.to_string();
    let recipients: Vec<String> =
        sqlx::query_scalar(select).bind(&event).fetch_all(&mut *connection).await?;
    for (recipient, number) in recipients.iter().zip(1_usize..) {
        sqlx::query(update)
            .bind(format!("erased-{number}"))
            .bind(&event)
            .bind(recipient)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

fn parse<T: std::str::FromStr + Ord>(
    texts: Vec<String>,
    what: &'static str,
) -> Result<Vec<T>, StoreError> {
    let parsed = texts
        .into_iter()
        .map(|id| id.parse::<T>().map_err(|_| StoreError::Unreadable { what, id: id.clone() }));
    let parsed: BTreeSet<T> = parsed.collect::<Result<_, _>>()?;
    Ok(parsed.into_iter().collect())
}

const OF_HELD: (&str, &str) = (
    "SELECT DISTINCT recipient FROM held_recipient WHERE event = $1",
    "UPDATE held_recipient SET recipient = $1, recipient_key = $1, wish = NULL \
     WHERE event = $2 AND recipient = $3",
);
const OF_OUTBOX: (&str, &str) = (
    "SELECT DISTINCT recipient FROM outbox_recipient WHERE event = $1",
    "UPDATE outbox_recipient SET recipient = $1, wish = NULL \
     WHERE event = $2 AND recipient = $3",
);
const OF_REFUSED: (&str, &str) = (
    "SELECT DISTINCT recipient FROM refused_recipient WHERE event = $1",
    "UPDATE refused_recipient SET recipient = $1 WHERE event = $2 AND recipient = $3",
);
