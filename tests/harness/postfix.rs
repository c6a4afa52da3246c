//! A private Postfix: its own configuration, queue and data folders, two doors
//! on high ports of 127.0.0.1, and every message on its way to the sink.
//!
//! Needs root and Debian's package (`deploy/packages.sh` installs it), and
//! fails with that advice where they are missing. Never touches
//! `/etc/postfix`, and ends with the test, also when the test is killed.

use std::{
    fs,
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{PATIENCE, free_port, lines::Lines, until};

/// A Postfix that runs until it is dropped.
pub(crate) struct Postfix {
    /// The door with the filter.
    pub(crate) gate: u16,
    /// The door behind the filter.
    pub(crate) behind: u16,
    /// What Postfix wrote into its log.
    pub(crate) log: Lines,
    queues: PathBuf,
    child: Child,
}

impl Postfix {
    /// The ports that a Postfix will use: (gate, behind).
    pub(crate) fn doors() -> (u16, u16) {
        (free_port(), free_port())
    }

    /// Starts Postfix in `dir` with these doors. `milter` is written as in
    /// `smtpd_milters`; all mail goes on to the port `sink`.
    pub(crate) fn start(dir: &Path, doors: (u16, u16), milter: &str, sink: u16) -> Self {
        Self::start_with(dir, doors, milter, sink, ["", ""])
    }

    /// The same, with more lines for `main.cf` and `master.cf`. More options
    /// of the gate may follow the milter, a line each.
    pub(crate) fn start_with(
        dir: &Path,
        doors: (u16, u16),
        milter: &str,
        sink: u16,
        more: [&str; 2],
    ) -> Self {
        let conf = lay_out(dir, doors, milter, sink);
        for (name, more) in ["main.cf", "master.cf"].into_iter().zip(more) {
            let file = conf.join(name);
            let text = fs::read_to_string(&file).unwrap();
            fs::write(file, format!("{text}\n{more}\n")).unwrap();
        }
        // `postfix start` would check every file for two seconds. The death
        // signal outlives exec: no Postfix stays behind a killed test.
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", MASTER_PROGRAM, "-s", "-c"])
            .arg(&conf)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("setpriv of util-linux");
        let log = Lines::default();
        log.follow(child.stdout.take().unwrap());
        log.follow(child.stderr.take().unwrap());
        let up = log.wait(0, PATIENCE, |line| line.contains("daemon started"));
        assert!(up.is_some(), "{ADVICE}\n{}", log.all().join("\n"));
        until("Postfix at its door", PATIENCE, || TcpStream::connect(("127.0.0.1", doors.1)).ok());
        Self { gate: doors.0, behind: doors.1, log, queues: dir.join("queue"), child }
    }
}

impl Postfix {
    /// Whether it has taken mail that it has neither passed on nor returned.
    /// It hashes two of its queues into folders of one letter.
    pub(crate) fn has_mail(&self) -> bool {
        fn has_file(folder: &Path) -> bool {
            let Ok(entries) = fs::read_dir(folder) else { return false };
            entries.flatten().any(|entry| match entry.file_type() {
                Ok(kind) if kind.is_dir() => has_file(&entry.path()),
                Ok(kind) => kind.is_file(),
                Err(_) => false,
            })
        }
        ["active", "deferred", "incoming", "maildrop"]
            .iter()
            .any(|name| has_file(&self.queues.join(name)))
    }

    /// Kills those of its processes that run this program, such as `smtpd`.
    /// Gives how many.
    pub(crate) fn kill(&self, program: &str) -> usize {
        let master = self.child.id().to_string();
        let listed = Command::new("pgrep").args(["-P", &master, "-x", program]).output();
        let listed = String::from_utf8(listed.expect("pgrep").stdout).unwrap();
        let found: Vec<i32> = listed.lines().filter_map(|line| line.parse().ok()).collect();
        for pid in found.iter().filter_map(|pid| Pid::from_raw(*pid)) {
            // It may just have ended by itself.
            let _ = kill_process(pid, Signal::KILL);
        }
        found.len()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

/// Writes the configuration and makes the folders.
fn lay_out(dir: &Path, doors: (u16, u16), milter: &str, sink: u16) -> PathBuf {
    let conf = dir.join("conf");
    for folder in [&conf, &dir.join("queue"), &dir.join("data")] {
        fs::create_dir_all(folder).unwrap();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
    let queues = QUEUES.map(|name| dir.join("queue").join(name));
    for queue in &queues {
        fs::create_dir_all(queue).unwrap();
    }
    fs::create_dir_all(dir.join("queue/pid")).unwrap();
    let owned = Command::new("chown").arg("postfix").arg(dir.join("data")).args(&queues).output();
    assert!(owned.is_ok_and(|done| done.status.success()), "{ADVICE}");
    for (name, template) in [("main.cf", MAIN), ("master.cf", MASTER)] {
        let text = template
            .replace("@DIR@", &dir.to_string_lossy())
            .replace("@SINK@", &sink.to_string())
            .replace("@GATE@", &doors.0.to_string())
            .replace("@BEHIND@", &doors.1.to_string())
            .replace("@MILTER@", milter);
        fs::write(conf.join(name), text).unwrap();
    }
    conf
}

const MAIN: &str = include_str!("../../deploy/rehearse/main.cf");
const MASTER: &str = include_str!("../../deploy/rehearse/master.cf");
const MASTER_PROGRAM: &str = "/usr/lib/postfix/sbin/master";
const QUEUES: [&str; 13] = [
    "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop",
    "private", "public", "saved", "trace",
];
const ADVICE: &str = "these tests need root and Debian's Postfix: run deploy/packages.sh as root";
