//! What everybody together may take: connections, and memory for messages.
//!
//! Trusted peers count among all connections; strangers count for their own
//! address as well, and never take the last quarter, so that those who flood
//! us keep out nobody but themselves. An IPv6 address counts for its /64.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use super::{settings::Limits, trust::Standing};

/// Counts connections.
#[derive(Debug, Default)]
pub(super) struct Door(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    open: usize,
    strangers: usize,
    by_address: HashMap<IpAddr, Stranger>,
    /// Above so many addresses the quiet ones are forgotten.
    forget_at: usize,
}

#[derive(Debug)]
struct Stranger {
    open: usize,
    /// Until when the connections made so far fill the rate allowed.
    busy_until: Instant,
}

/// One connection that is counted until this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    door: Arc<Door>,
    stranger: Option<IpAddr>,
}

/// Why there is no seat.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Full {
    /// Too many connections from there.
    Address,
    /// Too many connections.
    All,
    /// Too many new connections from there in a short time.
    Rate,
}

impl Full {
    /// The word for metrics and the log.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::All => "connections",
            Self::Rate => "rate",
        }
    }
}

impl Door {
    /// Gives a seat to a client.
    ///
    /// # Errors
    ///
    /// There is none for it now.
    pub(super) fn enter(
        self: &Arc<Self>,
        address: IpAddr,
        standing: Standing,
        limits: &Limits,
    ) -> Result<Seat, Full> {
        let mut counts = self.counts();
        if counts.open >= limits.connections.get() {
            return Err(Full::All);
        }
        let stranger = (standing == Standing::Stranger).then(|| neighbourhood(address));
        if let Some(stranger) = stranger {
            counts.enter(stranger, limits)?;
        }
        counts.open += 1;
        Ok(Seat { door: Arc::clone(self), stranger })
    }

    /// Connections open now.
    pub(super) fn open(&self) -> usize {
        self.counts().open
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn enter(&mut self, address: IpAddr, limits: &Limits) -> Result<(), Full> {
        let most = limits.connections.get();
        if self.strangers >= most - most / 4 {
            return Err(Full::All);
        }
        let now = Instant::now();
        if self.by_address.len() > self.forget_at {
            self.by_address.retain(|_, one| one.open > 0 || one.busy_until > now);
            self.forget_at = (self.by_address.len() * 2).max(LEAST_FORGOTTEN);
        }
        let one = self.by_address.entry(address);
        let one = one.or_insert(Stranger { open: 0, busy_until: now });
        if one.open >= limits.connections_per_address.get() {
            return Err(Full::Address);
        }
        let busy_until = one.busy_until.max(now) + MINUTE / limits.connections_per_minute.get();
        if busy_until > now + MINUTE {
            return Err(Full::Rate);
        }
        one.busy_until = busy_until;
        one.open += 1;
        self.strangers += 1;
        Ok(())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.door.counts();
        counts.open = counts.open.saturating_sub(1);
        if let Some(address) = self.stranger {
            counts.strangers = counts.strangers.saturating_sub(1);
            if let Some(one) = counts.by_address.get_mut(&address) {
                one.open = one.open.saturating_sub(1);
            }
        }
    }
}

/// The addresses that count as one.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

/// Memory for the messages in hand.
#[derive(Debug)]
pub(super) struct Memory(Arc<Semaphore>);

impl Memory {
    /// Memory of so many bytes.
    pub(super) fn new(bytes: u64) -> Self {
        let blocks = usize::try_from(bytes / BLOCK).unwrap_or(usize::MAX);
        Self(Arc::new(Semaphore::new(blocks.min(Semaphore::MAX_PERMITS))))
    }

    /// An empty share of it.
    pub(super) fn share(&self) -> Share {
        Share { memory: Arc::clone(&self.0), blocks: 0, permit: None }
    }
}

/// What one message has of the memory, until this is dropped.
#[derive(Debug)]
pub(super) struct Share {
    memory: Arc<Semaphore>,
    blocks: u64,
    permit: Option<OwnedSemaphorePermit>,
}

impl Share {
    /// The same as [`Share::hold`], and waits for `time` until others have let
    /// go of theirs. For a share that is still empty: two that wait for more
    /// might wait for each other.
    pub(super) async fn wait_for(&mut self, bytes: u64, time: Duration) -> bool {
        let blocks = bytes.div_ceil(BLOCK);
        let Ok(wanted) = u32::try_from(blocks) else { return false };
        let waiting = Arc::clone(&self.memory).acquire_many_owned(wanted);
        let Ok(Ok(permit)) = timeout(time, waiting).await else { return false };
        (self.blocks, self.permit) = (blocks, Some(permit));
        true
    }

    /// Sees to it that the share is of so many bytes at least. False when
    /// there is not enough memory now.
    pub(super) fn hold(&mut self, bytes: u64) -> bool {
        let wanted = bytes.div_ceil(BLOCK).saturating_sub(self.blocks);
        if wanted == 0 {
            return true;
        }
        let Ok(wanted) = u32::try_from(wanted) else { return false };
        let Ok(more) = Arc::clone(&self.memory).try_acquire_many_owned(wanted) else {
            return false;
        };
        self.blocks += u64::from(wanted);
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            None => self.permit = Some(more),
        }
        true
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const LEAST_FORGOTTEN: usize = 1024;
const BLOCK: u64 = 1 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(connections: usize, per_address: usize, per_minute: u32) -> Limits {
        Limits {
            connections: connections.try_into().unwrap(),
            connections_per_address: per_address.try_into().unwrap(),
            connections_per_minute: per_minute.try_into().unwrap(),
            ..Limits::default()
        }
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn strangers_leave_room_for_others() {
        let (door, limits) = (Arc::new(Door::default()), limits(4, 3, 100));
        let one = address("198.51.100.1");
        let enter = |address, standing| door.enter(address, standing, &limits);
        let mut seats: Vec<Seat> =
            (0..3).map(|_| enter(one, Standing::Stranger).unwrap()).collect();
        assert_eq!(enter(one, Standing::Stranger).unwrap_err(), Full::All);
        seats.push(enter(one, Standing::Trusted).unwrap());
        assert_eq!(enter(one, Standing::Trusted).unwrap_err(), Full::All);
        assert_eq!(door.open(), 4);
        seats.clear();
        assert_eq!(door.open(), 0);
        assert!(enter(one, Standing::Stranger).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_has_a_limit_of_its_own() {
        let (door, limits) = (Arc::new(Door::default()), limits(100, 2, 100));
        let enter = |text| door.enter(address(text), Standing::Stranger, &limits);
        let _seats = [enter("2001:db8::1").unwrap(), enter("2001:db8::2").unwrap()];
        assert_eq!(enter("2001:db8::3").unwrap_err(), Full::Address);
        assert!(enter("2001:db8:0:1::3").is_ok());
        assert!(enter("198.51.100.1").is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn so_has_the_rate() {
        let (door, limits) = (Arc::new(Door::default()), limits(100, 100, 2));
        let enter = || door.enter(address("198.51.100.1"), Standing::Stranger, &limits);
        drop([enter().unwrap(), enter().unwrap()]);
        assert_eq!(enter().unwrap_err(), Full::Rate);
        tokio::time::advance(Duration::from_secs(29)).await;
        assert_eq!(enter().unwrap_err(), Full::Rate);
        tokio::time::advance(Duration::from_secs(2)).await;
        drop(enter().unwrap());
        assert_eq!(enter().unwrap_err(), Full::Rate);
    }

    #[tokio::test(start_paused = true)]
    async fn quiet_addresses_are_forgotten() {
        let (door, limits) = (Arc::new(Door::default()), limits(100, 100, 60));
        for number in 0..5000_u32 {
            let address = IpAddr::V4(number.into());
            drop(door.enter(address, Standing::Stranger, &limits).unwrap());
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        assert!(door.counts().by_address.len() <= LEAST_FORGOTTEN + 1);
    }

    #[test]
    fn memory_is_taken_and_given_back() {
        let memory = Memory::new(10 << 10);
        let mut share = memory.share();
        assert!(share.hold(1) && share.hold(1024) && share.hold(6000));
        let mut other = memory.share();
        assert!(!other.hold(4097) && other.hold(4096));
        assert!(!share.hold(7000) && !other.hold(u64::MAX));
        drop(other);
        assert!(share.hold(10 << 10));
        drop(share);
        assert!(memory.share().hold(10 << 10));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_memory_gets_it_or_learns_that_there_is_none() {
        let memory = Memory::new(10 << 10);
        let mut first = memory.share();
        assert!(first.wait_for(8 << 10, MINUTE).await);
        let mut second = memory.share();
        assert!(!second.wait_for(8 << 10, MINUTE).await);
        let waiting = second.wait_for(8 << 10, MINUTE);
        let (got, ()) = tokio::join!(waiting, async { drop(first) });
        assert!(got && !second.hold(11 << 10));
    }
}
