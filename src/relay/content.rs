//! The message as it goes over the wire.
//!
//! Mail with CR LF line ends leaves byte for byte. A bare CR or LF must not
//! leave: one server takes it for a line end and the next does not, and between
//! the two a second message can hide (SMTP smuggling). Content is written from
//! where it lies, without a second copy of it.

use std::{borrow::Cow, io};

use memchr::memmem;
use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};

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

/// Octets that `content` has on the wire, dots and end apart (RFC 1870 section
/// 5).
pub(super) fn size(content: &[u8]) -> u64 {
    let whole = content.len() + if content.ends_with(b"\r\n") { 0 } else { 2 };
    u64::try_from(whole).unwrap_or(u64::MAX)
}

/// Writes lines with the dot that begins one doubled, and the line that ends
/// them all (RFC 5321 section 4.5.2).
pub(super) async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    content: &[u8],
) -> io::Result<()> {
    let mut stream = BufWriter::with_capacity(BUFFER, stream);
    let mut rest = content;
    if content.starts_with(b".") {
        stream.write_all(b".").await?;
    }
    let dots = memmem::Finder::new(b"\r\n.");
    while let Some(at) = dots.find(rest) {
        // The dot itself is left for the next round, after its double.
        let (line, next) = rest.split_at(at + 2);
        stream.write_all(line).await?;
        stream.write_all(b".").await?;
        rest = next;
    }
    stream.write_all(rest).await?;
    let end: &[u8] = if content.ends_with(b"\r\n") { b".\r\n" } else { b"\r\n.\r\n" };
    stream.write_all(end).await?;
    stream.flush().await
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

/// Small pieces are gathered up to this many bytes.
const BUFFER: usize = 64 << 10;

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

    #[tokio::test]
    async fn dots_are_doubled_and_the_end_is_plain() {
        for (content, wire) in [
            (&b""[..], &b"\r\n.\r\n"[..]),
            (b"a", b"a\r\n.\r\n"),
            (b"a\r\n", b"a\r\n.\r\n"),
            (b".\r\n", b"..\r\n.\r\n"),
            (b"..\r\n.a\r\n\r\n.", b"...\r\n..a\r\n\r\n..\r\n.\r\n"),
            (b"a.b\r\n", b"a.b\r\n.\r\n"),
        ] {
            let mut written = Vec::new();
            write(&mut written, content).await.unwrap();
            assert_eq!(written, wire, "{content:?}");
        }
        let lines = b".\r\n".repeat(BUFFER);
        let mut written = Vec::new();
        write(&mut written, &lines).await.unwrap();
        assert_eq!(written.len(), lines.len() + BUFFER + 3);
    }
}
