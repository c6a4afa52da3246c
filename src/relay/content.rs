//! The message as it goes over the wire.
//!
//! Mail with CR LF line ends leaves byte for byte. A bare CR or LF must not
//! leave: one server takes it for a line end and the next does not, and between
//! the two a second message can hide (SMTP smuggling).

use std::borrow::Cow;

/// Turns each bare CR and bare LF into CR LF, once.
pub(super) fn with_crlf(bytes: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = next_bare(bytes, 0) else {
        return Cow::Borrowed(bytes);
    };
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 16);
    let (mut copied, mut bare) = (0, Some(first));
    while let Some(at) = bare {
        out.extend_from_slice(&bytes[copied..at]);
        out.extend_from_slice(b"\r\n");
        copied = at + 1;
        bare = next_bare(bytes, copied);
    }
    out.extend_from_slice(&bytes[copied..]);
    Cow::Owned(out)
}

/// Leaves out the last line end, which the SMTP library always writes itself.
pub(super) fn without_last_crlf(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\r\n").unwrap_or(bytes)
}

/// The first CR or LF from `start` on that is no half of a CR LF.
fn next_bare(bytes: &[u8], start: usize) -> Option<usize> {
    let mut from = start;
    while let Some(found) = bytes.get(from..).and_then(|rest| memchr::memchr2(b'\r', b'\n', rest)) {
        let at = from + found;
        if bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n') {
            return Some(at);
        }
        from = at + 2;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_good_lines_alone() {
        for good in [&b""[..], b"a", b"a\r\n", b"\r\n\r\n.\r\n", b"a\r\nb"] {
            assert!(matches!(with_crlf(good), Cow::Borrowed(_)), "{good:?}");
        }
    }

    #[test]
    fn mends_each_bare_one_once() {
        for (raw, mended) in [
            (&b"a\nb"[..], &b"a\r\nb"[..]),
            (b"\n.\n", b"\r\n.\r\n"),
            (b"a\rb\r", b"a\r\nb\r\n"),
            (b"\r\r\n\n", b"\r\n\r\n\r\n"),
        ] {
            assert_eq!(&*with_crlf(raw), mended, "{raw:?}");
            assert!(matches!(with_crlf(mended), Cow::Borrowed(_)));
        }
    }
}
