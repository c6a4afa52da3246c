//! The harness itself: mail goes through the private Postfix untouched, and
//! the books see what they have to see.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use harness::{
    PATIENCE,
    client::send,
    postfix::Postfix,
    samples::sample,
    sink::{Manner, Sink},
    trial::{Account, Fate, Trial},
};
use serde_json::json;
use tempfile::TempDir;

#[test]
fn postfix_passes_samples_on_untouched() {
    let (postfix, sink, _dir) = postfix_without_sluse();
    for name in ["clean-text", "clean-multipart", "odd-display-names", "inbound-number"] {
        let mail = sample(name);
        assert_eq!(send(postfix.behind, &mail).code, 250, "{name}");
        let mark = format!("<{name}@");
        let fits = |one: &harness::sink::Arrival| {
            one.header("Message-ID").is_some_and(|id| id.starts_with(&mark))
        };
        let arrived = sink.wait(1, PATIENCE, fits);
        assert!(arrived[0].is_untouched(&mail.bytes), "{name}: {}", arrived[0].text());
        let mut altered = mail.bytes.clone();
        *altered.last_mut().unwrap() = b' ';
        assert!(!arrived[0].is_untouched(&altered), "{name}");
    }
}

#[test]
fn nothing_passes_a_gate_whose_filter_is_away() {
    let (postfix, sink, _dir) = postfix_without_sluse();
    let reply = send(postfix.gate, &sample("clean-text"));
    assert_eq!(reply.code, 451, "{reply:?}");
    assert_eq!(sink.arrivals().len(), 0);
}

#[test]
fn the_books_see_leaks_and_doubles() {
    let (postfix, sink, _dir) = postfix_without_sluse();
    let trial = Trial::new("proeve", 20);
    trial.send(postfix.behind, 4, PATIENCE);
    let arrived = sink.wait(20, PATIENCE, |one| trial.owns(one));
    let account = trial.account(&arrived, &[]);
    assert_eq!((account.taken, account.leaked, account.lost), (20, 6, 0), "{account}");
    assert!(!account.is_safe());

    let sink_that_hangs_up = Trial::of("dobbel", [Fate::Clean]);
    sink.behave(Manner::Close);
    sink_that_hangs_up.send(postfix.behind, 1, PATIENCE);
    sink.wait(1, PATIENCE, |one| sink_that_hangs_up.owns(one));
    sink.behave(Manner::Accept);
    let twice = sink.wait(2, PATIENCE, |one| sink_that_hangs_up.owns(one));
    let account = sink_that_hangs_up.account(&twice, &[]);
    assert_eq!(account.duplicated, 1, "{account}");
}

#[test]
fn the_books_see_losses_and_second_holds() {
    let (postfix, sink, _dir) = postfix_without_sluse();
    let trial = Trial::of("bok", [Fate::Held, Fate::Held, Fate::Clean]);
    trial.send(postfix.behind, 1, PATIENCE);
    sink.wait(3, PATIENCE, |one| trial.owns(one));
    let item = json!({ "message_id": "<bok-a@cpm.example>" });
    let account = trial.account(&[], &[item.clone(), item]);
    let expected = Account { messages: 3, taken: 3, lost: 2, held_twice: 1, ..Account::default() };
    assert_eq!(account, expected);
}

fn postfix_without_sluse() -> (Postfix, Sink, TempDir) {
    let dir = TempDir::with_prefix("sluse-").unwrap();
    let sink = Sink::open();
    let milter = format!("unix:{}", dir.path().join("nobody").display());
    let postfix = Postfix::start(dir.path(), Postfix::doors(), &milter, sink.port);
    (postfix, sink, dir)
}
