//! A state folder to try things in, and messages to put there.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};

use sluse::{
    base::{
        clock::{Clock, FixedClock},
        id::EventId,
    },
    model::{Act, Address, Direction, Envelope, Event, Level, Raw, Reading, Reviewer, Wishes},
    policy::{Parcel, Policy},
    store::{Change, Counts, HeldId, NewHold, NewQueued, Placed, Purpose, Store, StoreError},
};

/// A state folder with a clock that stands still.
pub(crate) struct Place {
    root: tempfile::TempDir,
    pub(crate) clock: Arc<FixedClock>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let clock = Arc::new(FixedClock::new(start));
        Self { root: tempfile::tempdir().unwrap(), clock }
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.root.path().join("state")
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) async fn open(&self) -> Store {
        self.try_open().await.unwrap()
    }

    pub(crate) async fn try_open(&self) -> Result<Store, StoreError> {
        Store::open(&self.folder(), None, self.clock.clone()).await
    }

    pub(crate) async fn counts(&self, store: &Store) -> Counts {
        store.counts(self.now(), self.now()).await.unwrap()
    }

    pub(crate) async fn connect(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.folder().join("sluse.db"));
        options.connect().await.unwrap()
    }

    pub(crate) async fn tamper(&self, statements: &'static str) {
        sqlx::raw_sql(statements).execute(&mut self.connect().await).await.unwrap();
    }

    /// Files of sealed content.
    pub(crate) fn contents(&self) -> Vec<PathBuf> {
        files(&self.folder().join("sealed"))
    }

    /// Files in which these bytes stand.
    pub(crate) fn files_with(&self, bytes: &[u8]) -> Vec<PathBuf> {
        let mut all = files(&self.folder());
        let has = |path: &PathBuf| memchr::memmem::find(&fs::read(path).unwrap(), bytes).is_some();
        all.retain(has);
        all
    }
}

pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// A file system of its own with hardly any room.
pub(crate) struct SmallDisk(pub(crate) PathBuf);

impl SmallDisk {
    pub(crate) fn mount(under: &Path) -> Option<Self> {
        let path = under.join("disk");
        fs::create_dir(&path).unwrap();
        Self::mount_at(path, "size=2m,mode=700")
    }

    pub(crate) fn mount_at(path: PathBuf, options: &str) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&path);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then_some(Self(path))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _done = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

pub(crate) async fn hold(store: &Store, raw: &[u8]) -> HeldId {
    let new = new_hold(event(store, raw), &["ola@out.example"], raw);
    let change = Change { holds: vec![new], ..Change::default() };
    match store.commit(change).await.unwrap().holds[0] {
        Placed::New(id) => id,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn sealed_key(place: &Place, id: HeldId) -> Option<String> {
    sqlx::query_scalar("SELECT sealed_key FROM held WHERE id = $1")
        .bind(id.to_string())
        .fetch_one(&mut place.connect().await)
        .await
        .unwrap()
}

pub(crate) async fn acts(store: &Store) -> Vec<String> {
    store.audit_page(1, 0).await.unwrap().into_iter().map(|row| row.act).collect()
}

/// Held for one recipient, copied to another, and the sender is told.
pub(crate) fn full_change(store: &Store) -> Change {
    let event = event(store, RAW);
    Change {
        holds: vec![new_hold(event, &["ola@out.example"], RAW)],
        queue: vec![
            new_queued(event, Purpose::Copy, &["per@out.example"], RAW),
            new_queued(event, Purpose::Notice, &["kari@cpm.example"], b"Varsel"),
        ],
        events: vec![
            Event::of_gate(event, Act::Decided, facts()),
            Event::of_gate(event, Act::Notified, json!({})),
        ],
        counts: vec![("notices".to_owned(), 1)],
        ..Change::default()
    }
}

pub(crate) fn decided(store: &Store, n: usize) -> Change {
    let event = event(store, format!("melding {n}").as_bytes());
    Change { events: vec![Event::of_gate(event, Act::Decided, facts())], ..Change::default() }
}

pub(crate) fn facts() -> Value {
    json!({
        "rulings": [{ "verdict": "hold", "recipients": 1, "route": "default",
                      "reasons": ["no.fnr:high"] }],
        "direction": "outbound", "size": RAW.len(), "packs": [],
    })
}

pub(crate) fn event(store: &Store, raw: &[u8]) -> EventId {
    store.event_id(&envelope(&["ola@out.example", "per@out.example"]), &Raw::from(raw))
}

pub(crate) fn envelope(to: &[&str]) -> Envelope {
    let recipients = to.iter().map(|text| address(text)).collect();
    Envelope { sender: Some(address("kari@cpm.example")), recipients }
}

pub(crate) fn new_hold(event: EventId, to: &[&str], raw: &[u8]) -> NewHold {
    NewHold {
        event,
        envelope: envelope(to),
        direction: Direction::Outbound,
        reasons: vec!["no.fnr:high".to_owned()],
        routes: vec!["outbound numbers".to_owned()],
        rules: vec!["no.fnr".to_owned()],
        level: Some(Level::High),
        message_id: Some("<1@cpm.example>".to_owned()),
        raw: raw.into(),
        keep_days: 30,
        released_days: 30,
        persons: vec![],
        wishes: Wishes::default(),
    }
}

/// A parcel, cleared by a policy that releases whatever it is asked to.
pub(crate) fn new_queued(event: EventId, purpose: Purpose, to: &[&str], raw: &[u8]) -> NewQueued {
    let digest = Sha256::digest(raw).into();
    let reading = Reading { digest, findings: Vec::new(), gaps: Vec::new() };
    let envelope = envelope(to);
    let cleared = Policy::built_in().clear_released(&reading, &envelope, &reviewer());
    let parcel = Parcel::new(cleared, envelope.sender, raw.into()).unwrap();
    NewQueued { event, purpose, parcel, limit_key: None, wishes: Wishes::default() }
}

pub(crate) fn reviewer() -> Reviewer {
    Reviewer::new("Vakt", "sak 12").unwrap()
}

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

pub(crate) const SECRET: &str = "13827830652";
pub(crate) const RAW: &[u8] =
    b"From: kari@cpm.example\r\nSubject: hei\r\n\r\nFnr 13827830652 til deg.\r\n";
