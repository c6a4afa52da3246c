//! `sluse stats`: what was decided in the last days, what is there now, and
//! whether everything that was accepted is accounted for.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Exit, args::Format, output::Output};
use crate::store::{Counts, Imbalance, LedgerHour, Store};

/// Runs `sluse stats`.
///
/// # Errors
///
/// The store failed or the output cannot be written.
pub async fn run(days: u16, format: Format, store: &Store, now: Timestamp) -> anyhow::Result<Exit> {
    let back = SignedDuration::from_hours(24 * (i64::from(days) - 1).max(0));
    let counts = store.counts(now.checked_sub(back)?, now).await?;
    let ledger = store.ledger(now.checked_sub(SHOWN)?, now).await?;
    let mut output = Output::new();
    if format == Format::Json {
        output.json(&Shown { counts, ledger })?;
        return Ok(Exit::Ok);
    }
    output.line(format!("last {days} days"))?;
    for (name, number) in &counts.counters {
        output.line(format!("{number:>10}  {name}"))?;
    }
    output.line("now")?;
    for (state, number) in &counts.held {
        output.line(format!("{number:>10}  quarantine: {}", state.as_str()))?;
    }
    for (state, number) in &counts.outbox {
        output.line(format!("{number:>10}  outbox: {}", state.as_str()))?;
    }
    if !ledger.is_empty() {
        output.line("ledger of 24 hours, in recipients")?;
    }
    for hour in &ledger {
        output.line(format!("  {}", told(hour)))?;
    }
    Ok(Exit::Ok)
}

/// Runs `sluse stats --check`.
///
/// # Errors
///
/// The store failed or the output cannot be written.
pub async fn check(format: Format, store: &Store, now: Timestamp) -> anyhow::Result<Exit> {
    let found = store.check_ledger(now).await?;
    let mut output = Output::new();
    match format {
        Format::Json => output.json(&Checked { ok: found.is_empty(), found: &found })?,
        Format::Text if found.is_empty() => {
            output.line("ok: every accepted recipient is accounted for")?;
        }
        Format::Text => {
            for imbalance in &found {
                output.line(explained(imbalance))?;
            }
        }
    }
    Ok(if found.is_empty() { Exit::Ok } else { Exit::Negative })
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    counts: Counts,
    ledger: Vec<LedgerHour>,
}

#[derive(Serialize)]
struct Checked<'a> {
    ok: bool,
    found: &'a [Imbalance],
}

/// One hour on one line.
fn told(hour: &LedgerHour) -> String {
    let LedgerHour { hour: began, accepted, delivered, held, outbox, refused, repeated } = hour;
    let mut text = format!(
        "{began}  accepted {accepted} = delivered {delivered} + held {held} + outbox {outbox} \
         + refused {refused}"
    );
    if hour.difference() != 0 {
        text.push_str(&format!("; difference {}", hour.difference()));
    }
    if *repeated > 0 {
        text.push_str(&format!("; answered again {repeated}"));
    }
    text
}

fn explained(imbalance: &Imbalance) -> String {
    match imbalance {
        Imbalance::Content { id } => format!("{id}: its content is missing"),
        Imbalance::Hour(hour) => told(hour),
        Imbalance::Released { recipients } => {
            format!("released and never queued: {recipients} recipients")
        }
        Imbalance::Rows { place, ledger, rows } => {
            format!("{place}: {rows} recipients, and {ledger} by the ledger")
        }
        Imbalance::Twice { recipients } => {
            format!("in two places at once: {recipients} recipients")
        }
    }
}

const SHOWN: SignedDuration = SignedDuration::from_hours(23);
