//! What the service does by itself from time to time.

use std::{error::Error, future::Future, sync::Arc, time::Duration};

use jiff::SignedDuration;
use tokio::time::sleep;
use tracing::{error, info};

use crate::{
    base::measure,
    gate::Gate,
    store::{HeldState, OutboxState, StoreError},
};

/// Sends what is in the outbox: at once when something is put there, and when
/// the next try is due.
pub async fn outbox(
    gate: Arc<Gate>,
    stopped: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    tokio::pin!(stopped);
    if let Err(error) = gate.take_up().await {
        error!(error = &error as &dyn Error, "queued mail of before not taken up");
    }
    loop {
        // Never cut off: between the next hop's yes and our note of it lies a
        // second delivery.
        let tried = gate.deliver_due().await.unwrap_or_else(|error| {
            error!(error = &error as &dyn Error, "queued mail not sent, trying again");
            0
        });
        let wait = if tried > 0 { Duration::ZERO } else { LOOK };
        tokio::select! {
            biased;
            () = &mut stopped => return Ok(()),
            () = gate.mail_waits() => {}
            () = sleep(wait) => {}
        }
    }
}

/// Keeps the gauges of quarantine and outbox right.
pub async fn gauges(
    gate: Arc<Gate>,
    stopped: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let work = async {
        loop {
            match gate.store().counts(gate.now(), gate.now()).await {
                Ok(counts) => {
                    let held = counts.held.get(&HeldState::Held).copied().unwrap_or(0);
                    let queued = counts.outbox.get(&OutboxState::Queued).copied().unwrap_or(0);
                    metrics::gauge!(measure::QUARANTINE).set(held as f64);
                    metrics::gauge!(measure::OUTBOX).set(queued as f64);
                }
                Err(error) => error!(error = &error as &dyn Error, "figures not measured"),
            }
            if let Err(error) = measure_ledger(&gate).await {
                error!(error = &error as &dyn Error, "ledger not measured");
            }
            sleep(MEASURE).await;
        }
    };
    unless(stopped, work).await
}

/// Shows whether what was accepted in the last 24 hours is accounted for.
async fn measure_ledger(gate: &Gate) -> Result<(), StoreError> {
    let day = SignedDuration::from_hours(24);
    let from = gate.now().saturating_sub(day).unwrap_or(gate.now());
    let hours = gate.store().ledger(from, gate.now()).await?;
    let uneven: i64 = hours.iter().map(|hour| hour.difference().abs()).sum();
    metrics::gauge!(measure::LEDGER_DIFFERENCE).set(uneven as f64);
    Ok(())
}

/// Destroys held messages, and forgets records, whose time is over.
pub async fn retention(
    gate: Arc<Gate>,
    stopped: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let work = async {
        loop {
            let purged = gate.expire().await;
            metrics::gauge!(measure::RETENTION_STOPPED).set(f64::from(purged.is_err()));
            match purged {
                Ok(purged) if purged.is_empty() => {}
                Ok(purged) => {
                    info!(number = purged.len(), "held messages expired");
                    // There may be more than one turn takes.
                    continue;
                }
                Err(error) => error!(error = &error as &dyn Error, "held messages not expired"),
            }
            sleep(LOOK_HOURLY).await;
        }
    };
    unless(stopped, work).await
}

/// Signs the audit log once a day. Where a checkpoint goes besides, such as a
/// log server, it proves that the end was not cut off.
pub async fn checkpoints(
    gate: Arc<Gate>,
    stopped: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let work = async {
        loop {
            match gate.store().sign_audit_daily(gate.now()).await {
                Ok(None) => {}
                Ok(Some(point)) => {
                    let checkpoint = serde_json::to_string(&point).unwrap_or_default();
                    info!(%checkpoint, "audit log signed");
                }
                Err(error) => error!(error = &error as &dyn Error, "audit log not signed"),
            }
            sleep(LOOK_HOURLY).await;
        }
    };
    unless(stopped, work).await
}

/// Tells those who review once a day how much waits.
pub async fn digest(
    gate: Arc<Gate>,
    stopped: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let work = async {
        loop {
            match gate.send_digest().await {
                Ok(false) => {}
                Ok(true) => info!("digest queued"),
                Err(error) => error!(error = &error as &dyn Error, "digest not sent"),
            }
            sleep(LOOK_OFTEN).await;
        }
    };
    unless(stopped, work).await
}

/// Does the work, which has no end, until the service stops.
async fn unless(
    stopped: impl Future<Output = ()> + Send,
    work: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    tokio::select! {
        () = work => {}
        () = stopped => {}
    }
    Ok(())
}

/// The outbox may also be filled by a command beside the service.
const LOOK: Duration = Duration::from_secs(2);
const MEASURE: Duration = Duration::from_secs(15);
const LOOK_OFTEN: Duration = Duration::from_secs(300);
const LOOK_HOURLY: Duration = Duration::from_secs(3600);
