//! Replies that turn a message away, as the sender's own system will show
//! them: short, ASCII, with a reference and a link, and without any value.

use crate::{
    base::id::EventId,
    model::{Direction, KeyTrouble, Reason, Reply},
};

use super::{Language, Letterhead};

/// The permanent failure for a message that policy refused. The first line
/// says why and what to do, the second is the link alone, so that no system
/// wraps it, the third names the event and whom to ask.
pub fn refusal(
    event: EventId,
    direction: Direction,
    reasons: &[Reason],
    letterhead: &Letterhead,
) -> Reply {
    let why = why(direction, reasons);
    let ask = format!("Reference {event}. Help: {}", ascii(letterhead.contact(Language::En)));
    match &letterhead.public_url {
        Some(url) => Reply::new(550, "5.7.1", &[why, &url.event(event), &ask]),
        None => Reply::new(550, "5.7.1", &[why, &ask]),
    }
}

/// The permanent failure for a message larger than `most` bytes.
pub fn too_big(most: u64) -> Reply {
    let most = if most < MIB { format!("{most} bytes") } else { format!("{} MiB", most / MIB) };
    let line = format!("Message too big: at most {most} can be checked here");
    Reply::new(552, "5.3.4", &[&line])
}

/// An outsider is told the general way forward; one of our own also what
/// stood in the way.
fn why(direction: Direction, reasons: &[Reason]) -> &'static str {
    let found = reasons.iter().any(|reason| matches!(reason, Reason::Finding(..)));
    let unread = reasons.iter().any(|reason| matches!(reason, Reason::Gap(_)));
    let keyless = reasons.iter().any(|reason| matches!(reason, Reason::Key(..)));
    let uncovered =
        reasons.iter().any(|reason| matches!(reason, Reason::Key(_, KeyTrouble::SurfaceUncovered)));
    match direction {
        Direction::Inbound if unread && !found => {
            "Not accepted: part of the message could not be checked for personal data. \
             Please send it in a common format or use another channel."
        }
        Direction::Inbound => {
            "Not accepted: our policy is that identity numbers (foedselsnummer) and other \
             sensitive personal data come encrypted or by another channel."
        }
        Direction::Internal | Direction::Outbound if found && uncovered => {
            "Not sent: identity number (foedselsnummer) or other sensitive data in a place that \
             encryption does not reach, such as a name or an address line. Remove it from there."
        }
        Direction::Internal | Direction::Outbound if found && keyless => {
            "Not sent: unencrypted identity number (foedselsnummer) or other sensitive data, \
             and no key to encrypt it to this recipient. Remove it or use another channel."
        }
        Direction::Internal | Direction::Outbound if unread && !found => {
            "Not sent: part of the message could not be checked for identity numbers \
             (foedselsnummer). Use a common format or another channel."
        }
        Direction::Internal | Direction::Outbound => {
            "Not sent: unencrypted identity number (foedselsnummer) or other sensitive data. \
             Encrypt it, remove it or use another channel."
        }
    }
}

const MIB: u64 = 1 << 20;

/// Norwegian letters in the spelling that reply texts allow.
fn ascii(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            'æ' => plain.push_str("ae"),
            'ø' => plain.push_str("oe"),
            'å' => plain.push_str("aa"),
            'Æ' => plain.push_str("Ae"),
            'Ø' => plain.push_str("Oe"),
            'Å' => plain.push_str("Aa"),
            c => plain.push(c),
        }
    }
    plain
}
