//! A message on its way in, by DATA or in chunks (BDAT, RFC 3030).
//!
//! What comes over a limit is let go while it is read, and refused at its end,
//! where the client listens. Nothing is kept of a message that ends early.

use std::time::Duration;

use metrics::counter;
use tokio::time::Instant;

use super::{
    command::Chunk,
    content::{Content, Progress},
    limits::Share,
    replies as say,
    session::{Next, Session},
    trust::Standing,
    wire::{Cut, FOR_CONTENT},
};
use crate::{base::measure::SMTP_REFUSED, model::Reply, notify};

/// A message that is coming in.
pub(super) struct Incoming {
    pub(super) content: Content,
    /// The memory that it takes.
    pub(super) share: Share,
    /// There was no memory for it.
    is_starved: bool,
    /// Bytes read, kept or not.
    received: u64,
    /// Time spent reading it.
    spent: Duration,
}

impl Session {
    /// DATA: reads a message to its end and answers.
    pub(super) async fn data(&mut self) -> Result<Next, Cut> {
        let Some(mail) = self.mail.as_ref().filter(|mail| mail.chunks.is_none()) else {
            return self.fault(&say::out_of_order()).await;
        };
        if mail.accepted.is_empty() {
            return self.refuse_data(&say::no_recipients()).await;
        }
        let Some(mut incoming) = self.incoming().await else {
            return self.refuse_data(&say::no_memory()).await;
        };
        self.wire.say_lines(354, "", &["End data with <CR><LF>.<CR><LF>"]);
        loop {
            let input = self.wire.received();
            if !input.is_empty() {
                incoming.make_room(input.len());
                match incoming.content.take(input) {
                    Progress::Ended(at) => {
                        self.wire.consume(at);
                        break;
                    }
                    Progress::More => incoming.count(self.wire.received().len()),
                }
                self.wire.consume(usize::MAX);
            }
            if incoming.received > self.most_drained() {
                return self.close_with(&notify::too_big(self.limits().message_bytes.get()));
            }
            self.read_on(&mut incoming).await?;
        }
        self.finish(incoming).await
    }

    /// BDAT: reads one chunk, whatever becomes of it, and answers.
    pub(super) async fn bdat(&mut self, size: u64, chunk: Chunk) -> Result<Next, Cut> {
        let chunks = self.mail.as_mut().and_then(|mail| mail.chunks.take());
        let fits = self.mail.as_ref().is_some_and(|mail| !mail.accepted.is_empty());
        let incoming = match chunks {
            None if fits => self.incoming().await,
            chunks => chunks,
        };
        let is_refused = incoming.is_none();
        let mut incoming = incoming.unwrap_or_else(|| Incoming::nowhere(self.front.memory.share()));
        if size > self.most_drained() {
            return self.close_with(&notify::too_big(self.limits().message_bytes.get()));
        }
        let mut left = size;
        while left > 0 {
            let input = self.wire.received();
            let here = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
            if here > 0 {
                incoming.make_room(here);
                incoming.content.add(input.get(..here).unwrap_or_default());
                incoming.count(here);
                self.wire.consume(here);
                left = left.saturating_sub(u64::try_from(here).unwrap_or(u64::MAX));
            } else {
                self.read_on(&mut incoming).await?;
            }
        }
        if is_refused {
            let reply = if fits { say::no_memory() } else { say::out_of_order() };
            return self.fault(&reply).await;
        }
        if chunk == Chunk::Last {
            return self.finish(incoming).await;
        }
        match incoming.trouble(self.limits().message_bytes.get()) {
            Some(reply) => self.reply(&reply),
            None => self.reply(&say::chunk_taken(size)),
        }
        if let Some(mail) = &mut self.mail {
            mail.chunks = Some(incoming);
        }
        Ok(Next::Go)
    }

    /// A place for a message, as soon as there is memory for it; `None` when
    /// there is none.
    async fn incoming(&self) -> Option<Incoming> {
        let most = self.limits().message_bytes.get();
        // A stranger may announce what he likes.
        let announced = match self.standing {
            Standing::Connector | Standing::Trusted => {
                self.mail.as_ref().and_then(|mail| mail.from.size)
            }
            Standing::Stranger => None,
        };
        let expected = announced.unwrap_or(LEAST_SHARE).clamp(LEAST_SHARE, most.max(LEAST_SHARE));
        let mut share = self.front.memory.share();
        let bytes = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        if !share.wait_for(expected, MEMORY_TIME).await {
            counter!(SMTP_REFUSED, "reason" => "memory").increment(1);
            return None;
        }
        Some(Incoming {
            content: Content::new(bytes(most), bytes(expected)),
            share,
            is_starved: false,
            received: 0,
            spent: Duration::ZERO,
        })
    }

    /// Waits for more of a message: no longer than its patience and its pace
    /// allow.
    async fn read_on(&mut self, incoming: &mut Incoming) -> Result<(), Cut> {
        let start = Instant::now();
        let limits = self.limits();
        let bought = Duration::from_secs(incoming.received / u64::from(limits.pace.get()));
        let left = (limits.data_time() + bought).saturating_sub(incoming.spent);
        let time = left.min(limits.data_time());
        let read = self.wire.fill(start + time, FOR_CONTENT).await;
        incoming.spent += start.elapsed();
        read
    }

    /// So much is read of a message that is too big, to tell it so.
    fn most_drained(&self) -> u64 {
        self.limits().message_bytes.get().saturating_mul(4)
    }

    /// DATA is not granted. What was sent behind it without waiting was meant
    /// as content, and must not be read as commands.
    async fn refuse_data(&mut self, reply: &Reply) -> Result<Next, Cut> {
        match self.wire.received().is_empty() {
            true => self.fault(reply).await,
            false => self.close_with(reply),
        }
    }

    /// Says it and closes.
    pub(super) fn close_with(&mut self, reply: &Reply) -> Result<Next, Cut> {
        self.reply(reply);
        Ok(Next::Close)
    }
}

impl Incoming {
    /// Takes chunks that nobody wants.
    fn nowhere(share: Share) -> Self {
        let (received, spent) = (0, Duration::ZERO);
        Self { content: Content::new(0, 0), share, is_starved: false, received, spent }
    }

    /// Takes the memory for so many bytes more, or lets all of them go.
    fn make_room(&mut self, more: usize) {
        if self.content.is_over() {
            return;
        }
        let needed = self.content.len().saturating_add(more);
        let needed = u64::try_from(needed).unwrap_or(u64::MAX);
        // In steps, so that the pieces of a large message do not each ask.
        let step = needed.saturating_add(needed / 8);
        if !self.share.hold(step) && !self.share.hold(needed) {
            self.content.give_up();
            self.is_starved = true;
        }
    }

    fn count(&mut self, bytes: usize) {
        self.received = self.received.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// Why it cannot be taken, if so.
    pub(super) fn trouble(&self, most: u64) -> Option<Reply> {
        match (self.is_starved, self.content.is_over()) {
            (true, _) => Some(say::no_memory()),
            (false, true) => Some(notify::too_big(most)),
            (false, false) => None,
        }
    }
}

/// How long to wait for memory. A client waits two minutes for the answer to
/// DATA (RFC 5321 section 4.5.3.2.4).
const MEMORY_TIME: Duration = Duration::from_secs(60);
/// Memory that a message takes whatever its size.
const LEAST_SHARE: u64 = 16 << 10;
