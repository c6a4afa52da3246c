//! Disks and databases that are full, read-only, locked or failing.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Gate, at_both_gates,
    books::{close_books, while_it_lasts},
    harness::{
        PATIENCE,
        disk::{Disk, FailingSync, Lock, ReadOnly},
        samples::{NUMBER, letter, sample},
        site::Site,
        sluse::Plan,
        trial::Trial,
    },
};

at_both_gates! {
    a_full_quarantine_defers_and_loses_nothing,
    a_read_only_disk_defers_and_loses_nothing,
    a_locked_database_defers_and_loses_nothing,
    without_its_master_key_it_takes_nothing,
    a_disk_that_does_not_sync_defers_and_loses_nothing,
    rubbish_in_the_store_is_reported_and_nothing_stops,
    a_log_that_cannot_be_written_stops_no_mail
}

fn a_full_quarantine_defers_and_loses_nothing(gate: Gate) {
    let disk = Disk::mount("3m");
    let state = Some(disk.path().join("state"));
    let site = Site::open(Plan { state, ..gate.plan() });
    // More than there is room for, of a size of its own each.
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
    trial.send(site.gate, 3, PATIENCE);
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

fn a_read_only_disk_defers_and_loses_nothing(gate: Gate) {
    let site = Site::open(gate.plan());
    while_it_lasts(
        &site,
        "kunlesing",
        |site| ReadOnly::make(&site.sluse.state.join("sealed")),
        drop,
    );
}

fn a_locked_database_defers_and_loses_nothing(gate: Gate) {
    let site = Site::open(gate.plan());
    while_it_lasts(&site, "laast", |site| Lock::take(&site.sluse.state), drop);
}

fn without_its_master_key_it_takes_nothing(gate: Gate) {
    let mut site = Site::open(gate.plan());
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
    assert!(site.defers(&sample("medium-finding")));
    assert!(site.defers(&sample("clean-text")));
    assert!(!key.exists(), "a new key was made");

    fs::rename(&aside, &key).unwrap();
    site.sluse.start();
    assert_eq!(site.sluse.run(&["quarantine", "release", id]).code, 0);
    let arrived = &site.arrivals(1, "medium-finding@cpm.example")[0];
    assert!(arrived.is_untouched(&sample("medium-finding").bytes));
}

fn a_disk_that_does_not_sync_defers_and_loses_nothing(gate: Gate) {
    let sync = FailingSync::build();
    let site = Site::open(Plan { launcher: sync.launcher(), ..gate.plan() });
    while_it_lasts(&site, "usynkronisert", |_| sync.fail(), drop);
    let letter = sample("medium-finding");
    let failing = sync.fail();
    assert_eq!(site.send(&letter).code, 451, "taken though nothing was on the disk");
    drop(failing);
    assert_eq!(site.send(&letter).code, 250);
}

fn rubbish_in_the_store_is_reported_and_nothing_stops(gate: Gate) {
    let mut site = Site::open(gate.plan());
    assert_eq!(site.send(&sample("medium-finding")).code, 250);
    let held = site.sluse.held();
    site.sluse.kill();
    let sealed = site.sluse.state.join("sealed/held");
    fs::write(sealed.join("half-written.tmp"), b"half").unwrap();
    fs::write(sealed.join("no-such-item"), b"rubbish").unwrap();
    let id = held[0]["id"].as_str().unwrap();
    fs::write(sealed.join(id), b"not what was sealed").unwrap();
    site.sluse.start();
    let released = site.sluse.run(&["quarantine", "release", id]);
    assert_ne!(released.code, 0, "altered content was released");
    assert!(!released.err.contains("panick"), "{}", released.err);
    let trial = Trial::new("tross", 20);
    trial.send(site.gate, 4, PATIENCE);
    let account = close_books(&site, &trial);
    assert!(account.is_perfect(), "{account}");
    site.arrivals(0, "medium-finding@cpm.example");
}

fn a_log_that_cannot_be_written_stops_no_mail(gate: Gate) {
    let full = ["sh", "-c", "exec \"$@\" >/dev/full 2>&1", "sh"].map(str::to_owned).to_vec();
    let site = Site::open(Plan { launcher: full, ..gate.plan() });
    let trial = Trial::new("taus", 30);
    trial.send(site.gate, 4, PATIENCE);
    let account = close_books(&site, &trial);
    assert!(account.is_perfect(), "{account}");
    let decided = site.sluse.run(&["audit", "export"]).objects();
    let decided = decided.iter().filter(|row| row["act"] == "decided").count();
    assert!(decided >= 30, "{decided} audited");
}

fn only_key(state: &Path) -> PathBuf {
    let files = fs::read_dir(state).unwrap().map(|entry| entry.unwrap().path());
    let keys: Vec<_> = files.filter(|path| path.to_string_lossy().contains("master")).collect();
    assert_eq!(keys.len(), 1, "{keys:?}");
    keys[0].clone()
}
