//! `sluse audit`: proves, signs and prints the audit log.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
};

use anyhow::{Context, bail};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Exit, InputError,
    args::{AuditCommand, ExportArguments, ExportAs, ExportBound, Format, VerifyArguments},
    output::{Output, Tint, remark},
    reader_of_log,
};
use crate::{
    model::Reviewer,
    store::{AuditReport, AuditRow, CSV_HEAD, Checkpoint, ExportReport, Inspector, Store},
};

/// Runs `sluse audit`.
///
/// # Errors
///
/// The store failed, a file cannot be read, or the output cannot be written.
pub async fn run(
    command: &AuditCommand,
    format: Format,
    store: &Store,
    now: Timestamp,
) -> anyhow::Result<Exit> {
    match command {
        AuditCommand::Evidence(command) => evidence(command, store).await,
        AuditCommand::Export(command) => export(command, store).await,
        AuditCommand::Key => key(format, store),
        AuditCommand::Sign => sign(format, store, now).await,
        AuditCommand::Verify(command) => match &command.file {
            Some(file) => verify_file(file, command, format, Some(store)).await,
            None => verify(command, format, store).await,
        },
    }
}

/// Runs `sluse audit verify FILE --key KEY`, which needs no store.
///
/// # Errors
///
/// The file cannot be read or the output cannot be written.
pub async fn verify_apart(command: &VerifyArguments, format: Format) -> anyhow::Result<Exit> {
    match &command.file {
        Some(file) => verify_file(file, command, format, None).await,
        None => bail!("no file to verify"),
    }
}

/// Prints rows, and writes into the log that they were handed out.
async fn export(command: &ExportArguments, store: &Store) -> anyhow::Result<Exit> {
    let by = reader_of_log(&command.person, "exported on the command line")?;
    let end = note_export(store, &by, command, "audit log").await?;
    let mut output = Output::new();
    if command.kind == ExportAs::Csv {
        output.line(CSV_HEAD)?;
    }
    each_row(store, command, end, |row| {
        match command.kind {
            ExportAs::Csv => output.line(row.csv())?,
            ExportAs::Jsonl => output.json(row)?,
        }
        Ok(())
    })
    .await?;
    Ok(Exit::Ok)
}

/// Prints what the log says about deletions and legal holds, with what proves
/// it.
async fn evidence(command: &ExportArguments, store: &Store) -> anyhow::Result<Exit> {
    let by = reader_of_log(&command.person, "evidence of deletion, on the command line")?;
    let end = note_export(store, &by, command, "evidence of deletion").await?;
    let mut rows: Vec<AuditRow> = Vec::new();
    each_row(store, command, end, |row| {
        if row.is_evidence() {
            rows.push(row.clone());
        }
        Ok(())
    })
    .await?;
    let signed = match rows.last() {
        Some(last) => store.checkpoint_over(last.seq).await?,
        None => None,
    };
    let mut output = Output::new();
    match command.kind {
        ExportAs::Csv => {
            output.line(CSV_HEAD)?;
            for row in &rows {
                output.line(row.csv())?;
            }
        }
        ExportAs::Jsonl => {
            for row in &rows {
                output.json(row)?;
            }
            // What proves the last row proves all before it.
            output.json(&json!({ "checkpoint": signed, "key": store.audit_key() }))?;
        }
    }
    if signed.is_none() && !rows.is_empty() {
        remark("the last rows are not signed yet; run: sluse audit sign");
    }
    Ok(Exit::Ok)
}

/// Writes that somebody takes a copy. Returns the first row that is not part of
/// it. A log that is broken takes no rows, and must be readable all the same.
async fn note_export(
    store: &Store,
    by: &Reviewer,
    command: &ExportArguments,
    what: &str,
) -> anyhow::Result<i64> {
    let bound = |bound: &Option<ExportBound>| bound.as_ref().map(ToString::to_string);
    let end = store.note_export(by, what, (bound(&command.from), bound(&command.to))).await?;
    if end.is_none() {
        remark("the audit log is broken: this export is not written down in it");
    }
    Ok(end.unwrap_or(i64::MAX))
}

/// Calls `take` with each row within the bounds and before `end`.
async fn each_row(
    store: &Store,
    command: &ExportArguments,
    end: i64,
    mut take: impl FnMut(&AuditRow) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut next = match &command.from {
        Some(ExportBound::Row(row)) => *row,
        Some(ExportBound::Time(_)) | None => 1,
    };
    loop {
        let rows = store.audit_page(next, PAGE).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        next = last.seq + 1;
        for row in &rows {
            if row.seq >= end || command.to.as_ref().is_some_and(|to| to.is_before(row)) {
                return Ok(());
            }
            if !command.from.as_ref().is_some_and(|from| from.is_after(row)) {
                take(row)?;
            }
        }
    }
}

fn key(format: Format, store: &Store) -> anyhow::Result<Exit> {
    let mut output = Output::new();
    match format {
        Format::Json => output.json(&json!({ "key": store.audit_key() }))?,
        Format::Text => output.line(store.audit_key())?,
    }
    Ok(Exit::Ok)
}

/// Signs now, and not only when the day is over.
async fn sign(format: Format, store: &Store, now: Timestamp) -> anyhow::Result<Exit> {
    let signed = store.sign_audit(now).await?;
    let last = if signed.is_some() { signed.clone() } else { store.last_checkpoint().await? };
    let mut output = Output::new();
    match (format, last) {
        (Format::Json, last) => output.json(&last)?,
        (Format::Text, Some(last)) => {
            let word = if signed.is_some() { "signed" } else { "nothing new, signed before" };
            output.line(format!("{word}: up to row {}, {}", last.row, last.at))?;
        }
        (Format::Text, None) => output.line("nothing to sign")?,
    }
    Ok(Exit::Ok)
}

async fn verify(command: &VerifyArguments, format: Format, store: &Store) -> anyhow::Result<Exit> {
    let kept = command.checkpoint.as_deref().map(checkpoints).transpose()?.unwrap_or_default();
    let own = store.audit_key();
    if let Some(point) = kept.iter().find(|point| !point.is_signed_by(&own)) {
        bail!("the checkpoint of row {} was not signed by this store", point.row);
    }
    let report = store.audit_verify_with(&kept).await?;
    let mut output = Output::new();
    let exit = if report.first_bad.is_some() { Exit::Negative } else { Exit::Ok };
    match (format, &report.first_bad) {
        (Format::Json, bad) => output.json(&json!({
            "ok": bad.is_none(),
            "rows": report.rows,
            "first": report.first,
            "checkpoints": report.checkpoints,
            "signed_to": report.signed_to,
            "first_bad": bad.as_ref().map(|bad| json!({ "row": bad.seq, "why": bad.why })),
        }))?,
        (Format::Text, None) => output.line(holds(&output, &report))?,
        (Format::Text, Some(bad)) => {
            let word = output.tinted("broken", Tint::Bad);
            output.line(format!("{word}: row {}: {}", bad.seq, bad.why))?;
        }
    }
    Ok(exit)
}

fn holds(output: &Output, report: &AuditReport) -> String {
    let word = output.tinted("ok", Tint::Good);
    let number = report.rows + 1 - report.first;
    let mut text = format!("{word}: {number} rows, none altered, removed or put in");
    if report.first > 1 {
        text.push_str(&format!("; rows before {} are gone, their time was over", report.first));
    }
    if let Some(row) = report.signed_to {
        text.push_str(&format!("; {} checkpoints, the last of row {row}", report.checkpoints));
    }
    text
}

async fn verify_file(
    file: &Path,
    command: &VerifyArguments,
    format: Format,
    store: Option<&Store>,
) -> anyhow::Result<Exit> {
    let mut inspector = command.key.as_deref().map(Inspector::with_public_key).transpose()?;
    let unread = |source| InputError { path: file.to_owned(), source };
    let opened = fs::File::open(file).map_err(unread)?;
    for (line, number) in BufReader::new(opened).lines().zip(1..) {
        let line = line.map_err(unread)?;
        let row: AuditRow = serde_json::from_str(&line)
            .with_context(|| format!("{}:{number}: not a row of the audit log", file.display()))?;
        let inspector = match (&mut inspector, store) {
            (Some(inspector), _) => inspector,
            (none, Some(store)) => none.insert(store.inspector(row.seq).await?),
            (None, None) => bail!("--key is needed where there is no store"),
        };
        inspector.take(&row);
    }
    let report = inspector.map(Inspector::end).unwrap_or_default();
    tell_file(&report, format)?;
    Ok(if report.first_bad.is_some() { Exit::Negative } else { Exit::Ok })
}

fn tell_file(report: &ExportReport, format: Format) -> anyhow::Result<()> {
    let mut output = Output::new();
    match (format, &report.first_bad) {
        (Format::Json, bad) => output.json(&json!({
            "ok": bad.is_none(),
            "rows": report.rows,
            "checkpoints": report.checkpoints,
            "proven": report.proven,
            "first_bad": bad.as_ref().map(|bad| json!({ "row": bad.seq, "why": bad.why })),
        }))?,
        (Format::Text, None) => {
            let word = output.tinted("ok", Tint::Good);
            let proven = match report.proven {
                Some((first, last)) => format!("checkpoints prove rows {first} to {last}"),
                None => "no checkpoint proves any".to_owned(),
            };
            output.line(format!("{word}: {} rows; {proven}", report.rows))?;
        }
        (Format::Text, Some(bad)) => {
            let word = output.tinted("broken", Tint::Bad);
            output.line(format!("{word}: row {}: {}", bad.seq, bad.why))?;
        }
    }
    Ok(())
}

/// Checkpoints from a file: one JSON object a line, alone, in a row of the
/// audit log, or in a line of the service log.
fn checkpoints(file: &Path) -> anyhow::Result<Vec<Checkpoint>> {
    let unread = |source| InputError { path: file.to_owned(), source };
    let text = fs::read_to_string(file).map_err(unread)?;
    let mut found = Vec::new();
    for line in text.lines() {
        let value = line.find('{').map_or(Value::Null, |at| first_value(&line[at..]));
        // In the JSON form of the log it is a text in a field.
        let logged = value["fields"]["checkpoint"].as_str().or(value["checkpoint"].as_str());
        let logged = logged.map_or(Value::Null, first_value);
        let places = [&value, &value["facts"], &value["checkpoint"], &logged];
        found.extend(places.iter().find_map(|place| Checkpoint::deserialize(*place).ok()));
    }
    if found.is_empty() {
        bail!("{} holds no checkpoint", file.display());
    }
    Ok(found)
}

fn first_value(text: &str) -> Value {
    let mut values = serde_json::Deserializer::from_str(text).into_iter();
    values.next().and_then(Result::ok).unwrap_or_default()
}

const PAGE: u32 = 1000;
