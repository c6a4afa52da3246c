//! The search for person numbers and the checksums, against a reference that
//! does the same the slow way.
//!
//! Sound: what is found is eleven digits that pass, cut off nowhere. Complete:
//! eleven digits that pass and stand alone are found, with the right place.

#![no_main]

use std::sync::OnceLock;

use jiff::civil::date;
use libfuzzer_sys::fuzz_target;
use sluse::{
    detect::{PackSource, Rules, validators::Validator},
    model::{Extraction, Fragment, PartPath, Surface},
};
use sluse_fuzz::reading;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    if first % 4 == 0 {
        checksums(rest);
    } else {
        search(rest, first % 2 == 0);
    }
});

/// Text made of few characters, with valid numbers strewn in.
fn search(bytes: &[u8], completed: bool) {
    let mut chars = Vec::new();
    for byte in bytes {
        let at = usize::from(*byte);
        match NUMBERS.get(at.wrapping_sub(224)) {
            Some(number) => chars.extend(number.chars()),
            None => chars.push(ALPHABET[at % ALPHABET.len()]),
        }
        // Most runs of eleven digits pass when the last two are right.
        if completed && at % 16 == 1 {
            complete(&mut chars);
        }
    }
    let text: String = chars.iter().collect();
    let fragment = Fragment::new(Surface::Body, PartPath::root("text"), text.as_str());
    let extraction = Extraction { fragments: vec![fragment], gaps: Vec::new() };
    let found = reading::find_by(rules(), &extraction);
    let places: Vec<(usize, usize)> =
        found.iter().map(|one| (one.span.start as usize, one.span.end as usize)).collect();
    assert!(places.is_sorted(), "out of order in {text:?}");
    for (finding, (start, end)) in found.iter().zip(&places) {
        // A blank may be written as in addresses of pages.
        let inside: String = chars[*start..*end].iter().collect();
        let inside: Vec<u8> = inside.replace("%20", " ").chars().filter_map(value).collect();
        let digits = if inside.len() == 10 { [&[0], &inside[..]].concat() } else { inside };
        assert!(is_person(&digits), "{digits:?} at {start} in {text:?}");
        let before = start.checked_sub(1).map(|at| chars[at]);
        let coded = *start >= 3 && chars[*start - 3..*start] == ['%', '2', '0'];
        assert!(coded || before.is_none_or(|c| value(c).is_none()), "cut off in front: {text:?}");
        let after = chars.get(*end);
        assert!(after.is_none_or(|c| value(*c).is_none()), "cut off behind: {text:?}");
        let shown = finding.masked.to_string();
        assert!(shown.chars().filter(char::is_ascii_digit).count() <= 6, "{shown}");
    }
    if crowd(&chars) < FEW {
        for (start, end) in runs(&chars) {
            let digits: Vec<u8> = chars[start..end].iter().filter_map(|c| value(*c)).collect();
            let wanted = is_person(&digits) && digits.len() == 11;
            assert!(!wanted || places.contains(&(start, end)), "missed at {start} in {text:?}");
        }
    }
}

/// Puts right control digits after nine digits.
fn complete(chars: &mut Vec<char>) {
    let values: Vec<u8> = chars.iter().rev().map_while(|c| value(*c)).collect();
    if values.len() != 9 {
        return;
    }
    let number: u64 = values.iter().rev().fold(0, |sum, digit| sum * 10 + u64::from(*digit));
    let fits = (0..100).map(|end| number * 100 + end).find(|number| {
        let digits: Vec<u8> = format!("{number:011}").bytes().map(|b| b - b'0').collect();
        is_person(&digits)
    });
    if let Some(number) = fits {
        chars.extend(format!("{:02}", number % 100).chars());
    }
}

/// How many runs of digits there are, whatever stands around them.
fn crowd(chars: &[char]) -> usize {
    chars
        .chunk_by(|a, b| value(*a).is_some() == value(*b).is_some())
        .filter(|piece| piece.first().is_some_and(|c| value(*c).is_some()))
        .count()
}

/// Runs of digits with nothing unseen at either end: first and last place.
fn runs(chars: &[char]) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let end = at + chars[at..].iter().take_while(|c| value(**c).is_some()).count();
        if end > at {
            let unseen = |c: Option<&char>| c.is_some_and(|c| UNSEEN.contains(c));
            let before = at.checked_sub(1).and_then(|at| chars.get(at));
            let coded = at >= 1 && chars[at - 1] == '%';
            if !unseen(before) && !unseen(chars.get(end)) && !coded {
                runs.push((at, end));
            }
        }
        at = end.max(at + 1);
    }
    runs
}

fn value(c: char) -> Option<u8> {
    let full_width = ('０'..='９').position(|wide| wide == c);
    c.to_digit(10).or(full_width.map(|at| at as u32)).map(|value| value as u8)
}

/// The rule of folkeregisterforskriften § 2-2-1 and of 2032, by trial.
fn is_person(digits: &[u8]) -> bool {
    if digits.len() != 11 || digits.iter().any(|digit| *digit > 9) {
        return false;
    }
    let sum = |weights: &[u32]| -> u32 {
        weights.iter().zip(digits).map(|(weight, digit)| weight * u32::from(*digit)).sum()
    };
    let first = sum(&[3, 7, 6, 1, 8, 9, 4, 5, 2]);
    let second = sum(&[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
    // The digit that makes each sum whole, and for the first up to three more.
    let more = (0..4).find(|more| (first + u32::from(digits[9]) + 11 - more) % 11 == 0);
    let Some(more) = more else { return false };
    if (second + u32::from(digits[10])) % 11 != 0 {
        return false;
    }
    if digits[0] >= 8 {
        return more == 0;
    }
    let two = |at: usize| u32::from(digits[at]) * 10 + u32::from(digits[at + 1]);
    let day = if two(0) > 40 { two(0) - 40 } else { two(0) };
    let month = [0, 40, 65, 80]
        .iter()
        .find_map(|more| two(2).checked_sub(*more).filter(|month| (1..=12).contains(month)));
    let last = match month {
        None => return false,
        Some(2) if two(4) % 4 == 0 => 29,
        Some(2) => 28,
        Some(4 | 6 | 9 | 11) => 30,
        Some(_) => 31,
    };
    (1..=last).contains(&day)
}

/// Checksums of other numbers: the first byte names the length.
fn checksums(bytes: &[u8]) {
    let today = date(2026, 11, 23);
    for validator in sluse::detect::validators::TABLE {
        (validator.check)(bytes, today);
    }
    let digits: Vec<u8> = bytes.iter().map(|byte| byte % 10).collect();
    let passes = |name: &str, digits: &[u8]| {
        let validator = Validator::named(name).expect("a validator of that name");
        (validator.check)(digits, today).is_some()
    };
    for length in 0..=digits.len().min(24) {
        let digits = &digits[..length];
        assert_eq!(passes("no.person_number", digits), is_person(digits), "{digits:?}");
        assert_eq!(passes("luhn", digits), is_luhn(digits), "{digits:?}");
        let account = is_mod11(digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
        assert_eq!(passes("no.account", digits), account, "{digits:?}");
        let known = digits.first().is_some_and(|first| [2, 3, 8, 9].contains(first));
        let company = known && is_mod11(digits, &[3, 2, 7, 6, 5, 4, 3, 2]);
        assert_eq!(passes("no.org", digits), company, "{digits:?}");
    }
}

/// Every second digit from the right doubled, with the digits of that added.
fn is_luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u8| digit * 2 / 10 + digit * 2 % 10;
    let values = digits.iter().rev().enumerate();
    let values = values.map(|(at, digit)| if at % 2 == 1 { doubled(*digit) } else { *digit });
    let sum: u32 = values.map(u32::from).sum();
    digits.len() >= 2 && sum > 0 && sum % 10 == 0
}

fn is_mod11(digits: &[u8], weights: &[u32]) -> bool {
    let Some((control, rest)) = digits.split_last() else { return false };
    if rest.len() != weights.len() {
        return false;
    }
    let sum: u32 = rest.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum();
    match 11 - sum % 11 {
        11 => *control == 0,
        wanted => u32::from(*control) == wanted,
    }
}

/// One rule that takes every person number, whatever stands around it.
fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| {
        let pack = PackSource { name: "all.toml".into(), text: PACK.into() };
        Rules::load(&[pack]).expect("a pack that loads")
    })
}

const PACK: &str = r#"
schema = 1
[pack]
id = "all"
version = "1"
title = "All person numbers"
[[rule]]
id = "all.persons"
title = "Person numbers"
engine = "no_person_number"
base = { A = 500, B = 500, C = 500 }
[[rule.level]]
level = "high"
min_score = 1
[[rule.test]]
text = "13827830652"
match = ["13827830652"]
[[rule.test]]
text = "13827830653"
match = []
"#;
/// Under so many candidates each is believed on its own.
const FEW: usize = 19;
const NUMBERS: &[&str] = &[
    "13827830652",
    "25909749304",
    "21885008809",
    "27894527698",
    "28876437645",
    "12908145028",
    "138278 30652",
    "138278-30652",
    "93699356350",
    "71819472836",
    "28828409176",
];
const UNSEEN: &[char] = &['\u{ad}', '\u{200b}'];
const ALPHABET: &[char] = &[
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '1', '0', '8', ' ', '-', '.', '\n', '\r',
    '\t', ',', ';', '/', ':', '_', '\u{a0}', '\u{ad}', '\u{200b}', 'a', 'Å', '=', '%', '>', '(',
    '５', '０', '\u{2212}', 'l', '"',
];
