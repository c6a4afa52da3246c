//! Every call of the interface for programs: what it needs, takes and gives.

use axum::routing::{MethodRouter, get, post};

use super::{held, log, openapi, requests};
use crate::{
    model::Permission,
    web::{
        People,
        routes::{Needs, Way},
    },
};

/// One call.
pub struct Call {
    /// Its path, with names in braces.
    pub path: &'static str,
    /// Whether it is a GET or a POST.
    pub way: Way,
    /// What the caller must have.
    pub needs: Needs,
    /// Its name in the description.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// The schema of what it takes in its body.
    pub takes: Option<&'static str>,
    /// The schema of what it gives; none for a message as it is.
    pub gives: Option<&'static str>,
    /// What stands in its query.
    pub query: &'static [&'static str],
    pub(super) handler: MethodRouter<People>,
}

/// All calls.
pub fn table() -> Vec<Call> {
    [
        Call {
            query: &["from", "limit"],
            ..shown(
                ("/api/v1/audit", Needs::May(Permission::SeeAudit)),
                ("audit", "Rows of the audit log, in order"),
                ("AuditRows", get(log::rows)),
            )
        },
        Call {
            query: &[
                "search",
                "state",
                "direction",
                "rule",
                "level",
                "assigned_to",
                "from",
                "before",
                "sort",
                "after",
                "limit",
            ],
            ..shown(
                ("/api/v1/held", Needs::May(Permission::SeeQueue)),
                ("listHeld", "Held messages, a page at a time"),
                ("HeldList", get(held::list)),
            )
        },
        shown(
            ("/api/v1/held/{id}", Needs::May(Permission::SeeQueue)),
            ("showHeld", "One held message and what was found in it, masked"),
            ("Look", get(held::show)),
        ),
        sent(
            ("/api/v1/held/{id}/ask", Needs::May(Permission::Decide)),
            ("ask", "Asks the internal sender of a held message something, once"),
            ("Question", post(held::ask)),
        ),
        sent(
            ("/api/v1/held/{id}/comments", Needs::May(Permission::Decide)),
            ("comment", "Adds a comment to a held message"),
            ("Remark", post(held::comment)),
        ),
        sent(
            ("/api/v1/held/{id}/delete", Needs::May(Permission::Decide)),
            ("delete", "Destroys a held message; nobody is told"),
            ("Purpose", post(held::delete)),
        ),
        sent(
            ("/api/v1/held/{id}/reject", Needs::May(Permission::Decide)),
            ("reject", "Refuses a held message; an internal sender is told"),
            ("Refusal", post(held::reject)),
        ),
        sent(
            ("/api/v1/held/{id}/release", Needs::May(Permission::Decide)),
            ("release", "Sets a held message free, or asks a second person to agree"),
            ("Release", post(held::release)),
        ),
        Call {
            gives: None,
            ..sent(
                ("/api/v1/held/{id}/reveal", Needs::May(Permission::Reveal)),
                ("reveal", "The message as it came; who and why go into the audit log"),
                ("Purpose", post(held::reveal)),
            )
        },
    ]
    .into_iter()
    .chain(rest())
    .collect()
}

/// The calls about anything but held messages.
fn rest() -> Vec<Call> {
    vec![
        shown(
            ("/api/v1/openapi.json", Needs::Anyone),
            ("openapi", "This description"),
            ("Description", get(openapi::description)),
        ),
        shown(
            ("/api/v1/requests", Needs::May(Permission::SeeQueue)),
            ("listRequests", "What a second person must agree to"),
            ("RequestList", get(requests::list)),
        ),
        sent(
            ("/api/v1/requests/{id}/approve", Needs::May(Permission::Approve)),
            ("approve", "Agrees to a request of somebody else, and carries it out"),
            ("Purpose", post(requests::approve)),
        ),
        sent(
            ("/api/v1/requests/{id}/decline", Needs::May(Permission::Decide)),
            ("decline", "Turns a request down, or takes one's own back"),
            ("Purpose", post(requests::decline)),
        ),
    ]
}

fn shown(
    (path, needs): (&'static str, Needs),
    (name, about): (&'static str, &'static str),
    (gives, handler): (&'static str, MethodRouter<People>),
) -> Call {
    let (way, gives) = (Way::Shown, Some(gives));
    Call { path, way, needs, name, about, takes: None, gives, query: &[], handler }
}

fn sent(
    (path, needs): (&'static str, Needs),
    (name, about): (&'static str, &'static str),
    (takes, handler): (&'static str, MethodRouter<People>),
) -> Call {
    let (way, takes, gives) = (Way::Sent, Some(takes), Some("Settled"));
    Call { path, way, needs, name, about, takes, gives, query: &[], handler }
}
