//! The pages in Debian's chromium, as people use them: with a keyboard alone, a
//! screen reader, dark colours, three languages, and without JavaScript.
//!
//! The scripts beside this file drive the browser (playwright-core) and look
//! for barriers (axe-core). Each story runs against a whole site, so that what
//! is released arrives through Postfix; the answers of the pages, the mail and
//! the audit log are looked at afterwards.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "browser/recorder.rs"]
mod recorder;
#[path = "browser/stage.rs"]
mod stage;

mod harness;

use harness::samples::NUMBER;
use serde_json::json;
use sluse::web::routes::{Way, table};

use crate::stage::{Stage, mail};

#[test]
fn no_page_has_a_barrier_in_any_theme_or_language() {
    let stage = Stage::open();
    let id = stage.hold(&mail("barrier", TEXT, &format!("Fødselsnummer {NUMBER}.")));
    let shown = table().into_iter().filter(|route| route.way == Way::Shown);
    let paths: Vec<&str> = shown.map(|route| route.path).collect();
    let report = stage.play(
        "axe.mjs",
        json!({ "paths": paths, "held": id, "link": stage.invite("solveig", EVERYTHING),
            "open_link": stage.invite("ragnhild", "viewer") }),
    );
    assert_eq!(report["violations"], json!([]));
    assert!(report["looks"].as_u64() >= Some(6 * 5), "{report}");
    stage.assert_masked(&[NUMBER], |_| false);
    assert!(stage.audit().iter().all(|row| row["act"] != "revealed"));
}

#[test]
fn the_keyboard_is_enough() {
    let stage = Stage::open();
    let report = stage.play("keyboard.mjs", json!({ "link": stage.invite("solveig", EVERYTHING) }));
    assert!(report["stops"].as_u64() > Some(20), "{report}");
}

const EVERYTHING: &str = "administrator,approver,auditor,officer,reviewer,viewer";
const TEXT: &str =
    "Subject: Sak\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit";
