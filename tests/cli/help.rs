//! Help, manual page and completions: all there, and every example in them and
//! in the documents can be run as it stands.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use clap::CommandFactory;
use sluse::cli::args::Arguments;

use crate::place::{Answer, Place};

/// Every command that people may call, as words: `["quarantine", "release"]`.
fn commands() -> Vec<Vec<String>> {
    fn collect(command: &clap::Command, above: &[String], found: &mut Vec<Vec<String>>) {
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            let words = [above, &[sub.get_name().to_owned()]].concat();
            collect(sub, &words, found);
            found.push(words);
        }
    }
    let mut found = Vec::new();
    collect(&Arguments::command(), &[], &mut found);
    found
}

fn call(place: &Place, words: &[String], last: &str) -> Answer {
    let words: Vec<&str> = words.iter().map(String::as_str).chain([last]).collect();
    place.bare(&words)
}

/// The calls of `sluse` in a text, each as words: on lines of their own, and
/// between backticks.
fn calls(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().map(str::trim);
    let quoted = text.split('`').skip(1).step_by(2);
    let mut calls = Vec::new();
    for line in lines.chain(quoted) {
        let line = line.trim_start_matches("$ ");
        let pieces = line.split([';', '|', '>']).flat_map(|piece| piece.split("&&"));
        for piece in pieces.map(str::trim) {
            let rest = ["sluse ", "/usr/bin/sluse ", "target/release/sluse "]
                .iter()
                .find_map(|name| piece.strip_prefix(name));
            // What is meant as a name in running text has no command behind it.
            let is_call = rest.is_some_and(|rest| {
                let first = rest.split_whitespace().next().unwrap_or("");
                first.starts_with("--") || Arguments::command().find_subcommand(first).is_some()
            });
            if let Some(rest) = rest.filter(|_| is_call) {
                calls.push(words(rest));
            }
        }
    }
    calls
}

/// Splits as a shell does; a `#` or two blanks begin a remark.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, piece) in text.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(piece.to_owned());
            continue;
        }
        let call = piece.split("  ").next().unwrap_or("");
        let plain = call.split_whitespace().take_while(|word| !word.starts_with('#'));
        words.extend(
            plain.map(|word| if word == "ID" { "bcdfghjkmnpqrstvbcdf" } else { word }.into()),
        );
        if call.len() < piece.trim_end().len() {
            break;
        }
    }
    words
}

#[test]
fn every_command_explains_itself() {
    let place = Place::new();
    let all = commands();
    assert!(all.len() > 25, "{all:?}");
    for words in all {
        let answer = call(&place, &words, "--help");
        assert_eq!((answer.status, answer.said.as_str()), (0, ""), "{words:?}");
        let (about, _) = answer.out.split_once("\nUsage: sluse ").unwrap();
        assert!(about.trim().len() > 10, "{words:?} says nothing: {about:?}");
        let examples = words.len() == 1 || words[0] == "quarantine";
        assert!(!examples || answer.out.contains("Examples:"), "{words:?} has no examples");
        assert!(answer.out.contains("--config <FILE>"), "{words:?}");
    }
}

#[test]
fn version_and_help_are_there() {
    let place = Place::new();
    let version = format!("sluse {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(place.bare(&["--version"]).out, version);
    let answer = place.bare(&["--help"]);
    assert_eq!(answer.status, 0);
    for command in Arguments::command().get_subcommands().filter(|command| !command.is_hide_set()) {
        let name = format!("\n  {}", command.get_name());
        assert!(answer.out.contains(&name), "{name}: {}", answer.out);
    }
    assert!(answer.out.contains("Exit status: 0 done or clean"), "{}", answer.out);
    assert!(answer.out.contains("[default: /etc/sluse/sluse.toml]"), "{}", answer.out);
    assert_eq!(place.bare(&[]).status, 2, "no command is a wrong call");
}

#[test]
fn every_example_in_help_and_documents_parses() {
    let place = Place::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = vec![place.bare(&["--help"]).out];
    texts.extend(commands().iter().map(|words| call(&place, words, "--help").out));
    for name in DOCUMENTS {
        texts.push(fs::read_to_string(root.join(name)).unwrap());
    }
    texts.extend(texts_in(&root.join("deploy")));
    let calls: Vec<Vec<String>> = texts.iter().flat_map(|text| calls(text)).collect();
    assert!(calls.len() > 50, "{calls:?}");
    for call in calls {
        // Help is printed once everything before it has been understood.
        let answer = self::call(&place, &call, "--help");
        assert_eq!(answer.status, 0, "{call:?}: {}", answer.said);
    }
}

#[test]
fn every_file_that_documents_name_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut named = 0;
    for name in [&DOCUMENTS[..], &["certs/README.md", "rules/README.md"]].concat() {
        let text = fs::read_to_string(root.join(name)).unwrap();
        let quoted = text.split('`').skip(1).step_by(2);
        let linked = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let ours = ["src/", "tests/", "deploy/", "rules/", "templates/", "certs/README"];
        let is_ours =
            |path: &&str| ours.iter().any(|folder| path.starts_with(folder)) && !path.contains(' ');
        for path in quoted.chain(linked).filter(is_ours) {
            assert!(root.join(path).exists(), "{name}: {path}");
            named += 1;
        }
    }
    assert!(named > 30, "{named}");
}

fn texts_in(folder: &Path) -> Vec<String> {
    let paths: Vec<PathBuf> =
        folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    let text = |path: PathBuf| match path.is_dir() {
        true => texts_in(&path),
        // Variables of a shell script are not examples.
        false if path.extension().is_some_and(|extension| extension == "sh") => Vec::new(),
        false => fs::read_to_string(path).into_iter().collect(),
    };
    paths.into_iter().flat_map(text).collect()
}

#[test]
fn the_manual_page_holds_every_command_with_options_and_examples() {
    let place = Place::new();
    let answer = place.bare(&["man"]);
    assert_eq!((answer.status, answer.said.as_str()), (0, ""));
    let page = answer.out.replace("\\-", "-");
    for words in commands() {
        let name = format!("\n.SS \"sluse {}", words.join(" "));
        assert!(page.contains(&name), "{words:?}");
    }
    for part in [
        "--encrypt",
        "sluse quarantine release bcdfghjkmnpqrstvbcdf --encrypt --by kari",
        "/etc/sluse/sluse.toml",
        "Exit status: 0",
        ".SH \"EXAMPLE SETTINGS\"",
        "[reinject]",
        "[[route]]",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("sluse worker"), "the hidden command stays hidden");
    if let Some((status, told)) = checked_by(&["mandoc", "-T", "lint", "-W", "error"], &answer.out)
    {
        assert!(status, "{told}");
    }
}

#[test]
fn completions_are_scripts_that_their_shells_take() {
    let place = Place::new();
    for (shell, check) in [
        ("bash", &["bash", "-n"][..]),
        ("zsh", &["zsh", "-n"]),
        ("fish", &["fish", "--no-execute"]),
    ] {
        let answer = place.bare(&["completions", shell]);
        assert_eq!((answer.status, answer.said.as_str()), (0, ""));
        assert!(answer.out.contains("quarantine") && answer.out.contains("reveal"), "{shell}");
        if let Some((passed, told)) = checked_by(check, &answer.out) {
            assert!(passed, "{shell}: {told}");
        }
    }
    assert_eq!(place.bare(&["completions", "tcsh"]).status, 2);
}

/// What a checker says of a text; nothing where it is not installed.
fn checked_by(command: &[&str], text: &str) -> Option<(bool, String)> {
    let mut checker = Command::new(command[0]);
    checker.args(&command[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = checker.spawn().ok()?;
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&told).into_owned()))
}

const DOCUMENTS: [&str; 5] =
    ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"];
