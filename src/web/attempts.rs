//! Slows down guessing of passwords.
//!
//! Counted by name, and apart for browsers that the person has logged in with
//! before: so a stranger who fails again and again slows down strangers, and
//! keeps nobody out. Counted by address as well, over all names, for strange
//! browsers alone. After some failures each further one doubles a wait that
//! ends at a minute. Nothing is kept over a restart, and no more than some
//! thousand names and addresses at a time.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::Mutex,
    time::{Duration, Instant},
};

/// Failures by name and by address.
#[derive(Default)]
pub(super) struct Attempts {
    names: Mutex<HashMap<(String, Browser), Failures>>,
    addresses: Mutex<HashMap<IpAddr, Failures>>,
}

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
        let mut all = self.names.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if all.len() >= MOST {
            all.retain(|_, failures| now.duration_since(failures.last) < LONGEST_WAIT);
        }
        if all.len() >= MOST {
            return Some(LONGEST_WAIT);
        }
        count(&mut all, (name.trim().to_lowercase(), browser), FREE, now)
    }

    /// Forgets the failures of a name, after a log-in.
    pub(super) fn forget(&self, name: &str, browser: Browser) {
        let mut all = self.names.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        all.remove(&(name.trim().to_lowercase(), browser));
    }

    /// Like [`Attempts::wait`], for tries from one address at whatever names.
    /// Many people may be behind one, so more of them are free.
    pub(super) fn wait_at(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let mut all = self.addresses.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let address = block(address);
        if all.len() >= MOST && !all.contains_key(&address) {
            // Not a refusal: whoever has thousands of addresses could keep all
            // others out.
            let oldest = all.iter().min_by_key(|(_, failures)| failures.last);
            if let Some(oldest) = oldest.map(|(address, _)| *address) {
                all.remove(&oldest);
            }
        }
        count(&mut all, address, FREE_AT, now)
    }

    /// Takes back the one try from an address that was no failure. The others
    /// stay: whoever has one password may still guess at others.
    pub(super) fn succeeded_at(&self, address: IpAddr) {
        let mut all = self.addresses.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(failures) = all.get_mut(&block(address)) {
            failures.number = failures.number.saturating_sub(1);
        }
    }
}

/// Counts a try, unless it comes too early.
fn count<Key: Eq + Hash>(
    all: &mut HashMap<Key, Failures>,
    key: Key,
    free: u32,
    now: Instant,
) -> Option<Duration> {
    let failures = all.entry(key).or_insert(Failures { number: 0, last: now });
    let wait = failures.wait(free).saturating_sub(now.duration_since(failures.last));
    if !wait.is_zero() {
        return Some(wait);
    }
    if now.duration_since(failures.last) > FORGOTTEN {
        failures.number = 0;
    }
    *failures = Failures { number: failures.number.saturating_add(1), last: now };
    None
}

/// What one visitor can have any number of addresses in: a /64 of IPv6.
fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

impl Failures {
    fn wait(self, free: u32) -> Duration {
        let Some(beyond) = self.number.checked_sub(free) else { return Duration::ZERO };
        Duration::from_secs(1 << beyond.min(6)).min(LONGEST_WAIT)
    }
}

const FREE: u32 = 5;
const FREE_AT: u32 = 30;
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

    #[test]
    fn password_spraying_from_one_address_is_slowed_and_one_success_wipes_nothing_out() {
        let attempts = Attempts::default();
        let start = Instant::now();
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        for _ in 0..FREE_AT {
            assert_eq!(attempts.wait_at(at("192.0.2.9"), start), None);
        }
        let one = Some(Duration::from_secs(1));
        assert_eq!(attempts.wait_at(at("192.0.2.9"), start), one);
        assert_eq!(attempts.wait_at(at("::ffff:192.0.2.9"), start), one);
        assert_eq!(attempts.wait_at(at("192.0.2.10"), start), None);
        attempts.succeeded_at(at("192.0.2.9"));
        assert_eq!(attempts.wait_at(at("192.0.2.9"), start), None);
        assert_eq!(attempts.wait_at(at("192.0.2.9"), start), one);
    }

    #[test]
    fn changing_addresses_inside_a_block_of_ipv6_gains_nothing() {
        let attempts = Attempts::default();
        let start = Instant::now();
        let at = |host: u128| IpAddr::from(Ipv6Addr::from_bits((0x2001_0db8 << 96) | host));
        for host in 0..u128::from(FREE_AT) {
            assert_eq!(attempts.wait_at(at(host), start), None);
        }
        assert_eq!(attempts.wait_at(at(4711), start), Some(Duration::from_secs(1)));
        assert_eq!(attempts.wait_at(at(1 << 64), start), None);
    }

    #[test]
    fn memory_stays_bounded_and_many_addresses_keep_nobody_out() {
        let attempts = Attempts::default();
        let start = Instant::now();
        for number in 0..2 * u32::try_from(MOST).unwrap() {
            let now = start + Duration::from_millis(u64::from(number));
            assert_eq!(attempts.wait_at(IpAddr::from(number.to_be_bytes()), now), None);
            let _full = attempts.wait(&format!("name-{number}"), Browser::Strange, start);
        }
        assert_eq!(attempts.addresses.lock().unwrap().len(), MOST);
        assert_eq!(attempts.names.lock().unwrap().len(), MOST);
    }
}
