//! The golden data: what detection must tell of every number, and find in
//! every text. The repository holds the synthetic part; the rest is read where
//! the folder with the complete set lies beside the checkout.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its data fails")]

use std::{collections::BTreeMap, fs, path::Path};

use jiff::civil::date;
use serde::Deserialize;
use sluse::{
    base::secret::Secret,
    detect::{
        Rules, Search, Synthetic,
        validators::{Class, Scheme, Tier, Validator},
    },
    model::{Finding, Fragment, Level, PartPath, Surface},
};

#[test]
fn every_synthetic_number_has_its_verdict() {
    let table = include_str!("fixtures/golden/identifiers-synthetic.tsv");
    assert!(check_table(table) > 400);
}

#[test]
fn every_number_of_the_complete_table_has_its_verdict() {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = ["..", "../.."].map(|up| checkout.join(up).join("shared/golden/identifiers.tsv"));
    for table in beside.iter().filter_map(|path| fs::read_to_string(path).ok()) {
        assert!(check_table(&table) > 4000);
    }
}

#[test]
fn eleven_digits_are_found_in_nearly_every_text() {
    let mut expected = 0;
    let mut missed = Vec::new();
    for (message, findings) in read_texts() {
        for place in message.expected.iter().filter(|place| place.is_norwegian()) {
            expected += 1;
            if !findings.iter().any(|finding| place.overlaps(finding)) {
                missed.push(format!("{} {:?} {}", message.id, message.tags, place.variant));
            }
        }
    }
    assert!(expected > 400);
    let allowed = expected * 5 / 1000;
    assert!(missed.len() <= allowed, "{} of {expected}: {missed:#?}", missed.len());
}

#[test]
fn nothing_is_found_in_texts_without_persons() {
    let mut wrong = Vec::new();
    let mut negatives = 0;
    for (message, findings) in read_texts() {
        if message.label != "negative" {
            continue;
        }
        negatives += 1;
        for finding in findings.iter().filter(|finding| finding.level >= Level::Medium) {
            wrong.push(format!("{} {:?} {finding:?}", message.id, message.tags));
        }
    }
    assert_eq!(negatives, 258);
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn other_numbers_of_persons_are_found_by_their_kind() {
    let mut found: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (message, findings) in read_texts() {
        for place in &message.expected {
            let counts = found.entry(place.kind.clone()).or_default();
            let rule =
                if place.is_norwegian() && place.kind != "no.fh" { "no.fnr" } else { &place.kind };
            counts.0 += 1;
            counts.1 += usize::from(
                findings.iter().any(|finding| *finding.rule == *rule && place.overlaps(finding)),
            );
        }
    }
    for kind in
        ["dk.cpr", "fi.hetu", "no.dnr", "no.duf", "no.fh", "no.hnr", "pci.card", "se.personnummer"]
    {
        let (expected, hits) = found[kind];
        assert_eq!(hits, expected, "{kind}");
    }
}

/// Compares every row with the validators; tells how many there were.
fn check_table(table: &str) -> usize {
    let mut rows = 0;
    for line in table.lines().skip(1) {
        let row: Vec<&str> = line.split('\t').collect();
        let [id, text, types, class, scheme, tier, ..] = row[..] else { panic!("{line}") };
        rows += 1;
        let digits: Vec<u8> = text.bytes().map(|byte| byte.wrapping_sub(b'0')).collect();
        let digits = if digits.iter().all(|digit| *digit < 10) { digits } else { Vec::new() };
        let verdict = check("no.person_number", &digits);
        let person = types.split(',').find(|kind| PERSON_KINDS.contains(kind));
        let expected = person.map(|kind| format!("{kind} {class} {scheme} {tier}"));
        let told = verdict.map(|verdict| {
            let class = match verdict.class {
                Class::Helper => "helper",
                Class::Real => "real",
                Class::Synthetic => "synthetic",
                Class::Thing => "thing",
            };
            let scheme = match verdict.scheme {
                Scheme::Rule1964 => "1964",
                Scheme::Rule2032 => "2032",
            };
            let tier = match verdict.tier {
                Tier::A => "A",
                Tier::B => "B",
                Tier::C => "C",
            };
            format!("{} {class} {scheme} {tier}", verdict.kind)
        });
        assert_eq!(told, expected, "{id}: {types}");
        check_others(id, text, types);
    }
    rows
}

/// Compares a row with the validators of everything that is no Norwegian
/// person's number.
fn check_others(id: &str, text: &str, types: &str) {
    let types: Vec<_> = types.split(',').collect();
    for (name, kinds, is_shaped) in OTHERS {
        let validator = Validator::named(name).unwrap();
        let values = validator.alphabet.values(text);
        let told = (validator.check)(&values, TODAY).map(|verdict| verdict.kind);
        let expected = kinds.iter().any(|kind| types.contains(kind));
        // A reference number may look like anything; the table tells only what
        // a row was made as.
        let ambiguous = types.iter().any(|kind| AMBIGUOUS.contains(kind));
        if expected || (is_shaped(text) && !ambiguous) {
            assert_eq!(told.is_some(), expected, "{id} {name}: {types:?}, told {told:?}");
        }
    }
}

/// A validator, its kinds, and whether it is asked about a row.
type Other = (&'static str, &'static [&'static str], fn(&str) -> bool);

/// Each validator with its kinds, and the rows that it is asked about.
const OTHERS: [Other; 9] = [
    ("card", &["card"], |text| is_digits(text) && (13..=19).contains(&text.len())),
    ("dk.cpr", &["dk"], |_| false),
    ("fi.hetu", &["fi"], |text| text.len() == 11 && !is_digits(text) && !text.contains('-')),
    ("iban", &["iban"], |text| text.starts_with("NO")),
    ("no.account", &["konto"], |text| is_digits(text) && text.len() == 11),
    ("no.duf", &["duf"], is_digits),
    ("no.kid", &["kid10", "kid11"], |_| false),
    ("no.org", &["orgnr"], |text| is_digits(text) && text.len() == 9),
    ("se.person", &["se"], |text| !is_digits(text) && text.len() == 13),
];
/// Kinds of rows that may be of other kinds too.
const AMBIGUOUS: [&str; 5] = ["ean13", "isbn10", "isbn13", "kid10", "kid11"];

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The table names the rows that are wrong on purpose.
#[test]
fn wrong_numbers_of_every_kind_are_refused() {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = ["..", "../.."].map(|up| checkout.join(up).join("shared/golden/identifiers.tsv"));
    for table in beside.iter().filter_map(|path| fs::read_to_string(path).ok()) {
        let mut refused = 0;
        for line in table.lines().skip(1) {
            let row: Vec<&str> = line.split('\t').collect();
            let [id, text, "-", .., origin] = row[..] else { continue };
            let Some((_, name)) = WRONG.iter().find(|(made, _)| origin == *made) else { continue };
            let validator = Validator::named(name).unwrap();
            let values = validator.alphabet.values(text);
            assert_eq!((validator.check)(&values, TODAY), None, "{id}: {origin}");
            refused += 1;
        }
        assert!(refused > 300, "{refused}");
    }
}

/// How the table says that a row is wrong, and who must see it.
const WRONG: [(&str, &str); 7] = [
    ("card Luhn wrong", "card"),
    ("duf check digits wrong", "no.duf"),
    ("fi hetu check wrong", "fi.hetu"),
    ("iban NO check wrong", "iban"),
    ("konto check digit wrong", "no.account"),
    ("orgnr check digit wrong", "no.org"),
    ("se Luhn wrong", "se.person"),
];
const TODAY: jiff::civil::Date = date(2026, 11, 23);

fn check(validator: &str, digits: &[u8]) -> Option<sluse::detect::validators::Verdict> {
    (Validator::named(validator).unwrap().check)(digits, TODAY)
}

/// Every golden text with what is found in it.
fn read_texts() -> Vec<(Message, Vec<Finding>)> {
    let rules = Rules::load(&Rules::builtin()).unwrap();
    let key = Secret::new([1; 32]);
    let search =
        Search { today: date(2026, 11, 23), synthetic: Synthetic::Real, key: &key, gaps: &[] };
    let lines = include_str!("fixtures/golden/texts.jsonl").lines();
    let messages = lines.map(|line| {
        let message: Message = serde_json::from_str(line).unwrap();
        let path = PartPath::root("text");
        let fragment = Fragment::new(Surface::Body, path, message.text.as_str());
        let findings = rules.find(&[fragment], &search);
        (message, findings)
    });
    messages.collect()
}

#[derive(Deserialize)]
struct Message {
    id: String,
    label: String,
    text: String,
    expected: Vec<Place>,
    tags: Vec<String>,
}

#[derive(Deserialize)]
struct Place {
    start: u32,
    end: u32,
    #[serde(rename = "type")]
    kind: String,
    variant: String,
}

impl Place {
    /// One of the kinds with eleven digits.
    fn is_norwegian(&self) -> bool {
        ["no.fnr", "no.dnr", "no.hnr", "no.fh"].contains(&self.kind.as_str())
    }

    /// Whether a finding that counts stands here.
    fn overlaps(&self, finding: &Finding) -> bool {
        let apart = finding.span.end <= self.start || finding.span.start >= self.end;
        !apart && finding.level >= Level::Medium
    }
}

const PERSON_KINDS: [&str; 9] =
    ["fnr", "dnr", "hnr", "fh", "fnr+80", "dnr+80", "fnr+65", "dnr+65", "dnr+40"];
