//! The outbox: sent once to each, retried, given up.

use std::path::PathBuf;

use jiff::SignedDuration;
use serde_json::json;

use sluse::{
    model::{Act, Event},
    store::{Change, Fate, OutboxState, Placed, Purpose, Settled},
};

use crate::place::{Place, RAW, acts, address, event, new_queued, reviewer};

#[tokio::test]
async fn a_partly_sent_item_goes_only_to_those_who_lack_it() {
    let place = Place::new();
    let store = place.open().await;
    let to = ["a@out.example", "b@out.example", "c@out.example"];
    let (a, b, c) = (address(to[0]), address(to[1]), address(to[2]));
    let queued = new_queued(event(&store, RAW), Purpose::Copy, &to, RAW);
    store.commit(Change { queue: vec![queued], ..Change::default() }).await.unwrap();

    let item = store.claim_due(place.now(), 10).await.unwrap().remove(0);
    assert_eq!((item.attempts, &*item.pending), (1, &[a.clone(), b.clone(), c.clone()][..]));
    assert_eq!(item.parcel.bytes()[..], *RAW);
    let results = [(a, Fate::Sent), (b, Fate::Failed("550 5.1.1".into()))];
    let attempt = store.settle_queued(item.id, &results).await.unwrap();
    assert_eq!(attempt.state, OutboxState::Queued);
    assert_eq!(attempt.failed.len(), 1);
    assert!(store.claim_due(place.now(), 10).await.unwrap().is_empty());

    place.clock.advance(SignedDuration::from_secs(61));
    let item = store.claim_due(place.now(), 10).await.unwrap().remove(0);
    assert_eq!((item.attempts, &*item.pending), (2, &[c.clone()][..]));
    let attempt = store.settle_queued(item.id, &[(c, Fate::Sent)]).await.unwrap();
    assert_eq!(attempt.state, OutboxState::Failed);
    assert_eq!(place.contents(), Vec::<PathBuf>::new());
    assert_eq!(acts(&store).await, ["sent", "dropped", "sent"]);
    assert_eq!(place.counts(&store).await.counters["sent/copy"], 2);
    // A retry of the message finds the record.
    let queued = new_queued(event(&store, RAW), Purpose::Copy, &to, RAW);
    let again = store.commit(Change { queue: vec![queued], ..Change::default() }).await.unwrap();
    assert_eq!(again.queue, [Placed::Already(item.id, OutboxState::Failed)]);
}

#[tokio::test]
async fn an_item_that_nobody_takes_is_given_up_after_five_days() {
    let place = Place::new();
    let store = place.open().await;
    let to = address("a@out.example");
    let queued = new_queued(event(&store, RAW), Purpose::Copy, &["a@out.example"], RAW);
    store.commit(Change { queue: vec![queued], ..Change::default() }).await.unwrap();
    let mut attempts = 0;
    let given_up = loop {
        let item = store.claim_due(place.now(), 1).await.unwrap().remove(0);
        attempts += 1;
        let results = [(to.clone(), Fate::Retry("451 later".into()))];
        let attempt = store.settle_queued(item.id, &results).await.unwrap();
        if attempt.state != OutboxState::Queued {
            break attempt;
        }
        place.clock.advance(SignedDuration::from_hours(1));
    };
    assert_eq!(given_up.failed, [(to, "451 later".to_owned())]);
    assert_eq!(attempts, 5 * 24 + 1);
}

#[tokio::test]
async fn two_processes_never_claim_the_same_item() {
    let place = Place::new();
    let (one, other) = (place.open().await, place.open().await);
    for n in 0..20 {
        let raw = format!("melding {n}").into_bytes();
        let queued = new_queued(event(&one, &raw), Purpose::Copy, &["ola@out.example"], &raw);
        one.commit(Change { queue: vec![queued], ..Change::default() }).await.unwrap();
    }
    let (mine, theirs) =
        tokio::join!(one.claim_due(place.now(), 15), other.claim_due(place.now(), 15));
    let (mine, theirs) = (mine.unwrap(), theirs.unwrap());
    let mut ids: Vec<_> = mine.iter().chain(&theirs).map(|item| item.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20);
    assert_eq!(mine.len() + theirs.len(), 20);
    // Whoever died with an item in hand loses it after half an hour.
    place.clock.advance(SignedDuration::from_mins(31));
    assert_eq!(one.claim_due(place.now(), 50).await.unwrap().len(), 20);
}

#[tokio::test]
async fn what_a_crash_left_claimed_is_free_at_the_next_start() {
    let place = Place::new();
    let (crashing, other) = (place.open().await, place.open().await);
    let queued = new_queued(event(&crashing, RAW), Purpose::Copy, &["ola@out.example"], RAW);
    crashing.commit(Change { queue: vec![queued], ..Change::default() }).await.unwrap();
    assert_eq!(crashing.claim_due(place.now(), 1).await.unwrap().len(), 1);
    assert_eq!(other.free_claims().await.unwrap(), 0, "it may still be sending");
    assert!(other.claim_due(place.now(), 1).await.unwrap().is_empty());

    drop((crashing, other));
    let started = place.open().await;
    assert_eq!(started.free_claims().await.unwrap(), 1);
    assert_eq!(started.claim_due(place.now(), 1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_operator_retries_and_drops_an_item() {
    let place = Place::new();
    let store = place.open().await;
    let queued = new_queued(event(&store, RAW), Purpose::Copy, &["a@out.example"], RAW);
    store.commit(Change { queue: vec![queued], ..Change::default() }).await.unwrap();
    let item = store.claim_due(place.now(), 1).await.unwrap().remove(0);
    // While it is being sent, a retry does not hand it out twice.
    assert_eq!(store.retry(item.id).await.unwrap(), Settled::Now);
    assert!(store.claim_due(place.now(), 1).await.unwrap().is_empty());
    store.settle_queued(item.id, &[]).await.unwrap();
    assert!(store.claim_due(place.now(), 1).await.unwrap().is_empty());
    store.retry(item.id).await.unwrap();
    assert_eq!(store.claim_due(place.now(), 1).await.unwrap().len(), 1);

    assert_eq!(store.drop_queued(item.id, &reviewer()).await.unwrap(), Settled::Now);
    let again = store.drop_queued(item.id, &reviewer()).await.unwrap();
    assert_eq!(again, Settled::Already(OutboxState::Dropped));
    assert_eq!(acts(&store).await, ["dropped"]);
    assert_eq!(place.contents(), Vec::<PathBuf>::new());
    let settled = store.settle_queued(item.id, &[(address("a@out.example"), Fate::Sent)]).await;
    assert_eq!(settled.unwrap().state, OutboxState::Dropped);
}

#[tokio::test]
async fn notices_with_one_key_go_out_once_an_hour() {
    let place = Place::new();
    let store = place.open().await;
    let notice = |n: usize| {
        let raw = format!("melding {n}").into_bytes();
        let event = event(&store, &raw);
        let mut queued = new_queued(event, Purpose::Notice, &["kari@cpm.example"], &raw);
        queued.limit_key = Some("kari no.fnr".to_owned());
        let told = Event::of_gate(event, Act::Notified, json!({}));
        Change { queue: vec![queued], events: vec![told], ..Change::default() }
    };
    assert!(store.commit(notice(1)).await.unwrap().queue[0].is_new());
    let limited = store.commit(notice(2)).await.unwrap();
    assert_eq!((&*limited.queue, limited.events), (&[Placed::Limited][..], 0));
    place.clock.advance(SignedDuration::from_mins(61));
    assert!(store.commit(notice(3)).await.unwrap().queue[0].is_new());
    assert_eq!(acts(&store).await, ["notified", "notified"]);
    assert_eq!(place.contents().len(), 2);
}
