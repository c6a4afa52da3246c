//! Content transfer encodings (RFC 2045 section 6), decoded the way the most
//! generous mail program would, and with word of what was odd.

/// What an encoding gave.
#[derive(Debug, Default, Eq, PartialEq)]
pub(in crate::extract) struct Decoded {
    pub(in crate::extract) bytes: Vec<u8>,
    /// Something stood there that the encoding does not allow, so that other
    /// readers may have decoded something else.
    pub(in crate::extract) odd: bool,
}

/// The encodings that are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Encoding {
    Base64,
    Identity,
    QuotedPrintable,
    Unknown,
    Uuencode,
}

impl Encoding {
    /// Reads the value of a Content-Transfer-Encoding field, without comments.
    pub(super) fn named(value: &str) -> Self {
        match value {
            "" | "7bit" | "8bit" | "binary" => Self::Identity,
            "base64" => Self::Base64,
            "quoted-printable" => Self::QuotedPrintable,
            "uuencode" | "x-uuencode" | "uue" | "x-uue" => Self::Uuencode,
            _ => Self::Unknown,
        }
    }
}

/// Decodes base64. What is outside the alphabet is skipped; after padding a
/// new stream begins.
pub(in crate::extract) fn base64(text: &[u8]) -> Decoded {
    // A form feed is a blank there and junk to others.
    let usual = memchr::memchr(b'\x0C', text).is_none();
    let mut bytes = joined_lines(text);
    let length = base64_simd::forgiving_decode_inplace(&mut bytes).ok().map(|plain| plain.len());
    let Some(length) = length.filter(|_| usual) else { return lenient_base64(text) };
    bytes.truncate(length);
    Decoded { bytes, odd: false }
}

/// The text without its line ends, so that no other blank is left in most.
fn joined_lines(text: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(text.len());
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', text).chain([text.len()]) {
        let line = text.get(start..end).unwrap_or_default();
        joined.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        start = end + 1;
    }
    joined
}

fn lenient_base64(text: &[u8]) -> Decoded {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut count, mut odd, mut padded) = (0_u32, 0_u32, false, false);
    for byte in text {
        match BASE64[usize::from(*byte)] {
            SKIP => {}
            JUNK => odd = true,
            PAD => {
                (bits, count) = (0, 0);
                padded = true;
            }
            value => {
                odd |= padded;
                bits = bits << 6 | u32::from(value);
                count += 1;
                if count % 4 != 1 {
                    let shift = (4 - 1 - (count + 3) % 4) * 2;
                    bytes.push((bits >> shift & 0xFF) as u8);
                }
                if count == 4 {
                    (bits, count) = (0, 0);
                }
            }
        }
    }
    Decoded { bytes, odd }
}

/// Decodes base64 in the alphabet of URLs (RFC 4648 section 5).
pub(super) fn base64_url(text: &[u8]) -> Vec<u8> {
    let swap = |b: &u8| match b {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    };
    base64(&text.iter().map(swap).collect::<Vec<u8>>()).bytes
}

/// Decodes quoted-printable. A stray `=` stays as it is.
pub(in crate::extract) fn quoted_printable(text: &[u8]) -> Decoded {
    let mut bytes = Vec::with_capacity(text.len());
    let mut odd = false;
    let mut rest = text;
    while let Some(equals) = memchr::memchr(b'=', rest) {
        let (before, from) = rest.split_at(equals);
        bytes.extend_from_slice(before);
        let after = &from[1..];
        let digit = |at: usize| after.get(at).and_then(|b| char::from(*b).to_digit(16));
        if let (Some(high), Some(low)) = (digit(0), digit(1)) {
            bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
            rest = &after[2..];
        } else if let Some(length) = soft_break(after) {
            // Behind a CR alone some pass over all up to the next LF.
            odd |= length > 0 && after.get(length - 1) == Some(&b'\r');
            rest = &after[length..];
        } else {
            odd = true;
            bytes.push(b'=');
            rest = after;
        }
    }
    bytes.extend_from_slice(rest);
    Decoded { bytes, odd }
}

/// Whether `text` looks quoted-printable though no label says so: a line ends
/// in `=`, or an escape stands between digits. Some readers decode that.
pub(super) fn looks_quoted(text: &[u8]) -> bool {
    memchr::memchr_iter(b'=', text).any(|equals| {
        let digit_before =
            equals.checked_sub(1).and_then(|at| text.get(at)).is_some_and(u8::is_ascii_digit);
        match text.get(equals + 1..) {
            Some([b'\r' | b'\n', ..]) => true,
            Some([high, low, b'0'..=b'9' | b'=', ..]) if digit_before => {
                high.is_ascii_hexdigit() && low.is_ascii_hexdigit()
            }
            _ => false,
        }
    })
}

/// The length of a line end, with blanks before it. Several CR before one LF
/// are one line end, as for most readers.
fn soft_break(text: &[u8]) -> Option<usize> {
    let blanks = text.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let end = text.get(blanks..)?;
    let returns = end.iter().take_while(|b| **b == b'\r').count();
    match (returns, end.get(returns)) {
        (_, Some(b'\n')) => Some(blanks + returns + 1),
        (0, Some(_)) => None,
        (0, None) => Some(blanks),
        (_, _) => Some(blanks + 1),
    }
}

/// The text as those read it who drop every NUL before they decode; `None`
/// where there is none.
pub(super) fn without_nul(text: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr(0, text)?;
    Some(text.iter().copied().filter(|b| *b != 0).collect())
}

/// A file found in uuencoded text.
pub(super) struct UuFile {
    pub(super) name: Vec<u8>,
    pub(super) bytes: Vec<u8>,
}

/// What says that text is uuencoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::extract) enum UuSign {
    /// A label: whatever follows a `begin` line is.
    Label,
    /// Its look alone.
    Look,
}

/// The uuencoded files in `text`, from each `begin` line to its end; at most
/// [`UU_FILES`]. A CR alone ends a line too, and NUL is no character.
pub(super) fn uuencoded(text: &[u8], sign: UuSign) -> Vec<UuFile> {
    if let Some(text) = without_nul(text) {
        return uuencoded(&text, sign);
    }
    let lone = |at: usize| text.get(at + 1) != Some(&b'\n');
    if memchr::memchr_iter(b'\r', text).any(lone) {
        let ends = |at: usize, byte: u8| if byte == b'\r' && lone(at) { b'\n' } else { byte };
        let text: Vec<u8> = text.iter().enumerate().map(|(at, byte)| ends(at, *byte)).collect();
        return uu_files(&text, sign);
    }
    uu_files(text, sign)
}

fn uu_files(text: &[u8], sign: UuSign) -> Vec<UuFile> {
    let mut files = Vec::new();
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| memchr::memmem::find(rest, b"begin ")) {
        let start = at + found;
        at = start + 6;
        let line_start =
            start == 0 || text.get(start - 1).is_some_and(|b| matches!(b, b'\n' | b'\r'));
        if !line_start || files.len() >= UU_FILES {
            continue;
        }
        let line =
            text.get(at..).unwrap_or_default().split(|b| *b == b'\n').next().unwrap_or_default();
        let mode = line.iter().take_while(|b| !b.is_ascii_whitespace()).count();
        let after = text.get(at + line.len() + 1..).unwrap_or_default();
        let honest =
            (3..=4).contains(&mode) && line[..mode].iter().all(|b| matches!(b, b'0'..=b'7'));
        // Some readers do not look at the mode.
        if !honest && sign == UuSign::Look && !starts_with_uu_lines(after) {
            continue;
        }
        let name = line.get(mode..).unwrap_or_default().trim_ascii().to_vec();
        at += line.len() + 1;
        let (bytes, length) = uu_lines(text.get(at..).unwrap_or_default());
        at += length;
        if !bytes.is_empty() {
            files.push(UuFile { name, bytes });
        }
    }
    files
}

/// Whether the first line is one of uuencode, or a full one stands a little
/// further down, behind what damage left of others.
fn starts_with_uu_lines(text: &[u8]) -> bool {
    let mut lines = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii_end);
    lines.next().is_some_and(is_uu_line)
        || lines.take(UU_DAMAGED).any(|line| line.starts_with(b"M") && is_uu_line(line))
}

/// Whether a line is as long as its first character says.
fn is_uu_line(line: &[u8]) -> bool {
    let Some((length, groups)) = line.split_first() else { return false };
    let written = usize::from(length.wrapping_sub(32) & 63).div_ceil(3) * 4;
    let printable = line.iter().all(|b| (b' '..=b'`').contains(b));
    printable && written > 0 && (written.saturating_sub(3)..=written + 1).contains(&groups.len())
}

fn uu_lines(text: &[u8]) -> (Vec<u8>, usize) {
    let mut bytes = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive(|b| *b == b'\n') {
        let content = line.trim_ascii_end();
        if content == b"end" || content.starts_with(b"begin ") {
            break;
        }
        at += line.len();
        let Some((length, groups)) = content.split_first() else { continue };
        let start = bytes.len();
        let length = usize::from(length.wrapping_sub(32) & 63);
        for group in groups.chunks(4) {
            let value = |i: usize| group.get(i).map_or(0, |b| b.wrapping_sub(32) & 63);
            bytes.push(value(0) << 2 | value(1) >> 4);
            bytes.push(value(1) << 4 | value(2) >> 2);
            bytes.push(value(2) << 6 | value(3));
        }
        // Blanks at the end are zeros, and are lost on the way: the length says how many.
        let whole = groups.iter().all(|b| (b' '..=b'`').contains(b));
        if whole || bytes.len() > start + length {
            bytes.resize(start + length, 0);
        }
    }
    (bytes, at)
}

const SKIP: u8 = 0xFF;
const JUNK: u8 = 0xFE;
const PAD: u8 = 0xFD;
const BASE64: [u8; 256] = {
    let mut table = [JUNK; 256];
    let mut value = 0;
    while value < 26 {
        table[b'A' as usize + value] = value as u8;
        table[b'a' as usize + value] = value as u8 + 26;
        value += 1;
    }
    let mut digit = 0;
    while digit < 10 {
        table[b'0' as usize + digit] = digit as u8 + 52;
        digit += 1;
    }
    table[b'+' as usize] = 62;
    table[b'/' as usize] = 63;
    table[b'=' as usize] = PAD;
    table[b'\r' as usize] = SKIP;
    table[b'\n' as usize] = SKIP;
    table[b' ' as usize] = SKIP;
    table[b'\t' as usize] = SKIP;
    table
};
/// More of them are not read.
pub(super) const UU_FILES: usize = 1000;
/// Lines behind the first that may be damaged.
const UU_DAMAGED: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn base64_is_the_same_whichever_way_it_is_read(
            text in "[A-Za-z0-9+/]{0,9}([A-Za-z0-9+/= \t\r\n\x0B\x0C*]{0,30}|[A-Za-z0-9+/\r\n]{0,200}=?=?\r?\n?)",
        ) {
            prop_assert_eq!(base64(text.as_bytes()), lenient_base64(text.as_bytes()));
        }
    }

    #[test]
    fn base64_survives_junk_and_padding_in_the_middle() {
        assert_eq!(base64(b"Zm5yIDE=").bytes, b"fnr 1");
        assert_eq!(base64(b"Zm5y\r\nIDE").bytes, b"fnr 1");
        let junk = base64(b"Z*m!5yI\r\nDE=");
        assert_eq!((junk.bytes.as_slice(), junk.odd), (&b"fnr 1"[..], true));
        let two = base64(b"Zm5yIDE=\r\nIDI=");
        assert_eq!((two.bytes.as_slice(), two.odd), (&b"fnr 1 2"[..], true));
        assert!(!base64(b"Zm5yIDE=\r\n").odd);
    }

    #[test]
    fn base64_lines_of_any_length_are_one_stream() {
        let text = BASE64_TEXT.repeat(20);
        let whole = base64(&text).bytes;
        assert!(whole.starts_with(b"fnr 22836014271, ") && whole.len() == 20 * 18);
        for length in 1..100 {
            let lines = text.chunks(length).collect::<Vec<_>>().join(&b"\r\n"[..]);
            assert_eq!(base64(&lines).bytes, whole, "{length}");
            assert!(!base64(&lines).odd);
        }
    }

    const BASE64_TEXT: &[u8] = b"Zm5yIDIyODM2MDE0MjcxLCAg";

    #[test]
    fn quoted_printable_takes_variants() {
        assert_eq!(quoted_printable(b"12=\r\n34=  \n5=c3=B8").bytes, b"12345\xC3\xB8");
        assert_eq!(quoted_printable(b"12=\r\r\n34=\r5").bytes, b"12345");
        assert!(quoted_printable(b"34=\r5").odd && !quoted_printable(b"12=\r\n34=\n5").odd);
        let stray = quoted_printable(b"1=x2");
        assert_eq!((stray.bytes.as_slice(), stray.odd), (&b"1=x2"[..], true));
    }

    #[test]
    fn quoted_printable_is_known_without_its_label() {
        assert!(looks_quoted(b"fnr 228=\r\n36014271"));
        assert!(looks_quoted(b"fnr 228360=A014271"));
        assert!(!looks_quoted(b"https://a.example/?b=12&c=d 1=1 2=20"));
    }

    #[test]
    fn uuencode_needs_no_honest_mode() {
        assert_eq!(
            uuencoded(b"begin 6=4 a.txt\n%9FYR(#$\n`\nend\n", UuSign::Look)[0].bytes,
            b"fnr 1"
        );
        assert_eq!(uuencoded(b"begin with a word\nand so on\n", UuSign::Look).len(), 0);
        assert_eq!(
            uuencoded(b"begin 644 a.txt\r%9FYR(#$\r`\rend\r", UuSign::Look)[0].bytes,
            b"fnr 1"
        );
    }

    #[test]
    fn uuencode_keeps_the_zeros_that_were_blanks() {
        let file = &uuencoded(b"begin 644 a\n&,0 R #, \n)-  U #8 \n\0`\nend\n", UuSign::Look)[0];
        assert_eq!(file.bytes, b"1\x002\x003\x004\x005\x006\0\0\0\0");
        let file = &uuencoded(b"begin 644 a.txt\n%9F\0YR(#$\n`\nend\n", UuSign::Look)[0];
        assert_eq!(file.bytes, b"fnr 1");
    }

    #[test]
    fn damaged_lines_hide_no_uuencode() {
        let text = b"begin 6=\n4=\n4\nM/&AT\nM9FYR(#$R,S0U-C<X.2 @(\"!F;G(@,3(S-#4V-S@Y(\" @(&9N<B Q,C,T-38W\nend\n";
        let files = uuencoded(text, UuSign::Look);
        assert!(memchr::memmem::find(&files[0].bytes, b"fnr 123456789").is_some());
    }

    #[test]
    fn under_its_label_uuencode_may_be_damaged() {
        let damaged = b"begin 644=20\nM=3Dxxxx\n%9FYR(#$\n`\nend\n";
        assert_eq!(uuencoded(damaged, UuSign::Look).len(), 0);
        assert!(uuencoded(damaged, UuSign::Label)[0].bytes.ends_with(b"fnr 1"));
    }

    #[test]
    fn uuencode_is_found_in_text() {
        let files = uuencoded(b"Hei\nbegin 644 a.txt\n%9FYR(#$\n`\nend\nHilsen\n", UuSign::Look);
        assert_eq!(
            (files[0].name.as_slice(), files[0].bytes.as_slice()),
            (&b"a.txt"[..], &b"fnr 1"[..])
        );
    }
}
