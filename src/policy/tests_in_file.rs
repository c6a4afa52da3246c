//! Tests that an administrator writes into the policy file.

use serde::Deserialize;

use super::{Facts, Policy};
use crate::model::{Address, MethodId, Verdict};

/// One test: this message from this sender to these recipients must end so.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyTest {
    /// The sender; left out for the null sender.
    pub from: Option<Address>,
    /// The recipients.
    pub to: Vec<Address>,
    /// The message file, relative to the policy file.
    pub message: String,
    /// The verdict that every recipient must get.
    pub expect: Expected,
    /// Methods for which every recipient is taken to have a key.
    #[serde(default)]
    pub with: Vec<MethodId>,
    /// The line in the policy file, from 1.
    #[serde(skip)]
    pub line: usize,
}

impl PolicyTest {
    /// Whether the policy decides as the test expects.
    ///
    /// # Errors
    ///
    /// Says what was expected and what was decided instead.
    pub fn check(&self, policy: &Policy, facts: &Facts<'_>) -> Result<(), String> {
        let rulings = policy.decide(facts);
        if rulings.is_empty() {
            return Err("there is no recipient to decide about".to_owned());
        }
        for ruling in rulings {
            if !self.expect.fits(ruling.verdict) {
                return Err(format!(
                    "expected {}, but route {:?} says {}",
                    self.expect.as_str(),
                    ruling.route,
                    ruling.verdict
                ));
            }
        }
        Ok(())
    }
}

/// A verdict as a test names it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Expected {
    /// [`Verdict::Defer`]
    Defer,
    /// [`Verdict::Deliver`]
    Deliver,
    /// [`Verdict::Hold`]
    Hold,
    /// [`Verdict::Protect`] by any method
    Protect,
    /// [`Verdict::Refuse`]
    Refuse,
}

impl Expected {
    fn as_str(self) -> &'static str {
        match self {
            Self::Defer => "defer",
            Self::Deliver => "deliver",
            Self::Hold => "hold",
            Self::Protect => "protect",
            Self::Refuse => "refuse",
        }
    }

    fn fits(self, verdict: Verdict) -> bool {
        match verdict {
            Verdict::Defer => self == Self::Defer,
            Verdict::Deliver => self == Self::Deliver,
            Verdict::Hold => self == Self::Hold,
            Verdict::Protect(_) => self == Self::Protect,
            Verdict::Refuse => self == Self::Refuse,
        }
    }
}
