//! Log-in at a provider, as people and attackers use it.

use serde_json::{Value, json};

use crate::{
    harness::sluse::Plan,
    op::{Manners, Op, Signing, pairs},
    place::{Answer, Browser, PASSWORD, Place},
};

#[test]
fn a_person_logs_in_at_the_provider_and_has_the_roles_of_the_claims() {
    let (op, place) = both("");
    let mut browser = place.browser();
    let page = browser.get("/login?next=%2Fme");
    assert!(page.body.contains("Logg inn med Prøvebruker"), "{}", page.body);
    assert!(page.body.contains("href=\"/login/oidc/op?next=%2Fme\""), "{}", page.body);

    let sent = browser.get("/login/oidc/op?next=%2Fme");
    assert_eq!(sent.status, 303, "{sent:?}");
    let cookie = sent.headers("set-cookie").next().unwrap();
    for part in ["__Host-sluse-flow=", "; HttpOnly", "; SameSite=Lax", "; Secure", "; Max-Age=600"]
    {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let asked = pairs(sent.header("location").split_once('?').unwrap().1);
    assert!(!cookie.contains(&asked["state"]) && !cookie.contains(&asked["nonce"]));

    let back = op.visit(sent.header("location"));
    let done = browser.get(&back);
    assert_eq!((done.status, done.header("location")), (303, "/me"), "{}", done.body);
    assert!(browser.cookies.iter().all(|cookie| !cookie.contains("flow=")), "it is used up");
    let own = browser.get("/me").body;
    assert!(own.contains("Saksbehandler") && own.contains("http://127.0.0.1"), "{own}");
    assert!(!own.contains("type=\"password\""), "there is no password to change");
    assert_eq!(browser.post("/logout", &[]).header("location"), "/login");
    assert_eq!(browser.get("/me").status, 303);
    assert_eq!(place.acts("solveig"), ["logged-in", "logged-out"]);
    let row = rows(&place, "logged-in").remove(0);
    assert_eq!(row["facts"]["provider"], "op");
    let made = rows(&place, "account-changed").remove(0);
    assert_eq!((&made["actor"], &made["facts"]["change"]), (&json!("gate"), &json!("made")));
}

#[test]
fn the_second_factor_is_the_affair_of_the_provider() {
    let op = Op::open("reviewers");
    let place = strict(&op, "acr = [\"high\"]");
    op.claim("acr", json!("high"));
    let mut browser = place.browser();
    assert_eq!(log_in(&op, &mut browser).header("location"), "/");
    assert_eq!(browser.get("/queue").status, 200);
    let checked = place.sluse.run(&["check-config"]);
    assert!(checked.code == 0 && !checked.out.contains("second_factor"), "{checked:?}");

    let blind = strict(&op, "").sluse.run(&["check-config"]);
    assert!(blind.out.contains("second_factor is \"required\", but nothing asks"), "{blind:?}");
}

#[test]
fn a_forged_state_is_refused() {
    let (op, place) = both("");
    let mut browser = place.browser();
    let back = depart(&op, &mut browser);
    let (before, _) = back.split_once("&state=").unwrap();
    for state in ["", "&state=", "&state=AAAAAAAAAAAAAAAAAAAAAA"] {
        let mut other = place.browser();
        other.cookies.clone_from(&browser.cookies);
        is_refused(&mut other, &format!("{before}{state}"), 400, "begynn på nytt");
    }
    assert_eq!(op.asked("/token"), 0, "the code is given to nobody");
    assert_eq!(rows(&place, "logged-in"), Vec::<Value>::new());
}

#[test]
fn a_forged_cookie_is_refused() {
    let (op, place) = both("");
    let mut browser = place.browser();
    let back = depart(&op, &mut browser);
    let own = browser.cookies[0].clone();
    let (name, sealed) = own.split_once('=').unwrap();
    let flipped = match sealed.ends_with('A') {
        true => "B",
        false => "A",
    };
    for value in [
        String::new(),
        "AAAA".to_owned(),
        format!("{}{flipped}", &sealed[..sealed.len() - 1]),
        format!("{flipped}{}", &sealed[1..]),
        sealed[..sealed.len() / 2].to_owned(),
    ] {
        browser.cookies = vec![format!("{name}={value}")];
        is_refused(&mut browser, &back, 400, "begynn på nytt");
    }
    assert_eq!(op.asked("/token"), 0);
}

#[test]
fn a_replayed_callback_is_refused() {
    let (op, place) = both("");
    let mut browser = place.browser();
    let back = depart(&op, &mut browser);
    let mut thief = place.browser();
    thief.cookies.clone_from(&browser.cookies);
    assert_eq!(browser.get(&back).status, 303);
    is_refused(&mut thief, &back, 400, "begynn på nytt");
    // A fresh log-in with the old code gets no further than the provider.
    let state = depart(&op, &mut thief);
    let (_, state) = state.split_once("&state=").unwrap();
    let code = back.split("code=").nth(1).unwrap().split('&').next().unwrap();
    let path = format!("/login/oidc/op/callback?code={code}&state={state}");
    is_refused(&mut thief, &path, 403, "avbrutt");
    assert_eq!(op.refused(), ["code"]);
}

#[test]
fn log_in_csrf_with_the_callback_of_another_is_refused() {
    let (op, place) = both("");
    let mut attacker = place.browser();
    let back = depart(&op, &mut attacker);
    let mut victim = place.with_account("torunn", "viewer");
    is_refused(&mut victim, &back, 400, "begynn på nytt");
    assert!(victim.get("/me").body.contains("torunn"), "the session of the victim goes on");
    // Nor with a log-in of the victim's own under way.
    let mut victim = place.browser();
    depart(&op, &mut victim);
    is_refused(&mut victim, &back, 400, "begynn på nytt");
    assert_eq!(op.asked("/token"), 0);
}

#[test]
fn the_wrong_nonce_is_refused() {
    let (op, place) = both("");
    for nonce in [json!("another"), Value::Null] {
        op.claim("nonce", nonce);
        is_untrusted(&op, &place);
    }
}

#[test]
fn the_provider_refuses_missing_and_wrong_pkce() {
    let (op, place) = both("");
    let mut browser = place.browser();
    let sent = browser.get("/login/oidc/op").header("location").to_owned();
    let asked = pairs(sent.split_once('?').unwrap().1);
    assert_eq!(
        (asked["code_challenge_method"].as_str(), asked["code_challenge"].len()),
        ("S256", 43)
    );

    // Somebody on the way puts his own challenge there, and cannot end with it.
    let own = sent.replace(&asked["code_challenge"], &"A".repeat(43));
    is_refused(&mut browser, &op.visit(&own), 403, "avbrutt");
    assert_eq!(op.refused(), ["pkce"]);

    let mut browser = place.browser();
    let sent = browser.get("/login/oidc/op").header("location").to_owned();
    let challenge = &pairs(sent.split_once('?').unwrap().1)["code_challenge"];
    let without = op.visit(&sent.replace(&format!("code_challenge={challenge}&"), ""));
    assert!(without.contains("error=invalid_request"), "{without}");
    is_refused(&mut browser, &without, 403, "avbrutt");
    let reasons: Vec<Value> = refusals(&place);
    assert_eq!(reasons, ["code", "declined"]);
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let (op, place) = both("");
    op.change(|shared| shared.signing = Signing::None);
    is_untrusted(&op, &place);
}

#[test]
fn a_token_signed_with_our_own_secret_is_refused() {
    let (op, place) = both("");
    op.change(|shared| shared.signing = Signing::Secret);
    is_untrusted(&op, &place);
}

#[test]
fn a_token_signed_by_a_foreign_key_is_refused() {
    let (op, place) = both("");
    op.change(|shared| shared.signing = Signing::Foreign);
    is_untrusted(&op, &place);
}

#[test]
fn a_token_for_another_audience_is_refused() {
    let (op, place) = both("");
    for audience in [json!("another"), json!(["sluse-test", "another"]), json!([]), Value::Null] {
        op.claim("aud", audience);
        is_untrusted(&op, &place);
    }
    op.claim("aud", json!("sluse-test"));
    op.claim("azp", json!("another"));
    is_untrusted(&op, &place);
}

#[test]
fn a_token_of_another_issuer_is_refused() {
    let (op, place) = both("");
    op.claim("iss", json!("https://evil.example"));
    is_untrusted(&op, &place);
    op.claim("iss", json!(format!("http://127.0.0.1:{}", op.port)));
    // The browser comes from elsewhere (RFC 9207).
    let mut browser = place.browser();
    let back = depart(&op, &mut browser);
    is_refused(&mut browser, &format!("{back}&iss=https://evil.example"), 403, "kontrolleres");
}

#[test]
fn an_expired_token_and_one_from_the_future_are_refused() {
    let (op, place) = both("");
    op.claim("exp", json!(1_700_000_000));
    is_untrusted(&op, &place);
    op.claim("exp", json!(9_999_999_999_u64));
    op.claim("iat", json!(9_999_999_000_u64));
    is_untrusted(&op, &place);
}

#[test]
fn an_access_token_that_was_exchanged_is_refused() {
    let (op, place) = both("");
    op.claim("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA"));
    is_untrusted(&op, &place);
}

#[test]
fn a_log_in_below_the_level_is_refused() {
    let (op, place) = both("acr = [\"substantial\", \"high\"]");
    let mut browser = place.browser();
    let sent = browser.get("/login/oidc/op").header("location").to_owned();
    assert_eq!(pairs(sent.split_once('?').unwrap().1)["acr_values"], "substantial high");
    for acr in [json!("low"), Value::Null] {
        op.claim("acr", acr);
        let mut browser = place.browser();
        let back = depart(&op, &mut browser);
        is_refused(&mut browser, &back, 403, "høyere sikkerhetsnivå");
    }
    assert_eq!(refusals(&place), ["claim acr", "claim acr"]);
    op.claim("acr", json!("high"));
    assert_eq!(log_in(&op, &mut place.browser()).status, 303);
}

#[test]
fn somebody_of_another_tenant_is_refused() {
    let (op, place) = both("require = { tid = [\"ours\"] }");
    for tenant in [json!("theirs"), json!({ "ours": true }), Value::Null] {
        op.claim("tid", tenant);
        let mut browser = place.browser();
        let back = depart(&op, &mut browser);
        is_refused(&mut browser, &back, 403, "oppfyller ikke kravene");
    }
    assert_eq!(refusals(&place), ["claim tid"; 3]);
    op.claim("tid", json!("ours"));
    assert_eq!(log_in(&op, &mut place.browser()).status, 303);
}

#[test]
fn whoever_has_no_role_is_refused_and_gets_no_account() {
    let (op, place) = both("");
    op.claim("roles", json!(["students"]));
    let mut browser = place.browser();
    let back = depart(&op, &mut browser);
    is_refused(&mut browser, &back, 403, "ingen rolle");
    let row = rows(&place, "login-failed").remove(0);
    assert_eq!(row["facts"]["reason"], "no role");
    assert_eq!(row["facts"]["subject"], "solveig-1", "so that a role can be given");
    assert!(!place.sluse.run(&["account", "list"]).out.contains("solveig"));
}

#[test]
fn roles_that_are_removed_at_the_provider_are_removed_here() {
    let (op, place) = both("");
    op.claim("roles", json!(["reviewers", "admins"]));
    let mut old = place.browser();
    log_in(&op, &mut old);
    assert_eq!((old.get("/people").status, old.get("/queue").status), (200, 200));

    op.claim("roles", json!(["reviewers"]));
    let mut new = place.browser();
    log_in(&op, &mut new);
    assert_eq!((new.get("/people").status, new.get("/queue").status), (403, 200));
    assert_eq!(old.get("/me").status, 303, "what began with other roles is over");

    op.claim("roles", json!([]));
    let mut none = place.browser();
    let back = depart(&op, &mut none);
    is_refused(&mut none, &back, 403, "ingen rolle");
    assert_eq!(new.get("/me").status, 303);
    let changes = rows(&place, "account-changed").into_iter();
    let changes: Vec<Value> = changes
        .filter(|row| row["facts"]["account"] == "solveig")
        .map(|row| row["facts"]["roles"].clone())
        .collect();
    assert_eq!(changes, [json!(["administrator", "reviewer"]), json!(["reviewer"]), json!([])]);
    assert_eq!(place.acts("solveig").last().unwrap(), "login-failed");
}

#[test]
fn a_closed_account_stays_closed() {
    let (op, place) = both("");
    let mut browser = place.browser();
    log_in(&op, &mut browser);
    assert_eq!(place.sluse.run(&["account", "close", "solveig"]).code, 0);
    assert_eq!(browser.get("/me").status, 303);
    let back = depart(&op, &mut browser);
    is_refused(&mut browser, &back, 403, "stengt");
    let row = rows(&place, "login-failed").remove(0);
    assert_eq!((&row["actor"], &row["facts"]["reason"]), (&json!("solveig"), &json!("closed")));

    let opened = place.sluse.run(&["account", "reset", "solveig"]);
    assert!(opened.code == 0 && opened.out.is_empty() && opened.err.contains("no link"));
    assert_eq!(log_in(&op, &mut browser).status, 303);
}

#[test]
fn a_local_account_of_the_same_name_is_not_taken_over() {
    let (op, place) = both("");
    let mut local = place.with_account("solveig", "viewer");
    op.claim("roles", json!(["admins"]));
    op.claim("email", Value::Null);
    let mut other = place.browser();
    log_in(&op, &mut other);
    assert!(other.get("/me").body.contains("solveig.op"));
    assert_eq!(other.get("/people").status, 200);
    assert_eq!(local.get("/people").status, 403);
    let listed = place.sluse.run(&["account", "list"]).out;
    assert!(listed.contains("solveig ") && listed.contains("solveig.op "), "{listed}");

    // Nor one that another person has from the provider, nor the first one.
    for (subject, name) in [("solveig-2", "solveig"), ("x", "administrator"), ("y", "gate")] {
        op.claim("sub", json!(subject));
        op.claim("preferred_username", json!(name));
        let mut browser = place.browser();
        assert_eq!(log_in(&op, &mut browser).status, 303, "{name}");
        let own = browser.get("/me").body;
        assert!(!own.contains(&format!("<dd>{name}</dd>")), "{own}");
    }
}

#[test]
fn an_account_of_the_provider_takes_no_password_and_no_role_by_hand() {
    let (op, place) = both("");
    let mut person = place.browser();
    log_in(&op, &mut person);
    let form = [("name", "solveig"), ("password", PASSWORD)];
    assert_eq!(place.browser().send("/login", &form).status, 401);
    let ran = place.sluse.run(&["account", "roles", "solveig", "--roles", "administrator"]);
    assert!(ran.code == 1 && ran.err.contains("says which roles"), "{ran:?}");
    let mut admin = place.with_account("ragnhild", "administrator");
    let list = admin.get("/people").body;
    let path = list.split_once("\">solveig</a>").unwrap().0.rsplit('"').next().unwrap().to_owned();
    let page = admin.get(&path).body;
    assert!(page.contains("Rollene kommer fra innloggingstjenesten"), "{page}");
    assert!(!page.contains("/reset\"") && !page.contains("/roles\""), "{page}");
    assert_eq!(admin.post(&format!("{path}/roles"), &[("role", "auditor")]).status, 403);
    assert_eq!(admin.post(&format!("{path}/close"), &[]).status, 303);
    assert!(admin.get(&path).body.contains("Åpne kontoen igjen"));
    assert_eq!(admin.post(&format!("{path}/reset"), &[]).status, 303);
    assert_eq!(log_in(&op, &mut person).status, 303);
}

#[test]
fn session_fixation_gives_no_session() {
    let (op, place) = both("");
    let planted = "__Host-sluse-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned();
    let mut victim = place.browser();
    victim.cookies.push(planted.clone());
    log_in(&op, &mut victim);
    assert!(!victim.cookies.contains(&planted), "{:?}", victim.cookies);
    let mut attacker = place.browser();
    attacker.cookies.push(planted);
    assert_eq!(attacker.get("/me").status, 303);
}

#[test]
fn an_open_redirect_leads_nowhere_else() {
    let (op, place) = both("");
    for (next, wanted) in [
        ("https:%2F%2Fevil.example%2F", "/"),
        ("%2F%2Fevil.example", "/"),
        ("%2F%5Cevil.example", "/"),
        ("javascript:1", "/"),
        ("%2Fme", "/me"),
    ] {
        let mut browser = place.browser();
        let sent = browser.get(&format!("/login/oidc/op?next={next}"));
        let back = op.visit(sent.header("location"));
        assert_eq!(browser.get(&back).header("location"), wanted, "{next}");
    }
}

#[test]
fn a_provider_that_is_down_stops_nobody_with_a_password() {
    let op = Op::open("reviewers");
    let nowhere = crate::harness::free_port();
    let settings = op.settings("").replace(&op.port.to_string(), &nowhere.to_string());
    let place = place(&settings);
    let mut browser = place.browser();
    for (language, words) in
        [("nb", "svarer ikke"), ("nn", "svarar ikkje"), ("en", "does not answer")]
    {
        browser.headers = format!("Accept-Language: {language}\r\n");
        let page = browser.get("/login/oidc/op");
        assert!(page.status == 503 && page.body.contains(words), "{page:?}");
        assert_eq!(page.header("retry-after"), "30");
    }
    let log = place.sluse.log.all().join("\n");
    assert!(log.contains("log-in at the provider is not possible now"), "{log}");
    place.with_account("torunn", "viewer");
    assert_eq!(place.browser().get("/login/oidc/unknown").status, 404);
}

#[test]
fn a_huge_answer_is_not_read() {
    let (op, place) = both("");
    for path in ["/keys", "/.well-known"] {
        op.change(|shared| shared.manners = vec![(path, Manners::Huge)]);
        assert_eq!(place.browser().get("/login/oidc/op").status, 503, "{path}");
    }
    op.change(|shared| shared.manners = vec![("/token", Manners::Huge)]);
    let mut browser = place.browser();
    let back = depart(&op, &mut browser);
    is_refused(&mut browser, &back, 503, "svarer ikke");
    assert!(place.sluse.log.all().join("\n").contains("the answer is too long"));
}

#[test]
fn a_slow_answer_is_not_waited_for() {
    let (op, place) = both("");
    op.change(|shared| shared.manners = vec![("/.well-known", Manners::Slow)]);
    let mut browser = place.browser();
    assert_eq!(browser.get("/login/oidc/op").status, 503);
    assert!(place.sluse.log.all().join("\n").contains("no answer in time"));
    op.change(|shared| shared.manners.clear());
    assert_eq!(log_in(&op, &mut browser).status, 303);
}

#[test]
fn a_provider_that_nobody_vouches_for_gets_nothing() {
    let op = Op::open_tls("reviewers");
    let unknown = place(&op.settings(""));
    assert_eq!(unknown.browser().get("/login/oidc/op").status, 503);
    assert_eq!(op.asked("/"), 0);
    let certificate = op.certificate().display().to_string();
    let known = place(&op.settings(&format!("authorities = {certificate:?}")));
    let sent = known.browser().get("/login/oidc/op");
    assert!(sent.header("location").starts_with("https://127.0.0.1:"), "{sent:?}");
}

#[test]
fn a_redirect_of_the_provider_is_not_followed() {
    let (op, place) = both("");
    op.change(|shared| shared.manners = vec![("/.well-known", Manners::Redirect)]);
    assert_eq!(place.browser().get("/login/oidc/op").status, 503);
    op.change(|shared| shared.manners = vec![("/token", Manners::Redirect)]);
    let mut browser = place.browser();
    let back = depart(&op, &mut browser);
    assert_ne!(browser.get(&back).status, 303);
    assert_eq!(op.asked("/elsewhere"), 0, "where the secret would have gone");
}

#[test]
fn a_description_that_names_another_issuer_is_refused() {
    let op = Op::open("reviewers");
    let settings = op.settings("");
    let issuer = format!("issuer = \"http://127.0.0.1:{}\"", op.port);
    let other = format!("issuer = \"http://127.0.0.1:{}/\"", op.port);
    let place = place(&settings.replace(&issuer, &other));
    assert_eq!(place.browser().get("/login/oidc/op").status, 503);
}

#[test]
fn new_keys_are_fetched_and_unknown_ones_do_not_make_us_ask_for_ever() {
    let (op, place) = both("");
    log_in(&op, &mut place.browser());
    assert_eq!(op.asked("/keys"), 1);
    log_in(&op, &mut place.browser());
    assert_eq!(op.asked("/keys"), 1, "remembered");
    op.rotate("two");
    let mut browser = place.browser();
    assert_eq!(log_in(&op, &mut browser).status, 303);
    assert_eq!(op.asked("/keys"), 2);
    for kid in ["three", "four", "five"] {
        op.rotate(kid);
        is_untrusted(&op, &place);
    }
    assert_eq!(op.asked("/keys"), 2, "at most once a minute");
}

#[test]
fn claims_of_userinfo_count_when_they_are_of_the_same_person() {
    let (op, place) = both("userinfo = true\nroles_claim = \"https://n.op.example/roles\"");
    op.claim("roles", Value::Null);
    let roles = json!(["viewers"]);
    op.change(|shared| {
        shared.userinfo = json!({ "sub": "solveig-1", "https://n.op.example/roles": roles });
    });
    let mut browser = place.browser();
    assert_eq!(log_in(&op, &mut browser).status, 303);
    assert!(browser.get("/me").body.contains("Leser"));
    op.change(|shared| shared.userinfo["sub"] = json!("another"));
    is_untrusted(&op, &place);
}

#[test]
fn check_config_says_what_is_wrong() {
    let op = Op::open("reviewers");
    let place = place("");
    let good = op.settings("");
    let own = format!("\"http://127.0.0.1:{}\"", op.port);
    let cases = [
        (good.replace(&own, "\"http://login.example\""), "not an https:// address"),
        (good.replace("\"reviewer\"", "\"boss\""), "unknown variant `boss`"),
        (good.replace("/secret\"", "/nothing\""), "cannot read"),
        (good.replace("name = \"op\"", "name = \"O/P\""), "a-z, 0-9 and -"),
        (format!("{good}{good}"), "a provider is there twice"),
        (format!("{good}authorities = \"nothing.pem\"\n"), "nothing.pem"),
        (format!("{good}require = {{ tid = [] }}\n"), "no value that would do"),
    ];
    let file = place.sluse.settings();
    let before = std::fs::read_to_string(&file).unwrap();
    for (section, hint) in cases {
        std::fs::write(&file, format!("{before}{section}")).unwrap();
        let ran = place.sluse.run(&["check-config"]);
        assert!(ran.code != 0 && ran.err.contains(hint), "{hint}: {ran:?}");
        assert!(!ran.err.contains("secret-for-tests"));
    }
}

/// A provider, and a Sluse that knows it.
fn both(more: &str) -> (Op, Place) {
    let op = Op::open("reviewers");
    let place = place(&op.settings(more));
    (op, place)
}

fn place(section: &str) -> Place {
    Place::with(Plan {
        more: format!("\n[accounts]\nsecond_factor = \"offered\"\n{section}"),
        ..Plan::default()
    })
}

/// One that asks for second factors.
fn strict(op: &Op, more: &str) -> Place {
    let more = format!("\n[accounts]\n{}", op.settings(more));
    Place::with(Plan { more, ..Plan::default() })
}

/// Goes to the provider and logs in there. Gives the path to come back to.
fn depart(op: &Op, browser: &mut Browser) -> String {
    let sent = browser.get("/login/oidc/op");
    assert_eq!(sent.status, 303, "{sent:?}");
    op.visit(sent.header("location"))
}

fn log_in(op: &Op, browser: &mut Browser) -> Answer {
    let back = depart(op, browser);
    browser.get(&back)
}

fn is_refused(browser: &mut Browser, path: &str, status: u16, words: &str) {
    let sessions =
        |browser: &Browser| browser.cookies.iter().filter(|c| c.contains("session")).count();
    let before = sessions(browser);
    let page = browser.get(path);
    assert_eq!(page.status, status, "{}", page.body);
    assert!(page.body.to_lowercase().contains(&words.to_lowercase()), "{}", page.body);
    assert!(page.headers("set-cookie").all(|cookie| !cookie.contains("session")), "{}", page.head);
    assert_eq!(sessions(browser), before);
}

/// The person comes back with a token that does not hold.
fn is_untrusted(op: &Op, place: &Place) {
    let before = refusals(place).len();
    let mut browser = place.browser();
    let back = depart(op, &mut browser);
    is_refused(&mut browser, &back, 403, "kunne ikke kontrolleres");
    assert_eq!(browser.get("/me").status, 303);
    assert_eq!(refusals(place)[before..], ["token"]);
}

fn rows(place: &Place, act: &str) -> Vec<Value> {
    let rows = place.sluse.run(&["audit", "export", "--by", "test"]).objects();
    rows.into_iter().filter(|row| row["act"] == act).collect()
}

/// Why people were not let in, in order.
fn refusals(place: &Place) -> Vec<Value> {
    rows(place, "login-failed").into_iter().map(|row| row["facts"]["reason"].clone()).collect()
}
