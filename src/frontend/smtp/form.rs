//! Whether a message that has arrived has the form of one.
//!
//! Lines end in CR LF (RFC 5322 section 2.3). Where one ends in something else
//! the next server may see an end of data that we did not, so such a message
//! is refused, or mended when the settings say so. NUL is refused: programs
//! behind us may stop reading there. Overlong lines and headers are refused
//! too; nothing is ever cut.

use memchr::{memchr, memchr2, memmem};

use super::settings::{BareNewline, Limits};
use crate::model::Reply;

/// The message as it may be judged.
///
/// # Errors
///
/// It has not the form of a message.
pub(super) fn check(
    bytes: Vec<u8>,
    limits: &Limits,
    bare: BareNewline,
) -> Result<Vec<u8>, Malformed> {
    if memchr(0, &bytes).is_some() {
        return Err(Malformed::Nul);
    }
    let bytes = match (first_bare(&bytes, 0), bare) {
        (None, _) => bytes,
        (Some(_), BareNewline::Refuse) => return Err(Malformed::BareNewline),
        (Some(first), BareNewline::Normalize) => normalized(&bytes, first),
    };
    if header_bytes(&bytes) > limits.header_bytes.get() {
        return Err(Malformed::Header);
    }
    if longest_line(&bytes) > limits.line_bytes.get() {
        return Err(Malformed::Line);
    }
    Ok(bytes)
}

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Malformed {
    /// A CR or LF stands alone.
    BareNewline,
    /// The header is too large.
    Header,
    /// A line is too long.
    Line,
    /// There is a NUL.
    Nul,
}

impl Malformed {
    /// What to answer.
    pub(super) fn reply(self) -> Reply {
        let (code, line) = match self {
            Self::BareNewline => (550, "Message refused: a CR or LF stands alone in it"),
            Self::Header => (554, "Message refused: its header is too large"),
            Self::Line => (554, "Message refused: a line of it is too long"),
            Self::Nul => (550, "Message refused: there is a NUL in it"),
        };
        Reply::new(code, "5.6.0", &[line])
    }

    /// Whether two servers may see different ends in it: the connection is
    /// then out of step as well.
    pub(super) fn is_ambiguous(self) -> bool {
        self == Self::BareNewline
    }
}

/// The first CR or LF from `from` on that is no half of a CR LF.
fn first_bare(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'\r', b'\n', rest)) {
        at += found;
        if bytes.get(at..at + 2) != Some(b"\r\n") {
            return Some(at);
        }
        at += 2;
    }
    None
}

/// The same with CR LF for each bare one, of which `first` is the first.
fn normalized(bytes: &[u8], first: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 16);
    let (mut copied, mut bare) = (0, Some(first));
    while let Some(at) = bare {
        out.extend_from_slice(bytes.get(copied..at).unwrap_or_default());
        out.extend_from_slice(b"\r\n");
        copied = at + 1;
        bare = first_bare(bytes, copied);
    }
    out.extend_from_slice(bytes.get(copied..).unwrap_or_default());
    out
}

fn header_bytes(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\r\n") {
        return 0;
    }
    memmem::find(bytes, b"\r\n\r\n").unwrap_or(bytes.len())
}

fn longest_line(bytes: &[u8]) -> usize {
    let (mut start, mut longest) = (0, 0);
    for end in memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]) {
        longest = longest.max(end.saturating_sub(start));
        start = end + 1;
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(bytes: &[u8], bare: BareNewline) -> Result<Vec<u8>, Malformed> {
        check(bytes.to_vec(), &Limits::default(), bare)
    }

    #[test]
    fn good_mail_is_not_touched() {
        for good in [&b""[..], b"a", b"a\r\n\r\nb\r\n.\r\n", b"a: \xc3\xa6\r\n\r\n\xe6\r\n"] {
            assert_eq!(checked(good, BareNewline::Refuse).as_deref(), Ok(good));
            assert_eq!(checked(good, BareNewline::Normalize).as_deref(), Ok(good));
        }
    }

    #[test]
    fn bare_newlines_are_refused_or_mended() {
        for (bare, mended) in [
            (&b"a\nb"[..], &b"a\r\nb"[..]),
            (b"\n.\r\n", b"\r\n.\r\n"),
            (b"a\rb\r", b"a\r\nb\r\n"),
            (b"a\r\r\nb", b"a\r\n\r\nb"),
            (b"a\n\r\nb\n\n", b"a\r\n\r\nb\r\n\r\n"),
        ] {
            assert_eq!(checked(bare, BareNewline::Refuse), Err(Malformed::BareNewline), "{bare:?}");
            assert_eq!(checked(bare, BareNewline::Normalize).as_deref(), Ok(mended), "{bare:?}");
        }
    }

    #[test]
    fn what_others_may_stop_at_is_refused() {
        assert_eq!(checked(b"a\0b\r\n", BareNewline::Normalize), Err(Malformed::Nul));
    }

    #[test]
    fn header_and_lines_have_limits() {
        let limits = |header: usize, line: usize| Limits {
            header_bytes: header.try_into().unwrap(),
            line_bytes: line.try_into().unwrap(),
            ..Limits::default()
        };
        let message = b"a: b\r\nc: d\r\n\r\nlonger line\r\n".to_vec();
        let check = |limits: Limits| check(message.clone(), &limits, BareNewline::Refuse);
        assert!(check(limits(10, 12)).is_ok());
        assert_eq!(check(limits(9, 12)), Err(Malformed::Header));
        assert_eq!(check(limits(10, 11)), Err(Malformed::Line));
    }
}
