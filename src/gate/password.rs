//! Passwords: which ones are taken, and the slow hash that is kept.
//!
//! Argon2id with the parameters that the crate recommends (RFC 9106, section
//! 4, in the variant for little memory). Length is what counts; nothing is
//! asked about kinds of characters (NIST SP 800-63B, section 5.1.1.2).

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use thiserror::Error;

use crate::{base::secret::Secret, model::LoginName};

/// Makes the hash of a new password, as PHC string. Takes tens of milliseconds
/// of a core.
pub(super) fn hash(
    password: &Secret<String>,
    name: &LoginName,
) -> Result<Secret<String>, WeakPassword> {
    examine(password.expose(), name)?;
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt).map_err(|_| WeakPassword::Unhashed)?;
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(password.expose().as_bytes(), &salt)
        .map_err(|_| WeakPassword::Unhashed)?;
    Ok(Secret::new(hash.to_string()))
}

/// Whether `password` is the one that `hash` was made of. Without a hash the
/// answer is no, after the same time.
pub(super) fn fits(password: &Secret<String>, hash: Option<&Secret<String>>) -> bool {
    let known = hash.map_or(NOBODY, |hash| hash.expose().as_str());
    let Ok(parsed) = PasswordHash::new(known) else { return false };
    let given = password.expose().as_bytes();
    let same = given.len() <= LONGEST && Argon2::default().verify_password(given, &parsed).is_ok();
    same && hash.is_some()
}

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum WeakPassword {
    /// Many use it, or it repeats itself.
    #[error("the password is a common one")]
    Common,
    /// It says who logs in.
    #[error("the password holds the name of the account")]
    HoldsName,
    /// It has more than 200 bytes.
    #[error("the password is longer than 200 bytes")]
    Long,
    /// It has fewer than 12 characters.
    #[error("the password is shorter than 12 characters")]
    Short,
    /// The machine could not make the hash.
    #[error("the password could not be hashed")]
    Unhashed,
}

fn examine(password: &str, name: &LoginName) -> Result<(), WeakPassword> {
    let lower = password.to_lowercase();
    if password.chars().count() < SHORTEST {
        return Err(WeakPassword::Short);
    }
    if password.len() > LONGEST {
        return Err(WeakPassword::Long);
    }
    if name.as_str().chars().count() >= 4 && lower.contains(name.as_str()) {
        return Err(WeakPassword::HoldsName);
    }
    let mut letters: Vec<char> = lower.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    let is_common = |common: &str| lower.starts_with(common) && lower.len() < common.len() + 5;
    if letters.len() < DISTINCT || COMMON.iter().any(|common| is_common(common)) {
        return Err(WeakPassword::Common);
    }
    Ok(())
}

const SALT: usize = 16;
const SHORTEST: usize = 12;
const LONGEST: usize = 200;
const DISTINCT: usize = 5;
/// What long common passwords begin with.
const COMMON: &[&str] = &[
    "123456789012",
    "administrator",
    "correcthorsebatterystaple",
    "hemmelighet",
    "passord12345",
    "password1234",
    "qwertyuiop",
    "sommersommer",
    "velkommen123",
];
/// A hash that no password is looked for under, with the usual parameters.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(text: &str) -> Result<Secret<String>, WeakPassword> {
        hash(&Secret::new(text.to_owned()), &"solveig".parse().unwrap())
    }

    #[test]
    fn knows_its_own_hash_and_no_other() {
        let hash = tried("blå elv under brua").ok().unwrap();
        assert!(fits(&Secret::new("blå elv under brua".to_owned()), Some(&hash)));
        assert!(!fits(&Secret::new("blå elv under brue".to_owned()), Some(&hash)));
        assert!(!fits(&Secret::new("blå elv under brua".to_owned()), None));
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(PasswordHash::new(NOBODY).is_ok());
    }

    #[test]
    fn takes_no_weak_one() {
        let cases = [
            ("kort nok", WeakPassword::Short),
            ("Solveig er best", WeakPassword::HoldsName),
            ("aaaabbbbaaaabbbb", WeakPassword::Common),
            ("Passord12345!", WeakPassword::Common),
            (&"lang ".repeat(50), WeakPassword::Long),
        ];
        for (text, why) in cases {
            assert_eq!(tried(text).err(), Some(why), "{text}");
        }
    }
}
