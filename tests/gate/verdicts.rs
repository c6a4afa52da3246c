//! One message, one recipient: passed on, refused, held or only watched.

use sluse::{
    gate::Fate,
    policy::{Grounds, Mode},
};

use crate::{
    letters::{self, NUMBER},
    office::{
        EVA, KARI, Log, MILTER, OLA, Office, PER, Plan, acts, all, audit, fate, held, queued,
        stands_in, submit, submit_as,
    },
};

#[tokio::test]
async fn a_clean_letter_passes_byte_for_byte() {
    let office = Office::new();
    let gate = office.gate().await;
    let outcome = submit(&gate, &[OLA, PER], &letters::clean()).await;
    let Fate::Delivered(parcel) = fate(&outcome, OLA) else { panic!("{outcome:?}") };
    assert_eq!(parcel.bytes()[..], letters::clean());
    assert_eq!(parcel.envelope(), crate::office::envelope(Some(KARI), &[OLA, PER]));
    assert_eq!(parcel.cleared().grounds(), &Grounds::Deliver);
    assert_eq!(acts(&gate, outcome.event.unwrap()).await, ["decided"]);
    assert!(held(&gate).await.is_empty() && queued(&gate).await.is_empty());
}

#[tokio::test]
async fn a_number_on_its_way_out_is_refused_with_a_link() {
    let office = Office::new();
    let gate = office.gate().await;
    let outcome = submit(&gate, &[OLA], &letters::high()).await;
    let Fate::Refused(reply) = fate(&outcome, OLA) else { panic!("{outcome:?}") };
    assert_eq!((reply.code, reply.enhanced), (550, "5.7.1"));
    assert!(reply.lines.len() <= 3, "{reply:?}");
    let (event, text) = (outcome.event.unwrap().to_string(), reply.lines.join("\n"));
    assert!(text.contains(&format!("https://sluse.cpm.example/e/{event}")), "{text}");
    assert!(!text.contains(&NUMBER[..6]), "{text}");
    assert!(held(&gate).await.is_empty());
}

#[tokio::test]
async fn a_number_from_outside_is_refused_and_nobody_is_written_to() {
    let office = Office::new();
    let gate = office.gate().await;
    let outcome = submit_as(&gate, MILTER, Some(OLA), &[KARI], &letters::high()).await;
    assert!(all(&outcome, "refused"), "{outcome:?}");
    assert!(queued(&gate).await.is_empty());
}

#[tokio::test]
async fn what_may_be_a_number_waits_for_a_person() {
    let office = Office::new();
    let gate = office.gate().await;
    let outcome = submit(&gate, &[OLA, PER], &letters::medium()).await;
    assert!(all(&outcome, "kept"), "{outcome:?}");
    let held = held(&gate).await;
    assert_eq!(held.len(), 1);
    assert_eq!(Some(held[0].event), outcome.event);
    assert_eq!(held[0].reasons, ["no.fnr:medium"]);
    assert_eq!(held[0].message_id.as_deref(), Some("<brev@cpm.example>"));
    assert_eq!(held[0].expires_at, held[0].held_at + jiff::SignedDuration::from_hours(30 * 24));
    assert_eq!(held[0].recipients.len(), 2);
    assert!(!stands_in(&office.state(), NUMBER.as_bytes()));
}

#[tokio::test]
async fn a_retry_finds_everything_done() {
    let office = Office::new();
    let gate = office.gate().await;
    let first = submit(&gate, &[OLA, PER], &letters::medium()).await;
    let again = submit(&gate, &[PER, OLA], &letters::medium()).await;
    assert_eq!(first.event, again.event);
    assert!(all(&again, "kept"));
    assert_eq!((held(&gate).await.len(), queued(&gate).await.len()), (1, 1));
    assert_eq!(acts(&gate, first.event.unwrap()).await, ["decided"]);

    let other = submit(&gate, &[OLA], &letters::medium()).await;
    assert_ne!(first.event, other.event);
    assert_eq!(held(&gate).await.len(), 2);
}

#[tokio::test]
async fn a_number_in_the_message_id_is_not_listed() {
    let office = Office::new();
    let gate = office.gate().await;
    let id = format!("<pasient.{NUMBER}@cpm.example>");
    let mail = letters::with(&[("Message-Id", &id)], &format!("Sjekk dette:\r\n\r\n{NUMBER}"));
    submit_as(&gate, MILTER, Some(KARI), &[EVA], &mail).await;
    let held = held(&gate).await;
    let listed = held[0].message_id.clone().unwrap();
    assert_eq!(listed, "<*******.***********@***.*******>");
    assert!(!stands_in(&office.state(), NUMBER.as_bytes()));
}

#[tokio::test]
async fn a_number_in_a_file_name_is_told_to_nobody() {
    let office = Office::new();
    let gate = office.gate().await;
    let log = Log::start();
    let mail = letters::with_attachment(&format!("epikrise {NUMBER}.bin"));
    submit(&gate, &[OLA], &mail).await;
    submit_as(&gate, MILTER, Some(KARI), &[EVA], &mail).await;
    while gate.deliver_due().await.unwrap() > 0 {}
    let notices = office.hop.arrivals();
    assert!(!notices.is_empty());
    let told = notices.iter().map(crate::fake_hop::Arrival::text).collect::<String>();
    let audit = format!("{:?}", audit(&gate).await);
    for (what, text) in [("log", log.text()), ("notices", told), ("audit", audit)] {
        assert!(!text.is_empty() && !text.contains(NUMBER), "{what}: {text}");
        assert!(!text.contains(&NUMBER[6..]), "{what}: {text}");
    }
}

#[tokio::test]
async fn one_line_is_logged_and_it_names_nobody() {
    let office = Office::new();
    let gate = office.gate().await;
    let log = Log::start();
    let outcome = submit(&gate, &[OLA], &letters::medium()).await;
    let text = log.text();
    let decided: Vec<&str> = text.lines().filter(|line| line.contains("decided")).collect();
    assert_eq!(decided.len(), 1, "{text}");
    assert!(decided[0].contains(&outcome.event.unwrap().to_string()), "{text}");
    assert!(decided[0].contains("hold:1") && decided[0].contains("no.fnr:medium"), "{text}");
    for hidden in ["kari@", "ola@", NUMBER, "Som avtalt"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}

#[tokio::test]
async fn while_only_watching_everything_passes_untouched() {
    let office = Office::new();
    let gate = office.gate_with(Plan { mode: Mode::Monitor, ..Plan::default() }).await;
    let mails = [letters::high(), letters::medium(), letters::clean()];
    for mail in &mails {
        let outcome = submit(&gate, &[OLA, EVA], mail).await;
        let Fate::Delivered(parcel) = fate(&outcome, EVA) else { panic!("{outcome:?}") };
        assert_eq!(parcel.bytes()[..], mail[..]);
        assert_eq!(parcel.cleared().grounds(), &Grounds::Monitor);
        assert!(all(&outcome, "delivered"));
    }
    assert!(held(&gate).await.is_empty() && queued(&gate).await.is_empty());
    let audit = audit(&gate).await;
    assert_eq!(audit.len(), mails.len());
    assert!(audit.iter().all(|(act, facts)| act == "decided" && facts["monitor"] == true));
}
