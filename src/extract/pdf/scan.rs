//! Finds every object in the file, whatever its tables say.
//!
//! Cross-reference tables are not used: they may be missing, wrong or made to
//! hide things. All definitions of an object are kept in the order of the
//! file; which of them count is decided later, revision by revision.

use std::{collections::HashMap, ops::Range};

use memchr::memmem;

use super::{
    lexer::{Fault, Item, Lexer, is_blank},
    object::{Dict, Object, Stream},
};
use crate::extract::{budget::Overrun, walk::Walk};

/// What the bytes of a file hold.
#[derive(Default)]
pub(super) struct Scan {
    pub(super) found: Vec<Found>,
    /// Dictionaries that name the root of the document, by rising position.
    pub(super) trailers: Vec<(usize, Dict)>,
    /// Where revisions end.
    pub(super) ends: Vec<usize>,
    /// The bytes that belong to no object.
    pub(super) outside: Vec<Range<usize>>,
    /// Objects were found that cannot be read.
    pub(super) broken: bool,
    pub(super) fault: Option<Fault>,
    pub(super) overrun: Option<Overrun>,
}

/// One definition of an object.
pub(super) struct Found {
    pub(super) id: (u32, u16),
    /// After the word `obj`.
    pub(super) at: usize,
    /// It lies inside the stream of another object.
    pub(super) nested: bool,
    pub(super) is_packed: bool,
}

/// Where the last definition of each object starts: streams give their length
/// as another object.
pub(super) type Starts = HashMap<u32, usize>;

/// Goes through `bytes` once.
pub(super) fn scan(bytes: &[u8], walk: &Walk) -> (Scan, Starts) {
    let mut scan = Scan::default();
    let heads = heads(bytes);
    if heads.len() >= OBJECTS {
        scan.overrun = Some(Overrun::Entries);
    }
    let starts: Starts = heads.iter().map(|head| (head.id.0, head.at)).collect();
    let mut reach = 0;
    for (count, head) in heads.iter().enumerate() {
        if count % CHECKED == 0
            && let Err(overrun) = walk.budget.in_time()
        {
            scan.overrun = Some(overrun);
            break;
        }
        let nested = head.start < reach;
        let (object, end) = match body(bytes, head.at, head.id, &starts) {
            Ok(read) => read,
            Err(fault) => {
                if !nested {
                    scan.fault = Some(fault);
                }
                continue;
            }
        };
        let Some(object) = object else {
            scan.broken |= !nested;
            continue;
        };
        let dict = object.stream().map(|stream| &stream.dict);
        let is = |kind: &[u8]| dict.is_some_and(|dict| dict.says(b"Type", kind));
        if is(b"XRef") && !nested {
            scan.trailers.extend(dict.map(|dict| (head.start, dict.clone())));
        }
        let is_packed = is(b"ObjStm");
        scan.found.push(Found { id: head.id, at: head.at, nested, is_packed });
        if !nested {
            scan.broken |= end.cut;
            scan.outside.push(reach..head.start);
            reach = end.at;
        }
    }
    scan.outside.push(reach..bytes.len());
    scan.outside.retain(|range| !range.is_empty());
    read_outside(bytes, &mut scan);
    (scan, starts)
}

/// Where an object ends, and whether the file was cut inside it.
pub(super) struct End {
    at: usize,
    cut: bool,
}

/// Reads the object whose body starts at `at`.
pub(super) fn body(
    bytes: &[u8],
    at: usize,
    id: (u32, u16),
    starts: &Starts,
) -> Result<(Option<Object>, End), Fault> {
    let mut lexer = Lexer::new(bytes, at);
    let object = lexer.object()?;
    let after = lexer.at;
    lexer.skip_blanks();
    let rest = bytes.get(lexer.at..).unwrap_or_default();
    if let Some(Object::Dict(dict)) = object {
        if rest.starts_with(b"stream") {
            let (range, end) = data(bytes, lexer.at + 6, &dict, starts);
            let stream = Stream { dict, range, id };
            return Ok((Some(Object::Stream(Box::new(stream))), end));
        }
        let end = end_word(&mut lexer, after);
        return Ok((Some(Object::Dict(dict)), end));
    }
    Ok((object, end_word(&mut lexer, after)))
}

fn end_word(lexer: &mut Lexer<'_>, after: usize) -> End {
    match lexer.next() {
        Ok(Some(Item::Word(b"endobj"))) => End { at: lexer.at, cut: false },
        Ok(None) => End { at: after, cut: true },
        Ok(Some(_)) | Err(_) => End { at: after, cut: false },
    }
}

/// The packed bytes of a stream. Its length is believed if the stream ends
/// there.
fn data(bytes: &[u8], mut start: usize, dict: &Dict, starts: &Starts) -> (Range<usize>, End) {
    let rest = bytes.get(start..).unwrap_or_default();
    let blanks = rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let line = rest.get(blanks..).unwrap_or_default();
    if line.starts_with(b"\r\n") {
        start += blanks + 2;
    } else if line.starts_with(b"\n") || line.starts_with(b"\r") {
        start += blanks + 1;
    }
    let told = match dict.find(b"Length") {
        Some(Object::Ref(number)) => starts
            .get(number)
            .and_then(|at| Lexer::new(bytes, *at).object().ok().flatten())
            .and_then(|length| length.count()),
        Some(length) => length.count(),
        None => None,
    };
    if let Some(end) = told.and_then(|length| start.checked_add(length))
        && let Some(rest) = bytes.get(end..)
    {
        let blanks = rest.iter().take(BLANKS).take_while(|b| is_blank(**b)).count();
        if rest[blanks..].starts_with(b"endstream") {
            let after = end_word(&mut Lexer::new(bytes, end + blanks + 9), end + blanks + 9);
            return (start..end, End { cut: false, ..after });
        }
    }
    let rest = bytes.get(start..).unwrap_or_default();
    let (length, word, cut) = match memmem::find(rest, b"endstream") {
        Some(length) => (length, 9, false),
        None => match memmem::find(rest, b"endobj") {
            Some(length) => (length, 0, false),
            None => (rest.len(), 0, true),
        },
    };
    let mut content = &rest[..length];
    content = content.strip_suffix(b"\n").unwrap_or(content);
    content = content.strip_suffix(b"\r").unwrap_or(content);
    let after = end_word(&mut Lexer::new(bytes, start + length + word), start + length + word);
    (start..start + content.len(), End { cut, ..after })
}

struct Head {
    start: usize,
    id: (u32, u16),
    at: usize,
}

/// Every `12 0 obj`.
fn heads(bytes: &[u8]) -> Vec<Head> {
    memmem::find_iter(bytes, b"obj").filter_map(|at| head(bytes, at)).take(OBJECTS).collect()
}

fn head(bytes: &[u8], word: usize) -> Option<Head> {
    let before = bytes.get(..word)?;
    let (generation, before) = last_number(before)?;
    if !is_blank(*before.last()?) {
        return None;
    }
    let (number, before) = last_number(before)?;
    let id = (u32::try_from(number).ok()?, u16::try_from(generation).unwrap_or_default());
    Some(Head { start: before.len(), id, at: word + 3 })
}

/// The number that `bytes` end with, blanks aside, and what is before it.
fn last_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let blanks = bytes.iter().rev().take(BLANKS).take_while(|b| is_blank(**b)).count();
    let bytes = &bytes[..bytes.len() - blanks];
    let digits = bytes.iter().rev().take(DIGITS).take_while(|b| b.is_ascii_digit()).count();
    let (before, number) = bytes.split_at(bytes.len() - digits);
    Some((std::str::from_utf8(number).ok()?.parse().ok()?, before))
}

/// Finds trailers and the ends of revisions.
fn read_outside(bytes: &[u8], scan: &mut Scan) {
    for range in &scan.outside {
        let piece = bytes.get(range.clone()).unwrap_or_default();
        for at in memmem::find_iter(piece, b"trailer") {
            let at = range.start + at;
            if let Ok(Some(Object::Dict(dict))) = Lexer::new(bytes, at + 7).object() {
                scan.trailers.push((at, dict));
            }
        }
        scan.ends.extend(memmem::find_iter(piece, b"%%EOF").map(|at| range.start + at + 5));
    }
    scan.trailers.sort_by_key(|(at, _)| *at);
}

const CHECKED: usize = 16;
const OBJECTS: usize = 400_000;
const BLANKS: usize = 16;
const DIGITS: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base::limits::Limits, extract::walk::Containers};

    fn scanned(bytes: &[u8]) -> Scan {
        scan(bytes, &Walk::new(&Limits::default(), Containers::Opened)).0
    }

    #[test]
    fn a_length_that_is_wrong_is_not_believed() {
        let bytes = b"1 0 obj<</Length 2>>stream\nabcdef\nendstream endobj 2 0 obj 7 endobj";
        let (object, _) = body(bytes, 7, (1, 0), &Starts::new()).unwrap();
        let range = object.unwrap().stream().unwrap().range.clone();
        assert_eq!(&bytes[range], b"abcdef");
        assert_eq!(scanned(bytes).found.len(), 2);
    }

    #[test]
    fn a_stream_may_hold_objects_and_its_length_may_be_elsewhere() {
        let bytes = b"1 0 obj<</Length 2 0 R>>stream\n5 0 obj 1 endobj endstream xx\nendstream endobj\n2 0 obj 29 endobj trailer<</Root 1 0 R>> %%EOF";
        let scan = scanned(bytes);
        let nested: Vec<_> = scan.found.iter().map(|found| (found.id.0, found.nested)).collect();
        assert_eq!(nested, [(1, false), (5, true), (2, false)]);
        assert_eq!((scan.trailers.len(), scan.ends.len()), (1, 1));
    }
}
