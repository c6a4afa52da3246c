//! Envelope addresses as every front-end takes them.
//!
//! Mail servers read some addresses in ways of their own; what two servers
//! could take for two different people is no address here, and nothing is
//! guessed or mended.

use crate::model::Address;

/// Reads the address of a path, with or without its angle brackets.
pub(super) fn address(text: &str) -> Option<Address> {
    let address: Address = text.parse().ok()?;
    let is_plain = is_plain_local(address.local()) && is_plain_domain(&address);
    is_plain.then_some(address)
}

/// Whether a local part is a quoted string or free of what mail servers read
/// in ways of their own: Postfix takes `<@a:b@c>` and `<g:b@c;>` for `b@c`, and
/// a recipient of that sort cannot be taken off again.
fn is_plain_local(local: &str) -> bool {
    match local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => {
            let mut escaped = false;
            let is_sound = quoted.chars().all(|c| {
                let sound = escaped || c != '"';
                escaped = !escaped && c == '\\';
                sound
            });
            is_sound && !escaped
        }
        None => !local.is_empty() && !local.contains(ODD),
    }
}

fn is_plain_domain(address: &Address) -> bool {
    let domain = address.domain();
    match domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(literal) => literal.chars().all(|c| c.is_ascii_alphanumeric() || ":.-".contains(c)),
        None if domain.is_empty() => !address.as_str().contains('@'),
        None => domain.split('.').all(|label| !label.is_empty() && !label.contains(ODD)),
    }
}

/// Not in an atom, RFC 5322 section 3.2.3.
const ODD: &[char] = &[' ', '"', '(', ')', ',', ':', ';', '<', '>', '@', '[', '\\', ']'];
