//! The machine-readable zone of passports and identity cards (ICAO Doc 9303,
//! parts 4 and 5): the second line of a passport with 44 characters, or the
//! first two lines of a card with 60, each field proven by weights 7 3 1.

use std::ops::Range;

use jiff::civil::Date;

use super::{Class, Scheme, Tier, Verdict};

pub(super) const KIND: &str = "mrz";

/// Takes values with letters as 10 to 35 and the filler as 0.
pub(super) fn check(values: &[u8], _today: Date) -> Option<Verdict> {
    let fields: &[Range<usize>] = match values.len() {
        44 => &[0..9, 13..19, 21..27],
        60 => &[5..14, 30..36, 38..44],
        _ => return None,
    };
    let within = values.iter().all(|value| *value <= 35);
    let proven = |field: &Range<usize>| {
        let sum = values.get(field.clone()).map(sum);
        sum.zip(values.get(field.end)).is_some_and(|(sum, control)| sum == u32::from(*control))
    };
    let verdict =
        Verdict { kind: KIND, class: Class::Real, scheme: Scheme::Rule1964, tier: Tier::A };
    (within && fields.iter().all(proven)).then_some(verdict)
}

fn sum(values: &[u8]) -> u32 {
    let weighted = values.iter().zip([7, 3, 1].into_iter().cycle());
    weighted.map(|(value, weight)| u32::from(*value) * weight).sum::<u32>() % 10
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{super::Alphabet, *};

    #[test]
    fn proves_number_birth_and_expiry() {
        let fits = |text| check(&Alphabet::Letters.values(text), date(2026, 11, 23)).is_some();
        // The specimen of ICAO Doc 9303.
        assert!(fits("L898902C36UTO7408122F1204159ZE184226B<<<<<10"));
        assert!(!fits("L898902C46UTO7408122F1204159ZE184226B<<<<<10"));
        assert!(fits("I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6"));
        assert!(!fits("L898902C3"));
    }
}
