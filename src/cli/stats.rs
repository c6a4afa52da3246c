//! `sluse stats`: what was decided in the last days, and what is there now.

use jiff::{SignedDuration, Timestamp};

use super::{Exit, args::Format, output::Output};
use crate::store::Store;

/// Runs `sluse stats`.
///
/// # Errors
///
/// The store failed or the output cannot be written.
pub async fn run(days: u16, format: Format, store: &Store, now: Timestamp) -> anyhow::Result<Exit> {
    let back = SignedDuration::from_hours(24 * (i64::from(days) - 1).max(0));
    let counts = store.counts(now.checked_sub(back)?, now).await?;
    let mut output = Output::new();
    if format == Format::Json {
        output.json(&counts)?;
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
    Ok(Exit::Ok)
}
