//! What the links of senders need.

/// Personal links that were used, each by a keyed hash of its secret.
pub(super) const STEP: &[&str] = &[
    "CREATE TABLE used_link (
        mark TEXT PRIMARY KEY,
        event TEXT NOT NULL,
        act TEXT NOT NULL,
        used_at BIGINT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS held_by_event ON held (event)",
];
