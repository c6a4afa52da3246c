//! Opens the parts that the settings name.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, bail};
use tracing::warn;

use super::config::Config;
use crate::{
    base::clock::SystemClock,
    gate::{Gate, Parts, Rulebook},
    oidc::{self, Provider},
    protect::{Protector, Signers},
    relay::NextHop,
    store::Store,
    worker::{Engine, Workers, look_for_ocr},
};

/// Rules and policy of `config`, with the tests in the policy file run.
pub(super) async fn rulebook(config: &Config, workers: &Arc<Workers>) -> anyhow::Result<Rulebook> {
    let book = Arc::new(Rulebook::load(config.gate()?)?);
    let now = crate::base::clock::Clock::now(&SystemClock);
    book.test_policy(workers, now).await?;
    if let Some(route) = book.policy.strict_route()
        && config.milter.is_some()
    {
        bail!(
            "[gateway] policy: route {route:?} has require_tls, but a milter cannot see how mail \
             goes on: use [smtp] without [milter]"
        );
    }
    Arc::into_inner(book).context("rules are still in use by a test")
}

/// The pool of readers.
pub(super) fn workers(config: &Config) -> anyhow::Result<Arc<Workers>> {
    if config.extract.ocr == Engine::Tesseract
        && let Err(reason) = look_for_ocr(&config.extract)
    {
        warn!(%reason, "pictures cannot be read and stay gaps");
    }
    let workers = Workers::new(program()?, config.worker.clone(), config.limits.clone());
    Ok(Arc::new(workers.with_ocr(config.extract.clone())))
}

/// The store at the place that `config` names.
pub(super) async fn store(config: &Config) -> anyhow::Result<Store> {
    let gateway = &config.gateway;
    let clock = Arc::new(SystemClock);
    let store = Store::open(&gateway.state, gateway.master_key.as_deref(), clock).await;
    store.with_context(|| format!("cannot open the store in {}", gateway.state.display()))
}

/// The certificates at the place that `config` names.
pub(super) fn protector(config: &Config) -> anyhow::Result<Protector> {
    let folder = config.gateway.state.join("certs");
    let protector = Protector::open(folder.clone())
        .with_context(|| format!("cannot open the certificates in {}", folder.display()))?;
    Ok(protector.signing(Signers::open(&config.dkim).context("[[dkim]]")?))
}

/// Where the gate sends to, with the files for TLS read.
pub(super) fn hop(config: &Config) -> anyhow::Result<Option<NextHop>> {
    let section = if config.reinject.is_some() { "[reinject]" } else { "[smtp] next_hop" };
    config.outbound().as_ref().map(NextHop::load).transpose().context(section)
}

/// The providers that people log in with.
pub(super) fn providers(config: &Config) -> anyhow::Result<Vec<Arc<Provider>>> {
    let open = |settings: &oidc::Settings| Provider::open(settings.clone()).map(Arc::new);
    let all = config.accounts.oidc.iter().map(open);
    all.collect::<Result<_, _>>().context("[[accounts.oidc]]")
}

/// The whole gate.
pub(super) async fn gate(
    config: &Config,
    book: Rulebook,
    workers: Arc<Workers>,
) -> anyhow::Result<Gate> {
    // First the store: it makes the state folder, and says what is wrong there.
    let store = store(config).await?;
    let gate = Gate::new(Parts {
        book,
        clock: Arc::new(SystemClock),
        hop: hop(config)?,
        protector: protector(config)?,
        store,
        workers,
    });
    gate.log_in_with(providers(config)?);
    Ok(gate)
}

/// This program, for its children.
pub(super) fn program() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("cannot tell where this program is")
}
