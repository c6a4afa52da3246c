//! Checksums, one file each, and the one table that names them.
//!
//! A validator sees digits and a date and says what number that is, or that
//! it is none. It knows nothing of text, words or scores.

mod luhn;
mod no_duf;
mod no_person;

use jiff::civil::Date;

/// What a string of digits turned out to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// The sort of number, such as `fnr+80`.
    pub kind: &'static str,
    /// To what sort of person it was given.
    pub class: Class,
    /// Under which rule its control digits were made.
    pub scheme: Scheme,
    /// How sure the digits alone make it.
    pub tier: Tier,
}

/// To what sort of person a number was given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Class {
    /// Somebody known by another number too: H- and FH-numbers.
    Helper,
    /// A person, or a thing of its own such as a card.
    Real,
    /// Nobody: a number of a test population.
    Synthetic,
}

/// Under which rule control digits were made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scheme {
    /// The rule of 1964, and of every other number without a date here.
    Rule1964,
    /// The rule for numbers given out from 2032: first remainder 0 to 3.
    Rule2032,
}

/// How sure the digits alone make it, falling.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Tier {
    /// Everything about it fits.
    A,
    /// The checksum fits, the rest is odd: no assigned series, or the future.
    B,
    /// It fits only the rule that comes into use in 2032.
    C,
}

/// A checksum with its name in rule packs.
pub struct Validator {
    /// The name in rule packs.
    pub name: &'static str,
    /// How many digits it takes, when that is one number.
    pub digits: Option<usize>,
    /// After how many digits people put a separator.
    pub groups: &'static [usize],
    /// The kinds it can tell.
    pub kinds: &'static [&'static str],
    /// Judges the values 0 to 9, knowing what day it is.
    pub check: fn(&[u8], Date) -> Option<Verdict>,
}

impl Validator {
    /// The validator of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLE.iter().find(|validator| validator.name == name)
    }
}

/// Every validator there is.
pub static TABLE: &[Validator] = &[
    Validator {
        name: "luhn",
        digits: None,
        groups: &[4, 8, 12],
        kinds: &[luhn::KIND],
        check: luhn::check,
    },
    Validator {
        name: "no.duf",
        digits: Some(12),
        groups: &[4, 10],
        kinds: &[no_duf::KIND],
        check: no_duf::check,
    },
    Validator {
        name: "no.person_number",
        digits: Some(11),
        groups: &[2, 3, 4, 6, 9],
        kinds: no_person::KINDS,
        check: no_person::check,
    },
];

/// Sum of the digits, each times its weight.
fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

/// Whether all values are those of digits.
fn are_digits(values: &[u8]) -> bool {
    values.iter().all(|value| *value <= 9)
}

#[cfg(test)]
pub(super) fn digits(text: &str) -> Vec<u8> {
    text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for validator in TABLE {
            let found = Validator::named(validator.name).unwrap();
            assert!(std::ptr::eq(found, validator), "{}", validator.name);
        }
        assert!(Validator::named("mod97").is_none());
    }

    #[test]
    fn any_values_are_survived() {
        let today = jiff::civil::date(2026, 11, 23);
        for validator in TABLE {
            for length in 0..40 {
                assert_eq!(
                    (validator.check)(&vec![255; length], today),
                    None,
                    "{}",
                    validator.name
                );
            }
        }
    }
}
