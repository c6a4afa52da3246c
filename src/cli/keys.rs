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
    protect::{Ground, Listed, ProtectError},
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
        let facts = json!({
            "fingerprint": certificate.fingerprint,
            "pinned": pin.is_some(),
            "state": certificate.state.as_str(),
        });
        let actor = person_name(None);
        gate.record(Event { event: None, actor, act: Act::KeyImported, facts }).await?;
        let addresses = names(&certificate.addresses);
        match format {
            Format::Json => output.json(&json!({
                "fingerprint": certificate.fingerprint,
                "addresses": addresses,
                "state": certificate.state.as_str(),
            }))?,
            Format::Text => output.line(format!(
                "{}  {:9}  {}",
                certificate.fingerprint,
                certificate.state.as_str(),
                addresses.join(", ")
            ))?,
        }
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
    let state = found.as_ref().map_or(Err(KeyTrouble::KeyAbsent), |found| found.state);
    let mut output = Output::new();
    match (format, &found) {
        (Format::Json, _) => output.json(&json!({
            "address": address,
            "fingerprint": found.as_ref().map(|found| &found.fingerprint),
            "usable": state.is_ok(),
            "reason": state.err().map(KeyTrouble::as_str),
        }))?,
        (Format::Text, Some(found)) => print(&mut output, format, found)?,
        (Format::Text, None) => {
            let word = output.tinted(KeyTrouble::KeyAbsent.as_str(), Tint::Bad);
            output.line(format!("{address}: {word}"))?;
        }
    }
    Ok(if state.is_ok() { Exit::Ok } else { Exit::Negative })
}

async fn remove(fingerprint: &str, gate: &Gate) -> anyhow::Result<Exit> {
    match gate.protector().remove(fingerprint) {
        Err(error @ ProtectError::UnknownCertificate(_)) => {
            eprintln!("sluse: {error}");
            return Ok(Exit::Negative);
        }
        other => other?,
    }
    let facts = json!({ "fingerprint": fingerprint });
    let actor = person_name(None);
    gate.record(Event { event: None, actor, act: Act::KeyRemoved, facts }).await?;
    Ok(Exit::Ok)
}

fn print(output: &mut Output, format: Format, certificate: &Listed) -> std::io::Result<()> {
    let addresses = names(&certificate.addresses);
    let expires = certificate.expires_at.map(|time| time.to_string());
    if format == Format::Json {
        return output.json(&json!({
            "fingerprint": certificate.fingerprint,
            "addresses": addresses,
            "algorithm": certificate.algorithm,
            "expires_at": expires,
            "usable": certificate.state.is_ok(),
            "reason": certificate.state.err().map(KeyTrouble::as_str),
        }));
    }
    let state = match certificate.state {
        Ok(()) => output.tinted("usable", Tint::Good),
        Err(trouble) => output.tinted(trouble.as_str(), Tint::Bad),
    };
    output.line(format!(
        "{}  {state}  {}  expires {}  {}",
        certificate.fingerprint,
        certificate.algorithm,
        expires.as_deref().unwrap_or("never"),
        addresses.join(", ")
    ))
}

fn names(addresses: &[(Address, Ground)]) -> Vec<&str> {
    addresses.iter().map(|(address, _)| address.as_str()).collect()
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    fs::read(file)
}
