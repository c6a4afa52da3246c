//! The list of held messages: search, filters, order, paging and counts.
//!
//! A search reads one index that has every column asked for, and then only the
//! rows that are shown, so that a hundred thousand held messages are listed in
//! a blink. Pages are asked for by the last item of the page before: what comes
//! in or is settled meanwhile moves nothing twice past the reader.

use std::{collections::BTreeMap, str::FromStr};

use jiff::Timestamp;
use serde::Serialize;
use sqlx::QueryBuilder;

use super::{
    Store, StoreError,
    change::{HeldState, NewHold},
    database::{Backend, millis},
    held::{self, Held},
    ids::HeldId,
};
use crate::model::{Address, Direction, Level};

/// Which held messages to list: all that fit every field that is set.
#[derive(Clone, Debug, Default)]
pub struct QueueFilter {
    /// Words that all stand in sender, recipients, event or Message-ID.
    pub search: String,
    /// In this state.
    pub state: Option<HeldState>,
    /// Going this way.
    pub direction: Option<Direction>,
    /// This rule found something.
    pub rule: Option<String>,
    /// At least this level was found.
    pub level: Option<Level>,
    /// Who is to look at it.
    pub assigned: Option<Assigned>,
    /// Held since then or later.
    pub from: Option<Timestamp>,
    /// Held before then.
    pub before: Option<Timestamp>,
    /// The order.
    pub sort: QueueSort,
    /// After this one in the order, which is how the next page is asked for.
    pub after: Option<HeldId>,
    /// How many at most; 0 means 1000, which is also the most.
    pub limit: u32,
}

/// Who is to look at a held message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Assigned {
    /// Nobody yet.
    Nobody,
    /// The person of this name.
    To(String),
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum QueueSort {
    /// What is destroyed first.
    Expiry,
    /// The highest level first, and of equals the latest.
    Level,
    /// The latest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
    /// The largest first.
    Size,
}

impl QueueSort {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Newest, Self::Oldest, Self::Expiry, Self::Level, Self::Size];

    /// The word in addresses of pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expiry => "expiry",
            Self::Level => "level",
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::Size => "size",
        }
    }

    /// The columns that order, how they compare with those of the last item,
    /// and which way they go.
    fn terms(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Expiry => ("expires_at, id", ">", " ORDER BY expires_at, id"),
            Self::Level => {
                ("level, held_at, id", "<", " ORDER BY level DESC, held_at DESC, id DESC")
            }
            Self::Newest => ("held_at, id", "<", " ORDER BY held_at DESC, id DESC"),
            Self::Oldest => ("held_at, id", ">", " ORDER BY held_at, id"),
            Self::Size => ("size, id", "<", " ORDER BY size DESC, id DESC"),
        }
    }
}

impl FromStr for QueueSort {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|sort| sort.as_str() == text).ok_or(())
    }
}

/// How many items a filter fits.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct QueueTotal {
    /// As far as they were counted.
    pub items: u64,
    /// Whether there are more than that.
    pub more: bool,
}

impl Store {
    /// One page of the list.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn queue(&self, filter: &QueueFilter) -> Result<Vec<Held>, StoreError> {
        let (columns, compared, order) = filter.sort.terms();
        let mut select = QueryBuilder::<Backend>::new(held::SELECT);
        select.push(" WHERE id IN (SELECT id FROM held");
        push_filter(&mut select, filter);
        if let Some(after) = filter.after {
            select.push(" AND (").push(columns).push(") ").push(compared);
            select.push(" (SELECT ").push(columns).push(" FROM held WHERE id = ");
            select.push_bind(after.to_string()).push(")");
        }
        select.push(order).push(" LIMIT ").push_bind(super::limit(filter.limit)).push(")");
        select.push(order);
        select.build().fetch_all(&self.0.database.readers).await?.iter().map(held::held).collect()
    }

    /// How many items the filter fits, whatever page is asked for. Counts no
    /// further than 10,000.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn queue_total(&self, filter: &QueueFilter) -> Result<QueueTotal, StoreError> {
        let mut select = QueryBuilder::<Backend>::new("SELECT COUNT(*) FROM (SELECT 1 FROM held");
        push_filter(&mut select, filter);
        select.push(" LIMIT ").push_bind(MOST_COUNTED + 1).push(") AS fitting");
        let found: i64 = select.build_query_scalar().fetch_one(&self.0.database.readers).await?;
        let items = u64::try_from(found.min(MOST_COUNTED)).unwrap_or(0);
        Ok(QueueTotal { items, more: found > MOST_COUNTED })
    }

    /// How many items there are in each state.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn queue_states(&self) -> Result<BTreeMap<HeldState, u64>, StoreError> {
        let select = "SELECT state, COUNT(*) FROM held GROUP BY state";
        let rows: Vec<(String, i64)> =
            sqlx::query_as(select).fetch_all(&self.0.database.readers).await?;
        let parse = |(state, items): (String, i64)| {
            let unreadable = |_| StoreError::Unreadable { what: "state", id: state.clone() };
            Ok((state.parse().map_err(unreadable)?, u64::try_from(items).unwrap_or(0)))
        };
        rows.into_iter().map(parse).collect()
    }

    /// Every rule that found something in an item in state `held`.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn queue_rules(&self) -> Result<Vec<String>, StoreError> {
        let select = "SELECT DISTINCT rules FROM held WHERE state = 'held'";
        let lists: Vec<String> =
            sqlx::query_scalar(select).fetch_all(&self.0.database.readers).await?;
        let mut rules: Vec<String> = Vec::new();
        for list in lists {
            let unreadable = |_| StoreError::Unreadable { what: "rules", id: list.clone() };
            rules.extend(serde_json::from_str::<Vec<String>>(&list).map_err(unreadable)?);
        }
        rules.sort_unstable();
        rules.dedup();
        Ok(rules)
    }
}

fn push_filter(select: &mut QueryBuilder<Backend>, filter: &QueueFilter) {
    select.push(" WHERE 1 = 1");
    if let Some(state) = filter.state {
        select.push(" AND state = ").push_bind(state.as_str());
    }
    if let Some(from) = filter.from {
        select.push(" AND held_at >= ").push_bind(millis(from));
    }
    if let Some(before) = filter.before {
        select.push(" AND held_at < ").push_bind(millis(before));
    }
    if let Some(direction) = filter.direction {
        select.push(" AND direction = ").push_bind(direction.as_str());
    }
    if let Some(level) = filter.level {
        select.push(" AND level >= ").push_bind(number(Some(level)));
    }
    match &filter.assigned {
        None => {}
        Some(Assigned::Nobody) => {
            select.push(" AND assigned_to IS NULL");
        }
        Some(Assigned::To(name)) => {
            select.push(" AND assigned_to = ").push_bind(name.clone());
        }
    }
    if let Some(rule) = &filter.rule {
        push_like(select, "rules", &format!("\"{rule}\""));
        select.push(")");
    }
    for word in filter.search.split_whitespace().take(MOST_WORDS) {
        let word = word.to_lowercase();
        push_like(select, "search", &word);
        // The searched text of a message to very many is cut.
        select.push(" OR id IN (SELECT held FROM held_recipient WHERE recipient_key = ");
        select.push_bind(word).push("))");
    }
}

/// Asks for a text that stands anywhere in a column. Leaves a parenthesis open.
fn push_like(select: &mut QueryBuilder<Backend>, column: &'static str, text: &str) {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    select.push(" AND (").push(column).push(" LIKE ").push_bind(pattern).push(" ESCAPE '\\'");
}

/// What is searched of a message that is held for `recipients`.
pub(super) fn searched(new: &NewHold, recipients: &[Address]) -> String {
    let sender = new.envelope.sender.iter();
    let addresses = sender.chain(recipients).map(Address::key);
    let names = [new.event.to_string(), new.message_id.clone().unwrap_or_default()];
    let words: Vec<String> = names.into_iter().chain(addresses).collect();
    words.join(" ").to_lowercase().chars().take(MOST_SEARCHED).collect()
}

/// A level as the database keeps it, so that it can be compared.
pub(super) fn number(level: Option<Level>) -> i64 {
    match level {
        None => 0,
        Some(Level::Info) => 1,
        Some(Level::Low) => 2,
        Some(Level::Medium) => 3,
        Some(Level::High) => 4,
        Some(Level::Critical) => 5,
    }
}

/// A level as the database kept it.
pub(super) fn level(kept: i64) -> Option<Level> {
    let all = [Level::Info, Level::Low, Level::Medium, Level::High, Level::Critical];
    all.into_iter().find(|level| number(Some(*level)) == kept)
}

const MOST_COUNTED: i64 = 10_000;
const MOST_SEARCHED: usize = 2000;
const MOST_WORDS: usize = 8;
