//! Other mail servers of Debian than Postfix, each with the recipe of `deploy/`
//! in its configuration and all of its mail on the way to the sink.
//!
//! Debian allows one mail server a machine, so `tests/mta/root.sh` runs these
//! in a mount namespace of their own. Needs root; ends with the test, also when
//! the test is killed.

use std::{
    fs,
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Once,
};

use rustix::process::{Pid, Signal, kill_process};

use super::{PATIENCE, free_port, lines::Lines, until};

/// Which mail server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Dovecot,
    Exim,
    OpenSmtpd,
    Sendmail,
}

/// A mail server that runs until it is dropped.
pub(crate) struct Mta {
    /// What it wrote into its log.
    pub(crate) log: Lines,
    /// The folder it sees as `/host`.
    pub(crate) host: PathBuf,
    child: Child,
}

/// The doors of a mail server, and those of its neighbours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doors {
    /// Where mail comes in.
    pub(crate) front: u16,
    /// Where Sluse gives back what passes.
    pub(crate) behind: u16,
    /// Where the server sends what passed.
    pub(crate) sink: u16,
}

impl Doors {
    /// Two free ports in front of this sink.
    pub(crate) fn to(sink: u16) -> Self {
        Self { front: free_port(), behind: free_port(), sink }
    }
}

impl Mta {
    /// Starts a server that sees `dir` as `/host`. `filter` is the place of
    /// Sluse: a port, or the socket of the milter.
    pub(crate) fn start(kind: Kind, dir: &Path, doors: Doors, filter: &str) -> Self {
        fetch();
        let host = dir.to_owned();
        fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(host.join(kind.file()), kind.settings(doors, filter)).unwrap();
        // The death signal outlives exec and unshare.
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", ROOT, "run", kind.name()])
            .arg(&host)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("setpriv of util-linux");
        let log = Lines::default();
        log.follow(child.stdout.take().unwrap());
        log.follow(child.stderr.take().unwrap());
        until(kind.name(), PATIENCE, || {
            assert!(child.try_wait().unwrap().is_none(), "{kind:?}: {:#?}", log.all());
            TcpStream::connect(("127.0.0.1", doors.front)).ok()
        });
        Self { log, host, child }
    }
}

impl Drop for Mta {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Dovecot => "dovecot",
            Self::Exim => "exim",
            Self::OpenSmtpd => "opensmtpd",
            Self::Sendmail => "sendmail",
        }
    }

    fn file(self) -> &'static str {
        match self {
            Self::Dovecot => "dovecot.conf",
            Self::Exim => "exim.conf",
            Self::OpenSmtpd => "smtpd.conf",
            Self::Sendmail => "sendmail.mc",
        }
    }

    fn settings(self, doors: Doors, filter: &str) -> String {
        let ours = |recipe: &str| {
            let recipe = recipe.replace("7014", filter).replace("10026", &doors.behind.to_string());
            recipe.replace("local:/run/sluse/milter.sock", filter)
        };
        let text = match self {
            Self::Dovecot => include_str!("../mta/dovecot.conf").to_owned(),
            Self::Exim => include_str!("../mta/exim.conf")
                .replace("@ROUTER@", &ours(include_str!("../../deploy/exim/router.sluse")))
                .replace("@TRANSPORT@", &ours(include_str!("../../deploy/exim/transport.sluse"))),
            Self::OpenSmtpd => include_str!("../mta/smtpd.conf").replace(
                "@RECIPE@",
                &ours(include_str!("../../deploy/opensmtpd/smtpd.conf.sluse")),
            ),
            Self::Sendmail => include_str!("../mta/sendmail.mc")
                .replace("@RECIPE@", &ours(include_str!("../../deploy/sendmail/sluse.mc"))),
        };
        text.replace("@FRONT@", &doors.front.to_string())
            .replace("@BEHIND@", &doors.behind.to_string())
            .replace("@SINK@", &doors.sink.to_string())
    }
}

/// Gets the packages, once for all tests.
fn fetch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let fetched = Command::new(ROOT).arg("fetch").status();
        assert!(
            fetched.is_ok_and(|status| status.success()),
            "these tests need root and Debian's packages"
        );
    });
}

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mta/root.sh");
