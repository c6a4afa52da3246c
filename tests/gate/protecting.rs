//! A number for somebody with a key, and everything that stands in the way.

use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use sequoia_openpgp::{
    Cert, Packet, cert::CertRevocationBuilder, serialize::SerializeInto, types::ReasonForRevocation,
};
use sluse::{
    gate::{Fate, Gate},
    model::MethodId,
    policy::Grounds,
    store::Purpose,
};

use crate::{
    letters::{self, NUMBER},
    office::{
        KARI, OLA, Office, PER, Plan, RELAY, acts, all, fate, fates, held, last_reasons, queued,
        submit, submit_as,
    },
};

#[tokio::test]
async fn one_recipient_gets_it_encrypted_in_its_place() {
    let office = Office::new();
    let gate = office.gate_with(Plan { reinject: false, ..Plan::default() }).await;
    office.key(&gate, OLA, None);
    let outcome = submit(&gate, &[OLA], &letters::high()).await;
    let Fate::Delivered(parcel) = fate(&outcome, OLA) else { panic!("{outcome:?}") };
    assert_eq!(parcel.cleared().grounds(), &Grounds::Protect(MethodId::Openpgp));
    assert_eq!(parcel.envelope(), crate::office::envelope(Some(KARI), &[OLA]));
    let text = String::from_utf8(parcel.bytes().to_vec()).unwrap();
    assert!(text.contains("-----BEGIN PGP MESSAGE-----"), "{text}");
    assert!(!text.contains(NUMBER) && !text.contains("Henvisning"), "{text}");
    assert!(queued(&gate).await.is_empty());
}

#[tokio::test]
async fn several_recipients_get_copies_of_their_own_once() {
    let office = Office::new();
    let gate = office.gate().await;
    office.key(&gate, OLA, None);
    office.key(&gate, PER, None);
    for _retry in 0..2 {
        let outcome = submit(&gate, &[OLA, PER], &letters::high()).await;
        assert!(all(&outcome, "kept"), "{outcome:?}");
    }
    assert_eq!(queued(&gate).await.len(), 2);
    while gate.deliver_due().await.unwrap() > 0 {}
    let mut arrived: Vec<_> = office.hop.arrivals();
    arrived.sort_by_key(|mail| mail.recipients.clone());
    let to: Vec<_> = arrived.iter().flat_map(|mail| mail.recipients.clone()).collect();
    assert_eq!(to, [OLA, PER]);
    assert!(arrived.iter().all(|mail| mail.sender == KARI && !mail.text().contains(NUMBER)));
    assert_ne!(arrived[0].bytes, arrived[1].bytes);
}

#[tokio::test]
async fn a_relay_hands_each_its_own() {
    let office = Office::new();
    let gate = office.gate_with(Plan { reinject: false, ..Plan::default() }).await;
    office.key(&gate, OLA, None);
    let outcome = submit_as(&gate, RELAY, Some(KARI), &[OLA, PER], &letters::high()).await;
    assert_eq!(fates(&outcome), [(OLA.to_owned(), "delivered"), (PER.to_owned(), "refused")]);
}

#[tokio::test]
async fn with_a_key_and_without_are_treated_apart() {
    let office = Office::new();
    let gate = office.gate().await;
    office.key(&gate, OLA, None);
    let outcome = submit(&gate, &[OLA, PER], &letters::high()).await;
    assert!(all(&outcome, "kept"), "{outcome:?}");
    let purposes: Vec<_> = queued(&gate).await.iter().map(|item| item.purpose).collect();
    assert!(purposes.contains(&Purpose::Copy) && purposes.contains(&Purpose::Notice));
    while gate.deliver_due().await.unwrap() > 0 {}
    let notice = office.hop.arrivals().into_iter().find(|mail| mail.sender.is_empty()).unwrap();
    assert_eq!(notice.recipients, [KARI]);
    assert!(notice.text().contains(PER) && !notice.text().contains(NUMBER), "{}", notice.text());
}

#[tokio::test]
async fn what_still_stands_outside_is_left_to_the_route() {
    let office = Office::new();
    for (otherwise, expected) in [("refuse", "refused"), ("hold", "kept"), ("defer", "deferred")] {
        let gate = office.gate_with(protect_or(otherwise)).await;
        office.key(&gate, OLA, None);
        let mail =
            letters::with(&[("Reply-To", &format!("\"fnr {NUMBER}\" <k@cpm.example>"))], "Hei");
        let outcome = submit(&gate, &[OLA], &mail).await;
        assert_eq!(fates(&outcome), [(OLA.to_owned(), expected)]);
        assert!(last_reasons(&gate).await.contains("openpgp:surface_uncovered"));
        assert!(queued(&gate).await.iter().all(|item| item.purpose == Purpose::Notice));
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_used_has_its_reason() {
    let office = Office::new();
    let gate = office.gate().await;
    let day = SignedDuration::from_hours(24);
    office.key(&gate, OLA, Some(day));
    let revoked = office.key(&gate, PER, None);
    assert!(all(&submit(&gate, &[OLA], &letters::high()).await, "delivered"));

    office.clock.advance(2 * day);
    revoke(&gate, &revoked, office.now());
    for (to, reason) in [(OLA, "key_expired"), (PER, "key_revoked"), ("x@y.example", "key_absent")]
    {
        let outcome = submit(&gate, &[to], &letters::high()).await;
        assert!(all(&outcome, "refused"), "{to}: {outcome:?}");
        assert!(last_reasons(&gate).await.contains(&format!("openpgp:{reason}")), "{to}");
    }
}

#[tokio::test]
async fn many_recipients_and_one_late_trouble_come_to_an_end() {
    let office = Office::new();
    let gate = office.gate_with(protect_or("hold")).await;
    let people: Vec<String> = (0..6).map(|n| format!("person{n}@partner.example")).collect();
    people.iter().take(3).for_each(|to| drop(office.key(&gate, to, None)));
    let to: Vec<&str> = people.iter().map(String::as_str).collect();
    let outcome = submit(&gate, &to, &letters::high()).await;
    assert!(all(&outcome, "kept"), "{outcome:?}");
    assert_eq!(held(&gate).await[0].recipients.len(), 3);
    let copies = queued(&gate).await.iter().filter(|item| item.purpose == Purpose::Copy).count();
    assert_eq!(copies, 3);
    assert_eq!(acts(&gate, outcome.event.unwrap()).await, ["decided"]);
}

/// Revokes a certificate at a time of the test, not of the day it runs: before
/// that time the revocation would not count.
fn revoke(gate: &Gate, cert: &Cert, at: Timestamp) {
    let at = SystemTime::UNIX_EPOCH + at.duration_since(Timestamp::UNIX_EPOCH).unsigned_abs();
    let mut signer =
        cert.primary_key().key().clone().parts_into_secret().unwrap().into_keypair().unwrap();
    let builder = CertRevocationBuilder::new().set_signature_creation_time(at).unwrap();
    let builder = builder.set_reason_for_revocation(ReasonForRevocation::KeyRetired, b"").unwrap();
    let revocation = builder.build(&mut signer, cert, None).unwrap();
    let (cert, _) = cert.clone().insert_packets(vec![Packet::from(revocation)]).unwrap();
    gate.protector().import(&cert.to_vec().unwrap(), None).unwrap();
}

fn protect_or(otherwise: &str) -> Plan {
    let policy = match otherwise {
        "refuse" => {
            "[[route]]\nname = \"a\"\nwhen = { level = \"medium\" }\nverdict = \"protect\"\n\
             methods = [\"openpgp\"]\notherwise = \"refuse\"\n"
        }
        "hold" => {
            "[[route]]\nname = \"a\"\nwhen = { level = \"medium\" }\nverdict = \"protect\"\n\
             methods = [\"openpgp\"]\notherwise = \"hold\"\n"
        }
        _ => {
            "[[route]]\nname = \"a\"\nwhen = { level = \"medium\" }\nverdict = \"protect\"\n\
             methods = [\"openpgp\"]\notherwise = \"defer\"\n"
        }
    };
    Plan { policy: Some(policy), ..Plan::default() }
}
