//! `sluse audit`: proves and prints the audit log.

use serde_json::json;

use super::{
    Exit,
    args::{AuditCommand, Format},
    output::{Output, Tint},
};
use crate::store::Store;

/// Runs `sluse audit`.
///
/// # Errors
///
/// The store failed or the output cannot be written.
pub async fn run(command: &AuditCommand, format: Format, store: &Store) -> anyhow::Result<Exit> {
    match command {
        AuditCommand::Export { from } => export(*from, store).await,
        AuditCommand::Verify => verify(format, store).await,
    }
}

/// Always JSON lines: this is what auditors load elsewhere.
async fn export(from: i64, store: &Store) -> anyhow::Result<Exit> {
    let mut output = Output::new();
    let mut next = from;
    loop {
        let rows = store.audit_page(next, PAGE).await?;
        let Some(last) = rows.last() else { return Ok(Exit::Ok) };
        next = last.seq + 1;
        for row in &rows {
            output.json(row)?;
        }
    }
}

async fn verify(format: Format, store: &Store) -> anyhow::Result<Exit> {
    let report = store.audit_verify().await?;
    let mut output = Output::new();
    let exit = if report.first_bad.is_some() { Exit::Negative } else { Exit::Ok };
    match (format, &report.first_bad) {
        (Format::Json, bad) => output.json(&json!({
            "ok": bad.is_none(),
            "rows": report.rows,
            "first_bad": bad.as_ref().map(|bad| json!({ "row": bad.seq, "why": bad.why })),
        }))?,
        (Format::Text, None) => {
            let word = output.tinted("ok", Tint::Good);
            output
                .line(format!("{word}: {} rows, none altered, removed or put in", report.rows))?;
        }
        (Format::Text, Some(bad)) => {
            let word = output.tinted("broken", Tint::Bad);
            output.line(format!("{word}: row {}: {}", bad.seq, bad.why))?;
        }
    }
    Ok(exit)
}

const PAGE: u32 = 1000;
