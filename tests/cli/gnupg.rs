//! GnuPG with a home of its own, and a key of Ola's in it.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use tempfile::TempDir;

pub(crate) const OLA: &str = "ola@partner.example";

/// A key ring that is gone after the test.
pub(crate) struct Gnupg(TempDir);

impl Gnupg {
    /// Makes a key for [`OLA`].
    pub(crate) fn new() -> Self {
        let gnupg = Self(tempfile::tempdir().unwrap());
        let recipe = format!(
            "%no-protection\nKey-Type: eddsa\nKey-Curve: ed25519\nSubkey-Type: ecdh\n\
             Subkey-Curve: cv25519\nName-Email: {OLA}\nExpire-Date: 0\n%commit\n"
        );
        gnupg.run(&["--gen-key"], recipe.as_bytes());
        gnupg
    }

    /// The certificate, as people mail it.
    pub(crate) fn certificate(&self) -> Vec<u8> {
        self.run(&["--export", "--armor"], b"")
    }

    /// `content` encrypted for [`OLA`].
    pub(crate) fn encrypted(&self, content: &[u8]) -> Vec<u8> {
        self.run(&["--trust-model", "always", "--recipient", OLA, "--encrypt"], content)
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut child = Command::new("gpg")
            .arg("--homedir")
            .arg(self.0.path())
            .args(["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""])
            .args(arguments)
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "gpg {arguments:?}");
        output.stdout
    }
}

impl Drop for Gnupg {
    fn drop(&mut self) {
        let mut stop = Command::new("gpgconf");
        drop(stop.arg("--homedir").arg(self.0.path()).args(["--kill", "all"]).status());
    }
}
