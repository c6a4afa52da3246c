//! What the front-end that took a message can still do with it.

/// The powers of a front-end over one message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Channel {
    /// Each recipient can get an answer of its own.
    pub answers_each: bool,
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
}
