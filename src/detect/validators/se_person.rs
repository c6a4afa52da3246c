//! The Swedish personnummer and samordningsnummer (day + 60): YYMMDD and four
//! digits, with or without the century, proven by the sum modulo 10.
//! Authority: Skatteverket, SKV 704 and SKV 707.

use jiff::civil::Date;

use super::{Class, Scheme, Tier, Verdict, are_digits, is_day, luhn};

pub(super) const KIND: &str = "se";

pub(super) fn check(digits: &[u8], today: Date) -> Option<Verdict> {
    let short = match digits {
        [1, 8 | 9, short @ ..] | [2, 0, short @ ..] if short.len() == 10 => short,
        short => short,
    };
    let &[y1, y2, m1, m2, d1, d2, _, _, _, _] = short else { return None };
    if !are_digits(short) {
        return None;
    }
    let day = d1 * 10 + d2;
    let day = if day > 60 { day - 60 } else { day };
    if !is_day(day, m1 * 10 + m2, y1 * 10 + y2) || luhn::check(short, today).is_none() {
        return None;
    }
    Some(Verdict { kind: KIND, class: Class::Real, scheme: Scheme::Rule1964, tier: Tier::A })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{super::digits, *};

    #[test]
    fn knows_both_numbers_and_both_lengths() {
        let fits = |text| check(&digits(text), date(2026, 11, 23)).is_some();
        assert!(fits("060720-7065"));
        assert!(fits("380783-1916"));
        assert!(fits("19430930-0913"));
        assert!(!fits("711227-2537"));
        assert!(!fits("061320-7065"));
        assert!(!fits("060720"));
    }
}
