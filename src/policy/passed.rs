//! What the gateway let go before and now meets again.

use super::{Cleared, Grounds, Policy};
use crate::model::{Address, Raw};

/// The proof that this gateway sent exactly these bytes to each of these
/// recipients a short while ago. For `gate::mark` alone, which holds the key.
#[derive(Debug)]
pub struct Passed {
    digest: [u8; 32],
    recipients: Vec<Address>,
}

impl Passed {
    /// The proof for `raw`, if it is marked for every one of `recipients`.
    pub(crate) fn proven_by_mark(
        raw: &Raw,
        recipients: &[Address],
        is_marked: impl Fn(&Address) -> bool,
    ) -> Option<Self> {
        let all = !recipients.is_empty() && recipients.iter().all(is_marked);
        all.then(|| Self { digest: raw.digest(), recipients: recipients.to_vec() })
    }
}

impl Policy {
    /// Clears what was cleared and sent before, without judging it again.
    pub fn clear_passed(&self, passed: Passed) -> Cleared {
        Cleared::new(passed.digest, passed.recipients, Grounds::Passed)
    }
}
