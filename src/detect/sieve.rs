//! Goes through one fragment and drafts findings.
//!
//! Digits come first, since they are cheap to see: only where a checksum holds
//! are words read. Numbers of one column, or of one text, are then judged
//! together: where most candidates are no person numbers, one that happens to
//! pass the checksum needs a word to be believed.

use std::{collections::HashMap, iter, ops::Range};

use super::{
    Rules, Search,
    candidate::{Candidate, Layout, Role, Shape, Values},
    context::{Reach, Surroundings},
    digits::{self, Sign},
    draft::{self, Draft, Footing},
    lookalike::Lookalikes,
    rule::{Digits, Method, Rule},
    scan::{Reader, scan},
    survey::Survey,
    table::{self, Column, TextTable},
    validators::{Class, Tier, Validator, Verdict, may_begin_person},
};
use crate::model::{Fragment, Surface};

/// One fragment being read.
pub(super) struct Sieve<'a> {
    rules: &'a Rules,
    search: &'a Search<'a>,
    fragment: &'a Fragment,
    index: usize,
    reach: Reach,
    table: TextTable<'a>,
    drafts: Vec<Draft>,
    /// How many drafts there are on each footing.
    kept: [usize; 3],
    tallies: Tallies,
    /// Dates that stand alone, for numbers written in two places.
    dates: Vec<Candidate>,
    /// The checksum of person numbers, if any rule uses it.
    person: Option<&'static Validator>,
    lookalikes: Lookalikes,
    survey: Survey<'a>,
    /// What is near the last place that was judged.
    near: Option<Near<'a>>,
}

/// What is near a place.
struct Near<'a> {
    place: Range<usize>,
    /// What stands over it.
    headings: Vec<&'a str>,
    around: Surroundings,
}

impl Reader for Sieve<'_> {
    #[inline]
    fn run(&mut self, run: Range<usize>) {
        let text = &self.fragment.text;
        self.survey.run(text, &run);
        if let Some(validator) = self.person
            && let Some(candidate) = self.lookalikes.run(text, &run)
        {
            self.lookalike(validator, &candidate);
        }
    }

    #[inline]
    fn heeds(&self, role: Role, first: &[u8], start: usize) -> bool {
        match role {
            Role::Date => may_begin_person(first) || is_century(first),
            Role::DateByYear => is_century(first),
            Role::Rest => self.dates.last().is_some_and(|date| date.place.end + APART >= start),
            Role::LostZero | Role::Whole(_) => true,
        }
    }

    #[inline]
    fn wants_run(&self, before: u8, length: usize) -> bool {
        self.survey.wants(before, length) || Lookalikes::wants(length)
    }

    #[inline]
    fn candidate(&mut self, shape: &Shape, candidate: &Candidate) {
        match (shape.role, self.person) {
            (Role::Date | Role::DateByYear, _) => self.date(candidate),
            (Role::LostZero, Some(person)) => self.lost_zero(person, candidate),
            (Role::Rest, Some(person)) => self.apart(person, candidate),
            (Role::LostZero | Role::Rest, None) => {}
            (Role::Whole(validator), _) => self.whole(validator, candidate),
        }
    }
}

/// How many candidates a column holds, and how many of them are good.
#[derive(Clone, Copy, Default)]
struct Tally {
    tried: u32,
    valid: u32,
}

/// What there is of candidates in each column.
#[derive(Default)]
struct Tallies {
    /// Outside columns, where most are.
    whole: Tally,
    columns: HashMap<Column, Tally>,
}

/// In which way the digits of a number were found.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Manner {
    /// The date in one place and the rest in another.
    Apart,
    /// With letters that look like digits.
    Lookalike,
    /// Without the leading zero that a spreadsheet took for padding.
    LostZero,
    /// As it is written.
    Whole,
}

impl Manner {
    /// Whether only a strong word makes it believable.
    fn needs_word(self) -> bool {
        match self {
            Self::Apart | Self::Lookalike => true,
            Self::LostZero | Self::Whole => false,
        }
    }
}

impl<'a> Sieve<'a> {
    pub(super) fn new(
        rules: &'a Rules,
        search: &'a Search<'a>,
        fragment: &'a Fragment,
        index: usize,
    ) -> Self {
        Self {
            rules,
            search,
            fragment,
            index,
            reach: rules.reach,
            table: TextTable::new(&fragment.text),
            drafts: Vec::new(),
            kept: [0; 3],
            tallies: Tallies::default(),
            dates: Vec::new(),
            person: rules.validators.iter().copied().find(|known| known.name == PERSON_NUMBER),
            lookalikes: Lookalikes::default(),
            survey: Survey::new(&rules.watches),
            near: None,
        }
    }

    /// Reads the numbers of the fragment, and surveys its digits on the way.
    pub(super) fn digits(mut self) -> (Vec<Draft>, Survey<'a>) {
        let fragment = self.fragment;
        scan(&fragment.text, &self.rules.shapes, &mut self);
        let tallies = self.tallies;
        self.drafts.retain(|draft| tallies.of(draft.column).bears(draft.footing));
        (draft::settle_overlaps(self.drafts, &self.rules.rules), self.survey)
    }

    fn whole(&mut self, validator: &'static Validator, candidate: &Candidate) {
        let verdict = (validator.check)(&candidate.digits, self.search.today);
        let person = self.person.is_some_and(|person| std::ptr::eq(person, validator));
        if person && candidate.is_neat() {
            self.count(candidate, verdict);
        }
        if let Some(verdict) = verdict {
            self.judge(validator, candidate, verdict, Manner::Whole);
        }
    }

    /// Ten digits that a leading zero would make a number.
    fn lost_zero(&mut self, validator: &'static Validator, candidate: &Candidate) {
        if candidate.decimal {
            return;
        }
        let digits = Values::of([0].into_iter().chain(candidate.digits.iter().copied()));
        let verdict = (validator.check)(&digits, self.search.today);
        if self.fragment.surface == Surface::Cell {
            self.count(candidate, verdict);
        }
        if let Some(verdict) = verdict {
            let candidate = Candidate { digits, ..candidate.clone() };
            self.judge(validator, &candidate, verdict, Manner::LostZero);
        }
    }

    /// Remembers a date: `130878`, `13.08.1978`, `1978-08-13`; no time, and not
    /// the end of a code, as in `ks_c_5601-1987`.
    fn date(&mut self, candidate: &Candidate) {
        let before = candidate.place.start.checked_sub(1);
        let bytes = self.fragment.text.as_bytes();
        let code = before.and_then(|at| bytes.get(at)) == Some(&b'_');
        let written = bytes.get(candidate.place.clone()).unwrap_or_default();
        let is_time = written.contains(&b':');
        if !candidate.decimal && !code && !is_time {
            if self.dates.len() >= DATES {
                self.dates.retain(|date| date.place.end + APART >= candidate.place.start);
            }
            self.dates.push(candidate.clone());
        }
    }

    /// Five digits after a date.
    fn apart(&mut self, validator: &'static Validator, rest: &Candidate) {
        let before = |date: &&Candidate| {
            date.place.end < rest.place.start && date.place.end + APART >= rest.place.start
        };
        let text = &self.fragment.text;
        let read = |date: &Candidate| {
            let check = |birth: [u8; 6]| {
                let digits = Values::of(birth.into_iter().chain(rest.digits.iter().copied()));
                let verdict = (validator.check)(&digits, self.search.today)?;
                Some((digits, verdict))
            };
            let beside = beside(text, date, rest);
            let marked =
                |birth| MARKS.iter().filter(move |_| beside).filter_map(move |it| mark(birth, *it));
            let mut all =
                births(&date.digits).flat_map(|birth| iter::once(birth).chain(marked(birth)));
            let (digits, verdict) = all.find_map(check)?;
            let place = date.place.start..rest.place.end;
            Some((Candidate { digits, place, layout: Layout::Odd, decimal: false }, verdict))
        };
        // Asked last: nearly all fail before.
        let chance = |place| in_digest(text, place) || in_escape(text, place);
        let apart = |date| read(date).filter(|_| !chance(&date.place));
        let found = self.dates.iter().rev().filter(before).find_map(apart);
        if let Some((candidate, verdict)) = found.filter(|_| !chance(&rest.place)) {
            self.judge(validator, &candidate, verdict, Manner::Apart);
        }
    }

    /// Letters for digits.
    fn lookalike(&mut self, validator: &'static Validator, candidate: &Candidate) {
        if let Some(verdict) = (validator.check)(&candidate.digits, self.search.today) {
            self.judge(validator, candidate, verdict, Manner::Lookalike);
        }
    }

    fn judge(
        &mut self,
        validator: &'static Validator,
        candidate: &Candidate,
        verdict: Verdict,
        manner: Manner,
    ) {
        let rules = self.rules;
        let Some(ceiling) = draft::ceiling(verdict.kind, self.search) else { return };
        // Two checksums of the same digits are weighed by the same words.
        let mut near = self.near.take().filter(|near| near.place == candidate.place);
        for (index, rule) in rules.rules.iter().enumerate() {
            let Some(base) = rule.base(validator, verdict) else { continue };
            if rule.excludes(&self.fragment.text, &candidate.place) {
                continue;
            }
            let doubt = self.doubt(candidate, manner);
            let alone = base.saturating_add(rule.habit(candidate)).saturating_sub(doubt);
            // Where no word would help, none is read.
            if rule.level(alone.saturating_add(rule.most())).is_none() {
                continue;
            }
            let near = (!rule.contexts.is_empty())
                .then(|| &*near.get_or_insert_with(|| self.near(&candidate.place)));
            let weight = near.map(|near| near.around.weigh(&rule.contexts, &rules.words));
            let weight = weight.unwrap_or_default();
            let score = alone.saturating_add(weight.score);
            // A date and five digits near it are everywhere, product keys too.
            let unsaid = manner.needs_word() && weight.strongest < STRONG;
            if unsaid || rule.level(score).is_none() {
                continue;
            }
            let footing = match manner {
                Manner::LostZero if !near.is_some_and(|near| self.is_headed(rule, near)) => {
                    Footing::Column
                }
                Manner::Apart | Manner::Lookalike | Manner::LostZero | Manner::Whole => {
                    if weight.strongest > 0 { Footing::Firm } else { Footing::Bare }
                }
            };
            let kept = &mut self.kept[footing as usize];
            if *kept >= MOST {
                continue;
            }
            *kept += 1;
            self.drafts.push(Draft {
                rule: index,
                fragment: self.index,
                place: candidate.place.clone(),
                kind: verdict.kind.into(),
                masked: draft::masked(&candidate.digits),
                person: (verdict.class != Class::Thing)
                    .then(|| draft::person(&candidate.digits, self.search.key)),
                score,
                words: weight.words,
                column: self.column(&candidate.place),
                extent: candidate.place.clone(),
                footing,
                exclusive: true,
                ceiling,
            });
        }
        self.near = near;
    }

    /// Reads what is near a place.
    fn near(&mut self, place: &Range<usize>) -> Near<'a> {
        let headings = self.headings(place);
        let (words, text) = (&self.rules.words, &self.fragment.text);
        let around = Surroundings::read(words, text, place, &headings, self.reach);
        Near { place: place.clone(), headings, around }
    }

    /// What stands over a place: headings of its cells, or of its column in a
    /// table of plain text.
    fn headings(&mut self, place: &Range<usize>) -> Vec<&'a str> {
        let marks = table::marks(self.fragment, place);
        let heading = |mark: &crate::model::Mark| {
            let index = usize::try_from(mark.heading?).ok()?;
            self.fragment.headings.get(index).map(String::as_str)
        };
        let mut headings: Vec<_> = marks.iter().filter_map(heading).collect();
        if headings.is_empty() {
            headings.extend(self.table.heading(place.start));
            headings.extend(self.table.heading(place.end.saturating_sub(1)));
        }
        headings
    }

    /// Whether a heading alone speaks strongly for the rule.
    fn is_headed(&self, rule: &Rule, near: &Near<'_>) -> bool {
        let words = &self.rules.words;
        let above = Surroundings::read(words, "", &(0..0), &near.headings, Reach::default());
        above.weigh(&rule.contexts, words).strongest >= STRONG
    }

    /// What the way it is written takes from a score.
    fn doubt(&self, candidate: &Candidate, manner: Manner) -> i32 {
        let odd = candidate.layout == Layout::Odd || candidate.decimal;
        let hash =
            candidate.layout == Layout::Plain && in_hash(&self.fragment.text, &candidate.place);
        let written = match manner {
            Manner::Apart => DOUBT_APART,
            Manner::Lookalike | Manner::LostZero | Manner::Whole if odd => DOUBT_ODD,
            Manner::Lookalike | Manner::LostZero | Manner::Whole => 0,
        };
        written + if hash { DOUBT_HASH } else { 0 }
    }

    fn count(&mut self, candidate: &Candidate, verdict: Option<Verdict>) {
        let tally = self.tallies.entry(self.column(&candidate.place));
        tally.tried = tally.tried.saturating_add(1);
        if verdict.is_some_and(|verdict| verdict.tier == Tier::A) {
            tally.valid = tally.valid.saturating_add(1);
        }
    }

    fn column(&self, place: &Range<usize>) -> Column {
        table::column(self.fragment, place)
    }
}

impl Tallies {
    fn of(&self, column: Column) -> Tally {
        match column {
            Column::Whole => self.whole,
            Column::Headed(_) | Column::Lettered(_) => {
                self.columns.get(&column).copied().unwrap_or_default()
            }
        }
    }

    fn entry(&mut self, column: Column) -> &mut Tally {
        match column {
            Column::Whole => &mut self.whole,
            Column::Headed(_) | Column::Lettered(_) => self.columns.entry(column).or_default(),
        }
    }
}

impl Tally {
    /// Whether a draft on this footing stands among the others. Random numbers
    /// pass in up to 2 of 100, accounts in up to 12, columns of persons all.
    fn bears(self, footing: Footing) -> bool {
        match footing {
            Footing::Bare => {
                self.tried < MANY || u64::from(self.valid) * 5 >= u64::from(self.tried)
            }
            Footing::Column => self.valid >= SOME && self.valid.saturating_mul(2) >= self.tried,
            Footing::Firm => true,
        }
    }
}

impl Candidate {
    /// Written as a number of this sort usually is.
    fn is_neat(&self) -> bool {
        matches!(self.layout, Layout::Grouped | Layout::Plain) && !self.decimal
    }
}

impl Rule {
    /// The score the digits alone give under this rule, if it is about them.
    fn base(&self, validator: &'static Validator, verdict: Verdict) -> Option<i32> {
        let Method::Digits(Digits { validator: own, kinds, base, .. }) = &self.method else {
            return None;
        };
        let about = std::ptr::eq(*own, validator) && kinds.contains(&verdict.kind);
        base.of(verdict.tier).filter(|_| about)
    }

    /// The most that words can add.
    fn most(&self) -> i32 {
        self.contexts.iter().map(|context| context.add.max(0)).sum()
    }

    /// What the usual grouping of such numbers adds.
    fn habit(&self, candidate: &Candidate) -> i32 {
        match &self.method {
            Method::Digits(digits) if candidate.layout == Layout::Grouped => digits.grouped,
            Method::Digits(_) | Method::Patterns(_) | Method::Terms { .. } => 0,
        }
    }

    /// Whether the place is written like something else.
    fn excludes(&self, text: &str, place: &Range<usize>) -> bool {
        !self.exclude.is_empty() && {
            let layout = layout(text, place);
            self.exclude.iter().any(|regex| regex.is_match(&layout))
        }
    }
}

/// The place with digits and separators in ASCII, and nothing unseen.
fn layout(text: &str, place: &Range<usize>) -> Vec<u8> {
    let chars = text.get(place.clone()).unwrap_or("").chars();
    let plain = chars.filter_map(|c| match digits::sign(c) {
        Sign::Digit(value) => Some(b'0' + value),
        Sign::Separator(separator) => Some(separator.plain()),
        Sign::Break => Some(b'?'),
        Sign::Invisible => None,
    });
    plain.collect()
}

/// Whether a number follows a date in the next cell or behind a blank.
fn beside(text: &str, date: &Candidate, rest: &Candidate) -> bool {
    let between = text.as_bytes().get(date.place.end..rest.place.start).unwrap_or_default();
    between.len() <= BESIDE && between.iter().all(|byte| matches!(byte, b' ' | b'\t' | b';' | b','))
}

/// Whether digits begin with the century in which somebody was born.
#[inline]
fn is_century(first: &[u8]) -> bool {
    matches!(first, [1, 8 | 9, ..] | [2, 0, ..])
}

/// Day, month and year of birth, each of two digits, that a date may mean: the
/// day comes first or, in eight digits, last.
fn births(date: &[u8]) -> impl Iterator<Item = [u8; 6]> {
    let births = match *date {
        [a, b, c, d, e, f] => [Some([a, b, c, d, e, f]), None],
        [a, b, c, d, e, f, g, h] => [Some([a, b, c, d, g, h]), Some([g, h, e, f, c, d])],
        _ => [None, None],
    };
    births.into_iter().flatten()
}

/// A date of birth with something added to day and month, as identity numbers
/// have it; none when it has something added already.
fn mark([d1, d2, m1, m2, y1, y2]: [u8; 6], (day, month): (u8, u8)) -> Option<[u8; 6]> {
    let (born, born_in) = (d1 * 10 + d2, m1 * 10 + m2);
    let is_plain = born <= 31 && born_in <= 12;
    let (day, month) = (born + day, born_in + month);
    is_plain.then_some([day / 10, day % 10, month / 10, month % 10, y1, y2])
}

/// Whether the digits stand in a longer word that has other digits too: hashes,
/// signatures and product keys.
fn in_hash(text: &str, place: &Range<usize>) -> bool {
    let joined = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'=');
    let bytes = text.as_bytes();
    let before = bytes.get(..place.start).unwrap_or_default().iter().rev();
    let after = bytes.get(place.end..).unwrap_or_default().iter();
    let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
    let glued = letter(before.clone().next()) || letter(after.clone().next());
    let mut around =
        before.take(TOKEN).take_while(joined).chain(after.take(TOKEN).take_while(joined));
    glued && around.any(u8::is_ascii_digit)
}

/// Whether the digits stand in a digest of hexadecimal digits, as in logs:
/// there any six and any five of them are near each other.
fn in_digest(text: &str, place: &Range<usize>) -> bool {
    let bytes = text.as_bytes();
    let before = bytes.get(..place.start).unwrap_or_default().iter().rev();
    let after = bytes.get(place.end..).unwrap_or_default().iter();
    let hex = |byte: &&u8| byte.is_ascii_hexdigit();
    let around =
        before.take(DIGEST).take_while(hex).count() + after.take(DIGEST).take_while(hex).count();
    around + place.len() >= DIGEST
}

/// Whether the first digit is the second of an escape, as the zero in `=A0`,
/// where quoted-printable is read raw.
fn in_escape(text: &str, place: &Range<usize>) -> bool {
    let before = text.as_bytes().get(..place.start).unwrap_or_default();
    matches!(before, [.., b'=', b'A'..=b'F'])
}

/// The validator whose numbers people write in parts.
const PERSON_NUMBER: &str = "no.person_number";
/// The shapes of the parts of a person number. Dates first: what follows them
/// is looked for among the dates before it.
pub(super) const PARTS: [Shape; 5] = [
    Shape { digits: 6, groups: &[2, 4], role: Role::Date },
    Shape { digits: 8, groups: &[2, 4], role: Role::Date },
    Shape { digits: 8, groups: &[4, 6], role: Role::DateByYear },
    Shape { digits: 5, groups: &[], role: Role::Rest },
    Shape { digits: 10, groups: &[], role: Role::LostZero },
];
/// Drafts of one fragment and footing beyond which no more are kept: a level
/// cannot rise any higher, and memory is not for strangers to spend.
const MOST: usize = 10_000;
/// Dates kept before those too far off are forgotten.
const DATES: usize = 8;
/// The most bytes between a date and the rest of its number.
const APART: usize = 60;
/// The most bytes between two that stand beside each other.
const BESIDE: usize = 3;
/// What identity numbers add to day and month of birth: D-numbers, the synthetic
/// ones of registers for tests, and both. A date of birth beside one is written
/// without it.
const MARKS: [(u8, u8); 7] = [(40, 0), (0, 40), (0, 65), (0, 80), (40, 40), (40, 65), (40, 80)];
/// The addition from which on a word is strong.
const STRONG: i32 = 30;
/// Candidates from which on a text is judged as a whole.
const MANY: u32 = 20;
/// Good numbers that make a column one of persons.
const SOME: u32 = 3;
/// The hexadecimal digits of the shortest digests (MD5).
const DIGEST: usize = 32;
/// Characters of a word looked at for other digits.
const TOKEN: usize = 64;
const DOUBT_APART: i32 = 45;
const DOUBT_HASH: i32 = 60;
const DOUBT_ODD: i32 = 30;
