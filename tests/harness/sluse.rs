//! The program under test: its settings in a temporary folder, started, killed
//! and asked through its command line.

use std::{
    fmt::Write as _,
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{PATIENCE, free_port, lines::Lines, until};

/// What the settings of a test differ in.
#[derive(Clone, Default)]
pub(crate) struct Plan {
    /// Whether the next hop is the sink itself, without Postfix between.
    pub(crate) direct: bool,
    /// The command that starts the program, such as `prlimit --nofile=64`.
    pub(crate) launcher: Vec<String>,
    /// `monitor`; enforced where empty.
    pub(crate) mode: &'static str,
    /// The policy file; the default policy where empty.
    pub(crate) policy: String,
    /// Whether there is a `[reinject]`.
    pub(crate) reinject: bool,
    /// `smtp:` or `lmtp:` where there is an `[smtp]`.
    pub(crate) smtp: &'static str,
    /// Whether the milter listens on TCP rather than on a unix socket.
    pub(crate) tcp: bool,
    /// The log level; `info` where empty.
    pub(crate) log: &'static str,
    /// Further sections of the settings.
    pub(crate) more: String,
    /// Where the state lives; in the test's folder where none.
    pub(crate) state: Option<PathBuf>,
    /// Where browsers reach its pages; an address of the house where empty.
    pub(crate) url: String,
}

/// A Sluse with a folder of its own.
pub(crate) struct Sluse {
    /// What it logged, over all its lives.
    pub(crate) log: Lines,
    /// `smtpd_milters` for Postfix.
    pub(crate) milter: String,
    /// The port of the SMTP listener.
    pub(crate) smtp: u16,
    /// The port of the web listener.
    pub(crate) web: u16,
    /// The folder of its state.
    pub(crate) state: PathBuf,
    dir: PathBuf,
    plan: Plan,
    child: Option<Child>,
}

impl Sluse {
    /// Writes the settings into `dir`. `behind` is Postfix's door behind the
    /// filter. Does not start anything.
    pub(crate) fn settle(dir: &Path, plan: Plan, behind: u16) -> Self {
        Self::settle_before(dir, plan, &format!("127.0.0.1:{behind}"))
    }

    /// The same, with the next hop as it stands in the settings.
    pub(crate) fn settle_before(dir: &Path, plan: Plan, next_hop: &str) -> Self {
        let state = plan.state.clone().unwrap_or_else(|| dir.join("state"));
        fs::create_dir_all(&state).unwrap();
        let milter = match plan.tcp {
            true => format!("inet:127.0.0.1:{}", free_port()),
            false => format!("unix:{}", dir.join("milter.sock").display()),
        };
        let web = free_port();
        let this = Self {
            log: Lines::default(),
            milter,
            smtp: free_port(),
            web,
            state,
            dir: dir.to_owned(),
            plan,
            child: None,
        };
        this.write_settings(next_hop);
        this
    }

    /// Starts it and waits until it is ready.
    pub(crate) fn start(&mut self) {
        self.spawn();
        let ready = || (self.milter_answers() && self.page("/readyz").0 == 200).then_some(());
        until("Sluse to be ready", PATIENCE, ready);
    }

    /// Starts it without waiting.
    pub(crate) fn spawn(&mut self) {
        // The death signal outlives exec: nothing stays behind a killed test.
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL"])
            .args(&self.plan.launcher)
            .args([BINARY, "serve", "--config"])
            .arg(self.settings())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("setpriv of util-linux");
        self.log.follow(child.stdout.take().unwrap());
        self.log.follow(child.stderr.take().unwrap());
        self.child = Some(child);
    }

    /// Sets the command that starts the program from now on.
    pub(crate) fn launch_with(&mut self, launcher: &[&str]) {
        self.plan.launcher = launcher.iter().map(|part| (*part).to_owned()).collect();
    }

    /// Ends it the hard way.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Its process.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(self.child.as_ref().expect("a running Sluse"))
    }

    /// Waits for it to end by itself.
    pub(crate) fn wait(&mut self) -> (ExitStatus, Duration) {
        let start = Instant::now();
        let mut child = self.child.take().expect("a running Sluse");
        let status = until("Sluse to end", PATIENCE, || child.try_wait().unwrap());
        (status, start.elapsed())
    }

    /// Runs a command of it with these settings.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.feed(args, b"")
    }

    /// Runs a command of it and gives it something to read.
    pub(crate) fn feed(&self, args: &[&str], input: &[u8]) -> Ran {
        let mut child = Command::new(BINARY)
            .args(args)
            .arg("--config")
            .arg(self.settings())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let input = input.to_vec();
        let feed = std::thread::spawn(move || pipe.write_all(&input));
        let output = child.wait_with_output().unwrap();
        let _ = feed.join();
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Whether it has mail in its outbox.
    pub(crate) fn has_mail(&self) -> bool {
        !self.run(&["outbox", "list", "--format", "json"]).objects().is_empty()
    }

    /// What the quarantine holds, as its list says.
    pub(crate) fn held(&self) -> Vec<Value> {
        let ran = self.run(&["quarantine", "list", "--limit", "100000", "--format", "json"]);
        assert_eq!(ran.code, 0, "quarantine list: {}", ran.err);
        ran.objects()
    }

    /// Takes the certificate of a correspondent into use.
    pub(crate) fn trust(&self, certificate: &[u8]) {
        let ran = self.feed(&["keys", "import", "-"], certificate);
        assert_eq!(ran.code, 0, "keys import: {}", ran.err);
    }

    /// The status and body of a page of the web listener; 0 when there is no
    /// answer.
    pub(crate) fn page(&self, path: &str) -> (u16, String) {
        let ask = || {
            let mut stream = TcpStream::connect(("127.0.0.1", self.web))?;
            let request =
                format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes())?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            std::io::Result::Ok(answer)
        };
        let answer = ask().unwrap_or_default();
        let status = answer.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
        (status, body.unwrap_or_default())
    }

    /// The settings file.
    pub(crate) fn settings(&self) -> PathBuf {
        self.dir.join("sluse.toml")
    }

    /// The policy file.
    pub(crate) fn policy(&self) -> PathBuf {
        self.dir.join("policy.toml")
    }

    fn milter_answers(&self) -> bool {
        match self.milter.split_once(':') {
            Some(("unix", path)) => UnixStream::connect(path).is_ok(),
            Some((_, address)) => TcpStream::connect(address).is_ok(),
            None => false,
        }
    }

    fn write_settings(&self, next_hop: &str) {
        let plan = &self.plan;
        let mut text = format!(
            "[gateway]\ndomains = [\"cpm.example\"]\nstate = {:?}\n",
            self.state.display().to_string()
        );
        if !plan.mode.is_empty() {
            writeln!(text, "mode = {:?}", plan.mode).unwrap();
        }
        if !plan.policy.is_empty() {
            fs::write(self.policy(), &plan.policy).unwrap();
            writeln!(text, "policy = {:?}", self.policy().display().to_string()).unwrap();
        }
        writeln!(text, "[milter]\nlisten = {:?}", self.milter).unwrap();
        if !plan.tcp {
            // Postfix connects as its own user.
            writeln!(text, "socket_mode = 0o666").unwrap();
        }
        if plan.reinject {
            writeln!(text, "[reinject]\nto = {next_hop:?}").unwrap();
        }
        if !plan.smtp.is_empty() {
            let listen = format!("{}127.0.0.1:{}", plan.smtp, self.smtp);
            writeln!(text, "[smtp]\nlisten = {listen:?}\nnext_hop = {next_hop:?}").unwrap();
        }
        let level = if plan.log.is_empty() { "info" } else { plan.log };
        writeln!(text, "[log]\nformat = \"json\"\nlevel = {level:?}").unwrap();
        let url = match plan.url.as_str() {
            "" => "https://sluse.cpm.example",
            url => url,
        };
        writeln!(text, "[web]\nlisten = \"127.0.0.1:{}\"\npublic_url = {url:?}", self.web).unwrap();
        text.push_str(&plan.more);
        fs::write(self.settings(), text).unwrap();
    }
}

impl Drop for Sluse {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Its exit code; -1 when it was killed.
    pub(crate) code: i32,
    /// Its standard output.
    pub(crate) out: String,
    /// Its standard error.
    pub(crate) err: String,
}

impl Ran {
    /// The JSON objects of the output, one a line.
    pub(crate) fn objects(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}

const BINARY: &str = env!("CARGO_BIN_EXE_sluse");
