//! Sessions with the next hop that wait for their next message.
//!
//! A busy gateway spares itself and the next hop a connection for each message.
//! Only a session in which nothing was refused waits, and not for long: servers
//! count what they refuse, and lose patience. One that ended while it waited is
//! let go, and a new connection is made: no content was sent on it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    time::{Instant, sleep},
};

use super::session::Session;

/// Sessions with one next hop, the one that was busy last at the end.
#[derive(Default)]
pub(super) struct Idle(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    sessions: Vec<(Session, Instant)>,
    /// Somebody looks after those that wait for long.
    is_watched: bool,
}

impl Idle {
    /// A session that can be used at once, if there is one.
    pub(super) fn take(&self) -> Option<Session> {
        loop {
            let (mut session, since) = self.waiting().sessions.pop()?;
            // Nobody was there to send it home when all of us were stopped.
            if since.elapsed() < 2 * PATIENCE && session.may_go_on() && session.is_quiet() {
                return Some(session);
            }
        }
    }

    /// Lets a session wait, or says goodbye when enough of them do.
    pub(super) fn put(self: &Arc<Self>, session: Session) {
        let mut waiting = self.waiting();
        if waiting.sessions.len() >= MOST {
            drop(waiting);
            tokio::spawn(session.close());
            return;
        }
        waiting.sessions.push((session, Instant::now()));
        if !std::mem::replace(&mut waiting.is_watched, true) {
            tokio::spawn(send_home(Arc::downgrade(self)));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        let Ok(runtime) = Handle::try_current() else { return };
        for (session, _) in self.waiting().sessions.drain(..) {
            runtime.spawn(session.close());
        }
    }
}

/// Says goodbye in sessions that have waited for long, until none is left.
async fn send_home(idle: Weak<Idle>) {
    loop {
        sleep(PATIENCE).await;
        let Some(idle) = idle.upgrade() else { return };
        let mut waiting = idle.waiting();
        let long = waiting.sessions.extract_if(.., |(_, since)| since.elapsed() >= PATIENCE);
        long.for_each(|(session, _)| drop(tokio::spawn(session.close())));
        waiting.is_watched = !waiting.sessions.is_empty();
        if !waiting.is_watched {
            return;
        }
    }
}

/// How long a session waits, or a little longer; servers under stress close
/// after ten seconds.
const PATIENCE: Duration = Duration::from_secs(2);
/// Sessions that wait at most.
const MOST: usize = 20;
