//! Addresses as they stand in MAIL and RCPT.

use std::fmt;

use crate::model::Address;

/// A forward-path or reverse-path (RFC 5321 section 4.1.2); the null sender is
/// `<>`.
pub(super) struct Path<'a>(pub(super) Option<&'a Address>);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0.map_or("", Address::as_str))
    }
}

/// Whether `address` stays one word in a command: blanks and angle brackets
/// only inside a quoted local part. Anything else could add a parameter.
pub(super) fn is_sendable(address: &Address) -> bool {
    let local = address.local();
    if address.as_str().chars().any(char::is_control) {
        return false;
    }
    match local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => is_quoted_content(quoted),
        None => !local.contains([' ', '<', '>', '"']),
    }
}

/// Whether no quote ends the string early (RFC 5321, `QcontentSMTP`).
fn is_quoted_content(text: &str) -> bool {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return false,
            '\\' if chars.next().is_none() => return false,
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stays_one_word() {
        for (text, sendable) in [
            ("kari@cpm.example", true),
            ("postmaster", true),
            ("\"a b>\"@cpm.example", true),
            ("\"a\\\" b\"@cpm.example", true),
            ("a> SIZE=1 b@cpm.example", false),
            ("a b@cpm.example", false),
            ("\"a\" b\"@cpm.example", false),
            ("\"a\\\"@cpm.example", false),
        ] {
            assert_eq!(is_sendable(&text.parse().unwrap()), sendable, "{text}");
        }
    }
}
