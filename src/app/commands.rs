//! From the command line to the parts that a command needs.

use std::sync::Arc;

use clap::CommandFactory;
use jiff::Timestamp;

use super::{check, complain, config::Config, open, serve};
use crate::{
    base::{
        clock::{Clock, SystemClock},
        limits::Limits,
        secret::Secret,
    },
    cli::{
        self, Exit,
        args::{Arguments, Command, DEFAULT_CONFIG, RulesCommand},
    },
    gate::{GateError, GatewaySettings, Reader, Rulebook, RulebookError, Settings},
    worker::{self, Workers},
};

/// Runs one command.
pub(super) fn run(arguments: Arguments) -> Exit {
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = match threads {
        Ok(runtime) => runtime,
        Err(error) => return complain(&anyhow::Error::new(error), Exit::Temporary),
    };
    match runtime.block_on(dispatch(arguments)) {
        Ok(exit) => exit,
        Err(error) => {
            let exit = exit_of(&error);
            complain(&error, exit)
        }
    }
}

async fn dispatch(arguments: Arguments) -> anyhow::Result<Exit> {
    let format = arguments.format;
    match &arguments.command {
        Command::Completions { shell } => {
            clap_complete::generate(
                *shell,
                &mut Arguments::command(),
                "sluse",
                &mut std::io::stdout(),
            );
            Ok(Exit::Ok)
        }
        Command::Man => cli::man::run(),
        Command::Rules(command) => rules(command, &arguments),
        Command::Scan(scan) => {
            let book = Arc::new(scan_book(&arguments)?);
            let limit = book.settings.limits.message_bytes;
            let workers = scan_workers(&book)?;
            let reader = Reader::new(Arc::clone(&workers), book, random_key()?);
            let exit = cli::scan::run(scan, format, &reader, limit, now()).await;
            workers.stop().await;
            exit
        }
        Command::CheckConfig => check::run(&arguments.config, format).await,
        Command::Serve => {
            serve::run(&arguments.config, Config::load(&arguments.config)?).await?;
            Ok(Exit::Ok)
        }
        Command::Worker => Ok(Exit::Usage),
        Command::Audit(_)
        | Command::Explain(_)
        | Command::Keys(_)
        | Command::Outbox(_)
        | Command::Quarantine(_)
        | Command::Stats { .. } => with_gate(&arguments).await,
    }
}

/// The commands that act on the same state as the service.
async fn with_gate(arguments: &Arguments) -> anyhow::Result<Exit> {
    let config = Config::load(&arguments.config)?;
    let workers = open::workers(&config)?;
    let book = Rulebook::load(config.gate()?)?;
    let gate = open::gate(&config, book, workers).await?;
    let format = arguments.format;
    let exit = match &arguments.command {
        Command::Audit(command) => cli::audit::run(command, format, &gate).await,
        Command::Explain(command) => cli::explain::run(command, format, &gate).await,
        Command::Keys(command) => cli::keys::run(command, format, &gate).await,
        Command::Outbox(command) => cli::outbox::run(command, format, &gate).await,
        Command::Quarantine(command) => cli::quarantine::run(command, format, &gate).await,
        Command::Stats { days } => cli::stats::run(*days, format, &gate).await,
        Command::CheckConfig
        | Command::Completions { .. }
        | Command::Man
        | Command::Rules(_)
        | Command::Scan(_)
        | Command::Serve
        | Command::Worker => Ok(Exit::Usage),
    };
    gate.stop().await;
    exit
}

fn rules(command: &RulesCommand, arguments: &Arguments) -> anyhow::Result<Exit> {
    let paths = match command {
        RulesCommand::List { paths } | RulesCommand::Test { paths } => paths,
    };
    let paths = if paths.is_empty() && is_set(arguments) {
        Config::load(&arguments.config)?.gateway.rules
    } else {
        paths.clone()
    };
    cli::rules::run(command, arguments.format, &Rulebook::packs(&paths)?)
}

/// The rules for `scan`: those of the settings file when one is named on the
/// command line, else the built-in ones.
fn scan_book(arguments: &Arguments) -> anyhow::Result<Rulebook> {
    if is_set(arguments) {
        return Ok(Rulebook::load(Config::load(&arguments.config)?.gate()?)?);
    }
    Ok(Rulebook::built_in(Settings {
        detect: crate::detect::Settings::default(),
        gateway: GatewaySettings::nowhere(),
        letterhead: crate::notify::Settings::default().letterhead(&[], None)?,
        limits: Limits::default(),
    })?)
}

fn scan_workers(book: &Rulebook) -> anyhow::Result<Arc<Workers>> {
    let limits = book.settings.limits.clone();
    Ok(Arc::new(Workers::new(open::program()?, worker::Settings::default(), limits)))
}

/// Whether the command line names a settings file.
fn is_set(arguments: &Arguments) -> bool {
    arguments.config.as_os_str() != DEFAULT_CONFIG
}

/// Persons are counted within one call of `scan` only.
fn random_key() -> anyhow::Result<Secret<[u8; 32]>> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    Ok(Secret::new(key))
}

fn now() -> Timestamp {
    SystemClock.now()
}

/// The exit status that an error calls for.
fn exit_of(error: &anyhow::Error) -> Exit {
    let is_config = error.is::<super::config::ConfigError>() || error.is::<RulebookError>();
    if is_config {
        return Exit::Config;
    }
    match error.downcast_ref::<GateError>() {
        Some(GateError::NotHeld(_) | GateError::Unprotectable(_)) => Exit::Negative,
        Some(GateError::NoNextHop) => Exit::Config,
        _ => Exit::Temporary,
    }
}
