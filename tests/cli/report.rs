//! `sluse report`: an incident is told to the authority, and the set-up proven.

use std::sync::Arc;

use serde_json::json;
use sluse::{
    base::{clock::SystemClock, id::EventId},
    model::{Act, Direction, Envelope, Event, Wishes},
    store::{Change, NewHold, Store},
};

use crate::place::Place;

/// Synthetic: month + 80.
const NUMBER: &str = "13827830652";

fn event(seed: u8) -> EventId {
    EventId::from_keyed_hash(&[seed; 32])
}

/// A place where one message with two persons in it left unencrypted, one was
/// held and then released as it was, and one had nothing in it.
fn place() -> Place {
    let place = Place::new();
    let work = async {
        let store = Store::open(&place.path("state"), None, Arc::new(SystemClock)).await.unwrap();
        let held = NewHold {
            event: event(2),
            envelope: Envelope {
                sender: Some("kari@cpm.example".parse().unwrap()),
                recipients: ["ola@partner.example", "per@partner.example"]
                    .iter()
                    .map(|to| to.parse().unwrap())
                    .collect(),
            },
            direction: Direction::Outbound,
            message_id: None,
            reasons: vec!["no.fnr:medium".to_owned()],
            routes: vec![],
            rules: vec![],
            level: None,
            wishes: Wishes::default(),
            raw: format!("Subject: Liste\r\n\r\nfnr {NUMBER}\r\n").into_bytes().into(),
            keep_days: 365,
            released_days: 30,
            persons: Vec::new(),
        };
        let events = vec![
            decided(1, "deliver", 3, "high"),
            decided(2, "hold", 2, "medium"),
            decided(3, "deliver", 1, "info"),
        ];
        store.commit(Change { holds: vec![held], events, ..Change::default() }).await.unwrap();
        let facts = json!({ "encrypted": false, "purpose": "haster" });
        let released =
            Event { event: Some(event(2)), actor: "vakt".to_owned(), act: Act::Released, facts };
        store.commit(Change { events: vec![released], ..Change::default() }).await.unwrap();
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
    place
}

fn decided(seed: u8, verdict: &str, recipients: u8, level: &str) -> Event {
    let finding = json!({
        "rule": "no.fnr", "kind": "fnr+80", "level": level, "surface": "body",
        "path": "message > body", "masked": "138278*****",
    });
    let facts = json!({
        "direction": "outbound", "monitor": false, "persons": 2, "gaps": [],
        "rulings": [{ "verdict": verdict, "recipients": recipients, "route": "r", "reasons": [] }],
        "findings": [finding.clone(), finding],
    });
    Event::of_gate(event(seed), Act::Decided, facts)
}

#[test]
fn an_incident_of_some_days_is_told_in_numbers() {
    let place = place();
    let call = ["report", "slip", "--from", "2026-01-01", "--as", "json", "--reason", "avvik 4"];
    let answer = place.sluse(&call);
    assert_eq!(answer.status, 0, "{answer:?}");
    let slip = &answer.json()[0];
    assert_eq!((&slip["messages"], &slip["persons"]), (&2.into(), &4.into()), "{slip}");
    assert_eq!(slip["fates"]["in_clear"], json!({ "messages": 1, "recipients": 3 }));
    assert_eq!(slip["fates"]["held"], json!({ "messages": 1, "recipients": 2 }));
    assert_eq!(slip["fates"]["released_in_clear"]["messages"], 1);
    let kind = &slip["kinds"][0];
    assert_eq!(
        (&kind["rule"], &kind["level"], &kind["messages"], &kind["findings"]),
        (&"no.fnr".into(), &"high".into(), &2.into(), &4.into())
    );
    assert_eq!(slip["domains"], json!({ "partner.example": 2 }));
    assert_eq!(slip["recipients"], json!([]), "addresses are for one message only");
    let last = slip["measures"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["actor"], &last["act"]), (&"vakt".into(), &"released".into()));

    let rows = place.sluse(&["audit", "export"]).json();
    let exported = rows.iter().find(|row| row["facts"]["what"] == "slip report").unwrap();
    assert_eq!(exported["facts"]["purpose"], "avvik 4", "whoever takes a report leaves a purpose");
}

#[test]
fn one_message_is_told_with_its_recipients_in_each_language() {
    let place = place();
    let id = event(2).to_string();
    for (language, title, fate) in [
        ("nb", "<h1>Avviksrapport</h1>", "frigitt ukryptert av en person"),
        ("nn", "<h1>Avviksrapport</h1>", "frigitt ukryptert av ein person"),
        ("en", "<h1>Incident report</h1>", "released unencrypted by a person"),
    ] {
        let answer = place.sluse(&["report", "slip", &id, "--language", language]);
        assert_eq!(answer.status, 0, "{answer:?}");
        assert!(answer.out.contains(&format!("<html lang=\"{language}\">")), "{language}");
        for text in [title, fate, "ola@partner.example", "postmaster@cpm.example"] {
            assert!(answer.out.contains(text), "{language}: {text}: {}", answer.out);
        }
        assert!(!answer.out.contains(NUMBER) && !answer.out.contains("Liste"), "no content");
        assert!(!answer.out.contains("http"), "it loads nothing");
    }
    let nobody = place.sluse(&["report", "slip", &event(9).to_string(), "--as", "json"]);
    assert_eq!((nobody.status, &nobody.json()[0]["messages"]), (1, &0.into()));
    assert_eq!(place.sluse(&["report", "slip"]).status, 2, "about what?");
}

#[test]
fn the_evidence_names_rules_routes_times_and_the_state_of_the_log() {
    let place = place();
    place.sluse(&["audit", "sign"]);
    let answer = place.sluse(&["report", "evidence", "--as", "json"]);
    assert_eq!(answer.status, 0, "{answer:?}");
    let told = &answer.json()[0];
    let pack = &told["packs"][0];
    assert!(pack["tests"].as_u64().unwrap() > 10 && pack["rules"].as_u64().unwrap() > 1, "{pack}");
    assert_eq!(pack["hash"].as_str().unwrap().len(), 16);
    assert_eq!(told["routes"][0]["name"], "outbound identity numbers");
    assert_eq!(told["routes"][0]["otherwise"], "refuse");
    assert_eq!(told["retention"]["held"], 365);
    assert_eq!(told["audit"]["first_bad"], json!(null));
    assert_eq!(told["checkpoint"]["row"], 4);
    assert_eq!(told["four_eyes_persons"], 5);
    let page = place.sluse(&["report", "evidence", "--language", "en"]).out;
    assert!(page.contains("encrypt (openpgp, smime), otherwise refuse with guidance"), "{page}");
    assert!(page.contains("outbound; level high or above"), "{page}");
    assert!(page.contains("The whole chain was checked"), "{page}");
    assert!(page.contains("365 days / 30 days"), "{page}");
    assert!(page.contains("Two persons must agree to release a message with at least 5"), "{page}");
}
