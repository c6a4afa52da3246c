//! From the command line to the parts that a command needs.

use std::sync::Arc;

use clap::CommandFactory;
use clap_complete::Shell;
use jiff::Timestamp;
use tokio::runtime::Builder;

use super::{check, complain, config::Config, open, serve};
use crate::{
    base::{
        clock::{Clock, SystemClock},
        limits::Limits,
        secret::Secret,
    },
    cli::{
        self, Exit,
        account::Accounts,
        args::{Arguments, AuditCommand, Command, RulesCommand, ScanArguments},
        keys::Certificates,
        output::Output,
    },
    gate::{GatewaySettings, Reader, Rulebook, Settings},
    worker::{self, Workers},
};

/// Runs one command.
pub(super) fn run(arguments: &Arguments) -> Exit {
    answer(arguments).unwrap_or_else(|error| complain(&error))
}

fn answer(arguments: &Arguments) -> anyhow::Result<Exit> {
    match &arguments.command {
        Command::Completions { shell } => completions(*shell),
        Command::Formats => cli::formats::run(arguments.format, &worker::formats()),
        Command::Man => cli::man::run(),
        Command::Rules(command) => rules(command, arguments),
        Command::Serve => {
            let runtime = Builder::new_multi_thread().enable_all().build()?;
            let ended = runtime.block_on(serve(arguments));
            // A search or an encryption that nobody waits for any more cannot
            // be stopped, and must not hold up the end of the process.
            runtime.shutdown_background();
            ended
        }
        // The rest does one thing after another: threads would only cost.
        Command::Account(_)
        | Command::Audit(_)
        | Command::CheckConfig
        | Command::Explain(_)
        | Command::Keys(_)
        | Command::Outbox(_)
        | Command::Quarantine(_)
        | Command::Report(_)
        | Command::Scan(_)
        | Command::Stats { .. }
        | Command::Subject(_)
        | Command::Worker { .. } => {
            Builder::new_current_thread().enable_all().build()?.block_on(dispatch(arguments))
        }
    }
}

fn completions(shell: Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "sluse", &mut script);
    Output::new().raw(&script)?;
    Ok(Exit::Ok)
}

async fn serve(arguments: &Arguments) -> anyhow::Result<Exit> {
    let file = arguments.config();
    serve::run(file, Config::load(file)?).await?;
    Ok(Exit::Ok)
}

async fn dispatch(arguments: &Arguments) -> anyhow::Result<Exit> {
    let format = arguments.format;
    match &arguments.command {
        Command::Scan(command) => scan(command, arguments).await,
        Command::CheckConfig => check::run(arguments.config(), format).await,
        Command::Account(command) => {
            let config = Config::load(arguments.config())?;
            let pages = config.pages();
            let store = open::store(&config).await?;
            let accounts = Accounts { pages: &pages, store: &store, now: now() };
            cli::account::run(command, format, &accounts).await
        }
        Command::Audit(AuditCommand::Verify(command)) if command.key.is_some() => {
            cli::audit::verify_apart(command, format).await
        }
        Command::Audit(command) => {
            let config = Config::load(arguments.config())?;
            cli::audit::run(command, format, &open::store(&config).await?, now()).await
        }
        Command::Keys(command) => {
            let config = Config::load(arguments.config())?;
            // First the store: it makes the state folder.
            let store = open::store(&config).await?;
            let protector = open::protector(&config)?;
            let certificates = Certificates { protector: &protector, store: &store, now: now() };
            cli::keys::run(command, format, &certificates).await
        }
        Command::Stats { check, days } => {
            let config = Config::load(arguments.config())?;
            let store = open::store(&config).await?;
            if *check {
                return cli::stats::check(format, &store, now()).await;
            }
            cli::stats::run(*days, format, &store, now()).await
        }
        Command::Explain(_)
        | Command::Outbox(_)
        | Command::Quarantine(_)
        | Command::Report(_)
        | Command::Subject(_) => with_gate(arguments).await,
        Command::Completions { .. }
        | Command::Formats
        | Command::Man
        | Command::Rules(_)
        | Command::Serve
        | Command::Worker { .. } => Ok(Exit::Usage),
    }
}

/// The commands that act as the service does. Readers start when one is needed.
async fn with_gate(arguments: &Arguments) -> anyhow::Result<Exit> {
    let config = Config::load(arguments.config())?;
    let workers = open::workers(&config)?;
    let book = Rulebook::load(config.gate()?)?;
    let gate = open::gate(&config, book, workers).await?;
    let format = arguments.format;
    let exit = match &arguments.command {
        Command::Explain(command) => cli::explain::run(command, format, &gate).await,
        Command::Outbox(command) => cli::outbox::run(command, format, &gate).await,
        Command::Quarantine(command) => cli::quarantine::run(command, format, &gate).await,
        Command::Report(command) => cli::report::run(command, &gate).await,
        Command::Subject(command) => cli::subject::run(command, format, &gate).await,
        Command::Account(_)
        | Command::Audit(_)
        | Command::CheckConfig
        | Command::Completions { .. }
        | Command::Formats
        | Command::Keys(_)
        | Command::Man
        | Command::Rules(_)
        | Command::Scan(_)
        | Command::Serve
        | Command::Stats { .. }
        | Command::Worker { .. } => Ok(Exit::Usage),
    };
    gate.stop().await;
    exit
}

async fn scan(command: &ScanArguments, arguments: &Arguments) -> anyhow::Result<Exit> {
    let (book, settings, mut ocr) = scan_book(arguments)?;
    if command.ocr {
        ocr.ocr = worker::Engine::Tesseract;
        worker::look_for_ocr(&ocr)?;
    }
    let limits = book.settings.limits.clone();
    let limit = limits.message_bytes;
    let workers = Arc::new(Workers::new(open::program()?, settings, limits).with_ocr(ocr));
    let reader = Reader::new(Arc::clone(&workers), Arc::new(book), random_key()?);
    let exit = cli::scan::run(command, arguments.format, &reader, limit, now()).await;
    workers.stop().await;
    exit
}

fn rules(command: &RulesCommand, arguments: &Arguments) -> anyhow::Result<Exit> {
    let paths = match command {
        RulesCommand::List { paths } | RulesCommand::Test { paths } => paths,
    };
    let paths = match &arguments.config {
        Some(file) if paths.is_empty() => Config::load(file)?.gateway.rules,
        Some(_) | None => paths.clone(),
    };
    cli::rules::run(command, arguments.format, &Rulebook::packs(&paths)?)
}

/// The rules and readers for `scan`: those of the settings file when one is
/// named on the command line, else the built-in ones.
fn scan_book(
    arguments: &Arguments,
) -> anyhow::Result<(Rulebook, worker::Settings, worker::OcrSettings)> {
    if let Some(file) = &arguments.config {
        let config = Config::load(file)?;
        return Ok((Rulebook::load(config.gate()?)?, config.worker, config.extract));
    }
    let book = Rulebook::built_in(Settings {
        accounts: crate::gate::AccountSettings::default(),
        detect: crate::detect::Settings::default(),
        review: crate::gate::ReviewSettings::default(),
        digest: crate::gate::DigestSettings::default(),
        gateway: GatewaySettings::nowhere(),
        letterhead: crate::notify::Settings::default().letterhead(&[], None)?,
        limits: Limits::default(),
    })?;
    Ok((book, worker::Settings::default(), worker::OcrSettings::default()))
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
