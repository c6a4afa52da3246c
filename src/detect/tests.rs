//! Stories about whole messages; the parts test themselves.

use std::sync::LazyLock;

use jiff::civil::date;

use super::*;
use crate::model::{Mark, Masked, PartPath, Span, Surface};

fn rules() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::load(&Rules::builtin()).unwrap());
    &RULES
}

fn find_as(fragment: Fragment, synthetic: Synthetic) -> Vec<Finding> {
    let key = Secret::new([7; 32]);
    rules()
        .find(&[fragment], &Search { today: date(2026, 11, 23), synthetic, key: &key, gaps: &[] })
}

fn find(fragment: Fragment) -> Vec<Finding> {
    find_as(fragment, Synthetic::Real)
}

fn body(text: &str) -> Fragment {
    Fragment::new(Surface::Body, PartPath::root("message"), text)
}

/// A sheet with the given columns; every cell is followed by a tab or line end.
fn sheet(headings: &[&str], rows: &[&[&str]]) -> Fragment {
    let mut fragment = Fragment::new(Surface::Cell, PartPath::root("list.xlsx"), "");
    fragment.headings = headings.iter().map(|heading| (*heading).to_owned()).collect();
    for (row, cells) in (2..).zip(rows) {
        for (column, cell) in (0_u32..).zip(*cells) {
            let letter = char::from(b'A' + u8::try_from(column).unwrap());
            fragment.marks.push(Mark {
                start: u32::try_from(fragment.text.len()).unwrap(),
                name: format!("{letter}{row}").into(),
                heading: (!headings.is_empty()).then_some(column),
            });
            fragment.text += cell;
            fragment.text.push('\t');
        }
        fragment.text.pop();
        fragment.text.push('\n');
    }
    fragment
}

#[test]
fn a_number_in_a_message_is_told_without_being_shown() {
    let findings = find(body("Hei på deg,\nfødselsnummeret er 138278 30652."));
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!((&*finding.rule, &*finding.kind, finding.level), ("no.fnr", "fnr+80", Level::High));
    assert_eq!(finding.span, Span { start: 31, end: 43 });
    assert_eq!(finding.masked, Masked::of("13827830652", 6));
    assert!(finding.words.iter().any(|word| &**word == "*fødselsnummer*"), "{:?}", finding.words);
    assert!(finding.person.is_some());
}

#[test]
fn the_same_person_is_the_same_however_written() {
    let findings = find(body("fnr 138278 30652 og fnr 13827830652 og fnr 71819472836"));
    let persons: Vec<_> = findings.iter().map(|finding| finding.person).collect();
    assert_eq!(persons.len(), 3);
    assert_eq!(persons[0], persons[1]);
    assert_ne!(persons[0], persons[2]);
}

#[test]
fn synthetic_numbers_can_be_told_apart_or_left_out() {
    let text = "fnr 13827830652";
    assert_eq!(find_as(body(text), Synthetic::Report)[0].level, Level::Info);
    assert_eq!(find_as(body(text), Synthetic::Ignore), []);
    // An H-number is a person's, whatever the settings.
    assert_eq!(find_as(body("hjelpenummer 07515738902"), Synthetic::Ignore).len(), 1);
}

#[test]
fn a_cell_is_named_and_counted_from_its_start() {
    let findings = find(sheet(&["Navn", "Fnr"], &[&["Blå Øks", "13827830652"]]));
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(finding.path.to_string(), "list.xlsx > B2");
    assert_eq!(finding.span, Span { start: 0, end: 11 });
    assert_eq!(finding.level, Level::High);
}

#[test]
fn a_date_and_the_rest_in_two_columns_are_one_number() {
    let findings = find(sheet(&["Fødselsdato", "Personnr"], &[&["138278", "30652"]]));
    assert_eq!(findings.len(), 1);
    assert!(findings[0].level >= Level::Medium);
}

#[test]
fn a_time_is_no_date() {
    // 158187 30133 would be one.
    assert_eq!(find(body("fnr 15.81.87, charset 30133")).len(), 1);
    assert_eq!(find(body("fnr 15:81:87, charset 30133")), []);
}

#[test]
fn the_date_beside_a_number_may_be_that_of_birth() {
    for (date, rest) in [
        ("17.04.1956", "24801"),
        ("170456", "24801"),
        ("13.02.1978", "30652"),
        ("1978-82-13", "30652"),
        ("1978-02-13", "30652"),
        ("19780213", "30652"),
    ] {
        let findings = find(sheet(&["født", "personnr"], &[&[date, rest]]));
        assert_eq!(top(&findings, "no.fnr"), Some(Level::High), "{date} {rest}: {findings:?}");
    }
    let told = |text: &str| top(&find(body(text)), "no.fnr");
    assert_eq!(told("Personnr: 17.04.1956 24801"), Some(Level::Medium));
    // Further from each other they say nothing.
    assert_eq!(told("Født 17.04.1956, personnr 24801"), None);
}

#[test]
fn the_end_of_a_code_is_no_date() {
    // 158187 30133 would be one.
    assert_eq!(find(body("fnr 1581-1987, charset 30133")).len(), 1);
    assert_eq!(find(body("fnr ks_c_1581-1987, charset 30133")), []);
}

#[test]
fn a_lost_leading_zero_is_found_under_its_heading_only() {
    // 02815849658 without its zero.
    let cell: &[&[&str]] = &[&["2815849658"]];
    assert_eq!(find(sheet(&["Pnr"], cell)).len(), 1);
    assert_eq!(find(sheet(&["Score"], cell)), []);
    assert_eq!(find(body("navn;fnr\nOla;2815849658\n")).len(), 1);
    assert_eq!(find(body("tid 2815849658")), []);
}

#[test]
fn a_column_of_persons_needs_no_heading_for_lost_zeros() {
    let rows: [&[&str]; 4] =
        [&["13827830652"], &["23871885281"], &["14871171824"], &["2815849658"]];
    assert_eq!(find(sheet(&[], &rows)).len(), 4);
}

#[test]
fn many_persons_raise_the_level() {
    let numbers = ["13827830652", "23871885281", "14871171824", "03846313760", "15830570117"];
    let text = numbers.join("\n");
    let findings = find(body(&text));
    assert_eq!(findings.len(), 5);
    assert!(findings.iter().all(|finding| finding.level == Level::High), "{findings:?}");
    // Five times the same person is one person.
    let text = [numbers[0]; 5].join("\n");
    assert!(find(body(&text)).iter().all(|finding| finding.level == Level::Medium));
}

#[test]
fn one_lucky_number_among_many_is_not_believed() {
    let serials: String = (0..30).map(|i| format!("{}\n", 44_000_000_019_u64 + i * 7)).collect();
    assert_eq!(find(body(&format!("{serials}13827830652\n"))), []);
    assert_eq!(find(body(&format!("{serials}fnr 13827830652\n"))).len(), 1);
}

#[test]
fn the_account_of_a_person_hides_nobody() {
    let text = "Utbetaling for fødselsnummer 138278 30652 til kontonr 63850191796";
    let findings = find(body(text));
    let places: Vec<_> = findings.iter().map(|found| (&*found.rule, found.span.start)).collect();
    assert_eq!(places, [("no.fnr", 29), ("no.account", 54)]);
}

#[test]
fn hashes_hold_no_persons() {
    assert_eq!(find(body("sha 3fa13827830652be7c")), []);
    let findings = find(body("epikrise_13827830652.pdf"));
    let rules: Vec<_> = findings.iter().map(|found| &*found.rule).collect();
    assert_eq!(rules, ["no.health", "no.fnr", "no.health.person"]);
}

#[test]
fn the_parts_of_a_number_in_a_digest_are_no_number() {
    let level = |word: &str| top(&find(body(&format!("fnr {word}"))), "no.fnr");
    assert_eq!(level("c138278aaaaa30652f"), Some(Level::Medium));
    for digest in [
        "fd3fe8d7c9720a4877b449def0139b6d45ea0ef8c138278aaaaa30652f7379d3",
        "0a4877b449c138278aaaaa30652f7379",
    ] {
        assert_eq!(level(digest), None, "{digest}");
    }
}

#[test]
fn the_hex_of_an_escape_is_no_part_of_a_number() {
    let level = |text: &str| top(&find(body(&format!("fnr {text}"))), "no.fnr");
    assert_eq!(level("138278 =2Ea 30652"), Some(Level::Medium));
    assert_eq!(level("138278 =2Ea=A30652"), None);
    assert_eq!(level("a=E138278 b 30652"), None);
}

#[test]
fn strange_input_is_survived() {
    for text in ["", "\0", "1", "💥1💥", "٠", "\u{feff}", "1\n> ", "=\n=", "1=", "..1.."] {
        assert_eq!(find(body(text)), [], "{text:?}");
    }
    let mut odd = sheet(&["Fnr"], &[&["13827830652"]]);
    odd.marks[0].heading = Some(99);
    odd.marks[0].start = u32::MAX;
    assert_eq!(find(odd).len(), 1);
}

fn pack(rule: &str) -> PackSource {
    let text = format!(
        "schema = 1\n[pack]\nid = \"p\"\nversion = \"1\"\ntitle = \"t\"\n[words]\nw = [\"kode\"]\n{rule}"
    );
    PackSource { name: "site.toml".into(), text }
}

fn refusal(rule: &str) -> String {
    Rules::load(&[pack(rule)]).err().map(|error| error.to_string()).unwrap_or_default()
}

const CARD: &str = r#"
[[rule]]
id = "pci.card"
title = "Payment card"
patterns = [{ regex = '\b4\d{3}(?:[ -]?\d{4}){3}\b', score = 50 }]
validator = "luhn"
[[rule.level]]
level = "medium"
min_score = 50
[[rule.test]]
text = "Kort 4181 7560 4806 3580"
match = ["4181756048063580"]
[[rule.test]]
text = "Kort 4181 7560 4806 3581"
match = []
"#;

#[test]
fn a_site_adds_a_rule_without_code() {
    let rules = Rules::load(&[pack(CARD)]).unwrap();
    assert_eq!(rules.table()[0].kinds, ["card"]);
    assert!(rules.tests().iter().all(|report| report.passed));
    assert_eq!(rules.packs()[0].hash.len(), 16);
}

#[test]
fn terms_add_up_and_combinations_raise() {
    let rule = r#"
[[rule]]
id = "x.topic"
title = "Topic"
[[rule.term]]
words = ["w"]
score = 20
max = 40
[[rule.level]]
level = "medium"
min_score = 40
[[rule.test]]
text = "kode og Kode"
level = "medium"
[[rule.test]]
text = "kode"
level = "none"
[[combine]]
id = "x.both"
title = "Person and topic"
all = ["no.fnr", "x.topic:medium"]
within = 100
level = "critical"
"#;
    let mut packs = Rules::builtin();
    packs.push(pack(rule));
    let rules = Rules::load(&packs).unwrap();
    let key = Secret::new([7; 32]);
    let search =
        Search { today: date(2026, 11, 23), synthetic: Synthetic::Real, key: &key, gaps: &[] };
    let level =
        |text: &str| rules.find(&[body(text)], &search).iter().map(|found| found.level).max();
    assert_eq!(level("kode kode, fnr 13827830652"), Some(Level::Critical));
    assert_eq!(level(&format!("kode kode {} fnr 13827830652", "x ".repeat(90))), Some(Level::High));
}

#[test]
fn errors_name_file_line_rule_and_fault() {
    assert_eq!(
        refusal(&CARD.replace("luhn", "mod11")),
        "site.toml:10: rule pci.card: unknown validator mod11; hint: rules/no/identifiers.toml \
         shows the names in use"
    );
    assert_eq!(
        refusal(&CARD.replace("3580\"]", "3589\"]")),
        "site.toml:10: rule pci.card: test 1 fails: wanted medium or above 418175**********, \
         found medium 418175**********; hint: `sluse rules test` shows every test; correct rule or \
         test"
    );
    let unknown = refusal(&CARD.replace("title", "titel"));
    assert!(unknown.starts_with("site.toml:11: titel: unknown field `titel`"), "{unknown}");
    for (from, to, fault) in [
        (r"\b4", "(4", "bad pattern"),
        (r"\b4", "(?u)4", "the flag u is not allowed"),
        (r"\d{4}", r"\d{40000}", "bad pattern"),
        ("match = []", "match = [\"1\"]", "needs a test that misses"),
        ("match = [\"4181756048063580\"]", "match = []", "needs a test that hits"),
        ("level = \"medium\"", "level = \"none\"", "needs a level other than none"),
        ("patterns", "engine = \"magic\"\n#", "unknown engine magic"),
    ] {
        let error = refusal(&CARD.replacen(from, to, 2));
        assert!(error.contains(fault), "{from} to {to}: {error}");
    }
    assert!(refusal(&format!("{CARD}{CARD}")).contains("rule pci.card: defined twice"));
}

#[test]
fn failing_tests_can_be_listed_without_loading() {
    let reports = Rules::check(&[pack(&CARD.replace("3581", "3580"))]).unwrap();
    assert_eq!(reports.iter().filter(|report| !report.passed).count(), 1);
}

#[test]
fn every_test_inside_the_packs_passes() {
    let reports = Rules::check(&Rules::builtin()).unwrap();
    let failed: Vec<_> = reports.iter().filter(|report| !report.passed).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn the_optional_packs_load_beside_the_others() {
    let mut packs = vec![PackSource {
        name: "secrets.toml".into(),
        text: include_str!("../../rules/secrets.toml").into(),
    }];
    // In any order: folders are read by name.
    packs.extend(Rules::builtin().into_iter().rev());
    Rules::load(&packs).unwrap();
}

fn top(findings: &[Finding], rule: &str) -> Option<Level> {
    findings.iter().filter(|found| *found.rule == *rule).map(|found| found.level).max()
}

#[test]
fn what_a_column_is_about_counts_in_every_row() {
    let columns = ["Navn", "Født", "Diagnose"];
    let row: &[&str] = &["Åpen Fjell", "08.03.1993", "se vedlegg"];
    let rows = vec![row; 400];
    let findings = find(sheet(&columns, &rows));
    let told = findings.iter().filter(|found| &*found.rule == "no.health.person").count();
    assert_eq!(told, 400);
    assert_eq!(top(&find(sheet(&["Navn", "Født", "Sted"], &rows)), "no.health.person"), None);
    // In plain text the first line is far from the last.
    let lines = "Åpen Fjell;08.03.1993;se vedlegg\n".repeat(400);
    let findings = find(body(&format!("navn;født;diagnose\n{lines}")));
    let told = findings.iter().filter(|found| &*found.rule == "no.health.person").count();
    assert_eq!(told, 400);
}

#[test]
fn a_wide_row_is_one_place() {
    let far = "x ".repeat(800);
    let columns = ["Navn", "Født", "Merknad", "Kode"];
    let rows: [&[&str]; 3] = [
        &["Åpen Fjell", "08.03.1993", &far, "sykmeldt"],
        &["Rød Lampe", "ukjent", &far, "ferie"],
        &["Lun Øks", "24.09.1974", &far, "ferie"],
    ];
    let findings = find(sheet(&columns, &rows));
    let persons: Vec<_> = findings
        .iter()
        .filter(|found| &*found.rule == "no.health.person")
        .map(|found| found.path.to_string())
        .collect();
    assert_eq!(persons, ["list.xlsx > B2"]);
}

#[test]
fn a_topic_is_told_once_and_never_blocks_alone() {
    let findings = find(body(&"Hun er sykmeldt. ".repeat(500)));
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].level, Level::Low);
}

#[test]
fn a_person_far_from_a_topic_is_only_a_person() {
    let far = "og så videre ".repeat(120);
    let text = format!("Sykmelding er tema. {far} Åpen Fjell, født 08.03.1993");
    assert_eq!(top(&find(body(&text)), "no.health.person"), None);
    let text = format!("{text}. Hun er sykmeldt.");
    assert_eq!(top(&find(body(&text)), "no.health.person"), Some(Level::Critical));
}

#[test]
fn a_password_matters_beside_what_it_opens() {
    let rules = rules();
    let key = Secret::new([7; 32]);
    let gap = proof::gap("encrypted").unwrap();
    let level = |gaps: &[Gap]| {
        let today = date(2026, 11, 23);
        let search = Search { today, synthetic: Synthetic::Real, key: &key, gaps };
        let fragment = body("Filen er kryptert. Passord: Syntetisk-2026");
        rules.find(&[fragment], &search).iter().map(|found| found.level).max()
    };
    assert_eq!(level(&[]), Some(Level::Info));
    assert_eq!(level(&[gap]), Some(Level::High));
}

#[test]
fn an_account_hides_no_person_and_is_none() {
    // Every person number is a good account number too.
    let findings = find(body("Kontonr 13827830652, fnr 23871885281"));
    assert_eq!(top(&findings, "no.fnr"), Some(Level::High));
    let account = findings.iter().find(|found| &*found.rule == "no.account").unwrap();
    assert_eq!((account.level, account.person), (Level::Low, None));
}

#[test]
fn fifty_persons_are_critical_in_any_spread() {
    let table = include_str!("../../tests/fixtures/golden/identifiers-synthetic.tsv");
    let rows = table.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let numbers = rows.filter(|row| row[2].starts_with("fnr+80") && row[5] == "A");
    let numbers: Vec<_> = numbers.map(|row| row[1].to_owned()).take(50).collect();
    let rules = rules();
    let key = Secret::new([7; 32]);
    let level = |numbers: &[String]| {
        let fragments: Vec<_> = numbers.iter().map(|number| body(number)).collect();
        let today = date(2026, 11, 23);
        let search = Search { today, synthetic: Synthetic::Real, key: &key, gaps: &[] };
        rules.find(&fragments, &search).iter().map(|found| found.level).max()
    };
    assert_eq!(level(&numbers), Some(Level::Critical));
    assert_eq!(level(&numbers[..49]), Some(Level::High));
    assert_eq!(level(&numbers[..4]), Some(Level::Medium));
}

#[test]
fn synthetic_persons_left_out_are_nobody_beside_a_topic() {
    let text = "Epikrise for 13827830652";
    assert_eq!(top(&find_as(body(text), Synthetic::Ignore), "no.health.person"), None);
    assert_eq!(top(&find_as(body(text), Synthetic::Report), "no.health.person"), None);
    assert_eq!(top(&find(body(text)), "no.health.person"), Some(Level::Critical));
}
