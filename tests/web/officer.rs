//! The data protection officer and the auditor at work, in a browser.

use std::{
    fs,
    io::{Cursor, Read},
    path::Path,
};

use serde_json::Value;
use sqlx::Connection;

use crate::{
    harness::{
        PATIENCE,
        samples::{NUMBER, letter},
        sluse::Plan,
        until,
    },
    place::{Answer, Browser, Place},
};

/// Holds everything that something was found in.
const HOLD: &str =
    "[[route]]\nname = \"hold\"\nwhen = { level = \"medium\" }\nverdict = \"hold\"\n";
const TEXT: &str = "Ola Nordmann, fødselsnummer 138278 30652, har diabetes.";

/// A gateway that holds one message about Ola, and one about nobody.
fn place() -> Place {
    let place = Place::with(Plan { policy: HOLD.to_owned(), ..Plan::default() });
    assert_eq!(place.send(&letter("henvisning", TEXT)).code, 250);
    assert_eq!(place.send(&letter("lunsj", "Skal vi spise klokka tolv?")).code, 250);
    assert_eq!(place.sluse.held().len(), 1);
    place
}

/// Searches, and follows to the page with what was found.
fn search(officer: &mut Browser, kind: &str, whom: &str) -> (String, Answer) {
    officer.get("/persons");
    let fields = [("kind", kind), ("whom", whom), ("purpose", "krav 2026-17")];
    let sent = officer.post("/persons/find", &fields);
    assert_eq!(sent.status, 303, "{}", sent.body);
    let path = sent.header("location").to_owned();
    let page = until("the search to end", PATIENCE, || {
        let page = officer.get(&path);
        (!page.body.contains("http-equiv=\"refresh\"")).then_some(page)
    });
    (path, page)
}

/// The names of the messages that a page lets one choose.
fn events(page: &Answer) -> Vec<String> {
    let pieces = page.body.split("name=\"event\" value=\"").skip(1);
    pieces.map(|piece| piece.split('"').next().unwrap().to_owned()).collect()
}

fn stands_in(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return stands_in(&path, text);
        }
        // What the service removes meanwhile holds nothing.
        let bytes = fs::read(&path).unwrap_or_default();
        memchr::memmem::find(&bytes, text.as_bytes()).is_some()
    })
}

#[expect(clippy::disallowed_types, reason = "made a moment ago, by ourselves")]
fn unpacked(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes.to_vec())).unwrap();
    let mut files = Vec::new();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        files.push((file.name().unwrap().into_owned(), content));
    }
    files
}

#[test]
fn the_officer_finds_a_person_hands_out_a_package_and_adds_a_correction() {
    let place = place();
    let mut officer = place.with_account("solveig", "officer");
    let (path, page) = search(&mut officer, "number", NUMBER);
    assert_eq!(page.status, 200);
    for text in ["i innholdet", "kari@cpm.example", "ola@partner.example", "ingen, så vidt"] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    let shown = [NUMBER, "138278 30652", "diabetes"].map(|text| page.body.contains(text));
    assert_eq!(shown, [false; 3], "neither what was typed nor the content is shown");

    let id = place.sluse.held()[0]["id"].as_str().unwrap().to_owned();
    let note = [("held", id.as_str()), ("text", "Diagnosen er feil: prediabetes.")];
    let noted = officer.post(&format!("{path}/correct"), &note);
    assert!(noted.status == 200 && noted.body.contains("prediabetes."), "{}", noted.body);
    assert!(!stands_in(&place.sluse.state, "prediabetes"), "notes are sealed");

    let event = events(&page)[0].clone();
    let package = officer.post(&format!("{path}/export"), &[("event", &event)]);
    assert_eq!(package.header("content-type"), "application/zip");
    assert!(package.header("content-disposition").starts_with("attachment"));
    let files = unpacked(&package.bytes);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["subject.json", &format!("{id}.eml")]);
    assert!(String::from_utf8_lossy(&files[1].1).contains(TEXT), "the original is whole");
    let manifest: Value = serde_json::from_slice(&files[0].1).unwrap();
    assert_eq!(manifest["by"], "solveig");
    let held = &manifest["messages"][0]["message"]["held"][0];
    assert_eq!(held["corrections"][0]["text"], "Diagnosen er feil: prediabetes.");
    assert_eq!(manifest["disclosures"], serde_json::json!([]), "nobody got it");
    assert_eq!(manifest["seen_by"][0]["who"], "solveig", "who has seen it is told, too");
    assert!(officer.post(&format!("{path}/export"), &[]).body.contains("Velg minst én"));
}

#[test]
fn what_is_erased_is_nowhere_while_the_service_runs_and_the_evidence_holds() {
    let place = place();
    let state = &place.sluse.state;
    assert!(stands_in(state, "ola@partner.example"));
    let mut officer = place.with_account("solveig", "officer");
    let (path, page) = search(&mut officer, "address", "ola@partner.example");
    let event = events(&page)[0].clone();
    let unsure = officer.post(&format!("{path}/erase"), &[("event", &event)]);
    assert!(unsure.status == 400 && unsure.body.contains("Kryss av"), "{}", unsure.body);
    let erased = officer.post(&format!("{path}/erase"), &[("event", &event), ("sure", "yes")]);
    assert!(erased.body.contains("slettet: holdte 1"), "{}", erased.body);
    for text in [NUMBER, "138278 30652", "Nordmann", "diabetes", "ola@partner.example"] {
        until("the last traces to leave", PATIENCE, || (!stands_in(state, text)).then_some(()));
    }
    let evidence = officer.post(&format!("{path}/evidence"), &[]).body;
    let rows: Vec<Value> = evidence.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!((&rows[0]["act"], &rows[0]["actor"]), (&"erased".into(), &"solveig".into()));
    assert!(rows[1]["checkpoint"]["row"].as_i64() >= rows[0]["seq"].as_i64(), "{evidence}");
    assert_eq!(place.sluse.run(&["audit", "verify"]).code, 0);
    let (_, again) = search(&mut officer, "number", NUMBER);
    assert!(again.body.contains("Ingenting oppbevares"), "{}", again.body);
}

#[test]
fn those_who_got_the_message_are_named_when_it_is_corrected_and_when_it_is_erased() {
    let place = place();
    let mut vera = place.with_account("vera", "reviewer");
    let id = place.sluse.held()[0]["id"].as_str().unwrap().to_owned();
    vera.get(&format!("/queue/{id}"));
    vera.post(&format!("/queue/{id}/act"), &[("wish", "release"), ("purpose", "sak")]);
    until("the message to be sent", PATIENCE, || {
        let items = place.sluse.run(&["outbox", "list", "--format", "json"]).objects();
        items.iter().any(|item| item["state"] == "sent").then_some(())
    });
    let mut officer = place.with_account("solveig", "officer");
    let (path, page) = search(&mut officer, "number", NUMBER);
    let note = [("held", id.as_str()), ("text", "Diagnosen er feil.")];
    let noted = officer.post(&format!("{path}/correct"), &note).body;
    let (_, tell) = noted.split_once("Si fra til dem").unwrap();
    let tell = tell.split("</section>").next().unwrap();
    assert!(tell.contains("ola@partner.example"), "{tell}");

    let event = events(&page)[0].clone();
    let erased = officer.post(&format!("{path}/erase"), &[("event", &event), ("sure", "yes")]);
    let (_, tell) = erased.body.split_once("Si fra til dem").unwrap();
    assert!(tell.contains("ola@partner.example") && tell.contains("et kvarter"), "{tell}");
    let evidence = officer.post(&format!("{path}/evidence"), &[]).body;
    let last: Value = serde_json::from_str(evidence.lines().last().unwrap()).unwrap();
    assert_eq!(last["disclosed"][0]["recipient"], "ola@partner.example");
    assert_eq!(last["disclosed"][0]["event"], event.as_str());
    // It is in no file of ours.
    until("the last traces to leave", PATIENCE, || {
        (!stands_in(&place.sluse.state, "ola@partner.example")).then_some(())
    });
}

#[test]
fn what_the_officer_typed_is_in_no_address_log_or_audit_row() {
    let place = place();
    let mut officer = place.with_account("solveig", "officer");
    let (path, _) = search(&mut officer, "number", NUMBER);
    search(&mut officer, "name", "Ola Nordmann");
    assert!(path.bytes().filter(u8::is_ascii_digit).count() < path.len() && !path.contains(NUMBER));
    let said = place.sluse.log.all().join("\n") + &place.sluse.run(&["audit", "export"]).out;
    assert!(!said.contains(NUMBER) && !said.to_lowercase().contains("nordmann"), "{said}");

    officer.get("/persons");
    let wrong = |officer: &mut Browser, kind: &str, whom: &str, purpose: &str| {
        let fields = [("kind", kind), ("whom", whom), ("purpose", purpose)];
        let answer = officer.post("/persons/find", &fields);
        assert!(!answer.body.contains(NUMBER), "{}", answer.body);
        answer.status
    };
    assert_eq!(wrong(&mut officer, "number", "138278", "krav"), 400, "half a number is too little");
    assert_eq!(wrong(&mut officer, "number", NUMBER, ""), 400, "a purpose is needed");
    assert_eq!(wrong(&mut officer, "number", NUMBER, &format!("krav fra {NUMBER}")), 400);
    assert_eq!(wrong(&mut officer, "address", "ingen", "krav"), 400);
}

#[test]
fn a_search_is_for_the_one_who_searched() {
    let place = place();
    let mut officer = place.with_account("solveig", "officer");
    let (path, page) = search(&mut officer, "number", NUMBER);
    let event = events(&page)[0].clone();
    let mut other = place.with_account("torbjorn", "officer");
    assert_eq!(other.get(&path).status, 404);
    assert_eq!(other.post(&format!("{path}/export"), &[("event", &event)]).status, 404);
    let mut reviewer = place.with_account("ragnhild", "approver,viewer,administrator");
    for page in ["/persons", &path, "/holds", "/audit", "/reports"] {
        assert_eq!(reviewer.get(page).status, 403, "{page}");
    }
    assert_eq!(reviewer.post(&format!("{path}/erase"), &[("event", &event)]).status, 403);
    let mut auditor = place.with_account("aslaug", "auditor");
    assert_eq!((auditor.get("/audit").status, auditor.get("/persons").status), (200, 403));
    assert_eq!(place.sluse.held().len(), 1, "and nothing was erased");
}

#[test]
fn a_legal_hold_stops_an_erasure_until_it_is_lifted() {
    let place = place();
    let mut officer = place.with_account("solveig", "officer");
    let id = place.sluse.held()[0]["id"].as_str().unwrap().to_owned();
    officer.get("/holds");
    let sensitive = [("message", id.as_str()), ("purpose", "tvist om 138278 30652")];
    assert_eq!(officer.post("/holds/place", &sensitive).status, 400);
    let placed = officer.post("/holds/place", &[("message", &id), ("purpose", "tvist 9")]);
    assert!(placed.body.contains("skal bevares") && placed.body.contains("tvist 9"));
    let nobody = officer.post("/holds/place", &[("message", "sak 9"), ("purpose", "tvist 9")]);
    assert_eq!(nobody.status, 404);

    let (path, page) = search(&mut officer, "number", NUMBER);
    assert!(page.body.contains("må bevares"));
    let event = events(&page)[0].clone();
    let kept = officer.post(&format!("{path}/erase"), &[("event", &event), ("sure", "yes")]);
    assert!(kept.body.contains("ikke slettet: meldingen må bevares."), "{}", kept.body);
    assert_eq!(place.sluse.held()[0]["state"], "held");

    let lifted = officer.post("/holds/lift", &[("message", &event), ("purpose", "forlik")]);
    assert!(lifted.body.contains("Ingen meldinger må bevares"), "{}", lifted.body);
    let (path, _) = search(&mut officer, "number", NUMBER);
    let gone = officer.post(&format!("{path}/erase"), &[("event", &event), ("sure", "yes")]);
    assert!(gone.body.contains("slettet: holdte 1"), "{}", gone.body);
}

#[test]
fn the_auditor_looks_things_up_and_takes_a_copy_that_can_be_checked() {
    let place = place();
    let mut auditor = place.with_account("aslaug", "auditor");
    let page = auditor.get("/audit?act=decided");
    assert_eq!(page.body.matches("<td>avgjorde</td>").count(), 2, "{}", page.body);
    assert!(!page.body.contains(NUMBER));
    let mine = auditor.get("/audit?actor=aslaug&from=2026-01-01");
    assert!(mine.body.contains("logget inn") && !mine.body.contains("<td>avgjorde</td>"));
    assert!(auditor.get("/audit?from=i+fjor").body.contains("Skriv en melding"));

    let whole = [("what", "all"), ("purpose", "årlig kontroll"), ("form", "jsonl")];
    let copy = auditor.post("/audit/export", &whole);
    assert!(copy.header("content-disposition").contains("audit-1-"), "{copy:?}");
    let file = place.sluse.state.join("../copy.jsonl");
    fs::write(&file, &copy.bytes).unwrap();
    let checked = place.sluse.run(&["audit", "verify", file.to_str().unwrap()]);
    assert_eq!(checked.code, 0, "{checked:?}");
    let table = [("what", "all"), ("purpose", "årlig kontroll"), ("form", "csv")];
    let table = auditor.post("/audit/export", &table).body;
    assert!(
        table.starts_with("seq,at,event,actor,act,facts,mac\r\n") && table.contains("exported")
    );
    let none = [("from", "2020-01-01"), ("to", "2020-01-02"), ("purpose", "årlig kontroll")];
    assert!(auditor.post("/audit/export", &none).body.contains("ingen rader"));
}

#[test]
fn an_altered_row_of_the_log_is_named_on_the_page() {
    let place = place();
    let mut auditor = place.with_account("aslaug", "auditor");
    auditor.get("/audit");
    let whole = auditor.post("/audit/verify", &[]);
    assert!(whole.body.contains("Kjeden holder:"), "{}", whole.body);
    change(&place, "UPDATE audit SET actor = 'ingen' WHERE seq = 2");
    let broken = auditor.post("/audit/verify", &[]);
    assert!(broken.body.contains("Kjeden holder ikke ved rad 2."), "{}", broken.body);
    assert!(broken.body.contains("Raden er endret eller flyttet."));
    // It can still be looked at.
    assert!(auditor.get("/audit").body.contains("<td>ingen</td>"));
}

#[test]
fn reports_are_made_in_the_browser_and_load_nothing() {
    let place = place();
    let mut officer = place.with_account("solveig", "officer");
    officer.get("/reports");
    let asked = [("from", "2026-01-01"), ("purpose", "avvik 4"), ("form", "html")];
    let slip = officer.post("/reports/slip", &asked);
    assert!(slip.body.contains("<h1>Avviksrapport</h1>"), "{}", slip.body);
    for text in ["holdt tilbake", "partner.example", "fødselsnummer", "solveig", "avvik 4"] {
        assert!(slip.body.contains(text), "{text}: {}", slip.body);
    }
    assert!(!slip.body.contains(NUMBER) && !slip.body.contains("diabetes"));
    let policy = slip.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    let asked = [("purpose", "vurdering"), ("form", "json")];
    let evidence = officer.post("/reports/evidence", &asked);
    let told: Value = serde_json::from_str(&evidence.body).unwrap();
    assert_eq!(told["routes"][0]["name"], "hold");
    assert_eq!((&told["accounts"]["officer"], &told["accounts"]["viewer"]), (&1.into(), &0.into()));
    let nothing = officer.post("/reports/slip", &[("purpose", "avvik 4")]);
    assert!(nothing.status == 400 && nothing.body.contains("første dagen"));
}

#[test]
fn the_overview_shows_what_was_found_as_plots_and_as_tables() {
    let place = place();
    let mut officer = place.with_account("solveig", "officer");
    let page = officer.get("/").body;
    assert!(page.contains("<span class=\"figure\">1</span> meldinger med funn"), "{page}");
    assert!(page.contains("<span class=\"figure\">2</span> meldinger vurdert"), "{page}");
    for title in ["dag for dag", "etter regel", "etter retning", "har holdte meldinger ventet"] {
        assert!(page.contains(title), "{title}: {page}");
    }
    assert!(page.contains("<desc id=\"rules-text\">no.fnr: 1 meldinger"), "{page}");
    assert!(page.contains("<td>no.fnr</td><td class=\"number\">1</td>"), "{page}");
    assert!(page.contains("<td>under ett døgn</td><td class=\"number\">1</td>"), "{page}");
    assert!(
        page.contains("<td>mangler sertifikat</td><td class=\"number\">0</td>")
            || page.contains("Ingenting ennå.")
    );
    assert!(!page.contains("style=") && !page.contains("Regnskapet"), "{page}");
    let stranger = place.browser().get("/").body;
    assert!(!stranger.contains("<svg"), "figures are for those who may see them");
}

#[test]
fn a_clock_that_jumped_stops_deletion_and_raises_the_alarm() {
    let mut place = place();
    until("the first purge", PATIENCE, || {
        place.sluse.page("/metrics").1.contains("sluse_retention_stopped 0").then_some(())
    });
    place.sluse.kill();
    change(&place, "UPDATE mark SET at = at - 10 * 86400000 WHERE name = 'purged'");
    place.sluse.start();
    until("the alarm", PATIENCE, || {
        place.sluse.page("/metrics").1.contains("sluse_retention_stopped 1").then_some(())
    });
    assert!(place.sluse.log.all().iter().any(|line| line.contains("held messages not expired")));
    assert_eq!(place.sluse.held().len(), 1);
}

/// Does something to the database behind the back of the service.
fn change(place: &Place, statement: &'static str) {
    let file = place.sluse.state.join("sluse.db");
    let work = async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        let done = sqlx::query(statement).execute(&mut connection).await.unwrap();
        assert_eq!(done.rows_affected(), 1);
        connection.close().await.unwrap();
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
}
