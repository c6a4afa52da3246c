//! TLS to the next hop, with a certificate that nobody trusts.

use std::{path::Path, process::Command, sync::Arc, time::Duration};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use sluse::relay::{Delivery, Settings, Tls};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use super::hop::{Heard, MAIL, addresses, deliveries, parcel, send, serve, settings, usual};

#[tokio::test]
async fn opportunistic_tls_takes_any_certificate() {
    let (settings, fake) = tls_hop("220 2.0.0 go\r\n").await;
    let settings = Settings { tls: Some(Tls::Opportunistic), ..settings };
    assert_eq!(sent(&settings).await, [Delivery::Accepted]);
    let heard = fake.await.unwrap().unwrap();
    assert_eq!(heard.commands[0], "EHLO [127.0.0.1]", "greeted anew under TLS");
    assert_eq!(heard.message(), MAIL);
}

#[tokio::test]
async fn required_tls_takes_none_that_is_not_trusted() {
    let (settings, fake) = tls_hop("220 2.0.0 go\r\n").await;
    let settings = Settings { tls: Some(Tls::Required), ..settings };
    assert!(matches!(&sent(&settings).await[0], Delivery::Deferred(why) if why.starts_with("tls")));
    assert!(fake.await.unwrap().is_none());
}

#[tokio::test]
async fn replies_from_before_tls_count_for_nothing() {
    let injected = "220 go\r\n250 fake\r\n250 ok\r\n250 ok\r\n354 go on\r\n250 taken\r\n";
    for tls in [Tls::Opportunistic, Tls::Required] {
        let (settings, fake) = tls_hop(injected).await;
        let results = sent(&Settings { tls: Some(tls), ..settings }).await;
        assert!(matches!(results[0], Delivery::Deferred(_)), "{results:?}");
        assert!(fake.await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_no_to_starttls_is_no_way_around_it() {
    for (tls, reply) in [(Tls::Opportunistic, "454 4.7.0 no"), (Tls::Required, "502 5.5.1 no")] {
        let (settings, fake) = tls_hop(&format!("{reply}\r\n")).await;
        let results = sent(&Settings { tls: Some(tls), ..settings }).await;
        assert!(matches!(results[0], Delivery::Deferred(_)), "{results:?}");
        assert!(fake.await.unwrap().is_none());
    }
}

#[tokio::test]
async fn implicit_tls_says_nothing_in_the_clear() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = Settings { tls: Some(Tls::Implicit), ..settings(&listener) };
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut first = [0; 1];
        stream.read_exact(&mut first).await.unwrap();
        stream.write_all(b"220 plain\r\n").await.unwrap();
        first[0]
    });
    let results = sent(&settings).await;
    assert!(matches!(results[0], Delivery::Deferred(_)), "{results:?}");
    // The first byte of a handshake.
    assert_eq!(heard.await.unwrap(), 22);
}

async fn sent(settings: &Settings) -> Vec<Delivery> {
    let to = addresses(&["ola@partner.example"]);
    deliveries(send(settings, &parcel(MAIL, &to), &to).await)
}

/// A hop that offers STARTTLS and answers it with `go`. What it heard under
/// TLS, if there was any.
async fn tls_hop(go: &str) -> (Settings, JoinHandle<Option<Heard>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = settings(&listener);
    let (go, acceptor) = (go.to_owned(), acceptor());
    let fake = async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        greet(&mut stream, &go).await?;
        let patience = Duration::from_secs(5);
        let stream = timeout(patience, acceptor.accept(stream)).await.ok()?.ok()?;
        let script =
            |step: &str| if step == "greeting" { super::hop::Say::Nothing } else { usual(step) };
        let heard = serve(stream, script).await;
        (!heard.commands.is_empty()).then_some(heard)
    };
    (settings, tokio::spawn(fake))
}

/// The part in the clear; nothing when the client leaves.
async fn greet(stream: &mut TcpStream, go: &str) -> Option<()> {
    let mut line = [0; 200];
    stream.write_all(b"220 fake\r\n").await.ok()?;
    for reply in ["250-fake\r\n250 STARTTLS\r\n", go] {
        if stream.read(&mut line).await.ok()? == 0 {
            return None;
        }
        stream.write_all(reply.as_bytes()).await.ok()?;
    }
    Some(())
}

fn acceptor() -> TlsAcceptor {
    let folder = tempfile::tempdir().unwrap();
    let [key, certificate] = ["key.pem", "certificate.pem"].map(|name| folder.path().join(name));
    make(&key, &certificate);
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
    let config = config.with_single_cert(chain, PrivateKeyDer::from_pem_file(key).unwrap());
    TlsAcceptor::from(Arc::new(config.unwrap()))
}

fn make(key: &Path, certificate: &Path) {
    let kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=fake"];
    let made = Command::new("openssl")
        .args(["req", "-x509", "-nodes", "-days", "2", "-out"])
        .arg(certificate)
        .args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout"])
        .arg(key)
        .args(kind)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}
