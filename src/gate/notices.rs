//! Tells our own senders what became of their mail.
//!
//! A notice is mail like any other: it is read, judged and cleared before it
//! may leave. It goes through the outbox in the same commit as what it tells
//! about. Who is told at all is for [`notify::may_notify`] to say.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tracing::{debug, warn};

use super::{Decision, Gate, GateError, Rulebook, decide::refuses_by_mail, error};
use crate::{
    base::id::EventId,
    model::{
        Address, Channel, Direction, Envelope, Kind, Raw, Reading, Reviewer, Ruling, Submission,
        Tidings, Verdict, Wishes,
    },
    notify::{self, Action, Case, Line, Note, Notice, NoticeError, PersonalLink, Report},
    policy::{Facts, Parcel},
    store::{Held, NewQueued, Purpose},
};

impl Gate {
    /// The notice about a decision, if somebody of ours is to be told. What
    /// the session cannot say is always told; everything else at most once an
    /// hour for each sender and route.
    ///
    /// # Errors
    ///
    /// The sender must be told and cannot be.
    pub(super) async fn notice(
        &self,
        book: &Arc<Rulebook>,
        submission: &Submission,
        decision: &Decision,
    ) -> Result<Option<NewQueued>, GateError> {
        let rulings = &decision.rulings;
        let telling = |ruling: &&Ruling| matches!(ruling.verdict, Verdict::Hold | Verdict::Refuse);
        let Some(first) = rulings.iter().find(telling) else { return Ok(None) };
        let must = refuses_by_mail(submission.channel, rulings);
        let sender = match self.told(book, submission) {
            Ok(sender) => sender,
            Err(silence) if !must => {
                debug!(%silence, "no notice");
                return Ok(None);
            }
            Err(_) => return Err(GateError::Untold),
        };
        let held = rulings.iter().any(|ruling| ruling.verdict == Verdict::Hold);
        let refused = Refused {
            arrived: self.now(),
            mail: (&submission.raw, sender),
            reading: &decision.reading,
            rulings,
        };
        let days = book.keep_days(rulings).held;
        let story = Story {
            event: submission.id,
            sender,
            rulings,
            reading: &decision.reading,
            expires_at: held.then(|| expiry(self.now(), days)).flatten(),
            raw: &submission.raw,
            may_act: true,
            note: None,
            report: match must {
                true => self.refusal_report(book, &refused, &submission.wishes),
                false => None,
            },
        };
        let parcel = match self.write(book, &story).await {
            Ok(parcel) => parcel,
            Err(GateError::Notice(NoticeError::Nothing)) => return Ok(None),
            Err(error) if must => return Err(error),
            Err(error) => {
                warn!(event = %submission.id, error = error::chain(&error), "notice not sent");
                return Ok(None);
            }
        };
        let limit_key = (!must).then(|| format!("{}\n{}", sender.key(), first.route));
        let (event, purpose, wishes) = (submission.id, Purpose::Notice, Wishes::default());
        Ok(Some(NewQueued { event, purpose, parcel, limit_key, wishes }))
    }

    /// The notice that a person refused a held message, if its sender is to be
    /// told.
    ///
    /// # Errors
    ///
    /// The sender is to be told and cannot be.
    pub(super) async fn rejection_notice(
        &self,
        held: &Held,
        by: &Reviewer,
        words: &str,
    ) -> Result<Option<NewQueued>, GateError> {
        let book = self.book();
        let raw: Raw = self.store.reread_held(held.id, by).await?.into();
        let sender = held.sender.as_ref();
        let (Some(sender), Ok(())) = (sender, notify::may_notify(&raw, sender, held.direction))
        else {
            return Ok(None);
        };
        if !self.can_send() {
            return Err(GateError::NoNextHop);
        }
        let reading = self.reader(&book).read(Kind::Message, "", &raw, self.now()).await?;
        let ruling = Ruling {
            recipients: held.recipients.clone(),
            verdict: Verdict::Refuse,
            route: "reviewer".into(),
            reasons: Vec::new(),
        };
        let rulings = [ruling];
        let refused = Refused {
            arrived: held.held_at,
            mail: (&raw, sender),
            reading: &reading,
            rulings: &rulings,
        };
        let story = Story {
            event: held.event,
            sender,
            rulings: &rulings,
            reading: &reading,
            expires_at: None,
            raw: &raw,
            may_act: false,
            note: (!words.is_empty()).then_some(Note::Refusal(words)),
            report: self.refusal_report(&book, &refused, &self.store.held_wishes(held.id).await?),
        };
        let parcel = self.write(&book, &story).await?;
        let (event, purpose, wishes) = (held.event, Purpose::Rejection, Wishes::default());
        Ok(Some(NewQueued { event, purpose, parcel, limit_key: None, wishes }))
    }

    /// What programs are told of a refusal. Nothing when the sender wishes for
    /// no delivery report (RFC 3461): what our policy did he learns from the
    /// notice all the same.
    fn refusal_report(
        &self,
        book: &Arc<Rulebook>,
        refused: &Refused<'_>,
        wishes: &Wishes,
    ) -> Option<Report> {
        let rulings = refused.rulings.iter().filter(|ruling| ruling.verdict == Verdict::Refuse);
        let recipients = rulings.flat_map(|ruling| &ruling.recipients);
        let wished = recipients.filter(|to| wishes.want(to, Tidings::Failure));
        let line = |recipient: &Address| Line {
            recipient: recipient.clone(),
            original: self.original(book, &wishes.about(recipient)),
            action: Action::Failed,
            status: "5.7.1".to_owned(),
            diagnostic: None,
        };
        let lines: Vec<Line> = wished.map(line).collect();
        (!lines.is_empty()).then(|| Report {
            arrived: refused.arrived,
            envelope_id: self.envelope_id(book, wishes),
            lines,
            header: self.harmless_header(book, refused.mail, refused.reading),
        })
    }

    /// A question to the internal sender of a held message.
    ///
    /// # Errors
    ///
    /// The sender is none of ours, or cannot be asked.
    pub(super) async fn question(
        &self,
        held: &Held,
        by: &Reviewer,
        question: &str,
    ) -> Result<NewQueued, GateError> {
        let book = self.book();
        if !self.can_send() {
            return Err(GateError::NoNextHop);
        }
        let raw: Raw = self.store.reread_held(held.id, by).await?.into();
        let sender = held
            .sender
            .as_ref()
            .ok_or_else(|| GateError::NotAsked("it has no sender".to_owned()))?;
        notify::may_notify(&raw, Some(sender), held.direction)
            .map_err(|silence| GateError::NotAsked(silence.to_string()))?;
        let reading = self.reader(&book).read(Kind::Message, "", &raw, self.now()).await?;
        let rulings = [Ruling {
            recipients: held.recipients.clone(),
            verdict: Verdict::Hold,
            route: "reviewer".into(),
            reasons: Vec::new(),
        }];
        let story = Story {
            event: held.event,
            sender,
            rulings: &rulings,
            reading: &reading,
            expires_at: Some(held.expires_at),
            raw: &raw,
            may_act: false,
            note: Some(Note::Question(question)),
            report: None,
        };
        let parcel = self.write(&book, &story).await?;
        let (event, purpose, wishes) = (held.event, Purpose::Question, Wishes::default());
        Ok(NewQueued { event, purpose, parcel, limit_key: None, wishes })
    }

    /// Writes a notice, reads it again and has it cleared.
    pub(super) async fn write(
        &self,
        book: &Arc<Rulebook>,
        story: &Story<'_>,
    ) -> Result<Parcel, GateError> {
        let link = story.may_act.then(|| self.link(story));
        let case = Case {
            event: story.event,
            sender: story.sender,
            rulings: story.rulings,
            findings: &story.reading.findings,
            gaps: &story.reading.gaps,
            expires_at: story.expires_at,
            now: self.now(),
            link: link.as_ref().map(|(token, until)| PersonalLink { token, until: *until }),
            note: story.note,
            language: None,
            sample: &sample(story.raw),
        };
        let letterhead = &book.settings.letterhead;
        let Notice { envelope, bytes } = match &story.report {
            Some(report) => notify::report(&case, report, letterhead)?,
            None => notify::compose(&case, letterhead)?,
        };
        self.own_mail(book, envelope, bytes).await
    }

    /// Signs mail of our own, reads it as any other and has it cleared.
    pub(super) async fn own_mail(
        &self,
        book: &Arc<Rulebook>,
        envelope: Envelope,
        bytes: Raw,
    ) -> Result<Parcel, GateError> {
        let bytes = self.protector.sign(bytes, self.now());
        let reading = self.reader(book).read(Kind::Message, "", &bytes, self.now()).await?;
        let cleared = book.policy.clear(&Facts {
            channel: OWN_MAIL,
            domains: &book.settings.gateway.domains,
            envelope: &envelope,
            offers: &[],
            reading: &reading,
        });
        let cleared = cleared.map_err(|against| GateError::OwnMail(error::routes(&against)))?;
        Ok(Parcel::new(cleared, envelope.sender, bytes)?)
    }

    /// Whom to tell about a message, or why nobody.
    fn told<'a>(
        &self,
        book: &Rulebook,
        submission: &'a Submission,
    ) -> Result<&'a Address, &'static str> {
        let domains = &book.settings.gateway.domains;
        let direction = Direction::of_envelope(&submission.envelope, domains);
        let sender = submission.envelope.sender.as_ref();
        match (sender, notify::may_notify(&submission.raw, sender, direction)) {
            (Some(sender), Ok(())) if self.can_send() => Ok(sender),
            (Some(_), Ok(())) => Err("no next hop"),
            (None, _) | (_, Err(_)) => Err("nobody of ours"),
        }
    }
}

/// What a notice tells.
pub(super) struct Story<'a> {
    /// The message.
    pub(super) event: EventId,
    /// Who is told.
    pub(super) sender: &'a Address,
    /// What became of it for each recipient.
    pub(super) rulings: &'a [Ruling],
    /// What was found.
    pub(super) reading: &'a Reading,
    /// When held content is destroyed.
    pub(super) expires_at: Option<Timestamp>,
    /// The message itself, for its language alone.
    pub(super) raw: &'a [u8],
    /// Whether the sender gets a link by which to act.
    pub(super) may_act: bool,
    /// What a person adds.
    pub(super) note: Option<Note<'a>>,
    /// What programs are told, where mail that we had taken goes astray.
    pub(super) report: Option<Report>,
}

/// A message that was refused after it had been taken.
struct Refused<'a> {
    arrived: Timestamp,
    /// The message and its sender.
    mail: (&'a [u8], &'a Address),
    reading: &'a Reading,
    rulings: &'a [Ruling],
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
const OWN_MAIL: Channel =
    Channel { answers_each: true, passes_some: true, reinjects: false, replaces: false };
const SAMPLE: usize = 4096;
