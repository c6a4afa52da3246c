//! Hop 2: what could be read of a message, and what could not.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::PartPath;

/// Everything a reader was able to see, and everything it was not.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Extraction {
    /// Readable text, piece by piece.
    pub fragments: Vec<Fragment>,
    /// What could not be read, and why.
    pub gaps: Vec<Gap>,
}

/// What bytes are read as.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Kind {
    /// A file of unknown type: told by its content.
    File,
    /// An Internet message (RFC 5322).
    Message,
    /// Plain text, in whatever charset it seems to be.
    Text,
}

/// A piece of readable text from one place.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
pub struct Fragment {
    /// What sort of place it is.
    pub surface: Surface,
    /// Which place it is.
    pub path: PartPath,
    /// The text, decoded.
    pub text: String,
    /// Smaller places inside the text, by rising start: cells, paragraphs,
    /// pages. Empty when the whole text is one place.
    pub marks: Vec<Mark>,
    /// Words that stand over the text without being part of it, such as
    /// column headings. Marks point here.
    pub headings: Vec<String>,
}

impl Fragment {
    /// A fragment that is one place.
    pub fn new(surface: Surface, path: PartPath, text: impl Into<String>) -> Self {
        Self { surface, path, text: text.into(), marks: Vec::new(), headings: Vec::new() }
    }
}

impl fmt::Debug for Fragment {
    /// Shows where, never what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fragment({:?}, {}, {} bytes)", self.surface, self.path, self.text.len())
    }
}

/// The start of a smaller place inside a fragment.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Mark {
    /// First byte of the place in the fragment's text. It ends where the next
    /// mark starts.
    pub start: u32,
    /// Its name: `C2`, `paragraph 14`, `page 3`.
    pub name: Box<str>,
    /// Index into the fragment's headings.
    pub heading: Option<u32>,
}

/// What sort of place a text stands in. Protection methods cover some of
/// these and leave others in the clear.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Surface {
    /// The text of the message.
    Body,
    /// A cell of a table or spreadsheet.
    Cell,
    /// The name of an attachment or archive member.
    FileName,
    /// Text inside an attachment.
    FileText,
    /// A header field of the message, the Subject among them.
    Header,
    /// Properties of a file: author, title, comments.
    Metadata,
}

/// Something that could not be read.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Gap {
    /// Why.
    pub kind: GapKind,
    /// Where.
    pub path: PartPath,
}

impl Gap {
    /// A gap of this kind at this place.
    pub fn new(kind: GapKind, path: PartPath) -> Self {
        Self { kind, path }
    }
}

/// Why something could not be read.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum GapKind {
    /// Two readers would see different things here.
    Ambiguous,
    /// Damaged: it starts as a known format and cannot be followed.
    Broken,
    /// Encrypted, proven by the structure of the bytes.
    Encrypted(Proof),
    /// The reader ran out of time, or died.
    TimedOut,
    /// Larger than the limits.
    TooBig,
    /// Nested deeper than the limits.
    TooDeep,
    /// A format this build cannot read.
    Unknown,
    /// Encrypted in a way that does not protect, or cannot be proven to.
    WeakEncryption(Proof),
}

impl GapKind {
    /// The word used in policy files, metrics and JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Ambiguous => "ambiguous",
            Self::Broken => "broken",
            Self::Encrypted(_) => "encrypted",
            Self::TimedOut => "timed-out",
            Self::TooBig => "too-big",
            Self::TooDeep => "too-deep",
            Self::Unknown => "unknown",
            Self::WeakEncryption(_) => "weak-encryption",
        }
    }

    /// The proof of encryption, if that is what the gap is.
    pub fn proof(&self) -> Option<&Proof> {
        match self {
            Self::Encrypted(proof) | Self::WeakEncryption(proof) => Some(proof),
            Self::Ambiguous
            | Self::Broken
            | Self::TimedOut
            | Self::TooBig
            | Self::TooDeep
            | Self::Unknown => None,
        }
    }
}

/// Which structure showed the encryption: `openpgp`, `cms-enveloped`,
/// `zip-aes256`, `zipcrypto`, …
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Proof(String);

impl Proof {
    /// A proof by its name, lower case with hyphens.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
