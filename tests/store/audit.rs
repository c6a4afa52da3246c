//! The audit log: one chain, in which every change shows.

use sluse::store::StoreError;

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
