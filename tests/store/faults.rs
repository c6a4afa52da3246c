//! What goes wrong around the store: keys, crashes, disks, locks.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use sluse::{
    base::clock::Clock,
    store::{Change, HeldFilter, HeldId, HeldState, Store, StoreError},
};

use crate::place::{
    Place, RAW, SmallDisk, acts, decided, event, full_change, hold, new_hold, reviewer,
};

#[tokio::test]
async fn the_master_key_is_made_once_and_never_replaced() {
    let place = Place::new();
    let key = place.folder().join("master.key");
    drop(place.open().await);
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let good = fs::read(&key).unwrap();

    fs::remove_file(&key).unwrap();
    assert!(matches!(place.try_open().await, Err(StoreError::KeyMissing(_))));
    assert!(!key.exists());

    fs::write(&key, format!("{}\n", data_encoding::BASE64.encode(&[7; 32]))).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(place.try_open().await, Err(StoreError::KeyWrong(_))));

    fs::write(&key, &good).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let open = place.try_open().await;
    assert!(matches!(open, Err(StoreError::KeyMode { mode: 0o640, .. })));

    fs::set_permissions(&key, fs::Permissions::from_mode(0o400)).unwrap();
    assert!(place.try_open().await.is_ok());
}

#[tokio::test]
async fn a_named_master_key_file_is_used() {
    let place = Place::new();
    let key = place.folder().join("elsewhere.key");
    let clock = place.clock.clone();
    let store = Store::open(&place.folder(), Some(&key), clock.clone()).await.unwrap();
    let id = hold(&store, RAW).await;
    drop(store);
    assert!(!place.folder().join("master.key").exists());
    let store = Store::open(&place.folder(), Some(&key), clock).await.unwrap();
    assert_eq!(store.reread_held(id, &reviewer()).await.unwrap(), RAW);
}

#[tokio::test]
async fn content_without_a_row_is_swept_after_a_day() {
    let place = Place::new();
    let store = place.open().await;
    let id = hold(&store, RAW).await;
    drop(store);
    let held = place.folder().join("sealed/held");
    let days = |path: &Path, days: u64| {
        let file = fs::File::options().append(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(days * 24 * 3600)).unwrap();
    };
    // A crash between content and row, just now and two days ago; and one in
    // the middle of writing.
    for name in ["bcdfbcdfbcdfbcdfbcdf", "ghjkghjkghjkghjkghjk", "mnpqmnpqmnpqmnpqmnpq#1"] {
        fs::write(held.join(name), b"x").unwrap();
    }
    days(&held.join("ghjkghjkghjkghjkghjk"), 2);
    days(&held.join("mnpqmnpqmnpqmnpqmnpq#1"), 2);
    days(&held.join(id.to_string()), 2);

    let store = place.open().await;
    let mut swept = store.swept().to_vec();
    swept.sort();
    assert_eq!(swept, ["held/ghjkghjkghjkghjkghjk", "held/mnpqmnpqmnpqmnpqmnpq#1"]);
    assert_eq!(place.contents().len(), 2);
    assert_eq!(store.reread_held(id, &reviewer()).await.unwrap(), RAW);
}

#[tokio::test]
async fn a_retry_is_not_accepted_when_the_content_is_gone_or_altered() {
    let place = Place::new();
    let store = place.open().await;
    let id = hold(&store, RAW).await;
    let file = place.contents().remove(0);
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, &bytes).unwrap();
    let opened = store.reread_held(id, &reviewer()).await;
    assert!(matches!(opened, Err(StoreError::Tampered(_))), "{opened:?}");

    fs::remove_file(&file).unwrap();
    let opened = store.reread_held(id, &reviewer()).await;
    assert!(matches!(opened, Err(StoreError::ContentMissing(_))), "{opened:?}");
    let retry = Change {
        holds: vec![new_hold(event(&store, RAW), &["ola@out.example"], RAW)],
        ..Change::default()
    };
    assert!(matches!(store.commit(retry).await, Err(StoreError::ContentMissing(_))));
}

#[tokio::test]
async fn a_folder_that_takes_no_content_counts_nothing() {
    let place = Place::new();
    let store = place.open().await;
    let outbox = place.folder().join("sealed/outbox");
    fs::remove_dir(&outbox).unwrap();
    fs::write(&outbox, b"in the way").unwrap();
    assert!(store.commit(full_change(&store)).await.is_err());
    assert_eq!(store.held(&HeldFilter::default()).await.unwrap(), []);
    assert_eq!(acts(&store).await, Vec::<String>::new());
    assert_eq!(fs::read_dir(place.folder().join("sealed/held")).unwrap().count(), 0);

    fs::remove_file(&outbox).unwrap();
    fs::create_dir(&outbox).unwrap();
    assert!(store.commit(full_change(&store)).await.unwrap().holds[0].is_new());
}

#[tokio::test]
async fn a_full_or_read_only_disk_counts_nothing() {
    let place = Place::new();
    // Needs the right to mount; the test above stands in elsewhere.
    let Some(disk) = SmallDisk::mount(place.root()) else { return };
    let clock: Arc<dyn Clock> = place.clock.clone();
    let store = Store::open(&disk.0.join("state"), None, clock).await.unwrap();
    let big = vec![b'x'; 8 << 20];
    let change = |raw: &[u8]| Change {
        holds: vec![new_hold(event(&store, raw), &["ola@out.example"], raw)],
        ..Change::default()
    };
    let full = store.commit(change(&big)).await;
    assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
    assert_eq!(store.held(&HeldFilter::default()).await.unwrap(), []);
    assert_eq!(fs::read_dir(disk.0.join("state/sealed/held")).unwrap().count(), 0);

    // The database's turn: fill the disk to the last byte.
    let filling = fs::write(disk.0.join("filling"), &big);
    assert!(filling.is_err());
    let mut failed = None;
    for n in 0..2000 {
        if let Err(error) = store.commit(decided(&store, n)).await {
            failed = Some((n, error));
            break;
        }
    }
    let (counted, error) = failed.unwrap();
    assert!(matches!(error, StoreError::Full), "{error:?}");
    fs::remove_file(disk.0.join("filling")).unwrap();
    let report = store.audit_verify().await.unwrap();
    assert_eq!((report.rows, report.first_bad), (counted as i64, None));
    store.commit(decided(&store, 5000)).await.unwrap();

    let read_only = SmallDisk::mount_at(disk.0.join("state/sealed"), "ro").unwrap();
    let refused = store.commit(change(RAW)).await;
    assert!(matches!(refused, Err(StoreError::ReadOnly)), "{refused:?}");
    assert!(matches!(store.ready().await, Err(StoreError::ReadOnly)));
    drop(read_only);
    assert!(store.commit(change(RAW)).await.unwrap().holds[0].is_new());
    store.ready().await.unwrap();
}

#[tokio::test]
async fn a_locked_database_is_an_error_and_not_a_wait() {
    let place = Place::new();
    let clock: Arc<dyn Clock> = place.clock.clone();
    let patience = Duration::from_millis(20);
    let store = Store::open_patiently(&place.folder(), None, clock, patience).await.unwrap();
    let mut other = place.connect().await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let refused = store.commit(full_change(&store)).await;
    assert!(matches!(refused, Err(StoreError::Busy)), "{refused:?}");
    assert!(matches!(store.commit(decided(&store, 1)).await, Err(StoreError::Busy)));
    assert!(matches!(store.ready().await, Err(StoreError::Busy)));
    assert_eq!(place.contents(), Vec::<PathBuf>::new());
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    assert!(store.commit(full_change(&store)).await.unwrap().holds[0].is_new());
    store.ready().await.unwrap();
}

#[tokio::test]
async fn a_database_that_vanishes_is_noticed() {
    let place = Place::new();
    let store = place.open().await;
    hold(&store, RAW).await;
    let database = place.folder().join("sluse.db");
    fs::remove_file(&database).unwrap();
    let refused = store.commit(decided(&store, 1)).await;
    assert!(matches!(refused, Err(StoreError::DatabaseMissing(_))), "{refused:?}");
    // Nor does the next start make a new one over what is held.
    assert!(matches!(place.try_open().await, Err(StoreError::DatabaseMissing(_))));
    assert!(!database.exists());
}

#[tokio::test]
async fn a_database_of_another_kind_is_refused() {
    let place = Place::new();
    drop(place.open().await);
    place.tamper("UPDATE schema_version SET version = 99").await;
    let open = place.try_open().await.err().unwrap();
    assert!(matches!(open, StoreError::NewerSchema { found: 99, .. }), "{open}");

    let place = Place::new();
    drop(place.open().await);
    place.tamper("DROP TABLE schema_version").await;
    assert!(matches!(place.try_open().await, Err(StoreError::Foreign(_))));

    let place = Place::new();
    drop(place.open().await);
    for file in ["sluse.db", "sluse.db-wal", "sluse.db-shm"] {
        let _absent = fs::remove_file(place.folder().join(file));
    }
    fs::write(place.folder().join("sluse.db"), [b'x'; 8192]).unwrap();
    let open = place.try_open().await.err().unwrap();
    assert!(matches!(open, StoreError::Corrupt(_)), "{open:?}");
}

#[tokio::test]
async fn one_bad_change_does_not_fail_its_neighbours() {
    let place = Place::new();
    let store = place.open().await;
    let unknown: HeldId = "bcdfbcdfbcdfbcdfbcdf".parse().unwrap();
    let bad = store.settle_held(unknown, HeldState::Deleted, vec![], vec![]);
    let good: Vec<_> = (0..10).map(|n| store.commit(decided(&store, n))).collect();
    let (bad, good) = tokio::join!(bad, futures_util::future::join_all(good));
    assert!(matches!(bad, Err(StoreError::UnknownItem(_))));
    assert!(good.into_iter().all(|committed| committed.unwrap().events == 1));
}

#[tokio::test]
async fn nobody_else_may_read_the_state_folder() {
    let place = Place::new();
    let store = place.open().await;
    store.commit(full_change(&store)).await.unwrap();
    let mode =
        |name: &str| fs::metadata(place.folder().join(name)).unwrap().permissions().mode() & 0o077;
    for name in ["", "sluse.db", "sluse.db-wal", "master.key", "sealed/held", "sealed/outbox"] {
        assert_eq!(mode(name), 0, "{name}");
    }
}

#[tokio::test]
async fn a_commit_that_nobody_waits_for_leaves_the_store_whole() {
    let place = Place::new();
    let store = place.open().await;
    for polls in 0..12 {
        let committing = store.commit(full_change(&store));
        tokio::pin!(committing);
        for _ in 0..polls {
            tokio::select! {
                biased;
                _done = &mut committing => break,
                () = tokio::task::yield_now() => {}
            }
        }
    }
    store.commit(full_change(&store)).await.unwrap();
    let all = store.held(&HeldFilter::default()).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(store.reread_held(all[0].id, &reviewer()).await.unwrap(), RAW);
    assert_eq!(store.audit_verify().await.unwrap().rows, 2);
}
