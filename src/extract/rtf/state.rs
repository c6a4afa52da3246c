//! What a group of RTF sets and its end takes back, and where text goes.

use encoding_rs::Encoding;

use crate::model::Mark;

/// The properties of the text inside a group.
#[derive(Clone)]
pub(super) struct State {
    pub(super) sink: Sink,
    /// The sink outside of what is written twice, `\upr`.
    pub(super) outer: Sink,
    /// How many characters stand in for one `\u`.
    pub(super) stand_ins: usize,
    pub(super) charset: &'static Encoding,
    pub(super) hidden: bool,
    /// `\*` was seen, its destination not yet.
    pub(super) starred: bool,
    /// This group began the destination.
    pub(super) begins: bool,
    /// Inside the second copy of a picture, for old readers.
    pub(super) twin: bool,
}

/// Where text goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sink {
    Body,
    Fonts,
    Hex(Hex),
    Side(Side),
    /// Markup of the HTML that was turned into this RTF.
    Tags,
    /// What the file says beside its text.
    Told,
}

/// What digits in hex are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Hex {
    /// An embedded object.
    Object,
    /// A picture.
    Picture,
    /// Nothing that anybody opens.
    Quiet,
}

/// Text that stands beside the body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Side {
    Box,
    Comment,
    Footer,
    Header,
    Note,
}

impl Side {
    pub(super) const ALL: [Self; 5] =
        [Self::Box, Self::Comment, Self::Footer, Self::Header, Self::Note];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Box => "text boxes",
            Self::Comment => "comments",
            Self::Footer => "footers",
            Self::Header => "headers",
            Self::Note => "footnotes",
        }
    }
}

/// Text as shown, and what is hidden in it.
#[derive(Default)]
pub(super) struct Text {
    pub(super) shown: String,
    pub(super) hidden: String,
    /// Both together; empty where nothing is hidden.
    pub(super) all: String,
    pub(super) marks: Vec<Mark>,
    start: usize,
}

impl Text {
    pub(super) fn push(&mut self, text: &str, hidden: bool) {
        if hidden {
            if self.all.is_empty() {
                self.all.clone_from(&self.shown);
            }
            self.hidden.push_str(text);
            self.all.push_str(text);
            return;
        }
        if !self.hidden.is_empty() {
            if !self.hidden.ends_with('\n') {
                self.hidden.push('\n');
            }
            self.all.push_str(text);
        }
        self.shown.push_str(text);
        if text == "\n" {
            self.mark();
        }
    }

    /// Ends a paragraph.
    pub(super) fn mark(&mut self) {
        let begun = self.shown.get(self.start..).unwrap_or_default();
        if begun.trim().is_empty() {
            self.start = self.shown.len();
            return;
        }
        let name = format!("paragraph {}", self.marks.len() + 1).into();
        let start = u32::try_from(self.start).unwrap_or(u32::MAX);
        self.marks.push(Mark { start, name, heading: None });
        self.start = self.shown.len();
    }
}
