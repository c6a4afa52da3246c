//! The service as an administrator meets it: monitoring, reloading, stopping,
//! and a log that can be read by anybody.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use std::{fs, os::unix::process::ExitStatusExt, thread, time::Duration};

use harness::{
    PATIENCE,
    client::Client,
    samples::{NUMBER, letter, sample},
    site::Site,
    sluse::Plan,
};
use rustix::process::{Resource, Rlimit, Signal, prlimit};
use serde_json::Value;

#[test]
fn monitoring_tells_and_changes_nothing() {
    let site = Site::open(Plan { mode: "monitor", reinject: true, ..Plan::default() });
    for name in ["number-in-body", "medium-finding", "two-recipients"] {
        let mail = sample(name);
        assert_eq!(site.send(&mail).code, 250, "{name}");
        let arrived = &site.arrivals(1, &format!("{name}@cpm.example"))[0];
        assert!(arrived.is_untouched(&mail.bytes), "{name}: {}", arrived.text());
        assert_eq!(arrived.recipients, mail.recipients, "{name}");
    }
    site.settle();
    assert_eq!(site.sink.arrivals().len(), 4, "and no notices");
    assert_eq!(site.sluse.held().len(), 0);
    let refused = |line: &str| line.contains("refuse:1") && line.contains("decided, not done");
    assert!(site.sluse.log.wait(0, PATIENCE, refused).is_some());
    let audit = site.sluse.run(&["audit", "export"]).out;
    assert!(audit.contains("\"monitor\":true") && audit.contains("\"refuse\""), "{audit}");
    let stats = site.sluse.run(&["stats", "--format", "json"]);
    assert!(stats.code == 0 && stats.out.contains("refuse"), "{stats:?}");
    let (_, metrics) = site.sluse.page("/metrics");
    assert!(metrics.contains("sluse_messages_total"), "{metrics}");
    assert!(!metrics.contains("partner.example"), "{metrics}");
}

#[test]
fn a_bad_policy_on_reload_leaves_the_old_one() {
    let refusing = route("refuse");
    let site = Site::open(Plan { policy: refusing, reinject: true, ..Plan::default() });
    assert_eq!(site.send(&sample("number-in-body")).code, 550);

    let broken = format!("{}\n[[route]]\nname = \"x\"\nverdikt = \"deliver\"\n", route("hold"));
    let failing = format!("{}\n{FAILING_TEST}", route("hold"));
    let number = sample("number-in-body").bytes;
    fs::write(site.dir.path().join("number.eml"), number).unwrap();
    for (policy, complaint) in [(broken, "verdikt"), (failing, "expected")] {
        fs::write(site.sluse.policy(), policy).unwrap();
        let skip = site.sluse.log.len();
        site.sluse.signal(Signal::HUP);
        let told = |line: &str| line.contains("reload failed") && line.contains(complaint);
        let line = site.sluse.log.wait(skip, PATIENCE, told);
        assert!(line.is_some(), "{complaint}: {:#?}", site.sluse.log.all());
        assert_eq!(site.send(&sample("number-in-body")).code, 550, "{complaint}");
        let checked = site.sluse.run(&["check-config"]);
        assert_eq!(checked.code, 3, "{checked:?}");
    }

    fs::write(site.sluse.policy(), route("hold")).unwrap();
    let skip = site.sluse.log.len();
    site.sluse.signal(Signal::HUP);
    let reloaded = |line: &str| line.contains("reloaded");
    assert!(site.sluse.log.wait(skip, PATIENCE, reloaded).is_some());
    assert_eq!(site.send(&sample("number-in-body")).code, 250);
    assert_eq!(site.sluse.held().len(), 1);
}

#[test]
fn a_stop_loses_nothing_and_is_quick() {
    let mut site = Site::open(Plan { reinject: true, ..Plan::default() });
    let idle: Vec<_> = (0..5).map(|_| Client::connect(site.gate).unwrap()).collect();
    let mail = letter("siste", "Den siste før stengetid.");
    let mut client = Client::connect(site.gate).unwrap();
    for line in ["MAIL FROM:<kari@cpm.example> BODY=8BITMIME", "RCPT TO:<ola@partner.example>"] {
        assert_eq!(client.command(line).unwrap().code, 250);
    }
    let skip = site.sluse.log.len();
    site.sluse.signal(Signal::TERM);
    // The session is open and its message not yet sent.
    let finish = thread::spawn(move || client.send_content(&mail));
    let reply = finish.join().unwrap().unwrap();
    let (status, time) = site.sluse.wait();
    assert!(status.success(), "{status:?}: {:#?}", site.sluse.log.all());
    assert!(time < Duration::from_secs(10), "{time:?}");
    assert!(site.sluse.log.wait(skip, PATIENCE, |line| line.contains("stopped")).is_some());
    // What was being judged finishes; what came later is for the next try.
    assert!(matches!(reply.code, 250 | 451), "{reply:?}");
    drop(idle);

    // Nobody passes while the gate is away, and all is well when it is back.
    assert_eq!(site.send(&sample("clean-text")).code, 451);
    site.sluse.start();
    assert_eq!(site.send(&sample("clean-text")).code, 250);
    site.arrivals(1, "clean-text@cpm.example");
    site.arrivals(usize::from(reply.code == 250), "siste@cpm.example");
}

#[test]
fn a_crash_leaves_no_picture_of_its_memory() {
    let mut site = Site::open(Plan { reinject: true, ..Plan::default() });
    // Asked for as loudly as can be, where the test may.
    let unlimited = Rlimit { current: None, maximum: None };
    let _ = prlimit(Some(site.sluse.pid()), Resource::Core, unlimited);
    site.sluse.signal(Signal::ABORT);
    let (status, _) = site.sluse.wait();
    assert_eq!((status.signal(), status.core_dumped()), (Some(Signal::ABORT.as_raw()), false));
}

#[test]
fn the_log_of_all_golden_texts_holds_no_number() {
    let site = Site::open(Plan { log: "trace", reinject: true, ..Plan::default() });
    let texts: Vec<Value> =
        GOLDEN.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(texts.len() > 500);
    thread::scope(|scope| {
        for part in texts.chunks(texts.len().div_ceil(6)) {
            scope.spawn(|| send_all(site.gate, part));
        }
    });
    site.settle();

    let log = site.sluse.log.all().join("\n");
    let decided = log.lines().filter(|line| line.contains("\"decided\"")).count();
    assert!(decided > texts.len(), "{decided}");
    for text in &texts {
        let whole: Vec<char> = text["text"].as_str().unwrap().chars().collect();
        for place in text["expected"].as_array().unwrap() {
            let at = |key: &str| usize::try_from(place[key].as_u64().unwrap()).unwrap();
            let value: String = whole[at("start")..at("end")].iter().collect();
            assert!(!log.contains(&value), "{} is in the log", text["id"]);
        }
    }
    let ran = site.sluse.feed(&["scan", "--as", "text", "--format", "json", "-"], log.as_bytes());
    let verdict = &ran.objects()[0];
    assert_eq!(verdict["verdict"], "clean", "{verdict}");
    // The same eyes do see a number in such a log.
    let slip = format!("{log}\n{{\"level\":\"TRACE\",\"fnr\":\"{NUMBER}\"}}\n");
    let ran = site.sluse.feed(&["scan", "--as", "text", "--format", "json", "-"], slip.as_bytes());
    assert_eq!((ran.code, &ran.objects()[0]["verdict"]), (1, &Value::from("sensitive")));
    let file = site.dir.path().join("audit.jsonl");
    fs::write(&file, site.sluse.run(&["audit", "export"]).out).unwrap();
    let scan = ["scan", "--as", "text", "--format", "json", file.to_str().unwrap()];
    let verdict = &site.sluse.run(&scan).objects()[0];
    assert_eq!(verdict["verdict"], "clean", "{verdict}");
    assert_eq!(site.sluse.run(&["audit", "verify"]).code, 0);
}

/// Sends the texts one after the other; each gets its answer.
fn send_all(port: u16, texts: &[Value]) {
    let mut client = Client::connect(port).unwrap();
    for text in texts {
        let id = text["id"].as_str().unwrap().to_lowercase();
        let body = text["text"].as_str().unwrap().replace("\r\n", "\n").replace('\n', "\r\n");
        let reply = client.send(&letter(&id, &body)).unwrap();
        assert!(matches!(reply.code, 250 | 550), "{id}: {reply:?}");
    }
}

/// A policy of one route.
fn route(verdict: &str) -> String {
    format!(
        "[[route]]\nname = \"numbers\"\nwhen = {{ level = \"medium\" }}\nverdict = {verdict:?}\n"
    )
}

const FAILING_TEST: &str = r#"
[[test]]
from = "kari@cpm.example"
to = ["per@partner.example"]
message = "number.eml"
expect = "refuse"
"#;

const GOLDEN: &str = include_str!("fixtures/golden/texts.jsonl");
