//! What a milter can say of an outcome.
//!
//! A milter has one verdict and one body for all recipients; the best it can
//! do for one of them is to take him off the list. An outcome that asks for
//! more, or whose parcel is not about exactly this message's recipients, is an
//! error, and the mail server is asked to come again.

use std::{collections::HashSet, ffi::CString};

use thiserror::Error;

use super::{
    draft::Received,
    edits::{EditError, Edits},
};
use crate::{
    gate::{Answer, Fate, Outcome},
    model::{Address, Raw, Reply},
    policy::Parcel,
};

/// The last word on a message.
#[derive(Debug)]
pub(super) enum Decision {
    /// Let it pass after these edits, without these recipients.
    Accept(Edits, Vec<CString>),
    /// Say that it was taken, and drop it.
    Discard,
    /// Refuse it, for now or for good.
    Refuse(Reply),
}

impl Decision {
    /// The decision that `outcome` asks for.
    pub(super) fn of(outcome: &Outcome, message: &Received) -> Result<Self, Unfit> {
        check_coverage(&outcome.answers, &message.addresses())?;
        let all = || outcome.answers.iter().map(|answer| &answer.fate);
        if let Some(reply) = all().find_map(deferral) {
            return Ok(Self::Refuse(reply.clone()));
        }
        if let Some(reply) = all().find_map(refusal) {
            // A copy that was kept or may pass must not be refused as well.
            let alone = all().all(|fate| refusal(fate).is_some());
            return if alone { Ok(Self::Refuse(reply.clone())) } else { Err(Unfit::Mixed) };
        }
        match one_parcel(&outcome.answers, message)? {
            None => Ok(Self::Discard),
            Some(bytes) => {
                let edits = Edits::between(&message.raw, &bytes)?;
                Ok(Self::Accept(edits, kept_recipients(&outcome.answers, message)))
            }
        }
    }
}

/// Why an outcome cannot be put into a milter's words.
#[derive(Debug, Error, Eq, PartialEq)]
pub(super) enum Unfit {
    /// Recipients would get different bytes.
    #[error("recipients get different messages")]
    Bytes,
    /// The new message cannot be reached by edits.
    #[error("the message cannot be edited")]
    Edit(#[from] EditError),
    /// Some recipients are refused and others are not.
    #[error("some recipients are refused and others are not")]
    Mixed,
    /// The answers are not about exactly the recipients of this message.
    #[error("answers and recipients do not match")]
    Recipients,
    /// The parcel names another sender.
    #[error("the parcel has another sender")]
    Sender,
}

fn deferral(fate: &Fate) -> Option<&Reply> {
    match fate {
        Fate::Deferred(reply) => Some(reply),
        Fate::Delivered(_) | Fate::Kept | Fate::Refused(_) => None,
    }
}

fn refusal(fate: &Fate) -> Option<&Reply> {
    match fate {
        Fate::Refused(reply) => Some(reply),
        Fate::Deferred(_) | Fate::Delivered(_) | Fate::Kept => None,
    }
}

fn parcel(answer: &Answer) -> Option<(&Answer, &Parcel)> {
    match &answer.fate {
        Fate::Delivered(parcel) => Some((answer, parcel)),
        Fate::Deferred(_) | Fate::Kept | Fate::Refused(_) => None,
    }
}

/// Every recipient has one answer, and no answer is about anyone else.
fn check_coverage(answers: &[Answer], addresses: &[Address]) -> Result<(), Unfit> {
    let answered: Vec<&Address> = answers.iter().flat_map(|answer| &answer.recipients).collect();
    let once: HashSet<&Address> = answered.iter().copied().collect();
    let matches = once.len() == answered.len() && once == addresses.iter().collect();
    if matches { Ok(()) } else { Err(Unfit::Recipients) }
}

/// The bytes that all recipients of parcels get; `None` without a parcel.
fn one_parcel(answers: &[Answer], message: &Received) -> Result<Option<Raw>, Unfit> {
    let mut bytes: Option<&Raw> = None;
    for (answer, parcel) in answers.iter().filter_map(parcel) {
        let cleared: HashSet<&Address> = parcel.cleared().recipients().iter().collect();
        if cleared != answer.recipients.iter().collect() {
            return Err(Unfit::Recipients);
        }
        if parcel.envelope().sender != message.sender {
            return Err(Unfit::Sender);
        }
        if bytes.is_some_and(|bytes| bytes != parcel.bytes()) {
            return Err(Unfit::Bytes);
        }
        bytes = Some(parcel.bytes());
    }
    Ok(bytes.cloned())
}

/// The recipients to take off, as the mail server wrote them: all but those
/// whom a parcel names.
fn kept_recipients(answers: &[Answer], message: &Received) -> Vec<CString> {
    let delivered: HashSet<&Address> =
        answers.iter().filter_map(parcel).flat_map(|(answer, _)| &answer.recipients).collect();
    let kept = message.recipients.iter().filter(|to| !delivered.contains(&to.address));
    kept.map(|recipient| recipient.given.clone()).collect()
}
