//! What is kept for how long, and what goes when its time is over.

use jiff::SignedDuration;
use serde_json::json;
use sluse::{
    model::{Act, Event},
    store::{
        Change, Fate, HeldFilter, HeldId, HeldState, Kept, OutboxFilter, Purpose, Retention,
        Settled, Store, StoreError,
    },
};

use crate::place::{
    Place, RAW, SECRET, acts, address, decided, event, hold, new_hold, new_queued, reviewer,
};

/// Lets so many days pass, with a purge on each.
async fn days(place: &Place, store: &Store, number: usize, retention: Retention) -> Vec<HeldId> {
    let mut gone = Vec::new();
    for _day in 0..number {
        place.clock.advance(SignedDuration::from_hours(24));
        gone.extend(store.purge(place.now(), retention).await.unwrap());
    }
    gone
}

#[tokio::test]
async fn a_released_message_is_kept_for_its_own_time() {
    let place = Place::new();
    let store = place.open().await;
    let mut new = new_hold(event(&store, RAW), &["ola@out.example"], RAW);
    (new.keep_days, new.released_days) = (365, 7);
    store.commit(Change { holds: vec![new], ..Change::default() }).await.unwrap();
    let id = store.held(&HeldFilter::default()).await.unwrap()[0].id;
    assert_eq!(days(&place, &store, 20, Retention::default()).await, []);
    store.settle_held(id, HeldState::Released, vec![], vec![]).await.unwrap();
    assert_eq!(days(&place, &store, 6, Retention::default()).await, []);
    assert_eq!(days(&place, &store, 1, Retention::default()).await, [id]);
    let left = store.held_by_id(id).await.unwrap().unwrap();
    assert_eq!(left.state, HeldState::Released, "a record without content stays");
    assert!(matches!(store.reveal_held(id, &reviewer()).await, Err(StoreError::ContentGone(_))));
}

#[tokio::test]
async fn a_release_never_makes_it_last_longer_than_was_promised() {
    let place = Place::new();
    let store = place.open().await;
    let id = hold(&store, RAW).await;
    assert_eq!(days(&place, &store, 28, Retention::default()).await, []);
    store.settle_held(id, HeldState::Released, vec![], vec![]).await.unwrap();
    assert_eq!(days(&place, &store, 2, Retention::default()).await, [id]);
}

#[tokio::test]
async fn a_legal_hold_keeps_what_everything_else_would_destroy() {
    let place = Place::new();
    let store = place.open().await;
    let id = hold(&store, RAW).await;
    assert_eq!(store.keep(id, Kept::ByLaw, &reviewer()).await.unwrap(), Settled::Now);
    let again = store.keep(id, Kept::ByLaw, &reviewer()).await.unwrap();
    assert_eq!(again, Settled::Already(Kept::ByLaw));
    let holds = store.legal_holds().await.unwrap();
    assert_eq!((holds.len(), holds[0].reason.as_str()), (1, "sak 12"));
    for state in [HeldState::Deleted, HeldState::Rejected] {
        let told = Event::of_gate(event(&store, RAW), Act::Deleted, json!({}));
        let refused = store.settle_held(id, state, vec![], vec![told]).await;
        assert!(matches!(refused, Err(StoreError::KeptByLaw(_))), "{refused:?}");
    }
    let short = Retention { record_days: 30, audit_days: 30 };
    assert_eq!(days(&place, &store, 400, short).await, []);
    assert_eq!(store.reread_held(id, &reviewer()).await.unwrap(), RAW);
    store.sign_audit(place.now()).await.unwrap().unwrap();
    days(&place, &store, 31, short).await;
    assert_eq!(store.trim_audit(place.now(), short).await.unwrap(), None, "nor what was said");

    assert_eq!(store.keep(id, Kept::ForItsTime, &reviewer()).await.unwrap(), Settled::Now);
    assert_eq!(days(&place, &store, 1, short).await, [id]);
    assert_eq!(acts(&store).await, ["hold-placed", "checkpointed", "hold-lifted", "deleted"]);
    assert_eq!(store.legal_holds().await.unwrap(), []);
}

#[tokio::test]
async fn a_hold_among_other_changes_stops_only_its_own() {
    let place = Place::new();
    let store = place.open().await;
    let (kept, other) =
        (hold(&store, RAW).await, hold(&store, b"From: a@b.example\r\n\r\nx").await);
    store.keep(kept, Kept::ByLaw, &reviewer()).await.unwrap();
    let both = tokio::join!(
        store.settle_held(kept, HeldState::Deleted, vec![], vec![]),
        store.settle_held(other, HeldState::Deleted, vec![], vec![]),
    );
    assert!(matches!(both.0, Err(StoreError::KeptByLaw(_))), "{:?}", both.0);
    assert_eq!(both.1.unwrap(), Settled::Now);
}

#[tokio::test]
async fn records_outlive_the_content_and_go_too() {
    let place = Place::new();
    let store = place.open().await;
    let id = hold(&store, RAW).await;
    let sent = new_queued(event(&store, RAW), Purpose::Copy, &["per@out.example"], RAW);
    store.commit(Change { queue: vec![sent], ..Change::default() }).await.unwrap();
    let item = store.claim_due(place.now(), 1).await.unwrap().remove(0);
    store.settle_queued(item.id, &[(address("per@out.example"), Fate::Sent)]).await.unwrap();
    let retention = Retention { record_days: 100, audit_days: 1000 };
    assert_eq!(days(&place, &store, 30, retention).await, [id]);
    days(&place, &store, 69, retention).await;
    assert_eq!(store.outbox(&OutboxFilter::default()).await.unwrap().len(), 1, "who got what");
    days(&place, &store, 1, retention).await;
    assert_eq!(store.outbox(&OutboxFilter::default()).await.unwrap(), []);
    assert!(store.held_by_id(id).await.unwrap().is_some());
    days(&place, &store, 30, retention).await;
    assert!(store.held_by_id(id).await.unwrap().is_none());
    assert_eq!(place.files_with(b"ola@out.example"), Vec::<std::path::PathBuf>::new());
    assert_eq!(place.files_with(SECRET.as_bytes()), Vec::<std::path::PathBuf>::new());
    assert_eq!(store.check_ledger(place.now()).await.unwrap(), []);
}

#[tokio::test]
async fn the_audit_log_is_cut_at_a_checkpoint_and_still_holds() {
    let place = Place::new();
    let store = place.open().await;
    let short = Retention { record_days: 30, audit_days: 40 };
    for day in 0..3 {
        store.commit(decided(&store, day)).await.unwrap();
        store.sign_audit(place.now()).await.unwrap().unwrap();
        days(&place, &store, 1, short).await;
    }
    assert_eq!(store.trim_audit(place.now(), short).await.unwrap(), None, "too young");
    days(&place, &store, 38, short).await;
    assert_eq!(store.trim_audit(place.now(), short).await.unwrap(), Some(1));
    assert_eq!(store.trim_audit(place.now(), short).await.unwrap(), Some(3));
    assert_eq!(store.trim_audit(place.now(), short).await.unwrap(), None);
    let report = store.audit_verify().await.unwrap();
    assert_eq!((report.first, report.rows, report.first_bad), (4, 8, None));
    store.sign_audit(place.now()).await.unwrap();
    assert_eq!(store.audit_verify().await.unwrap().first_bad, None);

    place.tamper("DELETE FROM audit WHERE seq = 4").await;
    assert_eq!(store.audit_verify().await.unwrap().first_bad.unwrap().seq, 4);
    place.tamper("UPDATE audit_start SET seq = 4, mac = (SELECT mac FROM checkpoint)").await;
    let why = store.audit_verify().await.unwrap().first_bad.unwrap().why;
    assert_eq!(why, "the start record was altered");
}

#[tokio::test]
async fn a_log_that_does_not_hold_is_not_cut() {
    let place = Place::new();
    let store = place.open().await;
    let short = Retention { record_days: 30, audit_days: 1 };
    store.commit(decided(&store, 1)).await.unwrap();
    store.sign_audit(place.now()).await.unwrap().unwrap();
    place.clock.advance(SignedDuration::from_hours(49));
    place.tamper("UPDATE audit SET actor = 'ingen' WHERE seq = 1").await;
    let kept = store.trim_audit(place.now(), short).await;
    assert!(matches!(kept, Err(StoreError::AuditBroken)), "{kept:?}");
    assert_eq!(store.audit_verify().await.unwrap().first_bad.unwrap().seq, 1);
}
