//! What a person is handed: everything that is kept about them, in a form that
//! other programs can read, with the originals, with whom it went to, and with
//! who has seen it.

use std::io::{Cursor, Write};

use serde_json::{Value, json};
use zip::{ZipWriter, result::ZipError, write::SimpleFileOptions};

use super::{Dossier, Gate, Traces};
use crate::{
    model::{Act, Reviewer},
    store::{AuditRow, OutboxItem},
};

impl Gate {
    /// The manifest of a package.
    pub fn manifest(&self, traces: &Traces, dossiers: &[Dossier], by: &Reviewer) -> Value {
        json!({
            "schema": 1,
            "at": self.now().to_string(),
            "by": by.name(),
            "purpose": by.purpose(),
            "person": traces.person,
            "unread": traces.unread,
            "messages": dossiers.iter().map(told).collect::<Vec<_>>(),
            "disclosures": dossiers.iter().flat_map(disclosures).collect::<Vec<_>>(),
            "seen_by": dossiers.iter().flat_map(sights).collect::<Vec<_>>(),
        })
    }

    /// The package as a ZIP file: `subject.json`, and each original as `ID.eml`.
    ///
    /// # Errors
    ///
    /// The package is too big for a ZIP file.
    pub fn package(
        &self,
        traces: &Traces,
        dossiers: &[Dossier],
        by: &Reviewer,
    ) -> Result<Vec<u8>, ZipError> {
        let manifest = self.manifest(traces, dossiers, by);
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().unix_permissions(0o600);
        zip.start_file(MANIFEST, options)?;
        zip.write_all(&serde_json::to_vec_pretty(&manifest).unwrap_or_default())?;
        for (id, raw) in dossiers.iter().flat_map(|dossier| &dossier.originals) {
            zip.start_file(format!("{id}.eml"), options)?;
            zip.write_all(raw)?;
        }
        Ok(zip.finish()?.into_inner())
    }
}

/// The name of the manifest in a package.
pub const MANIFEST: &str = "subject.json";

fn told(dossier: &Dossier) -> Value {
    let files: Vec<String> = dossier.originals.iter().map(|(id, _)| format!("{id}.eml")).collect();
    json!({ "message": dossier.trace, "originals": files, "history": dossier.history })
}

/// To whom a message went: what the gate sent of it, recipient by recipient.
fn disclosures(dossier: &Dossier) -> Vec<Value> {
    let of = |item: &OutboxItem| {
        let each = |recipient: &crate::store::OutboxRecipient| {
            json!({
                "event": item.event, "recipient": recipient.recipient,
                "state": recipient.state, "as": item.purpose, "queued_at": item.queued_at.to_string(),
            })
        };
        item.recipients.iter().map(each).collect::<Vec<_>>()
    };
    dossier.trace.disclosed().flat_map(of).collect()
}

/// Who has seen a message, or had a copy of it.
fn sights(dossier: &Dossier) -> Vec<Value> {
    let seen = |row: &&AuditRow| SIGHTS.iter().any(|act| act.as_str() == row.act);
    let tell = |row: &AuditRow| {
        json!({
            "event": row.event, "at": row.at.to_string(), "who": row.actor, "act": row.act,
            "purpose": row.facts["purpose"],
        })
    };
    dossier.history.iter().filter(seen).map(tell).collect()
}

const SIGHTS: [Act; 3] = [Act::Exported, Act::Revealed, Act::Viewed];
