//! What people may do: roles, and the permissions each one carries.
//!
//! A person has any number of roles. The administrator sees no content, and
//! the auditor sees the audit log alone. Nobody gets a permission in another
//! way than by a role.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What somebody is trusted with.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Accounts, tokens and settings; never content.
    Administrator,
    /// Looks, and is the second person where two are needed.
    Approver,
    /// The audit log, and nothing else.
    Auditor,
    /// The data protection officer: what is held about a person.
    Officer,
    /// Looks at held messages and decides about them.
    Reviewer,
    /// Sees what is held, with every value masked.
    Viewer,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Administrator,
        Self::Approver,
        Self::Auditor,
        Self::Officer,
        Self::Reviewer,
        Self::Viewer,
    ];

    /// The word in settings, JSON and the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Approver => "approver",
            Self::Auditor => "auditor",
            Self::Officer => "officer",
            Self::Reviewer => "reviewer",
            Self::Viewer => "viewer",
        }
    }

    /// Whether the role carries a permission.
    pub fn allows(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Self::Administrator => matches!(permission, P::ManageAccounts | P::SeeFigures),
            Self::Approver => {
                let own = matches!(permission, P::Approve);
                own || Self::Reviewer.allows(permission)
            }
            Self::Auditor => matches!(permission, P::SeeAudit | P::SeeFigures | P::SeeReports),
            Self::Officer => matches!(
                permission,
                P::FindPersons | P::KeepByLaw | P::SeeAudit | P::SeeFigures | P::SeeReports
            ),
            Self::Reviewer => {
                let own = matches!(permission, P::Decide | P::Reveal);
                own || Self::Viewer.allows(permission)
            }
            Self::Viewer => matches!(permission, P::SeeFigures | P::SeeQueue),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

/// The text is not a role.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("a role is administrator, approver, auditor, officer, reviewer or viewer")]
pub struct UnknownRole;

/// One thing that a role may allow.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Permission {
    /// Agree to what another person has asked for.
    Approve,
    /// Release, refuse, delete, ask, comment, assign, report a wrong alarm.
    Decide,
    /// Find, export, correct and erase what is held about a person.
    FindPersons,
    /// Place and lift legal holds.
    KeepByLaw,
    /// Make, change and close accounts and tokens.
    ManageAccounts,
    /// See content unmasked, giving a purpose.
    Reveal,
    /// Read, verify and export the audit log.
    SeeAudit,
    /// See the dashboard.
    SeeFigures,
    /// See held messages with values masked.
    SeeQueue,
    /// Make reports for authorities.
    SeeReports,
}
