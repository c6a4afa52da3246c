//! The relay against a fake next hop that says what each story needs.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "relay/hop.rs"]
mod hop;
#[path = "relay/reuse.rs"]
mod reuse;
#[path = "relay/tls.rs"]
mod tls;
#[path = "relay/transaction.rs"]
mod transaction;

use std::time::Duration;

use hop::{
    MAIL, Say, addresses, deliveries, fake_hop, parcel, parcel_from, plain, say, send, settings,
    usual,
};
use sluse::{
    model::Wishes,
    relay::{Delivery, NextHop, Settings, Timeouts, Tls},
};
use tokio::net::TcpListener;

#[tokio::test]
async fn everybody_gets_it() {
    let (settings, fake) = fake_hop(usual).await;
    let to = addresses(&["ola@partner.example", "eva@partner.example"]);
    let results = send(&settings, &parcel(MAIL, &to), &to).await;
    assert_eq!(deliveries(results), [Delivery::Accepted, Delivery::Accepted]);
    let heard = fake.await.unwrap();
    assert_eq!(
        heard.commands,
        [
            "EHLO [127.0.0.1]",
            "MAIL FROM:<kari@cpm.example> SIZE=34",
            "RCPT TO:<ola@partner.example>",
            "RCPT TO:<eva@partner.example>",
            "DATA",
            "QUIT",
        ]
    );
    assert_eq!(heard.message(), MAIL);
}

#[tokio::test]
async fn one_refused_recipient_does_not_stop_the_others() {
    let script = |step: &str| match step {
        "RCPT TO:<ola@partner.example>" => say("550 5.1.1 no such user"),
        "RCPT TO:<eva@partner.example>" => say("450-4.2.1 mailbox busy\r\n450 4.2.1 try later"),
        _ => usual(step),
    };
    let (settings, fake) = fake_hop(script).await;
    let to = addresses(&["ola@partner.example", "eva@partner.example", "per@partner.example"]);
    let results = deliveries(send(&settings, &parcel(MAIL, &to), &to).await);
    assert_eq!(results[0], Delivery::Refused("550 5.1.1 no such user".to_owned()));
    assert_eq!(results[1], Delivery::Deferred("450 4.2.1 mailbox busy try later".to_owned()));
    assert_eq!(results[2], Delivery::Accepted);
    assert_eq!(fake.await.unwrap().message(), MAIL);
}

#[tokio::test]
async fn nothing_is_sent_when_everybody_is_refused() {
    let script = |step: &str| match step {
        step if step.starts_with("RCPT") => say("550 5.7.1 no"),
        _ => usual(step),
    };
    let (settings, fake) = fake_hop(script).await;
    let to = addresses(&["ola@partner.example", "eva@partner.example"]);
    let results = deliveries(send(&settings, &parcel(MAIL, &to), &to).await);
    assert!(results.iter().all(|result| matches!(result, Delivery::Refused(_))), "{results:?}");
    let heard = fake.await.unwrap();
    assert!(!heard.commands.contains(&"DATA".to_owned()), "{heard:?}");
}

#[tokio::test]
async fn closing_early_defers_whoever_is_not_settled() {
    for stage in ["greeting", "EHLO", "MAIL", "RCPT TO:<eva", "DATA", "."] {
        for end in [Say::Line("421 4.3.2 shutting down".to_owned()), Say::Close] {
            let script = move |step: &str| match step {
                "RCPT TO:<ola@partner.example>" => say("550 5.1.1 no such user"),
                step if step.starts_with(stage) => end.clone(),
                _ => usual(step),
            };
            let (settings, _fake) = fake_hop(script).await;
            let to =
                addresses(&["ola@partner.example", "per@partner.example", "eva@partner.example"]);
            let results = deliveries(send(&settings, &parcel(MAIL, &to), &to).await);
            let settled = matches!(stage, "RCPT TO:<eva" | "DATA" | ".");
            assert_eq!(matches!(results[0], Delivery::Refused(_)), settled, "{stage}: {results:?}");
            for result in &results[1..] {
                assert!(matches!(result, Delivery::Deferred(_)), "{stage}: {results:?}");
            }
        }
    }
}

#[tokio::test]
async fn silence_defers() {
    for stage in ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "."] {
        let script = move |step: &str| match step {
            step if step.starts_with(stage) => Say::Nothing,
            _ => usual(step),
        };
        let (settings, _fake) = fake_hop(script).await;
        // The hop never answers at this stage, so how long we wait is all one.
        let brief = Duration::from_millis(50);
        let patience = Timeouts { command: brief, content: brief, ..Timeouts::default() };
        let hop = NextHop::new(&settings).with_timeouts(patience);
        let to = addresses(&["ola@partner.example"]);
        let results =
            deliveries(hop.send(&parcel(MAIL, &to), &to, &Wishes::default()).await.results);
        assert!(matches!(results[0], Delivery::Deferred(_)), "{stage}: {results:?}");
    }
}

#[tokio::test]
async fn a_closed_port_defers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = settings(&listener);
    drop(listener);
    let to = addresses(&["ola@partner.example"]);
    let results = deliveries(send(&settings, &parcel(MAIL, &to), &to).await);
    assert!(matches!(results[0], Delivery::Deferred(_)), "{results:?}");
}

#[tokio::test]
async fn the_answer_to_the_content_is_for_those_accepted() {
    for (answer, expected) in [
        ("554 5.7.1 no", Delivery::Refused("554 5.7.1 no".to_owned())),
        ("452 4.3.1 full", Delivery::Deferred("452 4.3.1 full".to_owned())),
        ("354 again", Delivery::Deferred("unexpected answer to content: 354 again".to_owned())),
        ("what?", Delivery::Deferred("unreadable answer".to_owned())),
    ] {
        let script = move |step: &str| match step {
            "RCPT TO:<ola@partner.example>" => say("450 4.2.1 busy"),
            "." => say(answer),
            _ => usual(step),
        };
        let (settings, _fake) = fake_hop(script).await;
        let to = addresses(&["ola@partner.example", "eva@partner.example"]);
        let results = deliveries(send(&settings, &parcel(MAIL, &to), &to).await);
        assert_eq!(results[0], Delivery::Deferred("450 4.2.1 busy".to_owned()));
        match (&results[1], &expected) {
            (Delivery::Deferred(text), Delivery::Deferred(start)) => {
                assert!(text.starts_with(start.as_str()), "{text}");
            }
            (result, expected) => assert_eq!(result, expected),
        }
    }
}

#[tokio::test]
async fn a_hop_that_refuses_to_talk_refuses_nobody() {
    for stage in ["greeting", "EHLO"] {
        let script = move |step: &str| match step {
            step if step.starts_with(stage) => say("554 5.7.1 go away"),
            _ => usual(step),
        };
        let (settings, _fake) = fake_hop(script).await;
        let to = addresses(&["ola@partner.example"]);
        let results = deliveries(send(&settings, &parcel(MAIL, &to), &to).await);
        assert!(matches!(results[0], Delivery::Deferred(_)), "{stage}: {results:?}");
    }
}

#[tokio::test]
async fn unreadable_greetings_do_no_harm() {
    for greeting in ["250-fake\r\n250- \r\n250 x", "250-fake\r\n550 x", "250 \u{fffd}\u{0}", "2"] {
        let script = move |step: &str| match step {
            step if step.starts_with("EHLO") => say(greeting),
            step if step.starts_with("MAIL") => Say::Close,
            _ => usual(step),
        };
        let (settings, fake) = fake_hop(script).await;
        let to = addresses(&["ola@partner.example"]);
        let results = deliveries(send(&settings, &parcel(MAIL, &to), &to).await);
        assert!(matches!(results[0], Delivery::Deferred(_)), "{greeting:?}: {results:?}");
        assert!(fake.await.unwrap().content.is_none());
    }
}

#[tokio::test]
async fn good_lines_leave_byte_for_byte() {
    for mail in [
        &b"Subject: x\r\n\r\n.\r\n..\r\n.a\r\nb.\r\n.\r\n"[..],
        b".\r\n",
        b"\r\n",
        b"Subject: x\r\n\r\na\r\n\r\n\r\n",
        b"Subject: \xc3\xa6\r\n\r\n\xf8\r\n",
    ] {
        let (settings, fake) = fake_hop(usual).await;
        let to = addresses(&["ola@partner.example"]);
        let results = deliveries(send(&settings, &parcel(mail, &to), &to).await);
        assert_eq!(results, [Delivery::Accepted]);
        assert_eq!(fake.await.unwrap().message(), mail);
    }
}

#[tokio::test]
async fn bare_line_ends_are_mended() {
    for (mail, mended) in [
        (&b"a: b\n\nc\n.\nd"[..], &b"a: b\r\n\r\nc\r\n.\r\nd\r\n"[..]),
        (b"a\r\n.\rMAIL FROM:<x>\r\n", b"a\r\n.\r\nMAIL FROM:<x>\r\n"),
        (b"", b"\r\n"),
    ] {
        let (settings, fake) = fake_hop(usual).await;
        let to = addresses(&["ola@partner.example"]);
        let results = deliveries(send(&settings, &parcel(mail, &to), &to).await);
        assert_eq!(results, [Delivery::Accepted]);
        assert_eq!(fake.await.unwrap().message(), mended);
    }
}

#[tokio::test]
async fn eight_bits_go_only_where_they_are_taken() {
    let mail = "Subject: blåbær\r\n\r\næøå\r\n".as_bytes();
    let to = addresses(&["ola@partner.example"]);

    let (settings, fake) = fake_hop(usual).await;
    let results = deliveries(send(&settings, &parcel(mail, &to), &to).await);
    assert_eq!(results, [Delivery::Accepted]);
    assert!(fake.await.unwrap().commands[1].ends_with(" BODY=8BITMIME"));

    let (settings, fake) = fake_hop(plain).await;
    let results = deliveries(send(&settings, &parcel(mail, &to), &to).await);
    let text = "5.6.3 The next server does not take 8-bit mail".to_owned();
    assert_eq!(results, [Delivery::Refused(text)]);
    assert!(fake.await.unwrap().content.is_none());
}

#[tokio::test]
async fn a_norwegian_address_needs_smtputf8() {
    let to = addresses(&["åse@partner.example", "ola@partner.example"]);

    let (settings, fake) = fake_hop(usual).await;
    let results = deliveries(send(&settings, &parcel(MAIL, &to), &to).await);
    assert_eq!(results, [Delivery::Accepted, Delivery::Accepted]);
    assert!(fake.await.unwrap().commands[1].ends_with(" SMTPUTF8"));

    let (settings, fake) = fake_hop(plain).await;
    let results = deliveries(send(&settings, &parcel(MAIL, &to), &to).await);
    let text = "5.6.7 The next server does not take SMTPUTF8 addresses".to_owned();
    assert_eq!(results, [Delivery::Refused(text), Delivery::Accepted]);
    assert_eq!(fake.await.unwrap().commands[2], "RCPT TO:<ola@partner.example>");
}

#[tokio::test]
async fn the_parcel_goes_to_nobody_it_is_not_cleared_for() {
    let (settings, fake) = fake_hop(usual).await;
    let cleared = addresses(&["ola@partner.example"]);
    let to = addresses(&["eva@partner.example", "ola@partner.example"]);
    let results = deliveries(send(&settings, &parcel(MAIL, &cleared), &to).await);
    assert!(matches!(results[0], Delivery::Deferred(_)), "{results:?}");
    assert_eq!(results[1], Delivery::Accepted);
    let commands = fake.await.unwrap().commands.join("\n");
    assert!(!commands.contains("eva@"), "{commands}");
}

#[tokio::test]
async fn required_tls_is_required() {
    let (settings, fake) = fake_hop(usual).await;
    let settings = Settings { tls: Some(Tls::Required), ..settings };
    let to = addresses(&["ola@partner.example"]);
    let results = deliveries(send(&settings, &parcel(MAIL, &to), &to).await);
    assert!(matches!(results[0], Delivery::Deferred(_)), "{results:?}");
    assert!(fake.await.unwrap().content.is_none());
}

#[tokio::test]
async fn the_null_sender_stays_null() {
    let (settings, fake) = fake_hop(usual).await;
    let to = addresses(&["ola@partner.example"]);
    let results = send(&settings, &parcel_from(None, MAIL, &to), &to).await;
    assert_eq!(deliveries(results), [Delivery::Accepted]);
    assert_eq!(fake.await.unwrap().commands[1], "MAIL FROM:<> SIZE=34");
}
