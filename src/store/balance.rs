//! Whether the ledger balances, and agrees with the rows and the content that
//! are there. Reads only. Answers of the last second may be missing, on both
//! sides.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{
    Place, Store, StoreError,
    database::{Connection, millis},
    ledger::{self, LedgerHour},
};

/// Something that does not add up.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase", tag = "what")]
pub enum Imbalance {
    /// Sealed content that a row needs is not there.
    Content {
        /// The item.
        id: String,
    },
    /// What was accepted in an hour is not what was found to be somewhere.
    Hour(LedgerHour),
    /// Recipients of released messages for whom nothing was ever queued.
    Released {
        /// How many.
        recipients: i64,
    },
    /// Rows came or went that the ledger does not know of.
    Rows {
        /// `held` or `outbox`.
        place: &'static str,
        /// How many recipients there should be.
        ledger: i64,
        /// How many there are.
        rows: i64,
    },
    /// Recipients of one message in two places at once.
    Twice {
        /// How many.
        recipients: i64,
    },
}

impl Store {
    /// The hours of the ledger from that of `from` to that of `to`, in which
    /// anything was entered.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn ledger(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<LedgerHour>, StoreError> {
        ledger::read(&self.0.database.readers, from, to).await
    }

    /// Checks the whole ledger, against one state of the database. Empty when
    /// all adds up.
    ///
    /// # Errors
    ///
    /// The database or the folder does not answer.
    pub async fn check_ledger(&self, now: Timestamp) -> Result<Vec<Imbalance>, StoreError> {
        let hours = self.ledger(Timestamp::UNIX_EPOCH, Timestamp::MAX).await?;
        let uneven = hours.into_iter().filter(|hour| hour.difference() != 0);
        let mut found: Vec<Imbalance> = uneven.map(Imbalance::Hour).collect();
        let mut reading = self.0.database.readers.begin().await?;
        found.extend(rows(&mut reading).await?);
        let recently = millis(now).saturating_sub(REMEMBERED.as_millis() as i64);
        let lost: i64 =
            sqlx::query_scalar(NEVER_QUEUED).bind(recently).fetch_one(&mut *reading).await?;
        found.extend((lost > 0).then_some(Imbalance::Released { recipients: lost }));
        let twice: i64 = sqlx::query_scalar(TWICE).fetch_one(&mut *reading).await?;
        found.extend((twice > 0).then_some(Imbalance::Twice { recipients: twice }));
        let ids: Vec<(String, String)> =
            sqlx::query_as(WITH_CONTENT).fetch_all(&mut *reading).await?;
        drop(reading);
        for (place, id) in ids {
            let place = if place == Place::Held.as_str() { Place::Held } else { Place::Outbox };
            if !self.0.blobs.holds(place, &id).await? && self.is_needed(place, &id).await? {
                found.push(Imbalance::Content { id });
            }
        }
        Ok(found)
    }

    /// Whether an item still has content: it may have been settled meanwhile.
    async fn is_needed(&self, place: Place, id: &str) -> Result<bool, StoreError> {
        let select = match place {
            Place::Held => "SELECT COUNT(*) FROM held WHERE id = $1 AND sealed_key IS NOT NULL",
            Place::Outbox => "SELECT COUNT(*) FROM outbox WHERE id = $1 AND sealed_key IS NOT NULL",
        };
        let readers = &self.0.database.readers;
        let rows: i64 = sqlx::query_scalar(select).bind(id).fetch_one(readers).await?;
        Ok(rows > 0)
    }
}

/// Compares what moved with what is there.
async fn rows(reading: &mut Connection) -> Result<Vec<Imbalance>, StoreError> {
    let mut found = Vec::new();
    for (place, sum, count) in [("held", HELD_SUM, HELD_ROWS), ("outbox", OUTBOX_SUM, OUTBOX_ROWS)]
    {
        let ledger: i64 = sqlx::query_scalar(sum).fetch_one(&mut *reading).await?;
        let rows: i64 = sqlx::query_scalar(count).fetch_one(&mut *reading).await?;
        found.extend((ledger != rows).then_some(Imbalance::Rows { place, ledger, rows }));
    }
    Ok(found)
}

const HELD_SUM: &str = "SELECT CAST(COALESCE(SUM(CASE WHEN name = 'held/placed' THEN value \
                        ELSE -value END), 0) AS BIGINT) FROM ledger WHERE name LIKE 'held/%'";
const HELD_ROWS: &str = "SELECT COUNT(*) FROM held_recipient r JOIN held h ON h.id = r.held \
                         WHERE h.state = 'held'";
const OUTBOX_SUM: &str = "SELECT CAST(COALESCE(SUM(CASE WHEN name = 'outbox/placed' THEN value \
                          ELSE -value END), 0) AS BIGINT) FROM ledger WHERE name LIKE 'outbox/%'";
const OUTBOX_ROWS: &str = "SELECT COUNT(*) FROM outbox_recipient WHERE state = 'pending'";
/// Expiry sets the time of settling anew, when the outbox may have forgotten.
const NEVER_QUEUED: &str = "SELECT COUNT(*) FROM held_recipient r JOIN held h ON h.id = r.held \
    WHERE h.state = 'released' AND h.sealed_key IS NOT NULL AND h.settled_at > $1 AND NOT EXISTS \
    (SELECT 1 FROM outbox_recipient o WHERE o.event = r.event AND o.purpose = 'release' \
     AND o.recipient = r.recipient)";
/// Held and copied, or refused and one of these.
const TWICE: &str = "SELECT \
    (SELECT COUNT(*) FROM held_recipient r JOIN held h ON h.id = r.held \
     JOIN outbox_recipient o ON o.event = r.event AND o.recipient = r.recipient \
     WHERE h.state = 'held' AND o.purpose = 'copy') + \
    (SELECT COUNT(*) FROM refused_recipient f JOIN held_recipient r \
     ON r.event = f.event AND r.recipient = f.recipient) + \
    (SELECT COUNT(*) FROM refused_recipient f JOIN outbox_recipient o \
     ON o.event = f.event AND o.recipient = f.recipient WHERE o.purpose = 'copy')";
const WITH_CONTENT: &str = "SELECT 'held', id FROM held WHERE sealed_key IS NOT NULL \
    UNION ALL SELECT 'outbox', id FROM outbox WHERE sealed_key IS NOT NULL";
/// As long as the outbox remembers what it sent.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);
