//! `sluse serve`: starts the parts, follows signals, drains at the end.

use std::{future::Future, path::Path, pin::Pin, sync::Arc, time::Duration};

use anyhow::Context;
use serde_json::json;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::JoinSet,
    time::timeout,
};
use tracing::{error, info, warn};

use super::{config::Config, logging, open};
use crate::{
    base::measure::RELOADED,
    frontend::{milter, smtp},
    gate::{Gate, Judge},
    jobs,
    model::{Act, Event},
    web,
    worker::Workers,
};

/// Runs the service until it is told to stop.
pub(super) async fn run(path: &Path, config: Config) -> anyhow::Result<()> {
    logging::start(&config.log);
    for warning in config.warnings() {
        warn!("{warning}");
    }
    let metrics = web::metrics::install()?;
    let workers = open::workers(&config)?;
    let book = open::rulebook(&config, &workers).await?;
    let gate = Arc::new(open::gate(&config, book, Arc::clone(&workers)).await?);
    note_settings(&gate).await?;

    // Before anybody is told that we are ready: a signal that comes earlier
    // would end the process.
    let signals = Signals::listen()?;
    let (stop, stopped) = watch::channel(());
    let mut parts = JoinSet::new();
    if let Some(settings) = &config.milter {
        let listener = milter::Listener::bind(settings).await.context("[milter]")?;
        let judge: Arc<dyn Judge> = gate.clone();
        let serving = milter::serve(listener, judge, settings.clone(), until(&stopped));
        parts.spawn(async move { serving.await.context("milter") });
    }
    let front = match &config.smtp {
        Some(settings) => Some(start_smtp(settings, &gate, &mut parts, &stopped).await?),
        None => None,
    };
    let letterhead = gate.book().settings.letterhead.clone();
    let pages = web::State::new(Arc::new(GateReadiness(gate.clone())), metrics.clone(), letterhead);
    if let Some((settings, listen)) = config.web.as_ref().and_then(|w| Some((w, w.listen?))) {
        let listener = TcpListener::bind(listen).await;
        let listener = listener.with_context(|| format!("[web] cannot listen on {listen}"))?;
        let people = web::People::new(gate.clone(), settings, pages.clone());
        invite_first(&gate, &config.pages()).await?;
        let serving = web::serve(
            listener,
            pages.clone(),
            Some(people),
            settings.connections,
            until(&stopped),
        );
        parts.spawn(async move {
            serving.await;
            Ok(())
        });
    }
    let keeping = web::metrics::keep(metrics, until(&stopped));
    parts.spawn(async move {
        keeping.await;
        Ok(())
    });
    parts.spawn(jobs::checkpoints(Arc::clone(&gate), until(&stopped)));
    parts.spawn(jobs::digest(Arc::clone(&gate), until(&stopped)));
    parts.spawn(jobs::outbox(Arc::clone(&gate), until(&stopped)));
    parts.spawn(jobs::gauges(Arc::clone(&gate), until(&stopped)));
    parts.spawn(jobs::retention(Arc::clone(&gate), until(&stopped)));

    drop(sd_notify::notify(&[sd_notify::NotifyState::Ready]));
    info!(version = env!("CARGO_PKG_VERSION"), "ready");
    let service = Service { path, gate: &gate, workers: &workers, pages: &pages, front };
    let ended = attend(service, signals, &mut parts).await;
    drop(sd_notify::notify(&[sd_notify::NotifyState::Stopping]));
    drop(stop);
    drain(parts, &gate).await;
    ended
}

/// Says where the first administrator sets a password, while there is none.
/// The link is a secret that works once, so it stands here and nowhere else.
async fn invite_first(gate: &Gate, pages: &str) -> anyhow::Result<()> {
    let invited = gate.invite_first().await.context("cannot make the first account")?;
    let Some(token) = invited else { return Ok(()) };
    let link = format!("{pages}/welcome/{}", token.expose());
    warn!(%link, "nobody can log in yet: the first administrator sets a password here, once");
    Ok(())
}

/// Listens as `[smtp]` says.
async fn start_smtp(
    settings: &smtp::Settings,
    gate: &Arc<Gate>,
    parts: &mut JoinSet<anyhow::Result<()>>,
    stopped: &watch::Receiver<()>,
) -> anyhow::Result<Arc<smtp::Front>> {
    let judge: Arc<dyn Judge> = gate.clone();
    let domains = gate.book().settings.gateway.domains.clone();
    let front = smtp::Front::new(judge, settings.clone(), domains).context("[smtp]")?;
    let listener = smtp::Listener::bind(settings).await.context("[smtp]")?;
    let serving = smtp::serve(listener, Arc::clone(&front), until(stopped));
    parts.spawn(async move {
        serving.await;
        Ok(())
    });
    Ok(front)
}

/// Follows signals until one says stop, or a part ends by itself.
async fn attend(
    service: Service<'_>,
    mut signals: Signals,
    parts: &mut JoinSet<anyhow::Result<()>>,
) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            _ = signals.hangup.recv() => reload(&service).await,
            _ = signals.interrupt.recv() => return Ok(()),
            _ = signals.terminate.recv() => return Ok(()),
            Some(ended) = parts.join_next() => {
                return ended.context("a part of the service broke")?;
            }
        }
    }
}

/// The signals that we follow.
struct Signals {
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }
}

/// Takes new rules, policy and settings into use, all or none.
async fn reload(service: &Service<'_>) {
    let loaded = async {
        let config = Config::load(service.path)?;
        let book = open::rulebook(&config, service.workers).await?;
        let hop = open::hop(&config)?;
        let providers = open::providers(&config)?;
        // The last step that can fail, so that all is new or all stays.
        if let (Some(front), Some(settings)) = (&service.front, config.smtp) {
            front.reload(settings, config.gateway.domains).context("[smtp]")?;
        }
        anyhow::Ok((book, hop, providers))
    };
    let result = match loaded.await {
        Ok((book, hop, providers)) => {
            service.pages.replace(book.settings.letterhead.clone());
            service.gate.reload(book);
            service.gate.send_to(hop);
            service.gate.log_in_with(providers);
            note_settings(service.gate).await
        }
        Err(error) => Err(error),
    };
    let success = if result.is_ok() { 1.0 } else { 0.0 };
    metrics::gauge!(RELOADED).set(success);
    match result {
        Ok(()) => info!("settings, rules and policy reloaded; sockets and paths need a restart"),
        Err(error) => error!("reload failed, the old settings stay: {error:#}"),
    }
}

async fn note_settings(gate: &Gate) -> anyhow::Result<()> {
    let book = gate.book();
    let facts = json!({
        "packs": book.rules.packs(),
        "policy": book.settings.gateway.policy.is_some(),
        "mode": format!("{:?}", book.settings.gateway.mode).to_lowercase(),
        "version": env!("CARGO_PKG_VERSION"),
    });
    let event = Event {
        event: None,
        actor: crate::model::event::GATE.to_owned(),
        act: Act::SettingsLoaded,
        facts,
    };
    gate.record(event).await.context("cannot write the audit log")
}

/// Lets the message in hand finish, for as long as a mail server waits.
async fn drain(mut parts: JoinSet<anyhow::Result<()>>, gate: &Gate) {
    let all = async {
        while let Some(ended) = parts.join_next().await {
            if let Ok(Err(error)) = ended {
                error!("while stopping: {error:#}");
            }
        }
    };
    if timeout(DRAIN, all).await.is_err() {
        warn!("some sessions did not finish in time; their senders will try again");
    }
    gate.stop().await;
    info!("stopped");
}

/// What a reload reaches.
struct Service<'a> {
    path: &'a Path,
    gate: &'a Arc<Gate>,
    workers: &'a Arc<Workers>,
    pages: &'a web::State,
    front: Option<Arc<smtp::Front>>,
}

/// Whether mail can be judged now, for `/readyz`.
struct GateReadiness(Arc<Gate>);

impl web::Readiness for GateReadiness {
    fn ready(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(async { self.0.store().ready().await.is_ok() })
    }
}

/// Ends when the sender of `stopped` is gone.
fn until(stopped: &watch::Receiver<()>) -> impl Future<Output = ()> + Send + use<> {
    let mut stopped = stopped.clone();
    async move { while stopped.changed().await.is_ok() {} }
}

/// SIGTERM to exit takes 10 s at most; the readers need a moment of it.
const DRAIN: Duration = Duration::from_millis(9_000);
