//! The parent's side of one run of tesseract: the picture goes in, a table of
//! words comes out, or the process is killed.

use std::{io, path::Path, process::Stdio};

use thiserror::Error;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    time::{Instant, timeout_at},
};

use super::{Settings, helper::Task};
use crate::model::GapKind;

/// How a picture is looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Layout {
    /// As a page with blocks of text.
    Page,
    /// As words here and there.
    Scattered,
}

/// One run.
pub(super) struct Run<'a> {
    pub(super) settings: &'a Settings,
    pub(super) memory: u64,
    pub(super) layout: Layout,
}

/// Why there is no table.
#[derive(Debug, Error)]
pub(super) enum Trouble {
    /// It answered something else.
    #[error("the answer of tesseract cannot be read")]
    Answer,
    /// It failed, or does not start.
    #[error("tesseract failed on it")]
    Failed,
    /// It took too long.
    #[error("tesseract ran out of time")]
    Overrun,
    /// It could not even be tried.
    #[error("the helper does not start: {0}")]
    Start(io::Error),
}

impl Trouble {
    /// The gap that stays.
    pub(super) fn gap(&self) -> GapKind {
        match self {
            Self::Overrun => GapKind::TimedOut,
            Self::Answer | Self::Failed | Self::Start(_) => GapKind::Unknown,
        }
    }
}

impl Run<'_> {
    /// Has tesseract read `picture`, shut in by `program`.
    pub(super) async fn read(
        &self,
        program: &Path,
        picture: &[u8],
        deadline: Instant,
    ) -> Result<String, Trouble> {
        let mut child = Command::new(program)
            .args(self.task().to_arguments())
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Nothing of it is a secret, but the picture may be quoted.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(Trouble::Start)?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Trouble::Start(io::ErrorKind::BrokenPipe.into()));
        };
        let talk = async {
            let send = async {
                // It may have seen enough, or be gone: its end tells.
                let _ = input.write_all(picture).await;
                drop(input);
            };
            let mut answer = Vec::new();
            let mut output = output.take(ANSWER + 1);
            let receive = output.read_to_end(&mut answer);
            let ((), received) = tokio::join!(send, receive);
            // An endless answer is not waited for.
            if received.is_err() || answer.len() as u64 > ANSWER {
                return Err(Trouble::Answer);
            }
            match child.wait().await {
                Ok(status) if status.success() => Ok(answer),
                Ok(_) | Err(_) => Err(Trouble::Failed),
            }
        };
        let answer = timeout_at(deadline, talk).await.map_err(|_| Trouble::Overrun)??;
        String::from_utf8(answer).map_err(|_| Trouble::Answer)
    }

    fn task(&self) -> Task {
        Task {
            program: self.settings.ocr_program.clone(),
            memory: self.memory,
            seconds: u64::from(self.settings.ocr_seconds),
            languages: self.settings.ocr_languages.clone(),
            layout: self.layout,
        }
    }
}

/// Looks whether the program and its languages are there.
///
/// # Errors
///
/// One of them is not.
pub fn look_for(settings: &Settings) -> Result<(), Absent> {
    let program = &settings.ocr_program;
    let output = std::process::Command::new(program)
        .arg("--list-langs")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Absent::Program {
            program: program.display().to_string(),
            reason: error.to_string(),
        })?;
    // Versions differ in where they print it.
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    let has = |name: &str| told.lines().any(|line| line.trim() == name);
    match settings.ocr_languages.names().find(|name| !has(name)) {
        Some(language) => Err(Absent::Language(language.to_owned())),
        None => Ok(()),
    }
}

/// What pictures are to be read with is not there.
#[derive(Debug, Error)]
pub enum Absent {
    /// Its data for a language.
    #[error("tesseract has no language {0:?}; hint: apt install tesseract-ocr-{0}")]
    Language(String),
    /// The program itself.
    #[error("cannot run {program}: {reason}; hint: apt install tesseract-ocr tesseract-ocr-nor")]
    Program {
        /// Where it should be.
        program: String,
        /// Why it does not run, as the system says.
        reason: String,
    },
}

/// Far more than the words of any picture.
const ANSWER: u64 = 16 << 20;
