//! Accounts and sessions, as people and attackers use them.

use crate::{
    harness::{PATIENCE, sluse::Plan, until},
    place::{Answer, Browser, PASSWORD, Place},
};

#[test]
fn the_first_administrator_sets_a_password_through_the_link_in_the_log() {
    let place = Place::open();
    let link = until("the link", PATIENCE, || {
        let lines = place.sluse.log.all();
        let line = lines.into_iter().find(|line| line.contains("/welcome/"))?;
        let (_, rest) = line.split_once("/welcome/")?;
        Some(format!("/welcome/{}", rest.split('"').next()?))
    });
    let mut browser = place.browser();
    let page = browser.get(&link);
    assert!(page.status == 200 && page.body.contains("value=\"administrator\""), "{page:?}");
    let short = browser.send(&link, &[("password", "kort"), ("again", "kort")]);
    assert!(short.status == 400 && short.body.contains("for kort"), "{}", short.body);
    let unlike = browser.send(&link, &[("password", PASSWORD), ("again", "et annet passord")]);
    assert!(unlike.status == 400 && unlike.body.contains("ikke like"), "{}", unlike.body);
    assert_eq!(browser.send(&link, &[("password", PASSWORD), ("again", PASSWORD)]).status, 303);
    browser.log_in("administrator", PASSWORD);

    // The link works once, and a second start prints none.
    let again = place.browser().send(&link, &[("password", PASSWORD), ("again", PASSWORD)]);
    assert_eq!(again.status, 404);
    let ran = place.sluse.run(&["account", "list", "--format", "json"]);
    assert!(ran.out.contains("\"state\":\"open\""), "{}", ran.out);
}

#[test]
fn a_person_logs_in_chooses_language_and_colours_and_logs_out() {
    let place = Place::open();
    let mut kari = place.with_account("solveig", "reviewer");
    let page = kari.get("/me");
    assert!(page.body.contains("Min konto") && page.body.contains("Saksbehandler"));
    let chosen = kari.post("/me/appearance", &[("language", "nn"), ("theme", "dark")]);
    assert_eq!((chosen.status, chosen.header("location")), (303, "/me?saved"));
    let page = kari.get("/me?saved");
    assert!(page.body.contains("<html lang=\"nn\" data-theme=\"dark\">"), "{}", page.body);
    assert!(page.body.contains("Endringa er lagra."));
    assert_eq!(kari.post("/me/appearance", &[("language", "xx"), ("theme", "dark")]).status, 400);

    assert_eq!(kari.post("/logout", &[]).header("location"), "/login");
    assert_eq!(kari.get("/me").header("location"), "/login?next=%2Fme");
    let acts = place.acts("solveig");
    assert_eq!(acts, ["account-changed", "logged-in", "logged-out"]);
}

#[test]
fn a_stolen_cookie_is_worth_nothing_after_the_log_out() {
    let place = Place::open();
    let mut owner = place.with_account("solveig", "reviewer");
    let mut thief = place.browser();
    thief.cookies.clone_from(&owner.cookies);
    assert_eq!(thief.get("/me").status, 200);
    owner.post("/logout", &[]);
    assert_eq!(thief.get("/me").status, 303);
}

#[test]
fn a_changed_account_ends_its_sessions_at_once() {
    let place = Place::open();
    let changes: [&[&str]; 3] = [&["roles", "--roles", "viewer"], &["reset"], &["close"]];
    for (name, change) in ["anne", "berit", "cecilie"].into_iter().zip(changes) {
        let mut browser = place.with_account(name, "reviewer");
        let words = [&["account", change[0], name], &change[1..]].concat();
        assert_eq!(place.sluse.run(&words).code, 0, "{words:?}");
        assert_eq!(browser.get("/me").status, 303, "{words:?}");
    }
    let mut closed = place.browser();
    let answer = closed.send("/login", &[("name", "cecilie"), ("password", PASSWORD)]);
    assert_eq!(answer.status, 401);
}

#[test]
fn a_new_password_needs_the_old_one_and_ends_the_session() {
    let place = Place::open();
    let mut browser = place.with_account("solveig", "reviewer");
    let new = "en helt annen setning";
    let form = |current| [("current", current), ("password", new), ("again", new)];
    assert_eq!(browser.post("/me/password", &form("feil passord her")).status, 400);
    assert_eq!(browser.post("/me/password", &form(PASSWORD)).status, 303);
    assert_eq!(browser.get("/me").status, 303);
    let old = browser.send("/login", &[("name", "solveig"), ("password", PASSWORD)]);
    assert_eq!(old.status, 401);
    browser.log_in("solveig", new);
}

#[test]
fn session_fixation_gives_no_session() {
    let place = Place::open();
    let link = place.invite("solveig", "reviewer");
    let mut victim = place.browser();
    victim.send(&link, &[("password", PASSWORD), ("again", PASSWORD)]);
    let planted = "__Host-sluse-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned();
    victim.cookies.push(planted.clone());
    victim.log_in("solveig", PASSWORD);
    assert!(!victim.cookies.contains(&planted), "{:?}", victim.cookies);
    let mut attacker = place.browser();
    attacker.cookies.push(planted);
    assert_eq!(attacker.get("/me").status, 303);
}

#[test]
fn cross_site_request_forgery_is_refused() {
    let place = Place::open();
    let mut browser = place.with_account("solveig", "reviewer");
    let mut other = place.with_account("torunn", "reviewer");
    let form = [("language", "en"), ("theme", "dark")];

    let without = browser.send("/me/appearance", &form);
    assert_eq!(without.status, 403, "no secret");
    let own = browser.csrf.clone();
    browser.csrf.clone_from(&other.csrf);
    assert_eq!(browser.post("/me/appearance", &form).status, 403, "the secret of another session");
    browser.csrf = own;
    for origin in ["https://evil.example", "null", "https://sluse.cpm.example.evil.example", ""] {
        browser.origin = origin.to_owned();
        assert_eq!(browser.post("/me/appearance", &form).status, 403, "from {origin:?}");
        let enter = [("name", "torunn"), ("password", PASSWORD)];
        assert_eq!(browser.send("/login", &enter).status, 403, "log-in from {origin:?}");
    }
    assert!(browser.get("/me").body.contains("<html lang=\"nb\" data-theme=\"system\">"));
    assert_eq!(other.get("/me").status, 200);
}

#[test]
fn brute_force_is_slowed_down_and_keeps_the_person_in() {
    let place = Place::open();
    let mut owner = place.with_account("solveig", "reviewer");
    let mut attacker = place.browser();
    let guess = |attacker: &mut Browser| {
        attacker.send("/login", &[("name", "solveig"), ("password", "gjetning nummer en")]).status
    };
    let answers: Vec<u16> = (0..8).map(|_| guess(&mut attacker)).collect();
    assert_eq!(answers[..5], [401; 5]);
    assert!(answers[5..].contains(&429), "{answers:?}");
    let unknown = attacker.send("/login", &[("name", "ukjent"), ("password", PASSWORD)]);
    assert!(unknown.status == 401 && unknown.body.contains("Brukernavn eller passord er feil."));

    // The person comes with a browser that has been here before.
    owner.post("/logout", &[]);
    owner.log_in("solveig", PASSWORD);
    assert!(place.acts("solveig").contains(&"login-failed".to_owned()));
}

#[test]
fn password_spraying_over_many_names_is_slowed_down_by_address() {
    let place = Place::open();
    let mut owner = place.with_account("solveig", "reviewer");
    let link = place.invite("torunn", "reviewer");
    place.browser().send(&link, &[("password", PASSWORD), ("again", PASSWORD)]);
    // The proxy adds the address that it sees to what the visitor claims.
    let from = |address: &str, number: usize| {
        let mut browser = place.browser();
        browser.headers = format!("X-Forwarded-For: 198.51.100.{number}, {address}\r\n");
        browser
    };
    let spray = |number: usize| {
        let name = format!("ansatt-{}", ["a", "b", "c", "d", "e", "f"][number % 6]);
        let name = format!("{name}{}", "x".repeat(number / 6));
        let form = [("name", name.as_str()), ("password", "Sommer og sol 1")];
        from("192.0.2.9", number).send("/login", &form)
    };
    let answers: Vec<Answer> = (0..40).map(spray).collect();
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses[..30], [401; 30]);
    let slowed = answers.iter().find(|answer| answer.status == 429).unwrap();
    let wait: u64 = slowed.header("retry-after").parse().unwrap();
    assert!((1..=61).contains(&wait), "{slowed:?}");
    for (language, words) in
        [("nb", "mislykkede forsøk"), ("nn", "mislukka forsøk"), ("en", "failed attempts")]
    {
        let mut browser = from("192.0.2.9", 0);
        browser.headers.push_str(&format!("Accept-Language: {language}\r\n"));
        let answers = (0..8).map(|_| {
            browser.send("/login", &[("name", "ukjent"), ("password", "Sommer og sol 1")])
        });
        let told = answers.filter(|answer| answer.status == 429);
        assert!(told.map(|answer| answer.body).any(|body| body.contains(words)), "{language}");
    }

    // Another address is free, and so is a browser that has been here before.
    let form = [("name", "torunn"), ("password", PASSWORD)];
    assert_eq!(from("192.0.2.10", 1).send("/login", &form).status, 303);
    owner.post("/logout", &[]);
    owner.headers = "X-Forwarded-For: 192.0.2.9\r\n".to_owned();
    owner.log_in("solveig", PASSWORD);
}

#[test]
fn a_spoofed_forwarded_address_of_a_stranger_is_ignored() {
    let place = Place::with(Plan { more: "proxies = []\n".to_owned(), ..Plan::default() });
    let guess = |number: usize| {
        let mut browser = place.browser();
        browser.headers =
            format!("X-Forwarded-For: 192.0.2.{number}\r\nForwarded: for=192.0.2.{number}\r\n");
        let name = format!("ansatt-{}", "x".repeat(number + 1));
        let form = [("name", name.as_str()), ("password", "Sommer og sol 1")];
        browser.send("/login", &form).status
    };
    let answers: Vec<u16> = (0..40).map(guess).collect();
    assert_eq!(answers[..30], [401; 30]);
    assert!(answers[30..].contains(&429), "{answers:?}");
}

#[test]
fn a_person_sees_the_own_sessions_and_ends_them() {
    let place = Place::open();
    let mut here = place.with_account("solveig", "reviewer");
    let mut other = place.with_account("torunn", "reviewer");
    let agents = [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/150.0 Safari/537.36 Edg/150.0",
            "Edge",
        ),
        ("Mozilla/5.0 <b>odd</b>", "ukjent nettleser"),
    ];
    let mut browsers: Vec<Browser> = agents
        .iter()
        .map(|(agent, _)| {
            let mut browser = place.browser();
            browser.headers = format!("User-Agent: {agent}\r\n");
            browser.log_in("solveig", PASSWORD);
            browser
        })
        .collect();
    let page = here.get("/me").body;
    assert_eq!(page.matches("name=\"session\"").count(), 3, "{page}");
    assert_eq!(page.matches("denne nettleseren").count(), 1, "{page}");
    for (_, family) in agents {
        assert!(page.contains(family), "{family} in {page}");
    }
    assert!(!page.contains("odd") && !page.contains("140.0"));

    // The one that is named ends, and no other; that of somebody else does not.
    let row = page.split("<tr").find(|row| row.contains("Firefox")).unwrap();
    let (_, rest) = row.split_once("name=\"session\" value=\"").unwrap();
    let name = rest.split('"').next().unwrap().to_owned();
    other.get("/me");
    other.post("/me/sessions/end", &[("session", &name)]);
    assert_eq!(browsers[0].get("/me").status, 200);
    assert_eq!(here.post("/me/sessions/end", &[("session", &name)]).status, 303);
    assert_eq!(browsers[0].get("/me").status, 303);
    assert_eq!(browsers[1].get("/me").status, 200);

    // All others end with one form, and this one goes on.
    assert_eq!(here.post("/me/sessions/end", &[]).status, 303);
    for browser in &mut browsers {
        assert_eq!(browser.get("/me").status, 303);
    }
    assert_eq!(here.get("/me").status, 200);
    let rows = place.sluse.run(&["audit", "export", "--by", "test"]).objects();
    let ended = rows.iter().filter(|row| row["act"] == "logged-out" && row["actor"] == "solveig");
    let ended: Vec<_> = ended.map(|row| row["facts"]["sessions"].clone()).collect();
    assert_eq!(ended, [1, 2]);
}

#[test]
fn an_open_redirect_leads_nowhere_else() {
    let place = Place::open();
    let mut browser = place.with_account("solveig", "reviewer");
    let nexts =
        ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1", "/me"];
    for (next, wanted) in nexts.into_iter().zip(["/", "/", "/", "/", "/me"]) {
        let form = [("name", "solveig"), ("password", PASSWORD), ("next", next)];
        let answer = browser.send("/login", &form);
        assert_eq!((answer.status, answer.header("location")), (303, wanted), "{next}");
    }
}

#[test]
fn the_cookie_and_the_pages_are_closed_to_others() {
    let place = Place::open();
    let link = place.invite("solveig", "reviewer");
    let mut browser = place.browser();
    browser.send(&link, &[("password", PASSWORD), ("again", PASSWORD)]);
    let answer = browser.send("/login", &[("name", "solveig"), ("password", PASSWORD)]);
    let cookie = answer.headers("set-cookie").next().unwrap();
    for part in ["__Host-sluse-session=", "; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let page = browser.get("/me");
    let policy = page.header("content-security-policy");
    for rule in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(rule), "{rule} in {policy}");
    }
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(!page.body.contains("<style") && !page.body.contains(" style="));
    let style = page.body.split("href=\"/assets/").nth(1).unwrap().split('"').next().unwrap();
    let style = browser.get(&format!("/assets/{style}"));
    assert!(style.status == 200 && style.header("cache-control").contains("immutable"));
    assert_eq!(browser.get("/assets/app.css").status, 404);
}

#[test]
fn the_command_line_says_what_is_wrong() {
    let place = Place::open();
    let cases: [(&[&str], i32, &str); 5] = [
        (&["account", "add", "x", "--roles", "viewer"], 2, "2 to 64"),
        (&["account", "add", "kari13827830652", "--roles", "viewer"], 2, "at most 5 digits"),
        (&["account", "add", "kari", "--roles", "boss"], 2, "a role is administrator"),
        (&["account", "close", "nobody"], 1, "there is no account nobody"),
        (&["account", "add", "administrator", "--roles", "viewer"], 1, "there is an account"),
    ];
    for (words, code, hint) in cases {
        let ran = place.sluse.run(words);
        assert!(ran.code == code && ran.err.contains(hint), "{words:?}: {ran:?}");
    }
}
