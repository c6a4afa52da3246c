//! Runs `extract` in child processes that can neither open files nor reach
//! the network.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use serde::Deserialize;

use crate::{
    base::limits::Limits,
    model::{Extraction, Kind},
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

/// The pool of child processes.
pub struct Workers;

impl Workers {
    /// Prepares the pool. `program` is this program, started as `sluse worker`.
    pub fn new(program: PathBuf, settings: Settings, limits: Limits) -> Self {
        todo!("{program:?} {settings:?} {limits:?}")
    }

    /// Reads `bytes`. Never fails: a crash, a hang or an overrun is a gap.
    pub async fn read(&self, kind: Kind, name: &str, bytes: &Arc<[u8]>) -> Extraction {
        todo!("{kind:?} {name} {}", bytes.len())
    }

    /// Ends the children.
    pub async fn stop(&self) {}
}

/// The child: reads frames from standard input until it ends.
pub fn run_child() -> ExitCode {
    todo!()
}
