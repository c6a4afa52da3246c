//! A finding that a reviewer says is wrong, and what a word against it would
//! have changed.
//!
//! The word is tried on what was held in the last 30 days, by rules and policy
//! of now: with it and without. Nothing is taken into use: what comes of it is
//! a proposal that an administrator puts into a rule pack by hand, or not. A
//! trial that takes too long stops and says how far it came.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use toml::{Table, Value};

use super::super::{
    Gate, GateError, Reader, Rulebook,
    sender::{EACH, envelope_of},
};
use super::Actor;
use crate::{
    detect::{PackSource, Rules},
    model::{Kind, Raw, Reading},
    policy::Facts,
    store::{Changed, Held, HeldId, QueueFilter, StoreError, Trial, WrongAlarm},
};

impl Gate {
    /// Writes down that a finding of a held message is wrong. With a word, says
    /// what the word would have changed in the rule, and keeps that as a
    /// proposal.
    ///
    /// # Errors
    ///
    /// There is no such message, the words cannot be kept, or the store failed.
    pub async fn report_alarm(
        &self,
        id: HeldId,
        alarm: &WrongAlarm,
        actor: &Actor,
    ) -> Result<Option<Trial>, GateError> {
        self.checked_text(actor.by.purpose())?;
        let word = self.checked_text(&alarm.word)?.to_lowercase();
        let alarm = WrongAlarm { rule: alarm.rule.clone(), word };
        let book = self.book();
        let is_known = book.rules.table().iter().any(|row| *row.rule == *alarm.rule);
        let trial = match alarm.word.is_empty() || !is_known {
            true => None,
            false => Some(self.try_word(&book, &alarm, actor).await?),
        };
        self.store.report_alarm(id, (&alarm, trial.as_ref()), &actor.by).await?;
        Ok(trial)
    }

    async fn try_word(
        &self,
        book: &Arc<Rulebook>,
        alarm: &WrongAlarm,
        actor: &Actor,
    ) -> Result<Trial, GateError> {
        let mut trial = Trial { toml: snippet(alarm), ..Trial::default() };
        let packs = Rulebook::packs(&book.settings.gateway.rules);
        let other = packs.map_err(|error| error.to_string()).and_then(|packs| {
            let packs = with_word(packs, alarm).map_err(str::to_owned)?;
            Ok(packs)
        });
        let loaded = match other {
            Ok(packs) => {
                let load = move || Rules::load(&packs).map_err(|error| error.to_string());
                tokio::task::spawn_blocking(load).await?
            }
            Err(fault) => Err(fault),
        };
        let rules = match loaded {
            Ok(rules) => rules,
            Err(fault) => {
                trial.fault = Some(fault);
                return Ok(trial);
            }
        };
        let (policy, settings) = (book.policy.clone(), book.settings.clone());
        let other = Arc::new(Rulebook { policy, rules, settings });
        let readers = [self.reader(book), self.reader(&other)];
        let since = self.now().saturating_sub(SignedDuration::from_hours(DAYS * 24));
        let from = Some(since.unwrap_or(Timestamp::MIN));
        let filter = QueueFilter { from, limit: MOST, ..QueueFilter::default() };
        let all = self.store.queue(&filter).await?;
        trial.of = all.len();
        let until = Instant::now() + TRIAL_TIME;
        for held in &all {
            if Instant::now() >= until {
                break;
            }
            let raw: Raw = match self.store.reread_held(held.id, &actor.by).await {
                Ok(raw) => raw.into(),
                Err(StoreError::ContentGone(_) | StoreError::ContentMissing(_)) => {
                    trial.of -= 1;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            trial.tried += 1;
            trial.changed.extend(self.changed(book, held, &raw, &readers).await?);
        }
        Ok(trial)
    }

    /// What is otherwise with a message under other rules.
    async fn changed(
        &self,
        book: &Rulebook,
        held: &Held,
        raw: &Raw,
        [reader, other]: &[Reader; 2],
    ) -> Result<Option<Changed>, GateError> {
        let (before, fragments) = reader.read_whole(Kind::Message, "", raw, self.now()).await?;
        let findings = other.search(&fragments, &before.gaps, self.now());
        let after = Reading { findings, ..before.clone() };
        let findings = [before.sensitive(), after.sensitive()];
        if before.findings.len() == after.findings.len() && findings[0] == findings[1] {
            return Ok(None);
        }
        let verdicts = [&before, &after].map(|reading| verdict(book, held, reading));
        Ok(Some(Changed { held: held.id, findings, verdicts }))
    }
}

fn verdict(book: &Rulebook, held: &Held, reading: &Reading) -> String {
    let rulings = book.policy.decide(&Facts {
        channel: EACH,
        domains: &book.settings.gateway.domains,
        envelope: &envelope_of(held),
        offers: &[],
        reading,
    });
    let mut verdicts: Vec<&str> = rulings.iter().map(|ruling| ruling.verdict.as_str()).collect();
    verdicts.sort_unstable();
    verdicts.dedup();
    verdicts.join(", ")
}

/// The packs, with the word in the rule as a sign against a finding.
fn with_word(
    mut packs: Vec<PackSource>,
    alarm: &WrongAlarm,
) -> Result<Vec<PackSource>, &'static str> {
    for pack in &mut packs {
        let Ok(mut table) = pack.text.parse::<Table>() else { continue };
        let rules = table.get_mut("rule").and_then(Value::as_array_mut);
        let is_it =
            |rule: &&mut Value| rule.get("id").and_then(Value::as_str) == Some(alarm.rule.as_str());
        let Some(rule) = rules.into_iter().flatten().find(is_it) else { continue };
        let rule = rule.as_table_mut().ok_or("the rule is not a table")?;
        let (key, entry) = match rule.contains_key("term") {
            true => ("term", term()),
            false => ("context", context()),
        };
        let list = rule.entry(key).or_insert_with(|| Value::Array(Vec::new()));
        list.as_array_mut().ok_or("the rule has no list of words")?.push(entry);
        let words = table.entry("words").or_insert_with(|| Value::Table(Table::new()));
        let words = words.as_table_mut().ok_or("the pack has no word lists")?;
        let word = Value::Array(vec![Value::String(alarm.word.clone())]);
        words.insert(LIST.to_owned(), word);
        pack.text = table.to_string();
        return Ok(packs);
    }
    Err("the rule puts findings of other rules together: propose the word for one of those")
}

fn context() -> Value {
    let mut table = Table::new();
    table.insert("words".to_owned(), Value::Array(vec![Value::String(LIST.to_owned())]));
    table.insert("before".to_owned(), Value::Integer(60));
    table.insert("after".to_owned(), Value::Integer(40));
    table.insert("add".to_owned(), Value::Integer(AGAINST));
    Value::Table(table)
}

fn term() -> Value {
    let mut table = Table::new();
    table.insert("words".to_owned(), Value::Array(vec![Value::String(LIST.to_owned())]));
    table.insert("score".to_owned(), Value::Integer(AGAINST));
    Value::Table(table)
}

/// What an administrator would write. For a rule of terms it is a term.
fn snippet(alarm: &WrongAlarm) -> String {
    let word = Value::String(alarm.word.clone());
    format!(
        "# In the pack of the rule {}: the word list, and below the rule the context.\n\
         # (A rule with [[rule.term]] takes a term with score = {AGAINST} instead.)\n\
         [words]\n{LIST} = [{word}]\n\n\
         [[rule.context]]\nwords = [\"{LIST}\"]\nbefore = 60\nafter = 40\nadd = {AGAINST}\n",
        alarm.rule
    )
}

const LIST: &str = "wrong_alarm";
const AGAINST: i64 = -60;
const DAYS: i64 = 30;
/// Messages of a trial.
const MOST: u32 = 500;
/// A request is cut off after ten seconds.
const TRIAL_TIME: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_goes_into_the_rule_and_the_pack_still_holds() {
        let alarm = WrongAlarm { rule: "no.fnr".to_owned(), word: "prøvenummer*".to_owned() };
        let packs = with_word(Rules::builtin(), &alarm).unwrap();
        Rules::load(&packs).unwrap();
        let alarm = WrongAlarm { rule: "no.health.person".to_owned(), ..alarm };
        assert!(with_word(Rules::builtin(), &alarm).is_err());
    }

    #[test]
    fn what_the_administrator_gets_is_toml() {
        let alarm = WrongAlarm { rule: "no.fnr".to_owned(), word: "a\"b\\".to_owned() };
        assert!(snippet(&alarm).parse::<Table>().is_ok());
    }
}
