//! A reply as the next hop sent it (RFC 5321 section 4.2).

/// A whole reply; its text is the stranger's own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Reply {
    /// Between 200 and 599.
    pub(super) code: u16,
    /// One or more lines without the code.
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// Whether it says "done".
    pub(super) fn is_done(&self) -> bool {
        self.code / 100 == 2
    }

    /// Whether the server closes, whatever it was asked (RFC 5321 section
    /// 3.8).
    pub(super) fn is_goodbye(&self) -> bool {
        self.code == 421
    }
}

/// One line of a reply.
pub(super) struct Line {
    pub(super) code: u16,
    pub(super) last: bool,
    pub(super) text: String,
}

impl Line {
    /// Reads a line without its end. A code of another form than RFC 5321
    /// section 4.2.1 gives is none.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let (code, rest) = line.split_first_chunk::<3>()?;
        let [b'2'..=b'5', b'0'..=b'5', b'0'..=b'9'] = code else { return None };
        let code = code.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
        let (last, text) = match rest {
            [] => (true, &[][..]),
            [b' ', text @ ..] => (true, text),
            [b'-', text @ ..] => (false, text),
            _ => return None,
        };
        Some(Self { code, last, text: String::from_utf8_lossy(text).into_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_code_when_it_sees_one() {
        for (line, code, last, text) in [
            (&b"250"[..], 250, true, ""),
            (b"250 ok ", 250, true, "ok "),
            (b"451-4.3.0 wait", 451, false, "4.3.0 wait"),
            (b"550 bl\xe5", 550, true, "bl\u{fffd}"),
        ] {
            let read = Line::parse(line).unwrap();
            assert_eq!((read.code, read.last, read.text.as_str()), (code, last, text));
        }
        for line in [&b""[..], b"25", b"2500", b"250x", b"150 ok", b"650 ok", b"269 ok", b" 250 ok"]
        {
            assert!(Line::parse(line).is_none(), "{line:?}");
        }
    }
}
