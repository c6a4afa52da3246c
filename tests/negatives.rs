//! Texts of many trades: those without persons, in which nothing may be hit,
//! and those with one, in which it must be found. Written for this repository;
//! every person number is synthetic, an H- or an FH-number, or foreign.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its data fails")]

use jiff::civil::date;
use serde::Deserialize;
use sluse::{
    base::secret::Secret,
    detect::{Rules, Search, Synthetic},
    model::{Finding, Fragment, Level, PartPath, Surface},
};

#[test]
fn nothing_is_hit_where_nobody_is_named() {
    let negatives = read(include_str!("negatives/negatives.jsonl"));
    assert!(negatives.len() >= 300, "{}", negatives.len());
    let wrong = negatives.iter().flat_map(|(text, findings)| {
        let hits = findings.iter().filter(|finding| finding.level >= Level::Medium);
        hits.map(move |hit| format!("{} {} {} {hit:?}", text.id, text.trade, text.text))
    });
    assert_eq!(wrong.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn everybody_is_found_where_somebody_is_named() {
    let positives = read(include_str!("negatives/positives.jsonl"));
    assert!(positives.len() >= 100, "{}", positives.len());
    let missed = positives.iter().filter(|(text, findings)| {
        let level: Level = text.level.parse().unwrap();
        !findings.iter().any(|found| *found.rule == *text.rule && found.level >= level)
    });
    let missed = missed.map(|(text, findings)| {
        let told: Vec<_> = findings.iter().map(|f| format!("{} {}", f.rule, f.level)).collect();
        format!("{} {} wants {} {}: {told:?}", text.id, text.text, text.rule, text.level)
    });
    assert_eq!(missed.collect::<Vec<_>>(), [""; 0]);
}

/// Every text with what is found in it.
fn read(lines: &str) -> Vec<(Text, Vec<Finding>)> {
    let rules = Rules::load(&Rules::builtin()).unwrap();
    let key = Secret::new([1; 32]);
    let today = date(2026, 11, 23);
    let search = Search { today, synthetic: Synthetic::Real, key: &key, gaps: &[] };
    let texts = lines.lines().map(|line| {
        let text: Text = serde_json::from_str(line).unwrap();
        let path = PartPath::root("text");
        let fragment = Fragment::new(Surface::Body, path, text.text.as_str());
        let findings = rules.find(&[fragment], &search);
        (text, findings)
    });
    texts.collect()
}

#[derive(Deserialize)]
struct Text {
    id: String,
    trade: String,
    text: String,
    /// What must be found; nothing in negatives.
    #[serde(default)]
    rule: String,
    #[serde(default)]
    level: String,
}
