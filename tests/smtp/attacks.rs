//! What others try, each test named after the attack.

use crate::{
    MAIL,
    client::{Client, KARI, OLA, PER, stuffed},
    fake_judge::deliver,
    gateway::Gateway,
};

/// Trusts the second address of this machine alone.
const TRUSTED: &str = "trusted = [\"127.0.0.2\"]";

#[tokio::test]
async fn relay_without_trust() {
    let gateway = Gateway::with(deliver(), TRUSTED).await;
    let mut stranger = Client::hello(gateway.address()).await;
    for from in [KARI, OLA, ""] {
        let reply = stranger.say(&format!("MAIL FROM:<{from}>")).await;
        assert_eq!(reply.codes(), "550 5.7.1");
    }
    assert_eq!(stranger.say(&format!("RCPT TO:<{KARI}>")).await.code, 503);
    let mut friend = Client::from("127.0.0.2", gateway.address()).await;
    friend.say("EHLO friend.cpm.example").await;
    assert_eq!(friend.submit(KARI, &[OLA], MAIL).await.code, 250);
    assert_eq!(gateway.hop.messages().len(), 1);
}

#[tokio::test]
async fn relay_through_an_open_door() {
    let gateway = Gateway::with(deliver(), &format!("accept_from = \"anyone\"\n{TRUSTED}")).await;
    let mut stranger = Client::hello(gateway.address()).await;
    assert_eq!(stranger.say(&format!("MAIL FROM:<{KARI}>")).await.code, 250);
    for elsewhere in [
        "ola@partner.example",
        "ola@sub.cpm.example",
        "ola%partner.example@cpm.example",
        "partner.example!ola@cpm.example",
        "\"ola@partner.example\"@cpm.example",
        "ola@[127.0.0.1]",
        "postmaster",
    ] {
        let reply = stranger.say(&format!("RCPT TO:<{elsewhere}>")).await;
        assert_eq!(reply.codes(), "550 5.7.1", "{elsewhere}");
    }
    for odd in [
        "@cpm.example:ola@partner.example",
        "ola@partner.example@cpm.example",
        "ola@partner.example,kari@cpm.example",
    ] {
        let reply = stranger.say(&format!("RCPT TO:<{odd}>")).await;
        assert_eq!(reply.codes(), "501 5.1.3", "{odd}");
    }
    assert_eq!(stranger.say(&format!("RCPT TO:<{KARI}>")).await.code, 250);
    let rcpts = gateway.hop.commands().into_iter().filter(|line| line.starts_with("RCPT"));
    assert_eq!(rcpts.collect::<Vec<_>>(), [format!("RCPT TO:<{KARI}>")]);
}

#[tokio::test]
async fn spoofed_xclient() {
    let gateway = Gateway::with(deliver(), TRUSTED).await;
    let mut stranger = Client::hello(gateway.address()).await;
    assert!(!stranger.say("EHLO x").await.text().contains("XCLIENT"));
    assert_eq!(stranger.say("XCLIENT ADDR=127.0.0.2").await.codes(), "550 5.7.0");
    assert_eq!(stranger.say(&format!("MAIL FROM:<{KARI}>")).await.code, 550);
}

#[tokio::test]
async fn spoofed_xforward() {
    let gateway = Gateway::start(deliver()).await;
    let mut client = Client::hello(gateway.address()).await;
    assert_eq!(client.say("XFORWARD ADDR=198.51.100.7").await.codes(), "550 5.7.0");
    assert_eq!(client.submit(KARI, &[OLA], MAIL).await.code, 250);
    assert!(gateway.hop.commands()[0].contains("ADDR=127.0.0.1"));
}

#[tokio::test]
async fn xclient_into_more_trust() {
    let settings = format!("forwarders = [\"127.0.0.0/24\"]\n{TRUSTED}");
    let gateway = Gateway::with(deliver(), &settings).await;
    // A proxy that is believed, and not trusted itself, makes nobody trusted.
    let mut proxy = Client::connect(gateway.address()).await;
    assert_eq!(proxy.say("EHLO proxy").await.code, 250);
    assert_eq!(proxy.say("XCLIENT ADDR=127.0.0.2 NAME=friend").await.code, 220);
    assert_eq!(proxy.say("MAIL FROM:<>").await.code, 503, "a new session, with no greeting");
    assert_eq!(proxy.say("EHLO friend").await.code, 250);
    assert_eq!(proxy.say(&format!("MAIL FROM:<{KARI}>")).await.codes(), "550 5.7.1");
    // One that is trusted speaks for those who are and for those who are not.
    let mut proxy = Client::from("127.0.0.2", gateway.address()).await;
    for (address, code) in
        [("127.0.0.2", 250), ("198.51.100.7", 550), ("[UNAVAILABLE]", 550), ("127.0.0.2", 250)]
    {
        assert_eq!(proxy.say(&format!("XCLIENT ADDR={address}")).await.code, 220);
        assert_eq!(proxy.say("EHLO client").await.code, 250);
        assert_eq!(proxy.say(&format!("MAIL FROM:<{KARI}>")).await.code, code, "{address}");
        assert_eq!(proxy.say("RSET").await.code, 250);
    }
}

#[tokio::test]
async fn commands_pipelined_behind_a_refused_data() {
    let gateway = Gateway::start(deliver()).await;
    gateway.hop.answers("RCPT TO:<ola", "550 5.1.1 no");
    let mut client = Client::hello(gateway.address()).await;
    let group = format!(
        "MAIL FROM:<{KARI}>\r\nRCPT TO:<{OLA}>\r\nDATA\r\n\
         MAIL FROM:<{KARI}>\r\nRCPT TO:<{PER}>\r\nDATA\r\nsmuggled\r\n.\r\n"
    );
    client.send(group.as_bytes()).await;
    assert_eq!(client.replies(3).await, [250, 550, 554]);
    assert_eq!(client.rest().await, "");
    assert!(gateway.judge.seen().is_empty());
}

#[tokio::test]
async fn a_browser_led_to_the_port() {
    let gateway = Gateway::start(deliver()).await;
    for first in ["POST / HTTP/1.1", "Host: 127.0.0.1", "get /"] {
        let mut client = Client::connect(gateway.address()).await;
        let body =
            format!("{first}\r\nEHLO x\r\nMAIL FROM:<{KARI}>\r\nRCPT TO:<{OLA}>\r\nDATA\r\n");
        client.send(body.as_bytes()).await;
        assert_eq!(client.reply().await.codes(), "521 5.5.1");
        assert_eq!(client.rest().await, "");
    }
    assert_eq!(gateway.hop.commands(), [""; 0]);
}

#[tokio::test]
async fn a_second_message_behind_every_wrong_end() {
    for bare in ["refuse", "normalize"] {
        let gateway = Gateway::with(deliver(), &format!("bare_newline = \"{bare}\"")).await;
        for end in [
            "\n.\n",
            "\n.\r\n",
            "\r\n.\n",
            "\r.\r\n",
            "\r\n.\r",
            "\r.\r",
            "\r.\n",
            "\n.\r",
            "\r\n.\r\r\n",
            "\r\n\0.\r\n",
            "\r\n.\0\r\n",
            "\r\n .\r\n",
            "\r\n. \r\n",
        ] {
            gateway.judge.forget();
            let mut client = Client::hello(gateway.address()).await;
            let smuggled = format!(
                "Subject: a\r\n\r\nHei{end}MAIL FROM:<{PER}>\r\nRCPT TO:<{OLA}>\r\nDATA\r\n\
                 Subject: b\r\n\r\nsmuggled\r\n.\r\n"
            );
            client.open(KARI, &[OLA]).await;
            client.send(smuggled.as_bytes()).await;
            let reply = client.reply().await;
            let seen = gateway.judge.seen();
            match reply.code {
                250 => assert_eq!(seen.len(), 1, "{end:?}"),
                code => assert!((500..600).contains(&code) && seen.is_empty(), "{end:?} {code}"),
            }
            assert!(seen.iter().all(|seen| seen.envelope.sender == KARI.parse().ok()));
        }
        // What went on has no end of data inside, whoever reads it.
        for message in gateway.hop.messages() {
            let text = String::from_utf8(message).unwrap();
            let stripped = text.replace("\r\n", "");
            assert!(!stripped.contains(['\r', '\n', '\0']), "{text:?}");
        }
    }
}

#[tokio::test]
async fn words_of_the_next_hop_that_are_replies_of_their_own() {
    let gateway = Gateway::start(deliver()).await;
    gateway.hop.answers(".", "451 4.0.0 later\r250 2.0.0 taken");
    let mut client = Client::hello(gateway.address()).await;
    let reply = client.submit(KARI, &[OLA], MAIL).await;
    assert_eq!(reply.code, 451);
    assert_eq!(reply.lines.len(), 1);
    assert_eq!(client.say("NOOP").await.code, 250);
}

#[tokio::test]
async fn a_client_that_speaks_before_the_greeting() {
    let gateway = Gateway::with(deliver(), TRUSTED).await;
    let stream = tokio::net::TcpStream::connect(gateway.address()).await.unwrap();
    let mut early = Client::silent(stream);
    early.send(format!("EHLO x\r\nMAIL FROM:<{KARI}>\r\n").as_bytes()).await;
    assert_eq!(early.reply().await.codes(), "521 5.5.1");
    assert_eq!(early.rest().await, "");
}

#[tokio::test]
async fn content_that_looks_like_commands() {
    let gateway = Gateway::start(deliver()).await;
    let mut client = Client::hello(gateway.address()).await;
    let mail = b"Subject: x\r\n\r\nRSET\r\n.\r\n..\r\nQUIT\r\nDATA\r\n";
    assert_eq!(client.submit(KARI, &[OLA], mail).await.code, 250);
    assert_eq!(gateway.hop.messages(), [mail]);
    assert!(stuffed(mail).windows(5).any(|end| end == b"\r\n..\r"));
}
