//! The one task that writes changes. It merges those that wait into one
//! transaction, so that a busy gateway pays for one commit, not for ten.
//!
//! When a merged transaction fails for a reason that lies in one of the
//! changes, each is tried alone; when the database itself fails, all of them
//! fail at once, and so do those that queued up meanwhile: their senders try
//! again.

use std::{collections::BTreeMap, collections::HashSet, sync::Arc};

use tokio::{
    sync::{mpsc, oneshot},
    task::yield_now,
};

use super::{
    audit,
    change::{Committed, HeldState, Placed, Purpose, Ready, ReadyEvent},
    counts,
    database::{Connection, Database, Durability, millis},
    error::StoreError,
    held,
    keys::Keys,
    ledger::{self, Entries},
    links, outbox, proposals, purge,
};
use crate::{base::clock::Clock, model::Act};

/// The way to the writer.
#[derive(Clone)]
pub(super) struct Writer(mpsc::Sender<Waiting>);

/// What came of a change.
pub(super) struct Written {
    pub(super) committed: Committed,
    /// When it was to settle a held item that was settled before: how.
    pub(super) settled_before: Option<HeldState>,
}

impl Writer {
    /// Starts the task. It ends when the last handle is dropped.
    pub(super) fn start(
        database: Arc<Database>,
        keys: Arc<Keys>,
        clock: Arc<dyn Clock>,
        answers: Arc<ledger::Desk>,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(CHANGES_WAITING);
        let desk = Desk { database, keys, clock, answers };
        tokio::spawn(desk.work(receiver));
        Self(sender)
    }

    /// Whether the task is gone, which only a defect can bring about.
    pub(super) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Writes a change, and returns when it is committed. Gives the change
    /// back with the error, so that its content can be cleared away.
    pub(super) async fn write(&self, change: Ready) -> (Arc<Ready>, Result<Written, StoreError>) {
        let change = Arc::new(change);
        let (reply, answer) = oneshot::channel();
        let waiting = Waiting { change: change.clone(), reply };
        if self.0.send(waiting).await.is_err() {
            return (change, Err(StoreError::Closed));
        }
        let answer = answer.await.unwrap_or(Err(StoreError::Closed));
        (change, answer)
    }
}

struct Waiting {
    change: Arc<Ready>,
    reply: oneshot::Sender<Result<Written, StoreError>>,
}

struct Desk {
    database: Arc<Database>,
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
    answers: Arc<ledger::Desk>,
}

impl Desk {
    async fn work(self, mut receiver: mpsc::Receiver<Waiting>) {
        let mut batch = Vec::with_capacity(CHANGES_MERGED);
        loop {
            let arrived = tokio::select! {
                arrived = receiver.recv_many(&mut batch, CHANGES_MERGED) => arrived,
                () = self.answers.is_due() => {
                    self.enter().await;
                    continue;
                }
            };
            if arrived == 0 {
                return self.enter().await;
            }
            // Those who are about to bring a change do so first, and it goes
            // along: a few more in a transaction cost less than one more.
            yield_now().await;
            while batch.len() < CHANGES_MERGED
                && let Ok(late) = receiver.try_recv()
            {
                batch.push(late);
            }
            let changes: Vec<&Ready> = batch.iter().map(|waiting| &*waiting.change).collect();
            match self.write(&changes).await {
                Ok(written) => answer(&mut batch, written.into_iter().map(Ok)),
                Err(error) if error.is_of_one_change() && batch.len() > 1 => {
                    for waiting in batch.drain(..) {
                        let written = self.write(&[&waiting.change]).await;
                        let written = written
                            .and_then(|all| all.into_iter().next().ok_or(StoreError::Closed));
                        let _gone = waiting.reply.send(written);
                    }
                }
                Err(error) => {
                    while let Ok(late) = receiver.try_recv() {
                        batch.push(late);
                    }
                    answer(&mut batch, std::iter::repeat_with(|| Err(error.clone())));
                }
            }
        }
    }

    /// Enters answers that found no change to go along with. What fails is
    /// tried again.
    async fn enter(&self) {
        if self.answers.is_empty() {
            return;
        }
        if let Err(error) = self.write(&[]).await {
            tracing::debug!(%error, "answers not entered in the ledger yet");
        }
    }

    /// Writes changes in one transaction, all or none, and with them what was
    /// answered meanwhile.
    async fn write(&self, changes: &[&Ready]) -> Result<Vec<Written>, StoreError> {
        let answers = self.answers.take();
        let written = self.write_with(changes, &answers).await;
        if written.is_err() {
            self.answers.put_back(answers);
        }
        written
    }

    async fn write_with(
        &self,
        changes: &[&Ready],
        answers: &ledger::Pending,
    ) -> Result<Vec<Written>, StoreError> {
        let power = changes.iter().any(|change| change.must_survive_power_loss());
        let durability = if power { Durability::Power } else { Durability::Process };
        let mut writing = self.database.write(durability).await?;
        let connection = writing.connection();
        let now = self.clock.now();

        let mut decided = decided_before(connection, changes).await?;
        let mut all = Vec::with_capacity(changes.len());
        let mut entries = Vec::new();
        let mut raised = BTreeMap::new();
        let mut moved = Entries::new();
        for change in changes {
            let mut written = place(connection, change, now, &mut moved).await?;
            if written.settled_before.is_none() {
                let fresh = fresh_events(change, &written.committed, &mut decided);
                written.committed.events = fresh.len();
                raise_for(change, &written.committed, &fresh, &mut raised);
                entries.extend(fresh.into_iter().map(|event| &event.entry));
            }
            all.push(written);
        }
        audit::append(connection, &self.keys, millis(now), &entries).await?;
        counts::raise(connection, now, &raised).await?;
        let entered = ledger::settle(connection, answers, now).await?;
        moved.extend(&entered);
        ledger::raise(connection, &moved, now).await?;
        writing.commit().await?;
        ledger::measure(&entered);
        Ok(all)
    }
}

fn answer(batch: &mut Vec<Waiting>, written: impl Iterator<Item = Result<Written, StoreError>>) {
    for (waiting, written) in batch.drain(..).zip(written) {
        // Whoever asked may have given up; the change stands all the same.
        let _gone = waiting.reply.send(written);
    }
}

/// Settles, holds and queues what the change asks for.
async fn place(
    connection: &mut Connection,
    change: &Ready,
    now: jiff::Timestamp,
    moved: &mut Entries,
) -> Result<Written, StoreError> {
    let mut written = Written { committed: Committed::default(), settled_before: None };
    if let Some((id, to)) = change.settle {
        written.settled_before = held::settle(connection, id, to, now).await?;
        if written.settled_before.is_some() {
            return Ok(written);
        }
        let name = match to {
            HeldState::Deleted => ledger::HELD_DELETED,
            HeldState::Rejected => ledger::HELD_REJECTED,
            HeldState::Held | HeldState::Released => ledger::HELD_RELEASED,
        };
        ledger::add(moved, name, held::recipients(connection, id).await?);
    }
    if let Some(proposal) = &change.proposal {
        proposals::apply(connection, proposal, now).await?;
    }
    if let Some(link) = &change.link {
        links::spend(connection, link, now).await?;
    }
    for item in &change.holds {
        let (placed, number) = held::place(connection, item, now).await?;
        written.committed.holds.push(placed);
        ledger::add(moved, ledger::HELD_PLACED, number);
    }
    for item in &change.queue {
        let (placed, number) = outbox::place(connection, item, now).await?;
        written.committed.queue.push(placed);
        ledger::add(moved, ledger::OUTBOX_PLACED, number);
    }
    for (name, at) in &change.marks {
        purge::set_mark(connection, name, millis(*at)).await?;
    }
    for refusal in &change.refused {
        ledger::place(connection, refusal, now).await?;
    }
    Ok(written)
}

/// A decision as it is told apart from others: message and facts.
type Decision = (String, String);

/// Those decisions of the changes that are in the log already.
async fn decided_before(
    connection: &mut Connection,
    changes: &[&Ready],
) -> Result<HashSet<Decision>, StoreError> {
    let events = changes.iter().flat_map(|change| &change.events);
    let ids: Vec<&str> = events
        .filter(|event| event.act == Act::Decided)
        .filter_map(|event| event.entry.event.as_deref())
        .collect();
    audit::decisions_about(connection, &ids).await
}

/// The events of a change that are to be written; see [`super::Change`].
fn fresh_events<'a>(
    change: &'a Ready,
    committed: &Committed,
    decided: &mut HashSet<Decision>,
) -> Vec<&'a ReadyEvent> {
    let items = change.holds.len() + change.queue.len();
    let any_new = is_any_new(committed) || items == 0 || change.settle.is_some();
    let notice_new = change
        .queue
        .iter()
        .zip(&committed.queue)
        .any(|(item, placed)| item.new.purpose == Purpose::Notice && placed.is_new());
    let is_fresh = |event: &&ReadyEvent| match (event.act, &event.entry.event) {
        (Act::Decided, Some(id)) => decided.insert((id.clone(), event.entry.facts.clone())),
        (Act::Notified, _) if change.settle.is_none() && items > 0 => notice_new,
        _ => any_new,
    };
    change.events.iter().filter(is_fresh).collect()
}

fn raise_for(
    change: &Ready,
    committed: &Committed,
    fresh: &[&ReadyEvent],
    raised: &mut BTreeMap<String, u64>,
) {
    let of_events = fresh.iter().flat_map(|event| &event.counts);
    let is_repeated = fresh.is_empty() && !is_any_new(committed) && !change.events.is_empty();
    let of_change = change.counts.iter().map(|(name, by)| (name, by));
    for (name, by) in of_events.chain(of_change.filter(|_| !is_repeated)) {
        *raised.entry(name.clone()).or_default() += by;
    }
}

fn is_any_new(committed: &Committed) -> bool {
    committed.holds.iter().any(Placed::is_new) || committed.queue.iter().any(Placed::is_new)
}

const CHANGES_MERGED: usize = 64;
const CHANGES_WAITING: usize = 1024;
