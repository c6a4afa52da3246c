//! The web listener: health, metrics, the page behind the link in every
//! refusal and notice, and the pages for people who log in.
//!
//! The pages for everybody show nothing of any message, but to its sender by a
//! personal link: the page for an event is the same whether the event exists or
//! not, so nothing can be learned by asking. All other pages stand in one table,
//! `routes`, with what each needs. What takes too long, is too big or comes in
//! too great a number is cut off; mail goes on whatever happens here.

mod accept_language;
pub mod api;
mod approvals;
mod assets;
mod attempts;
mod client;
mod cookies;
mod dashboard;
mod dashboard_texts;
mod factor;
mod frame_texts;
mod guard;
mod item;
mod layout;
mod login;
pub mod metrics;
mod officer;
mod oidc;
mod oidc_texts;
mod page;
mod people;
mod people_texts;
mod plot;
mod qr;
mod queue;
mod queue_texts;
pub mod routes;
mod sender;
mod sender_texts;
mod serve;
mod sessions;
mod settings;
mod signed;
mod texts;
mod token_texts;
mod tokens;

use std::{future::Future, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use axum::{
    Router,
    extract::State as Held,
    http::{HeaderMap, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::time::timeout;

use self::{attempts::Attempts, officer::searches::Searches};
pub use self::{serve::serve, settings::Settings};
use crate::{base::network::Network, gate::Gate, notify::Letterhead};

/// What the pages need to know.
#[derive(Clone)]
pub struct State {
    readiness: Arc<dyn Readiness>,
    metrics: PrometheusHandle,
    letterhead: Arc<ArcSwap<Letterhead>>,
}

impl State {
    /// The state of a new listener.
    pub fn new(
        readiness: Arc<dyn Readiness>,
        metrics: PrometheusHandle,
        letterhead: Letterhead,
    ) -> Self {
        let letterhead = Arc::new(ArcSwap::from_pointee(letterhead));
        Self { readiness, metrics, letterhead }
    }

    /// Takes other contact and guidance into use, after a reload.
    pub fn replace(&self, letterhead: Letterhead) {
        self.letterhead.store(Arc::new(letterhead));
    }
}

/// What the pages for people who log in need to know.
#[derive(Clone)]
pub struct People {
    attempts: Arc<Attempts>,
    gate: Arc<Gate>,
    /// Scheme, host and port where people reach us.
    origin: Option<Arc<str>>,
    /// Who is believed about whom a request comes from.
    proxies: Arc<[Network]>,
    public: State,
    searches: Searches,
}

impl People {
    /// The pages over `gate`.
    pub fn new(gate: Arc<Gate>, settings: &Settings, public: State) -> Self {
        let origin = settings.public_url.as_ref().map(|url| Arc::from(url.origin()));
        let (attempts, searches) = (Arc::default(), Searches::default());
        Self { attempts, gate, origin, proxies: settings.proxies.clone().into(), public, searches }
    }

    /// Whether browsers reach us by HTTPS alone.
    fn is_secure(&self) -> bool {
        self.origin.as_ref().is_some_and(|origin| origin.starts_with("https://"))
    }

    /// Scheme, host and port that links begin with. `host` is what the browser
    /// called us, and counts on this machine only.
    fn address(&self, host: &str) -> String {
        match &self.origin {
            Some(origin) => origin.to_string(),
            None if self.is_local(host) => format!("http://{host}"),
            None => String::new(),
        }
    }

    /// Whether `host` is this machine, as a browser on it sees us.
    fn is_local(&self, host: &str) -> bool {
        !self.is_secure() && host.parse::<SocketAddr>().is_ok_and(|at| at.ip().is_loopback())
    }
}

/// Whoever knows whether mail can be judged now.
pub trait Readiness: Send + Sync {
    /// Whether store, keys and workers answer. Longer than two seconds counts
    /// as no.
    fn ready(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>>;
}

/// Every page. Without `people`, those for everybody.
pub fn router(state: State, people: Option<People>) -> Router {
    let rest = match people {
        Some(people) => routes::router(people),
        None => Router::new()
            .route("/", get(page::general))
            .route("/e/{event}/{token}", get(page::personal))
            .with_state(state.clone()),
    };
    Router::new()
        .route("/e/{event}", get(page::event))
        .route("/livez", get(async || "alive\n"))
        .route("/metrics", get(measures))
        .route("/readyz", get(readyz))
        .fallback(page::missing)
        .with_state(state)
        .merge(rest)
        .layer(middleware::map_response(page::guarded))
}

async fn readyz(Held(state): Held<State>) -> Response {
    match timeout(READY_WAIT, state.readiness.ready()).await {
        Ok(true) => "ready\n".into_response(),
        Ok(false) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response(),
    }
}

/// For the scraper on this machine. A proxy that shows the guidance page to
/// the world says so in a header, and then there are no figures here.
async fn measures(Held(state): Held<State>, headers: HeaderMap) -> Response {
    if ["forwarded", "x-forwarded-for", "via"].iter().any(|name| headers.contains_key(*name)) {
        return StatusCode::NOT_FOUND.into_response();
    }
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], state.metrics.render()).into_response()
}

const READY_WAIT: Duration = Duration::from_secs(2);
