//! What programs log in with, and where people get mail.

/// Tokens for the HTTP interface, and addresses of accounts.
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
    // Where the person gets mail, besides what the name says; with blanks between.
    "ALTER TABLE account ADD COLUMN addresses TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX api_token_by_account ON api_token (account, made_at)",
];
