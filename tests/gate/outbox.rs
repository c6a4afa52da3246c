//! The way out: a next hop that is down, slow or out of its mind.

use jiff::SignedDuration;
use sluse::{
    gate::{Gate, ReleaseAs},
    store::OutboxState,
};

use crate::{
    fake_hop::Manner,
    letters,
    office::{OLA, Office, PER, held, queued, submit, unmarked, vakt},
};

#[tokio::test]
async fn mail_waits_for_a_hop_that_is_down_and_goes_when_it_is_back() {
    let office = Office::new();
    let gate = releasing(&office).await;
    office.hop.behave(Manner::Refuse(451));
    assert!(gate.deliver_due().await.unwrap() > 0);
    assert_eq!(gate.deliver_due().await.unwrap(), 0, "not due yet");
    assert!(queued(&gate).await.iter().all(|item| item.state == OutboxState::Queued));
    assert!(office.hop.arrivals().is_empty());

    office.hop.behave(Manner::Accept);
    office.clock.advance(SignedDuration::from_mins(2));
    while gate.deliver_due().await.unwrap() > 0 {}
    assert!(queued(&gate).await.iter().all(|item| item.state == OutboxState::Sent));
    let arrived = office.hop.arrivals();
    let letters: Vec<_> = arrived.iter().filter(|mail| !mail.sender.is_empty()).collect();
    assert_eq!(letters.len(), 1);
    assert_eq!(unmarked(&letters[0].bytes), letters::medium());
}

#[tokio::test]
async fn a_hop_that_hangs_up_costs_one_more_copy_at_most() {
    let office = Office::new();
    let gate = releasing(&office).await;
    office.hop.behave(Manner::Close);
    gate.deliver_due().await.unwrap();
    office.hop.behave(Manner::Accept);
    office.clock.advance(SignedDuration::from_mins(2));
    while gate.deliver_due().await.unwrap() > 0 {}
    let arrived = office.hop.arrivals();
    assert_eq!(arrived.iter().filter(|mail| !mail.sender.is_empty()).count(), 2);
}

#[tokio::test]
async fn another_gate_takes_over_what_a_dead_one_had_claimed() {
    let office = Office::new();
    let gate = releasing(&office).await;
    // Claimed, and then nothing: as if the process had died.
    let claimed = gate.store().claim_due(office.now(), 10).await.unwrap();
    assert_eq!(claimed.len(), 2);
    let other = office.gate().await;
    assert_eq!(other.deliver_due().await.unwrap(), 0);
    office.clock.advance(SignedDuration::from_mins(31));
    while other.deliver_due().await.unwrap() > 0 {}
    assert_eq!(office.hop.arrivals().len(), 2);
}

#[tokio::test]
async fn much_mail_goes_out_in_turns_each_once() {
    let office = Office::new();
    let gate = office.gate().await;
    for n in 0..9 {
        submit(&gate, &[OLA], &letters::letter("Hei", &format!("{n}: 13827830652"))).await;
    }
    for item in held(&gate).await {
        gate.release(item.id, &vakt(), ReleaseAs::Sent).await.unwrap();
    }
    let other = office.gate().await;
    let all = queued(&gate).await.len();
    loop {
        let (a, b) = tokio::join!(gate.deliver_due(), other.deliver_due());
        if a.unwrap() + b.unwrap() == 0 {
            break;
        }
    }
    assert_eq!(office.hop.arrivals().len(), all);
}

/// A gate with Kari's letter released, and her notice, both not sent yet.
async fn releasing(office: &Office) -> Gate {
    let gate = office.gate().await;
    submit(&gate, &[OLA, PER], &letters::medium()).await;
    let id = held(&gate).await[0].id;
    gate.release(id, &vakt(), ReleaseAs::Sent).await.unwrap();
    gate
}
