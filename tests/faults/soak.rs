//! Every trouble again and again, in random order, for as long as is asked.

use std::{
    env, fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::{
    Gate, at_both_gates,
    books::{CONNECTIONS, close_books},
    harness::{
        PATIENCE,
        disk::{Lock, ReadOnly},
        keyring::Keyring,
        samples::OLA,
        sink::Manner,
        site::Site,
        trial::{Account, Fate, Trial},
    },
};

at_both_gates! { all_troubles_in_turn }

fn all_troubles_in_turn(gate: Gate) {
    let end = Instant::now() + length();
    let ola = Keyring::of(&[OLA]);
    let mut site = Site::open(gate.plan());
    site.sluse.trust(&ola.certificate(OLA));
    let mut dice = Dice(seed());
    let (mut total, mut strikes, mut round) = (Account::default(), 0, 0);
    let start = Usage::of(&site);
    while total.messages == 0 || Instant::now() < end {
        round += 1;
        let trial = Trial::of(&format!("runde-{}", letters(round)), MIX.repeat(8));
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let port = site.gate;
            let (trial, done) = (&trial, &done);
            scope.spawn(move || {
                trial.send(port, CONNECTIONS, PATIENCE * 4);
                done.store(true, Ordering::Release);
            });
            while !done.load(Ordering::Acquire) {
                strikes += strike(&mut site, &mut dice);
                thread::park_timeout(Duration::from_millis(100 + dice.below(900)));
            }
        });
        let account = close_books(&site, &trial);
        assert!(account.lost + account.leaked + account.held_twice == 0, "{round}: {account}");
        assert!(account.wrongly_refused + account.unanswered == 0, "{round}: {account}");
        total = total.plus(&account);
    }
    println!("{gate:?}: {round} rounds, {strikes} strikes; {total}");
    println!("{gate:?}: at first {start}, at last {}", Usage::of(&site));
    assert!(total.duplicated <= strikes, "{total}");
}

/// Makes one trouble and ends it. Gives how often a message may have been
/// delivered twice for it.
fn strike(site: &mut Site, dice: &mut Dice) -> usize {
    let moment = Duration::from_millis(100 + dice.below(900));
    match dice.below(9) {
        0 | 1 => {
            site.sluse.kill();
            site.sluse.start();
            // It cuts off a transaction on each connection.
            return CONNECTIONS;
        }
        2 => {
            site.sluse.signal(Signal::TERM);
            site.sluse.wait();
            site.sluse.start();
        }
        3 => site.sluse.signal(Signal::HUP),
        4 => {
            site.sluse.signal(Signal::STOP);
            thread::park_timeout(moment);
            site.sluse.signal(Signal::CONT);
        }
        5 => {
            let _lock = Lock::take(&site.sluse.state);
            thread::park_timeout(moment);
        }
        6 => {
            let _disk = ReadOnly::make(&site.sluse.state.join("sealed"));
            thread::park_timeout(moment);
        }
        7 => {
            site.sink.behave(Manner::Refuse(451));
            thread::park_timeout(moment);
            site.sink.behave(Manner::Accept);
        }
        _ => {
            let program = ["smtpd", "cleanup", "smtp"][usize::try_from(dice.below(3)).unwrap()];
            return site.postfix.kill(program);
        }
    }
    0
}

/// What the program uses of the machine.
pub(crate) struct Usage {
    pub(crate) files: usize,
    pub(crate) kib: u64,
}

impl Usage {
    pub(crate) fn of(site: &Site) -> Self {
        let process = format!("/proc/{}", site.sluse.pid().as_raw_nonzero());
        let status = fs::read_to_string(format!("{process}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        Self {
            files: fs::read_dir(format!("{process}/fd")).unwrap().count(),
            kib: line.trim().trim_end_matches(" kB").parse().unwrap(),
        }
    }
}

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} open files, {} KiB resident", self.files, self.kib)
    }
}

/// Numbers that a seed repeats (xorshift).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    pub(crate) fn index(&mut self, end: usize) -> usize {
        usize::try_from(self.below(u64::try_from(end.max(1)).unwrap())).unwrap()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    pub(crate) fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}

/// A number in letters: each round has a name of its own, and none that looks
/// like a number.
fn letters(mut number: usize) -> String {
    let mut text = String::new();
    while number > 0 {
        text.push(char::from(b'a' + u8::try_from(number % 26).unwrap()));
        number /= 26;
    }
    text
}

/// One round, or as long as `SLUSE_SOAK_MINUTES` says.
fn length() -> Duration {
    let minutes = env::var("SLUSE_SOAK_MINUTES").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(60 * minutes.unwrap_or(0))
}

fn seed() -> u64 {
    let seed = env::var("SLUSE_SOAK_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or(20_261_123);
    println!("SLUSE_SOAK_SEED={seed}");
    seed
}

const MIX: [Fate; 10] = [
    Fate::Clean,
    Fate::Held,
    Fate::Protected,
    Fate::Clean,
    Fate::Refused,
    Fate::Clean,
    Fate::Split,
    Fate::Held,
    Fate::Clean,
    Fate::Clean,
];
