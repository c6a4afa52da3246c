//! Whoever acts on held content leaves a name and a purpose.

use thiserror::Error;

/// A person acting on held content. Held content cannot be opened without one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reviewer {
    name: String,
    purpose: String,
}

impl Reviewer {
    /// Takes a name and a purpose.
    ///
    /// # Errors
    ///
    /// Either is empty, too long or holds control characters.
    pub fn new(name: &str, purpose: &str) -> Result<Self, ReviewerError> {
        let (name, purpose) = (name.trim(), purpose.trim());
        let bad = |text: &str, longest| {
            text.is_empty() || text.len() > longest || text.chars().any(char::is_control)
        };
        if bad(name, 200) {
            return Err(ReviewerError::Name);
        }
        if bad(purpose, 2000) {
            return Err(ReviewerError::Purpose);
        }
        Ok(Self { name: name.to_owned(), purpose: purpose.to_owned() })
    }

    /// Who.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Why.
    pub fn purpose(&self) -> &str {
        &self.purpose
    }
}

/// What is missing to act on held content.
#[derive(Clone, Copy, Debug, Error, Eq, PartialEq)]
pub enum ReviewerError {
    /// No usable name.
    #[error("a reviewer needs a name of 1 to 200 characters")]
    Name,
    /// No usable purpose.
    #[error("a purpose of 1 to 2000 characters is needed")]
    Purpose,
}
