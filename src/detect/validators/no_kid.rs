//! The KID of Norwegian payments: 4 to 25 digits of which the last is a
//! control digit modulo 10 or 11, written "-" when that would be 10.
//! Authority: Mastercard Payment Services, "KID-systemet i AvtaleGiro og
//! OCR giro".

use jiff::civil::Date;

use super::{Class, Scheme, Tier, Verdict, luhn};

pub(super) const KINDS: &[&str] = &["kid10", "kid11"];

/// Takes a hyphen at the end as the value 10.
pub(super) fn check(values: &[u8], today: Date) -> Option<Verdict> {
    let (control, digits) = values.split_last()?;
    let likely = (4..=25).contains(&values.len())
        && digits.iter().all(|digit| *digit <= 9)
        && digits.iter().any(|digit| *digit != 0);
    let kind = if luhn::check(values, today).is_some() {
        "kid10"
    } else if modulo_11(digits) == u32::from(*control) {
        "kid11"
    } else {
        return None;
    };
    likely.then_some(Verdict { kind, class: Class::Thing, scheme: Scheme::Rule1964, tier: Tier::A })
}

/// The control value under weights 2 to 7 from the right.
fn modulo_11(digits: &[u8]) -> u32 {
    let weighted = digits.iter().rev().zip((2..=7_u32).cycle());
    let sum: u32 = weighted.map(|(digit, weight)| u32::from(*digit) * weight).sum();
    (11 - sum % 11) % 11
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{super::Alphabet, *};

    #[test]
    fn knows_both_sums() {
        let kind = |text| {
            let values = Alphabet::DigitsAndTen.values(text);
            check(&values, date(2026, 11, 23)).map(|verdict| verdict.kind)
        };
        assert_eq!(kind("226757296729"), Some("kid10"));
        assert_eq!(kind("4878345"), Some("kid11"));
        assert_eq!(kind("3547979229-"), Some("kid11"));
        assert_eq!(kind("226757296720"), None);
        assert_eq!(kind("0000"), None);
    }
}
