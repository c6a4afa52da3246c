//! `sluse outbox`: mail that the gateway itself must send.

use super::{
    Exit,
    args::{Format, OutboxCommand},
    output::{Output, remark},
    reviewer,
};
use crate::{
    gate::Gate,
    store::{OutboxFilter, OutboxState, Settled},
};

/// Runs `sluse outbox`.
///
/// # Errors
///
/// The store failed or the output cannot be written.
pub async fn run(command: &OutboxCommand, format: Format, gate: &Gate) -> anyhow::Result<Exit> {
    match command {
        OutboxCommand::List => {
            list(format, gate).await?;
            Ok(Exit::Ok)
        }
        OutboxCommand::Retry { id } => {
            let settled = gate.store().retry(*id).await?;
            if settled == Settled::Now {
                gate.deliver_due().await?;
            }
            Ok(answer(settled))
        }
        OutboxCommand::Drop { id, person } => {
            let by = reviewer(gate, person, "dropped on the command line")?;
            Ok(answer(gate.store().drop_queued(*id, &by).await?))
        }
    }
}

/// Prints page after page, as the store gives so many at once at most.
async fn list(format: Format, gate: &Gate) -> anyhow::Result<()> {
    let mut output = Output::new();
    let mut filter = OutboxFilter { limit: PAGE, ..OutboxFilter::default() };
    loop {
        let page = gate.store().outbox(&filter).await?;
        for item in &page {
            match format {
                Format::Json => output.json(item)?,
                Format::Text => output.line(format!(
                    "{}  {:8}  {:8}  event {}  tries {}  next {}",
                    item.id,
                    item.state.as_str(),
                    item.purpose.as_str(),
                    item.event,
                    item.attempts,
                    item.next_at
                ))?,
            }
        }
        match page.last() {
            Some(last) if page.len() == usize::try_from(PAGE)? => filter.before = Some(last.id),
            Some(_) | None => return Ok(()),
        }
    }
}

fn answer(settled: Settled<OutboxState>) -> Exit {
    match settled {
        Settled::Already(state) => {
            remark(format_args!("the item is {} already, nothing was done", state.as_str()));
            Exit::Negative
        }
        Settled::Now => Exit::Ok,
    }
}

/// Items asked for at once.
const PAGE: u32 = 500;
