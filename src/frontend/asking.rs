//! Has a message judged.
//!
//! Judging runs as a task of its own, so that a panic in it is an answer and
//! not a lost connection. A task that misses the deadline is ended: whatever
//! it left half done must survive, just as it must survive a power cut.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;
use tracing::{Instrument, error};

use crate::gate::{Judge, Outcome, Taken};

/// The outcome for a message; `None` when judging it went wrong, which is said
/// in the log.
pub(super) async fn ask(
    judge: &Arc<dyn Judge>,
    taken: Taken,
    deadline: Duration,
) -> Option<Outcome> {
    let judge = Arc::clone(judge);
    let judging = async move { judge.judge(taken).await };
    let mut task = tokio::spawn(judging.in_current_span());
    match timeout(deadline, &mut task).await {
        Ok(Ok(outcome)) => Some(outcome),
        Ok(Err(_)) => {
            error!("judging a message panicked, deferred");
            None
        }
        Err(_) => {
            task.abort();
            error!(seconds = deadline.as_secs(), "judging a message took too long, deferred");
            None
        }
    }
}
