//! What reviewers note about a held message: comments, whose it is, and what
//! else was held of its sender.
//!
//! A comment is sealed like the content it is about and goes with it. The audit
//! log says that somebody wrote one, not what.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::{
    Place, Store, StoreError,
    audit::{self, Entry},
    change::HeldState,
    database::{Connection, Durability, millis, time},
    held,
    ids::HeldId,
    seal::{self, Sealed},
};
use crate::model::{Act, Address, Event, Reviewer};

/// What somebody wrote about a held message.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Comment {
    /// When.
    #[serde(serialize_with = "super::as_text")]
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What.
    pub text: String,
}

/// What was held of a sender, by what became of it.
pub type SenderHistory = BTreeMap<HeldState, u64>;

impl Store {
    /// Adds a comment: the purpose of `by`.
    ///
    /// # Errors
    ///
    /// There is no such item, or the database fails.
    pub async fn comment(&self, id: HeldId, by: &Reviewer) -> Result<(), StoreError> {
        let now = self.0.clock.now();
        let name = HeldId::draw()?.to_string();
        let sealed = seal::seal(&self.0.keys.wrap, Place::Held, &name, by.purpose().as_bytes())?;
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        let insert = "INSERT INTO held_comment (id, held, at, actor, sealed, sealed_key) \
                      VALUES ($1, $2, $3, $4, $5, $6)";
        sqlx::query(insert)
            .bind(&name)
            .bind(id.to_string())
            .bind(millis(now))
            .bind(by.name())
            .bind(data_encoding::BASE64.encode(&sealed.blob))
            .bind(sealed.key)
            .execute(&mut *connection)
            .await?;
        self.tell(connection, id, (Act::Commented, json!({ "held": id })), by).await?;
        writing.commit().await
    }

    /// What was written about a held message, the oldest first.
    ///
    /// # Errors
    ///
    /// The database fails, or a comment was altered.
    pub async fn comments(&self, id: HeldId) -> Result<Vec<Comment>, StoreError> {
        let select = "SELECT id, at, actor, sealed, sealed_key FROM held_comment \
                      WHERE held = $1 ORDER BY at, id";
        let rows: Vec<(String, i64, String, String, String)> =
            sqlx::query_as(select).bind(id.to_string()).fetch_all(&self.0.database.readers).await?;
        let open = |(name, at, actor, blob, key): (String, i64, String, String, String)| {
            let tampered = || StoreError::Tampered(name.clone());
            let blob = data_encoding::BASE64.decode(blob.as_bytes()).map_err(|_| tampered())?;
            let sealed = Sealed { blob, key };
            let text = seal::open(&self.0.keys.wrap, Place::Held, &name, &sealed)?;
            let text = String::from_utf8(text).map_err(|_| tampered())?;
            Ok(Comment { at: time(at), actor, text })
        };
        rows.into_iter().map(open).collect()
    }

    /// Gives a held message to somebody to look at, or to nobody.
    ///
    /// # Errors
    ///
    /// There is no such item, or the database fails.
    pub async fn assign(
        &self,
        id: HeldId,
        to: Option<&str>,
        by: &Reviewer,
    ) -> Result<(), StoreError> {
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        sqlx::query("UPDATE held SET assigned_to = $1 WHERE id = $2")
            .bind(to)
            .bind(id.to_string())
            .execute(&mut *connection)
            .await?;
        let facts = json!({ "held": id, "to": to, "purpose": by.purpose() });
        self.tell(connection, id, (Act::Assigned, facts), by).await?;
        writing.commit().await
    }

    /// What was held of `sender` since then.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn sender_history(
        &self,
        sender: &Address,
        since: Timestamp,
    ) -> Result<SenderHistory, StoreError> {
        let select = "SELECT state, COUNT(*) FROM held \
                      WHERE sender_key = $1 AND held_at >= $2 GROUP BY state";
        let rows: Vec<(String, i64)> = sqlx::query_as(select)
            .bind(sender.key())
            .bind(millis(since))
            .fetch_all(&self.0.database.readers)
            .await?;
        let parse = |(state, items): (String, i64)| {
            let unreadable = |_| StoreError::Unreadable { what: "state", id: state.clone() };
            Ok((state.parse().map_err(unreadable)?, u64::try_from(items).unwrap_or(0)))
        };
        rows.into_iter().map(parse).collect()
    }

    async fn tell(
        &self,
        connection: &mut Connection,
        id: HeldId,
        (act, facts): (Act, serde_json::Value),
        by: &Reviewer,
    ) -> Result<(), StoreError> {
        let event = held::event(connection, id).await?;
        let told = Event { event: Some(event), actor: by.name().to_owned(), act, facts };
        let now = millis(self.0.clock.now());
        audit::append(connection, &self.0.keys, now, &[&Entry::from(&told)]).await
    }
}
