//! Every limit has a clear answer.

use std::net::SocketAddr;

use crate::{
    MAIL,
    client::{Client, KARI, OLA, stuffed},
    fake_judge::{FakeJudge, deliver},
    gateway::Gateway,
};

async fn limited(limits: &str) -> Gateway {
    Gateway::with(deliver(), &format!("[limits]\n{limits}")).await
}

#[tokio::test]
async fn a_thousand_recipients_are_taken_and_one_more_waits() {
    let gateway = Gateway::start(deliver()).await;
    let mut client = Client::hello(gateway.address()).await;
    let mut group = format!("MAIL FROM:<{KARI}>\r\n");
    for number in 0..1001 {
        group.push_str(&format!("RCPT TO:<to{number}@partner.example>\r\n"));
    }
    client.send(format!("{group}DATA\r\n").as_bytes()).await;
    assert_eq!(client.replies(1001).await, vec![250; 1001]);
    assert_eq!(client.reply().await.codes(), "452 4.5.3");
    assert_eq!(client.reply().await.code, 354);
    client.send(&stuffed(MAIL)).await;
    assert_eq!(client.reply().await.code, 250);
    assert_eq!(gateway.judge.seen()[0].envelope.recipients.len(), 1000);
    assert_eq!(gateway.hop.messages().len(), 1);
}

#[tokio::test]
async fn a_message_that_is_too_big_is_told_where_the_client_listens() {
    let gateway = limited("message_bytes = 100000\nmemory = 1000000").await;
    let mut client = Client::hello(gateway.address()).await;
    let refused = client.say(&format!("MAIL FROM:<{KARI}> SIZE=100001")).await;
    assert_eq!(refused.codes(), "552 5.3.4");
    let big = "1234567890123456789012345678\r\n".repeat(4000);
    assert_eq!(client.submit(KARI, &[OLA], big.as_bytes()).await.codes(), "552 5.3.4");
    assert_eq!(client.submit(KARI, &[OLA], MAIL).await.code, 250);
    // Who goes on and on is sent away.
    client.open(KARI, &[OLA]).await;
    for _ in 0..4 {
        client.send(big.as_bytes()).await;
    }
    assert_eq!(client.reply().await.codes(), "552 5.3.4");
    assert_eq!(client.reply().await.code, 0);
}

#[tokio::test]
async fn lines_and_headers_have_limits() {
    let gateway = limited("line_bytes = 1000\nheader_bytes = 2000").await;
    let mut client = Client::hello(gateway.address()).await;
    let line = format!("a: b\r\n\r\n{}\r\n", "x".repeat(1001));
    assert_eq!(client.submit(KARI, &[OLA], line.as_bytes()).await.codes(), "554 5.6.0");
    let header = format!("{}\r\nbody\r\n", "a: b\r\n".repeat(400));
    assert_eq!(client.submit(KARI, &[OLA], header.as_bytes()).await.codes(), "554 5.6.0");
    let long = client.say(&format!("NOOP {}", "x".repeat(10_000))).await;
    assert_eq!(long.codes(), "500 5.5.2");
    assert_eq!(client.submit(KARI, &[OLA], MAIL).await.code, 250);
}

#[tokio::test(start_paused = true)]
async fn memory_for_messages_is_bounded() {
    let (judge, release) = FakeJudge::waiting();
    let limits = "[limits]\nmessage_bytes = 60000\nmemory = 100000\ndeadline = 3000";
    let gateway = Gateway::with(judge, limits).await;
    let mail = b"1234567890123456789012345678\r\n".repeat(1900);
    let mut first = Client::hello(gateway.address()).await;
    first.open(KARI, &[OLA]).await;
    first.send(&stuffed(&mail)).await;
    gateway.judge.entered().await;
    // Told before the content when its size is announced, after it when not.
    let mut second = Client::hello(gateway.address()).await;
    assert_eq!(second.submit(KARI, &[OLA], &mail).await.codes(), "452 4.3.1");
    let envelope = [format!("MAIL FROM:<{KARI}> SIZE=57000"), format!("RCPT TO:<{OLA}>")];
    assert_eq!(second.codes(&[&envelope[0], &envelope[1]]).await, [250, 250]);
    assert_eq!(second.say("DATA").await.codes(), "452 4.3.1");
    // Who waits gets his turn.
    second.send(b"DATA\r\n").await;
    release.notify_one();
    assert_eq!(first.reply().await.code, 250);
    assert_eq!(second.reply().await.code, 354);
    second.send(&stuffed(&mail)).await;
    gateway.judge.entered().await;
    release.notify_one();
    assert_eq!(second.reply().await.code, 250);
}

#[tokio::test]
async fn connections_have_a_limit() {
    let gateway = limited("connections = 2").await;
    let first = Client::connect(gateway.address()).await;
    let second = Client::connect(gateway.address()).await;
    let third = Client::connect(gateway.address()).await;
    assert_eq!(third.greeting.codes(), "421 4.3.2");
    drop((first, second, third));
}

#[tokio::test(start_paused = true)]
async fn strangers_have_limits_of_their_own() {
    let settings = "trusted = [\"127.0.0.2\"]\n[limits]\nconnections_per_address = 2\n\
        connections_per_minute = 3";
    let gateway = Gateway::with(deliver(), settings).await;
    let connect = |local: &'static str, to: SocketAddr| Client::from(local, to);
    let first = connect("127.0.0.1", gateway.address()).await;
    let second = connect("127.0.0.1", gateway.address()).await;
    assert_eq!(connect("127.0.0.1", gateway.address()).await.greeting.code, 421);
    for _ in 0..5 {
        assert_eq!(connect("127.0.0.2", gateway.address()).await.greeting.code, 220);
    }
    assert_eq!(connect("127.0.0.3", gateway.address()).await.greeting.code, 220);
    drop((first, second));
}

#[tokio::test(start_paused = true)]
async fn many_errors_are_answered_late_and_then_no_more() {
    let gateway = limited("errors = 6").await;
    let mut client = Client::connect(gateway.address()).await;
    let start = tokio::time::Instant::now();
    for _ in 0..5 {
        assert_eq!(client.say("XYZ").await.code, 500);
    }
    assert_eq!(start.elapsed().as_secs(), 1 + 2);
    assert_eq!(client.say("XYZ").await.codes(), "421 4.7.0");
    assert_eq!(client.rest().await, "");
}

#[tokio::test(start_paused = true)]
async fn idle_talk_becomes_an_error() {
    let gateway = limited("errors = 6").await;
    let mut client = Client::connect(gateway.address()).await;
    for _ in 0..100 {
        assert_eq!(client.say("NOOP").await.code, 250);
    }
    let mut more = 0;
    while client.say("RSET").await.code == 250 {
        more += 1;
    }
    assert_eq!(more, 5);
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_session() {
    let gateway = Gateway::start(deliver()).await;
    let mut client = Client::hello(gateway.address()).await;
    assert_eq!(client.reply().await.codes(), "421 4.4.2");
    assert_eq!(client.rest().await, "");
}

#[tokio::test(start_paused = true)]
async fn slowloris() {
    let gateway = limited("command_seconds = 60\ndata_seconds = 30\npace = 100").await;
    // A command that never ends.
    let mut client = Client::connect(gateway.address()).await;
    for _ in 0..59 {
        client.send(b"x").await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    assert_eq!(client.reply().await.codes(), "421 4.4.2");
    // A message that comes a little at a time: always some, never enough.
    let mut client = Client::hello(gateway.address()).await;
    client.open(KARI, &[OLA]).await;
    let start = tokio::time::Instant::now();
    let mut sent = 0_u64;
    while start.elapsed().as_secs() < 120 {
        client.send(b"0123456789").await;
        sent += 10;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    assert_eq!(client.reply().await.codes(), "421 4.4.2");
    assert!(sent > 300 && gateway.judge.seen().is_empty());
    // One that comes slowly and steadily is a message.
    let mut client = Client::hello(gateway.address()).await;
    client.open(KARI, &[OLA]).await;
    for _ in 0..100 {
        client.send(&b"0123456789012345678901234567\r\n".repeat(10)).await;
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    }
    client.send(b".\r\n").await;
    assert_eq!(client.reply().await.code, 250);
}

#[tokio::test]
async fn a_thousand_idle_connections_keep_nobody_out() {
    let gateway = Gateway::start(deliver()).await;
    let mut idle = Vec::new();
    for _ in 0..400 {
        idle.push(Client::connect(gateway.address()).await);
    }
    let mut client = Client::hello(gateway.address()).await;
    assert_eq!(client.submit(KARI, &[OLA], MAIL).await.code, 250);
    drop(idle);
}
