//! The gate in process: who hands it what, and what becomes of it. Store,
//! readers and keys are real; the clock stands still and the next hop is fake.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod answers;
mod cancelled;
mod delivery_reports;
mod digests;
mod expiry;
mod failures;
#[allow(dead_code, reason = "shared with tests that need more of it")]
#[path = "../harness/sink.rs"]
mod fake_hop;
mod hops;
mod ledger;
mod letters;
mod marks;
mod mixed;
mod notices;
mod office;
mod outbox;
mod poison;
mod protecting;
mod quarantine;
mod review;
mod rulebooks;
mod sender_links;
mod sender_page;
mod split;
mod verdicts;
mod wishes;
