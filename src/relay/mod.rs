//! Sends parcels to the next hop by SMTP (RFC 5321) or LMTP (RFC 2033).
//!
//! The front-end holds a [`Transaction`] open while a message is judged; the
//! outbox sends in one go. Both are the same steps, with one result for each
//! recipient. Good means that the next hop answered the content with success;
//! whatever goes wrong before that answer is temporary, so that a message may
//! arrive twice when a line breaks in the last moment, and is never lost. Only
//! a [`Parcel`] can be sent, and only to those it was cleared for.
//! Sessions in which all went well serve further messages.

mod answer;
mod connection;
mod content;
mod envelope;
mod features;
mod idle;
mod path;
mod reply;
mod session;
mod settings;
mod tls;
mod transaction;
mod xforward;

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

pub use self::{
    answer::{Answer, Voice},
    envelope::{Body, MailFrom, RcptTo},
    settings::{
        At, Fault, Hello, HostPort, ParseHelloError, ParseHostPortError, Part, Protocol, Settings,
        Target, Tls,
    },
    tls::TlsError,
    transaction::Transaction,
    xforward::{Origin, Source},
};
use self::{
    idle::Idle,
    session::{Broken, Session},
    transaction::Said,
};
use crate::{
    model::{Address, Wishes},
    policy::Parcel,
};

/// What the next hop said about one recipient. A text that begins with a reply
/// code holds its words; any other is ours.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Delivery {
    /// It took responsibility.
    Accepted,
    /// Not now: code and text of the reply, or what stood in the way.
    Deferred(String),
    /// Never: code and text of the reply, or why we do not even ask.
    Refused(String),
}

/// What came of sending.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sent {
    /// What was said about each recipient.
    pub results: Vec<(Address, Delivery)>,
    /// Who tells the sender of a success, if he wishes to hear of it.
    pub reporter: Reporter,
}

/// Who answers the wishes of the sender for mail that the next hop took (RFC
/// 3461 section 5.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reporter {
    /// The next hop, which knows the wishes.
    NextHop,
    /// We do: the next hop does not know such wishes.
    Us,
}

impl From<Said> for Delivery {
    fn from(said: Said) -> Self {
        match said {
            Ok(answer) if answer.is_good() => Self::Accepted,
            Ok(answer) if answer.is_temporary() => Self::Deferred(answer.remark()),
            Ok(answer) => Self::Refused(answer.remark()),
            Err(broken) => Self::Deferred(broken.to_string()),
        }
    }
}

/// Where to send, and how.
#[derive(Clone)]
pub struct NextHop {
    to: Target,
    tls: Tls,
    hello: Hello,
    timeouts: Timeouts,
    settings: Arc<Settings>,
    /// Made when it is first needed, unless the files were read before.
    connector: Arc<OnceCell<TlsConnector>>,
    /// The same for what goes under verified TLS alone.
    strict: Arc<OnceCell<TlsConnector>>,
    idle: Arc<Idle>,
}

impl NextHop {
    /// The server that `settings` name.
    pub fn new(settings: &Settings) -> Self {
        Self {
            to: settings.to.clone(),
            tls: settings.tls(),
            hello: settings.hello.clone().unwrap_or_default(),
            timeouts: Timeouts::default(),
            settings: Arc::new(settings.clone()),
            connector: Arc::default(),
            strict: Arc::default(),
            idle: Arc::default(),
        }
    }

    /// The same server, for what goes under verified TLS alone.
    fn strict(&self) -> Self {
        let settings = Settings { tls: Some(Tls::Required), ..Settings::clone(&self.settings) };
        let (settings, connector) = (Arc::new(settings), Arc::clone(&self.strict));
        Self { tls: Tls::Required, settings, connector, ..self.clone() }
    }

    /// The same, with the files for TLS read now.
    ///
    /// # Errors
    ///
    /// A file cannot be used.
    pub fn load(settings: &Settings) -> Result<Self, TlsError> {
        let hop = Self::new(settings);
        if hop.tls == Tls::None {
            return Ok(hop);
        }
        let connector = OnceCell::new_with(Some(tls::connector(settings)?));
        Ok(Self { connector: Arc::new(connector), ..hop })
    }

    /// The name of the server, as reports have it: an address in brackets.
    pub fn name(&self) -> String {
        let At::Tcp(HostPort { host, .. }) = &self.to.at else { return "localhost".to_owned() };
        match host.parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) => format!("[{host}]"),
            Ok(IpAddr::V6(_)) => format!("[IPv6:{host}]"),
            Err(_) => host.clone(),
        }
    }

    /// The same server, with other patience.
    pub fn with_timeouts(self, timeouts: Timeouts) -> Self {
        Self { timeouts, idle: Arc::default(), ..self }
    }

    /// Begins a transaction for the client that `origin` tells of, in a session
    /// that waits for one where there is one.
    ///
    /// # Errors
    ///
    /// What to tell the client: the answer of the next hop to MAIL, or a
    /// temporary failure when there is none.
    pub async fn begin(&self, origin: &Origin, from: MailFrom) -> Result<Transaction, Answer> {
        let said = from.before_content();
        if let Some(mut session) = self.idle.take() {
            match session.begin(origin, &said).await {
                Ok(answer) if answer.is_good() && session.may_go_on() => {
                    return Ok(Transaction::begun(self, origin, from, session));
                }
                // It may have had enough of the session, not of the message.
                Ok(_) => drop(tokio::spawn(session.close())),
                Err(broken) => tracing::debug!(next_hop = %self.to, %broken, "session was over"),
            }
        }
        let opened = Session::open(self).await;
        let mut session = opened.map_err(|broken| self.unreachable(&broken))?;
        match session.begin(origin, &said).await {
            Ok(answer) if answer.is_good() => Ok(Transaction::begun(self, origin, from, session)),
            Ok(answer) => {
                tokio::spawn(session.close());
                Err(answer)
            }
            Err(broken) => Err(self.unreachable(&broken)),
        }
    }

    /// Sends `parcel` to those of its recipients named in `to`, in one
    /// transaction, with what the sender wishes to be told, and tells the result
    /// for each in that order.
    pub async fn send(&self, parcel: &Parcel, to: &[Address], wishes: &Wishes) -> Sent {
        let mut from = MailFrom::new(parcel.envelope().sender);
        let known: Vec<_> = to.iter().map(|to| (to.clone(), wishes.about(to))).collect();
        if let Some((_, wish)) = known.first() {
            (from.ret, from.envid) = (wish.ret, wish.envid.clone());
        }
        let known = known.into_iter().map(|(to, wish)| RcptTo::wishing(to, wish));
        let (said, reporter) = match Transaction::connect(self, from, known.collect()).await {
            Ok(mut transaction) => {
                let said = transaction.carry(parcel, to).await;
                let reporter = transaction.reporter();
                transaction.close();
                (said, reporter)
            }
            Err(broken) => (vec![Err(broken); to.len()], Reporter::Us),
        };
        let results = to.iter().cloned().zip(said.into_iter().map(Delivery::from)).collect();
        Sent { results, reporter }
    }

    /// What to tell a client whose message is not under way yet; the log gets to
    /// know why.
    fn unreachable(&self, broken: &Broken) -> Answer {
        tracing::warn!(next_hop = %self.to, %broken, "next hop does not answer");
        Answer::unreachable()
    }

    /// What to tell a client whose message is under way; the log gets to know
    /// why.
    fn cut_off(&self, broken: &Broken) -> Answer {
        tracing::warn!(next_hop = %self.to, %broken, "next hop was lost on the way");
        Answer::cut_off()
    }
}

impl fmt::Debug for NextHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextHop")
            .field("to", &self.to)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

/// How long to wait for the next hop.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timeouts {
    /// For the connection.
    pub connect: Duration,
    /// For the answer to a command, and for each of greeting and TLS.
    pub command: Duration,
    /// For sending the content and the answer to it. Too short a time means a
    /// second copy (RFC 5321 section 4.5.3.2.6 asks for 10 minutes).
    pub content: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            command: Duration::from_secs(60),
            content: Duration::from_secs(600),
        }
    }
}
