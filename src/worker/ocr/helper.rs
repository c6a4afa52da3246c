//! The child's side: shuts itself in and becomes tesseract.
//!
//! Whatever goes wrong ends the process before tesseract starts.

use std::{
    ffi::OsString,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Command, ExitCode},
    time::Duration,
};

use super::{Languages, tesseract::Layout};
use crate::worker::sandbox;

/// What to run, and how far it may go.
pub(super) struct Task {
    pub(super) program: PathBuf,
    /// Bytes of address space.
    pub(super) memory: u64,
    /// Seconds of processor time.
    pub(super) seconds: u64,
    pub(super) languages: Languages,
    pub(super) layout: Layout,
}

impl Task {
    /// The arguments that [`run`] is started with, behind the program.
    pub(super) fn to_arguments(&self) -> [OsString; 6] {
        let layout = match self.layout {
            Layout::Page => "page",
            Layout::Scattered => "scattered",
        };
        [
            "worker".into(),
            self.program.clone().into(),
            self.memory.to_string().into(),
            self.seconds.to_string().into(),
            self.languages.to_string().into(),
            layout.into(),
        ]
    }

    fn from_arguments(arguments: &[OsString]) -> Option<Self> {
        let [program, rest @ ..] = arguments else { return None };
        let rest: Vec<&str> = rest.iter().filter_map(|text| text.to_str()).collect();
        let [memory, seconds, languages, layout] = rest[..] else { return None };
        Some(Self {
            program: program.into(),
            memory: memory.parse().ok()?,
            seconds: seconds.parse().ok()?,
            languages: languages.parse().ok()?,
            layout: match layout {
                "page" => Layout::Page,
                "scattered" => Layout::Scattered,
                _ => return None,
            },
        })
    }
}

/// Shuts this process in and runs tesseract in its place; returns only when
/// that fails. `arguments` are those behind `worker`.
pub fn run(arguments: &[OsString]) -> ExitCode {
    let Some(task) = Task::from_arguments(arguments) else { return ExitCode::from(USAGE) };
    let time = Duration::from_secs(task.seconds);
    if sandbox::enter_to_run(&task.program, task.memory, time).is_err() {
        return ExitCode::FAILURE;
    }
    let layout = match task.layout {
        Layout::Page => "3",
        Layout::Scattered => "11",
    };
    // Does not return when it works.
    let _error = Command::new(&task.program)
        .args(["stdin", "stdout", "-l", &task.languages.to_string(), "--psm", layout])
        .args(["-c", "tessedit_create_tsv=1"])
        .env_clear()
        .env("OMP_THREAD_LIMIT", "1")
        .exec();
    ExitCode::FAILURE
}

const USAGE: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_arrives_as_it_was_sent() {
        let task = Task {
            program: "/usr/bin/tesseract".into(),
            memory: 1 << 29,
            seconds: 10,
            languages: "nor+eng".parse().unwrap(),
            layout: Layout::Scattered,
        };
        let sent = task.to_arguments();
        let arrived = Task::from_arguments(&sent[1..]).unwrap();
        assert_eq!(arrived.to_arguments(), sent);
        assert!(Task::from_arguments(&sent[2..]).is_none());
    }
}
