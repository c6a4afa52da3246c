//! What people type: purposes, reasons, comments.
//!
//! Such words are kept for years, in the audit log too, and are read by many.
//! So they must not hold what the gateway is there to keep in: whoever writes a
//! number is asked to write it without. Nothing of a refused text is kept.

use thiserror::Error;

use super::Gate;
use crate::{
    model::{Reviewer, ReviewerError},
    notify,
};

impl Gate {
    /// Somebody who acts, with a purpose that is fit to be kept.
    ///
    /// # Errors
    ///
    /// There is no usable name or purpose, or the purpose holds a number.
    pub fn reviewer(&self, name: &str, purpose: &str) -> Result<Reviewer, FreeTextError> {
        let purpose = self.checked_text(purpose)?;
        Reviewer::new(name, &purpose).map_err(FreeTextError::Reviewer)
    }

    /// A text fit to be kept: on one line, and without anything that our rules
    /// find sensitive or that has more digits in a row than a date.
    ///
    /// # Errors
    ///
    /// The text is too long or holds such a thing.
    pub fn checked_text(&self, text: &str) -> Result<String, FreeTextError> {
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let text: String = text.chars().map(plain).collect();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.len() > MOST_BYTES {
            return Err(FreeTextError::Long);
        }
        let is_sensitive = || self.reader(&self.book()).finds_in(&text, self.now());
        if notify::hides_in(&text) || is_sensitive() {
            return Err(FreeTextError::Sensitive);
        }
        Ok(text)
    }
}

/// A text cannot be kept.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum FreeTextError {
    /// It is too long.
    #[error("a text may have at most {MOST_BYTES} bytes")]
    Long,
    /// Name or purpose are missing or too long.
    #[error(transparent)]
    Reviewer(ReviewerError),
    /// It holds a number, or what our rules find sensitive.
    #[error("the text holds a number or other sensitive data, write it without")]
    Sensitive,
}

/// As much as a purpose may have.
const MOST_BYTES: usize = 2000;
