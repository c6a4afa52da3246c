//! The pages in Debian's chromium, as people use them: with a keyboard alone, a
//! screen reader, dark colours, three languages, and without JavaScript.
//!
//! The scripts beside this file drive the browser (playwright-core) and look
//! for barriers (axe-core). Each story runs against a whole site, so that what
//! is released arrives through Postfix; the answers of the pages, the mail and
//! the audit log are looked at afterwards.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "browser/beacon.rs"]
mod beacon;
#[path = "browser/corpus.rs"]
mod corpus;
#[path = "browser/recorder.rs"]
mod recorder;
#[path = "browser/stage.rs"]
mod stage;

mod harness;

use harness::{
    keyring::Keyring,
    samples::{KARI, NUMBER, OLA},
};
use serde_json::{Value, json};
use sluse::web::routes::{Way, table};

use crate::{
    beacon::Beacon,
    stage::{Stage, mail},
};

#[test]
fn no_page_has_a_barrier_in_any_theme_or_language() {
    let stage = Stage::open();
    let id = stage.hold(&mail("barrier", HTML, &format!("<p>Fødselsnummer {NUMBER}.</p>")));
    let event = stage.site.sluse.held()[0]["event"].clone();
    let shown = table().into_iter().filter(|route| route.way == Way::Shown);
    let paths: Vec<&str> = shown.map(|route| route.path).collect();
    let report = stage.play(
        "axe.mjs",
        json!({ "paths": paths, "held": id, "event": event, "number": NUMBER,
            "personal": stage.personal_link(), "link": stage.invite("solveig", EVERYTHING),
            "open_link": stage.invite("ragnhild", "viewer"),
            "own": KARI, "own_link": stage.invite(KARI, "approver") }),
    );
    assert_eq!(report["violations"], json!([]));
    assert!(report["looks"].as_u64() >= Some(6 * 5), "{report}");
    stage.assert_masked(&[NUMBER], |asked| asked.ends_with("/reveal"));
}

#[test]
fn the_keyboard_is_enough() {
    let stage = Stage::open();
    for id in ["a", "b", "c"] {
        stage.hold(&mail(id, TEXT, &format!("Fødselsnummer {NUMBER}.")));
    }
    let report = stage.play(
        "keyboard.mjs",
        json!({ "link": stage.invite("solveig", EVERYTHING), "number": NUMBER }),
    );
    assert!(report["stops"].as_u64() > Some(100), "{report}");
    let acts: Vec<(String, String)> = stage.audit().iter().map(who_did).collect();
    for (act, times) in [("deleted", 2), ("commented", 1), ("revealed", 1), ("released", 1)] {
        let deed = ("solveig".to_owned(), act.to_owned());
        assert_eq!(acts.iter().filter(|one| **one == deed).count(), times, "{act}: {acts:#?}");
    }
}

#[test]
fn a_day_of_the_people_who_handle_held_mail() {
    a_day(true);
}

#[test]
fn the_same_day_without_javascript() {
    a_day(false);
}

fn a_day(scripts: bool) {
    let stage = Stage::open();
    let keyring = Keyring::of(&[OLA]);
    stage.site.sluse.trust(&keyring.certificate(OLA));
    let many: Vec<String> = PERSONS.iter().map(|one| format!("Fødselsnummer {one}.")).collect();
    let sealed = stage.hold(&mail("sealed", HTML, &format!("<p>Fødselsnummer {NUMBER}.</p>")));
    let many = stage.hold(&mail("many", TEXT, &many.join("\n")));
    let alarm = stage.hold(&mail("alarm", TEXT, &format!("Prøvelapp, fødselsnummer {WRONG}.")));
    let erased = stage.hold(&mail("erased", TEXT, &format!("Fødselsnummer {PERSON}.")));
    stage.play(
        "journey.mjs",
        json!({ "scripts": scripts, "first": stage.first_link(), "sealed": sealed, "many": many,
            "alarm": alarm, "number": NUMBER, "masked": "138278*****", "person": PERSON }),
    );

    // What reached the world.
    let mail = stage.arrived("sealed");
    assert!(!mail.tells(NUMBER), "{}", mail.text());
    let opened = keyring.open(&mail.bytes).expect("Ola opens it");
    assert!(String::from_utf8_lossy(&opened).contains(NUMBER));
    let mail = stage.arrived("many");
    assert!(PERSONS.iter().all(|one| mail.tells(one)), "{}", mail.text());
    stage.site.settle();
    for id in ["alarm", "erased"] {
        let id = format!("<{id}@cpm.example>");
        let all = stage.site.sink.arrivals();
        assert!(all.iter().all(|mail| mail.header("Message-ID").as_ref() != Some(&id)));
    }

    // What the audit log says.
    let acts: Vec<(String, String)> = stage.audit().iter().map(who_did).collect();
    for (who, act) in DEEDS {
        let wanted = (who.to_owned(), act.to_owned());
        assert!(acts.contains(&wanted), "{wanted:?} is not in {acts:#?}");
    }
    let revealed = acts.iter().filter(|(_, act)| act == "revealed").map(|(who, _)| who.as_str());
    // What the officer hands out is revealed as well.
    assert_eq!(revealed.collect::<Vec<_>>(), ["vera", "solveig"]);
    let held = stage.site.sluse.held();
    let record = held.iter().find(|one| one["id"] == erased.as_str()).expect("a record");
    assert_eq!(record["state"], "deleted", "{record}");
    let verified = stage.site.sluse.run(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{}", verified.err);

    // What the pages said.
    let may = |asked: &str| asked.ends_with("/reveal") || asked.ends_with("/export");
    let numbers = [&PERSONS[..], &[NUMBER, WRONG, PERSON]].concat();
    println!("{} answers were read", stage.assert_masked(&numbers, may));
}

fn who_did(row: &Value) -> (String, String) {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    (text("actor"), text("act"))
}

const DEEDS: [(&str, &str); 10] = [
    ("administrator", "logged-in"),
    ("vera", "viewed"),
    ("vera", "revealed"),
    ("vera", "released"),
    ("vera", "proposed"),
    ("mons", "approved"),
    ("vera", "commented"),
    ("vera", "rejected"),
    ("solveig", "erased"),
    ("solveig", "logged-out"),
];
/// In one message: from five on, two must agree.
const PERSONS: [&str; 6] =
    ["12921752103", "02865133262", "24912392763", "24866721323", "31811174532", "13876039030"];
/// In a message that is a false alarm.
const WRONG: &str = "21927322576";
/// Of whom all is erased.
const PERSON: &str = "23885442293";

/// The same page first without any care, so that the silence later means something.
#[test]
fn mail_reaches_nobody_and_runs_nothing_on_any_page() {
    let stage = Stage::open();
    let beacon = Beacon::open();
    stage.play("control.mjs", json!({ "beacon": beacon.base }));
    let careless = beacon.take();
    assert!(careless.len() >= 20, "{careless:?}");

    let remote = stage.hold(&corpus::remote_mail(&beacon.base));
    for (n, payload) in corpus::PAYLOADS.iter().enumerate() {
        let reply = stage.site.send(&corpus::hostile_mail(&format!("hostile-{n}"), payload));
        assert_eq!(reply.code, 250, "{reply:?}");
    }
    let held = stage.held();
    assert_eq!(held.len(), 1 + corpus::PAYLOADS.len());
    let (paths, lists): (Vec<&str>, Vec<&str>) = table()
        .into_iter()
        .filter(|route| route.way == Way::Shown)
        .map(|route| route.path)
        .filter(|path| path.starts_with("/queue/{id}") || !path.contains('{'))
        .partition(|path| path.contains('{'));
    let report = stage.play(
        "remote.mjs",
        json!({ "held": held, "remote": remote, "paths": paths, "lists": lists,
            "payloads": corpus::PAYLOADS,
            "link": stage.invite("solveig", EVERYTHING) }),
    );
    assert!(report["looks"].as_u64() > Some(75), "{report}");
    assert_eq!(beacon.take(), [""; 0]);
    println!("{} of {} ways work on a careless page, none on ours", careless.len(), corpus::ways());
    stage.assert_masked(&[NUMBER], |asked| asked.ends_with("/reveal"));
}

const EVERYTHING: &str = "administrator,approver,auditor,officer,reviewer,viewer";
const TEXT: &str =
    "Subject: Sak\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit";
const HTML: &str =
    "Subject: Sak\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit";
