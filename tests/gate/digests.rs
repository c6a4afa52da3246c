//! What those who review are told, and when.

use jiff::SignedDuration;
use sluse::{gate::Fate, store::Purpose};

use crate::{
    letters::{self, NUMBER},
    office::{EVA, KARI, Log, MILTER, OLA, Office, Plan, all, fate, queued, submit, submit_as},
};

const EVA_AT_NINE: &str =
    "recipients = [\"eva@cpm.example\", \"vakt@cpm.example\"]\nhour = 9\ntimezone = \"UTC\"\n";

fn plan() -> Plan {
    Plan { digest: EVA_AT_NINE, ..Plan::default() }
}

#[tokio::test]
async fn eva_is_told_once_a_day_how_much_waits() {
    let office = Office::new();
    let gate = office.gate_with(plan()).await;
    let first = submit(&gate, &[OLA], &letters::medium()).await.event.unwrap();
    office.clock.advance(SignedDuration::from_mins(30));
    let inward = letters::with_attachment("tegning.dwg");
    let second = submit_as(&gate, MILTER, Some(OLA), &[KARI], &inward).await.event.unwrap();
    assert!(!gate.send_digest().await.unwrap(), "it is half past eight");
    office.clock.advance(SignedDuration::from_mins(31));
    assert!(gate.send_digest().await.unwrap());
    assert!(!gate.send_digest().await.unwrap());
    // After a restart, and at another gate over the same store.
    let again = office.gate_with(plan()).await;
    assert!(!again.send_digest().await.unwrap());

    while gate.deliver_due().await.unwrap() > 0 {}
    let mut digests = office.hop.arrivals();
    digests.retain(|mail| mail.text().contains("auto-generated"));
    let to: Vec<_> = digests.iter().map(|mail| mail.recipients.concat()).collect();
    assert_eq!(to, [EVA, "vakt@cpm.example"]);
    let text = digests[0].text().replace("=\r\n", "").replace("\r\n", "\n");
    for line in [
        "\nSubject: 2 e-poster venter ",
        "\n2 e-poster venter p=C3=A5 gjennomgang\n",
        "\n  * middels: 1\n  * kunne ikke leses: 1\n",
        "\n  * inn: 1\n  * ut: 1\n",
        "\n  * under ett d=C3=B8gn: 2\n",
        &format!("\n  * {first}\n  * {second}\n"),
        "\nhttps://sluse.cpm.example/queue\n",
        "\nX-Sluse-Notice: ",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    for secret in [NUMBER, "138278", KARI, OLA, "tegning", "no.fnr", "Som avtalt"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn each_working_day_has_its_digest() {
    let office = Office::new();
    let gate = office.gate_with(plan()).await;
    submit(&gate, &[OLA], &letters::medium()).await;
    let mut days = Vec::new();
    for hour in 0..24 * 9 {
        office.clock.advance(SignedDuration::from_hours(1));
        if gate.send_digest().await.unwrap() {
            days.push((hour / 24, office.now().to_string()));
        }
    }
    // From Monday to the Tuesday of the week after, without the weekend.
    let nines: Vec<_> = [23, 24, 25, 26, 27, 30].map(|d| format!("2026-11-{d}T09:00:00Z")).into();
    let sent: Vec<_> = days.into_iter().map(|(_, time)| time).collect();
    assert_eq!(sent[..6], nines);
    assert_eq!(sent[6..], ["2026-12-01T09:00:00Z"]);
    while gate.deliver_due().await.unwrap() > 0 {}
    let last = office.hop.arrivals().pop().unwrap().text();
    assert!(last.contains("over sju d=C3=B8gn: 1"), "{last}");
}

#[tokio::test]
async fn nothing_is_said_when_nothing_waits_unless_somebody_wants_to_hear_it() {
    let office = Office::new();
    office.clock.advance(SignedDuration::from_hours(2));
    let gate = office.gate_with(plan()).await;
    assert!(!gate.send_digest().await.unwrap());
    // What comes later in the day is for tomorrow.
    submit(&gate, &[OLA], &letters::medium()).await;
    assert!(!gate.send_digest().await.unwrap());

    let office = Office::new();
    let eager = "recipients = [\"eva@cpm.example\"]\nhour = 0\nwhen_empty = true\n";
    let gate = office.gate_with(Plan { digest: eager, ..Plan::default() }).await;
    assert!(gate.send_digest().await.unwrap());
    while gate.deliver_due().await.unwrap() > 0 {}
    assert!(office.hop.arrivals()[0].text().contains("Ingen e-poster venter"));
}

#[tokio::test]
async fn nobody_is_told_who_is_not_named() {
    let office = Office::new();
    office.clock.advance(SignedDuration::from_hours(5));
    let gate = office.gate().await;
    submit(&gate, &[OLA], &letters::medium()).await;
    assert!(!gate.send_digest().await.unwrap());
    assert!(queued(&gate).await.iter().all(|item| item.purpose != Purpose::Digest));
}

#[tokio::test]
async fn a_digest_comes_back_and_passes_and_one_that_is_refused_is_not_told_of() {
    let office = Office::new();
    office.clock.advance(SignedDuration::from_hours(2));
    let gate = office.gate_with(plan()).await;
    submit(&gate, &[OLA], &letters::medium()).await;
    while gate.deliver_due().await.unwrap() > 0 {}
    office.hop.behave(crate::fake_hop::Manner::Refuse(554));
    gate.send_digest().await.unwrap();
    let log = Log::start();
    while gate.deliver_due().await.unwrap() > 0 {}
    assert!(log.text().contains("not delivered"), "{}", log.text());
    assert_eq!(queued(&gate).await.iter().filter(|i| i.purpose == Purpose::Notice).count(), 1);

    office.hop.behave(crate::fake_hop::Manner::Accept);
    office.clock.advance(SignedDuration::from_hours(24));
    gate.send_digest().await.unwrap();
    while gate.deliver_due().await.unwrap() > 0 {}
    let digest = office.hop.arrivals().pop().unwrap();
    let outcome = submit_as(&gate, MILTER, None, &[EVA], &digest.bytes).await;
    assert!(all(&outcome, "delivered"));
    let Fate::Delivered(parcel) = fate(&outcome, EVA) else { panic!("{outcome:?}") };
    assert_eq!(parcel.bytes()[..], digest.bytes[..]);
}
