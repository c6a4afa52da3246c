//! What goes wrong in real life, at the milter and at the relay: the program
//! is killed, its disk fails, its neighbours misbehave, its surroundings are
//! poor. Nothing may be lost, leak, or be held twice; nothing is delivered
//! twice more often than the trouble struck.
//!
//! `SLUSE_SOAK="2000 60"` runs the first test with so many messages and kills,
//! and `SLUSE_SOAK_MINUTES=30` the mix of all troubles for so long;
//! `deploy/soak.sh` does both. `SLUSE_FUZZ_FRAMES=1000000` is for the frames.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

#[path = "faults/books.rs"]
mod books;
#[path = "faults/disks.rs"]
mod disks;
#[path = "faults/frames.rs"]
mod frames;
#[path = "faults/keys.rs"]
mod keys;
#[path = "faults/kills.rs"]
mod kills;
#[path = "faults/neighbours.rs"]
mod neighbours;
#[path = "faults/soak.rs"]
mod soak;
#[path = "faults/surroundings.rs"]
mod surroundings;

/// Which way mail comes to the program under test.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Gate {
    Milter,
    Relay,
}

impl Gate {
    /// A plan with this gate, a way for copies and nothing else.
    fn plan(self) -> harness::sluse::Plan {
        let smtp = match self {
            Self::Milter => "",
            Self::Relay => "smtp:",
        };
        harness::sluse::Plan { smtp, reinject: true, ..harness::sluse::Plan::default() }
    }
}

/// Makes a test at each gate of each of these functions.
macro_rules! at_both_gates {
    ($($name:ident),+ $(,)?) => {
        mod milter { $(#[test] fn $name() { super::$name(crate::Gate::Milter); })+ }
        mod relay { $(#[test] fn $name() { super::$name(crate::Gate::Relay); })+ }
    };
}
use at_both_gates;
