//! Every page of the table, asked for with every role and with none. A page
//! that is added to the table is in this test without further words; only what
//! stands in braces in its path must be filled in below.

use sluse::{
    model::Role,
    web::routes::{Needs, Route, Way, table},
};

use crate::{
    harness::{
        client::Mail,
        samples::{self, NUMBER},
    },
    place::{Answer, Browser, Place},
};

#[test]
fn every_page_lets_in_whom_the_table_says_and_nobody_else() {
    let place = Place::open();
    let things = Things::of(&place);
    let mut wrong = Vec::new();
    for role in Role::ALL {
        let mut browser = place.with_account(&format!("en-{role}"), role.as_str());
        for route in pages() {
            browser.get("/me");
            let answer = asked(&mut browser, &route, &things);
            if !is_right(&answer, &route, allows(role, route.needs)) {
                wrong.push(told(&route, role.as_str(), &answer));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nobody_gets_further_than_the_log_in() {
    let place = Place::open();
    let things = Things::of(&place);
    let mut wrong = Vec::new();
    for route in pages() {
        let mut nobody = place.browser();
        let answer = asked(&mut nobody, &route, &things);
        let is_led = answer.status == 303 && answer.header("location").starts_with("/login");
        let is_fine = match route.needs {
            Needs::Anyone => is_right(&answer, &route, true),
            Needs::May(_) | Needs::SignedIn => is_led,
        };
        if !is_fine {
            wrong.push(told(&route, "nobody", &answer));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_form_is_taken_without_the_secret_of_its_session() {
    let place = Place::open();
    let things = Things::of(&place);
    let mut wrong = Vec::new();
    for role in Role::ALL {
        let mut browser = place.with_account(&format!("en-{role}"), role.as_str());
        let guarded = |route: &Route| route.way == Way::Sent && route.needs != Needs::Anyone;
        for route in pages().into_iter().filter(guarded) {
            let answer = browser.send(&things.fill(route.path), &[("csrf", "")]);
            if answer.status != 403 {
                wrong.push(told(&route, role.as_str(), &answer));
            }
        }
        assert_eq!(browser.get("/me").status, 200, "{role}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The table, with what ends a session at its end.
fn pages() -> Vec<Route> {
    let mut table = table();
    table.sort_by_key(|route| route.path == "/logout");
    assert!(table.len() > 15);
    table
}

fn allows(role: Role, needs: Needs) -> bool {
    match needs {
        Needs::Anyone | Needs::SignedIn => true,
        Needs::May(permission) => role.allows(permission),
    }
}

fn asked(browser: &mut Browser, route: &Route, things: &Things) -> Answer {
    let path = things.fill(route.path);
    match route.way {
        Way::Sent => browser.post(&path, &[]),
        Way::Shown => browser.get(&path),
    }
}

/// A page that is shown must be there. An empty form is wrong in many ways, but
/// not for lack of permission.
fn is_right(answer: &Answer, route: &Route, allowed: bool) -> bool {
    match (allowed, route.way) {
        (false, _) => answer.status == 403,
        // The result of a search is there for the officer who searched alone.
        (true, Way::Shown) if route.path.starts_with("/persons/{") => answer.status == 404,
        // There is no provider to log in at.
        (true, Way::Shown) if route.path.starts_with("/login/oidc/") => answer.status == 404,
        (true, Way::Shown) => answer.status == 200,
        (true, Way::Sent) => !matches!(answer.status, 0 | 403 | 405 | 500..),
    }
}

fn told(route: &Route, who: &str, answer: &Answer) -> String {
    format!("{:?} {} as {who}: {}", route.way, route.path, answer.status)
}

/// Real things for the paths.
struct Things {
    account: String,
    held: String,
    proposal: String,
    style: String,
    welcome: String,
}

impl Things {
    fn of(place: &Place) -> Self {
        place.invite("en-til", "viewer");
        // Apart from the one above, which administrators change in these tests.
        let welcome = place.invite("en-ny", "viewer");
        let mut admin = place.with_account("ragnhild", "administrator");
        let page = admin.get("/people").body;
        let (before, _) = page.split_once("\">en-til</a>").unwrap();
        let account = before.rsplit("/people/").next().unwrap().to_owned();
        let style = page.split("href=\"/assets/").nth(1).unwrap().split('"').next().unwrap();
        let style = style.to_owned();
        let (held, proposal) = Self::of_review(place);
        Self {
            account,
            held,
            proposal,
            style,
            welcome: welcome.trim_start_matches("/welcome/").to_owned(),
        }
    }

    /// A held message with an HTML body, and a proposal for the rules.
    fn of_review(place: &Place) -> (String, String) {
        let bytes = format!(
            "From: kari@cpm.example\r\nSubject: Hei\r\nMessage-ID: <h@cpm.example>\r\n\
             MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>{NUMBER}</p>\r\n"
        );
        let mail = Mail { bytes: bytes.into_bytes(), ..samples::letter("h", "") };
        assert_eq!(place.send(&mail).code, 250);
        let held = place.sluse.held()[0]["id"].as_str().unwrap().to_owned();
        let mut vera = place.with_account("vera", "reviewer");
        vera.get(&format!("/queue/{held}"));
        let form = [("rule", "no.fnr"), ("word", "lapp*"), ("purpose", "falsk")];
        vera.post(&format!("/queue/{held}/alarm"), &form);
        let page = vera.get("/proposals").body;
        let (_, rest) = page.split_once("href=\"/proposals/").unwrap();
        (held, rest.split('/').next().unwrap().to_owned())
    }

    fn fill(&self, path: &str) -> String {
        let things = [
            ("/assets/{file}", &self.style),
            ("/people/{id}", &self.account),
            ("/proposals/{id}", &self.proposal),
            ("/queue/{id}", &self.held),
            ("/welcome/{token}", &self.welcome),
        ];
        let path = &path
            .replace("{event}/{token}", "bcdfghjkmnpqrstvbcdf/bcdfghjkmnpqrstvbcdfghjkmnpqrstv")
            .replace("/approvals/{id}", "/approvals/bcdfghjkmnpqrstvbcdf")
            .replace("/me/tokens/{id}", "/me/tokens/bcdfghjkmnpqrstvbcdf")
            .replace("/login/oidc/{provider}", "/login/oidc/none")
            .replace("{search}", "another-officers");
        let Some((pattern, thing)) = things.iter().find(|(pattern, _)| path.starts_with(pattern))
        else {
            assert!(!path.contains('{'), "say in this test what stands for {path}");
            return path.to_owned();
        };
        let (before, _) = pattern.split_once('{').unwrap();
        path.replacen(pattern, &format!("{before}{thing}"), 1)
    }
}
