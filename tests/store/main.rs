//! What the store promises: nothing lost, nothing twice, nothing in the clear.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod audit;
mod faults;
mod held;
mod ledger;
mod old;
mod outbox;
mod place;
mod provided;
mod queue;
mod retention;
