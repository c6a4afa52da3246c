//! Hop 4 with its loop: rulings that are sure to be carried out.
//!
//! A method may find only while working that it cannot serve a recipient: the
//! number stands in a header that stays outside, or the key just ran out. Then
//! its offer is withdrawn and the policy is asked again, so that the route's
//! `otherwise` decides and never an assumption of ours.

use std::{collections::HashMap, sync::Arc};

use tokio::task::spawn_blocking;

use super::{Gate, GateError, Reader, Rulebook};
use crate::{
    base::measure::ENCRYPTED,
    model::{
        Address, Channel, Direction, Envelope, GapKind, KeyTrouble, Kind, MethodId, Offer, Raw,
        Reading, Reason, Ruling, Submission, Verdict, Wishes,
    },
    notify,
    policy::{Facts, Parcel},
    protect::{ProtectError, Sealed},
};

/// What was read and decided, with every protected copy already made.
pub struct Decision {
    /// What was found.
    pub reading: Reading,
    /// What is to happen.
    pub rulings: Vec<Ruling>,
    /// What the methods could do.
    pub offers: Vec<Offer>,
    /// The protected copy for each recipient whose verdict is `Protect`.
    pub sealed: HashMap<Address, Parcel>,
}

impl Decision {
    /// A decision about a message that nobody read.
    pub(super) fn unread(ruling: Ruling) -> Self {
        let reading = Reading { digest: [0; 32], findings: Vec::new(), gaps: Vec::new() };
        let (offers, sealed) = (Vec::new(), HashMap::new());
        Self { reading, rulings: vec![ruling], offers, sealed }
    }
}

/// What `explain` asks about a message that nobody sent.
pub struct Questions {
    /// Sender and recipients.
    pub envelope: Envelope,
    /// What the front-end could do.
    pub channel: Channel,
    /// The message.
    pub raw: Raw,
}

impl Gate {
    /// Decides about a message without doing anything.
    ///
    /// # Errors
    ///
    /// A method failed for a reason that will pass.
    pub async fn consider(&self, questions: Questions) -> Result<Decision, GateError> {
        let id = self.store.event_id(&questions.envelope, &questions.raw);
        let Questions { envelope, channel, raw } = questions;
        let wishes = Wishes::default();
        self.decide(&self.book(), &Submission { id, channel, envelope, raw, wishes }).await
    }

    pub(super) async fn decide(
        &self,
        book: &Arc<Rulebook>,
        submission: &Submission,
    ) -> Result<Decision, GateError> {
        let reader = self.reader(book);
        let reading = reader.read(Kind::Message, "", &submission.raw, self.now()).await?;
        self.decide_by(book, submission, reading).await
    }

    /// Decides about a message that must not be read again.
    pub(super) async fn decide_unreadable(
        &self,
        book: &Arc<Rulebook>,
        submission: &Submission,
    ) -> Result<Decision, GateError> {
        let digest = submission.raw.digest();
        let reading = Reading { digest, ..Reader::unread(GapKind::Broken, "message") };
        self.decide_by(book, submission, reading).await
    }

    async fn decide_by(
        &self,
        book: &Arc<Rulebook>,
        submission: &Submission,
        reading: Reading,
    ) -> Result<Decision, GateError> {
        let recipients = &submission.envelope.recipients;
        let mut offers = self.protector.offers(recipients, &book.policy.methods(), self.now());
        let mut sealed = HashMap::new();
        loop {
            let rulings = rule(book, submission, &offers, &reading);
            let troubles = self.seal(book, submission, &rulings, &mut sealed).await?;
            if troubles.is_empty() {
                return Ok(Decision { reading, rulings, offers, sealed });
            }
            // Each turn withdraws at least one offer, so this ends.
            for (recipient, method, trouble) in troubles {
                let matching = |o: &&mut Offer| o.recipient == recipient && o.method == method;
                for offer in offers.iter_mut().filter(matching) {
                    offer.key = Err(trouble);
                }
            }
        }
    }

    /// Makes the protected copies that `rulings` ask for and that are not in
    /// `sealed` yet. Returns whom a method turned out not to serve.
    async fn seal(
        &self,
        book: &Arc<Rulebook>,
        submission: &Submission,
        rulings: &[Ruling],
        sealed: &mut HashMap<Address, Parcel>,
    ) -> Result<Vec<(Address, MethodId, KeyTrouble)>, GateError> {
        let mut troubles = Vec::new();
        for ruling in rulings {
            let Verdict::Protect(method) = ruling.verdict else { continue };
            for recipient in &ruling.recipients {
                if sealed.contains_key(recipient) {
                    continue;
                }
                let leg = Leg { sender: submission.envelope.sender.as_ref(), recipient };
                match self.protected(book, method, &submission.raw, leg).await? {
                    Ok(parcel) => {
                        sealed.insert(recipient.clone(), parcel);
                    }
                    Err(trouble) => troubles.push((recipient.clone(), method, trouble)),
                }
            }
        }
        Ok(troubles)
    }

    async fn make(
        &self,
        method: MethodId,
        raw: &Raw,
        recipient: &Address,
    ) -> Result<Result<Sealed, ProtectError>, GateError> {
        let (protector, now) = (Arc::clone(&self.protector), self.now());
        let (raw, recipient) = (raw.clone(), recipient.clone());
        let work = move || protector.protect(method, &raw, &recipient, now);
        Ok(spawn_blocking(work).await?)
    }

    /// Protects a message for one recipient and reads the result again.
    pub(super) async fn protected(
        &self,
        book: &Arc<Rulebook>,
        method: MethodId,
        raw: &Raw,
        leg: Leg<'_>,
    ) -> Result<Result<Parcel, KeyTrouble>, GateError> {
        let made = self.make(method, raw, leg.recipient).await?;
        let result = if made.is_ok() { "ok" } else { "failed" };
        metrics::counter!(ENCRYPTED, "format" => method.as_str(), "result" => result).increment(1);
        let made = match made {
            Ok(made) => made,
            Err(ProtectError::Unusable(trouble)) => return Ok(Err(trouble)),
            Err(error) => return Err(GateError::Protect(error)),
        };
        let reader = self.reader(book);
        let reading = reader.read(Kind::Message, "", &made.bytes, self.now()).await?;
        let to = std::slice::from_ref(leg.recipient);
        match book.policy.clear_protected(&reading, to, method, &made.parts) {
            Ok(cleared) => Ok(Ok(Parcel::new(cleared, leg.sender.cloned(), made.bytes)?)),
            // Says nothing about the message: another time it can be read.
            Err(against) if against.iter().any(is_passing) => Err(GateError::NotReread),
            Err(_) => Ok(Err(KeyTrouble::SurfaceUncovered)),
        }
    }
}

/// From whom to whom, for one recipient.
#[derive(Clone, Copy)]
pub(super) struct Leg<'a> {
    pub(super) sender: Option<&'a Address>,
    pub(super) recipient: &'a Address,
}

/// Whether some recipients are refused in words that only a notice can carry:
/// the front-end answers once for all, and others are not refused.
pub(super) fn refuses_by_mail(channel: Channel, rulings: &[Ruling]) -> bool {
    let refused = |ruling: &Ruling| ruling.verdict == Verdict::Refuse;
    !channel.answers_each && rulings.iter().any(refused) && !rulings.iter().all(refused)
}

/// What the policy says. Where it says something that only a notice could tell
/// a sender who gets none, all recipients are treated alike instead, so that
/// the session can tell it.
fn rule(
    book: &Rulebook,
    submission: &Submission,
    offers: &[Offer],
    reading: &Reading,
) -> Vec<Ruling> {
    let domains = &book.settings.gateway.domains;
    let envelope = &submission.envelope;
    let facts = Facts { channel: submission.channel, domains, envelope, offers, reading };
    let rulings = book.policy.decide(&facts);
    let direction = Direction::of_envelope(envelope, domains);
    let sender = envelope.sender.as_ref();
    if !refuses_by_mail(facts.channel, &rulings)
        || notify::may_notify(&submission.raw, sender, direction).is_ok()
    {
        return rulings;
    }
    let channel = Channel { reinjects: false, ..facts.channel };
    book.policy.decide(&Facts { channel, ..facts })
}

/// Whether the reader ran out of time.
fn is_passing(reason: &Reason) -> bool {
    *reason == Reason::Gap(GapKind::TimedOut.as_str())
}
