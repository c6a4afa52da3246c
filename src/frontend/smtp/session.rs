//! One session: from the greeting to the goodbye, command by command.
//!
//! Every command gets its answer; what a client may not do gets a clear 5xx,
//! and what we cannot do now a 4xx. Errors are counted, and those who make many
//! wait longer and longer, until they are sent away. Nothing of one message is
//! there when the next one begins.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use metrics::counter;
use tracing::{debug, warn};

use super::{
    Front, Terms, answer,
    command::{Command, Unreadable},
    limits::Seat,
    listen::Dialect,
    mail::Mail,
    replies as say,
    settings::Limits,
    trust::Standing,
    wire::{Cut, Line, Wire},
};
use crate::{
    base::measure::SMTP_REFUSED,
    model::Reply,
    notify,
    relay::{MailFrom, Origin, RcptTo},
};

/// One client, and what it has said so far.
pub(super) struct Session {
    pub(super) front: Arc<Front>,
    pub(super) terms: Arc<Terms>,
    pub(super) wire: Wire,
    pub(super) dialect: Dialect,
    pub(super) number: u64,
    pub(super) standing: Standing,
    pub(super) mail: Option<Mail>,
    pub(super) tally: Tally,
    /// Whom we talk with.
    pub(super) peer: SocketAddr,
    /// Whom the peer speaks for, by XCLIENT; else the peer itself.
    pub(super) client: Origin,
    /// What XFORWARD said of the next message.
    pub(super) forwarded: Option<Origin>,
    pub(super) hello: Option<Hello>,
    pub(super) seat: Seat,
}

/// How a client greeted.
#[derive(Clone, Debug)]
pub(super) struct Hello {
    pub(super) name: String,
    pub(super) protocol: &'static str,
}

/// Whether there is more to say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Next {
    Close,
    Go,
}

/// A connection before its session.
pub(super) struct Arrival {
    pub(super) wire: Wire,
    pub(super) peer: SocketAddr,
    pub(super) dialect: Dialect,
    pub(super) standing: Standing,
    pub(super) seat: Seat,
}

impl Session {
    /// A session with a client that has a seat.
    pub(super) fn new(front: Arc<Front>, terms: Arc<Terms>, arrival: Arrival) -> Self {
        let Arrival { wire, peer, dialect, standing, seat } = arrival;
        let client = Origin {
            address: Some(peer.ip().to_canonical()),
            port: Some(peer.port()).filter(|port| *port != 0),
            ..Origin::default()
        };
        Self {
            number: front.next_number(),
            tally: Tally::new(terms.settings.limits.errors.get()),
            front,
            terms,
            wire,
            dialect,
            standing,
            mail: None,
            peer,
            client,
            forwarded: None,
            hello: None,
            seat,
        }
    }

    /// Talks until one side has had enough.
    pub(super) async fn run(mut self) {
        debug!(peer = %self.peer, dialect = ?self.dialect, "smtp session");
        let talked = self.talk().await;
        // Whatever was begun at the next hop ends with the session.
        if let Some(mail) = self.mail.take() {
            mail.end().await;
        }
        match talked {
            Ok(()) => {}
            Err(Cut::Gone) => return,
            Err(Cut::Late) => self.reply(&say::too_slow()),
            Err(Cut::Stopped) => self.reply(&say::stopping()),
        }
        drop(self.seat);
        self.wire.close().await;
    }

    async fn talk(&mut self) -> Result<(), Cut> {
        if self.dialect == Dialect::Smtps {
            self.begin_tls().await?;
        } else if self.standing == Standing::Stranger
            && self.wire.hears_something(GREETING_PAUSE).await
        {
            // Who does not wait for the greeting is no mail server.
            self.reply(&say::spoke_first());
            return Ok(());
        }
        self.greet();
        loop {
            let line = self.wire.line(self.limits().command_time()).await?;
            let next = match line {
                Line::Long => self.unreadable(Unreadable::Long).await?,
                Line::Whole(line) => match Command::parse(&line) {
                    Ok(command) => self.obey(command).await?,
                    Err(fault) => self.unreadable(fault).await?,
                },
            };
            if next == Next::Close {
                return Ok(());
            }
        }
    }

    async fn obey(&mut self, command: Command) -> Result<Next, Cut> {
        match command {
            Command::Bdat(size, chunk) => self.bdat(size, chunk).await,
            Command::Data => self.data().await,
            Command::Ehlo(name) => self.hello(name, "ESMTP").await,
            Command::Helo(name) => self.hello(name, "SMTP").await,
            Command::Lhlo(name) => self.hello(name, "LMTP").await,
            Command::Mail(from) => self.mail(from).await,
            Command::Rcpt(to) => self.rcpt(to).await,
            Command::Rset => {
                self.reset().await;
                self.idle(&say::ok()).await
            }
            Command::Quit => self.close_with(&say::bye()),
            Command::StartTls => self.start_tls().await,
            Command::Xclient(attributes) => self.xclient(attributes).await,
            Command::Xforward(attributes) => self.xforward(attributes).await,
            Command::Noop => self.idle(&say::ok()).await,
            Command::Help => self.idle(&say::help()).await,
            Command::Vrfy => self.idle(&say::cannot_verify()).await,
            Command::Auth | Command::Etrn | Command::Expn => self.fault(&say::not_offered()).await,
        }
    }

    async fn hello(&mut self, name: String, protocol: &'static str) -> Result<Next, Cut> {
        // RFC 2033 section 4.1: each dialect has its own word.
        if (self.dialect == Dialect::Lmtp) != (protocol == "LMTP") {
            return self.fault(&say::unknown()).await;
        }
        self.reset().await;
        self.hello = Some(Hello { name, protocol });
        let own = self.front.name.clone();
        match protocol {
            "SMTP" => self.wire.say_lines(250, "", &[own]),
            _ => self.wire.say_lines(250, "", &self.offers(own)),
        }
        Ok(Next::Go)
    }

    /// Our name, and the extensions that we offer to this client now.
    fn offers(&self, own: String) -> Vec<String> {
        let size = format!("SIZE {}", self.limits().message_bytes);
        let mut lines = vec![own, size];
        let always = ["PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN"];
        lines.extend(always.map(str::to_owned));
        lines.push("ENHANCEDSTATUSCODES".to_owned());
        if self.may_start_tls() {
            lines.push("STARTTLS".to_owned());
        }
        if self.is_forwarder() {
            lines.push("XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE".to_owned());
            lines.push("XCLIENT NAME ADDR PORT PROTO HELO".to_owned());
        }
        lines
    }

    async fn mail(&mut self, from: MailFrom) -> Result<Next, Cut> {
        if self.hello.is_none() {
            return self.fault(&say::hello_first()).await;
        }
        if self.mail.is_some() {
            return self.fault(&say::out_of_order()).await;
        }
        if !self.standing.may_send(self.terms.settings.accept_from) {
            warn!("client is not trusted to send mail, refused");
            return self.refuse(&say::not_from_here(), "untrusted").await;
        }
        let (size, most) = (from.size.unwrap_or(0), self.limits().message_bytes.get());
        if size > most {
            self.reply(&notify::too_big(most));
        } else {
            self.mail = Some(Mail::new(from));
            self.reply(&say::sender_ok());
        }
        Ok(Next::Go)
    }

    async fn rcpt(&mut self, to: RcptTo) -> Result<Next, Cut> {
        let origin = self.origin();
        let Some(mail) = self.mail.as_mut().filter(|mail| mail.chunks.is_none()) else {
            return self.fault(&say::out_of_order()).await;
        };
        if !to.recipient.as_str().is_ascii() && !mail.from.smtputf8 {
            return self.fault(&Unreadable::Utf8.reply()).await;
        }
        if mail.accepted.contains(&to.recipient) {
            mail.accepted.push(to.recipient);
            self.reply(&say::recipient_ok());
            return Ok(Next::Go);
        }
        let sender = mail.from.sender.as_ref();
        if !self.standing.may_reach(sender, &to.recipient, &self.terms.domains) {
            warn!("client is not trusted to reach this recipient, refused");
            return self.refuse(&say::no_relay(), "relay").await;
        }
        if mail.accepted.len() >= self.terms.settings.limits.recipients.get() {
            self.reply(&say::too_many_recipients());
            return Ok(Next::Go);
        }
        let recipient = to.recipient.clone();
        let answer = mail.recipient(&self.terms.next_hop, &origin, to).await;
        if answer.is_good() {
            mail.accepted.push(recipient);
        } else if self.standing == Standing::Stranger {
            // He may be guessing.
            self.tally.errors += 1;
        }
        self.wire.say(&answer);
        Ok(Next::Go)
    }

    async fn start_tls(&mut self) -> Result<Next, Cut> {
        if self.wire.tls().is_some() {
            return self.fault(&say::out_of_order()).await;
        }
        if !self.may_start_tls() {
            return self.fault(&say::not_offered()).await;
        }
        self.reply(&say::start_tls());
        self.begin_tls().await?;
        // RFC 3207 section 4.2: what was said in the clear is forgotten.
        self.reset().await;
        (self.hello, self.forwarded) = (None, None);
        Ok(Next::Go)
    }

    async fn begin_tls(&mut self) -> Result<(), Cut> {
        let terms = Arc::clone(&self.terms);
        let Some(tls) = &terms.tls else { return Err(Cut::Gone) };
        self.wire.secure(tls.acceptor(), self.limits().command_time()).await?;
        let Some(certificate) = self.wire.tls().and_then(|stream| tls.certificate(stream)) else {
            return Ok(());
        };
        let address = self.peer.ip();
        let (standing, connector) =
            self.standing.with_certificate(address, &certificate, &terms.settings);
        self.standing = standing;
        debug!(connector, "client has a certificate");
        Ok(())
    }

    /// Ends the transaction, if there is one.
    pub(super) async fn reset(&mut self) {
        if let Some(mail) = self.mail.take() {
            mail.end().await;
            self.forget_origin();
        }
    }

    pub(super) fn greet(&mut self) {
        let protocol = if self.dialect == Dialect::Lmtp { "LMTP" } else { "ESMTP" };
        self.wire.say_lines(220, "", &[format!("{} {protocol} Sluse", self.front.name)]);
    }

    fn may_start_tls(&self) -> bool {
        self.terms.tls.is_some() && self.wire.tls().is_none()
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.terms.settings.limits
    }

    /// Says a reply of ours.
    pub(super) fn reply(&mut self, reply: &Reply) {
        self.wire.say(&answer::spoken(reply));
    }

    /// Answers what brings no message forward. Much of that is an error too.
    async fn idle(&mut self, reply: &Reply) -> Result<Next, Cut> {
        self.tally.idle += 1;
        if self.tally.idle > MAX_IDLE {
            return self.fault(reply).await;
        }
        self.reply(reply);
        Ok(Next::Go)
    }

    async fn unreadable(&mut self, fault: Unreadable) -> Result<Next, Cut> {
        match fault {
            Unreadable::Chunk | Unreadable::Foreign => self.close_with(&fault.reply()),
            _ => self.fault(&fault.reply()).await,
        }
    }

    pub(super) async fn refuse(
        &mut self,
        reply: &Reply,
        reason: &'static str,
    ) -> Result<Next, Cut> {
        counter!(SMTP_REFUSED, "reason" => reason).increment(1);
        self.fault(reply).await
    }

    /// Answers an error, the later the more of them there were.
    pub(super) async fn fault(&mut self, reply: &Reply) -> Result<Next, Cut> {
        self.tally.errors += 1;
        if self.tally.is_full() {
            warn!("too many errors on one connection, closed");
            counter!(SMTP_REFUSED, "reason" => "errors").increment(1);
            return self.close_with(&say::too_many_errors());
        }
        let pause = self.tally.pause();
        if !pause.is_zero() {
            self.wire.flush().await?;
            self.wire.pause(pause).await?;
        }
        self.reply(reply);
        Ok(Next::Go)
    }
}

/// What a client did that brings no message forward.
#[derive(Debug)]
pub(super) struct Tally {
    errors: u32,
    idle: u32,
    most: u32,
}

impl Tally {
    fn new(most: u32) -> Self {
        Self { errors: 0, idle: 0, most }
    }

    /// A message came through.
    pub(super) fn rest(&mut self) {
        self.idle = 0;
    }

    fn is_full(&self) -> bool {
        self.errors >= self.most
    }

    /// Nothing for the first half of the errors, then a second more for each.
    fn pause(&self) -> Duration {
        let over = self.errors.saturating_sub(self.most / 2);
        Duration::from_secs(u64::from(over.min(MAX_PAUSE)))
    }
}

/// How long a stranger is listened to before the greeting.
const GREETING_PAUSE: Duration = Duration::from_millis(300);
/// NOOP, RSET and the like between two messages.
const MAX_IDLE: u32 = 100;
/// Seconds.
const MAX_PAUSE: u32 = 10;
