//! What is held longer than its time, and a clock that cannot be right.

use std::{future::pending, sync::Arc};

use jiff::SignedDuration;
use sluse::{
    gate::ReleaseAs,
    jobs,
    store::{HeldState, StoreError},
};

use crate::{
    letters,
    office::{Log, OLA, Office, PER, Plan, held, submit, vakt},
};

#[tokio::test]
async fn after_its_time_the_content_is_destroyed() {
    let office = Office::new();
    let gate = office.gate().await;
    submit(&gate, &[OLA], &letters::medium()).await;
    let id = held(&gate).await[0].id;
    for _day in 0..15 {
        assert!(gate.store().purge_expired(gate.now()).await.unwrap().is_empty());
        office.clock.advance(SignedDuration::from_hours(48));
    }
    assert_eq!(gate.store().purge_expired(gate.now()).await.unwrap(), [id]);
    assert_eq!(held(&gate).await[0].state, HeldState::Deleted);
    assert!(gate.release(id, &vakt(), ReleaseAs::Sent).await.is_ok());
    assert!(!office.state().join(format!("sealed/held/{id}")).exists());
}

#[tokio::test]
async fn a_clock_that_jumps_destroys_nothing_and_somebody_hears_of_it() {
    let office = Office::new();
    let gate = Arc::new(office.gate().await);
    submit(&gate, &[OLA], &letters::medium()).await;
    gate.store().purge_expired(gate.now()).await.unwrap();
    office.clock.advance(SignedDuration::from_hours(24 * 366));
    let purged = gate.store().purge_expired(gate.now()).await;
    assert!(matches!(purged, Err(StoreError::ClockJumped { .. })), "{purged:?}");

    let log = Log::start();
    let mut work = Box::pin(jobs::retention(Arc::clone(&gate), pending()));
    until(&mut work, || log.text().contains("clock jumped")).await;
    assert!(log.text().contains("ERROR"), "{}", log.text());
    assert_eq!(held(&gate).await[0].state, HeldState::Held);
}

#[tokio::test]
async fn the_outbox_job_sends_at_once_and_stops_when_told() {
    let office = Office::new();
    let gate = Arc::new(office.gate().await);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let job = tokio::spawn(jobs::outbox(Arc::clone(&gate), async { drop(stopped.await) }));
    submit(&gate, &[OLA], &letters::medium()).await;
    while office.hop.arrivals().is_empty() {
        tokio::task::yield_now().await;
    }
    drop(stop);
    job.await.unwrap().unwrap();
}

/// Lets `work` go on until `seen`.
async fn until(work: &mut (impl Future + Unpin), seen: impl Fn() -> bool) {
    while !seen() {
        tokio::select! {
            biased;
            _ = &mut *work => return,
            () = tokio::task::yield_now() => {}
        }
    }
}

#[tokio::test]
async fn a_route_keeps_what_it_holds_for_its_own_time() {
    let office = Office::new();
    let policy = "[[route]]\nname = \"prosjekt\"\nverdict = \"hold\"\nkeep_days = 3\n\
                  when = { recipient = \"ola@partner.example\" }\n\
                  [[route]]\nname = \"andre\"\nverdict = \"hold\"\n";
    let gate = office.gate_with(Plan { policy: Some(policy), ..Plan::default() }).await;
    submit(&gate, &[OLA], &letters::medium()).await;
    submit(&gate, &[PER], &letters::medium()).await;
    submit(&gate, &[OLA, PER], &letters::medium()).await;
    let mut days: Vec<_> =
        held(&gate).await.iter().map(|held| (held.expires_at - held.held_at).as_hours()).collect();
    days.sort_unstable();
    assert_eq!(days, [3 * 24, 30 * 24, 30 * 24], "the longest, where two routes hold it");
    for _day in 0..3 {
        office.clock.advance(SignedDuration::from_hours(24));
        gate.expire().await.unwrap();
    }
    let left = held(&gate).await;
    assert_eq!(left.iter().filter(|held| held.state == HeldState::Held).count(), 2);
}
