//! The only place that knows every step.

mod outcome;

use std::{future::Future, pin::Pin, sync::Arc};

pub use self::outcome::{Answer, Fate, Outcome};
use crate::model::{Channel, Envelope};

/// A message as a front-end took it, before it has a name.
pub struct Taken {
    /// What the front-end can still do.
    pub channel: Channel,
    /// Sender and recipients.
    pub envelope: Envelope,
    /// Headers and body with CR LF line ends, as received.
    pub raw: Arc<[u8]>,
}

/// Whoever judges messages. Front-ends know no more of the gate than this.
pub trait Judge: Send + Sync {
    /// Judges one message. Never fails: an inner error is an outcome in which
    /// every recipient is deferred.
    fn judge(&self, taken: Taken) -> Pin<Box<dyn Future<Output = Outcome> + Send + '_>>;
}
