//! What is said to an SMTP client.

/// An SMTP reply (RFC 5321 section 4.2, RFC 3463): at most three short lines of
/// ASCII that give nothing away.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply {
    /// Three digits; 4xx is temporary, 5xx permanent.
    pub code: u16,
    /// The enhanced status code, such as `5.7.1`.
    pub enhanced: &'static str,
    /// One to three lines of text, without codes.
    pub lines: Vec<String>,
}

impl Reply {
    /// A reply of up to three lines. Anything but printable ASCII becomes `?`,
    /// a line is cut at 400 octets and lines after the third are left out.
    pub fn new(code: u16, enhanced: &'static str, lines: &[&str]) -> Self {
        let clean = |line: &&str| -> String {
            let printable = |c: char| if c == ' ' || c.is_ascii_graphic() { c } else { '?' };
            line.chars().take(MAX_LINE).map(printable).collect()
        };
        Self { code, enhanced, lines: lines.iter().take(MAX_LINES).map(clean).collect() }
    }

    /// The answer to everything that went wrong on our side.
    pub fn try_again() -> Self {
        Self::new(451, "4.7.1", &["Content check is not available now, please try again later"])
    }
}

/// RFC 5321 allows 512 octets a line; codes and CR LF need their share.
const MAX_LINE: usize = 400;
const MAX_LINES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_short_and_plain() {
        let reply = Reply::new(550, "5.7.1", &["fødsel\r\n250 ok", &"x".repeat(900), "c", "d"]);
        assert_eq!(reply.lines.len(), 3);
        assert_eq!(reply.lines[0], "f?dsel??250 ok");
        assert_eq!(reply.lines[1].len(), 400);
    }
}
