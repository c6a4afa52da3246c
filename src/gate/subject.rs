//! What the data protection officer does for a person: finding what is kept,
//! handing it out, erasing it.
//!
//! A number is looked up in the index and confirmed by reading the content; a
//! name stands in no index, so everything that is held is read. The machine
//! reads, and shows nobody. Each search, copy and erasure is written down with
//! its purpose, and for whom as a keyed hash, never as a number or a name.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Gate, GateError};
use crate::{
    base::id::EventId,
    detect,
    model::{Act, Address, Event, Fragment, Kind, Person, Raw, Reviewer},
    store::{
        AuditRow, Correction, Erased, Held, HeldId, OutboxFilter, OutboxItem, Purpose, StoreError,
    },
};

/// Whom to look for.
#[derive(Clone)]
pub enum Subject {
    /// The address as sender or recipient.
    Address(Address),
    /// All words of the name in one text.
    Name(String),
    /// An identity number.
    Number(String),
}

/// What is kept of one message that has to do with a person.
#[derive(Clone, Debug, Serialize)]
pub struct Trace {
    /// The message.
    pub event: EventId,
    /// Where the person was found: `content`, `envelope` or `index`. The
    /// index alone is not sure: the content is gone or cannot be read.
    pub found: BTreeSet<&'static str>,
    /// Whether it must be kept, and cannot be erased.
    pub legal_hold: bool,
    /// What is held of it.
    pub held: Vec<HeldTrace>,
    /// What was sent of it, to whom.
    pub sent: Vec<OutboxItem>,
}

impl Trace {
    /// What was sent of it that had the message in it: no notices.
    pub fn disclosed(&self) -> impl Iterator<Item = &OutboxItem> {
        whole(&self.sent)
    }
}

/// Somebody who got a message or is about to, and is to hear that it was
/// corrected or erased (GDPR, article 19).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Disclosure {
    /// The message.
    pub event: EventId,
    /// Who got it.
    pub recipient: Address,
    /// When it was queued for that.
    pub at: Timestamp,
}

/// A held item of a trace.
#[derive(Clone, Debug, Serialize)]
pub struct HeldTrace {
    /// As it is listed.
    #[serde(flatten)]
    pub held: Held,
    /// Whether the message itself is still there.
    pub content: bool,
    /// What was noted as wrong in it.
    pub corrections: Vec<Correction>,
}

/// What a search came to.
#[derive(Clone, Debug, Serialize)]
pub struct Traces {
    /// The person, as a keyed hash.
    pub person: String,
    /// Message by message.
    pub traces: Vec<Trace>,
    /// Held messages that could not be read whole, and may hide the person.
    pub unread: Vec<HeldId>,
}

/// A message of a person, with all that is handed out about it.
pub struct Dossier {
    /// What is kept.
    pub trace: Trace,
    /// Everything that was done with it, by whom: who saw it, too.
    pub history: Vec<AuditRow>,
    /// The originals that are still there.
    pub originals: Vec<(HeldId, Vec<u8>)>,
}

/// How the erasure of a message ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Erasure {
    /// It was erased.
    Done(Erased),
    /// A legal hold keeps it.
    KeptByLaw,
}

/// A message that was to be erased.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ended {
    /// The message.
    pub event: EventId,
    /// How it went.
    pub erasure: Erasure,
    /// Who had got what is erased. The store does not know it any more.
    pub reached: Vec<Disclosure>,
}

impl Gate {
    /// Finds what is kept about a person. The audit log says who searched and
    /// why.
    ///
    /// # Errors
    ///
    /// The store failed or there is no reader.
    pub async fn find_subject(
        &self,
        subject: &Subject,
        by: &Reviewer,
    ) -> Result<Traces, GateError> {
        let person = self.person_mark(subject);
        let mut found: BTreeMap<EventId, BTreeSet<&'static str>> = BTreeMap::new();
        let mut unread = Vec::new();
        let candidates = match subject {
            Subject::Address(address) => {
                for event in self.store.events_of_address(address).await? {
                    found.entry(event).or_default().insert("envelope");
                }
                Vec::new()
            }
            Subject::Name(_) => by_nothing(self.store.held_with_content().await?),
            Subject::Number(number) => {
                let naming = self.store.held_naming(self.person(number)).await?;
                let mut candidates: Vec<_> = naming.into_iter().map(|id| (id, true)).collect();
                candidates.extend(by_nothing(self.store.held_without_index().await?));
                candidates
            }
        };
        for (id, by_index) in candidates {
            let Some(held) = self.store.held_by_id(id).await? else { continue };
            match self.names(id, subject, by).await? {
                Named::Yes => found.entry(held.event).or_default().insert("content"),
                Named::No => continue,
                Named::Unsure if by_index => found.entry(held.event).or_default().insert("index"),
                Named::Unsure => {
                    unread.push(id);
                    continue;
                }
            };
        }
        let holds = self.store.legal_holds().await?;
        let kept: HashSet<EventId> = holds.iter().map(|hold| hold.event).collect();
        let mut traces = Vec::with_capacity(found.len());
        for (event, places) in found {
            traces.push(self.trace(event, places, kept.contains(&event)).await?);
        }
        let facts = json!({
            "by": subject.word(), "person": person, "messages": traces.len(),
            "purpose": by.purpose(),
        });
        self.note_act(by, Act::Searched, facts).await?;
        Ok(Traces { person, traces, unread })
    }

    /// Collects all that is handed out about the traces of a person. The audit
    /// log says who opened each message, and who took the copy.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn export_subject(
        &self,
        traces: &Traces,
        by: &Reviewer,
    ) -> Result<Vec<Dossier>, GateError> {
        let mut dossiers = Vec::with_capacity(traces.traces.len());
        for trace in &traces.traces {
            let mut originals = Vec::new();
            for item in trace.held.iter().filter(|item| item.content) {
                originals.push((item.held.id, self.store.reveal_held(item.held.id, by).await?));
            }
            let history = self.store.event_audit(trace.event).await?;
            dossiers.push(Dossier { trace: trace.clone(), history, originals });
        }
        let facts = json!({
            "what": "person", "person": traces.person, "messages": dossiers.len(),
            "purpose": by.purpose(),
        });
        self.note_act(by, Act::Exported, facts).await?;
        Ok(dossiers)
    }

    /// Erases the messages of a person, except those under a legal hold.
    ///
    /// # Errors
    ///
    /// The store failed; what was erased before stays erased.
    pub async fn erase_subject(
        &self,
        traces: &Traces,
        by: &Reviewer,
    ) -> Result<Vec<Ended>, GateError> {
        let mut ended = Vec::with_capacity(traces.traces.len());
        for event in traces.traces.iter().map(|trace| trace.event) {
            // Read now: what was found is some minutes old. Who waits will not
            // get it.
            let had = reached(&self.sent_of(event).await?, &["sent"]);
            let (erasure, reached) = match self.store.erase(event, &traces.person, by).await {
                Ok(erased) => (Erasure::Done(erased), had),
                Err(StoreError::KeptByLaw(_)) => (Erasure::KeptByLaw, Vec::new()),
                Err(error) => return Err(error.into()),
            };
            ended.push(Ended { event, erasure, reached });
        }
        Ok(ended)
    }

    /// Who got a message, or has it coming, and is to hear what was corrected.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn reached_by(&self, event: EventId) -> Result<Vec<Disclosure>, GateError> {
        Ok(reached(&self.sent_of(event).await?, &["pending", "sent"]))
    }

    async fn sent_of(&self, event: EventId) -> Result<Vec<OutboxItem>, GateError> {
        let filter = OutboxFilter { event: Some(event), ..OutboxFilter::default() };
        Ok(self.store.outbox(&filter).await?)
    }

    async fn trace(
        &self,
        event: EventId,
        found: BTreeSet<&'static str>,
        legal_hold: bool,
    ) -> Result<Trace, GateError> {
        let mut held = Vec::new();
        for id in self.store.held_of_event(event).await? {
            let Some(item) = self.store.held_by_id(id).await? else { continue };
            let content = self.store.has_content(id).await?;
            let corrections = self.store.corrections(id).await?;
            held.push(HeldTrace { held: item, content, corrections });
        }
        let sent = self.sent_of(event).await?;
        Ok(Trace { event, found, legal_hold, held, sent })
    }

    /// Whether the content of a held message names the subject.
    async fn names(
        &self,
        id: HeldId,
        subject: &Subject,
        by: &Reviewer,
    ) -> Result<Named, GateError> {
        let raw: Raw = match self.store.reread_held(id, by).await {
            Ok(raw) => raw.into(),
            Err(
                StoreError::ContentGone(_)
                | StoreError::ContentMissing(_)
                | StoreError::Tampered(_),
            ) => return Ok(Named::Unsure),
            Err(error) => return Err(error.into()),
        };
        let read = self.workers.read(Kind::Message, "", &raw).await?;
        let stands_there = read.fragments.iter().any(|fragment| subject.stands_in(fragment));
        Ok(if stands_there || self.is_found_in(subject, &raw).await? {
            Named::Yes
        } else if read.gaps.is_empty() {
            Named::No
        } else {
            Named::Unsure
        })
    }

    /// Whether the rules find the person: also in a number that is cut over two
    /// cells, or that lost its zero.
    async fn is_found_in(&self, subject: &Subject, raw: &Raw) -> Result<bool, GateError> {
        let Subject::Number(number) = subject else { return Ok(false) };
        let person = Some(self.person(number));
        let reader = self.reader(&self.book());
        let reading = reader.read(Kind::Message, "", raw, self.now()).await?;
        Ok(reading.findings.iter().any(|finding| finding.person == person))
    }

    fn person(&self, number: &str) -> Person {
        detect::person_named(number, self.store.person_key())
    }

    fn person_mark(&self, subject: &Subject) -> String {
        let text = match subject {
            Subject::Address(address) => address.key(),
            Subject::Name(name) => words(name).join(" "),
            Subject::Number(number) => digits(number),
        };
        let mark = self.store.mac("subject", text.as_bytes());
        data_encoding::HEXLOWER.encode(&mark[..16])
    }

    async fn note_act(&self, by: &Reviewer, act: Act, facts: Value) -> Result<(), GateError> {
        self.record(Event { event: None, actor: by.name().to_owned(), act, facts }).await
    }
}

enum Named {
    No,
    /// The content is gone, or not all of it could be read.
    Unsure,
    Yes,
}

impl Subject {
    fn word(&self) -> &'static str {
        match self {
            Self::Address(_) => "address",
            Self::Name(_) => "name",
            Self::Number(_) => "number",
        }
    }

    fn stands_in(&self, fragment: &Fragment) -> bool {
        match self {
            Self::Address(address) => fragment.text.to_lowercase().contains(&address.key()),
            Self::Name(name) => {
                let there: BTreeSet<String> = words(&fragment.text).into_iter().collect();
                let wanted = words(name);
                !wanted.is_empty() && wanted.iter().all(|word| there.contains(word))
            }
            Self::Number(number) => {
                let wanted = digits(number);
                !wanted.is_empty() && runs(&fragment.text).iter().any(|run| run.contains(&wanted))
            }
        }
    }
}

fn whole(items: &[OutboxItem]) -> impl Iterator<Item = &OutboxItem> {
    let is_whole = |item: &&OutboxItem| match item.purpose {
        Purpose::Copy | Purpose::Release => true,
        Purpose::Digest | Purpose::Notice | Purpose::Question | Purpose::Rejection => false,
    };
    items.iter().filter(is_whole)
}

/// The recipients in one of these states.
fn reached(items: &[OutboxItem], states: &[&str]) -> Vec<Disclosure> {
    let of = |item: &OutboxItem| {
        let fits = item.recipients.iter().filter(|to| states.contains(&&*to.state));
        let (event, at) = (item.event, item.queued_at);
        let each = fits.map(|to| Disclosure { event, recipient: to.recipient.clone(), at });
        each.collect::<Vec<_>>()
    };
    whole(items).flat_map(of).collect()
}

/// Items that are only looked through, which no index points to.
fn by_nothing(ids: Vec<HeldId>) -> Vec<(HeldId, bool)> {
    ids.into_iter().map(|id| (id, false)).collect()
}

/// The digits of a text that are separated by no more than people put into
/// numbers.
fn runs(text: &str) -> Vec<String> {
    let mut runs = vec![String::new()];
    for c in text.chars() {
        if c.is_ascii_digit() {
            if let Some(run) = runs.last_mut() {
                run.push(c);
            }
        } else if (c.is_alphabetic() || c.is_control())
            && runs.last().is_some_and(|r| !r.is_empty())
        {
            runs.push(String::new());
        }
    }
    runs
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}
