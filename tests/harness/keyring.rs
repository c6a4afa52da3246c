//! A correspondent's own gpg: makes a key, gives away the certificate, and
//! opens what is sent to it.

use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
};

use tempfile::TempDir;

/// A GnuPG home of its own.
pub(crate) struct Keyring {
    home: TempDir,
}

impl Keyring {
    /// A keyring with a new key for each address.
    pub(crate) fn of(addresses: &[&str]) -> Self {
        // Short, because the path of the agent's socket has to fit 108 octets.
        let keyring = Self { home: TempDir::with_prefix_in("gpg", "/tmp").unwrap() };
        for address in addresses {
            let made = keyring.gpg(&["--quick-gen-key", address, "future-default", "-", "1y"], b"");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        keyring
    }

    /// Makes a key as it was made at that time, for a day.
    pub(crate) fn make_at(&self, time: &str, address: &str) {
        let time = format!("{time}!");
        let args = ["--faked-system-time", &time, "--quick-gen-key", address];
        let made = self.gpg(&[&args[..], &["future-default", "-", "1d"]].concat(), b"");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    /// Makes a key that nobody should use today.
    pub(crate) fn make_weak(&self, address: &str) {
        let wanted = format!(
            "%no-protection\nKey-Type: RSA\nKey-Length: 1024\nSubkey-Type: RSA\n\
             Subkey-Length: 1024\nName-Email: {address}\nExpire-Date: 1y\n%commit\n"
        );
        let made = self.gpg(&["--generate-key"], wanted.as_bytes());
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    /// The revocation that gpg makes with each key, of the only key.
    pub(crate) fn revocation(&self) -> Vec<u8> {
        let folder = std::fs::read_dir(self.home.path().join("openpgp-revocs.d")).unwrap();
        let text = std::fs::read_to_string(folder.last().unwrap().unwrap().path()).unwrap();
        // A colon keeps people from using it by mistake.
        let start = text.find(":-----BEGIN").unwrap();
        text.as_bytes()[start + 1..].to_vec()
    }

    /// The certificate of an address, armored.
    pub(crate) fn certificate(&self, address: &str) -> Vec<u8> {
        self.gpg(&["--armor", "--export", address], b"").stdout
    }

    /// Writes the certificate of an address into a file.
    pub(crate) fn export(&self, address: &str, file: &Path) {
        std::fs::write(file, self.certificate(address)).unwrap();
    }

    /// Opens the first armored message in `mail`; none if it does not open.
    pub(crate) fn open(&self, mail: &[u8]) -> Option<Vec<u8>> {
        let text = String::from_utf8_lossy(mail);
        let start = text.find("-----BEGIN PGP MESSAGE-----")?;
        let end = text.find("-----END PGP MESSAGE-----")?;
        let armor = text.get(start..end)?.to_owned() + "-----END PGP MESSAGE-----\n";
        let opened = self.gpg(&["--decrypt"], armor.as_bytes());
        opened.status.success().then_some(opened.stdout)
    }

    fn gpg(&self, args: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new("gpg")
            .arg("--homedir")
            .arg(self.home.path())
            .args(["--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback"])
            .args(["--passphrase", "", "--trust-model", "always"])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("gpg of Debian");
        let mut pipe = child.stdin.take().unwrap();
        let input = input.to_vec();
        let feed = thread::spawn(move || pipe.write_all(&input));
        let output = child.wait_with_output().unwrap();
        let _ = feed.join();
        output
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        let kill = Command::new("gpgconf")
            .arg("--homedir")
            .arg(self.home.path())
            .args(["--kill", "all"])
            .output();
        drop(kill);
    }
}
