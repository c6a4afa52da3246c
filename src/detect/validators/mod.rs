//! Checksums, one file each, and the one table that names them.
//!
//! A validator sees digits and a date and says what number that is, or that
//! it is none. It knows nothing of text, words or scores.

mod card;
mod dk_cpr;
mod fi_hetu;
mod iban;
mod luhn;
mod mrz;
mod no_account;
mod no_duf;
mod no_kid;
mod no_org;
mod no_person;
mod se_person;

use jiff::civil::Date;

pub(super) use self::no_person::may_begin as may_begin_person;
use super::digits::{self, Sign};

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
    /// A person.
    Real,
    /// Nobody: a number of a test population.
    Synthetic,
    /// No person at all: an account, a card, a company.
    Thing,
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
    /// How many digits the digit scanner looks for; none for those that only
    /// expressions find.
    pub lengths: &'static [usize],
    /// After how many digits people put a separator.
    pub groups: &'static [usize],
    /// What counts as a digit.
    pub alphabet: Alphabet,
    /// The kinds it can tell.
    pub kinds: &'static [&'static str],
    /// Judges the values, knowing what day it is.
    pub check: fn(&[u8], Date) -> Option<Verdict>,
}

impl Validator {
    /// The validator of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLE.iter().find(|validator| validator.name == name)
    }
}

/// What counts as a digit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Alphabet {
    /// Digits.
    Digits,
    /// Digits, and a hyphen at the end for ten.
    DigitsAndTen,
    /// Digits, letters as 10 to 35, and the filler `<` as 0.
    Letters,
}

impl Alphabet {
    /// The values of what is written; everything else in it is a separator.
    pub fn values(self, written: &str) -> Vec<u8> {
        let value = |c: char| match digits::sign(c) {
            Sign::Digit(value) => Some(value),
            Sign::Break | Sign::Invisible | Sign::Separator(_) => match self {
                Self::Digits | Self::DigitsAndTen => None,
                Self::Letters if c == '<' => Some(0),
                Self::Letters => c.to_digit(36).and_then(|value| u8::try_from(value).ok()),
            },
        };
        let ten = (self == Self::DigitsAndTen && written.ends_with('-')).then_some(10);
        written.chars().filter_map(value).chain(ten).collect()
    }
}

/// Every validator there is.
pub static TABLE: &[Validator] = &[
    Validator {
        name: "card",
        lengths: &[13, 15, 16, 19],
        groups: &[4, 8, 12, 16],
        alphabet: Alphabet::Digits,
        kinds: &[card::KIND],
        check: card::check,
    },
    Validator {
        name: "dk.cpr",
        lengths: &[],
        groups: &[6],
        alphabet: Alphabet::Digits,
        kinds: &[dk_cpr::KIND],
        check: dk_cpr::check,
    },
    Validator {
        name: "fi.hetu",
        lengths: &[],
        groups: &[],
        alphabet: Alphabet::Letters,
        kinds: &[fi_hetu::KIND],
        check: fi_hetu::check,
    },
    Validator {
        name: "iban",
        lengths: &[],
        groups: &[],
        alphabet: Alphabet::Letters,
        kinds: &[iban::KIND],
        check: iban::check,
    },
    Validator {
        name: "luhn",
        lengths: &[],
        groups: &[4, 8, 12],
        alphabet: Alphabet::Digits,
        kinds: &[luhn::KIND],
        check: luhn::check,
    },
    Validator {
        name: "mrz",
        lengths: &[],
        groups: &[],
        alphabet: Alphabet::Letters,
        kinds: &[mrz::KIND],
        check: mrz::check,
    },
    Validator {
        name: "no.account",
        lengths: &[11],
        groups: &[4, 6],
        alphabet: Alphabet::Digits,
        kinds: &[no_account::KIND],
        check: no_account::check,
    },
    Validator {
        name: "no.duf",
        lengths: &[12],
        groups: &[4, 10],
        alphabet: Alphabet::Digits,
        kinds: &[no_duf::KIND],
        check: no_duf::check,
    },
    Validator {
        name: "no.kid",
        lengths: &[],
        groups: &[],
        alphabet: Alphabet::DigitsAndTen,
        kinds: no_kid::KINDS,
        check: no_kid::check,
    },
    Validator {
        name: "no.org",
        lengths: &[9],
        groups: &[3, 6],
        alphabet: Alphabet::Digits,
        kinds: &[no_org::KIND],
        check: no_org::check,
    },
    Validator {
        name: "no.person_number",
        lengths: &[11],
        groups: &[2, 3, 4, 6, 9],
        alphabet: Alphabet::Digits,
        kinds: no_person::KINDS,
        check: no_person::check,
    },
    Validator {
        name: "se.person",
        lengths: &[],
        groups: &[6],
        alphabet: Alphabet::Digits,
        kinds: &[se_person::KIND],
        check: se_person::check,
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

/// Whether a day exists; 29 February whenever four divides the year.
fn is_day(day: u8, month: u8, year: u8) -> bool {
    let days = match month {
        2 if year.is_multiple_of(4) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
fn digits(text: &str) -> Vec<u8> {
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
        assert!(Validator::named("mod11").is_none());
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
