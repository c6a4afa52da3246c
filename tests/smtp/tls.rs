//! TLS, by STARTTLS and from the first byte, with keys that openssl makes.

use std::{path::Path, process::Command, sync::Arc};

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    },
};

use crate::{
    MAIL,
    client::{Client, KARI, OLA, PER},
    fake_judge::deliver,
    gateway::Gateway,
};

/// An authority, and certificates that it gives out.
pub(crate) struct Keys(TempDir);

impl Keys {
    pub(crate) fn new() -> Self {
        let keys = Self(TempDir::with_prefix("sluse-tls-").unwrap());
        keys.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=authority",
            "-keyout",
            "authority.key",
            "-out",
            "authority.pem",
        ]);
        keys.certify("gate.cpm.example", "serverAuth");
        keys
    }

    /// Makes a key and a certificate for `name`.
    pub(crate) fn certify(&self, name: &str, usage: &str) {
        let (key, request, out) =
            (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"));
        self.openssl(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            &format!("/CN={name}"),
            "-keyout",
            &key,
            "-out",
            &request,
        ]);
        let extensions = format!("subjectAltName=DNS:{name}\nextendedKeyUsage={usage}\n");
        std::fs::write(self.path("extensions"), extensions).unwrap();
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            "authority.pem",
            "-CAkey",
            "authority.key",
            "-CAcreateserial",
            "-days",
            "30",
            "-extfile",
            "extensions",
            "-out",
            &out,
        ]);
    }

    /// Lines of settings with our certificate.
    pub(crate) fn settings(&self) -> String {
        let path = |name: &str| self.path(name).display().to_string();
        format!(
            "certificate = {:?}\nkey = {:?}\nauthorities = {:?}\n",
            path("gate.cpm.example.pem"),
            path("gate.cpm.example.key"),
            path("authority.pem")
        )
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn openssl(&self, args: &[&str]) {
        let run = Command::new("openssl").args(args).current_dir(self.0.path()).output();
        let run = run.expect("openssl of Debian");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    }

    /// A client that trusts the authority and shows the certificate of a name.
    fn connector(&self, name: Option<&str>) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(certificate(&self.path("authority.pem"))).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match name {
            Some(name) => {
                let key = PrivateKeyDer::from_pem_file(self.path(&format!("{name}.key"))).unwrap();
                let chain = vec![certificate(&self.path(&format!("{name}.pem")))];
                config.with_client_auth_cert(chain, key).unwrap()
            }
            None => config.with_no_client_auth(),
        };
        TlsConnector::from(Arc::new(config))
    }

    /// Starts TLS on a session where STARTTLS was answered.
    async fn secure(&self, client: Client, name: Option<&str>) -> Client {
        let server = ServerName::try_from("gate.cpm.example").unwrap();
        let stream = self.connector(name).connect(server, client.into_stream()).await.unwrap();
        Client::silent(stream)
    }
}

fn certificate(path: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path).unwrap()
}

/// A session under TLS, greeted and introduced.
async fn secured(gateway: &Gateway, keys: &Keys, name: Option<&str>) -> Client {
    let mut client = Client::hello(gateway.address()).await;
    assert_eq!(client.say("STARTTLS").await.code, 220);
    let mut client = keys.secure(client, name).await;
    assert_eq!(client.say("EHLO client").await.code, 250);
    client
}

#[tokio::test]
async fn starttls_secures_and_begins_anew() {
    let keys = Keys::new();
    let gateway = Gateway::with(deliver(), &keys.settings()).await;
    let mut client = Client::connect(gateway.address()).await;
    assert!(client.say("EHLO a").await.text().contains("STARTTLS"));
    client.say(&format!("MAIL FROM:<{KARI}>")).await;
    assert_eq!(client.say("STARTTLS").await.code, 220);
    let mut client = keys.secure(client, None).await;
    assert_eq!(client.say(&format!("RCPT TO:<{OLA}>")).await.code, 503);
    assert_eq!(client.say("MAIL FROM:<>").await.codes(), "503 5.5.1");
    assert!(!client.say("EHLO a").await.text().contains("STARTTLS"));
    assert_eq!(client.say("STARTTLS").await.code, 503);
    assert_eq!(client.submit(KARI, &[OLA], MAIL).await.code, 250);
    assert_eq!(gateway.hop.messages(), [MAIL]);
}

#[tokio::test]
async fn tls_from_the_first_byte() {
    let keys = Keys::new();
    let gateway = Gateway::at(deliver(), "\"smtps:127.0.0.1:0\"", &keys.settings()).await;
    let stream = TcpStream::connect(gateway.address()).await.unwrap();
    let server = ServerName::try_from("gate.cpm.example").unwrap();
    let stream = keys.connector(None).connect(server, stream).await.unwrap();
    let mut client = Client::over(stream).await;
    assert_eq!(client.say("EHLO a").await.code, 250);
    assert_eq!(client.submit(KARI, &[OLA], MAIL).await.code, 250);
}

/// The commands sent in the clear behind STARTTLS must count for nothing
/// (CVE-2011-0411).
#[tokio::test]
async fn starttls_injection_is_discarded() {
    let keys = Keys::new();
    let gateway = Gateway::with(deliver(), &keys.settings()).await;
    let mut client = Client::hello(gateway.address()).await;
    let injected = format!("STARTTLS\r\nEHLO evil\r\nMAIL FROM:<{PER}>\r\nRCPT TO:<{OLA}>\r\n");
    client.send(injected.as_bytes()).await;
    assert_eq!(client.reply().await.code, 220);
    let mut client = keys.secure(client, None).await;
    // The first answer under TLS is that to the first command under TLS.
    assert_eq!(client.say("NOOP").await.codes(), "250 2.0.0");
    assert_eq!(client.say("DATA").await.code, 503);
    assert_eq!(gateway.hop.commands(), [""; 0]);
}

#[tokio::test]
async fn a_connector_is_known_by_its_certificate() {
    let keys = Keys::new();
    for (name, usage) in [
        ("mail.service.example", "clientAuth"),
        ("mail2.service.example", "serverAuth"),
        ("mail.other.example", "clientAuth"),
    ] {
        keys.certify(name, usage);
    }
    let settings = format!(
        "trusted = []\n{}[[connector]]\nname = \"service\"\n\
         certificates = [\"mail.service.example\", \"mail2.service.example\"]\n",
        keys.settings()
    );
    let gateway = Gateway::with(deliver(), &settings).await;
    for name in ["mail.service.example", "mail2.service.example"] {
        let mut client = secured(&gateway, &keys, Some(name)).await;
        assert_eq!(client.submit(KARI, &[OLA], MAIL).await.code, 250, "{name}");
        // Others are behind the same certificate: they reach us alone.
        assert_eq!(client.submit(PER, &[KARI], MAIL).await.code, 250, "{name}");
        assert_eq!(client.say(&format!("MAIL FROM:<{PER}>")).await.code, 250);
        assert_eq!(client.say(&format!("RCPT TO:<{OLA}>")).await.codes(), "550 5.7.1");
    }
    for name in [None, Some("mail.other.example")] {
        let mut client = secured(&gateway, &keys, name).await;
        assert_eq!(client.say(&format!("MAIL FROM:<{KARI}>")).await.codes(), "550 5.7.1");
    }
    // A certificate of the right name from an authority of one's own.
    let forger = Keys::new();
    forger.certify("mail.service.example", "clientAuth");
    for file in ["mail.service.example.key", "mail.service.example.pem"] {
        std::fs::copy(forger.path(file), keys.path(file)).unwrap();
    }
    let mut client = secured(&gateway, &keys, Some("mail.service.example")).await;
    assert_eq!(client.say(&format!("MAIL FROM:<{KARI}>")).await.codes(), "550 5.7.1");
}

#[tokio::test]
async fn a_handshake_that_fails_ends_the_connection() {
    let keys = Keys::new();
    let gateway = Gateway::with(deliver(), &keys.settings()).await;
    let mut client = Client::hello(gateway.address()).await;
    assert_eq!(client.say("STARTTLS").await.code, 220);
    client.send(b"MAIL FROM:<kari@cpm.example>\r\nRCPT TO:<ola@partner.example>\r\n").await;
    let mut rest = Vec::new();
    let mut stream = client.into_stream();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest).await;
    assert!(!rest.starts_with(b"2"), "at most an alert");
    assert_eq!(gateway.hop.commands(), [""; 0]);
}

#[tokio::test]
async fn files_that_do_not_fit_are_told() {
    let keys = Keys::new();
    let check = |settings: &str| {
        let least = "listen = \"127.0.0.1:0\"\nnext_hop = \"127.0.0.1:25\"\n";
        let settings: sluse::frontend::smtp::Settings =
            toml::from_str(&format!("{least}{settings}")).unwrap();
        settings.check_files().map_err(|error| error.to_string())
    };
    assert_eq!(check(&keys.settings()), Ok(()));
    let mixed = keys.settings().replace("gate.cpm.example.key", "authority.key");
    assert!(check(&mixed).unwrap_err().contains("cannot be used together"));
    let absent = keys.settings().replace("gate.cpm.example.pem", "absent.pem");
    assert!(check(&absent).unwrap_err().contains("absent.pem"));
    let swapped = keys.settings().replace("gate.cpm.example.pem", "gate.cpm.example.key");
    assert!(check(&swapped).unwrap_err().contains("holds no certificate"));
}
