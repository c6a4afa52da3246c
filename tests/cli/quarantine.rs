//! `sluse quarantine` on a message that is really held.

use std::sync::Arc;

use sluse::{
    base::{clock::SystemClock, id::EventId},
    model::{Direction, Envelope, Wishes},
    store::{Change, NewHold, Store},
};

use crate::place::Place;

/// Synthetic: month + 80.
const RAW: &[u8] = b"From: kari@cpm.example\r\nSubject: Henvisning\r\n\r\nfnr 13827830652\r\n";

/// Holds a message in the store of `place`, and gives its identifier.
fn hold(place: &Place) -> String {
    let held = async {
        let store = Store::open(&place.path("state"), None, Arc::new(SystemClock)).await.unwrap();
        let envelope = Envelope {
            sender: Some("kari@cpm.example".parse().unwrap()),
            recipients: vec!["ola@partner.example".parse().unwrap()],
        };
        let hold = NewHold {
            event: EventId::from_keyed_hash(&[7; 32]),
            envelope,
            direction: Direction::Outbound,
            message_id: Some("<a@cpm.example>".to_owned()),
            reasons: vec!["no.fnr high 138278*****".to_owned()],
            routes: vec![],
            rules: vec![],
            level: None,
            raw: RAW.into(),
            keep_days: 365,
            released_days: 7,
            persons: vec![],
            wishes: Wishes::default(),
        };
        let change = Change { holds: vec![hold], ..Change::default() };
        store.commit(change).await.unwrap();
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(held);
    let listed = place.sluse(&["quarantine", "list", "--format", "json"]).json();
    listed[0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn the_list_has_the_documented_keys() {
    let place = Place::new();
    let id = hold(&place);
    let answer = place.sluse(&["quarantine", "list", "--format", "json"]);
    let all = [
        "id",
        "event",
        "state",
        "message_id",
        "sender",
        "recipients",
        "direction",
        "reasons",
        "routes",
        "rules",
        "level",
        "persons",
        "assigned_to",
        "held_at",
        "expires_at",
        "size",
    ];
    let mut places = Vec::new();
    for key in all {
        places.push(answer.out.find(&format!("\"{key}\":")).unwrap_or_else(|| panic!("{key}")));
    }
    assert!(places.is_sorted(), "{}", answer.out);
    let held = &answer.json()[0];
    assert_eq!(held.as_object().unwrap().len(), all.len());
    assert_eq!((&held["state"], &held["direction"]), (&"held".into(), &"outbound".into()));
    assert_eq!(held["recipients"][0], "ola@partner.example");
    assert_eq!(held["size"], RAW.len());
    for (arguments, count) in [
        (&["--state", "held"][..], 1),
        (&["--state", "released"], 0),
        (&["--direction", "outbound"], 1),
        (&["--direction", "inbound"], 0),
    ] {
        let answer = place.sluse(&[&["quarantine", "list"], arguments].concat());
        assert_eq!(answer.out.lines().count(), count, "{arguments:?} {}", answer.out);
    }
    let answer = place.sluse(&["quarantine", "list"]);
    assert!(answer.out.contains(&id) && !answer.out.contains("13827830652"), "{}", answer.out);
}

#[test]
fn content_is_shown_only_to_who_leaves_name_and_reason() {
    let place = Place::new();
    let id = hold(&place);
    let answer = place.sluse(&["quarantine", "show", &id]);
    assert_eq!(answer.status, 0);
    assert!(answer.out.contains(&id) && !answer.out.contains("13827830652"), "{}", answer.out);
    assert_eq!(place.sluse(&["quarantine", "show", &id, "--reveal"]).status, 2);
    assert_eq!(place.sluse(&["audit", "export"]).out, "", "nobody saw anything yet");

    let reveal = ["quarantine", "show", &id, "--reveal", "--reason", "asked by the sender"];
    let answer = place.sluse(&reveal);
    assert_eq!((answer.status, answer.out.as_bytes()), (0, RAW));
    let rows = place.sluse(&["audit", "export"]).json();
    let [exported, revealed] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!(exported["act"], "exported");
    assert_eq!((&revealed["act"], &revealed["actor"]), (&"revealed".into(), &"kari".into()));
    assert_eq!(revealed["facts"]["purpose"], "asked by the sender");
    assert_eq!(revealed["facts"]["held"], id);
    let shown = &place.sluse(&["quarantine", "show", &id, "--format", "json"]).json()[0];
    assert_eq!(
        (&shown["held"]["id"], &shown["history"][0]["act"]),
        (&id.into(), &"revealed".into())
    );
}

#[test]
fn a_decision_is_made_once() {
    let place = Place::new();
    let id = hold(&place);
    let answer = place.sluse(&["quarantine", "release", &id]);
    assert_eq!(answer.status, 3, "there is no [reinject]: {answer:?}");
    assert!(answer.said.contains("[reinject]"), "{}", answer.said);

    // An identifier nobody knows does not keep the others from being handled.
    let unknown = "bcdfghjkmnpqrstvbcdf";
    let delete = ["quarantine", "delete", unknown, &id, "--by", "ola", "--format", "json"];
    let answer = place.sluse(&delete);
    assert_eq!(answer.status, 1, "{answer:?}");
    assert_eq!(
        (&answer.json()[0]["id"], &answer.json()[0]["state"]),
        (&id.as_str().into(), &"deleted".into())
    );
    assert!(answer.said.contains(unknown), "{}", answer.said);
    let answer = place.sluse(&["quarantine", "reject", &id]);
    assert_eq!(answer.status, 1);
    assert!(answer.said.contains("is deleted already"), "{}", answer.said);
    let answer = place.sluse(&["quarantine", "show", &id, "--reveal", "--reason", "late"]);
    assert_eq!((answer.status, answer.out.as_str()), (1, ""), "{answer:?}");
    let rows = place.sluse(&["audit", "export"]).json();
    assert_eq!((&rows[0]["act"], &rows[0]["actor"]), (&"deleted".into(), &"ola".into()));
}

#[test]
fn a_legal_hold_is_placed_told_and_lifted() {
    let place = Place::new();
    let id = hold(&place);
    assert_eq!(place.sluse(&["quarantine", "keep", &id]).status, 2, "a reason is needed");
    let answer = place.sluse(&["quarantine", "keep", &id, "--reason", "sak 24-118832"]);
    assert_eq!((answer.status, answer.out), (0, format!("{id}  kept\n")));
    let kept = &place.sluse(&["quarantine", "kept", "--format", "json"]).json()[0];
    assert_eq!((&kept["reason"], &kept["placed_by"]), (&"sak 24-118832".into(), &"kari".into()));
    let answer = place.sluse(&["quarantine", "delete", &id]);
    assert_eq!(answer.status, 5, "{answer:?}");
    assert!(answer.said.contains("under a legal hold"), "{answer:?}");
    assert_eq!(place.sluse(&["quarantine", "lift", &id, "--reason", "dom"]).status, 0);
    assert_eq!(place.sluse(&["quarantine", "lift", &id, "--reason", "dom"]).status, 1);
    assert_eq!(place.sluse(&["quarantine", "delete", &id]).status, 0);
    let rows = place.sluse(&["audit", "evidence"]).json();
    let acts: Vec<_> = rows.iter().filter_map(|row| row["act"].as_str()).collect();
    assert_eq!(acts, ["hold-placed", "hold-lifted", "deleted"]);
    assert!(rows.last().unwrap()["key"].is_string());
}
