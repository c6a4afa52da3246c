//! The report about a slip: what left, or nearly left, without protection.
//!
//! It has what a notification to the authority asks for and nothing of the
//! content: kinds of data by rule, how many messages and persons, where to,
//! and what was done by whom. What may come of it is for the officer to write.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    super::{Gate, GateError},
    as_text,
};
use crate::{
    base::id::EventId,
    model::{Act, Event, Level, Reviewer},
    store::{AuditFilter, AuditRow, KeptRecipient},
};

/// What a report is about.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// One message.
    Event(EventId),
    /// All messages with findings that were judged in a time.
    Period {
        /// From this time on.
        #[serde(serialize_with = "as_text")]
        from: Timestamp,
        /// Up to this time.
        #[serde(serialize_with = "as_text")]
        to: Timestamp,
    },
}

/// The report about a slip.
#[derive(Clone, Debug, Serialize)]
pub struct Slip {
    /// The form of the JSON.
    pub schema: u32,
    /// The version of this program.
    pub version: &'static str,
    /// When it was made.
    #[serde(serialize_with = "as_text")]
    pub made_at: Timestamp,
    /// By whom.
    pub made_by: String,
    /// What for.
    pub purpose: String,
    /// What it is about.
    pub scope: Scope,
    /// Messages in it.
    pub messages: usize,
    /// Persons whose data they hold, counted in each message.
    pub persons: u64,
    /// Messages by direction.
    pub directions: BTreeMap<String, u64>,
    /// What was found, by rule and kind.
    pub kinds: Vec<KindCount>,
    /// Parts that could not be read, by kind of gap.
    pub gaps: BTreeMap<String, u64>,
    /// What became of them.
    pub fates: BTreeMap<Fate, Number>,
    /// Recipients by domain, as far as they are kept.
    pub domains: BTreeMap<String, u64>,
    /// The recipients themselves; of one message only.
    pub recipients: Vec<KeptRecipient>,
    /// What was done, the oldest first.
    pub measures: Vec<Measure>,
    /// Whether there was more than a report takes.
    pub cut: bool,
    /// Whom to ask.
    pub contact: String,
}

/// What was found by one rule.
#[derive(Clone, Debug, Serialize)]
pub struct KindCount {
    /// The rule.
    pub rule: String,
    /// The sort of value.
    pub kind: String,
    /// The highest level that it reached.
    pub level: Level,
    /// In so many messages.
    pub messages: u64,
    /// So many times, at least: of one message the log keeps the first 20.
    pub findings: u64,
}

/// What became of a message, for some of its recipients.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The other side was asked to try again.
    Deferred,
    /// It left encrypted.
    Encrypted,
    /// It was held for a person.
    Held,
    /// It left as it was.
    InClear,
    /// A sender let it through, giving a reason.
    Overridden,
    /// It was refused.
    Refused,
    /// A person released it as it was.
    ReleasedInClear,
    /// A person released it encrypted.
    ReleasedEncrypted,
}

/// How much.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Number {
    /// In messages.
    pub messages: u64,
    /// In recipients, where they were counted.
    pub recipients: u64,
}

/// Something that was done.
#[derive(Clone, Debug, Serialize)]
pub struct Measure {
    /// The row of the audit log.
    pub row: i64,
    /// When.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// With which message.
    pub event: Option<EventId>,
    /// By whom.
    pub actor: String,
    /// What.
    pub act: Act,
}

impl Gate {
    /// Makes the report about a slip. The audit log says who and why.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn slip(&self, scope: Scope, by: &Reviewer) -> Result<Slip, GateError> {
        let (rows, cut) = self.slip_rows(scope).await?;
        let mut slip = Slip::new(scope, by, self.now());
        let letterhead = &self.book().settings.letterhead;
        slip.contact = letterhead.contact(letterhead.language).to_owned();
        slip.cut = cut;
        let events = slip.take(&rows, scope);
        let recipients = self.store.recipients_of(&events).await?;
        slip.take_recipients(recipients, scope);
        let (event, from, to) = match scope {
            Scope::Event(event) => (Some(event), None, None),
            Scope::Period { from, to } => (None, Some(from.to_string()), Some(to.to_string())),
        };
        let facts = json!({
            "what": "slip report", "from": from, "to": to, "messages": slip.messages,
            "purpose": by.purpose(),
        });
        let told = Event { event, actor: by.name().to_owned(), act: Act::Exported, facts };
        self.record(told).await?;
        Ok(slip)
    }

    /// The rows of the log that a report is made of, the latest first, and
    /// whether there were more.
    async fn slip_rows(&self, scope: Scope) -> Result<(Vec<AuditRow>, bool), GateError> {
        let mut filter = AuditFilter { acts: ACTS.to_vec(), ..AuditFilter::default() };
        match scope {
            Scope::Event(event) => filter.event = Some(event),
            Scope::Period { from, to } => (filter.from, filter.to) = (Some(from), Some(to)),
        }
        let mut rows = Vec::new();
        loop {
            let page = self.store.audit_search(&filter).await?;
            let Some(last) = page.last() else { return Ok((rows, false)) };
            filter.before = Some(last.seq);
            rows.extend(page);
            if rows.len() >= MOST_ROWS {
                return Ok((rows, true));
            }
        }
    }
}

impl Slip {
    fn new(scope: Scope, by: &Reviewer, now: Timestamp) -> Self {
        Self {
            schema: 1,
            version: env!("CARGO_PKG_VERSION"),
            made_at: now,
            made_by: by.name().to_owned(),
            purpose: by.purpose().to_owned(),
            scope,
            messages: 0,
            persons: 0,
            directions: BTreeMap::new(),
            kinds: Vec::new(),
            gaps: BTreeMap::new(),
            fates: BTreeMap::new(),
            domains: BTreeMap::new(),
            recipients: Vec::new(),
            measures: Vec::new(),
            cut: false,
            contact: String::new(),
        }
    }

    /// Counts what the rows tell. Returns the messages that the report is
    /// about.
    fn take(&mut self, rows: &[AuditRow], scope: Scope) -> Vec<EventId> {
        let all = matches!(scope, Scope::Event(_));
        let mut events: BTreeSet<EventId> = BTreeSet::new();
        let mut kinds = Kinds::default();
        for row in rows.iter().filter(|row| row.act == Act::Decided.as_str()) {
            let Some(event) = row.event else { continue };
            // Of a message that was judged again, the last time counts.
            if (all || is_sensitive(&row.facts)) && events.insert(event) {
                self.count(&row.facts, &mut kinds);
            }
        }
        for row in rows {
            let about = row.event.is_some_and(|event| events.contains(&event));
            if about || (row.event.is_some() && row.act != Act::Decided.as_str()) {
                self.measure(row);
            }
        }
        self.measures.reverse();
        self.cut |= self.measures.len() > MOST_MEASURES;
        self.measures.truncate(MOST_MEASURES);
        self.messages = events.len();
        self.kinds = kinds.sorted();
        events.into_iter().collect()
    }

    fn count(&mut self, facts: &Value, kinds: &mut Kinds) {
        let direction = facts["direction"].as_str().unwrap_or("unknown");
        *self.directions.entry(direction.to_owned()).or_default() += 1;
        self.persons += facts["persons"].as_u64().unwrap_or(0);
        kinds.take(&facts["findings"]);
        for gap in facts["gaps"].as_array().into_iter().flatten() {
            let kind = gap["kind"].as_str().unwrap_or("unknown");
            *self.gaps.entry(kind.to_owned()).or_default() += 1;
        }
        let monitor = facts["monitor"].as_bool().unwrap_or(false);
        let mut fates: BTreeMap<Fate, u64> = BTreeMap::new();
        for ruling in facts["rulings"].as_array().into_iter().flatten() {
            let fate = match ruling["verdict"].as_str() {
                // Everything passes, whatever was decided.
                _ if monitor => Fate::InClear,
                Some("deliver") => Fate::InClear,
                Some("hold") => Fate::Held,
                Some("protect") => Fate::Encrypted,
                Some("refuse") => Fate::Refused,
                Some(_) | None => Fate::Deferred,
            };
            *fates.entry(fate).or_default() += ruling["recipients"].as_u64().unwrap_or(0);
        }
        for (fate, recipients) in fates {
            let number = self.fates.entry(fate).or_default();
            number.messages += 1;
            number.recipients += recipients;
        }
    }

    fn measure(&mut self, row: &AuditRow) {
        let Ok(act) = row.act.parse::<Act>() else { return };
        let encrypted = row.facts["encrypted"].as_bool() == Some(true);
        if act == Act::Overridden {
            self.fates.entry(Fate::Overridden).or_default().messages += 1;
        } else if act == Act::Released {
            let fate = if encrypted { Fate::ReleasedEncrypted } else { Fate::ReleasedInClear };
            self.fates.entry(fate).or_default().messages += 1;
        }
        let (event, actor) = (row.event, row.actor.clone());
        self.measures.push(Measure { row: row.seq, at: row.at, event, actor, act });
    }

    fn take_recipients(&mut self, recipients: Vec<KeptRecipient>, scope: Scope) {
        let distinct: BTreeSet<(EventId, &str)> =
            recipients.iter().map(|kept| (kept.event, kept.recipient.as_str())).collect();
        for (_, recipient) in distinct {
            let domain = recipient.rsplit_once('@').map_or("", |(_, domain)| domain);
            *self.domains.entry(domain.to_lowercase()).or_default() += 1;
        }
        if matches!(scope, Scope::Event(_)) {
            self.recipients = recipients;
        }
    }
}

/// Findings as they are counted.
#[derive(Default)]
struct Kinds(HashMap<(String, String), KindCount>);

impl Kinds {
    /// Takes the findings of one message.
    fn take(&mut self, findings: &Value) {
        let mut seen = BTreeSet::new();
        for finding in findings.as_array().into_iter().flatten() {
            let text = |key: &str| finding[key].as_str().unwrap_or("unknown").to_owned();
            let key = (text("rule"), text("kind"));
            let level = text("level").parse().unwrap_or(Level::Medium);
            let count = self.0.entry(key.clone()).or_insert_with(|| KindCount {
                rule: key.0.clone(),
                kind: key.1.clone(),
                level,
                messages: 0,
                findings: 0,
            });
            count.findings += 1;
            count.level = count.level.max(level);
            count.messages += u64::from(seen.insert(key));
        }
    }

    fn sorted(self) -> Vec<KindCount> {
        let mut counts: Vec<KindCount> = self.0.into_values().collect();
        counts.sort_by(|a, b| {
            (b.level, b.messages).cmp(&(a.level, a.messages)).then_with(|| a.rule.cmp(&b.rule))
        });
        counts
    }
}

/// Whether something of level medium or above was found.
fn is_sensitive(facts: &Value) -> bool {
    let findings = facts["findings"].as_array().into_iter().flatten();
    let mut levels = findings.filter_map(|finding| finding["level"].as_str()?.parse().ok());
    levels.any(|level: Level| level >= Level::Medium)
}

/// What tells of a message and of what was done with it.
const ACTS: [Act; 16] = [
    Act::Approved,
    Act::Asked,
    Act::Corrected,
    Act::Decided,
    Act::Deleted,
    Act::Dropped,
    Act::Erased,
    Act::HoldLifted,
    Act::HoldPlaced,
    Act::Notified,
    Act::Overridden,
    Act::Rejected,
    Act::Released,
    Act::Revealed,
    Act::Sent,
    Act::WrongAlarm,
];
const MOST_ROWS: usize = 100_000;
const MOST_MEASURES: usize = 500;
