//! The style and the little script of the pages. Their names hold a hash, so
//! browsers may keep them.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::layout::{self, Trouble};

/// Answers with one of the files.
pub(super) async fn file(Path(name): Path<String>, asked: HeaderMap) -> Response {
    let files = [(&*STYLE_NAME, "text/css", STYLE), (&*SCRIPT_NAME, "text/javascript", SCRIPT)];
    match files.into_iter().find(|(known, ..)| **known == name) {
        Some((_, kind, text)) => {
            let kind = format!("{kind}; charset=utf-8");
            let kept = "public, max-age=31536000, immutable".to_owned();
            ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, kept)], text).into_response()
        }
        None => layout::trouble(StatusCode::NOT_FOUND, Trouble::Missing, &asked),
    }
}

/// The name of the style sheet in `/assets/`.
pub(super) static STYLE_NAME: LazyLock<String> = LazyLock::new(|| named("app", STYLE, "css"));
/// The name of the script in `/assets/`.
pub(super) static SCRIPT_NAME: LazyLock<String> = LazyLock::new(|| named("app", SCRIPT, "js"));

fn named(name: &str, text: &str, kind: &str) -> String {
    let hash = HEXLOWER.encode(&Sha256::digest(text)[..8]);
    format!("{name}-{hash}.{kind}")
}

const STYLE: &str = include_str!("../../templates/app.css");
const SCRIPT: &str = include_str!("../../templates/app.js");
