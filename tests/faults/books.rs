//! Sends messages while something goes wrong, and closes the books on them.

use std::{collections::HashSet, thread, time::Duration};

use serde_json::Value;

use crate::harness::{
    PATIENCE,
    site::Site,
    trial::{Account, Fate, Trial},
    until,
};

/// Sends a trial over many connections, and makes trouble so many times while
/// it runs.
pub(crate) fn under_load(
    site: &mut Site,
    trial: &Trial,
    times: usize,
    mut trouble: impl FnMut(&mut Site),
) {
    let count = trial.mails().count();
    let limit = PATIENCE * 2 + Duration::from_millis(200) * u32::try_from(count).unwrap();
    let gate = site.gate;
    thread::scope(|scope| {
        scope.spawn(|| trial.send(gate, CONNECTIONS, limit));
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
pub(crate) fn while_it_lasts<T>(
    site: &Site,
    name: &str,
    begin: impl FnOnce(&Site) -> T,
    end: impl FnOnce(T),
) {
    let before = Trial::new(&format!("{name}-foer"), 10);
    before.send(site.gate, 2, PATIENCE);
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
    during.send(site.gate, 2, PATIENCE);
    for trial in [&before, &during] {
        let account = close_books(site, trial);
        // A clean message may have passed before.
        assert!(account.lost + account.leaked + account.held_twice == 0, "{name}: {account}");
        assert!(account.unanswered + account.wrongly_refused == 0, "{name}: {account}");
    }
}

/// Waits until all is delivered, and accounts for every message. A Postfix whose
/// parts were killed, and an outbox whose next hop was, may sit on some of it
/// for minutes; what they have is not lost.
pub(crate) fn close_books(site: &Site, trial: &Trial) -> Account {
    let is_complete = |limit| {
        trial.is_complete(&site.sink.wait_for(limit, |arrivals| trial.is_complete(arrivals)))
    };
    let mut complete = is_complete(PATIENCE * 4);
    for _ in 0..20 {
        if complete || !(site.postfix.has_mail() || site.sluse.has_mail()) {
            break;
        }
        complete = is_complete(PATIENCE);
    }
    if !complete {
        let log = site.postfix.log.all();
        println!(
            "not all arrived; Postfix at last:\n{}",
            log[log.len().saturating_sub(60)..].join("\n")
        );
    }
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

/// Over which a trial under load is sent.
pub(crate) const CONNECTIONS: usize = 10;
