//! How fast detection reads text that looks like Norwegian mail: 3 % digits,
//! some of them candidates, few of them numbers. Prints MB/s of one core, by
//! processor time: of all packs, and of the digit scan with its checksums alone.
//!
//! `cargo bench --bench detect` makes its text here. `cargo bench --bench detect
//! -- TEXT [PROGRAM]` reads a file, and runs `PROGRAM TEXT` between the rounds:
//! a scanner to be held against prints its own figures, on the same machine at
//! the same time.

#![expect(clippy::expect_used, reason = "a benchmark has nobody to tell")]

use std::{
    ffi::OsString,
    fs,
    hint::black_box,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use jiff::civil::date;
use rustix::time::{ClockId, clock_gettime};
use sluse::{
    base::secret::Secret,
    detect::{PackSource, Rules, Search, Synthetic},
    model::{Fragment, PartPath, Surface},
};

fn main() {
    let loading = Instant::now();
    let rules = Rules::load(&Rules::builtin()).expect("the built-in packs are tested");
    println!("load the built-in packs: {:.1} ms", loading.elapsed().as_secs_f64() * 1e3);
    let digits = PackSource { name: "digits.toml".into(), text: DIGITS.into() };
    let digits = Rules::load(&[digits]).expect("its tests hold");
    let mut arguments = std::env::args_os().skip(1).filter(|it| it != "--bench");
    if let Some(text) = arguments.next() {
        against(Path::new(&text), arguments.next(), &rules, &digits);
        return;
    }
    for (name, numbers) in [("no digits", 0), ("3 % digits", 1), ("3 % digits and persons", 50)] {
        let text = generate(32 << 20, numbers);
        measure(&format!("{name}, all packs"), &text, &rules, ROUNDS);
        measure(&format!("{name}, digits alone"), &text, &digits, ROUNDS);
    }
}

/// Rounds over a real text, with those of another program between them.
fn against(path: &Path, program: Option<OsString>, rules: &Rules, digits: &Rules) {
    let text = fs::read_to_string(path).expect("a text given can be read");
    for _ in 0..ROUNDS {
        measure("digits alone", &text, digits, 1);
        if let Some(program) = &program {
            let done = Command::new(program).arg(path).status();
            done.expect("a program given can be run");
        }
    }
    measure("all packs", &text, rules, 1);
}

fn measure(name: &str, text: &str, rules: &Rules, rounds: usize) {
    let key = Secret::new([1; 32]);
    let search =
        Search { today: date(2026, 11, 23), synthetic: Synthetic::Real, key: &key, gaps: &[] };
    let share = 100.0 * text.bytes().filter(u8::is_ascii_digit).count() as f64 / text.len() as f64;
    let fragment = [Fragment::new(Surface::Body, PartPath::root("text"), text)];
    let mut found = 0;
    let best = (0..rounds)
        .map(|_| {
            let start = processor_time();
            found = black_box(rules.find(black_box(&fragment), &search)).len();
            (processor_time() - start).as_secs_f64()
        })
        .fold(f64::MAX, f64::min);
    let speed = text.len() as f64 / best / 1e6;
    println!("{name}: {speed:.0} MB/s ({share:.1} % digits, {found} findings)");
}

/// Of this process: other work on the machine does not count.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
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

const ROUNDS: usize = 5;
/// A pack that has no words to look for.
const DIGITS: &str = r#"
schema = 1
[pack]
id = "bench.digits"
version = "1"
title = "Digits alone"
[[rule]]
id = "bench.person"
title = "Person numbers, whatever stands around them"
engine = "no_person_number"
kinds = ["fnr", "dnr", "hnr", "fnr+80"]
base = { A = 60, B = 60 }
[[rule.level]]
level = "high"
min_score = 50
[[rule.test]]
text = "13827830652"
level = "high"
[[rule.test]]
text = "13827830653"
level = "none"
"#;
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
