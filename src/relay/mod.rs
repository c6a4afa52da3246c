//! Sends parcels to the next hop by SMTP (RFC 5321).
//!
//! One transaction a parcel and one result a recipient. `Accepted` means that
//! the next hop answered the content with success; whatever goes wrong before
//! that answer is `Deferred`, so that a message may arrive twice when a line
//! breaks in the last moment, and is never lost. Only a [`Parcel`] can be sent,
//! and only to those it was cleared for.

mod content;
mod line_stream;
mod path;
mod settings;
mod transaction;

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;

pub use self::settings::{Hello, HostPort, ParseHelloError, ParseHostPortError, Settings, Tls};
use self::transaction::Session;
use crate::{model::Address, policy::Parcel};

/// What the next hop said about one recipient.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Delivery {
    /// It took responsibility.
    Accepted,
    /// Not now: code and text of the reply, or what went wrong on the way.
    Deferred(String),
    /// Never: code and text of the reply.
    Refused(String),
}

/// Where to send, and how.
#[derive(Clone, Debug)]
pub struct NextHop {
    to: HostPort,
    tls: Tls,
    hello: Hello,
    timeouts: Timeouts,
}

impl NextHop {
    /// The server that `settings` name.
    pub fn new(settings: &Settings) -> Self {
        Self {
            to: settings.to.clone(),
            tls: settings.tls(),
            hello: settings.hello.clone().unwrap_or_default(),
            timeouts: Timeouts::default(),
        }
    }

    /// The same server, with other patience.
    pub fn with_timeouts(self, timeouts: Timeouts) -> Self {
        Self { timeouts, ..self }
    }

    /// Sends `parcel` to those of its recipients named in `to`, in one
    /// transaction, and tells the result for each in that order.
    pub async fn send(&self, parcel: &Parcel, to: &[Address]) -> Vec<(Address, Delivery)> {
        let cleared = parcel.cleared().recipients();
        let may: Vec<Address> = to.iter().filter(|rcpt| cleared.contains(rcpt)).cloned().collect();
        let results = if may.is_empty() { Vec::new() } else { self.send_to(parcel, &may).await };
        let mut results = results.into_iter();
        let result = |rcpt: &Address| {
            if cleared.contains(rcpt) {
                results.next().unwrap_or_else(|| Delivery::Deferred("no result".to_owned()))
            } else {
                tracing::error!("asked to send a parcel to a recipient it is not cleared for");
                Delivery::Deferred("not cleared for this recipient".to_owned())
            }
        };
        let results: Vec<Delivery> = to.iter().map(result).collect();
        to.iter().cloned().zip(results).collect()
    }

    /// Sends to those that the parcel is cleared for.
    async fn send_to(&self, parcel: &Parcel, to: &[Address]) -> Vec<Delivery> {
        // The SMTP library indexes into replies of the server without a look.
        let attempt = AssertUnwindSafe(self.attempt(parcel, to)).catch_unwind().await;
        attempt.unwrap_or_else(|_| {
            tracing::error!(next_hop = %self.to, "smtp client failed on what the server sent");
            deferred(to, "unreadable answer from the next hop")
        })
    }

    async fn attempt(&self, parcel: &Parcel, to: &[Address]) -> Vec<Delivery> {
        let opened = Session::open(&self.to, self.tls, &self.hello, self.timeouts).await;
        let mut session = match opened {
            Ok(session) => session,
            // A server that does not even greet says nothing about recipients,
            // whatever its code.
            Err(trouble) => return deferred(to, &trouble.into_text()),
        };
        let content = content::with_crlf(parcel.bytes());
        let content = content::without_last_crlf(&content);
        let envelope = parcel.envelope();
        let results = session.deliver(envelope.sender.as_ref(), to, content).await;
        tokio::spawn(session.close());
        results
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

fn deferred(to: &[Address], text: &str) -> Vec<Delivery> {
    to.iter().map(|_| Delivery::Deferred(text.to_owned())).collect()
}
