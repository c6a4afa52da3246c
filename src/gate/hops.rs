//! Ends mail loops (RFC 5321 section 6.3): a message that has passed through
//! too many hands is refused before it is read, held or told about, also while
//! only watching. Whoever sent it last tells its sender. Only the number of
//! `Received` fields counts; what they say is anybody's claim.

use std::{sync::Arc, time::Instant};

use super::{Answer, Fate, Gate, GateError, Outcome, Rulebook, fields};
use crate::model::{Reply, Submission, Verdict};

impl Gate {
    /// Refuses a message that goes in circles. None when its way here was
    /// short enough.
    ///
    /// # Errors
    ///
    /// The audit log could not be written.
    pub(super) async fn end_loop(
        &self,
        book: &Arc<Rulebook>,
        submission: &Submission,
        started: Instant,
    ) -> Result<Option<Outcome>, GateError> {
        let most = usize::from(book.settings.gateway.hops);
        let is_hop = |field: &fields::Field<'_>| field.is("Received");
        if fields::all(&submission.raw).filter(is_hop).count() <= most {
            return Ok(None);
        }
        self.note_unread(book, submission, (Verdict::Refuse, ROUTE), started).await?;
        let recipients = submission.envelope.recipients.clone();
        let fate = Fate::Refused(Reply::new(554, "5.4.6", &[TEXT]));
        let answers = vec![Answer { recipients, fate }];
        Ok(Some(Outcome { event: Some(submission.id), answers }))
    }
}

const ROUTE: &str = "routing loop";
const TEXT: &str = "Routing loop: this message has passed through too many servers";
