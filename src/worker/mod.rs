//! Runs `extract` in child processes that can neither open files nor reach
//! the network.
//!
//! A message that hangs or bloats its reader costs one child and becomes a
//! gap; one whose reader dies is read once more first, because a machine short
//! of memory kills whom it likes. The next message meets a fresh child. Small plain messages
//! are read in this process, because a round trip costs more than they do.
//! Pictures that the child hands on are read by another program, when one is
//! switched on. What could not be read is a gap, and policy decides about gaps; only when no
//! child can be started at all is there an error, for then it is not the
//! message that is at fault.

mod child;
mod frame;
mod heap;
mod ocr;
mod process;
mod sandbox;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde::Deserialize;
use thiserror::Error;
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};
use tracing::warn;

pub use self::heap::bound_heap;
use self::{
    frame::Request,
    ocr::Ocr,
    process::{Failure, Process},
};
use crate::{
    base::limits::Limits,
    extract,
    model::{Extraction, FirstReading, Gap, GapKind, Kind, PartPath, Raw},
};

pub use crate::extract::{FormatRow, formats};

pub use self::ocr::{
    Absent, Engine, Languages, LanguagesError, Settings as OcrSettings, look_for as look_for_ocr,
    run_helper,
};

/// `[worker]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Child processes.
    pub processes: usize,
    /// Messages a child reads before it is replaced.
    pub messages: u32,
    /// Bytes of memory a child may use.
    pub memory: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { processes: 2, messages: 1000, memory: 512 << 20 }
    }
}

/// The pool of child processes. Dropping it kills them.
pub struct Workers {
    program: PathBuf,
    settings: Settings,
    limits: Limits,
    ocr: Option<Ocr>,
    /// One permit a child; waiting callers are served in order.
    turns: Semaphore,
    idle: Arc<Mutex<Idle>>,
    stopped: AtomicBool,
}

/// Children that wait for a message, the one that was busy last at the end.
#[derive(Default)]
struct Idle {
    children: Vec<Process>,
    /// Somebody looks after those that wait for long.
    is_watched: bool,
}

impl Workers {
    /// Prepares the pool; children start when they are first needed. `program`
    /// is this program, started as `sluse worker`. At least one child is
    /// allowed, whatever the settings say.
    pub fn new(program: PathBuf, settings: Settings, limits: Limits) -> Self {
        let turns = Semaphore::new(processes(&settings));
        let (idle, stopped) = (Arc::default(), AtomicBool::new(false));
        Self { program, settings, limits, ocr: None, turns, idle, stopped }
    }

    /// Has the pictures in messages read too, if `ocr` says so.
    #[must_use]
    pub fn with_ocr(mut self, ocr: OcrSettings) -> Self {
        self.limits.pictures = ocr.pictures();
        let (processes, memory) = (processes(&self.settings), self.settings.memory);
        self.ocr = match ocr.ocr {
            Engine::Off => None,
            Engine::Tesseract => Some(Ocr::new(&self.program, ocr, processes, memory)),
        };
        self
    }

    /// Reads `bytes`. What the message does to its reader – a crash, a hang,
    /// an overrun – is a gap.
    ///
    /// # Errors
    ///
    /// There is no reader, which is not the message's fault.
    pub async fn read(
        &self,
        kind: Kind,
        name: &str,
        bytes: &Raw,
    ) -> Result<Extraction, WorkerError> {
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > self.limits.message_bytes {
            return Ok(nothing_but(GapKind::TooBig, kind, name));
        }
        if kind == Kind::Message && is_small_and_plain(bytes) {
            return Ok(read_caught(&extract::read, kind, name, bytes, &self.limits).settle());
        }
        let turn = self.turns.acquire().await.map_err(|_| WorkerError::Stopped)?;
        let answer = self.read_outside(kind, name, bytes).await;
        // Pictures wait in a line of their own.
        drop(turn);
        match answer {
            Ok(reading) => Ok(self.read_pictures(reading).await),
            Err(Failure::Start(source)) => Err(WorkerError::Start(source)),
            Err(failure) => {
                warn!(reason = %failure, "a worker failed on a message");
                Ok(nothing_but(failure.gap(), kind, name))
            }
        }
    }

    async fn read_pictures(&self, reading: FirstReading) -> Extraction {
        match &self.ocr {
            Some(ocr) if !reading.pictures.is_empty() => ocr.finish(reading).await,
            Some(_) | None => reading.settle(),
        }
    }

    /// Ends the children: idle ones at once, busy ones after their answer.
    /// Returns when all are gone; a message read after that is a gap.
    pub async fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        let all = u32::try_from(processes(&self.settings)).unwrap_or(u32::MAX);
        // Fails only when somebody else has stopped the pool already.
        let busy = self.turns.acquire_many(all).await;
        self.turns.close();
        drop(busy);
        let children = std::mem::take(&mut self.idle().children);
        for child in children {
            child.end().await;
        }
    }

    async fn read_outside(
        &self,
        kind: Kind,
        name: &str,
        bytes: &[u8],
    ) -> Result<FirstReading, Failure> {
        let request = Request::new(kind, name, &self.limits, self.settings.memory, bytes)?;
        // One for all tries together.
        let deadline = Instant::now() + self.limits.time() + MARGIN;
        let mut child = self.take_child()?;
        let mut answer = child.read(&request, bytes, &self.limits, deadline).await;
        if let Err(Failure::Unread) = answer {
            // It died while idle, so this message is not to blame.
            child = Process::start(&self.program)?;
            answer = child.read(&request, bytes, &self.limits, deadline).await;
        }
        if let Err(failure) = &answer
            && failure.may_be_chance()
        {
            warn!(reason = %failure, "a worker died on a message, which is read once more");
            child = Process::start(&self.program)?;
            answer = child.read(&request, bytes, &self.limits, deadline).await;
        }
        if answer.is_ok() {
            self.put_back(child).await;
        }
        answer
    }

    fn take_child(&self) -> Result<Process, Failure> {
        let idle = self.idle().children.pop();
        idle.map_or_else(|| Process::start(&self.program), Ok)
    }

    async fn put_back(&self, child: Process) {
        if self.stopped.load(Ordering::SeqCst) || child.is_spent(self.settings.messages) {
            child.end().await;
            return;
        }
        let mut idle = self.idle();
        idle.children.push(child);
        if !std::mem::replace(&mut idle.is_watched, true) {
            tokio::spawn(send_home(Arc::downgrade(&self.idle)));
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        lock(&self.idle)
    }
}

/// Ends children that have waited for long, until none is left: a service with
/// nothing to do holds no memory for it.
async fn send_home(pool: Weak<Mutex<Idle>>) {
    loop {
        sleep(PATIENCE).await;
        let Some(pool) = pool.upgrade() else { return };
        let (long, is_watched) = {
            let mut idle = lock(&pool);
            let long = idle.children.extract_if(.., |child| child.idle() >= PATIENCE);
            let long: Vec<Process> = long.collect();
            idle.is_watched = !idle.children.is_empty();
            (long, idle.is_watched)
        };
        drop(pool);
        for child in long {
            child.end().await;
        }
        if !is_watched {
            return;
        }
    }
}

fn lock(idle: &Mutex<Idle>) -> MutexGuard<'_, Idle> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

/// There is no reader.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// The program of the readers does not start.
    #[error("a reader cannot be started")]
    Start(#[source] std::io::Error),
    /// The pool was stopped.
    #[error("the readers are stopped")]
    Stopped,
}

/// The child: reads frames from standard input until it ends.
pub fn run_child() -> ExitCode {
    run_child_with(extract::read_first)
}

/// The child with another reader than that of `extract`.
pub fn run_child_with<R, T>(reader: R) -> ExitCode
where
    R: Fn(Kind, &str, &[u8], &Limits) -> T,
    T: Into<FirstReading>,
{
    child::run(&reader)
}

fn processes(settings: &Settings) -> usize {
    settings.processes.clamp(1, MAX_PROCESSES)
}

fn is_small_and_plain(bytes: &[u8]) -> bool {
    bytes.len() <= SMALL
        && catch_unwind(AssertUnwindSafe(|| extract::is_plain_message(bytes))).unwrap_or(false)
}

/// Reads in this process; a panic is a gap.
fn read_caught<R, T>(
    reader: &R,
    kind: Kind,
    name: &str,
    bytes: &[u8],
    limits: &Limits,
) -> FirstReading
where
    R: Fn(Kind, &str, &[u8], &Limits) -> T,
    T: Into<FirstReading>,
{
    catch_unwind(AssertUnwindSafe(|| reader(kind, name, bytes, limits).into()))
        .unwrap_or_else(|_| nothing_but(GapKind::Broken, kind, name).into())
}

/// What is left when nothing could be read: one gap over the whole.
fn nothing_but(gap: GapKind, kind: Kind, name: &str) -> Extraction {
    let root = match kind {
        Kind::File => PartPath::root(name),
        Kind::Message => PartPath::root("message"),
        Kind::Text => PartPath::root("text"),
    };
    Extraction { fragments: Vec::new(), gaps: vec![Gap::new(gap, root)] }
}

/// What the way there and back may take beyond the time for reading.
const MARGIN: Duration = Duration::from_secs(1);
/// Up to here a plain message is read in less time than a child is told of it.
const SMALL: usize = 64 << 10;
/// How long a child waits for a message before it is ended.
const PATIENCE: Duration = Duration::from_secs(10);
/// More children than any machine has use for.
const MAX_PROCESSES: usize = 256;
