//! The parent's side of one child.
//!
//! A child answers within its deadline or dies: every failure leaves it in a
//! state that nobody wants to know, so a [`Process`] is dropped, and thereby
//! killed, after the first one.

use std::{
    io,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::pipe::fcntl_setpipe_size;
use thiserror::Error;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::{Instant, timeout, timeout_at},
};

use super::frame::{self, FrameError, Request};
use crate::{
    base::limits::Limits,
    model::{FirstReading, GapKind},
};

/// Why a child gave no answer.
#[derive(Debug, Error)]
pub(super) enum Failure {
    /// It gave an answer that cannot be one.
    #[error("the answer cannot be read")]
    Answer(#[from] FrameError),
    /// It ended in the middle of the message.
    #[error("the worker ended: {0}")]
    Died(ExitStatus),
    /// It took longer than allowed.
    #[error("the worker ran out of time")]
    Overrun,
    /// It could not be started.
    #[error("the worker program does not start")]
    Start(#[source] io::Error),
    /// It ended before it had read the message.
    #[error("the worker ended before it read anything")]
    Unread,
}

impl Failure {
    /// Whether something else than the message may have ended the child: not
    /// when it aborted itself or ran out of processor time.
    pub(super) fn may_be_chance(&self) -> bool {
        let Self::Died(status) = self else { return false };
        !matches!(status.signal(), Some(libc::SIGABRT | libc::SIGXCPU))
    }

    /// The gap that this leaves. A process that aborts itself has no memory or
    /// no stack left.
    pub(super) fn gap(&self) -> GapKind {
        match self {
            Self::Answer(FrameError::TooLong) => GapKind::TooBig,
            Self::Died(status) if status.signal() == Some(libc::SIGABRT) => GapKind::TooBig,
            Self::Answer(_) | Self::Died(_) | Self::Overrun | Self::Start(_) | Self::Unread => {
                GapKind::TimedOut
            }
        }
    }
}

/// A child that waits for a message.
pub(super) struct Process {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    served: u32,
    /// When it last had something to do.
    busy: Instant,
}

impl Process {
    /// Starts `program worker` with nothing but its pipes: no environment, and
    /// no error output, because a library's last words may quote the message.
    pub(super) fn start(program: &Path) -> Result<Self, Failure> {
        let mut child = Command::new(program)
            .arg("worker")
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(Failure::Start)?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => {
                // Fewer turns for a large message. Refused where the system is
                // short of memory for pipes, and then it only takes longer.
                let _ = fcntl_setpipe_size(&input, PIPE);
                let _ = fcntl_setpipe_size(&output, PIPE);
                Ok(Self { child, input, output, served: 0, busy: Instant::now() })
            }
            _ => Err(Failure::Start(io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// Has it read one message before `deadline`. After an error the child must not be asked
    /// again.
    pub(super) async fn read(
        &mut self,
        request: &Request,
        bytes: &[u8],
        limits: &Limits,
        deadline: Instant,
    ) -> Result<FirstReading, Failure> {
        self.served = self.served.saturating_add(1);
        let asked = timeout_at(deadline, self.ask(request, bytes, limits)).await;
        self.busy = Instant::now();
        match asked {
            Err(_) => Err(Failure::Overrun),
            Ok(Err(Failure::Answer(FrameError::Pipe(source)))) => Err(self.cause(source).await),
            Ok(other) => other,
        }
    }

    /// Whether it has served long enough, or kept more memory than an idle
    /// child should.
    pub(super) fn is_spent(&self, messages: u32) -> bool {
        self.served >= messages || self.resident().is_some_and(|bytes| bytes > IDLE_MEMORY)
    }

    /// How long it has waited for a message.
    pub(super) fn idle(&self) -> Duration {
        self.busy.elapsed()
    }

    /// Ends it and waits until it is gone.
    pub(super) async fn end(mut self) {
        drop(self.input);
        if timeout(FAREWELL, self.child.wait()).await.is_err() {
            // Nothing is left to do when the kernel cannot kill it.
            let _ = self.child.kill().await;
        }
    }

    async fn ask(
        &mut self,
        request: &Request,
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<FirstReading, Failure> {
        let frame = frame::encode(request, frame::MAX_REQUEST)?;
        if self.send(&frame, bytes).await.is_err() {
            return Err(Failure::Unread);
        }
        match self.output.read_u8().await {
            Ok(frame::READY) => {}
            Ok(_) => return Err(FrameError::Content.into()),
            Err(_) => return Err(Failure::Unread),
        }
        let mut header = [0; frame::HEADER];
        self.output.read_exact(&mut header).await.map_err(FrameError::Pipe)?;
        let length = frame::length_of(header, frame::longest_answer(limits))?;
        // An announced length alone takes no memory: it is only set aside, and
        // beyond a usual answer not even that.
        let mut content = Vec::with_capacity(length.min(USUAL_ANSWER));
        let mut rest = (&mut self.output).take(u64::try_from(length).unwrap_or(u64::MAX));
        rest.read_to_end(&mut content).await.map_err(FrameError::Pipe)?;
        if content.len() < length {
            return Err(FrameError::Pipe(io::ErrorKind::UnexpectedEof.into()).into());
        }
        Ok(frame::decode_answer(&content)?)
    }

    async fn send(&mut self, frame: &[u8], bytes: &[u8]) -> io::Result<()> {
        self.input.write_all(frame).await?;
        self.input.write_all(bytes).await?;
        self.input.flush().await
    }

    /// How the child ended, now that its pipe broke.
    async fn cause(&mut self, source: io::Error) -> Failure {
        match timeout(FAREWELL, self.child.wait()).await {
            Ok(Ok(status)) => Failure::Died(status),
            Ok(Err(_)) | Err(_) => Failure::Answer(FrameError::Pipe(source)),
        }
    }

    /// Bytes of memory it holds, as far as the kernel tells.
    fn resident(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    }
}

/// Bytes of the longest answers to usual mail.
const USUAL_ANSWER: usize = 16 << 20;
/// Bytes that a pipe may hold; what everybody may ask for on Linux.
const PIPE: usize = 1 << 20;
/// How long a child may take to leave.
const FAREWELL: Duration = Duration::from_secs(1);
/// An idle child that holds more is replaced, so that memory returns after a
/// large message.
const IDLE_MEMORY: u64 = 64 << 20;
