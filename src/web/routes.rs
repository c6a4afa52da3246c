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

use super::{People, approvals, assets, guard, item, login, queue};
use crate::model::Permission;

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
        shown("/login", Needs::Anyone, get(login::show)),
        sent("/login", Needs::Anyone, post(login::enter)),
        sent("/logout", Needs::SignedIn, post(login::leave)),
        shown("/me", Needs::SignedIn, get(login::own)),
        sent("/me/appearance", Needs::SignedIn, post(login::prefer)),
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
    router.with_state(people)
}

fn shown(path: &'static str, needs: Needs, handler: MethodRouter<People>) -> Route {
    Route { path, way: Way::Shown, needs, handler }
}

fn sent(path: &'static str, needs: Needs, handler: MethodRouter<People>) -> Route {
    Route { path, way: Way::Sent, needs, handler }
}

const APPROVES: Needs = Needs::May(Permission::Approve);
const DECIDES: Needs = Needs::May(Permission::Decide);
const FIGURES: Needs = Needs::May(Permission::SeeFigures);
const LOOKS: Needs = Needs::May(Permission::SeeQueue);
const REVEALS: Needs = Needs::May(Permission::Reveal);
