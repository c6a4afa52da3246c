//! A whole site: clients → Postfix ⇄ Sluse, or clients → Sluse → Postfix, and
//! the world behind Postfix.

use tempfile::TempDir;

use super::{
    PATIENCE,
    client::{self, Client, Mail, Reply},
    postfix::Postfix,
    sink::{Arrival, Sink},
    sluse::{Plan, Sluse},
};

/// Everything that one test needs, in a folder of its own.
pub(crate) struct Site {
    /// Where clients bring mail: Postfix with its milter, or the relay itself,
    /// whose next hop is Postfix.
    pub(crate) gate: u16,
    /// Postfix, with Sluse at its gate.
    pub(crate) postfix: Postfix,
    /// The program under test.
    pub(crate) sluse: Sluse,
    /// Where all mail ends up.
    pub(crate) sink: Sink,
    /// The folder that all of it lives in.
    pub(crate) dir: TempDir,
}

impl Site {
    /// Starts all of it.
    pub(crate) fn open(plan: Plan) -> Self {
        let mut site = Self::prepare(plan);
        site.sluse.start();
        site
    }

    /// Starts all of it but Sluse.
    pub(crate) fn prepare(plan: Plan) -> Self {
        let dir = TempDir::with_prefix("sluse-").unwrap();
        let sink = Sink::open();
        let doors = Postfix::doors();
        let relays = !plan.smtp.is_empty();
        let behind = if plan.direct { sink.port } else { doors.1 };
        let sluse = Sluse::settle(dir.path(), plan, behind);
        let postfix = Postfix::start(dir.path(), doors, &sluse.milter, sink.port);
        let gate = if relays { sluse.smtp } else { postfix.gate };
        Self { gate, postfix, sluse, sink, dir }
    }

    /// Sends a message through the gate.
    pub(crate) fn send(&self, mail: &Mail) -> Reply {
        client::send(self.gate, mail)
    }

    /// Whether the gate says to try again, or does not answer at all.
    pub(crate) fn defers(&self, mail: &Mail) -> bool {
        let reply = Client::connect(self.gate).and_then(|mut client| client.send(mail));
        reply.map_or(true, |reply| reply.code == 451)
    }

    /// Waits for the messages with this Message-ID, `count` of them.
    pub(crate) fn arrivals(&self, count: usize, id: &str) -> Vec<Arrival> {
        let mark = format!("<{id}>");
        let fits = |mail: &Arrival| mail.header("Message-ID").as_deref() == Some(&mark);
        let found = self.sink.wait(count, PATIENCE, fits);
        assert_eq!(
            found.len(),
            count,
            "{id} at the sink; Postfix says {:#?}",
            self.postfix.log.all()
        );
        found
    }

    /// Sends a clean letter and waits for it: whatever was on its way before
    /// it has had its time to arrive.
    pub(crate) fn settle(&self) {
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let id = format!("settle-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let reply = self.send(&super::samples::letter(&id, "Alt vel."));
        assert_eq!(reply.code, 250, "{reply:?}");
        self.arrivals(1, &format!("{id}@cpm.example"));
    }
}
