//! Collects what the tokenizer of HTML finds in a page: the text as it stands,
//! the lines as they are shown where that differs, and what nobody sees.

use std::{cell::RefCell, iter};

use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult, states::RawKind};

use super::{
    html::Dialect,
    lines::{reversed, unpercent},
    style::{Effect, Sheet},
    tags::{BLOCKS, VOID},
    veil::{Hiding, Sort, Veil, sort_of},
};
use crate::extract::shown::ShownLine;

/// Collects what the tokenizer finds.
pub(super) struct Page {
    dialect: Dialect,
    sheet: Sheet,
    /// What was collected so far.
    pub(super) view: RefCell<View>,
}

/// What a page holds.
#[derive(Default)]
pub(super) struct View {
    /// All text, hidden or not.
    pub(super) seen: String,
    /// The lines that are seen in another way than they stand there.
    pub(super) bare: String,
    /// Attributes, links, scripts, styles and comments.
    pub(super) unseen: String,
    /// Links that hold what they lead to.
    pub(super) data_links: Vec<String>,
    /// Frames, which are pages of their own.
    pub(super) pages: Vec<String>,
    /// What only some programs show.
    pub(super) conditional: String,
    /// Figures in a row that float to the right, the first last.
    floated: Vec<String>,
    /// Without what is surely hidden.
    unhidden: ShownLine,
    /// Without what can hardly be seen either, and with what styles, pictures
    /// and forms add.
    shown: ShownLine,
    /// Open elements that do something to their text.
    veils: Vec<Veil>,
    /// The element that is open, if it holds no markup.
    pub(super) raw: Option<Raw>,
    /// A tag held the bracket of another one, or had no end.
    pub(super) swallowed: bool,
    /// No more text comes.
    pub(super) ending: bool,
}

/// An element whose content is no markup.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Raw {
    /// Of text that is seen.
    Shown,
    /// Of a script or a style sheet.
    Unseen,
}

impl Page {
    /// An empty one under `sheet`.
    pub(super) fn new(dialect: Dialect, sheet: Sheet) -> Self {
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
            Token::EOFToken => {
                view.end_line();
                view.end_floats();
            }
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
        let written = !text.trim().is_empty();
        if written && !self.does(&Sort::Floating) {
            self.end_floats();
        }
        let faint = self.does(&Sort::Hidden(Hiding::Faint));
        let hidden = self.does(&Sort::Hidden(Hiding::Sure));
        if hidden {
            self.unhidden.differs |= written;
            return;
        }
        self.unhidden.text.push_str(text);
        if faint {
            self.shown.differs |= written;
        } else {
            self.shown.text.push_str(text);
        }
    }

    /// Takes in what is shown, but does not stand there.
    fn added(&mut self, text: &str) {
        if !text.is_empty() && !self.does(&Sort::Hidden(Hiding::Sure)) {
            self.shown.text.push_str(text);
            self.shown.differs = true;
        }
    }

    /// Whether an open element does this to its text.
    fn does(&self, sort: &Sort) -> bool {
        self.veils.iter().any(|veil| veil.sort == *sort)
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
            self.text("\t");
        }
        if !opens {
            self.unveil(name);
            return TokenSinkResult::Continue;
        }
        self.attributes(tag);
        let mut effect = sheet.effect(tag);
        let before = std::mem::take(&mut effect.before);
        self.veil(tag, effect);
        self.added(&before);
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
            let is_shown = match &*tag.name {
                "img" => name == "alt",
                "input" => name == "value" && is_box(tag),
                _ => false,
            };
            if is_shown && is_figure(value) {
                self.added(value.trim());
            }
            if name == "srcdoc" {
                self.frame(value);
                continue;
            }
            let data = value.trim_start().get(..5).is_some_and(|s| s.eq_ignore_ascii_case("data:"));
            if data {
                if self.data_links.len() < MANY {
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
            Some(Veil { sort: Sort::Followed(text), .. }) => self.added(&text),
            Some(Veil { sort: Sort::Floating, start, .. }) => {
                let floating = self.seen.get(start..).unwrap_or_default().trim();
                if floating.len() <= FLOATING && self.floated.len() < FLOATS {
                    self.floated.push(floating.to_owned());
                }
            }
            Some(Veil { sort: Sort::Hidden(_), .. }) | None => {}
        }
    }

    /// A comment, which some programs show: `<!--[if mso]>…`.
    fn comment(&mut self, text: &str) {
        if let Some((_, shown)) = text.split_once("]>").filter(|(head, _)| head.starts_with("[if"))
        {
            self.conditional.push_str(shown);
            self.conditional.push_str("<br>");
        }
        self.unseen(text);
    }

    fn frame(&mut self, page: &str) {
        if page.bytes().any(|byte| byte.is_ascii_digit()) && self.pages.len() < MANY {
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
        self.unhidden.end(&mut self.bare);
        self.shown.end(&mut self.bare);
    }

    fn end_floats(&mut self) {
        if !self.floated.is_empty() {
            self.bare.extend(self.floated.drain(..).rev());
            self.bare.push('\n');
        }
    }
}

/// Whether an input is a box with its value in it.
fn is_box(tag: &Tag) -> bool {
    let sort = tag.attrs.iter().find(|attribute| &*attribute.name.local == "type");
    let sort = sort.map_or("text", |sort| &*sort.value);
    ["", "number", "password", "tel", "text"].iter().any(|it| sort.trim().eq_ignore_ascii_case(it))
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

/// More links, frames and the like of one page are not read.
pub(super) const MANY: usize = 500;
const VEILS: usize = 32;
const NUMBER: usize = 11;
/// Bytes of text that floats and may be a part of a number.
const FLOATING: usize = 3;
/// More of them in a row are no number.
const FLOATS: usize = 40;
