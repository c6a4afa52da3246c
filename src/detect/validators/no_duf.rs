//! The DUF number of the Norwegian immigration authorities: year, serial
//! number of six digits, and a sum modulo 11 written with two digits.

use jiff::civil::Date;

use super::{Class, Scheme, Tier, Verdict, are_digits, weighted};

pub(super) const KIND: &str = "duf";

pub(super) fn check(digits: &[u8], today: Date) -> Option<Verdict> {
    let &[y1, y2, y3, y4, .., c1, c2] = digits else { return None };
    let control = u32::from(c1) * 10 + u32::from(c2);
    if digits.len() != 12 || !are_digits(digits) || weighted(digits, &WEIGHTS) % 11 != control {
        return None;
    }
    let year = [y1, y2, y3, y4].iter().fold(0, |year: i16, digit| year * 10 + i16::from(*digit));
    // The register starts with the oldest cases of the 1980s.
    let tier = if (1980..=today.year() + 1).contains(&year) { Tier::A } else { Tier::B };
    Some(Verdict { kind: KIND, class: Class::Real, scheme: Scheme::Rule1964, tier })
}

/// Over year and serial number. Two public implementations agree on them.
const WEIGHTS: [u32; 10] = [4, 6, 3, 2, 4, 6, 3, 2, 7, 5];

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{super::digits, *};

    #[test]
    fn needs_control_digits_and_a_likely_year() {
        let tier = |text| check(&digits(text), date(2026, 11, 23)).map(|verdict| verdict.tier);
        assert_eq!(tier("199948390007"), Some(Tier::A));
        assert_eq!(tier("199948390008"), None);
        assert_eq!(tier("240644010805"), Some(Tier::B));
        assert_eq!(tier("19994839000"), None);
    }
}
