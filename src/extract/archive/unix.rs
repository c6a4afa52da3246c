//! Reads ar and cpio archives: headers in text, members one after the other.

use crate::{
    extract::{
        content,
        text::charset,
        walk::{Place, Walk},
    },
    model::{GapKind, Surface},
};

/// Reads the ar archive `bytes` at `place`. Long names are those of GNU and
/// of BSD.
pub(in crate::extract) fn read_ar(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let mut rest = bytes.get(AR_MAGIC..).unwrap_or_default();
    let mut long_names: &[u8] = &[];
    while let Some((header, more)) = rest.split_at_checked(AR_HEADER) {
        let (Some(size), true) = (digits(&header[48..58], 10), header.ends_with(b"`\n")) else {
            break;
        };
        let (content, after) = cut(walk, place, more, size);
        rest = if size % 2 == 1 { after.get(1..).unwrap_or_default() } else { after };
        let name = header[..16].trim_ascii_end();
        if name == b"//" {
            long_names = content;
            walk.fragment(Surface::FileName, &place.path, charset::decode(content, None));
            continue;
        }
        let (name, content) = ar_name(name, content, long_names);
        if !member(walk, place, (name, content)) {
            return;
        }
    }
    super::stream::after(walk, place, rest);
}

/// Reads the cpio archive `bytes` at `place`: `newc`, with checksums or
/// without, and `odc`.
pub(in crate::extract) fn read_cpio(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let mut rest = bytes;
    while let Some(entry) = cpio_entry(rest) {
        let (name, more) = cut(walk, place, entry.after, entry.name);
        let more = more.get(entry.padding(entry.header + entry.name)..).unwrap_or_default();
        let (content, more) = cut(walk, place, more, entry.size);
        rest = more.get(entry.padding(entry.size)..).unwrap_or_default();
        let name = name.strip_suffix(b"\0").unwrap_or(name);
        if name == b"TRAILER!!!" {
            break;
        }
        if !member(walk, place, (name, content)) {
            return;
        }
    }
    super::stream::after(walk, place, rest);
}

fn member(walk: &mut Walk, place: &Place, (name, content): (&[u8], &[u8])) -> bool {
    let name = charset::decode(name, None);
    let inner = Place::new(place.path.child(&name), Surface::FileText);
    if !walk.entry(&place.path) {
        return false;
    }
    walk.fragment(Surface::FileName, &inner.path, &*name);
    content::read(walk, &inner, content);
    true
}

/// Splits off `size` bytes; fewer are damage.
fn cut<'a>(walk: &mut Walk, place: &Place, bytes: &'a [u8], size: usize) -> (&'a [u8], &'a [u8]) {
    bytes.split_at_checked(size).unwrap_or_else(|| {
        walk.gap(GapKind::Broken, &place.path);
        (bytes, &[])
    })
}

/// The name of a member: short, in the list, or in front of the content.
fn ar_name<'a>(name: &'a [u8], content: &'a [u8], list: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    if let Some(length) = name.strip_prefix(b"#1/").and_then(|length| digits(length, 10))
        && let Some((name, content)) = content.split_at_checked(length)
    {
        return (name.trim_ascii_end(), content);
    }
    let listed = name.strip_prefix(b"/").and_then(|at| list.get(digits(at, 10)?..));
    let name = match listed {
        Some(long) => long.split(|b| *b == b'\n').next().unwrap_or_default(),
        None => name,
    };
    (name.strip_suffix(b"/").unwrap_or(name), content)
}

struct CpioEntry<'a> {
    header: usize,
    name: usize,
    size: usize,
    aligned: bool,
    after: &'a [u8],
}

impl CpioEntry<'_> {
    fn padding(&self, length: usize) -> usize {
        if self.aligned { (4 - length % 4) % 4 } else { 0 }
    }
}

fn cpio_entry(bytes: &[u8]) -> Option<CpioEntry<'_>> {
    let new = bytes.starts_with(b"070701") || bytes.starts_with(b"070702");
    let odc = bytes.starts_with(b"070707");
    let (header, radix, name, size) = match (new, odc) {
        (true, _) => (110, 16, 94..102, 54..62),
        (_, true) => (76, 8, 59..65, 65..76),
        (false, false) => return None,
    };
    Some(CpioEntry {
        header,
        name: digits(bytes.get(name)?, radix)?,
        size: digits(bytes.get(size)?, radix)?,
        aligned: new,
        after: bytes.get(header..)?,
    })
}

fn digits(field: &[u8], radix: u32) -> Option<usize> {
    usize::from_str_radix(std::str::from_utf8(field).ok()?.trim(), radix).ok()
}

const AR_MAGIC: usize = 8;
const AR_HEADER: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base::limits::Limits, extract::walk::Containers, model::PartPath};

    fn texts(bytes: &[u8]) -> Vec<String> {
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        content::read(&mut walk, &Place::new(PartPath::root("a"), Surface::FileText), bytes);
        walk.finish().fragments.into_iter().map(|f| format!("{}: {}", f.path, f.text)).collect()
    }

    #[test]
    fn ar_members() {
        let header = |name: &str, size: usize| {
            format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n", 0, 0, 0, 644)
        };
        let bytes = [
            "!<arch>\n",
            &header("a.txt/", 5),
            "fnr 1\n",
            &header("#1/10", 15),
            "lang.navn\0fnr 2\n",
        ]
        .concat();
        let all = texts(bytes.as_bytes());
        assert!(all.contains(&"a > a.txt: fnr 1".to_owned()), "{all:?}");
        assert!(all.iter().any(|text| text.ends_with(": fnr 2")), "{all:?}");
    }

    #[test]
    fn cpio_members() {
        let head = |name: usize, size: usize| {
            format!(
                "070701{}{size:08x}{}{name:08x}{}",
                "0".repeat(48),
                "0".repeat(32),
                "0".repeat(8)
            )
        };
        let bytes =
            [head(6, 5).as_bytes(), b"a.txt\0fnr 1\0\0\0", head(11, 0).as_bytes(), b"TRAILER!!!\0"]
                .concat();
        assert_eq!(texts(&bytes), ["a > a.txt: a.txt", "a > a.txt: fnr 1"]);
    }
}
