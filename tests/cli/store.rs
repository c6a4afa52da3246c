//! The commands that look into the store: on a fresh one, on one that cannot be
//! opened, and with wrong identifiers.

use std::{fs, os::unix::fs::PermissionsExt, sync::Arc};

use sha2::{Digest, Sha256};
use sluse::{
    base::{clock::SystemClock, id::EventId},
    model::{Envelope, Reading, Reviewer, Wishes},
    policy::{Parcel, Policy},
    store::{Change, NewQueued, Purpose, Store},
};
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use crate::place::{Place, SETTINGS};

const ID: &str = "bcdfghjkmnpqrstvbcdf";

#[test]
fn a_fresh_store_is_empty_and_proven() {
    let place = Place::new();
    for arguments in [&["quarantine", "list"][..], &["outbox", "list"], &["keys", "list"]] {
        for format in ["json", "text"] {
            let answer = place.sluse(&[arguments, &["--format", format]].concat());
            assert_eq!((answer.status, answer.out.as_str(), answer.said.as_str()), (0, "", ""));
        }
    }
    let answer = place.sluse(&["audit", "verify"]);
    assert_eq!(answer.out, "ok: 0 rows, none altered, removed or put in\n");
    let told = &place.sluse(&["audit", "verify", "--format", "json"]).json()[0];
    assert_eq!((&told["ok"], &told["rows"]), (&true.into(), &0.into()));
    let answer = place.sluse(&["audit", "export"]);
    assert_eq!((answer.status, answer.out.as_str()), (0, ""));
    let answer = place.sluse(&["stats"]);
    assert_eq!((answer.status, answer.out.as_str()), (0, "last 7 days\nnow\n"));
    let told = &place.sluse(&["stats", "--format", "json"]).json()[0];
    assert!(told.is_object(), "{told}");
}

#[test]
fn the_ledger_is_checked_by_its_exit_status() {
    let place = Place::new();
    let answer = place.sluse(&["stats", "--check"]);
    assert_eq!(answer.status, 0, "{answer:?}");
    assert_eq!(answer.out, "ok: every accepted recipient is accounted for\n");
    tamper(&place, "INSERT INTO ledger VALUES (1795420800000, 'accepted', 3)");
    tamper(&place, "INSERT INTO ledger VALUES (1795420800000, 'held', 2)");
    let answer = place.sluse(&["stats", "--check"]);
    assert_eq!(answer.status, 1, "{answer:?}");
    assert_eq!(
        answer.out,
        "2026-11-23T08:00:00Z  accepted 3 = delivered 0 + held 2 + outbox 0 + refused 0; \
         difference 1\n"
    );
    let told = &place.sluse(&["stats", "--check", "--format", "json"]).json()[0];
    assert_eq!((&told["ok"], &told["found"][0]["accepted"]), (&false.into(), &3.into()));
}

fn tamper(place: &Place, statement: &'static str) {
    let file = place.path("state/sluse.db");
    let work = async {
        let options = SqliteConnectOptions::new().filename(file);
        let mut connection = options.connect().await.unwrap();
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
}

#[test]
fn a_long_outbox_is_listed_whole() {
    let place = Place::new();
    queue(&place, 1_001);
    let mut ids: Vec<String> = place
        .sluse(&["outbox", "list", "--format", "json"])
        .json()
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 1_001);
}

/// Puts so many messages into the outbox of `place`.
fn queue(place: &Place, number: u32) {
    let reviewer = Reviewer::new("Vakt", "sak 12").unwrap();
    let item = |n: u32| {
        let raw = format!("From: kari@cpm.example\r\n\r\nmelding {n}\r\n").into_bytes();
        let digest: [u8; 32] = Sha256::digest(&raw).into();
        let reading = Reading { digest, findings: Vec::new(), gaps: Vec::new() };
        let envelope = Envelope {
            sender: Some("kari@cpm.example".parse().unwrap()),
            recipients: vec!["ola@partner.example".parse().unwrap()],
        };
        let cleared = Policy::built_in().clear_released(&reading, &envelope, &reviewer);
        let parcel = Parcel::new(cleared, envelope.sender, raw.into()).unwrap();
        let event = EventId::from_keyed_hash(&digest);
        let (purpose, wishes) = (Purpose::Release, Wishes::default());
        NewQueued { event, purpose, parcel, limit_key: None, wishes }
    };
    let queued = async {
        let store = Store::open(&place.path("state"), None, Arc::new(SystemClock)).await.unwrap();
        let change = Change { queue: (0..number).map(item).collect(), ..Change::default() };
        store.commit(change).await.unwrap();
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(queued);
}

#[test]
fn what_is_not_there_is_an_answer_of_no() {
    let place = Place::new();
    for arguments in [
        &["quarantine", "show", ID][..],
        &["quarantine", "show", ID, "--reveal", "--reason", "asked"],
        &["quarantine", "release", ID],
        &["quarantine", "reject", ID],
        &["quarantine", "delete", ID],
        &["outbox", "retry", ID],
        &["outbox", "drop", ID],
        &["explain", ID],
        &["keys", "remove", "0123"],
        &["keys", "lookup", "ola@partner.example"],
    ] {
        let answer = place.sluse(arguments);
        assert_eq!(answer.status, 1, "{arguments:?} {answer:?}");
        let told = format!("{}{}", answer.out, answer.said);
        let named = ["0123", ID, "key_absent"].iter().any(|word| told.contains(word));
        assert!(named, "{arguments:?} {answer:?}");
    }
    let answer = place.sluse(&["quarantine", "delete", ID, "bbbbbbbbbbbbbbbbbbbb"]);
    assert_eq!(answer.said.lines().count(), 2, "the second is tried too: {}", answer.said);
    assert_eq!(place.sluse(&["audit", "export"]).out, "", "nothing was done");
}

#[test]
fn a_wrong_call_is_told_with_what_would_be_right() {
    let place = Place::new();
    for (arguments, told) in [
        (&["quarantine", "show", "12345"][..], "20 letters out of"),
        (&["quarantine", "show", ID, "--reveal"], "--reason"),
        (&["quarantine", "show", ID, "--reveal", "--reason", ""], "purpose"),
        (&["quarantine", "delete", ID, "--by", "\n"], "name"),
        (&["quarantine", "list", "--state", "hold"], "deleted, held, rejected, released"),
        (&["quarantine", "list", "--direction", "out"], "inbound, internal, outbound"),
        (&["quarantine", "list", "--limit", "0"], "1.."),
        (&["quarantine", "release"], "<ID>"),
        (&["stats", "--days", "0"], "1..=3660"),
        (&["audit", "export", "--from", "0"], "1.."),
        (&["keys", "lookup", "ola@"], "not a mail address"),
        (&["keys", "import", "nowhere.asc"], "cannot read nowhere.asc"),
        (&["explain", "sluse.toml"], "--to ADDRESS"),
        (&["explain", "nowhere.eml", "--to", "a@b.example"], "cannot read nowhere.eml"),
        (&["scan"], "<PATH>"),
        (&["scan", "--as", "mail", "a"], "message"),
        (&["frobnicate"], "unrecognized subcommand"),
        (&["scna", "a"], "'scan'"),
        (&["stats", "--format", "xml"], "json, text"),
    ] {
        let answer = place.sluse(arguments);
        assert_eq!(answer.status, 2, "{arguments:?} {answer:?}");
        assert!(answer.said.contains(told), "{arguments:?} wants {told}: {}", answer.said);
        assert_eq!(answer.out, "", "{arguments:?}");
    }
}

#[test]
fn a_store_that_cannot_be_opened_is_told_and_is_temporary() {
    let commands = [
        &["quarantine", "list"][..],
        &["audit", "verify"],
        &["stats"],
        &["outbox", "list"],
        &["keys", "list"],
    ];
    let each = |place: &Place, told: &str| {
        for arguments in commands {
            let answer = place.sluse(arguments);
            assert_eq!((answer.status, answer.out.as_str()), (4, ""), "{arguments:?} {answer:?}");
            assert!(answer.said.contains("cannot open the store in"), "{}", answer.said);
            assert!(answer.said.contains(told), "{arguments:?} wants {told}: {}", answer.said);
        }
    };
    let place = Place::new();
    place.write("sluse.toml", SETTINGS.replace("\"state\"", "\"/proc/nowhere\""));
    each(&place, "/proc/nowhere");

    let place = Place::new();
    assert_eq!(place.sluse(&["stats"]).status, 0);
    let key = place.path("state/master.key");
    let right = fs::read(&key).unwrap();
    fs::write(&key, "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n").unwrap();
    each(&place, "is not the key of this database");
    fs::write(&key, "short\n").unwrap();
    each(&place, "does not hold 32 bytes");
    fs::write(&key, &right).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    each(&place, "it must be 0600");
    fs::remove_file(&key).unwrap();
    each(&place, "is missing");
    fs::write(&key, &right).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(place.sluse(&["stats"]).status, 0, "nothing was broken by trying");
}
