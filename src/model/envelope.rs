//! Sender and recipients of the SMTP transaction (RFC 5321 section 2.3.1).

use serde::{Deserialize, Serialize};

use super::Address;

/// Who sends to whom, as the transaction said, whatever the headers say.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Envelope {
    /// The reverse-path; `None` is the null sender `<>` of reports.
    pub sender: Option<Address>,
    /// The forward-paths, in the order given.
    pub recipients: Vec<Address>,
}

impl Envelope {
    /// The same sender, with only these recipients.
    pub fn to(&self, recipients: &[Address]) -> Self {
        Self { sender: self.sender.clone(), recipients: recipients.to_vec() }
    }
}
