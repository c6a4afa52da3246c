//! Which way a message goes, seen from the organisation.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Address, Envelope};

/// The way from sender to one recipient.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From outside to one of our domains, or to nobody we know.
    Inbound,
    /// Between our own domains.
    Internal,
    /// From one of our domains to the outside.
    Outbound,
}

impl Direction {
    /// The direction of `envelope` for one recipient. `domains` are our own,
    /// in lower case; a subdomain is ours only when named.
    pub fn of(sender: Option<&Address>, recipient: &Address, domains: &[String]) -> Self {
        let ours = |address: &Address| domains.iter().any(|domain| domain == address.domain());
        match (sender.is_some_and(ours), ours(recipient)) {
            (true, true) => Self::Internal,
            (true, false) => Self::Outbound,
            (false, _) => Self::Inbound,
        }
    }

    /// The direction of a whole message: outbound as soon as one recipient
    /// is outside.
    pub fn of_envelope(envelope: &Envelope, domains: &[String]) -> Self {
        let directions =
            || envelope.recipients.iter().map(|to| Self::of(envelope.sender.as_ref(), to, domains));
        directions().max().unwrap_or(Self::Inbound)
    }

    /// The word used in policy files, metrics and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Internal => "internal",
            Self::Outbound => "outbound",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
