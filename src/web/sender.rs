//! The page behind a personal link: what was found in a message, what became of
//! it, and what its sender can do now.
//!
//! Whoever has the link needs no log-in; whoever has none sees the guidance
//! page, whatever is wrong with his. Looking changes nothing, since programs
//! that look at mail follow links: what changes something is posted. Values are
//! masked, and what was typed is not shown again when it may hold a number.

use askama::Template;
use axum::{
    extract::{Path, RawQuery, State as Held},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde::Deserialize;
use tracing::error;

use super::{People, page, sender_texts::SenderTexts, signed::Form};
use crate::{
    base::id::EventId,
    gate::{
        Became, Choice, FateOf, FreeTextError, Gate, GateError, Obstacle,
        SenderAnswered as Answered, Standing,
    },
    notify::{
        Language, Letterhead, LinkToken, found,
        found::Group,
        without_numbers,
        words::{Words, fill},
    },
};

/// Shows the page.
pub(super) async fn shown(
    people: Held<People>,
    Path(link): Path<(String, String)>,
    query: RawQuery,
    headers: HeaderMap,
) -> Response {
    let asked = Asked { people, event: link.0, query, headers };
    let Some((gate, event, token)) = asked.link(&link.1) else { return asked.guidance() };
    match gate.standing(event, &token).await {
        Ok(Some(standing)) => asked.page(StatusCode::OK, &standing, None),
        Ok(None) => asked.guidance(),
        Err(error) => asked.later(&error),
    }
}

/// Does what was chosen, and then shows the page.
pub(super) async fn sent(
    people: Held<People>,
    Path(link): Path<(String, String)>,
    query: RawQuery,
    headers: HeaderMap,
    form: Result<Form<Wish>, Response>,
) -> Response {
    let asked = Asked { people, event: link.0, query, headers };
    let Some((gate, event, token)) = asked.link(&link.1) else { return asked.guidance() };
    let Ok(Form(wish)) = form else {
        return asked.again(gate, (event, &token), Told::Unclear).await;
    };
    let Some(choice) = choice(&wish.choice) else {
        return asked.again(gate, (event, &token), Told::Unclear).await;
    };
    match gate.act_by_link(event, &token, choice, &wish.words).await {
        Ok(Answered::Done | Answered::Proposed) => asked.onward(&link.1),
        Ok(Answered::Unknown) => asked.guidance(),
        Ok(Answered::Not(obstacle)) => {
            asked.again(gate, (event, &token), Told::Stopped(obstacle, choice, wish.words)).await
        }
        Err(error) => asked.later(&error),
    }
}

/// What was posted.
#[derive(Deserialize)]
pub(super) struct Wish {
    choice: String,
    #[serde(default)]
    words: String,
}

/// Why the page is shown again after something was posted.
enum Told {
    Stopped(Obstacle, Choice, String),
    Unclear,
}

/// A request.
struct Asked {
    people: Held<People>,
    event: String,
    query: RawQuery,
    headers: HeaderMap,
}

impl Asked {
    fn link(&self, token: &str) -> Option<(&Gate, EventId, LinkToken)> {
        Some((&*self.people.gate, self.event.parse().ok()?, LinkToken::parse(token)?))
    }

    fn language(&self, letterhead: &Letterhead) -> Language {
        page::language(self.query.0.as_deref(), &self.headers, letterhead)
    }

    /// What everybody sees.
    fn guidance(&self) -> Response {
        page::guidance(&self.people.public, &self.event, &self.query, &self.headers)
    }

    /// Shows how things stand, after nothing was done.
    async fn again(
        &self,
        gate: &Gate,
        (event, token): (EventId, &LinkToken),
        told: Told,
    ) -> Response {
        let status = match &told {
            Told::Stopped(Obstacle::Short | Obstacle::Text(_), ..) | Told::Unclear => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Told::Stopped(Obstacle::NotLet, ..) => StatusCode::FORBIDDEN,
            Told::Stopped(
                Obstacle::KeptByLaw | Obstacle::NotHeld | Obstacle::NotSealed | Obstacle::Used,
                ..,
            ) => StatusCode::CONFLICT,
        };
        match gate.standing(event, token).await {
            Ok(Some(standing)) => self.page(status, &standing, Some(&told)),
            Ok(None) => self.guidance(),
            Err(error) => self.later(&error),
        }
    }

    /// Sends the browser to the page, so that nothing is posted twice.
    fn onward(&self, token: &str) -> Response {
        let letterhead = self.people.public.letterhead.load();
        let place = format!("{token}?lang={}", self.language(&letterhead));
        match HeaderValue::from_str(&place) {
            Ok(place) => (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response(),
            Err(_) => StatusCode::SEE_OTHER.into_response(),
        }
    }

    fn later(&self, error: &GateError) -> Response {
        error!(error = error as &dyn std::error::Error, "page of a sender not shown");
        let letterhead = self.people.public.letterhead.load();
        let texts = SenderTexts::of(self.language(&letterhead));
        (StatusCode::SERVICE_UNAVAILABLE, texts.later).into_response()
    }

    fn page(&self, status: StatusCode, standing: &Standing, told: Option<&Told>) -> Response {
        let letterhead = self.people.public.letterhead.load();
        let language = self.language(&letterhead);
        match Page::of(standing, told, language, &letterhead).render() {
            Ok(text) => {
                let about = [(header::CONTENT_LANGUAGE, language.as_str())];
                (status, about, page::form_guards(), Html(text)).into_response()
            }
            Err(error) => {
                error!(%error, "page of a sender cannot be written");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

#[derive(Template)]
#[template(path = "sender.html")]
struct Page<'a> {
    words: &'static Words,
    texts: &'static SenderTexts,
    language: Language,
    languages: [Language; 3],
    style: &'static str,
    title: &'static str,
    lead: &'static str,
    told: Option<(&'static str, &'static str)>,
    used: Option<&'static str>,
    fates: Vec<(String, &'static str)>,
    findings: Vec<Group>,
    is_cut: bool,
    unread: Group,
    until: String,
    choices: Vec<Offer>,
    guidance: &'a str,
    guidance_url: &'a str,
    legal_url: &'a str,
    organisation: &'a str,
    contact: &'a str,
    event: EventId,
}

/// A choice as the page shows it.
struct Offer {
    name: &'static str,
    head: &'static str,
    text: &'static str,
    /// Of the field for words; empty when there is none.
    label: &'static str,
    /// Characters that the words must have at least.
    least: usize,
    /// What was typed before.
    words: String,
    button: &'static str,
}

impl<'a> Page<'a> {
    fn of(
        standing: &Standing,
        told: Option<&Told>,
        language: Language,
        letterhead: &'a Letterhead,
    ) -> Self {
        let (words, texts) = (Words::of(language), SenderTexts::of(language));
        let (title, lead) = headline(standing, texts);
        let offer = |choice: &Choice| Offer::of(*choice, standing, told, texts);
        let until = |time| fill(words.held_until, "day", &words.day(time));
        Self {
            words,
            texts,
            language,
            languages: Language::ALL,
            style: page::STYLE,
            title,
            lead,
            told: told.map(|told| (texts.stopped_head, told.text(texts))),
            used: standing.used.as_ref().map(|used| used_for(&used.act, texts)),
            fates: standing.fates.iter().flat_map(|fate| lines(fate, texts)).collect(),
            findings: found::groups(&standing.findings, words),
            is_cut: standing.is_cut,
            unread: found::unread(&standing.gaps, words),
            until: standing.held_until.map(until).unwrap_or_default(),
            choices: standing.choices.iter().map(offer).collect(),
            guidance: letterhead.guidance(language),
            guidance_url: letterhead.guidance_url(language),
            legal_url: letterhead.legal_url(language),
            organisation: letterhead.organisation(language),
            contact: letterhead.contact(language),
            event: standing.event,
        }
    }
}

impl Offer {
    fn of(
        choice: Choice,
        standing: &Standing,
        told: Option<&Told>,
        texts: &'static SenderTexts,
    ) -> Self {
        let (head, text, label, button) = match choice {
            Choice::Encrypt => (texts.encrypt_head, texts.encrypt_text, "", texts.encrypt_button),
            Choice::Override => {
                let button = texts.override_button;
                (texts.override_head, texts.override_text, texts.override_label, button)
            }
            Choice::Report => {
                let held = standing.held_until.is_some();
                let text = if held { texts.report_text_held } else { texts.report_text_refused };
                (texts.report_head, text, texts.report_label, texts.report_button)
            }
            Choice::Withdraw => {
                (texts.withdraw_head, texts.withdraw_text, "", texts.withdraw_button)
            }
        };
        let least = if choice == Choice::Override { Gate::LEAST_REASON } else { 0 };
        let words = match told {
            Some(Told::Stopped(Obstacle::Short, same, words)) if *same == choice => words.clone(),
            Some(_) | None => String::new(),
        };
        Self { name: name(choice), head, text, label, least, words, button }
    }
}

impl Told {
    fn text(&self, texts: &'static SenderTexts) -> &'static str {
        let obstacle = match self {
            Self::Stopped(obstacle, ..) => obstacle,
            Self::Unclear => return texts.stopped_unclear,
        };
        match obstacle {
            Obstacle::KeptByLaw => texts.stopped_kept,
            Obstacle::NotHeld => texts.stopped_settled,
            Obstacle::NotLet => texts.stopped_forbidden,
            Obstacle::NotSealed => texts.stopped_unsealed,
            Obstacle::Short => texts.stopped_short,
            Obstacle::Text(FreeTextError::Long | FreeTextError::Reviewer(_)) => texts.stopped_long,
            Obstacle::Text(FreeTextError::Sensitive) => texts.stopped_number,
            Obstacle::Used => texts.stopped_used,
        }
    }
}

fn headline(standing: &Standing, texts: &'static SenderTexts) -> (&'static str, &'static str) {
    let refused = |fate: &FateOf| fate.became == Became::Refused;
    if standing.held_until.is_some() {
        let lead = if standing.used.is_none() { texts.lead_held } else { "" };
        (texts.title_held, lead)
    } else if standing.fates.iter().all(refused) {
        (texts.title_refused, texts.lead_refused)
    } else {
        (texts.title_done, "")
    }
}

/// Each recipient with what became of the message, as far as they are known.
fn lines(fate: &FateOf, texts: &'static SenderTexts) -> Vec<(String, &'static str)> {
    let became = match fate.became {
        Became::Deleted => texts.became_deleted,
        Became::Failed => texts.became_failed,
        Became::Held => texts.became_held,
        Became::Leaving => texts.became_leaving,
        Became::Refused => texts.became_refused,
        Became::Sent => texts.became_sent,
    };
    let many = |number: usize| match number {
        1 => texts.unnamed_one.to_owned(),
        number => fill(texts.unnamed_many, "count", &number.to_string()),
    };
    let named = fate.recipients.iter().take(MOST_NAMED);
    let mut lines: Vec<_> = named.map(|to| (without_numbers(to.as_str()), became)).collect();
    if fate.number > lines.len() {
        lines.push((many(fate.number - lines.len()), became));
    }
    lines
}

fn used_for(act: &str, texts: &'static SenderTexts) -> &'static str {
    match act {
        "deleted" => texts.used_withdraw,
        "overridden" => texts.used_override,
        "proposed" => texts.used_proposed,
        "released" => texts.used_encrypt,
        _ => texts.used_report,
    }
}

fn name(choice: Choice) -> &'static str {
    match choice {
        Choice::Encrypt => "encrypt",
        Choice::Override => "override",
        Choice::Report => "report",
        Choice::Withdraw => "withdraw",
    }
}

fn choice(text: &str) -> Option<Choice> {
    let all = [Choice::Encrypt, Choice::Override, Choice::Report, Choice::Withdraw];
    all.into_iter().find(|choice| name(*choice) == text)
}

const MOST_NAMED: usize = 50;
