//! Header fields: what is shown stays within a multiple of what came, plain
//! text is shown unchanged, and encoded text is shown as it was meant.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sluse::model::{Extraction, Surface};
use sluse_fuzz::{choice::Choice, coding, reading};

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    match first % 3 {
        0 => raw(rest),
        1 => plain(rest),
        _ => encoded(rest),
    }
});

/// Any bytes: no panic, and no more text than the fields could make.
fn raw(bytes: &[u8]) {
    let mut message = bytes.to_vec();
    message.extend_from_slice(b"\r\n\r\n.");
    let extraction = reading::message(&message);
    let head = message.windows(2).position(|pair| pair == b"\n\n" || pair == b"\n\r");
    let shown: usize = headers(&extraction).map(str::len).sum();
    // A field may be shown in four forms, each character in up to three bytes.
    let most = 64 * head.unwrap_or(message.len()).max(64) + 64 * bytes.len();
    assert!(shown <= most, "{shown} bytes shown of {}", bytes.len());
}

/// Printable ASCII, folded: the value is shown as it is.
fn plain(bytes: &[u8]) {
    let value: String = bytes.iter().map(|byte| char::from(b' ' + byte % 95)).collect();
    if value.contains("=?") || value.contains('\\') {
        return;
    }
    let message = format!("From: a@b.example\r\nX-Test: {}\r\n\r\n.", value.replace("  ", "\r\n "));
    let extraction = reading::message(message.as_bytes());
    assert_shown(&extraction, &value, &message);
}

/// Text in encoded words, folds and charsets: what was written is shown.
fn encoded(bytes: &[u8]) {
    let (choices, text) = bytes.split_at(bytes.len().min(24));
    let text = String::from_utf8_lossy(text);
    let text: String = text.chars().filter(|c| !c.is_control() && *c != '\\').collect();
    if text.contains("=?") || text.contains('\u{feff}') || text.trim() != text {
        return;
    }
    let value = coding::header_value(&mut Choice::new(choices), &text);
    let message = format!("From: a@b.example\r\nX-Test: {value}\r\n\r\n.");
    let extraction = reading::message(message.as_bytes());
    assert_shown(&extraction, &text, &message);
}

fn assert_shown(extraction: &Extraction, value: &str, message: &str) {
    let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let wanted = bare(value);
    let shown = headers(extraction).any(|text| bare(text) == wanted);
    assert!(wanted.is_empty() || shown, "{value:?} not shown: {message:?}");
}

fn headers(extraction: &Extraction) -> impl Iterator<Item = &str> {
    let of_header = extraction.fragments.iter().filter(|part| part.surface == Surface::Header);
    of_header.map(|part| part.text.as_str())
}
