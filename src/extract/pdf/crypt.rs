//! The standard security handler (ISO 32000-2, 7.6), as far as no password is
//! asked for.
//!
//! A file that opens with the empty password is decrypted and read: that is no
//! encryption. Nothing else is tried, and no password is guessed.

use aes::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::NoPadding};
use md5::{Digest, Md5};

use super::{
    crypt_key,
    document::{Document, Revision},
    filter,
    object::{Dict, Object, Stream},
};
use crate::model::Proof;

/// What is known about the encryption of a file.
#[derive(Debug, Default)]
pub(super) enum Crypt {
    /// There is none, or what claims to be encrypted is read as it stands.
    #[default]
    None,
    /// It opens without a password.
    Open(Key),
}

/// What the trailer says about encryption.
pub(super) enum Claim {
    /// Nothing.
    Absent,
    /// A real password is needed.
    Locked(Locked),
    /// Not the standard handler, or not as the standard has it.
    Odd(Proof),
    /// The empty password opens it.
    Open(Key),
}

/// A password stands before the content.
pub(super) struct Locked {
    pub(super) proof: Proof,
    pub(super) is_strong: bool,
    pub(super) method: Method,
    pub(super) metadata: bool,
}

/// The key of a file and how it is used.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) bytes: Vec<u8>,
    pub(super) streams: Method,
    pub(super) strings: Method,
    /// Whether metadata is encrypted too.
    pub(super) metadata: bool,
}

/// A cipher.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Method {
    Aes128,
    Aes256,
    None,
    Rc4,
}

/// The bytes of a stream after decryption.
pub(super) enum Opened {
    As(Vec<u8>),
    Plain,
}

impl Crypt {
    /// Decrypts all strings in `object`.
    pub(super) fn open_strings(&self, object: &mut Object, id: (u32, u16)) {
        let Self::Open(key) = self else { return };
        match object {
            Object::String(bytes) => *bytes = key.open(key.strings, id, bytes),
            Object::Array(items) => {
                for item in items {
                    self.open_strings(item, id);
                }
            }
            Object::Dict(dict) => self.open_dict(dict, id),
            Object::Stream(stream) => self.open_dict(&mut stream.dict, id),
            _ => {}
        }
    }

    fn open_dict(&self, dict: &mut Dict, id: (u32, u16)) {
        for (_, value) in &mut dict.0 {
            self.open_strings(value, id);
        }
    }

    /// Decrypts the bytes of `stream`.
    pub(super) fn open_stream(
        &self,
        document: &Document<'_>,
        stream: &Stream,
        raw: &[u8],
    ) -> Opened {
        let Self::Open(key) = self else { return Opened::Plain };
        if !is_covered(document, &stream.dict, key.metadata) || key.streams == Method::None {
            return Opened::Plain;
        }
        Opened::As(key.open(key.streams, stream.id, raw))
    }
}

/// Whether the encryption of the file covers a stream.
pub(super) fn is_covered(document: &Document<'_>, dict: &Dict, metadata: bool) -> bool {
    if dict.says(b"Type", b"XRef") || (!metadata && dict.says(b"Type", b"Metadata")) {
        return false;
    }
    // A stream may be taken out by a filter of its own (7.4.10).
    !filter::filters(document, dict).iter().any(|(filter, parameters)| {
        let identity = parameters.find(b"Name").is_none_or(|name| name.name() == Some(b"Identity"));
        **filter == *b"Crypt" && identity
    })
}

impl Key {
    fn open(&self, method: Method, id: (u32, u16), bytes: &[u8]) -> Vec<u8> {
        match method {
            Method::None => bytes.to_vec(),
            Method::Rc4 => crypt_key::rc4(&self.object_key(id, b""), bytes),
            Method::Aes128 => aes(&self.object_key(id, b"sAlT"), bytes),
            Method::Aes256 => aes(&self.bytes, bytes),
        }
    }

    /// Algorithm 1.
    fn object_key(&self, (number, generation): (u32, u16), salt: &[u8]) -> Vec<u8> {
        let mut hash = Md5::new();
        hash.update(&self.bytes);
        hash.update(&number.to_le_bytes()[..3]);
        hash.update(generation.to_le_bytes());
        hash.update(salt);
        let length = (self.bytes.len() + 5).min(16);
        hash.finalize()[..length].to_vec()
    }
}

/// AES in CBC with the vector in front and padding behind.
fn aes(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    let Some((vector, sealed)) = bytes.split_at_checked(16) else { return Vec::new() };
    let whole = sealed.len() / 16 * 16;
    let mut open = sealed[..whole].to_vec();
    let done = match key.len() {
        16 => cbc::Decryptor::<aes::Aes128>::new_from_slices(key, vector)
            .ok()
            .is_some_and(|cipher| cipher.decrypt_padded::<NoPadding>(&mut open).is_ok()),
        32 => cbc::Decryptor::<aes::Aes256>::new_from_slices(key, vector)
            .ok()
            .is_some_and(|cipher| cipher.decrypt_padded::<NoPadding>(&mut open).is_ok()),
        _ => false,
    };
    if !done {
        return Vec::new();
    }
    if let Some(padding @ 1..=16) = open.last().copied() {
        open.truncate(open.len() - usize::from(padding));
    }
    open
}

/// Reads what the trailer says.
pub(super) fn claim(document: &Document<'_>) -> Claim {
    let revision = Revision { end: usize::MAX };
    let Some(encrypt) = document.trailer(revision, b"Encrypt") else { return Claim::Absent };
    let encrypt = document.resolve(revision, encrypt);
    let Some(dict) = encrypt.dict() else {
        return match &*encrypt {
            Object::Null => Claim::Absent,
            _ => Claim::Odd(Proof::new("pdf-damaged")),
        };
    };
    let get = |key: &[u8]| document.get(revision, dict, key);
    if get(b"Filter").name() != Some(b"Standard") {
        return Claim::Odd(Proof::new("pdf-other-handler"));
    }
    let number = |key: &[u8]| get(key).number();
    let (version, level) = (number(b"V").unwrap_or(0.0), number(b"R").unwrap_or(0.0));
    let method = |which: &[u8]| match version as i64 {
        1..=3 => Some(Method::Rc4),
        4 | 5 => named(document, dict, which),
        _ => None,
    };
    let (Some(streams), Some(strings)) = (method(b"StmF"), method(b"StrF")) else {
        return Claim::Odd(Proof::new("pdf-unknown-cipher"));
    };
    let text = |key: &[u8]| get(key).string().map(<[u8]>::to_vec).unwrap_or_default();
    let id = document.trailer(revision, b"ID").map(|id| document.resolve(revision, id));
    let id = id.as_deref().and_then(Object::array).and_then(<[Object]>::first);
    let metadata = *get(b"EncryptMetadata") != Object::Bool(false);
    let secrets = crypt_key::Secrets {
        level: level as i64,
        owner: text(b"O"),
        user: text(b"U"),
        user_key: text(b"UE"),
        permissions: number(b"P").unwrap_or(0.0) as i64 as u32,
        id: id.and_then(Object::string).unwrap_or_default().to_vec(),
        length: key_length(document, dict, version),
        metadata,
    };
    if let Some(bytes) = crypt_key::without_password(&secrets) {
        return Claim::Open(Key { bytes, streams, strings, metadata });
    }
    if !secrets.is_whole() {
        return Claim::Odd(Proof::new("pdf-damaged"));
    }
    let (name, is_strong) = match streams {
        Method::Aes256 => ("pdf-aes256", true),
        Method::Aes128 => ("pdf-aes128", true),
        Method::Rc4 if secrets.length <= 5 => ("pdf-rc4-40", false),
        Method::Rc4 => ("pdf-rc4-128", false),
        Method::None => ("pdf-partly-encrypted", false),
    };
    Claim::Locked(Locked { proof: Proof::new(name), is_strong, method: streams, metadata })
}

/// The cipher of a crypt filter (7.6.5).
fn named(document: &Document<'_>, dict: &Dict, which: &[u8]) -> Option<Method> {
    let revision = Revision { end: usize::MAX };
    let name = document.get(revision, dict, which);
    let name = name.name().unwrap_or(b"Identity");
    if name == b"Identity" {
        return Some(Method::None);
    }
    let filters = document.get(revision, dict, b"CF");
    let filter = document.get(revision, filters.dict()?, name);
    let method = document.get(revision, filter.dict()?, b"CFM");
    match method.name().unwrap_or(b"None") {
        b"V2" => Some(Method::Rc4),
        b"AESV2" => Some(Method::Aes128),
        b"AESV3" => Some(Method::Aes256),
        b"None" => Some(Method::None),
        _ => None,
    }
}

/// Bytes of the key.
fn key_length(document: &Document<'_>, dict: &Dict, version: f64) -> usize {
    let revision = Revision { end: usize::MAX };
    match version as i64 {
        1 => 5,
        // The filter says it again, in bytes or in bits; 128 is what all write.
        4 => 16,
        5 => 32,
        _ => {
            let bits = document.get(revision, dict, b"Length").count().unwrap_or(40);
            (if bits < 40 { bits } else { bits / 8 }).clamp(5, 16)
        }
    }
}
