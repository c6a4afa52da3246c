//! New rules, policy and settings while mail is on its way.

use std::sync::Arc;

use sluse::{
    base::limits::Limits,
    gate::{Rulebook, RulebookError},
    worker::{self, Workers},
};

use crate::{
    letters,
    office::{OLA, Office, Plan, all, submit},
};

#[tokio::test]
async fn a_letter_on_its_way_keeps_its_rulebook() {
    let office = Office::new();
    let gate = office.gate().await;
    let mail = letters::with_attachment("brev.bin");
    let mut judging = Box::pin(submit(&gate, &[OLA], &mail));
    // Begun: the reader has it.
    assert!(futures_util::poll!(&mut judging).is_pending());
    gate.reload(office.book(&deliver_all()).unwrap());
    assert!(all(&judging.await, "kept"), "judged by the old policy");
    let later = submit(&gate, &[OLA], &letters::with_attachment("senere.bin")).await;
    assert!(all(&later, "delivered"), "judged by the new policy");
}

#[tokio::test]
async fn a_policy_whose_own_test_fails_does_not_load() {
    let office = Office::new();
    std::fs::write(office.file("brev.eml"), letters::high()).unwrap();
    let text = "[[route]]\nname = \"all\"\nverdict = \"deliver\"\n\
                [[test]]\nfrom = \"kari@cpm.example\"\nto = [\"ola@partner.example\"]\n\
                message = \"brev.eml\"\nexpect = \"refuse\"\n";
    let plan = Plan { policy: Some(text), ..Plan::default() };
    let tested = tested(&office, &plan).await;
    assert!(matches!(tested, Err(RulebookError::Test { number: 1, .. })), "{tested:?}");
}

#[tokio::test]
async fn a_policy_whose_tests_hold_loads() {
    let office = Office::new();
    std::fs::write(office.file("brev.eml"), letters::high()).unwrap();
    let text = "[[route]]\nname = \"all\"\nverdict = \"protect\"\nmethods = [\"openpgp\"]\n\
                [[test]]\nfrom = \"kari@cpm.example\"\nto = [\"ola@partner.example\"]\n\
                message = \"brev.eml\"\nexpect = \"refuse\"\n\
                [[test]]\nfrom = \"kari@cpm.example\"\nto = [\"ola@partner.example\"]\n\
                message = \"brev.eml\"\nexpect = \"protect\"\nwith = [\"openpgp\"]\n";
    tested(&office, &Plan { policy: Some(text), ..Plan::default() }).await.unwrap();
}

async fn tested(office: &Office, plan: &Plan) -> Result<(), RulebookError> {
    let book: Arc<Rulebook> = Arc::new(office.book(plan).unwrap());
    let settings = worker::Settings::default();
    let workers = Arc::new(Workers::new(plan.program.clone(), settings, Limits::default()));
    book.test_policy(&workers, office.now()).await
}

fn deliver_all() -> Plan {
    let policy = "[[route]]\nname = \"all\"\nverdict = \"deliver\"\n";
    Plan { policy: Some(policy), ..Plan::default() }
}
