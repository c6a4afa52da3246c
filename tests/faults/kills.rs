//! The program is killed, stopped, reloaded and upgraded under load.

use std::{
    env, fs,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::{
    Gate, at_both_gates,
    books::{CONNECTIONS, close_books, under_load},
    harness::{
        PATIENCE,
        keyring::Keyring,
        samples::{OLA, sample},
        site::Site,
        sluse::{Plan, Sluse},
        trial::{Account, Fate, Trial},
        until,
    },
};

at_both_gates! {
    kills_lose_leak_and_double_nothing,
    kills_send_the_copies_of_a_split_message,
    reloads_and_stops_under_load_drop_nothing,
    kills_never_let_half_an_encryption_out,
    a_stopped_program_delays_and_loses_nothing,
    a_program_that_is_away_leaves_all_with_the_sender,
    what_was_taken_is_in_a_copy_made_that_moment,
    two_programs_share_one_store
}

fn kills_lose_leak_and_double_nothing(gate: Gate) {
    let (messages, kills) = size_of_soak();
    let start = Instant::now();
    let mut site = Site::open(gate.plan());
    let trial = Trial::new("drap", messages);
    under_load(&mut site, &trial, kills, |site| {
        site.sluse.kill();
        site.sluse.start();
    });
    let account = close_books(&site, &trial);
    println!("{kills} kills in {:.1} s; {account}", start.elapsed().as_secs_f64());
    // The milter leaves the sending to Postfix. A relay that dies while the
    // next hop is about to answer cannot know what the answer was; a kill cuts
    // off so many transactions as there are connections.
    let allowed = if gate == Gate::Relay { kills * CONNECTIONS } else { 0 };
    assert!(account.duplicated <= allowed, "{account}");
    let account = Account { duplicated: 0, ..account };
    assert!(account.is_perfect(), "{account}");
    assert!(account.retries > 0, "no kill met a message: {account}");
    assert_eq!(account.refused, messages / 10, "{account}");
}

fn kills_send_the_copies_of_a_split_message(gate: Gate) {
    let kills = 6;
    let ola = Keyring::of(&[OLA]);
    let mut site = Site::open(gate.plan());
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

fn reloads_and_stops_under_load_drop_nothing(gate: Gate) {
    let mut site = Site::open(gate.plan());
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

fn kills_never_let_half_an_encryption_out(gate: Gate) {
    let kills = 6;
    let ola = Keyring::of(&[OLA]);
    let mut site = Site::open(gate.plan());
    site.sluse.trust(&ola.certificate(OLA));
    let trial = Trial::of("skjult", [Fate::Protected; 60]);
    under_load(&mut site, &trial, kills, |site| {
        site.sluse.kill();
        site.sluse.start();
    });
    let mut account = close_books(&site, &trial);
    println!("{kills} kills; {account}");
    let allowed = if gate == Gate::Relay { kills * CONNECTIONS } else { 0 };
    assert!(account.duplicated <= allowed, "{account}");
    account.duplicated = 0;
    assert!(account.is_perfect() && account.taken == 60, "{account}");
    for arrival in site.sink.arrivals().iter().filter(|arrival| trial.owns(arrival)) {
        let kind = arrival.header("Content-Type").unwrap();
        assert!(kind.starts_with("multipart/encrypted"), "{}", arrival.text());
    }
}

fn a_stopped_program_delays_and_loses_nothing(gate: Gate) {
    let mut site = Site::open(gate.plan());
    let trial = Trial::new("stanset", 60);
    under_load(&mut site, &trial, 3, |site| {
        site.sluse.signal(Signal::STOP);
        thread::park_timeout(Duration::from_secs(1));
        site.sluse.signal(Signal::CONT);
    });
    let account = close_books(&site, &trial);
    assert!(account.is_perfect(), "{account}");
}

fn a_program_that_is_away_leaves_all_with_the_sender(gate: Gate) {
    let mut site = Site::open(gate.plan());
    site.sluse.kill();
    let trial = Trial::new("borte", 20);
    trial.send(site.gate, 5, Duration::from_millis(500));
    assert_eq!(trial.answered(), 0, "an answer without a program");
    assert_eq!(site.sink.arrivals().len(), 0);
    site.sluse.start();
    trial.again();
    trial.send(site.gate, 5, PATIENCE);
    let account = close_books(&site, &trial);
    assert!(account.is_perfect(), "{account}");
}

/// As after a power cut: whatever was answered must be on the disk by then.
fn what_was_taken_is_in_a_copy_made_that_moment(gate: Gate) {
    let site = Site::open(gate.plan());
    let reply = site.send(&sample("medium-finding"));
    let copy = site.dir.path().join("copy");
    let copied = Command::new("cp").arg("-a").arg(&site.sluse.state).arg(&copy).status();
    assert_eq!(reply.code, 250, "{reply:?}");
    assert!(copied.unwrap().success());
    let other = site.dir.path().join("other");
    fs::create_dir(&other).unwrap();
    let mut second =
        Sluse::settle(&other, Plan { state: Some(copy), ..gate.plan() }, site.postfix.behind);
    second.start();
    let held = second.held();
    assert_eq!(held.len(), 1);
    let id = held[0]["id"].as_str().unwrap();
    assert_eq!(second.run(&["quarantine", "release", id]).code, 0);
    let arrived = &site.arrivals(1, "medium-finding@cpm.example")[0];
    assert!(arrived.is_untouched(&sample("medium-finding").bytes));
}

fn two_programs_share_one_store(gate: Gate) {
    let site = Site::open(gate.plan());
    let other = site.dir.path().join("other");
    fs::create_dir(&other).unwrap();
    let plan = Plan { state: Some(site.sluse.state.clone()), smtp: "smtp:", ..gate.plan() };
    let mut second = Sluse::settle(&other, plan, site.postfix.behind);
    second.start();
    let one = Trial::new("ene", 40);
    let two = Trial::new("andre", 40);
    thread::scope(|scope| {
        scope.spawn(|| one.send(site.gate, 4, PATIENCE));
        scope.spawn(|| two.send(second.smtp, 4, PATIENCE));
    });
    for trial in [&one, &two] {
        let account = close_books(&site, trial);
        assert!(account.is_perfect(), "{account}");
    }
    until("both to see the same", PATIENCE, || {
        (second.held().len() == site.sluse.held().len()).then_some(())
    });
}

/// Messages and kills: small, or what `SLUSE_SOAK` says.
fn size_of_soak() -> (usize, usize) {
    let Ok(text) = env::var("SLUSE_SOAK") else { return (150, 6) };
    let mut numbers = text.split_whitespace().map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}
