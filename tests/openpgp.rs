//! What the gateway encrypts, opened by GnuPG as a recipient would; and the
//! certificates that it must not encrypt to.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test stops where it fails")]

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use sequoia_openpgp::{
    Cert, Packet, PacketPile, Profile,
    cert::{CertBuilder, CipherSuite},
    packet::{PKESK, SEIP, Signature},
    parse::Parse,
    serialize::SerializeInto,
    types::{Features, ReasonForRevocation},
};
use sluse::{
    base::clock::{Clock, SystemClock},
    model::{Address, KeyTrouble, MethodId, Raw, Surface},
    protect::{Ground, Kept, ProtectError, Protector, Sealed},
};
use tempfile::TempDir;

#[test]
fn the_recipient_opens_it_with_gnupg() {
    let gnupg = Gnupg::new();
    gnupg.run(&["--quick-gen-key", OLA, "future-default", "default", "never"], b"");
    let kept = Keys::with(&gnupg.run(&["--export", OLA], b""));

    let sealed = kept.seal(MAIL).unwrap();
    let opened = gnupg.run(&["--decrypt"], &sealed.bytes);
    let (_, body) = split(MAIL);
    assert!(opened.ends_with(&[b"\r\n\r\n", body].concat()), "{}", text(&opened));
    let opened = text(&opened);
    for field in [
        "Subject: Epikrise for 13827830652\r\n",
        "X-Pasient: 13827830652\r\n",
        "HP-Outer: Subject: [...]\r\n",
        "HP-Outer: Message-ID: <ett@cpm.example>\r\n",
        "Content-Type: text/plain; charset=utf-8;\r\n protected-headers=\"v1\"; hp=\"cipher\"\r\n",
        "Content-Transfer-Encoding: 8bit\r\n",
    ] {
        assert!(opened.contains(field), "{field} not in {opened}");
    }
    let packets = text(&gnupg.run(&["--list-packets"], &sealed.bytes));
    assert!(packets.contains("mdc_method: 2"), "{packets}");
    assert!(!packets.contains(":compressed packet:"), "{packets}");
}

#[test]
fn outside_stands_only_what_delivers_and_threads() {
    let kept = Keys::with(&public(&new_cert(OLA)));
    let sealed = kept.seal(MAIL).unwrap();
    let outside = text(&sealed.bytes);
    for hidden in ["13827830652", "138278", "Epikrise", "DKIM", "skjult@", "X-Pasient", "Prøvesvar"]
    {
        assert!(!outside.contains(hidden), "{hidden} in {outside}");
    }
    let (header, _) = split(outside.as_bytes());
    assert_eq!(
        text(header).split("boundary=").next().unwrap(),
        "Received: from a.example by b.example; Mon, 23 Nov 2026 10:00:00 +0100\r\n\
         From: Kari <kari@cpm.example>\r\n\
         To: Ola <ola@partner.example>\r\n\
         Cc: eva@cpm.example\r\n\
         Date: Mon, 23 Nov 2026 10:00:00 +0100\r\n\
         Message-ID: <ett@cpm.example>\r\n\
         In-Reply-To: <null@partner.example>\r\n\
         References: <minus@partner.example>\r\n <null@partner.example>\r\n\
         Subject: [...]\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n "
    );
    assert!(outside.contains("Content-Type: application/pgp-encrypted\r\n"));
    assert!(outside.contains("\r\n\r\nVersion: 1\r\n\r\n--"));
    assert_eq!(outside.replace("\r\n", "").matches(['\r', '\n']).count(), 0);
    let parts: Vec<String> = sealed.parts.iter().map(ToString::to_string).collect();
    assert_eq!(parts, ["message > encrypted.asc", "message > part 2"]);
}

#[test]
fn a_version_4_certificate_gets_what_gnupg_can_open() {
    let gnupg = Gnupg::new();
    let features = Features::empty().set_seipdv1().set_seipdv2();
    let builder = CertBuilder::general_purpose(Some(OLA)).set_features(features).unwrap();
    let (cert, _) = builder.set_profile(Profile::RFC4880).unwrap().generate().unwrap();
    gnupg.run(&["--import"], &cert.as_tsk().to_vec().unwrap());

    let kept = Keys::with(&public(&cert));
    let sealed = kept.seal(MAIL).unwrap();
    let packets = packets(&sealed);
    assert!(matches!(packets[0], Packet::PKESK(PKESK::V3(_))), "{packets:?}");
    assert!(matches!(packets[1], Packet::SEIP(SEIP::V1(_))), "{packets:?}");
    assert_eq!(packets.len(), 2);
    assert!(gnupg.run(&["--decrypt"], &sealed.bytes).ends_with(split(MAIL).1));
}

#[test]
fn a_version_6_certificate_gets_the_new_packets() {
    let builder = CertBuilder::general_purpose(Some(OLA)).set_profile(Profile::RFC9580).unwrap();
    let (cert, _) = builder.generate().unwrap();
    let kept = Keys::with(&public(&cert));
    let packets = packets(&kept.seal(MAIL).unwrap());
    assert!(matches!(packets[0], Packet::PKESK(PKESK::V6(_))), "{packets:?}");
    assert!(matches!(packets[1], Packet::SEIP(SEIP::V2(_))), "{packets:?}");
}

#[test]
fn a_signed_message_stays_signed() {
    let gnupg = Gnupg::new();
    gnupg.run(&["--quick-gen-key", OLA, "future-default", "default", "never"], b"");
    let kept = Keys::with(&gnupg.run(&["--export", OLA], b""));
    let entity = "Content-Type: multipart/signed; boundary=s; micalg=pgp-sha256;\r\n\
                  \tprotocol=\"application/pgp-signature\"\r\n\r\n\
                  --s\r\nContent-Type: text/plain\r\n\r\nHei  \r\n--s\r\n\
                  Content-Type: application/pgp-signature\r\n\r\nx\r\n--s--\r\n";
    let mail = format!("From: kari@cpm.example\r\nMIME-Version: 1.0\r\n{entity}");
    let sealed = kept.seal(mail.as_bytes()).unwrap();
    let opened = text(&gnupg.run(&["--decrypt"], &sealed.bytes));
    assert!(opened.contains(&format!("\r\n{entity}\r\n--")), "{opened}");
}

#[test]
fn offers_cover_everything_and_name_the_key() {
    let cert = new_cert(OLA);
    let kept = Keys::with(&public(&cert));
    let recipients = [address(OLA), address("eva@partner.example")];
    let offers = kept.protector.offers(&recipients, &[MethodId::Openpgp, MethodId::Smime], now());
    let keys: Vec<_> = offers.iter().map(|offer| offer.key.clone()).collect();
    assert_eq!(
        keys,
        [
            Ok(cert.fingerprint().to_hex()),
            Err(KeyTrouble::MethodUnavailable),
            Err(KeyTrouble::KeyAbsent),
            Err(KeyTrouble::MethodUnavailable),
        ]
    );
    for surface in [Surface::Header, Surface::Body, Surface::FileName, Surface::Cell] {
        assert!(offers[0].covers.contains(&surface));
    }
}

#[test]
fn an_expired_certificate_is_not_used() {
    let year = Duration::from_secs(365 * 24 * 3600);
    let builder = CertBuilder::general_purpose(Some(OLA)).set_validity_period(year);
    let kept = Keys::with(&public(&builder.generate().unwrap().0));
    assert!(kept.seal(MAIL).is_ok());
    let later = now() + SignedDuration::from_hours(24 * 400);
    kept.refuses_at(later, KeyTrouble::KeyExpired);
    let before = now() - SignedDuration::from_hours(24);
    kept.refuses_at(before, KeyTrouble::KeyExpired);
}

#[test]
fn a_revoked_certificate_is_not_used() {
    let cert = new_cert(OLA);
    let (cert, _) = cert.clone().insert_packets(revocation(&cert)).unwrap();
    Keys::with(&public(&cert)).refuses(KeyTrouble::KeyRevoked);
}

#[test]
fn a_short_rsa_key_is_not_used() {
    let gnupg = Gnupg::new();
    gnupg.generate("Key-Type: RSA\nKey-Length: 1024\nSubkey-Type: RSA\nSubkey-Length: 1024");
    Keys::with(&gnupg.run(&["--export", OLA], b"")).refuses(KeyTrouble::KeyWeak);
}

#[test]
fn a_certificate_bound_by_sha1_is_not_used() {
    let gnupg = Gnupg::new();
    gnupg.configure("cert-digest-algo SHA1");
    gnupg.generate("Key-Type: EDDSA\nKey-Curve: ed25519\nSubkey-Type: ECDH\nSubkey-Curve: cv25519");
    Keys::with(&gnupg.run(&["--export", OLA], b"")).refuses(KeyTrouble::KeyWeak);
}

#[test]
fn a_dsa_certificate_is_not_used() {
    let gnupg = Gnupg::new();
    gnupg.generate("Key-Type: DSA\nKey-Length: 1024\nSubkey-Type: ELG-E\nSubkey-Length: 1024");
    Keys::with(&gnupg.run(&["--export", OLA], b"")).refuses(KeyTrouble::KeyWeak);
}

#[test]
fn a_certificate_for_signing_only_is_not_used() {
    let builder = CertBuilder::new().add_userid(OLA).add_signing_subkey();
    Keys::with(&public(&builder.generate().unwrap().0)).refuses(KeyTrouble::KeyNoEnc);
}

#[test]
fn an_expired_or_revoked_subkey_is_not_used() {
    let year = Duration::from_secs(365 * 24 * 3600);
    let subkey = sequoia_openpgp::types::KeyFlags::empty().set_transport_encryption();
    let builder = CertBuilder::new().add_userid(OLA).add_subkey(subkey, Some(year), None);
    let kept = Keys::with(&public(&builder.generate().unwrap().0));
    assert!(kept.seal(MAIL).is_ok());
    kept.refuses_at(now() + SignedDuration::from_hours(24 * 400), KeyTrouble::KeyExpired);
}

#[test]
fn a_damaged_certificate_is_not_used() {
    let cert = new_cert(OLA);
    let kept = Keys::with(&public(&cert));
    fs::write(kept.file(&cert), b"not a certificate").unwrap();
    fs::remove_file(kept.index()).unwrap();
    // The index is gone with the damage, so nobody knows whose it was.
    kept.refuses(KeyTrouble::KeyAbsent);

    let kept = Keys::with(&public(&cert));
    fs::write(kept.folder.path().join("openpgp/.fresh"), b"not a certificate").unwrap();
    fs::rename(kept.folder.path().join("openpgp/.fresh"), kept.file(&cert)).unwrap();
    kept.refuses(KeyTrouble::KeyMalformed);
    assert_eq!(kept.protector.list(now())[0].state, Err(KeyTrouble::KeyMalformed));
}

#[test]
fn a_certificate_must_carry_the_address_or_be_pinned() {
    let cert = new_cert("Ola Nordmann <OLA.privat@Home.example>");
    let kept = Keys::with(&public(&cert));
    assert_eq!(kept.offer(now()), Err(KeyTrouble::KeyAbsent));
    let own = kept.protector.lookup(&address("ola.privat@home.example"), now()).unwrap();
    assert_eq!(own.state, Ok(()));

    let imported = kept.protector.import(&public(&cert), Some(&address(OLA))).unwrap();
    assert_eq!(imported[0].state, Kept::Unchanged);
    assert_eq!(
        imported[0].addresses,
        [(address("ola.privat@home.example"), Ground::UserId), (address(OLA), Ground::Pinned)]
    );
    assert_eq!(kept.offer(now()), Ok(cert.fingerprint().to_hex()));
}

#[test]
fn a_pin_wins_even_when_it_cannot_be_used() {
    let pinned = new_cert("other@home.example");
    let kept = Keys::with(&public(&new_cert(OLA)));
    kept.protector.import(&public(&pinned), Some(&address(OLA))).unwrap();
    assert_eq!(kept.offer(now()), Ok(pinned.fingerprint().to_hex()));
    kept.protector.import(&armored_revocation(&pinned), None).unwrap();
    kept.refuses(KeyTrouble::KeyRevoked);
}

#[test]
fn of_two_certificates_the_usable_one_is_taken() {
    let (one, other) = (new_cert(OLA), new_cert(OLA));
    let kept = Keys::with(&[public(&one), public(&other)].concat());
    assert_eq!(kept.protector.list(now()).len(), 2);
    let first = kept.offer(now()).unwrap();
    let used = if first == one.fingerprint().to_hex() { &one } else { &other };
    kept.protector.import(&armored_revocation(used), None).unwrap();
    let second = kept.offer(now()).unwrap();
    assert_ne!(first, second);
    kept.protector.remove(&second.to_lowercase()).unwrap();
    kept.refuses(KeyTrouble::KeyRevoked);
}

#[test]
fn an_import_takes_many_and_never_a_secret() {
    let certs = [new_cert(OLA), new_cert("eva@partner.example"), new_cert("per@partner.example")];
    let mut handed = b"Here they are:\n".to_vec();
    for cert in &certs {
        handed.extend(cert.as_tsk().armored().to_vec().unwrap());
        handed.extend(b"\nand\n");
    }
    let kept = Keys::with(&handed);
    assert_eq!(kept.protector.list(now()).len(), 3);
    for cert in &certs {
        let stored = Cert::from_bytes(&fs::read(kept.file(cert)).unwrap()).unwrap();
        assert!(!stored.is_tsk());
    }
    let again = kept.protector.import(&handed, None).unwrap();
    assert!(again.iter().all(|one| one.state == Kept::Unchanged), "{again:?}");
}

#[test]
fn an_import_is_all_or_nothing() {
    let kept = Keys::empty();
    let good = new_cert(OLA).armored().to_vec().unwrap();
    let bad = b"\n-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nbm90IGEga2V5\n-----END PGP PUBLIC KEY BLOCK-----\n";
    for handed in [&b""[..], b"hello", &[&good[..], &bad[..]].concat()] {
        let refused = kept.protector.import(handed, None);
        assert!(matches!(refused, Err(ProtectError::NotCertificate(_))), "{refused:?}");
    }
    let nobody =
        public(&CertBuilder::new().add_transport_encryption_subkey().generate().unwrap().0);
    let refused = kept.protector.import(&nobody, None);
    assert!(matches!(refused, Err(ProtectError::NoAddress(_))), "{refused:?}");
    let two = [good, new_cert(OLA).armored().to_vec().unwrap()].concat();
    let refused = kept.protector.import(&two, Some(&address(OLA)));
    assert!(matches!(refused, Err(ProtectError::PinAmbiguous(2))), "{refused:?}");
    let unknown = kept.protector.import(&armored_revocation(&new_cert(OLA)), None);
    assert!(matches!(unknown, Err(ProtectError::UnknownCertificate(_))), "{unknown:?}");
    assert!(kept.protector.list(now()).is_empty());
    assert!(matches!(kept.protector.remove("../x"), Err(ProtectError::UnknownCertificate(_))));
}

#[test]
fn a_running_service_sees_what_another_process_imports() {
    let kept = Keys::empty();
    assert_eq!(kept.offer(now()), Err(KeyTrouble::KeyAbsent));
    let other = Protector::open(kept.folder.path().to_owned()).unwrap();
    let cert = new_cert(OLA);
    other.import(&public(&cert), None).unwrap();
    assert!(kept.seal(MAIL).is_ok());
    other.import(&armored_revocation(&cert), None).unwrap();
    kept.refuses(KeyTrouble::KeyRevoked);
    other.remove(&cert.fingerprint().to_spaced_hex()).unwrap();
    assert_eq!(kept.offer(now()), Err(KeyTrouble::KeyAbsent));
}

#[test]
fn a_lost_or_damaged_index_is_made_anew() {
    let cert = new_cert(OLA);
    for damage in [None, Some(&b"{"[..]), Some(b"{\"certificates\":[],\"addresses\":{}}")] {
        let kept = Keys::with(&public(&cert));
        match damage {
            None => fs::remove_file(kept.index()).unwrap(),
            Some(bytes) => fs::write(kept.index(), bytes).unwrap(),
        }
        assert_eq!(kept.offer(now()), Ok(cert.fingerprint().to_hex()), "{damage:?}");
        let reopened = Protector::open(kept.folder.path().to_owned()).unwrap();
        assert!(reopened.lookup(&address(OLA), now()).is_some());
        assert!(fs::read_to_string(kept.index()).unwrap().contains(OLA));
    }
}

#[test]
fn a_certificate_put_into_the_folder_by_hand_is_found() {
    let kept = Keys::empty();
    let cert = new_cert(OLA);
    fs::write(kept.file(&cert), public(&cert)).unwrap();
    assert_eq!(kept.offer(now()), Ok(cert.fingerprint().to_hex()));
}

#[test]
fn a_pin_outlives_the_repair_of_the_index() {
    let kept = Keys::empty();
    let pinned = new_cert("other@home.example");
    kept.protector.import(&public(&pinned), Some(&address(OLA))).unwrap();
    let added = new_cert("eva@partner.example");
    fs::write(kept.file(&added), public(&added)).unwrap();
    assert_eq!(kept.offer(now()), Ok(pinned.fingerprint().to_hex()));
    let eva = kept.protector.lookup(&address("eva@partner.example"), now());
    assert_eq!(eva.unwrap().fingerprint, added.fingerprint().to_hex());
}

const OLA: &str = "ola@partner.example";

const MAIL: &[u8] = "Received: from a.example by b.example; Mon, 23 Nov 2026 10:00:00 +0100\r\n\
    DKIM-Signature: v=1; a=rsa-sha256; d=cpm.example; b=abc\r\n\
    From: Kari <kari@cpm.example>\r\n\
    To: Ola <ola@partner.example>\r\n\
    Cc: eva@cpm.example\r\n\
    Bcc: skjult@cpm.example\r\n\
    Date: Mon, 23 Nov 2026 10:00:00 +0100\r\n\
    Message-ID: <ett@cpm.example>\r\n\
    In-Reply-To: <null@partner.example>\r\n\
    References: <minus@partner.example>\r\n <null@partner.example>\r\n\
    Subject: Epikrise for 13827830652\r\n\
    X-Pasient: 13827830652\r\n\
    Comments: 13827830652\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    Content-Transfer-Encoding: 8bit\r\n\
    \r\n\
    Prøvesvar for 138278 30652: \r\n\
    .\r\n\
    -- \r\n\
    Kari\r\n\r\n"
    .as_bytes();

/// A certificate folder in use.
struct Keys {
    folder: TempDir,
    protector: Protector,
}

impl Keys {
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let protector = Protector::open(folder.path().to_owned()).unwrap();
        Self { folder, protector }
    }

    fn with(bytes: &[u8]) -> Self {
        let kept = Self::empty();
        kept.protector.import(bytes, None).unwrap();
        kept
    }

    fn seal(&self, mail: &[u8]) -> Result<Sealed, ProtectError> {
        self.protector.protect(MethodId::Openpgp, &Raw::from(mail), &address(OLA), now())
    }

    fn offer(&self, now: Timestamp) -> Result<String, KeyTrouble> {
        let offers = self.protector.offers(&[address(OLA)], &[MethodId::Openpgp], now);
        offers[0].key.clone()
    }

    fn refuses(&self, expected: KeyTrouble) {
        self.refuses_at(now(), expected);
    }

    fn refuses_at(&self, now: Timestamp, expected: KeyTrouble) {
        assert_eq!(self.offer(now), Err(expected));
        let mail = Raw::from(MAIL);
        let refused = self.protector.protect(MethodId::Openpgp, &mail, &address(OLA), now);
        match refused.map(|_| ()) {
            Err(ProtectError::Unusable(trouble)) => assert_eq!(trouble, expected),
            other => panic!("{other:?}"),
        }
    }

    fn file(&self, cert: &Cert) -> std::path::PathBuf {
        self.folder.path().join(format!("openpgp/{:X}.pgp", cert.fingerprint()))
    }

    fn index(&self) -> std::path::PathBuf {
        self.folder.path().join("openpgp/index.json")
    }
}

/// GnuPG with a home of its own.
struct Gnupg {
    home: TempDir,
}

impl Gnupg {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    fn configure(&self, line: &str) {
        fs::write(self.home.path().join("gpg.conf"), format!("{line}\n")).unwrap();
    }

    fn generate(&self, kind: &str) {
        let recipe =
            format!("%no-protection\n{kind}\nName-Email: {OLA}\nExpire-Date: 0\n%commit\n");
        self.run(&["--gen-key"], recipe.as_bytes());
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut child = gpg(self.home.path())
            .args(["--batch", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("gpg is not installed");
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        output.stdout
    }
}

impl Drop for Gnupg {
    fn drop(&mut self) {
        let mut stop = Command::new("gpgconf");
        let _ = stop.arg("--homedir").arg(self.home.path()).args(["--kill", "all"]).status();
    }
}

fn gpg(home: &Path) -> Command {
    let mut command = Command::new("gpg");
    command.arg("--homedir").arg(home).env("LC_ALL", "C");
    command
}

fn new_cert(user_id: &str) -> Cert {
    let builder = CertBuilder::general_purpose(Some(user_id));
    builder.set_cipher_suite(CipherSuite::Cv25519).generate().unwrap().0
}

fn public(cert: &Cert) -> Vec<u8> {
    cert.to_vec().unwrap()
}

fn revocation(cert: &Cert) -> Signature {
    let mut signer =
        cert.primary_key().key().clone().parts_into_secret().unwrap().into_keypair().unwrap();
    cert.revoke(&mut signer, ReasonForRevocation::KeyRetired, b"").unwrap()
}

/// What `gpg --gen-revoke` writes: the signature alone.
fn armored_revocation(cert: &Cert) -> Vec<u8> {
    let mut writer =
        sequoia_openpgp::armor::Writer::new(Vec::new(), sequoia_openpgp::armor::Kind::PublicKey)
            .unwrap();
    writer.write_all(&Packet::from(revocation(cert)).to_vec().unwrap()).unwrap();
    writer.finalize().unwrap()
}

fn packets(sealed: &Sealed) -> Vec<Packet> {
    let mail = text(&sealed.bytes);
    let armour = &mail[mail.find("-----BEGIN PGP MESSAGE-----").unwrap()..];
    PacketPile::from_bytes(armour).unwrap().into_children().collect()
}

fn split(mail: &[u8]) -> (&[u8], &[u8]) {
    let end = mail.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    (&mail[..end + 2], &mail[end + 4..])
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn now() -> Timestamp {
    SystemClock.now()
}
