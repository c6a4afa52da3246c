//! One connection of a mail server: what it agreed to, and the message that
//! is on its way. Nothing of one message is there when the next one begins.

use indymilter::{Actions, ProtoOpts};
use thiserror::Error;

use super::draft::{Draft, Fault, Received};

/// What a connection keeps between two commands.
pub(super) struct Session {
    options: ProtoOpts,
    /// The message that is being received, if one is.
    pub(super) draft: Option<Draft>,
}

impl Session {
    /// Starts a connection with what the mail server offers.
    ///
    /// # Errors
    ///
    /// It offers too little to see a message as it is and to change it.
    pub(super) fn agree(actions: Actions, options: ProtoOpts) -> Result<Self, TooLittle> {
        if !actions.contains(ACTIONS) {
            return Err(TooLittle::Actions);
        }
        if !options.contains(UNSEEN | ProtoOpts::LEADING_SPACE) {
            return Err(TooLittle::Options);
        }
        let options = UNSEEN | ProtoOpts::LEADING_SPACE | (options & SILENT);
        Ok(Self { options, draft: None })
    }

    /// The options that were agreed on.
    pub(super) fn options(&self) -> ProtoOpts {
        self.options
    }

    /// Takes the message out, at its end.
    pub(super) fn finish(&mut self) -> Result<Received, Fault> {
        self.draft.take().ok_or(Fault::Form)?.finish()
    }
}

/// What the mail server does not offer.
#[derive(Debug, Error)]
pub(super) enum TooLittle {
    /// Editing headers, body and recipients.
    #[error("the mail server does not let a milter edit messages")]
    Actions,
    /// Protocol version 6, of 2009.
    #[error("the mail server speaks an old milter protocol: set milter_protocol = 6")]
    Options,
}

/// What we may do at the end of a message.
pub(super) const ACTIONS: Actions = Actions::ADD_HEADER
    .union(Actions::CHANGE_HEADER)
    .union(Actions::DELETE_RCPT)
    .union(Actions::REPLACE_BODY);
/// Steps that tell us nothing we need.
const UNSEEN: ProtoOpts = ProtoOpts::NO_CONNECT
    .union(ProtoOpts::NO_HELO)
    .union(ProtoOpts::NO_DATA)
    .union(ProtoOpts::NO_UNKNOWN);
/// Steps that we never answer when the mail server lets us: there is one
/// answer, at the end, and no waiting before it. (A body piece inside the end
/// itself, which no mail server sends, then gets no answer at all.)
const SILENT: ProtoOpts = ProtoOpts::NOREPLY_MAIL
    .union(ProtoOpts::NOREPLY_RCPT)
    .union(ProtoOpts::NOREPLY_HEADER)
    .union(ProtoOpts::NOREPLY_EOH)
    .union(ProtoOpts::NOREPLY_BODY);
