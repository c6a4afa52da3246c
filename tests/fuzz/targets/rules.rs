//! The loader of rule packs: any text is a pack whose tests pass, or a clear
//! error. Text that starts with `+` is the rest of a pack that begins well.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sluse::{
    detect::{PackSource, Rules},
    model::{Extraction, Fragment, PartPath, Surface},
};
use sluse_fuzz::reading;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let text = match text.strip_prefix('+') {
        Some(rest) => format!("{HEAD}{rest}"),
        None => text.to_owned(),
    };
    let pack = PackSource { name: "site.toml".into(), text };
    match Rules::load(std::slice::from_ref(&pack)) {
        Ok(rules) => {
            assert!(rules.tests().iter().all(|report| report.passed), "a test fails");
            assert_eq!(rules.packs().len(), 1);
            let fragment = Fragment::new(Surface::Body, PartPath::root("text"), SAMPLE);
            let extraction = Extraction { fragments: vec![fragment], gaps: Vec::new() };
            reading::find_by(&rules, &extraction);
            rules.table();
        }
        Err(error) => {
            let told = error.to_string();
            assert!(!told.trim().is_empty(), "an error without words");
        }
    }
    // The same text again must be told the same.
    assert_eq!(Rules::check(&[pack.clone()]).is_ok(), Rules::check(&[pack]).is_ok());
});

const HEAD: &str = r#"
schema = 1
[pack]
id = "site"
version = "1"
title = "Ours"
[words]
near = ["fødselsnummer*", "fnr"]
far = ["konto*"]
[[rule]]
id = "site.number"
title = "Number"
"#;
const SAMPLE: &str = "Fødselsnummer: 13827830652, konto 6385.01.91796. F33.1 Diagnose\nmedlem av 4181 7560 4806 3580 AB-1234567";
