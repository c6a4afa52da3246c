//! The `sluse` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("worker") => sluse::worker::run_child(),
        _ => ExitCode::from(2),
    }
}
