//! The mail that tells one of our own senders what became of a message.
//!
//! Plain text first and complete in itself, then the same as HTML without
//! images or anything remote. Goes out with the null sender and marked as
//! automatic (RFC 3834), so that nothing answers it. Same case, same bytes:
//! a notice written again after a crash is the same notice.

use askama::Template;
use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};
use lettre::message::{
    MultiPart, SinglePart,
    header::{HeaderName, HeaderValue, Headers},
};
use thiserror::Error;

use super::{
    Language, Letterhead, LinkToken,
    found::{self, Group, shown},
    guess,
    words::{Words, fill},
};
use crate::{
    base::id::EventId,
    model::{Address, Envelope, Finding, Gap, GapKind, Raw, Reason, Ruling, Verdict},
};

/// Writes the notice about `case`. Whether it may be sent at all is for
/// [`super::may_notify`] to say.
///
/// # Errors
///
/// Every recipient got the message as it was, or the text or its date could
/// not be written.
pub fn compose(case: &Case<'_>, letterhead: &Letterhead) -> Result<Notice, NoticeError> {
    if case.rulings.iter().all(|ruling| ruling.verdict == Verdict::Deliver) {
        return Err(NoticeError::Nothing);
    }
    let (fields, words) = written(case, letterhead)?;
    let mut bytes = fields.into_bytes();
    bytes.extend_from_slice(&words.formatted());
    let envelope = Envelope { sender: None, recipients: vec![case.sender.clone()] };
    Ok(Notice { envelope, bytes: bytes.into() })
}

/// The header fields of a notice, without the type of its content, and the
/// text that people read.
pub(super) fn written(
    case: &Case<'_>,
    letterhead: &Letterhead,
) -> Result<(String, MultiPart), NoticeError> {
    let language = case.language.or_else(|| guess(case.sample)).unwrap_or(letterhead.language);
    let view = View::new(case, letterhead, language);
    let boundary = format!("sluse-{}", case.event);
    let body = MultiPart::alternative()
        .boundary(boundary)
        .singlepart(SinglePart::plain(Plain(&view).render()?))
        .singlepart(SinglePart::html(Html(&view).render()?));
    Ok((headers(case, letterhead, &view)?.to_string(), body))
}

/// The domain that our mail comes from.
pub(super) fn domain(letterhead: &Letterhead) -> &str {
    match letterhead.from.domain() {
        "" => "sluse.invalid",
        domain => domain,
    }
}

/// What a notice tells about.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// The message.
    pub event: EventId,
    /// Who sent it and is told.
    pub sender: &'a Address,
    /// What was decided for each recipient.
    pub rulings: &'a [Ruling],
    /// What was found.
    pub findings: &'a [Finding],
    /// What could not be read.
    pub gaps: &'a [Gap],
    /// When held content is destroyed, if it is held and that is known.
    pub expires_at: Option<Timestamp>,
    /// The time of the notice.
    pub now: Timestamp,
    /// Where the sender may act, if anywhere.
    pub link: Option<PersonalLink<'a>>,
    /// What a person adds.
    pub note: Option<Note<'a>>,
    /// The language the sender asked for.
    pub language: Option<Language>,
    /// Text of the message from which the language may be guessed. Nothing of
    /// it is repeated.
    pub sample: &'a str,
}

/// A link for the sender alone.
#[derive(Clone, Copy)]
pub struct PersonalLink<'a> {
    /// What makes it personal.
    pub token: &'a LinkToken,
    /// The last day it works.
    pub until: Timestamp,
}

/// What a person adds to a notice, in words of his own.
#[derive(Clone, Copy)]
pub enum Note<'a> {
    /// A question about a message that waits.
    Question(&'a str),
    /// Why the message is refused.
    Refusal(&'a str),
}

/// A mail ready to be sent.
#[derive(Clone)]
pub struct Notice {
    /// From the null sender to the one who is told.
    pub envelope: Envelope,
    /// Headers and body with CR LF line ends.
    pub bytes: Raw,
}

/// A notice could not be written.
#[derive(Debug, Error)]
pub enum NoticeError {
    /// The time has no form that mail can carry.
    #[error("notice: date cannot be written")]
    Date(#[source] jiff::Error),
    /// Every recipient got the message as it was.
    #[error("notice: there is nothing to tell")]
    Nothing,
    /// The template failed.
    #[error("notice: text cannot be written")]
    Text(#[from] askama::Error),
}

/// The header that marks our own notices; its value is the event.
pub const MARKER: &str = "X-Sluse-Notice";

#[derive(Template)]
#[template(path = "notice.txt")]
struct Plain<'a>(&'a View<'a>);

#[derive(Template)]
#[template(path = "notice.html")]
struct Html<'a>(&'a View<'a>);

/// Everything the templates show, in words.
struct View<'a> {
    words: &'static Words,
    language: Language,
    subject: &'static str,
    lead: &'static str,
    causes: Vec<&'static str>,
    /// What a person adds: a heading, and the words.
    note: Option<[&'a str; 2]>,
    recipients: Vec<Recipient>,
    findings: Vec<Group>,
    unread: Group,
    choices: Vec<&'static str>,
    /// Of the personal link: what it is for, the link, what to know about it.
    acting: Option<[String; 3]>,
    guidance: &'a str,
    guidance_url: &'a str,
    legal_url: &'a str,
    organisation: &'a str,
    signature: &'a str,
    held: Option<String>,
    contact: &'a str,
    event: EventId,
    link: String,
}

struct Recipient {
    address: String,
    status: String,
}

impl<'a> View<'a> {
    fn new(case: &Case<'a>, letterhead: &'a Letterhead, language: Language) -> Self {
        let words = Words::of(language);
        let (subject, lead) = match case.note {
            Some(Note::Question(_)) => (words.subject_asked, words.lead_asked),
            Some(Note::Refusal(_)) | None => story(case.rulings, words),
        };
        let note = case.note.map(|note| match note {
            Note::Question(text) => [words.head_question, text],
            Note::Refusal(text) => [words.head_refusal, text],
        });
        let unread = found::unread(case.gaps, words);
        let held = case.rulings.iter().any(|ruling| ruling.verdict == Verdict::Hold);
        let until = |time| fill(words.held_until, "day", &words.day(time));
        Self {
            words,
            language,
            subject,
            lead,
            causes: causes(case, words),
            note,
            recipients: recipients(case.rulings, words),
            findings: found::groups(case.findings, words),
            choices: choices(case, words),
            acting: acting(case, letterhead, words),
            unread,
            guidance: letterhead.guidance(language),
            guidance_url: letterhead.guidance_url(language),
            legal_url: letterhead.legal_url(language),
            organisation: letterhead.organisation(language),
            signature: letterhead.signature(language),
            held: held.then(|| case.expires_at.map_or_else(|| words.held_open.to_owned(), until)),
            contact: letterhead.contact(language),
            event: case.event,
            link: letterhead.public_url.as_ref().map_or(String::new(), |url| url.event(case.event)),
        }
    }
}

/// Subject and first sentence, by what happened for the recipients together.
fn story(rulings: &[Ruling], words: &Words) -> (&'static str, &'static str) {
    let all = |wanted: &[&str]| rulings.iter().all(|r| wanted.contains(&r.verdict.as_str()));
    let any = |wanted: &str| rulings.iter().any(|r| r.verdict.as_str() == wanted);
    if all(&["deliver"]) {
        (words.subject_relayed, words.lead_relayed)
    } else if all(&["deliver", "protect"]) {
        (words.subject_protected, words.lead_protected)
    } else if any("deliver") || any("protect") {
        (words.subject_mixed, words.lead_mixed)
    } else if all(&["hold"]) {
        (words.subject_held, words.lead_held)
    } else if all(&["refuse"]) {
        (words.subject_refused, words.lead_refused)
    } else if all(&["defer"]) {
        (words.subject_deferred, words.lead_deferred)
    } else {
        (words.subject_refused, words.lead_nobody)
    }
}

fn causes(case: &Case<'_>, words: &Words) -> Vec<&'static str> {
    let unproven = case.gaps.iter().any(|gap| !matches!(gap.kind, GapKind::Encrypted(_)));
    let mut causes = Vec::new();
    if !case.findings.is_empty() {
        causes.push(words.cause_finding);
    }
    if unproven {
        causes.push(words.cause_gap);
    }
    causes
}

fn choices(case: &Case<'_>, words: &Words) -> Vec<&'static str> {
    let is_stopped = |ruling: &Ruling| matches!(ruling.verdict, Verdict::Hold | Verdict::Refuse);
    if !case.rulings.iter().any(is_stopped) {
        return Vec::new();
    }
    if case.findings.is_empty() && !case.gaps.is_empty() {
        return vec![words.choice_readable, words.choice_encrypt, words.choice_channel];
    }
    vec![words.choice_encrypt, words.choice_remove, words.choice_channel]
}

fn acting(case: &Case<'_>, letterhead: &Letterhead, words: &Words) -> Option<[String; 3]> {
    let (link, url) = (case.link?, letterhead.public_url.as_ref()?);
    let held = case.rulings.iter().any(|ruling| ruling.verdict == Verdict::Hold);
    let purpose = if held { words.act_held } else { words.act_refused };
    let note = fill(words.act_note, "day", &words.day(link.until));
    Some([purpose.to_owned(), url.personal(case.event, link.token), note])
}

fn recipients(rulings: &[Ruling], words: &Words) -> Vec<Recipient> {
    let mut recipients = Vec::new();
    for ruling in rulings {
        let mut status = words.status(ruling.verdict);
        for reason in &ruling.reasons {
            if let Reason::Key(method, trouble) = reason {
                status.push_str(&format!("; {method}: {}", words.trouble(*trouble)));
            }
        }
        for address in &ruling.recipients {
            let address = shown(address.as_str());
            recipients.push(Recipient { address, status: status.clone() });
        }
    }
    recipients
}

/// The header fields above the body. The subject is ours: that of the message
/// may hold the number.
fn headers(
    case: &Case<'_>,
    letterhead: &Letterhead,
    view: &View<'_>,
) -> Result<Headers, NoticeError> {
    let date = DateTimePrinter::new().timestamp_to_string(&case.now).map_err(NoticeError::Date)?;
    let domain = domain(letterhead);
    Ok(fields([
        ("From", letterhead.from.to_string()),
        ("To", to(case.sender)),
        ("Subject", format!("{} [{}]", view.subject, case.event)),
        ("Date", date),
        ("Message-ID", format!("<{}.notice@{domain}>", case.event)),
        ("Auto-Submitted", "auto-replied".to_owned()),
        (MARKER, case.event.to_string()),
        ("Content-Language", view.language.to_string()),
        ("MIME-Version", "1.0".to_owned()),
    ]))
}

/// Header fields by name.
pub(super) fn fields<const N: usize>(fields: [(&'static str, String); N]) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in fields {
        headers.insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
    }
    headers
}

/// An address that needs quoting is left to the envelope: programs disagree
/// about how to read it.
pub(super) fn to(sender: &Address) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.@".contains(&b);
    match sender.as_str().bytes().all(plain) {
        true => sender.to_string(),
        false => "undisclosed-recipients:;".to_owned(),
    }
}
