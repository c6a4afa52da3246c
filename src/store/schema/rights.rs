//! What audit, retention and the rights of persons need.

/// Checkpoints, legal holds, the index of persons, corrections.
pub(super) const STEP: &[&str] = &[
    // Signed statements of what the audit log said up to a row.
    "CREATE TABLE checkpoint (
        seq INTEGER PRIMARY KEY,
        at BIGINT NOT NULL,
        mac TEXT NOT NULL,
        digest TEXT NOT NULL,
        signature TEXT NOT NULL)",
    // Where the audit log begins when its oldest rows are gone; sealed as its
    // head is.
    "CREATE TABLE audit_start (
        id INTEGER PRIMARY KEY,
        seq BIGINT NOT NULL,
        mac TEXT NOT NULL,
        digest TEXT NOT NULL,
        seal TEXT NOT NULL)",
    // Messages that must be kept, whatever their time. What was lifted is in
    // the audit log alone.
    "CREATE TABLE legal_hold (
        event TEXT PRIMARY KEY,
        placed_at BIGINT NOT NULL,
        placed_by TEXT NOT NULL,
        reason TEXT NOT NULL)",
    // Days that the content is kept after a release.
    "ALTER TABLE held ADD COLUMN released_days BIGINT NOT NULL DEFAULT 30",
    // 1 when the persons in it are in held_person; older items are read.
    "ALTER TABLE held ADD COLUMN indexed BIGINT NOT NULL DEFAULT 0",
    // Keyed hashes of the numbers that were found, in hexadecimal.
    "CREATE TABLE held_person (
        person TEXT NOT NULL,
        held TEXT NOT NULL,
        PRIMARY KEY (person, held))",
    "CREATE INDEX held_person_by_held ON held_person (held)",
    // What somebody says is wrong in a held message, sealed like content.
    "CREATE TABLE correction (
        id TEXT PRIMARY KEY,
        held TEXT NOT NULL,
        at BIGINT NOT NULL,
        actor TEXT NOT NULL,
        sealed TEXT NOT NULL,
        sealed_key TEXT NOT NULL)",
    "CREATE INDEX correction_by_held ON correction (held)",
    "CREATE INDEX audit_by_time ON audit (at)",
    "CREATE INDEX audit_by_act ON audit (act)",
];
