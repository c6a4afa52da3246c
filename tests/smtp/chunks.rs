//! BDAT (RFC 3030).

use crate::{
    client::{Client, KARI, OLA, PER},
    fake_judge::deliver,
    gateway::Gateway,
};

async fn envelope(gateway: &Gateway) -> Client {
    let mut client = Client::hello(gateway.address()).await;
    client.say(&format!("MAIL FROM:<{KARI}>")).await;
    assert_eq!(client.say(&format!("RCPT TO:<{OLA}>")).await.code, 250);
    client
}

/// Sends a chunk and gives the codes of its reply.
async fn chunk(client: &mut Client, bytes: &[u8], last: &str) -> String {
    client.send(format!("BDAT {}{last}\r\n", bytes.len()).as_bytes()).await;
    client.send(bytes).await;
    client.reply().await.codes()
}

#[tokio::test]
async fn chunks_are_one_message() {
    let gateway = Gateway::start(deliver()).await;
    let mut client = envelope(&gateway).await;
    for piece in [&b"Sub"[..], b"ject: x\r", b"\n\r\n.\r\n", b".", b".a\r\n"] {
        assert_eq!(chunk(&mut client, piece, "").await, "250 2.0.0");
    }
    assert_eq!(chunk(&mut client, b"", " LAST").await, "250 2.0.0");
    assert_eq!(gateway.hop.messages(), [b"Subject: x\r\n\r\n.\r\n..a\r\n"]);
    assert_eq!(client.submit(KARI, &[PER], b"a: b\r\n").await.code, 250);
}

#[tokio::test]
async fn a_group_of_chunks_is_read_as_one() {
    let gateway = Gateway::start(deliver()).await;
    let mut client = Client::hello(gateway.address()).await;
    let group = format!(
        "MAIL FROM:<{KARI}>\r\nRCPT TO:<{OLA}>\r\nBDAT 6\r\na: b\r\n\
         BDAT 8 LAST\r\n\r\nQUIT\r\nNOOP\r\n"
    );
    client.send(group.as_bytes()).await;
    assert_eq!(client.replies(5).await, [250, 250, 250, 250, 250]);
    assert_eq!(gateway.hop.messages(), [b"a: b\r\n\r\nQUIT\r\n"]);
}

#[tokio::test]
async fn an_aborted_message_is_nothing() {
    let gateway = Gateway::start(deliver()).await;
    let mut client = envelope(&gateway).await;
    assert_eq!(chunk(&mut client, b"Subject: x\r\n\r\nFnr", "").await, "250 2.0.0");
    drop(client);
    let mut client = envelope(&gateway).await;
    chunk(&mut client, b"Subject: y\r\n", "").await;
    assert_eq!(client.say("RSET").await.code, 250);
    assert_eq!(chunk(&mut client, b"rest", " LAST").await, "503 5.5.1");
    assert!(gateway.judge.seen().is_empty());
    assert_eq!(gateway.hop.messages().len(), 0);
}

#[tokio::test]
async fn data_and_chunks_do_not_mix() {
    let gateway = Gateway::start(deliver()).await;
    let mut client = envelope(&gateway).await;
    chunk(&mut client, b"a: b\r\n", "").await;
    assert_eq!(client.say("DATA").await.codes(), "503 5.5.1");
    assert_eq!(client.say(&format!("RCPT TO:<{PER}>")).await.codes(), "503 5.5.1");
    assert_eq!(chunk(&mut client, b"", " LAST").await, "250 2.0.0");
}

#[tokio::test]
async fn a_chunk_nobody_wants_is_read_away() {
    let gateway = Gateway::start(deliver()).await;
    let mut client = Client::hello(gateway.address()).await;
    assert_eq!(chunk(&mut client, b"QUIT\r\nQUIT\r\n", "").await, "503 5.5.1");
    client.say("MAIL FROM:<>").await;
    assert_eq!(chunk(&mut client, b"QUIT\r\n", " LAST").await, "503 5.5.1");
    assert_eq!(client.say("NOOP").await.code, 250);
}

#[tokio::test]
async fn chunks_count_against_the_size_while_they_come() {
    let gateway = Gateway::with(deliver(), "[limits]\nmessage_bytes = 2000\nmemory = 100000").await;
    let mut client = envelope(&gateway).await;
    assert_eq!(chunk(&mut client, &[b'a'; 1500], "").await, "250 2.0.0");
    assert_eq!(chunk(&mut client, &[b'a'; 1500], "").await, "552 5.3.4");
    assert_eq!(chunk(&mut client, b"", " LAST").await, "552 5.3.4");
    assert_eq!(client.submit(KARI, &[OLA], b"a: b\r\n").await.code, 250);
    // Nobody waits for a chunk that is larger than anything.
    let mut client = envelope(&gateway).await;
    assert_eq!(client.say("BDAT 999999999999 LAST").await.codes(), "552 5.3.4");
    assert_eq!(client.rest().await, "");
    assert_eq!(gateway.judge.seen().len(), 1);
}

#[tokio::test]
async fn a_chunk_without_a_size_ends_the_session() {
    let gateway = Gateway::start(deliver()).await;
    let mut client = envelope(&gateway).await;
    client.send(b"BDAT x LAST\r\nQUIT\r\n").await;
    assert_eq!(client.reply().await.codes(), "501 5.5.4");
    assert_eq!(client.rest().await, "");
}
