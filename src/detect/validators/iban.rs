//! The international account number (ISO 13616): country, two check digits
//! and the account, proven modulo 97 (ISO/IEC 7064), with the length that the
//! IBAN registry of SWIFT gives for each country.

use jiff::civil::Date;

use super::{Class, Scheme, Tier, Verdict, are_digits, no_account};

pub(super) const KIND: &str = "iban";

/// Takes values with letters as 10 to 35.
pub(super) fn check(values: &[u8], today: Date) -> Option<Verdict> {
    let (head, account) = values.split_at_checked(4)?;
    let &[c1, c2, k1, k2] = head else { return None };
    let letter = |value: u8| (10..=35).contains(&value).then(|| char::from(b'A' + value - 10));
    let country = [letter(c1)?, letter(c2)?];
    let known =
        LENGTHS.iter().any(|(code, length)| code.chars().eq(country) && *length == values.len());
    if !known || !are_digits(&[k1, k2]) || values.iter().any(|value| *value > 35) {
        return None;
    }
    let turned = account.iter().chain(head);
    let rest = turned.fold(0_u32, |sum, value| {
        (sum * if *value > 9 { 100 } else { 10 } + u32::from(*value)) % 97
    });
    let odd = country == ['N', 'O'] && no_account::check(account, today).is_none();
    let tier = if odd { Tier::B } else { Tier::A };
    let verdict = Verdict { kind: KIND, class: Class::Thing, scheme: Scheme::Rule1964, tier };
    (rest == 1).then_some(verdict)
}

const LENGTHS: [(&str, usize); 34] = [
    ("AT", 20),
    ("BE", 16),
    ("BG", 22),
    ("CH", 21),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("EE", 20),
    ("ES", 24),
    ("FI", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GL", 18),
    ("GR", 27),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IS", 26),
    ("IT", 27),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MT", 31),
    ("NL", 18),
    ("NO", 15),
    ("PL", 28),
    ("PT", 25),
    ("RO", 24),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
];

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{super::Alphabet, *};

    #[test]
    fn proves_the_number_and_the_norwegian_account_in_it() {
        let tier = |text| {
            let values = Alphabet::Letters.values(text);
            check(&values, date(2026, 11, 23)).map(|verdict| verdict.tier)
        };
        assert_eq!(tier("NO67 3678 0727 718"), Some(Tier::A));
        assert_eq!(tier("NO67 3678 0727 719"), None);
        assert_eq!(tier("GB82 WEST 1234 5698 7654 32"), Some(Tier::A));
        assert_eq!(tier("XX82 WEST 1234 5698 7654 32"), None);
        assert_eq!(tier("NO67"), None);
    }
}
