//! Just enough of DER and BER (X.690) to walk through CMS: tags, lengths of
//! both kinds, strings in pieces. Never recurses.

use std::borrow::Cow;

/// A tag with its content.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a> {
    pub(super) tag: u8,
    pub(super) body: &'a [u8],
}

impl<'a> Value<'a> {
    /// The values inside.
    pub(super) fn children(self) -> Children<'a> {
        Children(self.body)
    }

    /// The content of a string that may come in pieces.
    pub(super) fn octets(self) -> Cow<'a, [u8]> {
        if self.tag & CONSTRUCTED == 0 {
            return Cow::Borrowed(self.body);
        }
        let mut all = Vec::new();
        let mut open = vec![self.children()];
        while let Some(children) = open.last_mut() {
            match children.next() {
                Some(child) if child.tag & CONSTRUCTED != 0 && open.len() < PIECES_DEEP => {
                    open.push(child.children());
                }
                Some(child) => all.extend_from_slice(child.body),
                None => {
                    open.pop();
                }
            }
        }
        Cow::Owned(all)
    }
}

/// Values one after the other.
#[derive(Clone, Copy)]
pub(super) struct Children<'a>(&'a [u8]);

impl<'a> Iterator for Children<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let (value, rest) = read(self.0)?;
        self.0 = rest;
        Some(value)
    }
}

/// The value at the start of `bytes`, and what follows it. `None` when its
/// length goes beyond the end.
pub(super) fn read(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let (tag, length, head) = header(bytes)?;
    if tag == 0 && length == Some(0) {
        return None;
    }
    let content = bytes.get(head..)?;
    match length {
        Some(length) => {
            let (body, rest) = content.split_at_checked(length)?;
            Some((Value { tag, body }, rest))
        }
        None => {
            let end = indefinite_end(content)?;
            Some((Value { tag, body: &content[..end] }, &content[end + 2..]))
        }
    }
}

/// Where the two zeros stand that end an indefinite length.
fn indefinite_end(content: &[u8]) -> Option<usize> {
    let mut at = 0_usize;
    let mut depth = 0_usize;
    loop {
        let (tag, length, head) = header(content.get(at..)?)?;
        match length {
            Some(0) if tag == 0 && depth == 0 => return Some(at),
            Some(0) if tag == 0 => depth -= 1,
            Some(_) => {}
            None => depth += 1,
        }
        at = at.checked_add(head)?.checked_add(length.unwrap_or(0))?;
    }
}

/// Tag, length if definite, and how many bytes they took.
fn header(bytes: &[u8]) -> Option<(u8, Option<usize>, usize)> {
    let tag = *bytes.first()?;
    // Tags of more than one byte do not occur in CMS.
    if tag & 31 == 31 {
        return None;
    }
    match *bytes.get(1)? {
        short @ 0..=0x7F => Some((tag, Some(usize::from(short)), 2)),
        0x80 if tag & CONSTRUCTED != 0 => Some((tag, None, 2)),
        long => {
            let count = usize::from(long & 0x7F);
            let digits = bytes.get(2..2 + count).filter(|_| (1..=6).contains(&count))?;
            let length = digits.iter().fold(0_usize, |all, b| all << 8 | usize::from(*b));
            Some((tag, Some(length), 2 + count))
        }
    }
}

const CONSTRUCTED: u8 = 0x20;
const PIECES_DEEP: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_kinds_of_length() {
        let (value, rest) = read(&[0x30, 3, 2, 1, 5, 9]).unwrap();
        assert_eq!((value.tag, value.body, rest), (0x30, &[2, 1, 5][..], &[9][..]));
        let (value, rest) = read(&[0x24, 0x80, 4, 1, b'a', 4, 1, b'b', 0, 0, 7]).unwrap();
        assert_eq!((&*value.octets(), rest), (&b"ab"[..], &[7][..]));
        assert!(read(&[0x30, 0x84, 255, 255, 255, 255]).is_none());
    }

    #[test]
    fn survives_depth() {
        assert!(read(&[0x30, 0x80].repeat(100_000)).is_none());
    }
}
