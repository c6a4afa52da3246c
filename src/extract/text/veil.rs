//! Elements of a page whose text is not seen, or not where it stands.

use html5ever::tokenizer::Tag;

use super::style::Effect;

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
    /// Nobody sees it, or it is struck out.
    Hidden,
    /// It is read from its end.
    Reversed,
}

/// What the element of `tag` does to its text, by its style and by `effect`,
/// that of style sheets.
pub(super) fn sort_of(tag: &Tag, effect: Effect) -> Option<Sort> {
    let followed = (!effect.after.is_empty()).then_some(Sort::Followed(effect.after));
    let struck = matches!(&*tag.name, "del" | "s" | "strike");
    let mut sort = if effect.hides || struck { Some(Sort::Hidden) } else { followed };
    for attribute in &tag.attrs {
        match &*attribute.name.local {
            "dir" if &*tag.name == "bdo" && attribute.value.eq_ignore_ascii_case("rtl") => {
                return Some(Sort::Reversed);
            }
            "hidden" => sort = Some(Sort::Hidden),
            "style" => sort = styled(&attribute.value).or(sort),
            _ => {}
        }
    }
    sort
}

fn styled(style: &str) -> Option<Sort> {
    if hides(style) {
        return Some(Sort::Hidden);
    }
    let style = plain(style);
    if style.contains("row-reverse") || style.contains("bidi-override") && style.contains("rtl") {
        return Some(Sort::Reversed);
    }
    style.contains("float:right").then_some(Sort::Floating)
}

/// Whether declarations hide what an element holds.
pub(super) fn hides(declarations: &str) -> bool {
    // `font-size:0.8em` hides nothing.
    let goes_on = |after: &str| after.starts_with(|c: char| c == '.' || c.is_ascii_digit());
    let says = |declaration: &str, hiding: &str| {
        let after = declaration.strip_prefix(hiding);
        after.is_some_and(|after| hiding.ends_with('-') || !goes_on(after))
    };
    let hidden = |declaration: &str| HIDING.iter().any(|hiding| says(declaration, hiding));
    plain(declarations).split(';').any(hidden)
}

fn plain(style: &str) -> String {
    let mut plain = style.to_ascii_lowercase();
    plain.retain(|c| !c.is_whitespace());
    plain
}

/// Text like this is given with it and without it, so it is better to name too
/// much here than too little.
const HIDING: &[&str] = &[
    "clip:rect(0",
    "clip:rect(1",
    "color:#fff",
    "color:transparent",
    "color:white",
    "display:none",
    "font-size:0",
    "font-size:1px",
    "height:0",
    "left:-",
    "line-height:0",
    "max-height:0",
    "max-width:0",
    "mso-hide:all",
    "opacity:0",
    "text-indent:-",
    "top:-",
    "visibility:hidden",
    "width:0",
];
