//! The Norwegian organisation number: nine digits, the last a control digit
//! modulo 11. Authority: Brønnøysundregistrene, "Organisasjonsnummeret".

use jiff::civil::Date;

use super::{Class, Scheme, Tier, Verdict, are_digits, weighted};

pub(super) const KIND: &str = "orgnr";

pub(super) fn check(digits: &[u8], _today: Date) -> Option<Verdict> {
    let fits = digits.len() == WEIGHTS.len()
        && are_digits(digits)
        && weighted(digits, &WEIGHTS).is_multiple_of(11);
    // Test units of Tenor start with 2 or 3.
    let tier = match digits.first()? {
        8 | 9 => Tier::A,
        2 | 3 => Tier::B,
        _ => return None,
    };
    fits.then_some(Verdict { kind: KIND, class: Class::Thing, scheme: Scheme::Rule1964, tier })
}

const WEIGHTS: [u32; 9] = [3, 2, 7, 6, 5, 4, 3, 2, 1];

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{super::digits, *};

    #[test]
    fn needs_the_control_digit_and_a_known_beginning() {
        let fits = |text| check(&digits(text), date(2026, 11, 23)).is_some();
        assert!(fits("995 585 723"));
        assert!(!fits("995 585 724"));
        assert!(!fits("000 000 000"));
        assert!(!fits(""));
    }
}
