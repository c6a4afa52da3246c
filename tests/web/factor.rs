//! The second factor, as people and attackers use it.

use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::{
    harness::sluse::Plan,
    place::{Answer, Browser, PASSWORD, Place},
};

#[test]
fn whoever_may_see_content_sets_up_a_second_factor_at_the_first_log_in() {
    let place = strict();
    let (mut browser, page) = at_first_log_in(&place, "solveig", "reviewer");
    assert!(page.body.contains("Sett opp to‑faktor") && page.body.contains("<svg class=\"qr\""));
    assert_eq!(browser.get("/me").status, 303, "there is no session yet");
    let wrong = browser.send("/login/code", &[("ticket", &ticket(&page)), ("code", "000000x")]);
    assert_eq!(wrong.status, 401);
    assert_eq!(letters(&wrong), letters(&page), "a wrong code does not change the secret");

    let first = code(&letters(&page), -1);
    let done = browser
        .send("/login/code", &[("ticket", &ticket(&page)), ("code", &first), ("next", "/me")]);
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(recovery_codes(&done).len(), 10);
    assert!(done.body.contains("class=\"button\" href=\"/me\""), "{}", done.body);
    let own = browser.get("/me");
    assert!(own.status == 200 && !own.body.contains(&letters(&page)));
    let acts = place.acts("solveig");
    assert_eq!(acts, ["account-changed", "login-failed", "account-changed", "logged-in"]);
}

#[test]
fn a_viewer_logs_in_with_a_password_alone() {
    let place = strict();
    let mut browser = place.with_account("torunn", "viewer");
    assert!(browser.get("/me").body.contains("Sett opp to‑faktor"));
}

#[test]
fn a_code_that_was_used_is_refused() {
    let place = strict();
    let (mut browser, page) = at_first_log_in(&place, "solveig", "officer");
    let secret = letters(&page);
    let first = code(&secret, -1);
    browser.send("/login/code", &[("ticket", &ticket(&page)), ("code", &first)]);

    let mut other = place.browser();
    let asked = other.send("/login", &[("name", "solveig"), ("password", PASSWORD)]);
    assert!(asked.body.contains("Passordet er riktig") && !asked.body.contains("<svg"));
    for spent in [first, code(&secret, -1)] {
        let replayed = other.send("/login/code", &[("ticket", &ticket(&asked)), ("code", &spent)]);
        assert_eq!(replayed.status, 401, "{spent}");
    }
    let fresh = code(&secret, 1);
    let form = [("ticket", ticket(&asked)), ("code", fresh)];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, text)| (*name, text.as_str())).collect();
    assert_eq!(other.send("/login/code", &form).status, 303);
    assert_eq!(other.get("/me").status, 200);
    let mut thief = place.browser();
    assert_eq!(thief.send("/login/code", &form).status, 401, "ticket and code are both spent");
}

#[test]
fn a_recovery_code_works_once() {
    let place = strict();
    let (mut browser, page) = at_first_log_in(&place, "solveig", "reviewer");
    let first = code(&letters(&page), -1);
    let done = browser.send("/login/code", &[("ticket", &ticket(&page)), ("code", &first)]);
    let recovery = recovery_codes(&done).remove(0).to_uppercase().replace('-', " ");
    for wanted in [303, 401] {
        let mut other = place.browser();
        let asked = other.send("/login", &[("name", "solveig"), ("password", PASSWORD)]);
        let form = [("ticket", ticket(&asked)), ("code", recovery.clone())];
        let form: Vec<(&str, &str)> =
            form.iter().map(|(name, text)| (*name, text.as_str())).collect();
        assert_eq!(other.send("/login/code", &form).status, wanted);
    }
    assert!(browser.get("/me").body.contains("<dd>9</dd>"));
}

#[test]
fn brute_force_of_codes_is_slowed_down() {
    let place = strict();
    let (mut browser, page) = at_first_log_in(&place, "solveig", "reviewer");
    let ticket = ticket(&page);
    let guess = |text: &str| [("ticket", ticket.clone()), ("code", text.to_owned())];
    let answers: Vec<u16> = (0..8)
        .map(|number| {
            let form = guess(&format!("x{number}"));
            let form: Vec<(&str, &str)> = form.iter().map(|(n, t)| (*n, t.as_str())).collect();
            browser.send("/login/code", &form).status
        })
        .collect();
    assert_eq!(answers[..5], [401; 5]);
    assert!(answers[5..].contains(&429), "{answers:?}");
}

#[test]
fn a_forged_ticket_leads_back_to_the_log_in() {
    let place = strict();
    let (mut browser, page) = at_first_log_in(&place, "solveig", "reviewer");
    let ticket = ticket(&page);
    let mut parts: Vec<String> = ticket.split('.').map(str::to_owned).collect();
    parts[1] = "99999999999".to_owned();
    let secret = letters(&page);
    for forged in ["", "x", "a.b.c", &parts.join("."), &ticket[..ticket.len() - 1]] {
        let form = [("ticket", forged), ("code", &code(&secret, 0))];
        let answer = browser.send("/login/code", &form);
        assert_eq!(answer.status, 401, "{forged}");
        assert!(answer.body.contains("Logg inn på nytt"), "{forged}");
    }
}

#[test]
fn whoever_wants_a_second_factor_sets_it_up_replaces_and_removes_it() {
    let place = Place::open();
    let mut browser = place.with_account("torunn", "viewer");
    browser.get("/me");
    assert_eq!(browser.post("/me/factor/start", &[("current", "feil passord her")]).status, 400);
    let page = browser.post("/me/factor/start", &[("current", PASSWORD)]);
    let first = code(&letters(&page), 0);
    assert_eq!(browser.post("/me/factor", &[("code", "x")]).status, 400);
    let done = browser.post("/me/factor", &[("code", &first)]);
    assert_eq!((done.status, recovery_codes(&done).len()), (200, 10));

    let mut other = place.browser();
    let asked = other.send("/login", &[("name", "torunn"), ("password", PASSWORD)]);
    assert!(asked.status == 200 && asked.body.contains("Passordet er riktig"));

    browser.get("/me");
    let removed = browser.post("/me/factor/remove", &[("current", PASSWORD)]);
    assert_eq!(removed.header("location"), "/me?saved");
    other.log_in("torunn", PASSWORD);
}

#[test]
fn a_second_factor_that_the_roles_need_cannot_be_removed() {
    let place = strict();
    let (mut browser, page) = at_first_log_in(&place, "solveig", "reviewer");
    let first = code(&letters(&page), 0);
    browser.send("/login/code", &[("ticket", &ticket(&page)), ("code", &first)]);
    assert!(!browser.get("/me").body.contains("/me/factor/remove"));
    assert_eq!(browser.post("/me/factor/remove", &[("current", PASSWORD)]).status, 403);
}

#[test]
fn a_lost_authenticator_is_taken_away_together_with_the_password() {
    let place = strict();
    let (mut browser, page) = at_first_log_in(&place, "solveig", "reviewer");
    let first = code(&letters(&page), 0);
    browser.send("/login/code", &[("ticket", &ticket(&page)), ("code", &first)]);
    let ran = place.sluse.run(&["account", "reset", "solveig", "--second-factor"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(browser.get("/me").status, 303);
    let answer = browser.send("/login", &[("name", "solveig"), ("password", PASSWORD)]);
    assert_eq!(answer.status, 401);
    let list = place.sluse.run(&["account", "list", "--format", "json"]).objects();
    let own = list.iter().find(|account| account["account"] == "solveig").unwrap();
    assert!(own["second_factor"] == false && own["state"] == "invited", "{own}");
}

/// With the settings as they are by default.
fn strict() -> Place {
    Place::with(Plan { more: "[accounts]\n".to_owned(), ..Plan::default() })
}

/// A new account whose password was just typed for the first time.
fn at_first_log_in(place: &Place, name: &str, roles: &str) -> (Browser, Answer) {
    let link = place.invite(name, roles);
    let mut browser = place.browser();
    let answer = browser.send(&link, &[("password", PASSWORD), ("again", PASSWORD)]);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let page = browser.send("/login", &[("name", name), ("password", PASSWORD)]);
    assert_eq!(page.status, 200, "{}", page.body);
    (browser, page)
}

fn ticket(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("name=\"ticket\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// The secret as it is typed into an authenticator without a camera.
fn letters(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("<code>").unwrap();
    rest.split('<').next().unwrap().to_owned()
}

fn recovery_codes(page: &Answer) -> Vec<String> {
    let parts = page.body.split("<li><code>").skip(1);
    parts.map(|part| part.split('<').next().unwrap().to_owned()).collect()
}

/// What an authenticator shows, some steps of 30 seconds from now.
fn code(letters: &str, away: i64) -> String {
    let secret = BASE32_NOPAD.decode(letters.replace(' ', "").as_bytes()).unwrap();
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let step = i64::try_from(seconds / 30).unwrap() + away;
    let mut state = Hmac::<Sha1>::new_from_slice(&secret).unwrap();
    state.update(&step.to_be_bytes());
    let hash = state.finalize().into_bytes();
    let at = usize::from(hash[19] & 15);
    let number = u32::from_be_bytes(hash[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}
