//! What people who log in need.

/// What a session is used with, so that its person knows it again.
pub(super) const BROWSER: &[&str] = &["ALTER TABLE session ADD COLUMN browser TEXT"];

/// Accounts and their sessions.
pub(super) const STEP: &[&str] = &[
    // Without a password until the invitation is used. Roles are words with a
    // space between.
    "CREATE TABLE account (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        roles TEXT NOT NULL,
        password TEXT,
        invitation TEXT,
        invited_until BIGINT,
        language TEXT,
        theme TEXT,
        made_at BIGINT NOT NULL,
        closed_at BIGINT)",
    "CREATE INDEX account_by_invitation ON account (invitation) WHERE invitation IS NOT NULL",
    // The token itself is in the browser alone.
    "CREATE TABLE session (
        token TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        seen_at BIGINT NOT NULL)",
    "CREATE INDEX session_by_account ON session (account)",
];

/// Accounts of people who log in at a provider.
pub(super) const PROVIDED: &[&str] = &[
    // Who says who they are, and a keyed hash of what they are called there.
    "ALTER TABLE account ADD COLUMN issuer TEXT",
    "ALTER TABLE account ADD COLUMN subject TEXT",
    "ALTER TABLE account ADD COLUMN provided_at BIGINT",
    "CREATE UNIQUE INDEX account_by_subject ON account (subject) WHERE subject IS NOT NULL",
];
