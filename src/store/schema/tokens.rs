//! What programs log in with.

/// Tokens for the HTTP interface.
pub(super) const STEP: &[&str] = &[
    // The token itself is with the program alone; here is a keyed hash of it.
    "CREATE TABLE api_token (
        id TEXT PRIMARY KEY,
        mark TEXT NOT NULL UNIQUE,
        account TEXT NOT NULL,
        name TEXT NOT NULL,
        roles TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        used_at BIGINT,
        ended_at BIGINT)",
    "CREATE INDEX api_token_by_account ON api_token (account, made_at)",
];
