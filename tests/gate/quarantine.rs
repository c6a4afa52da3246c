//! What people do with held mail, and that it happens once.

use sluse::{
    gate::{Discard, Gate, GateError, ReleaseAs, Released},
    model::Address,
    store::{HeldId, HeldState, Settled},
};

use crate::{
    fake_hop::Arrival,
    letters::{self, NUMBER},
    office::{
        EVA, KARI, MILTER, OLA, Office, PER, Plan, acts, audit, held, queued, stands_in, submit,
        submit_as, unmarked, vakt,
    },
};

#[tokio::test]
async fn released_mail_leaves_as_it_came_from_whom_it_came() {
    let office = Office::new();
    let (gate, id) = holding(&office).await;
    assert_eq!(gate.release(id, &vakt(), ReleaseAs::Sent).await.unwrap(), Released::Queued);
    let mail = &sent(&office, &gate).await[0];
    assert_eq!(
        (mail.sender.as_str(), &*mail.recipients),
        (KARI, &[OLA, PER].map(String::from)[..])
    );
    assert_eq!(unmarked(&mail.bytes), letters::medium());
    let (_, facts) = audit(&gate).await.into_iter().find(|(act, _)| act == "released").unwrap();
    assert_eq!(facts["purpose"], "sak 12");
    assert_eq!(facts["level_now"], "medium");
    let rows = gate.store().event_audit(held(&gate).await[0].event).await.unwrap();
    assert!(rows.iter().any(|row| row.act == "released" && row.actor == "Vakt"));
}

#[tokio::test]
async fn two_people_at_two_gates_release_it_once() {
    let office = Office::new();
    let (gate, id) = holding(&office).await;
    let other = office.gate().await;
    let by = vakt();
    let (a, b, c) = tokio::join!(
        gate.release(id, &by, ReleaseAs::Sent),
        other.release(id, &by, ReleaseAs::Sent),
        gate.release(id, &by, ReleaseAs::Sent),
    );
    let all = [a.unwrap(), b.unwrap(), c.unwrap()];
    assert_eq!(all.iter().filter(|one| **one == Released::Queued).count(), 1, "{all:?}");
    let (a, b) = tokio::join!(gate.deliver_due(), other.deliver_due());
    a.unwrap();
    b.unwrap();
    assert_eq!(sent(&office, &gate).await.len(), 1);
    let again = gate.release(id, &by, ReleaseAs::Sent).await.unwrap();
    assert_eq!(again, Released::Already(HeldState::Released));
    assert_eq!(
        acts(&gate, held(&gate).await[0].event)
            .await
            .iter()
            .filter(|act| *act == "released")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_retry_after_the_release_brings_no_second_copy() {
    let office = Office::new();
    let (gate, id) = holding(&office).await;
    gate.release(id, &vakt(), ReleaseAs::Sent).await.unwrap();
    submit(&gate, &[OLA, PER], &letters::medium()).await;
    assert_eq!(sent(&office, &gate).await.len(), 1);
    assert_eq!(held(&gate).await.len(), 1);
}

#[tokio::test]
async fn it_can_be_released_encrypted_to_those_with_a_key() {
    let office = Office::new();
    let (gate, id) = holding(&office).await;
    office.key(&gate, OLA, None);
    let error = gate.release(id, &vakt(), ReleaseAs::Encrypted).await.unwrap_err();
    assert!(matches!(&error, GateError::Unprotectable(who) if who.contains(PER)), "{error}");
    assert_eq!(held(&gate).await[0].state, HeldState::Held);
    assert!(sent(&office, &gate).await.is_empty());

    office.key(&gate, PER, None);
    gate.release(id, &vakt(), ReleaseAs::Encrypted).await.unwrap();
    let sent = sent(&office, &gate).await;
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|mail| mail.text().contains("BEGIN PGP MESSAGE")));
    assert!(sent.iter().all(|mail| !mail.text().contains(NUMBER)));
}

#[tokio::test]
async fn rejecting_tells_kari_once_and_destroys_the_content() {
    let office = Office::new();
    let (gate, id) = holding(&office).await;
    let told = office.hop.arrivals().len();
    for expected in [Settled::Now, Settled::Already(HeldState::Rejected)] {
        assert_eq!(gate.discard(id, &vakt(), Discard::Reject).await.unwrap(), expected);
    }
    while gate.deliver_due().await.unwrap() > 0 {}
    let notices = office.hop.arrivals().split_off(told);
    assert_eq!(notices.len(), 1);
    assert_eq!((notices[0].sender.as_str(), &*notices[0].recipients), ("", &[KARI.to_owned()][..]));
    assert!(gate.store().reveal_held(id, &vakt()).await.is_err());
    assert!(!office.state().join(format!("sealed/held/{id}")).exists());
    assert_eq!(
        gate.release(id, &vakt(), ReleaseAs::Sent).await.unwrap(),
        Released::Already(HeldState::Rejected)
    );
}

#[tokio::test]
async fn an_outsider_hears_nothing_of_a_rejection() {
    let office = Office::new();
    let gate = office.gate().await;
    submit_as(&gate, MILTER, Some(OLA), &[EVA], &letters::medium()).await;
    let id = held(&gate).await[0].id;
    assert_eq!(gate.discard(id, &vakt(), Discard::Reject).await.unwrap(), Settled::Now);
    assert!(queued(&gate).await.is_empty());
}

#[tokio::test]
async fn without_a_way_to_tell_kari_it_is_not_rejected() {
    let office = Office::new();
    let gate = office.gate_with(Plan { reinject: false, ..Plan::default() }).await;
    submit(&gate, &[OLA], &letters::medium()).await;
    let id = held(&gate).await[0].id;
    let rejected = gate.discard(id, &vakt(), Discard::Reject).await;
    assert!(matches!(rejected, Err(GateError::NoNextHop)), "{rejected:?}");
    let released = gate.release(id, &vakt(), ReleaseAs::Sent).await;
    assert!(matches!(released, Err(GateError::NoNextHop)), "{released:?}");
    assert_eq!(held(&gate).await[0].state, HeldState::Held);
    assert_eq!(gate.discard(id, &vakt(), Discard::Delete).await.unwrap(), Settled::Now);
}

#[tokio::test]
async fn deleting_destroys_the_content_and_tells_nobody() {
    let office = Office::new();
    let (gate, id) = holding(&office).await;
    let told = queued(&gate).await.len();
    assert_eq!(gate.discard(id, &vakt(), Discard::Delete).await.unwrap(), Settled::Now);
    assert_eq!(queued(&gate).await.len(), told);
    assert!(!office.state().join(format!("sealed/held/{id}")).exists());
    let (_, facts) = audit(&gate).await.into_iter().find(|(act, _)| act == "deleted").unwrap();
    assert_eq!(facts["purpose"], "sak 12");
    assert!(!stands_in(&office.state(), NUMBER.as_bytes()));
}

#[tokio::test]
async fn what_is_not_there_is_an_error() {
    let office = Office::new();
    let gate = office.gate().await;
    let id: HeldId = "bcdfbcdfbcdfbcdfbcdf".parse().unwrap();
    let released = gate.release(id, &vakt(), ReleaseAs::Sent).await;
    assert!(matches!(released, Err(GateError::NotHeld(_))), "{released:?}");
    let deleted = gate.discard(id, &vakt(), Discard::Delete).await;
    assert!(matches!(deleted, Err(GateError::NotHeld(_))), "{deleted:?}");
}

/// A gate that holds Kari's letter to Ola and Per, of which she was told.
async fn holding(office: &Office) -> (Gate, HeldId) {
    let gate = office.gate().await;
    submit(&gate, &[OLA, PER], &letters::medium()).await;
    gate.deliver_due().await.unwrap();
    let id = held(&gate).await[0].id;
    (gate, id)
}

/// What arrived that is no notice.
async fn sent(office: &Office, gate: &Gate) -> Vec<Arrival> {
    while gate.deliver_due().await.unwrap() > 0 {}
    let mut arrived = office.hop.arrivals();
    arrived.retain(|mail| !mail.sender.is_empty());
    for mail in &mut arrived {
        mail.recipients.sort_by_key(|to| to.parse::<Address>().unwrap());
    }
    arrived
}
