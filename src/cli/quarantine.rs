//! `sluse quarantine`: held messages, and what people decide about them.

use serde_json::json;

use super::{
    Exit,
    args::{Format, Person, QuarantineCommand},
    output::{Output, remark},
    reviewer,
};
use crate::{
    gate::{Discard, Gate, GateError, ReleaseAs, Released},
    store::{Held, HeldFilter, HeldId, HeldState, Kept, Settled, StoreError},
};

/// Runs `sluse quarantine`.
///
/// # Errors
///
/// The store failed, a message cannot be released, or the output fails.
pub async fn run(command: &QuarantineCommand, format: Format, gate: &Gate) -> anyhow::Result<Exit> {
    match command {
        QuarantineCommand::Delete { ids, person } => {
            discard(ids, person, Discard::Delete, format, gate).await
        }
        QuarantineCommand::Keep { ids, person } => {
            keep(ids, person, Kept::ByLaw, format, gate).await
        }
        QuarantineCommand::Kept => kept(format, gate).await,
        QuarantineCommand::Lift { ids, person } => {
            keep(ids, person, Kept::ForItsTime, format, gate).await
        }
        QuarantineCommand::List { state, direction, limit } => {
            let filter =
                HeldFilter { state: *state, direction: *direction, ..HeldFilter::default() };
            list(filter, *limit, format, gate).await?;
            Ok(Exit::Ok)
        }
        QuarantineCommand::Reject { ids, person } => {
            discard(ids, person, Discard::Reject, format, gate).await
        }
        QuarantineCommand::Release { ids, encrypt, person } => {
            let how = if *encrypt { ReleaseAs::Encrypted } else { ReleaseAs::Sent };
            release(ids, person, how, format, gate).await
        }
        QuarantineCommand::Show { id, reveal, person } => {
            show(*id, reveal.then_some(person), format, gate).await
        }
    }
}

/// Prints page after page, as the store gives so many at once at most.
async fn list(
    mut filter: HeldFilter,
    limit: u32,
    format: Format,
    gate: &Gate,
) -> anyhow::Result<()> {
    let mut output = Output::new();
    let mut left = limit;
    while left > 0 {
        filter.limit = left.min(PAGE);
        let page = gate.store().held(&filter).await?;
        for held in &page {
            print(&mut output, format, held)?;
        }
        left -= u32::try_from(page.len())?.min(left);
        filter.before = page.last().map(|held| held.id);
        if page.len() < usize::try_from(filter.limit)? {
            break;
        }
    }
    Ok(())
}

async fn release(
    ids: &[HeldId],
    person: &Person,
    how: ReleaseAs,
    format: Format,
    gate: &Gate,
) -> anyhow::Result<Exit> {
    let by = reviewer(gate, person, "released on the command line")?;
    let mut output = Output::new();
    let mut exit = Exit::Ok;
    for id in ids {
        match gate.release(*id, &by, how).await {
            Ok(Released::Queued) => tell(&mut output, format, *id, HeldState::Released)?,
            Ok(Released::Already(state)) => exit = exit.max(too_late(*id, state)),
            Err(error) => exit = exit.max(refusal(*id, error)?),
        }
    }
    // The service sends it too; whoever comes first takes it.
    gate.deliver_due().await?;
    Ok(exit)
}

async fn discard(
    ids: &[HeldId],
    person: &Person,
    to: Discard,
    format: Format,
    gate: &Gate,
) -> anyhow::Result<Exit> {
    let (state, purpose) = match to {
        Discard::Delete => (HeldState::Deleted, "deleted on the command line"),
        Discard::Reject => (HeldState::Rejected, "rejected on the command line"),
    };
    let by = reviewer(gate, person, purpose)?;
    let mut output = Output::new();
    let mut exit = Exit::Ok;
    for id in ids {
        match gate.discard(*id, &by, to).await {
            Ok(Settled::Now) => tell(&mut output, format, *id, state)?,
            Ok(Settled::Already(state)) => exit = exit.max(too_late(*id, state)),
            Err(error) => exit = exit.max(refusal(*id, error)?),
        }
    }
    gate.deliver_due().await?;
    Ok(exit)
}

/// Places legal holds or lifts them. A reason must be given, since others will
/// ask for it.
async fn keep(
    ids: &[HeldId],
    person: &Person,
    kept: Kept,
    format: Format,
    gate: &Gate,
) -> anyhow::Result<Exit> {
    let by = reviewer(gate, person, "")?;
    let mut output = Output::new();
    let mut exit = Exit::Ok;
    let (done, already) = match kept {
        Kept::ByLaw => ("kept", "is under a legal hold already"),
        Kept::ForItsTime => ("lifted", "is under no legal hold"),
    };
    for id in ids {
        match gate.store().keep(*id, kept, &by).await {
            Ok(Settled::Now) if format == Format::Json => {
                output.json(&json!({ "id": id, "legal_hold": kept == Kept::ByLaw }))?;
            }
            Ok(Settled::Now) => output.line(format!("{id}  {done}"))?,
            Ok(Settled::Already(_)) => {
                remark(format_args!("{id} {already}, nothing was done"));
                exit = exit.max(Exit::Negative);
            }
            Err(error @ StoreError::UnknownItem(_)) => {
                remark(&error);
                exit = exit.max(Exit::Negative);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(exit)
}

async fn kept(format: Format, gate: &Gate) -> anyhow::Result<Exit> {
    let mut output = Output::new();
    for hold in gate.store().legal_holds().await? {
        match format {
            Format::Json => output.json(&hold)?,
            Format::Text => output.line(format!(
                "{}  {}  {}  {}",
                hold.event, hold.placed_at, hold.placed_by, hold.reason
            ))?,
        }
    }
    Ok(Exit::Ok)
}

async fn show(
    id: HeldId,
    reveal: Option<&Person>,
    format: Format,
    gate: &Gate,
) -> anyhow::Result<Exit> {
    let by = reveal.map(|person| reviewer(gate, person, "")).transpose()?;
    let mut output = Output::new();
    let Some(held) = gate.store().held_by_id(id).await? else {
        remark(format_args!("no held message {id}"));
        return Ok(Exit::Negative);
    };
    if let Some(by) = by {
        let content = gate.store().reveal_held(id, &by).await?;
        output.raw(&content)?;
        return Ok(Exit::Ok);
    }
    let history = gate.store().event_audit(held.event).await?;
    match format {
        Format::Json => output.json(&json!({ "held": held, "history": history }))?,
        Format::Text => {
            print(&mut output, format, &held)?;
            for row in history {
                output.line(format!("  {} {} {} {}", row.at, row.actor, row.act, row.facts))?;
            }
        }
    }
    Ok(Exit::Ok)
}

fn print(output: &mut Output, format: Format, held: &Held) -> std::io::Result<()> {
    if format == Format::Json {
        return output.json(held);
    }
    let sender = held.sender.as_ref().map_or("<>", |sender| sender.as_str());
    let recipients: Vec<&str> = held.recipients.iter().map(|to| to.as_str()).collect();
    output.line(format!(
        "{}  {:8}  {}  {}  {} -> {}  {} bytes  {}",
        held.id,
        held.state.as_str(),
        held.held_at,
        held.direction,
        sender,
        recipients.join(", "),
        held.size,
        held.reasons.join(", ")
    ))
}

fn tell(output: &mut Output, format: Format, id: HeldId, state: HeldState) -> std::io::Result<()> {
    match format {
        Format::Json => output.json(&json!({ "id": id, "state": state })),
        Format::Text => output.line(format!("{id}  {}", state.as_str())),
    }
}

/// An error that is about this message alone is told, and the next is tried.
fn refusal(id: HeldId, error: GateError) -> Result<Exit, GateError> {
    match error {
        GateError::NotHeld(_) => remark(&error),
        GateError::Store(StoreError::KeptByLaw(_)) => {
            remark(format_args!("{id} is under a legal hold, nothing was done"));
            return Ok(Exit::Denied);
        }
        GateError::Unprotectable(_) => remark(format_args!("{id}: {error}")),
        other => return Err(other),
    }
    Ok(Exit::Negative)
}

fn too_late(id: HeldId, state: HeldState) -> Exit {
    remark(format_args!("{id} is {} already, nothing was done", state.as_str()));
    Exit::Negative
}

/// Held messages asked for at once.
const PAGE: u32 = 500;
