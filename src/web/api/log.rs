//! The audit log, for programs.

use axum::{
    extract::{RawQuery, State as Held},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::{People, Problem};

/// Which rows are asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    from: i64,
    #[serde(default = "most")]
    limit: u32,
}

/// Rows of the log, in order, from a place on.
pub(super) async fn rows(Held(people): Held<People>, RawQuery(query): RawQuery) -> Response {
    let asked: Asked = match serde_html_form::from_str(query.as_deref().unwrap_or("")) {
        Ok(asked) => asked,
        Err(error) => return Problem::Malformed.told(error),
    };
    match people.gate.store().audit_page(asked.from, asked.limit.clamp(1, most())).await {
        Ok(rows) => {
            let next = rows.last().map(|row| row.seq + 1);
            super::json(StatusCode::OK, &json!({ "items": rows, "next": next }))
        }
        Err(error) => Problem::from(error).into_response(),
    }
}

fn most() -> u32 {
    1000
}
