//! A question to the internal sender of a held message.
//!
//! It goes by mail, once for a message: who must ask again should call. The
//! message stays held.

use serde_json::json;

use super::super::{Gate, GateError, quarantine::person_event};
use super::Granted;
use crate::{
    model::{Act, Reviewer},
    store::{Change, HeldId, HeldState},
};

impl Gate {
    /// Asks the sender of a held message something.
    ///
    /// # Errors
    ///
    /// There is no such message, the sender is none of ours or was asked
    /// before, the words cannot be kept, or the store failed.
    pub(super) async fn ask(
        &self,
        id: HeldId,
        question: &str,
        by: &Reviewer,
    ) -> Result<Granted, GateError> {
        let question = self.checked_text(question)?;
        if question.is_empty() {
            return Err(not_asked("there is no question"));
        }
        let held = self.held(id).await?;
        if held.state != HeldState::Held {
            return Ok(Granted::Already(held.state));
        }
        let queued = self.question(&held, by, &question).await?;
        let facts = json!({ "held": id, "question": question, "purpose": by.purpose() });
        let change = Change {
            queue: vec![queued],
            events: vec![person_event(&held, by, Act::Asked, facts)],
            ..Change::default()
        };
        let committed = self.store.commit(change).await?;
        if !committed.queue.iter().any(|placed| placed.is_new()) {
            return Err(not_asked("it was asked before"));
        }
        self.mail_waits.notify_one();
        Ok(Granted::Done)
    }
}

fn not_asked(why: &str) -> GateError {
    GateError::NotAsked(why.to_owned())
}
