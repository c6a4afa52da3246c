//! `sluse check-config`: everything that can be known before the service runs.

use std::{path::Path, process::Command};

use anyhow::Context;
use serde_json::json;

use super::{config::Config, open};
use crate::{
    cli::{
        Exit,
        args::Format,
        output::{Output, Tint},
    },
    gate::Rulebook,
    worker::{Engine, look_for_ocr},
};

/// Checks settings, rules and policy, and looks at how Postfix is set.
pub(super) async fn run(path: &Path, format: Format) -> anyhow::Result<Exit> {
    let mut output = Output::new();
    let (config, book) = match load(path).await {
        Ok(loaded) => loaded,
        Err(error) => {
            if format == Format::Json {
                output.json(&json!({
                    "file": path.display().to_string(),
                    "ok": false,
                    "error": format!("{error:#}"),
                }))?;
            }
            return Err(error);
        }
    };
    let mut warnings = config.warnings();
    warnings.extend(postfix_warnings(postconf));
    match format {
        Format::Json => output.json(&json!({
            "file": path.display().to_string(),
            "ok": true,
            "packs": book.rules.packs(),
            "warnings": warnings,
        }))?,
        Format::Text => {
            for warning in &warnings {
                let word = output.tinted("warning", Tint::Doubt);
                output.line(format!("{word}: {warning}"))?;
            }
            let packs =
                book.rules.packs().iter().map(|pack| format!("{} {}", pack.id, pack.version));
            let packs: Vec<String> = packs.collect();
            let word = output.tinted("ok", Tint::Good);
            output.line(format!("{}: {word}, rule packs: {}", path.display(), packs.join(", ")))?;
        }
    }
    Ok(Exit::Ok)
}

async fn load(path: &Path) -> anyhow::Result<(Config, Rulebook)> {
    let config = Config::load(path)?;
    if config.extract.ocr == Engine::Tesseract {
        look_for_ocr(&config.extract).context("[extract] ocr is \"tesseract\"")?;
    }
    if let Some(smtp) = &config.smtp {
        smtp.check_files().context("[smtp]")?;
    }
    open::hop(&config)?;
    open::providers(&config)?;
    let workers = open::workers(&config)?;
    let book = open::rulebook(&config, &workers).await;
    workers.stop().await;
    Ok((config, book?))
}

/// What is unsafe about how the local Postfix is set. `ask` gives the value of
/// a parameter, or nothing when there is no Postfix.
fn postfix_warnings(ask: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut warnings = Vec::new();
    let uses_us = ask("smtpd_milters").is_some_and(|milters| !milters.is_empty());
    if !uses_us {
        return warnings;
    }
    // With `accept` everything passes unread while we are down.
    if let Some(action) = ask("milter_default_action")
        && action != "tempfail"
        && action != "shutdown"
    {
        warnings.push(format!(
            "postfix: milter_default_action = {action} lets mail pass unread when Sluse is \
                 down; set it to tempfail"
        ));
    }
    // SMTP smuggling (CVE-2023-51764): Postfix 3.7 is open unless both are set.
    if let Some(newline) = ask("smtpd_forbid_bare_newline") {
        if newline == "no" {
            warnings.push(
                "postfix: smtpd_forbid_bare_newline = no allows SMTP smuggling; set it to \
                 normalize"
                    .to_owned(),
            );
        } else if ask("smtpd_forbid_bare_newline_exclusions").is_some_and(|nets| !nets.is_empty()) {
            warnings.push(
                "postfix: smtpd_forbid_bare_newline_exclusions leaves SMTP smuggling open from \
                 the networks it names; empty it"
                    .to_owned(),
            );
        }
    }
    warnings
}

fn postconf(parameter: &str) -> Option<String> {
    let output = Command::new("postconf").args(["-h", "-x", parameter]).output().ok()?;
    let value = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(settings: &[(&str, &str)]) -> Vec<String> {
        postfix_warnings(|name| {
            let found = settings.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_postfix_that_is_open_is_told() {
        let told = warnings(&[
            ("smtpd_milters", "unix:/run/sluse/milter.sock"),
            ("milter_default_action", "accept"),
            ("smtpd_forbid_bare_newline", "no"),
        ]);
        assert_eq!(told.len(), 2);
        assert!(told[0].contains("milter_default_action = accept"), "{told:?}");
        assert!(told[1].contains("smuggling"), "{told:?}");
    }

    #[test]
    fn a_postfix_that_is_right_or_absent_is_not() {
        let right = [
            ("smtpd_milters", "unix:/run/sluse/milter.sock"),
            ("milter_default_action", "tempfail"),
            ("smtpd_forbid_bare_newline", "normalize"),
            ("smtpd_forbid_bare_newline_exclusions", ""),
        ];
        assert_eq!(warnings(&right), Vec::<String>::new());
        assert_eq!(warnings(&[]), Vec::<String>::new());
    }
}
