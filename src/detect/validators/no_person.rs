//! Norwegian person numbers of eleven digits: fødselsnummer, D-number,
//! H-number, FH-number, and the synthetic series of Skatteetaten (month + 80),
//! Norsk helsenett (month + 65) and NAV (month + 40).
//!
//! Authorities: folkeregisterforskriften § 2-2-1 (control digits), Skatteetaten
//! "Nytt fødselsnummer fra 2032" and its note on the D-number series of
//! 2021-11-16, Direktoratet for e-helse "Identifikatorer for personer".
//! The individual-number series only grade a number, they never refuse one.

use jiff::civil::Date;

use super::{Class, Scheme, Tier, Verdict, are_digits, weighted};

/// The kinds that `check` tells.
pub(super) const KINDS: &[&str] =
    &["fnr", "dnr", "hnr", "fh", "fnr+80", "dnr+80", "fnr+65", "dnr+65", "dnr+40"];

pub(super) fn check(digits: &[u8], today: Date) -> Option<Verdict> {
    let digits: &[u8; 11] = digits.try_into().ok().filter(|_| are_digits(digits))?;
    let scheme = scheme(digits)?;
    if digits[0] >= 8 {
        return common_helper(scheme);
    }
    let written = Written::read(digits)?;
    let (kind, class) = written.kind();
    let tier = match scheme {
        Scheme::Rule2032 => Tier::C,
        Scheme::Rule1964 if written.born(today) => Tier::A,
        Scheme::Rule1964 => Tier::B,
    };
    Some(Verdict { kind, class, scheme, tier })
}

/// Whether a number may begin with these digits.
pub(in crate::detect) fn may_begin(digits: &[u8]) -> bool {
    let [d1, d2, m1, m2, ..] = *digits else { return false };
    let (day, month) = (d1 * 10 + d2, m1 * 10 + m2);
    d1 >= 8 || (matches!(day, 1..=31 | 41..=71) && offset(month).is_some())
}

/// Which rule the control digits follow, if any.
fn scheme(digits: &[u8; 11]) -> Option<Scheme> {
    if !weighted(digits, &SECOND).is_multiple_of(11) {
        return None;
    }
    match weighted(digits, &FIRST) % 11 {
        0 => Some(Scheme::Rule1964),
        1..=3 => Some(Scheme::Rule2032),
        _ => None,
    }
}

/// FH-numbers start with 8 or 9 and hold no date. One in 605 strings of digits
/// passes, and the rule of 2032 would make it worse, so it is not taken here.
fn common_helper(scheme: Scheme) -> Option<Verdict> {
    let verdict = Verdict { kind: "fh", class: Class::Helper, scheme, tier: Tier::B };
    (scheme == Scheme::Rule1964).then_some(verdict)
}

/// The parts of a number with a date.
struct Written {
    day: u8,
    month: u8,
    year: u8,
    individual: u16,
    offset: u8,
    d_number: bool,
}

impl Written {
    /// Takes the number apart; none when it holds no date.
    fn read(digits: &[u8; 11]) -> Option<Self> {
        let pair = |at: usize| digits[at] * 10 + digits[at + 1];
        let d_number = pair(0) > 40;
        let day = if d_number { pair(0) - 40 } else { pair(0) };
        let offset = offset(pair(2))?;
        let month = pair(2) - offset;
        let year = pair(4);
        let individual = digits[6..9].iter().fold(0, |sum, digit| sum * 10 + u16::from(*digit));
        let exists = (1..=days(month, year)).contains(&day);
        exists.then_some(Self { day, month, year, individual, offset, d_number })
    }

    /// The kind's name and class. An H-number looks exactly like a synthetic
    /// number of NAV; the one that is a person wins.
    fn kind(&self) -> (&'static str, Class) {
        match (self.d_number, self.offset) {
            (false, 40) => ("hnr", Class::Helper),
            (true, 40) => ("dnr+40", Class::Synthetic),
            (false, 65) => ("fnr+65", Class::Synthetic),
            (true, 65) => ("dnr+65", Class::Synthetic),
            (false, 80) => ("fnr+80", Class::Synthetic),
            (true, 80) => ("dnr+80", Class::Synthetic),
            (false, _) => ("fnr", Class::Real),
            (true, _) => ("dnr", Class::Real),
        }
    }

    /// Whether an assigned series gives a birth date that is not in the future.
    fn born(&self, today: Date) -> bool {
        let yy = i16::from(self.year);
        let classic = classic_century(self.individual, self.year);
        let extended = if self.d_number { d_century(self.individual, self.year) } else { None };
        [classic, extended].into_iter().flatten().any(|century| {
            let month = i8::try_from(self.month).unwrap_or(0);
            let day = i8::try_from(self.day).unwrap_or(0);
            // 29 February 1900 has no date, and so stays in tier B.
            Date::new(century + yy, month, day).is_ok_and(|birth| birth <= today)
        })
    }
}

/// What a series adds to its months.
fn offset(month: u8) -> Option<u8> {
    match month {
        1..=12 => Some(0),
        41..=52 => Some(40),
        66..=77 => Some(65),
        81..=92 => Some(80),
        _ => None,
    }
}

/// Days in the month; 29 February whenever four divides the year, as the
/// official validator has it.
fn days(month: u8, year: u8) -> u8 {
    match month {
        2 if year.is_multiple_of(4) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The series of fødselsnummer, and of D-numbers until 2021-11-16.
fn classic_century(individual: u16, year: u8) -> Option<i16> {
    match (individual, year) {
        (0..=499, _) | (900..=999, 40..=99) => Some(1900),
        (500..=749, 54..=99) => Some(1800),
        (500..=999, 0..=39) => Some(2000),
        _ => None,
    }
}

/// The series of D-numbers since 2021-11-16.
fn d_century(individual: u16, year: u8) -> Option<i16> {
    match (individual, year) {
        (0..=199, 0..=39) | (0..=499 | 600..=999, 40..=99) => Some(1900),
        (200..=999, 0..=39) => Some(2000),
        (500..=599, 58..=99) => Some(1800),
        _ => None,
    }
}

const FIRST: [u32; 10] = [3, 7, 6, 1, 8, 9, 4, 5, 2, 1];
const SECOND: [u32; 11] = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1];

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{super::digits, *};

    fn told(text: &str) -> Option<(&'static str, Tier)> {
        check(&digits(text), date(2026, 11, 23)).map(|verdict| (verdict.kind, verdict.tier))
    }

    #[test]
    fn tells_the_kinds_apart() {
        assert_eq!(told("13827830652"), Some(("fnr+80", Tier::A)));
        assert_eq!(told("71819472836"), Some(("dnr+80", Tier::A)));
        assert_eq!(told("28828409176"), Some(("fnr+80", Tier::C)));
        assert_eq!(told("93699356350"), Some(("fh", Tier::B)));
    }

    #[test]
    fn refuses_what_is_no_number() {
        for text in ["13827830653", "00000000000", "12345678901", "1382783065", "138278306520", ""]
        {
            assert_eq!(told(text), None, "{text}");
        }
    }

    #[test]
    fn every_number_may_begin_as_it_does() {
        for text in ["13827830652", "71819472836", "28828409176", "93699356350"] {
            assert!(may_begin(&digits(text)), "{text}");
        }
        for text in ["328278", "138078", "001278", "721278", "1", ""] {
            assert!(!may_begin(&digits(text)), "{text}");
        }
    }

    #[test]
    fn a_number_from_the_future_is_less_sure() {
        let number = digits("13827830652");
        let tier = |today| check(&number, today).map(|verdict| verdict.tier);
        assert_eq!(tier(date(1978, 2, 12)), Some(Tier::B));
        assert_eq!(tier(date(1978, 2, 13)), Some(Tier::A));
    }

    #[test]
    fn every_series_has_its_century() {
        assert_eq!(classic_century(499, 45), Some(1900));
        assert_eq!(classic_century(500, 45), None);
        assert_eq!(classic_century(749, 54), Some(1800));
        assert_eq!(classic_century(500, 39), Some(2000));
        assert_eq!(d_century(600, 45), Some(1900));
        assert_eq!(d_century(200, 12), Some(2000));
        assert_eq!(d_century(550, 50), None);
    }
}
