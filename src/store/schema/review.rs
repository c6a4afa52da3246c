//! What reviewers do together.

/// Requests that a second person must agree to, comments, and proposals for
/// the rules.
pub(super) const STEP: &[&str] = &[
    "CREATE TABLE proposal (
        id TEXT PRIMARY KEY,
        held TEXT NOT NULL,
        what TEXT NOT NULL,
        state TEXT NOT NULL,
        asked_at BIGINT NOT NULL,
        asked_by TEXT NOT NULL,
        purpose TEXT NOT NULL,
        settled_at BIGINT,
        settled_by TEXT)",
    // At most one open request for a held message.
    "CREATE UNIQUE INDEX proposal_open ON proposal (held) WHERE state = 'open'",
    "CREATE INDEX proposal_by_held ON proposal (held)",
    // Sealed like content.
    "CREATE TABLE held_comment (
        id TEXT PRIMARY KEY,
        held TEXT NOT NULL,
        at BIGINT NOT NULL,
        actor TEXT NOT NULL,
        sealed TEXT NOT NULL,
        sealed_key TEXT NOT NULL)",
    "CREATE INDEX held_comment_by_held ON held_comment (held)",
    // Words that a rule might take as a sign against a finding, and what that
    // would have changed. Never applied by itself.
    "CREATE TABLE rule_proposal (
        id TEXT PRIMARY KEY,
        held TEXT NOT NULL,
        at BIGINT NOT NULL,
        actor TEXT NOT NULL,
        rule TEXT NOT NULL,
        word TEXT NOT NULL,
        purpose TEXT NOT NULL,
        trial TEXT NOT NULL)",
];
