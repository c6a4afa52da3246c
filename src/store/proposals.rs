//! What one person asked for and a second one must agree to.
//!
//! A held message has at most one open request. It is asked for in one change
//! with its audit row, and agreed to in the change that carries it out, so that
//! agreeing without doing, or doing without agreeing, cannot be. A request
//! whose message was settled otherwise is over. Who may agree is for the gate
//! to say.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use sqlx::QueryBuilder;

use super::{
    Settled, Store, StoreError,
    audit::{self, Entry},
    change::{Change, HeldState, Ready},
    database::{Backend, Connection, Durability, millis, time},
    held,
    ids::{HeldId, ProposalId},
};
use crate::model::{Act, Event, Reviewer};

/// What is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proposed {
    /// Its sender wants it to leave as it is.
    Override,
    /// It is to leave as it is.
    Release,
    /// It is to leave encrypted.
    ReleaseEncrypted,
}

impl Proposed {
    /// The word in the database and in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Override => "override",
            Self::Release => "release",
            Self::ReleaseEncrypted => "release-encrypted",
        }
    }
}

impl FromStr for Proposed {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Override, Self::Release, Self::ReleaseEncrypted]
            .into_iter()
            .find(|proposed| proposed.as_str() == text)
            .ok_or(())
    }
}

impl fmt::Display for Proposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An open request.
#[derive(Clone, Debug, Serialize)]
pub struct Proposal {
    /// Its name.
    pub id: ProposalId,
    /// The held message.
    pub held: HeldId,
    /// What is asked for.
    pub what: Proposed,
    /// Since when.
    #[serde(serialize_with = "super::as_text")]
    pub asked_at: Timestamp,
    /// By whom.
    pub asked_by: String,
    /// Why.
    pub purpose: String,
}

/// What a change does to the requests.
#[derive(Clone, Debug)]
pub enum ProposalChange {
    /// Somebody agrees.
    Approve(ProposalId, Reviewer),
    /// Somebody asks.
    Ask(HeldId, Proposed, Reviewer),
}

impl Store {
    /// The open requests, the oldest first.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn proposals(&self) -> Result<Vec<Proposal>, StoreError> {
        let mut select = QueryBuilder::<Backend>::new(OPEN);
        select.push(" ORDER BY p.asked_at, p.id LIMIT 1000");
        let rows: Vec<Stored> = select.build_query_as().fetch_all(&self.0.database.readers).await?;
        rows.into_iter().map(proposal).collect()
    }

    /// One open request.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn proposal(&self, id: ProposalId) -> Result<Option<Proposal>, StoreError> {
        let mut select = QueryBuilder::<Backend>::new(OPEN);
        select.push(" AND p.id = ").push_bind(id.to_string());
        let row: Option<Stored> =
            select.build_query_as().fetch_optional(&self.0.database.readers).await?;
        row.map(proposal).transpose()
    }

    /// Turns a request down, or takes it back. The audit log says who and why.
    ///
    /// # Errors
    ///
    /// The database fails; then it is still open.
    pub async fn decline(
        &self,
        proposal: &Proposal,
        by: &Reviewer,
    ) -> Result<Settled<()>, StoreError> {
        let now = self.0.clock.now();
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        let done = settle(connection, proposal.id, ("declined", by), now).await?;
        if !done {
            return Ok(Settled::Already(()));
        }
        let event = held::event(connection, proposal.held).await?;
        let facts = json!({
            "held": proposal.held, "proposal": proposal.id, "what": proposal.what,
            "asked_by": proposal.asked_by, "purpose": by.purpose(),
        });
        let actor = by.name().to_owned();
        let told = Event { event: Some(event), actor, act: Act::Declined, facts };
        audit::append(connection, &self.0.keys, millis(now), &[&Entry::from(&told)]).await?;
        writing.commit().await?;
        Ok(Settled::Now)
    }

    /// Settles a held message as [`Store::settle_held`] does, and with it what
    /// `change` asks for.
    ///
    /// # Errors
    ///
    /// [`StoreError::LinkUsed`] when the link of the change was used before,
    /// [`StoreError::Conflict`] when its request is not open any more. After
    /// any error nothing was done.
    pub async fn settle_with(
        &self,
        id: HeldId,
        to: HeldState,
        change: Change,
    ) -> Result<Settled<HeldState>, StoreError> {
        let mut ready = Ready::new(change)?;
        ready.settle = Some((id, to));
        self.settle(ready, id, to).await
    }
}

/// Does to the requests what a change asks for, inside its transaction.
pub(super) async fn apply(
    connection: &mut Connection,
    change: &ProposalChange,
    now: Timestamp,
) -> Result<(), StoreError> {
    let done = match change {
        ProposalChange::Approve(id, by) => settle(connection, *id, ("approved", by), now).await?,
        ProposalChange::Ask(held, what, by) => {
            // One of a message that was settled since is over.
            let insert = "INSERT INTO proposal (id, held, what, state, asked_at, asked_by, purpose) \
                          SELECT $1, id, $2, 'open', $3, $4, $5 FROM held \
                          WHERE id = $6 AND state = 'held'";
            let done = sqlx::query(insert)
                .bind(ProposalId::draw()?.to_string())
                .bind(what.as_str())
                .bind(millis(now))
                .bind(by.name())
                .bind(by.purpose())
                .bind(held.to_string())
                .execute(connection)
                .await?;
            done.rows_affected() == 1
        }
    };
    if done { Ok(()) } else { Err(StoreError::Conflict) }
}

async fn settle(
    connection: &mut Connection,
    id: ProposalId,
    (state, by): (&'static str, &Reviewer),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let update = "UPDATE proposal SET state = $1, settled_at = $2, settled_by = $3 \
                  WHERE id = $4 AND state = 'open'";
    let done = sqlx::query(update)
        .bind(state)
        .bind(millis(now))
        .bind(by.name())
        .bind(id.to_string())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

type Stored = (String, String, String, i64, String, String);

fn proposal((id, held, what, asked_at, asked_by, purpose): Stored) -> Result<Proposal, StoreError> {
    let unreadable = |what| StoreError::Unreadable { what, id: id.clone() };
    Ok(Proposal {
        id: id.parse().map_err(|_| unreadable("id"))?,
        held: held.parse().map_err(|_| unreadable("held"))?,
        what: what.parse().map_err(|()| unreadable("what"))?,
        asked_at: time(asked_at),
        asked_by,
        purpose,
    })
}

const OPEN: &str = "SELECT p.id, p.held, p.what, p.asked_at, p.asked_by, p.purpose \
                    FROM proposal p JOIN held h ON h.id = p.held \
                    WHERE p.state = 'open' AND h.state = 'held'";
