//! The Norwegian account number: eleven digits, the last a control digit
//! modulo 11. Authority: Bits, "Kontonummer i Norge". Every number of a person
//! passes too, so that this check never speaks against one.

use jiff::civil::Date;

use super::{Class, Scheme, Tier, Verdict, are_digits, weighted};

pub(super) const KIND: &str = "konto";

pub(super) fn check(digits: &[u8], _today: Date) -> Option<Verdict> {
    let fits = digits.len() == WEIGHTS.len()
        && are_digits(digits)
        && weighted(digits, &WEIGHTS).is_multiple_of(11);
    fits.then_some(Verdict {
        kind: KIND,
        class: Class::Thing,
        scheme: Scheme::Rule1964,
        tier: Tier::A,
    })
}

const WEIGHTS: [u32; 11] = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1];

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{super::digits, *};

    #[test]
    fn tells_an_account_from_a_typing_error() {
        let fits = |text| check(&digits(text), date(2026, 11, 23)).is_some();
        assert!(fits("6385.01.91796"));
        assert!(!fits("6385.01.91797"));
        assert!(!fits("6385"));
    }
}
