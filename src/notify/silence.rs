//! When to say nothing: to machines, lists, the null sender and outsiders
//! (RFC 3834 section 2, RFC 5321 section 4.5.5). One notice that answers
//! another is a loop; one to a forged sender is backscatter.

use std::fmt;

use super::MARKER;
use crate::model::{Address, Direction};

/// Whether `sender` may be sent a notice about the message `raw`.
///
/// # Errors
///
/// Why there is to be silence. Headers that cannot be made out count as they
/// read; a header that is there twice counts when either would.
pub fn may_notify(
    raw: &[u8],
    sender: Option<&Address>,
    direction: Direction,
) -> Result<(), Silence> {
    let Some(sender) = sender else {
        return Err(Silence::NullSender);
    };
    if direction == Direction::Inbound {
        return Err(Silence::Outsider);
    }
    if is_system(sender) {
        return Err(Silence::System);
    }
    headers(raw).find_map(|(name, value)| judge(&name, &value)).map_or(Ok(()), Err)
}

/// Why there is to be silence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Silence {
    /// The message was made by a machine.
    Automatic,
    /// The message went out in bulk.
    Bulk,
    /// The message came through a list.
    List,
    /// There is nobody to tell.
    NullSender,
    /// The sender is not one of ours.
    Outsider,
    /// The message is a notice itself.
    OwnNotice,
    /// The sender is a mail system or a list owner.
    System,
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Automatic => "automatic",
            Self::Bulk => "bulk",
            Self::List => "list",
            Self::NullSender => "null-sender",
            Self::Outsider => "outsider",
            Self::OwnNotice => "own-notice",
            Self::System => "system",
        })
    }
}

fn judge(name: &str, value: &str) -> Option<Silence> {
    let word = || value.split([';', ' ', '\t', '(']).find(|word| !word.is_empty()).unwrap_or("");
    match name {
        _ if name == MARKER.to_ascii_lowercase() => Some(Silence::OwnNotice),
        "auto-submitted" => (word() != "no").then_some(Silence::Automatic),
        "content-type" => value.starts_with("multipart/report").then_some(Silence::Automatic),
        "return-path" => value.starts_with("<>").then_some(Silence::NullSender),
        "precedence" => match word() {
            "bulk" | "junk" => Some(Silence::Bulk),
            "list" => Some(Silence::List),
            _ => None,
        },
        "mailing-list" => Some(Silence::List),
        _ => name.starts_with("list-").then_some(Silence::List),
    }
}

/// Names of RFC 2142 and RFC 3834 section 2 that no person reads.
fn is_system(sender: &Address) -> bool {
    let local = sender.local().to_ascii_lowercase();
    local == "mailer-daemon"
        || local.starts_with("owner-")
        || ["-bounces", "-owner", "-request"].iter().any(|end| local.ends_with(end))
        || local.starts_with("bounces+")
}

/// The header fields, unfolded and in lower case, whatever the line ends.
fn headers(raw: &[u8]) -> impl Iterator<Item = (String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in raw.split(|byte| *byte == b'\n').take(MAX_LINES) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        let text = String::from_utf8_lossy(line).to_lowercase();
        match (text.starts_with([' ', '\t']), text.split_once(':')) {
            (true, _) => {
                if let Some((_, value)) = fields.last_mut() {
                    value.push(' ');
                    value.push_str(text.trim());
                }
            }
            (false, Some((name, value))) => {
                fields.push((name.trim().to_owned(), value.trim().to_owned()));
            }
            (false, None) => {}
        }
    }
    fields.into_iter()
}

const MAX_LINES: usize = 2000;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &str) -> Result<(), Silence> {
        let kari: Address = "kari@cpm.example".parse().unwrap();
        let raw = format!("From: kari@cpm.example\r\n{header}\r\n\r\nList-Id: in the body\r\n");
        may_notify(raw.as_bytes(), Some(&kari), Direction::Outbound)
    }

    #[test]
    fn tells_a_person() {
        for header in ["Subject: hei", "Auto-Submitted: no", "Precedence: first-class"] {
            assert_eq!(of(header), Ok(()), "{header}");
        }
    }

    #[test]
    fn tells_no_machine() {
        let cases = [
            ("Auto-Submitted: auto-replied", Silence::Automatic),
            ("auto-submitted :auto-generated; x=y", Silence::Automatic),
            ("Auto-Submitted:\r\n auto-replied", Silence::Automatic),
            ("Content-Type: multipart/report; boundary=x", Silence::Automatic),
            ("List-Id: <styret.cpm.example>", Silence::List),
            ("List-Unsubscribe: <mailto:x@y>", Silence::List),
            ("Precedence: bulk", Silence::Bulk),
            ("Precedence: JUNK", Silence::Bulk),
            ("Precedence: list", Silence::List),
            ("Return-Path: <>", Silence::NullSender),
            ("X-Sluse-Notice: bcdf", Silence::OwnNotice),
            ("Auto-Submitted: no\r\nAuto-Submitted: auto-replied", Silence::Automatic),
        ];
        for (header, silence) in cases {
            assert_eq!(of(header), Err(silence), "{header}");
        }
    }

    #[test]
    fn tells_no_outsider_and_no_mail_system() {
        let ola: Address = "ola@partner.example".parse().unwrap();
        assert_eq!(may_notify(b"", Some(&ola), Direction::Inbound), Err(Silence::Outsider));
        assert_eq!(may_notify(b"", None, Direction::Outbound), Err(Silence::NullSender));
        for local in ["MAILER-DAEMON", "styret-bounces", "owner-styret"] {
            let sender: Address = format!("{local}@cpm.example").parse().unwrap();
            let told = may_notify(b"", Some(&sender), Direction::Outbound);
            assert_eq!(told, Err(Silence::System), "{local}");
        }
    }
}
