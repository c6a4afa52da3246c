//! The interface for programs, as programs and thieves use it.

use serde_json::{Value, json};
use sluse::{
    model::Role,
    web::{
        api::calls::{self, Call},
        routes::{Needs, Way},
    },
};

use crate::{
    harness::{PATIENCE, samples, sluse::Plan},
    place::{Answer, Browser, PASSWORD, Place},
};

#[test]
fn a_program_lists_shows_reveals_and_settles_with_a_token_of_its_person() {
    let place = Place::open();
    let id = a_held_message(&place);
    let mut person = place.with_account("solveig", "reviewer");
    let mut program = program(&place, &mut person, &["reviewer"]);

    let list = body(&program.get("/api/v1/held?state=held&limit=10"));
    assert!(list["items"][0]["id"] == id.as_str() && list["next"].is_null(), "{list}");
    let shown = program.get(&format!("/api/v1/held/{id}"));
    let look = body(&shown);
    assert_eq!(
        (&look["held"]["state"], &look["findings"][0]["rule"]),
        (&json!("held"), &json!("no.fnr"))
    );
    assert!(!shown.body.contains(samples::NUMBER), "a look is masked");

    let path = |act: &str| format!("/api/v1/held/{id}/{act}");
    for purpose in ["", samples::NUMBER] {
        let refused = program.call(&path("reveal"), &json!({ "purpose": purpose }));
        assert_eq!(refused.status, 422, "{purpose}");
    }
    let seen = program.call(&path("reveal"), &json!({ "purpose": "spurt av avsender" }));
    assert_eq!((seen.status, seen.header("content-type")), (200, "message/rfc822"));
    assert!(seen.body.contains(samples::NUMBER));

    let ask = json!({ "purpose": "uklart", "text": "Skulle denne til Ola?" });
    assert_eq!(body(&program.call(&path("ask"), &ask)), json!({ "id": id, "state": "asked" }));
    let mail = place.sink.wait(1, PATIENCE, |mail| mail.text().contains("Skulle denne til Ola?"));
    assert_eq!(mail[0].recipients, [samples::KARI]);
    assert_eq!(program.call(&path("ask"), &ask).status, 422, "once");
    let empty = json!({ "purpose": "uklart", "text": "" });
    assert_eq!(program.call(&path("ask"), &empty).status, 422);

    let settled = program.call(&path("delete"), &json!({ "purpose": "søppel" }));
    assert_eq!(body(&settled), json!({ "id": id, "state": "deleted" }));
    let late = program.call(&path("release"), &json!({ "purpose": "likevel" }));
    assert_eq!((late.status, late.header("content-type")), (409, "application/problem+json"));
    assert_eq!(body(&late)["status"], 409);

    let acts = place.acts("solveig");
    let acts: Vec<&str> = acts.iter().map(String::as_str).collect();
    let wanted = [
        "account-changed",
        "logged-in",
        "account-changed",
        "viewed",
        "revealed",
        "asked",
        "deleted",
    ];
    assert_eq!(acts, wanted);
}

#[test]
fn every_call_takes_whom_the_table_says_and_nobody_else() {
    let place = Place::open();
    let id = a_held_message(&place);
    let mut wrong = Vec::new();
    for role in Role::ALL {
        let mut person = place.with_account(&format!("en-{role}"), role.as_str());
        let mut program = program(&place, &mut person, &[role.as_str()]);
        for call in calls::table() {
            let answer = called(&mut program, &call, &id);
            let allowed = match call.needs {
                Needs::Anyone | Needs::SignedIn => true,
                Needs::May(permission) => role.allows(permission),
            };
            let is_right = match (allowed, call.way) {
                (false, _) => answer.status == 403,
                (true, Way::Shown) => answer.status == 200,
                // An empty body is wrong, but not for lack of permission.
                (true, Way::Sent) => answer.status == 400,
            };
            if !is_right {
                wrong.push(format!("{} as {role}: {}", call.path, answer.status));
            }
        }
        let mut nobody = place.browser();
        for call in calls::table().into_iter().filter(|call| call.needs != Needs::Anyone) {
            assert_eq!(called(&mut nobody, &call, &id).status, 401, "{}", call.path);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_two_must_agree_to_is_asked_for_and_approved_by_another() {
    let plan = Plan { more: "[review]\nfour_eyes_persons = 1\n".to_owned(), ..Plan::default() };
    let place = Place::with(plan);
    let id = a_held_message(&place);
    let mut one = place.with_account("solveig", "approver");
    let mut one = program(&place, &mut one, &["approver"]);
    let mut other = place.with_account("torunn", "approver");
    let mut other = program(&place, &mut other, &["approver"]);

    let release = json!({ "purpose": "avtalt på telefon" });
    let asked = one.call(&format!("/api/v1/held/{id}/release"), &release);
    assert_eq!((asked.status, &body(&asked)["state"]), (202, &json!("proposed")));
    let open = body(&other.get("/api/v1/requests"));
    assert_eq!(
        (&open["items"][0]["held"], &open["items"][0]["asked_by"]),
        (&json!(id), &json!("solveig"))
    );
    let request = open["items"][0]["id"].as_str().unwrap().to_owned();
    let approve = format!("/api/v1/requests/{request}/approve");
    assert_eq!(one.call(&approve, &release).status, 403, "nobody approves his own");
    let remark = json!({ "text": "ringte avsenderen" });
    assert_eq!(other.call(&format!("/api/v1/held/{id}/comments"), &remark).status, 200);
    assert_eq!(other.call(&approve, &release).status, 200);
    assert_eq!(other.call(&approve, &release).status, 409);
    let look = body(&other.get(&format!("/api/v1/held/{id}")));
    assert_eq!(look["held"]["state"], "released");
    assert!(look["comments"][0]["text"].as_str().unwrap().starts_with("ringte"), "{look}");
}

#[test]
fn a_cookie_is_no_token() {
    let place = Place::open();
    let mut person = place.with_account("solveig", "reviewer");
    let answer = person.get("/api/v1/held");
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, "Bearer"));
    assert_eq!(person.call("/api/v1/nothing", &json!({})).status, 404);
}

#[test]
fn a_stolen_token_ends_when_it_is_taken_back_and_with_its_person() {
    let place = Place::open();
    for (name, end) in [("anne", "token"), ("berit", "reset"), ("cecilie", "close")] {
        let mut person = place.with_account(name, "viewer");
        let mut thief = program(&place, &mut person, &["viewer"]);
        assert_eq!(thief.get("/api/v1/held").status, 200);
        if end == "token" {
            let page = person.get("/me/tokens").body;
            let (_, rest) = page.split_once("action=\"/me/tokens/").unwrap();
            let id = rest.split('/').next().unwrap();
            let mut other = place.with_account("torunn", "viewer");
            other.get("/me/tokens");
            assert_eq!(other.post(&format!("/me/tokens/{id}/end"), &[]).status, 404);
            assert_eq!(thief.get("/api/v1/held").status, 200, "others cannot take it back");
            assert_eq!(person.post(&format!("/me/tokens/{id}/end"), &[]).status, 303);
        } else {
            assert_eq!(place.sluse.run(&["account", end, name]).code, 0);
        }
        assert_eq!(thief.get("/api/v1/held").status, 401, "{end}");
    }
}

#[test]
fn a_token_can_do_no_more_than_its_person() {
    let place = Place::open();
    let mut person = place.with_account("solveig", "reviewer,auditor");
    person.get("/me/tokens");
    for (roles, name, days, current) in [
        ("administrator", "x", "30", PASSWORD),
        ("reviewer", "", "30", PASSWORD),
        ("reviewer", samples::NUMBER, "30", PASSWORD),
        ("reviewer", "x", "366", PASSWORD),
        ("reviewer", "x", "30", "feil passord her"),
    ] {
        let form = [("role", roles), ("name", name), ("days", days), ("current", current)];
        assert_eq!(person.post("/me/tokens", &form).status, 400, "{roles} {name} {days}");
        person.get("/me/tokens");
    }
    let mut program = program(&place, &mut person, &["auditor"]);
    assert_eq!(program.get("/api/v1/audit?limit=2").status, 200);
    assert_eq!(program.get("/api/v1/held").status, 403, "the token has one role of two");
    place.sluse.run(&["account", "roles", "solveig", "--roles", "reviewer"]);
    assert_eq!(program.get("/api/v1/audit").status, 403, "the person lost the role");
}

#[test]
fn the_description_is_the_table() {
    let place = Place::open();
    let description = body(&place.browser().get("/api/v1/openapi.json"));
    assert_eq!(description["openapi"], "3.1.0");
    let mut described = Vec::new();
    for (path, ways) in description["paths"].as_object().unwrap() {
        for (way, operation) in ways.as_object().unwrap() {
            described.push(format!("{way} {path} {}", operation["operationId"].as_str().unwrap()));
        }
    }
    let mut wanted: Vec<String> = calls::table()
        .iter()
        .map(|call| match call.way {
            Way::Sent => format!("post {} {}", call.path, call.name),
            Way::Shown => format!("get {} {}", call.path, call.name),
        })
        .collect();
    described.sort();
    wanted.sort();
    assert_eq!(described, wanted);
    let text = description.to_string();
    for named in text.split("#/components/schemas/").skip(1) {
        let name = named.split('"').next().unwrap();
        assert!(description["components"]["schemas"][name].is_object(), "{name}");
    }
    // What is described is what comes.
    let id = a_held_message(&place);
    let mut person = place.with_account("solveig", "reviewer");
    let look =
        body(&program(&place, &mut person, &["reviewer"]).get(&format!("/api/v1/held/{id}")));
    let mut keys: Vec<&String> = look["held"].as_object().unwrap().keys().collect();
    let schema = &description["components"]["schemas"]["Held"]["properties"];
    let mut named: Vec<&String> = schema.as_object().unwrap().keys().collect();
    keys.sort();
    named.sort();
    assert_eq!(keys, named);
}

fn called(program: &mut Browser, call: &Call, id: &str) -> Answer {
    let path = call.path.replace("{id}", id);
    assert!(!path.contains('{'), "say in this test what stands for {path}");
    match call.way {
        Way::Sent => program.call(&path, &json!({})),
        Way::Shown => program.get(&path),
    }
}

/// A program with a new token of `person`, and nothing else.
fn program(place: &Place, person: &mut Browser, roles: &[&str]) -> Browser {
    person.get("/me/tokens");
    let fixed = [("name", "rapport"), ("days", "30"), ("current", PASSWORD)];
    let roles = roles.iter().map(|role| ("role", *role));
    let form: Vec<(&str, &str)> = fixed.into_iter().chain(roles).collect();
    let page = person.post("/me/tokens", &form);
    assert_eq!(page.status, 200, "{}", page.body);
    let (_, rest) = page.body.split_once("value=\"sluse_").unwrap();
    let token = rest.split('"').next().unwrap();
    assert!(!person.get("/me/tokens").body.contains(token), "it is shown once");
    let mut program = place.browser();
    program.headers = format!("Authorization: Bearer sluse_{token}\r\n");
    program
}

fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

fn a_held_message(place: &Place) -> String {
    let reply = place.send(&samples::sample("medium-finding"));
    assert_eq!(reply.code, 250, "{reply:?}");
    place.sluse.held()[0]["id"].as_str().unwrap().to_owned()
}
