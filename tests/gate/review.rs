//! What reviewers see of held mail, and what they do with it.

use sluse::{
    gate::{Actor, Content, Gate, GateError, Granted, Look, Piece, ReleaseAs, Wish, hidden},
    model::{Direction, Raw, Reviewer, Surface, Wishes},
    store::{Change, HeldId, HeldState, NewHold, WrongAlarm},
};

use crate::{
    letters::{self, NUMBER},
    office::{
        EVA, KARI, MILTER, OLA, Office, PER, Plan, acts, address, audit, envelope, held, stands_in,
        submit, submit_as,
    },
};

#[tokio::test]
async fn a_look_shows_where_numbers_stand_and_never_a_number() {
    let office = Office::new();
    let gate = holding_all(&office).await;
    submit(&gate, &[OLA], &with_table()).await;
    let id = held(&gate).await[0].id;
    let look = gate.look(id, &vera().by).await.unwrap();
    let Content::Read { findings, headers, passages, outline, .. } = &look.content else {
        panic!("{look:?}")
    };
    let cell = findings.iter().find(|seen| seen.finding.surface == Surface::Cell).unwrap();
    assert_eq!(cell.finding.path.to_string(), "message > pasienter.xlsx > Ark > A2");
    let marked: Vec<_> = cell.context.iter().filter(|piece| piece.finding.is_some()).collect();
    assert_eq!(marked[0].text, "228360*****");
    assert!(headers.iter().any(|(name, value)| name == "Subject" && text(value) == "Som avtalt"));
    let cells: Vec<_> = passages.iter().filter(|p| p.surface == Surface::Cell).collect();
    assert!(cells[0].places.iter().any(|place| place.name.as_deref() == Some("A2")), "{cells:?}");
    assert!(outline.iter().any(|part| part.name.as_deref() == Some("pasienter.xlsx")));
    assert_masked(&look);
    let (_, facts) = audit(&gate).await.into_iter().find(|(act, _)| act == "viewed").unwrap();
    assert_eq!(facts["purpose"], "sak 12");
}

#[tokio::test]
async fn numbers_that_no_rule_knows_are_masked_around_those_it_knows() {
    let office = Office::new();
    let gate = office.gate().await;
    let body = format!("{NUMBER}\r\nog 138278 30653, 1.3.8.2.7.8.3.0.6.5.4 samt 1382783\r\n0655");
    submit(&gate, &[OLA], &letters::letter("Som avtalt", &body)).await;
    let look = gate.look(held(&gate).await[0].id, &vera().by).await.unwrap();
    assert_masked(&look);
    let Content::Read { findings, .. } = &look.content else { panic!("{look:?}") };
    assert!(text(&findings[0].context).contains("samt"), "{findings:?}");
}

#[tokio::test]
async fn what_is_gone_shows_no_content_but_its_history() {
    let office = Office::new();
    let (gate, id) = holding(&office, 1).await;
    assert_eq!(gate.grant(id, &Wish::Delete, &vera()).await.unwrap(), Granted::Done);
    let look = gate.look(id, &vera().by).await.unwrap();
    assert!(matches!(look.content, Content::Gone));
    assert!(look.history.iter().any(|row| row.act == "deleted"));
    assert_eq!(look.sender[&HeldState::Deleted], 1);
}

#[tokio::test]
async fn mail_that_names_many_leaves_when_a_second_person_agrees() {
    let office = Office::new();
    let (gate, id) = holding(&office, 5).await;
    let release = Wish::Release(ReleaseAs::Sent);
    assert_eq!(gate.grant(id, &release, &vera()).await.unwrap(), Granted::Proposed);
    assert!(matches!(gate.grant(id, &release, &mons()).await, Err(GateError::Store(_))));
    let request = gate.store().proposals().await.unwrap().remove(0);
    let own = gate.approve(request.id, &Actor { by: by("VERA"), addresses: vec![] }).await;
    assert!(matches!(own, Err(GateError::OwnRequest)), "{own:?}");
    for one_of_them in [KARI, "OLA@partner.example"] {
        let addresses = vec![address(one_of_them)];
        let own = gate.approve(request.id, &Actor { addresses, ..mons() }).await;
        assert!(matches!(own, Err(GateError::OwnRequest)), "{one_of_them}");
    }
    assert_eq!(sent(&office, &gate).await, 0);

    assert_eq!(gate.approve(request.id, &mons()).await.unwrap(), Granted::Done);
    assert_eq!(sent(&office, &gate).await, 1);
    let event = held(&gate).await[0].event;
    let rows = gate.store().event_audit(event).await.unwrap();
    let done: Vec<_> = rows.iter().map(|row| (row.act.as_str(), row.actor.as_str())).collect();
    let three = [("proposed", "Vera"), ("approved", "Mons"), ("released", "Mons")];
    assert!(done.windows(3).any(|some| some == three), "{done:?}");
    let again = gate.approve(request.id, &mons()).await;
    assert!(matches!(again, Err(GateError::RequestOver)), "{again:?}");
}

#[tokio::test]
async fn a_request_that_is_declined_can_be_made_again() {
    let office = Office::new();
    let (gate, id) = holding(&office, 5).await;
    let release = Wish::Release(ReleaseAs::Sent);
    gate.grant(id, &release, &vera()).await.unwrap();
    let request = gate.store().proposals().await.unwrap().remove(0);
    gate.decline(request.id, &mons()).await.unwrap();
    assert!(matches!(gate.approve(request.id, &mons()).await, Err(GateError::RequestOver)));
    assert_eq!(gate.grant(id, &release, &vera()).await.unwrap(), Granted::Proposed);
    // Deleting it ends the request.
    gate.grant(id, &Wish::Delete, &vera()).await.unwrap();
    assert!(gate.store().proposals().await.unwrap().is_empty());
    assert_eq!(gate.store().audit_verify().await.unwrap().first_bad, None);
}

#[tokio::test]
async fn nobody_lets_his_own_mail_leave_alone() {
    let office = Office::new();
    let (gate, id) = holding(&office, 1).await;
    let kari = Actor { by: by("Kari"), addresses: vec![address(KARI)] };
    let release = Wish::Release(ReleaseAs::Sent);
    assert_eq!(gate.grant(id, &release, &kari).await.unwrap(), Granted::Proposed);
    let request = gate.store().proposals().await.unwrap().remove(0);
    assert_eq!(gate.approve(request.id, &mons()).await.unwrap(), Granted::Done);

    let office = Office::new();
    let (gate, id) = holding(&office, 1).await;
    assert_eq!(gate.grant(id, &release, &vera()).await.unwrap(), Granted::Done);
}

#[tokio::test]
async fn a_refusal_carries_the_words_of_the_reviewer() {
    let office = Office::new();
    let (gate, id) = holding(&office, 1).await;
    let told = office.hop.arrivals().len();
    let bad = gate.grant(id, &Wish::Refuse(format!("ta ut {NUMBER}")), &vera()).await;
    assert!(matches!(bad, Err(GateError::Text(_))), "{bad:?}");
    assert_eq!(held(&gate).await[0].state, HeldState::Held);

    let words = Wish::Refuse("Bruk heller ansattnummer.".to_owned());
    assert_eq!(gate.grant(id, &words, &vera()).await.unwrap(), Granted::Done);
    while gate.deliver_due().await.unwrap() > 0 {}
    let notices = office.hop.arrivals().split_off(told);
    assert_eq!(notices[0].recipients, [KARI]);
    assert!(notices[0].text().contains("Bruk heller ansattnummer."), "{}", notices[0].text());
}

#[tokio::test]
async fn the_internal_sender_is_asked_once_and_an_outsider_never() {
    let office = Office::new();
    let (gate, id) = holding(&office, 1).await;
    let told = office.hop.arrivals().len();
    let question = Wish::Ask("Hvem er dette til?".to_owned());
    assert_eq!(gate.grant(id, &question, &vera()).await.unwrap(), Granted::Done);
    assert!(matches!(gate.grant(id, &question, &vera()).await, Err(GateError::NotAsked(_))));
    while gate.deliver_due().await.unwrap() > 0 {}
    let mails = office.hop.arrivals().split_off(told);
    assert_eq!(mails.len(), 1);
    assert!(mails[0].text().contains("Hvem er dette til?"));
    assert!(!mails[0].text().contains(NUMBER));
    assert_eq!(held(&gate).await[0].state, HeldState::Held);
    let event = held(&gate).await[0].event;
    assert_eq!(acts(&gate, event).await.iter().filter(|act| *act == "asked").count(), 1);

    let office = Office::new();
    let gate = office.gate().await;
    submit_as(&gate, MILTER, Some(OLA), &[EVA], &letters::medium()).await;
    let id = held(&gate).await[0].id;
    assert!(matches!(gate.grant(id, &question, &vera()).await, Err(GateError::NotAsked(_))));
}

#[tokio::test]
async fn five_hundred_are_deleted_at_once_with_a_row_each() {
    let office = Office::new();
    let gate = office.gate().await;
    let mut ids = Vec::new();
    for chunk in (0..510_u32).collect::<Vec<_>>().chunks(64) {
        let holds = chunk.iter().map(|number| plain_hold(&gate, *number)).collect();
        gate.store().commit(Change { holds, ..Change::default() }).await.unwrap();
    }
    ids.extend(held(&gate).await.iter().map(|held| held.id));
    // What a slow machine does not reach in time is told, and asked for again.
    let mut left = ids.clone();
    while !left.is_empty() {
        let results = gate.grant_all(&left, &Wish::Delete, &vera()).await;
        assert_eq!(results.len(), left.len().min(500));
        left.drain(..results.len());
        left.extend(results.into_iter().filter_map(|(id, granted)| match granted {
            Ok(Granted::Done) => None,
            Err(GateError::CutOff) => Some(id),
            other => panic!("{other:?}"),
        }));
    }
    let deleted = audit_of(&gate, "deleted").await;
    assert_eq!(deleted, 510);
    let again = gate.grant_all(&ids[..3], &Wish::Delete, &vera()).await;
    let is_already = |granted: &Result<Granted, GateError>| {
        matches!(granted, Ok(Granted::Already(HeldState::Deleted)))
    };
    assert!(again.iter().all(|(_, granted)| is_already(granted)));
}

#[tokio::test]
async fn a_word_against_a_wrong_alarm_is_tried_and_not_taken_into_use() {
    let office = Office::new();
    let gate = office.gate().await;
    submit(&gate, &[OLA], &letters::letter("Nå", &format!("prøvelapp {NUMBER}"))).await;
    let first = held(&gate).await[0].id;
    submit(&gate, &[OLA], &letters::medium()).await;
    let alarm = WrongAlarm { rule: "no.fnr".to_owned(), word: "prøvelapp*".to_owned() };
    let trial = gate.report_alarm(first, &alarm, &vera()).await.unwrap().unwrap();
    assert_eq!((trial.tried, trial.of, &trial.fault), (2, 2, &None));
    let changed: Vec<_> = trial.changed.iter().map(|changed| changed.held).collect();
    assert_eq!(changed, [first]);
    assert_eq!(trial.changed[0].verdicts, ["hold", "deliver"]);
    let kept = gate.store().rule_proposals().await.unwrap();
    assert_eq!((kept[0].trial.clone(), kept[0].actor.as_str()), (trial, "Vera"));
    assert!(kept[0].trial.toml.contains("prøvelapp*"));
    assert!(audit(&gate).await.iter().any(|(act, _)| act == "wrong-alarm"));
    // A third one is held as before.
    submit(&gate, &[PER], &letters::letter("Nå", &format!("prøvelapp {NUMBER}"))).await;
    assert_eq!(held(&gate).await.len(), 3);
}

#[tokio::test]
async fn comments_are_sealed_and_go_with_the_message() {
    let office = Office::new();
    let (gate, id) = holding(&office, 1).await;
    let words = "Ringte avsenderen om denne";
    gate.store().comment(id, &gate.reviewer("Vera", words).unwrap()).await.unwrap();
    gate.store().assign(id, Some("Mons"), &vera().by).await.unwrap();
    let look = gate.look(id, &vera().by).await.unwrap();
    assert_eq!((look.comments[0].text.as_str(), look.comments[0].actor.as_str()), (words, "Vera"));
    assert_eq!(look.held.assigned_to.as_deref(), Some("Mons"));
    assert!(!stands_in(&office.state(), words.as_bytes()));
    gate.store().erase(look.held.event, "person", &vera().by).await.unwrap();
    assert!(gate.store().comments(id).await.unwrap().is_empty());
    for text in [NUMBER, "138278 30652", "f.nr. 13827830652"] {
        assert!(gate.reviewer("Vera", text).is_err(), "{text}");
    }
}

/// Held for Ola, and names so many.
async fn holding(office: &Office, persons: usize) -> (Gate, HeldId) {
    let gate = holding_all(office).await;
    let many = ["13827830652", "14871171824", "15830570117", "02815849658", "08835111351"];
    let letter = letters::letter("Som avtalt", &many[..persons].join("\r\n\r\n"));
    submit(&gate, &[OLA], &letter).await;
    while gate.deliver_due().await.unwrap() > 0 {}
    let id = held(&gate).await[0].id;
    (gate, id)
}

/// A gate that holds whatever is sensitive.
async fn holding_all(office: &Office) -> Gate {
    let policy = "[[route]]\nname = \"all\"\nverdict = \"hold\"\nwhen = { level = \"medium\" }\n";
    office.gate_with(Plan { policy: Some(policy), ..Plan::default() }).await
}

async fn sent(office: &Office, gate: &Gate) -> usize {
    while gate.deliver_due().await.unwrap() > 0 {}
    office.hop.arrivals().iter().filter(|mail| mail.recipients.contains(&OLA.to_owned())).count()
}

/// How many rows of the audit log tell of an act.
async fn audit_of(gate: &Gate, act: &str) -> usize {
    let (mut from, mut found) = (1, 0);
    loop {
        let rows = gate.store().audit_page(from, 1000).await.unwrap();
        let Some(last) = rows.last() else { return found };
        from = last.seq + 1;
        found += rows.iter().filter(|row| row.act == act).count();
    }
}

fn plain_hold(gate: &Gate, number: u32) -> NewHold {
    let raw: Raw = letters::letter("Hei", &format!("Brev {number}")).into();
    NewHold {
        event: gate.store().event_id(&envelope(Some(KARI), &[OLA]), &raw),
        envelope: envelope(Some(KARI), &[OLA]),
        direction: Direction::Outbound,
        reasons: vec![],
        routes: vec![],
        rules: vec![],
        level: None,
        message_id: None,
        raw,
        wishes: Wishes::default(),
        keep_days: 30,
        released_days: 30,
        persons: vec![],
    }
}

/// A spreadsheet with a number in a cell.
fn with_table() -> Vec<u8> {
    let sheet = include_bytes!("../fixtures/formats/excel.xlsx");
    let sheet = data_encoding::BASE64.encode(sheet);
    let lines: Vec<&str> =
        sheet.as_bytes().chunks(76).map(|line| str::from_utf8(line).unwrap()).collect();
    format!(
        "From: kari@cpm.example\r\nSubject: Som avtalt\r\nMessage-ID: <t@cpm.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nSe vedlegg.\r\n\
         --b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"pasienter.xlsx\"\r\n\r\n{}\r\n--b--\r\n",
        lines.join("\r\n")
    )
    .into_bytes()
}

/// No text of a look has a long number, nor more of this one than its date.
fn assert_masked(look: &Look) {
    let Content::Read { findings, headers, passages, .. } = &look.content else {
        panic!("{look:?}")
    };
    let contexts = findings.iter().map(|seen| text(&seen.context));
    let headers = headers.iter().map(|(_, value)| text(value));
    let places = passages.iter().flat_map(|passage| &passage.places);
    for shown in contexts.chain(headers).chain(places.map(|place| text(&place.pieces))) {
        let together: String = shown.chars().filter(|c| !" .-\r\n".contains(*c)).collect();
        assert!(!together.contains(&NUMBER[..7]), "{shown}");
        assert_eq!(hidden(&shown.replace("138278*****", "")), shown.replace("138278*****", ""));
    }
}

fn text(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| piece.text.as_str()).collect()
}

fn by(name: &str) -> Reviewer {
    Reviewer::new(name, "sak 12").unwrap()
}

fn vera() -> Actor {
    Actor { by: by("Vera"), addresses: vec![address("vera@cpm.example")] }
}

fn mons() -> Actor {
    Actor { by: by("Mons"), addresses: vec![] }
}
