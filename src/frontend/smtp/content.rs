//! The content of a message after DATA, up to its end.
//!
//! Only CR LF `.` CR LF ends a message, or `.` CR LF right at its start: what
//! another server might take for an end stays content, so that no second
//! message can hide behind it (SMTP smuggling, CVE-2023-51764). Bytes over the
//! limit are let go, and the end is still looked for. Looks at lines, not at
//! bytes, and copies each byte once.

use memchr::memchr;

/// A message that is coming in.
#[derive(Debug)]
pub(super) struct Content {
    bytes: Vec<u8>,
    place: Place,
    most: usize,
    is_over: bool,
}

/// What was read last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    /// CR inside a line.
    Cr,
    /// A dot at the start of a line; not kept yet.
    Dot,
    /// A dot and a CR at the start of a line; not kept yet.
    DotCr,
    /// Something inside a line.
    Line,
    /// CR LF, or nothing at all.
    Start,
}

/// How far the content has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Progress {
    /// Its end was read; so many of the bytes given belong to it.
    Ended(usize),
    /// All bytes given belong to it, and there is more to come.
    More,
}

impl Content {
    /// A message of at most `most` bytes, of which some `expected` will come.
    pub(super) fn new(most: usize, expected: usize) -> Self {
        let bytes = Vec::with_capacity(expected.min(most));
        Self { bytes, place: Place::Start, most, is_over: false }
    }

    /// Takes what was received, up to the end of the message.
    pub(super) fn take(&mut self, input: &[u8]) -> Progress {
        let mut at = 0;
        while let Some(rest) = input.get(at..).filter(|rest| !rest.is_empty()) {
            let (taken, ended) = self.step(rest);
            at += taken;
            if ended {
                return Progress::Ended(at);
            }
        }
        Progress::More
    }

    /// Takes bytes as they are, as chunks have no end to look for.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.keep(bytes);
    }

    /// Bytes kept so far.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether more came than the limit allows.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Lets go of what came, and of what is still to come.
    pub(super) fn give_up(&mut self) {
        (self.bytes, self.most, self.is_over) = (Vec::new(), 0, true);
    }

    /// The message with its dots unstuffed.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// One step into `rest`, which is not empty: the bytes taken, and whether
    /// they end the message.
    fn step(&mut self, rest: &[u8]) -> (usize, bool) {
        let first = rest.first().copied();
        match self.place {
            Place::Start if first == Some(b'.') => {
                self.place = Place::Dot;
                (1, false)
            }
            Place::Dot if first == Some(b'\r') => {
                self.place = Place::DotCr;
                (1, false)
            }
            Place::DotCr if first == Some(b'\n') => (1, true),
            // The dot was stuffing (RFC 5321 section 4.5.2), the CR was not.
            Place::DotCr => {
                self.keep(b"\r");
                self.place = Place::Cr;
                (0, false)
            }
            Place::Cr if first == Some(b'\n') => {
                self.keep(b"\n");
                self.place = Place::Start;
                (1, false)
            }
            Place::Start | Place::Dot | Place::Cr | Place::Line => (self.lines(rest), false),
        }
    }

    /// Keeps whole lines up to one that starts with a dot, or what there is.
    fn lines(&mut self, rest: &[u8]) -> usize {
        let mut end = 0;
        loop {
            let from = rest.get(end..).unwrap_or_default();
            let Some(lf) = memchr(b'\n', from) else {
                end = rest.len();
                self.place = if rest.last() == Some(&b'\r') { Place::Cr } else { Place::Line };
                break;
            };
            let is_crlf = lf > 0 && from.get(lf - 1) == Some(&b'\r');
            end += lf + 1;
            if is_crlf && matches!(rest.get(end), None | Some(b'.')) {
                self.place = Place::Start;
                break;
            }
            // A bare LF starts no line.
            self.place = if is_crlf { Place::Start } else { Place::Line };
            if end == rest.len() {
                break;
            }
        }
        self.keep(rest.get(..end).unwrap_or_default());
        end
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.is_over || self.bytes.len().saturating_add(bytes.len()) > self.most {
            return self.give_up();
        }
        self.bytes.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The message in `input`, and what stands behind its end.
    fn read(input: &[u8]) -> Option<(Vec<u8>, &[u8])> {
        let mut content = Content::new(1 << 20, 0);
        match content.take(input) {
            Progress::Ended(at) => Some((content.into_bytes(), &input[at..])),
            Progress::More => None,
        }
    }

    #[test]
    fn ends_at_the_one_right_end() {
        for (input, message) in [
            (&b".\r\nQUIT"[..], &b""[..]),
            (b"a\r\n.\r\nQUIT", b"a\r\n"),
            (b"\r\n.\r\nQUIT", b"\r\n"),
            (b"a\r\n\r\nb\r\n.\r\nQUIT", b"a\r\n\r\nb\r\n"),
            (b"a\r\r\n.\r\nQUIT", b"a\r\r\n"),
        ] {
            assert_eq!(read(input), Some((message.to_vec(), &b"QUIT"[..])), "{input:?}");
        }
    }

    #[test]
    fn takes_nothing_else_for_an_end() {
        let shapes: [&[u8]; 14] = [
            b"a\n.\n",
            b"a\n.\r\n",
            b"a\r\n.\n",
            b"a\r.\r\n",
            b"a\r\n.\r",
            b"a\r.\r",
            b"a\r.\n",
            b"a\n.\r",
            b"a\r\n.\r\r\n",
            b"a\r\n\0.\r\n",
            b"a\r\n.\0\r\n",
            b"a\r\n .\r\n",
            b"a\r\n. \r\n",
            b"\n.\r\n",
        ];
        for shape in shapes {
            assert_eq!(read(shape), None, "{shape:?}");
        }
    }

    #[test]
    fn takes_one_dot_of_each_line_that_starts_with_one() {
        let (message, _) = read(b"..a\r\n.b\r\n...\r\nc.\r\n.\rd\r\n\n..e\r\n.\r\n").unwrap();
        assert_eq!(message, b".a\r\nb\r\n..\r\nc.\r\n\rd\r\n\n..e\r\n");
    }

    #[test]
    fn lets_go_of_what_is_too_much_and_finds_the_end() {
        let mut content = Content::new(10, 100);
        assert_eq!(content.take(b"12345678\r\n"), Progress::More);
        assert!(!content.is_over());
        assert_eq!(content.take(b"more\r\n"), Progress::More);
        assert!(content.is_over() && content.bytes.capacity() == 0);
        assert_eq!(content.take(b"and more\r\n.\r\nQUIT"), Progress::Ended(13));
    }

    /// The same, one byte at a time and by the book.
    fn by_the_book(input: &[u8]) -> Option<(Vec<u8>, &[u8])> {
        let mut message: Vec<u8> = Vec::new();
        let mut at = 0;
        while at < input.len() {
            let starts = message.is_empty() || message.ends_with(b"\r\n");
            if starts && input[at..].starts_with(b".\r\n") {
                return Some((message, &input[at + 3..]));
            }
            if starts && input[at] == b'.' {
                at += 1;
                if at < input.len() {
                    message.push(input[at]);
                }
            } else {
                message.push(input[at]);
            }
            at += 1;
        }
        None
    }

    proptest! {
        #[test]
        fn however_it_is_cut_it_is_the_same(
            input in proptest::collection::vec(
                prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), Just(b'a')], 0..60),
            cuts in proptest::collection::vec(0_usize..60, 0..8),
        ) {
            let mut input = input;
            input.extend_from_slice(b"\r\n.\r\n");
            let mut content = Content::new(1 << 20, 0);
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < input.len()).collect();
            cuts.push(input.len());
            cuts.sort_unstable();
            let mut start = 0;
            let mut end = None;
            for cut in cuts {
                if let Progress::Ended(at) = content.take(&input[start..cut]) {
                    end = Some(start + at);
                    break;
                }
                start = cut;
            }
            let (message, rest) = by_the_book(&input).unwrap();
            prop_assert_eq!(end, Some(input.len() - rest.len()));
            prop_assert_eq!(content.into_bytes(), message);
        }
    }
}
