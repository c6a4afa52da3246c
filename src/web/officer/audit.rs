//! The audit log: looking things up, checking the chain, taking a copy.

use std::time::Duration;

use askama::Template;
use axum::{
    extract::{Query, State as Held},
    http::StatusCode,
    response::Response,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::timeout;

use super::{
    audit_texts::AuditTexts, broken, day_end, day_start, download, reviewer, shown,
    texts::OfficerTexts,
};
use crate::{
    base::id::EventId,
    gate::report::act_text,
    model::{Act, Reviewer},
    store::{
        AuditFilter, AuditReport, AuditRow, CSV_HEAD, Checkpoint, EVIDENCE, Store, StoreError,
    },
    web::{
        People,
        layout::{self, Frame},
        signed::{Form, Session, Signed},
    },
};

#[derive(Template)]
#[template(path = "officer/audit.html")]
struct AuditPage {
    frame: Frame,
    texts: &'static AuditTexts,
    common: &'static OfficerTexts,
    asked: Asked,
    acts: Vec<(&'static str, &'static str)>,
    rows: Vec<Line>,
    /// The query of the next page; empty on the last.
    older: String,
    report: Option<AuditReport>,
    checkpoint: Option<Checkpoint>,
    key: String,
    problem: &'static str,
}

/// A row as the page shows it.
struct Line {
    row: AuditRow,
    act: String,
    facts: String,
}

/// Which rows are asked for.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(in crate::web) struct Asked {
    event: String,
    actor: String,
    act: String,
    from: String,
    to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<i64>,
}

/// What the form of a copy sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Wish {
    what: String,
    from: String,
    to: String,
    purpose: String,
    form: String,
}

/// Looks rows up.
pub(in crate::web) async fn show(
    Held(people): Held<People>,
    signed: Signed,
    Query(asked): Query<Asked>,
) -> Response {
    page(&people, &signed, StatusCode::OK, asked, Said::default()).await
}

/// Checks the whole chain.
pub(in crate::web) async fn verify(Held(people): Held<People>, signed: Signed) -> Response {
    let texts = AuditTexts::of(signed.language());
    match timeout(PATIENCE, people.gate.store().audit_verify()).await {
        Ok(Ok(report)) => {
            let said = Said { report: Some(report), ..Said::default() };
            page(&people, &signed, StatusCode::OK, Asked::default(), said).await
        }
        Ok(Err(error)) => broken(&signed, &error),
        Err(_) => problem(&people, &signed, texts.too_long).await,
    }
}

/// Hands out a copy, and writes that down.
pub(in crate::web) async fn export(
    Held(people): Held<People>,
    signed: Signed,
    Form(wish): Form<Wish>,
) -> Response {
    let texts = AuditTexts::of(signed.language());
    let common = OfficerTexts::of(signed.language());
    let (Ok(from), Ok(to)) = (day_start(&wish.from), day_end(&wish.to)) else {
        return problem(&people, &signed, common.dates_wrong).await;
    };
    let by = match reviewer(&people.gate, &signed, &wish.purpose) {
        Ok(by) => by,
        Err(said) => return problem(&people, &signed, said).await,
    };
    match copy(people.gate.store(), &wish, (from, to), &by).await {
        Ok(Copied::File(name, kind, text)) => download(&name, kind, text),
        Ok(Copied::Nothing) => problem(&people, &signed, texts.export_none).await,
        Ok(Copied::TooMany) => problem(&people, &signed, texts.export_many).await,
        Err(error) => broken(&signed, &error),
    }
}

enum Copied {
    File(String, &'static str, String),
    Nothing,
    TooMany,
}

async fn copy(
    store: &Store,
    wish: &Wish,
    (from, to): (Option<Timestamp>, Option<Timestamp>),
    by: &Reviewer,
) -> Result<Copied, StoreError> {
    let ends = (from.unwrap_or(Timestamp::UNIX_EPOCH), to.unwrap_or(Timestamp::MAX));
    let Some((first, last)) = store.audit_between(ends.0, ends.1).await? else {
        return Ok(Copied::Nothing);
    };
    if last - first >= MOST_ROWS {
        return Ok(Copied::TooMany);
    }
    let is_evidence = wish.what == ENDS;
    let what = if is_evidence { "evidence of deletion" } else { "audit log" };
    let bound = |time: Option<Timestamp>| time.map(|time| time.to_string());
    store.note_export(by, what, (bound(from), bound(to))).await?;
    let rows = rows_between(store, (first, last), is_evidence).await?;
    let mut text = String::new();
    let is_csv = wish.form == CSV;
    if is_csv {
        text.push_str(CSV_HEAD);
        text.push_str("\r\n");
    }
    for row in &rows {
        match is_csv {
            true => text.push_str(&(row.csv() + "\r\n")),
            false => text.push_str(&(serde_json::to_string(row).unwrap_or_default() + "\n")),
        }
    }
    if is_evidence && !is_csv {
        text.push_str(&proof(store, rows.last()).await?);
    }
    let (kind, end) =
        if is_csv { ("text/csv; charset=utf-8", "csv") } else { (JSON_LINES, "jsonl") };
    let start = if is_evidence { "evidence" } else { "audit" };
    Ok(Copied::File(format!("{start}-{first}-{last}.{end}"), kind, text))
}

async fn rows_between(
    store: &Store,
    (first, last): (i64, i64),
    is_evidence: bool,
) -> Result<Vec<AuditRow>, StoreError> {
    let mut rows = Vec::new();
    let mut next = first;
    while next <= last {
        let page = store.audit_page(next, 0).await?;
        let Some(end) = page.last().map(|row| row.seq) else { break };
        next = end + 1;
        let fits = |row: &AuditRow| row.seq <= last && (!is_evidence || row.is_evidence());
        rows.extend(page.into_iter().filter(fits));
    }
    Ok(rows)
}

/// What proves rows: the checkpoint over the last of them, and its key.
pub(super) async fn proof(store: &Store, last: Option<&AuditRow>) -> Result<String, StoreError> {
    let signed = match last {
        Some(last) => store.checkpoint_over(last.seq).await?,
        None => None,
    };
    Ok(json!({ "checkpoint": signed, "key": store.audit_key() }).to_string() + "\n")
}

/// What a page says besides its rows.
#[derive(Default)]
struct Said {
    report: Option<AuditReport>,
    problem: &'static str,
}

async fn problem(people: &People, signed: &Session, problem: &'static str) -> Response {
    let said = Said { problem, ..Said::default() };
    page(people, signed, StatusCode::BAD_REQUEST, Asked::default(), said).await
}

async fn page(
    people: &People,
    signed: &Session,
    status: StatusCode,
    asked: Asked,
    said: Said,
) -> Response {
    let (language, store) = (signed.language(), people.gate.store());
    let texts = AuditTexts::of(language);
    let Said { report, mut problem } = said;
    let rows = match filter(&asked) {
        Ok(filter) => match store.audit_search(&filter).await {
            Ok(rows) => rows,
            Err(error) => return broken(signed, &error),
        },
        Err(()) => {
            problem = texts.wrong;
            Vec::new()
        }
    };
    let checkpoint = match store.last_checkpoint().await {
        Ok(checkpoint) => checkpoint,
        Err(error) => return broken(signed, &error),
    };
    let is_full = rows.len() >= ROWS as usize;
    let older = rows
        .last()
        .filter(|_| is_full)
        .map(|last| Asked { before: Some(last.seq), ..asked.clone() });
    let line = |row: AuditRow| {
        let act = row.act.parse::<Act>().map(|act| act_text(act, language).to_owned());
        Line { act: act.unwrap_or_else(|_| row.act.clone()), facts: row.facts.to_string(), row }
    };
    let page = AuditPage {
        frame: Frame::of(signed, texts.title),
        texts,
        common: OfficerTexts::of(language),
        acts: Act::ALL.into_iter().map(|act| (act.as_str(), act_text(act, language))).collect(),
        older: older
            .map(|asked| serde_html_form::to_string(asked).unwrap_or_default())
            .unwrap_or_default(),
        asked,
        rows: rows.into_iter().map(line).collect(),
        report,
        checkpoint,
        key: store.audit_key(),
        problem,
    };
    layout::show(status, &page)
}

fn filter(asked: &Asked) -> Result<AuditFilter, ()> {
    let event = match asked.event.trim() {
        "" => None,
        event => Some(event.parse::<EventId>().map_err(|_| ())?),
    };
    let acts = match asked.act.as_str() {
        "" => Vec::new(),
        ENDS => EVIDENCE.to_vec(),
        act => vec![act.parse().map_err(|_| ())?],
    };
    let actor = Some(asked.actor.trim().to_owned()).filter(|actor| !actor.is_empty());
    let (from, to) = (day_start(&asked.from)?, day_end(&asked.to)?);
    Ok(AuditFilter { event, actor, acts, from, to, before: asked.before, limit: ROWS })
}

impl AuditPage {
    fn filled(&self, text: &str, values: &[&dyn std::fmt::Display]) -> String {
        let fill = |text: String, value: &&dyn std::fmt::Display| {
            text.replacen("{}", &value.to_string(), 1)
        };
        values.iter().fold(text.to_owned(), fill)
    }

    fn holds(&self, report: &AuditReport) -> String {
        self.filled(self.texts.holds, &[&(report.rows + 1 - report.first)])
    }

    fn points(&self, report: &AuditReport) -> String {
        let to = report.signed_to.map_or("–".to_owned(), |row| row.to_string());
        self.filled(self.texts.points, &[&report.checkpoints, &to])
    }

    fn gone(&self, report: &AuditReport) -> String {
        self.filled(self.texts.gone, &[&report.first])
    }

    fn broken(&self, row: &i64) -> String {
        self.filled(self.texts.broken, &[row])
    }

    fn signed(&self, point: &Checkpoint) -> String {
        self.filled(self.texts.checkpoint_at, &[&point.row, &shown(&point.at)])
    }
}

const CSV: &str = "csv";
const ENDS: &str = "ends";
const JSON_LINES: &str = "application/x-ndjson";
/// Rows of a page.
const ROWS: u32 = 50;
/// Rows of a copy; more take the command line.
const MOST_ROWS: i64 = 50_000;
/// A request may take ten seconds in all.
const PATIENCE: Duration = Duration::from_secs(8);
