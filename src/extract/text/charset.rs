//! Bytes to text, whatever the label says.
//!
//! A byte order mark wins, then the label, then UTF-8, then Windows-1252, which
//! reads every byte. Never fails; what may have been meant otherwise is given
//! a second time by [`all`].

use std::borrow::Cow;

use encoding_rs::{EUC_KR, Encoding, GBK, REPLACEMENT, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::ebcdic;
use crate::extract::message;

/// The most likely reading of `bytes`.
pub(in crate::extract) fn decode<'a>(bytes: &'a [u8], label: Option<&str>) -> Cow<'a, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default()).0;
    }
    by_label(bytes, label)
}

/// The reading that the label asks for, whatever mark stands in front.
fn by_label<'a>(bytes: &'a [u8], label: Option<&str>) -> Cow<'a, str> {
    let known = label.map(str::trim).filter(|label| !is_vague(label));
    match known {
        None => unlabelled(bytes),
        Some(label) if is_utf16(label) => {
            utf16_by_zeros(bytes).map_or_else(|| unlabelled(bytes), |e| decode_as(e, bytes))
        }
        Some(label) => match Encoding::for_label(label.as_bytes()) {
            Some(encoding) if encoding != REPLACEMENT => decode_as(encoding, bytes),
            Some(_) | None => ebcdic::decode(label, bytes)
                .or_else(|| seven_bit(label, bytes))
                .or_else(|| message::decode_charset(label, bytes))
                .map_or_else(|| unlabelled(bytes), Cow::Owned),
        },
    }
}

/// The likely reading and, where the label may be a lie, the plain one too.
pub(in crate::extract) fn all<'a>(bytes: &'a [u8], label: Option<&str>) -> Vec<Cow<'a, str>> {
    let first = decode(bytes, label);
    let trusted = label.is_none_or(keeps_ascii);
    // A mark that only two stray bytes make, and zeros strewn between digits.
    let marked = Encoding::for_bom(bytes).is_some_and(|(encoding, _)| !is_ascii_superset(encoding));
    let wide = utf16_by_zeros(bytes).is_some();
    let plain = match (marked, wide) {
        (true, false) => {
            let plain = decode_as(WINDOWS_1252, bytes);
            let foreign = label.filter(|label| is_foreign(label));
            let labelled = foreign.map(|label| by_label(bytes, Some(label)));
            let labelled = labelled.filter(|labelled| *labelled != plain);
            return [first, plain].into_iter().chain(labelled).collect();
        }
        (false, true) => {
            let narrow: Vec<u8> = bytes.iter().copied().filter(|b| *b != 0).collect();
            Cow::Owned(unlabelled(&narrow).into_owned())
        }
        (true, true) => return vec![first],
        (false, false) if let Some((_, mark)) = Encoding::for_bom(bytes) => {
            by_label(bytes.get(mark..).unwrap_or_default(), label)
        }
        (false, false) if trusted => {
            return std::iter::once(first).chain(damaged_utf8(bytes)).collect();
        }
        (false, false) => unlabelled(bytes),
    };
    if plain == first { vec![first] } else { vec![first, plain] }
}

/// UTF-8 with bad bytes in it, read by those who pass over them.
fn damaged_utf8(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let mut chunks = bytes.utf8_chunks();
    let wide = |chunk: std::str::Utf8Chunk<'_>| !chunk.valid().is_ascii();
    let damaged = utf8(bytes).is_none() && chunks.any(wide);
    damaged.then(|| String::from_utf8_lossy(bytes))
}

/// The text without the bytes between digits that are no UTF-8, which some
/// readers leave out; `None` where there are none. Real letters of other
/// charsets do not stand between digits.
pub(in crate::extract) fn without_stray_bytes(bytes: &[u8]) -> Option<String> {
    if utf8(bytes).is_some() {
        return None;
    }
    let mut kept = Vec::with_capacity(bytes.len());
    let mut stray = Vec::new();
    let mut changed = false;
    for chunk in bytes.utf8_chunks() {
        let valid = chunk.valid().as_bytes();
        let between = kept.last().is_some_and(u8::is_ascii_digit)
            && valid.first().is_some_and(u8::is_ascii_digit);
        if between && !stray.is_empty() {
            changed = true;
            stray.clear();
        } else if !valid.is_empty() {
            kept.append(&mut stray);
        }
        kept.extend_from_slice(valid);
        stray.extend_from_slice(chunk.invalid());
    }
    changed.then(|| decode(&kept, None).into_owned())
}

/// The text as UTF-7 (RFC 2152), where that brings figures to light.
pub(in crate::extract) fn utf7_by_look(bytes: &[u8]) -> Option<String> {
    // Figures, blanks and signs start like that.
    let shifted = |start: &[u8]| memchr::memmem::find(bytes, start).is_some();
    if !bytes.is_ascii() || !(shifted(b"+AD") || shifted(b"+AC")) {
        return None;
    }
    let text = message::decode_charset("utf-7", bytes)?;
    let figures = |text: &[u8]| text.iter().filter(|byte| byte.is_ascii_digit()).count();
    (figures(text.as_bytes()) > figures(bytes)).then_some(text)
}

/// Whether some reader knows `label`.
pub(in crate::extract) fn is_known(label: &str) -> bool {
    let label = label.trim();
    is_vague(label)
        || is_utf16(label)
        || Encoding::for_label(label.as_bytes()).is_some()
        || ebcdic::decode(label, b"").is_some()
        || message::decode_charset(label, b"").is_some()
}

/// Whether readers who know `label` read other characters than ASCII under it.
pub(in crate::extract) fn is_foreign(label: &str) -> bool {
    is_known(label) && !keeps_ascii(label)
}

fn keeps_ascii(label: &str) -> bool {
    is_vague(label) || Encoding::for_label(label.as_bytes()).is_some_and(is_ascii_superset)
}

/// Which UTF-16 `bytes` seem to be: where the zeros of Latin letters stand.
pub(in crate::extract) fn utf16_by_zeros(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
    let (mut even, mut odd) = (0_usize, 0_usize);
    for zero in memchr::memchr_iter(0, sample) {
        if zero % 2 == 0 { even += 1 } else { odd += 1 }
    }
    let many = sample.len() / 3;
    match (even > odd, even.max(odd) > many.min(sample.len() / 4)) {
        (_, false) => None,
        (true, true) if odd * 4 <= even => Some(UTF_16BE),
        (false, true) if even * 4 <= odd => Some(UTF_16LE),
        _ => None,
    }
}

fn unlabelled(bytes: &[u8]) -> Cow<'_, str> {
    if let Some(encoding) = utf16_by_zeros(bytes) {
        return decode_as(encoding, bytes);
    }
    utf8(bytes).map_or_else(|| decode_as(WINDOWS_1252, bytes), Cow::Borrowed)
}

/// The bytes as text, if they are UTF-8.
fn utf8(bytes: &[u8]) -> Option<&str> {
    simdutf8::basic::from_utf8(bytes).ok()
}

/// Charsets of seven bits that take the high bits of another off between two
/// signs: HZ (RFC 1843), ISO-2022-KR (RFC 1557), ISO-2022-CN (RFC 1922).
fn seven_bit(label: &str, bytes: &[u8]) -> Option<String> {
    let label = label.to_ascii_lowercase();
    let (encoding, shift, back): (_, &[u8], &[u8]) = match label.as_str() {
        "hz" | "hz-gb-2312" => (GBK, b"~{", b"~}"),
        "iso-2022-cn" | "iso-2022-cn-ext" => (GBK, b"\x0E", b"\x0F"),
        "csiso2022kr" | "iso-2022-kr" => (EUC_KR, b"\x0E", b"\x0F"),
        _ => return None,
    };
    let mut wide = false;
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(if wide { back } else { shift }) {
            (rest, wide) = (after, !wide);
            continue;
        }
        let high = wide && byte.is_ascii_graphic();
        plain.push(if high { byte | 0x80 } else { *byte });
        rest = after;
    }
    Some(encoding.decode_without_bom_handling(&plain).0.into_owned())
}

/// Labelled UTF-8 with bad bytes in it is read as Windows-1252: no byte is
/// lost that way.
fn decode_as<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Cow<'a, str> {
    let (text, failed) = encoding.decode_without_bom_handling(bytes);
    if failed && is_ascii_superset(encoding) && encoding.is_single_byte() {
        return WINDOWS_1252.decode_without_bom_handling(bytes).0;
    }
    text
}

fn is_ascii_superset(encoding: &'static Encoding) -> bool {
    encoding.is_ascii_compatible()
}

/// Labels that people put on anything.
fn is_vague(label: &str) -> bool {
    ["", "us-ascii", "ascii", "utf-8", "utf8", "unknown-8bit", "8bit", "default", "binary"]
        .iter()
        .any(|vague| label.trim().eq_ignore_ascii_case(vague))
}

fn is_utf16(label: &str) -> bool {
    ["utf-16", "utf16", "ucs-2", "iso-10646-ucs-2", "unicode"]
        .iter()
        .any(|wide| label.eq_ignore_ascii_case(wide))
}

const SAMPLE: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_there_whatever_the_label() {
        assert_eq!(decode("æ 1".as_bytes(), Some("us-ascii")), "æ 1");
        assert_eq!(decode(b"\xE6 1", Some("utf-8")), "æ 1");
        assert_eq!(decode(b"\xFF\xFE1\x002\0", Some("utf-8")), "12");
        assert_eq!(decode(b"1\x002\x003\x004\0", None), "1234");
        assert_eq!(decode(&[0, b'1', 0, b'2', 0, b'3'], Some("utf-16")), "123");
        assert_eq!(decode(b"+AOY- 1", Some("utf-7")), "æ 1");
        assert_eq!(decode(b"fnr ~{#2#2#8~} 1", Some("hz-gb-2312")), "fnr ２２８ 1");
        let korean = decode(b"\x1b$)Cfnr \x0E#2#2#8\x0F 1", Some("ISO-2022-KR"));
        assert!(korean.ends_with("fnr ２２８ 1"), "{korean}");
        assert_eq!(decode(b"123", Some("no-such-set")), "123");
    }

    #[test]
    fn stray_bytes_between_digits_are_left_out() {
        assert_eq!(without_stray_bytes(b"228\xFF\xFE36\xC3014271").as_deref(), Some("22836014271"));
        assert_eq!(without_stray_bytes(b"bl\xE5 15\xB0 ute"), None);
    }

    #[test]
    fn utf7_needs_no_label() {
        let text = utf7_by_look(b"Nr +ADIAMgA4-360 +ADE-4271");
        assert_eq!(text.as_deref(), Some("Nr 228360 14271"));
        assert_eq!(utf7_by_look(b"Ring +4722222222, +ADVENT- og 1+1"), None);
    }

    #[test]
    fn one_bad_byte_spoils_no_other() {
        let readings = all(b"\xC3 228360\xC2\xA014271", Some("utf-8"));
        assert!(readings.iter().any(|text| text.contains("228360\u{A0}14271")), "{readings:?}");
        assert_eq!(all(b"bl\xE5 b\xE6r", None).len(), 1);
    }

    #[test]
    fn a_false_mark_hides_nothing() {
        let readings = all(b"\xEF\xBB\xBF\x86\x95\x99\x40\xF2\xF2\xF8", Some("ibm037"));
        assert!(readings.iter().any(|text| text == "fnr 228"), "{readings:?}");
        assert_eq!(all(b"\xEF\xBB\xBFHei", Some("utf-8")).len(), 1);
    }

    #[test]
    fn gives_the_plain_reading_beside_a_doubtful_one() {
        assert_eq!(all(b"1234", Some("utf-16be")).len(), 2);
        assert_eq!(all(b"1234", Some("iso-8859-1")).len(), 1);
    }
}
