//! Payment cards: the checksum of ISO/IEC 7812-1 annex B, and the first
//! digits that the card schemes publish for themselves (Visa 4; Mastercard
//! 51-55 and 2221-2720; American Express 34 and 37; Maestro 50, 56-58, 6304,
//! 6759 and 676x).

use jiff::civil::Date;

use super::{Class, Scheme, Tier, Verdict, luhn};

pub(super) const KIND: &str = "card";

pub(super) fn check(digits: &[u8], today: Date) -> Option<Verdict> {
    let tier = tier(digits)?;
    luhn::check(digits, today)?;
    Some(Verdict { kind: KIND, class: Class::Thing, scheme: Scheme::Rule1964, tier })
}

/// How usual cards of this length and beginning are; none when nobody gives
/// them out. Short and long ones are odd: every tenth EAN would be one.
fn tier(digits: &[u8]) -> Option<Tier> {
    let first: u32 = digits.get(..4)?.iter().fold(0, |sum, digit| sum * 10 + u32::from(*digit));
    match (digits.len(), first) {
        (16, 4000..=4999 | 5100..=5599 | 2221..=2720) | (15, 3400..=3499 | 3700..=3799) => {
            Some(Tier::A)
        }
        (16, 5000..=5099 | 5600..=5899 | 6304 | 6759 | 6760..=6769) => Some(Tier::A),
        (13 | 19, 4000..=4999) => Some(Tier::B),
        (19, 5000..=5099 | 5600..=5899 | 6304 | 6759 | 6760..=6769) => Some(Tier::B),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{super::digits, *};

    #[test]
    fn needs_a_scheme_and_the_checksum() {
        let tier = |text| check(&digits(text), date(2026, 11, 23)).map(|verdict| verdict.tier);
        assert_eq!(tier("4181756048063580"), Some(Tier::A));
        assert_eq!(tier("4181756048063581"), None);
        assert_eq!(tier("371519101883007"), Some(Tier::A));
        assert_eq!(tier("6759767119020471"), Some(Tier::A));
        assert_eq!(tier("1505725128013984"), None, "a reference number");
        assert_eq!(tier("418"), None);
    }
}
