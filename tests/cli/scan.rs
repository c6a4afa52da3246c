//! `sluse scan`: one line for each path, without a service.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use serde_json::Value;

use crate::{
    gnupg::Gnupg,
    place::{Place, SETTINGS, program},
};

/// Synthetic: month + 80.
const NUMBER: &str = "13827830652";

fn message(body: &str) -> String {
    format!("From: kari@cpm.example\r\nTo: ola@partner.example\r\nSubject: x\r\n\r\n{body}\r\n")
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// A screenshot with a number: see `tests/ocr.rs` for what is read in it.
#[test]
fn pictures_are_read_when_asked() {
    let picture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ocr/i01_screenshot.png");
    let place = Place::new();
    let answer = place.bare(&["scan", "--format", "json", picture]);
    assert_eq!((answer.status, &answer.json()[0]["verdict"]), (1, &"unscannable".into()));
    let answer = place.bare(&["scan", "--ocr", "--format", "json", picture]);
    let line = &answer.json()[0];
    assert_eq!((&line["verdict"], &line["gaps"]), (&"sensitive".into(), &Value::Array(vec![])));
    assert_eq!(line["findings"][0]["path"], "i01_screenshot.png > ocr");
}

#[test]
fn each_path_has_its_line_in_order_with_the_documented_keys() {
    let place = Place::new();
    place.write("b.eml", message(&format!("fødselsnummer {NUMBER}")));
    place.write("a.eml", message("Skal vi spise klokken tolv?"));
    let answer = place.bare(&["scan", "--format", "json", "b.eml", "a.eml", "b.eml"]);
    assert_eq!((answer.status, answer.said.as_str()), (1, ""));
    let lines = answer.json();
    let told: Vec<_> = lines.iter().map(|line| (&line["path"], &line["verdict"])).collect();
    assert_eq!(
        format!("{told:?}"),
        format!(
            "{:?}",
            [
                (Value::from("b.eml"), Value::from("sensitive")),
                ("a.eml".into(), "clean".into()),
                ("b.eml".into(), "sensitive".into()),
            ]
        )
    );
    for line in &lines {
        let mut found = keys(line);
        found.sort_unstable();
        let all = ["findings", "gaps", "ms", "path", "persons", "protection", "verdict"];
        assert_eq!(found, all);
        assert_eq!(line["protection"], "none");
        assert!(line["ms"].is_u64());
    }
    let finding = &lines[0]["findings"][0];
    let mut found = keys(finding);
    found.sort_unstable();
    assert_eq!(found, ["end", "kind", "level", "masked", "path", "rule", "start", "surface"]);
    assert_eq!(finding["rule"], "no.fnr");
    assert_eq!(finding["kind"], "fnr+80");
    assert_eq!((&finding["start"], &finding["end"]), (&14.into(), &25.into()));
    assert_eq!(finding["masked"], "138278*****");
    assert_eq!((&finding["surface"], &lines[0]["persons"]), (&"body".into(), &1.into()));
    assert!(!answer.out.contains(NUMBER), "{}", answer.out);
    assert!(answer.out.starts_with(r#"{"path":"b.eml","verdict":"sensitive","protection":"#));
}

#[test]
fn kinds_are_told_by_name_or_by_the_caller() {
    let place = Place::new();
    // A number that only stands in the Subject field of a message.
    let mail = format!("Subject: =?utf-8?Q?f=C3=B8dselsnummer_{NUMBER}?=\r\n\r\nHei\r\n");
    place.write("a.eml", &mail);
    place.write("a.EML", &mail);
    place.write("a.txt", format!("fødselsnummer {NUMBER}"));
    for (arguments, root) in [
        (&["scan", "a.eml"][..], "message > Subject"),
        (&["scan", "a.EML"], "message > Subject"),
        (&["scan", "--as", "message", "a.eml"], "message > Subject"),
        (&["scan", "a.txt"], "a.txt"),
        (&["scan", "--as", "text", "a.txt"], "text"),
    ] {
        let answer = place.bare(&[arguments, &["--format", "json"]].concat());
        assert_eq!(answer.status, 1, "{arguments:?} {answer:?}");
        let line = &answer.json()[0];
        assert_eq!(line["findings"][0]["path"], root, "{arguments:?} {line}");
    }
    let answer = place.fed(&["scan", "--as", "text", "-", "--format", "json"], b"Kontakt oss");
    assert_eq!((answer.status, &answer.json()[0]["verdict"]), (0, &"clean".into()));
    let number = format!("fnr {NUMBER}");
    let answer = place.fed(&["scan", "--as", "text", "-", "--format", "json"], number.as_bytes());
    assert_eq!((answer.status, &answer.json()[0]["path"]), (1, &"-".into()));
    assert_eq!(place.fed(&["scan", "--as", "message", "-"], mail.as_bytes()).status, 1);
}

#[test]
fn what_cannot_be_opened_still_has_a_line_and_is_never_clean() {
    let place = Place::new();
    place.write("a.txt", "Hei");
    let answer = place.bare(&["scan", "--format", "json", "nowhere.eml", "a.txt", "."]);
    assert_eq!(answer.status, 2);
    let lines = answer.json();
    let verdicts: Vec<_> = lines.iter().map(|line| line["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["unscannable", "clean", "unscannable"]);
    assert_eq!(lines[0]["gaps"][0]["kind"], "broken");
    assert!(answer.said.contains("cannot read nowhere.eml: No such file"), "{}", answer.said);
    assert!(answer.said.contains("cannot read .: Is a directory"), "{}", answer.said);
}

#[test]
fn what_cannot_be_read_is_unscannable_and_proven_encryption_is_encrypted() {
    let place = Place::new();
    place.write("odd.bin", [0x93, 0x01, 0x02, 0x03, 0x00, 0xFF, 0xFE, 0x80].repeat(64));
    let answer = place.bare(&["scan", "--format", "json", "odd.bin"]);
    assert_eq!((answer.status, &answer.json()[0]["verdict"]), (1, &"unscannable".into()));

    let secret = format!("fødselsnummer {NUMBER}");
    place.write("sealed.txt", Gnupg::new().encrypted(secret.as_bytes()));
    let answer = place.bare(&["scan", "--format", "json", "sealed.txt"]);
    let line = &answer.json()[0];
    assert_eq!((answer.status, &line["verdict"]), (0, &"encrypted".into()), "{line}");
    assert_eq!(
        (&line["protection"], &line["gaps"][0]["proof"]),
        (&"openpgp".into(), &"openpgp".into())
    );

    // The name and the armour line alone prove nothing.
    place.write("fake.asc", "-----BEGIN PGP MESSAGE-----\n\nSGVp\n-----END PGP MESSAGE-----\n");
    let answer = place.bare(&["scan", "--format", "json", "fake.asc"]);
    let line = &answer.json()[0];
    assert_eq!((answer.status, &line["verdict"]), (1, &"unscannable".into()), "{line}");
    assert_eq!(line["protection"], "none");
}

#[test]
fn named_settings_bring_their_rules_and_a_wrong_one_stops() {
    let place = Place::new();
    let packs = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/settings/packs/right.toml");
    let rules = format!("rules = [{packs:?}]\n[milter]");
    place.write("sluse.toml", SETTINGS.replace("[milter]", &rules));
    place.write("a.txt", format!("SAK-1234, fødselsnummer {NUMBER}"));
    let found = |lines: Vec<Value>| {
        let findings = lines[0]["findings"].as_array().unwrap().clone();
        findings.iter().map(|found| found["rule"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let scan = ["scan", "--format", "json", "a.txt"];
    assert_eq!(found(place.sluse(&scan).json()), ["site.case"]);
    assert_eq!(found(place.bare(&scan).json()), ["no.fnr"]);
    assert!(!place.path("state").exists(), "scan keeps nothing");

    place.write("sluse.toml", "[gateway]\n");
    assert_eq!(place.sluse(&scan).status, 3);
    assert_eq!(place.bare(&scan).status, 1, "settings that are not named are not read");
}

#[test]
fn text_has_no_colour_in_a_pipe_and_never_the_number() {
    let place = Place::new();
    place.write("a.eml", message(&format!("fødselsnummer {NUMBER}")));
    place.write("b.eml", message("Hei"));
    let answer = place.bare(&["scan", "a.eml", "b.eml"]);
    assert_eq!(answer.status, 1);
    assert!(answer.out.starts_with("a.eml: sensitive ("), "{}", answer.out);
    assert!(answer.out.contains("\nb.eml: clean ("), "{}", answer.out);
    assert!(answer.out.contains("138278*****"), "{}", answer.out);
    assert!(!answer.out.contains(NUMBER) && !answer.out.contains('\x1b'), "{}", answer.out);
}

#[test]
fn standard_input_is_read_once_only() {
    let place = Place::new();
    let answer = place.fed(&["scan", "-", "-"], b"Hei");
    assert_eq!((answer.status, answer.out.as_str()), (2, ""));
    assert!(answer.said.contains("once"), "{}", answer.said);
}

#[test]
fn many_paths_share_one_start() {
    let place = Place::new();
    let names: Vec<String> = (0..300).map(|number| format!("{number}.eml")).collect();
    for name in &names {
        place.write(name, message("Hei, her er referatet."));
    }
    let mut arguments = vec!["scan", "--format", "json"];
    arguments.extend(names.iter().map(String::as_str));
    let answer = place.bare(&arguments);
    assert_eq!(answer.status, 0);
    let paths: Vec<_> = answer.json().iter().map(|line| line["path"].clone()).collect();
    assert_eq!(paths, names);
}

#[test]
fn a_reader_who_leaves_ends_it_without_a_word_but_not_as_clean() {
    let place = Place::new();
    place.write("a.txt", "Hei");
    let mut command = program(&place.path(""));
    command.args(["scan", "--format", "json"]).args(["a.txt"; 2000]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("clean"), "{line}");
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(4));
}
