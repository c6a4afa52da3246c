//! What is kept about a person: found, handed out, corrected, erased.

use std::{sync::Arc, time::Duration};

use askama::Template;
use axum::{
    extract::{Path, State as Held},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use super::{
    audit::proof,
    broken, download,
    persons_texts::PersonsTexts,
    reviewer,
    searches::{Search, SearchState, SubjectKind},
    shown,
    texts::OfficerTexts,
};
use crate::{
    base::id::EventId,
    gate::{Disclosure, Ended, Erasure, GateError, Subject, Trace, Traces},
    model::{Act, Address},
    store::{AuditRow, Erased, HeldId, HeldState},
    web::{
        People,
        layout::{self, Frame, Trouble},
        signed::{Form, Session, Signed},
    },
};

#[derive(Template)]
#[template(path = "officer/persons.html")]
struct PersonsPage {
    frame: Frame,
    texts: &'static PersonsTexts,
    common: &'static OfficerTexts,
    problem: &'static str,
}

#[derive(Template)]
#[template(path = "officer/person.html")]
struct PersonPage {
    frame: Frame,
    texts: &'static PersonsTexts,
    name: String,
    kind: SubjectKind,
    traces: Arc<Traces>,
    /// Who is to hear of the correction that was just made.
    tell: Option<Vec<Disclosure>>,
    problem: &'static str,
}

#[derive(Template)]
#[template(path = "officer/person_wait.html")]
struct WaitPage {
    frame: Frame,
    texts: &'static PersonsTexts,
    running: bool,
}

#[derive(Template)]
#[template(path = "officer/person_erased.html")]
struct ErasedPage {
    frame: Frame,
    texts: &'static PersonsTexts,
    name: String,
    ended: Arc<Vec<Ended>>,
}

/// What the search form sends. It is dropped with the request.
#[derive(Deserialize)]
pub(in crate::web) struct Question {
    kind: SubjectKind,
    whom: String,
    purpose: String,
}

/// What the forms of a result send.
#[derive(Deserialize)]
pub(in crate::web) struct Choice {
    #[serde(default)]
    event: Vec<EventId>,
    #[serde(default)]
    sure: String,
}

/// What the form of a correction sends.
#[derive(Deserialize)]
pub(in crate::web) struct Note {
    held: HeldId,
    text: String,
}

/// The search form.
pub(in crate::web) async fn show(signed: Signed) -> Response {
    form(&signed, StatusCode::OK, "")
}

/// Begins a search, and waits a little for its end.
pub(in crate::web) async fn find(
    Held(people): Held<People>,
    signed: Signed,
    Form(question): Form<Question>,
) -> Response {
    let texts = PersonsTexts::of(signed.language());
    let subject = match subject(&question, texts) {
        Ok(subject) => subject,
        Err(problem) => return form(&signed, StatusCode::BAD_REQUEST, problem),
    };
    let by = match reviewer(&people.gate, &signed, &question.purpose) {
        Ok(by) => by,
        Err(problem) => return form(&signed, StatusCode::BAD_REQUEST, problem),
    };
    let Some(name) = people.searches.begin(signed.id(), by.clone(), question.kind) else {
        return layout::trouble_for(&signed, StatusCode::SERVICE_UNAVAILABLE, Trouble::Broken);
    };
    let (searches, gate, key) = (people.searches.clone(), people.gate.clone(), name.clone());
    let search = tokio::spawn(async move {
        let state = match gate.find_subject(&subject, &by).await {
            Ok(traces) => SearchState::Found(Arc::new(traces)),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "search broke off");
                SearchState::Failed
            }
        };
        searches.set(&key, state);
    });
    // Longer than this, and the page looks again by itself.
    let _ = timeout(PATIENCE, search).await;
    Redirect::to(&format!("/persons/{name}")).into_response()
}

fn subject(question: &Question, texts: &PersonsTexts) -> Result<Subject, &'static str> {
    let whom = question.whom.trim();
    match question.kind {
        SubjectKind::Address => {
            let address = whom.parse::<Address>().ok().filter(|_| whom.contains('@'));
            address.map(Subject::Address).ok_or(texts.address_wrong)
        }
        SubjectKind::Name if whom.chars().filter(|c| c.is_alphabetic()).count() < 3 => {
            Err(texts.name_short)
        }
        SubjectKind::Name => Ok(Subject::Name(whom.to_owned())),
        // Less than this is in half the mail there is, which would be erased.
        SubjectKind::Number if whom.chars().filter(char::is_ascii_digit).count() < 9 => {
            Err(texts.number_short)
        }
        SubjectKind::Number => Ok(Subject::Number(whom.to_owned())),
    }
}

/// What a search found.
pub(in crate::web) async fn result(
    Held(people): Held<People>,
    signed: Signed,
    Path(name): Path<String>,
) -> Response {
    let Some(search) = people.searches.of(signed.id(), &name) else { return gone(&signed) };
    match search.state {
        SearchState::Erased(ended) => erased_page(&signed, name, ended),
        SearchState::Failed => wait(&signed, false),
        SearchState::Found(traces) => person(&signed, (name, search.kind), traces, Said::default()),
        SearchState::Running => wait(&signed, true),
    }
}

/// Hands out a package.
pub(in crate::web) async fn export(
    Held(people): Held<People>,
    signed: Signed,
    Path(name): Path<String>,
    Form(choice): Form<Choice>,
) -> Response {
    let texts = PersonsTexts::of(signed.language());
    let size = |trace: &Trace| trace.held.iter().map(|item| item.held.size).sum::<u64>();
    let fault = |chosen: &Traces| {
        let bytes = chosen.traces.iter().map(size).sum::<u64>();
        (bytes > MOST_BYTES).then_some(texts.too_big)
    };
    let (search, chosen) = match chosen(&people, &signed, &name, (&choice, fault)) {
        Ok(chosen) => chosen,
        Err(response) => return *response,
    };
    let dossiers = match people.gate.export_subject(&chosen, &search.by).await {
        Ok(dossiers) => dossiers,
        Err(error) => return broken(&signed, &error),
    };
    match people.gate.package(&chosen, &dossiers, &search.by) {
        Ok(bytes) => download(&format!("person-{}.zip", chosen.person), "application/zip", bytes),
        Err(error) => broken(&signed, &error),
    }
}

/// Notes what is wrong in a held message.
pub(in crate::web) async fn correct(
    Held(people): Held<People>,
    signed: Signed,
    Path(name): Path<String>,
    Form(note): Form<Note>,
) -> Response {
    let (search, traces) = match found(&people, &signed, &name) {
        Ok(found) => found,
        Err(response) => return *response,
    };
    let held = |trace: &Trace| trace.held.iter().any(|item| item.held.id == note.held);
    let event = traces.traces.iter().find(|trace| held(trace)).map(|trace| trace.event);
    let Some(event) = event.filter(|_| !note.text.trim().is_empty()) else {
        return layout::trouble_for(&signed, StatusCode::BAD_REQUEST, Trouble::Incomplete);
    };
    let store = people.gate.store();
    if let Err(error) = store.correct(note.held, note.text.trim(), &search.by).await {
        return broken(&signed, &error);
    }
    let corrections = match store.corrections(note.held).await {
        Ok(corrections) => corrections,
        Err(error) => return broken(&signed, &error),
    };
    let tell = match people.gate.reached_by(event).await {
        Ok(reached) => Some(reached),
        Err(error) => return broken(&signed, &error),
    };
    let mut traces = Traces::clone(&traces);
    let items = traces.traces.iter_mut().flat_map(|trace| &mut trace.held);
    for item in items.filter(|item| item.held.id == note.held) {
        item.corrections.clone_from(&corrections);
    }
    let traces = Arc::new(traces);
    people.searches.set(&name, SearchState::Found(traces.clone()));
    person(&signed, (name, search.kind), traces, Said { tell, problem: "" })
}

/// Erases the chosen messages, and signs the log so that it is evidence.
pub(in crate::web) async fn erase(
    Held(people): Held<People>,
    signed: Signed,
    Path(name): Path<String>,
    Form(choice): Form<Choice>,
) -> Response {
    let texts = PersonsTexts::of(signed.language());
    let fault = |_: &Traces| (choice.sure != "yes").then_some(texts.erase_unsure);
    let (search, chosen) = match chosen(&people, &signed, &name, (&choice, fault)) {
        Ok(chosen) => chosen,
        Err(response) => return *response,
    };
    let ended = match people.gate.erase_subject(&chosen, &search.by).await {
        Ok(ended) => ended,
        Err(error) => return broken(&signed, &error),
    };
    if let Err(error) = people.gate.store().sign_audit(people.gate.now()).await {
        return broken(&signed, &error);
    }
    let ended = Arc::new(ended);
    // What was found goes with it.
    people.searches.set(&name, SearchState::Erased(ended.clone()));
    erased_page(&signed, name, ended)
}

/// Hands out what proves an erasure.
pub(in crate::web) async fn evidence(
    Held(people): Held<People>,
    signed: Signed,
    Path(name): Path<String>,
) -> Response {
    let Some(search) = people.searches.of(signed.id(), &name) else { return gone(&signed) };
    let SearchState::Erased(ended) = &search.state else { return gone(&signed) };
    match proven(&people, &search, ended).await {
        Ok(text) => download("erasure.jsonl", "application/x-ndjson", text),
        Err(error) => broken(&signed, &error),
    }
}

/// The audit rows of the erasures, the signature over the last of them, and
/// who had got what was erased.
async fn proven(people: &People, search: &Search, ended: &[Ended]) -> Result<String, GateError> {
    let store = people.gate.store();
    let mut rows: Vec<AuditRow> = Vec::new();
    for one in ended {
        let history = store.event_audit(one.event).await?;
        rows.extend(history.into_iter().filter(|row| row.act == Act::Erased.as_str()));
    }
    rows.sort_by_key(|row| row.seq);
    store.note_export(&search.by, "evidence of deletion", (None, None)).await?;
    let mut text = String::new();
    for row in &rows {
        text.push_str(&serde_json::to_string(row).unwrap_or_default());
        text.push('\n');
    }
    text.push_str(&proof(store, rows.last()).await?);
    let tell = |one: &Disclosure| json!({ "event": one.event, "recipient": one.recipient, "queued_at": one.at.to_string() });
    let tell: Vec<_> = ended.iter().flat_map(|one| &one.reached).map(tell).collect();
    text.push_str(&(json!({ "disclosed": tell }).to_string() + "\n"));
    Ok(text)
}

/// A search that found something to act on.
fn found(
    people: &People,
    signed: &Session,
    name: &str,
) -> Result<(Search, Arc<Traces>), Box<Response>> {
    let Some(search) = people.searches.of(signed.id(), name) else {
        return Err(Box::new(gone(signed)));
    };
    match &search.state {
        SearchState::Found(traces) => {
            let traces = traces.clone();
            Ok((search, traces))
        }
        SearchState::Erased(_) | SearchState::Failed => Err(Box::new(gone(signed))),
        SearchState::Running => Err(Box::new(wait(signed, true))),
    }
}

/// A search with those of its traces that were chosen, unless there are none or
/// something else is wrong with the choice.
fn chosen(
    people: &People,
    signed: &Session,
    name: &str,
    (choice, fault): (&Choice, impl FnOnce(&Traces) -> Option<&'static str>),
) -> Result<(Search, Traces), Box<Response>> {
    let (search, traces) = found(people, signed, name)?;
    let mut chosen = Traces::clone(&traces);
    chosen.traces.retain(|trace| choice.event.contains(&trace.event));
    let none = PersonsTexts::of(signed.language()).choose_none;
    let fault = if chosen.traces.is_empty() { Some(none) } else { fault(&chosen) };
    match fault {
        None => Ok((search, chosen)),
        Some(fault) => {
            let page = person(signed, (name.to_owned(), search.kind), traces, fault.into());
            Err(Box::new(page))
        }
    }
}

fn form(signed: &Session, status: StatusCode, problem: &'static str) -> Response {
    let texts = PersonsTexts::of(signed.language());
    let common = OfficerTexts::of(signed.language());
    let frame = Frame::of(signed, texts.title);
    layout::show(status, &PersonsPage { frame, texts, common, problem })
}

fn gone(signed: &Session) -> Response {
    form(signed, StatusCode::NOT_FOUND, PersonsTexts::of(signed.language()).gone)
}

fn wait(signed: &Session, running: bool) -> Response {
    let texts = PersonsTexts::of(signed.language());
    let frame = Frame::of(signed, if running { texts.running_title } else { texts.title });
    layout::show(StatusCode::OK, &WaitPage { frame, texts, running })
}

fn person(
    signed: &Session,
    (name, kind): (String, SubjectKind),
    traces: Arc<Traces>,
    Said { tell, problem }: Said,
) -> Response {
    let texts = PersonsTexts::of(signed.language());
    let frame = Frame::of(signed, texts.found_title);
    let status = if problem.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    layout::show(status, &PersonPage { frame, texts, name, kind, traces, tell, problem })
}

/// What the page of a person says about the form before it.
#[derive(Default)]
struct Said {
    tell: Option<Vec<Disclosure>>,
    problem: &'static str,
}

impl From<&'static str> for Said {
    fn from(problem: &'static str) -> Self {
        Self { tell: None, problem }
    }
}

fn erased_page(signed: &Session, name: String, ended: Arc<Vec<Ended>>) -> Response {
    let texts = PersonsTexts::of(signed.language());
    let frame = Frame::of(signed, texts.erased_title);
    layout::show(StatusCode::OK, &ErasedPage { frame, texts, name, ended })
}

impl PersonPage {
    fn about(&self) -> &'static str {
        match self.kind {
            SubjectKind::Address => self.texts.found_address,
            SubjectKind::Name => self.texts.found_name,
            SubjectKind::Number => self.texts.found_number,
        }
    }

    /// Whether messages are chosen to begin with: others may have a name.
    fn is_sure(&self) -> bool {
        match self.kind {
            SubjectKind::Address | SubjectKind::Number => true,
            SubjectKind::Name => false,
        }
    }

    fn state(&self, state: &HeldState) -> &'static str {
        match state {
            HeldState::Deleted => self.texts.state_deleted,
            HeldState::Held => self.texts.state_held,
            HeldState::Rejected => self.texts.state_rejected,
            HeldState::Released => self.texts.state_released,
        }
    }

    fn recipients(&self, recipients: &[Address]) -> String {
        recipients.iter().map(|to| to.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl ErasedPage {
    fn erased(&self, erased: &Erased) -> String {
        let numbers = [erased.held, erased.outbox, erased.waited];
        let fill = |text: String, number: &usize| text.replacen("{}", &number.to_string(), 1);
        numbers.iter().fold(self.texts.erased_one.to_owned(), fill)
    }

    fn is_swept(&self) -> bool {
        self.ended.iter().all(|one| match &one.erasure {
            Erasure::Done(erased) => erased.swept,
            Erasure::KeptByLaw => true,
        })
    }

    fn tell(&self) -> Vec<&Disclosure> {
        self.ended.iter().flat_map(|one| &one.reached).collect()
    }
}

/// How long a search is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// As much as a package may hold here; it is put together in memory.
const MOST_BYTES: u64 = 64 << 20;
