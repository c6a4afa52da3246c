//! `sluse explain`: which route, which findings, which words, which keys.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    Exit,
    args::{ExplainArguments, Format},
    input,
    output::{Output, remark},
    scan::describe,
};
use crate::{
    gate::{Decision, Gate, Questions},
    model::{Channel, Envelope, Finding, Offer, Raw, Ruling, Verdict},
};

/// Runs `sluse explain`.
///
/// # Errors
///
/// The message cannot be read, the store failed, or the output fails.
pub async fn run(
    arguments: &ExplainArguments,
    format: Format,
    gate: &Gate,
) -> anyhow::Result<Exit> {
    if let Some(event) = arguments.event() {
        let history = gate.store().event_audit(event).await?;
        let mut output = Output::new();
        if history.is_empty() {
            remark(format_args!("no event {event}"));
            return Ok(Exit::Negative);
        }
        for row in history {
            match format {
                Format::Json => output.json(&row)?,
                Format::Text => {
                    let facts = serde_json::to_string_pretty(&row.facts)?;
                    output.line(format!("{} {} {}\n{facts}", row.at, row.actor, row.act))?;
                }
            }
        }
        return Ok(Exit::Ok);
    }
    if arguments.to.is_empty() {
        remark("explain needs at least one recipient: --to ADDRESS");
        return Ok(Exit::Usage);
    }
    let path = Path::new(&arguments.subject);
    let limit = gate.book().settings.limits.message_bytes;
    let Some(raw) = input::load(path, limit)? else {
        remark(format_args!("{} is over [limits] message_bytes = {limit}", path.display()));
        return Ok(Exit::Negative);
    };
    let raw: Raw = raw.into();
    let envelope = Envelope { sender: arguments.from.clone(), recipients: arguments.to.clone() };
    let decision = gate.consider(Questions { envelope, channel: channel(gate), raw }).await?;
    let mut output = Output::new();
    match format {
        Format::Json => output.json(&to_json(&decision))?,
        Format::Text => print(&mut output, &decision)?,
    }
    let passes = decision.rulings.iter().all(|ruling| ruling.verdict == Verdict::Deliver);
    Ok(if passes { Exit::Ok } else { Exit::Negative })
}

/// Explains what the milter would do.
fn channel(gate: &Gate) -> Channel {
    Channel { answers_each: false, passes_some: true, reinjects: gate.can_send(), replaces: true }
}

fn to_json(decision: &Decision) -> Value {
    let ruling = |ruling: &Ruling| {
        json!({
            "recipients": ruling.recipients,
            "verdict": ruling.verdict.as_str(),
            "method": match ruling.verdict {
                Verdict::Protect(method) => Some(method.as_str()),
                Verdict::Defer | Verdict::Deliver | Verdict::Hold | Verdict::Refuse => None,
            },
            "route": ruling.route,
            "reasons": ruling.reasons.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    };
    let offer = |offer: &Offer| {
        json!({
            "recipient": offer.recipient,
            "method": offer.method.as_str(),
            "key": offer.key.as_ref().ok(),
            "reason": offer.key.as_ref().err().map(|trouble| trouble.as_str()),
        })
    };
    json!({
        "rulings": decision.rulings.iter().map(ruling).collect::<Vec<_>>(),
        "findings": decision.reading.findings,
        "gaps": decision.reading.gaps.iter().map(|gap| json!({
            "kind": gap.kind.as_str(),
            "path": gap.path,
            "proof": gap.kind.proof().map(|proof| proof.as_str()),
        })).collect::<Vec<_>>(),
        "keys": decision.offers.iter().map(offer).collect::<Vec<_>>(),
        "persons": decision.reading.persons(),
    })
}

fn print(output: &mut Output, decision: &Decision) -> std::io::Result<()> {
    for ruling in &decision.rulings {
        let recipients: Vec<&str> = ruling.recipients.iter().map(|to| to.as_str()).collect();
        let method = match ruling.verdict {
            Verdict::Protect(method) => format!(" by {method}"),
            Verdict::Defer | Verdict::Deliver | Verdict::Hold | Verdict::Refuse => String::new(),
        };
        output.line(format!("{}: {}{method}", recipients.join(", "), ruling.verdict))?;
        output.line(format!("  route:   {}", ruling.route))?;
        for reason in &ruling.reasons {
            output.line(format!("  because: {reason}"))?;
        }
    }
    for finding in &decision.reading.findings {
        output.line(format!("found: {}", describe(finding)))?;
        output.line(format!("  {}", weight(finding)))?;
    }
    for gap in &decision.reading.gaps {
        output.line(format!("not read: {}, {}", gap.kind.as_str(), gap.path))?;
    }
    for offer in &decision.offers {
        let key = match &offer.key {
            Ok(key) => key.as_str(),
            Err(trouble) => trouble.as_str(),
        };
        output.line(format!("key: {} {}: {key}", offer.recipient, offer.method))?;
    }
    Ok(())
}

/// The score and the words that counted.
fn weight(finding: &Finding) -> String {
    if finding.words.is_empty() {
        return format!("score {}, no words", finding.score);
    }
    format!("score {}, words: {}", finding.score, finding.words.join(", "))
}
