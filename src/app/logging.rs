//! Logs: JSON or text, one line a decision, no address and no content.
//!
//! Only our own lines can be made more detailed. The libraries below print
//! message data at their finer levels, so they never get past `warn`.

use std::io::IsTerminal;

use serde::Deserialize;
use tracing_subscriber::{EnvFilter, fmt};

/// `[log]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Settings {
    /// How lines look.
    pub(super) format: Format,
    /// How much of our own work is told.
    pub(super) level: Level,
}

/// How lines look.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    /// One JSON object a line.
    Json,
    /// For people and for the journal.
    #[default]
    Text,
}

/// How much is told.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// An operator must act.
    Error,
    /// And what was wrong but handled.
    Warn,
    /// And one line a decision.
    #[default]
    Info,
    /// And the steps.
    Debug,
    /// And more.
    Trace,
}

/// Starts logging to standard error. A second call changes nothing.
pub(super) fn start(settings: &Settings) {
    let level = match settings.level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    };
    // `indymilter` prints whole messages, whatever the level.
    let filter = EnvFilter::new(format!("warn,indymilter=off,sluse={level}"));
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    // A line that cannot be written is dropped: to complain of it on the same
    // full disk would be a panic.
    let lines = fmt().log_internal_errors(false).with_env_filter(filter).with_ansi(colour);
    let lines = lines.with_writer(std::io::stderr);
    let started = match settings.format {
        Format::Json => lines.json().with_current_span(false).try_init(),
        Format::Text => lines.with_target(false).try_init(),
    };
    drop(started);
    silence_panics(|place| tracing::error!(place, "internal error: panicked"));
}

/// Makes a panic one line that says where, never with what: the texts of panics
/// quote the data that they stumble over.
pub(super) fn silence_panics(tell: impl Fn(&str) + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(move |panic| {
        tell(&panic.location().map_or_else(String::new, ToString::to_string));
    }));
}
