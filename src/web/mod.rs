//! The web listener: health, metrics, and the page behind the link in every
//! refusal and notice.
//!
//! Shows nothing of any message but to its sender, by a personal link: the page
//! for an event is the same whether the event exists or not, so nothing can be
//! learned by asking. What takes too
//! long, is too big or comes in too great a number is cut off; mail goes on
//! whatever happens here.

mod accept_language;
pub mod metrics;
mod page;
mod sender;
mod sender_texts;
mod serve;
mod settings;
mod texts;

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use axum::{
    Router,
    extract::{DefaultBodyLimit, State as Held},
    http::{HeaderMap, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::time::timeout;

pub use self::{serve::serve, settings::Settings};
use crate::{gate::Gate, notify::Letterhead};

/// What the pages need to know.
#[derive(Clone)]
pub struct State {
    readiness: Arc<dyn Readiness>,
    metrics: PrometheusHandle,
    letterhead: Arc<ArcSwap<Letterhead>>,
    gate: Option<Arc<Gate>>,
}

impl State {
    /// The state of a new listener.
    pub fn new(
        readiness: Arc<dyn Readiness>,
        metrics: PrometheusHandle,
        letterhead: Letterhead,
    ) -> Self {
        let letterhead = Arc::new(ArcSwap::from_pointee(letterhead));
        Self { readiness, metrics, letterhead, gate: None }
    }

    /// The same with a gate behind it, without which no page shows or does
    /// anything with a message.
    pub fn with_gate(self, gate: Arc<Gate>) -> Self {
        Self { gate: Some(gate), ..self }
    }

    /// Takes other contact and guidance into use, after a reload.
    pub fn replace(&self, letterhead: Letterhead) {
        self.letterhead.store(Arc::new(letterhead));
    }
}

/// Whoever knows whether mail can be judged now.
pub trait Readiness: Send + Sync {
    /// Whether store, keys and workers answer. Longer than two seconds counts
    /// as no.
    fn ready(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>>;
}

/// Every page, over `state`.
pub fn router(state: State) -> Router {
    Router::new()
        .route("/", get(page::general))
        .route("/e/{event}", get(page::event))
        .route(
            "/e/{event}/{token}",
            get(sender::shown).post(sender::sent).layer(DefaultBodyLimit::max(MOST_POSTED)),
        )
        .route("/livez", get(async || "alive\n"))
        .route("/metrics", get(measures))
        .route("/readyz", get(readyz))
        .fallback(page::missing)
        .with_state(state)
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

const MOST_POSTED: usize = 16 << 10;
const READY_WAIT: Duration = Duration::from_secs(2);
