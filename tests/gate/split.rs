//! A front-end that can only pass a message on to all its recipients or to
//! none, and recipients that must not all be treated alike.

use std::collections::BTreeSet;

use sequoia_openpgp::{
    Cert, Packet, PacketPile, packet::PKESK, parse::Parse, policy::StandardPolicy,
};
use sluse::{
    gate::{Fate, Gate, Outcome},
    policy::{Grounds, Mode},
    store::{OutboxItem, Purpose},
};

use crate::{
    letters::{self, NUMBER},
    office::{
        EVA, KARI, OLA, Office, PER, Plan, SMTP, address, all, fate, fates, held, queued,
        submit_as, traces,
    },
};

#[tokio::test]
async fn what_may_pass_to_all_is_one_answer_whatever_the_routes() {
    let office = Office::new();
    let gate = office.gate_with(by_name()).await;
    let to = ["deliver@a.example", "let@b.example", EVA];
    let outcome = submit_as(&gate, SMTP, Some(KARI), &to, &letters::clean()).await;
    assert_eq!(outcome.answers.len(), 1, "{outcome:?}");
    let Fate::Delivered(parcel) = fate(&outcome, EVA) else { panic!("{outcome:?}") };
    assert_eq!(parcel.cleared().recipients(), to.map(address));
    assert_eq!(parcel.bytes()[..], letters::clean());
    assert!(queued(&gate).await.is_empty());
}

#[tokio::test]
async fn while_only_watching_it_is_one_answer_for_all() {
    let office = Office::new();
    let gate = office.gate_with(Plan { mode: Mode::Monitor, ..by_name() }).await;
    let to = ["deliver@a.example", "hold@a.example", "refuse@a.example", "protect@a.example"];
    let outcome = submit_as(&gate, SMTP, Some(KARI), &to, &letters::high()).await;
    assert_eq!(outcome.answers.len(), 1, "{outcome:?}");
    let Fate::Delivered(parcel) = fate(&outcome, to[0]) else { panic!("{outcome:?}") };
    assert_eq!(
        (parcel.cleared().grounds(), parcel.bytes()),
        (&Grounds::Monitor, &letters::high().into())
    );
    assert!(queued(&gate).await.is_empty() && held(&gate).await.is_empty());
}

#[tokio::test]
async fn every_mix_is_kept_whole_and_a_retry_adds_nothing() {
    let office = Office::new();
    let gate = office.gate_with(by_name()).await;
    office.key(&gate, "protect@a.example", None);
    let names = ["deliver", "hold", "protect", "refuse"];
    for mix in 3_usize..16 {
        let names: Vec<&str> = names
            .iter()
            .enumerate()
            .filter(|(n, _)| mix & (1 << n) != 0)
            .map(|(_, n)| *n)
            .collect();
        if names.len() < 2 {
            continue;
        }
        let to: Vec<String> = names.iter().map(|name| format!("{name}@a.example")).collect();
        let to: Vec<&str> = to.iter().map(String::as_str).collect();
        let mail = letters::letter("Hei", &format!("Brev {mix}"));
        let first = submit_as(&gate, SMTP, Some(KARI), &to, &mail).await;
        assert!(all(&first, "kept"), "{names:?}: {first:?}");
        let found = places(&gate, &first).await;
        for name in &names {
            let (copied, held, told) = match *name {
                "deliver" | "protect" => (true, false, false),
                "hold" => (false, true, false),
                _ => (false, false, true),
            };
            let to = format!("{name}@a.example");
            assert_eq!(found.copied.contains(&to), copied, "{names:?}: {to}");
            assert_eq!(found.held.contains(&to), held, "{names:?}: {to}");
            assert!(!told || found.notices == 1, "{names:?}");
        }
        // The answer was lost on the way.
        let before = traces(&gate, first.event.unwrap()).await;
        let again = submit_as(&gate, SMTP, Some(KARI), &to, &mail).await;
        assert!(all(&again, "kept"), "{again:?}");
        assert_eq!(traces(&gate, again.event.unwrap()).await, before, "{names:?}");
    }
}

#[tokio::test]
async fn what_all_share_is_said_to_all() {
    let office = Office::new();
    let gate = office.gate_with(by_name()).await;
    for (name, expected) in [("defer", "deferred"), ("hold", "kept"), ("refuse", "refused")] {
        let to = [format!("{name}@a.example"), format!("{name}@b.example")];
        let mail = letters::letter("Hei", name);
        let outcome = submit_as(&gate, SMTP, Some(KARI), &[&to[0], &to[1]], &mail).await;
        assert!(all(&outcome, expected), "{name}: {outcome:?}");
    }
    assert!(queued(&gate).await.iter().all(|item| item.purpose == Purpose::Notice));
}

#[tokio::test]
async fn one_who_must_wait_makes_all_wait_and_nothing_is_kept() {
    let office = Office::new();
    let gate = office.gate_with(by_name()).await;
    let to = ["defer@a.example", "deliver@a.example", "hold@a.example"];
    let outcome = submit_as(&gate, SMTP, Some(KARI), &to, &letters::clean()).await;
    assert!(all(&outcome, "deferred"), "{outcome:?}");
    assert_eq!(traces(&gate, outcome.event.unwrap()).await, (0, 0, 1));
}

#[tokio::test]
async fn an_outsider_hears_a_refusal_in_the_session() {
    let office = Office::new();
    let gate = office.gate_with(by_name()).await;
    let to = ["deliver@cpm.example", "refuse@cpm.example"];
    let outcome = submit_as(&gate, SMTP, Some("x@out.example"), &to, &letters::clean()).await;
    assert!(all(&outcome, "refused"), "{outcome:?}");
    assert_eq!(traces(&gate, outcome.event.unwrap()).await, (0, 0, 1));
}

#[tokio::test]
async fn without_a_way_of_its_own_the_strictest_verdict_holds_for_all() {
    let office = Office::new();
    let gate = office.gate_with(Plan { reinject: false, ..by_name() }).await;
    let to = ["deliver@a.example", "hold@a.example"];
    let outcome = submit_as(&gate, SMTP, Some(KARI), &to, &letters::clean()).await;
    assert!(all(&outcome, "kept"), "{outcome:?}");
    assert_eq!(held(&gate).await[0].recipients.len(), 2);
}

#[tokio::test]
async fn certificate_none_and_bcc_with_certificate_have_three_right_outcomes() {
    let office = Office::new();
    let gate = office.gate().await;
    let hidden = "skjult@annen.example";
    let keys = [(OLA, office.key(&gate, OLA, None)), (hidden, office.key(&gate, hidden, None))];
    let mail = letters::with(
        &[("To", &format!("{OLA}, {PER}")), ("Bcc", hidden), ("Subject", "Henvisning")],
        &format!("Pasienten med fødselsnummer {NUMBER} er henvist."),
    );
    let outcome = submit_as(&gate, SMTP, Some(KARI), &[OLA, PER, hidden], &mail).await;
    assert!(all(&outcome, "kept"), "{outcome:?}");
    while gate.deliver_due().await.unwrap() > 0 {}
    let (told, copies): (Vec<_>, Vec<_>) =
        office.hop.arrivals().into_iter().partition(|mail| mail.sender.is_empty());
    assert_eq!(copies.len(), 2);
    for (to, cert) in &keys {
        let copy = copies.iter().find(|copy| copy.recipients == [to.to_owned()]).unwrap();
        assert_eq!(addressed_keys(&copy.bytes), encryption_keys(cert), "{to}");
        let text = copy.text();
        assert!(copy.header("Bcc").is_none() && !text.contains(hidden), "{text}");
        assert!(!text.contains(NUMBER), "{text}");
    }
    // Nothing went to the one without, and only Kari was told.
    assert!(copies.iter().all(|copy| !copy.recipients.contains(&PER.to_owned())));
    assert_eq!((told.len(), told[0].recipients[0].as_str()), (1, KARI));
    assert!(told[0].text().contains(PER) && !told[0].text().contains(NUMBER));
}

/// Where the recipients of a message went.
struct Places {
    copied: BTreeSet<String>,
    held: BTreeSet<String>,
    notices: usize,
}

async fn places(gate: &Gate, outcome: &Outcome) -> Places {
    let items = queued(gate).await;
    let of = |purpose: Purpose| {
        let is =
            move |item: &&OutboxItem| Some(item.event) == outcome.event && item.purpose == purpose;
        items.iter().filter(is).collect::<Vec<_>>()
    };
    let copied = of(Purpose::Copy).into_iter().flat_map(|item| &item.recipients);
    let all = held(gate).await;
    let held = all.iter().filter(|held| Some(held.event) == outcome.event);
    Places {
        copied: copied.map(|to| to.recipient.to_string()).collect(),
        held: held.flat_map(|held| &held.recipients).map(ToString::to_string).collect(),
        notices: of(Purpose::Notice).len(),
    }
}

#[tokio::test]
async fn the_plain_case_names_each_recipient_once() {
    let office = Office::new();
    let gate = office.gate().await;
    let outcome = submit_as(&gate, SMTP, Some(KARI), &[OLA, PER], &letters::clean()).await;
    assert_eq!(fates(&outcome), [(OLA.to_owned(), "delivered"), (PER.to_owned(), "delivered")]);
}

/// Decides by the name of the recipient alone.
fn by_name() -> Plan {
    Plan { policy: Some(POLICY), ..Plan::default() }
}

pub(crate) const POLICY: &str = r#"
[[route]]
name = "defer"
when = { recipient = "defer@*" }
verdict = "defer"
[[route]]
name = "hold"
when = { recipient = "hold@*" }
verdict = "hold"
[[route]]
name = "let"
when = { recipient = "let@*" }
verdict = "deliver"
[[route]]
name = "protect"
when = { recipient = "protect@*" }
verdict = "protect"
methods = ["openpgp"]
otherwise = "refuse"
[[route]]
name = "refuse"
when = { recipient = "refuse@*" }
verdict = "refuse"
"#;

/// The keys that a PGP/MIME message says it is encrypted to.
fn addressed_keys(mail: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8(mail.to_vec()).unwrap();
    let (start, end) = ("-----BEGIN PGP MESSAGE-----", "-----END PGP MESSAGE-----");
    let armor = &text[text.find(start).unwrap()..text.find(end).unwrap() + end.len()];
    let pile = PacketPile::from_bytes(armor.as_bytes()).unwrap();
    let key = |packet: &Packet| match packet {
        Packet::PKESK(PKESK::V3(pkesk)) => pkesk.recipient().map(ToString::to_string),
        Packet::PKESK(pkesk) => pkesk.recipient().map(|handle| format!("{handle}")),
        _ => None,
    };
    pile.children().filter_map(key).collect()
}

fn encryption_keys(cert: &Cert) -> BTreeSet<String> {
    let policy = StandardPolicy::new();
    let keys = cert.keys().with_policy(&policy, None).for_transport_encryption();
    keys.map(|key| key.key().keyid().to_string()).collect()
}
