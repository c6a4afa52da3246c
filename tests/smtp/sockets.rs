//! Unix sockets, for programs of the same machine.

use std::{fs, os::unix::fs::PermissionsExt};

use tempfile::TempDir;
use tokio::net::UnixStream;

use crate::{
    MAIL,
    client::{Client, KARI, OLA, PER, stuffed},
    fake_judge::deliver,
    gateway::Gateway,
    hop::Hop,
};

#[tokio::test]
async fn mail_comes_and_goes_by_unix_sockets() {
    let dir = TempDir::with_prefix("sluse-").unwrap();
    let (door, behind) = (dir.path().join("lmtp"), dir.path().join("hop"));
    let hop = Hop::start_at(&behind);
    let listen = format!("\"lmtp:unix:{}\"", door.display());
    let next_hop = format!("unix:{}", behind.display());
    let more = "socket_mode = 0o600\n";
    let mut gateway = Gateway::before(deliver(), &listen, (hop, &next_hop), more).await;
    assert_eq!(fs::metadata(&door).unwrap().permissions().mode() & 0o777, 0o600);

    let mut client = Client::over(UnixStream::connect(&door).await.unwrap()).await;
    assert_eq!(client.say("LHLO client.cpm.example").await.code, 250);
    client.open(KARI, &[OLA, PER]).await;
    client.send(&stuffed(MAIL)).await;
    assert_eq!(client.replies(2).await, [250, 250]);
    assert_eq!(gateway.hop.messages(), [MAIL]);
    let told = gateway.hop.commands().remove(0);
    assert!(told.contains("ADDR=127.0.0.1 PORT=[UNAVAILABLE]"), "{told}");

    gateway.stop();
    gateway.ended().await;
    assert!(!door.exists(), "the file goes with the socket");
}

#[tokio::test]
async fn a_client_at_a_unix_socket_is_trusted_as_this_machine_is() {
    let dir = TempDir::with_prefix("sluse-").unwrap();
    let door = dir.path().join("smtp");
    let listen = format!("\"unix:{}\"", door.display());
    let _gateway = Gateway::at(deliver(), &listen, "trusted = [\"10.0.0.0/8\"]\n").await;
    let mut client = Client::over(UnixStream::connect(&door).await.unwrap()).await;
    let mail = format!("MAIL FROM:<{KARI}>");
    assert_eq!(client.codes(&["EHLO a", &mail]).await, [250, 550]);
    let mut hasty = UnixStream::connect(&door).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut hasty, b"EHLO a\r\n").await.unwrap();
    assert_eq!(Client::over(hasty).await.greeting.code, 521);
}
