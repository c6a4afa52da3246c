//! What a client is told of an outcome.
//!
//! Under LMTP every recipient gets its own answer; under SMTP all share one. A
//! mix that one answer cannot tell becomes a temporary failure, before anything
//! is sent on, because a retry does nothing twice.

use std::collections::HashMap;

use tracing::error;

use crate::{
    base::id::EventId,
    gate::{self, Fate, Outcome},
    model::{Address, Reply},
    policy::Parcel,
    relay::{Answer, Voice},
};

/// What to do about each recipient.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// What is sent on, and to whom.
    pub(super) parcels: Vec<(Parcel, Vec<Address>)>,
    /// What is known to be answered before anything is sent.
    pub(super) answers: HashMap<Address, Answer>,
}

impl Plan {
    /// The plan for `outcome`, which must be about exactly these recipients.
    /// `together` says that they can get one answer only.
    pub(super) fn of(outcome: Outcome, recipients: &[Address], telling: Telling) -> Self {
        if !covers(&outcome.answers, recipients) {
            error!("answers and recipients do not match, deferred");
            return Self::deferred(recipients);
        }
        let fates = || outcome.answers.iter().map(|answer| &answer.fate);
        let deferral = fates().find_map(|fate| match fate {
            Fate::Deferred(reply) => Some(spoken(reply)),
            Fate::Delivered(_) | Fate::Kept | Fate::Refused(_) => None,
        });
        if telling == Telling::Together && !is_alike(&outcome.answers) {
            // The gate gives such a mix only with a deferral in it, or after
            // an error of its own.
            let answer = deferral.unwrap_or_else(|| {
                error!("one answer cannot express this outcome, deferred");
                spoken(&Reply::try_again())
            });
            return Self::same(recipients, &answer);
        }
        let mut plan = Self::default();
        for gate::Answer { recipients, fate } in outcome.answers {
            let answer = match fate {
                Fate::Deferred(reply) | Fate::Refused(reply) => spoken(&reply),
                Fate::Delivered(parcel) => {
                    plan.parcels.push((parcel, recipients));
                    continue;
                }
                Fate::Kept => taken(),
            };
            plan.answers.extend(recipients.into_iter().map(|to| (to, answer.clone())));
        }
        plan
    }

    /// The plan when there is no outcome.
    pub(super) fn deferred(recipients: &[Address]) -> Self {
        Self::same(recipients, &spoken(&Reply::try_again()))
    }

    fn same(recipients: &[Address], answer: &Answer) -> Self {
        let answers = recipients.iter().map(|to| (to.clone(), answer.clone())).collect();
        Self { parcels: Vec::new(), answers }
    }
}

/// How many answers the end of a message gets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Telling {
    /// One for each recipient.
    Each,
    /// One for all.
    Together,
}

/// The one answer for these: what asks for another try wins, then what failed.
pub(super) fn merged(answers: &[Answer]) -> Answer {
    let temporary = answers.iter().find(|answer| answer.is_temporary());
    let failed = || answers.iter().find(|answer| !answer.is_good());
    let merged = temporary.or_else(failed).or(answers.first()).cloned();
    merged.unwrap_or_else(|| spoken(&Reply::try_again()))
}

/// A success with the name of the message in it; anything else as it is.
pub(super) fn named(answer: Answer, event: Option<EventId>) -> Answer {
    let Some(event) = event.filter(|_| answer.is_good()) else { return answer };
    let line = match answer.lines.first().filter(|line| !line.is_empty()) {
        Some(line) if *line != OK => format!("{OK}: {event}: {line}"),
        _ => format!("{OK}: {event}"),
    };
    let lines = [line].into_iter().chain(answer.lines.into_iter().skip(1)).collect();
    Answer { lines, ..answer }
}

/// A reply of ours.
pub(super) fn spoken(reply: &Reply) -> Answer {
    let enhanced = reply.enhanced.to_owned();
    Answer { code: reply.code, enhanced, lines: reply.lines.clone(), voice: Voice::Own }
}

/// We took care of it ourselves.
fn taken() -> Answer {
    spoken(&Reply::new(250, "2.0.0", &[OK]))
}

/// Whether all recipients can get one answer: all kept, all refused alike, all
/// deferred, or all sent on.
fn is_alike(answers: &[gate::Answer]) -> bool {
    let kind = |answer: &gate::Answer| std::mem::discriminant(&answer.fate);
    let mut kinds = answers.iter().map(kind);
    let first = kinds.next();
    kinds.all(|kind| Some(kind) == first)
}

/// Whether each recipient has one answer, and nobody else has one.
fn covers(answers: &[gate::Answer], recipients: &[Address]) -> bool {
    let mut open: std::collections::HashSet<&Address> = recipients.iter().collect();
    answers.iter().flat_map(|answer| &answer.recipients).all(|to| open.remove(to))
        && open.is_empty()
}

const OK: &str = "Ok";

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<Address> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn outcome(fates: &[(&str, Fate)]) -> Outcome {
        let answer = |(to, fate): &(&str, Fate)| gate::Answer {
            recipients: addresses(&[to]),
            fate: fate.clone(),
        };
        Outcome { event: None, answers: fates.iter().map(answer).collect() }
    }

    fn codes(plan: &Plan, recipients: &[Address]) -> Vec<u16> {
        recipients.iter().map(|to| plan.answers[to].code).collect()
    }

    fn refused() -> Fate {
        Fate::Refused(Reply::new(550, "5.7.1", &["no"]))
    }

    fn later() -> Fate {
        Fate::Deferred(Reply::new(451, "4.7.1", &["later"]))
    }

    #[test]
    fn each_gets_its_own_where_that_can_be_told() {
        let to = addresses(&["a@b.example", "c@d.example", "e@f.example"]);
        let mix =
            [("a@b.example", Fate::Kept), ("c@d.example", refused()), ("e@f.example", later())];
        let plan = Plan::of(outcome(&mix), &to, Telling::Each);
        assert_eq!(codes(&plan, &to), [250, 550, 451]);
    }

    #[test]
    fn a_mix_for_one_answer_is_asked_for_again() {
        let to = addresses(&["a@b.example", "c@d.example"]);
        for second in [refused(), later()] {
            let mix = [("a@b.example", Fate::Kept), ("c@d.example", second)];
            let plan = Plan::of(outcome(&mix), &to, Telling::Together);
            assert_eq!(codes(&plan, &to), [451, 451]);
        }
        let both = [("a@b.example", refused()), ("c@d.example", refused())];
        assert_eq!(codes(&Plan::of(outcome(&both), &to, Telling::Together), &to), [550, 550]);
        let both = [("a@b.example", Fate::Kept), ("c@d.example", Fate::Kept)];
        assert_eq!(codes(&Plan::of(outcome(&both), &to, Telling::Together), &to), [250, 250]);
    }

    #[test]
    fn answers_about_others_count_for_nothing() {
        let to = addresses(&["a@b.example", "c@d.example"]);
        for fates in [
            vec![("a@b.example", Fate::Kept)],
            vec![("a@b.example", Fate::Kept), ("a@b.example", Fate::Kept)],
            vec![
                ("a@b.example", Fate::Kept),
                ("c@d.example", Fate::Kept),
                ("x@d.example", Fate::Kept),
            ],
        ] {
            let plan = Plan::of(outcome(&fates), &to, Telling::Each);
            assert_eq!(codes(&plan, &to), [451, 451]);
        }
    }

    #[test]
    fn the_worst_answer_that_helps_wins() {
        let answer = |code: u16| Answer {
            code,
            enhanced: String::new(),
            lines: vec![code.to_string()],
            voice: Voice::Own,
        };
        for (codes, expected) in
            [(&[250, 250][..], 250), (&[250, 550], 550), (&[550, 250, 452], 452), (&[], 451)]
        {
            let answers: Vec<Answer> = codes.iter().map(|code| answer(*code)).collect();
            assert_eq!(merged(&answers).code, expected, "{codes:?}");
        }
    }

    #[test]
    fn a_success_names_the_message() {
        let event = EventId::from_keyed_hash(&[7; 32]);
        let text = |line: &str, code: u16| {
            let answer = Answer {
                code,
                enhanced: String::new(),
                lines: vec![line.to_owned()],
                voice: Voice::Own,
            };
            named(answer, Some(event)).lines.remove(0)
        };
        assert_eq!(text("Ok", 250), format!("Ok: {event}"));
        assert_eq!(text("queued as 4F2", 250), format!("Ok: {event}: queued as 4F2"));
        assert_eq!(text("full", 452), "full");
    }
}
