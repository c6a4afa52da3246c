//! What a sender wishes to be told (RFC 3461) is kept with the mail that the
//! gateway itself sends, and obeyed.

use jiff::SignedDuration;
use sluse::{
    gate::{Discard, Gate, ReleaseAs},
    model::{Ret, Wish, Wishes},
    store::OutboxState,
};

use crate::{
    fake_hop::{Arrival, Manner},
    letters::{self, NUMBER},
    office::{KARI, MILTER, OLA, Office, PER, SMTP, held, queued, submit_wishing, vakt, wishes},
};

#[tokio::test]
async fn wishes_go_with_a_released_message_to_a_server_that_knows_them() {
    let office = Office::new();
    office.hop.offer_reports();
    let wish = Wish {
        notify: Some("SUCCESS,DELAY".to_owned()),
        orcpt: Some("rfc822;ola+2Bx@partner.example".to_owned()),
        ret: Some(Ret::Full),
        envid: Some("QQ314".to_owned()),
    };
    let gate = released(&office, &[OLA], wishes(&[OLA], &wish)).await;
    send_all(&gate).await;
    let letter = office.hop.wait(1, LONG, |mail| mail.sender == KARI).remove(0);
    // What was held does not come back whole.
    assert!(letter.commands[0].ends_with(" RET=HDRS ENVID=QQ314"), "{:?}", letter.commands);
    let rcpt = format!("RCPT TO:<{OLA}> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;ola+2Bx@partner.example");
    assert_eq!(letter.commands[1], rcpt);
    assert_eq!(reports(&office), [] as [String; 0], "that server tells him itself");
}

#[tokio::test]
async fn a_success_is_told_where_the_next_hop_will_not_tell_it() {
    let office = Office::new();
    let wish = Wish {
        notify: Some("SUCCESS".to_owned()),
        orcpt: Some("rfc822;chef@partner.example".to_owned()),
        envid: Some("QQ+2B314".to_owned()),
        ..Wish::default()
    };
    let gate = released(&office, &[OLA, PER], wishes(&[OLA], &wish)).await;
    send_all(&gate).await;
    let [report] = &reports(&office)[..] else { panic!("{:?}", reports(&office)) };
    assert!(report.contains("Original-Envelope-Id: QQ+314\r\n"), "{report}");
    let line = format!(
        "Original-Recipient: rfc822; chef@partner.example\r\n\
         Final-Recipient: rfc822; {OLA}\r\nAction: relayed\r\nStatus: 2.0.0\r\n"
    );
    assert!(report.contains(&line), "{report}");
    assert!(!report.contains(PER), "nothing was wished about him");
}

#[tokio::test]
async fn who_wishes_to_hear_nothing_hears_nothing() {
    for (notify, told) in [("NEVER", 0), ("SUCCESS", 0), ("FAILURE", 1)] {
        let office = Office::new();
        let wish = Wish { notify: Some(notify.to_owned()), ..Wish::default() };
        let gate = released(&office, &[OLA], wishes(&[OLA], &wish)).await;
        office.hop.behave(Manner::RefuseLetters(550));
        send_all(&gate).await;
        assert!(queued(&gate).await.iter().any(|item| item.state == OutboxState::Failed));
        assert_eq!(reports(&office).len(), told, "{notify}");
    }
}

#[tokio::test]
async fn a_delay_is_told_after_four_hours_and_once() {
    for (notify, told) in [(None, 1), (Some("DELAY"), 1), (Some("FAILURE"), 0)] {
        let office = Office::new();
        let wish = Wish { notify: notify.map(str::to_owned), ..Wish::default() };
        let gate = released(&office, &[OLA], wishes(&[OLA], &wish)).await;
        office.hop.behave(Manner::RefuseLetters(451));
        for hour in 0..12 {
            send_all(&gate).await;
            let expected = if hour < 4 { 0 } else { told };
            assert_eq!(reports(&office).len(), expected, "{notify:?} after {hour} hours");
            office.clock.advance(SignedDuration::from_hours(1));
        }
        for report in reports(&office) {
            assert!(report.contains("Action: delayed\r\nStatus: 4.3.0\r\n"), "{report}");
            assert!(report.contains("Diagnostic-Code: smtp; 451 4.3.0 Not today"), "{report}");
        }
    }
}

#[tokio::test]
async fn a_refusal_by_our_policy_is_told_but_not_as_a_report_to_who_wants_none() {
    let office = Office::new();
    let gate = office.gate().await;
    office.key(&gate, OLA, None);
    let wish = Wish { notify: Some("NEVER".to_owned()), ..Wish::default() };
    let wishes = wishes(&[OLA, PER], &wish);
    submit_wishing(&gate, SMTP, (Some(KARI), &[OLA, PER]), &letters::high(), wishes).await;
    send_all(&gate).await;
    let notices = office.hop.arrivals();
    let notice = notices.iter().find(|mail| mail.sender.is_empty()).unwrap();
    assert!(notice.tells(PER) && reports(&office).is_empty());
}

#[tokio::test]
async fn a_rejection_by_a_person_is_no_report_to_who_wants_none() {
    let office = Office::new();
    let gate = office.gate().await;
    let wish = Wish { notify: Some("NEVER".to_owned()), ..Wish::default() };
    let (mail, wishes) = (letters::medium(), wishes(&[OLA], &wish));
    submit_wishing(&gate, MILTER, (Some(KARI), &[OLA]), &mail, wishes).await;
    let id = held(&gate).await[0].id;
    gate.discard(id, &vakt(), Discard::Reject).await.unwrap();
    send_all(&gate).await;
    // That it waits, and that it was refused.
    assert_eq!(office.hop.arrivals().len(), 2);
    assert_eq!(reports(&office), [] as [String; 0]);
}

#[tokio::test]
async fn names_with_a_number_in_them_are_left_out_of_a_report() {
    let office = Office::new();
    let wish = Wish {
        orcpt: Some(format!("rfc822;fodselsnummer-{NUMBER}@partner.example")),
        envid: Some(format!("fodselsnummer+3A+20{NUMBER}")),
        ..Wish::default()
    };
    let gate = released(&office, &[OLA], wishes(&[OLA], &wish)).await;
    office.hop.behave(Manner::RefuseLetters(550));
    send_all(&gate).await;
    assert_eq!(reports(&office).len(), 1);
    assert!(office.hop.arrivals().iter().all(|mail| !mail.tells(NUMBER)));
}

/// A gate with Kari's letter released to these and not sent yet.
async fn released(office: &Office, to: &[&str], wishes: Wishes) -> Gate {
    let gate = office.gate().await;
    submit_wishing(&gate, MILTER, (Some(KARI), to), &letters::medium(), wishes).await;
    let id = held(&gate).await[0].id;
    gate.release(id, &vakt(), ReleaseAs::Sent).await.unwrap();
    gate
}

async fn send_all(gate: &Gate) {
    while gate.deliver_due().await.unwrap() > 0 {}
}

/// The delivery reports that arrived at Kari's.
fn reports(office: &Office) -> Vec<String> {
    let mails = office.hop.arrivals();
    let mut reports: Vec<String> = mails.iter().map(Arrival::text).collect();
    reports.retain(|text| text.contains("report-type=delivery-status"));
    reports
}

const LONG: std::time::Duration = std::time::Duration::from_secs(30);
