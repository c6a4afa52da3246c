//! Turns a message into one that only its recipient can read.
//!
//! The new message is signed for the domain of its author where there is a key
//! (`dkim`). This build has OpenPGP. Certificates are what an administrator put into the
//! folder, nothing is looked up elsewhere. A recipient whose certificate cannot
//! be used gets the reason as a code and never the plain message; whatever else
//! goes wrong is an error, and no bytes leave this module.

mod boundary;
mod certificate;
mod dkim;
mod dkim_canonical;
mod dkim_key;
mod error;
mod fields;
mod folder;
mod header_protection;
mod import;
mod index;
mod keyring;
mod openpgp;

use std::path::PathBuf;

use jiff::Timestamp;

use self::keyring::Keyring;
pub use self::{
    dkim::{DkimError, DkimFault, DkimSettings, KeyError, Signers, open_to_all},
    error::ProtectError,
    index::Ground,
    keyring::{Imported, Kept, Listed},
};
use crate::model::{Address, KeyTrouble, MethodId, Offer, PartPath, Raw, Surface};

/// The methods of this build, with their keys.
pub struct Protector {
    keyring: Keyring,
    signers: Signers,
}

impl Protector {
    /// Opens the certificate folder, which is made when absent.
    ///
    /// # Errors
    ///
    /// The folder cannot be made or read.
    pub fn open(folder: PathBuf) -> Result<Self, ProtectError> {
        let keyring = Keyring::open(folder.join(OPENPGP_FOLDER))?;
        Ok(Self { keyring, signers: Signers::default() })
    }

    /// The same methods, signing what they make.
    pub fn signing(self, signers: Signers) -> Self {
        Self { signers, ..self }
    }

    /// The message with our signature above it, where there is a key for its
    /// author.
    pub fn sign(&self, message: Raw, now: Timestamp) -> Raw {
        match self.signers.sign(&message, now) {
            Some(mut signed) => {
                signed.extend_from_slice(&message);
                signed.into()
            }
            None => message,
        }
    }

    /// What each of `methods` can do for each of `recipients`.
    pub fn offers(
        &self,
        recipients: &[Address],
        methods: &[MethodId],
        now: Timestamp,
    ) -> Vec<Offer> {
        let offer = |recipient: &Address, method| match method {
            MethodId::Openpgp => Offer {
                method,
                recipient: recipient.clone(),
                covers: OPENPGP_COVERS,
                key: self.keyring.find(recipient, now).map(|found| found.fingerprint),
            },
            MethodId::Pdf | MethodId::Pickup | MethodId::Smime => Offer {
                method,
                recipient: recipient.clone(),
                covers: &[],
                key: Err(KeyTrouble::MethodUnavailable),
            },
        };
        let each = recipients.iter();
        each.flat_map(|rcpt| methods.iter().map(move |method| offer(rcpt, *method))).collect()
    }

    /// Protects `raw` for one recipient.
    ///
    /// # Errors
    ///
    /// No key can be used, or the encryption failed.
    pub fn protect(
        &self,
        method: MethodId,
        raw: &Raw,
        recipient: &Address,
        now: Timestamp,
    ) -> Result<Sealed, ProtectError> {
        match method {
            MethodId::Openpgp => self.openpgp(raw, recipient, now),
            MethodId::Pdf | MethodId::Pickup | MethodId::Smime => {
                Err(ProtectError::Unusable(KeyTrouble::MethodUnavailable))
            }
        }
    }

    /// Takes certificates into use: armoured or binary, one or many, with or
    /// without bare revocations. A certificate that is known already is merged
    /// with. With `pin`, the one certificate in `bytes` is used for that
    /// address, whatever its user IDs say.
    ///
    /// # Errors
    ///
    /// Nothing is taken in when something in `bytes` is no certificate, names
    /// no address and is not pinned, or when there are several to pin.
    pub fn import(
        &self,
        bytes: &[u8],
        pin: Option<&Address>,
    ) -> Result<Vec<Imported>, ProtectError> {
        self.keyring.import(bytes, pin)
    }

    /// Every certificate that is kept, by fingerprint.
    pub fn list(&self, now: Timestamp) -> Vec<Listed> {
        self.keyring.list(now)
    }

    /// The certificate that would be used for `address`, or the one that
    /// cannot be; nothing when none is known.
    pub fn lookup(&self, address: &Address, now: Timestamp) -> Option<Listed> {
        self.keyring.lookup(address, now)
    }

    /// Takes a certificate out of use. The fingerprint may have blanks.
    ///
    /// # Errors
    ///
    /// There is no such certificate, or the folder cannot be written.
    pub fn remove(&self, fingerprint: &str) -> Result<(), ProtectError> {
        self.keyring.remove(fingerprint)
    }

    fn openpgp(
        &self,
        raw: &[u8],
        recipient: &Address,
        now: Timestamp,
    ) -> Result<Sealed, ProtectError> {
        let found = self.keyring.find(recipient, now).map_err(ProtectError::Unusable)?;
        let policy = certificate::policy_at(now);
        let keys =
            certificate::usable_keys(&found.cert, &policy, now).map_err(ProtectError::Unusable)?;
        let bytes = openpgp::seal(raw, &found.cert, &keys)?;
        let message = PartPath::root("message");
        let parts = vec![message.child(openpgp::FILE_NAME), message.child("part 2")];
        Ok(Sealed { bytes: self.signers.renew(&bytes, now).into(), parts })
    }
}

/// A protected message.
pub struct Sealed {
    /// The whole new message.
    pub bytes: Raw,
    /// The names of the part that was sealed, by its file name and by its
    /// place: gaps there are expected.
    pub parts: Vec<PartPath>,
}

/// The envelope of the header stays outside (see `header_protection`), so a
/// finding in a display name is found again when what leaves is read.
const OPENPGP_COVERS: &[Surface] = &[
    Surface::Body,
    Surface::Cell,
    Surface::FileName,
    Surface::FileText,
    Surface::Header,
    Surface::Metadata,
];

const OPENPGP_FOLDER: &str = "openpgp";
