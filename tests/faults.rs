//! What goes wrong in real life: the program is killed, its disk is full, its
//! database is locked, its key is gone. Nothing may be lost, leak, or be held
//! twice.
//!
//! `SLUSE_SOAK="2000 60"` runs the first test with so many messages and kills;
//! `deploy/soak.sh` does that.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use std::{
    collections::HashSet,
    env, fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use harness::{
    PATIENCE,
    disk::{Disk, Lock, ReadOnly},
    keyring::Keyring,
    samples::{NUMBER, OLA, letter, sample},
    site::Site,
    sluse::Plan,
    trial::{Account, Fate, Trial},
    until,
};
use rustix::process::Signal;
use serde_json::Value;

#[test]
fn kills_lose_leak_and_double_nothing() {
    let (messages, kills) = size_of_soak();
    let start = Instant::now();
    let mut site = Site::open(Plan { reinject: true, ..Plan::default() });
    let trial = Trial::new("drap", messages);
    under_load(&mut site, &trial, kills, |site| {
        site.sluse.kill();
        site.sluse.start();
    });
    let account = close_books(&site, &trial);
    println!("{kills} kills in {:.1} s; {account}", start.elapsed().as_secs_f64());
    assert!(account.is_perfect(), "{account}");
    assert!(account.retries > 0, "no kill met a message: {account}");
    assert_eq!(account.refused, messages / 10, "{account}");
}

#[test]
fn kills_send_the_copies_of_a_split_message() {
    let kills = 6;
    let ola = Keyring::of(&[OLA]);
    let mut site = Site::open(Plan { reinject: true, ..Plan::default() });
    site.sluse.trust(&ola.certificate(OLA));
    let trial = Trial::of("delt", [Fate::Split; 60]);
    under_load(&mut site, &trial, kills, |site| {
        site.sluse.kill();
        site.sluse.start();
    });
    let mut account = close_books(&site, &trial);
    println!("{kills} kills; {account}");
    // SMTP cannot tell whether an answer was on its way: one for each kill.
    assert!(account.duplicated <= kills, "{account}");
    account.duplicated = 0;
    assert!(account.is_perfect() && account.taken == 60, "{account}");
}

#[test]
fn reloads_and_stops_under_load_drop_nothing() {
    let mut site = Site::open(Plan { reinject: true, ..Plan::default() });
    let trial = Trial::new("last", 200);
    let mut turn = 0;
    under_load(&mut site, &trial, 40, |site| {
        turn += 1;
        if turn % 10 == 0 {
            site.sluse.signal(Signal::TERM);
            let (status, time) = site.sluse.wait();
            assert!(status.success() && time < Duration::from_secs(10), "{status} {time:?}");
            site.sluse.start();
        } else {
            let skip = site.sluse.log.len();
            site.sluse.signal(Signal::HUP);
            let reloaded = |line: &str| line.contains("reloaded");
            assert!(site.sluse.log.wait(skip, PATIENCE, reloaded).is_some());
        }
    });
    let account = close_books(&site, &trial);
    println!("{account}");
    assert!(account.is_perfect(), "{account}");
    let errors = site.sluse.log.all().into_iter().filter(|line| line.contains("\"ERROR\""));
    assert_eq!(errors.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn a_full_quarantine_defers_and_loses_nothing() {
    let disk = Disk::mount("2m");
    let state = Some(disk.path().join("state"));
    let site = Site::open(Plan { state, reinject: true, ..Plan::default() });
    // Three times more than there is room for, of a size of its own each.
    let filler = "Møtet er flyttet til torsdag. ".repeat(2_000);
    let mut deferred = 0;
    let mut taken = Vec::new();
    for n in 0..60_u8 {
        let id = format!(
            "full-{}",
            char::from(b'a' + n % 26).to_string().repeat(1 + usize::from(n / 26))
        );
        let reply = site.send(&letter(&id, &format!("{filler}\r\n\r\n{NUMBER}\r\n")));
        assert!(matches!(reply.code, 250 | 451), "{reply:?}");
        match reply.code {
            250 => taken.push(id),
            _ => deferred += 1,
        }
    }
    assert!(deferred > 10 && taken.len() > 10, "{deferred} deferred, {} taken", taken.len());
    let number = site.send(&sample("number-in-body"));
    assert!(matches!(number.code, 451 | 550), "{number:?}");

    disk.grow("64m");
    site.settle();
    let trial = Trial::new("etterpaa", 30);
    trial.send(site.postfix.gate, 3, PATIENCE);
    let account = close_books(&site, &trial);
    assert!(account.is_perfect(), "{account}");
    let held = site.sluse.held();
    for id in &taken {
        let mark = format!("<{id}@cpm.example>");
        let copies = held.iter().filter(|one| one["message_id"] == mark.as_str()).count();
        assert_eq!(copies, 1, "{id} was taken");
        site.arrivals(0, &format!("{id}@cpm.example"));
    }
}

#[test]
fn a_read_only_disk_defers_and_loses_nothing() {
    let site = Site::open(Plan { reinject: true, ..Plan::default() });
    while_it_lasts(
        &site,
        "kunlesing",
        |site| ReadOnly::make(&site.sluse.state.join("sealed")),
        drop,
    );
}

#[test]
fn a_locked_database_defers_and_loses_nothing() {
    let site = Site::open(Plan { reinject: true, ..Plan::default() });
    while_it_lasts(&site, "laast", |site| Lock::take(&site.sluse.state), drop);
}

#[test]
fn without_its_master_key_it_takes_nothing() {
    let mut site = Site::open(Plan { reinject: true, ..Plan::default() });
    assert_eq!(site.send(&sample("medium-finding")).code, 250);
    let held = site.sluse.held();
    let id = held[0]["id"].as_str().unwrap();
    site.sluse.kill();
    let key = only_key(&site.sluse.state);
    let aside = site.dir.path().join("aside");
    fs::rename(&key, &aside).unwrap();

    site.sluse.spawn();
    let (status, _) = site.sluse.wait();
    assert!(!status.success(), "it must not make itself a new key: {:#?}", site.sluse.log.all());
    let told = |line: &str| line.contains("master");
    assert!(site.sluse.log.wait(0, PATIENCE, told).is_some(), "{:#?}", site.sluse.log.all());
    assert_eq!(site.send(&sample("medium-finding")).code, 451);
    assert_eq!(site.send(&sample("clean-text")).code, 451);
    assert!(!key.exists(), "a new key was made");

    fs::rename(&aside, &key).unwrap();
    site.sluse.start();
    assert_eq!(site.sluse.run(&["quarantine", "release", id]).code, 0);
    let arrived = &site.arrivals(1, "medium-finding@cpm.example")[0];
    assert!(arrived.is_untouched(&sample("medium-finding").bytes));
}

/// Sends a trial over ten connections, and makes trouble so many times while
/// it runs.
fn under_load(site: &mut Site, trial: &Trial, times: usize, mut trouble: impl FnMut(&mut Site)) {
    let count = trial.mails().count();
    let limit = PATIENCE * 2 + Duration::from_millis(200) * u32::try_from(count).unwrap();
    let gate = site.postfix.gate;
    thread::scope(|scope| {
        scope.spawn(|| trial.send(gate, 10, limit));
        for turn in 1..=times {
            let mark = turn * count / (times + 1);
            until("the next trouble", limit, || (trial.answered() >= mark).then_some(()));
            // Not always at the same point of a message.
            let moment = u64::try_from(turn * 1_700 % 9_000).unwrap();
            thread::park_timeout(Duration::from_micros(moment));
            trouble(site);
        }
    });
}

/// Sends messages before, during and after a trouble.
fn while_it_lasts<T>(site: &Site, name: &str, begin: impl FnOnce(&Site) -> T, end: impl FnOnce(T)) {
    let before = Trial::new(&format!("{name}-foer"), 10);
    before.send(site.postfix.gate, 2, PATIENCE);
    let trouble = begin(site);
    let fates = [Fate::Held, Fate::Clean, Fate::Held, Fate::Refused];
    let during = Trial::of(name, fates);
    thread::scope(|scope| {
        // One connection a message, and one try, as none is answered at once.
        let tries = during.mails().map(|mail| scope.spawn(|| site.send(mail)));
        let replies: Vec<_> =
            tries.collect::<Vec<_>>().into_iter().map(|t| t.join().unwrap()).collect();
        for (reply, fate) in replies.iter().zip(fates) {
            let right = reply.code == 451
                || (fate == Fate::Refused && reply.code == 550)
                || (fate == Fate::Clean && reply.code == 250);
            assert!(right, "{fate:?}: {reply:?}");
        }
    });
    end(trouble);
    during.send(site.postfix.gate, 2, PATIENCE);
    for trial in [&before, &during] {
        let account = close_books(site, trial);
        // A clean message may have passed before.
        assert!(account.lost + account.leaked + account.held_twice == 0, "{name}: {account}");
        assert!(account.unanswered + account.wrongly_refused == 0, "{name}: {account}");
    }
}

/// Waits until all is delivered, and accounts for every message.
fn close_books(site: &Site, trial: &Trial) -> Account {
    site.sink.wait(trial.to_arrive(), PATIENCE, |one| trial.owns(one));
    site.settle();
    assert_eq!(site.sluse.run(&["audit", "verify"]).code, 0);
    let told_twice = told_twice(&site.sluse.run(&["audit", "export"]).objects());
    assert!(told_twice.is_empty(), "audited twice: {told_twice:?}");
    let ledger = site.sluse.run(&["stats", "--check"]);
    assert_eq!(ledger.code, 0, "{}", ledger.out);
    trial.account(&site.sink.arrivals(), &site.sluse.held())
}

/// What the audit log says more than once of the same event.
fn told_twice(rows: &[Value]) -> Vec<String> {
    let mut seen = HashSet::new();
    let once = ["decided", "notified", "released", "sent"];
    rows.iter()
        .filter(|row| !row["event"].is_null() && once.iter().any(|act| row["act"] == *act))
        .map(|row| format!("{} {} {}", row["event"], row["act"], row["facts"]["purpose"]))
        .filter(|entry| !seen.insert(entry.clone()))
        .collect()
}

/// Messages and kills: small, or what `SLUSE_SOAK` says.
fn size_of_soak() -> (usize, usize) {
    let Ok(text) = env::var("SLUSE_SOAK") else { return (150, 6) };
    let mut numbers = text.split_whitespace().map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

fn only_key(state: &Path) -> PathBuf {
    let files = fs::read_dir(state).unwrap().map(|entry| entry.unwrap().path());
    let keys: Vec<_> = files.filter(|path| path.to_string_lossy().contains("master")).collect();
    assert_eq!(keys.len(), 1, "{keys:?}");
    keys[0].clone()
}
