//! The Finnish personal identity code: DDMMYY, a sign for the century, three
//! digits and a check character. Authority: Digi- ja väestötietovirasto,
//! "Henkilötunnus", with the signs added in 2023.

use jiff::civil::Date;

use super::{Class, Scheme, Tier, Verdict, are_digits, is_day};

pub(super) const KIND: &str = "fi";

/// Takes values with letters as 10 to 35; the signs + and - are left out.
pub(super) fn check(values: &[u8], _today: Date) -> Option<Verdict> {
    let (date, rest) = values.split_at_checked(6)?;
    let rest = match rest {
        [sign, rest @ ..] if rest.len() == 4 && is_sign(*sign) => rest,
        rest => rest,
    };
    let (&[n1, n2, n3, control], &[d1, d2, m1, m2, y1, y2]) = (rest, date) else { return None };
    let serial = [d1, d2, m1, m2, y1, y2, n1, n2, n3];
    if !are_digits(&serial) || !is_day(d1 * 10 + d2, m1 * 10 + m2, y1 * 10 + y2) {
        return None;
    }
    let number = serial.iter().fold(0_u32, |sum, digit| sum * 10 + u32::from(*digit));
    let index = usize::try_from(number % 31).ok()?;
    let expected = char::from(*CONTROL.get(index)?).to_digit(36)?;
    let fits = u32::from(control) == expected;
    let verdict =
        Verdict { kind: KIND, class: Class::Real, scheme: Scheme::Rule1964, tier: Tier::A };
    fits.then_some(verdict)
}

/// A to F for the 2000s, U to Y for the 1900s.
fn is_sign(value: u8) -> bool {
    matches!(value, 10..=15 | 30..=34)
}

const CONTROL: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{super::Alphabet, *};

    #[test]
    fn reads_every_sign_and_checks_the_last_character() {
        let fits = |text| check(&Alphabet::Letters.values(text), date(2026, 11, 23)).is_some();
        assert!(fits("021006A612M"));
        assert!(fits("181297U5203"));
        assert!(fits("161291-7345"));
        assert!(!fits("281049-1005"));
        assert!(!fits("021006G612M"));
        assert!(!fits("0210"));
    }
}
