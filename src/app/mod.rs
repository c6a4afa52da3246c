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
    match arguments.command {
        // The child must stay small and single-threaded to be confined.
        Command::Worker => worker::run_child(),
        _ => commands::run(&arguments).into(),
    }
}

/// Prints an error with its causes and gives the exit status that it calls for.
fn complain(error: &anyhow::Error) -> Exit {
    if !exit::is_unread(error) {
        output::remark(format_args!("{error:#}"));
    }
    exit::status(error)
}
