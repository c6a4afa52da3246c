//! One-time codes by time (RFC 6238), as every authenticator makes them: SHA-1,
//! six digits, 30 seconds.
//!
//! A code of the step before or after is taken too, for clocks that differ. It
//! is up to the caller that each step is taken once only.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha1::Sha1;

use crate::{base::secret::Secret, model::LoginName};

/// What codes are made of, shared with the authenticator of one person.
pub struct CodeSecret(Secret<Vec<u8>>);

impl CodeSecret {
    /// Takes the bytes as they were kept.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self(Secret::new(bytes))
    }

    /// The bytes, to be sealed.
    pub(super) fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    /// The step whose code `typed` is, now or a step away from now.
    pub(super) fn step_of(&self, typed: &str, now: Timestamp) -> Option<i64> {
        let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        let current = step(now);
        (current - AWAY..=current + AWAY).find(|step| self.code(*step) == typed)
    }

    /// The text to type into an authenticator that has no camera.
    pub fn letters(&self) -> String {
        let text = BASE32_NOPAD.encode(self.0.expose());
        let groups = text.as_bytes().chunks(4).map(String::from_utf8_lossy);
        groups.collect::<Vec<_>>().join(" ")
    }

    /// The text behind the picture that authenticators read.
    pub fn uri(&self, name: &LoginName, site: &str) -> String {
        let secret = BASE32_NOPAD.encode(self.0.expose());
        let (name, site) = (escaped(name.as_str()), escaped(site));
        format!("otpauth://totp/{site}:{name}?secret={secret}&issuer={site}")
    }

    /// The code of one step (RFC 4226, section 5.3).
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length (RFC 2104)")]
    fn code(&self, step: i64) -> String {
        let mut state = Hmac::<Sha1>::new_from_slice(self.0.expose())
            .expect("HMAC takes keys of every length (RFC 2104)");
        state.update(&step.to_be_bytes());
        let hash: [u8; 20] = state.finalize().into_bytes().into();
        let at = usize::from(hash[19] & 0x0f);
        let word = [hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]];
        format!("{:06}", u32::from_be_bytes(word) % 1_000_000)
    }
}

fn step(now: Timestamp) -> i64 {
    now.as_second().div_euclid(SECONDS)
}

/// Every byte but letters and digits as `%XX` (RFC 3986, section 2.1).
fn escaped(text: &str) -> String {
    let byte = |b: u8| match b.is_ascii_alphanumeric() {
        true => char::from(b).to_string(),
        false => format!("%{b:02X}"),
    };
    text.bytes().map(byte).collect()
}

const SECONDS: i64 = 30;
const AWAY: i64 = 1;
/// Bytes of a secret (RFC 4226, section 4, R6).
pub(super) const SECRET: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// RFC 6238, appendix B, the last six digits.
    #[test]
    fn makes_the_codes_of_the_standard() {
        let secret = CodeSecret::new(b"12345678901234567890".to_vec());
        let cases = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (second, code) in cases {
            assert_eq!(secret.step_of(code, at(second)), Some(second / 30), "{second}");
        }
    }

    #[test]
    fn takes_a_code_one_step_away_and_no_further() {
        let secret = CodeSecret::new(b"12345678901234567890".to_vec());
        assert_eq!(secret.step_of("287 082", at(59)), Some(1));
        assert_eq!(secret.step_of("287082", at(89)), Some(1));
        assert_eq!(secret.step_of("287082", at(29)), Some(1));
        assert_eq!(secret.step_of("287082", at(90)), None);
        assert_eq!(secret.step_of("28708", at(59)), None);
        assert_eq!(secret.step_of("", at(59)), None);
    }

    #[test]
    fn writes_what_authenticators_read() {
        let secret = CodeSecret::new(b"12345678901234567890".to_vec());
        assert_eq!(secret.letters(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        let uri = secret.uri(&"kari@cpm.example".parse().unwrap(), "Sluse");
        let expected = "otpauth://totp/Sluse:kari%40cpm%2Eexample\
                        ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Sluse";
        assert_eq!(uri, expected);
    }
}
