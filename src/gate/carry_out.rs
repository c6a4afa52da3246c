//! Hop 5: from rulings to parcels and durable holds.
//!
//! Everything that a message needs – hold, copies, notice, audit – is one
//! commit. Only after it is durable is there an outcome. Whoever waits for the
//! outcome may stop waiting at any point: before the commit nothing was done,
//! after it a retry finds everything done.

use std::{sync::Arc, time::Instant};

use super::{
    Answer, Decision, Fate, Gate, GateError, Outcome, Rulebook, decide::refuses_by_mail, error,
    figures, record,
};
use crate::{
    model::{Act, Address, Direction, Event, Reply, Ruling, Submission, Verdict},
    notify,
    policy::{Facts, Mode, Parcel, Way},
    store::{Change, NewHold, NewQueued, NewRefusal, Purpose},
};

/// What is to be made durable, and what to answer then.
#[derive(Default)]
struct Plan {
    change: Change,
    answers: Vec<Answer>,
}

impl Plan {
    /// Queues a copy of its own, where the front-end cannot pass it on.
    fn copy(&mut self, submission: &Submission, parcel: Parcel) -> Result<Fate, GateError> {
        if !submission.channel.reinjects {
            return Err(GateError::NoNextHop);
        }
        let (event, purpose) = (submission.id, Purpose::Copy);
        let wishes = submission.wishes.clone();
        self.change.queue.push(NewQueued { event, purpose, parcel, limit_key: None, wishes });
        Ok(Fate::Kept)
    }
}

impl Gate {
    pub(super) async fn carry_out(
        &self,
        book: &Arc<Rulebook>,
        submission: &Submission,
        decision: &Decision,
        started: Instant,
    ) -> Result<Outcome, GateError> {
        let direction =
            Direction::of_envelope(&submission.envelope, &book.settings.gateway.domains);
        let mut plan = match book.settings.gateway.mode {
            Mode::Enforce => self.enforce(book, submission, decision, direction).await?,
            Mode::Monitor => monitor(book, submission, decision)?,
        };
        let domains = &book.settings.gateway.domains;
        plan.change.counts.extend(figures::coverage(submission, decision, domains));
        let facts = record::facts(book, submission, decision, direction);
        plan.change.events.push(Event::of_gate(submission.id, Act::Decided, facts));
        let queues = !plan.change.queue.is_empty();
        self.store.commit(plan.change).await?;
        if queues {
            self.mail_waits.notify_one();
        }
        record::report(book, submission, decision, direction, started);
        Ok(Outcome { event: Some(submission.id), answers: plan.answers })
    }

    async fn enforce(
        &self,
        book: &Arc<Rulebook>,
        submission: &Submission,
        decision: &Decision,
        direction: Direction,
    ) -> Result<Plan, GateError> {
        let mut plan = Plan::default();
        let rulings = &decision.rulings;
        if submission.channel.passes_all_or_none()
            && rulings.iter().all(|ruling| ruling.verdict == Verdict::Deliver)
        {
            // Whatever routes they took: one message goes to all of them.
            let recipients = submission.envelope.recipients.clone();
            let way = rulings.iter().map(|ruling| book.policy.way(&ruling.route)).max();
            let parcel = deliver(book, submission, decision, &recipients)?;
            let fate = Fate::Delivered(parcel.by(way.unwrap_or_default()));
            plan.answers.push(Answer { recipients, fate });
            return Ok(plan);
        }
        for ruling in rulings {
            let fate = match ruling.verdict {
                Verdict::Defer => Fate::Deferred(Reply::try_again()),
                Verdict::Deliver => {
                    let parcel = deliver(book, submission, decision, &ruling.recipients)?;
                    let parcel = parcel.by(book.policy.way(&ruling.route));
                    if submission.channel.passes_all_or_none() {
                        plan.copy(submission, parcel)?
                    } else {
                        Fate::Delivered(parcel)
                    }
                }
                Verdict::Hold => Fate::Kept,
                Verdict::Protect(_) => {
                    let way = book.policy.way(&ruling.route);
                    protect(submission, decision, (ruling, way), &mut plan)?;
                    continue;
                }
                // The session cannot say it; the notice does.
                Verdict::Refuse if refuses_by_mail(submission.channel, &decision.rulings) => {
                    let (event, recipients) = (submission.id, ruling.recipients.clone());
                    plan.change.refused.push(NewRefusal { event, recipients });
                    Fate::Kept
                }
                Verdict::Refuse => Fate::Refused(notify::refusal(
                    submission.id,
                    direction,
                    &ruling.reasons,
                    &book.settings.letterhead,
                )),
            };
            plan.answers.push(Answer { recipients: ruling.recipients.clone(), fate });
        }
        plan.change.holds.extend(self.hold(book, submission, decision, direction));
        plan.change.queue.extend(self.notice(book, submission, decision).await?);
        Ok(plan)
    }

    /// What to hold: one message for all recipients whose ruling says so.
    fn hold(
        &self,
        book: &Arc<Rulebook>,
        submission: &Submission,
        decision: &Decision,
        direction: Direction,
    ) -> Option<NewHold> {
        let holding = |ruling: &&Ruling| ruling.verdict == Verdict::Hold;
        let rulings = || decision.rulings.iter().filter(holding);
        let mut reasons: Vec<String> = Vec::new();
        for reason in rulings().flat_map(|ruling| &ruling.reasons).map(ToString::to_string) {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        let keep = book.keep_days(&decision.rulings);
        let persons = decision.reading.findings.iter().filter_map(|finding| finding.person);
        let recipients: Vec<_> = rulings().flat_map(|r| r.recipients.iter().cloned()).collect();
        let mut routes: Vec<String> = rulings().map(|ruling| ruling.route.to_string()).collect();
        routes.dedup();
        (!recipients.is_empty()).then(|| NewHold {
            event: submission.id,
            envelope: submission.envelope.to(&recipients),
            direction,
            reasons,
            routes,
            rules: decision.reading.rules(),
            level: decision.reading.level(),
            message_id: self.message_id(book, &submission.raw, &decision.reading),
            raw: submission.raw.clone(),
            keep_days: keep.held,
            released_days: keep.released,
            persons: persons.collect(),
            wishes: submission.wishes.clone(),
        })
    }
}

/// Answers with the protected message where the front-end can put it in the
/// place of the original, and queues copies where it cannot.
fn protect(
    submission: &Submission,
    decision: &Decision,
    (ruling, way): (&Ruling, Way),
    plan: &mut Plan,
) -> Result<(), GateError> {
    let channel = submission.channel;
    let only_one = submission.envelope.recipients.len() == 1;
    let in_place = channel.answers_each || (only_one && channel.replaces);
    for recipient in &ruling.recipients {
        let parcel = decision.sealed.get(recipient).cloned().ok_or(GateError::NotSealed)?;
        let parcel = parcel.by(way);
        let fate = if in_place { Fate::Delivered(parcel) } else { plan.copy(submission, parcel)? };
        plan.answers.push(Answer { recipients: vec![recipient.clone()], fate });
    }
    Ok(())
}

/// Passes the message on as it came. Policy judges it once more for just these
/// recipients, which is what makes the `Cleared`.
fn deliver(
    book: &Rulebook,
    submission: &Submission,
    decision: &Decision,
    recipients: &[Address],
) -> Result<Parcel, GateError> {
    let envelope = submission.envelope.to(recipients);
    let cleared = book.policy.clear(&Facts {
        channel: submission.channel,
        domains: &book.settings.gateway.domains,
        envelope: &envelope,
        offers: &decision.offers,
        reading: &decision.reading,
    });
    let cleared = cleared.map_err(|against| GateError::NotCleared(error::routes(&against)))?;
    Ok(Parcel::new(cleared, envelope.sender, submission.raw.clone())?)
}

/// Passes everything on untouched, whatever was decided.
fn monitor(
    book: &Rulebook,
    submission: &Submission,
    decision: &Decision,
) -> Result<Plan, GateError> {
    let envelope = &submission.envelope;
    let mode = book.settings.gateway.mode;
    let cleared = book.policy.clear_monitored(mode, &decision.reading, envelope);
    let cleared = cleared.ok_or_else(|| GateError::NotCleared("monitor mode is off".to_owned()))?;
    let parcel = Parcel::new(cleared, envelope.sender.clone(), submission.raw.clone())?;
    let answer = Answer { recipients: envelope.recipients.clone(), fate: Fate::Delivered(parcel) };
    Ok(Plan { change: Change::default(), answers: vec![answer] })
}
