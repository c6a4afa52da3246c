//! Tells those who review, once a day, how much waits.
//!
//! That today's digest was sent, or had nothing to tell, is one commit with
//! the queueing: after a restart it is not sent again. A digest is our own mail
//! like any other, read again and cleared before it may leave. One that cannot
//! be written is tried again.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::{Deserialize, de};

use super::{Gate, GateError};
use crate::{
    base::id::EventId,
    model::{Address, Level, Wishes},
    notify::{self, Notice, Waiting},
    store::{Change, HeldFilter, HeldState, NewQueued, Purpose},
};

/// `[digest]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DigestSettings {
    /// Who gets it: people in our own domains. Nobody when empty.
    pub recipients: Vec<Address>,
    /// The hour of the day from which it is sent.
    pub hour: Hour,
    /// The clock of the house, for hour and days.
    pub timezone: Zone,
    /// On which days.
    pub weekdays: Weekdays,
    /// Whether it is sent when nothing waits.
    pub when_empty: bool,
}

impl Default for DigestSettings {
    fn default() -> Self {
        let (recipients, when_empty) = (Vec::new(), false);
        let (timezone, weekdays) = (Zone::default(), Weekdays::default());
        Self { recipients, hour: Hour(6), timezone, weekdays, when_empty }
    }
}

impl DigestSettings {
    /// Whether the digest of the day is to be sent at this time or before it.
    fn is_due(&self, now: DateTime) -> bool {
        let days = &self.weekdays.0;
        let is_day = days.contains(&now.weekday().to_monday_one_offset());
        !self.recipients.is_empty() && is_day && now.hour().unsigned_abs() >= self.hour.0
    }
}

/// An hour of the day, from 0 to 23.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "u8")]
pub struct Hour(u8);

impl TryFrom<u8> for Hour {
    type Error = &'static str;

    fn try_from(hour: u8) -> Result<Self, Self::Error> {
        if hour < 24 { Ok(Self(hour)) } else { Err("an hour is 0 to 23") }
    }
}

/// A time zone by its name in the IANA database: that of the machine, else the
/// one inside the program.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::get("Europe/Oslo").unwrap_or(TimeZone::UTC))
    }
}

impl TryFrom<String> for Zone {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let zone = TimeZone::get(&name).map(Self);
        zone.map_err(|_| format!("`{name}` is no time zone, such as Europe/Oslo"))
    }
}

/// Days of the week, Monday being 1.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Weekdays(BTreeSet<i8>);

impl Default for Weekdays {
    fn default() -> Self {
        Self((1..=5).collect())
    }
}

impl<'de> Deserialize<'de> for Weekdays {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let day = |name: String| {
            let at = NAMES.iter().position(|known| *known == name);
            let day = at.and_then(|at| i8::try_from(at + 1).ok());
            day.ok_or_else(|| de::Error::unknown_variant(&name, &NAMES))
        };
        let days: Vec<String> = Vec::deserialize(deserializer)?;
        let days = days.into_iter().map(day).collect::<Result<BTreeSet<i8>, _>>()?;
        if days.is_empty() {
            return Err(de::Error::custom("name at least one day"));
        }
        Ok(Self(days))
    }
}

impl Gate {
    /// Queues today's digest when its hour has come, unless that was done.
    /// Tells whether something was queued.
    ///
    /// # Errors
    ///
    /// There is nowhere to send it, it was not cleared, or the store failed;
    /// then it was not sent.
    pub async fn send_digest(&self) -> Result<bool, GateError> {
        let (book, now) = (self.book(), self.now());
        let settings = &book.settings.digest;
        let local = |time: Timestamp| settings.timezone.0.to_datetime(time);
        let today = local(now);
        let is_today = |time: Timestamp| local(time).date() == today.date();
        if !settings.is_due(today) || self.store.mark(SENT).await?.is_some_and(is_today) {
            return Ok(false);
        }
        if !self.can_send() {
            return Err(GateError::NoNextHop);
        }
        let waiting = self.waiting().await?;
        let name = self.store.mac(DIGEST, today.date().to_string().as_bytes());
        let event = EventId::from_keyed_hash(&name);
        let mut queue = Vec::new();
        if waiting.number() > 0 || settings.when_empty {
            for to in &settings.recipients {
                let letterhead = &book.settings.letterhead;
                let Notice { envelope, bytes } =
                    notify::digest(&waiting, to, (event, now), letterhead)?;
                let parcel = self.own_mail(&book, envelope, bytes).await?;
                let (purpose, wishes) = (Purpose::Digest, Wishes::default());
                queue.push(NewQueued { event, purpose, parcel, limit_key: None, wishes });
            }
        }
        let queued = !queue.is_empty();
        let change = Change { queue, marks: vec![(SENT, now)], ..Change::default() };
        self.store.commit(change).await?;
        if queued {
            self.mail_waits.notify_one();
        }
        Ok(queued)
    }

    /// Everything that waits for a person.
    async fn waiting(&self) -> Result<Waiting, GateError> {
        let mut filter = HeldFilter { state: Some(HeldState::Held), ..HeldFilter::default() };
        let mut waiting = Waiting::default();
        loop {
            let page = self.store.held(&filter).await?;
            let Some(last) = page.last() else { return Ok(waiting) };
            filter.before = Some(last.id);
            for held in &page {
                let time = (held.held_at, self.now());
                waiting.add(held.event, level(&held.reasons), held.direction, time);
            }
        }
    }
}

/// The gravest level among the reasons of a hold, as they are written.
fn level(reasons: &[String]) -> Option<Level> {
    let levels = reasons.iter().filter_map(|reason| reason.rsplit_once(':')?.1.parse().ok());
    levels.max()
}

const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DIGEST: &str = "digest";
const SENT: &str = "digest";

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Result<DigestSettings, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn is_due_from_its_hour_on_its_days() {
        let text = "recipients = [\"vakt@cpm.example\"]\nhour = 7\nweekdays = [\"mon\", \"sat\"]\n";
        let set = settings(text).unwrap();
        for (time, due) in [
            ("2026-11-23T06:59:59", false),
            ("2026-11-23T07:00:00", true),
            ("2026-11-23T23:59:59", true),
            ("2026-11-24T08:00:00", false),
            ("2026-11-28T08:00:00", true),
        ] {
            let time: DateTime = time.parse().unwrap();
            assert_eq!(set.is_due(time), due, "{time}");
            assert!(!DigestSettings::default().is_due(time));
        }
    }

    #[test]
    fn names_what_is_wrong() {
        for (text, hint) in [
            ("hour = 24", "0 to 23"),
            ("timezone = \"Oslo\"", "no time zone"),
            ("weekdays = [\"monday\"]", "unknown variant"),
            ("weekdays = []", "at least one"),
            ("recipients = [\"vakt\"]\nwhen = 1", "unknown field"),
        ] {
            let error = settings(text).unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }

    #[test]
    fn the_hour_is_that_of_the_house_in_summer_and_in_winter() {
        let set = settings("recipients = [\"vakt@cpm.example\"]\nhour = 7\n").unwrap();
        for (time, due) in [
            ("2026-11-23T05:59:59Z", false),
            ("2026-11-23T06:00:00Z", true),
            ("2026-07-20T04:59:59Z", false),
            ("2026-07-20T05:00:00Z", true),
        ] {
            let time: Timestamp = time.parse().unwrap();
            assert_eq!(set.is_due(set.timezone.0.to_datetime(time)), due, "{time}");
        }
    }

    #[test]
    fn the_gravest_reason_counts() {
        let level = |reasons: &[&str]| {
            super::level(&reasons.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(
            level(&["no.fnr:medium", "gap:broken", "no.health:critical"]),
            Some(Level::Critical)
        );
        assert_eq!(level(&["gap:broken", "openpgp:key-absent"]), None);
    }
}
