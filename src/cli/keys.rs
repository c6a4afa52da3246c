//! `sluse keys`: the certificates of recipients.

use std::{fs, io::Read, path::Path};

use anyhow::Context;
use serde_json::json;

use super::{
    Exit,
    args::{Format, KeysCommand},
    output::{Output, Tint},
    person_name,
};
use crate::{
    gate::Gate,
    model::{Act, Address, Event, KeyTrouble},
};

/// Runs `sluse keys`.
///
/// # Errors
///
/// A file cannot be read, the folder cannot be written, or the output fails.
pub async fn run(command: &KeysCommand, format: Format, gate: &Gate) -> anyhow::Result<Exit> {
    match command {
        KeysCommand::Import { files, pin } => {
            let mut exit = Exit::Ok;
            for file in files {
                exit = exit.max(import(file, pin.as_ref(), format, gate).await?);
            }
            Ok(exit)
        }
        KeysCommand::List => list(format, gate),
        KeysCommand::Lookup { address } => lookup(address, format, gate),
        KeysCommand::Remove { fingerprint } => remove(fingerprint, gate).await,
    }
}

async fn import(
    file: &Path,
    pin: Option<&Address>,
    format: Format,
    gate: &Gate,
) -> anyhow::Result<Exit> {
    let bytes = read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let imported = gate.protector().import(&bytes, pin);
    let imported = imported.with_context(|| file.display().to_string())?;
    let mut output = Output::new();
    for certificate in &imported {
        let facts = json!({ "fingerprint": certificate.fingerprint, "pinned": pin.is_some() });
        let actor = person_name(None);
        let event = Event { event: None, actor, act: Act::KeyImported, facts };
        gate.record(event).await?;
        print(&mut output, format, certificate)?;
    }
    Ok(Exit::Ok)
}

fn list(format: Format, gate: &Gate) -> anyhow::Result<Exit> {
    let mut output = Output::new();
    for certificate in gate.protector().list(gate.now()) {
        print(&mut output, format, &certificate)?;
    }
    Ok(Exit::Ok)
}

fn lookup(address: &Address, format: Format, gate: &Gate) -> anyhow::Result<Exit> {
    let found = gate.protector().lookup(address, gate.now());
    let mut output = Output::new();
    let reason = found.as_ref().err().map(|trouble| trouble.as_str());
    match (format, &found) {
        (Format::Json, _) => output.json(&json!({
            "address": address,
            "fingerprint": found.as_ref().ok(),
            "reason": reason,
        }))?,
        (Format::Text, Ok(fingerprint)) => output.line(fingerprint)?,
        (Format::Text, Err(trouble)) => {
            let word = output.tinted(trouble.as_str(), Tint::Bad);
            output.line(format!("{address}: {word}"))?;
        }
    }
    Ok(if found.is_ok() { Exit::Ok } else { Exit::Negative })
}

async fn remove(fingerprint: &str, gate: &Gate) -> anyhow::Result<Exit> {
    let fingerprint = fingerprint.replace(' ', "").to_uppercase();
    if !gate.protector().remove(&fingerprint)? {
        eprintln!("sluse: no certificate {fingerprint}");
        return Ok(Exit::Negative);
    }
    let facts = json!({ "fingerprint": fingerprint });
    let event = Event { event: None, actor: person_name(None), act: Act::KeyRemoved, facts };
    gate.record(event).await?;
    Ok(Exit::Ok)
}
