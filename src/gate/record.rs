//! What is written down of a decision: the audit row, the log line and the
//! counters. None of them holds content, a value or an address.

use std::time::Instant;

use serde_json::{Value, json};
use tracing::info;

use super::{Decision, Gate, GateError, Rulebook};
use crate::{
    base::measure,
    model::{Act, Direction, Event, Finding, Gap, Ruling, Submission, Verdict},
    policy::Mode,
    store::Change,
};

/// What the audit log keeps of a decision. The same for the same message and
/// rulebook, which is how the store tells a retry.
pub(super) fn facts(
    book: &Rulebook,
    submission: &Submission,
    decision: &Decision,
    direction: Direction,
) -> Value {
    let Decision { reading, rulings, .. } = decision;
    json!({
        "direction": direction,
        "size": submission.raw.len(),
        "monitor": book.settings.gateway.mode == Mode::Monitor,
        "rulings": rulings.iter().map(ruling_facts).collect::<Vec<_>>(),
        "findings": reading.findings.iter().take(MOST).map(finding_facts).collect::<Vec<_>>(),
        "gaps": reading.gaps.iter().take(MOST).map(gap_facts).collect::<Vec<_>>(),
        "persons": reading.persons(),
        "packs": book.rules.packs(),
    })
}

impl Gate {
    /// Writes down what becomes of a message that was not read, for all of its
    /// recipients, by the name of what decided.
    pub(super) async fn note_unread(
        &self,
        book: &Rulebook,
        submission: &Submission,
        (verdict, route): (Verdict, &str),
        started: Instant,
    ) -> Result<(), GateError> {
        let recipients = submission.envelope.recipients.clone();
        let ruling = Ruling { recipients, verdict, route: route.into(), reasons: Vec::new() };
        let decision = Decision::unread(ruling);
        let domains = &book.settings.gateway.domains;
        let direction = Direction::of_envelope(&submission.envelope, domains);
        let facts = facts(book, submission, &decision, direction);
        let decided = Event::of_gate(submission.id, Act::Decided, facts);
        self.store.commit(Change { events: vec![decided], ..Change::default() }).await?;
        report(book, submission, &decision, direction, started);
        Ok(())
    }
}

/// The one log line of a decision, and its counters.
pub(super) fn report(
    book: &Rulebook,
    submission: &Submission,
    decision: &Decision,
    direction: Direction,
    started: Instant,
) {
    measure(decision, direction, started);
    let rulings = &decision.rulings;
    let verdicts = rulings.iter().map(|r| format!("{}:{}", r.verdict, r.recipients.len()));
    let mut reasons: Vec<String> =
        rulings.iter().flat_map(|r| r.reasons.iter().map(ToString::to_string)).collect();
    reasons.sort();
    reasons.dedup();
    let routes: Vec<&str> = rulings.iter().map(|r| &*r.route).collect();
    let done = match book.settings.gateway.mode {
        Mode::Enforce => "decided",
        Mode::Monitor => "decided, not done",
    };
    info!(
        event = %submission.id,
        direction = direction.as_str(),
        verdict = verdicts.collect::<Vec<_>>().join(","),
        reasons = reasons.join(","),
        routes = routes.join(","),
        size = submission.raw.len(),
        ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "{done}"
    );
}

fn measure(decision: &Decision, direction: Direction, started: Instant) {
    for ruling in &decision.rulings {
        metrics::counter!(
            measure::MESSAGES,
            "direction" => direction.as_str(),
            "verdict" => ruling.verdict.as_str()
        )
        .increment(1);
    }
    for finding in &decision.reading.findings {
        metrics::counter!(measure::FINDINGS, "rule" => finding.rule.to_string()).increment(1);
    }
    metrics::histogram!(measure::SCAN_SECONDS).record(started.elapsed().as_secs_f64());
}

fn ruling_facts(ruling: &Ruling) -> Value {
    json!({
        "verdict": ruling.verdict.as_str(),
        "recipients": ruling.recipients.len(),
        "route": ruling.route,
        "reasons": ruling.reasons.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn finding_facts(finding: &Finding) -> Value {
    json!({
        "rule": finding.rule,
        "kind": finding.kind,
        "level": finding.level,
        "surface": finding.surface,
        "path": finding.path,
        "masked": finding.masked,
    })
}

fn gap_facts(gap: &Gap) -> Value {
    json!({ "kind": gap.kind.as_str(), "path": gap.path })
}

/// Findings, and gaps, written to the audit log for one message.
const MOST: usize = 20;
