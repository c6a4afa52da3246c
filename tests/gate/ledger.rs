//! Whatever happens to mail, the ledger accounts for it.

use jiff::SignedDuration;
use sluse::{
    gate::{Discard, Fate, Gate, Judge, Outcome, ReleaseAs},
    model::{Address, Answered},
    store::{HeldState, LedgerHour},
};

use crate::{
    fake_hop::Manner,
    letters,
    office::{KARI, MILTER, Office, Plan, RELAY, SMTP, held, submit_as, vakt},
};

#[tokio::test]
async fn every_accepted_recipient_of_every_channel_is_in_one_place() {
    let office = Office::new();
    let gate = office.gate_with(by_name()).await;
    office.key(&gate, "protect@a.example", None);
    let mut accepted = 0;
    for (n, to) in MIXES.iter().enumerate() {
        for (channel, name) in [(MILTER, "milter"), (RELAY, "relay"), (SMTP, "smtp")] {
            let mail = letters::letter("Hei", &format!("Brev {n} {name}"));
            // The first answer is lost, and the client comes again.
            for _attempt in 0..2 {
                let outcome = submit_as(&gate, channel, Some(KARI), to, &mail).await;
                accepted += answer(&gate, &outcome);
            }
        }
    }
    let hour = entered(&gate).await;
    let sum = hour.delivered + hour.held + hour.outbox + hour.refused;
    assert_eq!((hour.accepted, hour.difference()), (sum, 0), "{hour:?}");
    assert_eq!(hour.accepted + hour.repeated, accepted);
    assert!(hour.held > 0 && hour.outbox > 0 && hour.refused > 0 && hour.delivered > 0);
    assert_eq!(gate.store().check_ledger(gate.now()).await.unwrap(), []);
}

#[tokio::test]
async fn what_people_and_the_next_hop_do_later_is_accounted_for() {
    let office = Office::new();
    let gate = office.gate_with(by_name()).await;
    for n in 0..5 {
        let mail = letters::letter("Hei", &format!("Brev {n}"));
        let to = ["hold@a.example", "deliver@a.example", "refuse@a.example"];
        answer(&gate, &submit_as(&gate, SMTP, Some(KARI), &to, &mail).await);
    }
    let ids: Vec<_> = held(&gate).await.iter().map(|held| held.id).collect();
    gate.release(ids[0], &vakt(), ReleaseAs::Sent).await.unwrap();
    gate.discard(ids[1], &vakt(), Discard::Reject).await.unwrap();
    gate.discard(ids[2], &vakt(), Discard::Delete).await.unwrap();
    balanced(&gate).await;
    for manner in [Manner::RefuseLetters(451), Manner::RefuseLetters(550), Manner::Accept] {
        office.hop.behave(manner);
        while gate.deliver_due().await.unwrap() > 0 {}
        balanced(&gate).await;
        office.clock.advance(SignedDuration::from_mins(5));
    }
    for _days in 0..16 {
        office.clock.advance(SignedDuration::from_hours(48));
        gate.store().purge_expired(gate.now()).await.unwrap();
    }
    balanced(&gate).await;
    assert!(held(&gate).await.iter().all(|held| held.state != HeldState::Held));
}

#[tokio::test]
async fn an_accepted_message_that_the_gate_did_not_keep_is_an_alarm() {
    let office = Office::new();
    let gate = office.gate_with(by_name()).await;
    let to = ["defer@a.example"];
    let outcome = submit_as(&gate, SMTP, Some(KARI), &to, &letters::clean()).await;
    // A front-end says 250 to what the gate deferred.
    let accepted: Vec<Address> = to.iter().map(|to| to.parse().unwrap()).collect();
    let event = outcome.event.unwrap();
    gate.answered(Answered { event, accepted, delivered: Vec::new() });
    let hour = entered(&gate).await;
    assert_eq!(hour.difference(), 1);
    assert_eq!(gate.store().check_ledger(gate.now()).await.unwrap().len(), 1);
}

/// Tells the gate what a sound front-end would answer, and for how many it
/// accepts.
fn answer(gate: &Gate, outcome: &Outcome) -> i64 {
    let (mut accepted, mut delivered) = (Vec::new(), Vec::new());
    for answer in &outcome.answers {
        match &answer.fate {
            Fate::Deferred(_) | Fate::Refused(_) => {}
            Fate::Delivered(_) => {
                accepted.extend(answer.recipients.iter().cloned());
                delivered.extend(answer.recipients.iter().cloned());
            }
            Fate::Kept => accepted.extend(answer.recipients.iter().cloned()),
        }
    }
    let number = accepted.len();
    gate.answered(Answered { event: outcome.event.unwrap(), accepted, delivered });
    i64::try_from(number).unwrap()
}

async fn entered(gate: &Gate) -> LedgerHour {
    gate.store().enter_answers().await.unwrap();
    let hours = gate.store().ledger(gate.now(), gate.now()).await.unwrap();
    assert_eq!(hours.len(), 1, "{hours:?}");
    hours[0]
}

async fn balanced(gate: &Gate) {
    gate.store().enter_answers().await.unwrap();
    assert_eq!(gate.store().check_ledger(gate.now()).await.unwrap(), []);
}

fn by_name() -> Plan {
    Plan { policy: Some(crate::split::POLICY), ..Plan::default() }
}

const MIXES: &[&[&str]] = &[
    &["deliver@a.example"],
    &["hold@a.example"],
    &["refuse@a.example"],
    &["protect@a.example"],
    &["defer@a.example", "deliver@a.example"],
    &["deliver@a.example", "hold@a.example"],
    &["deliver@a.example", "refuse@a.example"],
    &["deliver@a.example", "hold@a.example", "protect@a.example", "refuse@a.example"],
    &["hold@a.example", "hold@b.example", "refuse@b.example"],
    &["protect@a.example", "deliver@b.example", "deliver@c.example"],
];
