//! Mail that goes in circles.

use sluse::{
    gate::{Fate, Outcome},
    policy::Mode,
};

use crate::{
    letters,
    office::{
        KARI, MILTER, OLA, Office, PER, Plan, RELAY, SMTP, acts, all, audit, fate, held, queued,
        submit_as,
    },
};

#[tokio::test]
async fn a_routing_loop_is_refused_everywhere_and_leaves_only_its_audit_row() {
    for mode in [Mode::Enforce, Mode::Monitor] {
        let office = Office::new();
        let gate = office.gate_with(Plan { mode, ..Plan::default() }).await;
        for (n, channel) in [MILTER, RELAY, SMTP].into_iter().enumerate() {
            for mail in [letters::clean(), letters::medium(), letters::high()] {
                let mail = after_hops(51 + n, &mail);
                let outcome = submit_as(&gate, channel, Some(KARI), &[OLA, PER], &mail).await;
                assert_eq!(refusal(&outcome), Some((554, "5.4.6")));
                assert!(all(&outcome, "refused"), "{outcome:?}");
                assert_eq!(acts(&gate, outcome.event.unwrap()).await, ["decided"]);
            }
        }
        assert!(held(&gate).await.is_empty() && queued(&gate).await.is_empty());
        let (_, facts) = audit(&gate).await.pop().unwrap();
        assert_eq!(facts["rulings"][0]["route"], "routing loop");
    }
}

#[tokio::test]
async fn a_long_way_is_no_loop() {
    let office = Office::new();
    let gate = office.gate().await;
    let mut mail = after_hops(50, &letters::clean());
    mail.extend(b"Received: in the body\r\n");
    let outcome = submit_as(&gate, SMTP, Some(KARI), &[OLA], &mail).await;
    assert!(all(&outcome, "delivered"), "{outcome:?}");
}

fn refusal(outcome: &Outcome) -> Option<(u16, &'static str)> {
    match fate(outcome, OLA) {
        Fate::Refused(reply) => Some((reply.code, reply.enhanced)),
        Fate::Deferred(_) | Fate::Delivered(_) | Fate::Kept => None,
    }
}

/// The letter after so many servers.
fn after_hops(number: usize, mail: &[u8]) -> Vec<u8> {
    let hop = "rECEIVED: from a.example\r\n\tby b.example; Mon, 23 Nov 2026 09:00:00 +0100\r\n";
    [hop.repeat(number).as_bytes(), mail].concat()
}
