//! One transaction with the next hop, held open while the client's is.
//!
//! The recipients are asked first, the content follows when it has been judged.
//! Minutes may lie between: a server that lost its patience meanwhile is called
//! once more and asked everything again, as long as no content was sent. After
//! that there is no second try: the client's server makes it.

use std::{collections::HashMap, fmt};

use super::{
    NextHop, Reporter,
    answer::Answer,
    content,
    envelope::{Body, MailFrom, RcptTo},
    features::Features,
    session::{Broken, Session},
    xforward::Origin,
};
use crate::{
    model::Address,
    policy::{Parcel, Way},
};

/// A transaction. To drop it is to abandon it.
pub struct Transaction {
    hop: NextHop,
    origin: Option<Origin>,
    from: MailFrom,
    known: Vec<RcptTo>,
    open: Option<Open>,
    session: Session,
}

/// What came of a step: the words of the next hop, or the end of the line.
pub(super) type Said = Result<Answer, Broken>;

impl Transaction {
    /// Connects, for mail of our own.
    pub(super) async fn connect(
        hop: &NextHop,
        from: MailFrom,
        known: Vec<RcptTo>,
    ) -> Result<Self, Broken> {
        let session = Session::open(hop).await?;
        Ok(Self { hop: hop.clone(), origin: None, from, known, open: None, session })
    }

    /// The transaction of a client, for which MAIL was said before the content,
    /// and taken.
    pub(super) fn begun(hop: &NextHop, origin: &Origin, from: MailFrom, session: Session) -> Self {
        let (hop, origin) = (hop.clone(), Some(origin.clone()));
        let open = Some(Open { from: from.before_content(), accepted: Vec::new() });
        Self { hop, origin, from, known: Vec::new(), open, session }
    }

    /// Names a recipient to the next hop, and returns its answer.
    pub async fn recipient(&mut self, to: RcptTo) -> Answer {
        let named = to.recipient.clone();
        self.known.push(to);
        match self.rcpt(&named).await {
            Ok(answer) => answer,
            Err(broken) => self.hop.cut_off(&broken),
        }
    }

    /// Who tells the sender of a success.
    pub fn reporter(&self) -> Reporter {
        if self.session.features().dsn { Reporter::NextHop } else { Reporter::Us }
    }

    /// Sends `parcel` to those of its recipients named in `to`, and returns the
    /// answer for each in that order: in the open transaction when nobody else
    /// was accepted in it, else in a new one.
    ///
    /// An answer that is good means that the next hop has the message. A
    /// recipient that the parcel is not cleared for is deferred.
    pub async fn deliver(&mut self, parcel: &Parcel, to: &[Address]) -> Vec<(Address, Answer)> {
        let said = self.carry(parcel, to).await;
        let answer = |said: Said| said.unwrap_or_else(|broken| self.hop.cut_off(&broken));
        to.iter().cloned().zip(said.into_iter().map(answer)).collect()
    }

    /// Ends it; nothing more is delivered. After a message that was taken the
    /// session waits for the next one.
    pub async fn abandon(self) {
        if self.open.is_none() && self.session.may_go_on() {
            self.hop.idle.put(self.session);
        } else {
            self.close();
        }
    }

    /// Ends it, and the session with it.
    pub(super) fn close(self) {
        tokio::spawn(self.session.close());
    }

    /// Sends, and returns what was said about each of `to`, in that order.
    pub(super) async fn carry(&mut self, parcel: &Parcel, to: &[Address]) -> Vec<Said> {
        let cleared = parcel.cleared().recipients();
        let may: Vec<Address> = to.iter().filter(|rcpt| cleared.contains(rcpt)).cloned().collect();
        let said = if may.is_empty() { Vec::new() } else { self.carry_to(parcel, &may).await };
        let mut said = said.into_iter();
        let told = |rcpt: &Address| {
            if !cleared.contains(rcpt) {
                tracing::error!("asked to send a parcel to a recipient it is not cleared for");
                let text = "The message is not cleared for this recipient";
                return Ok(Answer::new(451, "4.3.0", text));
            }
            said.next().unwrap_or_else(|| Ok(Answer::cut_off()))
        };
        to.iter().map(told).collect()
    }

    /// Sends to those that the parcel is cleared for.
    async fn carry_to(&mut self, parcel: &Parcel, to: &[Address]) -> Vec<Said> {
        let content = content::with_crlf(parcel.bytes());
        let sender = parcel.envelope().sender;
        let load = Load { sender, content: &content, to, way: parcel.way() };
        let mut refused = vec![None; to.len()];
        let was_held = self.open.is_some();
        let mut ready = self.prepare(&load, &mut refused).await;
        if let (true, Err(broken)) = (was_held, &ready) {
            tracing::debug!(next_hop = %self.hop.to, %broken, "transaction begun anew");
            refused.fill(None);
            ready = self.prepare(&load, &mut refused).await;
        }
        let sent = match ready {
            Ok(()) if refused.contains(&None) => self.send(load.content).await,
            Ok(()) => HashMap::new(),
            Err(broken) => to.iter().map(|rcpt| (rcpt.clone(), Err(broken.clone()))).collect(),
        };
        let told = |(rcpt, no): (&Address, Option<Answer>)| match no {
            Some(no) => Ok(no),
            None => sent.get(rcpt).cloned().unwrap_or_else(|| Ok(Answer::cut_off())),
        };
        to.iter().zip(refused).map(told).collect()
    }

    /// Brings the server to where it waits for the content. Fills in who will
    /// not get it; an error is about the others.
    async fn prepare(
        &mut self,
        load: &Load<'_>,
        refused: &mut [Option<Answer>],
    ) -> Result<(), Broken> {
        if self.session.is_broken() {
            self.open = None;
            self.session = connect(&self.hop, self.origin.as_ref()).await?;
        }
        if self.session.way() < load.way {
            let strict = connect(&self.hop.strict(), self.origin.as_ref()).await?;
            self.open = None;
            tokio::spawn(std::mem::replace(&mut self.session, strict).close());
        }
        let features = self.session.features();
        if !load.content.is_ascii() && !features.eight_bit_mime {
            let text = "The next server does not take 8-bit mail";
            refused.fill(Some(Answer::new(554, "5.6.3", text)));
            return Ok(());
        }
        let from = load.from(&self.from, features);
        if !self.open.as_ref().is_some_and(|open| open.fits(&from, load)) {
            let answer = self.mail_from(from).await?;
            if !answer.is_good() {
                refused.fill(Some(answer));
                return Ok(());
            }
        }
        for (rcpt, refused) in load.to.iter().zip(refused.iter_mut()) {
            let answer = self.rcpt(rcpt).await?;
            *refused = (!answer.is_good()).then_some(answer);
        }
        if refused.contains(&None)
            && let Some(no) = self.session.data().await?
        {
            let waiting = refused.iter_mut().filter(|refused| refused.is_none());
            waiting.for_each(|refused| *refused = Some(no.clone()));
        }
        Ok(())
    }

    /// Sends the content to everybody who was accepted.
    async fn send(&mut self, content: &[u8]) -> HashMap<Address, Said> {
        let accepted = self.open.take().map(|open| open.accepted).unwrap_or_default();
        let said = self.session.content(content, accepted.len()).await;
        accepted.into_iter().zip(said).collect()
    }

    /// Begins a transaction, after the end of the one before.
    async fn mail_from(&mut self, from: MailFrom) -> Said {
        if self.open.take().is_some() {
            self.session.reset().await?;
        }
        let answer = self.session.mail(&from).await?;
        self.open = answer.is_good().then(|| Open { from, accepted: Vec::new() });
        Ok(answer)
    }

    /// Adds a recipient, once.
    async fn rcpt(&mut self, rcpt: &Address) -> Said {
        let Some(open) = &mut self.open else { return Ok(Answer::cut_off()) };
        if open.accepted.contains(rcpt) {
            return Ok(Answer::new(250, "2.1.5", "Recipient ok"));
        }
        let known = self.known.iter().rfind(|to| to.recipient == *rcpt);
        let to = known.cloned().unwrap_or_else(|| RcptTo::new(rcpt.clone()));
        let answer = self.session.rcpt(&to, &open.from).await?;
        if answer.is_good() {
            open.accepted.push(rcpt.clone());
        }
        Ok(answer)
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("to", &self.hop.to).finish_non_exhaustive()
    }
}

/// What the server has said yes to since MAIL.
struct Open {
    from: MailFrom,
    accepted: Vec<Address>,
}

impl Open {
    /// Whether `load` can go with what was said so far.
    fn fits(&self, wanted: &MailFrom, load: &Load<'_>) -> bool {
        self.from.sender == wanted.sender
            && (load.content.is_ascii() || self.from.body == Body::EightBitMime)
            && (self.from.is_utf8() || !wanted.is_utf8())
            && self.accepted.iter().all(|rcpt| load.to.contains(rcpt))
    }
}

/// What to send.
struct Load<'a> {
    sender: Option<Address>,
    content: &'a [u8],
    to: &'a [Address],
    way: Way,
}

impl Load<'_> {
    /// MAIL for exactly this, with what the client wished for.
    fn from(&self, said: &MailFrom, features: &Features) -> MailFrom {
        let ascii = self.to.iter().all(|rcpt| rcpt.as_str().is_ascii());
        MailFrom {
            sender: self.sender.clone(),
            size: Some(content::size(self.content)),
            body: if self.content.is_ascii() { said.body } else { Body::EightBitMime },
            // Where it is not known, only those who need it are refused.
            smtputf8: said.smtputf8 || (!ascii && features.smtputf8),
            ..said.clone()
        }
    }
}

async fn connect(hop: &NextHop, origin: Option<&Origin>) -> Result<Session, Broken> {
    let mut session = Session::open(hop).await?;
    if let Some(origin) = origin {
        session.forward(origin).await?;
    }
    Ok(session)
}
