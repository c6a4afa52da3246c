//! Held messages: kept once, opened for a name, destroyed for good.

use std::path::PathBuf;

use jiff::SignedDuration;
use serde_json::json;

use sluse::{
    model::{Act, Direction, Event},
    store::{
        Change, HeldFilter, HeldId, HeldState, OutboxFilter, OutboxState, Placed, Purpose, Settled,
        StoreError,
    },
};

use crate::place::{
    Place, RAW, SECRET, acts, address, event, full_change, hold, new_hold, new_queued, reviewer,
    sealed_key,
};

#[tokio::test]
async fn a_retried_message_is_held_queued_and_told_once() {
    let place = Place::new();
    let store = place.open().await;
    let first = store.commit(full_change(&store)).await.unwrap();
    assert!(first.holds[0].is_new() && first.queue.iter().all(Placed::is_new));
    assert_eq!(first.events, 2);

    let again = store.commit(full_change(&store)).await.unwrap();
    let Placed::New(id) = first.holds[0] else { panic!("not new") };
    assert_eq!(again.holds, [Placed::Already(id, HeldState::Held)]);
    assert!(matches!(again.queue[0], Placed::Already(_, OutboxState::Queued)));
    assert!(matches!(again.queue[1], Placed::Already(_, OutboxState::Queued)));
    assert_eq!(again.events, 0);

    assert_eq!(store.held(&HeldFilter::default()).await.unwrap().len(), 1);
    assert_eq!(store.outbox(&OutboxFilter::default()).await.unwrap().len(), 2);
    assert_eq!(acts(&store).await, ["decided", "notified"]);
    assert_eq!(place.contents().len(), 3);
    let counts = place.counts(&store).await;
    assert_eq!(counts.counters["verdict/hold/outbound"], 1);
    assert_eq!(counts.counters["rule/no.fnr"], 1);
    assert_eq!(counts.counters["notices"], 1);
    assert_eq!(counts.held[&HeldState::Held], 1);
    assert_eq!(counts.outbox[&OutboxState::Queued], 2);
}

#[tokio::test]
async fn the_same_message_twice_at_once_is_held_once() {
    let place = Place::new();
    let store = place.open().await;
    let twins: Vec<_> = (0..8)
        .map(|_| {
            let (store, change) = (store.clone(), full_change(&store));
            tokio::spawn(async move { store.commit(change).await.unwrap() })
        })
        .collect();
    let mut new = 0;
    for twin in twins {
        new += usize::from(twin.await.unwrap().holds[0].is_new());
    }
    assert_eq!(new, 1);
    assert_eq!(acts(&store).await, ["decided", "notified"]);
    assert_eq!(place.contents().len(), 3);
}

#[tokio::test]
async fn a_recipient_added_by_a_new_policy_is_held_too() {
    let place = Place::new();
    let store = place.open().await;
    let event = event(&store, RAW);
    let hold = |to: &[&str]| Change { holds: vec![new_hold(event, to, RAW)], ..Change::default() };
    store.commit(hold(&["a@out.example"])).await.unwrap();
    let wider = store.commit(hold(&["a@out.example", "b@out.example"])).await.unwrap();
    assert!(wider.holds[0].is_new());
    let all = store.held(&HeldFilter::default()).await.unwrap();
    let mut recipients: Vec<_> = all.iter().flat_map(|held| &held.recipients).collect();
    recipients.sort();
    assert_eq!(recipients, [&address("a@out.example"), &address("b@out.example")]);
    let narrower = store.commit(hold(&["b@out.example"])).await.unwrap();
    assert!(matches!(narrower.holds[0], Placed::Already(..)));
}

#[tokio::test]
async fn a_held_message_is_listed_with_the_agreed_keys_and_opens_for_a_reviewer() {
    let place = Place::new();
    let store = place.open().await;
    store.commit(full_change(&store)).await.unwrap();
    let filter = HeldFilter {
        state: Some(HeldState::Held),
        sender: Some(address("KARI@cpm.example")),
        recipient: Some(address("OLA@out.example")),
        direction: Some(Direction::Outbound),
        ..HeldFilter::default()
    };
    let listed = store.held(&filter).await.unwrap();
    let line = serde_json::to_value(&listed[0]).unwrap();
    let id = listed[0].id;
    assert_eq!(
        line,
        json!({
            "id": id.to_string(), "event": event(&store, RAW).to_string(), "state": "held",
            "message_id": "<1@cpm.example>", "sender": "kari@cpm.example",
            "recipients": ["ola@out.example"], "direction": "outbound",
            "reasons": ["no.fnr:high"], "held_at": "2026-11-23T08:00:00Z",
            "expires_at": "2026-12-23T08:00:00Z", "size": RAW.len(),
            "assigned_to": null, "level": "high", "persons": 0,
            "routes": ["outbound numbers"], "rules": ["no.fnr"],
        })
    );
    let other = HeldFilter { sender: Some(address("per@cpm.example")), ..HeldFilter::default() };
    assert_eq!(store.held(&other).await.unwrap(), []);

    assert_eq!(store.reread_held(id, &reviewer()).await.unwrap(), RAW);
    assert_eq!(acts(&store).await, ["decided", "notified"]);
    assert_eq!(store.reveal_held(id, &reviewer()).await.unwrap(), RAW);
    let rows = store.event_audit(event(&store, RAW)).await.unwrap();
    let last = rows.last().unwrap();
    assert_eq!((last.act.as_str(), last.actor.as_str()), ("revealed", "Vakt"));
    assert_eq!(last.facts["purpose"], "sak 12");
}

#[tokio::test]
async fn pages_through_the_held_messages() {
    let place = Place::new();
    let store = place.open().await;
    for n in 0..5 {
        let raw = format!("melding {n}").into_bytes();
        let hold = new_hold(event(&store, &raw), &["ola@out.example"], &raw);
        store.commit(Change { holds: vec![hold], ..Change::default() }).await.unwrap();
    }
    let mut seen: Vec<HeldId> = Vec::new();
    loop {
        let filter = HeldFilter { limit: 2, before: seen.last().copied(), ..HeldFilter::default() };
        let page = store.held(&filter).await.unwrap();
        if page.is_empty() {
            break;
        }
        seen.extend(page.iter().map(|held| held.id));
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5);
}

#[tokio::test]
async fn a_message_released_twice_is_queued_once() {
    let place = Place::new();
    let store = place.open().await;
    let id = hold(&store, RAW).await;
    let release = || {
        let queued = new_queued(event(&store, RAW), Purpose::Release, &["ola@out.example"], RAW);
        let told = Event::of_gate(event(&store, RAW), Act::Released, json!({ "held": id }));
        (vec![queued], vec![told])
    };
    let (queue, events) = release();
    let now = store.settle_held(id, HeldState::Released, queue, events).await.unwrap();
    assert_eq!(now, Settled::Now);
    let (queue, events) = release();
    let again = store.settle_held(id, HeldState::Released, queue, events).await.unwrap();
    assert_eq!(again, Settled::Already(HeldState::Released));
    let rejected = store.settle_held(id, HeldState::Rejected, vec![], vec![]).await.unwrap();
    assert_eq!(rejected, Settled::Already(HeldState::Released));

    assert_eq!(store.claim_due(place.now(), 10).await.unwrap().len(), 1);
    assert_eq!(acts(&store).await, ["released"]);
    assert_eq!(place.contents().len(), 2);
    // Its retry by the sender does not come back as held.
    let hold = new_hold(event(&store, RAW), &["ola@out.example"], RAW);
    let retried = store.commit(Change { holds: vec![hold], ..Change::default() }).await.unwrap();
    assert_eq!(retried.holds, [Placed::Already(id, HeldState::Released)]);
}

#[tokio::test]
async fn a_rejected_message_is_destroyed() {
    let place = Place::new();
    let store = place.open().await;
    let id = hold(&store, RAW).await;
    let sealed = sealed_key(&place, id).await.unwrap();
    let told = Event::of_gate(event(&store, RAW), Act::Rejected, json!({ "held": id }));
    store.settle_held(id, HeldState::Rejected, vec![], vec![told]).await.unwrap();
    assert!(matches!(
        store.reveal_held(id, &reviewer()).await,
        Err(StoreError::ContentGone(gone)) if gone == id.to_string()
    ));
    assert_eq!(place.contents(), Vec::<PathBuf>::new());
    assert_eq!(place.files_with(sealed.as_bytes()), Vec::<PathBuf>::new());
    assert_eq!(acts(&store).await, ["rejected"]);
}

#[tokio::test]
async fn what_is_over_its_time_cannot_be_found_anywhere() {
    let place = Place::new();
    let store = place.open().await;
    let id = hold(&store, RAW).await;
    assert_eq!(place.files_with(SECRET.as_bytes()), Vec::<PathBuf>::new());
    let sealed = sealed_key(&place, id).await.unwrap();
    assert!(!place.files_with(sealed.as_bytes()).is_empty());

    place.clock.advance(SignedDuration::from_hours(29 * 24));
    assert_eq!(store.purge_expired(place.now()).await.unwrap(), []);
    place.clock.advance(SignedDuration::from_hours(25));
    assert_eq!(store.purge_expired(place.now()).await.unwrap(), [id]);

    assert_eq!(place.contents(), Vec::<PathBuf>::new());
    assert_eq!(place.files_with(SECRET.as_bytes()), Vec::<PathBuf>::new());
    assert_eq!(place.files_with(sealed.as_bytes()), Vec::<PathBuf>::new());
    let row = store.held_by_id(id).await.unwrap().unwrap();
    assert_eq!(row.state, HeldState::Deleted);
    assert_eq!(acts(&store).await, ["deleted"]);
    assert_eq!(store.purge_expired(place.now()).await.unwrap(), []);
}

#[tokio::test]
async fn a_clock_that_jumps_a_year_destroys_nothing_for_a_day() {
    let place = Place::new();
    let store = place.open().await;
    store.purge_expired(place.now()).await.unwrap();
    let id = hold(&store, RAW).await;
    let hours = |hours| place.clock.advance(SignedDuration::from_hours(hours));
    let jumped = |result| matches!(result, Err(StoreError::ClockJumped { .. }));

    hours(365 * 24);
    assert!(jumped(store.purge_expired(place.now()).await));
    hours(1);
    assert!(jumped(store.purge_expired(place.now()).await));
    // Somebody sets it right.
    hours(-365 * 24);
    assert_eq!(store.purge_expired(place.now()).await.unwrap(), []);
    // It was true after all: the machine had been off.
    hours(40 * 24);
    assert!(jumped(store.purge_expired(place.now()).await));
    hours(25);
    assert_eq!(store.purge_expired(place.now()).await.unwrap(), [id]);
}
