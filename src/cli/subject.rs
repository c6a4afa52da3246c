//! `sluse subject`: what is kept about a person, for the person.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use anyhow::{Context, bail};
use serde_json::json;

use super::{
    Exit, InputError,
    args::{Format, SubjectCommand, Whom, identity_number},
    input,
    output::{Output, remark},
    reviewer,
};
use crate::{
    base::id::EventId,
    gate::{Ended, Erasure, Gate, MANIFEST, Subject, Trace, Traces},
    model::Reviewer,
    store::StoreError,
};

/// Runs `sluse subject`.
///
/// # Errors
///
/// The store failed, a file cannot be read or written, or the output fails.
pub async fn run(command: &SubjectCommand, format: Format, gate: &Gate) -> anyhow::Result<Exit> {
    match command {
        SubjectCommand::Correct { id, note, person } => {
            let by = reviewer(gate, person, "")?;
            let text = read_text(note)?;
            match gate.store().correct(*id, text.trim(), &by).await {
                Ok(()) => Ok(Exit::Ok),
                Err(error @ StoreError::UnknownItem(_)) => {
                    remark(&error);
                    Ok(Exit::Negative)
                }
                Err(error) => Err(error.into()),
            }
        }
        SubjectCommand::Erase { whom, only } => erase(whom, only, format, gate).await,
        SubjectCommand::Export { whom, out } => export(whom, out, format, gate).await,
        SubjectCommand::Find { whom } => {
            let (traces, _) = find(whom, gate).await?;
            let mut output = Output::new();
            match format {
                Format::Json => output.json(&traces)?,
                Format::Text => {
                    for trace in &traces.traces {
                        print(&mut output, trace)?;
                    }
                }
            }
            Ok(if traces.traces.is_empty() { Exit::Negative } else { Exit::Ok })
        }
    }
}

async fn find(whom: &Whom, gate: &Gate) -> anyhow::Result<(Traces, Reviewer)> {
    let by = reviewer(gate, &whom.person, "")?;
    let subject = match (&whom.address, &whom.name, &whom.number) {
        (Some(address), ..) => Subject::Address(address.clone()),
        (_, Some(name), _) => Subject::Name(name.clone()),
        (.., Some(number)) if number == "-" => {
            let number = read_text(Path::new("-"))?;
            Subject::Number(identity_number(number.trim()).map_err(not_one)?)
        }
        (.., Some(number)) => Subject::Number(number.clone()),
        (None, None, None) => bail!("nobody to look for"),
    };
    let traces = gate.find_subject(&subject, &by).await?;
    if traces.traces.is_empty() {
        remark("nothing is kept");
    }
    for id in &traces.unread {
        remark(format_args!("{id} could not be read whole"));
    }
    Ok((traces, by))
}

/// Writes a folder that only the caller can read.
async fn export(whom: &Whom, out: &Path, format: Format, gate: &Gate) -> anyhow::Result<Exit> {
    if out.exists() {
        bail!("{} is there already", out.display());
    }
    let (traces, by) = find(whom, gate).await?;
    if traces.traces.is_empty() {
        return Ok(Exit::Negative);
    }
    let dossiers = gate.export_subject(&traces, &by).await?;
    let failed = || format!("cannot write {}", out.display());
    if out.extension().is_some_and(|extension| extension == "zip") {
        write(out, &gate.package(&traces, &dossiers, &by)?).with_context(failed)?;
    } else {
        fs::DirBuilder::new().mode(0o700).create(out).with_context(failed)?;
        let manifest = serde_json::to_vec_pretty(&gate.manifest(&traces, &dossiers, &by))?;
        write(&out.join(MANIFEST), &manifest).with_context(failed)?;
        for (id, raw) in dossiers.iter().flat_map(|dossier| &dossier.originals) {
            write(&out.join(format!("{id}.eml")), raw).with_context(failed)?;
        }
    }
    let mut output = Output::new();
    match format {
        Format::Json => output.json(&json!({ "out": out, "messages": dossiers.len() }))?,
        Format::Text => {
            output.line(format!("{}: {} messages", out.display(), dossiers.len()))?;
        }
    }
    Ok(Exit::Ok)
}

async fn erase(whom: &Whom, only: &[EventId], format: Format, gate: &Gate) -> anyhow::Result<Exit> {
    let (mut traces, by) = find(whom, gate).await?;
    traces.traces.retain(|trace| only.is_empty() || only.contains(&trace.event));
    if traces.traces.is_empty() {
        return Ok(Exit::Negative);
    }
    let mut output = Output::new();
    let mut exit = Exit::Ok;
    for Ended { event, erasure, reached } in gate.erase_subject(&traces, &by).await? {
        match (&erasure, format) {
            (Erasure::Done(erased), Format::Json) => {
                let reached: Vec<_> = reached.iter().map(|one| &one.recipient).collect();
                output.json(&json!({ "event": event, "erased": erased, "tell": reached }))?;
            }
            (Erasure::Done(erased), Format::Text) => {
                let (held, outbox) = (erased.held, erased.outbox);
                output.line(format!("{event}  erased: {held} held, {outbox} in the outbox"))?;
                for one in reached {
                    output.line(format!("  tell {}, who got it {}", one.recipient, one.at))?;
                }
            }
            (Erasure::KeptByLaw, _) => {
                remark(format_args!("{event} is under a legal hold and was not erased"));
                exit = exit.max(Exit::Denied);
            }
        }
        if matches!(&erasure, Erasure::Done(erased) if !erased.swept) {
            remark("the database was busy; destroyed keys leave its log with the next purge");
        }
    }
    // The signature makes the audit rows evidence.
    if let Some(point) = gate.store().sign_audit(gate.now()).await? {
        match format {
            Format::Json => output.json(&json!({ "checkpoint": point }))?,
            Format::Text => output.line(format!("signed: up to row {}", point.row))?,
        }
    }
    Ok(exit)
}

fn print(output: &mut Output, trace: &Trace) -> io::Result<()> {
    let found: Vec<&str> = trace.found.iter().copied().collect();
    let kept = if trace.legal_hold { "  legal hold" } else { "" };
    output.line(format!("{}  found in {}{kept}", trace.event, found.join(", ")))?;
    for item in &trace.held {
        let content = if item.content { "with content" } else { "without content" };
        let (held, notes) = (&item.held, item.corrections.len());
        let (id, state) = (held.id, held.state.as_str());
        output.line(format!("  held {id}  {state}  {}  {content}  {notes} notes", held.held_at))?;
    }
    for item in &trace.sent {
        for recipient in &item.recipients {
            output.line(format!(
                "  outbox {}  {}  {} to {}",
                item.id,
                item.purpose.as_str(),
                recipient.state,
                recipient.recipient
            ))?;
        }
    }
    Ok(())
}

fn not_one(what: &'static str) -> InputError {
    let source = io::Error::new(io::ErrorKind::InvalidInput, what);
    InputError { path: "-".into(), source }
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    let bytes = input::load(path, MOST)?.context("the text is too long")?;
    String::from_utf8(bytes).context("the text is not UTF-8")
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)
}

const MOST: u64 = 64 << 10;
