//! The `relaxed` form in which DKIM compares messages (RFC 6376 section 3.4):
//! white space counts once, folding and empty lines at the end do not count.
//!
//! A bare LF ends a line as CR LF does, since it leaves as CR LF.

use sha2::{Digest, Sha256};

/// One header field with CR LF, from what it is in the message.
pub(super) fn field(raw: &[u8]) -> Vec<u8> {
    let colon = memchr::memchr(b':', raw).unwrap_or(raw.len());
    let (name, value) = raw.split_at(colon);
    let mut field = name.trim_ascii_end().to_ascii_lowercase();
    field.push(b':');
    let words = value.get(1..).unwrap_or_default().split(|b| b" \t\r\n".contains(b));
    for (number, word) in words.filter(|word| !word.is_empty()).enumerate() {
        if number > 0 {
            field.push(b' ');
        }
        field.extend_from_slice(word);
    }
    field.extend_from_slice(b"\r\n");
    field
}

/// The hash of a body.
pub(super) fn body_hash(body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut empty_lines = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some(last) = line.iter().rposition(|byte| !is_blank(byte)) else {
            empty_lines += 1;
            continue;
        };
        (0..std::mem::take(&mut empty_lines)).for_each(|_| hash.update(b"\r\n"));
        update(&mut hash, line.get(..=last).unwrap_or(line));
        hash.update(b"\r\n");
    }
    hash.finalize().into()
}

/// A line without blanks at its end.
fn update(hash: &mut Sha256, line: &[u8]) {
    if line.first().is_some_and(is_blank) {
        hash.update(b" ");
    }
    let words = line.split(is_blank).filter(|word| !word.is_empty());
    for (number, word) in words.enumerate() {
        if number > 0 {
            hash.update(b" ");
        }
        hash.update(word);
    }
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6376 section 3.4.5.
    #[test]
    fn the_example_of_the_rfc() {
        assert_eq!(field(b"A: X\r\n"), b"a:X\r\n");
        assert_eq!(field(b"B : Y\t\r\n\tZ  \r\n"), b"b:Y Z\r\n");
        let body = body_hash(b" C \r\nD \t E\r\n\r\n\r\n");
        assert_eq!(body, <[u8; 32]>::from(Sha256::digest(b" C\r\nD E\r\n")));
    }

    #[test]
    fn an_end_is_an_end() {
        let lines = body_hash(b"a\r\n\r\nb\r\n");
        for same in [&b"a\n\nb"[..], b"a\r\n \t\r\nb \r\n\r\n", b"a\n\nb\n\n"] {
            assert_eq!(body_hash(same), lines, "{same:?}");
        }
        let nothing = <[u8; 32]>::from(Sha256::digest(b""));
        for empty in [&b""[..], b"\r\n", b" \r\n\r\n"] {
            assert_eq!(body_hash(empty), nothing, "{empty:?}");
        }
    }
}
