//! Elements of a page whose text is not seen, or not where it stands: hidden by
//! their style, struck out, turned round, floating.
//!
//! What is surely hidden and what can hardly be seen are told apart: a whole
//! page may be white on black, with decoys in it that nobody sees.

use html5ever::tokenizer::Tag;

use super::style::{Effect, without_comments};

/// An element that is open, and does something to its text.
pub(super) struct Veil {
    /// Its tag.
    pub(super) name: String,
    /// Elements of the same tag that are open inside it.
    pub(super) nested: usize,
    /// What it does.
    pub(super) sort: Sort,
    /// Where its text starts in what is seen.
    pub(super) start: usize,
}

/// What becomes of text.
#[derive(Clone, Eq, PartialEq)]
pub(super) enum Sort {
    /// It stands to the left of all before it that floats too.
    Floating,
    /// The style sheet shows this behind it.
    Followed(String),
    /// It is not seen.
    Hidden(Hiding),
    /// It is read from its end.
    Reversed,
}

/// How surely text is not seen.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Hiding {
    /// It is struck out, tiny, off the page or of the colour of paper.
    Faint,
    /// No program shows it.
    Sure,
}

/// What the element of `tag` does to its text, by its style and by `effect`,
/// that of style sheets.
pub(super) fn sort_of(tag: &Tag, effect: Effect) -> Option<Sort> {
    let struck = matches!(&*tag.name, "del" | "s" | "strike").then_some(Hiding::Faint);
    let mut hidden = effect.hiding.max(struck);
    let mut moved = None;
    for attribute in &tag.attrs {
        match &*attribute.name.local {
            "dir" if &*tag.name == "bdo" && attribute.value.eq_ignore_ascii_case("rtl") => {
                return Some(Sort::Reversed);
            }
            "hidden" => hidden = Some(Hiding::Sure),
            "style" => {
                hidden = hidden.max(hiding(&attribute.value));
                moved = moving(&attribute.value);
            }
            _ => {}
        }
    }
    let followed = (!effect.after.is_empty()).then_some(Sort::Followed(effect.after));
    hidden.map(Sort::Hidden).or(moved).or(followed)
}

/// Whether declarations hide what an element holds.
pub(super) fn hiding(declarations: &str) -> Option<Hiding> {
    // Hardly any has comments.
    let style = match declarations.contains("/*") {
        true => plain(&without_comments(declarations)),
        false => plain(declarations),
    };
    let says = |declaration: &str, value: &str| {
        let after = declaration.strip_prefix(value);
        after.is_some_and(|after| value.ends_with('-') || !goes_on(after))
    };
    let any = |values: &[&str]| {
        style.split(';').any(|declaration| values.iter().any(|value| says(declaration, value)))
    };
    if any(SURE) { Some(Hiding::Sure) } else { any(FAINT).then_some(Hiding::Faint) }
}

fn moving(declarations: &str) -> Option<Sort> {
    let style = plain(declarations);
    if style.contains("row-reverse") || style.contains("bidi-override") && style.contains("rtl") {
        return Some(Sort::Reversed);
    }
    style.contains("float:right").then_some(Sort::Floating)
}

/// Whether a number goes on to more than a little: `0.8em` can be read, `0.1px`
/// cannot.
fn goes_on(after: &str) -> bool {
    let digits = after.strip_prefix('.').map(|digits| (digits, '3'));
    let (digits, least) = digits.unwrap_or((after, '0'));
    digits.starts_with(|digit: char| digit >= least && digit.is_ascii_digit())
}

fn plain(style: &str) -> String {
    let mut plain = style.to_ascii_lowercase();
    plain.retain(|c| !c.is_whitespace());
    plain
}

const SURE: &[&str] = &[
    "display:none",
    "font-size:0",
    "line-height:0",
    "max-height:0",
    "mso-hide:all",
    "opacity:0",
    "visibility:hidden",
];
const FAINT: &[&str] = &[
    "clip:rect(0",
    "clip:rect(1",
    "color:#fff",
    "color:transparent",
    "color:white",
    "font-size:1px",
    "height:0",
    "left:-",
    "max-width:0",
    "text-indent:-",
    "top:-",
    "width:0",
];
