//! The line between the parts of a multipart entity (RFC 2046 section 5.1.1).

use std::fmt;

use super::error::ProtectError;

/// A boundary of 160 random bits, so that no body can hold it.
///
/// Letters only: a boundary stands in the clear, and one with digits would now
/// and then look like an identity number.
pub(super) struct Boundary([u8; 20]);

impl Boundary {
    /// A new boundary.
    ///
    /// # Errors
    ///
    /// The system has no randomness.
    pub(super) fn random() -> Result<Self, ProtectError> {
        let mut bytes = [0; 20];
        getrandom::fill(&mut bytes).map_err(ProtectError::Randomness)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for nibble in self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
            write!(f, "{}", char::from(b'a' + nibble))?;
        }
        Ok(())
    }
}
