//! What the front-end that took a message can still do with it.

/// The powers of a front-end over one message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Channel {
    /// Each recipient can get an answer of its own.
    pub answers_each: bool,
    /// With one answer for all, some recipients can still be left out of what
    /// is passed on.
    pub passes_some: bool,
    /// Copies that differ can be sent on another way (`[reinject]`).
    pub reinjects: bool,
    /// The message can be replaced in place, for all recipients alike.
    pub replaces: bool,
}

impl Channel {
    /// Whether recipients may be treated differently.
    pub fn splits(self) -> bool {
        self.answers_each || self.reinjects
    }

    /// Whether what is passed on goes to all recipients or to nobody.
    pub fn passes_all_or_none(self) -> bool {
        !self.answers_each && !self.passes_some
    }
}
