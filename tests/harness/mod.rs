//! What the end-to-end tests share: a private Postfix, a place where mail ends
//! up, a client that sends, and the program itself under a real configuration.
//!
//! Nothing here knows the insides of Sluse: it is driven by its settings, its
//! command line and its sockets, as an administrator would. Everything lives
//! in a temporary folder, listens on 127.0.0.1 and ends with the test.

#![allow(
    dead_code,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "each test file uses a part of it, and a test ends where something is missing"
)]

pub(crate) mod client;
pub(crate) mod disk;
pub(crate) mod keyring;
pub(crate) mod lines;
pub(crate) mod mta;
pub(crate) mod postfix;
pub(crate) mod samples;
pub(crate) mod sink;
pub(crate) mod site;
pub(crate) mod sluse;
pub(crate) mod trial;

use std::{
    net::TcpListener,
    sync::atomic::{AtomicU16, Ordering},
    thread,
    time::{Duration, Instant},
};

/// Asks again and again until there is an answer; fails the test when there is
/// none in time.
pub(crate) fn until<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < limit, "waited {limit:?} in vain for: {what}");
        thread::park_timeout(Duration::from_millis(10));
    }
}

/// A port that is free now, below those which the kernel gives to clients.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Two tests begun at once have neighbouring numbers, and take some ports each.
    let start = u16::try_from(std::process::id().wrapping_mul(101) % 11_000).unwrap_or(0);
    loop {
        let port = 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Long enough for a busy machine; nothing waits that long when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
