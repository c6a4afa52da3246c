//! The only form in which a matched value may be shown.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value with its latter part replaced by `*`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Masked(String);

impl Masked {
    /// Shows at most `shown` characters of `value`, and never more than six or
    /// than half of it and one.
    pub fn of(value: &str, shown: usize) -> Self {
        let length = value.chars().count();
        let shown = shown.min(6).min(length / 2 + 1).min(length.saturating_sub(1));
        let visible = value.chars().take(shown);
        Self(visible.chain(std::iter::repeat_n('*', length - shown)).collect())
    }

    /// The masked text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_birth_date_of_a_person_number() {
        assert_eq!(Masked::of("13827830652", 6).as_str(), "138278*****");
    }

    #[test]
    fn never_shows_a_short_value_whole() {
        assert_eq!(Masked::of("12", 6).as_str(), "1*");
        assert_eq!(Masked::of("1", 6).as_str(), "*");
        assert_eq!(Masked::of("", 6).as_str(), "");
    }
}
