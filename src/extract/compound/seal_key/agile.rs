//! Agile encryption: AES in chained blocks, described in XML.

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{Attempt, aes_block::Cipher};
use crate::extract::{message, walk::Walk};

/// The description, as far as it is needed.
pub(in crate::extract::compound) struct Agile {
    package: Parameters,
    passwords: Vec<Password>,
}

/// Cipher, hash and salt of one use.
struct Parameters {
    key: usize,
    block: usize,
    hash: Hash,
    salt: Vec<u8>,
}

/// The key of the package under a password.
struct Password {
    parameters: Parameters,
    rounds: u32,
    verifier: Vec<u8>,
    verifier_hash: Vec<u8>,
    key: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Agile {
    /// Reads the XML that follows version and flags.
    pub(super) fn parse(xml: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(xml).ok()?.trim_end_matches('\0');
        let mut reader = Reader::from_str(text);
        let mut package = None;
        let mut passwords = Vec::new();
        loop {
            let element = match reader.read_event().ok()? {
                Event::Start(element) | Event::Empty(element) => element,
                Event::Eof => break,
                _ => continue,
            };
            match element.local_name().as_ref() {
                "keyData" => package = Some(Parameters::of(&element)?),
                "encryptedKey"
                    if element.attributes().flatten().any(|a| a.key.as_ref() == "spinCount") =>
                {
                    passwords.push(Password::of(&element)?);
                }
                _ => {}
            }
        }
        let few = (1..=MOST_PASSWORDS).contains(&passwords.len());
        package.filter(|_| few).map(|package| Self { package, passwords })
    }

    /// Bits of the key.
    pub(super) fn bits(&self) -> usize {
        self.package.key * 8
    }

    /// Whether passwords can be tried faster than Office allows itself.
    pub(super) fn is_quick(&self) -> bool {
        self.passwords.iter().any(|password| password.rounds < FEWEST_ROUNDS)
    }

    /// Tries `password`, in UTF-16, on `sealed`.
    pub(super) fn open(&self, walk: &Walk, password: &[u8], sealed: &[u8]) -> Attempt {
        for known in &self.passwords {
            match known.key(walk, password) {
                Ok(Some(key)) => {
                    let key = key.get(..self.package.key).unwrap_or_default();
                    let Some(cipher) = Cipher::new(key) else { return Attempt::Refused };
                    return Attempt::Opened(self.decrypt(&cipher, sealed));
                }
                Ok(None) => {}
                Err(TooCostly) => return Attempt::TooCostly,
            }
        }
        Attempt::Refused
    }

    fn decrypt(&self, cipher: &Cipher, sealed: &[u8]) -> Vec<u8> {
        let Some((length, segments)) = sealed.split_first_chunk::<8>() else { return Vec::new() };
        let mut plain = Vec::with_capacity(segments.len());
        for (number, segment) in (0_u32..).zip(segments.chunks(SEGMENT)) {
            let first = self.package.hash.of(&[&self.package.salt, &number.to_le_bytes()]);
            let first = sized(first, self.package.block);
            plain.extend(cipher.decrypt_chain(&first, segment));
        }
        plain.truncate(usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX));
        plain
    }
}

/// There is no time to make the key.
struct TooCostly;

impl Password {
    fn of(element: &BytesStart<'_>) -> Option<Self> {
        let bytes = |name| attribute(element, name).map(|text| message::base64(text.as_bytes()));
        Some(Self {
            parameters: Parameters::of(element)?,
            rounds: attribute(element, "spinCount")?.parse().ok()?,
            verifier: bytes("encryptedVerifierHashInput")?,
            verifier_hash: bytes("encryptedVerifierHashValue")?,
            key: bytes("encryptedKeyValue").filter(|key| key.len() >= 16)?,
        })
    }

    /// The key of the package, if `password` is right.
    fn key(&self, walk: &Walk, password: &[u8]) -> Result<Option<Vec<u8>>, TooCostly> {
        let Parameters { hash, salt, .. } = &self.parameters;
        let mut made = hash.of(&[salt, password]);
        if self.rounds > MOST_ROUNDS {
            return Err(TooCostly);
        }
        for round in 0..self.rounds {
            if round % 4096 == 0 && walk.budget.in_time().is_err() {
                return Err(TooCostly);
            }
            made = hash.of(&[&round.to_le_bytes(), &made]);
        }
        let open = |purpose: &[u8], sealed: &[u8]| {
            let key = sized(hash.of(&[&made, purpose]), self.parameters.key);
            let first = sized(salt.clone(), self.parameters.block);
            Cipher::new(&key).map(|cipher| cipher.decrypt_chain(&first, sealed))
        };
        let (Some(verifier), Some(expected)) =
            (open(VERIFIER, &self.verifier), open(VERIFIER_HASH, &self.verifier_hash))
        else {
            return Ok(None);
        };
        let verifier = verifier.get(..salt.len()).unwrap_or(&verifier);
        if !expected.starts_with(&hash.of(&[verifier])) {
            return Ok(None);
        }
        Ok(open(KEY, &self.key))
    }
}

impl Parameters {
    fn of(element: &BytesStart<'_>) -> Option<Self> {
        let number = |name| attribute(element, name)?.parse::<usize>().ok();
        let bits = number("keyBits").filter(|bits| matches!(bits, 128 | 192 | 256))?;
        let sound = attribute(element, "cipherAlgorithm")? == "AES"
            && attribute(element, "cipherChaining")? == "ChainingModeCBC"
            && number("blockSize") == Some(16);
        sound.then_some(())?;
        let salt = message::base64(attribute(element, "saltValue")?.as_bytes());
        let hash = match attribute(element, "hashAlgorithm")?.as_str() {
            "SHA1" | "SHA-1" => Hash::Sha1,
            "SHA256" | "SHA-256" => Hash::Sha256,
            "SHA384" | "SHA-384" => Hash::Sha384,
            "SHA512" | "SHA-512" => Hash::Sha512,
            _ => return None,
        };
        (salt.len() >= SHORTEST_SALT).then_some(Self { key: bits / 8, block: 16, hash, salt })
    }
}

impl Hash {
    fn of(self, pieces: &[&[u8]]) -> Vec<u8> {
        fn hashed<D: Digest>(pieces: &[&[u8]]) -> Vec<u8> {
            let mut digest = D::new();
            for piece in pieces {
                digest.update(piece);
            }
            digest.finalize().to_vec()
        }
        match self {
            Self::Sha1 => hashed::<Sha1>(pieces),
            Self::Sha256 => hashed::<Sha256>(pieces),
            Self::Sha384 => hashed::<Sha384>(pieces),
            Self::Sha512 => hashed::<Sha512>(pieces),
        }
    }
}

/// Cut or filled to `length`.
fn sized(mut bytes: Vec<u8>, length: usize) -> Vec<u8> {
    bytes.resize(length, 0x36);
    bytes
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().flatten().find(|found| found.key.as_ref() == name)?;
    Some(found.value.into_owned())
}

const SEGMENT: usize = 4096;
const SHORTEST_SALT: usize = 8;
const MOST_PASSWORDS: usize = 3;
/// Office writes 100,000.
const FEWEST_ROUNDS: u32 = 10_000;
/// The specification allows ten millions.
const MOST_ROUNDS: u32 = 2_000_000;
const VERIFIER: &[u8] = &[0xFE, 0xA7, 0xD2, 0x76, 0x3B, 0x4B, 0x9E, 0x79];
const VERIFIER_HASH: &[u8] = &[0xD7, 0xAA, 0x0F, 0x6D, 0x30, 0x61, 0x34, 0x4E];
const KEY: &[u8] = &[0x14, 0x6E, 0x0B, 0xE7, 0xAB, 0xAC, 0xD0, 0xD6];
