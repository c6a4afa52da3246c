//! Hop 5: from rulings to parcels and durable holds.
//!
//! Everything that a message needs – hold, copies, notice, audit – is one
//! commit. Only after it is durable is there an outcome.

use std::{sync::Arc, time::Instant};

use serde_json::{Value, json};
use tracing::info;

use super::{Answer, Decision, Fate, Gate, GateError, Outcome, Rulebook};
use crate::{
    model::{Act, Direction, Event, Finding, Reply, Ruling, Submission, Verdict},
    notify,
    policy::{Facts, Mode, Parcel},
    store::{Change, NewHold, NewQueued, Purpose},
};

/// What is to be made durable, and what to answer then.
struct Plan {
    change: Change,
    answers: Vec<Answer>,
}

impl Gate {
    pub(super) async fn carry_out(
        &self,
        book: &Arc<Rulebook>,
        submission: &Submission,
        decision: Decision,
        started: Instant,
    ) -> Result<Outcome, GateError> {
        let direction =
            Direction::of_envelope(&submission.envelope, &book.settings.gateway.domains);
        let facts = decision_facts(book, submission, &decision, direction);
        let mut plan = match book.settings.gateway.mode {
            Mode::Enforce => self.enforce(book, submission, &decision, direction).await?,
            Mode::Monitor => monitor(book, submission, &decision)?,
        };
        plan.change.events.insert(0, Event::of_gate(submission.id, Act::Decided, facts));
        measure(&decision, direction);
        let queued = !plan.change.queue.is_empty();
        self.store.commit(plan.change).await?;
        if queued {
            self.mail_waits.notify_one();
        }
        report(book, submission, &decision, direction, started);
        Ok(Outcome { event: Some(submission.id), answers: plan.answers })
    }

    async fn enforce(
        &self,
        book: &Arc<Rulebook>,
        submission: &Submission,
        decision: &Decision,
        direction: Direction,
    ) -> Result<Plan, GateError> {
        let mut plan = Plan { change: Change::default(), answers: Vec::new() };
        let alone = decision.rulings.len() == 1;
        for ruling in &decision.rulings {
            let fate = match ruling.verdict {
                Verdict::Defer => Fate::Deferred(Reply::try_again()),
                Verdict::Deliver => Fate::Delivered(deliver(book, submission, decision, ruling)?),
                Verdict::Hold => {
                    add_hold(book, submission, ruling, direction, &mut plan.change);
                    Fate::Kept
                }
                Verdict::Protect(_) => {
                    self.protect(submission, decision, ruling, &mut plan)?;
                    continue;
                }
                // Beside other verdicts a front-end that answers once cannot
                // say no; the notice below tells the sender instead.
                Verdict::Refuse if !alone && !submission.channel.answers_each => Fate::Kept,
                Verdict::Refuse => Fate::Refused(notify::refusal(
                    submission.id,
                    direction,
                    &ruling.reasons,
                    &book.settings.letterhead,
                )),
            };
            plan.answers.push(Answer { recipients: ruling.recipients.clone(), fate });
        }
        self.add_notice(book, submission, decision, &mut plan.change).await?;
        Ok(plan)
    }

    /// Answers with the protected message where the front-end can put it in
    /// the place of the original, and queues copies where it cannot.
    fn protect(
        &self,
        submission: &Submission,
        decision: &Decision,
        ruling: &Ruling,
        plan: &mut Plan,
    ) -> Result<(), GateError> {
        let channel = submission.channel;
        let only_one = submission.envelope.recipients.len() == 1;
        let in_place = channel.answers_each || (only_one && channel.replaces);
        for recipient in &ruling.recipients {
            let Some(parcel) = decision.sealed.get(recipient).cloned() else { continue };
            let fate = if in_place {
                Fate::Delivered(parcel)
            } else {
                if self.hop.is_none() {
                    return Err(GateError::NoNextHop);
                }
                plan.change.queue.push(NewQueued {
                    event: submission.id,
                    purpose: Purpose::Copy,
                    parcel,
                    limit_key: None,
                });
                Fate::Kept
            };
            plan.answers.push(Answer { recipients: vec![recipient.clone()], fate });
        }
        Ok(())
    }
}

/// Passes the message on as it came. Policy judges it once more for just these
/// recipients, which is what makes the `Cleared`.
fn deliver(
    book: &Rulebook,
    submission: &Submission,
    decision: &Decision,
    ruling: &Ruling,
) -> Result<Parcel, GateError> {
    let envelope = submission.envelope.to(&ruling.recipients);
    let facts = Facts {
        channel: submission.channel,
        domains: &book.settings.gateway.domains,
        envelope: &envelope,
        offers: &decision.offers,
        reading: &decision.reading,
    };
    let cleared = book.policy.clear(&facts).map_err(|against| {
        GateError::NotCleared(against.iter().map(|ruling| ruling.route.to_string()).collect())
    })?;
    Ok(Parcel::new(cleared, envelope.sender, Arc::clone(&submission.raw))?)
}

fn monitor(
    book: &Rulebook,
    submission: &Submission,
    decision: &Decision,
) -> Result<Plan, GateError> {
    let envelope = &submission.envelope;
    let mode = book.settings.gateway.mode;
    let cleared = book.policy.clear_monitored(mode, &decision.reading, envelope);
    let cleared = cleared.ok_or_else(|| GateError::NotCleared("monitor mode is off".to_owned()))?;
    let parcel = Parcel::new(cleared, envelope.sender.clone(), Arc::clone(&submission.raw))?;
    let answer = Answer { recipients: envelope.recipients.clone(), fate: Fate::Delivered(parcel) };
    Ok(Plan { change: Change::default(), answers: vec![answer] })
}

/// All recipients that are held share one held message.
fn add_hold(
    book: &Rulebook,
    submission: &Submission,
    ruling: &Ruling,
    direction: Direction,
    change: &mut Change,
) {
    let reasons = ruling.reasons.iter().map(ToString::to_string);
    if let Some(hold) = change.holds.first_mut() {
        hold.envelope.recipients.extend(ruling.recipients.iter().cloned());
        hold.reasons.extend(reasons);
        hold.reasons.dedup();
        return;
    }
    change.holds.push(NewHold {
        event: submission.id,
        envelope: submission.envelope.to(&ruling.recipients),
        direction,
        reasons: reasons.collect(),
        message_id: super::headers::message_id(&submission.raw),
        raw: Arc::clone(&submission.raw),
        keep_days: book.settings.gateway.keep_days,
    });
}

/// What the audit log keeps of a decision: no content, masked values only.
fn decision_facts(
    book: &Rulebook,
    submission: &Submission,
    decision: &Decision,
    direction: Direction,
) -> Value {
    let ruling = |ruling: &Ruling| {
        json!({
            "verdict": ruling.verdict.as_str(),
            "recipients": ruling.recipients.len(),
            "route": ruling.route,
            "reasons": ruling.reasons.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    };
    let finding = |finding: &Finding| {
        json!({
            "rule": finding.rule,
            "kind": finding.kind,
            "level": finding.level,
            "surface": finding.surface,
            "path": finding.path,
            "masked": finding.masked,
        })
    };
    let findings = decision.reading.findings.iter().take(MAX_FINDINGS).map(finding);
    json!({
        "direction": direction,
        "size": submission.raw.len(),
        "monitor": book.settings.gateway.mode == Mode::Monitor,
        "rulings": decision.rulings.iter().map(ruling).collect::<Vec<_>>(),
        "findings": findings.collect::<Vec<_>>(),
        "persons": decision.reading.persons(),
        "packs": book.rules.packs(),
    })
}

fn measure(decision: &Decision, direction: Direction) {
    for ruling in &decision.rulings {
        metrics::counter!(
            "sluse_messages_total",
            "direction" => direction.as_str(),
            "verdict" => ruling.verdict.as_str()
        )
        .increment(1);
    }
    for finding in &decision.reading.findings {
        metrics::counter!("sluse_findings_total", "rule" => finding.rule.to_string()).increment(1);
    }
}

/// The one log line of a decision. No address, no content.
fn report(
    book: &Rulebook,
    submission: &Submission,
    decision: &Decision,
    direction: Direction,
    started: Instant,
) {
    let join = |items: Vec<String>| items.join(",");
    let verdicts = decision.rulings.iter().map(|r| format!("{}:{}", r.verdict, r.recipients.len()));
    let mut reasons: Vec<String> =
        decision.rulings.iter().flat_map(|r| r.reasons.iter().map(ToString::to_string)).collect();
    reasons.sort();
    reasons.dedup();
    let done = match book.settings.gateway.mode {
        Mode::Enforce => "decided",
        Mode::Monitor => "decided, not done",
    };
    metrics::histogram!("sluse_scan_duration_seconds").record(started.elapsed().as_secs_f64());
    info!(
        event = %submission.id,
        direction = direction.as_str(),
        verdict = join(verdicts.collect()),
        reasons = join(reasons),
        routes = join(decision.rulings.iter().map(|r| r.route.to_string()).collect()),
        size = submission.raw.len(),
        ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "{done}"
    );
}

/// Findings written to the audit log for one message.
const MAX_FINDINGS: usize = 20;
