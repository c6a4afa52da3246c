//! `sluse formats`: the table, in the program and in the documentation.

use crate::place::Place;

#[test]
fn the_documentation_shows_what_the_program_prints() {
    let text = include_str!("../../ARCHITECTURE.md");
    let (_, rest) = text.split_once("<!-- sluse formats -->\n").unwrap();
    let (shown, _) = rest.split_once("<!-- end -->").unwrap();
    let answer = Place::new().bare(&["formats"]);
    assert_eq!((answer.status, answer.said.as_str()), (0, ""));
    assert_eq!(shown, answer.out, "put the output of sluse formats between the marks");
}

#[test]
fn a_program_gets_one_object_a_format() {
    let answer = Place::new().bare(&["formats", "--format", "json"]);
    let rows = answer.json();
    let pdf = rows.iter().find(|row| row["id"] == "pdf").unwrap();
    assert!(pdf["proofs"].as_array().unwrap().contains(&"pdf-aes256".into()));
    assert!(pdf["surfaces"].as_array().unwrap().contains(&"file-text".into()));
}
