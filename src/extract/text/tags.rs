//! The elements of HTML, as far as reading needs to know them: which stand in
//! lines of their own, which have no content, and which tell HTML from text.
//! Some of enriched text (RFC 1341, RFC 1896) are among them.

/// Elements without content.
pub(super) const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
];
/// Elements that stand in lines of their own.
pub(super) const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "caption",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "footer",
    "form",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "legend",
    "li",
    "main",
    "nav",
    "nl",
    "np",
    "ol",
    "option",
    "p",
    "paragraph",
    "pre",
    "section",
    "select",
    "table",
    "tbody",
    "textarea",
    "tfoot",
    "thead",
    "title",
    "tr",
    "ul",
];
/// Elements that tell HTML from text with brackets.
pub(super) const KNOWN: &[&str] = &[
    "a", "b", "body", "br", "div", "font", "html", "i", "img", "li", "ol", "p", "span", "strong",
    "table", "td", "tr", "ul",
];
