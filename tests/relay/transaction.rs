//! A transaction that is held open while a message is judged.

use std::time::Duration;

use sluse::{
    model::Address,
    relay::{
        Answer, Body, MailFrom, NextHop, Origin, Protocol, RcptTo, Settings, Target, Timeouts,
        Transaction,
    },
};

use super::hop::{Heard, MAIL, Say, addresses, fake_hop, fake_hops, parcel, plain, say, usual};

#[tokio::test]
async fn what_was_accepted_is_delivered_without_asking_again() {
    let (settings, fake) = fake_hop(usual).await;
    let to = addresses(&["ola@partner.example", "eva@partner.example"]);
    let mut transaction = begin(&settings, &to).await;
    let answers = transaction.deliver(&parcel(MAIL, &to), &to).await;
    assert_eq!(codes(&answers), [250, 250]);
    transaction.abandon().await;
    let heard = fake.await.unwrap();
    let verbs: Vec<&str> = heard.commands.iter().map(|line| &line[..4]).collect();
    assert_eq!(verbs, ["EHLO", "MAIL", "RCPT", "RCPT", "DATA", "QUIT"]);
    assert_eq!(heard.message(), MAIL);
}

#[tokio::test]
async fn who_is_held_back_does_not_get_it() {
    let (settings, fake) = fake_hop(usual).await;
    let all = addresses(&["ola@partner.example", "eva@partner.example"]);
    let mut transaction = begin(&settings, &all).await;
    let one = &all[1..];
    assert_eq!(codes(&transaction.deliver(&parcel(MAIL, one), one).await), [250]);
    let other = &all[..1];
    assert_eq!(codes(&transaction.deliver(&parcel(b"b: c\r\n", other), other).await), [250]);
    transaction.abandon().await;
    let heard = fake.await.unwrap();
    assert_eq!(
        heard.commands[4..],
        [
            "RSET",
            "MAIL FROM:<kari@cpm.example> SIZE=34",
            "RCPT TO:<eva@partner.example>",
            "DATA",
            "MAIL FROM:<kari@cpm.example> SIZE=6",
            "RCPT TO:<ola@partner.example>",
            "DATA",
            "QUIT",
        ]
    );
}

#[tokio::test]
async fn nobody_is_sent_what_they_are_not_cleared_for() {
    let (settings, fake) = fake_hop(usual).await;
    let all = addresses(&["ola@partner.example", "eva@partner.example"]);
    let mut transaction = begin(&settings, &all).await;
    let answers = transaction.deliver(&parcel(MAIL, &all[1..]), &all).await;
    assert_eq!(codes(&answers), [451, 250]);
    transaction.abandon().await;
    let heard = fake.await.unwrap();
    let since = heard.commands.iter().position(|command| command == "RSET").unwrap();
    assert!(!heard.commands[since..].concat().contains("ola@"), "{heard:?}");
}

#[tokio::test]
async fn an_abandoned_transaction_delivers_nothing() {
    let (settings, fake) = fake_hop(usual).await;
    begin(&settings, &addresses(&["ola@partner.example"])).await.abandon().await;
    let heard = fake.await.unwrap();
    assert_eq!(heard.commands.last().unwrap(), "QUIT");
    assert!(heard.content.is_none());
}

#[tokio::test]
async fn the_next_hop_speaks_for_itself() {
    for (stage, reply, code, enhanced) in [
        ("MAIL", "550 5.7.1 not from here", 550, "5.7.1"),
        ("MAIL", "452 no room", 452, "4.0.0"),
        ("RCPT", "550 5.1.1 no such user", 550, "5.1.1"),
        ("RCPT", "450 4.2.1 busy", 450, "4.2.1"),
        ("DATA", "451 4.3.0 not now", 451, "4.3.0"),
        ("DATA", "554 5.5.1 no", 554, "5.5.1"),
        (".", "554 5.7.1 spam", 554, "5.7.1"),
        (".", "450 4.7.1 grey", 450, "4.7.1"),
        ("XFORWARD", "550 5.7.1 no", 250, "2.0.0"),
    ] {
        let script = move |step: &str| match step {
            step if step.starts_with(stage) => say(reply),
            _ => knows_all(step),
        };
        let (settings, _fake) = fake_hop(script).await;
        let answer = one_message(&NextHop::new(&settings)).await;
        assert_eq!((answer.code, answer.enhanced.as_str()), (code, enhanced), "{stage} {reply}");
    }
}

#[tokio::test]
async fn whatever_breaks_is_temporary() {
    let brief = Duration::from_millis(50);
    let patience = Timeouts { command: brief, content: brief, ..Timeouts::default() };
    let stages = ["greeting", "EHLO", "XFORWARD", "MAIL", "RCPT", "DATA", "."];
    for stage in stages {
        let goodbye = say("421 4.3.2 shutting down");
        for end in [goodbye, Say::Close, Say::Nothing, Say::Drip, say("what?")] {
            let said = end.clone();
            // Once more for a transaction that may be begun anew.
            let script = move |_, step: &str| match step {
                step if step.starts_with(stage) => said.clone(),
                _ => knows_all(step),
            };
            let (settings, _fakes) = fake_hops(2, script).await;
            let answer = one_message(&NextHop::new(&settings).with_timeouts(patience)).await;
            assert_eq!(answer.code, 451, "{stage} {end:?}: {answer}");
            assert!(answer.enhanced.starts_with("4.4."), "{stage} {end:?}: {answer}");
            assert!(!answer.to_string().contains("127.0.0.1"), "{answer}");
        }
    }
}

#[tokio::test]
async fn a_server_that_lost_patience_is_called_again() {
    let script = |number, step: &str| match (number, step) {
        (0, "DATA") => say("421 4.4.2 idle too long"),
        _ => knows_all(step),
    };
    let (settings, fakes) = fake_hops(2, script).await;
    let to = addresses(&["ola@partner.example"]);
    let mut transaction = begin(&settings, &to).await;
    assert_eq!(codes(&transaction.deliver(&parcel(MAIL, &to), &to).await), [250]);
    transaction.abandon().await;
    let heard = fakes.await.unwrap();
    assert!(heard[0].content.is_none());
    assert_eq!(heard[1].message(), MAIL);
    assert_eq!(heard[1].commands[1][..13], heard[0].commands[1][..13]);
}

#[tokio::test]
async fn content_is_sent_once() {
    let script = |_, step: &str| match step {
        "." => Say::Close,
        _ => usual(step),
    };
    let (settings, fakes) = fake_hops(1, script).await;
    let to = addresses(&["ola@partner.example"]);
    let mut transaction = begin(&settings, &to).await;
    assert_eq!(codes(&transaction.deliver(&parcel(MAIL, &to), &to).await), [451]);
    // Nobody waits for a second connection.
    assert_eq!(fakes.await.unwrap().len(), 1);
}

#[tokio::test]
async fn lmtp_answers_for_each() {
    let script = |step: &str| match step {
        step if step.starts_with("LHLO") => say("250-fake\r\n250 PIPELINING"),
        step if step.contains("<per@") => say("550 5.1.1 no such user"),
        "." => say("250 2.0.0 ok\r\n452 4.2.2 full\r\n552 5.2.2 never again"),
        _ => usual(step),
    };
    let (settings, fake) = fake_hop(script).await;
    let all = ["ola@x.example", "per@x.example", "eva@x.example", "kim@x.example"];
    let all = addresses(&all);
    let mut transaction = begin(&lmtp(settings), &all).await;
    // In another order than they were named in.
    let to = [all[3].clone(), all[0].clone(), all[2].clone()];
    let answers = transaction.deliver(&parcel(MAIL, &all), &to).await;
    assert_eq!(codes(&answers), [552, 250, 452]);
    drop(transaction);
    assert_eq!(fake.await.unwrap().commands[0], "LHLO [127.0.0.1]");
}

#[tokio::test]
async fn lmtp_that_breaks_off_leaves_the_rest_open() {
    let script = |step: &str| match step {
        step if step.starts_with("LHLO") => say("250 fake"),
        "." => say("250 2.0.0 ok\r\n421 4.3.2 going"),
        _ => usual(step),
    };
    let (settings, _fake) = fake_hop(script).await;
    let to = addresses(&["ola@x.example", "eva@x.example", "kim@x.example"]);
    let mut transaction = begin(&lmtp(settings), &to).await;
    let answers = transaction.deliver(&parcel(MAIL, &to), &to).await;
    assert_eq!(codes(&answers), [250, 451, 451]);
}

#[tokio::test]
async fn the_client_is_introduced_to_whom_asks() {
    let (settings, fake) = fake_hop(knows_all).await;
    one_message(&NextHop::new(&settings)).await;
    let heard = fake.await.unwrap();
    assert_eq!(heard.commands[1], "XFORWARD NAME=[UNAVAILABLE] ADDR=192.0.2.7 HELO=pc+2Bkari");
    let mail = "MAIL FROM:<kari@cpm.example> SIZE=34 BODY=8BITMIME";
    assert_eq!(heard.commands[2], mail);

    let (settings, fake) = fake_hop(plain).await;
    one_message(&NextHop::new(&settings)).await;
    assert_eq!(fake.await.unwrap().commands[1], "MAIL FROM:<kari@cpm.example>");
}

#[tokio::test]
async fn eight_bits_that_nobody_told_of_are_declared_at_once() {
    let heard = eight_bits_after(Body::Unstated).await;
    let verbs: Vec<&str> = heard.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(verbs, ["EHLO", "MAIL", "RCPT", "DATA"]);
    assert!(heard[1].ends_with(" BODY=8BITMIME"), "{heard:?}");
}

#[tokio::test]
async fn eight_bits_where_seven_were_said_begin_the_transaction_anew() {
    let heard = eight_bits_after(Body::SevenBit).await;
    assert!(heard[1].ends_with(" BODY=7BIT"), "{heard:?}");
    assert_eq!(heard[3], "RSET");
    assert!(heard[4].ends_with(" BODY=8BITMIME"), "{heard:?}");
}

/// What a next hop hears of a message with eight bits that was announced so.
async fn eight_bits_after(body: Body) -> Vec<String> {
    let mail = "Subject: blåbær\r\n\r\næøå\r\n".as_bytes();
    let (settings, fake) = fake_hop(usual).await;
    let to = addresses(&["ola@partner.example"]);
    let from = MailFrom { body, ..MailFrom::new(Some("kari@cpm.example".parse().unwrap())) };
    let begun = NextHop::new(&settings).begin(&Origin::default(), from).await;
    let mut transaction = begun.unwrap();
    transaction.recipient(RcptTo::new(to[0].clone())).await;
    assert_eq!(codes(&transaction.deliver(&parcel(mail, &to), &to).await), [250]);
    drop(transaction);
    fake.await.unwrap().commands
}

#[tokio::test]
async fn the_same_recipient_is_named_once() {
    let (settings, fake) = fake_hop(usual).await;
    let to = addresses(&["ola@partner.example", "ola@partner.example"]);
    let mut transaction = begin(&settings, &to).await;
    assert_eq!(codes(&transaction.deliver(&parcel(MAIL, &to), &to).await), [250, 250]);
    drop(transaction);
    let heard: Heard = fake.await.unwrap();
    assert_eq!(heard.commands.iter().filter(|line| line.starts_with("RCPT")).count(), 1);
}

/// A transaction in which all of `to` were named.
async fn begin(settings: &Settings, to: &[Address]) -> Transaction {
    let hop = NextHop::new(settings);
    let from = MailFrom::new(Some("kari@cpm.example".parse().unwrap()));
    let mut transaction = hop.begin(&Origin::default(), from).await.unwrap();
    for recipient in to {
        transaction.recipient(RcptTo::new(recipient.clone())).await;
    }
    transaction
}

/// What is said to a client with one message for one recipient, at last.
async fn one_message(hop: &NextHop) -> Answer {
    let origin = Origin {
        address: Some("192.0.2.7".parse().unwrap()),
        hello: Some("pc+kari".to_owned()),
        ..Origin::default()
    };
    let to = addresses(&["ola@partner.example"]);
    let from = MailFrom {
        size: Some(34),
        body: Body::EightBitMime,
        ..MailFrom::new(Some("kari@cpm.example".parse().unwrap()))
    };
    let mut transaction = match hop.begin(&origin, from).await {
        Ok(transaction) => transaction,
        Err(answer) => return answer,
    };
    let answer = transaction.recipient(RcptTo::new(to[0].clone())).await;
    if !answer.is_good() {
        return answer;
    }
    let mut answers = transaction.deliver(&parcel(MAIL, &to), &to).await;
    transaction.abandon().await;
    answers.remove(0).1
}

/// A hop that takes everything, and wants to know who the client is.
fn knows_all(step: &str) -> Say {
    match step {
        step if step.starts_with("EHLO") => {
            say("250-fake\r\n250-8BITMIME\r\n250-XFORWARD NAME ADDR HELO\r\n250 SIZE")
        }
        _ => usual(step),
    }
}

fn lmtp(settings: Settings) -> Settings {
    Settings { to: Target { protocol: Protocol::Lmtp, ..settings.to }, ..settings }
}

fn codes(answers: &[(Address, Answer)]) -> Vec<u16> {
    answers.iter().map(|(_, answer)| answer.code).collect()
}
