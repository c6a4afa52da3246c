//! The end of a message: it is judged, sent on, and answered.
//!
//! A message that is whole is brought to its end whether or not the client is
//! still there: what was done is never half done, and a client that comes again
//! finds it done. The next hop gets it before the client is told that it is
//! taken.

use tracing::{Instrument, Span, debug, field::Empty, info_span, warn};

use super::{
    answer::{self, Plan, Telling},
    form,
    listen::Dialect,
    mail::Mail,
    message::Incoming,
    replies as say,
    session::{Next, Session},
    wire::Cut,
};
use crate::{
    frontend::asking,
    gate::{Relayed, Taken},
    model::{Address, Answered, Channel, Envelope, Raw, Reply, Tidings},
    relay::{Answer, Reporter},
};

/// A message that was brought to its end.
struct Settled {
    /// What to say, one after the other.
    answers: Vec<Answer>,
    /// What to tell the ledger once that was said.
    answered: Option<Answered>,
    next: Next,
}

impl Session {
    /// The whole message is here: judges it, sends it on, and answers.
    pub(super) async fn finish(&mut self, incoming: Incoming) -> Result<Next, Cut> {
        let Some(mail) = self.mail.take() else { return self.fault(&say::out_of_order()).await };
        let bytes = incoming.content.len();
        let span = info_span!(
            "submission",
            front_end = "smtp",
            session = self.number,
            bytes,
            event = Empty
        );
        let Settled { answers, answered, next } =
            self.settle(mail, incoming).instrument(span).await;
        for answer in &answers {
            self.wire.say(answer);
        }
        self.forget_origin();
        if next == Next::Go {
            self.tally.rest();
        }
        if let Some(answered) = answered {
            self.wire.flush().await?;
            self.front.judge.answered(answered);
        }
        Ok(next)
    }

    async fn settle(&self, mail: Mail, incoming: Incoming) -> Settled {
        let limits = self.limits();
        if let Some(reply) = incoming.trouble(limits.message_bytes.get()) {
            warn!(code = reply.code, "message not taken, too much of it");
            return self.same(mail, &reply, Next::Go).await;
        }
        let Incoming { content, share, .. } = incoming;
        let bare = self.terms.settings.bare_newline;
        let raw: Raw = match form::check(content.into_bytes(), limits, bare) {
            Ok(bytes) => bytes.into(),
            Err(fault) => {
                warn!(?fault, "message refused for its form");
                let next = if fault.is_ambiguous() { Next::Close } else { Next::Go };
                return self.same(mail, &fault.reply(), next).await;
            }
        };
        let settled = self.judge(mail, raw).await;
        // The message is let go only now.
        drop(share);
        settled
    }

    /// Has the message judged and does what the outcome says.
    async fn judge(&self, mut mail: Mail, raw: Raw) -> Settled {
        let recipients = mail.recipients();
        let telling = match self.dialect {
            Dialect::Lmtp => Telling::Each,
            Dialect::Smtp | Dialect::Smtps => Telling::Together,
        };
        let envelope =
            Envelope { sender: mail.from.sender.clone(), recipients: recipients.clone() };
        let alone = telling == Telling::Each || recipients.len() == 1;
        let channel =
            Channel { answers_each: alone, passes_some: alone, reinjects: false, replaces: alone };
        let taken =
            Taken { channel, envelope: envelope.clone(), raw: raw.clone(), wishes: mail.wishes() };
        let time = self.limits().judging_time();
        let outcome = asking::ask(&self.front.judge, taken, time).await;
        let event = outcome.as_ref().and_then(|outcome| outcome.event);
        if let Some(event) = event {
            Span::current().record("event", tracing::field::display(event));
        }
        let plan = match outcome {
            Some(outcome) => Plan::of(outcome, &recipients, telling),
            None => Plan::deferred(&recipients),
        };
        let Plan { parcels, mut answers } = plan;
        let (mut delivered, mut untold) = (Vec::new(), Vec::new());
        for (parcel, to) in parcels {
            if let Some(upstream) = mail.upstream() {
                let said = upstream.deliver(&parcel, &to).await;
                let good = said.iter().filter(|(_, answer)| answer.is_good());
                let good: Vec<Address> = good.map(|(to, _)| to.clone()).collect();
                if upstream.reporter() == Reporter::Us {
                    untold.extend_from_slice(&good);
                }
                delivered.extend(good);
                answers.extend(said);
            }
        }
        let answer = |to: &Address| answers.get(to).cloned().unwrap_or_else(|| answer::merged(&[]));
        let each: Vec<Answer> = mail.accepted.iter().map(answer).collect();
        let (told, accepted) = match telling {
            Telling::Each => {
                let good = recipients.into_iter().filter(|to| answer(to).is_good()).collect();
                (each, good)
            }
            Telling::Together => {
                let one = answer::merged(&each);
                let all = if one.is_good() { recipients } else { Vec::new() };
                (vec![one], all)
            }
        };
        let codes: Vec<u16> = told.iter().map(|answer| answer.code).collect();
        debug!(?codes, accepted = accepted.len(), "answered");
        let wishes = mail.wishes();
        untold.retain(|to| wishes.want(to, Tidings::Success) && accepted.contains(to));
        if let Some(event) = event.filter(|_| !untold.is_empty()) {
            let envelope = Envelope { recipients: untold, ..envelope };
            self.front.judge.relayed(Relayed { event, envelope, raw, wishes }).await;
        }
        mail.end().await;
        let answered = event.filter(|_| !accepted.is_empty());
        Settled {
            answers: told.into_iter().map(|answer| answer::named(answer, event)).collect(),
            answered: answered.map(|event| Answered { event, accepted, delivered }),
            next: Next::Go,
        }
    }

    /// The same reply for all, and nothing is sent on.
    async fn same(&self, mail: Mail, reply: &Reply, next: Next) -> Settled {
        let count = match self.dialect {
            Dialect::Lmtp => mail.accepted.len(),
            Dialect::Smtp | Dialect::Smtps => 1,
        };
        mail.end().await;
        Settled { answers: vec![answer::spoken(reply); count], answered: None, next }
    }
}
