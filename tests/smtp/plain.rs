//! The dialogue as it should be, command by command.

use crate::{
    MAIL,
    client::{Client, KARI, OLA, PER, stuffed},
    fake_judge::deliver,
    gateway::Gateway,
};

#[tokio::test]
async fn a_clean_message_goes_on_byte_for_byte() {
    let gateway = Gateway::start(deliver()).await;
    let mut client = Client::hello(gateway.address()).await;
    assert_eq!(client.greeting.text(), "gate.cpm.example ESMTP Sluse");
    let reply = client.submit(KARI, &[OLA, PER], MAIL).await;
    assert_eq!((reply.code, reply.text().as_str()), (250, "2.0.0 queued as 4F2"));
    assert_eq!(client.say("QUIT").await.code, 221);
    assert_eq!(client.rest().await, "");
    assert_eq!(gateway.hop.messages(), [MAIL]);
    let seen = gateway.judge.seen();
    assert_eq!(*seen[0].raw, *MAIL);
    assert_eq!(seen[0].envelope.recipients, [OLA.parse().unwrap(), PER.parse().unwrap()]);
    let channel = seen[0].channel;
    assert!(!channel.answers_each && !channel.passes_some && !channel.replaces);
}

#[tokio::test]
async fn every_extension_is_announced() {
    let gateway = Gateway::start(deliver()).await;
    let mut client = Client::connect(gateway.address()).await;
    let offers = client.say("EHLO client.cpm.example").await;
    let expected = [
        "gate.cpm.example",
        "SIZE 67108864",
        "PIPELINING",
        "8BITMIME",
        "SMTPUTF8",
        "CHUNKING",
        "DSN",
        "ENHANCEDSTATUSCODES",
    ];
    assert_eq!(offers.lines, expected);
    assert_eq!(client.say("HELO client.cpm.example").await.lines, ["gate.cpm.example"]);
}

#[tokio::test]
async fn parameters_go_on_to_the_next_hop() {
    let gateway = Gateway::start(deliver()).await;
    let mut client = Client::hello(gateway.address()).await;
    let from = format!("MAIL FROM:<{KARI}> SIZE=61 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+2Bb");
    assert_eq!(client.say(&from).await.code, 250);
    assert_eq!(gateway.hop.commands(), [""; 0], "MAIL alone costs nothing");
    let to = "RCPT TO:<\u{e5}se@partner.example> NOTIFY=NEVER ORCPT=rfc822;ase@partner.example";
    assert_eq!(client.say(to).await.code, 250);
    let commands = gateway.hop.commands();
    assert!(commands[0].contains(" ADDR=127.0.0.1 "), "{commands:?}");
    assert_eq!(commands[1..], [from, to.to_owned()]);
}

#[tokio::test]
async fn a_group_of_commands_gets_its_answers_in_order() {
    let gateway = Gateway::start(deliver()).await;
    gateway.hop.answers("RCPT TO:<per", "550 5.1.1 who?");
    let mut client = Client::hello(gateway.address()).await;
    let group =
        format!("RSET\r\nMAIL FROM:<{KARI}>\r\nRCPT TO:<{OLA}>\r\nRCPT TO:<{PER}>\r\nDATA\r\n");
    client.send(group.as_bytes()).await;
    assert_eq!(client.replies(5).await, [250, 250, 250, 550, 354]);
    let mut rest = stuffed(MAIL);
    rest.extend_from_slice(b"MAIL FROM:<>\r\nQUIT\r\n");
    client.send(&rest).await;
    assert_eq!(client.replies(4).await, [250, 250, 221, 0]);
    assert_eq!(gateway.judge.seen()[0].envelope.recipients, [OLA.parse().unwrap()]);
}

#[tokio::test]
async fn who_is_unknown_to_the_next_hop_is_told_so_at_once() {
    let gateway = Gateway::start(deliver()).await;
    gateway.hop.answers("RCPT", "550 5.1.1 who is that?");
    let mut client = Client::hello(gateway.address()).await;
    client.say(&format!("MAIL FROM:<{KARI}>")).await;
    let reply = client.say(&format!("RCPT TO:<{OLA}>")).await;
    assert_eq!((reply.code, reply.text().as_str()), (550, "5.1.1 who is that?"));
    assert_eq!(client.say("DATA").await.codes(), "554 5.5.1");
    assert!(gateway.judge.seen().is_empty());
}

#[tokio::test]
async fn a_next_hop_that_is_away_means_later() {
    let gateway = Gateway::with(deliver(), "").await;
    gateway.hop.answers("EHLO", "");
    gateway.hop.answers("HELO", "");
    let mut client = Client::hello(gateway.address()).await;
    client.say(&format!("MAIL FROM:<{KARI}>")).await;
    assert_eq!(client.say(&format!("RCPT TO:<{OLA}>")).await.code, 451);
    assert_eq!(client.say(&format!("RCPT TO:<{PER}>")).await.code, 451);
    assert_eq!(client.say("DATA").await.code, 554);
}

#[tokio::test]
async fn a_sender_that_the_next_hop_refuses_is_refused_with_its_words() {
    let gateway = Gateway::start(deliver()).await;
    gateway.hop.answers("MAIL", "553 5.7.1 not you");
    let mut client = Client::hello(gateway.address()).await;
    client.say(&format!("MAIL FROM:<{KARI}>")).await;
    assert_eq!(client.say(&format!("RCPT TO:<{OLA}>")).await.text(), "5.7.1 not you");
}

#[tokio::test]
async fn messages_do_not_mix() {
    let gateway = Gateway::start(deliver()).await;
    let mut client = Client::hello(gateway.address()).await;
    assert_eq!(client.submit(KARI, &[OLA], b"Subject: 1\r\n\r\none\r\n").await.code, 250);
    assert_eq!(client.submit("", &[PER], b"Subject: 2\r\n\r\ntwo\r\n").await.code, 250);
    client.say(&format!("MAIL FROM:<{KARI}>")).await;
    client.say(&format!("RCPT TO:<{OLA}>")).await;
    assert_eq!(client.say("RSET").await.code, 250);
    assert_eq!(client.say("DATA").await.code, 503);
    assert_eq!(client.submit(PER, &[PER], b"\r\nthree\r\n").await.code, 250);
    let seen = gateway.judge.seen();
    let senders: Vec<_> = seen.iter().map(|seen| seen.envelope.sender.clone()).collect();
    assert_eq!(senders, [KARI.parse().ok(), None, PER.parse().ok()]);
    assert!(seen.iter().all(|seen| seen.envelope.recipients.len() == 1));
    assert_eq!(gateway.hop.messages()[2], b"\r\nthree\r\n");
}

#[tokio::test]
async fn commands_out_of_order_are_told() {
    let gateway = Gateway::start(deliver()).await;
    let mut client = Client::connect(gateway.address()).await;
    let early = client.codes(&["MAIL FROM:<>", "RCPT TO:<a@b.example>", "DATA"]).await;
    assert_eq!(early, [503, 503, 503]);
    let nested = ["EHLO a", "MAIL FROM:<>", "MAIL FROM:<>", "DATA"];
    assert_eq!(client.codes(&nested).await, [250, 250, 503, 554]);
    let again = ["EHLO a", "RCPT TO:<a@b.example>"];
    assert_eq!(client.codes(&again).await, [250, 503], "EHLO ends a transaction");
}

#[tokio::test]
async fn other_commands_have_their_answers() {
    let gateway = Gateway::start(deliver()).await;
    let mut client = Client::hello(gateway.address()).await;
    for (line, codes) in [
        ("NOOP x", "250 2.0.0"),
        ("VRFY kari", "252 2.0.0"),
        ("HELP", "214 2.0.0"),
        ("EXPN list", "502 5.5.1"),
        ("ETRN cpm.example", "502 5.5.1"),
        ("AUTH PLAIN AGEAYg==", "502 5.5.1"),
        ("STARTTLS", "502 5.5.1"),
        ("LHLO client", "500 5.5.1"),
        ("TURN", "500 5.5.2"),
        ("MAIL FROM:kari@cpm.example", "501 5.1.7"),
        ("MAIL FROM:<kari@cpm.example> BODY=BINARYMIME", "501 5.5.4"),
        ("MAIL FROM:<kari@cpm.example> HOLDFOR=1", "555 5.5.4"),
        ("MAIL FROM:<\u{e5}se@cpm.example>", "553 5.6.7"),
        ("MAIL FROM:<kari@cpm.example> SIZE=67108865", "552 5.3.4"),
    ] {
        assert_eq!(client.say(line).await.codes(), codes, "{line}");
    }
}

#[tokio::test]
async fn the_same_recipient_twice_is_one() {
    let gateway = Gateway::start(deliver()).await;
    let mut client = Client::hello(gateway.address()).await;
    assert_eq!(client.submit(KARI, &[OLA, OLA], MAIL).await.code, 250);
    assert_eq!(gateway.judge.seen()[0].envelope.recipients.len(), 1);
    assert!(gateway.judge.seen()[0].channel.answers_each, "there is only one to answer for");
    let rcpts = gateway.hop.commands().iter().filter(|line| line.starts_with("RCPT")).count();
    assert_eq!(rcpts, 1);
}

#[tokio::test]
async fn who_is_told_of_by_a_trusted_proxy_is_told_on() {
    let gateway = Gateway::with(deliver(), "forwarders = [\"127.0.0.1\"]").await;
    let mut client = Client::connect(gateway.address()).await;
    let offers = client.say("EHLO proxy.cpm.example").await.text();
    assert!(offers.contains("XFORWARD NAME ADDR") && offers.contains("XCLIENT"), "{offers}");
    let said = ["XFORWARD NAME=mx.partner.example ADDR=198.51.100.7", "XFORWARD HELO=mx IDENT=4F2"];
    assert_eq!(client.codes(&said).await, [250, 250]);
    assert_eq!(client.submit(KARI, &[OLA], MAIL).await.code, 250);
    assert_eq!(client.submit(KARI, &[OLA], MAIL).await.code, 250);
    let commands = gateway.hop.commands();
    let told: Vec<_> = commands.iter().filter(|line| line.starts_with("XFORWARD")).collect();
    assert!(told[0].contains("ADDR=198.51.100.7") && told[0].contains("IDENT=4F2"), "{told:?}");
    let of_second = &told[told.len() - 1];
    assert!(of_second.contains("ADDR=127.0.0.1"), "it was about one message: {told:?}");
}
