//! What the gateway sent comes back: with its mark it passes unread. Without,
//! or with a mark that somebody made, moved or bent, it is read like the rest.

use jiff::SignedDuration;
use sluse::{
    gate::{Fate, Gate, Outcome, ReleaseAs},
    policy::Grounds,
};

use crate::{
    letters::{self, NUMBER},
    office::{
        EVA, KARI, MILTER, OLA, Office, PER, RELAY, SMTP, acts, all, audit, fate, held, queued,
        submit, submit_as, unmarked, vakt,
    },
};

#[tokio::test]
async fn released_mail_that_comes_back_passes_unread_and_is_audited() {
    let office = Office::new();
    let (gate, sent) = released(&office).await;
    for channel in [MILTER, RELAY, SMTP] {
        let outcome = submit_as(&gate, channel, Some(KARI), &[OLA, PER], &sent).await;
        let Fate::Delivered(parcel) = fate(&outcome, OLA) else { panic!("{outcome:?}") };
        assert_eq!(parcel.cleared().grounds(), &Grounds::Passed);
        assert_eq!(parcel.bytes()[..], sent[..]);
        assert_eq!(outcome.answers.len(), 1);
        assert_eq!(acts(&gate, outcome.event.unwrap()).await, ["decided"]);
    }
    let (_, facts) = audit(&gate).await.pop().unwrap();
    assert_eq!(facts["rulings"][0]["route"], "passed");
    assert_eq!(held(&gate).await.len(), 1);
}

#[tokio::test]
async fn traces_of_the_way_above_the_mark_do_no_harm() {
    let office = Office::new();
    let (gate, sent) = released(&office).await;
    let traces = b"Return-Path: <kari@cpm.example>\r\nDelivered-To: ola@partner.example\r\n\
        Received: from a.example\r\n\tby b.example; Mon, 23 Nov 2026 09:00:00 +0100\r\n";
    let outcome = submit(&gate, &[PER], &[traces, &sent[..]].concat()).await;
    assert!(is_unread(&outcome), "{outcome:?}");
}

#[tokio::test]
async fn another_gate_with_the_same_key_knows_it_and_upper_case_does_not_matter() {
    let office = Office::new();
    let (_, sent) = released(&office).await;
    let other = office.gate().await;
    let outcome = submit(&other, &["OLA@partner.example"], &sent).await;
    assert!(is_unread(&outcome), "{outcome:?}");
}

#[tokio::test]
async fn forged_mark() {
    let office = Office::new();
    let gate = office.gate().await;
    let now = office.now().as_second();
    for mark in [
        format!("X-Sluse-Passed: v=1; t={now:x};\r\n m={}\r\n", "A".repeat(43)),
        format!("X-Sluse-Passed: v=1; t={now:x}; m=\r\n"),
        format!("X-Sluse-Passed: v=2; t={now:x}; m={}\r\n", "A".repeat(43)),
        format!("X-Sluse-Passed: v=1; t={now:x}; m={}\r\n", "A,".repeat(9_000)),
        "X-Sluse-Passed: v=1; t=-1; m=\u{e5}\r\n".to_owned(),
        "X-Sluse-Passed: yes\r\n".to_owned(),
        "X-Sluse-Passed:\r\n".to_owned(),
        "X-Sluse-Cleared: yes\r\nX-Sluse-Notice: bcdfghjkmnpqrstvbcdf\r\n".to_owned(),
    ] {
        let outcome = submit(&gate, &[OLA], &[mark.as_bytes(), &letters::high()].concat()).await;
        assert!(all(&outcome, "refused"), "{mark}: {outcome:?}");
    }
}

#[tokio::test]
async fn mark_replayed_to_another_recipient() {
    let office = Office::new();
    let (gate, sent) = released(&office).await;
    for to in [&["eva@partner.example"][..], &[OLA, "eva@partner.example"]] {
        assert!(is_stopped(&submit(&gate, to, &sent).await), "{to:?}");
    }
}

#[tokio::test]
async fn subject_put_above_the_mark() {
    let office = Office::new();
    let (gate, sent) = released(&office).await;
    for field in [
        format!("Subject: fnr {NUMBER}\r\n"),
        "Subject: \r\n".to_owned(),
        "\r\n".to_owned(),
        "not a field\r\n".to_owned(),
        format!(" {NUMBER}\r\n"),
        "Received : from a.example\r\n".to_owned(),
    ] {
        let mail = [field.as_bytes(), &sent].concat();
        assert!(!is_unread(&submit(&gate, &[OLA], &mail).await), "{field}");
    }
}

#[tokio::test]
async fn number_hidden_in_a_trace_above_the_mark() {
    let office = Office::new();
    let (gate, sent) = released(&office).await;
    for field in [
        format!("Received: from a.example (fnr {NUMBER})\r\n"),
        format!("X-Original-To: fødselsnummer\r\n {NUMBER}\r\n"),
        format!("Received: {}\r\n", "by b.example ".repeat(6_000)),
    ] {
        let mail = [field.as_bytes(), &sent].concat();
        assert!(is_stopped(&submit(&gate, &[OLA], &mail).await), "{field}");
    }
}

#[tokio::test]
async fn expired_mark_and_one_from_the_future() {
    let office = Office::new();
    let (gate, sent) = released(&office).await;
    office.clock.advance(SignedDuration::from_hours(5 * 24));
    assert!(is_unread(&submit(&gate, &[OLA], &sent).await));
    office.clock.advance(SignedDuration::from_mins(1));
    assert!(is_stopped(&submit(&gate, &[OLA], &sent).await));
    office.clock.advance(SignedDuration::from_hours(-6 * 24));
    assert!(is_stopped(&submit(&gate, &[OLA], &sent).await));
}

#[tokio::test]
async fn altered_time_in_the_mark() {
    let office = Office::new();
    let (gate, sent) = released(&office).await;
    let (old, new) = (office.now().as_second(), office.now().as_second() + 60);
    let text = String::from_utf8(sent).unwrap();
    let later = text.replacen(&format!("t={old:x}"), &format!("t={new:x}"), 1);
    assert_ne!(text, later);
    assert!(is_stopped(&submit(&gate, &[OLA], later.as_bytes()).await));
}

#[tokio::test]
async fn altered_body_below_the_mark() {
    let office = Office::new();
    let (gate, sent) = released(&office).await;
    let longer = [&sent[..], b"PS: hei\r\n"].concat();
    let shorter = &sent[..sent.len() - 1];
    let text = String::from_utf8(sent.clone()).unwrap();
    let bent = text.replacen("Subject:", "Subject: ", 1);
    for mail in [&longer[..], shorter, bent.as_bytes()] {
        assert!(is_stopped(&submit(&gate, &[OLA], mail).await));
    }
}

#[tokio::test]
async fn mark_of_another_instance() {
    let office = Office::new();
    let (_, sent) = released(&office).await;
    let stranger = Office::new();
    let gate = stranger.gate().await;
    assert!(is_stopped(&submit(&gate, &[OLA], &sent).await));
}

#[tokio::test]
async fn two_marks() {
    let office = Office::new();
    let (gate, sent) = released(&office).await;
    let forged =
        format!("X-Sluse-Passed: v=1; t={:x}; m={}\r\n", office.now().as_second(), "A".repeat(43));
    let above = [forged.as_bytes(), &sent].concat();
    assert!(is_stopped(&submit(&gate, &[OLA], &above).await));
    let mark = &sent[..sent.len() - unmarked(&sent).len()];
    let twice = [mark, &sent].concat();
    assert!(is_stopped(&submit(&gate, &[OLA], &twice).await));
}

#[tokio::test]
async fn mark_below_other_fields() {
    let office = Office::new();
    let (gate, sent) = released(&office).await;
    let rest = unmarked(&sent);
    let mark = &sent[..sent.len() - rest.len()];
    let end = memchr::memmem::find(rest, b"\r\n").unwrap() + 2;
    let moved = [&rest[..end], mark, &rest[end..]].concat();
    assert!(is_stopped(&submit(&gate, &[OLA], &moved).await));
}

#[tokio::test]
async fn a_forged_mark_below_our_own_is_only_a_field() {
    let office = Office::new();
    let gate = office.gate().await;
    let mail = [b"X-Sluse-Passed: v=1; t=0; m=A\r\n", &letters::medium()[..]].concat();
    let sent = release(&office, &gate, &mail, &[OLA]).await;
    assert!(is_unread(&submit(&gate, &[OLA], &sent).await));
}

#[tokio::test]
async fn a_mark_does_not_tell_how_many_others_there_are() {
    let office = Office::new();
    let gate = office.gate().await;
    let count = |sent: &[u8]| {
        let mark = &sent[..sent.len() - unmarked(sent).len()];
        mark.iter().filter(|byte| **byte == b',').count()
    };
    let one = release(&office, &gate, &letters::letter("1", &body(1)), &[OLA]).await;
    let two = release(&office, &gate, &letters::letter("2", &body(2)), &[OLA, PER]).await;
    assert_eq!(count(&one), count(&two));
    let many: Vec<String> = (0..51).map(|n| format!("p{n}@partner.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let most = release(&office, &gate, &letters::letter("3", &body(3)), &many[..50]).await;
    assert!(is_unread(&submit(&gate, &many[..50], &most).await));
    let unmarked = release(&office, &gate, &letters::letter("4", &body(4)), &many).await;
    assert_eq!(unmarked, letters::letter("4", &body(4)), "too many: read again");
}

#[tokio::test]
async fn copies_that_were_encrypted_pass_with_their_mark() {
    let office = Office::new();
    let gate = office.gate().await;
    office.key(&gate, OLA, None);
    office.key(&gate, PER, None);
    submit(&gate, &[OLA, PER], &letters::high()).await;
    while gate.deliver_due().await.unwrap() > 0 {}
    for copy in office.hop.arrivals() {
        let to: Vec<&str> = copy.recipients.iter().map(String::as_str).collect();
        assert!(is_unread(&submit(&gate, &to, &copy.bytes).await));
    }
}

#[tokio::test]
async fn our_own_notice_never_goes_in_a_circle() {
    let office = Office::new();
    let gate = office.gate().await;
    submit(&gate, &[OLA], &letters::medium()).await;
    gate.deliver_due().await.unwrap();
    let notice = office.hop.arrivals().remove(0).bytes;
    let outcome = submit_as(&gate, MILTER, None, &[KARI], &notice).await;
    assert!(is_unread(&outcome), "{outcome:?}");
    // Damaged, sent on by a person, and sent to somebody else.
    let mut damaged = notice.clone();
    damaged[30] ^= 1;
    for (from, to) in [(None, KARI), (Some(KARI), EVA), (Some(EVA), KARI), (Some(KARI), OLA)] {
        submit_as(&gate, MILTER, from, &[to], &damaged).await;
        let with_number = [&damaged[..], format!("fnr {NUMBER}\r\n").as_bytes()].concat();
        let outcome = submit_as(&gate, MILTER, from, &[to], &with_number).await;
        assert!(!is_unread(&outcome), "{outcome:?}");
    }
    assert_eq!(queued(&gate).await.len(), 1, "a notice is answered with a notice");
}

fn body(n: u32) -> String {
    format!("Brev {n}, her er det:\r\n\r\n{NUMBER}\r\n\r\nHa en fin dag!")
}

/// Kari's letter to Ola and Per as it left after its release.
async fn released(office: &Office) -> (Gate, Vec<u8>) {
    let gate = office.gate().await;
    let sent = release(office, &gate, &letters::medium(), &[OLA, PER]).await;
    (gate, sent)
}

/// A letter is held, released and sent.
async fn release(office: &Office, gate: &Gate, mail: &[u8], to: &[&str]) -> Vec<u8> {
    let event = submit(gate, to, mail).await.event.unwrap();
    let id = held(gate).await.iter().find(|held| held.event == event).unwrap().id;
    gate.release(id, &vakt(), ReleaseAs::Sent).await.unwrap();
    while gate.deliver_due().await.unwrap() > 0 {}
    let mut arrived = office.hop.arrivals();
    arrived.retain(|mail| !mail.sender.is_empty());
    arrived.pop().unwrap().bytes
}

fn is_unread(outcome: &Outcome) -> bool {
    let passed = |fate: &Fate| match fate {
        Fate::Delivered(parcel) => *parcel.cleared().grounds() == Grounds::Passed,
        Fate::Deferred(_) | Fate::Kept | Fate::Refused(_) => false,
    };
    outcome.answers.iter().all(|answer| passed(&answer.fate))
}

/// Held or refused, as the number in it deserves.
fn is_stopped(outcome: &Outcome) -> bool {
    let stopped = |fate: &Fate| matches!(fate, Fate::Kept | Fate::Refused(_));
    outcome.answers.iter().all(|answer| stopped(&answer.fate))
}
