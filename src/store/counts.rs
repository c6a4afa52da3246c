//! Counters by name and day (UTC), raised in the transaction of what they
//! count, so that they never tell another story than the audit log.
//!
//! Names: `decided/<direction>`, `found/<direction>`, `verdict/<verdict>/<direction>`,
//! `reason/<reason>`, `rule/<rule>`, `sent/<purpose>`, `failed/<purpose>`,
//! and whatever a change brings along.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::Offset};
use serde::Serialize;
use serde_json::Value;
use sqlx::{QueryBuilder, SqlitePool};

use super::{
    change::{HeldState, OutboxState},
    database::{Backend, Connection},
    error::StoreError,
};
use crate::model::{Act, Event, Level};

/// How much happened in some days, and what is there now.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Counts {
    /// Counters of the days asked for, by name.
    pub counters: BTreeMap<String, u64>,
    /// Held items by state, now.
    pub held: BTreeMap<HeldState, u64>,
    /// Outbox items by state, now.
    pub outbox: BTreeMap<OutboxState, u64>,
}

/// The counters that an audit row raises.
pub(super) fn of_event(event: &Event) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    if event.act != Act::Decided {
        return counts;
    }
    let mut raise = |name: String| *counts.entry(name).or_default() += 1;
    let direction = event.facts["direction"].as_str().unwrap_or("unknown");
    raise(format!("decided/{direction}"));
    if event.facts["findings"]
        .as_array()
        .is_some_and(|findings| findings.iter().any(counts_as_found))
    {
        raise(format!("found/{direction}"));
    }
    let mut rules = Vec::new();
    for ruling in event.facts["rulings"].as_array().into_iter().flatten() {
        let verdict = ruling["verdict"].as_str().unwrap_or("unknown");
        raise(format!("verdict/{verdict}/{direction}"));
        let reasons = ruling["reasons"].as_array().into_iter().flatten();
        for reason in reasons.filter_map(Value::as_str) {
            raise(format!("reason/{reason}"));
            let rule = reason.rsplit_once(':').filter(|(_, level)| level.parse::<Level>().is_ok());
            rules.extend(rule.map(|(rule, _)| rule));
        }
    }
    // A rule counts once a message, however many rulings name it.
    rules.sort_unstable();
    rules.dedup();
    for rule in rules {
        raise(format!("rule/{rule}"));
    }
    counts
}

/// Whether a finding, as the audit log has it, makes a message sensitive.
fn counts_as_found(finding: &Value) -> bool {
    let level = finding["level"].as_str().and_then(|level| level.parse::<Level>().ok());
    level.is_some_and(|level| level >= Level::Medium)
}

/// Raises counters, inside the caller's transaction.
pub(super) async fn raise(
    connection: &mut Connection,
    now: Timestamp,
    counts: &BTreeMap<String, u64>,
) -> Result<(), StoreError> {
    let day = day(now);
    let counts: Vec<_> = counts.iter().collect();
    for chunk in counts.chunks(500) {
        QueryBuilder::<Backend>::new("INSERT INTO counter (day, name, value) ")
            .push_values(chunk, |mut row, (name, value)| {
                row.push_bind(day.as_str()).push_bind(name.as_str());
                row.push_bind(i64::try_from(**value).unwrap_or(i64::MAX));
            })
            .push(" ON CONFLICT (day, name) DO UPDATE SET value = counter.value + excluded.value")
            .build()
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Counters of all days from that of `from` to that of `to`, both included.
pub(super) async fn read(
    readers: &SqlitePool,
    from: Timestamp,
    to: Timestamp,
) -> Result<Counts, StoreError> {
    let select = "SELECT name, CAST(SUM(value) AS BIGINT) FROM counter \
                  WHERE day >= $1 AND day <= $2 GROUP BY name";
    let counters: Vec<(String, i64)> =
        sqlx::query_as(select).bind(day(from)).bind(day(to)).fetch_all(readers).await?;
    let held: Vec<(String, i64)> =
        sqlx::query_as("SELECT state, COUNT(*) FROM held GROUP BY state")
            .fetch_all(readers)
            .await?;
    let outbox: Vec<(String, i64)> =
        sqlx::query_as("SELECT state, COUNT(*) FROM outbox GROUP BY state")
            .fetch_all(readers)
            .await?;
    Ok(Counts { counters: tally(counters), held: tally(held), outbox: tally(outbox) })
}

fn tally<K: Ord + std::str::FromStr>(rows: Vec<(String, i64)>) -> BTreeMap<K, u64> {
    rows.into_iter()
        .filter_map(|(name, value)| Some((name.parse().ok()?, value.try_into().ok()?)))
        .collect()
}

pub(super) fn day(time: Timestamp) -> String {
    Offset::UTC.to_datetime(time).date().to_string()
}
