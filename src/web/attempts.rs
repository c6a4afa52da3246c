//! Slows down guessing of passwords.
//!
//! Counted by name, and apart for browsers that the person has logged in with
//! before: so a stranger who fails again and again slows down strangers, and
//! keeps nobody out. After five failures each further one doubles a wait that
//! ends at a minute. Nothing is kept over a restart, and no more than some
//! thousand names at a time.

use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

/// Failures by name.
#[derive(Default)]
pub(super) struct Attempts(Mutex<HashMap<(String, Browser), Failures>>);

/// Whether the person has logged in with this browser before.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Browser {
    Known,
    Strange,
}

#[derive(Clone, Copy)]
struct Failures {
    number: u32,
    last: Instant,
}

impl Attempts {
    /// How long to wait before another try; none when it may be made now.
    /// Counts the try as a failure until [`Attempts::forget`] says otherwise,
    /// so that many at once gain nothing.
    pub(super) fn wait(&self, name: &str, browser: Browser, now: Instant) -> Option<Duration> {
        let mut all = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if all.len() >= MOST {
            all.retain(|_, failures| now.duration_since(failures.last) < LONGEST_WAIT);
        }
        if all.len() >= MOST {
            return Some(LONGEST_WAIT);
        }
        let key = (name.trim().to_lowercase(), browser);
        let failures = all.entry(key).or_insert(Failures { number: 0, last: now });
        let wait = failures.wait().saturating_sub(now.duration_since(failures.last));
        if !wait.is_zero() {
            return Some(wait);
        }
        if now.duration_since(failures.last) > FORGOTTEN {
            failures.number = 0;
        }
        *failures = Failures { number: failures.number.saturating_add(1), last: now };
        None
    }

    /// Forgets the failures of a name, after a log-in.
    pub(super) fn forget(&self, name: &str, browser: Browser) {
        let mut all = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        all.remove(&(name.trim().to_lowercase(), browser));
    }
}

impl Failures {
    fn wait(self) -> Duration {
        let Some(beyond) = self.number.checked_sub(FREE) else { return Duration::ZERO };
        Duration::from_secs(1 << beyond.min(6)).min(LONGEST_WAIT)
    }
}

const FREE: u32 = 5;
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const FORGOTTEN: Duration = Duration::from_secs(15 * 60);
const MOST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_to_a_minute_and_the_known_browser_is_not_kept_out() {
        let attempts = Attempts::default();
        let start = Instant::now();
        for _ in 0..FREE {
            assert_eq!(attempts.wait("kari", Browser::Strange, start), None);
        }
        let one = Duration::from_secs(1);
        assert_eq!(attempts.wait("Kari ", Browser::Strange, start), Some(one));
        assert_eq!(attempts.wait("kari", Browser::Known, start), None);
        let mut now = start;
        for _ in 0..20 {
            now += LONGEST_WAIT;
            assert_eq!(attempts.wait("kari", Browser::Strange, now), None);
        }
        assert_eq!(attempts.wait("kari", Browser::Strange, now), Some(LONGEST_WAIT));
        attempts.forget("kari", Browser::Strange);
        assert_eq!(attempts.wait("kari", Browser::Strange, now), None);
    }
}
