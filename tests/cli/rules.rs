//! `sluse rules`: what the packs find, and whether they do.

use std::path::PathBuf;

use crate::place::{Answer, Place, run};

fn in_fixtures(arguments: &[&str]) -> Answer {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/settings");
    run(&folder, arguments, None)
}

#[test]
fn the_built_in_packs_pass_and_are_listed() {
    let place = Place::new();
    let answer = place.bare(&["rules", "test"]);
    assert_eq!((answer.status, answer.said.as_str()), (0, ""));
    assert!(answer.out.trim_end().ends_with(" passed, 0 failed"), "{}", answer.out);
    let answer = place.bare(&["rules", "test", "--format", "json"]);
    assert!(answer.json().iter().all(|test| test["passed"] == true), "{}", answer.out);

    let answer = place.bare(&["rules", "list"]);
    assert_eq!(answer.status, 0);
    assert!(answer.out.starts_with("| rule | finds | kinds | levels | pack |\n"), "{}", answer.out);
    assert!(answer.out.contains("| no.fnr | "), "{}", answer.out);
    let rows = place.bare(&["rules", "list", "--format", "json"]).json();
    let fnr = rows.iter().find(|row| row["rule"] == "no.fnr").unwrap();
    assert!(fnr["kinds"].as_array().unwrap().contains(&"fnr+80".into()), "{fnr}");
}

#[test]
fn a_folder_is_searched_for_packs() {
    let rules = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rules");
    let place = Place::new();
    let answer = place.bare(&["rules", "test", rules.to_str().unwrap()]);
    assert_eq!(answer.status, 0, "{answer:?}");
    assert_eq!(place.bare(&["rules", "list", rules.to_str().unwrap()]).status, 0);
}

#[test]
fn a_failing_test_is_named_and_the_answer_is_no() {
    let answer = in_fixtures(&["rules", "test", "packs/test-fails.toml"]);
    assert_eq!((answer.status, answer.said.as_str()), (1, ""));
    assert!(answer.out.contains("pass  site.case test 1: "), "{}", answer.out);
    assert!(answer.out.contains("FAIL  site.case test 2: wants nothing"), "{}", answer.out);
    assert!(answer.out.ends_with("1 passed, 1 failed\n"), "{}", answer.out);
    let tests = in_fixtures(&["rules", "test", "packs/test-fails.toml", "--format", "json"]).json();
    let passed: Vec<_> = tests.iter().map(|test| test["passed"].as_bool()).collect();
    assert_eq!(passed, [Some(true), Some(false)]);
}

#[test]
fn a_pack_that_cannot_be_loaded_is_a_fault_of_the_settings() {
    for pack in ["key-unknown", "pattern-broken", "schema-unknown", "validator-unknown"] {
        for command in ["list", "test"] {
            let file = format!("packs/{pack}.toml");
            let answer = in_fixtures(&["rules", command, &file]);
            assert_eq!(answer.status, 3, "{command} {pack}: {answer:?}");
            assert!(answer.said.starts_with(&format!("sluse: {file}:")), "{answer:?}");
        }
    }
    // With failing tests it does not load, and so cannot be listed either.
    assert_eq!(in_fixtures(&["rules", "list", "packs/test-fails.toml"]).status, 3);
}

#[test]
fn nothing_to_test_is_not_success() {
    for path in ["empty", "nowhere", "packs/nowhere.toml"] {
        let answer = in_fixtures(&["rules", "test", path]);
        assert_eq!((answer.status, answer.out.as_str()), (3, ""), "{path}");
        assert!(answer.said.contains(path), "{}", answer.said);
    }
}

#[test]
fn named_settings_name_the_packs() {
    let place = Place::new();
    let packs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/settings/packs");
    std::fs::copy(packs.join("right.toml"), place.path("right.toml")).unwrap();
    let settings = crate::place::SETTINGS.replace("[milter]", "rules = [\"right.toml\"]\n[milter]");
    place.write("sluse.toml", settings);
    let rows = place.sluse(&["rules", "list", "--format", "json"]).json();
    let rules: Vec<_> = rows.iter().map(|row| row["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["site.case"]);
    assert_eq!(place.sluse(&["rules", "test"]).status, 0);
}
