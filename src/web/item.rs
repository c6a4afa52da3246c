//! One held message: what was found in it, all that could be read, what was
//! done with it, and what can be done.
//!
//! Every look leaves a row in the audit log, and shows no value; to see one, a
//! person says why. The frame with the HTML body is a response of its own that
//! may do nothing at all.

use std::sync::LazyLock;

use askama::Template;
use axum::{
    extract::{Path, RawQuery, State as Held},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use data_encoding::BASE64;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{
    People,
    layout::{self, Frame, Trouble},
    queue::{self, Asked, Row, failed, time, told},
    queue_texts::{QueueTexts, level_tint},
    signed::{Form, Session, Signed},
};
use crate::{
    gate::{Branch, Content, GateError, Granted, Look, Passage, Piece, Seen, hidden},
    model::{MethodId, Offer, PartPath, Permission},
    notify::words::Words,
    store::{self, AuditRow, Comment, HeldId, HeldState, WrongAlarm},
};

#[derive(Template)]
#[template(path = "item.html")]
struct ItemPage {
    frame: Frame,
    texts: &'static QueueTexts,
    row: Row,
    recipients: Vec<String>,
    routes: Vec<String>,
    reasons: Vec<String>,
    message_id: String,
    persons: usize,
    findings: Vec<Finding>,
    gaps: Vec<(String, &'static str)>,
    headers: Vec<(String, Vec<Piece>)>,
    passages: Vec<Text>,
    outline: Vec<Branch>,
    html: Body,
    cut: bool,
    gone: bool,
    revealed: bool,
    waits: bool,
    history: Vec<Done>,
    comments: Vec<Comment>,
    sender: Vec<(&'static str, u64)>,
    keyless: Vec<String>,
    rules: Vec<String>,
    may_decide: bool,
    may_reveal: bool,
    said: Said,
}

/// What is told at the top of the page.
#[derive(Default)]
struct Said {
    text: &'static str,
    tint: &'static str,
}

/// Where the HTML body is to be seen.
enum Body {
    /// In a frame with an address of its own.
    Apart,
    /// In the page, once.
    Here(String),
    /// There is none.
    None,
}

struct Finding {
    kind: String,
    rule: String,
    level: &'static str,
    tint: &'static str,
    masked: String,
    place: String,
    words: Vec<String>,
    context: Vec<Piece>,
}

struct Text {
    surface: &'static str,
    path: String,
    places: Vec<(String, Vec<Piece>)>,
}

struct Done {
    at: String,
    actor: String,
    act: &'static str,
    word: String,
    why: String,
}

/// One message, masked.
pub(super) async fn show(
    Held(people): Held<People>,
    signed: Signed,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let texts = QueueTexts::of(signed.language());
    let said = match query.as_deref() {
        Some("done") => Said { text: texts.done, tint: "good" },
        Some("proposed") => Said { text: texts.done_proposed, tint: "warn" },
        Some("already") => Said { text: texts.done_already, tint: "warn" },
        Some(_) | None => Said::default(),
    };
    masked_page(&people, &signed, &id, (StatusCode::OK, said)).await
}

async fn masked_page(
    people: &People,
    signed: &Session,
    id: &str,
    (status, said): (StatusCode, Said),
) -> Response {
    match look(people, signed, id).await {
        Ok(look) => layout::show(status, &page(people, signed, look, said)),
        Err(error) => failed(signed, &error),
    }
}

async fn look(people: &People, signed: &Session, id: &str) -> Result<Look, GateError> {
    let by = people.gate.reviewer(signed.name(), "looked at it in the pages")?;
    people.gate.look(parse(id)?, &by).await
}

fn parse(id: &str) -> Result<HeldId, GateError> {
    id.parse().map_err(|_| GateError::NotHeld("of this name".to_owned()))
}

/// The HTML body, in a response that may do nothing.
pub(super) async fn preview(
    Held(people): Held<People>,
    signed: Signed,
    Path(id): Path<String>,
) -> Response {
    let html = match look(&people, &signed, &id).await {
        Ok(Look { content: Content::Read { html: Some(html), .. }, .. }) => html,
        Ok(_) => return layout::trouble_for(&signed, StatusCode::NOT_FOUND, Trouble::Missing),
        Err(error) => return failed(&signed, &error),
    };
    let head = [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PREVIEW_POLICY)),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
    ];
    (head, Html(framed(&html, signed.language().as_str(), FRAME_STYLE))).into_response()
}

/// The body as a page of its own. Inside another page it has no style: the
/// policy of that page holds there too.
fn framed(html: &str, language: &str, style: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"{language}\"><head><meta charset=\"utf-8\"><title>Sluse</title>\
         {style}</head><body><main>{html}</main></body></html>"
    )
}

/// Why somebody wants to see.
#[derive(Deserialize)]
pub(super) struct Why {
    #[serde(default)]
    purpose: String,
}

impl Why {
    pub(super) fn purpose(&self) -> &str {
        &self.purpose
    }
}

/// One message with its values, once.
pub(super) async fn reveal(
    Held(people): Held<People>,
    signed: Signed,
    Path(id): Path<String>,
    Form(why): Form<Why>,
) -> Response {
    let revealed = async {
        let by = people.gate.reviewer(signed.name(), &why.purpose)?;
        people.gate.reveal(parse(&id)?, &by).await
    };
    match revealed.await {
        Ok(look) => {
            let texts = QueueTexts::of(signed.language());
            let mut page =
                page(&people, &signed, look, Said { text: texts.revealed, tint: "warn" });
            page.revealed = true;
            if let Body::Here(html) = &mut page.html {
                *html = framed(html, signed.language().as_str(), "");
            }
            let mut response = layout::show(StatusCode::OK, &page);
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, REVEALED_POLICY.clone());
            response
        }
        Err(error) => answer(&people, &signed, &id, Err(error)).await,
    }
}

/// The whole source, as a file.
pub(super) async fn raw(
    Held(people): Held<People>,
    signed: Signed,
    Path(id): Path<String>,
    Form(why): Form<Why>,
) -> Response {
    let opened = async {
        let by = people.gate.reviewer(signed.name(), &why.purpose)?;
        Ok(people.gate.store().reveal_held(parse(&id)?, &by).await?)
    };
    match opened.await {
        Ok(raw) => {
            let name = format!(
                "attachment; filename=\"{}.txt\"",
                parse(&id).map_or_else(|_| "message".to_owned(), |id| id.to_string())
            );
            let name = HeaderValue::from_str(&name);
            let name = name.unwrap_or(HeaderValue::from_static("attachment"));
            let head = [
                (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
                (header::CONTENT_DISPOSITION, name),
                (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PREVIEW_POLICY)),
                (HeaderName::from_static("x-download-options"), HeaderValue::from_static("noopen")),
            ];
            (head, raw).into_response()
        }
        Err(error) => answer(&people, &signed, &id, Err(error)).await,
    }
}

/// Does what is asked for.
pub(super) async fn act(
    Held(people): Held<People>,
    signed: Signed,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    let Some(wish) = asked.wish() else {
        return layout::trouble(StatusCode::BAD_REQUEST, Trouble::Incomplete, &headers);
    };
    let granted = async {
        let actor = people.actor(&signed, asked.purpose())?;
        people.gate.grant(parse(&id)?, &wish, &actor).await
    };
    let granted = granted.await;
    answer(&people, &signed, &id, granted.map(Some)).await
}

/// Says that a finding is wrong.
#[derive(Deserialize)]
pub(super) struct Alarm {
    rule: String,
    #[serde(default)]
    word: String,
    #[serde(default)]
    purpose: String,
}

/// Writes down that a finding is wrong, and tries the word.
pub(super) async fn alarm(
    Held(people): Held<People>,
    signed: Signed,
    Path(id): Path<String>,
    Form(alarm): Form<Alarm>,
) -> Response {
    let reported = async {
        let actor = people.actor(&signed, &alarm.purpose)?;
        let alarm = WrongAlarm { rule: alarm.rule, word: alarm.word };
        people.gate.report_alarm(parse(&id)?, &alarm, &actor).await
    };
    match reported.await {
        Ok(Some(_)) => Redirect::to("/proposals").into_response(),
        Ok(None) => answer(&people, &signed, &id, Ok(None)).await,
        Err(error) => answer(&people, &signed, &id, Err(error)).await,
    }
}

/// Who is to look at it.
#[derive(Deserialize)]
pub(super) struct Assign {
    #[serde(default)]
    nobody: String,
}

/// Gives it to the person, or to nobody.
pub(super) async fn assign(
    Held(people): Held<People>,
    signed: Signed,
    Path(id): Path<String>,
    Form(asked): Form<Assign>,
) -> Response {
    let assigned = async {
        let by = people.gate.reviewer(signed.name(), "assigned in the pages")?;
        let to = asked.nobody.is_empty().then_some(signed.name());
        people.gate.store().assign(parse(&id)?, to, &by).await?;
        Ok(None)
    };
    let assigned = assigned.await;
    answer(&people, &signed, &id, assigned).await
}

/// A comment.
#[derive(Deserialize)]
pub(super) struct NewComment {
    #[serde(default)]
    text: String,
}

/// Keeps a comment.
pub(super) async fn comment(
    Held(people): Held<People>,
    signed: Signed,
    Path(id): Path<String>,
    Form(asked): Form<NewComment>,
) -> Response {
    let kept = async {
        let by = people.gate.reviewer(signed.name(), &asked.text)?;
        people.gate.store().comment(parse(&id)?, &by).await?;
        Ok(None)
    };
    let kept = kept.await;
    answer(&people, &signed, &id, kept).await
}

/// Back to the message when it was done; the page with the reason when not.
async fn answer(
    people: &People,
    signed: &Session,
    id: &str,
    granted: Result<Option<Granted>, GateError>,
) -> Response {
    let texts = QueueTexts::of(signed.language());
    let granted = match granted {
        Ok(None) => Ok(Granted::Done),
        Ok(Some(granted)) => Ok(granted),
        Err(error) => Err(error),
    };
    let word = match &granted {
        Ok(Granted::Already(_)) => "already",
        Ok(Granted::Done) => "done",
        Ok(Granted::Proposed) => "proposed",
        Err(error) => {
            let text = queue::why(error, texts);
            if text == texts.done_failed {
                return failed(signed, error);
            }
            let (text, tint) = told(&granted, texts);
            let said = (StatusCode::BAD_REQUEST, Said { text, tint });
            return masked_page(people, signed, id, said).await;
        }
    };
    Redirect::to(&format!("/queue/{id}?{word}")).into_response()
}

fn page(people: &People, signed: &Session, look: Look, said: Said) -> ItemPage {
    let texts = QueueTexts::of(signed.language());
    let words = Words::of(signed.language());
    let Look { held, content, history, comments, sender } = look;
    let mut page = ItemPage {
        frame: Frame::of(signed, format!("{} {}", texts.event, held.event)),
        texts,
        row: Row::of(&held, texts),
        recipients: held.recipients.iter().map(|to| hidden(to.as_str())).collect(),
        routes: held.routes.clone(),
        reasons: held.reasons.clone(),
        message_id: hidden(held.message_id.as_deref().unwrap_or_default()),
        persons: 0,
        findings: Vec::new(),
        gaps: Vec::new(),
        headers: Vec::new(),
        passages: Vec::new(),
        outline: Vec::new(),
        html: Body::None,
        cut: false,
        gone: true,
        revealed: false,
        waits: held.state == HeldState::Held,
        history: history.iter().map(|row| done(row, texts)).collect(),
        comments,
        sender: sender.into_iter().map(|(state, n)| (texts.state_of(state), n)).collect(),
        keyless: keyless(people, &held),
        rules: held.rules.clone(),
        may_decide: signed.may(Permission::Decide),
        may_reveal: signed.may(Permission::Reveal),
        said,
    };
    if let Content::Read { findings, gaps, headers, passages, cut, outline, html, persons } =
        content
    {
        page.gone = false;
        page.persons = persons;
        page.cut = cut;
        page.outline = outline;
        page.headers = headers;
        page.gaps =
            gaps.iter().map(|gap| (place(&gap.path, words), words.gap(&gap.kind))).collect();
        page.findings = findings.into_iter().map(|seen| finding(seen, texts, words)).collect();
        page.passages = passages.into_iter().map(|passage| text(passage, texts)).collect();
        page.html = html.map_or(Body::None, Body::Here);
    }
    page
}

impl ItemPage {
    /// Where the HTML body is to be seen: masked in a frame of its own.
    fn frame_of_html(&self) -> &Body {
        match (&self.html, self.revealed) {
            (Body::Here(_), false) => &Body::Apart,
            (html, _) => html,
        }
    }
}

/// Recipients who cannot get it encrypted.
fn keyless(people: &People, held: &store::Held) -> Vec<String> {
    let gate = &people.gate;
    let offers = gate.protector().offers(&held.recipients, &[MethodId::Openpgp], gate.now());
    let lacking = offers.iter().filter(|offer: &&Offer| offer.key.is_err());
    lacking.map(|offer| hidden(offer.recipient.as_str())).collect()
}

fn finding(seen: Seen, texts: &'static QueueTexts, words: &Words) -> Finding {
    let Seen { finding, context } = seen;
    Finding {
        kind: words.kind(&finding.rule, &finding.kind),
        rule: finding.rule.to_string(),
        level: texts.level_of(Some(finding.level)),
        tint: level_tint(Some(finding.level)),
        masked: finding.masked.to_string(),
        place: place(&finding.path, words),
        words: finding.words.iter().map(ToString::to_string).collect(),
        context,
    }
}

fn text(passage: Passage, texts: &'static QueueTexts) -> Text {
    let places = passage.places.into_iter();
    Text {
        surface: texts.surface_of(passage.surface),
        path: passage.path,
        places: places.map(|place| (place.name.unwrap_or_default(), place.pieces)).collect(),
    }
}

fn place(path: &PartPath, words: &Words) -> String {
    let names: Vec<String> = path.names().into_iter().map(|name| words.place(name)).collect();
    hidden(&names.join(" › "))
}

fn done(row: &AuditRow, texts: &'static QueueTexts) -> Done {
    let why = ["purpose", "comment", "question", "words"];
    let why = why.into_iter().filter_map(|name| row.facts[name].as_str());
    Done {
        at: time(row.at),
        actor: row.actor.clone(),
        act: texts.act_of(&row.act),
        word: row.act.clone(),
        why: why.collect::<Vec<_>>().join(" · "),
    }
}

/// A frame that stands in the page lives under the policy of the page, which
/// then has to know the style of the frame.
static REVEALED_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style =
        format!("style-src 'self' 'sha256-{}'", BASE64.encode(&Sha256::digest(FRAME_STYLE)));
    let policy = layout::POLICY.replace("style-src 'self'", &style);
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(layout::POLICY))
});

const PREVIEW_POLICY: &str = "sandbox; default-src 'none'; img-src data:; \
                              style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
const FRAME_STYLE: &str = "<style>body{font:16px/1.5 sans-serif;margin:1em;color:#111;background:#fff;\
                           overflow-wrap:anywhere}table{border-collapse:collapse}td,th{padding:.2em \
                           .5em;border:1px solid #ccc}mark{background:#ffe9a8}</style>";
