//! Words that reviewers propose against wrong alarms, with what a trial of them
//! showed. They are for the administrator to read and to put into a rule pack
//! by hand; nothing here is ever taken into use by itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Store, StoreError,
    audit::{self, Entry},
    database::{Durability, millis, time},
    held,
    ids::{HeldId, ProposalId},
};
use crate::model::{Act, Event, Reviewer};

/// A finding that somebody says is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WrongAlarm {
    /// The rule that found it.
    pub rule: String,
    /// A word near it that tells that it is something else; may be empty.
    pub word: String,
}

/// What would have been otherwise with a word in a rule.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Trial {
    /// How many messages were tried.
    pub tried: usize,
    /// How many there were.
    pub of: usize,
    /// Those in which less, or something else, would have been found.
    pub changed: Vec<Changed>,
    /// Why the rule cannot have the word, if it cannot.
    pub fault: Option<String>,
    /// What to write into the pack.
    pub toml: String,
}

/// A message in which something would have been otherwise.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Changed {
    /// The held message.
    pub held: HeldId,
    /// Findings then and with the word.
    pub findings: [usize; 2],
    /// What the policy says of it now and with the word.
    pub verdicts: [String; 2],
}

/// A proposal as it is kept.
#[derive(Clone, Debug, Serialize)]
pub struct RuleProposal {
    /// Its name.
    pub id: ProposalId,
    /// The held message that it came from.
    pub held: HeldId,
    /// When.
    #[serde(serialize_with = "super::as_text")]
    pub at: Timestamp,
    /// By whom.
    pub actor: String,
    /// For which rule.
    pub rule: String,
    /// The word.
    pub word: String,
    /// Why.
    pub purpose: String,
    /// What a trial showed.
    pub trial: Trial,
}

impl Store {
    /// Writes down that a finding is wrong, and keeps the proposal with its
    /// trial if there is one.
    ///
    /// # Errors
    ///
    /// There is no such item, or the database fails.
    pub async fn report_alarm(
        &self,
        id: HeldId,
        (alarm, trial): (&WrongAlarm, Option<&Trial>),
        by: &Reviewer,
    ) -> Result<(), StoreError> {
        let now = millis(self.0.clock.now());
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        let event = held::event(connection, id).await?;
        let mut facts = json!({ "held": id, "rules": [alarm.rule], "comment": by.purpose() });
        if let Some(trial) = trial {
            let kept = serde_json::to_string(trial);
            let unreadable = |_| StoreError::Unreadable { what: "trial", id: id.to_string() };
            let insert = "INSERT INTO rule_proposal \
                          (id, held, at, actor, rule, word, purpose, trial) \
                          VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
            sqlx::query(insert)
                .bind(ProposalId::draw()?.to_string())
                .bind(id.to_string())
                .bind(now)
                .bind(by.name())
                .bind(&alarm.rule)
                .bind(&alarm.word)
                .bind(by.purpose())
                .bind(kept.map_err(unreadable)?)
                .execute(&mut *connection)
                .await?;
            facts["word"] = json!(alarm.word);
            facts["tried"] = json!(trial.tried);
            facts["changed"] = json!(trial.changed.len());
        }
        let actor = by.name().to_owned();
        let told = Event { event: Some(event), actor, act: Act::WrongAlarm, facts };
        audit::append(connection, &self.0.keys, now, &[&Entry::from(&told)]).await?;
        writing.commit().await
    }

    /// The proposals, the latest first.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn rule_proposals(&self) -> Result<Vec<RuleProposal>, StoreError> {
        type Stored = (String, String, i64, String, String, String, String, String);
        let select = "SELECT id, held, at, actor, rule, word, purpose, trial \
                      FROM rule_proposal ORDER BY at DESC, id LIMIT 500";
        let rows: Vec<Stored> = sqlx::query_as(select).fetch_all(&self.0.database.readers).await?;
        let read = |(id, held, at, actor, rule, word, purpose, trial): Stored| {
            let unreadable = |what| StoreError::Unreadable { what, id: id.clone() };
            Ok(RuleProposal {
                id: id.parse().map_err(|_| unreadable("id"))?,
                held: held.parse().map_err(|_| unreadable("held"))?,
                at: time(at),
                actor,
                rule,
                word,
                purpose,
                trial: serde_json::from_str(&trial).map_err(|_| unreadable("trial"))?,
            })
        };
        rows.into_iter().map(read).collect()
    }
}
