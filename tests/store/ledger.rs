//! The ledger: what was accepted is somewhere, and when it is not, it shows.

use std::fs;

use jiff::SignedDuration;
use sluse::{
    model::{Act, Answered, Event},
    store::{Change, Fate, HeldState, Imbalance, LedgerHour, NewRefusal, Purpose, Store},
};

use crate::place::{Place, RAW, address, event, hold, new_hold, new_queued, reviewer};

#[tokio::test]
async fn every_way_a_recipient_can_go_is_accounted_for() {
    let place = Place::new();
    let store = place.open().await;
    store.commit(mixed(&store)).await.unwrap();
    let accepted = ["held@out.example", "copy@out.example", "no@out.example", "now@out.example"];
    store.note_answered(answered(&store, &accepted, &["now@out.example"]));
    let hour = entered(&place, &store).await;
    let found = (hour.accepted, hour.delivered, hour.held, hour.outbox, hour.refused);
    assert_eq!((found, hour.difference()), ((4, 1, 1, 1, 1), 0));
    balanced(&place, &store).await;
}

#[tokio::test]
async fn an_answer_given_again_counts_once() {
    let place = Place::new();
    let store = place.open().await;
    for _retry in 0..3 {
        store.commit(mixed(&store)).await.unwrap();
        let accepted = ["held@out.example", "copy@out.example", "no@out.example"];
        store.note_answered(answered(&store, &accepted, &[]));
        store.enter_answers().await.unwrap();
    }
    let hour = entered(&place, &store).await;
    assert_eq!((hour.accepted, hour.repeated, hour.difference()), (3, 6, 0));
    balanced(&place, &store).await;
}

#[tokio::test]
async fn a_message_that_was_accepted_and_not_kept_shows_in_its_hour() {
    let place = Place::new();
    let store = place.open().await;
    store.commit(mixed(&store)).await.unwrap();
    store.note_answered(answered(&store, &["held@out.example", "lost@out.example"], &[]));
    let hour = entered(&place, &store).await;
    assert_eq!((hour.accepted, hour.held, hour.difference()), (2, 1, 1));
    assert_eq!(store.check_ledger(place.now()).await.unwrap(), [Imbalance::Hour(hour)]);
}

#[tokio::test]
async fn what_is_kept_without_an_answer_is_no_difference() {
    let place = Place::new();
    let store = place.open().await;
    // The client left before it heard; it never comes back.
    store.commit(mixed(&store)).await.unwrap();
    // The next hop took it, and the client was told to come again.
    store.note_answered(answered(&store, &[], &["now@out.example"]));
    store.enter_answers().await.unwrap();
    assert_eq!(store.ledger(place.now(), place.now()).await.unwrap().len(), 1);
    assert_eq!(entered(&place, &store).await.accepted, 0);
    balanced(&place, &store).await;
}

#[tokio::test]
async fn answers_of_a_killed_process_are_forgotten_on_both_sides() {
    let place = Place::new();
    let runtime = tokio::runtime::Runtime::new();
    let work = std::thread::spawn({
        let (folder, clock) = (place.folder(), place.clock.clone());
        move || {
            let runtime = runtime.unwrap();
            runtime.block_on(async {
                let store = Store::open(&folder, None, clock).await.unwrap();
                store.commit(mixed(&store)).await.unwrap();
                store.note_answered(answered(&store, &["held@out.example"], &[]));
                std::mem::forget(store);
            });
            runtime.shutdown_background();
        }
    });
    work.join().unwrap();
    let store = place.open().await;
    balanced(&place, &store).await;
    // The client asks again: now it counts.
    store.commit(mixed(&store)).await.unwrap();
    store.note_answered(answered(&store, &["held@out.example"], &[]));
    assert_eq!(entered(&place, &store).await.difference(), 0);
}

#[tokio::test]
async fn the_last_answers_are_entered_when_the_store_closes() {
    let place = Place::new();
    let store = place.open().await;
    store.commit(mixed(&store)).await.unwrap();
    store.note_answered(answered(&store, &["held@out.example"], &[]));
    store.enter_answers().await.unwrap();
    drop(store);
    let store = place.open().await;
    assert_eq!(store.ledger(place.now(), place.now()).await.unwrap()[0].accepted, 1);
}

#[tokio::test]
async fn a_row_that_vanishes_shows() {
    let place = Place::new();
    let store = place.open().await;
    store.commit(mixed(&store)).await.unwrap();
    balanced(&place, &store).await;
    place.tamper("DELETE FROM held_recipient WHERE recipient = 'held@out.example'").await;
    let mut missing = vec![Imbalance::Rows { place: "held", ledger: 1, rows: 0 }];
    assert_eq!(store.check_ledger(place.now()).await.unwrap(), missing);
    place.tamper("DELETE FROM outbox_recipient WHERE recipient = 'copy@out.example'").await;
    missing.push(Imbalance::Rows { place: "outbox", ledger: 2, rows: 1 });
    assert_eq!(store.check_ledger(place.now()).await.unwrap(), missing);
}

#[tokio::test]
async fn content_that_vanishes_shows() {
    let place = Place::new();
    let store = place.open().await;
    let id = hold(&store, RAW).await;
    fs::remove_file(&place.contents()[0]).unwrap();
    let found = store.check_ledger(place.now()).await.unwrap();
    assert_eq!(found, [Imbalance::Content { id: id.to_string() }]);
}

#[tokio::test]
async fn a_release_without_a_copy_shows() {
    let place = Place::new();
    let store = place.open().await;
    let id = hold(&store, RAW).await;
    store.settle_held(id, HeldState::Released, vec![], vec![]).await.unwrap();
    let found = store.check_ledger(place.now()).await.unwrap();
    assert_eq!(found, [Imbalance::Released { recipients: 1 }]);
}

#[tokio::test]
async fn a_recipient_in_two_places_shows() {
    let place = Place::new();
    let store = place.open().await;
    hold(&store, RAW).await;
    let copy = new_queued(event(&store, RAW), Purpose::Copy, &["ola@out.example"], RAW);
    store.commit(Change { queue: vec![copy], ..Change::default() }).await.unwrap();
    let found = store.check_ledger(place.now()).await.unwrap();
    assert_eq!(found, [Imbalance::Twice { recipients: 1 }]);
}

#[tokio::test]
async fn what_moves_from_place_to_place_stays_accounted_for() {
    let place = Place::new();
    let store = place.open().await;
    let raw = |n: usize| format!("melding {n}").into_bytes();
    let mut ids = Vec::new();
    for n in 0..4 {
        ids.push(hold(&store, &raw(n)).await);
    }
    let [release, reject, delete, _expire] = ids[..] else { panic!("{ids:?}") };
    let copy = new_queued(event(&store, &raw(0)), Purpose::Release, &["ola@out.example"], RAW);
    store.settle_held(release, HeldState::Released, vec![copy], vec![]).await.unwrap();
    store.settle_held(reject, HeldState::Rejected, vec![], vec![]).await.unwrap();
    store.settle_held(delete, HeldState::Deleted, vec![], vec![]).await.unwrap();
    balanced(&place, &store).await;

    let (a, b) = ("a@out.example", "b@out.example");
    for purpose in [Purpose::Copy, Purpose::Notice] {
        let queued = new_queued(event(&store, RAW), purpose, &[a, b], RAW);
        store.commit(Change { queue: vec![queued], ..Change::default() }).await.unwrap();
    }
    let items = store.claim_due(place.now(), 10).await.unwrap();
    assert_eq!(items.len(), 3);
    for (item, to) in items.iter().zip([b, a, "ola@out.example"].into_iter().cycle()) {
        let fates = [(address(to), Fate::Sent), (address(a), Fate::Failed("550".into()))];
        store.settle_queued(item.id, &fates).await.unwrap();
        balanced(&place, &store).await;
        store.drop_queued(item.id, &reviewer()).await.unwrap();
        balanced(&place, &store).await;
    }
    for _hour in 0..31 {
        place.clock.advance(SignedDuration::from_hours(24));
        store.purge_expired(place.now()).await.unwrap();
        balanced(&place, &store).await;
    }
}

#[tokio::test]
async fn old_hours_are_forgotten_and_what_is_there_is_still_known() {
    let place = Place::new();
    let store = place.open().await;
    let keep_long = |mut hold: sluse::store::NewHold| {
        hold.keep_days = 400;
        hold
    };
    let hold = keep_long(new_hold(event(&store, RAW), &["ola@out.example"], RAW));
    store.commit(Change { holds: vec![hold], ..Change::default() }).await.unwrap();
    store.note_answered(answered(&store, &["ola@out.example"], &[]));
    let first = entered(&place, &store).await;
    for _day in 0..91 {
        place.clock.advance(SignedDuration::from_hours(24));
        store.purge_expired(place.now()).await.unwrap();
    }
    let hours = store.ledger(first.hour, place.now()).await.unwrap();
    assert_eq!(hours, []);
    balanced(&place, &store).await;
}

/// Held for one, copied to another, refused for a third.
fn mixed(store: &Store) -> Change {
    let event = event(store, RAW);
    Change {
        holds: vec![new_hold(event, &["held@out.example"], RAW)],
        queue: vec![
            new_queued(event, Purpose::Copy, &["copy@out.example"], RAW),
            new_queued(event, Purpose::Notice, &["kari@cpm.example"], b"Varsel"),
        ],
        refused: vec![NewRefusal { event, recipients: vec![address("no@out.example")] }],
        events: vec![Event::of_gate(event, Act::Decided, crate::place::facts())],
        ..Change::default()
    }
}

fn answered(store: &Store, accepted: &[&str], delivered: &[&str]) -> Answered {
    let all = |list: &[&str]| list.iter().map(|to| address(to)).collect();
    Answered { event: event(store, RAW), accepted: all(accepted), delivered: all(delivered) }
}

/// The one hour there is, with everything entered.
async fn entered(place: &Place, store: &Store) -> LedgerHour {
    store.enter_answers().await.unwrap();
    let hours = store.ledger(place.now(), place.now()).await.unwrap();
    assert_eq!(hours.len(), 1, "{hours:?}");
    hours[0]
}

async fn balanced(place: &Place, store: &Store) {
    store.enter_answers().await.unwrap();
    assert_eq!(store.check_ledger(place.now()).await.unwrap(), []);
}
