//! Holds the shape of the program: imports point down, the pure modules stay
//! pure, and the few things that must stay in one place do.
//!
//! Reads the source as text, through a small tokenizer; so it sees code under
//! every `cfg`, tests included. A change to [`LAYERS`] needs a reason in its
//! commit.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "layers/source.rs"]
mod source;

use std::{
    fs,
    path::{Path, PathBuf},
};

use source::{Source, Use};

/// Each top folder of `src`, and those it may use.
const LAYERS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("model", &["base"]),
    ("extract", &["base", "model"]),
    ("detect", &["base", "model"]),
    ("policy", &["base", "model"]),
    ("worker", &["base", "model", "extract"]),
    ("protect", &["base", "model"]),
    // `policy` for `Parcel` alone.
    ("store", &["base", "model", "policy"]),
    ("relay", &["base", "model", "policy"]),
    ("notify", &["base", "model"]),
    ("oidc", &["base", "model"]),
    ("gate", BELOW_GATE),
    ("frontend", BELOW_EDGE),
    ("web", BELOW_EDGE),
    ("cli", BELOW_EDGE),
    ("jobs", BELOW_EDGE),
    ("app", BELOW_APP),
];

const BELOW_GATE: &[&str] =
    &["base", "model", "detect", "policy", "worker", "protect", "store", "relay", "notify", "oidc"];
const BELOW_EDGE: &[&str] = &[
    "base", "model", "detect", "policy", "worker", "protect", "store", "relay", "notify", "oidc",
    "gate",
];
const BELOW_APP: &[&str] = &[
    "base", "model", "detect", "policy", "worker", "protect", "store", "relay", "notify", "oidc",
    "gate", "frontend", "web", "cli", "jobs",
];

/// No I/O and no clock here, except in the files named.
const PURE: &[&str] = &["base", "model", "extract", "detect", "policy"];
const MAY_TELL_TIME: &str = "base/clock.rs";
/// A deadline is an argument; somebody must compare it.
const MAY_COMPARE_TIME: &str = "extract/budget.rs";

const MAX_LINES: usize = 600;
const MAX_FIXTURE: u64 = 200 << 10;
const MAX_TESTS: u64 = 8 << 20;

/// Imports that point up or sideways.
fn wrong_imports(source: &Source) -> Vec<String> {
    let Some(own) = source.module() else {
        return Vec::new();
    };
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == own) else {
        return vec![format!("{}: module {own} is not in the table of layers", source.path)];
    };
    let wrong = |used: &Use| {
        let target = source.top_module(used)?;
        let known = LAYERS.iter().any(|(name, _)| *name == target);
        (known && target != own && !allowed.contains(&target))
            .then(|| format!("{}:{}: {own} must not use {target}", source.path, used.line))
    };
    source.uses.iter().filter_map(wrong).collect()
}

/// I/O and clocks in the pure modules.
fn impurities(source: &Source) -> Vec<String> {
    let of_tests = source.path.ends_with("/tests.rs");
    let pure = source.module().is_some_and(|own| PURE.contains(&own)) && !of_tests;
    if !pure || source.path == MAY_TELL_TIME {
        return Vec::new();
    }
    let impure = |used: &Use| {
        let path: Vec<&str> = used.path.iter().map(String::as_str).collect();
        let bad = match path.as_slice() {
            ["std", "fs" | "net" | "env" | "process", ..] | ["tokio", ..] => true,
            ["std", "time", "Instant", ..] => source.path != MAY_COMPARE_TIME,
            ["std", "time", "SystemTime" | "*", ..] | ["jiff", "Timestamp" | "Zoned", "now"] => {
                true
            }
            ["Timestamp" | "Zoned" | "SystemTime", "now"] => true,
            ["Instant", "now"] => source.path != MAY_COMPARE_TIME,
            _ => false,
        };
        bad.then(|| format!("{}:{}: pure code uses {}", source.path, used.line, path.join("::")))
    };
    source.uses.iter().filter_map(impure).collect()
}

/// Things that may be done in one place only.
fn strays(source: &Source) -> Vec<String> {
    let mut strays = Vec::new();
    let own = source.module().unwrap_or("");
    for (at, token) in source.tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| source.tokens.get(at));
        let before = before.map_or("", |token| token.text.as_str());
        let after = source.tokens.get(at + 1).map_or("", |token| token.text.as_str());
        let stray = match token.text.as_str() {
            "from_stored" | "to_stored" => own != "store" && source.path != "policy/cleared.rs",
            // Who proves that a mark holds can send anything.
            "proven_by_mark" => !["gate/mark.rs", "policy/passed.rs"].contains(&&*source.path),
            "Reading" if after == "{" => {
                let made = !["struct", "impl", "for", "->", "let", "Some", "Ok"].contains(&before);
                made && own != "gate" && !token.test
            }
            _ => false,
        };
        if stray {
            strays.push(format!(
                "{}:{}: {} does not belong here",
                source.path, token.line, token.text
            ));
        }
    }
    strays
}

/// Files that are too long to read.
fn overlong(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let over = lines > MAX_LINES;
    over.then(|| format!("{}: {lines} lines, {MAX_LINES} is the wall", source.path))
        .into_iter()
        .collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder`, without what is built or belongs to git.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return found;
    };
    for entry in entries {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().unwrap();
        if ["target", ".git", "corpus", "artifacts", "node_modules"].contains(&name.as_str()) {
            continue;
        }
        if kind.is_dir() {
            found.extend(files(&entry.path()));
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

fn sources(folder: &str) -> Vec<Source> {
    let folder = root().join(folder);
    let rust = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "rs");
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
        Source::new(&name, &fs::read_to_string(path).unwrap())
    };
    files(&folder).into_iter().filter(rust).map(read).collect()
}

fn assert_none(check: fn(&Source) -> Vec<String>, folder: &str) {
    let sources = sources(folder);
    assert!(!sources.is_empty(), "{folder} is empty");
    let wrong: Vec<String> = sources.iter().flat_map(check).collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn imports_point_down() {
    assert_none(wrong_imports, "src");
}

#[test]
fn the_pure_modules_are_pure() {
    assert_none(impurities, "src");
}

#[test]
fn proofs_are_made_and_stored_in_one_place() {
    assert_none(strays, "src");
}

#[test]
fn no_file_is_over_the_wall() {
    assert_none(overlong, "src");
    assert_none(overlong, "tests");
}

#[test]
fn the_table_has_every_module() {
    let library = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let modules =
        library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let mut modules: Vec<&str> = modules.collect();
    let mut table: Vec<&str> = LAYERS.iter().map(|(name, _)| *name).collect();
    modules.sort_unstable();
    table.sort_unstable();
    assert_eq!(modules, table);
}

/// With `tracing`, lettre logs the whole dialogue: addresses and bodies.
#[test]
fn lettre_does_not_log_bodies() {
    let manifest: toml::Table =
        fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let lettre = &manifest["dependencies"]["lettre"];
    assert_eq!(lettre["default-features"].as_bool(), Some(false));
    let features = lettre["features"].as_array().unwrap();
    assert!(features.iter().all(|feature| feature.as_str() != Some("tracing")));

    let lock: toml::Table = fs::read_to_string(root().join("Cargo.lock")).unwrap().parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    let lettre =
        packages.iter().find(|package| package["name"].as_str() == Some("lettre")).unwrap();
    let needs = lettre["dependencies"].as_array().unwrap();
    assert!(needs.iter().all(|need| need.as_str() != Some("tracing")), "{needs:?}");
}

#[test]
fn the_fixtures_stay_small() {
    let mut whole = 0;
    for path in files(&root().join("tests")) {
        let size = fs::metadata(&path).unwrap().len();
        assert!(size <= MAX_FIXTURE, "{}: {size} bytes", path.display());
        whole += size;
    }
    assert!(whole < MAX_TESTS, "{whole} bytes of tests");
}

/// A path of the machine it was written on works nowhere else.
#[test]
fn no_file_names_a_path_of_the_machine() {
    let paths = ["work", "root", "farm"].map(|folder| format!("/{folder}/"));
    for file in files(&root()) {
        let text = fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&text);
        for path in &paths {
            let found = text.match_indices(path.as_str()).find(|(at, _)| starts_a_path(&text, *at));
            assert!(found.is_none(), "{}: {path}", file.display());
        }
    }
}

/// Whether the slash at `at` is the first of its path, as in ` /srv/x` and
/// unlike `chroot/srv/x` or an address on the web.
fn starts_a_path(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|text| text.chars().next_back());
    !before.is_some_and(|c| c.is_alphanumeric() || "-._~$})".contains(c))
}

mod proof {
    //! The checks themselves: each finds what it is there for.

    use super::*;

    fn found(check: fn(&Source) -> Vec<String>, path: &str, text: &str) -> String {
        check(&Source::new(path, text)).join("\n")
    }

    #[test]
    fn an_import_upwards_is_found_in_every_form() {
        let forms = [
            "use crate::store::Held;",
            "use crate::{base::id::EventId, store::{Held, audit}};",
            "use crate::{\n    model::Address,\n    store,\n};",
            "fn f() { crate::store::open(); }",
            "fn f() -> Option<crate::store::Held> { None }",
            "use super::super::store::Held;",
            "pub(crate) use crate::store as shelf;",
            "#[cfg(test)]\nmod tests {\n    use crate::store::Held;\n}",
            "#[cfg(test)]\nmod tests { use super::super::super::store::Held; }",
            "use ::sluse::store::Held;",
        ];
        for form in forms {
            let found = found(wrong_imports, "detect/scan.rs", form);
            assert!(found.contains("detect must not use store"), "{form}: {found:?}");
            assert!(found.starts_with("detect/scan.rs:"), "{found}");
        }
    }

    #[test]
    fn only_the_worker_reads() {
        let text = "use crate::extract::read;";
        assert!(found(wrong_imports, "gate/mod.rs", text).contains("gate must not use extract"));
        assert!(found(wrong_imports, "app/mod.rs", text).contains("app must not use extract"));
        assert_eq!(found(wrong_imports, "worker/child.rs", text), "");
    }

    #[test]
    fn what_points_down_or_is_only_spoken_of_passes() {
        let text = "//! Unlike [`crate::gate`], this knows nothing.\n\
            use crate::{base::id::EventId, model::{Finding, store_of}};\n\
            /* use crate::web; */\n\
            const HINT: &str = \"see crate::app\";\n\
            const RAW: &str = r#\"use crate::cli; \"# ;\n\
            const QUOTE: char = '\"';\n\
            fn f<'a>(x: &'a str) -> &'a str { super::super::detect::same(x) }";
        assert_eq!(found(wrong_imports, "detect/scan.rs", text), "");
    }

    #[test]
    fn a_folder_without_a_layer_is_found() {
        assert!(found(wrong_imports, "extra/mod.rs", "").contains("not in the table"));
    }

    #[test]
    fn impure_code_is_found() {
        let forms = [
            "use std::{fmt, fs};",
            "use std::{collections::BTreeMap, time::{Duration, SystemTime}};",
            "fn f() { std::env::var(\"X\"); }",
            "use tokio::sync::Mutex;",
            "use std::time::Instant;",
            "fn f() { jiff::Timestamp::now(); }",
            "fn f() { Timestamp::now(); }",
        ];
        for form in forms {
            assert!(found(impurities, "detect/scan.rs", form).contains("pure code"), "{form}");
            assert_eq!(found(impurities, "store/held.rs", form), "", "{form}");
        }
        assert_eq!(found(impurities, "extract/budget.rs", "use std::time::Instant;"), "");
        assert!(found(impurities, "extract/walk.rs", "use std::time::Instant;").contains("pure"));
        assert_eq!(found(impurities, "extract/walk.rs", "use std::time::Duration;"), "");
    }

    #[test]
    fn stray_proofs_are_found() {
        let text = "fn f() { Parcel::from_stored(b\"x\"); }";
        assert!(found(strays, "relay/mod.rs", text).contains("from_stored"));
        assert_eq!(found(strays, "store/outbox.rs", text), "");
        let text = "fn f() { judge(Reading { digest, findings, gaps }); }";
        assert!(found(strays, "frontend/milter.rs", text).contains("Reading"));
        assert_eq!(found(strays, "gate/steps.rs", text), "");
        let tested =
            format!("fn g() -> Reading {{ todo() }}\n#[cfg(test)]\nmod tests {{ {text} }}");
        assert_eq!(found(strays, "policy/routes.rs", &tested), "");
        let after = format!("#[cfg(test)]\nmod tests {{ }}\n{text}");
        assert!(found(strays, "policy/routes.rs", &after).contains("Reading"));
    }

    #[test]
    fn a_long_file_is_found() {
        assert!(found(overlong, "cli/mod.rs", &"\n".repeat(601)).contains("601 lines"));
        assert_eq!(found(overlong, "cli/mod.rs", &"\n".repeat(600)), "");
    }

    #[test]
    fn a_path_of_the_machine_is_told_from_a_page() {
        for (text, path) in
            [("cd /srv/x", true), ("\"/srv/\"", true), ("https://a.example/srv/x", false)]
        {
            assert_eq!(starts_a_path(text, text.find("/srv").unwrap()), path, "{text}");
        }
    }
}
