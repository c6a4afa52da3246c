//! One SMTP transaction, with a result for each recipient (RFC 5321).
//!
//! Only the final reply to the content makes a recipient `Accepted`. Everything
//! that goes wrong before it, on our side or theirs, leaves those that are not
//! settled yet `Deferred`; a 421 ends the session at once. Replies are quoted
//! without control characters and never longer than a log line.

use std::{error::Error as _, future::Future, time::Duration};

use lettre::transport::smtp::{
    Error,
    client::{AsyncSmtpConnection, TlsParameters},
    extension::ClientId,
    response::{Response, Severity},
};
use tokio::{net::TcpStream, time::timeout};

use super::{
    Delivery, Timeouts,
    line_stream::LineStream,
    path::{Path, is_sendable},
    settings::{Hello, HostPort, Tls},
};
use crate::model::Address;

/// A connection that has greeted.
pub(super) struct Session {
    connection: AsyncSmtpConnection,
    timeouts: Timeouts,
    features: Features,
    broken: bool,
}

impl Session {
    /// Connects, greets, and starts TLS as told.
    pub(super) async fn open(
        to: &HostPort,
        tls: Tls,
        hello: &Hello,
        timeouts: Timeouts,
    ) -> Result<Self, Trouble> {
        let connecting = TcpStream::connect((to.host.as_str(), to.port));
        let stream = match timeout(timeouts.connect, connecting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Trouble::Broken(format!("connect to {to}: {error}"))),
            Err(_) => return Err(Trouble::Broken(format!("connect to {to}: no answer in time"))),
        };
        // The end of the content is a write of its own: without this it waits
        // 40 ms for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let name = ClientId::Domain(hello.as_str().to_owned());
        let stream = Box::new(LineStream::new(stream));
        let greeting = AsyncSmtpConnection::connect_with_transport(stream, &name);
        let connection = within(timeouts.command, greeting).await?;
        let mut session =
            Self { connection, timeouts, features: Features::default(), broken: false };
        let wanted = match tls {
            Tls::None => false,
            Tls::Opportunistic => session.connection.can_starttls(),
            Tls::Required => true,
        };
        if wanted {
            let parameters = tls_parameters(to, tls).map_err(Trouble::from)?;
            let upgrade = session.connection.starttls(parameters, &name);
            within(session.timeouts.command, upgrade).await?;
        }
        // The library keeps only the extensions that it knows itself.
        let greeting = session.command(&format!("EHLO {}", hello.as_str())).await?;
        session.features = Features::of(&greeting);
        Ok(session)
    }

    /// Sends `content` from `sender` to each of `to`; the results come in the
    /// same order.
    pub(super) async fn deliver(
        &mut self,
        sender: Option<&Address>,
        to: &[Address],
        content: &[u8],
    ) -> Vec<Delivery> {
        let mut results: Vec<Option<Delivery>> = vec![None; to.len()];
        if let Err(trouble) = self.transact(sender, to, content, &mut results).await {
            self.broken = matches!(trouble, Trouble::Broken(_));
            settle(&mut results, &trouble.into_delivery());
        }
        // Every way through `transact` settles all; if one did not, the safe
        // answer is to try again.
        let unsettled = || Delivery::Deferred("no result".to_owned());
        results.into_iter().map(|result| result.unwrap_or_else(unsettled)).collect()
    }

    /// Says goodbye, unless nobody listens. What comes of it changes nothing.
    pub(super) async fn close(mut self) {
        if self.broken {
            return;
        }
        let _ = timeout(CLOSING, self.connection.quit()).await;
    }

    /// Fills in `results`. An error is about all that are still empty.
    async fn transact(
        &mut self,
        sender: Option<&Address>,
        to: &[Address],
        content: &[u8],
        results: &mut [Option<Delivery>],
    ) -> Result<(), Trouble> {
        let mail = self.mail_command(sender, to, content)?;
        self.command(&mail).await?;
        let mut accepted = false;
        for (address, result) in to.iter().zip(results.iter_mut()) {
            *result = match self.recipient(address).await {
                Ok(()) => {
                    accepted = true;
                    None
                }
                Err(trouble @ Trouble::Broken(_)) => return Err(trouble),
                Err(trouble) => Some(trouble.into_delivery()),
            };
        }
        if !accepted {
            return Ok(());
        }
        self.command("DATA").await?;
        // The library's write has no limit of its own; a peer that stops
        // reading must not hold the message for ever.
        let sending = self.connection.message(content);
        let answer = within(self.timeouts.content, sending).await?;
        if answer.code().severity != Severity::PositiveCompletion {
            return Err(Trouble::Broken(out_of_step("content", &answer)));
        }
        settle(results, &Delivery::Accepted);
        Ok(())
    }

    async fn recipient(&mut self, address: &Address) -> Result<(), Trouble> {
        if !is_sendable(address) {
            return Err(Trouble::Never("address cannot be sent by smtp".to_owned()));
        }
        if !address.as_str().is_ascii() && !self.features.smtputf8 {
            return Err(Trouble::Never("next hop does not take SMTPUTF8 addresses".to_owned()));
        }
        self.command(&format!("RCPT TO:{}", Path(Some(address)))).await.map(|_| ())
    }

    fn mail_command(
        &self,
        sender: Option<&Address>,
        to: &[Address],
        content: &[u8],
    ) -> Result<String, Trouble> {
        let ascii = |address: &Address| address.as_str().is_ascii();
        if sender.is_some_and(|sender| !is_sendable(sender)) {
            return Err(Trouble::Never("sender address cannot be sent by smtp".to_owned()));
        }
        if sender.is_some_and(|sender| !ascii(sender)) && !self.features.smtputf8 {
            return Err(Trouble::Never("next hop does not take SMTPUTF8 addresses".to_owned()));
        }
        if !content.is_ascii() && !self.features.eight_bit_mime {
            return Err(Trouble::Never("next hop does not take 8-bit mail".to_owned()));
        }
        let mut command = format!("MAIL FROM:{}", Path(sender));
        if self.features.size {
            // With the line end that closes the content (RFC 1870 section 5).
            command.push_str(&format!(" SIZE={}", content.len() + 2));
        }
        if !content.is_ascii() {
            command.push_str(" BODY=8BITMIME");
        }
        if self.features.smtputf8 && !sender.into_iter().chain(to).all(ascii) {
            command.push_str(" SMTPUTF8");
        }
        Ok(command)
    }

    async fn command(&mut self, line: &str) -> Result<Response, Trouble> {
        let verb = line.split(' ').next().unwrap_or_default();
        let sending = self.connection.command(format!("{line}\r\n"));
        let reply = within(self.timeouts.command, sending).await?;
        let expected = match verb {
            "DATA" => reply.has_code(354),
            _ => reply.code().severity == Severity::PositiveCompletion,
        };
        // Another good reply than the one expected: the server is out of step.
        if expected { Ok(reply) } else { Err(Trouble::Broken(out_of_step(verb, &reply))) }
    }
}

/// What the server can do, by its reply to EHLO.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Features {
    eight_bit_mime: bool,
    size: bool,
    smtputf8: bool,
}

impl Features {
    /// Reads the keywords, whose case does not matter (RFC 5321 section
    /// 4.1.1.1). The first line is the name of the server.
    fn of(reply: &Response) -> Self {
        let mut features = Self::default();
        for line in reply.message().skip(1) {
            match line.split(' ').next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "8BITMIME" => features.eight_bit_mime = true,
                "SIZE" => features.size = true,
                "SMTPUTF8" => features.smtputf8 = true,
                _ => {}
            }
        }
        features
    }
}

/// Why a step did not succeed.
pub(super) enum Trouble {
    /// Nothing more can be said on this connection.
    Broken(String),
    /// Not now.
    Later(String),
    /// Never.
    Never(String),
}

impl Trouble {
    /// What it means for those that it is about.
    fn into_delivery(self) -> Delivery {
        match self {
            Self::Broken(text) | Self::Later(text) => Delivery::Deferred(text),
            Self::Never(text) => Delivery::Refused(text),
        }
    }

    /// What happened, in words.
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Broken(text) | Self::Later(text) | Self::Never(text) => text,
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let Some(code) = error.status() else {
            return Self::Broken(one_line(&error.to_string()));
        };
        let text = error.source().map(ToString::to_string).unwrap_or_default();
        let text = one_line(&format!("{code} {text}"));
        match (code.severity, u16::from(code)) {
            // The server closes, whatever it was asked.
            (_, 421) => Self::Broken(text),
            (Severity::PermanentNegativeCompletion, _) => Self::Never(text),
            _ => Self::Later(text),
        }
    }
}

async fn within<T>(
    limit: Duration,
    step: impl Future<Output = Result<T, Error>>,
) -> Result<T, Trouble> {
    match timeout(limit, step).await {
        Ok(done) => done.map_err(Trouble::from),
        Err(_) => Err(Trouble::Broken("no answer from the next hop in time".to_owned())),
    }
}

fn settle(results: &mut [Option<Delivery>], delivery: &Delivery) {
    for result in results.iter_mut().filter(|result| result.is_none()) {
        *result = Some(delivery.clone());
    }
}

fn tls_parameters(to: &HostPort, tls: Tls) -> Result<TlsParameters, Error> {
    let any = tls == Tls::Opportunistic;
    TlsParameters::builder(to.host.clone())
        .dangerous_accept_invalid_certs(any)
        .dangerous_accept_invalid_hostnames(any)
        .build_rustls()
}

fn out_of_step(verb: &str, reply: &Response) -> String {
    let text = reply.first_line().unwrap_or_default();
    one_line(&format!("unexpected answer to {verb}: {} {text}", reply.code()))
}

/// A reply is text of a stranger: one line of it, without control characters.
fn one_line(text: &str) -> String {
    let safe = |c: char| if c.is_control() { ' ' } else { c };
    text.trim_end().chars().take(MAX_TEXT).map(safe).collect()
}

/// How long a goodbye may take.
const CLOSING: Duration = Duration::from_secs(5);

/// Characters of a reply worth keeping.
const MAX_TEXT: usize = 500;
