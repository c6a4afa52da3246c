//! Settings that are wrong: every fault is told with file, line, key and what
//! to do about it.

use std::path::PathBuf;

use crate::place::{Place, SETTINGS, run};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/settings")
}

/// The files, with what must stand at the start of the complaint and in its
/// hint.
const WRONG: &[(&str, &str, &str)] = &[
    ("detect-synthetic-unknown", "5: synthetic: unknown variant", "did you mean `ignore`?"),
    ("domain-with-at", "2: domains: \"post@cpm.example\"", "without @"),
    ("domain-with-empty-label", "2: domains: \"cpm..example\"", "without @"),
    ("domains-empty", "3: domains: no domain", "name your own"),
    ("domains-missing", "1: domains: missing", "add this key"),
    ("domains-not-a-list", "2: domains: invalid type", "write a list"),
    ("duplicate-key", "3: domains: duplicate", "keep one"),
    ("duplicate-section", "5: gateway: duplicate", "keep one"),
    ("extract-language-wrong", "5: ocr_languages: \"nor eng\" names no", "sluse man"),
    ("extract-ocr-unknown", "5: ocr: unknown variant", "did you mean `tesseract`?"),
    ("extract-pictures-zero", "5: ocr_pictures: must be above 0", "write 20"),
    ("extract-seconds-too-many", "6: ocr_message_seconds: must be at most 50", "write 20"),
    ("gateway-missing", "1: gateway: missing", "add this key"),
    ("keep-days-in-words", "3: keep_days: invalid type", "a whole number"),
    ("keep-days-negative", "3: keep_days: invalid value: integer `-1`", "at least 0"),
    ("keep-days-zero", "3: keep_days: must be above 0", "write 365"),
    ("limits-depth-zero", "6: depth: must be above 0", "write 16"),
    ("limits-seconds-too-many", "5: seconds: must be 1 to 50", "write 8"),
    ("log-level-unknown", "5: level: unknown variant", "error, warn, info, debug, trace"),
    ("milter-deadline-zero", "4: deadline: invalid value", "above 0"),
    ("milter-mode-decimal", "4: socket_mode: ", "sluse man"),
    ("milter-port-missing", "4: listen: `inet:127.0.0.1` needs a host and a port", "sluse man"),
    ("milter-socket-relative", "4: listen: `unix:run/milter.sock` needs an absolute", "sluse man"),
    ("milter-socket-unknown", "4: listen: `tcp:127.0.0.1:7013` is not a place", "sluse man"),
    ("mode-unknown", "3: mode: unknown variant", "did you mean `monitor`?"),
    ("not-toml", "3: mode: invalid unquoted key", "sluse man"),
    ("nothing-to-listen-on", "1: gateway: there is nothing to listen on", "add [milter]"),
    ("notify-address-wrong", "5: from: not a mail address", "sluse man"),
    ("notify-contact-digits", "5: contact: the text holds more than 5 digits", "sluse man"),
    ("notify-guidance-url", "5: guidance_url: the address must begin with https://", "sluse man"),
    ("notify-language-unknown", "5: language: unknown variant", "did you mean `nb`?"),
    ("policy-absent", "3: policy: cannot read ", "correct the path"),
    ("reinject-tls-unknown", "6: tls: unknown variant", "did you mean `opportunistic`?"),
    ("reinject-to-missing", "4: to: missing field", "add this key"),
    ("reinject-without-port", "5: to: not a host and port", "sluse man"),
    ("rules-absent", "3: rules: cannot read ", "correct the path"),
    ("rules-folder-empty", "3: rules: no rule pack", "leave the key out"),
    ("section-not-a-table", "1: milter: invalid type", "below [its name]"),
    ("smtp-forwarders-wide", "6: forwarders: 10.0.0.0/8 is too wide", "/24"),
    ("smtp-half-the-world", "6: trusted: 128.0.0.0/1 is open to strangers", "/16"),
    ("smtp-key-missing", "6: certificate: there is no key for it", "add key"),
    ("smtp-listen-unknown", "4: listen: `pop3:127.0.0.1:110` is not a place", "sluse man"),
    ("smtp-memory-small", "7: memory: no message of message_bytes would fit", "192 MiB"),
    ("smtp-open-relay", "6: trusted: 0.0.0.0/0 is open to strangers", "/16"),
    ("unclosed-string", "2: domains: invalid basic string", "sluse man"),
    ("unknown-detect-key", "6: synthetics: unknown field", "did you mean `synthetic`?"),
    ("unknown-extract-key", "5: ocr_langauges: unknown field", "did you mean `ocr_languages`?"),
    ("unknown-gateway-key", "3: polcy: unknown field", "did you mean `policy`?"),
    ("unknown-guidance-key", "6: se: unknown field", "en, nb, nn"),
    ("unknown-limits-key", "6: second: unknown field", "did you mean `seconds`?"),
    ("unknown-log-key", "6: levle: unknown field", "did you mean `level`?"),
    ("unknown-milter-key", "4: lissen: unknown field", "did you mean `listen`?"),
    ("unknown-notify-key", "6: form: unknown field", "did you mean `from`?"),
    ("unknown-reinject-key", "7: tsl: unknown field", "did you mean `tls`?"),
    ("unknown-section", "5: mitler: unknown field", "did you mean `milter`?"),
    ("unknown-smtp-key", "8: nexthop: unknown field", "did you mean `next_hop`?"),
    ("unknown-web-key", "6: public-url: unknown field", "did you mean `public_url`?"),
    ("unknown-worker-key", "6: process: unknown field", "did you mean `processes`?"),
    ("web-address-wrong", "5: listen: invalid socket address", "127.0.0.1:8025"),
    ("web-connections-zero", "5: connections: must be above 0", "write 256"),
    ("web-url-plain", "5: public_url: the address must begin with https://", "sluse man"),
    ("worker-memory-small", "5: memory: too little", "512 MiB"),
    ("worker-processes-zero", "5: processes: must be 1 to 256", "write 2"),
];

/// The same for files that the settings name: the fault is in the named file.
const WRONG_BEHIND: &[(&str, &str, &str)] = &[
    ("policies/direction-unknown", "9: direction: unknown variant", "did you mean `outbound`?"),
    ("policies/gap-unknown", "9: gap: unknown variant", "did you mean `broken`?"),
    ("policies/level-unknown", "9: level: unknown variant", "did you mean `high`?"),
    ("policies/method-unknown", "9: methods: a method is openpgp", "sluse man"),
    ("policies/otherwise-deliver", "10: otherwise: route \"second\": ", "write \"refuse\""),
    ("policies/protect-without-methods", "8: verdict: route \"second\": ", "add methods"),
    ("policies/test-address-wrong", "8: to: not a mail address", "sluse man"),
    (
        "policies/test-fails",
        "12: expect: test 2 (../messages/number.eml): expected hold, but route \
     \"first\" says refuse",
        "correct the route or the test",
    ),
    ("policies/test-message-absent", "6: message: cannot read ", "folder of this file"),
    ("policies/test-without-recipient", "6: expect: test 1", "correct the route or the test"),
    ("policies/unknown-key", "9: wehn: unknown field", "did you mean `when`?"),
    ("policies/verdict-missing", "6: verdict: missing field", "add this key"),
    ("policies/verdict-unknown", "8: verdict: unknown variant", "defer, deliver, hold"),
    ("packs/key-unknown", "10: titel: unknown field", "did you mean `title`?"),
    ("packs/pattern-broken", "9: rule site.case: bad pattern", "no look-around"),
    ("packs/schema-unknown", "1: schema: schema 2 is not known", "write schema = 1"),
    ("packs/test-fails", "9: rule site.case: test 2 fails", "sluse rules test"),
    ("packs/validator-unknown", "9: rule site.case: unknown validator mod97", "names in use"),
    ("packs/without-tests", "9: rule site.case: needs a test that hits", "[[rule.test]]"),
];

#[test]
fn every_fault_has_file_line_key_and_hint() {
    let direct = WRONG.iter().map(|(name, starts, hint)| (name.to_string(), *name, starts, hint));
    let behind = WRONG_BEHIND.iter().map(|(name, starts, hint)| {
        let settings = name.replace("policies/", "policy-").replace("packs/", "rules-");
        (settings, *name, starts, hint)
    });
    for (settings, file, starts, hint) in direct.chain(behind) {
        let settings = format!("{settings}.toml");
        for command in ["check-config", "serve"] {
            let answer = run(&folder(), &[command, "--config", &settings], None);
            assert_eq!(answer.status, 3, "{command} {settings}: {answer:?}");
            // The service warns first, about what is allowed.
            let complaint = answer.said.lines().last().unwrap_or_default();
            let start = format!("sluse: {file}.toml:{starts}");
            assert!(complaint.starts_with(&start), "{command}: {start}: {}", answer.said);
            let (_, told) = complaint.split_once("hint: ").unwrap_or_default();
            assert!(told.contains(hint), "{command} {settings}: {hint}: {}", answer.said);
            assert_eq!(answer.out, "", "{command} {settings}");
        }
    }
}

#[test]
fn every_fixture_is_tried() {
    let named = |name: &str| {
        let behind = name.replacen("policy-", "policies/", 1).replacen("rules-", "packs/", 1);
        let is = |(known, ..): &&(&str, &str, &str)| *known == name || *known == behind;
        WRONG.iter().chain(WRONG_BEHIND).any(|row| is(&row))
    };
    for entry in folder().read_dir().unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(name) = name.strip_suffix(".toml") {
            assert!(named(name), "{name}.toml is in no table");
        }
    }
}

#[test]
fn what_pictures_are_to_be_read_with_must_be_there() {
    let place = Place::new();
    for (setting, complaint) in [
        ("ocr_program = \"/usr/bin/no-such\"", "cannot run /usr/bin/no-such: "),
        ("ocr_languages = \"nor+tlh\"", "no language \"tlh\"; hint: apt install tesseract-ocr-tlh"),
    ] {
        place.write("sluse.toml", format!("{SETTINGS}[extract]\nocr = \"tesseract\"\n{setting}\n"));
        let answer = place.sluse(&["check-config"]);
        assert_eq!(answer.status, 3, "{answer:?}");
        assert!(
            answer.said.contains(complaint) && answer.said.contains("apt install"),
            "{answer:?}"
        );
    }
    place.write("sluse.toml", format!("{SETTINGS}[extract]\nocr = \"tesseract\"\n"));
    assert_eq!(place.sluse(&["check-config"]).status, 0);
}

#[test]
fn a_missing_settings_file_is_named() {
    let place = Place::new();
    for command in [&["check-config"][..], &["serve"], &["stats"], &["quarantine", "list"]] {
        let answer = place.bare(&[command, &["--config", "nowhere.toml"]].concat());
        assert_eq!(answer.status, 3, "{answer:?}");
        assert!(answer.said.contains("nowhere.toml"), "{answer:?}");
        assert!(answer.said.contains("--config"), "{answer:?}");
    }
}

#[test]
fn right_settings_are_ok_and_warnings_are_told() {
    let place = Place::new();
    let answer = place.sluse(&["check-config"]);
    assert_eq!((answer.status, answer.said.as_str()), (0, ""));
    assert!(answer.out.contains("warning: [reinject] is not set"), "{answer:?}");
    assert!(answer.out.contains("warning: [web] is not set"), "{answer:?}");
    assert!(answer.out.contains("ok, rule packs: no-identifiers 1."), "{answer:?}");
    assert!(!place.path("state").exists(), "checking makes nothing");
}

#[test]
fn check_config_answers_in_json_too() {
    let place = Place::new();
    let answer = place.sluse(&["check-config", "--format", "json"]);
    let told = &answer.json()[0];
    assert_eq!((told["ok"].as_bool(), told["file"].as_str()), (Some(true), Some("sluse.toml")));
    assert_eq!(told["packs"][0]["id"], "no-identifiers");
    assert_eq!(told["warnings"].as_array().unwrap().len(), 2);

    place.write("sluse.toml", "[gateway]\ndomains = []\n[milter]\n");
    let answer = place.sluse(&["check-config", "--format", "json"]);
    assert_eq!(answer.status, 3);
    let told = &answer.json()[0];
    assert_eq!(told["ok"], false);
    assert!(told["error"].as_str().unwrap().starts_with("sluse.toml:2: domains: "), "{told}");
}

#[test]
fn the_example_settings_and_policy_are_right() {
    let place = Place::new();
    let deploy = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy");
    let settings = std::fs::read_to_string(deploy.join("sluse.toml")).unwrap();
    let policy = deploy.join("policy.toml");
    let settings = settings.replace("/etc/sluse/policy.toml", policy.to_str().unwrap());
    place.write("sluse.toml", settings);
    let answer = place.sluse(&["check-config"]);
    assert_eq!((answer.status, answer.said.as_str()), (0, ""));
    assert!(!answer.out.contains("warning"), "{answer:?}");
}
