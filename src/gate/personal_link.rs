//! The link by which one of our own senders acts on a message without logging in.
//!
//! It stands in the notice to that sender and nowhere else, and is a keyed hash
//! of the message, the sender and the day. So nothing is kept until it is used,
//! and a notice that is written again is the same. A message is named by a
//! keyed hash of its content and envelope, so a link is bound to exactly these
//! bytes and recipients. Who was written to is looked up: a link proves nothing
//! about anybody else.

use jiff::{SignedDuration, Timestamp};

use super::{Gate, GateError, notices::Story};
use crate::{
    base::id::{EventId, letters},
    model::{Act, Address},
    notify::LinkToken,
    store::LinkUse,
};

/// Who came by a personal link that works.
pub(super) struct LinkHolder {
    pub(super) event: EventId,
    pub(super) sender: Address,
    mark: String,
}

impl LinkHolder {
    /// The use of the link for `act`.
    pub(super) fn spends(&self, act: Act) -> LinkUse {
        LinkUse { mark: self.mark.clone(), event: self.event, act }
    }

    /// What the use of the link is known by.
    pub(super) fn mark(&self) -> &str {
        &self.mark
    }
}

impl Gate {
    /// The secret of the link for the sender of `story`, and the last day that
    /// it works: a week from now, and no longer than the message is held.
    pub(super) fn link(&self, story: &Story<'_>) -> (LinkToken, Timestamp) {
        let now = self.now();
        let week = now.saturating_add(WEEK).unwrap_or(now);
        let until = story.expires_at.map_or(week, |end| end.min(week));
        (self.token(story.event, Some(story.sender), day(now)), until)
    }

    /// The holder of a link, when it is one of ours and not too old.
    pub(super) async fn link_holder(
        &self,
        event: EventId,
        token: &LinkToken,
    ) -> Result<Option<LinkHolder>, GateError> {
        let told = self.store.notified(event).await?;
        let today = day(self.now());
        let is_theirs = |sender: Option<&Address>| {
            let days = today - DAYS..=today;
            let fits = |day| self.token(event, sender, day).is(token);
            days.fold(false, |found, day| fits(day) | found)
        };
        if told.is_empty() {
            // As long as with somebody, to tell nothing by the time it takes.
            is_theirs(None);
        }
        let sender = told.into_iter().find(|sender| is_theirs(Some(sender)));
        let mark = letters(&self.store.mac(USED, token.expose()));
        Ok(sender.map(|sender| LinkHolder { event, sender, mark }))
    }

    fn token(&self, event: EventId, sender: Option<&Address>, day: i64) -> LinkToken {
        let sender = sender.map(Address::key).unwrap_or_default();
        let text = format!("{event}\n{day}\n{sender}");
        LinkToken::from_keyed_hash(&self.store.mac(LINK, text.as_bytes()))
    }
}

fn day(time: Timestamp) -> i64 {
    time.as_second().div_euclid(24 * 3600)
}

const LINK: &str = "personal-link";
const USED: &str = "used-link";
const DAYS: i64 = 7;
const WEEK: SignedDuration = SignedDuration::from_hours(DAYS * 24);
