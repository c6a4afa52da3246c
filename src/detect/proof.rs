//! Runs the tests inside packs. A pack whose rules do not do what they say is
//! not loaded.

use std::sync::Arc;

use jiff::civil::{Date, date};

use super::{
    Rules, Search, Synthetic,
    digits::{self, Sign},
    draft,
    pack::{RawLevel, RawTest},
    rule::{Combine, Rule},
};
use crate::{
    base::secret::Secret,
    model::{Finding, Fragment, Gap, GapKind, Level, Mark, PartPath, Proof, Surface},
};

/// What one test inside a pack came to.
#[derive(Clone, Debug, serde::Serialize)]
pub struct TestReport {
    /// The pack.
    pub pack: Arc<str>,
    /// The rule.
    pub rule: Arc<str>,
    /// Which test of the rule, from one.
    pub number: usize,
    /// The text that was read, as the pack has it.
    pub text: String,
    /// What the test wants, such as `high 138278*****` or `nothing`.
    pub wanted: String,
    /// What was found, in the same words.
    pub found: String,
    /// Whether that is what the test wants.
    pub passed: bool,
}

/// Runs every test of every rule and combination, in order.
pub(super) fn run(rules: &Rules) -> Vec<TestReport> {
    let tests = rules.rules.iter().map(Rule::tested);
    let tests = tests.chain(rules.combines.iter().map(Combine::tested));
    let numbered = tests.flat_map(|tested| {
        (1..).zip(tested.tests).map(move |(number, test)| (tested, number, test))
    });
    numbered.map(|(tested, number, test)| report(rules, tested, number, test)).collect()
}

/// What has tests.
#[derive(Clone, Copy)]
struct Tested<'a> {
    id: &'a Arc<str>,
    pack: &'a Arc<str>,
    tests: &'a [RawTest],
}

impl Rule {
    fn tested(&self) -> Tested<'_> {
        Tested { id: &self.id, pack: &self.pack, tests: &self.tests }
    }
}

impl Combine {
    fn tested(&self) -> Tested<'_> {
        Tested { id: &self.id, pack: &self.pack, tests: &self.tests }
    }
}

fn report(rules: &Rules, tested: Tested<'_>, number: usize, test: &RawTest) -> TestReport {
    let fragment = test.fragment();
    let key = Secret::new([0; 32]);
    let gaps: Vec<_> = test.gap.iter().filter_map(|kind| gap(kind)).collect();
    let search = Search { today: TODAY, synthetic: Synthetic::Real, key: &key, gaps: &gaps };
    let findings = rules.find(std::slice::from_ref(&fragment), &search);
    let findings: Vec<_> = findings.into_iter().filter(|found| found.rule == *tested.id).collect();
    let level = findings.iter().map(|finding| finding.level).max();
    let is_match = |finding: &Finding, wanted: &str| match finding.person {
        Some(person) => person == draft::person(&values(wanted), &key),
        None => value(&fragment.text, finding) == wanted,
    };
    let matches = test.matches.as_ref().is_none_or(|wanted| {
        let pairs = || findings.iter().zip(wanted);
        wanted.len() == findings.len() && pairs().all(|(found, wanted)| is_match(found, wanted))
    });
    let level_fits = match test.level {
        Some(wanted) => level == wanted.level(),
        None if test.wants_hit() => level >= Some(Level::Medium),
        None => level.is_none(),
    };
    TestReport {
        pack: tested.pack.clone(),
        rule: tested.id.clone(),
        number,
        text: test.text.clone(),
        wanted: test.wanted(),
        found: found(level, &findings),
        passed: level_fits && matches,
    }
}

/// A gap of this kind, if there is such a kind.
pub(super) fn gap(kind: &str) -> Option<Gap> {
    let proof = || Proof::new("test");
    let kinds = [
        GapKind::Ambiguous,
        GapKind::Broken,
        GapKind::Encrypted(proof()),
        GapKind::TimedOut,
        GapKind::TooBig,
        GapKind::TooDeep,
        GapKind::Unknown,
        GapKind::WeakEncryption(proof()),
    ];
    let known = kinds.into_iter().find(|known| known.as_str() == kind)?;
    Some(Gap::new(known, PartPath::root("test")))
}

impl RawTest {
    /// Whether the test wants something to be found.
    pub(super) fn wants_hit(&self) -> bool {
        match (&self.matches, self.level) {
            (_, Some(level)) => level != RawLevel::None,
            (Some(matches), None) => !matches.is_empty(),
            (None, None) => false,
        }
    }

    fn fragment(&self) -> Fragment {
        let path = PartPath::root("test");
        let Some(heading) = &self.heading else {
            return Fragment::new(Surface::Body, path, self.text.as_str());
        };
        let mark = Mark { start: 0, name: "A2".into(), heading: Some(0) };
        Fragment {
            marks: vec![mark],
            headings: vec![heading.clone()],
            ..Fragment::new(Surface::Cell, path, self.text.as_str())
        }
    }

    fn wanted(&self) -> String {
        if !self.wants_hit() {
            return "nothing".to_owned();
        }
        let level = self.level.and_then(RawLevel::level).map_or("medium or above", Level::as_str);
        let values = self.matches.iter().flatten();
        let masked = values.map(|value| crate::model::Masked::of(value, 6).to_string());
        [level.to_owned()].into_iter().chain(masked).collect::<Vec<_>>().join(" ")
    }
}

fn found(level: Option<Level>, findings: &[Finding]) -> String {
    let Some(level) = level else { return "nothing".to_owned() };
    let masked = findings.iter().map(|finding| finding.masked.to_string());
    [level.to_string()].into_iter().chain(masked).collect::<Vec<_>>().join(" ")
}

/// What a finding stands on, without separators and with plain digits.
fn value(text: &str, finding: &Finding) -> String {
    let span = finding.span;
    let place = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
    let chars =
        text.chars().skip(place(span.start)).take(place(span.end.saturating_sub(span.start)));
    let plain = chars.filter_map(|c| match digits::sign(c) {
        Sign::Digit(value) => char::from_digit(u32::from(value), 10),
        Sign::Break => Some(c),
        Sign::Invisible | Sign::Separator(_) => None,
    });
    plain.collect()
}

/// The values of the digits in `text`.
fn values(text: &str) -> Vec<u8> {
    text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect()
}

/// The day it is in tests inside packs: they must not grow old.
const TODAY: Date = date(2026, 11, 23);
