//! What is written down of a decision: the audit row, the log line and the
//! counters. None of them holds content, a value or an address.

use std::{sync::Arc, time::Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use tracing::info;

use super::{Decision, Gate, GateError, Rulebook};
use crate::{
    base::measure,
    model::{
        Act, Direction, Event, Finding, Gap, GapKind, Level, Masked, PartPath, Proof, Ruling, Span,
        Submission, Surface, Verdict,
    },
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

/// What was found, as the facts of a decision tell it. Places, spans and
/// scores that they do not tell are empty.
pub(super) fn found_in(facts: &Value) -> Found {
    let list = |name: &str| facts[name].as_array().cloned().unwrap_or_default();
    let (findings, gaps) = (list("findings"), list("gaps"));
    let is_cut = findings.len() >= MOST || gaps.len() >= MOST;
    let findings = findings.into_iter().filter_map(|facts| serde_json::from_value(facts).ok());
    let findings = findings.map(FoundFacts::finding).collect();
    let gaps = gaps.into_iter().filter_map(|facts| serde_json::from_value(facts).ok());
    Found { findings, gaps: gaps.filter_map(GapFacts::gap).collect(), is_cut }
}

/// What was found in a message.
pub(super) struct Found {
    pub(super) findings: Vec<Finding>,
    pub(super) gaps: Vec<Gap>,
    /// Whether there may have been more.
    pub(super) is_cut: bool,
}

#[derive(Deserialize)]
struct FoundFacts {
    rule: Arc<str>,
    kind: Arc<str>,
    level: Level,
    surface: Surface,
    path: String,
    masked: Masked,
}

impl FoundFacts {
    fn finding(self) -> Finding {
        let Self { rule, kind, level, surface, path, masked } = self;
        let path = path_of(&path);
        let (span, person, score, words) = (Span { start: 0, end: 0 }, None, 0, Vec::new());
        Finding { rule, kind, level, surface, path, span, masked, person, score, words }
    }
}

#[derive(Deserialize)]
struct GapFacts {
    kind: String,
    path: String,
}

impl GapFacts {
    fn gap(self) -> Option<Gap> {
        let unnamed = || Proof::new("");
        let all = [
            GapKind::Ambiguous,
            GapKind::Broken,
            GapKind::Encrypted(unnamed()),
            GapKind::TimedOut,
            GapKind::TooBig,
            GapKind::TooDeep,
            GapKind::Unknown,
            GapKind::WeakEncryption(unnamed()),
        ];
        let kind = all.into_iter().find(|kind| kind.as_str() == self.kind)?;
        Some(Gap::new(kind, path_of(&self.path)))
    }
}

/// A path as it is written. A name that holds the mark between names becomes
/// two, which only looks different.
fn path_of(text: &str) -> PartPath {
    let mut names = text.split(" > ");
    let root = PartPath::root(names.next().unwrap_or_default());
    names.fold(root, |path, name| path.child(name))
}

/// Findings, and gaps, written to the audit log for one message.
const MOST: usize = 20;
