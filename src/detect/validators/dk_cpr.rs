//! The Danish CPR number: DDMMYY and four digits. Authority: CPR-kontoret,
//! "Personnummeret i CPR". The sum modulo 11 has not been required since 2007,
//! so it only grades.

use jiff::civil::Date;

use super::{Class, Scheme, Tier, Verdict, are_digits, is_day, weighted};

pub(super) const KIND: &str = "dk";

pub(super) fn check(digits: &[u8], _today: Date) -> Option<Verdict> {
    let digits: &[u8; 10] = digits.try_into().ok().filter(|_| are_digits(digits))?;
    let pair = |at: usize| digits[at] * 10 + digits[at + 1];
    if !is_day(pair(0), pair(2), pair(4)) {
        return None;
    }
    let tier = if weighted(digits, &WEIGHTS).is_multiple_of(11) { Tier::A } else { Tier::B };
    Some(Verdict { kind: KIND, class: Class::Real, scheme: Scheme::Rule1964, tier })
}

const WEIGHTS: [u32; 10] = [4, 3, 2, 7, 6, 5, 4, 3, 2, 1];

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{super::digits, *};

    #[test]
    fn needs_a_date_and_prefers_the_checksum() {
        let tier = |text| check(&digits(text), date(2026, 11, 23)).map(|verdict| verdict.tier);
        assert_eq!(tier("230252-1096"), Some(Tier::A));
        assert_eq!(tier("301277-1829"), Some(Tier::B));
        assert_eq!(tier("311177-1829"), None);
        assert_eq!(tier("30127718"), None);
    }
}
