//! Whatever is decided for whomever, on whatever channel: everybody gets one
//! answer, and it is true.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use sluse::{
    gate::{Answer, Fate, Gate, Outcome},
    model::{Address, Channel},
    store::Purpose,
};
use tokio::runtime::Runtime;

use crate::{
    letters,
    office::{KARI, Office, Plan, held, queued, submit_as},
};

#[test]
fn every_recipient_gets_exactly_one_answer_and_it_holds() {
    let runtime = Runtime::new().unwrap();
    let office = Office::new();
    let mut runner = TestRunner::new(Config { cases: 60, ..Config::default() });
    for reinject in [true, false] {
        let plan = Plan { policy: Some(POLICY), reinject, ..Plan::default() };
        let gate = runtime.block_on(office.gate_with(plan));
        office.key(&gate, "protect@a.example", None);
        office.key(&gate, "protect@b.example", None);
        let result = runner.run(&case(), |case| {
            runtime.block_on(check(&gate, &case, reinject));
            Ok(())
        });
        result.unwrap();
    }
}

#[derive(Clone, Debug)]
struct Case {
    from: Option<&'static str>,
    to: BTreeSet<String>,
    answers_each: bool,
    passes_some: bool,
    number: u32,
}

fn case() -> impl Strategy<Value = Case> {
    let from = prop::sample::select(vec![None, Some(KARI), Some("x@out.example")]);
    let verdict = prop::sample::select(vec!["defer", "deliver", "hold", "protect", "refuse"]);
    let domain = prop::sample::select(vec!["a.example", "b.example", "cpm.example"]);
    let rcpt = (verdict, domain).prop_map(|(verdict, domain)| format!("{verdict}@{domain}"));
    let to = prop::collection::btree_set(rcpt, 1..5);
    (from, to, any::<bool>(), any::<bool>(), any::<u32>()).prop_map(
        |(from, to, answers_each, passes_some, number)| Case {
            from,
            to,
            answers_each,
            passes_some,
            number,
        },
    )
}

async fn check(gate: &Gate, case: &Case, reinject: bool) {
    let to: Vec<&str> = case.to.iter().map(String::as_str).collect();
    let mail = letters::letter("Hei", &format!("Brev {}", case.number));
    let channel = Channel {
        answers_each: case.answers_each,
        passes_some: case.passes_some,
        reinjects: false,
        replaces: case.passes_some,
    };
    let outcome = submit_as(gate, channel, case.from, &to, &mail).await;
    let answers = one_each(&outcome, case);
    let event = outcome.event.unwrap();
    let of_event = |purpose: Purpose| async move {
        let all = queued(gate).await;
        let items = all.into_iter().filter(|i| i.event == event && i.purpose == purpose);
        items.flat_map(|i| i.recipients).map(|rcpt| rcpt.recipient).collect::<BTreeSet<_>>()
    };
    let copied = of_event(Purpose::Copy).await;
    let told = of_event(Purpose::Notice).await;
    let all = held(gate).await;
    let held: BTreeSet<Address> =
        all.into_iter().filter(|h| h.event == event).flat_map(|h| h.recipients).collect();
    for (to, fate) in &answers {
        match fate {
            Fate::Deferred(reply) => assert_eq!(reply.code, 451),
            Fate::Delivered(parcel) => assert!(parcel.cleared().recipients().contains(to)),
            Fate::Kept => {
                let by_mail = ["protect", "refuse"].contains(&to.local()) && !told.is_empty();
                assert!(held.contains(to) || copied.contains(to) || by_mail, "{case:?}");
            }
            Fate::Refused(reply) => assert_eq!(reply.code, 550),
        }
        let kept = matches!(fate, Fate::Kept);
        assert_eq!(held.contains(to) || copied.contains(to) || kept, kept, "{case:?}");
    }
    assert!(reinject || copied.is_empty() && told.is_empty(), "{case:?}");
    if channel.passes_all_or_none() {
        let delivered = outcome.answers.iter().filter(|a| matches!(a.fate, Fate::Delivered(_)));
        let delivered: Vec<_> = delivered.collect();
        let of_all = |a: &&Answer| a.recipients.len() == case.to.len();
        assert!(delivered.is_empty() || delivered.iter().all(of_all), "{case:?}: {outcome:?}");
    }
    if !case.answers_each {
        let once = |fate: &&&Fate| matches!(fate, Fate::Deferred(_) | Fate::Refused(_));
        let refused = answers.values().filter(once).count();
        assert!(refused == 0 || refused == answers.len(), "{case:?}: {outcome:?}");
    }
}

/// The answers, each recipient once and nobody else.
fn one_each<'a>(outcome: &'a Outcome, case: &Case) -> BTreeMap<Address, &'a Fate> {
    let mut answers = BTreeMap::new();
    for answer in &outcome.answers {
        for to in &answer.recipients {
            assert!(answers.insert(to.clone(), &answer.fate).is_none(), "{case:?}: {outcome:?}");
        }
    }
    let to: BTreeSet<Address> = case.to.iter().map(|to| to.parse().unwrap()).collect();
    assert_eq!(answers.keys().cloned().collect::<BTreeSet<_>>(), to);
    answers
}

/// Decides by the name of the recipient alone.
const POLICY: &str = r#"
[[route]]
name = "defer"
when = { recipient = "defer@*" }
verdict = "defer"
[[route]]
name = "hold"
when = { recipient = "hold@*" }
verdict = "hold"
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
