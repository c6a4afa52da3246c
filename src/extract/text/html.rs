//! HTML and XML as a person sees them, and what a person does not see.
//!
//! Tags inside a line join what they split, blocks end lines, table cells are
//! set apart by tabs. Attributes, links, scripts and comments come in a second
//! fragment. Where a line holds hidden text it is given again without it, so
//! that decoys do not break a number apart. Scripts are not run.

use std::{cell::RefCell, iter};

use html5ever::{
    tendril::StrTendril,
    tokenizer::{
        BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, states::RawKind,
    },
};

use super::{
    blobs, charset,
    lines::{overridden, reversed, unescape_json, unpercent, unpercent_lines},
    script::spelled_out,
    style::{Effect, Sheet},
    tags::{BLOCKS, KNOWN, VOID},
    veil::{Sort, Veil, sort_of},
};
use crate::{
    extract::{
        content, message,
        walk::{Place, Walk},
    },
    model::GapKind,
};

/// Which markup it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Dialect {
    /// Unknown elements stand inside a line.
    Html,
    /// Every element stands by itself.
    Xml,
}

/// Reads `text` at `place`.
pub(super) fn read(walk: &mut Walk, place: &Place, text: &str, dialect: Dialect) {
    let Some(view) = tokenize(walk, place, text, dialect) else { return };
    // For browsers a title or comment without its end takes the page with it, a tag takes
    // all up to its bracket, and `<_b>` is none; not for readers who take away whatever
    // looks like a tag.
    let comment = text.rfind("<!--").and_then(|at| text.get(at..));
    let open = comment.is_some_and(|comment| !comment.contains("-->"));
    let doubtful = open || view.raw.is_some() || view.swallowed || view.seen.contains('<');
    give(walk, place, view);
    if doubtful && let Some(view) = tokenize(walk, place, &without_tags(text), dialect) {
        walk.fragment(place.surface, &place.path.child("without tags"), view.seen);
    }
}

/// The text without anything in angle brackets, tag or not. A bracket that is
/// not closed before the next one stays as a sign.
fn without_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('<') {
        out.push_str(before);
        rest = match from.split_once(['<', '>']) {
            Some((inside, after)) if !from[inside.len()..].starts_with('<') => after,
            Some(_) | None => {
                out.push_str("&lt;");
                from
            }
        };
    }
    out.push_str(rest);
    out
}

/// Collects all that stands in `text`; `None` when time is up.
fn tokenize(walk: &mut Walk, place: &Place, text: &str, dialect: Dialect) -> Option<View> {
    let sheet = if dialect == Dialect::Html { Sheet::of(text) } else { Sheet::default() };
    let tokenizer = Tokenizer::new(Page::new(dialect, sheet), Default::default());
    let queue = BufferQueue::default();
    // In pieces: some inputs cost the square of their length, and only between
    // pieces can the clock stop them.
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, more) = rest.split_at(rest.floor_char_boundary(PIECE.min(rest.len())));
        rest = more;
        queue.push_back(StrTendril::from_slice(piece));
        while !matches!(tokenizer.feed(&queue), html5ever::TokenizerResult::Done) {}
        if let Err(overrun) = walk.budget.in_time() {
            walk.overrun(overrun, &place.path);
            return None;
        }
    }
    tokenizer.sink.view.borrow_mut().ending = true;
    tokenizer.end();
    Some(tokenizer.sink.view.into_inner())
}

/// Adds what was collected.
fn give(walk: &mut Walk, place: &Place, view: View) {
    for link in &view.data_links {
        data_link(walk, place, link);
    }
    let frame = place.child("frame");
    for page in &view.pages {
        walk.inside(&frame.path, |walk| read(walk, &frame, page, Dialect::Html));
    }
    if view.data_links.len().max(view.pages.len()) >= DATA_LINKS {
        walk.gap(GapKind::TooBig, &place.path);
    }
    if let Some(turned) = overridden(&view.seen) {
        walk.fragment(place.surface, &place.path.child("turned round"), turned);
    }
    walk.fragment(place.surface, &place.path, view.seen);
    walk.fragment(place.surface, &place.path.child("without hidden text"), view.bare);
    let unseen = place.child("markup");
    scripts(walk, &unseen, &view.unseen);
    if let Some(unescaped) = unescape_json(&view.unseen) {
        walk.fragment(unseen.surface, &unseen.path, unescaped);
    }
    walk.fragment(unseen.surface, &unseen.path, view.unseen);
}

/// Adds what scripts would make of their strings.
fn scripts(walk: &mut Walk, place: &Place, text: &str) {
    let has = |name: &str| memchr::memmem::find(text.as_bytes(), name.as_bytes()).is_some();
    let trust = if has("atob") { blobs::Trust::Suspicious } else { blobs::Trust::Ordinary };
    blobs::read(walk, place, text.as_bytes(), trust);
    if has("unescape(") || has("decodeURI") {
        walk.fragment(place.surface, &place.path, unpercent_lines(text));
    }
    if let Some(spelled_out) = spelled_out(text) {
        walk.fragment(place.surface, &place.path, spelled_out);
    }
}

/// Whether text that says it is plain has the look of HTML: known tags, or a
/// comment.
pub(super) fn looks_like_html(text: &str) -> bool {
    if memchr::memmem::find(text.as_bytes(), b"<!--").is_some() {
        return true;
    }
    let tags = memchr::memchr_iter(b'<', text.as_bytes())
        .take(TAGS_TRIED)
        .filter_map(|at| text.get(at + 1..))
        .filter(|after| {
            let after = after.strip_prefix('/').unwrap_or(after);
            let name = after.bytes().take_while(u8::is_ascii_alphanumeric).count();
            let end = after.as_bytes().get(name);
            (1..=10).contains(&name)
                && matches!(end, Some(b'>' | b' ' | b'/' | b'\n' | b'\r'))
                && KNOWN.iter().any(|known| after[..name].eq_ignore_ascii_case(known))
        });
    tags.take(2).count() == 2
}

/// Reads what a `data:` URI (RFC 2397) holds.
fn data_link(walk: &mut Walk, place: &Place, link: &str) {
    let Some((head, body)) = link.split_once(',') else { return };
    let place = place.child("data link");
    let bytes = if head.trim_end().to_ascii_lowercase().ends_with(";base64") {
        message::base64(unpercent(body).as_bytes())
    } else {
        let mut bytes = Vec::with_capacity(body.len());
        message::percent_decode(body.as_bytes(), &mut bytes);
        bytes
    };
    if !walk.entry(&place.path) {
        return;
    }
    match walk.budget.expand(bytes.len()) {
        Ok(()) => walk.inside(&place.path, |walk| content::read(walk, &place, &bytes)),
        Err(overrun) => walk.overrun(overrun, &place.path),
    }
}

/// Collects what the tokenizer finds.
struct Page {
    dialect: Dialect,
    sheet: Sheet,
    view: RefCell<View>,
}

#[derive(Default)]
struct View {
    /// All text, hidden or not.
    seen: String,
    /// The lines that hold hidden text, without it.
    bare: String,
    /// Attributes, links, scripts, styles and comments.
    unseen: String,
    data_links: Vec<String>,
    /// Pages in the page: frames, and what only some programs show.
    pages: Vec<String>,
    /// Figures that float to the right, the first last.
    floated: String,
    /// The present line without hidden text, and whether there was any.
    line: String,
    line_hides: bool,
    /// Open elements that hide their content or turn it round, by name, with
    /// the number of elements of the same name open inside them.
    veils: Vec<Veil>,
    raw: Option<Raw>,
    /// A tag held the bracket of another one, or had no end.
    swallowed: bool,
    ending: bool,
}

/// An element whose content is no markup.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Raw {
    Shown,
    Unseen,
}

impl Page {
    fn new(dialect: Dialect, sheet: Sheet) -> Self {
        Self { dialect, sheet, view: RefCell::default() }
    }
}

impl TokenSink for Page {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut view = self.view.borrow_mut();
        match token {
            Token::CharacterTokens(text) => view.text(&text),
            Token::CommentToken(text) => view.comment(&text),
            Token::TagToken(tag) => return view.tag(&tag, self.dialect, &self.sheet),
            Token::EOFToken => view.end_line(),
            // The end came inside a tag, or the like: what stood there is gone.
            Token::ParseError(_) => view.swallowed |= view.ending,
            Token::DoctypeToken(_) | Token::NullCharacterToken => {}
        }
        TokenSinkResult::Continue
    }
}

impl View {
    fn text(&mut self, text: &str) {
        if self.raw == Some(Raw::Unseen) {
            self.unseen.push_str(text);
            return;
        }
        self.seen.push_str(text);
        if self.veils.iter().any(|veil| veil.sort == Sort::Hidden) {
            self.line_hides |= !text.trim().is_empty();
        } else {
            self.line.push_str(text);
        }
    }

    fn tag(&mut self, tag: &Tag, dialect: Dialect, sheet: &Sheet) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        let opens = tag.kind == TagKind::StartTag;
        if self.raw.take() == Some(Raw::Unseen) {
            self.unseen.push('\n');
        }
        if dialect == Dialect::Xml || BLOCKS.contains(&name) {
            self.end_line();
        } else if matches!(name, "td" | "th") && opens {
            self.seen.push('\t');
            self.line.push('\t');
        }
        if !opens {
            self.unveil(name);
            return TokenSinkResult::Continue;
        }
        self.attributes(tag);
        let effect = sheet.effect(tag);
        self.text(&effect.before);
        self.veil(tag, effect);
        let raw = match name {
            _ if dialect == Dialect::Xml || tag.self_closing => return TokenSinkResult::Continue,
            "title" | "textarea" => (Raw::Shown, RawKind::Rcdata),
            "script" => (Raw::Unseen, RawKind::ScriptData),
            "style" => (Raw::Unseen, RawKind::Rawtext),
            _ => return TokenSinkResult::Continue,
        };
        self.raw = Some(raw.0);
        TokenSinkResult::RawData(raw.1)
    }

    fn attributes(&mut self, tag: &Tag) {
        self.swallowed |= tag.name.contains('<');
        for attribute in &tag.attrs {
            let (name, value) = (&*attribute.name.local, &*attribute.value);
            self.swallowed |= name.contains('<') || value.contains('<');
            if value.is_empty() || matches!(name, "style" | "class") && !holds_number(value) {
                continue;
            }
            // The picture of a figure, which mail programs make of one, and
            // boxes of a form.
            if matches!((&*tag.name, name), ("img", "alt") | ("input", "value")) && is_figure(value)
            {
                self.text(value.trim());
            }
            if name == "srcdoc" {
                self.page(value);
            }
            let data = value.trim_start().get(..5).is_some_and(|s| s.eq_ignore_ascii_case("data:"));
            if data {
                if self.data_links.len() < DATA_LINKS {
                    self.data_links.push(value.to_owned());
                }
                continue;
            }
            let link = matches!(name, "href" | "src" | "action" | "cite" | "background");
            let value = if link { unpercent(value) } else { value.into() };
            self.unseen(&value);
        }
        // Text behind a bracket that nobody meant as one: `<see 12345>`.
        let number = |name: &str| name.starts_with(|c: char| c.is_ascii_digit());
        if tag.attrs.iter().any(|attribute| number(&attribute.name.local)) {
            let words = tag.attrs.iter().map(|attribute| &*attribute.name.local);
            let words: Vec<&str> = iter::once(&*tag.name).chain(words).collect();
            self.unseen(&words.join(" "));
        }
    }

    fn veil(&mut self, tag: &Tag, effect: Effect) {
        let name: &str = &tag.name;
        for veil in self.veils.iter_mut().filter(|veil| veil.name == name) {
            veil.nested += 1;
        }
        if tag.self_closing || VOID.contains(&name) || self.veils.len() >= VEILS {
            return;
        }
        if let Some(sort) = sort_of(tag, effect) {
            let start = self.seen.len();
            self.veils.push(Veil { name: name.to_owned(), nested: 0, sort, start });
        }
    }

    fn unveil(&mut self, name: &str) {
        let mut lifted = None;
        for (at, veil) in self.veils.iter_mut().enumerate().filter(|(_, veil)| veil.name == name) {
            match veil.nested.checked_sub(1) {
                Some(nested) => veil.nested = nested,
                None => lifted = Some(at),
            }
        }
        match lifted.map(|at| self.veils.remove(at)) {
            Some(Veil { sort: Sort::Reversed, start, .. }) => {
                let turned = self.seen.get(start..).map(reversed).unwrap_or_default();
                self.bare.push_str(&turned);
                self.bare.push('\n');
            }
            Some(Veil { sort: Sort::Followed(text), .. }) => self.text(&text),
            Some(Veil { sort: Sort::Floating, start, .. }) => {
                let floating = self.seen.get(start..).unwrap_or_default().trim();
                if floating.len() <= FLOATING {
                    self.floated.insert_str(0, floating);
                }
            }
            Some(Veil { sort: Sort::Hidden, .. }) | None => {}
        }
    }

    /// A comment, which may be a page for some programs: `<!--[if mso]>…`.
    fn comment(&mut self, text: &str) {
        if let Some((_, page)) = text.split_once("]>").filter(|(head, _)| head.starts_with("[if")) {
            self.page(page);
        }
        self.unseen(text);
    }

    fn page(&mut self, page: &str) {
        if page.bytes().any(|byte| byte.is_ascii_digit()) && self.pages.len() < DATA_LINKS {
            self.pages.push(page.to_owned());
        }
    }

    fn unseen(&mut self, text: &str) {
        self.unseen.push_str(text);
        self.unseen.push('\n');
    }

    fn end_line(&mut self) {
        if !self.seen.is_empty() && !self.seen.ends_with('\n') {
            self.seen.push('\n');
        }
        if self.line_hides && !self.line.trim().is_empty() {
            self.bare.push_str(&self.line);
            self.bare.push('\n');
        }
        if !self.floated.is_empty() {
            self.bare.push_str(&self.floated);
            self.bare.push('\n');
        }
        self.floated.clear();
        self.line.clear();
        self.line_hides = false;
    }
}

/// Whether a text is one figure, with what makes a picture of it.
fn is_figure(text: &str) -> bool {
    let mut chars = text.trim().chars();
    chars.next().is_some_and(char::is_numeric) && chars.all(|c| !c.is_ascii())
}

/// Whether there are as many digits in a row as identity numbers have.
fn holds_number(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() >= NUMBER)
}

/// Guesses the charset that HTML names for itself where the mail named none.
pub(super) fn meta_charset(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..META).unwrap_or(bytes).to_ascii_lowercase();
    let at = memchr::memmem::find(&head, b"charset=")? + 8;
    let value = head.get(at..)?;
    let value = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
    let length =
        value.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')).count();
    let label = String::from_utf8(value.get(..length)?.to_vec()).ok()?;
    charset::is_known(&label).then_some(label)
}

const PIECE: usize = 64 << 10;
/// Bytes of text that floats and may be a part of a number.
const FLOATING: usize = 3;
const META: usize = 1024;
const NUMBER: usize = 11;
const DATA_LINKS: usize = 500;
const VEILS: usize = 32;
const TAGS_TRIED: usize = 200;
#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::limits::Limits,
        extract::walk::Containers,
        model::{PartPath, Surface},
    };

    fn texts(html: &str, dialect: Dialect) -> Vec<String> {
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        read(&mut walk, &Place::new(PartPath::root("x"), Surface::Body), html, dialect);
        walk.finish().fragments.into_iter().map(|fragment| fragment.text).collect()
    }

    #[test]
    fn joins_split_tags_and_parts_blocks() {
        let seen = &texts("<p>2283<b>60</b>14<!-- x -->271</p><p>7</p>", Dialect::Html)[0];
        assert_eq!(seen, "22836014271\n7\n");
        let cells = &texts("<table><tr><td>Kari<td>&#50;2</table>", Dialect::Html)[0];
        assert_eq!(cells, "\tKari\t22\n");
    }

    #[test]
    fn reads_past_hidden_decoys() {
        let all = texts("<p>228<span style='font-size: 0'>9 9</span>36014271</p>", Dialect::Html);
        assert!(all.contains(&"22836014271\n".to_owned()), "{all:?}");
        let turned = texts("<bdo dir=rtl>17241063822</bdo>", Dialect::Html);
        assert!(turned.contains(&"22836014271\n".to_owned()), "{turned:?}");
    }

    #[test]
    fn reads_what_style_sheets_show() {
        let html = "<style>.k{display:none} .q:before{content:'2283601'} .r:after{content:'7'}                    </style><p>22<i class='x k'>7</i>836014<i class=k>9</i>271</p>                    <p><b class=q></b>4<b class=r><i>2</i></b>1</p>";
        let all = texts(html, Dialect::Html);
        assert!(all.contains(&"22836014271\n".to_owned()), "{all:?}");
        assert!(all[0].ends_with("\n22836014271\n"), "{all:?}");
        let pictures = "<p>fnr <img alt=2><img alt='2\u{fe0f}\u{20e3}'><img alt='8 a'></p>";
        assert!(texts(pictures, Dialect::Html)[0].contains("fnr 22\u{fe0f}\u{20e3}\n"));
    }

    #[test]
    fn reads_figures_that_float() {
        let digits = "17241063822".chars();
        let floating = |c: char| format!("<b style='float: right'>{c}</b>");
        let all =
            texts(&format!("<p>{}</p>", digits.map(floating).collect::<String>()), Dialect::Html);
        assert!(all.contains(&"22836014271\n".to_owned()), "{all:?}");
    }

    #[test]
    fn reads_pages_in_pages() {
        for html in [
            "<iframe srcdoc='&lt;p>fnr 228&lt;b>36014&lt;/b>271&lt;/p>'></iframe>",
            "<!--[if mso]><p>fnr 228<b>36014</b>271</p><![endif]-->",
        ] {
            let all = texts(html, Dialect::Html);
            assert!(all.iter().any(|text| text.contains("fnr 22836014271")), "{all:?}");
        }
        let deep = (0..40).fold("1".to_owned(), |page, _| {
            format!(
                "<iframe srcdoc='{}'></iframe>",
                page.replace('&', "&amp;").replace('\'', "&#39;")
            )
        });
        assert!(texts(deep.get(..1 << 20).unwrap_or(&deep), Dialect::Html).len() < 100);
    }

    #[test]
    fn reads_what_scripts_hide() {
        let html = "<p>x</p><script>write(atob('MjI4MzYwMTQyNzE=')); y = unescape('%32%33');\n\
                    z = '22' + '83'</script>";
        let all = texts(html, Dialect::Html).join("\n");
        for part in ["22836014271", "unescape('23')", "z = '2283'"] {
            assert!(all.contains(part), "{part}: {all}");
        }
    }

    #[test]
    fn reads_links_scripts_and_data() {
        let html = "<a href='mailto:a@b?body=fnr%2022'>x</a><script>var a='33';</script>\
                    <img src='data:text/plain;base64,Zm5yIDQ0'>";
        let all = texts(html, Dialect::Html).join("\n");
        for part in ["fnr 22", "33", "fnr 44"] {
            assert!(all.contains(part), "{part}");
        }
    }

    #[test]
    fn figures_in_a_tag_that_is_none_are_read() {
        let all = texts("<p>Hei<pnr: 228360 14271\nmvh</p>", Dialect::Html);
        assert!(all.iter().any(|text| text.contains("pnr: 228360 14271")), "{all:?}");
    }

    #[test]
    fn a_tag_without_end_splits_no_number() {
        for html in ["<p fnr 228360<b>14271</b></p>", "<p title=\"Hei>fnr 228<b>36</b>014271</p>"] {
            let all = texts(html, Dialect::Html);
            assert!(all.iter().any(|text| text.contains("fnr 22836014271")), "{all:?}");
        }
    }

    #[test]
    fn a_title_without_end_hides_no_page() {
        let all = texts("<title>Hei<p>fnr 228<b>36</b>014271</p>", Dialect::Html);
        assert!(all.iter().any(|text| text.contains("fnr 22836014271")), "{all:?}");
        let all = texts("<p>fnr 228<!-- x -->36<!-- x -ø>014271</p>", Dialect::Html);
        assert!(all.iter().any(|text| text.contains("fnr 22836014271")), "{all:?}");
        let all = texts("<p>fnr 228<_b>36<_/b>014271</p> a < b", Dialect::Html);
        assert!(all.iter().any(|text| text.contains("fnr 22836014271")), "{all:?}");
    }

    #[test]
    fn xml_elements_stand_by_themselves() {
        let all = texts("<?xml version='1.0'?><a><b>1</b><c V='9'>2</c></a>", Dialect::Xml);
        assert_eq!(all[0], "1\n2\n");
        assert!(all[1].contains('9'));
    }

    #[test]
    fn plain_text_with_brackets_is_not_html() {
        assert!(!looks_like_html("if a < b and c > d then <kari@x.example>"));
        assert!(looks_like_html("Hei <b>du</b>"));
    }
}
