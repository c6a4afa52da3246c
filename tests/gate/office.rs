//! A gate with everything behind it, and what can be seen of it afterwards.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use jiff::{SignedDuration, Timestamp};
use sequoia_openpgp::{
    Cert,
    cert::{CertBuilder, CipherSuite},
    serialize::SerializeInto,
};
use serde_json::Value;
use sluse::{
    base::{
        clock::{Clock, FixedClock},
        id::EventId,
        limits::Limits,
    },
    detect,
    gate::{
        AccountSettings, Fate, Gate, GatewaySettings, Judge, Outcome, Parts, ReviewSettings,
        Rulebook, RulebookError, Settings, Taken,
    },
    model::{Address, Channel, Envelope, Reviewer, Wish, Wishes},
    notify,
    policy::Mode,
    protect::Protector,
    relay::{self, NextHop},
    store::{Held, HeldFilter, OutboxFilter, OutboxItem, Store},
    worker::{self, Workers},
};
use tempfile::TempDir;
use tracing::subscriber::DefaultGuard;

use crate::fake_hop::Sink;

/// A folder with a state of its own, a clock, and a next hop.
pub(crate) struct Office {
    root: TempDir,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) hop: Sink,
}

/// What is special about a gate.
pub(crate) struct Plan {
    pub(crate) digest: &'static str,
    pub(crate) mode: Mode,
    /// How long the store waits for a database that is locked.
    pub(crate) patience: Duration,
    pub(crate) policy: Option<&'static str>,
    pub(crate) program: PathBuf,
    pub(crate) reinject: bool,
}

impl Default for Plan {
    fn default() -> Self {
        let program = env!("CARGO_BIN_EXE_sluse").into();
        let patience = Duration::from_secs(4);
        Self { digest: "", mode: Mode::Enforce, patience, policy: None, program, reinject: true }
    }
}

impl Office {
    pub(crate) fn new() -> Self {
        let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let clock = Arc::new(FixedClock::new(start));
        Self { root: tempfile::tempdir().unwrap(), clock, hop: Sink::open() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.root.path().join("state")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A gate that enforces the built-in policy and can send.
    pub(crate) async fn gate(&self) -> Gate {
        self.gate_with(Plan::default()).await
    }

    pub(crate) async fn gate_with(&self, plan: Plan) -> Gate {
        self.gate_by(plan, self.clock.clone()).await
    }

    /// A gate with a clock of its own; the store keeps that of the office.
    pub(crate) async fn gate_by(&self, plan: Plan, clock: Arc<dyn Clock>) -> Gate {
        let book = self.book(&plan).unwrap();
        let limits = Limits::default();
        let hop: relay::Target = format!("127.0.0.1:{}", self.hop.port).parse().unwrap();
        Gate::new(Parts {
            book,
            clock,
            hop: plan.reinject.then(|| NextHop::new(&relay::Settings::to(hop))),
            protector: Protector::open(self.state().join("certs")).unwrap(),
            store: Store::open_patiently(&self.state(), None, self.clock.clone(), plan.patience)
                .await
                .unwrap(),
            workers: Arc::new(Workers::new(plan.program, worker::Settings::default(), limits)),
        })
    }

    pub(crate) fn book(&self, plan: &Plan) -> Result<Rulebook, RulebookError> {
        let domains = vec!["cpm.example".to_owned()];
        let url = "https://sluse.cpm.example".parse().unwrap();
        let letterhead = notify::Settings::default().letterhead(&domains, Some(url)).unwrap();
        let policy = plan.policy.map(|text| {
            let file = self.file("policy.toml");
            fs::write(&file, text).unwrap();
            file
        });
        let review = ReviewSettings::default();
        let gateway = GatewaySettings { domains, mode: plan.mode, policy, ..nowhere(self) };
        let (detect, limits) = (detect::Settings::default(), Limits::default());
        let digest = toml::from_str(plan.digest).unwrap();
        let accounts = AccountSettings::default();
        Rulebook::load(Settings { accounts, detect, digest, gateway, letterhead, limits, review })
    }

    /// Gives `address` a certificate that lasts for `life`.
    pub(crate) fn key(&self, gate: &Gate, address: &str, life: Option<SignedDuration>) -> Cert {
        let day = SignedDuration::from_hours(24);
        let since_epoch = (self.clock.now() - day).duration_since(Timestamp::UNIX_EPOCH);
        let born = SystemTime::UNIX_EPOCH + since_epoch.unsigned_abs();
        let life = life.map(|life| (life + day).unsigned_abs());
        let builder = CertBuilder::general_purpose(Some(address)).set_creation_time(born);
        let builder = builder.set_validity_period(life).set_cipher_suite(CipherSuite::Cv25519);
        let (cert, _) = builder.generate().unwrap();
        gate.protector().import(&cert.to_vec().unwrap(), None).unwrap();
        cert
    }
}

fn nowhere(office: &Office) -> GatewaySettings {
    GatewaySettings { state: office.state(), keep_days: 30, ..GatewaySettings::nowhere() }
}

/// Kari's mail to `to`, as a milter hands it over.
pub(crate) async fn submit(gate: &Gate, to: &[&str], raw: &[u8]) -> Outcome {
    submit_as(gate, MILTER, Some(KARI), to, raw).await
}

pub(crate) async fn submit_as(
    gate: &Gate,
    channel: Channel,
    from: Option<&str>,
    to: &[&str],
    raw: &[u8],
) -> Outcome {
    submit_wishing(gate, channel, (from, to), raw, Wishes::default()).await
}

/// With what the sender wishes to be told.
pub(crate) async fn submit_wishing(
    gate: &Gate,
    channel: Channel,
    (from, to): (Option<&str>, &[&str]),
    raw: &[u8],
    wishes: Wishes,
) -> Outcome {
    gate.judge(Taken { channel, envelope: envelope(from, to), raw: raw.into(), wishes }).await
}

/// The same wish about each of these.
pub(crate) fn wishes(to: &[&str], wish: &Wish) -> Wishes {
    to.iter().map(|to| (address(to), wish.clone())).collect()
}

pub(crate) fn envelope(from: Option<&str>, to: &[&str]) -> Envelope {
    let recipients = to.iter().map(|to| address(to)).collect();
    Envelope { sender: from.map(address), recipients }
}

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

pub(crate) fn vakt() -> Reviewer {
    Reviewer::new("Vakt", "sak 12").unwrap()
}

/// The word for what `outcome` says about `to`, in at most one answer.
pub(crate) fn fate<'a>(outcome: &'a Outcome, to: &str) -> &'a Fate {
    let to = address(to);
    let mut about = outcome.answers.iter().filter(|answer| answer.recipients.contains(&to));
    let answer = about.next().unwrap();
    assert!(about.next().is_none(), "{outcome:?}");
    &answer.fate
}

/// Each recipient with what was said, in the order of addresses.
pub(crate) fn fates(outcome: &Outcome) -> Vec<(String, &'static str)> {
    let word = |fate: &Fate| match fate {
        Fate::Deferred(_) => "deferred",
        Fate::Delivered(_) => "delivered",
        Fate::Kept => "kept",
        Fate::Refused(_) => "refused",
    };
    let answers = outcome.answers.iter();
    let mut fates: Vec<_> = answers
        .flat_map(|answer| {
            answer.recipients.iter().map(move |to| (to.to_string(), word(&answer.fate)))
        })
        .collect();
    fates.sort();
    fates
}

pub(crate) fn all(outcome: &Outcome, wanted: &str) -> bool {
    fates(outcome).iter().all(|(_, fate)| *fate == wanted)
}

/// Everything that is held, in any state.
pub(crate) async fn held(gate: &Gate) -> Vec<Held> {
    gate.store().held(&HeldFilter::default()).await.unwrap()
}

/// What is left of a message: holds, outbox items, and rows of the audit log.
pub(crate) async fn traces(gate: &Gate, event: EventId) -> (usize, usize, usize) {
    let held = held(gate).await.iter().filter(|held| held.event == event).count();
    let queued = queued(gate).await.iter().filter(|item| item.event == event).count();
    (held, queued, acts(gate, event).await.len())
}

pub(crate) async fn queued(gate: &Gate) -> Vec<OutboxItem> {
    gate.store().outbox(&OutboxFilter::default()).await.unwrap()
}

/// The audit log: what was done, and the facts.
pub(crate) async fn audit(gate: &Gate) -> Vec<(String, Value)> {
    let rows = gate.store().audit_page(1, 0).await.unwrap();
    rows.into_iter().map(|row| (row.act, row.facts)).collect()
}

pub(crate) async fn acts(gate: &Gate, event: EventId) -> Vec<String> {
    let rows = gate.store().event_audit(event).await.unwrap();
    rows.into_iter().map(|row| row.act).collect()
}

/// The reasons of all rulings about the last message.
pub(crate) async fn last_reasons(gate: &Gate) -> String {
    let (_, facts) = audit(gate).await.pop().unwrap();
    facts["rulings"].to_string()
}

/// Lines logged by this test from now on, at every level of ours.
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>, #[expect(dead_code, reason = "a guard")] DefaultGuard);

impl Log {
    pub(crate) fn start() -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&lines);
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || Pen(Arc::clone(&writer)))
            .finish();
        Self(lines, tracing::subscriber::set_default(subscriber))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

struct Pen(Arc<Mutex<Vec<u8>>>);

impl Write for Pen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A message that the gateway sent, without its mark, which must be there.
pub(crate) fn unmarked(bytes: &[u8]) -> &[u8] {
    let rest = bytes.strip_prefix(b"X-Sluse-Passed: v=1; t=").unwrap();
    let ends = memchr::memmem::find_iter(rest, b"\r\n");
    let end = ends.map(|at| at + 2).find(|at| rest[*at] != b' ').unwrap();
    &rest[end..]
}

/// Whether `bytes` stand in any file below `folder`.
pub(crate) fn stands_in(folder: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return stands_in(&path, bytes);
        }
        memchr::memmem::find(&fs::read(&path).unwrap(), bytes).is_some()
    })
}

pub(crate) const KARI: &str = "kari@cpm.example";
pub(crate) const OLA: &str = "ola@partner.example";
pub(crate) const PER: &str = "per@partner.example";
pub(crate) const EVA: &str = "eva@cpm.example";
/// One answer and one body for all.
pub(crate) const MILTER: Channel =
    Channel { answers_each: false, passes_some: true, reinjects: false, replaces: true };
/// An answer for each recipient.
pub(crate) const RELAY: Channel =
    Channel { answers_each: true, passes_some: true, reinjects: false, replaces: true };
/// One answer for all, and what is passed on goes to all.
pub(crate) const SMTP: Channel =
    Channel { answers_each: false, passes_some: false, reinjects: false, replaces: false };
