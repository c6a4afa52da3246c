//! What a log-in asks for besides the password.

/// Secrets of authenticators and recovery codes.
pub(super) const STEP: &[&str] = &[
    // Both secrets are sealed. The pending one waits for its first code; the
    // other one counts.
    "CREATE TABLE second_factor (
        account TEXT PRIMARY KEY,
        pending TEXT,
        secret TEXT,
        set_at BIGINT,
        last_step BIGINT NOT NULL)",
    // A keyed hash of each code that is left.
    "CREATE TABLE recovery_code (
        mark TEXT PRIMARY KEY,
        account TEXT NOT NULL)",
    "CREATE INDEX recovery_code_by_account ON recovery_code (account)",
];
