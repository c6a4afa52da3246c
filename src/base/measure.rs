//! The names of our figures. Steps at every height count under them, and
//! `web::metrics` describes and shows them. No address and no domain is ever a
//! label.

/// Gauge, always 1; label `version`.
pub const BUILD: &str = "sluse_build_info";
/// Counter of attempts to protect a message; labels `format`, `result`.
pub const ENCRYPTED: &str = "sluse_encrypt_total";
/// Counter of messages deferred for an inner error.
pub const ERRORS: &str = "sluse_errors_total";
/// Counter of findings; label `rule`.
pub const FINDINGS: &str = "sluse_findings_total";
/// Counter of recipients in the ledger; label `state`: `accepted`, and where
/// they went.
pub const LEDGER: &str = "sluse_ledger_recipients_total";
/// Gauge of recipients who were accepted in the last 24 hours and are nowhere,
/// or are somewhere and were not accepted. Anything but 0 is an alarm.
pub const LEDGER_DIFFERENCE: &str = "sluse_ledger_difference";
/// Counter of messages judged; labels `direction`, `verdict`.
pub const MESSAGES: &str = "sluse_messages_total";
/// Gauge of messages that wait to be sent.
pub const OUTBOX: &str = "sluse_outbox_messages";
/// Gauge of messages held for review.
pub const QUARANTINE: &str = "sluse_quarantine_messages";
/// Gauge, 1 when the last reload succeeded, else 0.
pub const RELOADED: &str = "sluse_config_reload_success";
/// Gauge, 1 while nothing is destroyed although its time is over: the clock
/// jumped, or the store fails; else 0.
pub const RETENTION_STOPPED: &str = "sluse_retention_stopped";
/// Histogram of the time to judge one message, in seconds.
pub const SCAN_SECONDS: &str = "sluse_scan_duration_seconds";
/// Gauge of SMTP connections open now.
pub const SMTP_CONNECTIONS: &str = "sluse_smtp_connections";
/// Counter of what the SMTP front-end turned away by itself; label `reason`.
pub const SMTP_REFUSED: &str = "sluse_smtp_refused_total";
