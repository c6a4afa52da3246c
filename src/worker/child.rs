//! The child's side: shuts itself in, then reads one request after the other.
//!
//! A panic of the reader is answered as a gap. Whatever else goes wrong ends
//! the process, and the parent makes a gap of that.

use std::{
    io::{self, Read, Write},
    panic,
    process::ExitCode,
};

use super::{frame, frame::FrameError, nothing_but, read_caught, sandbox};
use crate::{
    base::limits::Limits,
    model::{FirstReading, GapKind, Kind},
};

/// Serves standard input until it ends.
pub(super) fn run<R, T>(reader: &R) -> ExitCode
where
    R: Fn(Kind, &str, &[u8], &Limits) -> T,
    T: Into<FirstReading>,
{
    // The text of a panic may quote the message.
    panic::set_hook(Box::new(|_| {}));
    if sandbox::enter().is_err() {
        return ExitCode::FAILURE;
    }
    match serve(&mut io::stdin().lock(), &mut io::stdout().lock(), reader) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve<R, T>(input: &mut impl Read, output: &mut impl Write, reader: &R) -> Result<(), FrameError>
where
    R: Fn(Kind, &str, &[u8], &Limits) -> T,
    T: Into<FirstReading>,
{
    while let Some((request, bytes)) = frame::read_request(input)? {
        frame::write_ready(output)?;
        sandbox::limit(request.memory, request.limits.time())?;
        let (kind, name) = (request.kind, request.name.as_str());
        let reading = read_caught(reader, kind, name, &bytes, &request.limits);
        drop(bytes);
        let longest = frame::longest_answer(&request.limits);
        let answer = match frame::encode(&reading, longest) {
            Err(FrameError::TooLong) => {
                let nothing = FirstReading::from(nothing_but(GapKind::TooBig, kind, name));
                frame::encode(&nothing, longest)?
            }
            other => other?,
        };
        output.write_all(&answer)?;
        output.flush()?;
    }
    Ok(())
}
