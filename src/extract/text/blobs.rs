//! Runs of base64 inside text: data URIs, script strings, tokens, and parts
//! whose head went missing. What they decode to is read by its content.

use crate::extract::{
    content, message, sniff,
    walk::{Place, Walk},
};

/// How eagerly runs are taken for base64.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::extract) enum Trust {
    /// Long runs only.
    Ordinary,
    /// The text is suspicious: short runs too.
    Suspicious,
}

/// Reads what the runs in `text` decode to, one container further down.
pub(in crate::extract) fn read(walk: &mut Walk, place: &Place, text: &[u8], trust: Trust) {
    let shortest = match trust {
        Trust::Ordinary => ORDINARY,
        Trust::Suspicious => SUSPICIOUS,
    };
    let mut at = 0;
    let mut count = 0_usize;
    while let Some(run) = next_run(text, at, shortest) {
        at = run.1;
        let run = text.get(run.0..run.1).unwrap_or_default();
        let decoded = message::base64(run);
        if !is_worth_reading(&decoded) {
            continue;
        }
        count += 1;
        let inner = place.child(&format!("base64 {count}"));
        if !walk.entry(&inner.path) {
            return;
        }
        if let Err(overrun) = walk.budget.expand(decoded.len()) {
            walk.overrun(overrun, &inner.path);
            return;
        }
        walk.inside(&inner.path, |walk| content::read(walk, &inner, &decoded));
    }
}

/// Ordinary words and hex digits decode to noise; noise is not read. Zeros at
/// the end come from a run that goes on too long.
fn is_worth_reading(bytes: &[u8]) -> bool {
    let zeros = bytes.iter().rev().take_while(|b| **b == 0).count();
    let bytes = if zeros > 1 { &bytes[..bytes.len() - zeros] } else { bytes };
    match sniff::format(bytes) {
        sniff::Format::OpenPgp | sniff::Format::Unknown => false,
        sniff::Format::Html | sniff::Format::Text | sniff::Format::Xml => {
            let sample = bytes.get(..512).unwrap_or(bytes);
            let plain =
                sample.iter().filter(|b| matches!(b, b' '..=b'~' | b'\r' | b'\n' | b'\t')).count();
            let wide = memchr::memchr_iter(0, sample).count();
            (plain + wide) * 10 >= sample.len() * 9
        }
        _ => true,
    }
}

/// The next run of at least `shortest` characters of the alphabet from `from`
/// on. Lines of base64 that follow each other are one run.
fn next_run(text: &[u8], from: usize, shortest: usize) -> Option<(usize, usize)> {
    let mut probe = from.checked_add(shortest - 1)?;
    while probe < text.len() {
        // Every run long enough covers a probe.
        if !in_alphabet(text[probe]) {
            probe += shortest;
            continue;
        }
        let back = text.get(from..probe)?.iter().rev().take_while(|b| in_alphabet(**b)).count();
        let start = probe - back;
        let end = run_end(text, probe);
        if end - start >= shortest {
            return Some((start, joined_lines(text, end, shortest)));
        }
        probe = end + shortest;
    }
    None
}

fn run_end(text: &[u8], from: usize) -> usize {
    from + text.get(from..).unwrap_or_default().iter().take_while(|b| in_alphabet(**b)).count()
}

/// Adds lines that are base64 and nothing else.
fn joined_lines(text: &[u8], mut end: usize, shortest: usize) -> usize {
    loop {
        let rest = text.get(end..).unwrap_or_default();
        let newline = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        if !(1..=2).contains(&newline) {
            return end;
        }
        let line_end = run_end(text, end + newline);
        let whole = text.get(line_end).is_none_or(|b| matches!(b, b'\r' | b'\n'));
        let delimiter = text.get(end + newline..).is_some_and(|line| line.starts_with(b"--"));
        if !whole || delimiter || line_end == end + newline {
            return end;
        }
        let length = line_end - end - newline;
        end = line_end;
        if length < shortest {
            return end;
        }
    }
}

fn in_alphabet(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_')
}

const ORDINARY: usize = 20;
const SUSPICIOUS: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_runs_over_lines() {
        let text = b"abc\r\n\r\nTnVtbWVyIDAxODI2NDEyMTgyIG9nIGxpdHQgbWVy\r\nTnVtbWVy\r\n\r\nend";
        let run = next_run(text, 0, ORDINARY).unwrap();
        assert_eq!(&text[run.0..run.1], b"TnVtbWVyIDAxODI2NDEyMTgyIG9nIGxpdHQgbWVy\r\nTnVtbWVy");
        assert_eq!(next_run(text, run.1, ORDINARY), None);
    }

    #[test]
    fn a_delimiter_ends_a_run() {
        let text = b"TnVtbWVyIDAxODI2NDEyMTgy\r\n--grense--\r\n";
        assert_eq!(next_run(text, 0, ORDINARY), Some((0, 24)));
    }

    #[test]
    fn words_are_not_worth_reading() {
        assert!(!is_worth_reading(&message::base64(b"menneskerettighetsorganisasjoner")));
        assert!(is_worth_reading(&message::base64(b"TnVtbWVyIDAxODI2NDEyMTgy")));
        assert!(is_worth_reading(&message::base64(b"TnVtbWVyIDAxODI2NDEyMTgyAAAA")));
    }
}
