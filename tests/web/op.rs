//! A provider of log-ins on this machine, as strict as a good one and as bad as
//! a test wishes. It checks the client, the place to come back to, PKCE, and
//! that a code is used once.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::{
    collections::HashMap,
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::PathBuf,
    process::Command,
    sync::{Arc, Mutex},
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::place::{Answer, Browser, ORIGIN};

/// The provider.
pub(crate) struct Op {
    /// Where it listens.
    pub(crate) port: u16,
    shared: Arc<Mutex<Shared>>,
    dir: TempDir,
}

/// What it knows and how it behaves.
pub(crate) struct Shared {
    /// What is told of the person who logs in; what stands here wins over what
    /// a good provider would say, and null takes a claim away.
    pub(crate) claims: Value,
    /// What the userinfo endpoint says.
    pub(crate) userinfo: Value,
    /// How tokens are signed.
    pub(crate) signing: Signing,
    /// How it answers, by the beginning of the path.
    pub(crate) manners: Vec<(&'static str, Manners)>,
    /// What it was asked, in order.
    pub(crate) asked: Vec<String>,
    /// Why it refused a code.
    pub(crate) refused: Vec<String>,
    issuer: String,
    key: EcdsaKeyPair,
    kid: String,
    codes: HashMap<String, HashMap<String, String>>,
}

/// How tokens are signed.
#[derive(Clone, Copy)]
pub(crate) enum Signing {
    /// By a key that is not the provider's, under its name.
    Foreign,
    /// Not at all, and it says so.
    None,
    /// With the secret of the client.
    Secret,
    /// By its key.
    Usual,
}

/// How a request is answered.
#[derive(Clone, Copy)]
pub(crate) enum Manners {
    /// With more than anybody wants.
    Huge,
    /// With another address.
    Redirect,
    /// Never.
    Slow,
}

impl Op {
    /// One that knows somebody with this role in his claims.
    pub(crate) fn open(role: &str) -> Self {
        Self::with(role, None)
    }

    /// The same, with HTTPS and a certificate that only itself vouches for.
    pub(crate) fn open_tls(role: &str) -> Self {
        let dir = TempDir::with_prefix("sluse-op-").unwrap();
        let (certificate, key) = (dir.path().join(CERTIFICATE), dir.path().join("key.pem"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=op", "-out"])
            .arg(&certificate)
            .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout"])
            .arg(&key)
            .args(["-addext", "subjectAltName=IP:127.0.0.1"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let certificates = vec![CertificateDer::from_pem_file(certificate).unwrap()];
        let key = PrivateKeyDer::from_pem_file(key).unwrap();
        let config = config.with_single_cert(certificates, key).unwrap();
        Self { dir, ..Self::with(role, Some(Arc::new(config))) }
    }

    fn with(role: &str, tls: Option<Arc<ServerConfig>>) -> Self {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let dir = TempDir::with_prefix("sluse-op-").unwrap();
        let shared = Shared {
            claims: json!({
                "sub": "solveig-1", "roles": [role], "preferred_username": "solveig",
                "email": "s.dal@cpm.example",
            }),
            userinfo: json!({ "sub": "solveig-1" }),
            signing: Signing::Usual,
            manners: Vec::new(),
            asked: Vec::new(),
            refused: Vec::new(),
            issuer: format!("{scheme}://127.0.0.1:{port}"),
            key: new_key(),
            kid: "one".to_owned(),
            codes: HashMap::new(),
        };
        let shared = Arc::new(Mutex::new(shared));
        let own = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (own, tls) = (Arc::clone(&own), tls.clone());
                thread::spawn(move || match tls {
                    None => serve(stream, &own),
                    Some(config) => {
                        let session = ServerConnection::new(config).unwrap();
                        serve(StreamOwned::new(session, stream), &own);
                    }
                });
            }
        });
        Self { port, shared, dir }
    }

    /// Changes how it behaves.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Shared)) {
        change(&mut self.shared.lock().unwrap());
    }

    /// Says something else of the person.
    pub(crate) fn claim(&self, name: &str, value: Value) {
        self.change(|shared| shared.claims[name] = value);
    }

    /// Signs by another key from now on.
    pub(crate) fn rotate(&self, kid: &str) {
        self.change(|shared| (shared.key, shared.kid) = (new_key(), kid.to_owned()));
    }

    /// How often it was asked for paths that begin so.
    pub(crate) fn asked(&self, path: &str) -> usize {
        let shared = self.shared.lock().unwrap();
        shared.asked.iter().filter(|asked| asked.starts_with(path)).count()
    }

    /// Why it refused codes.
    pub(crate) fn refused(&self) -> Vec<String> {
        self.shared.lock().unwrap().refused.clone()
    }

    /// Its section in the settings, with further lines.
    pub(crate) fn settings(&self, more: &str) -> String {
        fs::write(self.secret_file(), format!("{SECRET}\n")).unwrap();
        let issuer = self.shared.lock().unwrap().issuer.clone();
        format!(
            "[[accounts.oidc]]\nname = \"op\"\nlabel = \"Prøvebruker\"\n\
             issuer = {issuer:?}\nclient_id = {CLIENT:?}\n\
             client_secret_file = {:?}\nroles = {{ reviewers = [\"reviewer\"], \
             admins = [\"administrator\"], viewers = [\"viewer\"] }}\n{more}\n",
            self.secret_file().display().to_string(),
        )
    }

    /// Where the secret of the client is.
    pub(crate) fn secret_file(&self) -> PathBuf {
        self.dir.path().join("secret")
    }

    /// The certificate that vouches for it.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.dir.path().join(CERTIFICATE)
    }

    /// Lets the person log in, and gives the path that the browser is sent
    /// back to.
    pub(crate) fn visit(&self, url: &str) -> String {
        let answer = self.go(url);
        assert_eq!(answer.status, 302, "{answer:?}");
        let back = answer.header("location").to_owned();
        back.strip_prefix(ORIGIN).unwrap().to_owned()
    }

    /// Follows a link to the provider.
    pub(crate) fn go(&self, url: &str) -> Answer {
        let path = url.strip_prefix(&format!("http://127.0.0.1:{}", self.port));
        Browser::at(self.port).get(path.unwrap())
    }
}

fn serve(mut stream: impl Read + Write, shared: &Mutex<Shared>) {
    let Some((head, body)) = read(&mut stream) else { return };
    let mut line = head.lines().next().unwrap_or_default().split(' ');
    let (_, target) = (line.next(), line.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut shared = shared.lock().unwrap();
    shared.asked.push(path.to_owned());
    let manners = shared.manners.iter().find(|(start, _)| path.starts_with(start));
    match manners.map(|(_, manners)| *manners) {
        Some(Manners::Slow) => {
            drop(shared);
            // Until the other side gives up.
            drop(stream.read(&mut [0]));
            return;
        }
        Some(Manners::Huge) => {
            drop(shared);
            answer(&mut stream, "200 OK", "", &format!("[\"{}\"]", "x".repeat(8 << 20)));
            return;
        }
        Some(Manners::Redirect) => {
            let to = format!("Location: {}/elsewhere\r\n", shared.issuer);
            return answer(&mut stream, "307 Temporary Redirect", &to, "{}");
        }
        None => {}
    }
    match path {
        "/.well-known/openid-configuration" => {
            answer(&mut stream, "200 OK", "", &shared.description().to_string());
        }
        "/keys" => answer(&mut stream, "200 OK", "", &shared.keys().to_string()),
        "/authorize" => {
            let to = format!("Location: {}\r\n", shared.authorize(pairs(query)));
            answer(&mut stream, "302 Found", &to, "");
        }
        "/token" => match shared.token(&head, &pairs(&body)) {
            Ok(token) => answer(&mut stream, "200 OK", "", &token.to_string()),
            Err(why) => {
                shared.refused.push(why.to_owned());
                let error = json!({ "error": "invalid_grant", "error_description": why });
                answer(&mut stream, "400 Bad Request", "", &error.to_string());
            }
        },
        "/userinfo" if head.to_lowercase().contains("authorization: bearer access-") => {
            answer(&mut stream, "200 OK", "", &shared.userinfo.to_string());
        }
        _ => answer(&mut stream, "404 Not Found", "", "{}"),
    }
}

impl Shared {
    fn description(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer);
        json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "userinfo_endpoint": at("/userinfo"),
            "jwks_uri": at("/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "code_challenge_methods_supported": ["S256"],
        })
    }

    fn keys(&self) -> Value {
        let point = self.key.public_key().as_ref();
        json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid,
            "x": BASE64URL_NOPAD.encode(&point[1..33]), "y": BASE64URL_NOPAD.encode(&point[33..]),
        }] })
    }

    /// Where the browser is sent after the person logged in.
    fn authorize(&mut self, asked: HashMap<String, String>) -> String {
        let field = |name: &str| asked.get(name).cloned().unwrap_or_default();
        let back = field("redirect_uri");
        let is_right = field("response_type") == "code"
            && field("client_id") == CLIENT
            && field("scope").split(' ').any(|scope| scope == "openid")
            && field("code_challenge_method") == "S256"
            && field("code_challenge").len() == 43
            && field("nonce").len() > 20
            && field("state").len() > 20
            && back == format!("{ORIGIN}/login/oidc/op/callback");
        if !is_right {
            return format!("{back}?error=invalid_request&state={}", field("state"));
        }
        let code = format!("code-{}", self.asked.len());
        let state = field("state");
        self.codes.insert(code.clone(), asked);
        format!("{back}?code={code}&state={state}")
    }

    /// What a code is worth, once.
    fn token(&mut self, head: &str, sent: &HashMap<String, String>) -> Result<Value, &'static str> {
        let field = |name: &str| sent.get(name).map(String::as_str).unwrap_or_default();
        let secret = format!("{CLIENT}:{}", SECRET.replace('/', "%2F"));
        let basic = format!("authorization: basic {}", BASE64.encode(secret.as_bytes()));
        if !head.lines().any(|line| line.eq_ignore_ascii_case(&basic)) {
            return Err("client");
        }
        let asked = self.codes.remove(field("code")).ok_or("code")?;
        if field("grant_type") != "authorization_code" {
            return Err("grant");
        }
        if field("redirect_uri") != asked["redirect_uri"] {
            return Err("redirect");
        }
        let hash = BASE64URL_NOPAD.encode(&Sha256::digest(field("code_verifier")));
        if hash != asked["code_challenge"] {
            return Err("pkce");
        }
        let access = format!("access-{}", field("code"));
        let id_token = self.id_token(&asked, &access);
        Ok(json!({ "access_token": access, "token_type": "Bearer", "id_token": id_token }))
    }

    fn id_token(&self, asked: &HashMap<String, String>, access: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let hash = Sha256::digest(access);
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300,
            "nonce": asked["nonce"], "at_hash": BASE64URL_NOPAD.encode(&hash[..16]),
        });
        for (name, value) in self.claims.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        let algorithm = match self.signing {
            Signing::Foreign | Signing::Usual => "ES256",
            Signing::None => "none",
            Signing::Secret => "HS256",
        };
        let header = json!({ "alg": algorithm, "kid": self.kid, "typ": "JWT" });
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let by = |key: &EcdsaKeyPair| {
            key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref().to_vec()
        };
        let signature = match self.signing {
            Signing::Foreign => by(&new_key()),
            Signing::None => Vec::new(),
            Signing::Secret => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
                hmac::sign(&key, signed.as_bytes()).as_ref().to_vec()
            }
            Signing::Usual => by(&self.key),
        };
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
    }
}

fn new_key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let way = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let key = EcdsaKeyPair::generate_pkcs8(way, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(way, key.as_ref(), &random).unwrap()
}

fn read(stream: &mut impl Read) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then(|| value.parse().unwrap_or(0))
        });
        if body.len() >= length.unwrap_or(0) {
            return Some((head.to_owned(), body.to_owned()));
        }
    }
}

fn answer(stream: &mut impl Write, status: &str, more: &str, body: &str) {
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n{more}\r\n{body}"
    );
    drop(stream.write_all(text.as_bytes()));
}

/// A query or a form.
pub(crate) fn pairs(text: &str) -> HashMap<String, String> {
    serde_html_form::from_str::<Vec<(String, String)>>(text).unwrap().into_iter().collect()
}

const CERTIFICATE: &str = "certificate.pem";
const CLIENT: &str = "sluse-test";
const SECRET: &str = "a/secret-for-tests";
