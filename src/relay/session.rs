//! A conversation with the next hop, step by step, each within its time.
//!
//! A step ends with the answer of the next hop or with the end of the line.
//! A 421, silence, an answer out of step or one that nobody can read all mean
//! that nothing more can be said here, whatever else the server meant by it.

use std::{error::Error, future::Future, time::Duration};

use thiserror::Error;
use tokio::time::{Instant, timeout};

use super::{
    NextHop, Timeouts,
    answer::{Answer, printable},
    connection::{Connection, WireError},
    envelope::{MailFrom, RcptTo},
    features::Features,
    reply::Reply,
    settings::{Protocol, Target, Tls},
    tls::{self, TlsError},
    xforward::{self, Origin},
};
use crate::policy::Way;

/// A connection that has greeted.
pub(super) struct Session {
    connection: Connection,
    protocol: Protocol,
    timeouts: Timeouts,
    features: Features,
    way: Way,
    broken: bool,
    /// The server said no to something.
    refused: bool,
    messages: u32,
    since: Instant,
}

impl Session {
    /// Connects, greets, and starts TLS as told.
    pub(super) async fn open(hop: &NextHop) -> Result<Self, Broken> {
        let Target { protocol, at } = &hop.to;
        let connecting = Connection::open(at);
        let mut connection = within(hop.timeouts.connect, connecting).await?;
        if hop.tls == Tls::Implicit {
            connection = secure(connection, hop).await?;
        }
        let greeting = within(hop.timeouts.command, connection.reply()).await?;
        // A server that does not even greet says nothing about the message,
        // whatever its code.
        done("greeting", greeting)?;
        let mut features = hello(&mut connection, hop).await?;
        if hop.tls == Tls::Required && !features.starttls {
            return Err(Broken("next hop does not offer TLS".to_owned()));
        }
        if match hop.tls {
            Tls::Implicit | Tls::None => false,
            Tls::Opportunistic => features.starttls,
            Tls::Required => true,
        } {
            let reply = within(hop.timeouts.command, connection.command("STARTTLS")).await?;
            done("STARTTLS", reply)?;
            connection = secure(connection, hop).await?;
            // What was said in the clear no longer counts (RFC 3207 section
            // 4.2).
            features = hello(&mut connection, hop).await?;
        }
        let (protocol, timeouts) = (*protocol, hop.timeouts);
        Ok(Self {
            connection,
            protocol,
            timeouts,
            features,
            way: match hop.tls {
                Tls::Implicit | Tls::Required => Way::VerifiedTls,
                Tls::None | Tls::Opportunistic => Way::Any,
            },
            broken: false,
            refused: false,
            messages: 0,
            since: Instant::now(),
        })
    }

    /// What the next hop can do.
    pub(super) fn features(&self) -> &Features {
        &self.features
    }

    /// What the certificate of the server has proven.
    pub(super) fn way(&self) -> Way {
        self.way
    }

    /// Whether the line is gone.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Whether it may be used for another message.
    pub(super) fn may_go_on(&self) -> bool {
        let is_fresh = self.messages < MOST_MESSAGES && self.since.elapsed() < LONGEST;
        is_fresh && !self.broken && !self.refused
    }

    /// Whether the server has neither closed nor said anything.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.connection.is_quiet()
    }

    /// Tells who the client is and begins a transaction, in one piece where the
    /// server takes that.
    pub(super) async fn begin(
        &mut self,
        origin: &Origin,
        from: &MailFrom,
    ) -> Result<Answer, Broken> {
        let forward = xforward::commands(origin, &self.features.xforward);
        let mail = match from.command(&self.features) {
            Ok(mail) if self.features.pipelining && !forward.is_empty() => mail,
            _ => {
                self.forward(origin).await?;
                return self.mail(from).await;
            }
        };
        let lines: Vec<&str> = forward.iter().chain([&mail]).map(String::as_str).collect();
        // Whoever stops waiting here leaves replies behind.
        let was_broken = std::mem::replace(&mut self.broken, true);
        if was_broken {
            return Err(WireError::Closed.into());
        }
        within(self.timeouts.command, self.connection.say(&lines)).await?;
        for _ in forward {
            self.refused |= !self.next_reply("XFORWARD").await?.is_done();
        }
        let reply = self.next_reply("MAIL").await?;
        self.broken = false;
        self.judge("MAIL", reply)
    }

    /// Tells who the client is. It matters to logs and not to delivery, so a
    /// server that says no changes nothing; but it may still believe what it
    /// was told before, and gets no second message in this session.
    pub(super) async fn forward(&mut self, origin: &Origin) -> Result<(), Broken> {
        for command in xforward::commands(origin, &self.features.xforward) {
            let reply = self.command("XFORWARD", &command).await?;
            if !reply.is_done() {
                tracing::debug!(code = reply.code, "next hop takes no xforward");
                self.refused = true;
                break;
            }
        }
        Ok(())
    }

    /// Begins a transaction.
    pub(super) async fn mail(&mut self, from: &MailFrom) -> Result<Answer, Broken> {
        match from.command(&self.features) {
            Ok(command) => self.ask("MAIL", &command).await,
            Err(answer) => Ok(answer),
        }
    }

    /// Adds a recipient to the transaction that `from` began.
    pub(super) async fn rcpt(&mut self, to: &RcptTo, from: &MailFrom) -> Result<Answer, Broken> {
        match to.command(from, &self.features) {
            Ok(command) => self.ask("RCPT", &command).await,
            Err(answer) => Ok(answer),
        }
    }

    /// Asks to send the content; `None` is yes.
    pub(super) async fn data(&mut self) -> Result<Option<Answer>, Broken> {
        let reply = self.command("DATA", "DATA").await?;
        match reply.code / 100 {
            _ if reply.code == 354 => Ok(None),
            4 | 5 => Ok(Some(reply.into())),
            _ => Err(self.out_of_step("DATA", &reply)),
        }
    }

    /// Sends the content after a yes to [`Self::data`], and reads the answer
    /// for each of `count` recipients in their order: one for all of them, or
    /// with LMTP one for each (RFC 2033 section 4.2).
    pub(super) async fn content(
        &mut self,
        content: &[u8],
        count: usize,
    ) -> Vec<Result<Answer, Broken>> {
        let mut answers = Vec::with_capacity(count);
        let limit = self.timeouts.content;
        self.messages = self.messages.saturating_add(1);
        // Whoever stops waiting here leaves half a message behind.
        self.broken = true;
        let reading = self.write_and_read(content, count, &mut answers);
        let read = timeout(limit, reading).await.unwrap_or_else(|_| Err(late()));
        self.broken = read.is_err();
        let last = match (self.protocol, answers.first(), read) {
            (Protocol::Smtp, Some(answer), _) => Ok(answer.clone()),
            (Protocol::Lmtp, _, Err(broken)) | (Protocol::Smtp, None, Err(broken)) => Err(broken),
            (Protocol::Lmtp, _, Ok(())) | (Protocol::Smtp, None, Ok(())) => {
                Err(WireError::Closed.into())
            }
        };
        let mut results: Vec<_> = answers.into_iter().map(Ok).collect();
        results.resize(count, last);
        results
    }

    /// Ends a transaction that was begun.
    pub(super) async fn reset(&mut self) -> Result<(), Broken> {
        let reply = self.command("RSET", "RSET").await?;
        if reply.is_done() { Ok(()) } else { Err(self.out_of_step("RSET", &reply)) }
    }

    /// Says goodbye, unless nobody listens. What comes of it changes nothing.
    pub(super) async fn close(mut self) {
        if !self.broken {
            let _ = timeout(CLOSING, self.connection.command("QUIT")).await;
        }
    }

    async fn write_and_read(
        &mut self,
        content: &[u8],
        count: usize,
        answers: &mut Vec<Answer>,
    ) -> Result<(), Broken> {
        if let Err(error) = self.connection.content(content).await {
            answers.extend(self.last_words().await);
            return Err(error.into());
        }
        let asked = match self.protocol {
            Protocol::Lmtp => count,
            Protocol::Smtp => 1,
        };
        while answers.len() < asked {
            let reply = self.connection.reply().await?;
            answers.push(self.judge("content", reply)?);
        }
        Ok(())
    }

    /// Why the server closed while content was sent, if it said so. Good news
    /// about half a message is no news.
    async fn last_words(&mut self) -> Option<Answer> {
        let said = timeout(CLOSING, self.connection.reply()).await.ok()?.ok()?;
        let no = matches!(said.code / 100, 4 | 5) && !said.is_goodbye();
        (no && self.protocol == Protocol::Smtp).then(|| said.into())
    }

    async fn ask(&mut self, verb: &str, command: &str) -> Result<Answer, Broken> {
        let reply = self.command(verb, command).await?;
        self.judge(verb, reply)
    }

    /// Takes a reply that says yes or no.
    fn judge(&mut self, verb: &str, reply: Reply) -> Result<Answer, Broken> {
        match reply.code / 100 {
            2 | 4 | 5 if !reply.is_goodbye() => {
                self.refused |= !reply.is_done();
                Ok(reply.into())
            }
            _ => Err(self.out_of_step(verb, &reply)),
        }
    }

    async fn command(&mut self, verb: &str, command: &str) -> Result<Reply, Broken> {
        if self.broken {
            return Err(WireError::Closed.into());
        }
        // Whoever stops waiting here leaves a reply behind.
        self.broken = true;
        within(self.timeouts.command, self.connection.say(&[command])).await?;
        let reply = self.next_reply(verb).await?;
        self.broken = false;
        Ok(reply)
    }

    /// The reply to a command that was sent.
    async fn next_reply(&mut self, verb: &str) -> Result<Reply, Broken> {
        let reply = within(self.timeouts.command, self.connection.reply()).await?;
        if reply.is_goodbye() { Err(out_of_step(verb, &reply)) } else { Ok(reply) }
    }

    fn out_of_step(&mut self, verb: &str, reply: &Reply) -> Broken {
        self.broken = true;
        out_of_step(verb, reply)
    }
}

/// The line to the next hop is of no more use, and why.
#[derive(Clone, Debug, Error)]
#[error("{0}")]
pub(super) struct Broken(String);

impl Broken {
    fn because(error: &dyn Error) -> Self {
        let source = error.source().map(|source| format!(": {source}"));
        Self(format!("{error}{}", source.unwrap_or_default()))
    }
}

impl From<WireError> for Broken {
    fn from(error: WireError) -> Self {
        Self::because(&error)
    }
}

impl From<TlsError> for Broken {
    fn from(error: TlsError) -> Self {
        Self::because(&error)
    }
}

async fn secure(connection: Connection, hop: &NextHop) -> Result<Connection, Broken> {
    let connector = hop.connector.get_or_try_init(async || tls::connector(&hop.settings)).await?;
    within(hop.timeouts.command, connection.secure(connector, &hop.to.at)).await
}

async fn hello(connection: &mut Connection, hop: &NextHop) -> Result<Features, Broken> {
    let verb = match hop.to.protocol {
        Protocol::Lmtp => "LHLO",
        Protocol::Smtp => "EHLO",
    };
    let command = format!("{verb} {}", hop.hello.as_str());
    let reply = within(hop.timeouts.command, connection.command(&command)).await?;
    Ok(Features::of(&done(verb, reply)?))
}

async fn within<T>(
    limit: Duration,
    step: impl Future<Output = Result<T, WireError>>,
) -> Result<T, Broken> {
    match timeout(limit, step).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(late()),
    }
}

fn done(verb: &str, reply: Reply) -> Result<Reply, Broken> {
    if reply.is_done() { Ok(reply) } else { Err(out_of_step(verb, &reply)) }
}

fn late() -> Broken {
    Broken("no answer from the next hop in time".to_owned())
}

fn out_of_step(verb: &str, reply: &Reply) -> Broken {
    let text = reply.lines.first().map(|line| printable(line)).unwrap_or_default();
    Broken(format!("unexpected answer to {verb}: {} {text}", reply.code))
}

/// After so many messages a session ends; some servers ask for that.
const MOST_MESSAGES: u32 = 100;
/// After so long as well: the name of the server may stand for another by now.
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// How long a goodbye may take.
const CLOSING: Duration = Duration::from_secs(5);
