//! What people are told: the reply in the SMTP session and the notice by mail.
//!
//! Says what happened, where, and what to do now, in Bokmål, Nynorsk and
//! English. Never shows a value, only its masked form, and repeats no subject:
//! a subject may hold the number. Sends nothing itself: it hands out a [`Reply`]
//! or the bytes of a [`Notice`]. Outsiders get a reply, never mail. When a
//! notice cannot be written the message keeps its fate: only the notice is lost.
//!
//! [`Reply`]: crate::model::Reply

mod digest;
mod each;
pub(crate) mod found;
mod language;
mod link;
mod notice;
mod refusal;
mod report;
mod settings;
mod silence;
pub(crate) mod texts;
mod token;
pub(crate) mod words;

pub use self::{
    digest::{Waiting, digest},
    each::Each,
    found::{hides_in, shown as without_numbers},
    language::{Language, ParseLanguageError, guess},
    link::{GuidanceUrl, LinkError, PublicUrl},
    notice::{Case, MARKER, Note, Notice, NoticeError, PersonalLink, compose},
    refusal::{refusal, too_big},
    report::{Action, Diagnostic, Line, Report, report},
    settings::{Contact, Letterhead, Settings, Wording, WordingError},
    silence::{Silence, may_notify},
    token::LinkToken,
};
