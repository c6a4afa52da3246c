//! Reports for authorities: chosen here, shown as documents of their own.

use std::{sync::LazyLock, time::Duration};

use askama::Template;
use axum::{
    extract::State as Held,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use super::{broken, day_end, day_start, download, reviewer, texts::OfficerTexts};
use crate::{
    gate::report::{STYLE, Scope, evidence_page, slip_page},
    web::{
        People,
        layout::{self, Frame},
        signed::{Form, Session, Signed},
    },
};

#[derive(Template)]
#[template(path = "officer/reports.html")]
struct ReportsPage {
    frame: Frame,
    texts: &'static OfficerTexts,
    problem: &'static str,
    asked: Asked,
}

/// What the forms of the page send.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Asked {
    event: String,
    from: String,
    to: String,
    purpose: String,
    form: String,
}

/// The page.
pub(in crate::web) async fn show(signed: Signed) -> Response {
    page(&signed, StatusCode::OK, "", Asked::default())
}

/// Makes the report about a slip.
pub(in crate::web) async fn slip(
    Held(people): Held<People>,
    signed: Signed,
    Form(asked): Form<Asked>,
) -> Response {
    let texts = OfficerTexts::of(signed.language());
    let scope = match scope(&asked, texts) {
        Ok(scope) => scope,
        Err(problem) => return page(&signed, StatusCode::BAD_REQUEST, problem, asked),
    };
    let by = match reviewer(&people.gate, &signed, &asked.purpose) {
        Ok(by) => by,
        Err(problem) => return page(&signed, StatusCode::BAD_REQUEST, problem, asked),
    };
    match people.gate.slip(scope, &by).await {
        Ok(slip) if asked.form == JSON => as_json("slip.json", &slip),
        Ok(slip) => document(&signed, slip_page(&slip, signed.language())),
        Err(error) => broken(&signed, &error),
    }
}

/// Gathers the evidence about rules, retention and keys.
pub(in crate::web) async fn evidence(
    Held(people): Held<People>,
    signed: Signed,
    Form(asked): Form<Asked>,
) -> Response {
    let by = match reviewer(&people.gate, &signed, &asked.purpose) {
        Ok(by) => by,
        Err(problem) => return page(&signed, StatusCode::BAD_REQUEST, problem, asked),
    };
    // It checks the whole audit log.
    match timeout(PATIENCE, people.gate.evidence(&by)).await {
        Ok(Ok(evidence)) if asked.form == JSON => as_json("evidence.json", &evidence),
        Ok(Ok(evidence)) => document(&signed, evidence_page(&evidence, signed.language())),
        Ok(Err(error)) => broken(&signed, &error),
        Err(_) => {
            let texts = OfficerTexts::of(signed.language());
            page(&signed, StatusCode::SERVICE_UNAVAILABLE, texts.too_long, asked)
        }
    }
}

fn scope(asked: &Asked, texts: &OfficerTexts) -> Result<Scope, &'static str> {
    if !asked.event.trim().is_empty() {
        let event = asked.event.trim().parse();
        return event.map(Scope::Event).map_err(|_| texts.slip_scope_wrong);
    }
    let from = day_start(&asked.from).map_err(|()| texts.dates_wrong)?;
    let from = from.ok_or(texts.slip_scope_wrong)?;
    let to = day_end(&asked.to).map_err(|()| texts.dates_wrong)?;
    Ok(Scope::Period { from, to: to.unwrap_or(jiff::Timestamp::MAX) })
}

fn page(signed: &Session, status: StatusCode, problem: &'static str, asked: Asked) -> Response {
    let texts = OfficerTexts::of(signed.language());
    let frame = Frame::of(signed, texts.reports_title);
    layout::show(status, &ReportsPage { frame, texts, problem, asked })
}

/// A whole document, with its own style and nothing else.
fn document(signed: &Session, text: Result<String, askama::Error>) -> Response {
    match text {
        Ok(text) => {
            ([(header::CONTENT_SECURITY_POLICY, POLICY.clone())], Html(text)).into_response()
        }
        Err(error) => broken(signed, &error),
    }
}

fn as_json(name: &str, report: &impl Serialize) -> Response {
    let bytes = serde_json::to_vec_pretty(report).unwrap_or_default();
    download(name, "application/json", bytes)
}

static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = BASE64.encode(&Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

const JSON: &str = "json";
/// A request may take ten seconds in all.
const PATIENCE: Duration = Duration::from_secs(8);
