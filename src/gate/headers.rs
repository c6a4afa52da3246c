//! The few header fields that the gate itself looks at.

use std::sync::Arc;

use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};

use super::{Gate, Rulebook};
use crate::model::{Address, Finding, Level, PartPath, Reading};

impl Gate {
    /// The Message-ID of a message, if it has a usable one, fit to be listed.
    /// With a number in it, or what may be one, only its form is left.
    pub(super) fn message_id(
        &self,
        book: &Arc<Rulebook>,
        raw: &[u8],
        reading: &Reading,
    ) -> Option<String> {
        let id = field(raw, "message-id")?;
        let sensitive = |finding: &Finding| finding.level >= Level::Medium;
        let in_id = |finding: &Finding| sensitive(finding) && is_message_id(&finding.path);
        // Searched once more because the reading may have been cut short.
        let found =
            reading.findings.iter().any(in_id) || self.reader(book).finds_in(&id, self.now());
        let shown = |c: char| if found && c.is_alphanumeric() { '*' } else { c };
        Some(id.chars().map(shown).take(MAX_CHARS).collect())
    }

    /// The fields of a message that a report to its sender may repeat. Those
    /// that may hold anything are written anew, or only named.
    pub(super) fn harmless_header(
        &self,
        book: &Arc<Rulebook>,
        (raw, sender): (&[u8], &Address),
        reading: &Reading,
    ) -> Vec<(&'static str, String)> {
        let date = field(raw, "date")
            .and_then(|date| DateTimeParser::new().parse_zoned_datetime(date).ok());
        let date =
            date.and_then(|date| DateTimePrinter::new().zoned_datetime_to_string(&date).ok());
        let subject = field(raw, "subject").map(|_| "[...]".to_owned());
        [
            ("From", Some(sender.to_string())),
            ("Date", date),
            ("Message-ID", self.message_id(book, raw, reading)),
            ("Subject", subject),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

fn is_message_id(path: &PartPath) -> bool {
    matches!(path.names()[..], [_, name] if name.eq_ignore_ascii_case("message-id"))
}

/// The first header field named `name` (lower case), unfolded.
fn field(raw: &[u8], name: &str) -> Option<String> {
    let mut value: Option<Vec<u8>> = None;
    for line in raw.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            if let Some(value) = &mut value {
                value.extend_from_slice(line);
            }
            continue;
        }
        if value.is_some() {
            break;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        if let Some((key, rest)) = colon.map(|at| (&line[..at], &line[at + 1..]))
            && key.trim_ascii().eq_ignore_ascii_case(name.as_bytes())
        {
            value = Some(rest.to_vec());
        }
    }
    let value = String::from_utf8_lossy(value?.trim_ascii()).into_owned();
    (!value.is_empty()).then_some(value)
}

const MAX_CHARS: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_folded_field_and_stops_at_the_body() {
        let raw = b"From: a\r\nMessage-ID:\r\n <x@y>\r\nTo: b\r\n\r\nMessage-ID: <z>\r\n";
        assert_eq!(field(raw, "message-id").as_deref(), Some("<x@y>"));
        assert_eq!(field(raw, "subject"), None);
    }
}
