//! The pages about held mail, as reviewers use them and as mail attacks them.

use std::{collections::BTreeSet, thread};

use crate::{
    harness::{
        PATIENCE,
        client::{self, Mail},
        samples::{KARI, NUMBER, OLA, letter},
        sluse::Plan,
    },
    place::{Answer, Place},
};

#[test]
fn a_reviewer_finds_a_message_looks_at_it_and_unmasks_it_once() {
    let place = Place::open();
    let mut vera = place.with_account("vera", "reviewer");
    assert!(vera.get("/queue").body.contains("Ingenting ligger på vent."));
    let id = hold(&place, &letter("en", &format!("Hei\r\n\r\n{NUMBER}\r\n\r\nog 138278 30653")));
    for search in ["kari", "%40partner", "en%40cpm"] {
        let list = vera.get(&format!("/queue?q={search}"));
        assert!(list.body.contains(&format!("/queue/{id}")), "{search}: {}", list.body);
        assert_masked(&list);
    }
    assert!(!vera.get("/queue?q=ukjent").body.contains(&id));
    let page = vera.get(&format!("/queue/{id}"));
    assert_eq!(page.status, 200, "{}", page.body);
    assert_masked(&page);
    assert!(page.body.contains("<mark>138278*****</mark>"), "{}", page.body);
    assert!(page.body.contains("Fødselsnummer") || page.body.contains("fødselsnummer"));

    vera.get(&format!("/queue/{id}"));
    let bare = vera.post(&format!("/queue/{id}/reveal"), &[("purpose", "")]);
    assert_eq!(bare.status, 400, "a purpose is needed");
    assert_masked(&bare);
    let sensitive = vera.post(&format!("/queue/{id}/reveal"), &[("purpose", NUMBER)]);
    assert_eq!(sensitive.status, 400);
    let shown = vera.post(&format!("/queue/{id}/reveal"), &[("purpose", "sak tolv")]);
    assert!(shown.status == 200 && shown.body.contains(NUMBER), "{}", shown.body);
    let raw = vera.post(&format!("/queue/{id}/raw"), &[("purpose", "sak tretten")]);
    assert!(raw.body.contains(NUMBER) && raw.header("content-disposition").contains("attachment"));
    let rows = place.sluse.run(&["audit", "export", "--by", "test"]).objects();
    let purposes: Vec<_> = rows
        .iter()
        .filter(|row| row["act"] == "revealed")
        .map(|row| row["facts"]["purpose"].as_str().unwrap())
        .collect();
    assert_eq!(purposes, ["sak tolv", "sak tretten"]);
    assert!(acts(&place, "vera").iter().any(|act| act == "viewed"));
    assert!(!rows.iter().any(|row| row.to_string().contains(NUMBER)));
}

#[test]
fn a_viewer_sees_and_may_do_nothing_and_others_see_nothing() {
    let place = Place::open();
    let id = hold(&place, &letter("en", NUMBER));
    let mut viewer = place.with_account("vidar", "viewer");
    let page = viewer.get(&format!("/queue/{id}"));
    assert!(page.status == 200 && !page.body.contains("/reveal"), "{}", page.body);
    for path in ["reveal", "raw", "act", "assign", "comment", "alarm"] {
        let form = [("purpose", "sak"), ("wish", "delete"), ("text", "x"), ("rule", "no.fnr")];
        assert_eq!(viewer.post(&format!("/queue/{id}/{path}"), &form).status, 403, "{path}");
    }
    for roles in ["administrator", "auditor", "officer"] {
        let mut other = place.with_account(&format!("{roles}-a"), roles);
        for path in ["/queue".to_owned(), format!("/queue/{id}"), format!("/queue/{id}/preview")] {
            assert_eq!(other.get(&path).status, 403, "{roles} {path}");
        }
    }
    assert_eq!(place.browser().get("/queue").status, 303);
    assert_eq!(place.sluse.held()[0]["state"], "held");
}

#[test]
fn mail_is_released_refused_with_words_and_deleted_in_bulk() {
    let place = Place::open();
    let mut vera = place.with_account("vera", "reviewer");
    let id = hold(&place, &letter("ut", NUMBER));
    vera.get(&format!("/queue/{id}"));
    let act = format!("/queue/{id}/act");
    let none = vera.post(&act, &[("wish", "release-encrypted"), ("purpose", "sak")]);
    assert!(none.status == 400 && none.body.contains("Kan ikke krypteres"), "{}", none.body);
    let done = vera.post(&act, &[("wish", "release"), ("purpose", "sak")]);
    assert_eq!((done.status, done.header("location")), (303, &*format!("/queue/{id}?done")));
    place
        .sink
        .wait(1, PATIENCE, |mail| mail.header("Message-ID").as_deref() == Some("<ut@cpm.example>"));
    assert!(vera.get(&format!("/queue/{id}?done")).body.contains("Frigitt"));
    let again = vera.post(&act, &[("wish", "delete"), ("purpose", "sak")]);
    assert!(again.header("location").ends_with("?already"));

    let ids: Vec<String> =
        ["a", "b", "c"].iter().map(|name| hold(&place, &letter(name, NUMBER))).collect();
    vera.get("/queue");
    let chosen: Vec<(&str, &str)> = ids.iter().map(|id| ("id", id.as_str())).collect();
    let wish = [("wish", "refuse"), ("text", "Bruk ansattnummer"), ("purpose", "sak")];
    let nothing = vera.post("/queue/act", &wish);
    assert!(nothing.status == 400 && nothing.body.contains("minst én"), "{}", nothing.body);
    let all = vera.post("/queue/act", &[&chosen[..], &wish[..]].concat());
    assert_eq!(all.body.matches("badge good").count(), 3, "{}", all.body);
    let rejected = acts(&place, "vera").iter().filter(|act| *act == "rejected").count();
    assert_eq!(rejected, 3, "one row for each");
}

#[test]
fn five_hundred_are_ended_by_one_form_and_each_has_its_row() {
    let place = Place::open();
    let mut vera = place.with_account("vera", "reviewer");
    let port = place.sluse.smtp;
    let bring = |lot: usize| {
        for number in 0..MANY / LOTS {
            let mail = letter(&format!("m-{lot}-{number}"), NUMBER);
            assert_eq!(client::send(port, &mail).code, 250);
        }
    };
    thread::scope(|scope| {
        for lot in 0..LOTS {
            scope.spawn(move || bring(lot));
        }
    });
    let ids: BTreeSet<String> =
        place.sluse.held().iter().map(|held| held["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), MANY);
    let list = vera.get("/queue?rows=500");
    assert_eq!(list.body.matches("name=\"id\"").count(), MANY, "one page shows them all");
    let chosen: Vec<(&str, &str)> = ids.iter().map(|id| ("id", id.as_str())).collect();
    let wish = [("wish", "delete"), ("text", ""), ("purpose", "opprydding")];
    let page = vera.post("/queue/act", &[&chosen[..], &wish[..]].concat());
    assert_eq!(page.status, 200);
    assert_eq!(page.body.matches("badge good").count(), MANY, "{}", page.body);
    let rows = place.sluse.run(&["audit", "export", "--by", "test"]).objects();
    let deleted = rows.iter().filter(|row| row["act"] == "deleted" && row["actor"] == "vera");
    let named: Vec<_> = deleted.map(|row| row["facts"]["held"].as_str().unwrap()).collect();
    assert_eq!(named.len(), MANY, "one row for each");
    assert_eq!(named.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>(), ids);
    assert!(place.sluse.held().iter().all(|held| held["state"] == "deleted"));
}

#[test]
fn a_release_waits_for_a_second_person() {
    let more = "\n[review]\nfour_eyes_persons = 1\n".to_owned();
    let place = Place::with(Plan { more, ..Plan::default() });
    let id = hold(&place, &letter("to", NUMBER));
    let mut vera = place.with_account("vera", "approver");
    let mut mons = place.with_account("mons", "approver");
    vera.get(&format!("/queue/{id}"));
    let form = [("wish", "release"), ("purpose", "haster")];
    let asked = vera.post(&format!("/queue/{id}/act"), &form);
    assert!(asked.header("location").ends_with("?proposed"), "{asked:?}");
    let page = vera.get("/approvals").body;
    assert!(page.contains("haster"), "{page}");
    let (_, rest) = page.split_once("action=\"/approvals/").unwrap();
    let path = format!("/approvals/{}", rest.split('"').next().unwrap());
    let own = vera.post(&path, &[("purpose", "selv")]);
    assert!(own.status == 400 && own.body.contains("En annen må avgjøre"), "{}", own.body);
    // Kari sent it.
    let mut kari = place.with_account(KARI, "approver");
    kari.get("/approvals");
    assert_eq!(kari.post(&path, &[("purpose", "min egen")]).status, 400);
    assert_eq!(place.sluse.held()[0]["state"], "held");
    mons.get("/approvals");
    assert_eq!(mons.post(&path, &[("purpose", "sett på den")]).status, 303);
    place
        .sink
        .wait(1, PATIENCE, |mail| mail.header("Message-ID").as_deref() == Some("<to@cpm.example>"));
    assert!(mons.get("/approvals").body.contains("Ingenting venter på deg."));
}

#[test]
fn a_comment_an_owner_and_a_proposal_are_kept() {
    let place = Place::open();
    let id = hold(&place, &letter("en", &format!("prøvelapp {NUMBER}")));
    let mut vera = place.with_account("vera", "reviewer");
    vera.get(&format!("/queue/{id}"));
    let bad = vera.post(&format!("/queue/{id}/comment"), &[("text", NUMBER)]);
    assert!(bad.status == 400 && bad.body.contains("skriv den uten"), "{}", bad.body);
    vera.post(&format!("/queue/{id}/comment"), &[("text", "Ringte Kari <b>")]);
    vera.post(&format!("/queue/{id}/assign"), &[]);
    let page = vera.get(&format!("/queue/{id}")).body;
    assert!(page.contains("Ringte Kari &#60;b&#62;"), "{page}");
    assert!(vera.get("/queue?assigned=vera").body.contains(&id));
    let form = [("rule", "no.fnr"), ("word", "prøvelapp*"), ("purpose", "falsk")];
    let answer = vera.post(&format!("/queue/{id}/alarm"), &form);
    assert_eq!(answer.header("location"), "/proposals");
    let page = vera.get("/proposals").body;
    assert!(page.contains("prøvelapp*") && page.contains(&format!("/queue/{id}")), "{page}");
    let mut admin = place.with_account("ragnhild", "administrator");
    let page = admin.get("/proposals").body;
    assert!(page.contains("prøvelapp*") && !page.contains("/queue/"), "{page}");
    let (_, rest) = page.split_once("href=\"/proposals/").unwrap();
    let file = admin.get(&format!("/proposals/{}", rest.split('"').next().unwrap()));
    assert!(file.body.contains("wrong_alarm = [\"prøvelapp*\"]"), "{}", file.body);
}

#[test]
fn nothing_of_a_hostile_message_acts_in_a_page() {
    let place = Place::open();
    let mut vera = place.with_account("vera", "reviewer");
    for (number, payload) in PAYLOADS.iter().enumerate() {
        let bytes = format!(
            "From: \"{payload}\" <kari@cpm.example>\r\nTo: {payload} <ola@partner.example>\r\n\
             Subject: {payload}\r\nX-{number}: {payload}\r\nMessage-ID: <x{number}@cpm.example>\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\n{payload}\r\n\r\n{NUMBER}\r\n\r\n\
             --b\r\nContent-Type: text/html\r\n\r\n<p>{payload}</p>\r\n\
             --b\r\nContent-Type: text/csv; name=\"{name}.csv\"\r\n\
             Content-Disposition: attachment; filename=\"{name}.csv\"\r\n\r\n{payload};1\r\n--b--\r\n",
            name = payload.replace(['"', '\\'], "'"),
        );
        let mail = Mail { bytes: bytes.into_bytes(), ..letter("x", "") };
        let id = hold(&place, &mail);
        let page = vera.get(&format!("/queue/{id}"));
        assert_eq!(page.status, 200);
        assert_inert(&page.body, payload);
        assert_masked(&page);
        let preview = vera.get(&format!("/queue/{id}/preview"));
        assert_inert(&preview.body, payload);
        let shown = vera.post(&format!("/queue/{id}/reveal"), &[("purpose", "sak")]);
        assert_inert(&shown.body.replace("srcdoc", "src-doc"), payload);
    }
    assert_inert(&vera.get("/queue").body, "list");
}

#[test]
fn a_preview_fetches_nothing_and_may_do_nothing() {
    let place = Place::open();
    let mut vera = place.with_account("vera", "reviewer");
    assert!(REMOTE.len() >= 20);
    let html = format!("<p>{NUMBER}</p><p>1382<b>78</b>30653</p>{}", REMOTE.join("\r\n"));
    let bytes = format!(
        "From: kari@cpm.example\r\nSubject: Nyhetsbrev\r\nMessage-ID: <r@cpm.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n"
    );
    let id = hold(&place, &Mail { bytes: bytes.into_bytes(), ..letter("x", "") });
    let preview = vera.get(&format!("/queue/{id}/preview"));
    assert_eq!(preview.status, 200, "{}", preview.body);
    assert_eq!(
        preview.header("content-security-policy"),
        "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; \
         form-action 'none'"
    );
    assert_masked(&preview);
    let body = preview.body.split_once("<body>").unwrap().1;
    for active in ["src", "href", "url(", "@import", "<link", "<meta", "<base", "<svg", "<img"] {
        assert!(!body.to_lowercase().contains(active), "{active} in {body}");
    }
    assert!(body.contains("<code>https://beacon.example/link</code>"), "{body}");
    let page = vera.get(&format!("/queue/{id}"));
    assert!(page.body.contains(&format!("<iframe sandbox src=\"/queue/{id}/preview\"")));
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
}

#[test]
fn every_page_speaks_the_language_of_its_reader() {
    let place = Place::open();
    let id = hold(&place, &letter("en", NUMBER));
    let mut vera = place.with_account("vera", "approver");
    for (language, title) in
        [("nb", "Stanset e‑post"), ("nn", "Stansa e‑post"), ("en", "Held mail")]
    {
        vera.get("/me");
        vera.post("/me/appearance", &[("language", language), ("theme", "light")]);
        for path in ["/queue", "/approvals", "/proposals", &format!("/queue/{id}")] {
            let page = vera.get(path);
            assert_eq!(page.status, 200, "{path}");
            assert!(page.body.contains(&format!("<html lang=\"{language}\"")), "{path}");
            assert!(page.body.contains(title), "{language} {path}");
        }
    }
}

/// Brings a message that is held, and gives its name.
fn hold(place: &Place, mail: &Mail) -> String {
    let before: Vec<_> = place.sluse.held().iter().map(|held| held["id"].clone()).collect();
    let reply = place.send(mail);
    assert_eq!(reply.code, 250, "{reply:?}");
    let held = place.sluse.held();
    let new = held.iter().find(|held| !before.contains(&held["id"])).unwrap();
    assert_eq!(new["recipients"][0], OLA);
    new["id"].as_str().unwrap().to_owned()
}

/// What the audit log says that somebody did, in order.
fn acts(place: &Place, name: &str) -> Vec<String> {
    let rows = place.sluse.run(&["audit", "export", "--by", "test"]).objects();
    let own = rows.into_iter().filter(|row| row["actor"] == name);
    own.map(|row| row["act"].as_str().unwrap().to_owned()).collect()
}

/// No more of a number than its date stands in the page, however it is written.
fn assert_masked(page: &Answer) {
    let mut text = String::new();
    let mut inside = false;
    for c in page.body.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            ' ' | '\r' | '\n' | '.' | '-' => {}
            c if !inside => text.push(c),
            _ => {}
        }
    }
    for number in [NUMBER, "13827830653"] {
        assert!(!page.body.contains(number), "{}", page.body);
        assert!(!text.contains(&number[..7]), "{text}");
    }
}

/// What a message could do in a page stands there as text alone.
fn assert_inert(body: &str, payload: &str) {
    let body = body.to_lowercase();
    for active in ["<script>", "<img", "<svg", "onerror=\"", "onload=\"", "\"javascript:", "<x "] {
        assert!(!body.contains(active), "{active} of {payload} in {body}");
    }
}

const PAYLOADS: [&str; 8] = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "'\"><svg onload=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "</pre></textarea></title><script>alert(1)</script>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "{{7*7}}{% raw %}<x onmouseover=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;&#60;script&#62;",
];

const REMOTE: [&str; 24] = [
    "<img src=https://beacon.example/1>",
    "<img srcset='https://beacon.example/2 2x'>",
    "<link rel=stylesheet href=https://beacon.example/3>",
    "<style>@import 'https://beacon.example/4'; body{background:url(https://beacon.example/5)}</style>",
    "<div style='background:url(https://beacon.example/6)'>x</div>",
    "<style>@font-face{font-family:x;src:url(https://beacon.example/7)}</style>",
    "<video src=https://beacon.example/8 poster=https://beacon.example/9></video>",
    "<audio src=https://beacon.example/10 autoplay></audio>",
    "<iframe src=https://beacon.example/11></iframe>",
    "<object data=https://beacon.example/12></object>",
    "<embed src=https://beacon.example/13>",
    "<svg><image href=https://beacon.example/14></svg>",
    "<link rel=prefetch href=https://beacon.example/15>",
    "<link rel=preload as=image href=https://beacon.example/16>",
    "<base href=https://beacon.example/17/><img src=18>",
    "<meta http-equiv=refresh content='0;url=https://beacon.example/19'>",
    "<script src=https://beacon.example/20></script>",
    "<form action=https://beacon.example/21><button>x</button></form>",
    "<input type=image src=https://beacon.example/22>",
    "<table background=https://beacon.example/23><tr><td background=https://beacon.example/24></table>",
    "<blockquote cite=https://beacon.example/25>x</blockquote>",
    "<a href=https://beacon.example/link ping=https://beacon.example/26>lenke</a>",
    "<picture><source srcset=https://beacon.example/27></picture>",
    "<body background=https://beacon.example/28 onload=x>",
];
/// Messages of one form.
const MANY: usize = 500;
/// Connections that bring them.
const LOTS: usize = 4;
