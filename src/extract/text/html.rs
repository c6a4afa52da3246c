//! HTML and XML as a person sees them, and what a person does not see.
//!
//! Tags inside a line join what they split, blocks end lines, table cells are
//! set apart by tabs. Attributes, links, scripts and comments come in a second
//! fragment. Where a line holds hidden text it is given again without it, so
//! that decoys do not break a number apart. Scripts are not run.

use html5ever::{
    tendril::StrTendril,
    tokenizer::{BufferQueue, Tokenizer},
};

use super::{
    blobs, charset,
    lines::{overridden, unescape_json, unpercent, unpercent_lines},
    page::{MANY, Page, View},
    script::spelled_out,
    style::Sheet,
    tags::KNOWN,
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
    if sheet.is_full {
        walk.gap(GapKind::TooBig, &place.path);
    }
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
    for page in view.pages.iter().chain([&view.conditional]).filter(|page| !page.is_empty()) {
        if walk.entry(&frame.path) {
            walk.inside(&frame.path, |walk| read(walk, &frame, page, Dialect::Html));
        }
    }
    if view.data_links.len().max(view.pages.len()) >= MANY {
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
const META: usize = 1024;
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
    fn finds_the_number_among_what_is_hidden_and_added() {
        let floats = |tag: &str| {
            let float = |c| format!("<{tag} style='float: right'>{c}</{tag}>");
            "17241063822".chars().map(float).collect::<String>()
        };
        let boxes: String = "22836014271".chars().map(|c| format!("<input value={c}>")).collect();
        let pages = [
            "<style>.k{display:none}</style>22<i class='x k'>7</i>836014<i class=k>9</i>271",
            "<style>.k{display:none}</style>228<i class='a b c d e f g h i k'>9</i>36014271",
            "<style>.k{display:none}.k:before{content:'9'}</style>228<i class=k></i>36014271",
            "<style>.q:before{content:'2283601'}.r:after{content:'7'}</style>\
             <b class=q></b>4<b class=r><i>2</i></b>1",
            "<style>@media print{.k:before{content:'9'}}</style><b class=k>22836014271</b>",
            "<style>body{color:white}</style><body>228<i hidden>9</i>36014271",
            "<p style='text-indent:-1px'>228<i hidden>9 9</i>36014271</p>",
            "228<del>9</del>36014<span style='position:absolute;left:-99px'>9</span>271",
            "228<span style='font-size:0.1px'>9 9</span>36014271",
            "228<span hidden style='float:right'>9 9</span>36014271",
            "228<i style='/**/display:none'>9</i>36014271",
            "<input type=checkbox value=1>22836014271",
            "228<img alt=9 width=0>36014271",
            "<img alt=2><img alt='2\u{fe0f}\u{20e3}'>836014271<img alt='8 a'>",
            &boxes,
            &floats("b"),
            &floats("div"),
        ];
        for page in pages {
            let all = texts(page, Dialect::Html);
            let plain = |text: &String| text.replace(['\u{fe0f}', '\u{20e3}'], "");
            let found = |text: &String| plain(text).lines().any(|line| line == "22836014271");
            assert!(all.iter().any(found), "{page}: {all:?}");
        }
    }

    #[test]
    fn a_page_grows_by_little() {
        let (content, classes) = ("1 ".repeat(15_000), "q ".repeat(15_000));
        let page = format!("<style>.q:before{{content:'{content}'}}</style><p class='{classes}'>");
        let length: usize = texts(&page, Dialect::Html).iter().map(String::len).sum();
        assert!(length < 2 * page.len(), "{length}");
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
        let inside = |page: String| page.replace('&', "&amp;").replace('\'', "&#39;");
        let deep = (0..20)
            .fold("1".to_owned(), |page, _| format!("<iframe srcdoc='{}'></iframe>", inside(page)));
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        read(&mut walk, &Place::new(PartPath::root("x"), Surface::Body), &deep, Dialect::Html);
        let gaps = walk.finish().gaps;
        assert!(gaps.iter().any(|gap| gap.kind == GapKind::TooDeep), "{gaps:?}");
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
