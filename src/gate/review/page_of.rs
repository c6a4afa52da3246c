//! The HTML body of a message, made safe to show.
//!
//! What could act, fetch or lead elsewhere is taken out: scripts, styles,
//! pictures, frames, forms. Links are shown as text. Values are masked in the
//! text as a whole, so that a number cut over two cells or set half in bold is
//! found too. The page that holds it forbids the same once more.

use std::{
    collections::{HashMap, HashSet},
    io::{self, Read},
    time::{Duration, Instant},
};

use ammonia::Builder;

use super::hide::{Hidden, Sight, Value};

/// Safe HTML, piece by piece.
pub(super) struct SafeHtml {
    tokens: Vec<Token>,
    /// There was more than is shown.
    pub(super) cut: bool,
}

enum Token {
    /// An address that a link led to.
    Address(String),
    /// A tag, as it is written.
    Tag(String),
    /// Text, decoded.
    Text(String),
}

impl SafeHtml {
    /// Takes out of `html` what must not be shown.
    pub(super) fn of(html: &str) -> Self {
        let end = html.floor_char_boundary(MOST);
        let mut source = Timed { rest: &html.as_bytes()[..end], end: Instant::now() + PATIENCE };
        // It reads from memory and cannot fail.
        let clean = cleaner().clean_from_reader(&mut source).map(|clean| clean.to_string());
        let cut = end < html.len() || !source.rest.is_empty();
        Self { tokens: tokens(&clean.unwrap_or_default()), cut }
    }

    /// All that is read of it, in which blocks are lines.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for token in &self.tokens {
            match token {
                Token::Address(address) => text.push_str(address),
                Token::Tag(tag) if is_inline(tag) => {}
                Token::Tag(_) => text.push('\n'),
                Token::Text(part) => text.push_str(part),
            }
        }
        text
    }

    /// The HTML again, with `values` of its text masked.
    pub(super) fn shown(&self, values: &[Value], sight: Sight) -> String {
        let text = self.text();
        let hidden = Hidden::of(&text, values, sight);
        let mut at = 0;
        let mut html = String::with_capacity(text.len() * 2);
        let mut push_text = |html: &mut String, part: &str| {
            for piece in hidden.pieces(at..at + part.len()) {
                let marked = piece.finding.is_some();
                html.push_str(if marked { "<mark>" } else { "" });
                push_escaped(html, &piece.text);
                html.push_str(if marked { "</mark>" } else { "" });
            }
            at += part.len();
        };
        for token in &self.tokens {
            match token {
                Token::Address(address) => {
                    html.push_str(" <code>");
                    push_text(&mut html, address);
                    html.push_str("</code>");
                }
                Token::Tag(tag) => {
                    if !is_inline(tag) {
                        push_text(&mut String::new(), "\n");
                    }
                    html.push_str(tag);
                }
                Token::Text(part) => push_text(&mut html, part),
            }
        }
        html
    }
}

/// Bytes that come to an end when the time does: HTML nested a hundred
/// thousand deep costs its parser the square of that.
struct Timed<'a> {
    rest: &'a [u8],
    end: Instant,
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if Instant::now() >= self.end {
            return Ok(0);
        }
        let (now, later) = self.rest.split_at(buffer.len().min(STEP).min(self.rest.len()));
        buffer[..now.len()].copy_from_slice(now);
        self.rest = later;
        Ok(now.len())
    }
}

fn cleaner() -> Builder<'static> {
    let mut cleaner = Builder::empty();
    let tags: HashSet<&str> = TAGS.iter().copied().collect();
    let cells: HashSet<&str> = ["colspan", "rowspan"].into_iter().collect();
    let attributes: HashMap<&str, HashSet<&str>> =
        [("a", ["href"].into_iter().collect()), ("td", cells.clone()), ("th", cells)].into();
    cleaner
        .tags(tags)
        .tag_attributes(attributes)
        .clean_content_tags(GONE.iter().copied().collect())
        .url_schemes(["http", "https", "mailto"].into_iter().collect())
        .link_rel(None)
        .attribute_filter(|tag, _, value| {
            let is_small = value.len() <= 3 && value.bytes().all(|byte| byte.is_ascii_digit());
            (tag == "a" || is_small).then(|| value.into())
        });
    cleaner
}

/// Reads what the cleaner wrote, which is well formed. Links become text with
/// their address behind it.
fn tokens(html: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut links = Vec::new();
    let mut rest = html;
    while !rest.is_empty() {
        let Some(start) = rest.find('<') else {
            tokens.push(Token::Text(decoded(rest)));
            break;
        };
        if start > 0 {
            tokens.push(Token::Text(decoded(&rest[..start])));
        }
        let end = tag_end(&rest[start..]).map_or(rest.len(), |end| start + end);
        let tag = &rest[start..end];
        rest = &rest[end..];
        if tag == "</a>" {
            tokens.extend(links.pop().flatten().map(Token::Address));
        } else if tag == "<a>" || tag.starts_with("<a ") {
            let address = tag.split_once("href=\"").and_then(|(_, rest)| rest.split_once('"'));
            links.push(address.map(|(address, _)| decoded(address)));
        } else {
            tokens.push(Token::Tag(tag.to_owned()));
        }
    }
    tokens
}

/// Where a tag ends; a `>` in quotes does not end it.
fn tag_end(text: &str) -> Option<usize> {
    let mut quoted = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The references that the cleaner writes.
fn decoded(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&nbsp;", "\u{a0}")
        .replace("&amp;", "&")
}

fn push_escaped(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '&' => html.push_str("&amp;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
}

fn is_inline(tag: &str) -> bool {
    let name = tag.trim_start_matches(['<', '/']);
    let name = name.split([' ', '>', '/']).next().unwrap_or(name);
    INLINE.contains(&name)
}

const TAGS: [&str; 42] = [
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "center",
    "code",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "ins",
    "kbd",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];
const INLINE: [&str; 17] = [
    "abbr", "b", "code", "del", "em", "i", "ins", "kbd", "q", "s", "small", "span", "strong",
    "sub", "sup", "u", "wbr",
];
/// Tags that go with all that is in them.
const GONE: [&str; 5] = ["script", "style", "title", "template", "noscript"];
/// Bytes that are shown.
const MOST: usize = 500 << 10;
/// How long the HTML of one message is read, and how often that is asked.
const PATIENCE: Duration = Duration::from_secs(1);
const STEP: usize = 1 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(html: &str) -> String {
        SafeHtml::of(html).shown(&[], Sight::Masked)
    }

    #[test]
    fn keeps_the_form_of_a_text_and_nothing_that_acts() {
        assert_eq!(masked("<p onclick=x style='a:url(//b)'>Hei <b>du</b>"), "<p>Hei <b>du</b></p>");
        for html in ["<script>x</script>", "<style>@import 'x'</style>", "<img src=x onerror=y>"] {
            assert_eq!(masked(html), "", "{html}");
        }
        assert_eq!(
            masked("&lt;script&gt; &amp;lt; \"a\""),
            "&lt;script&gt; &amp;lt; &quot;a&quot;"
        );
    }

    #[test]
    fn shows_links_as_text() {
        let html = "<a href='https://a.example/?b=1&c=\"x'>Her</a> <a href='javascript:x'>der</a>";
        assert_eq!(
            masked(html),
            "Her <code>https://a.example/?b=1&amp;c=%22x</code> der".replace("%22", "&quot;")
        );
    }

    #[test]
    fn ends_whatever_the_nesting() {
        for tags in ["<div>", "<ul><li>", "<div><svg><desc></div></desc></svg>"] {
            let html = SafeHtml::of(&format!("<p>Hei</p>{}", tags.repeat(100_000)));
            assert!(html.cut, "{tags}");
            assert!(html.shown(&[], Sight::Masked).starts_with("<p>Hei</p>"), "{tags}");
        }
        assert!(!SafeHtml::of("<p>Hei</p>").cut);
    }

    #[test]
    fn masks_numbers_across_tags_and_in_links() {
        for html in [
            "<p>138278<b>30652</b></p>",
            "<table><tr><td>138278</td><td>30652</td></tr></table>",
            "138278<span></span>30652",
            "<a href='https://x.example/13827830652'>x</a>",
            "<p>138278&nbsp;30652</p>",
        ] {
            let digits = masked(html).chars().filter(char::is_ascii_digit).count();
            assert_eq!(digits, 4, "{}", masked(html));
        }
        assert!(!masked("<td colspan=13827830652>x</td>").contains("1382"));
        let shown = SafeHtml::of("<p>138278<b>30652</b></p>").shown(&[], Sight::Revealed);
        assert_eq!(shown, "<p>138278<b>30652</b></p>");
    }
}
