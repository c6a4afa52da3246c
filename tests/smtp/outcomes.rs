//! What the client is told of an outcome, and what the next hop gets.

use sluse::{
    base::id::EventId,
    gate::{Fate, Outcome},
    model::{Address, Reply},
};

use crate::{
    MAIL,
    client::{Client, KARI, OLA, PER, stuffed},
    fake_judge::{FakeJudge, Taken, answer, deliver, everyone, outcome, parcel},
    gateway::Gateway,
};

const LMTP: &str = "\"lmtp:127.0.0.1:0\"";
const EVA: &str = "eva@third.example";

fn refused() -> Fate {
    Fate::Refused(Reply::new(550, "5.7.1", &["A number stands in it", "See elsewhere"]))
}

fn later() -> Fate {
    Fate::Deferred(Reply::try_again())
}

/// Delivers to `OLA`, and does `other` for everybody else.
fn split(other: Fate) -> FakeJudge {
    FakeJudge::new(move |taken: &Taken| {
        let (ola, others): (Vec<Address>, Vec<Address>) =
            taken.envelope.recipients.iter().cloned().partition(|to| to.as_str() == OLA);
        let copy = parcel(&taken.envelope.sender, &ola, &taken.raw);
        outcome(vec![answer(&ola, Fate::Delivered(copy)), answer(&others, other.clone())])
    })
}

async fn lmtp(gateway: &Gateway) -> Client {
    let mut client = Client::connect(gateway.address()).await;
    assert!(client.greeting.text().contains("LMTP"));
    assert_eq!(client.say("EHLO x").await.code, 500);
    assert_eq!(client.say("LHLO client.cpm.example").await.code, 250);
    client
}

#[tokio::test]
async fn what_is_kept_or_refused_is_not_sent_on() {
    for (fate, code, text) in [
        (Fate::Kept, 250, "2.0.0 Ok"),
        (refused(), 550, "5.7.1 A number stands in it\n5.7.1 See elsewhere"),
        (later(), 451, "4.7.1 Content check is not available now, please try again later"),
    ] {
        let gateway = Gateway::start(everyone(fate)).await;
        let mut client = Client::hello(gateway.address()).await;
        let reply = client.submit(KARI, &[OLA, PER], MAIL).await;
        assert_eq!((reply.code, reply.text().as_str()), (code, text));
        assert_eq!(client.say("NOOP").await.code, 250);
        assert_eq!(gateway.hop.messages().len(), 0);
        assert!(!gateway.hop.commands().contains(&"DATA".to_owned()));
    }
}

#[tokio::test]
async fn the_next_hop_has_the_last_word() {
    for (word, code, text) in [
        ("452 4.3.1 full", 452, "4.3.1 full"),
        ("554 5.7.1 spam", 554, "5.7.1 spam"),
        ("250-2.0.0 one\r\n250 2.0.0 two", 250, "2.0.0 one\n2.0.0 two"),
    ] {
        let gateway = Gateway::start(deliver()).await;
        gateway.hop.answers(".", word);
        let mut client = Client::hello(gateway.address()).await;
        let reply = client.submit(KARI, &[OLA], MAIL).await;
        assert_eq!((reply.code, reply.text().as_str()), (code, text));
    }
}

#[tokio::test]
async fn the_judge_hears_what_was_answered_and_to_whom_it_went() {
    let named = |taken: &Taken| {
        let to = &taken.envelope.recipients;
        let copy = parcel(&taken.envelope.sender, to, &taken.raw);
        let event = Some(EventId::from_keyed_hash(&[7; 32]));
        Outcome { event, ..outcome(vec![answer(to, Fate::Delivered(copy))]) }
    };
    let gateway = Gateway::start(FakeJudge::new(named)).await;
    let mut client = Client::hello(gateway.address()).await;
    for (word, code) in [("250 2.0.0 Ok", 250), ("452 4.3.1 full", 452)] {
        gateway.hop.answers(".", word);
        assert_eq!(client.submit(KARI, &[OLA, PER], MAIL).await.code, code);
        // After the reply comes the word to the judge, and then the next reply.
        assert_eq!(client.say("NOOP").await.code, 250);
    }
    let heard = gateway.judge.heard();
    assert_eq!(heard.len(), 1, "a message that was not accepted is in no ledger: {heard:?}");
    for told in [&heard[0].accepted, &heard[0].delivered] {
        let told: Vec<&str> = told.iter().map(Address::as_str).collect();
        assert_eq!(told, [OLA, PER]);
    }
}

#[tokio::test]
async fn a_next_hop_that_hangs_up_means_later() {
    let gateway = Gateway::start(deliver()).await;
    gateway.hop.answers(".", "");
    let mut client = Client::hello(gateway.address()).await;
    assert_eq!(client.submit(KARI, &[OLA], MAIL).await.code, 451);
    assert_eq!(client.say("NOOP").await.code, 250);
}

#[tokio::test]
async fn a_mix_that_smtp_cannot_tell_is_asked_for_again_and_nothing_is_sent() {
    for other in [refused(), later(), Fate::Kept] {
        let gateway = Gateway::start(split(other)).await;
        let mut client = Client::hello(gateway.address()).await;
        assert_eq!(client.submit(KARI, &[OLA, PER], MAIL).await.code, 451);
        assert_eq!(gateway.hop.messages().len(), 0);
    }
}

#[tokio::test]
async fn lmtp_answers_each() {
    let gateway = Gateway::at(split(refused()), LMTP, "").await;
    let mut client = lmtp(&gateway).await;
    client.open(KARI, &[PER, OLA, EVA, OLA]).await;
    client.send(&stuffed(MAIL)).await;
    assert_eq!(client.replies(4).await, [550, 250, 550, 250]);
    assert_eq!(gateway.hop.messages(), [MAIL]);
    let commands = gateway.hop.commands();
    let anew = commands.iter().rposition(|line| line.starts_with("MAIL")).unwrap();
    let rcpts: Vec<_> = commands[anew..].iter().filter(|l| l.starts_with("RCPT")).collect();
    assert_eq!(rcpts, [&format!("RCPT TO:<{OLA}>")]);
    let channel = gateway.judge.seen()[0].channel;
    assert!(channel.answers_each && channel.passes_some && channel.replaces);
}

#[tokio::test]
async fn lmtp_gives_each_its_own_bytes() {
    let judge = FakeJudge::new(|taken: &Taken| {
        let sealed = |to: &Address| {
            let bytes = format!("Subject: for {to}\r\n\r\nsealed\r\n").into_bytes().into();
            let to = [to.clone()];
            answer(&to, Fate::Delivered(parcel(&taken.envelope.sender, &to, &bytes)))
        };
        outcome(taken.envelope.recipients.iter().map(sealed).collect())
    });
    let gateway = Gateway::at(judge, LMTP, "").await;
    let mut client = lmtp(&gateway).await;
    client.open(KARI, &[OLA, PER]).await;
    client.send(&stuffed(MAIL)).await;
    assert_eq!(client.replies(2).await, [250, 250]);
    let messages = gateway.hop.messages();
    assert!(messages[0].starts_with(b"Subject: for ola@") && messages.len() == 2);
    assert!(messages[1].starts_with(b"Subject: for per@"));
}

#[tokio::test]
async fn lmtp_tells_everybody_of_a_message_that_is_none() {
    let gateway = Gateway::at(deliver(), LMTP, "").await;
    let mut client = lmtp(&gateway).await;
    client.open(KARI, &[OLA, PER]).await;
    client.send(b"a: b\r\n\r\n\0\r\n.\r\n").await;
    assert_eq!(client.replies(2).await, [550, 550]);
    assert_eq!(client.say("NOOP").await.code, 250);
}

#[tokio::test]
async fn a_judge_that_panics_means_later() {
    let gateway = Gateway::start(FakeJudge::new(|_: &Taken| panic!("a bad message"))).await;
    let mut client = Client::hello(gateway.address()).await;
    assert_eq!(client.submit(KARI, &[OLA], MAIL).await.codes(), "451 4.7.1");
    assert_eq!(client.say("NOOP").await.code, 250);
}

#[tokio::test(start_paused = true)]
async fn a_judge_that_is_late_means_later() {
    let (judge, _release) = FakeJudge::waiting();
    let gateway = Gateway::start(judge).await;
    let mut client = Client::hello(gateway.address()).await;
    assert_eq!(client.submit(KARI, &[OLA], MAIL).await.codes(), "451 4.7.1");
    assert!(gateway.judge.is_idle());
}

#[tokio::test]
async fn a_client_that_leaves_while_its_message_is_judged_gets_it_delivered() {
    let (judge, release) = FakeJudge::waiting();
    let gateway = Gateway::start(judge).await;
    let mut client = Client::hello(gateway.address()).await;
    client.open(KARI, &[OLA]).await;
    client.send(&stuffed(MAIL)).await;
    gateway.judge.entered().await;
    drop(client);
    release.notify_one();
    // A second message shows that the first is through.
    let mut client = Client::hello(gateway.address()).await;
    client.open(KARI, &[PER]).await;
    client.send(&stuffed(MAIL)).await;
    gateway.judge.entered().await;
    release.notify_one();
    assert_eq!(client.reply().await.code, 250);
    assert_eq!(gateway.hop.messages().len(), 2);
}

#[tokio::test]
async fn a_stop_finishes_what_is_judged_and_sends_the_rest_away() {
    let (judge, release) = FakeJudge::waiting();
    let mut gateway = Gateway::start(judge).await;
    let mut idle = Client::hello(gateway.address()).await;
    let mut sending = Client::hello(gateway.address()).await;
    sending.open(KARI, &[OLA]).await;
    sending.send(b"Subject: half").await;
    let mut judged = Client::hello(gateway.address()).await;
    judged.open(KARI, &[OLA]).await;
    judged.send(&stuffed(MAIL)).await;
    gateway.judge.entered().await;
    gateway.stop();
    assert_eq!(idle.reply().await.codes(), "421 4.3.2");
    assert_eq!(sending.reply().await.codes(), "421 4.3.2");
    release.notify_one();
    assert_eq!(judged.reply().await.code, 250);
    assert_eq!(judged.reply().await.codes(), "421 4.3.2");
    assert_eq!(gateway.hop.messages(), [MAIL]);
    gateway.ended().await;
}
