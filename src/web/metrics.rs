//! Figures for Prometheus.
//!
//! The steps count with the macros of the `metrics` crate under the names in
//! `base::measure`; here they are described and shown. Before [`install`], counting costs
//! nothing and leads nowhere.

use std::{
    future::Future,
    pin::pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use thiserror::Error;
use tokio::time::{MissedTickBehavior, interval};

use crate::base::measure::{
    BUILD, ENCRYPTED, ERRORS, FINDINGS, LEDGER, LEDGER_DIFFERENCE, MESSAGES, OUTBOX, QUARANTINE,
    RELOADED, RETENTION_STOPPED, SCAN_SECONDS, SMTP_CONNECTIONS, SMTP_REFUSED,
};

/// Takes the recorder of this process into use, once; later calls hand out
/// the same.
///
/// # Errors
///
/// Someone else put a recorder in place.
pub fn install() -> Result<PrometheusHandle, MetricsError> {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*installed {
        return Ok(handle.clone());
    }
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(SCAN_SECONDS.to_owned()), &BUCKETS)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(MetricsError)?;
    describe();
    gauge!(BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    *installed = Some(handle.clone());
    Ok(handle)
}

/// Folds what was measured into the figures, until `shutdown`. Without this every
/// measurement would be kept one by one until somebody asks for the figures.
pub async fn keep(handle: PrometheusHandle, shutdown: impl Future<Output = ()>) {
    let mut upkeep = interval(UPKEEP);
    upkeep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => return,
            _ = upkeep.tick() => handle.run_upkeep(),
        }
    }
}

/// The recorder cannot be put in place.
#[derive(Debug, Error)]
#[error("metrics recorder cannot be installed")]
pub struct MetricsError(#[source] BuildError);

fn describe() {
    describe_counter!(MESSAGES, "Messages judged, by direction and verdict");
    describe_counter!(ERRORS, "Messages deferred for an inner error");
    describe_counter!(FINDINGS, "Findings, by rule");
    describe_counter!(LEDGER, "Recipients accepted, and where they went");
    describe_gauge!(LEDGER_DIFFERENCE, "Recipients accepted in 24 hours and not accounted for");
    describe_histogram!(SCAN_SECONDS, Unit::Seconds, "Time to judge one message");
    describe_gauge!(QUARANTINE, "Messages held for review");
    describe_gauge!(OUTBOX, "Messages waiting to be sent");
    describe_counter!(ENCRYPTED, "Attempts to protect a message, by format and result");
    describe_gauge!(RELOADED, "Whether the last reload of the settings succeeded");
    describe_gauge!(RETENTION_STOPPED, "Whether nothing is destroyed although its time is over");
    describe_gauge!(SMTP_CONNECTIONS, "SMTP connections open");
    describe_counter!(SMTP_REFUSED, "What the SMTP listener turned away, by reason");
    describe_gauge!(BUILD, "Always 1, with the version of this program");
}

/// The text format of Prometheus.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

static INSTALLED: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
const UPKEEP: Duration = Duration::from_secs(10);
const BUCKETS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 4.0, 8.0];
