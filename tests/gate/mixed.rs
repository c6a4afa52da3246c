//! Several recipients that must not all be treated alike.

use sluse::{gate::Fate, store::Purpose};

use crate::{
    letters,
    office::{
        EVA, KARI, MILTER, OLA, Office, PER, Plan, RELAY, fate, fates, held, queued, submit,
        submit_as,
    },
};

#[tokio::test]
async fn our_own_sender_is_told_by_mail_what_the_session_cannot_say() {
    let office = Office::new();
    let gate = office.gate_with(by_recipient(true)).await;
    let outcome = submit(&gate, &[OLA, EVA], &letters::clean()).await;
    assert_eq!(fates(&outcome), [(EVA.to_owned(), "delivered"), (OLA.to_owned(), "kept")]);
    let queued = queued(&gate).await;
    assert_eq!((queued.len(), queued[0].purpose), (1, Purpose::Notice));
    gate.deliver_due().await.unwrap();
    let notice = &office.hop.arrivals()[0];
    assert_eq!((notice.sender.as_str(), notice.recipients[0].as_str()), ("", KARI));
    assert!(notice.text().contains(OLA), "{}", notice.text());
}

#[tokio::test]
async fn such_a_notice_is_never_left_out() {
    let office = Office::new();
    let gate = office.gate_with(by_recipient(true)).await;
    for n in 0..3 {
        let mail = letters::letter("Hei", &format!("Brev {n}"));
        submit(&gate, &[OLA, EVA], &mail).await;
        submit(&gate, &[OLA, EVA], &mail).await;
    }
    assert_eq!(queued(&gate).await.len(), 3);
}

#[tokio::test]
async fn who_cannot_be_told_by_mail_is_told_in_the_session() {
    let office = Office::new();
    let gate = office.gate_with(by_recipient(true)).await;
    let clean = letters::clean();
    let machine = letters::with(&[("Auto-Submitted", "auto-generated")], "Hei");
    let list = letters::with(&[("List-Id", "<alle.cpm.example>")], "Hei");
    for (from, mail) in
        [(Some(PER), &clean), (None, &clean), (Some(KARI), &machine), (Some(KARI), &list)]
    {
        let outcome = submit_as(&gate, MILTER, from, &[OLA, EVA], mail).await;
        assert_eq!(fates(&outcome), [(EVA.to_owned(), "refused"), (OLA.to_owned(), "refused")]);
    }
    assert!(queued(&gate).await.is_empty());
}

#[tokio::test]
async fn two_reasons_to_refuse_are_still_a_refusal() {
    let office = Office::new();
    let two = "[[route]]\nname = \"a\"\nwhen = { recipient = \"ola@*\" }\nverdict = \"refuse\"\n\
               [[route]]\nname = \"b\"\nwhen = { recipient = \"per@*\" }\nverdict = \"refuse\"\n";
    for reinject in [true, false] {
        let gate = office.gate_with(Plan { policy: Some(two), reinject, ..Plan::default() }).await;
        for from in [Some(KARI), Some(EVA), Some("x@out.example"), None] {
            let outcome = submit_as(&gate, MILTER, from, &[OLA, PER], &letters::clean()).await;
            let refused = [(OLA.to_owned(), "refused"), (PER.to_owned(), "refused")];
            assert_eq!(fates(&outcome), refused, "{from:?}");
        }
    }
}

#[tokio::test]
async fn without_another_way_the_strictest_verdict_holds_for_all() {
    let office = Office::new();
    let gate = office.gate_with(by_recipient(false)).await;
    let outcome = submit(&gate, &[OLA, EVA], &letters::clean()).await;
    assert_eq!(fates(&outcome), [(EVA.to_owned(), "refused"), (OLA.to_owned(), "refused")]);
    let outcome = submit(&gate, &[PER, EVA], &letters::clean()).await;
    assert_eq!(fates(&outcome), [(EVA.to_owned(), "kept"), (PER.to_owned(), "kept")]);
    let held = held(&gate).await;
    assert_eq!((held.len(), held[0].recipients.len()), (1, 2));
}

#[tokio::test]
async fn who_is_held_and_who_is_not_are_kept_apart() {
    let office = Office::new();
    let gate = office.gate_with(by_recipient(true)).await;
    let outcome = submit(&gate, &[PER, EVA], &letters::clean()).await;
    assert_eq!(fates(&outcome), [(EVA.to_owned(), "delivered"), (PER.to_owned(), "kept")]);
    let Fate::Delivered(parcel) = fate(&outcome, EVA) else { panic!("{outcome:?}") };
    assert_eq!(parcel.cleared().recipients(), [crate::office::address(EVA)]);
    assert_eq!(held(&gate).await[0].recipients, [crate::office::address(PER)]);
}

#[tokio::test]
async fn a_relay_says_it_to_each() {
    let office = Office::new();
    let gate = office.gate_with(by_recipient(true)).await;
    let outcome =
        submit_as(&gate, RELAY, Some("x@out.example"), &[OLA, PER, EVA], &letters::clean()).await;
    let expected = [(EVA, "delivered"), (OLA, "refused"), (PER, "kept")];
    assert_eq!(fates(&outcome), expected.map(|(to, fate)| (to.to_owned(), fate)));
    assert!(queued(&gate).await.is_empty());
}

/// Ola is refused, Per waits, everybody else may have it.
fn by_recipient(reinject: bool) -> Plan {
    let policy = "[[route]]\nname = \"a\"\nwhen = { recipient = \"ola@*\" }\n\
                  verdict = \"refuse\"\n\
                  [[route]]\nname = \"b\"\nwhen = { recipient = \"per@*\" }\n\
                  verdict = \"hold\"\n";
    Plan { policy: Some(policy), reinject, ..Plan::default() }
}
