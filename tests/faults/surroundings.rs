//! Poor surroundings: few files, a strange environment, a wrong clock.

use crate::{
    Gate, at_both_gates,
    books::close_books,
    harness::{PATIENCE, samples::sample, site::Site, sluse::Plan, trial::Trial},
};

at_both_gates! {
    few_open_files_delay_and_lose_nothing,
    an_empty_environment_is_enough,
    a_clock_a_year_ahead_destroys_nothing,
}

fn few_open_files_delay_and_lose_nothing(gate: Gate) {
    let few = ["prlimit", "--nofile=64"].map(str::to_owned).to_vec();
    let site = Site::open(Plan { launcher: few, ..gate.plan() });
    let trial = Trial::new("filer", 60);
    trial.send(site.gate, 20, PATIENCE * 2);
    let account = close_books(&site, &trial);
    assert!(account.is_perfect(), "{account}");
}

fn an_empty_environment_is_enough(gate: Gate) {
    let bare = ["env", "-i", "LANG=C", "TMPDIR=/nonexistent"].map(str::to_owned).to_vec();
    let site = Site::open(Plan { launcher: bare, ..gate.plan() });
    let trial = Trial::new("bart", 20);
    trial.send(site.gate, 4, PATIENCE);
    let account = close_books(&site, &trial);
    assert!(account.is_perfect(), "{account}");
}

fn a_clock_a_year_ahead_destroys_nothing(gate: Gate) {
    let mut site = Site::open(gate.plan());
    assert_eq!(site.send(&sample("medium-finding")).code, 250);
    let before = site.sluse.held();
    site.sluse.kill();
    for jump in ["+400d", "-2d"] {
        // Without the program `faketime`, which would stand between us and it.
        site.sluse.launch_with(&["env", FAKETIME, &format!("FAKETIME={jump}")]);
        site.sluse.start();
        let trial = Trial::new(&format!("klokke{}", jump.len()), 10);
        trial.send(site.gate, 2, PATIENCE);
        let account = close_books(&site, &trial);
        assert!(account.is_perfect(), "{jump}: {account}");
        site.sluse.kill();
    }
    site.sluse.launch_with(&[]);
    site.sluse.start();
    let id = before[0]["id"].as_str().unwrap();
    assert_eq!(site.sluse.run(&["quarantine", "release", id]).code, 0);
    let arrived = &site.arrivals(1, "medium-finding@cpm.example")[0];
    assert!(arrived.is_untouched(&sample("medium-finding").bytes));
}

/// Debian's library of the package faketime; the loader knows `$LIB`.
const FAKETIME: &str = "LD_PRELOAD=/usr/$LIB/faketime/libfaketime.so.1";
