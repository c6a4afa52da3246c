//! The pages about accounts, as an administrator and others use them.

use crate::{
    harness::samples::{KARI, sample},
    place::{Answer, ORIGIN, PASSWORD, Place},
};

#[test]
fn an_administrator_makes_an_account_and_the_person_chooses_the_password() {
    let place = Place::open();
    let mut admin = place.with_account("ragnhild", "administrator");
    admin.get("/people");
    let made =
        admin.post("/people", &[("name", "Solveig"), ("role", "reviewer"), ("role", "officer")]);
    let link = link(&made);
    let mut person = place.browser();
    assert_eq!(person.send(&link, &[("password", PASSWORD), ("again", PASSWORD)]).status, 303);
    person.log_in("solveig", PASSWORD);
    let own = person.get("/me").body;
    assert!(own.contains("Saksbehandler") && own.contains("Personvernombud"), "{own}");
    assert_eq!(person.get("/people").status, 403, "only administrators see accounts");
    let list = admin.get("/people").body;
    assert!(list.contains(">solveig</a>") && list.contains("Åpen"), "{list}");
    assert!(!list.contains("argon2"));
    assert_eq!(place.acts("ragnhild").last().map(String::as_str), Some("account-changed"));
}

#[test]
fn wrong_forms_about_accounts_change_nothing() {
    let place = Place::open();
    let mut admin = place.with_account("ragnhild", "administrator");
    admin.get("/people");
    let forms: [&[(&str, &str)]; 5] = [
        &[("name", "x"), ("role", "viewer")],
        &[("name", "kari13827830652"), ("role", "viewer")],
        &[("name", "kari")],
        &[("name", "ragnhild"), ("role", "viewer")],
        &[("name", "kari"), ("role", "boss")],
    ];
    let before = place.acts("ragnhild").len();
    for form in forms {
        assert_eq!(admin.post("/people", form).status, 400, "{form:?}");
    }
    assert_eq!(admin.get("/people/bcdfghjkmnpqrstvbcdf").status, 404);
    assert_eq!(admin.get("/people/x").status, 404);
    assert_eq!(place.acts("ragnhild").len(), before);
}

#[test]
fn a_changed_account_ends_its_sessions_at_once() {
    let place = Place::open();
    let mut admin = place.with_account("ragnhild", "administrator");
    for (name, change, form) in [
        ("anne", "roles", &[("role", "viewer")][..]),
        ("berit", "reset", &[("factor", "too")]),
        ("cecilie", "close", &[]),
    ] {
        let mut browser = place.with_account(name, "reviewer");
        let path = path_of(&mut admin, name);
        admin.get(&path);
        let answer = admin.post(&format!("{path}/{change}"), form);
        assert!(matches!(answer.status, 200 | 303), "{change}: {}", answer.body);
        assert_eq!(browser.get("/me").status, 303, "{change}");
    }
    assert!(admin.get("/people").body.contains("Stengt"));
    let mut closed = place.browser();
    let answer = closed.send("/login", &[("name", "cecilie"), ("password", PASSWORD)]);
    assert_eq!(answer.status, 401);
}

#[test]
fn an_administrator_says_where_somebody_gets_mail() {
    let place = Place::open();
    let mut admin = place.with_account("ragnhild", "administrator");
    place.invite("solveig", "reviewer");
    let path = path_of(&mut admin, "solveig");
    admin.get(&path);
    let form = |text| [("addresses", text)];
    let sent = admin.post(&format!("{path}/addresses"), &form("s@cpm.example\nvakt@cpm.example"));
    assert_eq!(sent.status, 303);
    assert!(admin.get(&path).body.contains("s@cpm.example\nvakt@cpm.example\n</textarea>"));
    assert_eq!(admin.post(&format!("{path}/addresses"), &form("ingen adresse")).status, 400);
}

#[test]
fn nobody_releases_alone_what_goes_from_another_address_of_his() {
    let place = Place::open();
    let mut admin = place.with_account("ragnhild", "administrator");
    place.invite("solveig", "reviewer");
    let path = path_of(&mut admin, "solveig");
    admin.get(&path);
    admin.post(&format!("{path}/addresses"), &[("addresses", KARI)]);
    let link = link(&admin.post(&format!("{path}/reset"), &[]));
    let mut person = place.browser();
    person.send(&link, &[("password", PASSWORD), ("again", PASSWORD)]);
    person.log_in("solveig", PASSWORD);

    assert_eq!(place.send(&sample("medium-finding")).code, 250);
    let id = place.sluse.held()[0]["id"].as_str().unwrap().to_owned();
    let form = [("wish", "release"), ("purpose", "haster")];
    let asked = person.post(&format!("/queue/{id}/act"), &form);
    assert!(asked.header("location").ends_with("?proposed"), "{asked:?}");
    assert_eq!(place.sluse.held()[0]["state"], "held");
}

#[test]
fn nobody_changes_his_own_roles() {
    let place = Place::open();
    let mut admin = place.with_account("ragnhild", "administrator");
    let path = path_of(&mut admin, "ragnhild");
    assert!(admin.get(&path).body.contains("en annen administrator"));
    let form = [("role", "administrator"), ("role", "reviewer")];
    for change in ["addresses", "roles", "reset", "close"] {
        assert_eq!(admin.post(&format!("{path}/{change}"), &form).status, 403, "{change}");
    }
    assert_eq!(admin.get("/people").status, 200);
}

fn path_of(admin: &mut crate::place::Browser, name: &str) -> String {
    let page = admin.get("/people").body;
    let (before, _) = page.split_once(&format!("\">{name}</a>")).unwrap();
    before.rsplit('"').next().unwrap().to_owned()
}

fn link(page: &Answer) -> String {
    assert_eq!(page.status, 200, "{}", page.body);
    let (_, rest) = page.body.split_once("id=\"link\" value=\"").unwrap();
    rest.split('"').next().unwrap().trim_start_matches(ORIGIN).to_owned()
}
