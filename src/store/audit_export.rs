//! Handing out the audit log: which rows, in which form, and that it is
//! written down. A log that is broken takes no rows, and can be read all the
//! same.

use jiff::Timestamp;
use serde_json::json;

use super::{AuditRow, Change, Store, StoreError, database::millis};
use crate::model::{Act, Event, Reviewer};

impl AuditRow {
    /// The row for a spreadsheet (RFC 4180). A text that such a program would
    /// take for a formula is marked as text.
    pub fn csv(&self) -> String {
        let field = |text: &str| {
            let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
            let mark = if formula { "'" } else { "" };
            format!("\"{mark}{}\"", text.replace('"', "\"\""))
        };
        let event = self.event.map(|event| event.to_string()).unwrap_or_default();
        [
            self.seq.to_string(),
            self.at.to_string(),
            event,
            field(&self.actor),
            field(&self.act),
            field(&self.facts.to_string()),
            self.mac.clone(),
        ]
        .join(",")
    }

    /// Whether it tells of an end, or of a reason against it.
    pub fn is_evidence(&self) -> bool {
        EVIDENCE.iter().any(|act| act.as_str() == self.act)
    }
}

impl Store {
    /// Writes down that somebody takes a copy of `what` between two bounds.
    /// Returns the first row that is not part of it; none when the log is
    /// broken and takes no rows.
    ///
    /// # Errors
    ///
    /// The database fails.
    pub async fn note_export(
        &self,
        by: &Reviewer,
        what: &str,
        (from, to): (Option<String>, Option<String>),
    ) -> Result<Option<i64>, StoreError> {
        let event = Event {
            event: None,
            actor: by.name().to_owned(),
            act: Act::Exported,
            facts: json!({ "what": what, "purpose": by.purpose(), "from": from, "to": to }),
        };
        let change = Change { events: vec![event], ..Change::default() };
        let end = self.audit_rows().await?;
        match self.commit(change).await {
            Ok(_) => Ok(Some(end + 1)),
            Err(StoreError::AuditBroken) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The first and the last row that were written between two times, as
    /// places in the chain: what lies between them is handed out whole.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn audit_between(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Option<(i64, i64)>, StoreError> {
        let select = "SELECT MIN(seq), MAX(seq) FROM audit WHERE at >= $1 AND at <= $2";
        let ends: (Option<i64>, Option<i64>) = sqlx::query_as(select)
            .bind(millis(from))
            .bind(millis(to))
            .fetch_one(&self.0.database.readers)
            .await?;
        Ok(ends.0.zip(ends.1))
    }
}

/// The head of a table of rows.
pub const CSV_HEAD: &str = "seq,at,event,actor,act,facts,mac";

/// What tells of an end, or of a reason against it.
pub const EVIDENCE: [Act; 7] = [
    Act::Corrected,
    Act::Deleted,
    Act::Dropped,
    Act::Erased,
    Act::HoldLifted,
    Act::HoldPlaced,
    Act::Rejected,
];
