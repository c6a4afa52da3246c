//! DKIM signatures, checked by another program (dkimpy, from Debian), with keys
//! that OpenSSL made.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use data_encoding::BASE64;
use harness::{
    client::Mail,
    keyring::Keyring,
    samples::{OLA, letter, sample},
    site::Site,
    sluse::Plan,
};
use sluse::protect::{DkimSettings, Signers};
use tempfile::TempDir;

#[test]
fn others_can_verify_what_we_sign() {
    let keys = Keys::new();
    let signers = Signers::open(&[
        keys.rsa("cpm.example"),
        keys.ed25519("cpm.example"),
        keys.pkcs1("post.cpm.example"),
    ]);
    let signers = signers.unwrap();
    for (author, message, count) in [
        ("kari@cpm.example", "Subject: Hei\r\n\r\nVi ses.\r\n", 2),
        ("Kari <kari@Post.CPM.example>", "Subject:  a\r\n\t b  \r\n\r\n a \t b \r\n\r\n\r\n", 1),
        ("kari@lab.cpm.example", "To: a@b.example\r\nTo: c@d.example\r\n\r\n", 2),
        ("kari@cpm.example", "References: <1@a.example>\r\n <2@a.example>\r\n\r\n\r\nno end", 2),
        ("kari@cpm.example", "Subject: bl\u{e5}b\u{e6}r\r\n\r\n\u{f8}l\r\n.\r\n", 2),
    ] {
        let message = format!("From: {author}\r\n{message}");
        let fields = signers.sign(message.as_bytes(), "2026-11-23T08:00:00Z".parse().unwrap());
        let signed = [&fields.unwrap(), message.as_bytes()].concat();
        assert_eq!(keys.verify(&signed), vec![true; count], "{message}");
        let second = [b"From: eva@cpm.example\r\n", &signed[..]].concat();
        assert!(!keys.verify(&second).contains(&true), "a second author: {message}");
        let longer = [&signed[..], b"more\r\n"].concat();
        assert!(!keys.verify(&longer).contains(&true), "more text: {message}");
    }
}

#[test]
fn nobody_is_signed_for_without_a_key() {
    let keys = Keys::new();
    let signers = Signers::open(&[keys.ed25519("cpm.example")]).unwrap();
    for author in ["ola@partner.example", "ola@notcpm.example", "a@cpm.example, b@cpm.example"] {
        let message = format!("From: {author}\r\n\r\nHei\r\n");
        let now = "2026-11-23T08:00:00Z".parse().unwrap();
        assert_eq!(signers.sign(message.as_bytes(), now), None, "{author}");
    }
}

#[test]
fn a_key_that_nobody_trusts_is_refused() {
    let keys = Keys::new();
    let weak = keys.make("weak.pem", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]);
    let curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let other = keys.make("other.pem", &curve);
    let text = keys.folder.path().join("text.pem");
    std::fs::write(&text, "no key").unwrap();
    let absent = keys.folder.path().join("absent.pem");
    for (key, complaint) in [
        (weak, "fewer than 2048 bits"),
        (other, "not an RSA or Ed25519"),
        (text, "no private key in PEM"),
        (absent, "No such file"),
    ] {
        let settings = [keys.ed25519("cpm.example"), setting("cpm.example", "weak", key)];
        let error = Signers::open(&settings).unwrap_err();
        assert_eq!((error.entry, error.setting()), (1, "key"));
        assert!(error.to_string().contains(complaint), "{error}");
    }
}

#[test]
fn what_is_encrypted_is_signed_again_and_the_rest_is_left_alone() {
    let keys = Keys::new();
    let own = [keys.rsa("cpm.example"), keys.ed25519("cpm.example")];
    let ola = Keyring::of(&[OLA]);
    let site = Site::open(Plan { more: sections(&own), reinject: true, ..Plan::default() });
    site.sluse.trust(&ola.certificate(OLA));

    let mail = signed(&own[..1], sample("recipient-with-key"));
    assert_eq!(keys.verify(&mail.bytes), [true]);
    let reply = site.send(&mail);
    assert_eq!(reply.code, 250, "{reply:?}");
    let arrived = &site.arrivals(1, "recipient-with-key@cpm.example")[0];
    assert!(arrived.header("Content-Type").unwrap().starts_with("multipart/encrypted"));
    assert_eq!(keys.verify(&arrived.bytes), [true, true], "{}", arrived.text());

    let mail = signed(&own[..1], letter("as-it-was", "Vi ses i morgen."));
    let reply = site.send(&mail);
    assert_eq!(reply.code, 250, "{reply:?}");
    let arrived = &site.arrivals(1, "as-it-was@cpm.example")[0];
    assert!(arrived.is_untouched(&mail.bytes), "{}", arrived.text());
    assert_eq!(keys.verify(&arrived.bytes), [true]);
}

/// The mail with signatures of its own above it.
fn signed(settings: &[DkimSettings], mail: Mail) -> Mail {
    let signers = Signers::open(settings).unwrap();
    let fields = signers.sign(&mail.bytes, "2026-11-23T08:00:00Z".parse().unwrap()).unwrap();
    Mail { bytes: [&fields, &mail.bytes[..]].concat(), ..mail }
}

fn sections(settings: &[DkimSettings]) -> String {
    let section = |DkimSettings { domain, selector, key }: &DkimSettings| {
        let key = key.display().to_string();
        format!("[[dkim]]\ndomain = {domain:?}\nselector = {selector:?}\nkey = {key:?}\n")
    };
    settings.iter().map(section).collect()
}

/// Keys in files, each named after its selector.
struct Keys {
    folder: TempDir,
}

impl Keys {
    fn new() -> Self {
        let keys = Self { folder: tempfile::tempdir().unwrap() };
        let rsa = keys.make("rsa.pem", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
        keys.make("edw.pem", &["-algorithm", "ED25519"]);
        let old = keys.folder.path().join("old.pem");
        openssl(&["rsa", "-traditional", "-in", text(&rsa), "-out", text(&old)]);
        keys
    }

    fn make(&self, name: &str, kind: &[&str]) -> PathBuf {
        let path = self.folder.path().join(name);
        openssl(&[&["genpkey", "-out", text(&path)], kind].concat());
        path
    }

    fn rsa(&self, domain: &str) -> DkimSettings {
        setting(domain, "rsa", self.folder.path().join("rsa.pem"))
    }

    fn ed25519(&self, domain: &str) -> DkimSettings {
        setting(domain, "edw", self.folder.path().join("edw.pem"))
    }

    fn pkcs1(&self, domain: &str) -> DkimSettings {
        setting(domain, "old", self.folder.path().join("old.pem"))
    }

    /// What stands in the DNS for a key.
    fn record(&self, selector: &str) -> String {
        let path = self.folder.path().join(format!("{selector}.pem"));
        let der = openssl(&["pkey", "-in", text(&path), "-pubout", "-outform", "DER"]);
        match selector {
            // The bare key, without the wrapper (RFC 8463 section 4).
            "edw" => format!("v=DKIM1; k=ed25519; p={}", BASE64.encode(&der[der.len() - 32..])),
            _ => format!("v=DKIM1; k=rsa; p={}", BASE64.encode(&der)),
        }
    }

    /// What another program thinks of each signature of a message.
    fn verify(&self, message: &[u8]) -> Vec<bool> {
        let mut python = Command::new("/usr/bin/python3")
            .args(["-c", VERIFY])
            .args(["rsa", "edw", "old"].map(|selector| self.record(selector)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        python.stdin.take().unwrap().write_all(message).unwrap();
        let output = python.wait_with_output().unwrap();
        assert!(output.status.success());
        let verdicts = String::from_utf8(output.stdout).unwrap();
        verdicts.split_whitespace().map(|verdict| verdict == "True").collect()
    }
}

fn setting(domain: &str, selector: &str, key: PathBuf) -> DkimSettings {
    DkimSettings { domain: domain.to_owned(), selector: selector.to_owned(), key }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn openssl(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// One line for each signature, from the top.
const VERIFY: &str = "
import sys, dkim
records = dict(zip(['rsa', 'edw', 'old'], sys.argv[1:]))
def find(name, timeout=5):
    return records[name.decode().split('.')[0]].encode()
message = sys.stdin.buffer.read()
mail = dkim.DKIM(message)
for number in range(sum(name.lower() == b'dkim-signature' for name, _ in mail.headers)):
    try:
        print(dkim.DKIM(message).verify(number, dnsfunc=find))
    except dkim.DKIMException as error:
        print('False', file=sys.stdout)
        print(error, file=sys.stderr)
";
