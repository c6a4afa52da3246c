//! The program: settings as the sum of the parts, signals, reload and drain.

mod check;
mod commands;
mod config;
mod exit;
mod logging;
mod open;
mod serve;

use std::process::ExitCode;

use clap::Parser;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use crate::{
    cli::{
        Exit,
        args::{Arguments, Command},
        output,
    },
    worker,
};

/// Runs the program with its command line.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    if matches!(arguments.command, Command::Serve) {
        worker::bound_heap();
    }
    match arguments.command {
        // The child must stay small and single-threaded to be confined.
        Command::Worker { task } if task.is_empty() => worker::run_child(),
        Command::Worker { task } => worker::run_helper(&task),
        _ => {
            keep_to_itself();
            commands::run(&arguments).into()
        }
    }
}

/// Keeps messages and keys in this process out of core dumps, debuggers of the
/// same user, and the texts of panics.
fn keep_to_itself() {
    // Refused only where a process may change nothing about itself at all.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    logging::silence_panics(|place| output::remark(format_args!("internal error at {place}")));
}

/// Prints an error with its causes and gives the exit status that it calls for.
fn complain(error: &anyhow::Error) -> Exit {
    if !exit::is_unread(error) {
        output::remark(format_args!("{error:#}"));
    }
    exit::status(error)
}
