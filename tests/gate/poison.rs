//! A message that brings its own judging down.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use jiff::Timestamp;
use sluse::{
    base::clock::{Clock, FixedClock},
    gate::{Gate, Judge, Outcome, Taken},
    model::Wishes,
};

use crate::{
    letters,
    office::{KARI, MILTER, OLA, Office, Plan, all, envelope, held, submit, traces},
};

#[tokio::test]
async fn after_three_times_it_is_held_as_unreadable_and_others_go_on() {
    let office = Office::new();
    let (gate, clock) = stumbling(&office).await;
    let poison = letters::letter("Hei", "Gift");
    for _attempt in 0..3 {
        clock.stumbles.store(1, Ordering::SeqCst);
        assert!(try_to_submit(&gate, &poison).await.is_none());
        assert!(held(&gate).await.is_empty());
        assert!(all(&submit(&gate, &[OLA], &letters::clean()).await, "delivered"));
    }
    for _retry in 0..2 {
        let outcome = try_to_submit(&gate, &poison).await.unwrap();
        assert!(all(&outcome, "kept"), "{outcome:?}");
        assert_eq!(held(&gate).await[0].reasons, ["gap:broken"]);
        assert_eq!(traces(&gate, outcome.event.unwrap()).await.0, 1);
    }
}

#[tokio::test]
async fn a_message_that_is_judged_after_all_starts_anew() {
    let office = Office::new();
    let (gate, clock) = stumbling(&office).await;
    for _round in 0..3 {
        for _attempt in 0..2 {
            clock.stumbles.store(1, Ordering::SeqCst);
            assert!(try_to_submit(&gate, &letters::clean()).await.is_none());
        }
        let outcome = try_to_submit(&gate, &letters::clean()).await.unwrap();
        assert!(all(&outcome, "delivered"), "{outcome:?}");
    }
}

/// A clock that panics when it is asked, so many times.
struct Stumbling {
    clock: Arc<FixedClock>,
    stumbles: AtomicUsize,
}

impl Clock for Stumbling {
    fn now(&self) -> Timestamp {
        let less = |left: usize| left.checked_sub(1);
        let left = self.stumbles.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
        assert!(left.is_err(), "the clock stumbles");
        self.clock.now()
    }
}

async fn stumbling(office: &Office) -> (Arc<Gate>, Arc<Stumbling>) {
    let clock = Arc::new(Stumbling { clock: office.clock.clone(), stumbles: AtomicUsize::new(0) });
    (Arc::new(office.gate_by(Plan::default(), clock.clone()).await), clock)
}

/// Judges in a task of its own, as front-ends do; none when that panics.
async fn try_to_submit(gate: &Arc<Gate>, mail: &[u8]) -> Option<Outcome> {
    let gate = Arc::clone(gate);
    let (envelope, wishes) = (envelope(Some(KARI), &[OLA]), Wishes::default());
    let taken = Taken { channel: MILTER, envelope, raw: mail.into(), wishes };
    tokio::spawn(async move { gate.judge(taken).await }).await.ok()
}
