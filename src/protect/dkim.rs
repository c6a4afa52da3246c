//! DKIM signatures for what we alter and what we write (RFC 6376).
//!
//! A message that was altered no longer fits the signature it came with: that
//! one is taken off, and where there is a key for the domain in From it is
//! signed anew. What leaves unaltered is none of this module's business. A
//! signature that cannot be made is logged, and the mail goes without: it is as
//! safe as before, only less welcome.

use std::{
    borrow::Cow,
    fmt,
    path::{Path, PathBuf},
};

use data_encoding::BASE64;
use jiff::Timestamp;
use mail_parser::MessageParser;
use ring::error::Unspecified;
use serde::Deserialize;
use thiserror::Error;

pub use super::dkim_key::KeyError;
use super::{
    dkim_canonical as canonical,
    dkim_key::{Key, is_open},
    fields::Pieces,
};

/// `[[dkim]]`: one key for one domain.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct DkimSettings {
    /// The domain that signs; it signs for its subdomains too, unless they have
    /// a key of their own.
    pub domain: String,
    /// The name of the key below `_domainkey` of the domain.
    pub selector: String,
    /// The file with the private key, in PEM.
    pub key: PathBuf,
}

/// The keys in use.
#[derive(Debug, Default)]
pub struct Signers(Vec<Signer>);

impl Signers {
    /// Reads the keys that `settings` name.
    ///
    /// # Errors
    ///
    /// The first entry that cannot be used, by its number.
    pub fn open(settings: &[DkimSettings]) -> Result<Self, DkimError> {
        let open =
            |(entry, setting)| Signer::open(setting).map_err(|fault| DkimError { entry, fault });
        settings.iter().enumerate().map(open).collect::<Result<_, _>>().map(Self)
    }

    /// The fields to put above `message`, with their line ends: one for each
    /// key of the domain in From, or of the nearest domain above it. Nothing
    /// when there is no such key, or not exactly one author.
    pub fn sign(&self, message: &[u8], now: Timestamp) -> Option<Vec<u8>> {
        if self.0.is_empty() {
            return None;
        }
        let pieces = Pieces::of(message);
        let domain = author_domain(&pieces)?;
        let own = |name: &str| self.0.iter().filter(|signer| signer.domain == name).collect();
        let signers: Vec<&Signer> =
            above(&domain).map(own).find(|signers: &Vec<_>| !signers.is_empty())?;
        let (mail, mut fields) = (Mail::of(&pieces), Vec::new());
        for signer in signers {
            match signer.sign(&mail, now) {
                Ok(field) => fields.extend(field),
                Err(Unspecified) => {
                    tracing::error!(domain = signer.domain, "no randomness: message not signed");
                }
            }
        }
        (!fields.is_empty()).then_some(fields)
    }

    /// Takes the signatures off a message that was altered, and signs it.
    pub(super) fn renew(&self, altered: &[u8], now: Timestamp) -> Vec<u8> {
        let bare = without_signatures(altered);
        let mut message = self.sign(&bare, now).unwrap_or_default();
        message.extend_from_slice(&bare);
        message
    }
}

/// A key with its name.
struct Signer {
    domain: String,
    selector: String,
    key: Key,
}

impl Signer {
    fn open(setting: &DkimSettings) -> Result<Self, DkimFault> {
        let domain = setting.domain.trim_end_matches('.').to_ascii_lowercase();
        if !is_name(&domain) {
            return Err(DkimFault::Domain(setting.domain.clone()));
        }
        if !is_name(&setting.selector) {
            return Err(DkimFault::Selector(setting.selector.clone()));
        }
        let key = Key::read(&setting.key).map_err(|error| DkimFault::key(&setting.key, error))?;
        Ok(Self { domain, selector: setting.selector.clone(), key })
    }

    /// The field with the signature.
    fn sign(&self, mail: &Mail<'_>, now: Timestamp) -> Result<Vec<u8>, Unspecified> {
        let mut field = format!(
            "DKIM-Signature: v=1; a={}; c=relaxed/relaxed; d={};\r\n\ts={}; t={};\r\n\t",
            self.key.algorithm(),
            self.domain,
            self.selector,
            now.as_second()
        );
        push_folded(&mut field, &format!("h={};", mail.names.join(":")), Some(b':'));
        field.push_str("\r\n\t");
        field.push_str(&format!("bh={};\r\n\tb=", BASE64.encode(&mail.body_hash)));
        let own = canonical::field(field.as_bytes());
        let own = own.strip_suffix(b"\r\n").unwrap_or(&own);
        let signature = self.key.sign(&[&mail.fields, own].concat())?;
        push_folded(&mut field, &BASE64.encode(&signature), None);
        field.push_str("\r\n");
        Ok(field.into_bytes())
    }
}

/// What is signed of a message.
struct Mail<'a> {
    body_hash: [u8; 32],
    /// The fields, in relaxed form.
    fields: Vec<u8>,
    /// Their names, and `From` once more, so that no second one can be added
    /// (RFC 6376 section 8.15). What is not there is not named: a mail server
    /// may still add a date or a message id.
    names: Vec<&'a str>,
}

impl Mail<'_> {
    fn of(pieces: &Pieces<'_>) -> Self {
        let (mut fields, mut names) = (Vec::new(), Vec::new());
        for name in SIGNED {
            // Verifiers take those of one name from the bottom up.
            for field in pieces.fields.iter().rev().filter(|field| field.is(name)) {
                fields.extend(canonical::field(field.raw));
                names.push(*name);
            }
        }
        names.push("From");
        Self { body_hash: canonical::body_hash(pieces.body), fields, names }
    }
}

/// Adds text in lines of a good length, cut before `at` or anywhere. A name at
/// the start of a line, with its colon, could be taken for a field of its own.
fn push_folded(field: &mut String, text: &str, at: Option<u8>) {
    let mut rest = text;
    while let Some((most, _)) = rest.split_at_checked(LINE).filter(|(_, more)| !more.is_empty()) {
        let end = at.and_then(|at| memchr::memrchr(at, most.as_bytes()));
        let (line, after) = rest.split_at(end.filter(|end| *end > 0).unwrap_or(LINE));
        field.push_str(line);
        field.push_str("\r\n\t");
        rest = after;
    }
    field.push_str(rest);
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}._domainkey.{} ({:?})", self.selector, self.domain, self.key)
    }
}

/// An entry of `[[dkim]]` cannot be used.
#[derive(Debug, Error)]
#[error("{fault}")]
pub struct DkimError {
    /// Which one, from 0.
    pub entry: usize,
    /// What is wrong with it.
    pub fault: DkimFault,
}

impl DkimError {
    /// The key at fault.
    pub fn setting(&self) -> &'static str {
        match self.fault {
            DkimFault::Domain(_) => "domain",
            DkimFault::Key { .. } => "key",
            DkimFault::Selector(_) => "selector",
        }
    }
}

/// What is wrong with an entry.
#[derive(Debug, Error)]
pub enum DkimFault {
    /// Not a domain in ASCII.
    #[error("{0:?} is not a domain name in ASCII")]
    Domain(String),
    /// The file is no key to sign with.
    #[error("cannot sign with {}: {error}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        error: KeyError,
    },
    /// Not a name that can stand in the DNS.
    #[error("{0:?} is not a selector")]
    Selector(String),
}

impl DkimFault {
    fn key(path: &Path, error: KeyError) -> Self {
        Self::Key { path: path.to_owned(), error }
    }
}

/// The key files that anybody on the machine can read.
pub fn open_to_all(settings: &[DkimSettings]) -> impl Iterator<Item = &Path> {
    settings.iter().map(|setting| setting.key.as_path()).filter(|path| is_open(path))
}

/// The message without what vouches for another form of it.
fn without_signatures(message: &[u8]) -> Cow<'_, [u8]> {
    let pieces = Pieces::of(message);
    let vouches = |name: &&str| pieces.fields.iter().any(|field| field.is(name));
    if !OUTDATED.iter().any(|name| vouches(&name)) {
        return Cow::Borrowed(message);
    }
    let header: usize = pieces.fields.iter().map(|field| field.raw.len()).sum();
    let stays = pieces.fields.iter().filter(|field| !OUTDATED.iter().any(|name| field.is(name)));
    let mut bare = Vec::with_capacity(message.len());
    stays.for_each(|field| bare.extend_from_slice(field.raw));
    bare.extend_from_slice(message.get(header..).unwrap_or_default());
    Cow::Owned(bare)
}

/// The domain of the one author, in lower case.
fn author_domain(pieces: &Pieces<'_>) -> Option<String> {
    let mut authors = pieces.fields.iter().filter(|field| field.is("From"));
    let (Some(field), None) = (authors.next(), authors.next()) else { return None };
    let parsed = MessageParser::new().parse_headers(field.raw)?;
    let mut addresses = parsed.from()?.iter();
    let (Some(author), None) = (addresses.next(), addresses.next()) else { return None };
    let (_, domain) = author.address()?.rsplit_once('@')?;
    Some(domain.trim_end_matches('.').to_ascii_lowercase())
}

/// The domain and those above it, the nearest first; no top-level domain.
fn above(domain: &str) -> impl Iterator<Item = &str> {
    let dots = memchr::memchr_iter(b'.', domain.as_bytes()).map(|at| &domain[at + 1..]);
    std::iter::once(domain).chain(dots).filter(|name| name.contains('.'))
}

/// Labels as they stand in the DNS.
fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
        (1..=63).contains(&label.len()) && label.bytes().all(fits)
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// What carries the meaning of a message (RFC 6376 section 5.4.1).
const SIGNED: &[&str] = &[
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Auto-Submitted",
];

/// Characters in a line of the field, before it is folded.
const LINE: usize = 72;

/// Each speaks of the message as it was; half a chain of ARC (RFC 8617) is
/// worth nothing.
const OUTDATED: &[&str] =
    &["DKIM-Signature", "ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_vouched_for_the_old_form_is_taken_off() {
        let message = b"ARC-Seal: i=1;\r\n b=x\r\nFrom: a\r\ndkim-signature: v=1;\r\n\tb=y\r\n\
            Subject: DKIM-Signature: z\r\n\r\nDKIM-Signature: w\r\n";
        assert_eq!(
            &*without_signatures(message),
            b"From: a\r\nSubject: DKIM-Signature: z\r\n\r\nDKIM-Signature: w\r\n"
        );
        let plain = b"From: a\r\nno field\r\nDKIM-Signature: x\r\n";
        assert!(matches!(without_signatures(plain), Cow::Borrowed(_)));
    }

    #[test]
    fn there_is_one_author_or_none() {
        for (header, domain) in [
            ("From: Kari <kari@Post.CPM.example>\r\n", Some("post.cpm.example")),
            ("From: \"a@b.example\" <kari@cpm.example>\r\n", Some("cpm.example")),
            ("From: a@cpm.example, b@cpm.example\r\n", None),
            ("From: a@cpm.example\r\nFrom: b@partner.example\r\n", None),
            ("From: nobody\r\n", None),
            ("To: a@cpm.example\r\n", None),
        ] {
            let message = format!("{header}\r\n");
            assert_eq!(
                author_domain(&Pieces::of(message.as_bytes())).as_deref(),
                domain,
                "{header}"
            );
        }
    }

    #[test]
    fn the_nearest_domain_comes_first() {
        let names: Vec<&str> = above("a.post.cpm.example").collect();
        assert_eq!(names, ["a.post.cpm.example", "post.cpm.example", "cpm.example"]);
    }

    #[test]
    fn an_entry_that_cannot_be_used_is_named() {
        let entry = |domain: &str, selector: &str| DkimSettings {
            domain: domain.to_owned(),
            selector: selector.to_owned(),
            key: "no-such-file.pem".into(),
        };
        for (entry, setting) in [
            (entry("blå.example", "a"), "domain"),
            (entry("cpm.example", "a b"), "selector"),
            (entry("cpm.example", "a"), "key"),
        ] {
            let error = Signers::open(&[entry]).unwrap_err();
            assert_eq!((error.entry, error.setting()), (0, setting), "{error}");
        }
    }
}
