//! Keeps one person from being buried in notices. In memory only: a restart
//! forgets it, which costs at most a few more notices.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use crate::model::Address;

/// How many notices an address was sent lately.
pub struct Pace {
    most: usize,
    sent: Mutex<HashMap<String, Vec<Timestamp>>>,
}

impl Pace {
    /// Allows `most` notices an hour for each address.
    pub fn new(most: usize) -> Self {
        Self { most, sent: Mutex::new(HashMap::new()) }
    }

    /// Whether `to` may have one more notice now, which then counts.
    pub fn allows(&self, to: &Address, now: Timestamp) -> bool {
        let since = now.saturating_sub(HOUR).unwrap_or(Timestamp::MIN);
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if sent.len() >= MAX_ADDRESSES {
            sent.retain(|_, times| times.iter().any(|time| *time > since));
        }
        if sent.len() >= MAX_ADDRESSES {
            return false;
        }
        let times = sent.entry(to.key()).or_default();
        times.retain(|time| *time > since);
        let allowed = times.len() < self.most;
        if allowed {
            times.push(now);
        }
        allowed
    }
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const MAX_ADDRESSES: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_notice_waits_for_the_next_hour() {
        let (kari, ola) = ("kari@cpm.example".parse().unwrap(), "ola@cpm.example".parse().unwrap());
        let (pace, start) = (Pace::new(2), Timestamp::UNIX_EPOCH);
        assert!(pace.allows(&kari, start));
        assert!(pace.allows(&kari, start));
        assert!(!pace.allows(&kari, start));
        assert!(pace.allows(&ola, start));
        assert!(pace.allows(&kari, start + HOUR));
    }
}
