//! Hop 4: what policy decided for some recipients, and why.

use std::{fmt, sync::Arc};

use super::{Address, KeyTrouble, Level, MethodId};

/// A decision for some of the recipients.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruling {
    /// Whom it is about; never empty, never overlapping another ruling of the
    /// same message.
    pub recipients: Vec<Address>,
    /// What is to happen.
    pub verdict: Verdict,
    /// The name of the route that decided, or `default`.
    pub route: Arc<str>,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// What is to happen with a message for a recipient. Closed: a new one must be
/// thought through everywhere, and the compiler lists the places.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Verdict {
    /// Ask the sender to try again later.
    Defer,
    /// Pass it on untouched.
    Deliver,
    /// Keep it for a person to look at.
    Hold,
    /// Encrypt it and pass that on.
    Protect(MethodId),
    /// Refuse it, with guidance.
    Refuse,
}

impl Verdict {
    /// The word used in policy files, metrics and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Defer => "defer",
            Self::Deliver => "deliver",
            Self::Hold => "hold",
            Self::Protect(_) => "protect",
            Self::Refuse => "refuse",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One reason for a ruling. Written without content, fit for logs and audit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reason {
    /// A rule found something.
    Finding(Arc<str>, Level),
    /// Something could not be read: the kind of gap.
    Gap(&'static str),
    /// A method could not serve the recipient.
    Key(MethodId, KeyTrouble),
    /// Recipients had to be treated alike, and the strictest ruling won.
    NotSplit,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finding(rule, level) => write!(f, "{rule}:{level}"),
            Self::Gap(kind) => write!(f, "gap:{kind}"),
            Self::Key(method, trouble) => write!(f, "{method}:{trouble}"),
            Self::NotSplit => f.write_str("not-split"),
        }
    }
}
