//! `sluse keys`: the certificates of recipients.

use std::path::Path;

use anyhow::Context;
use jiff::Timestamp;
use serde_json::json;

use super::{
    Exit,
    args::{Format, KeysCommand},
    input,
    output::{Output, Tint},
    person_name,
};
use crate::{
    model::{Act, Address, Event, KeyTrouble},
    protect::{Ground, Listed, ProtectError, Protector},
    store::{Change, Store, StoreError},
};

/// What `sluse keys` works on.
pub struct Certificates<'a> {
    /// The certificates.
    pub protector: &'a Protector,
    /// The audit log.
    pub store: &'a Store,
    /// The time.
    pub now: Timestamp,
}

/// Runs `sluse keys`.
///
/// # Errors
///
/// A file cannot be read or holds no certificates, the folder cannot be
/// written, or the output fails.
pub async fn run(
    command: &KeysCommand,
    format: Format,
    certificates: &Certificates<'_>,
) -> anyhow::Result<Exit> {
    match command {
        KeysCommand::Import { files, pin } => {
            for file in files {
                certificates.import(file, pin.as_ref(), format).await?;
            }
            Ok(Exit::Ok)
        }
        KeysCommand::List => certificates.list(format),
        KeysCommand::Lookup { address } => certificates.lookup(address, format),
        KeysCommand::Remove { fingerprint } => certificates.remove(fingerprint, format).await,
    }
}

impl Certificates<'_> {
    async fn import(
        &self,
        file: &Path,
        pin: Option<&Address>,
        format: Format,
    ) -> anyhow::Result<()> {
        let Some(bytes) = input::load(file, MOST)? else {
            anyhow::bail!(ProtectError::TooBig(usize::try_from(MOST)?));
        };
        let imported = self.protector.import(&bytes, pin);
        let imported = imported.with_context(|| file.display().to_string())?;
        let mut output = Output::new();
        for certificate in &imported {
            let state = certificate.state.as_str();
            let facts = json!({
                "fingerprint": certificate.fingerprint,
                "pinned": pin.is_some(),
                "state": state,
            });
            self.record(Act::KeyImported, facts).await?;
            let addresses = names(&certificate.addresses);
            match format {
                Format::Json => output.json(&json!({
                    "fingerprint": certificate.fingerprint,
                    "addresses": addresses,
                    "state": state,
                }))?,
                Format::Text => output.line(format!(
                    "{}  {state:9}  {}",
                    certificate.fingerprint,
                    addresses.join(", ")
                ))?,
            }
        }
        Ok(())
    }

    fn list(&self, format: Format) -> anyhow::Result<Exit> {
        let mut output = Output::new();
        for certificate in self.protector.list(self.now) {
            print(&mut output, format, &certificate)?;
        }
        Ok(Exit::Ok)
    }

    fn lookup(&self, address: &Address, format: Format) -> anyhow::Result<Exit> {
        let found = self.protector.lookup(address, self.now);
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

    async fn remove(&self, fingerprint: &str, format: Format) -> anyhow::Result<Exit> {
        self.protector.remove(fingerprint)?;
        // As the other rows of the log name it.
        let name: String = fingerprint.split_whitespace().collect();
        let name = name.to_ascii_uppercase();
        self.record(Act::KeyRemoved, json!({ "fingerprint": name })).await?;
        let mut output = Output::new();
        match format {
            Format::Json => output.json(&json!({ "fingerprint": name, "state": "removed" }))?,
            Format::Text => output.line(format!("{name}  removed"))?,
        }
        Ok(Exit::Ok)
    }

    async fn record(&self, act: Act, facts: serde_json::Value) -> Result<(), StoreError> {
        let event = Event { event: None, actor: person_name(None), act, facts };
        self.store.commit(Change { events: vec![event], ..Change::default() }).await?;
        Ok(())
    }
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

/// Bytes of one import; a keyring may have fewer.
const MOST: u64 = 64 << 20;
