//! How fast detection reads text that looks like Norwegian mail: 3 % digits,
//! some of them candidates, few of them numbers. Prints MB/s of one core.

#![expect(clippy::expect_used, reason = "a benchmark has nobody to tell")]

use std::{hint::black_box, time::Instant};

use jiff::civil::date;
use sluse::{
    base::secret::Secret,
    detect::{Rules, Search, Synthetic},
    model::{Fragment, PartPath, Surface},
};

fn main() {
    let loading = Instant::now();
    let rules = Rules::load(&Rules::builtin()).expect("the built-in packs are tested");
    println!("load the built-in packs: {:.1} ms", loading.elapsed().as_secs_f64() * 1e3);
    let key = Secret::new([1; 32]);
    let search =
        Search { today: date(2026, 11, 23), synthetic: Synthetic::Real, key: &key, gaps: &[] };
    for (name, numbers) in [("no digits", 0), ("3 % digits", 1), ("3 % digits and persons", 50)] {
        let text = generate(32 << 20, numbers);
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let size = text.len();
        let fragment = [Fragment::new(Surface::Body, PartPath::root("text"), text)];
        let mut found = 0;
        let best = (0..5)
            .map(|_| {
                let start = Instant::now();
                found = black_box(rules.find(black_box(&fragment), &search)).len();
                start.elapsed().as_secs_f64()
            })
            .fold(f64::MAX, f64::min);
        let share = 100.0 * digits as f64 / size as f64;
        println!(
            "{name}: {:.0} MB/s ({share:.1} % digits, {found} findings)",
            size as f64 / best / 1e6
        );
    }
}

/// Words, with numbers between them; of a thousand numbers `persons` are ones.
fn generate(size: usize, persons: u64) -> String {
    let mut text = String::with_capacity(size + 64);
    let mut state = 4711_u64;
    let mut next = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    while text.len() < size {
        match next(250) {
            0..=6 if persons > 0 && next(1000) < persons => text.push_str("13827830652"),
            0..=2 if persons > 0 => text.push_str(&format!("{:011}", next(100_000_000_000))),
            3..=4 if persons > 0 => text.push_str(&format!("{} {:03}", next(99), next(999))),
            5..=6 if persons > 0 => text.push_str(&format!("{:02}.{:02}.2026", next(31), next(12))),
            word => text.push_str(WORDS[word as usize % WORDS.len()]),
        }
        text.push(if next(12) == 0 { '\n' } else { ' ' });
    }
    text
}

const WORDS: [&str; 16] = [
    "og",
    "på",
    "møtet",
    "avdelingen",
    "vi",
    "søknaden",
    "ikke",
    "år",
    "behandling",
    "er",
    "å",
    "vedlagt",
    "hilsen",
    "informasjon",
    "barnehagen",
    "fylkeskommunen",
];
