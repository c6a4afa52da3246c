//! The talk between parent and child: on each side a stream of frames of
//! length (u32, big endian), version (one byte) and content in postcard.
//!
//! A request frame is followed by the raw bytes it announces; the child
//! answers with one byte when it holds them all, then with a frame. The parent
//! does not trust the child: lengths are bounded before anything is allocated,
//! and an answer that does not hold together is refused.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    base::limits::{Limits, Pictures},
    model::{FirstReading, Fragment, Kind},
};

/// What the parent asks for.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Request {
    /// How to read the bytes.
    pub(super) kind: Kind,
    /// The name of a file.
    pub(super) name: String,
    /// What reading may cost, but for the pictures.
    pub(super) limits: Limits,
    /// What may be handed on of pictures.
    pub(super) pictures: Pictures,
    /// Bytes of address space the child may use.
    pub(super) memory: u64,
    /// How many raw bytes follow the frame.
    pub(super) length: u32,
}

impl Request {
    /// A request about `bytes`, which follow it.
    pub(super) fn new(
        kind: Kind,
        name: &str,
        limits: &Limits,
        memory: u64,
        bytes: &[u8],
    ) -> Result<Self, FrameError> {
        let length = u32::try_from(bytes.len()).map_err(|_| FrameError::TooLong)?;
        let name = name.chars().take(MAX_NAME).collect();
        let pictures = limits.pictures;
        Ok(Self { kind, name, limits: limits.clone(), pictures, memory, length })
    }
}

/// Why a frame was refused.
#[derive(Debug, Error)]
pub(super) enum FrameError {
    /// The content is not what the version says, or contradicts itself.
    #[error("content of a frame does not hold together")]
    Content,
    /// Reading or writing failed.
    #[error("the pipe failed")]
    Pipe(#[from] io::Error),
    /// The announced length is over the bound.
    #[error("frame is too long")]
    TooLong,
    /// The other side speaks another version.
    #[error("frame has another version")]
    Version,
}

/// Writes `content` as one frame of at most `longest` bytes.
pub(super) fn encode<T: Serialize>(content: &T, longest: usize) -> Result<Vec<u8>, FrameError> {
    let mut frame = vec![0; HEADER];
    frame = postcard::to_extend(content, frame).map_err(|_| FrameError::Content)?;
    let length = frame.len() - HEADER;
    let announced = u32::try_from(length).map_err(|_| FrameError::TooLong)?;
    if length > longest {
        return Err(FrameError::TooLong);
    }
    frame[..4].copy_from_slice(&announced.to_be_bytes());
    frame[4] = VERSION;
    Ok(frame)
}

/// The length that a frame's first five bytes announce.
pub(super) fn length_of(header: [u8; HEADER], longest: usize) -> Result<usize, FrameError> {
    let [a, b, c, d, version] = header;
    if version != VERSION {
        return Err(FrameError::Version);
    }
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if length > longest { Err(FrameError::TooLong) } else { Ok(length) }
}

/// Reads an answer and checks that it holds together.
pub(super) fn decode_answer(content: &[u8]) -> Result<FirstReading, FrameError> {
    let reading: FirstReading = decode(content)?;
    if reading.extraction.fragments.iter().all(is_sound) {
        Ok(reading)
    } else {
        Err(FrameError::Content)
    }
}

/// Reads the next request and its bytes; `None` at the end of input.
pub(super) fn read_request(
    input: &mut impl Read,
) -> Result<Option<(Request, Vec<u8>)>, FrameError> {
    let mut header = [0; HEADER];
    if input.read(&mut header[..1])? == 0 {
        return Ok(None);
    }
    input.read_exact(&mut header[1..])?;
    let mut content = vec![0; length_of(header, MAX_REQUEST)?];
    input.read_exact(&mut content)?;
    let mut request: Request = decode(&content)?;
    request.limits.pictures = request.pictures;
    let mut bytes = vec![0; usize::try_from(request.length).map_err(|_| FrameError::TooLong)?];
    input.read_exact(&mut bytes)?;
    Ok(Some((request, bytes)))
}

/// Tells the parent that the whole request has arrived.
pub(super) fn write_ready(output: &mut impl Write) -> io::Result<()> {
    output.write_all(&[READY])?;
    output.flush()
}

/// The longest answer worth taking under these limits: text may double when it
/// becomes UTF-8, and marks and names come on top.
pub(super) fn longest_answer(limits: &Limits) -> usize {
    let longest = limits.expanded_bytes.saturating_mul(2).saturating_add(16 << 20);
    let longest = longest.saturating_add(limits.pictures.bytes);
    usize::try_from(longest).unwrap_or(usize::MAX).min(u32::MAX as usize)
}

fn decode<T: for<'a> Deserialize<'a>>(content: &[u8]) -> Result<T, FrameError> {
    match postcard::take_from_bytes(content) {
        Ok((value, [])) => Ok(value),
        Ok(_) | Err(_) => Err(FrameError::Content),
    }
}

/// Whether the marks of a fragment lie inside it, in order.
fn is_sound(fragment: &Fragment) -> bool {
    let inside = fragment.marks.iter().all(|mark| {
        let start = usize::try_from(mark.start).unwrap_or(usize::MAX);
        let heading = mark.heading.map_or(Some(0), |at| usize::try_from(at).ok());
        fragment.text.is_char_boundary(start)
            && (mark.heading.is_none() || heading.is_some_and(|at| at < fragment.headings.len()))
    });
    inside && fragment.marks.is_sorted_by_key(|mark| mark.start)
}

/// Bytes before the content of a frame.
pub(super) const HEADER: usize = 5;
/// A request says little about the bytes that follow it.
pub(super) const MAX_REQUEST: usize = 64 << 10;
/// The child holds the whole request.
pub(super) const READY: u8 = 0x06;
const VERSION: u8 = 2;
const MAX_NAME: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Extraction, Mark, PartPath, Surface};

    fn request(bytes: &[u8]) -> Vec<u8> {
        let request = Request::new(Kind::File, "a.txt", &Limits::default(), 1 << 20, bytes);
        let mut frame = encode(&request.unwrap(), MAX_REQUEST).unwrap();
        frame.extend_from_slice(bytes);
        frame
    }

    fn marked(starts: &[u32], heading: Option<u32>) -> Extraction {
        let mut fragment = Fragment::new(Surface::Cell, PartPath::root("a"), "ærlig");
        let mark = |start: &u32| Mark { start: *start, name: "C2".into(), heading };
        fragment.marks = starts.iter().map(mark).collect();
        Extraction { fragments: vec![fragment], gaps: Vec::new() }
    }

    #[test]
    fn a_request_arrives_whole() {
        let sent = request(b"hello");
        let (request, bytes) = read_request(&mut &sent[..]).unwrap().unwrap();
        assert_eq!((request.kind, request.name.as_str()), (Kind::File, "a.txt"));
        assert_eq!(bytes, b"hello");
        assert!(read_request(&mut &[][..]).unwrap().is_none());
    }

    #[test]
    fn what_is_granted_of_pictures_arrives() {
        let pictures = Pictures { count: 3, pixels: 9, bytes: 27 };
        let limits = Limits { pictures, ..Limits::default() };
        let sent = Request::new(Kind::File, "a.png", &limits, 1 << 20, b"").unwrap();
        let sent = encode(&sent, MAX_REQUEST).unwrap();
        let (request, _) = read_request(&mut &sent[..]).unwrap().unwrap();
        assert_eq!(request.limits, limits);
    }

    #[test]
    fn a_cut_or_foreign_request_is_refused() {
        let sent = request(b"hello");
        for end in 1..sent.len() {
            assert!(read_request(&mut &sent[..end]).is_err(), "cut at {end}");
        }
        let mut foreign = sent;
        foreign[4] = VERSION + 1;
        assert!(matches!(read_request(&mut &foreign[..]), Err(FrameError::Version)));
        let huge = [0xFF, 0xFF, 0xFF, 0xFF, VERSION];
        assert!(matches!(read_request(&mut &huge[..]), Err(FrameError::TooLong)));
    }

    #[test]
    fn an_answer_must_hold_together() {
        let taken = |extraction: Extraction| {
            let reading = FirstReading::from(extraction);
            decode_answer(&encode(&reading, 1 << 20).unwrap()[HEADER..]).is_ok()
        };
        assert!(taken(marked(&[0, 2, 6], None)));
        assert!(!taken(marked(&[1], None)), "inside a character");
        assert!(!taken(marked(&[7], None)), "after the end");
        assert!(!taken(marked(&[3, 2], None)), "out of order");
        assert!(!taken(marked(&[0], Some(0))), "a heading that is not there");
        assert!(decode_answer(b"\xff\xff\xff\xff\x0f").is_err(), "four thousand million fragments");
    }
}
