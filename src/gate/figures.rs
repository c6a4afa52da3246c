//! What the dashboard shows: what was found and decided in the last days, what
//! waits, and whether recipients have certificates. From counters alone.

use std::collections::BTreeMap;

use jiff::{SignedDuration, tz::Offset};
use serde::Serialize;

use super::{Decision, Gate, GateError};
use crate::{
    model::{Direction, KeyTrouble, Submission},
    store::HeldState,
};

/// The figures of some days, today included.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    /// Messages with findings, by day (UTC), the oldest first; every day.
    pub days: Vec<(String, u64)>,
    /// Messages with findings, by direction.
    pub directions: Vec<(Direction, u64)>,
    /// Messages, by rule that found something; the most first.
    pub rules: Vec<(String, u64)>,
    /// Rulings, by verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// Messages that wait for a person, by the classes of [`WAITED_HOURS`].
    pub waiting: Vec<u64>,
    /// Recipients of outbound mail that a certificate could serve, and those
    /// that none could, counted in each message.
    pub coverage: [u64; 2],
    /// Messages that were decided about.
    pub decided: u64,
    /// Messages that are held now.
    pub held: u64,
    /// Messages under a legal hold.
    pub legal_holds: usize,
    /// Whether every accepted recipient of the last 24 hours is accounted for.
    pub balances: bool,
}

impl Gate {
    /// Gathers the figures of the last `days`.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn figures(&self, days: u16) -> Result<Figures, GateError> {
        let now = self.now();
        let back = |days: i64| SignedDuration::from_hours(24 * days);
        let mut figures = Figures::default();
        let first = now.saturating_sub(back(i64::from(days) - 1)).unwrap_or(now);
        let counts = self.store.daily_counts(first, now).await?;
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for day in 0..i64::from(days) {
            let day = first.saturating_add(back(day)).unwrap_or(now);
            let day = Offset::UTC.to_datetime(day).date().to_string();
            let of_day = counts.get(&day).into_iter().flatten();
            let mut found = 0;
            for (name, value) in of_day {
                *sums.entry(name).or_default() += value;
                found += if name.starts_with(FOUND) { *value } else { 0 };
            }
            figures.days.push((day, found));
        }
        figures.take(&sums);
        figures.waiting = self.store.waiting(now, &WAITED_HOURS).await?;
        figures.held =
            self.store.counts(now, now).await?.held.get(&HeldState::Held).copied().unwrap_or(0);
        figures.legal_holds = self.store.legal_holds().await?.len();
        let day = now.saturating_sub(back(1)).unwrap_or(now);
        let ledger = self.store.ledger(day, now).await?;
        figures.balances = ledger.iter().all(|hour| hour.difference() == 0);
        Ok(figures)
    }
}

impl Figures {
    fn take(&mut self, sums: &BTreeMap<&str, u64>) {
        let of = |name: &str| sums.get(name).copied().unwrap_or(0);
        for direction in [Direction::Outbound, Direction::Inbound, Direction::Internal] {
            self.directions.push((direction, of(&format!("{FOUND}{direction}"))));
            self.decided += of(&format!("decided/{direction}"));
        }
        self.coverage = [of(KEY_THERE), of(KEY_ABSENT)];
        for (name, value) in sums {
            if let Some(rule) = name.strip_prefix("rule/") {
                self.rules.push((rule.to_owned(), *value));
            } else if let Some((verdict, _)) =
                name.strip_prefix("verdict/").and_then(|rest| rest.split_once('/'))
            {
                *self.verdicts.entry(verdict.to_owned()).or_default() += value;
            }
        }
        self.rules.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    }
}

/// Whether the recipients of an outbound message had certificates, as
/// counters. Those that the policy names no method for are not counted.
pub(super) fn coverage(
    submission: &Submission,
    decision: &Decision,
    domains: &[String],
) -> Vec<(String, u64)> {
    let sender = submission.envelope.sender.as_ref();
    let (mut with, mut without) = (0, 0);
    for recipient in &submission.envelope.recipients {
        if Direction::of(sender, recipient, domains) != Direction::Outbound {
            continue;
        }
        let mut offers =
            decision.offers.iter().filter(|offer| offer.recipient == *recipient).peekable();
        if offers.peek().is_none() {
            continue;
        }
        // A method may not reach a finding; the certificate is there.
        let has = |key: &Result<String, KeyTrouble>| {
            matches!(key, Ok(_) | Err(KeyTrouble::SurfaceUncovered))
        };
        if offers.any(|offer| has(&offer.key)) {
            with += 1;
        } else {
            without += 1;
        }
    }
    let counts = [(KEY_THERE, with), (KEY_ABSENT, without)];
    let some = counts.into_iter().filter(|(_, number)| *number > 0);
    some.map(|(name, number)| (name.to_owned(), number)).collect()
}

/// Hours that messages have waited for less than, for classes of waiting.
pub const WAITED_HOURS: [u32; 4] = [24, 72, 168, 720];

const FOUND: &str = "found/";
const KEY_ABSENT: &str = "key/absent";
const KEY_THERE: &str = "key/there";
