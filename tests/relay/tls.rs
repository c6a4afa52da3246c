//! TLS to the next hop, with certificates that openssl makes.

use std::{path::PathBuf, process::Command, sync::Arc, time::Duration};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use sluse::{
    policy::Way,
    relay::{Delivery, NextHop, Settings, Tls},
};
use tempfile::TempDir;
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
async fn required_tls_takes_one_that_our_authorities_vouch_for() {
    for tls in [Tls::Implicit, Tls::Required] {
        let keys = Keys::new();
        let (settings, fake) = hop_with(&keys, "220 2.0.0 go\r\n", tls).await;
        let settings =
            Settings { tls: Some(tls), authorities: Some(keys.certificate()), ..settings };
        assert_eq!(sent(&settings).await, [Delivery::Accepted], "{tls:?}");
        assert_eq!(fake.await.unwrap().unwrap().message(), MAIL);
        // Somebody else's certificate for the same place.
        let (other, fake) = hop_with(&Keys::new(), "220 2.0.0 go\r\n", tls).await;
        let settings = Settings { to: other.to, ..settings };
        assert!(matches!(sent(&settings).await[0], Delivery::Deferred(_)), "{tls:?}");
        assert!(fake.await.unwrap().is_none());
    }
}

#[tokio::test]
async fn what_must_go_under_verified_tls_goes_so_or_not_at_all() {
    let keys = Keys::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = Settings { tls: Some(Tls::Opportunistic), ..settings(&listener) };
    let known = Settings { authorities: Some(keys.certificate()), ..plain.clone() };
    let acceptor = keys.acceptor(None);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                greet(&mut stream, "220 2.0.0 go\r\n").await?;
                let stream = acceptor.accept(stream).await.ok()?;
                serve(stream, after_greeting).await;
                Some(())
            });
        }
    });
    let to = addresses(&["ola@partner.example"]);
    for (way, settings, taken) in [
        (Way::Any, &plain, true),
        (Way::VerifiedTls, &plain, false),
        (Way::VerifiedTls, &known, true),
    ] {
        let parcel = parcel(MAIL, &to).by(way);
        let delivery = deliveries(send(settings, &parcel, &to).await).remove(0);
        assert_eq!(delivery == Delivery::Accepted, taken, "{way:?}: {delivery:?}");
        assert!(taken || matches!(delivery, Delivery::Deferred(_)), "{delivery:?}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_offer_tls_gets_nothing_that_requires_it() {
    let (settings, fake) = super::hop::fake_hop(usual).await;
    let results = sent(&Settings { tls: Some(Tls::Required), ..settings }).await;
    assert!(matches!(results[0], Delivery::Deferred(_)), "{results:?}");
    let heard = fake.await.unwrap();
    assert!(!heard.commands.iter().any(|line| line.starts_with("MAIL")), "{:?}", heard.commands);
}

#[tokio::test]
async fn the_next_hop_knows_us_by_our_certificate() {
    let (server, ours, stranger) = (Keys::new(), Keys::new(), Keys::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = Settings {
        tls: Some(Tls::Required),
        authorities: Some(server.certificate()),
        ..settings(&listener)
    };
    let acceptor = server.acceptor(Some(&ours));
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                greet(&mut stream, "220 2.0.0 go\r\n").await?;
                let stream = acceptor.accept(stream).await.ok()?;
                serve(stream, after_greeting).await;
                Some(())
            });
        }
    });
    let with = |keys: &Keys| Settings {
        certificate: Some(keys.certificate()),
        key: Some(keys.key()),
        ..settings.clone()
    };
    assert_eq!(sent(&with(&ours)).await, [Delivery::Accepted]);
    for unknown in [&with(&stranger), &settings] {
        assert!(matches!(sent(unknown).await[0], Delivery::Deferred(_)));
    }
    let broken = Settings { key: Some(stranger.key()), ..with(&ours) };
    assert!(NextHop::load(&broken).is_err(), "a key of another certificate");
    assert!(NextHop::load(&with(&ours)).is_ok());
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
    hop_with(&Keys::new(), go, Tls::Required).await
}

/// The same with these keys; TLS from the first byte where that is asked for.
async fn hop_with(keys: &Keys, go: &str, tls: Tls) -> (Settings, JoinHandle<Option<Heard>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = settings(&listener);
    let (go, acceptor) = (go.to_owned(), keys.acceptor(None));
    let fake = async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let patience = Duration::from_secs(5);
        let heard = match tls {
            Tls::Implicit => {
                let stream = timeout(patience, acceptor.accept(stream)).await.ok()?.ok()?;
                serve(stream, usual).await
            }
            Tls::None | Tls::Opportunistic | Tls::Required => {
                greet(&mut stream, &go).await?;
                let stream = timeout(patience, acceptor.accept(stream)).await.ok()?.ok()?;
                serve(stream, after_greeting).await
            }
        };
        (!heard.commands.is_empty()).then_some(heard)
    };
    (settings, tokio::spawn(fake))
}

fn after_greeting(step: &str) -> super::hop::Say {
    if step == "greeting" { super::hop::Say::Nothing } else { usual(step) }
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

/// A key with a certificate that vouches for itself.
struct Keys(TempDir);

impl Keys {
    fn new() -> Self {
        let keys = Self(tempfile::tempdir().unwrap());
        let kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=fake"];
        let made = Command::new("openssl")
            .args(["req", "-x509", "-nodes", "-days", "2", "-out"])
            .arg(keys.certificate())
            .args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout"])
            .arg(keys.key())
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(kind)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        keys
    }

    fn certificate(&self) -> PathBuf {
        self.0.path().join("certificate.pem")
    }

    fn key(&self) -> PathBuf {
        self.0.path().join("key.pem")
    }

    /// A server with this key, that wants a certificate of `clients` where they
    /// are given.
    fn acceptor(&self, clients: Option<&Keys>) -> TlsAcceptor {
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let config = config.with_safe_default_protocol_versions().unwrap();
        let certificate = |keys: &Keys| CertificateDer::from_pem_file(keys.certificate()).unwrap();
        let config = match clients {
            None => config.with_no_client_auth(),
            Some(clients) => {
                let mut roots = RootCertStore::empty();
                roots.add(certificate(clients)).unwrap();
                let roots = Arc::new(roots);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                config.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let key = PrivateKeyDer::from_pem_file(self.key()).unwrap();
        let config = config.with_single_cert(vec![certificate(self)], key);
        TlsAcceptor::from(Arc::new(config.unwrap()))
    }
}
