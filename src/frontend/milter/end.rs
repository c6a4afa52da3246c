//! The end of a message: has it judged, and tells the mail server.
//!
//! A judge that panics or is late is an answer like any other, and the message
//! a temporary failure.

use std::{sync::Arc, time::Duration};

use indymilter::{ActionError, ContextActions, EomContext, SetErrorReply, SmtpReply, Status};
use tracing::{Instrument, Span, debug, error, field::Empty, info_span, warn};

use super::{decision::Decision, draft::Received, edits::Edits, session::Session};
use crate::{
    frontend::asking,
    gate::{Answer, Fate, Judge, Outcome, Taken},
    model::{Answered, Channel, Envelope, Reply},
};

/// Where messages are brought to be judged.
pub(super) struct Desk {
    judge: Arc<dyn Judge>,
    deadline: Duration,
}

impl Desk {
    /// A desk before `judge`, who has until `deadline` for each message.
    pub(super) fn new(judge: Arc<dyn Judge>, deadline: Duration) -> Self {
        Self { judge, deadline }
    }

    /// Brings the message of this connection to its end.
    pub(super) async fn finish(&self, cx: &mut EomContext<Session>) -> Status {
        let queue_id = queue_id(cx);
        let span = info_span!("submission", front_end = "milter", queue_id, event = Empty);
        let message = match &mut cx.data {
            Some(session) => session.finish(),
            None => return Status::Tempfail,
        };
        async {
            let (decision, answered) = match message {
                Ok(message) => self.decide(message).await,
                Err(fault) => {
                    warn!(?fault, "message cannot be judged");
                    (Decision::Refuse(fault.reply()), None)
                }
            };
            let status = tell(cx, &decision).await;
            if let (Status::Accept | Status::Discard, Some(answered)) = (status, answered) {
                self.judge.answered(answered);
            }
            status
        }
        .instrument(span)
        .await
    }

    /// The decision, and what to tell the ledger once the message is accepted.
    async fn decide(&self, message: Received) -> (Decision, Option<Answered>) {
        let envelope = Envelope { sender: message.sender.clone(), recipients: message.addresses() };
        let raw = message.raw.clone();
        let taken = Taken { channel: CHANNEL, envelope, raw, wishes: message.wishes() };
        let Some(outcome) = asking::ask(&self.judge, taken, self.deadline).await else {
            return (Decision::Refuse(Reply::try_again()), None);
        };
        if let Some(event) = outcome.event {
            Span::current().record("event", tracing::field::display(event));
        }
        match Decision::of(&outcome, &message) {
            Ok(decision) => (decision, answered(&outcome, &message)),
            Err(reason) => {
                error!(%reason, "a milter cannot express this outcome, deferred");
                (Decision::Refuse(Reply::try_again()), None)
            }
        }
    }
}

/// What is true of an outcome once the mail server was told to accept it: it
/// answers for all, and passes the message on to those with a parcel.
fn answered(outcome: &Outcome, message: &Received) -> Option<Answered> {
    let passed = |answer: &&Answer| matches!(answer.fate, Fate::Delivered(_));
    let delivered = outcome.answers.iter().filter(passed);
    let delivered = delivered.flat_map(|answer| answer.recipients.iter().cloned()).collect();
    let accepted = message.addresses();
    outcome.event.map(|event| Answered { event, accepted, delivered })
}

async fn tell(cx: &mut EomContext<Session>, decision: &Decision) -> Status {
    match decision {
        Decision::Accept(edits, kept) => match edit(cx, edits, kept).await {
            Ok(()) => {
                debug!(removed = kept.len(), body = edits.body.is_some(), "accepted");
                Status::Accept
            }
            Err(reason) => {
                // Edits count only once the message is accepted.
                warn!(%reason, "mail server did not take the edits, deferred");
                Status::Tempfail
            }
        },
        Decision::Discard => {
            debug!("discarded");
            Status::Discard
        }
        Decision::Refuse(reply) => {
            debug!(code = reply.code, "refused");
            say(&mut cx.reply, reply)
        }
    }
}

async fn edit(
    cx: &EomContext<Session>,
    edits: &Edits,
    kept: &[std::ffi::CString],
) -> Result<(), ActionError> {
    for recipient in kept {
        cx.actions.delete_recipient(recipient.as_c_str()).await?;
    }
    for (name, index) in &edits.deletions {
        cx.actions.change_header(name.as_c_str(), *index, None::<&str>).await?;
    }
    for field in &edits.insertions {
        let (name, value) = (field.name.as_c_str(), field.value.as_c_str());
        cx.actions.insert_header(field.index, name, value).await?;
    }
    if let Some(body) = &edits.body {
        cx.actions.replace_body(body).await?;
    }
    Ok(())
}

/// Sets the reply. Without one, the mail server's own words for a temporary
/// failure are used: a refusal that cannot be put right is not given.
fn say(smtp: &mut SmtpReply, reply: &Reply) -> Status {
    let code = reply.code.to_string();
    // Mail servers read the text as a format, and drop a single `%`.
    let lines = reply.lines.iter().map(|line| line.replace('%', "%%"));
    // Postfix takes a reply whose two codes differ in class for broken.
    let is_sound = reply.enhanced.get(..1) == code.get(..1) && !reply.lines.is_empty();
    if !is_sound || smtp.set_error_reply(&code, Some(reply.enhanced), lines).is_err() {
        error!(code = reply.code, enhanced = reply.enhanced, "reply cannot be given, deferred");
        return Status::Tempfail;
    }
    if reply.code < 500 { Status::Tempfail } else { Status::Reject }
}

/// The name that the mail server gave the message, when it has told one.
fn queue_id(cx: &EomContext<Session>) -> String {
    let text = cx.macros.get(c"i").map(|text| text.to_string_lossy()).unwrap_or_default();
    text.chars().filter(char::is_ascii_alphanumeric).take(MAX_QUEUE_ID).collect()
}

/// One body and one answer for all recipients.
const CHANNEL: Channel =
    Channel { answers_each: false, passes_some: true, reinjects: false, replaces: true };
const MAX_QUEUE_ID: usize = 40;
