//! What the list of held messages needs to be searched and sorted.

/// Columns of the list, filled for old rows as far as they tell, and the one
/// index that a search reads.
pub(super) const STEP: &[&str] = &[
    // The routes that decided, as a JSON list.
    "ALTER TABLE held ADD COLUMN routes TEXT NOT NULL DEFAULT '[]'",
    // The rules that found something, as a JSON list.
    "ALTER TABLE held ADD COLUMN rules TEXT NOT NULL DEFAULT '[]'",
    // The highest level found: 0 for nothing, 5 for critical.
    "ALTER TABLE held ADD COLUMN level BIGINT NOT NULL DEFAULT 0",
    // How many persons are named.
    "ALTER TABLE held ADD COLUMN persons BIGINT NOT NULL DEFAULT 0",
    // The name of whoever is to look at it.
    "ALTER TABLE held ADD COLUMN assigned_to TEXT",
    // Sender, recipients, event and Message-ID in lower case.
    "ALTER TABLE held ADD COLUMN search TEXT NOT NULL DEFAULT ''",
    "UPDATE held SET
        level = CASE
            WHEN reasons LIKE '%:critical\"%' THEN 5
            WHEN reasons LIKE '%:high\"%' THEN 4
            WHEN reasons LIKE '%:medium\"%' THEN 3
            WHEN reasons LIKE '%:low\"%' THEN 2
            WHEN reasons LIKE '%:info\"%' THEN 1
            ELSE 0 END,
        persons = (SELECT COUNT(*) FROM held_person p WHERE p.held = held.id),
        rules = (SELECT COALESCE(json_group_array(DISTINCT
                substr(r.value, 1, instr(r.value, ':') - 1)), '[]')
            FROM json_each(held.reasons) r
            WHERE r.value LIKE '%.%:%'),
        search = CASE WHEN recipients = '[]' THEN '' ELSE substr(lower(
            COALESCE(sender_key, '') || ' ' || recipients || ' ' || event || ' '
            || COALESCE(message_id, '')), 1, 2000) END",
    // Everything that the list is filtered and sorted by, so that a search
    // reads this alone and no row that it does not show.
    "CREATE INDEX held_queue ON held (state, held_at, id, level, size, expires_at, direction,
        assigned_to, rules, search)",
];
