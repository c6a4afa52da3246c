//! The audit log: one chain, in which every change shows.

use jiff::SignedDuration;
use sluse::store::{Checkpoint, Inspector, Store, StoreError};

use crate::place::{Place, decided};

#[tokio::test]
async fn two_processes_write_one_chain() {
    let place = Place::new();
    let (one, other) = (place.open().await, place.open().await);
    let mut tasks = Vec::new();
    for n in 0..40 {
        let store = if n % 2 == 0 { one.clone() } else { other.clone() };
        tasks.push(tokio::spawn(async move { store.commit(decided(&store, n)).await }));
    }
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap().events, 1);
    }
    let report = one.audit_verify().await.unwrap();
    assert_eq!((report.rows, report.first_bad), (40, None));
}

#[tokio::test]
async fn an_altered_audit_row_is_named() {
    for (tampering, seq, why) in [
        ("UPDATE audit SET facts = '{}' WHERE seq = 4", 4, "the row was altered or moved"),
        ("UPDATE audit SET actor = 'ingen' WHERE seq = 1", 1, "the row was altered or moved"),
        ("DELETE FROM audit WHERE seq = 5", 5, "the row is missing"),
        ("UPDATE audit SET seq = 99 WHERE seq = 6", 6, "the row is missing"),
        (
            "UPDATE audit SET seq = CASE seq WHEN 7 THEN -8 ELSE -7 END WHERE seq IN (7, 8); \
             UPDATE audit SET seq = -seq WHERE seq < 0",
            7,
            "the row was altered or moved",
        ),
        ("DELETE FROM audit WHERE seq > 8", 9, "the end of the log was cut off"),
        ("DELETE FROM audit", 1, "the end of the log was cut off"),
        ("UPDATE audit_head SET seq = 8", 10, "the head record is missing or was altered"),
        ("DELETE FROM audit_head", 10, "the head record is missing or was altered"),
    ] {
        let place = Place::new();
        let store = place.open().await;
        for n in 0..10 {
            store.commit(decided(&store, n)).await.unwrap();
        }
        assert_eq!(store.audit_verify().await.unwrap().first_bad, None);
        place.tamper(tampering).await;
        let bad = store.audit_verify().await.unwrap().first_bad.unwrap();
        assert_eq!((bad.seq, bad.why), (seq, why), "{tampering}");
    }
}

#[tokio::test]
async fn a_cut_off_end_is_not_covered_up_by_new_rows() {
    let place = Place::new();
    let store = place.open().await;
    for n in 0..10 {
        store.commit(decided(&store, n)).await.unwrap();
    }
    place
        .tamper(
            "DELETE FROM audit WHERE seq > 5; \
             UPDATE audit_head SET seq = 5, mac = (SELECT mac FROM audit WHERE seq = 5)",
        )
        .await;
    let refused = store.commit(decided(&store, 11)).await;
    assert!(matches!(refused, Err(StoreError::AuditBroken)), "{refused:?}");
    assert_eq!(store.audit_verify().await.unwrap().rows, 5);
}

#[tokio::test]
async fn the_audit_log_is_exported_in_pages() {
    let place = Place::new();
    let store = place.open().await;
    for n in 0..7 {
        store.commit(decided(&store, n)).await.unwrap();
    }
    let first = store.audit_page(1, 5).await.unwrap();
    let rest = store.audit_page(6, 5).await.unwrap();
    assert_eq!((first.len(), rest.len()), (5, 2));
    let row = serde_json::to_value(&first[0]).unwrap();
    assert_eq!(row["at"], "2026-11-23T08:00:00Z");
    assert_eq!(row["facts"]["direction"], "outbound");
}

/// Ten rows, a checkpoint after the fourth and one at the end.
async fn signed(place: &Place) -> (Store, Vec<Checkpoint>) {
    let store = place.open().await;
    let mut points = Vec::new();
    for n in 0..8 {
        store.commit(decided(&store, n)).await.unwrap();
        if n == 3 || n == 7 {
            points.push(store.sign_audit(place.now()).await.unwrap().unwrap());
        }
    }
    (store, points)
}

#[tokio::test]
async fn the_log_is_signed_once_a_day() {
    let place = Place::new();
    let store = place.open().await;
    assert_eq!(store.sign_audit_daily(place.now()).await.unwrap(), None, "nothing to sign");
    for day in 0..3 {
        store.commit(decided(&store, day)).await.unwrap();
        let point = store.sign_audit_daily(place.now()).await.unwrap().unwrap();
        assert!(point.is_signed_by(&store.audit_key()));
        let again = store.sign_audit_daily(place.now()).await.unwrap();
        assert_eq!(again, None, "day {day}");
        place.clock.advance(SignedDuration::from_hours(24));
    }
    assert_eq!(store.sign_audit_daily(place.now()).await.unwrap(), None, "nothing new");
    let report = store.audit_verify().await.unwrap();
    assert_eq!((report.rows, report.checkpoints, report.signed_to), (6, 3, Some(5)));
    assert_eq!(report.first_bad, None);
    assert_eq!(place.open().await.audit_key(), store.audit_key());
}

#[tokio::test]
async fn a_log_that_does_not_hold_is_not_signed() {
    let place = Place::new();
    let store = place.open().await;
    store.commit(decided(&store, 1)).await.unwrap();
    place.tamper("UPDATE audit SET facts = '{}' WHERE seq = 1").await;
    let refused = store.sign_audit(place.now()).await;
    assert!(matches!(refused, Err(StoreError::AuditBroken)), "{refused:?}");
}

#[tokio::test]
async fn a_checkpoint_shows_what_the_head_was_made_to_hide() {
    // Whoever puts back an older copy of the whole database has a head that
    // holds; the checkpoint that was kept elsewhere tells.
    let place = Place::new();
    let store = place.open().await;
    store.commit(decided(&store, 1)).await.unwrap();
    place.tamper("CREATE TABLE old AS SELECT * FROM audit_head").await;
    for n in 2..6 {
        store.commit(decided(&store, n)).await.unwrap();
    }
    let kept = store.sign_audit(place.now()).await.unwrap().unwrap();
    let put_back = "DELETE FROM audit WHERE seq > 1; DELETE FROM audit_head; \
                    INSERT INTO audit_head SELECT * FROM old";
    place.tamper(put_back).await;
    let bad = store.audit_verify().await.unwrap().first_bad.unwrap();
    assert_eq!((bad.seq, bad.why), (2, "the end of the log was cut off"));
    place.tamper("DELETE FROM checkpoint").await;
    assert_eq!(store.audit_verify().await.unwrap().first_bad, None, "all traces here are gone");
    let report = store.audit_verify_with(std::slice::from_ref(&kept)).await.unwrap();
    assert_eq!(report.first_bad.unwrap().seq, 2);
    // Also when the log has grown again since.
    for n in 10..20 {
        store.commit(decided(&store, n)).await.unwrap();
    }
    let report = store.audit_verify_with(&[kept]).await.unwrap();
    let why = "the checkpoint that was kept elsewhere tells of another row";
    assert_eq!(report.first_bad.unwrap().why, why);
}

#[tokio::test]
async fn a_checkpoint_that_was_altered_is_named() {
    for tampering in [
        "UPDATE checkpoint SET at = at + 1 WHERE seq = 4",
        "UPDATE checkpoint SET digest = 'ab' WHERE seq = 4",
        "UPDATE checkpoint SET signature = (SELECT signature FROM checkpoint WHERE seq = 9) \
         WHERE seq = 4",
    ] {
        let place = Place::new();
        let (store, _) = signed(&place).await;
        assert_eq!(store.audit_verify().await.unwrap().first_bad, None);
        place.tamper(tampering).await;
        let bad = store.audit_verify().await.unwrap().first_bad.unwrap();
        assert_eq!((bad.seq, bad.why), (4, "the checkpoint of this row does not hold"));
    }
}

#[tokio::test]
async fn exported_rows_are_proven_by_the_public_key_alone() {
    let place = Place::new();
    let (store, points) = signed(&place).await;
    let rows = store.audit_page(1, 100).await.unwrap();
    assert_eq!((points[0].row, points[1].row, rows.len()), (4, 9, 10));
    let check = |from: usize, alter: &dyn Fn(usize, &mut sluse::store::AuditRow)| {
        let mut inspector = Inspector::with_public_key(&store.audit_key()).unwrap();
        for (at, row) in rows.iter().enumerate().skip(from) {
            let mut row = row.clone();
            alter(at, &mut row);
            inspector.take(&row);
        }
        inspector.end()
    };
    let report = check(0, &|_, _| {});
    assert_eq!((report.rows, report.checkpoints, report.proven), (10, 2, Some((1, 9))));
    assert_eq!(report.first_bad, None);
    let report = check(4, &|_, _| {});
    assert_eq!((report.checkpoints, report.proven), (1, Some((5, 9))));
    let actor = check(0, &|at, row| {
        if at == 6 {
            row.actor = "ingen".to_owned();
        }
    });
    let bad = actor.first_bad.unwrap();
    assert_eq!((bad.seq, bad.why), (10, "a row since the checkpoint before this one was altered"));
    // With its own keys the store names the very row.
    let mut inspector = store.inspector(5).await.unwrap();
    for (at, row) in rows.iter().enumerate().skip(4) {
        let mut row = row.clone();
        if at == 6 {
            row.actor = "ingen".to_owned();
        }
        inspector.take(&row);
    }
    let bad = inspector.end().first_bad.unwrap();
    assert_eq!((bad.seq, bad.why), (7, "the row was altered or moved"));
    let other = Place::new().open().await.audit_key();
    let mut inspector = Inspector::with_public_key(&other).unwrap();
    rows.iter().for_each(|row| inspector.take(row));
    let bad = inspector.end().first_bad.unwrap();
    assert_eq!(bad.why, "the signature of the checkpoint does not hold");
}
