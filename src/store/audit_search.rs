//! Looking things up in the audit log: by message, person, act and time.
//!
//! Pages go backwards by time, so that the next page needs no count of what
//! came before it. A search proves nothing; `audit_verify` does.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use sqlx::QueryBuilder;

use super::{
    Store, StoreError,
    audit::{AuditRow, audit_row},
    database::{Backend, millis},
};
use crate::{base::id::EventId, model::Act};

/// Which rows to list: all that fit every field that is set, the latest first.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// About this message.
    pub event: Option<EventId>,
    /// By this person.
    pub actor: Option<String>,
    /// Telling of one of these acts; of any when empty.
    pub acts: Vec<Act>,
    /// Written at this time or later.
    pub from: Option<Timestamp>,
    /// Written at this time or before.
    pub to: Option<Timestamp>,
    /// Older than this row, which is how the next page is asked for.
    pub before: Option<i64>,
    /// How many at most; 0 means 1000, which is also the most.
    pub limit: u32,
}

/// Whom a message was for, as far as it is kept.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct KeptRecipient {
    /// The message.
    pub event: EventId,
    /// `held`, `outbox` or `refused`.
    pub place: &'static str,
    /// The address; `erased-1` and so on when it was erased.
    pub recipient: String,
    /// How far it came, in the words of the place.
    pub state: String,
}

impl Store {
    /// Lists audit rows, the latest first.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn audit_search(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, StoreError> {
        let mut select = QueryBuilder::<Backend>::new(SELECT);
        if let Some(event) = filter.event {
            select.push(" AND event = ").push_bind(event.to_string());
        }
        if let Some(actor) = &filter.actor {
            select.push(" AND actor = ").push_bind(actor.as_str());
        }
        if !filter.acts.is_empty() {
            select.push(" AND act IN (");
            let mut list = select.separated(", ");
            for act in &filter.acts {
                list.push_bind(act.as_str());
            }
            select.push(")");
        }
        if let Some(from) = filter.from {
            select.push(" AND at >= ").push_bind(millis(from));
        }
        if let Some(to) = filter.to {
            select.push(" AND at <= ").push_bind(millis(to));
        }
        if let Some(before) = filter.before {
            select.push(" AND (at, seq) < (SELECT at, seq FROM audit WHERE seq = ");
            select.push_bind(before).push(")");
        }
        select.push(" ORDER BY at DESC, seq DESC LIMIT ").push_bind(super::limit(filter.limit));
        let rows = select.build().fetch_all(&self.0.database.readers).await?;
        rows.iter().map(audit_row).collect()
    }

    /// Who the recipients of `events` were, as far as that is kept: what was
    /// delivered at once leaves no address behind.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn recipients_of(
        &self,
        events: &[EventId],
    ) -> Result<Vec<KeptRecipient>, StoreError> {
        let mut found = BTreeMap::new();
        for chunk in events.chunks(500) {
            for (place, select) in PLACES {
                let mut select = QueryBuilder::<Backend>::new(select);
                let mut list = select.separated(", ");
                for event in chunk {
                    list.push_bind(event.to_string());
                }
                select.push(")");
                let rows: Vec<(String, String, String)> =
                    select.build_query_as().fetch_all(&self.0.database.readers).await?;
                for (event, recipient, state) in rows {
                    found.insert((event, recipient, place), state);
                }
            }
        }
        let kept = |((event, recipient, place), state): ((String, String, _), String)| {
            let unreadable = |_| StoreError::Unreadable { what: "event", id: event.clone() };
            Ok(KeptRecipient { event: event.parse().map_err(unreadable)?, place, recipient, state })
        };
        found.into_iter().map(kept).collect()
    }
}

const SELECT: &str = "SELECT seq, at, event, actor, act, facts, mac FROM audit WHERE 1 = 1";
const PLACES: [(&str, &str); 3] = [
    (
        "held",
        "SELECT r.event, r.recipient, h.state FROM held_recipient r \
         JOIN held h ON h.id = r.held WHERE r.event IN (",
    ),
    (
        "outbox",
        "SELECT event, recipient, purpose || ' ' || state FROM outbox_recipient \
         WHERE purpose IN ('copy', 'release') AND event IN (",
    ),
    ("refused", "SELECT event, recipient, 'refused' FROM refused_recipient WHERE event IN ("),
];
