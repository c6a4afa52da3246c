//! Figures for the dashboard: counters day by day, and how long held messages
//! have waited. Nothing here reads the audit log.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Store, StoreError, counts::day, database::millis};

/// Counters by day (UTC, as `2026-11-23`) and name.
pub type DailyCounts = BTreeMap<String, BTreeMap<String, u64>>;

impl Store {
    /// Counters of all days from that of `from` to that of `to`, both
    /// included. Days on which nothing happened are left out.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn daily_counts(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<DailyCounts, StoreError> {
        let select = "SELECT day, name, value FROM counter WHERE day >= $1 AND day <= $2";
        let rows: Vec<(String, String, i64)> = sqlx::query_as(select)
            .bind(day(from))
            .bind(day(to))
            .fetch_all(&self.0.database.readers)
            .await?;
        let mut counts = DailyCounts::new();
        for (day, name, value) in rows {
            counts.entry(day).or_default().insert(name, u64::try_from(value).unwrap_or(0));
        }
        Ok(counts)
    }

    /// How many messages have waited for a person for how long at `now`: for
    /// less than each of `hours`, which rise, and at the end for longer.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn waiting(&self, now: Timestamp, hours: &[u32]) -> Result<Vec<u64>, StoreError> {
        let select = "SELECT held_at FROM held WHERE state = 'held'";
        let times: Vec<i64> =
            sqlx::query_scalar(select).fetch_all(&self.0.database.readers).await?;
        let mut counts = vec![0; hours.len() + 1];
        for held_at in times {
            let waited = millis(now).saturating_sub(held_at) / HOUR;
            let class = hours.partition_point(|hours| i64::from(*hours) <= waited);
            if let Some(count) = counts.get_mut(class) {
                *count += 1;
            }
        }
        Ok(counts)
    }
}

const HOUR: i64 = 3600 * 1000;
