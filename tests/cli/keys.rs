//! `sluse keys` with a certificate that GnuPG made, and what the audit log says
//! of it.

use serde_json::Value;

use crate::{
    gnupg::{Gnupg, OLA},
    place::Place,
};

fn acts(place: &Place) -> Vec<(String, String, Value)> {
    let row = |row: Value| {
        let word = |key: &str| row[key].as_str().unwrap().to_owned();
        (word("act"), word("actor"), row["facts"]["fingerprint"].clone())
    };
    place.sluse(&["audit", "export"]).json().into_iter().map(row).collect()
}

#[test]
fn a_certificate_is_imported_listed_found_and_removed() {
    let place = Place::new();
    place.write("ola.asc", Gnupg::new().certificate());
    let answer = place.sluse(&["keys", "import", "ola.asc", "--format", "json"]);
    assert_eq!((answer.status, answer.said.as_str()), (0, ""));
    let told = &answer.json()[0];
    let fingerprint = told["fingerprint"].as_str().unwrap();
    assert_eq!(fingerprint.len(), 40);
    assert_eq!((&told["addresses"][0], &told["state"]), (&OLA.into(), &"added".into()));
    let again = place.sluse(&["keys", "import", "ola.asc"]);
    assert_eq!(again.status, 0);
    assert!(again.out.starts_with(fingerprint), "{}", again.out);

    let listed = place.sluse(&["keys", "list", "--format", "json"]).json();
    assert_eq!((listed.len(), &listed[0]["usable"]), (1, &true.into()));
    assert_eq!(listed[0]["addresses"][0], OLA);
    let answer = place.sluse(&["keys", "list"]);
    assert!(answer.out.contains("  usable  ") && answer.out.contains(OLA), "{}", answer.out);

    let answer = place.sluse(&["keys", "lookup", OLA, "--format", "json"]);
    let told = &answer.json()[0];
    assert_eq!((answer.status, &told["usable"]), (0, &true.into()));
    assert_eq!(told["fingerprint"], fingerprint);
    assert_eq!(place.sluse(&["keys", "lookup", OLA]).status, 0);

    // As people copy it: in groups, in lower case.
    let (one, two) = fingerprint.split_at(20);
    let typed = format!("{one} {}", two.to_lowercase());
    let answer = place.sluse(&["keys", "remove", &typed]);
    assert_eq!((answer.status, answer.out), (0, format!("{fingerprint}  removed\n")));
    let answer = place.sluse(&["keys", "remove", fingerprint]);
    assert_eq!(answer.status, 1);
    assert!(answer.said.contains("no certificate"), "{}", answer.said);
    let answer = place.sluse(&["keys", "lookup", OLA, "--format", "json"]);
    assert_eq!((answer.status, &answer.json()[0]["reason"]), (1, &"key_absent".into()));

    let wanted = ["key-imported", "key-imported", "key-removed"]
        .map(|act| (act.to_owned(), "kari".to_owned(), Value::from(fingerprint)));
    assert_eq!(acts(&place), wanted);
    assert_eq!(place.sluse(&["audit", "verify"]).status, 0);
}

#[test]
fn a_certificate_can_be_pinned_and_come_from_standard_input() {
    let place = Place::new();
    let arguments = ["keys", "import", "--pin", "post@partner.example", "-", "--config"];
    let answer =
        place.fed(&[&arguments[..], &["sluse.toml"]].concat(), &Gnupg::new().certificate());
    assert_eq!(answer.status, 0, "{answer:?}");
    assert_eq!(place.sluse(&["keys", "lookup", "post@partner.example"]).status, 0);
    assert_eq!(place.sluse(&["audit", "export"]).json()[0]["facts"]["pinned"], true);
}

#[test]
fn what_is_no_certificate_is_refused_and_not_noted() {
    let place = Place::new();
    place.write("text.asc", "Hei");
    let answer = place.sluse(&["keys", "import", "text.asc"]);
    assert_eq!((answer.status, answer.out.as_str()), (1, ""));
    assert!(answer.said.contains("text.asc: not an openpgp certificate"), "{}", answer.said);
    assert_eq!(acts(&place), []);
}
