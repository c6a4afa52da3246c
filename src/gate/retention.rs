//! How long what is held is kept, and what ends it.
//!
//! A route of the policy may say for how long what it holds is kept, which is
//! how a project or a partner gets a time of its own; else the settings do. A
//! message that several routes hold is kept for the longest of their times.

use tracing::error;

use super::{Gate, GateError, Rulebook, error::chain};
use crate::{
    model::{Ruling, Verdict},
    store::{HeldId, Retention},
};

/// For how many days a message is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct KeepDays {
    /// While it waits for a person.
    pub(super) held: u32,
    /// Once it is released.
    pub(super) released: u32,
}

impl Rulebook {
    /// For how long a message is kept that `rulings` hold.
    pub(super) fn keep_days(&self, rulings: &[Ruling]) -> KeepDays {
        let gateway = &self.settings.gateway;
        let usual = KeepDays { held: gateway.keep_days, released: gateway.keep_released_days };
        let holding = rulings.iter().filter(|ruling| ruling.verdict == Verdict::Hold);
        let of_routes = holding.map(|ruling| {
            let (held, released) = self.policy.keep_days(&ruling.route);
            KeepDays {
                held: held.unwrap_or(usual.held),
                released: released.unwrap_or(usual.released),
            }
        });
        let longest = |a: KeepDays, b: KeepDays| KeepDays {
            held: a.held.max(b.held),
            released: a.released.max(b.released),
        };
        of_routes.reduce(longest).unwrap_or(usual)
    }

    /// How long records are kept.
    pub fn retention(&self) -> Retention {
        let gateway = &self.settings.gateway;
        Retention { record_days: gateway.keep_record_days, audit_days: gateway.keep_audit_days }
    }
}

impl Gate {
    /// Destroys what is kept longer than its time. Returns the held messages
    /// that went; there may be more.
    ///
    /// # Errors
    ///
    /// The clock jumped or the store failed: nothing was destroyed.
    pub async fn expire(&self) -> Result<Vec<HeldId>, GateError> {
        let retention = self.book().retention();
        let expired = self.store.purge(self.now(), retention).await?;
        // A log that cannot be shortened must not keep content alive.
        if let Err(error) = self.store.trim_audit(self.now(), retention).await {
            error!(error = chain(&error), "audit log not shortened");
        }
        Ok(expired)
    }
}
