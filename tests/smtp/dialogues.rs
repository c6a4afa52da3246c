//! The raw dialogues of `fixtures/smtp`: each ends as one message or a 5xx.

use std::{fs, path::PathBuf};

use serde_json::Value;

use crate::{client::Client, fake_judge::deliver, gateway::Gateway};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/smtp")
}

/// The bytes of a dialogue; the one long line is made here.
fn bytes(id: &str) -> Vec<u8> {
    match id {
        "smtp-line-1mb" => {
            let line = "A".repeat(1_000_000);
            format!("Subject: x\r\n\r\n{line}\r\n.\r\n").into_bytes()
        }
        _ => fs::read(folder().join(format!("{id}.bin"))).unwrap(),
    }
}

/// Says the envelope, with what its addresses need.
async fn envelope(client: &mut Client, row: &Value) {
    let mail = row["mail"].as_str().unwrap_or("<kari@cpm.example>");
    let rcpt = row["rcpt"].as_str().unwrap_or("<ola@partner.example>");
    let utf8 = if mail.is_ascii() && rcpt.is_ascii() { "" } else { " SMTPUTF8" };
    assert_eq!(client.say(&format!("MAIL FROM:{mail}{utf8}")).await.code, 250, "{row}");
    assert_eq!(client.say(&format!("RCPT TO:{rcpt}")).await.code, 250, "{row}");
}

/// Plays a dialogue in its mode and gives the code of its end; 0 when the
/// client left.
async fn play(client: &mut Client, row: &Value, bytes: &[u8]) -> u16 {
    let mode = row["mode"].as_str().unwrap();
    envelope(client, row).await;
    if let "bdat" | "bdat_abort" = mode {
        for piece in bytes.chunks(3) {
            client.send(format!("BDAT {}\r\n", piece.len()).as_bytes()).await;
            client.send(piece).await;
            assert_eq!(client.reply().await.code, 250);
        }
        return if mode == "bdat" { client.say("BDAT 0 LAST").await.code } else { 0 };
    }
    assert_eq!(client.say("DATA").await.code, 354);
    match mode {
        "slow" => {
            for byte in bytes {
                client.send(&[*byte]).await;
                tokio::task::yield_now().await;
            }
        }
        _ => client.send(bytes).await,
    }
    client.reply().await.code
}

#[tokio::test]
async fn each_dialogue_is_one_message_or_none() {
    let gateway = Gateway::start(deliver()).await;
    let manifest = fs::read_to_string(folder().join("manifest.jsonl")).unwrap();
    let mut played = 0;
    for row in manifest.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let (id, mode) = (row["id"].as_str().unwrap(), row["mode"].as_str().unwrap());
        gateway.judge.forget();
        let sent = gateway.hop.messages().len();
        let mut client = Client::hello(gateway.address()).await;
        let code = play(&mut client, &row, &bytes(id)).await;
        let mut expected = usize::from(code == 250);
        if mode == "two" || mode == "rset" {
            // What was before is over, and nothing of it is left.
            assert_eq!(client.say("RSET").await.code, 250);
            assert_eq!(client.say("DATA").await.code, 503);
            envelope(&mut client, &row).await;
            assert_eq!(client.say("DATA").await.code, 354);
            client.send(b"Subject: y\r\n\r\nHei\r\n.\r\n").await;
            assert_eq!(client.reply().await.code, 250);
            expected += 1;
        }
        drop(client);
        let seen = gateway.judge.seen();
        assert!(code == 250 || code / 100 == 5 || mode == "bdat_abort", "{id}: {code}");
        assert_eq!((seen.len(), gateway.hop.messages().len() - sent), (expected, expected), "{id}");
        assert!(seen.iter().all(|seen| seen.envelope.recipients.len() == 1), "{id}");
        assert!(!id.starts_with("smtp-eod-") || expected <= 1, "{id}");
        played += 1;
    }
    assert_eq!(played, 25);
    // Dots at line starts come out as they went in.
    let mut client = Client::hello(gateway.address()).await;
    client.open("kari@cpm.example", &["ola@partner.example"]).await;
    client.send(&bytes("smtp-dot-stuffed-split")).await;
    assert_eq!(client.reply().await.code, 250);
    assert!(gateway.hop.messages().last().unwrap().ends_with(b"\r\n.19475\r\n"));
}
