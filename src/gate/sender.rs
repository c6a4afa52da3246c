//! What one of our own senders may know about a message and do with it.
//!
//! Told to whoever has the personal link, and told as the audit log has it:
//! content is not opened for it, so asking costs little and changes nothing. Of
//! a message that was refused, nothing but the record of the decision is kept.
//! A link that is not ours, too old, or about content that is gone is told
//! nothing at all.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    Gate, GateError, Rulebook,
    personal_link::LinkHolder,
    record::{Found, found_in},
};
use crate::{
    base::id::EventId,
    model::{
        Act, Address, Channel, Envelope, Finding, Gap, GapKind, MethodId, PartPath, Proof, Reading,
        Verdict,
    },
    notify::LinkToken,
    policy::Facts,
    store::{Held, HeldState, OutboxFilter, OutboxItem, Purpose, UsedLink},
};

/// How things stand with a message, for its sender.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The message.
    pub event: EventId,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    /// Whether more was found than is listed.
    pub is_cut: bool,
    /// What became of it for each recipient.
    pub fates: Vec<FateOf>,
    /// When it is deleted, while it waits for a person.
    pub held_until: Option<Timestamp>,
    /// When and how the link was used.
    pub used: Option<UsedLink>,
    /// What can be chosen now.
    pub choices: Vec<Choice>,
}

/// What became of a message for some recipients.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FateOf {
    /// Who, where that is kept.
    pub recipients: Vec<Address>,
    /// How many.
    pub number: usize,
    /// What became of it.
    pub became: Became,
}

/// What became of a message for a recipient.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Became {
    /// It was destroyed.
    Deleted,
    /// The next server did not take it.
    Failed,
    /// It waits for a person.
    Held,
    /// It is on its way.
    Leaving,
    /// It was not taken.
    Refused,
    /// The next server has it.
    Sent,
}

/// What a sender can ask for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Choice {
    /// Send it now, encrypted for each recipient.
    Encrypt,
    /// Send it as it is, giving a reason.
    Override,
    /// Say that the finding is wrong.
    Report,
    /// Delete it: the sender has taken out what was wrong, or gives it up.
    Withdraw,
}

impl Gate {
    /// How things stand with a message, for whoever has the link to it. Changes
    /// nothing: programs that look at mail follow links.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn standing(
        &self,
        event: EventId,
        token: &LinkToken,
    ) -> Result<Option<Standing>, GateError> {
        let Some(holder) = self.link_holder(event, token).await? else { return Ok(None) };
        let Some(case) = self.case(&holder).await? else { return Ok(None) };
        let used = self.store.used_link(holder.mark()).await?;
        let choices = if used.is_some() { Vec::new() } else { self.choices(&case) };
        let Found { findings, gaps, is_cut } = found_in(&case.decided);
        let waits = case.held.iter().filter(|held| held.state == HeldState::Held);
        Ok(Some(Standing {
            event,
            findings,
            gaps,
            is_cut,
            fates: self.fates(&case).await?,
            held_until: waits.map(|held| held.expires_at).min(),
            used,
            choices,
        }))
    }

    /// What is left of the message of a link; none when the link ended with it.
    pub(super) async fn case(&self, holder: &LinkHolder) -> Result<Option<SenderCase>, GateError> {
        let mut held = Vec::new();
        for id in self.store.held_of_event(holder.event).await? {
            held.extend(self.store.held_by_id(id).await?);
        }
        let is_over = |held: &Held| held.expires_at <= self.now();
        if !held.is_empty() && held.iter().all(is_over) {
            return Ok(None);
        }
        let mut rows = self.store.event_audit(holder.event).await?;
        rows.retain(|row| row.act == Act::Decided.as_str());
        let decided = rows.pop().map(|row| row.facts);
        Ok(decided.map(|decided| SenderCase { event: holder.event, held, decided }))
    }

    /// What can be chosen, as far as can be told without opening the message.
    fn choices(&self, case: &SenderCase) -> Vec<Choice> {
        let waiting: Vec<&Held> = case.waiting().collect();
        let mut choices = Vec::new();
        if !waiting.is_empty() {
            let book = self.book();
            if waiting.iter().all(|held| self.can_encrypt(&book, held)) {
                choices.push(Choice::Encrypt);
            }
            choices.push(Choice::Withdraw);
            if self.can_send() && case.lets_override(&book) {
                choices.push(Choice::Override);
            }
        }
        choices.push(Choice::Report);
        choices
    }

    /// Whether a held message may go encrypted without a person looking at it:
    /// every recipient has a key, and the policy lets mail pass from this
    /// sender to them that is encrypted throughout, by a method it names.
    pub(super) fn can_encrypt(&self, book: &Rulebook, held: &Held) -> bool {
        const METHOD: MethodId = MethodId::Openpgp;
        if !self.can_send() || !book.policy.methods().contains(&METHOD) {
            return false;
        }
        let offers = self.protector.offers(&held.recipients, &[METHOD], self.now());
        let proof = GapKind::Encrypted(Proof::new(METHOD.as_str()));
        let gaps = vec![Gap::new(proof, PartPath::root("message"))];
        let rulings = book.policy.decide(&Facts {
            channel: EACH,
            domains: &book.settings.gateway.domains,
            envelope: &envelope_of(held),
            offers: &[],
            reading: &Reading { digest: [0; 32], findings: Vec::new(), gaps },
        });
        offers.iter().all(|offer| offer.key.is_ok())
            && rulings.iter().all(|ruling| ruling.verdict == Verdict::Deliver)
    }

    async fn fates(&self, case: &SenderCase) -> Result<Vec<FateOf>, GateError> {
        let filter = OutboxFilter { event: Some(case.event), ..OutboxFilter::default() };
        let items = self.store.outbox(&filter).await?;
        let of = |purpose| items.iter().filter(move |item| item.purpose == purpose);
        let mut fates: Vec<FateOf> = case.held.iter().filter_map(fate_of_held).collect();
        fates.extend(of(Purpose::Release).chain(of(Purpose::Copy)).flat_map(fates_of_sent));
        let refused = self.store.refused(case.event).await?;
        let named_refused = refused.len();
        fates.push(FateOf { number: named_refused, recipients: refused, became: Became::Refused });
        // Those whom the session was told about are known by number only.
        let copies: usize = of(Purpose::Copy).map(|item| item.recipients.len()).sum();
        let unnamed = |number: usize, became| FateOf { recipients: Vec::new(), number, became };
        let passed = case.decided_for(&["deliver", "protect"]).saturating_sub(copies);
        fates.push(unnamed(passed, Became::Sent));
        let refused = case.decided_for(&["refuse"]).saturating_sub(named_refused);
        fates.push(unnamed(refused, Became::Refused));
        fates.retain(|fate| fate.number > 0);
        Ok(fates)
    }
}

/// What is left of a message.
pub(super) struct SenderCase {
    pub(super) event: EventId,
    pub(super) held: Vec<Held>,
    /// The facts of the decision.
    decided: Value,
}

impl SenderCase {
    /// What still waits for a person.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Held> {
        self.held.iter().filter(|held| held.state == HeldState::Held)
    }

    /// Whether every route that held it lets its sender override.
    pub(super) fn lets_override(&self, book: &Rulebook) -> bool {
        let mut holding = self.rulings().filter(|ruling| ruling["verdict"] == "hold").peekable();
        let lets = |ruling: &Value| {
            ruling["route"].as_str().is_some_and(|route| book.policy.lets_override(route))
        };
        holding.peek().is_some() && holding.all(lets)
    }

    /// The rules that found something, each once.
    pub(super) fn rules(&self) -> Vec<String> {
        let mut rules: Vec<String> =
            found_in(&self.decided).findings.iter().map(|f| f.rule.to_string()).collect();
        rules.sort();
        rules.dedup();
        rules
    }

    /// For how many recipients the decision was one of `verdicts`.
    fn decided_for(&self, verdicts: &[&str]) -> usize {
        let fits = |ruling: &&Value| {
            ruling["verdict"].as_str().is_some_and(|verdict| verdicts.contains(&verdict))
        };
        let number = |ruling: &Value| ruling["recipients"].as_u64().unwrap_or(0);
        usize::try_from(self.rulings().filter(fits).map(number).sum::<u64>()).unwrap_or(0)
    }

    fn rulings(&self) -> impl Iterator<Item = &Value> {
        self.decided["rulings"].as_array().into_iter().flatten()
    }
}

/// What became of what was held; none when the outbox tells it.
fn fate_of_held(held: &Held) -> Option<FateOf> {
    let became = match held.state {
        HeldState::Deleted => Became::Deleted,
        HeldState::Held => Became::Held,
        HeldState::Rejected => Became::Refused,
        HeldState::Released => return None,
    };
    let recipients = held.recipients.clone();
    Some(FateOf { number: recipients.len(), recipients, became })
}

fn fates_of_sent(item: &OutboxItem) -> impl Iterator<Item = FateOf> {
    item.recipients.iter().map(|one| {
        let became = match one.state.as_str() {
            "pending" => Became::Leaving,
            "sent" => Became::Sent,
            _ => Became::Failed,
        };
        FateOf { recipients: vec![one.recipient.clone()], number: 1, became }
    })
}

pub(super) fn envelope_of(held: &Held) -> Envelope {
    Envelope { sender: held.sender.clone(), recipients: held.recipients.clone() }
}

/// Each recipient on his own, as the outbox sends.
pub(super) const EACH: Channel =
    Channel { answers_each: true, passes_some: true, reinjects: false, replaces: true };
