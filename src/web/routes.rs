//! Every page for people who log in, and what each one needs.
//!
//! The table is the whole truth: a handler that does not stand in it cannot be
//! reached, and what a row needs is checked in `guard` before the handler runs.
//! A page that is shown changes nothing but the audit log; whatever changes
//! something is sent.

use axum::{
    Router,
    middleware::from_fn_with_state,
    routing::{MethodRouter, get, post},
};

use super::{
    People, api, approvals, assets, factor, guard, item, login,
    officer::{audit, holds, persons, reports},
    oidc, people, queue, sender, sessions, tokens,
};
use crate::model::{Permission, Permission as P};

/// What a visitor must have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Needs {
    /// Nothing.
    Anyone,
    /// A role that carries the permission.
    May(Permission),
    /// A session.
    SignedIn,
}

/// How a page is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    /// By POST, from a form of ours.
    Sent,
    /// By GET.
    Shown,
}

/// One page.
pub struct Route {
    /// Its path, with names in braces.
    pub path: &'static str,
    /// How it is asked for.
    pub way: Way,
    /// What the visitor must have.
    pub needs: Needs,
    handler: MethodRouter<People>,
}

/// All pages.
pub fn table() -> Vec<Route> {
    vec![
        shown("/", Needs::Anyone, get(login::home)),
        shown("/approvals", APPROVES, get(approvals::list)),
        sent("/approvals/{id}/approve", APPROVES, post(approvals::approve)),
        sent("/approvals/{id}/decline", APPROVES, post(approvals::decline)),
        shown("/assets/{file}", Needs::Anyone, get(assets::file)),
        shown("/audit", Needs::May(P::SeeAudit), get(audit::show)),
        sent("/audit/export", Needs::May(P::SeeAudit), post(audit::export)),
        sent("/audit/verify", Needs::May(P::SeeAudit), post(audit::verify)),
        shown("/holds", Needs::May(P::KeepByLaw), get(holds::show)),
        sent("/holds/lift", Needs::May(P::KeepByLaw), post(holds::lift)),
        sent("/holds/place", Needs::May(P::KeepByLaw), post(holds::place)),
        // The token is what those need who come by it, and what makes a form ours.
        shown("/e/{event}/{token}", Needs::Anyone, get(sender::shown)),
        sent("/e/{event}/{token}", Needs::Anyone, post(sender::sent)),
        shown("/login", Needs::Anyone, get(login::show)),
        sent("/login", Needs::Anyone, post(login::enter)),
        sent("/login/code", Needs::Anyone, post(factor::enter)),
        // Begins a log-in elsewhere, and takes the browser back.
        shown("/login/oidc/{provider}", Needs::Anyone, get(oidc::depart)),
        shown("/login/oidc/{provider}/callback", Needs::Anyone, get(oidc::arrive)),
        sent("/logout", Needs::SignedIn, post(login::leave)),
        shown("/me", Needs::SignedIn, get(login::own)),
        sent("/me/appearance", Needs::SignedIn, post(login::prefer)),
        sent("/me/factor", Needs::SignedIn, post(factor::set)),
        sent("/me/factor/remove", Needs::SignedIn, post(factor::remove)),
        sent("/me/factor/start", Needs::SignedIn, post(factor::start)),
        sent("/me/password", Needs::SignedIn, post(login::change)),
        shown("/proposals", FIGURES, get(approvals::proposals)),
        shown("/proposals/{id}/toml", FIGURES, get(approvals::file)),
        shown("/queue", LOOKS, get(queue::list)),
        sent("/queue/act", DECIDES, post(queue::act)),
        shown("/queue/{id}", LOOKS, get(item::show)),
        sent("/queue/{id}/act", DECIDES, post(item::act)),
        sent("/queue/{id}/alarm", DECIDES, post(item::alarm)),
        sent("/queue/{id}/assign", DECIDES, post(item::assign)),
        sent("/queue/{id}/comment", DECIDES, post(item::comment)),
        shown("/queue/{id}/preview", LOOKS, get(item::preview)),
        sent("/queue/{id}/raw", REVEALS, post(item::raw)),
        sent("/queue/{id}/reveal", REVEALS, post(item::reveal)),
        shown("/persons", Needs::May(P::FindPersons), get(persons::show)),
        sent("/persons/find", Needs::May(P::FindPersons), post(persons::find)),
        shown("/persons/{search}", Needs::May(P::FindPersons), get(persons::result)),
        sent("/persons/{search}/correct", Needs::May(P::FindPersons), post(persons::correct)),
        sent("/persons/{search}/erase", Needs::May(P::FindPersons), post(persons::erase)),
        sent("/persons/{search}/evidence", Needs::May(P::FindPersons), post(persons::evidence)),
        sent("/persons/{search}/export", Needs::May(P::FindPersons), post(persons::export)),
        shown("/reports", Needs::May(P::SeeReports), get(reports::show)),
        sent("/reports/evidence", Needs::May(P::SeeReports), post(reports::evidence)),
        sent("/reports/slip", Needs::May(P::SeeReports), post(reports::slip)),
        sent("/me/sessions/end", Needs::SignedIn, post(sessions::end)),
        shown("/me/tokens", Needs::SignedIn, get(tokens::list)),
        sent("/me/tokens", Needs::SignedIn, post(tokens::make)),
        sent("/me/tokens/{id}/end", Needs::SignedIn, post(tokens::end)),
        shown("/people", MANAGES, get(people::list)),
        sent("/people", MANAGES, post(people::make)),
        shown("/people/{id}", MANAGES, get(people::show)),
        sent("/people/{id}/addresses", MANAGES, post(people::addresses)),
        sent("/people/{id}/close", MANAGES, post(people::close)),
        sent("/people/{id}/reset", MANAGES, post(people::reset)),
        sent("/people/{id}/roles", MANAGES, post(people::roles)),
        shown("/welcome/{token}", Needs::Anyone, get(login::welcome)),
        sent("/welcome/{token}", Needs::Anyone, post(login::accept)),
    ]
}

/// The table as a router.
pub(super) fn router(people: People) -> Router {
    let mut router = Router::new();
    for Route { path, needs, handler, .. } in table() {
        let guarded = handler.layer(from_fn_with_state((people.clone(), needs), guard::admit));
        router = router.route(path, guarded);
    }
    router.merge(api::router(&people)).with_state(people)
}

fn shown(path: &'static str, needs: Needs, handler: MethodRouter<People>) -> Route {
    Route { path, way: Way::Shown, needs, handler }
}

fn sent(path: &'static str, needs: Needs, handler: MethodRouter<People>) -> Route {
    Route { path, way: Way::Sent, needs, handler }
}

const APPROVES: Needs = Needs::May(P::Approve);
const DECIDES: Needs = Needs::May(P::Decide);
const FIGURES: Needs = Needs::May(P::SeeFigures);
const LOOKS: Needs = Needs::May(P::SeeQueue);
const REVEALS: Needs = Needs::May(P::Reveal);
const MANAGES: Needs = Needs::May(Permission::ManageAccounts);
