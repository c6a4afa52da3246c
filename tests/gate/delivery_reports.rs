//! Mail that we had taken and that does not arrive: its sender gets a report
//! that a program can read too (RFC 3464), and nobody else hears of it.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use jiff::SignedDuration;
use serde_json::{Value, json};
use sluse::{
    gate::{Discard, Gate, ReleaseAs},
    store::Purpose,
};

use crate::{
    fake_hop::{Arrival, Manner},
    letters::{self, NUMBER},
    office::{EVA, KARI, OLA, Office, PER, SMTP, held, queued, submit, submit_as, unmarked, vakt},
};

#[tokio::test]
async fn a_refusal_after_the_message_was_taken_is_a_delivery_report() {
    let office = Office::new();
    let gate = office.gate().await;
    office.key(&gate, OLA, None);
    let mail = letters::with(
        &[("Subject", &format!("Henvisning {NUMBER}")), ("To", OLA)],
        &format!("Pasienten med fødselsnummer {NUMBER} er henvist."),
    );
    let outcome = submit_as(&gate, SMTP, Some(KARI), &[OLA, PER], &mail).await;
    let report = &reports(&office, &gate).await[0];
    assert_eq!(report["type"], "multipart/report");
    assert_eq!(report["report_type"], "delivery-status");
    assert_eq!(report["defects"], 0);
    assert_eq!(report["auto_submitted"], "auto-replied");
    assert_eq!(
        report["parts"],
        json!(["multipart/alternative", "message/delivery-status", "text/rfc822-headers"])
    );
    let text = report["text"].as_str().unwrap();
    assert!(text.contains(PER) && text.contains(&outcome.event.unwrap().to_string()), "{text}");
    assert_eq!(
        report["status"],
        json!([
            { "Reporting-MTA": "dns; cpm.example",
              "Arrival-Date": "Mon, 23 Nov 2026 08:00:00 -0000" },
            { "Final-Recipient": format!("rfc822; {PER}"), "Action": "failed", "Status": "5.7.1" },
        ])
    );
    assert_eq!(
        report["header"],
        json!({
            "From": KARI, "Date": "Mon, 23 Nov 2026 09:00:00 +0100",
            "Message-ID": "<brev@cpm.example>", "Subject": "[...]",
        })
    );
    let sent = office.hop.arrivals();
    assert!(sent.iter().all(|mail| !mail.tells(NUMBER) && !mail.tells(&NUMBER[6..])));
}

#[tokio::test]
async fn what_the_next_hop_refuses_is_reported_in_its_words() {
    let office = Office::new();
    let gate = released(&office, &[OLA]).await;
    office.hop.behave(Manner::RefuseLetters(552));
    while gate.deliver_due().await.unwrap() > 0 {}
    office.hop.behave(Manner::Accept);
    let status = &reports(&office, &gate).await[0]["status"];
    assert_eq!(status[1]["Final-Recipient"], format!("rfc822; {OLA}"));
    assert_eq!((&status[1]["Action"], &status[1]["Status"]), (&json!("failed"), &json!("5.3.0")));
    let said = status[1]["Diagnostic-Code"].as_str().unwrap();
    assert!(said.starts_with("smtp; 552 ") && said.contains("Not today"), "{said}");
    assert_eq!(status[1]["Remote-MTA"], "dns; [127.0.0.1]");
}

#[tokio::test]
async fn mail_that_nobody_takes_for_five_days_is_reported_as_expired() {
    let office = Office::new();
    let gate = released(&office, &[OLA]).await;
    office.hop.behave(Manner::RefuseLetters(451));
    let told = |items: &[sluse::store::OutboxItem]| {
        items.iter().filter(|item| item.purpose == Purpose::Notice).count()
    };
    let mut hours = 0;
    // That it waits, that it takes long, that it failed.
    while told(&queued(&gate).await) < 3 {
        while gate.deliver_due().await.unwrap() > 0 {}
        office.clock.advance(SignedDuration::from_hours(1));
        hours += 1;
    }
    assert!((4 * 24..=5 * 24 + 1).contains(&hours), "{hours}");
    office.hop.behave(Manner::Accept);
    let status = &reports(&office, &gate).await[0]["status"];
    assert_eq!((&status[1]["Action"], &status[1]["Status"]), (&json!("failed"), &json!("4.4.7")));
    assert!(status[1]["Diagnostic-Code"].as_str().unwrap().starts_with("smtp; 451 "));
    assert_eq!(status[0]["Arrival-Date"], "Mon, 23 Nov 2026 08:00:00 -0000");
}

#[tokio::test]
async fn an_address_that_is_not_ascii_is_written_so_that_all_can_read_it() {
    let office = Office::new();
    let gate = office.gate().await;
    let aase = "åse+æ@partner.example";
    office.key(&gate, aase, None);
    office.key(&gate, OLA, None);
    submit(&gate, &[aase, OLA], &letters::high()).await;
    let report = &reports(&office, &gate).await[0];
    assert_eq!(report["defects"], 0);
    let lines = report["status"].as_array().unwrap();
    let of = |to: &str| lines.iter().find(|line| line["Final-Recipient"] == to).unwrap();
    let failed = of("utf-8; \\x{E5}se\\x{2B}\\x{E6}@partner.example");
    assert_eq!((&failed["Action"], &failed["Status"]), (&json!("failed"), &json!("5.6.7")));
    let why = failed["Diagnostic-Code"].as_str().unwrap();
    // These words are ours, and of no other server.
    assert!(why.starts_with("X-Sluse; 5.6.7 "), "{failed}");
    assert!(why.ends_with("does not take SMTPUTF8 addresses"), "{failed}");
    assert!(failed["Remote-MTA"].is_null(), "{failed}");
    let sent = of(&format!("rfc822; {OLA}"));
    assert!(["relayed", "delayed"].contains(&sent["Action"].as_str().unwrap()), "{sent}");
}

#[tokio::test]
async fn a_rejection_by_a_person_is_a_report_and_a_hold_is_not() {
    let office = Office::new();
    let gate = office.gate().await;
    let id = format!("<sak.{NUMBER}@cpm.example>");
    let mail = letters::with(&[("Message-ID", &id)], &format!("Sjekk dette:\r\n\r\n{NUMBER}"));
    submit_as(&gate, SMTP, Some(KARI), &[EVA], &mail).await;
    let id = held(&gate).await[0].id;
    gate.discard(id, &vakt(), Discard::Reject).await.unwrap();
    let all = reports(&office, &gate).await;
    let types: Vec<_> = all.iter().map(|mail| mail["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["multipart/alternative", "multipart/report"]);
    assert_eq!(all[1]["status"][1]["Status"], "5.7.1");
    assert_eq!(all[1]["header"]["Message-ID"], "<***.***********@***.*******>");
    assert!(!office.hop.arrivals().iter().any(|mail| mail.tells(NUMBER)));
}

#[tokio::test]
async fn nobody_outside_gets_a_report_and_no_report_is_reported() {
    let office = Office::new();
    let gate = office.gate().await;
    let out = Some("x@out.example");
    let outcome = submit_as(&gate, SMTP, out, &[KARI], &letters::medium()).await;
    assert!(crate::office::all(&outcome, "kept"));
    let id = held(&gate).await[0].id;
    gate.release(id, &vakt(), ReleaseAs::Sent).await.unwrap();
    office.hop.behave(Manner::Refuse(550));
    while gate.deliver_due().await.unwrap() > 0 {}
    assert!(queued(&gate).await.iter().all(|item| item.purpose == Purpose::Release));

    let gate = released(&office, &[OLA]).await;
    while gate.deliver_due().await.unwrap() > 0 {}
    let items = queued(&gate).await;
    assert!(items.iter().all(|item| item.state.as_str() == "failed"), "{items:?}");
}

/// A gate with Kari's letter released to these and not sent yet; her notice
/// has gone.
async fn released(office: &Office, to: &[&str]) -> Gate {
    let gate = office.gate().await;
    let event = submit(&gate, to, &letters::medium()).await.event.unwrap();
    while gate.deliver_due().await.unwrap() > 0 {}
    let id = held(&gate).await.iter().find(|held| held.event == event).unwrap().id;
    gate.release(id, &vakt(), ReleaseAs::Sent).await.unwrap();
    gate
}

/// What Python makes of each mail of ours that arrived at Kari's, but for the
/// notice that her letter waits.
async fn reports(office: &Office, gate: &Gate) -> Vec<Value> {
    while gate.deliver_due().await.unwrap() > 0 {}
    let mut mails = office.hop.arrivals();
    mails.retain(|mail| mail.sender.is_empty() && mail.recipients == [KARI]);
    // That it takes long was told before, and is no matter of these tests.
    let tells = |mail: &Arrival, what: &str| mail.text().contains(what);
    mails.retain(|mail| tells(mail, "Action: failed") || !tells(mail, "Action: delayed"));
    let reports: Vec<Value> = mails.iter().map(|mail| parsed(unmarked(&mail.bytes))).collect();
    let only = reports.iter().filter(|mail| mail["type"] == "multipart/report").count() == 1;
    assert!(only, "{reports:?}");
    match reports.len() {
        2 if held(gate).await[0].state.as_str() == "released" => reports[1..].to_vec(),
        _ => reports,
    }
}

fn parsed(bytes: &[u8]) -> Value {
    let mut python = Command::new("python3")
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(bytes));
    serde_json::from_slice(&output.stdout).unwrap()
}

const SCRIPT: &str = r"
import sys, json, email, email.policy
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
out = {'type': m.get_content_type(), 'auto_submitted': m['Auto-Submitted'],
       'report_type': m.get_param('report-type'),
       'defects': sum(len(p.defects) for p in m.walk())}
if m.get_content_type() == 'multipart/report':
    parts = list(m.iter_parts())
    out['parts'] = [p.get_content_type() for p in parts]
    out['text'] = parts[0].get_body(('plain',)).get_content()
    out['status'] = [{k: str(v) for k, v in b.items()} for b in parts[1].get_payload()]
    header = email.message_from_string(parts[2].get_payload())
    out['header'] = dict(header.items())
print(json.dumps(out))
";
