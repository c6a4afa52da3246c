//! What the next hop answered, in a form that can be passed on.
//!
//! The text is that of a stranger and may end on the screen of another: it is
//! printable ASCII and short, its enhanced code is of the right form and class
//! or is left to the class. What went wrong between the next hop and us is
//! said without naming either; the log has the details.

use std::fmt;

use super::reply::Reply;

/// An answer for a client (RFC 5321 section 4.2, RFC 2034).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// Three digits: 2xx taken, 4xx not now, 5xx never.
    pub code: u16,
    /// The enhanced status code, such as `5.1.1`; of the class of `code`.
    pub enhanced: String,
    /// One to three lines of printable ASCII, at most 400 octets each, without
    /// codes.
    pub lines: Vec<String>,
    /// Whose words these are.
    pub voice: Voice,
}

/// Whose words an answer is made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Voice {
    /// Those of the next hop.
    NextHop,
    /// Our own.
    Own,
}

impl Answer {
    /// Whether the next hop took it.
    pub fn is_good(&self) -> bool {
        self.code / 100 == 2
    }

    /// Whether it is worth trying again.
    pub fn is_temporary(&self) -> bool {
        self.code / 100 == 4
    }

    /// Our own words.
    pub(super) fn new(code: u16, enhanced: &str, text: &str) -> Self {
        Self {
            code,
            enhanced: enhanced.to_owned(),
            lines: vec![text.to_owned()],
            voice: Voice::Own,
        }
    }

    /// What is written down of it: with the reply code when the next hop gave
    /// one, else from the enhanced code on.
    pub(super) fn remark(&self) -> String {
        match self.voice {
            Voice::NextHop => self.to_string(),
            Voice::Own => {
                let lines = self.lines.iter().filter(|line| !line.is_empty());
                lines.fold(self.enhanced.clone(), |text, line| format!("{text} {line}"))
            }
        }
    }

    /// No connection, or none that can be used.
    pub(super) fn unreachable() -> Self {
        Self::new(451, "4.4.1", "The next server does not answer now, please try again later")
    }

    /// The connection went wrong on the way.
    pub(super) fn cut_off() -> Self {
        Self::new(451, "4.4.2", "The next server was lost on the way, please try again later")
    }
}

impl From<Reply> for Answer {
    /// Passes on a reply, cleaned. A quarrel about the dialogue itself is
    /// between the next hop and us: it must not bounce anybody's mail.
    fn from(reply: Reply) -> Self {
        if OUR_FAULT.contains(&reply.code) {
            return Self::new(451, "4.3.5", "The next server is not set up for this mail server");
        }
        let class = reply.code / 100;
        let given = reply.lines.first().and_then(|line| enhanced(line, class)).map(str::to_owned);
        let text = |line: &String| {
            let own = given.as_deref().and_then(|code| line.strip_prefix(code));
            let text = own.filter(|rest| rest.is_empty() || rest.starts_with(' '));
            printable(text.unwrap_or(line))
        };
        let lines = reply.lines.iter().take(MAX_LINES).map(text).collect();
        let enhanced = given.unwrap_or_else(|| format!("{class}.0.0"));
        Self { code: reply.code, enhanced, lines, voice: Voice::NextHop }
    }
}

impl fmt::Display for Answer {
    /// Codes and text in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.enhanced)?;
        self.lines.iter().filter(|line| !line.is_empty()).try_for_each(|line| write!(f, " {line}"))
    }
}

/// What a line holds that can be shown.
pub(super) fn printable(line: &str) -> String {
    let safe = |c: char| if c == ' ' || c.is_ascii_graphic() { c } else { '?' };
    line.trim().chars().take(MAX_LINE).map(safe).collect()
}

/// The enhanced status code that `line` begins with, when it is one of this
/// class (RFC 3463 section 2).
fn enhanced(line: &str, class: u16) -> Option<&str> {
    let word = line.split(' ').next()?;
    let mut parts = word.split('.');
    let fits = parts.next()? == class.to_string();
    let number =
        |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let fits = fits && number(parts.next()?) && number(parts.next()?) && parts.next().is_none();
    fits.then_some(word)
}

/// Unknown command, wrong order, TLS or a login wanted.
const OUR_FAULT: [u16; 6] = [500, 502, 503, 530, 535, 538];
/// RFC 5321 allows 512 octets a line; codes and CR LF need their share.
const MAX_LINE: usize = 400;
const MAX_LINES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: u16, lines: &[&str]) -> Answer {
        Answer::from(Reply { code, lines: lines.iter().map(|&line| line.to_owned()).collect() })
    }

    #[test]
    fn passes_on_what_is_fit_for_it() {
        let long = "x".repeat(900);
        let told = answer(550, &["5.7.1 bl\u{e5}b\u{e6}r\r\u{1b}[2J", "5.7.1 b", &long, "d"]);
        assert_eq!(told.enhanced, "5.7.1");
        assert_eq!(told.lines[..2], ["bl?b?r??[2J".to_owned(), "b".to_owned()]);
        assert_eq!((told.lines[2].len(), told.lines.len()), (400, 3));
        assert_eq!(answer(450, &["4.2.1 busy", "4.2.1 later"]).to_string(), "450 4.2.1 busy later");
    }

    #[test]
    fn an_enhanced_code_must_fit() {
        for (code, line, expected) in [
            (250, "2.1.5 ok", "2.1.5"),
            (250, "2.1.5", "2.1.5"),
            (550, "2.1.5 lie", "5.0.0"),
            (450, "4.2 short", "4.0.0"),
            (450, "4.2.1.1 long", "4.0.0"),
            (450, "4.2.1000 big", "4.0.0"),
            (250, "", "2.0.0"),
            (554, "5.7.1:glued", "5.0.0"),
        ] {
            assert_eq!(answer(code, &[line]).enhanced, expected, "{line}");
        }
    }

    #[test]
    fn a_quarrel_about_the_dialogue_is_temporary() {
        for code in [500, 503, 530] {
            assert!(answer(code, &["5.5.1 no"]).is_temporary(), "{code}");
        }
        assert!(!answer(550, &["no"]).is_temporary());
    }
}
