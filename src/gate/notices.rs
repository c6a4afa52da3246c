//! Tells our own senders what became of their mail.
//!
//! A notice is mail like any other: it is read, judged and cleared before it
//! may leave. It goes through the outbox in the same commit as the decision it
//! tells about.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tracing::{debug, warn};

use super::{Decision, Gate, GateError, Rulebook};
use crate::{
    model::{Channel, Direction, Kind, Reason, Reviewer, Ruling, Submission, Verdict},
    notify::{self, Case, Notice},
    policy::{Facts, Parcel},
    store::{Change, Held, NewQueued, Purpose},
};

impl Gate {
    /// Adds a notice to `change` when somebody of ours must know what became
    /// of the message. A refusal that the session cannot express is always
    /// told; everything else at most once an hour for each sender and route.
    pub(super) async fn add_notice(
        &self,
        book: &Arc<Rulebook>,
        submission: &Submission,
        decision: &Decision,
        change: &mut Change,
    ) -> Result<(), GateError> {
        let telling = |ruling: &&Ruling| matches!(ruling.verdict, Verdict::Hold | Verdict::Refuse);
        let Some(first) = decision.rulings.iter().find(telling) else { return Ok(()) };
        let must = is_only_word(submission, &decision.rulings);
        let Some(sender) = &submission.envelope.sender else { return Ok(()) };
        if self.hop.is_none() {
            return Ok(());
        }
        let direction =
            Direction::of_envelope(&submission.envelope, &book.settings.gateway.domains);
        if let Err(silence) = notify::may_notify(&submission.raw, Some(sender), direction) {
            if !must || direction == Direction::Inbound {
                debug!(%silence, "no notice");
                return Ok(());
            }
        }
        let held = decision.rulings.iter().any(|ruling| ruling.verdict == Verdict::Hold);
        let case = Case {
            event: submission.id,
            sender,
            rulings: &decision.rulings,
            findings: &decision.reading.findings,
            gaps: &decision.reading.gaps,
            expires_at: held.then(|| expiry(self.now(), book.settings.gateway.keep_days)).flatten(),
            now: self.now(),
            language: None,
            sample: &sample(&submission.raw),
        };
        let parcel = match self.notice_parcel(book, &case).await {
            Ok(parcel) => parcel,
            Err(error) if must => return Err(error),
            Err(error) => {
                warn!(event = %submission.id, "notice not sent: {error}");
                return Ok(());
            }
        };
        let limit_key = (!must).then(|| format!("{}\n{}", sender.key(), first.route));
        change.queue.push(NewQueued {
            event: submission.id,
            purpose: Purpose::Notice,
            parcel,
            limit_key,
        });
        Ok(())
    }

    /// The notice that a person refused a held message.
    pub(super) async fn rejection_notice(
        &self,
        held: &Held,
        by: &Reviewer,
    ) -> Result<Vec<NewQueued>, GateError> {
        let book = self.book();
        let Some(sender) = &held.sender else { return Ok(Vec::new()) };
        if self.hop.is_none() || held.direction == Direction::Inbound {
            return Ok(Vec::new());
        }
        let raw = self.store.reread_held(held.id, by).await?;
        if notify::may_notify(&raw, Some(sender), held.direction).is_err() {
            return Ok(Vec::new());
        }
        let ruling = Ruling {
            recipients: held.recipients.clone(),
            verdict: Verdict::Refuse,
            route: "reviewer".into(),
            reasons: Vec::<Reason>::new(),
        };
        let raw: Arc<[u8]> = raw.into();
        let reading = self.reader(&book).read(Kind::Message, "", &raw, self.now()).await?;
        let case = Case {
            event: held.event,
            sender,
            rulings: &[ruling],
            findings: &reading.findings,
            gaps: &reading.gaps,
            expires_at: None,
            now: self.now(),
            language: None,
            sample: &sample(&raw),
        };
        let parcel = self.notice_parcel(&book, &case).await?;
        Ok(vec![NewQueued {
            event: held.event,
            purpose: Purpose::Rejection,
            parcel,
            limit_key: None,
        }])
    }

    async fn notice_parcel(
        &self,
        book: &Arc<Rulebook>,
        case: &Case<'_>,
    ) -> Result<Parcel, GateError> {
        let Notice { envelope, bytes } = notify::compose(case, &book.settings.letterhead)?;
        let reading = self.reader(book).read(Kind::Message, "", &bytes, self.now()).await?;
        let facts = Facts {
            channel: OWN_MAIL,
            domains: &book.settings.gateway.domains,
            envelope: &envelope,
            offers: &[],
            reading: &reading,
        };
        let cleared = book.policy.clear(&facts).map_err(|against| {
            GateError::OwnMail(against.iter().map(|ruling| ruling.route.to_string()).collect())
        })?;
        Ok(Parcel::new(cleared, envelope.sender, bytes)?)
    }
}

/// Whether a notice is the only way in which the sender learns of a refusal.
fn is_only_word(submission: &Submission, rulings: &[Ruling]) -> bool {
    let refuses = rulings.iter().any(|ruling| ruling.verdict == Verdict::Refuse);
    refuses && rulings.len() > 1 && !submission.channel.answers_each
}

/// The beginning of the body, for guessing its language.
fn sample(raw: &[u8]) -> String {
    let body = memchr::memmem::find(raw, b"\r\n\r\n").map_or(raw, |at| &raw[at..]);
    String::from_utf8_lossy(&body[..body.len().min(SAMPLE)]).into_owned()
}

fn expiry(now: Timestamp, days: u32) -> Option<Timestamp> {
    now.checked_add(SignedDuration::from_hours(i64::from(days) * 24)).ok()
}

/// Our own mail goes to one recipient as it is or not at all.
const OWN_MAIL: Channel = Channel { answers_each: true, reinjects: false, replaces: false };
const SAMPLE: usize = 4096;
