//! What senders wish to be told (RFC 3461).

/// Wishes of each recipient, and whether a delay was told.
pub(super) const STEP: &[&str] = &[
    // JSON; null where nothing was wished.
    "ALTER TABLE held_recipient ADD COLUMN wish TEXT",
    "ALTER TABLE outbox_recipient ADD COLUMN wish TEXT",
    // When it was noticed that the item takes long.
    "ALTER TABLE outbox ADD COLUMN late_at BIGINT",
];
