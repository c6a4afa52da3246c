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
    let mut output = Output::new();
    match command {
        OutboxCommand::List => {
            for item in gate.store().outbox(&OutboxFilter::default()).await? {
                match format {
                    Format::Json => output.json(&item)?,
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
            let by = reviewer(person, "dropped on the command line")?;
            Ok(answer(gate.store().drop_queued(*id, &by).await?))
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
