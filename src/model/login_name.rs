//! What people log in with.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// The name of an account: 2 to 64 characters, in lower case. It stands in the
/// audit log, so it can hold no number of a person.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct LoginName(String);

impl LoginName {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LoginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for LoginName {
    type Err = ParseLoginNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.trim().to_lowercase();
        let fits = |c: char| c.is_alphanumeric() || "-._@+".contains(c);
        let digits = name.chars().filter(|c| c.is_numeric()).count();
        if !(2..=64).contains(&name.chars().count()) || !name.chars().all(fits) || digits > 5 {
            return Err(ParseLoginNameError);
        }
        Ok(Self(name))
    }
}

/// The text is not the name of an account.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("a name has 2 to 64 letters, digits and -._@+, with at most 5 digits")]
pub struct ParseLoginNameError;
