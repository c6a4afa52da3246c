//! The pages of the data protection officer and of the auditor: persons, legal
//! holds, the audit log, reports.
//!
//! Whoever acts here gives a purpose, which the audit log keeps for years; so a
//! purpose that holds a number is not taken. A number that somebody is looked
//! for by is never shown, logged or kept.

pub(super) mod audit;
mod audit_texts;
pub(super) mod holds;
pub(super) mod persons;
mod persons_texts;
pub(super) mod reports;
pub(super) mod searches;
mod texts;

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Time},
    tz::Offset,
};

use self::texts::OfficerTexts;
use super::{
    layout::{self, Trouble},
    signed::Session,
};
use crate::{gate::Gate, model::Reviewer};

/// Whoever acts, with the purpose that was typed; else what is wrong with it.
fn reviewer(gate: &Gate, signed: &Session, purpose: &str) -> Result<Reviewer, &'static str> {
    let texts = OfficerTexts::of(signed.language());
    let purpose = gate.checked_text(purpose).map_err(|_| texts.purpose_sensitive)?;
    Reviewer::new(signed.name(), &purpose).map_err(|_| texts.purpose_missing)
}

/// Says that something inside failed, and logs it.
fn broken(signed: &Session, error: &(dyn std::error::Error + 'static)) -> Response {
    tracing::error!(error, "page of {} not answered", signed.id());
    layout::trouble_for(signed, StatusCode::SERVICE_UNAVAILABLE, Trouble::Broken)
}

/// A file to keep.
fn download(name: &str, kind: &'static str, bytes: impl Into<axum::body::Body>) -> Response {
    let shown = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let shown = shown.unwrap_or(HeaderValue::from_static("attachment"));
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, shown),
    ];
    (headers, bytes.into()).into_response()
}

/// Every text of these pages.
#[cfg(test)]
pub(super) fn all_texts() -> Vec<(&'static str, [&'static str; 3])> {
    let all = [audit_texts::AuditTexts::all(), OfficerTexts::all()];
    [all.concat(), persons_texts::PersonsTexts::all()].concat()
}

/// A time as people read it; always UTC, as the audit log has it.
fn shown(time: &Timestamp) -> String {
    let time = Offset::UTC.to_datetime(*time);
    format!("{} {:02}:{:02}", time.date(), time.hour(), time.minute())
}

/// The first moment of a day as it stands in a field; none for an empty field.
fn day_start(text: &str) -> Result<Option<Timestamp>, ()> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let day: Date = text.trim().parse().map_err(|_| ())?;
    Offset::UTC.to_timestamp(day.to_datetime(Time::midnight())).map(Some).map_err(|_| ())
}

/// The last moment of a day as it stands in a field.
fn day_end(text: &str) -> Result<Option<Timestamp>, ()> {
    let day = SignedDuration::from_hours(24) - SignedDuration::from_millis(1);
    day_start(text)?.map(|start| start.checked_add(day)).transpose().map_err(|_| ())
}
