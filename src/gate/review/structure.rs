//! The parts of a message as its header fields name them: an outline for
//! people. What is inside a file is told by its bytes, elsewhere.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};

use crate::model::PartPath;

/// A part of a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Branch {
    /// How deep it lies; 0 for the message.
    pub depth: usize,
    /// The type that it claims to be.
    pub kind: String,
    /// The name of the file, masked.
    pub name: Option<String>,
    /// Bytes, decoded.
    pub size: usize,
}

/// The outline of a message. Empty when nothing can be made of it.
pub(super) fn outline(raw: &[u8]) -> Vec<Branch> {
    let outlined = || {
        let mut branches = Vec::new();
        if let Some(message) = MessageParser::new().parse(raw) {
            walk(&message, 0, 0, &mut branches);
            take_apart(message);
        }
        branches
    };
    catch_unwind(AssertUnwindSafe(outlined)).unwrap_or_default()
}

/// The first HTML body of a message.
pub(super) fn html_body(raw: &[u8]) -> Option<String> {
    let found = || {
        let message = MessageParser::new().parse(raw)?;
        let html = first_html(&message);
        take_apart(message);
        html
    };
    catch_unwind(AssertUnwindSafe(found)).unwrap_or_default()
}

fn first_html(message: &Message<'_>) -> Option<String> {
    message.html_body.iter().find_map(|part| {
        match &message.parts.get(usize::try_from(*part).ok()?)?.body {
            PartType::Html(text) => Some(text.to_string()),
            PartType::Binary(_)
            | PartType::InlineBinary(_)
            | PartType::Message(_)
            | PartType::Multipart(_)
            | PartType::Text(_) => None,
        }
    })
}

/// Drops a message level by level. Left to itself it would drop the inner ones
/// from within the outer, and messages nested some ten thousand deep would
/// overflow the stack and end the process.
fn take_apart(message: Message<'_>) {
    let mut messages = vec![message];
    while let Some(message) = messages.pop() {
        for part in message.parts {
            if let PartType::Message(inner) = part.body {
                messages.push(inner);
            }
        }
    }
}

fn walk(message: &Message<'_>, part: u32, depth: usize, branches: &mut Vec<Branch>) {
    let Some(found) = usize::try_from(part).ok().and_then(|part| message.parts.get(part)) else {
        return;
    };
    if branches.len() >= MOST_PARTS || depth > DEEPEST {
        return;
    }
    branches.push(branch(found, depth));
    match &found.body {
        PartType::Multipart(children) => {
            for child in children {
                walk(message, *child, depth + 1, branches);
            }
        }
        PartType::Message(inner) => walk(inner, 0, depth + 1, branches),
        PartType::Text(_) | PartType::Html(_) | PartType::Binary(_) | PartType::InlineBinary(_) => {
        }
    }
}

fn branch(part: &MessagePart<'_>, depth: usize) -> Branch {
    let claimed = part.content_type().map(|kind| match kind.subtype() {
        Some(subtype) => format!("{}/{subtype}", kind.ctype()),
        None => kind.ctype().to_owned(),
    });
    let kind = claimed.unwrap_or_else(|| "text/plain".to_owned());
    Branch { depth, kind: safe(&kind), name: part.attachment_name().map(safe), size: part.len() }
}

/// Names come from strangers, and may hold a number.
fn safe(name: &str) -> String {
    PartPath::root(name).to_string()
}

const MOST_PARTS: usize = 500;
const DEEPEST: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_parts_in_their_order_and_masks_their_names() {
        let raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHei\r\n--b\r\n\
                    Content-Type: application/pdf\r\n\
                    Content-Disposition: attachment; filename=\"13827830652.pdf\"\r\n\r\nx\r\n\
                    --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nInni\r\n--b--\r\n";
        let told: Vec<_> = outline(raw)
            .into_iter()
            .map(|b| (b.depth, b.kind, b.name.unwrap_or_default()))
            .collect();
        let expected = [
            (0, "multipart/mixed", ""),
            (1, "text/plain", ""),
            (1, "application/pdf", "1382*******.pdf"),
            (1, "message/rfc822", ""),
            (2, "text/plain", ""),
        ];
        let expected = expected.map(|(d, k, n)| (d, k.to_owned(), n.to_owned()));
        assert_eq!(told, expected);
    }

    #[test]
    fn messages_nested_without_end_are_outlined_and_dropped() {
        let raw = "Content-Type: message/rfc822\r\n\r\n".repeat(200_000);
        assert_eq!(outline(raw.as_bytes()).len(), DEEPEST + 1);
        assert_eq!(html_body(raw.as_bytes()), None);
    }

    #[test]
    fn makes_nothing_of_nothing() {
        assert_eq!(outline(b""), []);
    }
}
