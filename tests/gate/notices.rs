//! Who is written to, how often, and that no notice does harm.

use jiff::SignedDuration;
use sluse::{gate::Fate, store::Purpose};

use crate::{
    letters::{self, NUMBER},
    office::{
        EVA, KARI, Log, MILTER, OLA, Office, PER, Plan, all, fate, queued, submit, submit_as,
    },
};

#[tokio::test]
async fn kari_is_told_what_was_found_where_and_never_the_number() {
    let office = Office::new();
    let gate = office.gate().await;
    let outcome = submit(&gate, &[OLA], &letters::high()).await;
    gate.deliver_due().await.unwrap();
    let notice = &office.hop.arrivals()[0];
    assert_eq!((notice.sender.as_str(), notice.recipients[0].as_str()), ("", KARI));
    let text = notice.text();
    assert!(text.contains(&outcome.event.unwrap().to_string()), "{text}");
    assert!(text.contains("138278*****") && !text.contains(NUMBER), "{text}");
    assert!(!text.contains("Henvisning"), "{text}");
}

#[tokio::test]
async fn one_notice_an_hour_for_each_sender_and_route() {
    let office = Office::new();
    let gate = office.gate().await;
    for n in 0..5 {
        submit(&gate, &[OLA], &letters::letter("Hei", &format!("{n}: fnr {NUMBER}"))).await;
    }
    assert_eq!(queued(&gate).await.len(), 1);
    submit(&gate, &[OLA], &letters::medium()).await;
    assert_eq!(queued(&gate).await.len(), 2, "another route");
    submit_as(&gate, MILTER, Some(EVA), &[OLA], &letters::high()).await;
    assert_eq!(queued(&gate).await.len(), 3, "another sender");
    office.clock.advance(SignedDuration::from_mins(61));
    submit(&gate, &[OLA], &letters::letter("Hei", &format!("6: fnr {NUMBER}"))).await;
    assert_eq!(queued(&gate).await.len(), 4, "another hour");
}

#[tokio::test]
async fn machines_lists_and_nobody_get_no_notice() {
    let office = Office::new();
    let gate = office.gate().await;
    let body = format!("fnr {NUMBER}");
    for field in [("Auto-Submitted", "auto-replied"), ("List-Id", "<alle.cpm.example>")] {
        submit(&gate, &[OLA], &letters::with(&[field], &body)).await;
    }
    for from in [None, Some("x@out.example")] {
        submit_as(&gate, MILTER, from, &[KARI], &letters::high()).await;
        submit_as(&gate, MILTER, from, &[KARI], &letters::medium()).await;
    }
    assert!(queued(&gate).await.is_empty());
}

#[tokio::test]
async fn our_own_notice_comes_back_and_passes() {
    let office = Office::new();
    let gate = office.gate().await;
    submit(&gate, &[OLA], &letters::medium()).await;
    gate.deliver_due().await.unwrap();
    let notice = office.hop.arrivals().remove(0);
    let outcome = submit_as(&gate, MILTER, None, &[KARI], &notice.bytes).await;
    let Fate::Delivered(parcel) = fate(&outcome, KARI) else { panic!("{outcome:?}") };
    assert_eq!(parcel.bytes()[..], notice.bytes[..]);
    assert_eq!(queued(&gate).await.len(), 1);
}

#[tokio::test]
async fn a_notice_that_policy_forbids_is_not_sent() {
    let office = Office::new();
    let policy = "[[route]]\nname = \"nothing from nobody\"\nwhen = { recipient = \"kari@*\" }\n\
                  verdict = \"hold\"\n\
                  [[route]]\nname = \"all\"\nverdict = \"hold\"\n";
    let gate = office.gate_with(Plan { policy: Some(policy), ..Plan::default() }).await;
    let log = Log::start();
    assert!(all(&submit(&gate, &[OLA], &letters::medium()).await, "kept"));
    assert!(queued(&gate).await.is_empty());
    assert!(log.text().contains("notice not sent"), "{}", log.text());
}

#[tokio::test]
async fn what_went_through_needs_no_words() {
    let office = Office::new();
    let gate = office.gate().await;
    let log = Log::start();
    submit(&gate, &[OLA, PER], &letters::clean()).await;
    assert!(queued(&gate).await.is_empty());
    assert!(!log.text().contains("WARN"), "{}", log.text());
}

#[tokio::test]
async fn kari_is_told_once_of_a_copy_that_is_refused_for_good() {
    let office = Office::new();
    let gate = office.gate().await;
    // The fake hop takes no such addresses.
    let aase = "åse@partner.example";
    office.key(&gate, aase, None);
    office.key(&gate, OLA, None);
    submit(&gate, &[aase, OLA], &letters::high()).await;
    let log = Log::start();
    while gate.deliver_due().await.unwrap() > 0 {}
    let lines = log.text();
    assert!(lines.lines().any(|line| line.contains("ERROR") && line.contains("not delivered")));
    let (notices, copies): (Vec<_>, Vec<_>) =
        office.hop.arrivals().into_iter().partition(|mail| mail.sender.is_empty());
    assert_eq!((copies.len(), copies[0].recipients[0].as_str()), (1, OLA));
    assert_eq!((notices.len(), notices[0].recipients[0].as_str()), (1, KARI));
    let failed = queued(&gate).await;
    let failed: Vec<_> = failed.iter().filter(|item| item.state.as_str() == "failed").collect();
    assert_eq!((failed.len(), failed[0].recipients[0].recipient.as_str()), (1, aase));
}

#[tokio::test]
async fn a_notice_that_is_refused_is_not_told_of() {
    let office = Office::new();
    let gate = office.gate().await;
    submit(&gate, &[OLA], &letters::medium()).await;
    office.hop.behave(crate::fake_hop::Manner::Refuse(554));
    while gate.deliver_due().await.unwrap() > 0 {}
    let all = queued(&gate).await;
    assert_eq!((all.len(), all[0].purpose), (1, Purpose::Notice));
    assert_eq!(all[0].state.as_str(), "failed");
}
