//! Sessions with the next hop that serve one message after the other.

use std::sync::atomic::{AtomicUsize, Ordering};

use sluse::{
    model::Address,
    relay::{Answer, MailFrom, NextHop, Origin, RcptTo, Settings, Tls, Transaction},
};

use super::hop::{Heard, MAIL, Say, addresses, fake_hop, fake_hops, parcel, say, usual};

#[tokio::test]
async fn a_session_serves_one_message_after_the_other() {
    let (settings, fake) = fake_hop(forwarding).await;
    let hop = NextHop::new(&settings);
    for name in ["a.example", "b.example"] {
        assert_eq!(one_message(&hop, name).await, 250);
    }
    drop(hop);
    let heard = fake.await.unwrap();
    let message = ["XFOR", "MAIL", "RCPT", "DATA"];
    assert_eq!(verbs(&heard), [&["EHLO"][..], &message, &message, &["QUIT"]].concat());
    // Each message has a client of its own.
    assert_eq!(heard.commands[1], "XFORWARD HELO=a.example");
    assert_eq!(heard.commands[5], "XFORWARD HELO=b.example");
}

#[tokio::test]
async fn a_session_in_which_something_was_refused_is_ended() {
    for (step, reply) in [
        ("XFORWARD", "550 5.7.1 no"),
        ("RCPT TO:<eva", "550 5.1.1 unknown"),
        ("DATA", "451 4.3.0 later"),
        (".", "451 4.3.0 later"),
        (".", "554 5.7.1 spam"),
    ] {
        let script = move |heard: &str| match heard.starts_with(step) {
            true => say(reply),
            false => forwarding(heard),
        };
        let (settings, fake) = fake_hop(script).await;
        let to = addresses(&["ola@partner.example", "eva@partner.example"]);
        let hop = NextHop::new(&settings);
        let mut transaction = begin(&hop, "a.example", &to).await;
        transaction.deliver(&parcel(MAIL, &to[..1]), &to[..1]).await;
        transaction.abandon().await;
        // The hop is there to the end: nobody else says goodbye.
        assert_eq!(fake.await.unwrap().commands.last().unwrap(), "QUIT", "{step}");
        drop(hop);
    }
}

#[tokio::test]
async fn an_abandoned_transaction_ends_its_session() {
    let (settings, fake) = fake_hop(forwarding).await;
    let hop = NextHop::new(&settings);
    begin(&hop, "a.example", &addresses(&["ola@partner.example"])).await.abandon().await;
    assert_eq!(fake.await.unwrap().commands.last().unwrap(), "QUIT");
    drop(hop);
}

#[tokio::test]
async fn a_session_that_ended_while_it_waited_costs_nothing() {
    let words = ["421 4.3.2 bye", "452 4.5.3 enough", "550 5.7.1 enough", "what?"];
    for end in words.map(say).into_iter().chain([Say::Close]) {
        for stage in ["XFORWARD", "MAIL"] {
            let heard = two_messages(stage, end.clone()).await;
            let contents: Vec<_> = heard.iter().map(Heard::message).collect();
            assert_eq!(contents, [MAIL, MAIL], "{stage} {end:?}");
            assert_eq!(heard[1].commands[1], "XFORWARD HELO=b.example", "{stage} {end:?}");
        }
    }
}

/// Two messages, both taken, by a hop that says `end` when `stage` comes a second
/// time in its first session.
async fn two_messages(stage: &'static str, end: Say) -> Vec<Heard> {
    let times = AtomicUsize::new(0);
    let script = move |number, step: &str| {
        let again = step.starts_with(stage) && times.fetch_add(1, Ordering::SeqCst) == 1;
        if number == 0 && again { end.clone() } else { forwarding(step) }
    };
    let (settings, fake) = fake_hops(2, script).await;
    let hop = NextHop::new(&settings);
    for name in ["a.example", "b.example"] {
        assert_eq!(one_message(&hop, name).await, 250, "{stage}");
    }
    drop(hop);
    fake.await.unwrap()
}

#[tokio::test]
async fn words_that_nobody_asked_for_end_a_session() {
    let script = |number: usize, step: &str| match (number, step) {
        (0, ".") => say("250 2.0.0 ok\r\n250 2.0.0 and another"),
        _ => forwarding(step),
    };
    let (settings, fake) = fake_hops(2, script).await;
    let hop = NextHop::new(&settings);
    for name in ["a.example", "b.example"] {
        assert_eq!(one_message(&hop, name).await, 250);
    }
    drop(hop);
    assert_eq!(fake.await.unwrap()[1].message(), MAIL);
}

#[tokio::test]
async fn content_is_sent_once_in_a_session_that_waited() {
    let ends = AtomicUsize::new(0);
    let script = move |step: &str| {
        let again = step == "." && ends.fetch_add(1, Ordering::SeqCst) == 1;
        if again { Say::Close } else { forwarding(step) }
    };
    let (settings, fake) = fake_hop(script).await;
    let hop = NextHop::new(&settings);
    assert_eq!(one_message(&hop, "a.example").await, 250);
    // Nobody waits for a second connection: the client's server tries again.
    assert_eq!(one_message(&hop, "b.example").await, 451);
    assert_eq!(fake.await.unwrap().content.unwrap(), MAIL);
}

#[tokio::test]
async fn a_session_does_not_wait_for_long() {
    let (settings, fake) = fake_hop(forwarding).await;
    let hop = NextHop::new(&settings);
    assert_eq!(one_message(&hop, "a.example").await, 250);
    tokio::time::pause();
    assert_eq!(fake.await.unwrap().commands.last().unwrap(), "QUIT");
    drop(hop);
}

#[tokio::test]
async fn a_session_serves_a_hundred_messages() {
    let (settings, fake) = fake_hops(2, |_, step| forwarding(step)).await;
    let hop = NextHop::new(&settings);
    for _ in 0..101 {
        assert_eq!(one_message(&hop, "a.example").await, 250);
    }
    drop(hop);
    let heard = fake.await.unwrap();
    let count = |heard: &Heard| verbs(heard).iter().filter(|verb| **verb == "DATA").count();
    assert_eq!(heard.iter().map(count).collect::<Vec<_>>(), [100, 1]);
}

#[tokio::test]
async fn settings_do_not_share_their_sessions() {
    let (settings, fake) = fake_hops(3, |_, step| forwarding(step)).await;
    let other = Settings { tls: Some(Tls::Opportunistic), ..settings.clone() };
    let hops = [&settings, &other, &settings].map(NextHop::new);
    for hop in &hops {
        assert_eq!(one_message(hop, "a.example").await, 250);
    }
    drop(hops);
    assert_eq!(fake.await.unwrap().len(), 3);
}

/// A hop that wants to know the client's name, and takes commands in groups.
fn forwarding(step: &str) -> Say {
    match step.starts_with("EHLO") {
        true => say("250-fake\r\n250-PIPELINING\r\n250 XFORWARD HELO"),
        false => usual(step),
    }
}

/// The answer to one message for one recipient.
async fn one_message(hop: &NextHop, name: &str) -> u16 {
    let to = addresses(&["ola@partner.example"]);
    let mut transaction = begin(hop, name, &to).await;
    let answers: Vec<(Address, Answer)> = transaction.deliver(&parcel(MAIL, &to), &to).await;
    transaction.abandon().await;
    answers[0].1.code
}

/// A transaction for a client of this name, in which all of `to` were named.
async fn begin(hop: &NextHop, name: &str, to: &[Address]) -> Transaction {
    let from = MailFrom::new(Some("kari@cpm.example".parse().unwrap()));
    let origin = Origin { hello: Some(name.to_owned()), ..Origin::default() };
    let mut transaction = hop.begin(&origin, from).await.unwrap();
    for to in to {
        transaction.recipient(RcptTo::new(to.clone())).await;
    }
    transaction
}

fn verbs(heard: &Heard) -> Vec<&str> {
    heard.commands.iter().map(|line| &line[..4]).collect()
}
