//! The checksum modulo 10 by itself (ISO/IEC 7812-1, annex B), for numbers of
//! a site's own; whole payment cards are `card`.

use jiff::civil::Date;

use super::{Class, Scheme, Tier, Verdict, are_digits};

pub(super) const KIND: &str = "card";

pub(super) fn check(digits: &[u8], _today: Date) -> Option<Verdict> {
    let sum: u32 = digits.iter().rev().enumerate().map(|(i, d)| doubled(i, *d)).sum();
    let fits = are_digits(digits)
        && digits.len() >= 2
        && sum.is_multiple_of(10)
        && digits.iter().any(|digit| *digit != 0);
    fits.then_some(Verdict {
        kind: KIND,
        class: Class::Thing,
        scheme: Scheme::Rule1964,
        tier: Tier::A,
    })
}

/// Every second digit from the right counts double, as its own digit sum.
fn doubled(from_right: usize, digit: u8) -> u32 {
    let digit = u32::from(digit);
    match (from_right % 2, digit) {
        (0, digit) => digit,
        (_, digit @ 0..=4) => digit * 2,
        (_, digit) => (digit * 2).saturating_sub(9),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{super::digits, *};

    #[test]
    fn tells_a_card_from_a_typing_error() {
        let today = date(2026, 11, 23);
        assert!(check(&digits("4181756048063580"), today).is_some());
        assert!(check(&digits("4181756048063581"), today).is_none());
        assert!(check(&digits("0000000000000000"), today).is_none());
        assert!(check(&[], today).is_none());
    }
}
