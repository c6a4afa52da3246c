//! The cheap question whether a message may be read in the daemon's own
//! process. In doubt the answer is no.

use memchr::memmem;

/// Whether a message is so small and plain that it may be read in the
/// daemon's own process: text parts only, no container formats.
///
/// Says no to anything that smells of attachments or of an encoding in which
/// they could hide. [`super::read`] opens no container in such a message, so a
/// wrong yes could cost a reading, never safety.
pub fn is_plain_message(raw: &[u8]) -> bool {
    raw.len() <= LARGEST
        && memchr::memchr(0, raw).is_none()
        && !SMELLS.iter().any(|smell| contains_ignoring_case(raw, smell))
        && content_types_are_plain(raw)
        && !has_long_run(raw)
}

/// Every line that starts like a Content-Type field names a plain type. Lines
/// of the text that only look so may say no, which does no harm.
fn content_types_are_plain(raw: &[u8]) -> bool {
    raw.split(|b| *b == b'\n').all(|line| {
        let Some(value) = strip_ignoring_case(line.trim_ascii_start(), b"content-type") else {
            return true;
        };
        let Some(value) = value.trim_ascii_start().strip_prefix(b":") else { return false };
        let value = value.trim_ascii_start();
        PLAIN.iter().any(|plain| strip_ignoring_case(value, plain).is_some())
    })
}

/// A stretch without blanks that could be base64.
fn has_long_run(raw: &[u8]) -> bool {
    let dense = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    let mut probe = RUN - 1;
    while let Some(byte) = raw.get(probe) {
        if dense(byte) {
            let back = raw[..probe].iter().rev().take_while(|b| dense(b)).count();
            let ahead = raw[probe..].iter().take_while(|b| dense(b)).count();
            if back + ahead >= RUN {
                return true;
            }
            probe += ahead;
        }
        probe += RUN;
    }
    false
}

fn strip_ignoring_case<'a>(bytes: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = bytes.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// `needle` is lower case and starts with a letter or a sign.
fn contains_ignoring_case(raw: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return true };
    if !first.is_ascii_alphabetic() {
        return memmem::find(raw, needle).is_some();
    }
    memchr::memchr2_iter(*first, first.to_ascii_uppercase(), raw)
        .any(|at| raw.get(at..at + needle.len()).is_some_and(|w| w.eq_ignore_ascii_case(needle)))
}

const LARGEST: usize = 64 << 10;
/// DKIM signatures are folded at 64 to 76; base64 attachments come in lines
/// of 60 and more.
const RUN: usize = 120;
const PLAIN: &[&[u8]] = &[b"text/plain", b"text/html", b"multipart/alternative"];
const SMELLS: &[&[u8]] = &[
    b"{\\rt",
    b"base64",
    b"uuenc",
    b"x-uue",
    b"attachment",
    b"filename",
    b"begin 6",
    b"-----BEGIN ",
    b"PK\x03\x04",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_ones_are() {
        assert!(is_plain_message(b"Subject: Hei\r\n\r\nHei\r\n"));
        assert!(is_plain_message(b"Content-Type: TEXT/html; charset=utf-8\r\n\r\n<p>Hei\r\n"));
    }

    #[test]
    fn anything_else_is_not() {
        let others: &[&[u8]] = &[
            b"Content-Type: multipart/mixed; boundary=a\r\n\r\n",
            b"Content-Type : application/zip\r\n\r\n",
            b"Content-Type: text/plain\r\n\r\n{\\rtf1 Hei}\r\n",
            b"Content-Transfer-Encoding: BASE64\r\n\r\nUEsDBA==",
            b"Content-Disposition: Attachment\r\n\r\n",
            b"Subject: x\r\n\r\nPK\x03\x04",
            b"X: \0\r\n\r\n",
        ];
        for raw in others {
            assert!(!is_plain_message(raw), "{}", raw.escape_ascii());
        }
    }
}
