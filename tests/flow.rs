//! Mail through a real Postfix with Sluse at its gate: who sends what to whom,
//! and what becomes of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use std::collections::BTreeSet;

use harness::{
    PATIENCE,
    client::{Mail, Reply},
    keyring::Keyring,
    samples::{KARI, NUMBER, OLA, PER, letter, sample},
    sink::Arrival,
    site::Site,
    sluse::Plan,
};

#[test]
fn what_is_clean_or_encrypted_passes_byte_for_byte() {
    for tcp in [false, true] {
        let site = Site::open(Plan { tcp, reinject: true, ..Plan::default() });
        for name in ["clean-text", "clean-multipart", "odd-display-names", "already-encrypted"] {
            let mail = sample(name);
            let reply = site.send(&mail);
            assert_eq!(reply.code, 250, "{name}: {reply:?}");
            let arrived = &site.arrivals(1, &id_of(name))[0];
            assert!(arrived.is_untouched(&mail.bytes), "{name}: {}", arrived.text());
            assert_eq!(
                (&arrived.sender, &arrived.recipients),
                (&mail.sender, &mail.recipients),
                "{name}"
            );
        }
        close(&site);
    }
}

#[test]
fn a_number_is_refused_with_guidance() {
    let site = Site::open(Plan { reinject: true, ..Plan::default() });
    for name in [
        "number-in-body",
        "number-in-docx-in-zip",
        "number-in-subject",
        "number-in-display-name",
        "inbound-number",
    ] {
        let reply = site.send(&sample(name));
        let event = check_refusal(name, &reply);
        let (status, page) = site.sluse.page(&format!("/e/{event}"));
        assert_eq!(status, 200, "{name}");
        assert!(!page.contains(&NUMBER[..6]), "{name}: {page}");
    }
    site.settle();
    for arrival in site.sink.arrivals() {
        let is_notice = arrival.sender.is_empty() && arrival.recipients == [KARI];
        let is_letter = arrival.header("Subject").unwrap().starts_with("Sak settle-");
        assert!(is_notice || is_letter, "{}", arrival.text());
        assert_hides_number(&arrival);
    }
    assert_eq!(site.sluse.held().len(), 0);
    close(&site);
}

#[test]
fn a_recipient_with_a_key_gets_it_encrypted() {
    let ola = Keyring::of(&[OLA]);
    let site = Site::open(Plan::default());
    site.sluse.trust(&ola.certificate(OLA));
    for (name, subject) in [
        ("recipient-with-key", "Epikrise for pasient i rom 12"),
        ("subject-with-key", "13827830652"),
    ] {
        let mail = sample(name);
        let reply = site.send(&mail);
        assert_eq!(reply.code, 250, "{name}: {reply:?}");
        let arrived = &site.arrivals(1, &id_of(name))[0];
        assert!(arrived.header("Content-Type").unwrap().starts_with("multipart/encrypted"));
        assert_eq!(arrived.header("Subject").as_deref(), Some("[...]"), "{name}");
        assert!(!arrived.text().contains("Epikrise"), "{name}: {}", arrived.text());
        assert_hides_number(arrived);
        let inner = ola.open(&arrived.bytes).unwrap();
        let inner_text = String::from_utf8_lossy(&inner);
        assert!(
            inner_text.contains(&format!("Subject: {subject}")) || inner_text.contains(subject)
        );
        assert!(ends_with_body(&inner, &mail.bytes), "{name}: {inner_text}");
    }
    let threaded = &site.arrivals(1, &id_of("recipient-with-key"))[0];
    let reference = threaded.header("In-Reply-To");
    assert_eq!(reference.as_deref(), Some("<foresporsel-44@partner.example>"));
    close(&site);
}

#[test]
fn held_mail_is_released_once() {
    let site = Site::open(Plan { reinject: true, ..Plan::default() });
    let mail = sample("medium-finding");
    assert_eq!(site.send(&mail).code, 250);
    let held = site.sluse.held();
    assert_eq!(held.len(), 1, "{held:?}");
    let keys: BTreeSet<_> = held[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert!(keys.is_superset(&BTreeSet::from(LIST_KEYS)), "{keys:?}");
    assert_eq!(held[0]["state"], "held");
    assert_eq!(held[0]["sender"], KARI);

    let id = held[0]["id"].as_str().unwrap();
    let shown = site.sluse.run(&["quarantine", "show", id, "--format", "json"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert!(!shown.out.contains(NUMBER), "{}", shown.out);
    let unasked = site.sluse.run(&["quarantine", "show", id, "--reveal"]);
    assert_eq!((unasked.code, unasked.out.as_str()), (2, ""), "content without a reason");
    let reveal = ["quarantine", "show", id, "--reveal", "--by", "Siri", "--reason", "klage"];
    assert!(site.sluse.run(&reveal).out.contains(NUMBER));

    site.settle();
    assert!(site.sink.arrivals().iter().all(|one| one.sender.is_empty() || is_settling(one)));
    let release = ["quarantine", "release", id, "--by", "Siri", "--reason", "avtalt"];
    assert_eq!(site.sluse.run(&release).code, 0);
    let arrived = &site.arrivals(1, &id_of("medium-finding"))[0];
    assert!(arrived.is_untouched(&mail.bytes), "{}", arrived.text());
    assert_eq!(arrived.recipients, [OLA]);

    let again = site.sluse.run(&release);
    assert_eq!(again.code, 1, "a second release does nothing: {again:?}");
    site.settle();
    site.arrivals(1, &id_of("medium-finding"));
    let acts = site.sluse.run(&["audit", "export"]).out;
    assert!(acts.contains("\"released\"") && acts.contains("\"revealed\""), "{acts}");
    assert!(acts.contains("Siri"), "{acts}");
    close(&site);
}

#[test]
fn held_mail_is_released_encrypted_or_not_at_all() {
    let ola = Keyring::of(&[OLA]);
    let site = Site::open(Plan { reinject: true, ..Plan::default() });
    let unscannable = sample("unscannable");
    assert_eq!(site.send(&unscannable).code, 250);
    let id = only_held(&site, "unscannable");
    let early = site.sluse.run(&["quarantine", "release", &id, "--encrypt"]);
    assert_eq!(early.code, 1, "there is no key yet: {early:?}");
    assert!(early.err.contains("key_absent"), "{}", early.err);

    site.sluse.trust(&ola.certificate(OLA));
    let ran = site.sluse.run(&["quarantine", "release", &id, "--encrypt"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let arrived = &site.arrivals(1, &id_of("unscannable"))[0];
    assert!(!arrived.text().contains("uttrekk"), "{}", arrived.text());
    assert!(ends_with_body(&ola.open(&arrived.bytes).unwrap(), &unscannable.bytes));

    assert_eq!(site.send(&sample("medium-finding")).code, 250);
    let id = only_held(&site, "medium-finding");
    assert_eq!(site.sluse.run(&["quarantine", "reject", &id]).code, 0);
    let late = site.sluse.run(&["quarantine", "release", &id]);
    assert_eq!(late.code, 1, "{late:?}");
    let told = |one: &Arrival| one.sender.is_empty() && one.recipients == [KARI];
    // One that it was held, one that it was rejected.
    assert_eq!(site.sink.wait(3, PATIENCE, told).len(), 3);
    site.settle();
    site.arrivals(0, &id_of("medium-finding"));
    close(&site);
}

#[test]
fn two_recipients_are_treated_apart() {
    let ola = Keyring::of(&[OLA]);
    let site = Site::open(Plan { reinject: true, ..Plan::default() });
    site.sluse.trust(&ola.certificate(OLA));
    let mail = sample("two-recipients");
    let reply = site.send(&mail);
    assert_eq!(reply.code, 250, "{reply:?}");
    let arrived = &site.arrivals(1, &id_of("two-recipients"))[0];
    assert_eq!(arrived.recipients, [OLA]);
    assert_hides_number(arrived);
    assert!(ends_with_body(&ola.open(&arrived.bytes).unwrap(), &mail.bytes));
    let told = |one: &Arrival| one.sender.is_empty();
    let notice = &site.sink.wait(1, PATIENCE, told)[0];
    assert_eq!(notice.recipients, [KARI]);
    assert!(notice.text().contains(PER), "{}", notice.text());

    // A client that never saw the answer sends it again.
    assert_eq!(site.send(&mail).code, 250);
    site.settle();
    site.arrivals(1, &id_of("two-recipients"));
    assert_eq!(site.sink.wait(1, PATIENCE, told).len(), 1);
    close(&site);
}

#[test]
fn without_another_way_the_strictest_verdict_holds_for_both() {
    let ola = Keyring::of(&[OLA]);
    let site = Site::open(Plan::default());
    site.sluse.trust(&ola.certificate(OLA));
    check_refusal("two-recipients", &site.send(&sample("two-recipients")));
    site.settle();
    site.arrivals(0, &id_of("two-recipients"));
    close(&site);
}

#[test]
fn nobody_outside_and_no_machine_is_written_to() {
    let site = Site::open(Plan { reinject: true, ..Plan::default() });
    assert_eq!(site.send(&sample("inbound-number")).code, 550);
    assert_eq!(site.send(&sample("null-sender")).code, 250);
    only_held(&site, "null-sender");
    let mut inbound = sample("unscannable");
    inbound.sender = OLA.to_owned();
    inbound.recipients = vec![KARI.to_owned()];
    assert_eq!(site.send(&inbound).code, 250);
    let mut list = letter("liste", &format!("Hei:\r\n\r\n{NUMBER}"));
    list.bytes.splice(0..0, *b"List-Id: <nytt.cpm.example>\r\n");
    assert_eq!(site.send(&list).code, 250);
    assert_eq!(site.sluse.held().len(), 3);
    site.settle();
    assert!(site.sink.arrivals().iter().all(is_settling), "{:#?}", site.sink.arrivals());
    close(&site);
}

/// Checks what a refused sender reads, and gives the event.
fn check_refusal(name: &str, reply: &Reply) -> String {
    let text = reply.text();
    assert_eq!(reply.code, 550, "{name}: {text}");
    assert!(reply.lines.len() <= 3, "{name}: {text}");
    assert!(reply.lines.iter().all(|line| line.starts_with("5.7.1 ")), "{name}: {text}");
    assert!(reply.lines.iter().all(|line| line.is_ascii() && line.len() <= 504), "{name}: {text}");
    let mut runs = text.split(|c: char| !c.is_ascii_digit());
    assert!(runs.all(|run| run.len() < 5), "{name}: {text}");
    let (_, event) = text.split_once("https://sluse.cpm.example/e/").unwrap();
    let event = event.lines().next().unwrap().to_owned();
    assert!(event.len() == 20 && text.matches(&event).count() == 2, "{name}: {text}");
    event
}

/// Whatever happened: the audit log is whole, and the log tells no number.
fn close(site: &Site) {
    let verified = site.sluse.run(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
    let exported = site.sluse.run(&["audit", "export"]);
    assert!(!exported.out.contains(NUMBER) && !exported.out.is_empty());
    for line in site.sluse.log.all() {
        assert!(!line.contains(NUMBER), "{line}");
        assert!(!line.contains("@partner.example"), "an address in the log: {line}");
    }
}

/// The number in no guise that a reader of the message could see.
fn assert_hides_number(arrival: &Arrival) {
    assert!(!arrival.tells(NUMBER), "{}", arrival.text());
}

/// Whether what gpg opened ends with the body of the original, to the byte.
fn ends_with_body(opened: &[u8], original: &[u8]) -> bool {
    let head = original.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    opened.ends_with(&original[head..])
}

fn only_held(site: &Site, name: &str) -> String {
    let held = site.sluse.held();
    let waiting: Vec<_> = held.iter().filter(|one| one["state"] == "held").collect();
    assert_eq!(waiting.len(), 1, "{held:?}");
    assert_eq!(waiting[0]["message_id"], format!("<{}>", id_of(name)));
    waiting[0]["id"].as_str().unwrap().to_owned()
}

fn is_settling(arrival: &Arrival) -> bool {
    arrival.header("Subject").is_some_and(|subject| subject.starts_with("Sak settle-"))
}

/// The Message-ID of a sample.
fn id_of(name: &str) -> String {
    let Mail { sender, .. } = sample(name);
    let domain = if sender == OLA { "partner.example" } else { "cpm.example" };
    format!("{name}@{domain}")
}

const LIST_KEYS: [&str; 11] = [
    "direction",
    "event",
    "expires_at",
    "held_at",
    "id",
    "message_id",
    "reasons",
    "recipients",
    "sender",
    "size",
    "state",
];
