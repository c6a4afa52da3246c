//! The whole program, with real clients: swaks and openssl.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::WebPkiClientVerifier,
    },
};

use crate::{client, client::Client, hop::Hop, tls::Keys};

#[path = "../harness/lines.rs"]
#[allow(dead_code, reason = "shared with tests that need more of it")]
mod lines;
#[path = "../harness/sink.rs"]
#[allow(dead_code, reason = "shared with tests that need more of it")]
mod sink;

use lines::Lines;
use sink::Sink;

const PATIENCE: Duration = Duration::from_secs(30);
/// Synthetic.
const NUMBER: &str = "13827830652";

/// `sluse serve` before a sink, with nothing but `[smtp]`.
struct Service {
    address: SocketAddr,
    sink: Sink,
    keys: Keys,
    dir: TempDir,
    log: Lines,
    child: Child,
}

impl Service {
    fn start(more: &str) -> Self {
        let (dir, sink, keys) =
            (TempDir::with_prefix("sluse-").unwrap(), Sink::open(), Keys::new());
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        drop(socket);
        let text = format!(
            "[gateway]\ndomains = [\"cpm.example\"]\nstate = {:?}\n[log]\nlevel = \"debug\"\n\
             [smtp]\nlisten = \"{address}\"\nnext_hop = \"127.0.0.1:{}\"\n\
             hello = \"gate.cpm.example\"\n{}{more}",
            dir.path().join("state").display().to_string(),
            sink.port,
            keys.settings(),
        );
        fs::write(dir.path().join("sluse.toml"), text).unwrap();
        // The death signal outlives exec: nothing stays behind a killed test.
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_sluse"), "serve", "--config"])
            .arg(dir.path().join("sluse.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("setpriv of util-linux");
        let log = Lines::default();
        log.follow(child.stderr.take().unwrap());
        assert!(
            log.wait(0, PATIENCE, |line| line.contains("ready version")).is_some(),
            "{:?}",
            log.all()
        );
        Self { address, sink, keys, dir, log, child }
    }

    /// Runs swaks against it and gives its exit status and the dialogue.
    fn swaks(&self, args: &[&str]) -> (bool, String) {
        let run = Command::new("swaks")
            .args(["--server", "127.0.0.1", "--port", &self.address.port().to_string()])
            .args(["--helo", "client.cpm.example", "--from", client::KARI])
            .args(args)
            .output()
            .expect("swaks of Debian");
        (run.status.success(), String::from_utf8_lossy(&run.stdout).into_owned())
    }

    /// Reloads other settings, and waits for what the log says of it.
    fn reload(&self, text: &str, told: &'static str) {
        fs::write(self.dir.path().join("sluse.toml"), text).unwrap();
        let skip = self.log.len();
        kill_process(Pid::from_child(&self.child), Signal::HUP).unwrap();
        let found = self.log.wait(skip, PATIENCE, |line| line.contains(told));
        assert!(found.is_some(), "{told}: {:?}", self.log.all());
    }

    fn settings(&self) -> String {
        fs::read_to_string(self.dir.path().join("sluse.toml")).unwrap()
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

#[test]
fn swaks_with_tls_and_pipelining() {
    let service = Service::start("");
    for (more, times) in [
        (&["--pipeline"][..], 1),
        (&["--tls", "--pipeline"], 2),
        (&["--tls", "--tls-protocol", "tlsv1_2"], 3),
    ] {
        let args = [&["--to", client::OLA, "--body", "Hei."], more].concat();
        let (sent, dialogue) = service.swaks(&args);
        assert!(sent && dialogue.contains("250 2.0.0 Ok: "), "{dialogue}");
        assert_eq!(service.sink.wait(times, PATIENCE, |_| true).len(), times);
    }
    // A number in it ends in the session, and does not go on.
    let text = format!("Hei, fødselsnummer: {NUMBER}");
    let (sent, dialogue) = service.swaks(&["--to", client::OLA, "--body", &text]);
    assert!(!sent && dialogue.contains("<** 550"), "{dialogue}");
    let arrived = service.sink.arrivals();
    assert_eq!(arrived.iter().filter(|mail| mail.recipients == [client::OLA]).count(), 3);
    assert!(arrived.iter().all(|mail| !mail.tells(NUMBER)));
    assert!(!service.log.all().join("\n").contains(NUMBER));
}

#[test]
fn swaks_with_a_thousand_recipients() {
    let service = Service::start("");
    let to: Vec<String> = (0..1000).map(|number| format!("to{number}@partner.example")).collect();
    let (sent, dialogue) = service.swaks(&["--pipeline", "--to", &to.join(","), "--body", "Hei."]);
    assert!(sent, "{dialogue}");
    let arrived = service.sink.wait(1, PATIENCE, |_| true);
    assert_eq!(arrived[0].recipients, to);
}

#[test]
fn openssl_gets_through_starttls() {
    let service = Service::start("");
    let mail = format!(
        "EHLO a\nMAIL FROM:<{}>\nRCPT TO:<{}>\nDATA\nSubject: a\n\nHei\n.\nQUIT\n",
        client::KARI,
        client::OLA
    );
    let input = service.file("dialogue", &mail);
    let authority = service.keys.path("authority.pem");
    let run = Command::new("openssl")
        .args(["s_client", "-starttls", "smtp", "-crlf", "-quiet", "-verify_return_error"])
        .args(["-verify_hostname", "gate.cpm.example", "-CAfile"])
        .arg(authority)
        .args(["-connect", &service.address.to_string()])
        .stdin(fs::File::open(input).unwrap())
        .output()
        .expect("openssl of Debian");
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(said.contains("354 ") && said.contains("250 2.0.0 Ok: "), "{said}");
    let arrived = service.sink.wait(1, PATIENCE, |_| true);
    assert_eq!(arrived[0].bytes, b"Subject: a\r\n\r\nHei\r\n");
}

#[test]
fn a_reload_takes_a_new_certificate_and_our_domains() {
    let service = Service::start("");
    let names = || {
        let run = Command::new("openssl")
            .args(["s_client", "-starttls", "smtp", "-connect", &service.address.to_string()])
            .stdin(Stdio::null())
            .output();
        String::from_utf8_lossy(&run.unwrap().stdout).into_owned()
    };
    assert!(names().contains("gate.cpm.example"));
    service.keys.certify("new.cpm.example", "serverAuth");
    let changed = service
        .settings()
        .replace("gate.cpm.example.pem", "new.cpm.example.pem")
        .replace("gate.cpm.example.key", "new.cpm.example.key");
    service.reload(&changed, "settings, rules and policy reloaded");
    assert!(names().contains("new.cpm.example"));
    service.reload(&changed.replace("new.cpm.example.key", "absent.key"), "reload failed");
    assert!(names().contains("new.cpm.example"), "the old settings stay");
}

#[tokio::test]
async fn a_stop_is_quick_and_idle_clients_are_told() {
    let mut service = Service::start("");
    let mut client = Client::hello(service.address).await;
    kill_process(Pid::from_child(&service.child), Signal::TERM).unwrap();
    assert_eq!(client.reply().await.codes(), "421 4.3.2");
    assert!(service.child.wait().unwrap().success());
    assert!(TcpStream::connect(service.address).is_err());
}

#[test]
fn a_split_is_told_in_one_word_and_nothing_is_lost() {
    let policy = "[[route]]\nname = \"held\"\nwhen = { recipient = \"*@other.example\" }\n\
        verdict = \"hold\"\n[[route]]\nname = \"rest\"\nverdict = \"deliver\"\n";
    let service = Service::start("");
    let path = service.file("policy.toml", policy);
    let settings = service.dir.path().join("sluse.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let with = format!("[gateway]\npolicy = {:?}\n", path.display().to_string());
    fs::write(&settings, text.replace("[gateway]\n", &with)).unwrap();
    let skip = service.log.len();
    kill_process(Pid::from_child(&service.child), Signal::HUP).unwrap();
    assert!(service.log.wait(skip, PATIENCE, |line| line.contains("reloaded")).is_some());
    let to = format!("{},{}", client::OLA, client::PER);
    let (sent, dialogue) = service.swaks(&["--to", &to, "--body", "Hei."]);
    assert!(sent && dialogue.contains("250 2.0.0 Ok: "), "{dialogue}");
    // By the outbox, to the next hop of [smtp].
    let arrived = service.sink.wait(1, PATIENCE, |_| true);
    assert_eq!(arrived[0].recipients, [client::OLA]);
    let listed = Command::new(env!("CARGO_BIN_EXE_sluse"))
        .args(["quarantine", "list", "--format", "json", "--config"])
        .arg(&settings)
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&listed.stdout).contains(client::PER));
}

#[tokio::test]
async fn a_success_is_told_to_our_own_when_the_next_hop_will_not() {
    let service = Service::start("");
    let mut client = Client::hello(service.address).await;
    for (from, told) in [(client::KARI, 1), ("eva@else.example", 1), ("", 1)] {
        let mail = format!("MAIL FROM:<{from}> RET=FULL ENVID=QQ+2B314");
        let rcpt = format!("RCPT TO:<{}> NOTIFY=SUCCESS ORCPT=rfc822;x@y.example", client::OLA);
        assert_eq!(client.codes(&[&mail, &rcpt, "DATA"]).await, [250, 250, 354]);
        client.send(b"Subject: Tur\r\n\r\nHemmelig tur.\r\n.\r\n").await;
        assert_eq!(client.reply().await.code, 250);
        let is_report = |mail: &sink::Arrival| mail.text().contains("Action: relayed");
        let arrived = service.sink.wait(told, PATIENCE, is_report);
        assert_eq!(arrived.len(), told, "{from}");
        let report = arrived[0].text();
        assert_eq!(arrived[0].recipients, [client::KARI]);
        assert!(report.contains("Original-Envelope-Id: QQ+314"), "{report}");
        assert!(report.contains("Original-Recipient: rfc822; x@y.example"), "{report}");
        assert!(!report.contains("Hemmelig"), "RET=FULL brings no content back");
    }
    // Nor when it says that it will.
    service.sink.offer_reports();
    let (sent, _) = service.swaks(&["--to", client::OLA, "--body", "Hei."]);
    assert!(sent);
    assert_eq!(service.sink.arrivals().iter().filter(|mail| mail.sender.is_empty()).count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_takes_a_new_certificate_for_the_next_hop() {
    let service = Service::start("");
    for (name, usage) in
        [("localhost", "serverAuth"), ("old.example", "clientAuth"), ("new.example", "clientAuth")]
    {
        service.keys.certify(name, usage);
    }
    let hop = Hop::start().await;
    let (port, shown) = keyed_hop(&service.keys, &hop).await;
    let path = |name: &str| service.keys.path(name).display().to_string();
    let next_hop = format!("next_hop = \"127.0.0.1:{}\"", service.sink.port);
    let keyed = format!(
        "next_hop = \"localhost:{port}\"\nnext_hop_tls = \"implicit\"\n\
         next_hop_authorities = {:?}\nnext_hop_certificate = {:?}\nnext_hop_key = {:?}",
        path("authority.pem"),
        path("old.example.pem"),
        path("old.example.key")
    );
    let old = service.settings().replace(&next_hop, &keyed);
    let new = old.replace("/old.example", "/new.example");
    let broken = new.replace("/new.example.key", "/absent.key");
    for (settings, told, name) in [
        (&old, "settings, rules and policy reloaded", "old.example"),
        (&new, "settings, rules and policy reloaded", "new.example"),
        (&broken, "reload failed", "new.example"),
    ] {
        service.reload(settings, told);
        let (sent, dialogue) = service.swaks(&["--to", client::OLA, "--body", "Hei."]);
        assert!(sent, "{dialogue}");
        let expected = CertificateDer::from_pem_file(path(&format!("{name}.pem"))).unwrap();
        assert_eq!(shown.lock().unwrap().last(), Some(&expected), "{name}");
    }
    assert_eq!(hop.messages().len(), 3);
}

/// A server under TLS before `hop`, that wants a certificate of the authority:
/// its port, and the certificates that it was shown.
async fn keyed_hop(keys: &Keys, hop: &Hop) -> (u16, Arc<Mutex<Vec<CertificateDer<'static>>>>) {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(keys.path("authority.pem")).unwrap()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let chain = vec![CertificateDer::from_pem_file(keys.path("localhost.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(keys.path("localhost.key")).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients.build().unwrap())
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let shown: Arc<Mutex<Vec<_>>> = Arc::default();
    let (seen, hop) = (Arc::clone(&shown), hop.clone());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, seen, hop) = (acceptor.clone(), Arc::clone(&seen), hop.clone());
            tokio::spawn(async move {
                let stream = acceptor.accept(stream).await.ok()?;
                let certificate = stream.get_ref().1.peer_certificates()?[0].clone();
                seen.lock().unwrap().push(certificate.into_owned());
                hop.serve(stream).await
            });
        }
    });
    (port, shown)
}

#[test]
fn what_a_route_wants_under_verified_tls_waits_where_there_is_none() {
    let service = Service::start("");
    let policy = "[[route]]\nname = \"abroad\"\nwhen = { recipient = \"*@other.example\" }\n\
        verdict = \"deliver\"\nrequire_tls = true\n\
        [[route]]\nname = \"rest\"\nverdict = \"deliver\"\n";
    let path = service.file("policy.toml", policy);
    let with = format!("[gateway]\npolicy = {:?}\n", path.display().to_string());
    let settings = service.settings().replace("[gateway]\n", &with);
    service.reload(&settings, "policy reloaded");
    let (sent, dialogue) = service.swaks(&["--to", client::PER, "--body", "Hei."]);
    assert!(!sent && dialogue.contains("<** 451"), "{dialogue}");
    let (sent, dialogue) = service.swaks(&["--to", client::OLA, "--body", "Hei."]);
    assert!(sent, "{dialogue}");
    let both = format!("{},{}", client::OLA, client::PER);
    let (sent, dialogue) = service.swaks(&["--to", &both, "--body", "Hei."]);
    assert!(!sent && dialogue.contains("<** 451"), "{dialogue}");
    assert!(service.sink.arrivals().iter().all(|mail| mail.recipients == [client::OLA]));
    // A milter cannot see to it.
    service.reload(&format!("{settings}[milter]\n"), "reload failed");
}
