//! Mutated mail, read by Sluse and by others: what Python's email package or
//! ripmime shows, Sluse must find or call unscannable. A few hundred mutants
//! here; `deploy/differential.sh` makes twenty thousand.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{path::Path, process::Command};

#[test]
fn what_other_readers_show_is_found_or_unscannable() {
    run("400", &[]);
}

#[test]
fn so_it_is_where_nothing_is_left_whole() {
    run("200", &["--hostile"]);
}

fn run(count: &str, more: &[&str]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("python3")
        .arg(root.join("tests/differential/run.py"))
        .args(["--sluse", env!("CARGO_BIN_EXE_sluse"), "--seed", "test", "--count", count])
        .args(["--keep", concat!(env!("CARGO_TARGET_TMPDIR"), "/differential")])
        .args(more)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{errors}");
}
