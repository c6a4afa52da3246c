//! Counts how often a message brought its own judging down.
//!
//! What breaks a reader is a gap already. A message that makes any other step
//! panic is deferred, and its sender tries again, for days: after three times
//! it counts as one that cannot be read, and policy decides about it like
//! about any other gap. Counted in memory: a restart begins anew.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
};

use crate::base::id::EventId;

/// The messages that made a step panic, and how often.
#[derive(Default)]
pub(super) struct Strikes(Mutex<HashMap<EventId, u8>>);

impl Strikes {
    /// Whether a message is not to be read again.
    pub(super) fn is_out(&self, event: EventId) -> bool {
        self.lock().get(&event).is_some_and(|strikes| *strikes >= MOST)
    }

    /// Counts one panic.
    pub(super) fn strike(&self, event: EventId) {
        let mut all = self.lock();
        if all.len() >= MOST_MESSAGES && !all.contains_key(&event) {
            all.clear();
        }
        let strikes = all.entry(event).or_default();
        *strikes = strikes.saturating_add(1);
    }

    /// Forgets a message that was judged after all.
    pub(super) fn forgive(&self, event: EventId) {
        self.lock().remove(&event);
    }

    /// Counts a panic of this task from now until the result is dropped.
    pub(super) fn watch(&self, event: EventId) -> Watch<'_> {
        Watch { strikes: self, event }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<EventId, u8>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Strikes when it is dropped by a panic. A task that is ended from outside
/// says nothing about its message.
pub(super) struct Watch<'a> {
    strikes: &'a Strikes,
    event: EventId,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.strikes.strike(self.event);
        }
    }
}

const MOST: u8 = 3;
/// More than that many at once is no matter of single messages.
const MOST_MESSAGES: usize = 10_000;
